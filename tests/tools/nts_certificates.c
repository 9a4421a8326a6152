/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: makes certificates, good ones and others.
 *
 *   nts_certificates DIR SPEC...
 *
 * SPEC: a name, and words.  Later ones may refer to the names of earlier ones.
 *
 *   "ca ca"                                    a certificate authority, signed with its own key
 *   "inter ca by=ca"                           another below it
 *   "good by=inter dns=localhost ip=::1"       a server's certificate
 *
 *   ca                   may sign others; without, an end entity
 *   by=NAME              issuer; without, self-signed
 *   dns=A,B  ip=A,B      subject alternative names
 *   from=WHEN until=WHEN WHEN: "-3600" and "+3600" are relative to now, "1700000000" is Unix time;
 *                        default: a day ago, thirty days ahead
 *   use=server|client|none   extended key usage (server; none for a ca)
 *   subject=CN key=NAME  common name (its name); the key of another: cross-signed
 *   pathlen=N            so many authorities may follow
 *   type=ecdsa|rsa|rsa1024|ed25519   of its key (ecdsa, P-256)
 *   pad=OCTETS critical  a private extension of that size; critical, for which there is no meaning
 *   extra=A,B            these also go into its chain file, at the end
 *
 * For each it writes DIR/NAME.crt (alone), NAME.pem (the chain: itself and its issuers, without one
 * that is signed with its own key) and NAME.key.
 */
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { CERTIFICATES_MAX = 64, NAME_SIZE = 64, DAY_S = 86400 };

struct certificate {
	char name[NAME_SIZE];
	const char *by, *dns, *ip, *use, *subject, *key_of, *extra, *type;
	time_t from, until;
	size_t pad;
	int path_len; /* -1: any */
	bool is_ca, is_critical;
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	const struct certificate *issuer; /* itself: self-signed */
};

static struct certificate certificates[CERTIFICATES_MAX];
static size_t certificate_count;

static void die(const char *what, const char *which)
{
	fprintf(stderr, "nts_certificates: %s: %s\n", which, what);
	exit(1);
}

static void must(int r, const char *which)
{
	if (r < 0) {
		die(gnutls_strerror(r), which);
	}
}

static struct certificate *find(const char *name)
{
	for (size_t i = 0; i < certificate_count; i++) {
		if (strcmp(certificates[i].name, name) == 0) {
			return &certificates[i];
		}
	}
	die("no such certificate so far", name);
	return NULL;
}

static time_t when(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (end == text || *end) {
		die("no time", text);
	}
	return (time_t)(text[0] == '+' || text[0] == '-' ? time(NULL) + value : value);
}

static void parse_word(struct certificate *c, char *word)
{
	char *value = strchr(word, '=');

	if (!value) {
		if (strcmp(word, "ca") == 0) {
			c->is_ca = true;
		} else if (strcmp(word, "critical") == 0) {
			c->is_critical = true;
		} else {
			die("no such word", word);
		}
		return;
	}
	*value++ = '\0';
	if (strcmp(word, "by") == 0) {
		c->by = value;
	} else if (strcmp(word, "dns") == 0) {
		c->dns = value;
	} else if (strcmp(word, "ip") == 0) {
		c->ip = value;
	} else if (strcmp(word, "use") == 0) {
		c->use = value;
	} else if (strcmp(word, "subject") == 0) {
		c->subject = value;
	} else if (strcmp(word, "key") == 0) {
		c->key_of = value;
	} else if (strcmp(word, "extra") == 0) {
		c->extra = value;
	} else if (strcmp(word, "from") == 0) {
		c->from = when(value);
	} else if (strcmp(word, "until") == 0) {
		c->until = when(value);
	} else if (strcmp(word, "type") == 0) {
		c->type = value;
	} else if (strcmp(word, "pathlen") == 0) {
		c->path_len = (int)strtol(value, NULL, 10);
	} else if (strcmp(word, "pad") == 0) {
		c->pad = strtoul(value, NULL, 10);
	} else {
		die("no such word", word);
	}
}

static void add_names(struct certificate *c)
{
	char list[512], *state = NULL;

	snprintf(list, sizeof(list), "%s", c->dns ? c->dns : "");
	for (char *one = strtok_r(list, ",", &state); one;
	     one = strtok_r(NULL, ",", &state)) {
		must(gnutls_x509_crt_set_subject_alt_name(c->crt, GNUTLS_SAN_DNSNAME, one,
		                                          (unsigned)strlen(one),
		                                          GNUTLS_FSAN_APPEND),
		     c->name);
	}
	snprintf(list, sizeof(list), "%s", c->ip ? c->ip : "");
	for (char *one = strtok_r(list, ",", &state); one;
	     one = strtok_r(NULL, ",", &state)) {
		uint8_t octets[16];
		unsigned len = strchr(one, ':') ? 16 : 4;

		if (inet_pton(len == 16 ? AF_INET6 : AF_INET, one, octets) != 1) {
			die("no address", one);
		}
		must(gnutls_x509_crt_set_subject_alt_name(c->crt, GNUTLS_SAN_IPADDRESS,
		                                          octets, len, GNUTLS_FSAN_APPEND),
		     c->name);
	}
}

static void set_usage(struct certificate *c)
{
	const char *use = c->use ? c->use : c->is_ca ? "none" : "server";

	must(gnutls_x509_crt_set_basic_constraints(c->crt, c->is_ca, c->path_len), c->name);
	must(gnutls_x509_crt_set_key_usage(c->crt, c->is_ca ? GNUTLS_KEY_KEY_CERT_SIGN
	                                                    : GNUTLS_KEY_DIGITAL_SIGNATURE),
	     c->name);
	if (strcmp(use, "server") == 0) {
		must(gnutls_x509_crt_set_key_purpose_oid(c->crt, GNUTLS_KP_TLS_WWW_SERVER,
		                                         0),
		     c->name);
	} else if (strcmp(use, "client") == 0) {
		must(gnutls_x509_crt_set_key_purpose_oid(c->crt, GNUTLS_KP_TLS_WWW_CLIENT,
		                                         0),
		     c->name);
	} else if (strcmp(use, "none") != 0) {
		die("no such use", use);
	}
}

static void add_pad(struct certificate *c)
{
	/* An identifier for examples, whose content no library parses. */
	char *filler = calloc(1, c->pad + 1);

	if (!filler) {
		die("no memory", c->name);
	}
	memset(filler, 0x2a, c->pad);
	must(gnutls_x509_crt_set_extension_by_oid(c->crt, "1.3.6.1.4.1.32473.1", filler,
	                                          c->pad, c->is_critical),
	     c->name);
	free(filler);
}

static void make_key(struct certificate *c)
{
	static const struct {
		const char *type;
		gnutls_pk_algorithm_t algorithm;
		unsigned bits;
	} types[] = {
		{ "ecdsa", GNUTLS_PK_ECDSA,
		  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
		{ "rsa", GNUTLS_PK_RSA, 2048 },
		{ "rsa1024", GNUTLS_PK_RSA, 1024 },
		{ "ed25519", GNUTLS_PK_EDDSA_ED25519,
		  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519) },
	};

	must(gnutls_x509_privkey_init(&c->key), c->name);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].type, c->type ? c->type : "ecdsa") == 0) {
			must(gnutls_x509_privkey_generate(c->key, types[i].algorithm,
			                                  types[i].bits, 0),
			     c->name);
			return;
		}
	}
	die("no such type", c->type);
}

static void make(struct certificate *c)
{
	static uint8_t serial[4] = { 0x10, 0, 0, 0 };
	const char *subject = c->subject ? c->subject : c->name;
	uint8_t key_id[64];
	size_t key_id_len = sizeof(key_id);

	if (c->key_of) {
		c->key = find(c->key_of)->key;
	} else {
		make_key(c);
	}
	must(gnutls_x509_crt_init(&c->crt), c->name);
	must(gnutls_x509_crt_set_version(c->crt, 3), c->name);
	serial[3]++;
	must(gnutls_rnd(GNUTLS_RND_NONCE, serial + 1, 2), c->name);
	must(gnutls_x509_crt_set_serial(c->crt, serial, sizeof(serial)), c->name);
	must(gnutls_x509_crt_set_dn_by_oid(c->crt, GNUTLS_OID_X520_COMMON_NAME, 0, subject,
	                                   (unsigned)strlen(subject)),
	     c->name);
	must(gnutls_x509_crt_set_key(c->crt, c->key), c->name);
	must(gnutls_x509_crt_set_activation_time(c->crt, c->from), c->name);
	must(gnutls_x509_crt_set_expiration_time(c->crt, c->until), c->name);
	must(gnutls_x509_crt_get_key_id(c->crt, 0, key_id, &key_id_len), c->name);
	must(gnutls_x509_crt_set_subject_key_id(c->crt, key_id, key_id_len), c->name);
	set_usage(c);
	add_names(c);
	if (c->pad > 0) {
		add_pad(c);
	}
	must(gnutls_x509_crt_sign2(c->crt, c->issuer->crt, c->issuer->key,
	                           GNUTLS_DIG_SHA256, 0),
	     c->name);
}

static void write_certificate(FILE *file, const struct certificate *c)
{
	gnutls_datum_t text;

	must(gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_PEM, &text), c->name);
	fwrite(text.data, 1, text.size, file);
	gnutls_free(text.data);
}

static FILE *opened(const char *dir, const struct certificate *c, const char *suffix)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, c->name, suffix);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

static void write_files(const char *dir, const struct certificate *c)
{
	char list[512], *state = NULL;
	gnutls_datum_t text;
	FILE *file;

	file = opened(dir, c, "crt");
	write_certificate(file, c);
	fclose(file);

	file = opened(dir, c, "pem");
	write_certificate(file, c);
	for (const struct certificate *up = c->issuer; up->issuer != up; up = up->issuer) {
		if (up != c) {
			write_certificate(file, up);
		}
	}
	snprintf(list, sizeof(list), "%s", c->extra ? c->extra : "");
	for (char *one = strtok_r(list, ",", &state); one;
	     one = strtok_r(NULL, ",", &state)) {
		write_certificate(file, find(one));
	}
	fclose(file);

	file = opened(dir, c, "key");
	fchmod(fileno(file), 0600);
	must(gnutls_x509_privkey_export2_pkcs8(c->key, GNUTLS_X509_FMT_PEM, NULL,
	                                       GNUTLS_PKCS_PLAIN, &text),
	     c->name);
	fwrite(text.data, 1, text.size, file);
	gnutls_free(text.data);
	fclose(file);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		die("usage: nts_certificates DIR SPEC...", "arguments");
	}
	for (int i = 2; i < argc; i++) {
		char *state = NULL;
		char *name = strtok_r(argv[i], " ", &state);
		struct certificate *c = &certificates[certificate_count];

		if (!name || certificate_count >= CERTIFICATES_MAX) {
			die("no name, or too many", argv[i]);
		}
		snprintf(c->name, sizeof(c->name), "%s", name);
		c->path_len = -1;
		c->from = time(NULL) - DAY_S;
		c->until = time(NULL) + 30 * DAY_S;
		for (char *word = strtok_r(NULL, " ", &state); word;
		     word = strtok_r(NULL, " ", &state)) {
			parse_word(c, word);
		}
		c->issuer = c->by ? find(c->by) : c;
		certificate_count++;
		make(c);
		write_files(argv[1], c);
	}
	return 0;
}
