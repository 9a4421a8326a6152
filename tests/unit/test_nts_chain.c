/* SPDX-License-Identifier: MIT
 *
 * io/tls/chain: which certificates are accepted, and from when until when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/tls/chain.h"
#include "nts_certificates.h"
#include "scratch.h"

#define HOST "time.example"

/* Made once; a row names those that the server sends, and those that are trusted. */
enum which {
	NONE,
	ROOT,          /* days -100 to 1000 */
	ROOT_EXPIRED,  /* the same key and name, -100 to -10 */
	ROOT_OTHER,    /* another authority, 0 to 2000 */
	MIDDLE,        /* signed by ROOT, -50 to 500 */
	MIDDLE_CROSS,  /* the same, signed by ROOT_OTHER, 0 to 100 */
	MIDDLE_LATE,   /* signed by ROOT, 300 to 500 */
	MIDDLE_FORGED, /* says that it is from ROOT, but has another signature */
	SERVER,        /* signed by MIDDLE, 0 to 200 */
	SERVER_OF_ROOT,
	SERVER_LATE,    /* signed by MIDDLE_LATE, 0 to 200 */
	SERVER_FORGED,  /* signed by MIDDLE_FORGED */
	SERVER_SELF,    /* self-signed */
	SERVER_OF_LEAF, /* signed by SERVER, which is no authority */
	SERVER_NAMED,   /* of another name */
	SERVER_ADDRESS, /* 192.0.2.7, 2001:db8::7 is another's */
	SERVER_ADDRESS_6,
	SERVER_DNS_ADDRESS, /* 192.0.2.7 as a DNS name */
	SERVER_CLIENT,      /* for clients */
	SERVER_WEAK,        /* signed with SHA-1 */
	SERVER_SHORT,       /* a key of 1024 bits */
	SERVER_SLOW,        /* a key that takes long */
	SERVER_NUL,         /* control octets in its name */
	WHICH_COUNT
};

static const struct {
	struct certificate_plan plan;
	enum which issuer, same_key;
} plans[WHICH_COUNT] = {
	[ROOT] = { { "Root", NULL, NULL, -100, 1000, .is_authority = true }, NONE, NONE },
	[ROOT_EXPIRED] = { { "Root", NULL, NULL, -100, -10, .is_authority = true },
	                   NONE,
	                   ROOT },
	[ROOT_OTHER] = { { "Other", NULL, NULL, 0, 2000, .is_authority = true },
	                 NONE,
	                 NONE },
	[MIDDLE] = { { "Middle", NULL, NULL, -50, 500, .is_authority = true }, ROOT, NONE },
	[MIDDLE_CROSS] = { { "Middle", NULL, NULL, 0, 100, .is_authority = true },
	                   ROOT_OTHER,
	                   MIDDLE },
	[MIDDLE_LATE] = { { "Late", NULL, NULL, 300, 500, .is_authority = true },
	                  ROOT,
	                  NONE },
	[SERVER] = { { HOST, NULL, NULL, 0, 200, .kind = KEY_ECDSA }, MIDDLE, NONE },
	[SERVER_OF_ROOT] = { { HOST, NULL, NULL, 10, 90, .kind = KEY_ECDSA }, ROOT, NONE },
	[SERVER_LATE] = { { HOST, NULL, NULL, 0, 200, .kind = KEY_ECDSA },
	                  MIDDLE_LATE,
	                  NONE },
	[SERVER_SELF] = { { HOST, NULL, NULL, 5, 50, .kind = KEY_ECDSA }, NONE, NONE },
	[SERVER_OF_LEAF] = { { HOST, NULL, NULL, 0, 200, .kind = KEY_ECDSA },
	                     SERVER,
	                     NONE },
	[SERVER_NAMED] = { { "Other", "other.example", NULL, 0, 200, .kind = KEY_ECDSA },
	                   MIDDLE,
	                   NONE },
	[SERVER_ADDRESS] = { { HOST, NULL, "192.0.2.7", 0, 200, .kind = KEY_ECDSA },
	                     MIDDLE,
	                     NONE },
	[SERVER_ADDRESS_6] = { { HOST, NULL, "2001:db8::7", 0, 200, .kind = KEY_ECDSA },
	                       MIDDLE,
	                       NONE },
	[SERVER_DNS_ADDRESS] = { { "192.0.2.7", NULL, NULL, 0, 200, .kind = KEY_ECDSA },
	                         MIDDLE,
	                         NONE },
	[SERVER_CLIENT] = { { HOST, NULL, NULL, 0, 200, .is_for_clients = true },
	                    MIDDLE,
	                    NONE },
	[SERVER_WEAK] = { { HOST, NULL, NULL, 0, 200, .is_weak = true }, MIDDLE, NONE },
	[SERVER_SHORT] = { { HOST, NULL, NULL, 0, 200, .kind = KEY_RSA_1024 },
	                   MIDDLE,
	                   NONE },
	[SERVER_SLOW] = { { HOST, NULL, NULL, 0, 200, .kind = KEY_RSA_LONG_EXPONENT },
	                  MIDDLE,
	                  NONE },
	[SERVER_NUL] = { { "\033[2J\\", HOST, NULL, 0, 200, .kind = KEY_ECDSA },
	                 MIDDLE,
	                 NONE },
};

static struct certificate made[WHICH_COUNT];

static int make_all(void **state)
{
	/* The same name as that of ROOT, with a key of its own. */
	struct certificate forger = certificate_make(&plans[ROOT].plan, NULL, NULL);

	(void)state;
	for (int i = 1; i < WHICH_COUNT; i++) {
		if (plans[i].plan.name) {
			made[i] = certificate_make(
				&plans[i].plan,
				plans[i].issuer ? &made[plans[i].issuer] : NULL,
				plans[i].same_key ? &made[plans[i].same_key] : NULL);
		}
	}
	made[MIDDLE_FORGED] = certificate_make(&plans[MIDDLE].plan, &forger, &made[MIDDLE]);
	made[SERVER_FORGED] = certificate_make(&plans[SERVER].plan, &forger, NULL);
	certificate_free(&forger);
	return scratch_enter() ? 0 : -1;
}

static int free_all(void **state)
{
	(void)state;
	for (int i = 1; i < WHICH_COUNT; i++) {
		certificate_free(&made[i]);
	}
	return scratch_leave();
}

enum { LISTED_MAX = 4 };

struct chain_row {
	const char *name;
	enum which sent[LISTED_MAX];
	enum which trusted[LISTED_MAX];
	const char *host;
	enum nts_failure failure;
	int from_day, until_day; /* for NTS_FAILURE_NONE */
	const char *text;        /* subject or detail */
};

static const struct chain_row rows[] = {
	/* clang-format off */
	{ "server of a trusted authority", { SERVER_OF_ROOT }, { ROOT }, HOST, NTS_FAILURE_NONE, 10, 90, HOST },
	{ "an authority between", { SERVER, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "with the root itself", { SERVER, MIDDLE, ROOT }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "in another order", { SERVER, ROOT, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "the authority between is trusted", { SERVER, MIDDLE }, { MIDDLE }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "... and not sent", { SERVER }, { MIDDLE }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "itself trusted", { SERVER_SELF }, { SERVER_SELF }, HOST, NTS_FAILURE_NONE, 5, 50, HOST },
	{ "itself trusted, not self-signed", { SERVER, MIDDLE }, { SERVER }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "among others that are trusted", { SERVER, MIDDLE }, { ROOT_OTHER, SERVER_SELF, ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "by its address", { SERVER_ADDRESS, MIDDLE }, { ROOT }, "192.0.2.7", NTS_FAILURE_NONE, 0, 200, HOST },
	{ "by its IPv6 address", { SERVER_ADDRESS_6, MIDDLE }, { ROOT }, "2001:db8:0::7", NTS_FAILURE_NONE, 0, 200, HOST },
	{ "the name in capitals", { SERVER, MIDDLE }, { ROOT }, "TIME.Example", NTS_FAILURE_NONE, 0, 200, HOST },
	{ "a subject with control octets", { SERVER_NUL, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, "\\x1b[2J\\\\" },

	/* The window: the path counts, nothing else does. */
	{ "an expired root of the same key is trusted as well", { SERVER, MIDDLE }, { ROOT_EXPIRED, ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "... in the other order", { SERVER, MIDDLE }, { ROOT, ROOT_EXPIRED }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "an expired root is sent as well", { SERVER, MIDDLE, ROOT_EXPIRED }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "only the expired root", { SERVER, MIDDLE }, { ROOT_EXPIRED }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, "never valid together" },
	{ "a cross-sign that nothing needs", { SERVER, MIDDLE_CROSS, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "... the only one", { SERVER, MIDDLE_CROSS, MIDDLE }, { ROOT_OTHER }, HOST, NTS_FAILURE_NONE, 0, 100, HOST },
	{ "... both are good: the longer", { SERVER, MIDDLE_CROSS, MIDDLE }, { ROOT_OTHER, ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "... in the other order", { SERVER, MIDDLE, MIDDLE_CROSS }, { ROOT, ROOT_OTHER }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "never valid together", { SERVER_LATE, MIDDLE_LATE }, { ROOT }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, "never valid together" },

	/* NK8 to NK11. */
	{ "unknown authority", { SERVER, MIDDLE }, { ROOT_OTHER }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, "Root" },
	{ "unknown, with its root", { SERVER, MIDDLE, ROOT }, { ROOT_OTHER }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, "Root" },
	{ "the authority between is missing", { SERVER }, { ROOT }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, "Middle" },
	{ "self-signed", { SERVER_SELF }, { ROOT }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, HOST },
	{ "forged in the middle", { SERVER, MIDDLE_FORGED }, { ROOT }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, NULL },
	{ "forged at the server", { SERVER_FORGED }, { ROOT }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, NULL },
	{ "forged, beside the right one", { SERVER, MIDDLE_FORGED, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_NONE, 0, 200, HOST },
	{ "signed by a server", { SERVER_OF_LEAF, SERVER, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, NULL },
	{ "another name", { SERVER_NAMED, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_NAME, 0, 0, "Other" },
	{ "the common name alone", { SERVER_NUL, MIDDLE }, { ROOT }, "other.example", NTS_FAILURE_NAME, 0, 0, NULL },
	{ "another address", { SERVER_ADDRESS, MIDDLE }, { ROOT }, "192.0.2.8", NTS_FAILURE_NAME, 0, 0, HOST },
	{ "an address, only names", { SERVER, MIDDLE }, { ROOT }, "192.0.2.7", NTS_FAILURE_NAME, 0, 0, HOST },
	{ "an address as a name", { SERVER_DNS_ADDRESS, MIDDLE }, { ROOT }, "192.0.2.7", NTS_FAILURE_NAME, 0, 0, "192.0.2.7" },
	{ "a domain above", { SERVER, MIDDLE }, { ROOT }, "example", NTS_FAILURE_NAME, 0, 0, NULL },
	{ "a name below", { SERVER, MIDDLE }, { ROOT }, "a.time.example", NTS_FAILURE_NAME, 0, 0, NULL },
	{ "for clients only", { SERVER_CLIENT, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, "not for TLS servers" },
	{ "an unknown authority before another name", { SERVER_NAMED, MIDDLE }, { ROOT_OTHER }, HOST, NTS_FAILURE_NOT_TRUSTED, 0, 0, NULL },
	{ "SHA-1", { SERVER_WEAK, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, "too weak" },
	{ "1024 bits", { SERVER_SHORT, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, "too weak" },
	{ "a key that takes long", { SERVER_SLOW, MIDDLE }, { ROOT }, HOST, NTS_FAILURE_CERTIFICATE, 0, 0, "unusual" },
	/* clang-format on */
};

static struct trust_store *open_store(const enum which trusted[LISTED_MAX])
{
	static const char *const files[] = { "trusted.pem" };
	char why[NTS_DETAIL_SIZE];
	struct trust_store *store = NULL;

	(void)unlink(files[0]);
	for (size_t i = 0; i < LISTED_MAX && trusted[i] != NONE; i++) {
		certificate_append(&made[trusted[i]], files[0]);
	}
	assert_int_equal(trust_store_open(files, 1, why, &store), 0);
	return store;
}

static void check_row(void **state)
{
	const struct chain_row *row = *state;
	struct nts_answer answer = { .failure = 0 };
	struct trust_store *store = open_store(row->trusted);
	gnutls_datum_t sent[LISTED_MAX];
	enum nts_failure failure;
	const char *text;
	size_t count = 0;

	while (count < LISTED_MAX && row->sent[count] != NONE) {
		sent[count] = certificate_der(&made[row->sent[count]]);
		count++;
	}
	failure = chain_check(store, sent, count, row->host, &answer);
	if (failure != row->failure) {
		print_message("# detail: %s\n", answer.detail);
	}
	assert_int_equal(failure, row->failure);
	text = failure == NTS_FAILURE_NONE ? answer.subject : answer.detail;
	if (row->text && !strstr(text, row->text)) {
		print_message("# text: %s\n", text);
		assert_string_equal(text, row->text);
	}
	if (failure == NTS_FAILURE_NONE) {
		assert_int_equal(answer.window.from_s,
		                 NTS_TEST_EPOCH + row->from_day * NTS_TEST_DAY_S);
		assert_int_equal(answer.window.until_s,
		                 NTS_TEST_EPOCH + row->until_day * NTS_TEST_DAY_S);
	}
	for (size_t i = 0; i < count; i++) {
		gnutls_free(sent[i].data);
	}
	trust_store_close(store);
}

static void count_and_form(void **state)
{
	static const enum which trusted[LISTED_MAX] = { ROOT };
	struct trust_store *store = open_store(trusted);
	struct nts_answer answer = { .failure = 0 };
	gnutls_datum_t der = certificate_der(&made[SERVER_OF_ROOT]);
	gnutls_datum_t sent[CHAIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sent); i++) {
		sent[i] = der;
	}
	assert_int_equal(chain_check(store, NULL, 0, HOST, &answer),
	                 NTS_FAILURE_CERTIFICATE);
	assert_int_equal(chain_check(store, sent, CHAIN_MAX, HOST, &answer),
	                 NTS_FAILURE_NONE);
	assert_int_equal(chain_check(store, sent, CHAIN_MAX + 1, HOST, &answer),
	                 NTS_FAILURE_CERTIFICATE);
	sent[1].size /= 2;
	assert_int_equal(chain_check(store, sent, 2, HOST, &answer),
	                 NTS_FAILURE_CERTIFICATE);
	assert_non_null(strstr(answer.detail, "decoded"));
	gnutls_free(der.data);
	trust_store_close(store);
}

/* Each of them may have issued each of the others. */
static void names_in_a_circle(void **state)
{
	static const enum which trusted[LISTED_MAX] = { ROOT_OTHER };
	const struct certificate_plan plan = { "Same", NULL, NULL,
		                               0,      100,  .is_authority = true };
	const struct certificate_plan server = { .name = HOST, .until_day = 100 };
	struct trust_store *store = open_store(trusted);
	struct certificate first = certificate_make(&plan, NULL, NULL);
	struct nts_answer answer = { .failure = 0 };
	gnutls_datum_t sent[CHAIN_MAX];

	(void)state;
	for (size_t i = 0; i < CHAIN_MAX; i++) {
		struct certificate next =
			certificate_make(i == 0 ? &server : &plan, &first, &first);

		sent[i] = certificate_der(&next);
		certificate_free(&next);
	}
	assert_int_equal(chain_check(store, sent, CHAIN_MAX, HOST, &answer),
	                 NTS_FAILURE_NOT_TRUSTED);
	for (size_t i = 0; i < CHAIN_MAX; i++) {
		gnutls_free(sent[i].data);
	}
	certificate_free(&first);
	trust_store_close(store);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 2];
	size_t n = 0;

	memset(tests, 0, sizeof(tests));
	for (; n < COUNT_OF(rows); n++) {
		tests[n].name = rows[n].name;
		tests[n].test_func = check_row;
		tests[n].initial_state = (void *)(uintptr_t)&rows[n];
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(count_and_form);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(names_in_a_circle);
	return cmocka_run_group_tests_name("nts_chain", tests, make_all, free_all);
}
