/* SPDX-License-Identifier: MIT
 *
 * Stored keys: which are used, how long a failed key exchange is not repeated, and which item
 * is replaced when there is no place for another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/nts/stored.h"

#define NOW (INT64_C(30) * 86400 * NS_PER_S)
#define DAY (INT64_C(86400) * NS_PER_S)

static struct address an_address(const char *text, uint16_t port)
{
	struct address address;

	assert_true(address_parse(text, &address));
	address.port = port;
	return address;
}

/* With `cookies` cookies, got a second ago. */
static struct nts_stored a_stored(const char *host, uint32_t cookies)
{
	struct nts_stored stored = { .obtained_ns = NOW - NS_PER_S,
		                     .keys = { .aead = NTS_AEAD_SIV_CMAC_256 },
		                     .window = { 1700000000, 1800000000 },
		                     .subject = "CN=time.example" };

	snprintf(stored.host, sizeof(stored.host), "%s", host);
	stored.key_address = an_address("192.0.2.1", 4460);
	stored.address = an_address("192.0.2.2", 123);
	for (uint32_t i = 0; i < cookies; i++) {
		const struct nts_cookie cookie = { .len = 100, .octets = { (uint8_t)i } };

		nts_cookies_add(&stored.cookies, &cookie);
	}
	return stored;
}

/* ---- what is used ---- */

struct valid_row {
	const char *name;
	void (*change)(struct nts_stored *stored);
	bool want;
	bool want_without; /* ... with no cookie */
};

static void nothing(struct nts_stored *s)
{
	(void)s;
}
static void no_host(struct nts_stored *s)
{
	s->host[0] = '\0';
}
static void endless_host(struct nts_stored *s)
{
	memset(s->host, 'a', sizeof(s->host));
}
static void no_family(struct nts_stored *s)
{
	s->key_address.family = ADDRESS_NONE;
}
static void wild_family(struct nts_stored *s)
{
	s->key_address.family = (enum address_family)77;
}
static void no_key_port(struct nts_stored *s)
{
	s->key_address.port = 0;
}
static void endless_zone(struct nts_stored *s)
{
	memset(s->key_address.zone, 'a', sizeof(s->key_address.zone));
}
static void other_family(struct nts_stored *s)
{
	s->address.family = (enum address_family)3;
}
static void no_port(struct nts_stored *s)
{
	s->address.port = 0;
}
static void from_the_future(struct nts_stored *s)
{
	s->obtained_ns = NOW + 1;
}
static void this_moment(struct nts_stored *s)
{
	s->obtained_ns = NOW;
}
static void before_the_boot(struct nts_stored *s)
{
	s->obtained_ns = -1;
}
static void one_day(struct nts_stored *s)
{
	s->obtained_ns = NOW - DAY;
}
static void older(struct nts_stored *s)
{
	s->obtained_ns = NOW - DAY - 1;
}
static void other_aead(struct nts_stored *s)
{
	s->keys.aead = 30;
}
static void backwards(struct nts_stored *s)
{
	s->window = (struct nts_window){ 2, 1 };
}
static void endless_subject(struct nts_stored *s)
{
	memset(s->subject, 'a', sizeof(s->subject));
}
static void escape_in_subject(struct nts_stored *s)
{
	s->subject[3] = '\x1b';
}
static void latin_in_subject(struct nts_stored *s)
{
	s->subject[3] = '\xe9';
}
static void nine_cookies(struct nts_stored *s)
{
	s->cookies.count = NTS_COOKIES_MAX + 1;
}
static void odd_cookie(struct nts_stored *s)
{
	s->cookies.items[1].len = 101;
}
static void long_cookie(struct nts_stored *s)
{
	s->cookies.items[1].len = NTS_COOKIE_SIZE + 4;
}
static void an_hour_to_wait(struct nts_stored *s)
{
	s->failure_count = 30;
	s->next_attempt_ns = NOW + 3600 * NS_PER_S;
}
static void longer_to_wait(struct nts_stored *s)
{
	s->failure_count = 30;
	s->next_attempt_ns = NOW + 3600 * NS_PER_S + 1;
}
static void endless_wait(struct nts_stored *s)
{
	s->failure_count = UINT32_MAX;
	s->next_attempt_ns = INT64_MAX;
}
static void long_ago(struct nts_stored *s)
{
	s->next_attempt_ns = INT64_MIN;
}

/* clang-format off */
static const struct valid_row valid_rows[] = {
	{ "honest",                                  nothing,           true,  true },
	{ "no host",                                 no_host,           false, false },
	{ "a host without end",                      endless_host,      false, false },
	{ "no address of the key exchange",          no_family,         false, false },
	{ "an address of no family",                 wild_family,       false, false },
	{ "no port of the key exchange",             no_key_port,       false, false },
	{ "an interface without end",                endless_zone,      false, false },
	{ "a server's address of no family",         other_family,      false, true },
	{ "no port of the server",                   no_port,           false, true },
	{ "NS6 got in the future",                   from_the_future,   false, false },
	{ "got this moment",                         this_moment,       true,  true },
	{ "got before the boot",                     before_the_boot,   false, false },
	{ "a day old",                          one_day,        true,  true },
	{ "older than a day: it may have been younger when it was taken", older, true, true },
	{ "another AEAD",                            other_aead,        false, true },
	{ "dates of a certificate that go back",     backwards,         false, true },
	{ "a subject without end",                   endless_subject,   false, true },
	{ "an escape in the subject",                escape_in_subject, false, true },
	{ "a subject that is not ASCII",             latin_in_subject,  false, true },
	{ "nine cookies",                            nine_cookies,      false, false },
	{ "a cookie of 101 octets",                  odd_cookie,        false, true },
	{ "a cookie of 516 octets",                  long_cookie,       false, true },
	{ "an hour to wait",                         an_hour_to_wait,   true,  true },
	{ "longer than an hour to wait",             longer_to_wait,    false, false },
	{ "NS6 an endless wait",                    endless_wait,  false, false },
	{ "waited long ago",                         long_ago,          true,  true },
};
/* clang-format on */

static void what_is_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(valid_rows); i++) {
		const struct valid_row *row = &valid_rows[i];
		struct nts_stored stored = a_stored("time.example", 2);

		print_message("  %s\n", row->name);
		row->change(&stored);
		assert_int_equal(nts_stored_is_valid(&stored, NOW), row->want);
		stored = a_stored("time.example", 0);
		row->change(&stored);
		assert_int_equal(nts_stored_is_valid(&stored, NOW), row->want_without);
	}
}

static void only_a_day_is_fresh(void **state)
{
	struct nts_stored stored = a_stored("time.example", 2);

	(void)state;
	one_day(&stored);
	assert_true(nts_stored_is_fresh(&stored, NOW));
	older(&stored);
	assert_false(nts_stored_is_fresh(&stored, NOW));
	stored.cookies.count = 0; /* only how often its key exchange has failed */
	assert_true(nts_stored_is_fresh(&stored, NOW));
}

/* ---- the wait ---- */

static void the_wait_grows_by_half_up_to_an_hour(void **state)
{
	/* min(10 * 1.5^(n-1), 3600) s */
	static const struct {
		uint32_t failures;
		int64_t wait_ms;
	} rows[] = { { 0, 10000 },    { 1, 10000 },    { 2, 15000 },
		     { 3, 22500 },    { 4, 33750 },    { 5, 50625 },
		     { 15, 2919292 }, { 16, 3600000 }, { UINT32_MAX, 3600000 } };
	int64_t last_ns = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(nts_backoff_ns(rows[i].failures) / NS_PER_MS,
		                 rows[i].wait_ms);
	}
	for (uint32_t n = 0; n < 100; n++) {
		assert_true(nts_backoff_ns(n) >= last_ns);
		last_ns = nts_backoff_ns(n);
	}
}

/* ---- the store ---- */

static struct nts_stored items[NTS_STORED_MAX];

static struct nts_store an_empty_store(void)
{
	memset(items, 0, sizeof(items));
	return (struct nts_store){ .trust = 7, .items = items };
}

static struct nts_stored *claimed(struct nts_store *store, const char *host,
                                  int64_t obtained_ns)
{
	const struct address at = an_address("192.0.2.1", 4460);
	struct nts_stored *stored = nts_store_claim(store, host, &at);

	stored->obtained_ns = obtained_ns;
	return stored;
}

struct find_row {
	const char *name;
	const char *host, *address;
	uint16_t port;
	uint64_t trust;
	bool want;
};

/* clang-format off */
static const struct find_row find_rows[] = {
	{ "the same server",               "time.example",  "192.0.2.1",   4460, 7, true },
	{ "another host",                  "time2.example", "192.0.2.1",   4460, 7, false },
	{ "another spelling",              "Time.example",  "192.0.2.1",   4460, 7, false },
	{ "a final dot",                   "time.example.", "192.0.2.1",   4460, 7, false },
	{ "NS7 another address",           "time.example",  "192.0.2.9",   4460, 7, false },
	{ "NS7 another family",            "time.example",  "2001:db8::1", 4460, 7, false },
	{ "another port",                  "time.example",  "192.0.2.1",   4461, 7, false },
	{ "other certificates are trusted", "time.example", "192.0.2.1",   4460, 8, false },
};
/* clang-format on */

static void keys_are_those_of_one_server(void **state)
{
	struct nts_store store = an_empty_store();
	struct nts_stored *first = claimed(&store, "time.example", 5);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(find_rows); i++) {
		const struct find_row *row = &find_rows[i];
		const struct address at = an_address(row->address, row->port);

		print_message("  %s\n", row->name);
		store.trust = row->trust;
		assert_ptr_equal(nts_store_find(&store, row->host, &at),
		                 row->want ? first : NULL);
	}
	/* Claimed once more it is the same item, unchanged. */
	store.trust = 7;
	first->failure_count = 3;
	assert_ptr_equal(claimed(&store, "time.example", 5), first);
	assert_int_equal(first->failure_count, 3);
	assert_int_equal(store.count, 1);
	/* Each trust has its own. */
	store.trust = 8;
	assert_ptr_not_equal(claimed(&store, "time.example", 6), first);
	assert_int_equal(store.count, 2);
	assert_int_equal(items[1].trust, 8);
	assert_int_equal(items[1].failure_count, 0);
}

static void the_oldest_is_replaced(void **state)
{
	struct nts_store store = an_empty_store();
	char name[20];

	(void)state;
	for (int64_t i = 0; i < NTS_STORED_MAX; i++) {
		snprintf(name, sizeof(name), "host%d.example", (int)i);
		claimed(&store, name, i == 41 ? 3 : 100 + i)->cookies.count = 1;
	}
	assert_int_equal(store.count, NTS_STORED_MAX);
	items[41].failure_count = 9;
	assert_ptr_equal(claimed(&store, "new.example", 500), &items[41]);
	assert_int_equal(store.count, NTS_STORED_MAX);
	assert_string_equal(items[41].host, "new.example");
	/* Nothing of the former is left. */
	assert_int_equal(items[41].cookies.count, 0);
	assert_int_equal(items[41].failure_count, 0);
	assert_ptr_equal(claimed(&store, "newer.example", 501), &items[0]);
	for (size_t i = 1; i < NTS_STORED_MAX; i++) {
		snprintf(name, sizeof(name), "host%d.example", (int)i);
		assert_int_equal(nts_store_find(&store, name, &items[0].key_address) !=
		                         NULL,
		                 i != 41);
	}
}

static void a_name_of_full_length(void **state)
{
	struct nts_store store = an_empty_store();
	char name[SERVER_HOST_SIZE];
	struct nts_stored *stored;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	stored = claimed(&store, name, NOW);
	assert_string_equal(stored->host, name);
	assert_true(nts_stored_is_valid(stored, NOW));
}

static void what_nobody_can_use_is_not_kept(void **state)
{
	struct nts_store store = an_empty_store();

	(void)state;
	claimed(&store, "spent.example", 1);
	claimed(&store, "cookies.example", 2)->cookies.count = 1;
	claimed(&store, "spent-too.example", 3);
	claimed(&store, "failed.example", 4)->failure_count = 1;
	nts_store_tidy(&store);
	assert_int_equal(store.count, 2);
	assert_string_equal(items[0].host, "cookies.example");
	assert_string_equal(items[1].host, "failed.example");
	/* No copy is left behind. */
	assert_int_equal(items[2].host[0], '\0');
	assert_int_equal(items[3].host[0], '\0');
	nts_store_tidy(&store);
	assert_int_equal(store.count, 2);
	items[0].cookies.count = 0;
	items[1].failure_count = 0;
	nts_store_tidy(&store);
	assert_int_equal(store.count, 0);
	nts_store_tidy(&store);
	assert_int_equal(store.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_used),
		cmocka_unit_test(the_wait_grows_by_half_up_to_an_hour),
		cmocka_unit_test(keys_are_those_of_one_server),
		cmocka_unit_test(only_a_day_is_fresh),
		cmocka_unit_test(the_oldest_is_replaced),
		cmocka_unit_test(a_name_of_full_length),
		cmocka_unit_test(what_nobody_can_use_is_not_kept),
	};

	return cmocka_run_group_tests_name("nts_stored", tests, NULL, NULL);
}
