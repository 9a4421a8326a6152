/* SPDX-License-Identifier: MIT
 *
 * Shared by the files that use GnuTLS.
 */
#ifndef IO_TLS_TLS_PRIVATE_H
#define IO_TLS_TLS_PRIVATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>

#include "core/nts/message.h"
#include "io/tls/trust_store.h"

struct anchor {
	gnutls_x509_crt_t certificate;
	/* The name of its subject, octet by octet: compared first, because a look into each of
	 * 150 certificates takes milliseconds. */
	gnutls_datum_t name;
};

struct trust_store {
	struct anchor *anchors;
	size_t count;
};

/* Text from elsewhere as printable ASCII, cut to `size`. */
void tls_text(char *buf, size_t size, const char *text);

#endif
