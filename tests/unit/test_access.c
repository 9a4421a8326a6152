/* SPDX-License-Identifier: MIT
 *
 * Rates of sources: answers, drops, and the limits of networks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/ntp/access.h"

#define S INT64_C(1000000000)
#define START (1000 * S)

struct world {
	struct rate_table *table;
	struct access_rules rules;
	struct rate_leak leak;
};

struct selection_update {
	unsigned answered, leaked, kissed, dropped, denied;
};

static void world_open(struct world *w, uint32_t per_s, uint32_t burst)
{
	*w = (struct world){ .table = calloc(1, sizeof(*w->table)),
		             .rules.limits = { per_s, burst },
		             .leak = { UINT64_C(0x9e3779b97f4a7c15) } };
	assert_non_null(w->table);
	w->table->key = (struct siphash_key){ 17, 4 };
}

static struct address address(const char *text)
{
	struct address ret = { .family = ADDRESS_NONE };

	assert_true(address_parse(text, &ret));
	ret.port = 123;
	return ret;
}

static void ask(struct world *w, const struct address *from, int64_t mono_ns,
                struct selection_update *t)
{
	switch (access_check(w->table, &w->rules, &w->leak, from, mono_ns, NULL)) {
	case ACCESS_ANSWER:
		t->answered++;
		break;
	case ACCESS_LEAKED:
		t->leaked++;
		break;
	case ACCESS_KISS:
		t->kissed++;
		break;
	case ACCESS_DROP:
		t->dropped++;
		break;
	case ACCESS_DENIED:
		t->denied++;
		break;
	}
}

/* `count` requests, evenly over `span_ns`. */
static struct selection_update flood(struct world *w, const char *from, unsigned count,
                                     int64_t start_ns, int64_t span_ns)
{
	struct address at = address(from);
	struct selection_update t = { 0 };

	for (unsigned i = 0; i < count; i++) {
		at.port = (uint16_t)(1024 + i % 60000);
		ask(w, &at, start_ns + span_ns / count * i, &t);
	}
	return t;
}

static void within_the_rate_all_is_answered(void **state)
{
	struct world w;
	struct selection_update t;

	(void)state;
	world_open(&w, 10, 20);
	t = flood(&w, "192.0.2.1", 20, START, 0);
	assert_int_equal(t.answered, 20);
	t = flood(&w, "192.0.2.1", 1000, START + S, 100 * S);
	assert_int_equal(t.answered, 1000);
	free(w.table);
}

static void beyond_it_the_rate_and_a_quarter(void **state)
{
	struct world w;
	struct selection_update t;

	(void)state;
	world_open(&w, 10, 20);
	/* 100 s at 1000 a second from rotating ports: 20 + 100 * 10 and a quarter. */
	t = flood(&w, "192.0.2.1", 100000, START, 100 * S);
	assert_in_range(t.answered, 1018, 1021);
	assert_in_range(t.leaked, 24000, 25500);
	/* At most one per second, and at least one. */
	assert_in_range(t.kissed, 45, 101);
	assert_int_equal(t.dropped, 100000 - t.answered - t.leaked - t.kissed);
	free(w.table);
}

static void a_forged_victim_is_not_locked_out(void **state)
{
	const struct address victim = address("192.0.2.1");
	unsigned served = 0;
	struct world w;

	(void)state;
	world_open(&w, 10, 20);
	/* Between the victim's requests, one a second, somebody sends 1000 in its name. */
	for (int64_t s = 0; s < 1000; s++) {
		struct selection_update own = { 0 };

		(void)flood(&w, "192.0.2.1", 1000, START + s * S, S);
		ask(&w, &victim, START + s * S + S - 1, &own);
		served += own.answered + own.leaked;
	}
	assert_in_range(served, 200, 1000);
	free(w.table);
}

struct pair_row {
	const char *name;
	const char *flooder;
	const char *other;
	bool shares; /* one account for both */
};

/* clang-format off */
static const struct pair_row pair_rows[] = {
	{ "another address of the /24", "192.0.2.1", "192.0.2.2", false },
	{ "another network",            "192.0.2.1", "198.51.100.1", false },
	{ "another address of the /64", "2001:db8::1", "2001:db8::ffff:ffff", true },
	{ "another /64",                "2001:db8::1", "2001:db8:0:1::1", false },
	{ "IPv4 and IPv6 alike octets", "32.1.13.184", "2001:db8::", false },
};
/* clang-format on */

static void pair_row(void **state)
{
	const struct pair_row *row = *state;
	struct world w;
	struct selection_update t;

	world_open(&w, 10, 20);
	(void)flood(&w, row->flooder, 1000, START, S);
	t = flood(&w, row->other, 10, START + S, 0);
	if (row->shares) {
		assert_true(t.answered <= 1);
	} else {
		assert_int_equal(t.answered, 10);
	}
	free(w.table);
}

/* 4096 sources of one network, each within its own rate. */
static void network(const char *first, unsigned octet)
{
	struct address at = address(first);
	struct selection_update t = { 0 };
	struct world w;

	world_open(&w, 10, 20);
	for (unsigned i = 0; i < 4096; i++) {
		at.octets[octet] = (uint8_t)i;
		ask(&w, &at, START, &t);
	}
	assert_int_equal(t.answered, 20 * RATE_COARSE);
	assert_in_range(t.leaked, 800, 1100);
	free(w.table);
}

static void a_slash_24_shares_sixteen_times_as_much(void **state)
{
	(void)state;
	network("192.0.2.0", 3);
}

static void a_slash_48_too(void **state)
{
	(void)state;
	network("2001:db8:1::", 7);
}

static void kisses_are_few_in_all(void **state)
{
	struct address at = address("10.0.0.1");
	struct selection_update t = { 0 };
	struct world w;

	(void)state;
	world_open(&w, 1, 1);
	/* 1000 networks flood for 10 s. */
	for (int64_t ms = 0; ms < 10000; ms += 100) {
		for (unsigned net = 0; net < 1000; net++) {
			at.octets[1] = (uint8_t)(net >> 8);
			at.octets[2] = (uint8_t)net;
			ask(&w, &at, START + ms * S / 1000, &t);
		}
	}
	assert_in_range(t.kissed, RATE_KISSES_PER_S * 9, RATE_KISSES_PER_S * 11);
	free(w.table);
}

/* ... and those of one network a quarter of them: it takes no others' kisses. */
static void a_network_takes_no_others_kisses(void **state)
{
	struct address at = address("192.0.2.0"), other = address("198.51.100.1");
	struct selection_update t = { 0 }, of_other = { 0 };
	struct world w;

	(void)state;
	world_open(&w, 1, 1);
	for (int64_t ms = 0; ms < 20000; ms += 100) {
		for (unsigned host = 0; host < 256; host++) {
			at.octets[3] = (uint8_t)host;
			ask(&w, &at, START + ms * S / 1000, &t);
		}
		for (unsigned i = 0; i < 20; i++) {
			ask(&w, &other, START + ms * S / 1000, &of_other);
		}
	}
	assert_in_range(t.kissed, 20, 20 * RATE_KISSES_OF_NET);
	assert_in_range(of_other.kissed, 9, 20);
	free(w.table);
}

static void loopback_is_exempt(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 1, 1);
	assert_int_equal(flood(&w, "127.0.0.1", 1000, START, 0).answered, 1000);
	assert_int_equal(flood(&w, "::1", 1000, START, 0).answered, 1000);
	free(w.table);
}

static void rate_0_is_no_limit(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 0, 1);
	assert_int_equal(flood(&w, "192.0.2.1", 1000, START, 0).answered, 1000);
	free(w.table);
}

static void the_list_comes_first(void **state)
{
	char zone[ADDRESS_ZONE_SIZE];
	struct cidr prefix;
	struct world w;

	(void)state;
	world_open(&w, 0, 1);
	assert_int_equal(cidr_parse("192.0.2.0/24", &prefix, zone), CIDR_OK);
	assert_true(cidr_list_add(&w.rules.list, &prefix, false));
	assert_int_equal(flood(&w, "192.0.2.1", 10, START, 0).denied, 10);
	assert_int_equal(flood(&w, "192.0.3.1", 10, START, 0).answered, 10);
	free(w.table);
}

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state;
}

/* A million sources, fifteen times what fits: the newest are known, those that flood all
 * along stay held back, and no source is dropped because of others. */
static void more_sources_than_entries(void **state)
{
	const struct address flooder = address("203.0.113.7");
	struct address at = { .family = ADDRESS_IPV4, .port = 5000 };
	struct selection_update crowd = { 0 }, t = { 0 };
	uint32_t seed = 1;
	struct world w;

	(void)state;
	world_open(&w, 10, 20);
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t x = next(&seed);
		int64_t now = START + (int64_t)i * 10000; /* 100,000 a second */

		at.octets[0] = (uint8_t)(1 + (x >> 25) % 100);
		at.octets[1] = (uint8_t)(x >> 17);
		at.octets[2] = (uint8_t)(x >> 9);
		at.octets[3] = (uint8_t)i;
		ask(&w, &at, now, &crowd);
		if (i % 100 == 0) { /* 1000 a second */
			ask(&w, &flooder, now, &t);
		}
	}
	assert_int_equal(crowd.answered, 1000000);
	assert_in_range(t.answered, 118, 125);
	free(w.table);
}

/* The entry of a source's first request under this key, as one number. */
static uint64_t trace_under(struct siphash_key key)
{
	const struct address from = address("192.0.2.1");
	uint64_t trace = 0;
	struct world w;

	world_open(&w, 10, 20);
	w.table->key = key;
	(void)access_check(w.table, &w.rules, &w.leak, &from, START, NULL);
	for (size_t i = 0; i < COUNT_OF(w.table->entries); i++) {
		trace += (i + 1) * (w.table->entries[i].client >> 32);
	}
	free(w.table);
	return trace;
}

/* Else an attacker could find addresses that share an entry from the source code. */
static void the_key_decides_where_a_source_is_kept(void **state)
{
	const uint64_t trace = trace_under((struct siphash_key){ 17, 4 });

	(void)state;
	assert_true(trace != 0);
	assert_true(trace == trace_under((struct siphash_key){ 17, 4 }));
	assert_true(trace != trace_under((struct siphash_key){ 18, 4 }));
	assert_true(trace != trace_under((struct siphash_key){ 17, 5 }));
}

/* Which of 64 requests beyond the rate are answered, as the bits of a number. */
static uint64_t luck_with(uint64_t leak)
{
	const struct address from = address("192.0.2.1");
	uint64_t luck = 0;
	struct world w;

	world_open(&w, 1, 1);
	w.leak.state = leak;
	(void)access_check(w.table, &w.rules, &w.leak, &from, START, NULL);
	for (unsigned i = 0; i < 64; i++) {
		luck |= (uint64_t)(access_check(w.table, &w.rules, &w.leak, &from, START,
		                                NULL) == ACCESS_LEAKED)
		        << i;
	}
	free(w.table);
	return luck;
}

/* Else a flooder could predict which requests leak. */
static void answers_beyond_the_rate_are_random(void **state)
{
	(void)state;
	assert_true(luck_with(1) != 0 && luck_with(1) == luck_with(1));
	for (uint64_t a = 2; a < 10; a++) {
		for (uint64_t b = 1; b < a; b++) {
			assert_true(luck_with(a << 40 | a) != luck_with(b << 40 | b));
		}
	}
}

static void new_sources_are_told(void **state)
{
	const struct address a = address("192.0.2.1"), b = address("192.0.2.2");
	bool is_new = false;
	struct world w;

	(void)state;
	world_open(&w, 10, 20);
	(void)access_check(w.table, &w.rules, &w.leak, &a, START, &is_new);
	assert_true(is_new);
	(void)access_check(w.table, &w.rules, &w.leak, &a, START, &is_new);
	assert_false(is_new);
	(void)access_check(w.table, &w.rules, &w.leak, &b, START, &is_new);
	assert_true(is_new);
	free(w.table);
}

struct limits_row {
	const char *text;
	bool want;
	uint32_t per_s, burst;
};

/* clang-format off */
static const struct limits_row limits_rows[] = {
	{ "10",           true, 10, 80 },
	{ "10:20",        true, 10, 20 },
	{ "1:1",          true, 1, 1 },
	{ "0",            true, 0, 1 },
	{ "1000000",      true, 1000000, 1000000 },
	{ "1000000:1000000", true, 1000000, 1000000 },
	{ "1000001",      false, 0, 0 },
	{ "4294967297",   false, 0, 0 },
	{ "",             false, 0, 0 },
	{ ":",            false, 0, 0 },
	{ "10:",          false, 0, 0 },
	{ ":10",          false, 0, 0 },
	{ "10:0",         false, 0, 0 },
	{ "0:5",          false, 0, 0 },
	{ "10:20:30",     false, 0, 0 },
	{ "-1",           false, 0, 0 },
	{ "10 ",          false, 0, 0 },
	{ "1.5",          false, 0, 0 },
};
/* clang-format on */

static void limits_row(void **state)
{
	const struct limits_row *row = *state;
	struct rate_limit limits = { 7, 7 };

	assert_int_equal(rate_limit_parse(row->text, &limits), row->want);
	assert_int_equal(limits.per_s, row->want ? row->per_s : 7);
	assert_int_equal(limits.burst, row->want ? row->burst : 7);
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(within_the_rate_all_is_answered),
		cmocka_unit_test(beyond_it_the_rate_and_a_quarter),
		cmocka_unit_test(a_forged_victim_is_not_locked_out),
		cmocka_unit_test(a_slash_24_shares_sixteen_times_as_much),
		cmocka_unit_test(a_slash_48_too),
		cmocka_unit_test(kisses_are_few_in_all),
		cmocka_unit_test(a_network_takes_no_others_kisses),
		cmocka_unit_test(loopback_is_exempt),
		cmocka_unit_test(rate_0_is_no_limit),
		cmocka_unit_test(the_list_comes_first),
		cmocka_unit_test(more_sources_than_entries),
		cmocka_unit_test(the_key_decides_where_a_source_is_kept),
		cmocka_unit_test(answers_beyond_the_rate_are_random),
		cmocka_unit_test(new_sources_are_told),
	};
	struct CMUnitTest
		tests[COUNT_OF(single) + COUNT_OF(pair_rows) + COUNT_OF(limits_rows)];
	struct CMUnitTest *t = tests;

	memcpy(t, single, sizeof(single));
	t += COUNT_OF(single);
	for (size_t i = 0; i < COUNT_OF(pair_rows); i++) {
		*t++ = (struct CMUnitTest){ .name = pair_rows[i].name,
			                    .test_func = pair_row,
			                    .initial_state =
			                            (void *)(uintptr_t)&pair_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(limits_rows); i++) {
		*t++ = (struct CMUnitTest){
			.name = limits_rows[i].text[0] ? limits_rows[i].text : "empty",
			.test_func = limits_row,
			.initial_state = (void *)(uintptr_t)&limits_rows[i]
		};
	}
	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
