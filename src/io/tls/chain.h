/* SPDX-License-Identifier: MIT
 *
 * Verifies the certificates of a server, and finds the time in which they are valid.
 *
 * Nothing here reads a clock: an answer says from when until when the library accepts the
 * certificates, and core/nts/trust.h compares that with the time that the server proves.
 */
#ifndef IO_TLS_CHAIN_H
#define IO_TLS_CHAIN_H

#include <gnutls/gnutls.h>

#include "core/nts/message.h"
#include "io/tls/trust_store.h"

/* Certificates of one server; more are refused. */
enum { CHAIN_MAX = 16 };

/* `sent`: DER, the server's own first, as TLS gives them.  `host` as in nts_question: a
 * numeric address must be in the certificate as an address.  NTS_FAILURE_NONE, with subject
 * and window in `answer`; else the failure, with `answer->detail`. */
MUST_USE enum nts_failure chain_check(const struct trust_store *store,
                                      const gnutls_datum_t *sent, size_t count,
                                      const char *host, struct nts_answer *answer);

#endif
