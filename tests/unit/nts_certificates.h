/* SPDX-License-Identifier: MIT
 *
 * Certificates made for a test, by GnuTLS.
 */
#ifndef TESTS_UNIT_NTS_CERTIFICATES_H
#define TESTS_UNIT_NTS_CERTIFICATES_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* 2026-01-01, as Unix time; the tests count in days from there. */
#define NTS_TEST_EPOCH INT64_C(1767225600)
enum { NTS_TEST_DAY_S = 86400 };

struct certificate {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

enum key_kind { KEY_ECDSA, KEY_RSA_1024, KEY_RSA_LONG_EXPONENT };

struct certificate_plan {
	const char *name;       /* common name, and DNS name unless an authority */
	const char *other_name; /* the DNS name instead; NULL: `name` */
	const char *address;    /* numeric; NULL: none */
	int from_day, until_day;
	bool is_authority;
	bool is_for_clients; /* its purpose */
	bool is_weak;        /* signed with SHA-1 */
	enum key_kind kind;
};

/* Signed by `issuer`; NULL: self-signed.  `same_key`: has the key of that one; NULL: a new
 * one.  Any failure ends the test. */
struct certificate certificate_make(const struct certificate_plan *plan,
                                    const struct certificate *issuer,
                                    const struct certificate *same_key);
void certificate_free(struct certificate *certificate);
/* DER, to be freed by gnutls_free(). */
gnutls_datum_t certificate_der(const struct certificate *certificate);
/* Adds PEM to the end of the file. */
void certificate_append(const struct certificate *certificate, const char *path);

#endif
