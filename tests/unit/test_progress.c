/* SPDX-License-Identifier: MIT
 *
 * The words of the progress line, which must fit on its line.
 */
#include "cmd/cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
static const struct run_source four[] = {
	{ .name = "a.example", .scheme = SCHEME_NTP, .port = 123 },
	{ .name = "b.example", .scheme = SCHEME_NTP, .port = 123, .sent = 1, .received = 1 },
	{ .name = "2001:db8::1", .scheme = SCHEME_NTP, .port = 1123, .sent = 2 },
	{ .name = "c.example", .scheme = SCHEME_NTP, .port = 1123, .sent = 1 },
};
static const struct run_source failed[] = {
	{ .name = "a.example", .scheme = SCHEME_NTP, .port = 123, .reason = "no such name" },
	{ .name = "b.example", .scheme = SCHEME_REQTIME, .port = 9191 },
};
static const struct run_source hostile[] = {
	{ .name = "x\x1b[2J\ny", .scheme = SCHEME_NTP, .port = 123 },
};

static const struct line_row {
	const char *name;
	const struct run_source *sources;
	size_t count, outstanding;
	int64_t took_ns;
	unsigned columns;
	const char *want;
} line_rows[] = {
	{ "who has been heard is not named", four, 4, 3, 1234 * NS_PER_MS, 100,
	  "waiting for 3 of 4 servers: a.example, [2001:db8::1]:1123, c.example:1123  1.2 s" },
	{ "nor who has failed", failed, 2, 1, 599 * NS_PER_MS, 80,
	  "waiting for 1 of 2 servers: b.example  0.5 s" },
	{ "one server", four, 1, 1, 61 * NS_PER_S, 80,
	  "waiting for 1 of 1 server: a.example  61.0 s" },
	{ "a further exchange with one that was heard", four + 1, 1, 1, NS_PER_S, 80,
	  "waiting for 1 of 1 server  1.0 s" },
	{ "as many names as fit", four, 4, 3, NS_PER_S, 60,
	  "waiting for 3 of 4 servers: a.example, ...  1.0 s" },
	{ "no name fits", four, 4, 3, NS_PER_S, 44,
	  "waiting for 3 of 4 servers  1.0 s" },
	{ "not even the time fits", four, 4, 3, NS_PER_S, 30,
	  "waiting for 3 of 4 servers" },
	{ "a very narrow terminal", four, 4, 3, NS_PER_S, 1,
	  "waiting for 3 of 4 " },
	{ "foreign octets", hostile, 1, 1, NS_PER_S, 80,
	  "waiting for 1 of 1 server: x\\x1b[2J\\x0ay  1.0 s" },
};
/* clang-format on */

static void line_row(void **state)
{
	const struct line_row *row = *state;
	struct run_source sources[COUNT_OF(four)];
	struct run run = { .sources = sources, .source_count = row->count };
	char buf[PROGRESS_LINE_SIZE];
	size_t len;

	memcpy(sources, row->sources, row->count * sizeof(sources[0]));
	len = progress_line(&run, row->outstanding, row->took_ns, row->columns, buf);
	assert_string_equal(buf, row->want);
	assert_int_equal(len, strlen(buf));
}

/* For any terminal and names it is shorter than the line and the buffer. */
static void keeps_to_its_line(void **state)
{
	static struct run_source sources[64];
	struct run run = { .sources = sources, .source_count = COUNT_OF(sources) };
	char buf[PROGRESS_LINE_SIZE];
	unsigned columns;
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT_OF(sources); i++) {
		sources[i].port = 123;
		memset(sources[i].name, i % 7 == 0 ? '\x1b' : 'n', 1 + i * 4 % 255);
	}
	for (columns = 0; columns < 2000; columns++) {
		memset(buf, '!', sizeof(buf));
		len = progress_line(&run, 64, columns * NS_PER_S, columns, buf);
		assert_int_equal(len, strlen(buf));
		assert_true(len < (columns < 20 ? 20 : columns));
	}
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(line_rows) + 1] = {
		cmocka_unit_test(keeps_to_its_line),
	};
	size_t i;

	for (i = 0; i < COUNT_OF(line_rows); i++) {
		tests[i + 1] =
			(struct CMUnitTest){ .name = line_rows[i].name,
			                     .test_func = line_row,
			                     .initial_state = (void *)&line_rows[i] };
	}
	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
