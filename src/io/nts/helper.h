/* SPDX-License-Identifier: MIT
 *
 * The measuring process' side of reqtime-nts, the program that speaks TLS.
 *
 *   start -> ask, receive -> stop
 */
#ifndef IO_NTS_HELPER_H
#define IO_NTS_HELPER_H

#include "core/nts/message.h"

struct nts_helper;

/* Starts reqtime-nts, before any sandbox: found beside this program, else in the libexec
 * directory; with AT_SECURE only there.  `authorities`: files and directories of trusted
 * certificates, "system" for those of the system; with none, those of the system.  It reads
 * them while names are being resolved.  0 or -errno (-ENOENT: there is no such program). */
MUST_USE int nts_helper_start(const char *const *authorities, size_t count,
                              struct nts_helper **ret);
/* Readable when receive() has something. */
int nts_helper_fd(const struct nts_helper *helper);
/* Hands over `fd`, a TCP socket that is connected or connecting; it stays the caller's, who
 * closes it.  0 or -errno; -EPIPE: the program has ended. */
MUST_USE int nts_helper_ask(struct nts_helper *helper, const struct nts_question *question,
                            int fd);
/* 1: an answer.  0: none now.  -EPIPE: the program has ended or misbehaves. */
MUST_USE int nts_helper_receive(struct nts_helper *helper, struct nts_answer *ret);
/* Kills and reaps it; NULL is fine. */
void nts_helper_stop(struct nts_helper *helper);

#endif
