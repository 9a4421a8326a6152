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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),     cmocka_unit_test(signs),
		cmocka_unit_test(words),       cmocka_unit_test(locales),
		cmocka_unit_test(no_terminal),
	};

	return cmocka_run_group_tests_name("style", tests, NULL, NULL);
}
