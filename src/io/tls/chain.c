/* SPDX-License-Identifier: MIT
 *
 * Verifies the certificates of a server at the first and at the last moment at which all of
 * them are valid.
 */
#include "io/tls/chain.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/address.h"
#include "core/base/text.h"
#include "io/tls/chain_private.h"

enum {
	IGNORE_DATES = GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
	               GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS
};
enum { NAME_SIZE = 256, RSA_BITS_MAX = 8192, RSA_EXPONENT_OCTETS_MAX = 9 };

/* GnuTLS has one clock for the whole process. */
static time_t library_time_s;

static time_t library_time(time_t *ret)
{
	if (ret) {
		*ret = library_time_s;
	}
	return library_time_s;
}

/* The verdict of the library on exactly this path: in its list is no other certificate.
 * Status bits, 0: valid. */
static unsigned path_status(const struct chain_path *path, const char *host, int64_t at_s,
                            unsigned flags)
{
	struct address address;
	const bool is_address = address_parse(host, &address);
	char name[SERVER_HOST_SIZE];
	gnutls_typed_vdata_st data[] = {
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)name },
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID,
		  .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER },
	};
	struct chain_path copy = *path;
	gnutls_x509_trust_list_t list = NULL;
	unsigned status = GNUTLS_CERT_INVALID;

	snprintf(name, sizeof(name), "%s", host);
	if (is_address) {
		data[0].type = GNUTLS_DT_IP_ADDRESS;
		data[0].data = address.octets;
		data[0].size = address.family == ADDRESS_IPV4 ? 4 : 16;
	}
	library_time_s = (time_t)at_s;
	gnutls_global_set_time_function(library_time);
	if (library_time_s != at_s || gnutls_x509_trust_list_init(&list, 1) < 0) {
		return status;
	}
	flags |= GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES |
	         GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	if (gnutls_x509_trust_list_add_cas(list, &copy.anchor, 1, 0) != 1 ||
	    gnutls_x509_trust_list_verify_crt2(list, copy.certificates, copy.len, data,
	                                       COUNT_OF(data), flags, &status, NULL) < 0) {
		status = GNUTLS_CERT_INVALID;
	}
	gnutls_x509_trust_list_deinit(list, 0);
	return status;
}

static void subject_format(gnutls_x509_crt_t certificate, char *buf, size_t size)
{
	char name[NAME_SIZE];
	size_t len = sizeof(name);

	if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
	                                  name, &len) < 0) {
		len = sizeof(name);
		if (gnutls_x509_crt_get_subject_alt_name(certificate, 0, name, &len,
		                                         NULL) != GNUTLS_SAN_DNSNAME) {
			len = 0;
		}
	}
	(void)text_escape((const uint8_t *)name, len, buf, size);
}

/* In the order in which they are told. */
static const struct {
	unsigned status;
	enum nts_failure failure;
	const char *detail; /* NULL: the name of the certificate's issuer or owner */
} reasons[] = {
	{ GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE,
	  NTS_FAILURE_NOT_TRUSTED, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, NTS_FAILURE_CERTIFICATE,
	  "signed by a certificate that is no authority" },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, NTS_FAILURE_NAME, NULL },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, NTS_FAILURE_CERTIFICATE, "not for TLS servers" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, NTS_FAILURE_CERTIFICATE,
	  "a key or signature is too weak" },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NTS_FAILURE_CERTIFICATE,
	  "its authority may not sign for this name, or at this depth" },
	{ GNUTLS_CERT_REVOKED, NTS_FAILURE_CERTIFICATE, "revoked" },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, NTS_FAILURE_CERTIFICATE,
	  "it has a critical extension that is not known" },
	{ GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED, NTS_FAILURE_CERTIFICATE,
	  "the dates of its certificates contradict each other" },
};

static void issuer_format(gnutls_x509_crt_t certificate, char *buf, size_t size)
{
	char name[NAME_SIZE];
	size_t len = sizeof(name);

	if (gnutls_x509_crt_get_issuer_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME,
	                                         0, 0, name, &len) < 0) {
		len = 0;
	}
	(void)text_escape((const uint8_t *)name, len, buf, size);
}

static enum nts_failure reason_of(unsigned status, const struct chain_path *path,
                                  char detail[NTS_DETAIL_SIZE])
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		if (!(status & reasons[i].status)) {
			continue;
		}
		if (reasons[i].detail) {
			tls_text(detail, NTS_DETAIL_SIZE, reasons[i].detail);
		} else if (reasons[i].failure == NTS_FAILURE_NAME) {
			subject_format(path->certificates[0], detail, NTS_DETAIL_SIZE);
		} else {
			issuer_format(path->certificates[path->len - 1], detail,
			              NTS_DETAIL_SIZE);
		}
		return reasons[i].failure;
	}
	snprintf(detail, NTS_DETAIL_SIZE, "GnuTLS status 0x%x", status);
	return NTS_FAILURE_CERTIFICATE;
}

/* Both ends: between them a date cannot be wrong, and nothing else depends on the time. */
static unsigned window_status(const struct chain_path *path, const char *host)
{
	const unsigned status = path_status(path, host, path->window.from_s, 0);

	return status != 0 ? status : path_status(path, host, path->window.until_s, 0);
}

/* The path that is valid longest and that the library accepts. */
static enum nts_failure choose(const struct chain_path *paths, size_t count,
                               const char *host, struct nts_answer *answer)
{
	unsigned status;

	for (size_t i = 0; i < count; i++) {
		if (nts_window_is_valid(&paths[i].window) &&
		    window_status(&paths[i], host) == 0) {
			answer->window = paths[i].window;
			subject_format(paths[i].certificates[0], answer->subject,
			               sizeof(answer->subject));
			return NTS_FAILURE_NONE;
		}
	}
	/* The reason of the best: if not the name or the like, then the dates. */
	status = path_status(&paths[0], host, 0, IGNORE_DATES);
	if (status == 0 && !nts_window_is_valid(&paths[0].window)) {
		tls_text(answer->detail, sizeof(answer->detail),
		         "its certificates are never valid together");
		return NTS_FAILURE_CERTIFICATE;
	}
	return reason_of(status != 0 ? status : window_status(&paths[0], host), &paths[0],
	                 answer->detail);
}

/* Keys that take long: a server that is not even trusted must not delay the others.  RSA
 * with a long exponent takes seconds, and authorities sign for short ones only. */
static bool key_is_quick(gnutls_x509_crt_t certificate)
{
	gnutls_datum_t modulus, exponent;
	unsigned bits = 0;
	bool is_quick;

	switch (gnutls_x509_crt_get_pk_algorithm(certificate, &bits)) {
	case GNUTLS_PK_ECDSA:
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448:
		return true;
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		break;
	default:
		return false;
	}
	if (gnutls_x509_crt_get_pk_rsa_raw(certificate, &modulus, &exponent) < 0) {
		return false;
	}
	is_quick = bits <= RSA_BITS_MAX && exponent.size <= RSA_EXPONENT_OCTETS_MAX;
	gnutls_free(modulus.data);
	gnutls_free(exponent.data);
	return is_quick;
}

/* Where the certificate has no such name, the library takes its common name, which is no
 * identity of a server any more (RFC 9525 section 6.3). */
static bool has_alternative_name(gnutls_x509_crt_t certificate)
{
	char name[NAME_SIZE];
	size_t len;
	int type;

	for (unsigned i = 0;; i++) {
		len = sizeof(name);
		type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &len,
		                                            NULL);
		if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_IPADDRESS) {
			return true;
		}
		if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER) {
			return false;
		}
	}
}

enum nts_failure chain_check(const struct trust_store *store, const gnutls_datum_t *sent,
                             size_t count, const char *host, struct nts_answer *answer)
{
	gnutls_x509_crt_t certificates[CHAIN_MAX] = { NULL };
	struct chain_path paths[PATHS_MAX];
	enum nts_failure failure = NTS_FAILURE_CERTIFICATE;
	size_t path_count;

	if (count == 0 || count > CHAIN_MAX) {
		tls_text(answer->detail, sizeof(answer->detail),
		         count == 0 ? "it sends none" : "it sends too many");
		return failure;
	}
	for (size_t i = 0; i < count; i++) {
		if (gnutls_x509_crt_init(&certificates[i]) < 0 ||
		    gnutls_x509_crt_import(certificates[i], &sent[i], GNUTLS_X509_FMT_DER) <
		            0) {
			tls_text(answer->detail, sizeof(answer->detail),
			         "it cannot be decoded");
			goto out;
		}
		if (!key_is_quick(certificates[i])) {
			tls_text(answer->detail, sizeof(answer->detail),
			         "a key of an unusual kind or size");
			goto out;
		}
	}
	if (!has_alternative_name(certificates[0])) {
		failure = NTS_FAILURE_NAME;
		subject_format(certificates[0], answer->detail, sizeof(answer->detail));
		goto out;
	}
	path_count = chain_paths(store, certificates, count, paths);
	if (path_count > 0) {
		failure = choose(paths, path_count, host, answer);
	} else {
		issuer_format(certificates[count - 1], answer->detail,
		              sizeof(answer->detail));
		failure = NTS_FAILURE_NOT_TRUSTED;
	}
out:
	for (size_t i = 0; i < count; i++) {
		if (certificates[i]) {
			gnutls_x509_crt_deinit(certificates[i]);
		}
	}
	return failure;
}
