/* SPDX-License-Identifier: MIT
 *
 * The measuring process' side of reqtime-nts, the program that speaks TLS.
 *
 *   start -> (wake) -> ask, receive -> stop
 */
#ifndef IO_NTS_HELPER_H
#define IO_NTS_HELPER_H

#include "core/nts/message.h"

struct nts_helper;

/* The descriptors that the program is started with; its standard ones are /dev/null. */
enum {
	NTS_PROGRAM_FD = 3,          /* the socket pair */
	NTS_PROGRAM_LIFELINE_FD = 4, /* io/sys/lifeline.h */
};
/* Its first argument as a client; the authorities follow.  Another version may have other
 * messages: it refuses. */
#define NTS_PROGRAM_CLIENT "client-" REQTIME_VERSION

/* Starts the process of reqtime-nts, before any sandbox: found beside this program, else in
 * the libexec directory; with AT_SECURE only there.  It becomes that program with the first
 * question, or earlier when it is woken: a run that has kept its keys needs no TLS.
 * `authorities`: files and directories of trusted certificates, "system" for those of the
 * system; with none, those of the system.  0 or -errno (-ENOENT: there is no such
 * program). */
MUST_USE int nts_helper_start(const char *const *authorities, size_t count,
                              struct nts_helper **ret);
/* A question will come soon: it reads the certificates while names are being resolved. */
void nts_helper_wake(struct nts_helper *helper);
/* Readable when receive() has something. */
int nts_helper_fd(const struct nts_helper *helper);
/* Hands over `fd`, a TCP socket that is connected or connecting; it stays the caller's, who
 * closes it.  0 or -errno; -EPIPE: the program has ended; -EAGAIN: NTS_UNDERWAY_MAX
 * questions have no answer yet, ask again after the next one (so there is no reason to
 * connect before). */
MUST_USE int nts_helper_ask(struct nts_helper *helper, const struct nts_question *question,
                            int fd);
/* 1: an answer.  0: none now.  -EPIPE: the program has ended or misbehaves. */
MUST_USE int nts_helper_receive(struct nts_helper *helper, struct nts_answer *ret);
/* Without waiting for its end; then only stop() may follow.  NULL is fine. */
void nts_helper_kill(struct nts_helper *helper);
/* Kills and reaps it; NULL is fine. */
void nts_helper_stop(struct nts_helper *helper);

#endif
