/* SPDX-License-Identifier: MIT
 *
 * The ways from a server's certificate to a trusted one; between chain.c and chain_paths.c.
 */
#ifndef IO_TLS_CHAIN_PRIVATE_H
#define IO_TLS_CHAIN_PRIVATE_H

#include "io/tls/chain.h"
#include "io/tls/tls_private.h"

enum { PATHS_MAX = 8 };

/* By the names of their issuers: whether the signatures are right is not checked. */
struct chain_path {
	gnutls_x509_crt_t certificates[CHAIN_MAX]; /* the server's first */
	unsigned len;
	gnutls_x509_crt_t anchor;
	struct nts_window window; /* in which all are valid, from > until: never */
};

/* Up to PATHS_MAX, those that are valid longest first.  Returns their number. */
size_t chain_paths(const struct trust_store *store, const gnutls_x509_crt_t *certificates,
                   size_t count, struct chain_path paths[PATHS_MAX]);

#endif
