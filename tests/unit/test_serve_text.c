/* SPDX-License-Identifier: MIT
 *
 * The requests that the text services accept, and the number of answers they give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/server/text.h"

#define MONO_NS (1000 * NS_PER_S)

struct row {
	const char *name;
	enum serve_service service;
	const char *octets;
	uint8_t from; /* first octet of the sender's address */
	uint16_t port;
	bool is_usable;
	enum serve_verdict want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "reqtime",                   SERVE_REQTIME, "reqtime",               192, 40000, true,  SERVE_ANSWER },
	{ "reqtime LF",                SERVE_REQTIME, "reqtime\n",             192, 40000, true,  SERVE_ANSWER },
	{ "reqtime CR LF",             SERVE_REQTIME, "reqtime\r\n",           192, 40000, true,  SERVE_ANSWER },
	{ "reqtime LF padding",        SERVE_REQTIME, "reqtime\n..............", 192, 40000, true,  SERVE_ANSWER },
	{ "reqtime blank",             SERVE_REQTIME, "reqtime ",              192, 40000, true,  SERVE_NO_REQUEST },
	{ "an empty line first",       SERVE_REQTIME, "\nreqtime\n",           192, 40000, true,  SERVE_NO_REQUEST },
	{ "nothing",                   SERVE_REQTIME, "",                      192, 40000, true,  SERVE_NO_REQUEST },
	{ "our own answer",            SERVE_REQTIME, "2026-11-22T12:34:56.123456789Z\n", 192, 40000, true, SERVE_NO_REQUEST },
	{ "time: nothing",             SERVE_TIME,    "",                      192, 40000, true,  SERVE_ANSWER },
	{ "time: anything",            SERVE_TIME,    "x",                     192, 40000, true,  SERVE_NO_REQUEST },
	{ "time: its own answer",      SERVE_TIME,    "\xee\xad\x5f\xf0",      192, 40000, true,  SERVE_NO_REQUEST },
	{ "time: a request line",      SERVE_TIME,    "reqtime\n",             192, 40000, true,  SERVE_NO_REQUEST },
	{ "daytime: anything",         SERVE_DAYTIME, "x",                     192, 40000, true,  SERVE_NO_REQUEST },
	{ "daytime: its own answer",   SERVE_DAYTIME, "Sunday, November 22, 2026 12:34:56-UTC\r\n", 192, 40000, true, SERVE_NO_REQUEST },
	{ "reqtime: answer of time",   SERVE_REQTIME, "\xee\xad\x5f\xf0",      192, 40000, true,  SERVE_NO_REQUEST },
	{ "daytime: nothing",          SERVE_DAYTIME, "",                      192, 40000, true,  SERVE_ANSWER },
	{ "from echo",                 SERVE_TIME,    "",                      192, 7,     true,  SERVE_SMALL_PORT },
	{ "from daytime",              SERVE_TIME,    "",                      192, 13,    true,  SERVE_SMALL_PORT },
	{ "from qotd",                 SERVE_DAYTIME, "",                      192, 17,    true,  SERVE_SMALL_PORT },
	{ "from chargen",              SERVE_REQTIME, "reqtime",               192, 19,    true,  SERVE_SMALL_PORT },
	{ "from time, loopback too",   SERVE_TIME,    "",                      127, 37,    true,  SERVE_SMALL_PORT },
	{ "from DNS",                  SERVE_TIME,    "",                      192, 53,    true,  SERVE_SMALL_PORT },
	{ "from the last of them",     SERVE_DAYTIME, "",                      192, 1023,  true,  SERVE_SMALL_PORT },
	{ "reqtime from below 1024",   SERVE_REQTIME, "reqtime",               192, 1023,  true,  SERVE_SMALL_PORT },
	{ "from the first port after", SERVE_TIME,    "",                      192, 1024,  true,  SERVE_ANSWER },
	{ "reqtime, time not known",   SERVE_REQTIME, "reqtime",               192, 40000, false, SERVE_UNKNOWN_TIME },
	{ "time, not known",           SERVE_TIME,    "",                      127, 40000, false, SERVE_UNKNOWN_TIME },
};
/* clang-format on */

static struct udp_listen_datagram datagram_of(const struct row *row)
{
	return (struct udp_listen_datagram){
		.octets = (const uint8_t *)row->octets,
		.len = strlen(row->octets),
		.is_answerable = true,
		.from = { .family = ADDRESS_IPV4,
		          .octets = { row->from, 0, 2, 1 },
		          .port = row->port },
	};
}

static void check_row(void **state)
{
	const struct row *row = *state;
	const struct serve_view view = { .is_usable = row->is_usable };
	struct udp_listen_datagram datagram = datagram_of(row);

	assert_int_equal(serve_text_check(row->service, &datagram, &view), row->want);
	datagram.is_cut = true;
	assert_int_equal(serve_text_check(row->service, &datagram, &view), SERVE_CUT);
	datagram.is_answerable = false;
	assert_int_equal(serve_text_check(row->service, &datagram, &view),
	                 SERVE_NOT_FOR_US);
}

static unsigned answers_of(struct serve_budget *budget, enum access_verdict access,
                           uint8_t from, unsigned asked, int64_t mono_ns, int64_t every_ns)
{
	const struct address client = { .family = ADDRESS_IPV4,
		                        .octets = { from, 0, 2, 1 },
		                        .port = 40000 };
	unsigned answered = 0;

	for (unsigned i = 0; i < asked; i++) {
		answered += serve_text_access(access, &client, budget,
		                              mono_ns + i * every_ns) == SERVE_ANSWER;
	}
	return answered;
}

static unsigned answers_in(struct serve_budget *budget, uint8_t from, unsigned asked,
                           int64_t mono_ns, int64_t every_ns)
{
	return answers_of(budget, ACCESS_ANSWER, from, asked, mono_ns, every_ns);
}

static void a_burst_then_a_rate(void **state)
{
	struct serve_budget budget = { 0 };

	(void)state;
	assert_int_equal(answers_in(&budget, 192, 10000, MONO_NS, 0), SERVE_TEXT_BURST);
	/* Ten seconds, a hundred thousand requests. */
	assert_in_range(answers_in(&budget, 192, 100000, MONO_NS, 100 * NS_PER_US),
	                10 * SERVE_TEXT_PER_S - 1, 10 * SERVE_TEXT_PER_S + 1);
	/* Idle for a year: one burst, not a year of them. */
	assert_int_equal(answers_in(&budget, 192, 10000, MONO_NS + 31536000 * NS_PER_S, 0),
	                 SERVE_TEXT_BURST);
}

static void loopback_has_no_rate(void **state)
{
	struct serve_budget budget = { 0 };

	(void)state;
	assert_int_equal(answers_in(&budget, 127, 10000, MONO_NS, 0), 10000);
	assert_int_equal(answers_in(&budget, 192, 10000, MONO_NS, 0), SERVE_TEXT_BURST);
	assert_int_equal(answers_in(&budget, 127, 10, MONO_NS, 0), 10);
}

/* A client that is denied, or has exceeded its own rate, takes nothing from the shared
 * budget. */
static void a_flooder_leaves_the_others_theirs(void **state)
{
	struct serve_budget budget = { 0 };

	(void)state;
	assert_int_equal(answers_of(&budget, ACCESS_DENIED, 192, 10000, MONO_NS, 0), 0);
	assert_int_equal(answers_of(&budget, ACCESS_DROP, 192, 10000, MONO_NS, 0), 0);
	assert_int_equal(answers_of(&budget, ACCESS_KISS, 192, 10000, MONO_NS, 0), 0);
	/* A quarter of 20,000 requests a second beyond its rate is answered by chance: the
	 * remaining budget, for a second, while another client sends ten requests in it. */
	for (int64_t at_ns = MONO_NS; at_ns < MONO_NS + NS_PER_S; at_ns += NS_PER_S / 10) {
		(void)answers_of(&budget, ACCESS_LEAKED, 192, 500, at_ns, NS_PER_S / 5000);
		assert_int_equal(answers_of(&budget, ACCESS_ANSWER, 198, 1,
		                            at_ns + NS_PER_S / 10, 0),
		                 1);
	}
	assert_int_equal(
		answers_of(&budget, ACCESS_LEAKED, 192, 10000, MONO_NS + NS_PER_S, 0), 0);
	assert_int_equal(answers_of(&budget, ACCESS_ANSWER, 198, 10000, MONO_NS + NS_PER_S,
	                            0) > SERVE_TEXT_BURST / 2 - 20,
	                 1);
}

struct line_row {
	const char *name;
	const char *octets;
	bool is_end;
	enum serve_line want;
};

/* clang-format off */
static const struct line_row line_rows[] = {
	{ "line: nothing yet",        "",              false, SERVE_LINE_PART },
	{ "line: nothing, closed",    "",              true,  SERVE_LINE_OTHER },
	{ "line: reqtim",             "reqtim",        false, SERVE_LINE_PART },
	{ "line: reqtim, closed",     "reqtim",        true,  SERVE_LINE_OTHER },
	{ "line: reqtime",            "reqtime",       false, SERVE_LINE_REQUEST },
	{ "line: reqtime, closed",    "reqtime",       true,  SERVE_LINE_REQUEST },
	{ "line: reqtime LF",         "reqtime\n",     false, SERVE_LINE_REQUEST },
	{ "line: reqtime CR",         "reqtime\r",     false, SERVE_LINE_REQUEST },
	{ "line: reqtime CR LF more", "reqtime\r\nx",  false, SERVE_LINE_REQUEST },
	{ "line: reqtimes",           "reqtimes",      false, SERVE_LINE_OTHER },
	{ "line: rex",                "rex",           false, SERVE_LINE_OTHER },
	{ "line: GET /",              "GET / HTTP/1.1\r\n", false, SERVE_LINE_OTHER },
};
/* clang-format on */

static void line_row(void **state)
{
	const struct line_row *row = *state;

	assert_int_equal(serve_line_check((const uint8_t *)row->octets, strlen(row->octets),
	                                  row->is_end),
	                 row->want);
}

static void what_is_written(void **state)
{
	/* 2026-11-22 12:34:56.123456789, a Sunday; 4004339696 s after 1900. */
	const struct instant at = { INT64_C(1795350896123456789) };
	static const uint8_t seconds[4] = { 0xee, 0xad, 0x5f, 0xf0 };
	uint8_t buf[SERVE_TEXT_SIZE];

	(void)state;
	assert_int_equal(serve_text_write(SERVE_REQTIME, at, buf), 31);
	assert_memory_equal(buf, "2026-11-22T12:34:56.123456789Z\n", 31);
	assert_int_equal(serve_text_write(SERVE_TIME, at, buf), 4);
	assert_memory_equal(buf, seconds, 4);
	assert_int_equal(serve_text_write(SERVE_DAYTIME, at, buf), 40);
	assert_memory_equal(buf, "Sunday, November 22, 2026 12:34:56-UTC\r\n", 40);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_burst_then_a_rate),
		cmocka_unit_test(loopback_has_no_rate),
		cmocka_unit_test(a_flooder_leaves_the_others_theirs),
		cmocka_unit_test(what_is_written),
	};
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(line_rows) + COUNT_OF(others)];
	struct CMUnitTest *t = tests;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		*t++ = (struct CMUnitTest){ .name = rows[i].name,
			                    .test_func = check_row,
			                    .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(line_rows); i++) {
		*t++ = (struct CMUnitTest){ .name = line_rows[i].name,
			                    .test_func = line_row,
			                    .initial_state =
			                            (void *)(uintptr_t)&line_rows[i] };
	}
	memcpy(t, others, sizeof(others));
	return cmocka_run_group_tests_name("serve_text", tests, NULL, NULL);
}
