/* SPDX-License-Identifier: MIT
 *
 * Reports for people: whole outputs, and properties of every output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/ntp/refid.h"
#include "core/report/report.h"

#define MS(ms) (INT64_C(ms) * 1000000)
#define S(seconds) (INT64_C(seconds) * 1000000000)

enum { OUTPUT_SIZE = 16384 };

/* clang-format off */
static const struct source_row {
	const char *name, *address, *reason, *text;
	enum source_status status;
	enum scheme scheme;
	uint16_t port;
	unsigned sent, received;
	int stratum;          /* -1: no header */
	int64_t offset_ns, bound_ns, delay_ns; /* bound 0: no estimate */
} mixed[] = {
	{ "time.cloudflare.com", "162.159.200.1", "", "",
	  SOURCE_SELECTED, SCHEME_NTP, 123, 4, 4, 3, 1234567, 4020001, 7812345 },
	{ "0.debian.pool.ntp.org", "2001:db8:12::7:123", "", "",
	  SOURCE_AGREEING, SCHEME_NTP, 123, 4, 3, 2, -512, 31230000, 60000000 },
	{ "ptbtime1.ptb.de", "192.53.103.108", "3.499 s from what the majority agrees on", "",
	  SOURCE_FALSETICKER, SCHEME_NTP, 123, 2, 2, 1, S(3) + 500123456, 12345678, 23456789 },
	{ "2001:DB8::5", "2001:db8::5",
	  "kiss code RATE: asked too often, it is not to be asked again before tomorrow", "",
	  SOURCE_REJECTED, SCHEME_NTP, 123, 1, 1, 0, 0, 0, 0 },
	{ "127.0.0.1", "127.0.0.1", "connection refused", "",
	  SOURCE_UNREACHABLE, SCHEME_REQTIME, 1123, 4, 0, -1, 0, 0, 0 },
	{ "nowhere.example", "", "no such host", "",
	  SOURCE_UNREACHABLE, SCHEME_NTP, 123, 0, 0, -1, 0, 0, 0 },
	{ "::1", "::1", "shown only", "Sunday, November 22, 2026 12:34:56-UTC",
	  SOURCE_REJECTED, SCHEME_DAYTIME, 1013, 1, 1, -1, 0, 0, 0 },
};

static const struct source_row plain[] = {
	{ "192.0.2.1", "192.0.2.1", "", "",
	  SOURCE_SELECTED, SCHEME_NTP, 123, 1, 1, 1, 123456, 512345, MS(1) },
	{ "2001:db8::12", "2001:db8::12", "", "",
	  SOURCE_AGREEING, SCHEME_NTP, 123, 1, 1, 15, -98765, 87654321, 12345678 },
};

/* A clock in 1970, measured on the local network. */
static const struct source_row far[] = {
	{ "a-very-long-name-of-a-server.in-some-department.example.org", "192.0.2.1", "", "",
	  SOURCE_SELECTED, SCHEME_NTP, 123, 1, 1, 1, S(1795350896) + 123456789, 512345, MS(1) },
	{ "a-very-long-name-of-a-server.in-some-department.example.org", "192.0.2.1", "", "",
	  SOURCE_AGREEING, SCHEME_NTP, 1123, 1, 1, 1, -S(7200) - 123456789, 999, MS(1) },
};

static const struct source_row hostile[] = {
	{ "evil\x1b[2J\n\\name\xff.example", "192.0.2.1", "", "",
	  SOURCE_SELECTED, SCHEME_NTP, 123, 1, 1, 1, 123456, 512345, MS(1) },
	{ "no\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b", "192.0.2.1", "", "",
	  SOURCE_SELECTED, SCHEME_NTP, 123, 1, 1, 1, 123456, 512345, MS(1) },
};

#define ROWS(rows) (rows), COUNT_OF(rows)

static const struct table_row {
	const char *name;
	const struct source_row *sources;
	size_t count;
	unsigned columns;
	const char *want;
} table_rows[] = {
	{ "table: mixed, 80 columns", ROWS(mixed), 80,
	  "Server                    St     Offset      +/-     Delay  Smp  Verdict\n"
	  "time.cloudflare.com        3  +1.235 ms  4.03 ms  7.812 ms  4/4  selected\n"
	  "    162.159.200.1\n"
	  "0.debian.pool.ntp.org      2    -512 ns  31.3 ms     60 ms  3/4  agreeing\n"
	  "    2001:db8:12::7:123\n"
	  "ptbtime1.ptb.de            1   +3.500 s  12.5 ms  23.46 ms  2/2  falseticker\n"
	  "    192.53.103.108: 3.499 s from what the majority agrees on\n"
	  "2001:DB8::5                0          -        -         -  1/1  rejected\n"
	  "    kiss code RATE: asked too often, it is not to be asked again before tomorrow\n"
	  "reqtime://127.0.0.1:1123   -          -        -         -  0/4  unreachable\n"
	  "    connection refused\n"
	  "nowhere.example            -          -        -         -  0/0  unreachable\n"
	  "    no such host\n"
	  "daytime://[::1]:1013       -          -        -         -  1/1  rejected\n"
	  "    shown only: it says \"Sunday, November 22, 2026 12:34:56-UTC\"\n" },
	{ "table: mixed, 60 columns", ROWS(mixed), 60,
	  "Server         St    Offset     +/-    Delay Smp Verdict\n"
	  "time.c..re.com  3 +1.235 ms 4.03 ms 7.812 ms 4/4 selected\n"
	  "    162.159.200.1\n"
	  "0.debi..tp.org  2   -512 ns 31.3 ms    60 ms 3/4 agreeing\n"
	  "    2001:db8:12::7:123\n"
	  "ptbtim..ptb.de  1  +3.500 s 12.5 ms 23.46 ms 2/2 falseticker\n"
	  "    192.53.103.108: 3.499 s from what the majority agrees on\n"
	  "2001:DB8::5     0         -       -        - 1/1 rejected\n"
	  "    kiss code RATE: asked too often, it is not to be asked\n"
	  "    again before tomorrow\n"
	  "reqtim..1:1123  -         -       -        - 0/4 unreachable\n"
	  "    connection refused\n"
	  "nowher..xample  -         -       -        - 0/0 unreachable\n"
	  "    no such host\n"
	  "daytim..]:1013  -         -       -        - 1/1 rejected\n"
	  "    shown only: it says \"Sunday, November 22, 2026\n"
	  "    12:34:56-UTC\"\n" },
	{ "table: mixed, 120 columns", ROWS(mixed), 120,
	  "Server                                      Stratum     Offset      +/-     Delay  Samples  Verdict\n"
	  "time.cloudflare.com (162.159.200.1)               3  +1.235 ms  4.03 ms  7.812 ms      4/4  selected\n"
	  "0.debian.pool.ntp.org (2001:db8:12::7:123)        2    -512 ns  31.3 ms     60 ms      3/4  agreeing\n"
	  "ptbtime1.ptb.de (192.53.103.108)                  1   +3.500 s  12.5 ms  23.46 ms      2/2  falseticker\n"
	  "    3.499 s from what the majority agrees on\n"
	  "2001:DB8::5                                       0          -        -         -      1/1  rejected\n"
	  "    kiss code RATE: asked too often, it is not to be asked again before tomorrow\n"
	  "reqtime://127.0.0.1:1123                          -          -        -         -      0/4  unreachable\n"
	  "    connection refused\n"
	  "nowhere.example                                   -          -        -         -      0/0  unreachable\n"
	  "    no such host\n"
	  "daytime://[::1]:1013                              -          -        -         -      1/1  rejected\n"
	  "    shown only: it says \"Sunday, November 22, 2026 12:34:56-UTC\"\n" },
	{ "table: plain, 80 columns", ROWS(plain), 80,
	  "Server        Stratum     Offset      +/-     Delay  Samples  Verdict\n"
	  "192.0.2.1           1  +123.5 us   513 us      1 ms      1/1  selected\n"
	  "2001:db8::12       15  -98.77 us  87.7 ms  12.35 ms      1/1  agreeing\n" },
	{ "table: clocks far off, 80 columns", ROWS(far), 80,
	  "Server                 St                   Offset     +/-  Delay  Smp  Verdict\n"
	  "a-very-lon..ample.org   1  +20779 d 12:34:56.12346  516 us   1 ms  1/1  selected\n"
	  "    192.0.2.1\n"
	  "a-very-lon...org:1123   1      -2 h 00:00.12345679    1 us   1 ms  1/1  agreeing\n"
	  "    192.0.2.1\n" },
	{ "table: hostile names, 80 columns", ROWS(hostile), 80,
	  "Server                               St     Offset     +/-  Delay  Smp  Verdict\n"
	  "evil\\x1b[2J\\x0a\\\\name\\xff.example     1  +123.5 us  513 us   1 ms  1/1  selected\n"
	  "    192.0.2.1\n"
	  "no\\x1b\\x1b\\x1b..\\x1b\\x1b\\x1b\\x1b      1  +123.5 us  513 us   1 ms  1/1  selected\n"
	  "    192.0.2.1\n" },
	{ "table: no sources", NULL, 0, 80, "" },
};

static const struct verdict_row {
	const char *name;
	enum run_status status;
	const char *reason;
	bool has_answer;
	int64_t offset_ns, bound_ns;
	size_t agreeing, asked;
	uint8_t leap;
	const struct plan *plan;
	const char *want;
} verdict_rows[] = {
	{ "verdict: slew forward", RUN_OK, "", true, 12345678, 512345, 3, 4, 0,
	  &(struct plan){ PLAN_SLEW, PLAN_SMALL, 12345678 },
	  "The local clock is behind: offset +12.35 ms +/- 517 us by 3 of 4 servers.\n"
	  "`set` would slew it forward by 12.35 ms, which takes 24.69 s: the offset is\n"
	  "below --step-above.\n" },
	{ "verdict: step back", RUN_OK, "", true, -S(3) - 500123456, 12345, 3, 4, 0,
	  &(struct plan){ PLAN_STEP, PLAN_LARGE, -S(3) - 500123456 },
	  "The local clock is ahead: offset -3.500123 s +/- 12.9 us by 3 of 4 servers.\n"
	  "`set` would step it back by 3.500 s: the offset is not below --step-above.\n" },
	{ "verdict: nothing to do", RUN_OK, "", true, -200000, MS(9), 4, 4, 0,
	  &(struct plan){ PLAN_NONE, PLAN_WITHIN_BOUND, 0 },
	  "The local clock agrees: offset -200 us +/- 9 ms by 4 of 4 servers.\n"
	  "`set` would leave it alone: the offset is within its own bound.\n" },
	{ "verdict: refuse", RUN_OK, "", true, S(183845), MS(9), 4, 4, 0,
	  &(struct plan){ PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(183845) },
	  "The local clock is behind: offset +2 d 03:04:05 +/- 9 ms by 4 of 4 servers.\n"
	  "`set` would refuse: the offset is beyond --refuse-above.\n" },
	{ "verdict: set has refused", RUN_REFUSED, "the offset is beyond", true, S(1001), MS(9), 4, 4, 0,
	  &(struct plan){ PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(1001) },
	  "The local clock is behind: offset +1001 s +/- 9 ms by 4 of 4 servers.\n"
	  "`set` would refuse: the offset is beyond --refuse-above.\n" },
	{ "verdict: one server, no plan", RUN_OK, "", true, MS(20), MS(9), 1, 1, 0, NULL,
	  "The local clock is behind: offset +20 ms +/- 9 ms by a single server.\n" },
	{ "verdict: a leap second", RUN_OK, "", true, MS(20), MS(9), 2, 3, 1,
	  &(struct plan){ PLAN_SLEW, PLAN_ASKED_SLEW, MS(20) },
	  "The local clock is behind: offset +20 ms +/- 9 ms by 2 of 3 servers.\n"
	  "The servers announce that a leap second will be inserted.\n"
	  "`set` would slew it forward by 20 ms, which takes 40 s: --slew was given.\n" },
	{ "verdict: a leap second less", RUN_OK, "", true, MS(20), MS(9), 2, 3, 2, NULL,
	  "The local clock is behind: offset +20 ms +/- 9 ms by 2 of 3 servers.\n"
	  "The servers announce that a leap second will be deleted.\n" },
	{ "verdict: not permitted", RUN_NOT_PERMITTED, "CAP_SYS_TIME is needed", true, MS(20), MS(9), 2, 3, 0,
	  &(struct plan){ PLAN_SLEW, PLAN_SMALL, MS(20) },
	  "The local clock is behind: offset +20 ms +/- 9 ms by 2 of 3 servers.\n"
	  "Not permitted: CAP_SYS_TIME is needed.\n" },
	{ "verdict: no answer", RUN_NO_ANSWER, "", false, 0, 0, 0, 4, 0, NULL,
	  "No trusted time: no server gave a usable answer.\n"
	  "The clock is left alone.\n" },
	{ "verdict: no majority", RUN_NO_MAJORITY, "", false, 0, 0, 2, 4, 0, NULL,
	  "No trusted time: only 2 of 4 servers agree and 3 are needed.\n"
	  "The clock is left alone.\n"
	  "To resolve this, name another server, remove one that is gone, or trust a single\n"
	  "one: reqtime set SERVER.\n" },
	{ "verdict: unsynchronised", RUN_UNSYNCHRONISED, "", false, 0, 0, 0, 4, 0, NULL,
	  "No trusted time: the servers themselves are not synchronised.\n"
	  "The clock is left alone.\n" },
	{ "verdict: its own reason", RUN_NO_MAJORITY,
	  "2 servers agree on +1.2 ms and 2 others on +3.4 s, and there is no other server",
	  false, 0, 0, 2, 4, 0, NULL,
	  "No trusted time: 2 servers agree on +1.2 ms and 2 others on +3.4 s, and there is\n"
	  "no other server.\n"
	  "The clock is left alone.\n"
	  "To resolve this, name another server, remove one that is gone, or trust a single\n"
	  "one: reqtime set SERVER.\n" },
	{ "verdict: a reason that names the way out", RUN_NO_MAJORITY,
	  "1 server says 0 s, 1 says +1 s; name one more server, or trust one alone: reqtime set SERVER",
	  false, 0, 0, 0, 2, 0, NULL,
	  "No trusted time: 1 server says 0 s, 1 says +1 s; name one more server, or trust\n"
	  "one alone: reqtime set SERVER.\n"
	  "The clock is left alone.\n" },
	{ "verdict: busy", RUN_BUSY, "another run holds the lock", false, 0, 0, 0, 4, 0, NULL,
	  "Busy: another run holds the lock.\n"
	  "The clock is left alone.\n" },
	{ "verdict: interrupted", RUN_INTERRUPTED, "", false, 0, 0, 0, 4, 0, NULL,
	  "Interrupted: signal 15.\n"
	  "The clock is left alone.\n" },
	{ "verdict: the most", RUN_OK, "", true, INT64_MIN, INT64_MAX, 4, 4, 0,
	  &(struct plan){ PLAN_STEP, PLAN_LARGE, INT64_MIN },
	  "The local clock is ahead: offset -106751 d 23:47:17 +/- 106751 d 23:47:17 by\n"
	  "4 of 4 servers.\n"
	  "`set` would step it back by 106751 d 23:47:17: the offset is not below\n"
	  "--step-above.\n" },
};

static const struct escape_row {
	const char *octets;
	size_t len, size;
	const char *want;
} escape_rows[] = {
	{ "DENY",          4, 20, "DENY" },
	{ " ~",            2, 20, " ~" },
	{ "\x1b[1m",       4, 20, "\\x1b[1m" },
	{ "a\\b",          3, 20, "a\\\\b" },
	{ "\\x1b",         4, 20, "\\\\x1b" },
	{ "\n\r\t",        3, 20, "\\x0a\\x0d\\x09" },
	{ "\0\x7f\x80\xff", 4, 20, "\\x00\\x7f\\x80\\xff" },
	{ "",              0, 20, "" },
	{ "abcd",          4, 4,  "abc" },
	{ "abcd",          4, 5,  "abcd" },
	{ "ab\x1b",        3, 6,  "ab" },      /* never inside an escape */
	{ "ab\x1b",        3, 7,  "ab\\x1b" },
	{ "ab\\",          3, 4,  "ab" },
	{ "ab\\",          3, 5,  "ab\\\\" },
	{ "\x1b" "abc",    4, 4,  "" },        /* nor the text after it */
	{ "abc",           3, 1,  "" },
};

static const struct refid_row {
	const char *name;
	uint8_t stratum;
	uint8_t refid[4];
	const char *want;
} refid_rows[] = {
	{ "refid: GPS",          1,   { 'G', 'P', 'S', 0 },        "GPS" },
	{ "refid: four letters", 1,   { 'D', 'C', 'F', 'a' },      "DCFa" },
	{ "refid: kiss code",    0,   { 'R', 'A', 'T', 'E' },      "RATE" },
	{ "refid: nothing",      1,   { 0, 0, 0, 0 },              "" },
	{ "refid: NUL inside",   1,   { 'A', 0, 'B', 0 },          "A\\x00B" },
	{ "refid: hostile",      0,   { 0x1b, '[', 0x0a, 0x80 },   "\\x1b[\\x0a\\x80" },
	{ "refid: all hostile",  0,   { 0xff, 0xff, 0xff, 0xff },  "\\xff\\xff\\xff\\xff" },
	{ "refid: an address",   2,   { 192, 0, 2, 1 },            "192.0.2.1" },
	{ "refid: longest",      15,  { 255, 255, 255, 255 },      "255.255.255.255" },
	{ "refid: letters of 2", 2,   { 'G', 'P', 'S', 0 },        "71.80.83.0" },
};
/* clang-format on */

static void fill(struct run_source *source, const struct source_row *row)
{
	*source = (struct run_source){
		.scheme = row->scheme,
		.port = row->port,
		.status = row->status,
		.sent = row->sent,
		.received = row->received,
		.has_header = row->stratum >= 0,
		.stratum = (uint8_t)(row->stratum >= 0 ? row->stratum : 99),
		.has_estimate = row->bound_ns != 0,
		.offset_ns = row->offset_ns,
		.bound_ns = row->bound_ns,
		.delay_ns = row->delay_ns,
	};
	snprintf(source->name, sizeof(source->name), "%s", row->name);
	snprintf(source->reason, sizeof(source->reason), "%s", row->reason);
	snprintf(source->text, sizeof(source->text), "%s", row->text);
	if (row->address[0] != '\0') {
		assert_true(address_parse(row->address, &source->address));
		source->address.port = row->port;
	}
}

/* Lines of printable ASCII, at most `columns` wide, without a blank at the end. */
static void assert_lines(const char *text, size_t columns)
{
	size_t len;

	while (*text != '\0') {
		len = strcspn(text, "\n");
		assert_int_equal(text[len], '\n');
		if (len > columns || len == 0 || text[len - 1] == ' ') {
			fail_msg("%zu columns: \"%.*s\"", columns, (int)len, text);
		}
		for (; len > 0; len--, text++) {
			assert_in_range(*text, 0x20, 0x7e);
		}
		text++;
	}
}

/* The same for a terminal, where octets and columns differ. */
static void assert_columns(char *text, size_t columns)
{
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (style_columns(line) > columns) {
			fail_msg("%zu columns: \"%s\"", columns, line);
		}
	}
}

static void table_row(void **state)
{
	const struct table_row *row = *state;
	struct run_source sources[COUNT_OF(mixed)];
	struct run run = { .sources = sources, .source_count = row->count };
	const struct style style = { .columns = row->columns };
	char buf[OUTPUT_SIZE];
	size_t i, len;

	for (i = 0; i < row->count; i++) {
		fill(&sources[i], &row->sources[i]);
	}
	len = report_table(&run, &style, buf, sizeof(buf));
	assert_int_equal(len, strlen(buf));
	assert_string_equal(buf, row->want);
	assert_lines(buf, row->columns);
}

static void verdict_row(void **state)
{
	const struct verdict_row *row = *state;
	struct run run = {
		.status = row->status,
		.has_answer = row->has_answer,
		.offset_ns = row->offset_ns,
		.bound_ns = row->bound_ns,
		.leap = row->leap,
		.agreeing_count = row->agreeing,
		.asked_count = row->asked,
		.needed_count = 3,
		.signal = 15,
	};
	char buf[OUTPUT_SIZE];
	size_t len;

	snprintf(run.reason, sizeof(run.reason), "%s", row->reason);
	len = report_verdict(&run, row->plan, &STYLE_PLAIN, buf, sizeof(buf));
	assert_int_equal(len, strlen(buf));
	assert_string_equal(buf, row->want);
	assert_lines(buf, 80);
}

static void escape_row(void **state)
{
	const struct escape_row *row = *state;
	char buf[32];

	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(
		text_escape((const uint8_t *)row->octets, row->len, buf, row->size),
		strlen(row->want));
	assert_string_equal(buf, row->want);
	assert_int_equal(buf[row->size], 0x5a);
	assert_int_equal(text_escape((const uint8_t *)row->octets, row->len, NULL, 0), 0);
}

static void refid_row(void **state)
{
	const struct refid_row *row = *state;
	char buf[20];

	assert_int_equal(refid_format(row->stratum, row->refid, buf, sizeof(buf)),
	                 strlen(row->want));
	assert_string_equal(buf, row->want);
}

/* Like snprintf(): in any buffer the start of the text, and always its whole length. */
static void every_size(void **state)
{
	struct run_source sources[COUNT_OF(mixed)];
	struct run run = { .has_answer = true,
		           .offset_ns = MS(20),
		           .sources = sources,
		           .source_count = COUNT_OF(mixed) };
	char whole[OUTPUT_SIZE], buf[OUTPUT_SIZE];
	size_t len, size, i;

	(void)state;
	for (i = 0; i < COUNT_OF(mixed); i++) {
		fill(&sources[i], &mixed[i]);
	}
	len = report_table(&run, &STYLE_PLAIN, whole, sizeof(whole));
	assert_int_equal(report_table(&run, &STYLE_PLAIN, NULL, 0), len);
	assert_int_equal(report_verdict(&run, NULL, &STYLE_PLAIN, NULL, 0),
	                 report_verdict(&run, NULL, &STYLE_PLAIN, buf, sizeof(buf)));
	for (size = 1; size <= len + 1; size++) {
		memset(buf, 0x5a, size + 1);
		assert_int_equal(report_table(&run, &STYLE_PLAIN, buf, size), len);
		assert_memory_equal(buf, whole, size - 1);
		assert_int_equal(buf[size - 1], 0);
		assert_int_equal(buf[size], 0x5a);
	}
}

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* No line is too long in any terminal, whatever a run found. */
static void every_width(void **state)
{
	uint64_t random = UINT64_C(88172645463325252);
	struct run_source sources[3];
	struct run run = { .sources = sources, .source_count = COUNT_OF(sources) };
	char buf[OUTPUT_SIZE];
	struct style style;
	size_t i, at, len;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < COUNT_OF(sources); i++) {
			fill(&sources[i],
			     &mixed[(size_t)(next_random(&random) % COUNT_OF(mixed))]);
			len = (size_t)(next_random(&random) % (SERVER_HOST_SIZE - 1));
			for (at = 0; at < len && next_random(&random) % 64 != 0; at++) {
				sources[i].name[at] =
					(char)(1 + next_random(&random) % 255);
			}
			sources[i].has_estimate = true;
			sources[i].offset_ns =
				(int64_t)next_random(&random) >> next_random(&random) % 64;
			sources[i].bound_ns = (int64_t)(next_random(&random) >>
			                                (1 + next_random(&random) % 63));
			sources[i].delay_ns = (int64_t)(next_random(&random) >>
			                                (1 + next_random(&random) % 63));
		}
		style = (struct style){ .columns = 60 +
			                           (unsigned)(next_random(&random) % 141) };
		assert_true(report_table(&run, &style, buf, sizeof(buf)) < sizeof(buf));
		assert_lines(buf, style.columns);
		style.has_utf8 = true;
		style.has_color = round % 2 == 0;
		assert_true(report_table(&run, &style, buf, sizeof(buf)) < sizeof(buf));
		assert_columns(buf, style.columns);
	}
}

/* The printed interval must hold as well: rounding may only widen it. */
static void printed_bound_holds(void **state)
{
	static const struct {
		const char *name;
		long double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3L }, { "ms", 1e6L }, { "s", 1e9L } };
	uint64_t random = UINT64_C(521288629521288629);
	struct run run = { .has_answer = true, .asked_count = 1 };
	long double offset, bound, lowest, highest;
	char buf[OUTPUT_SIZE], offset_unit[8], bound_unit[8];
	size_t i;
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		run.offset_ns =
			(int64_t)next_random(&random) >> (21 + next_random(&random) % 42);
		run.bound_ns =
			(int64_t)(next_random(&random) >> (22 + next_random(&random) % 42));
		if (run.offset_ns <= -S(3599) || run.offset_ns >= S(3599) ||
		    run.bound_ns >= S(3500)) {
			continue;
		}
		report_verdict(&run, NULL, &STYLE_PLAIN, buf, sizeof(buf));
		assert_int_equal(sscanf(strstr(buf, "offset ") + 7,
		                        "%Lf %2[nums] +/- %Lf %2[nums]", &offset,
		                        offset_unit, &bound, bound_unit),
		                 4);
		for (i = 0; i < COUNT_OF(units); i++) {
			offset *= strcmp(offset_unit, units[i].name) == 0 ? units[i].ns : 1;
			bound *= strcmp(bound_unit, units[i].name) == 0 ? units[i].ns : 1;
		}
		lowest = (long double)(run.offset_ns - run.bound_ns);
		highest = (long double)(run.offset_ns + run.bound_ns);
		if (offset - bound > lowest + 1e-3L || offset + bound < highest - 1e-3L ||
		    bound > 1.07L * (long double)run.bound_ns + 2) {
			fail_msg("%lld +/- %lld: %s", (long long)run.offset_ns,
			         (long long)run.bound_ns, buf);
		}
	}
}

#define ADD_ROWS(rows, text, function)                                                     \
	for (i = 0; i < COUNT_OF(rows); i++) {                                             \
		tests[count++] =                                                           \
			(struct CMUnitTest){ .name = (rows)[i].text,                       \
			                     .test_func = (function),                      \
			                     .initial_state = (void *)&(rows)[i] };        \
	}

/* The time is by the answer of the run, or by the clock without one, to the nearest
 * second. */
static void rule_has_the_time(void **state)
{
	static const struct style narrow = { .columns = 60, .has_utf8 = true };
	struct run run = { .at = { INT64_C(1795608000) * NS_PER_S } };
	char buf[400];
	size_t len;

	(void)state;
	len = report_rule(&run, &STYLE_PLAIN, buf, sizeof(buf));
	assert_string_equal(buf,
	                    "-- 2026-11-25 12:00:00 UTC ---------------------------------"
	                    "--------------------\n");
	assert_int_equal(len, 81);
	assert_int_equal(report_rule(&run, &STYLE_UNWRAPPED, buf, sizeof(buf)), 81);
	run.has_answer = true;
	run.offset_ns = -3600 * NS_PER_S - NS_PER_S / 4;
	report_rule(&run, &narrow, buf, sizeof(buf));
	assert_int_equal(style_columns(buf), 60 + 1); /* the line feed */
	assert_non_null(strstr(buf, "\xe2\x94\x80 2026-11-25 11:00:00 UTC \xe2\x94\x80"));
	assert_int_equal(report_rule(&run, &narrow, NULL, 0), strlen(buf));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(rule_has_the_time),
		cmocka_unit_test(every_size),
		cmocka_unit_test(every_width),
		cmocka_unit_test(printed_bound_holds),
	};
	static struct CMUnitTest tests[COUNT_OF(table_rows) + COUNT_OF(verdict_rows) +
	                               COUNT_OF(escape_rows) + COUNT_OF(refid_rows) +
	                               COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	ADD_ROWS(table_rows, name, table_row);
	ADD_ROWS(verdict_rows, name, verdict_row);
	ADD_ROWS(escape_rows, want, escape_row);
	ADD_ROWS(refid_rows, name, refid_row);
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
