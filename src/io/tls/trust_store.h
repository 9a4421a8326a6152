/* SPDX-License-Identifier: MIT
 *
 * The certificates that are trusted to sign those of servers, read once, before the
 * sandbox.
 */
#ifndef IO_TLS_TRUST_STORE_H
#define IO_TLS_TRUST_STORE_H

#include "core/nts/message.h"

struct trust_store;

/* `authorities`: files and directories of PEM certificates, "system" for those of the
 * system; with none, those of the system.  Each must have at least one.  0 and `*ret`; else
 * -errno and the reason in `why`, printable ASCII: "/etc/x.pem: No such file or
 * directory". */
MUST_USE int trust_store_open(const char *const *authorities, size_t count,
                              char why[NTS_DETAIL_SIZE], struct trust_store **ret);
void trust_store_close(struct trust_store *store); /* NULL is fine */

#endif
