/* SPDX-License-Identifier: MIT
 *
 * The result of a datagram on the NTP port of reqtimed: answer or silence, and the value of
 * T2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/server/ntp.h"

#define NOW_NS (INT64_C(1795000000) * NS_PER_S)

/* Version 4, mode 3, the transmit stamp a cookie. */
static const uint8_t request[48] = { [0] = 0x23, [40] = 0x11, [47] = 0x88 };

struct row {
	const char *name;
	bool is_answerable;
	bool is_cut;
	size_t len;
	bool stamps_fit;
	bool has_arrived;
	int64_t age_ns; /* of the kernel stamp when the batch was read */
	bool has_stepped;
	enum serve_verdict want;
	int64_t want_age_ns; /* of T2 */
	uint16_t port;       /* of the client; 0: some high one */
};

/* clang-format off */
static const struct row rows[] = {
	{ "kernel stamp",               true,  false, 48, true,  true,  40000, false, SERVE_ANSWER, 40000, 0 },
	{ "kernel stamp of this moment", true, false, 48, true,  true,  0, false, SERVE_ANSWER, 0, 0 },
	{ "no kernel stamp",            true,  false, 48, true,  false, 0, false, SERVE_ANSWER, 0, 0 },
	{ "another clock than ours",    true,  false, 48, false, true,  86400 * NS_PER_S, false, SERVE_ANSWER, 0, 0 },
	{ "another clock, ahead",       true,  false, 48, false, true,  -86400 * NS_PER_S, false, SERVE_ANSWER, 0, 0 },
	{ "not to be answered",         false, false, 48, true,  true,  40000, false, SERVE_NOT_FOR_US, 0, 0 },
	{ "cut",                        true,  true,  48, true,  true,  40000, false, SERVE_CUT, 0, 0 },
	{ "empty",                      true,  false, 0,  true,  true,  40000, false, SERVE_NO_REQUEST, 0, 0 },
	{ "one octet missing",          true,  false, 47, true,  true,  40000, false, SERVE_NO_REQUEST, 0, 0 },
	{ "half a second in the queue", true,  false, 48, true,  true,  500 * NS_PER_MS, false, SERVE_ANSWER, 500 * NS_PER_MS, 0 },
	{ "longer",                     true,  false, 48, true,  true,  500 * NS_PER_MS + 1, false, SERVE_STALE, 0, 0 },
	{ "a day",                      true,  false, 48, true,  true,  86400 * NS_PER_S, false, SERVE_STALE, 0, 0 },
	{ "from the future",            true,  false, 48, true,  true,  -1, false, SERVE_STEPPED, 0, 0 },
	{ "from chargen's port",        true,  false, 48, true,  true,  40000, false, SERVE_SMALL_PORT, 0, 19 },
	{ "from the port of RFC 868",   true,  false, 48, true,  true,  40000, false, SERVE_SMALL_PORT, 0, 37 },
	{ "from another server's port", true,  false, 48, true,  true,  40000, false, SERVE_ANSWER, 40000, 123 },
	{ "clock moved meanwhile",      true,  false, 48, true,  true,  40000, true, SERVE_STEPPED, 0, 0 },
};
/* clang-format on */

static void check_row(void **state)
{
	const struct row *row = *state;
	const struct clock_moment after = { .wall = { NOW_NS }, .mono_ns = NS_PER_S };
	const struct serve_view view = { .stamps_fit = row->stamps_fit };
	const struct udp_listen_datagram datagram = {
		.octets = request,
		.len = row->len,
		.is_cut = row->is_cut,
		.has_arrived = row->has_arrived,
		.arrived = { NOW_NS - row->age_ns },
		.is_answerable = row->is_answerable,
		.from = { .port = row->port != 0 ? row->port : 40000 },
	};
	struct ntp_header header, before;
	struct instant received = { 1 };

	memset(&header, 0xa5, sizeof(header));
	before = header;
	assert_int_equal(serve_ntp_check(&datagram, &view, after, row->has_stepped, &header,
	                                 &received),
	                 row->want);
	if (row->want == SERVE_ANSWER) {
		assert_int_equal(NOW_NS - received.unix_ns, row->want_age_ns);
		assert_int_equal(header.mode, NTP_MODE_CLIENT);
		assert_int_equal(header.transmit.seconds, 0x11000000);
	} else {
		assert_memory_equal(&header, &before, sizeof(header));
		assert_int_equal(received.unix_ns, 1);
	}
}

struct step_row {
	const char *name;
	int64_t wall_ns; /* how far each clock has moved since the last check */
	int64_t mono_ns;
	bool want;
};

/* clang-format off */
static const struct step_row step_rows[] = {
	{ "both went on",            NS_PER_S, NS_PER_S, false },
	{ "read 99 us apart",        NS_PER_S + 99000, NS_PER_S, false },
	{ "set ahead by 1 ms",       NS_PER_S + NS_PER_MS, NS_PER_S, true },
	{ "set back by 1 ms",        NS_PER_S - NS_PER_MS, NS_PER_S, true },
	{ "set back by an hour",     -3599 * NS_PER_S, NS_PER_S, true },
	{ "back to 1970",            -NOW_NS, NS_PER_S, true },
	{ "asleep for a minute",     61 * NS_PER_S, NS_PER_S, true },
	{ "idle for a year",         31536000 * NS_PER_S, 31536000 * NS_PER_S, false },
};
/* clang-format on */

static void step_row(void **state)
{
	const struct step_row *row = *state;
	struct serve_step_watch watch = { 0 };
	struct clock_moment now = { .wall = { NOW_NS }, .mono_ns = 7 * NS_PER_S };

	assert_false(serve_step_seen(&watch, now));
	now.wall.unix_ns += row->wall_ns;
	now.mono_ns += row->mono_ns;
	assert_int_equal(serve_step_seen(&watch, now), row->want);
	/* Detected once: from then on this is the new state. */
	assert_false(serve_step_seen(&watch, now));
}

static void transmit_time_is_on_the_side_of_the_receive_time(void **state)
{
	const struct clock_moment base = { .wall = { NOW_NS }, .mono_ns = 7 * NS_PER_S };

	(void)state;
	assert_int_equal(serve_wall_at(base, 7 * NS_PER_S).unix_ns, NOW_NS);
	assert_int_equal(serve_wall_at(base, 7 * NS_PER_S + 2500).unix_ns, NOW_NS + 2500);
}

/* T3 is the predicted transmit time, and the root dispersion includes the whole prediction;
 * T2 is never after T3. */
static void what_is_predicted_is_told(void **state)
{
	const struct ntp_server_state server = { .stratum = 2,
		                                 .root_dispersion_ns = 40 * NS_PER_US,
		                                 .precision_log2_s = -24 };
	const struct instant received = { NOW_NS }, read = { NOW_NS + 3000 };
	const struct ntp_header from = { .version = 4, .mode = NTP_MODE_CLIENT };
	uint8_t buf[NTP_HEADER_OCTETS];
	struct ntp_header told;

	(void)state;
	for (int64_t added_ns = 0; added_ns <= 15000; added_ns += 500) {
		serve_ntp_write(&from, &server, received, read, added_ns, buf);
		ntp_header_read(buf, &told);
		assert_in_range(ntp_ts_diff_ns(told.transmit, ntp_from_instant(read)),
		                added_ns, added_ns + 1);
		assert_true(ntp_short_to_ns(told.root_dispersion) >=
		            server.root_dispersion_ns + added_ns);
		assert_true(ntp_ts_diff_ns(told.transmit, told.receive) > 0);
	}
	serve_ntp_write(&from, &server, read, received, 500, buf);
	ntp_header_read(buf, &told);
	assert_true(ntp_ts_diff_ns(told.transmit, told.receive) >= 0);
}

static void every_verdict_has_a_text(void **state)
{
	(void)state;
	for (int v = 0; v < SERVE_VERDICT_COUNT; v++) {
		assert_string_not_equal(serve_verdict_text((enum serve_verdict)v),
		                        "unknown");
	}
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(step_rows) + 3];
	struct CMUnitTest *t = tests;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		*t++ = (struct CMUnitTest){ .name = rows[i].name,
			                    .test_func = check_row,
			                    .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(step_rows); i++) {
		*t++ = (struct CMUnitTest){ .name = step_rows[i].name,
			                    .test_func = step_row,
			                    .initial_state =
			                            (void *)(uintptr_t)&step_rows[i] };
	}
	*t++ = (struct CMUnitTest)cmocka_unit_test(
		transmit_time_is_on_the_side_of_the_receive_time);
	*t++ = (struct CMUnitTest)cmocka_unit_test(what_is_predicted_is_told);
	*t++ = (struct CMUnitTest)cmocka_unit_test(every_verdict_has_a_text);
	return cmocka_run_group_tests_name("serve_ntp", tests, NULL, NULL);
}
