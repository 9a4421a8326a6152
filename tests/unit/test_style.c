/* SPDX-License-Identifier: MIT
 *
 * Columns are not octets; what is plain stays plain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/cli/terminal.h"
#include "core/base/style.h"

static const struct style on_terminal = { .columns = 120,
	                                  .has_utf8 = true,
	                                  .has_color = true };

static void columns(void **state)
{
	(void)state;
	assert_int_equal(style_columns(""), 0);
	assert_int_equal(style_columns("abc"), 3);
	assert_int_equal(style_columns("1 \xc2\xb5s"), 4);
	assert_int_equal(style_columns("\xe2\x86\x92"), 1);
	assert_int_equal(style_columns("\033[31mred\033[0m"), 3);
	assert_int_equal(style_columns("\033["), 0);
	assert_int_equal(style_octets("abc", 2), 2);
	assert_int_equal(style_octets("abc", 9), 3);
	assert_int_equal(style_octets("\xc2\xb5s", 1), 2);
	assert_int_equal(style_octets("\033[31mred", 1), 6);
}

static void signs(void **state)
{
	char plain[] = "1.5 us ", shown[16] = "1.5 us", other[16] = "1.5 ms";

	(void)state;
	style_units(&STYLE_PLAIN, plain);
	assert_string_equal(plain, "1.5 us ");
	style_units(&on_terminal, shown);
	assert_string_equal(shown, "1.5 \xc2\xb5s");
	style_units(&on_terminal, other);
	assert_string_equal(other, "1.5 ms");
	assert_string_equal(style_plus_minus(&STYLE_PLAIN), "+/-");
	assert_string_equal(style_plus_minus(&on_terminal), "\xc2\xb1");
}

static void words(void **state)
{
	char buf[32];
	struct text out = text_to(buf, sizeof(buf));

	(void)state;
	style_word(&out, &STYLE_PLAIN, STYLE_BAD, "no");
	style_word(&out, &on_terminal, STYLE_GOOD, "yes");
	assert_string_equal(buf, "no\033[32myes\033[0m");
}

static void locales(void **state)
{
	static const struct {
		const char *all, *ctype, *lang;
		bool want;
	} rows[] = {
		{ NULL, NULL, NULL, false },
		{ NULL, NULL, "C", false },
		{ NULL, NULL, "C.UTF-8", true },
		{ NULL, NULL, "de_DE.utf8", true },
		{ NULL, NULL, "de_DE.utf8@euro", true },
		{ NULL, NULL, "de_DE.ISO-8859-1", false },
		{ NULL, "C.UTF-8", "C", true },
		{ "C", "C.UTF-8", "C.UTF-8", false },
		{ "", "", "C.UTF-8", true },
		{ NULL, NULL, "UTF-8", false },
	};
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *const values[] = { rows[i].all, rows[i].ctype, rows[i].lang };

		for (size_t k = 0; k < COUNT_OF(names); k++) {
			if (values[k]) {
				setenv(names[k], values[k], 1);
			} else {
				unsetenv(names[k]);
			}
		}
		assert_int_equal(terminal_is_utf8(), rows[i].want);
	}
}

/* A file is no terminal, whatever the environment says; colours can be asked for. */
static void no_terminal(void **state)
{
	struct style style;
	int pipe_fds[2];

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "xterm", 1);
	style = terminal_style(pipe_fds[1], TERMINAL_COLOR_AUTO);
	assert_int_equal(style.columns, 80);
	assert_false(style.has_utf8 || style.has_color);
	style = terminal_style(pipe_fds[1], TERMINAL_COLOR_ALWAYS);
	assert_true(style.has_color);
	assert_false(style.has_utf8);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* ---- word wrap ---- */

static bool is_dash(const char *text, size_t at)
{
	return text[at] == '-';
}

static const struct wrap {
	const char *name, *text;
	size_t column, indent, columns;
	bool (*may_break)(const char *text, size_t at);
	const char *want;
} wraps[] = {
	{ "wrap: nothing", "", 0, 0, 10, NULL, "\n" },
	{ "wrap: it fits to the last column", "0123 56789", 0, 0, 10, NULL,
	  "0123 56789\n" },
	{ "wrap: one column too many", "0123 567890", 0, 0, 10, NULL, "0123\n567890\n" },
	{ "wrap: further lines are indented", "aa bb cc", 0, 2, 5, NULL, "aa bb\n  cc\n" },
	{ "wrap: the first line begins later", "aa bb cc", 4, 0, 8, NULL, "aa\nbb cc\n" },
	{ "wrap: no room in the first line", "aaaa bb", 6, 1, 8, NULL, "\n aaaa bb\n" },
	{ "wrap: a long word is cut", "aaaaaaa bb", 0, 1, 4, NULL, "aaaa\n aaa\n bb\n" },
	{ "wrap: colours take no column", "\033[31maa\033[0m bb", 0, 0, 5, NULL,
	  "\033[31maa\033[0m bb\n" },
	{ "wrap: a character of UTF-8 takes one", "1 \xc2\xb5s bb", 0, 0, 7, NULL,
	  "1 \xc2\xb5s bb\n" },
	{ "wrap: a rule of its own", "a a-b b", 0, 0, 5, is_dash, "a a\n-b b\n" },
	{ "wrap: never", "a b c d", 0, 0, SIZE_MAX, NULL, "a b c d\n" },
};

static void wrap_row(void **state)
{
	const struct wrap *row = *state;
	char buf[64];
	struct text out = text_to(buf, sizeof(buf));

	style_wrap(&out, row->text, row->column, row->indent, row->columns, row->may_break);
	assert_string_equal(buf, row->want);
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(columns),     cmocka_unit_test(signs),
		cmocka_unit_test(words),       cmocka_unit_test(locales),
		cmocka_unit_test(no_terminal),
	};
	struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(wraps)];

	memcpy(tests, single, sizeof(single));
	for (size_t i = 0; i < COUNT_OF(wraps); i++) {
		tests[COUNT_OF(single) + i] =
			(struct CMUnitTest){ .name = wraps[i].name,
			                     .test_func = wrap_row,
			                     .initial_state = (void *)&wraps[i] };
	}
	return cmocka_run_group_tests_name("style", tests, NULL, NULL);
}
