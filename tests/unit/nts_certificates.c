/* SPDX-License-Identifier: MIT
 *
 * Certificates made for a test.
 */
#include "nts_certificates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DONE(call) assert_true((call) >= 0)

static void key_make(gnutls_x509_privkey_t *ret, enum key_kind kind)
{
	DONE(gnutls_x509_privkey_init(ret));
	if (kind == KEY_ECDSA) {
		DONE(gnutls_x509_privkey_generate(
			*ret, GNUTLS_PK_ECDSA,
			GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	} else {
		DONE(gnutls_x509_privkey_generate(*ret, GNUTLS_PK_RSA,
		                                  kind == KEY_RSA_1024 ? 1024 : 2048, 0));
	}
}

/* The key's modulus with an exponent of as many octets. */
static void long_exponent_set(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	gnutls_datum_t m, e, d, p, q, u;
	gnutls_pubkey_t public;

	DONE(gnutls_x509_privkey_export_rsa_raw(key, &m, &e, &d, &p, &q, &u));
	DONE(gnutls_pubkey_init(&public));
	DONE(gnutls_pubkey_import_rsa_raw(public, &m, &d));
	DONE(gnutls_x509_crt_set_pubkey(crt, public));
	gnutls_pubkey_deinit(public);
	gnutls_free(m.data);
	gnutls_free(e.data);
	gnutls_free(d.data);
	gnutls_free(p.data);
	gnutls_free(q.data);
	gnutls_free(u.data);
}

static void names_set(gnutls_x509_crt_t crt, const struct certificate_plan *plan)
{
	const char *name = plan->other_name ? plan->other_name : plan->name;
	uint8_t octets[16];
	unsigned len = 4;

	DONE(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, plan->name,
	                                   (unsigned)strlen(plan->name)));
	if (plan->is_authority) {
		return;
	}
	DONE(gnutls_x509_crt_set_subject_alt_name(
		crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), GNUTLS_FSAN_APPEND));
	if (plan->address) {
		if (inet_pton(AF_INET, plan->address, octets) != 1) {
			assert_int_equal(inet_pton(AF_INET6, plan->address, octets), 1);
			len = 16;
		}
		DONE(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, octets,
		                                          len, GNUTLS_FSAN_APPEND));
	}
}

static void identifiers_set(gnutls_x509_crt_t crt, const struct certificate *issuer)
{
	static uint64_t serial;
	uint8_t id[64];
	size_t len = sizeof(id);

	serial++;
	DONE(gnutls_x509_crt_set_serial(crt, &serial, sizeof(serial)));
	DONE(gnutls_x509_crt_get_key_id(crt, 0, id, &len));
	DONE(gnutls_x509_crt_set_subject_key_id(crt, id, len));
	if (issuer) {
		len = sizeof(id);
		DONE(gnutls_x509_crt_get_key_id(issuer->crt, 0, id, &len));
		DONE(gnutls_x509_crt_set_authority_key_id(crt, id, len));
	}
}

static time_t day(int n)
{
	return (time_t)(NTS_TEST_EPOCH + (int64_t)n * NTS_TEST_DAY_S);
}

struct certificate certificate_make(const struct certificate_plan *plan,
                                    const struct certificate *issuer,
                                    const struct certificate *same_key)
{
	struct certificate made = { .crt = NULL };

	DONE(gnutls_x509_crt_init(&made.crt));
	if (same_key) {
		DONE(gnutls_x509_privkey_init(&made.key));
		DONE(gnutls_x509_privkey_cpy(made.key, same_key->key));
	} else {
		key_make(&made.key, plan->kind);
	}
	DONE(gnutls_x509_crt_set_version(made.crt, 3));
	DONE(gnutls_x509_crt_set_key(made.crt, made.key));
	if (plan->kind == KEY_RSA_LONG_EXPONENT) {
		long_exponent_set(made.crt, made.key);
	}
	names_set(made.crt, plan);
	identifiers_set(made.crt, issuer);
	DONE(gnutls_x509_crt_set_activation_time(made.crt, day(plan->from_day)));
	DONE(gnutls_x509_crt_set_expiration_time(made.crt, day(plan->until_day)));
	DONE(gnutls_x509_crt_set_basic_constraints(made.crt, plan->is_authority, -1));
	if (!plan->is_authority) {
		DONE(gnutls_x509_crt_set_key_purpose_oid(made.crt,
		                                         plan->is_for_clients
		                                                 ? GNUTLS_KP_TLS_WWW_CLIENT
		                                                 : GNUTLS_KP_TLS_WWW_SERVER,
		                                         0));
	}
	DONE(gnutls_x509_crt_sign2(made.crt, issuer ? issuer->crt : made.crt,
	                           issuer ? issuer->key : made.key,
	                           plan->is_weak ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0));
	return made;
}

void certificate_free(struct certificate *certificate)
{
	if (certificate->crt) {
		gnutls_x509_crt_deinit(certificate->crt);
		gnutls_x509_privkey_deinit(certificate->key);
	}
	memset(certificate, 0, sizeof(*certificate));
}

gnutls_datum_t certificate_der(const struct certificate *certificate)
{
	gnutls_datum_t der;

	DONE(gnutls_x509_crt_export2(certificate->crt, GNUTLS_X509_FMT_DER, &der));
	return der;
}

void certificate_append(const struct certificate *certificate, const char *path)
{
	gnutls_datum_t pem;
	FILE *file = fopen(path, "ae");

	assert_non_null(file);
	DONE(gnutls_x509_crt_export2(certificate->crt, GNUTLS_X509_FMT_PEM, &pem));
	assert_int_equal(fwrite(pem.data, pem.size, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	gnutls_free(pem.data);
}
