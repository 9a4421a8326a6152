/* SPDX-License-Identifier: MIT
 *
 * The reason why a session failed; between session.c and session_failure.c.
 */
#ifndef IO_TLS_SESSION_PRIVATE_H
#define IO_TLS_SESSION_PRIVATE_H

#include "io/tls/tls_private.h"

struct session_end {
	gnutls_session_t tls;
	int result; /* the error of GnuTLS */
	int error;  /* errno of the socket's last error, 0: none */
};

/* Sets failure, error and detail of `answer`. */
void session_failure(const struct session_end *end, struct nts_answer *answer);

#endif
