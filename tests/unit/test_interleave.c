/* SPDX-License-Identifier: MIT
 *
 * Interleaved mode, RFC 9769 section 2, on the server's side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/ntp/interleave.h"

#define NOW_NS (INT64_C(1795000000) * INT64_C(1000000000))

static struct ntp_ts ts(uint32_t seconds, uint32_t fraction)
{
	return (struct ntp_ts){ seconds, fraction };
}

struct asked_row {
	const char *name;
	uint8_t mode;
	uint32_t origin, receive, transmit;
	bool want;
};

/* clang-format off */
static const struct asked_row asked_rows[] = {
	{ "all three, different",         NTP_MODE_CLIENT, 1, 2, 3, true },
	{ "a basic request",              NTP_MODE_CLIENT, 0, 0, 3, false },
	{ "origin alone",                 NTP_MODE_CLIENT, 1, 0, 3, false },
	{ "no origin",                    NTP_MODE_CLIENT, 0, 2, 3, false },
	{ "receive = transmit: basic",    NTP_MODE_CLIENT, 1, 3, 3, false },
	{ "version 1 without a mode",     NTP_MODE_RESERVED, 1, 2, 3, false },
};
/* clang-format on */

static void asked_row(void **state)
{
	const struct asked_row *row = *state;
	const struct ntp_header request = { .version = 4,
		                            .mode = row->mode,
		                            .origin = ts(row->origin, 0),
		                            .receive = ts(row->receive, 0),
		                            .transmit = ts(row->transmit, 0) };

	assert_int_equal(interleave_is_asked(&request), row->want);
}

static struct interleave_table *table_new(void)
{
	struct interleave_table *table = calloc(1, sizeof(*table));

	assert_non_null(table);
	return table;
}

static void each_is_used_once(void **state)
{
	struct interleave_table *table = table_new();
	const struct ntp_header request = { .origin = ts(5, 77) };
	struct instant transmitted = { 0 };

	(void)state;
	assert_false(interleave_take(table, &request, &transmitted));
	interleave_keep(table, ts(5, 77), (struct instant){ NOW_NS });
	assert_true(interleave_take(table, &request, &transmitted));
	assert_true(transmitted.unix_ns == NOW_NS);
	assert_false(interleave_take(table, &request, &transmitted));
	free(table);
}

static void one_bit_off_is_another(void **state)
{
	struct interleave_table *table = table_new();
	struct instant transmitted;

	(void)state;
	interleave_keep(table, ts(5, 77), (struct instant){ NOW_NS });
	for (int bit = 0; bit < 32; bit++) {
		struct ntp_header request = { .origin = ts(5, 77 ^ UINT32_C(1) << bit) };

		assert_false(interleave_take(table, &request, &transmitted));
		request.origin = ts(5 ^ UINT32_C(1) << bit, 77);
		assert_false(interleave_take(table, &request, &transmitted));
	}
	free(table);
}

static void forgotten_after_a_step(void **state)
{
	struct interleave_table *table = table_new();
	struct ntp_header request = { .version = 4 };
	struct instant transmitted;

	(void)state;
	for (uint32_t i = 1; i < 1000; i++) {
		interleave_keep(table, ts(i, i), (struct instant){ NOW_NS });
	}
	interleave_forget(table);
	for (uint32_t i = 1; i < 1000; i++) {
		request.origin = ts(i, i);
		assert_false(interleave_take(table, &request, &transmitted));
	}
	free(table);
}

static void newer_push_older_out(void **state)
{
	struct interleave_table *table = table_new();
	struct ntp_header request = { .version = 4 };
	struct instant transmitted;
	unsigned kept = 0;

	(void)state;
	for (uint32_t i = 1; i <= 100000; i++) {
		interleave_keep(table, ts(4000000000U + i, i * 2654435761U),
		                (struct instant){ NOW_NS + i });
	}
	for (uint32_t i = 1; i <= 100000; i++) {
		request.origin = ts(4000000000U + i, i * 2654435761U);
		if (interleave_take(table, &request, &transmitted)) {
			assert_true(transmitted.unix_ns == NOW_NS + i);
			kept++;
		}
	}
	assert_in_range(kept, INTERLEAVE_ENTRIES * 9 / 10, INTERLEAVE_ENTRIES);
	free(table);
}

static void the_reply(void **state)
{
	const struct ntp_header request = { .version = 4,
		                            .mode = NTP_MODE_CLIENT,
		                            .origin = ts(1, 1),
		                            .receive = ts(2, 2),
		                            .transmit = ts(3, 3) };
	const struct ntp_server_state server = {
		.stratum = 1,
		.reference = { NOW_NS - 1000 },
		.refid = "ABC",
	};
	const struct instant before = { NOW_NS - INT64_C(64000000000) };
	uint8_t buf[NTP_HEADER_OCTETS], basic[NTP_HEADER_OCTETS];
	struct ntp_header reply;

	(void)state;
	(void)ntp_reply_write(&request, &server, (struct instant){ NOW_NS },
	                      (struct instant){ NOW_NS + 20000 }, buf);
	memcpy(basic, buf, sizeof(buf));
	interleave_reply(&request, before, buf);
	ntp_header_read(buf, &reply);
	assert_true(ntp_ts_equal(reply.origin, request.receive));
	assert_true(ntp_ts_equal(reply.transmit, ntp_from_instant(before)));
	assert_memory_equal(buf, basic, 16);          /* up to the reference */
	assert_memory_equal(buf + 32, basic + 32, 8); /* receive: this request's */
	assert_true(ntp_ts_equal(reply.reference, reply.transmit));
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(each_is_used_once),
		cmocka_unit_test(one_bit_off_is_another),
		cmocka_unit_test(forgotten_after_a_step),
		cmocka_unit_test(newer_push_older_out),
		cmocka_unit_test(the_reply),
	};
	struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(asked_rows)];
	struct CMUnitTest *t = tests;

	memcpy(t, single, sizeof(single));
	t += COUNT_OF(single);
	for (size_t i = 0; i < COUNT_OF(asked_rows); i++) {
		*t++ = (struct CMUnitTest){ .name = asked_rows[i].name,
			                    .test_func = asked_row,
			                    .initial_state =
			                            (void *)(uintptr_t)&asked_rows[i] };
	}
	return cmocka_run_group_tests_name("interleave", tests, NULL, NULL);
}
