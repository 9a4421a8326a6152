/* SPDX-License-Identifier: MIT
 *
 * Fields and lines as RFC 4180 has them, and nothing that a spreadsheet would run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/csv.h"

static void fields(void **state)
{
	static const char *const names[] = { "one", "two words", "thr,ee" };
	char buf[256];
	struct csv csv = { .out = text_to(buf, sizeof(buf)) };

	(void)state;
	csv_heading(&csv, names, COUNT_OF(names));
	csv_text(&csv, "say \"yes\"");
	csv_text(&csv, "two\r\nlines");
	csv_number(&csv, true, INT64_MIN);
	csv_number(&csv, false, 7);
	csv_empty(&csv, 2);
	csv_text(&csv, "");
	csv_end(&csv);
	csv_text(&csv, "next");
	csv_end(&csv);
	assert_string_equal(buf, "one,two words,\"thr,ee\"\r\n"
	                         "\"say \"\"yes\"\"\",\"two\r\nlines\","
	                         "-9223372036854775808,,,,\r\n"
	                         "next\r\n");
}

static void untrusted(void **state)
{
	char buf[256];
	struct csv csv = { .out = text_to(buf, sizeof(buf)) };

	(void)state;
	csv_untrusted(&csv, "=cmd()");
	csv_untrusted(&csv, "@x");
	csv_untrusted(&csv, "a=b");
	csv_untrusted(&csv, "\033[2J\n");
	csv_untrusted(&csv, "");
	csv_escaped(&csv, "-1\\x0a");
	csv_end(&csv);
	assert_string_equal(buf, "'=cmd(),'@x,a=b,\\x1b[2J\\x0a,,'-1\\x0a\r\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(untrusted),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
