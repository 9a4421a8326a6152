/* SPDX-License-Identifier: MIT
 *
 * Configuration files: which entries are read, and which files are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/config.h"

static char path[64];

/* The entries read, as one text: "[section]@line;" and "section.key=value@line;". */
struct taken {
	char text[512];
	unsigned stop_at; /* the line whose entry is refused with 42; 0: none */
};

static int take(void *ctx, const struct config_entry *entry)
{
	struct taken *t = ctx;
	size_t len = strlen(t->text);

	if (entry->key) {
		snprintf(t->text + len, sizeof(t->text) - len, "%s.%s=%s@%u;",
		         entry->section, entry->key, entry->value, entry->line);
	} else {
		snprintf(t->text + len, sizeof(t->text) - len, "[%s]@%u;", entry->section,
		         entry->line);
	}
	return entry->line == t->stop_at ? 42 : 0;
}

static void file_write(const char *text, size_t len, mode_t mode)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/reqtime-config.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

struct row {
	const char *name;
	const char *text;
	int want;
	const char *taken;
	unsigned line; /* of the error */
	const char *reason;
};

/* clang-format off */
static const struct row rows[] = {
	{ "nothing",               "", 0, "", 0, NULL },
	{ "comments and blanks",   "# one\n\n; two\n", 0, "", 0, NULL },
	{ "without a section",     "a = 1\nb=2\n", 0, ".a=1@1;.b=2@2;", 0, NULL },
	{ "sections",              "[s]\na = 1\n[t]\na = 2\n", 0, "[s]@1;s.a=1@2;[t]@3;t.a=2@4;", 0, NULL },
	{ "no line feed at the end", "a = 1", 0, ".a=1@1;", 0, NULL },
	{ "carriage returns",      "a = 1\r\nb = 2\r\n", 0, ".a=1@1;.b=2@2;", 0, NULL },
	{ "comment behind a value", "a = 1 ; one\n", 0, ".a=1@1;", 0, NULL },
	{ "indented lines",        "[s]\n  a = 1\n\tb = 2\n \n  # no\n  a = 3", 0, "[s]@1;s.a=1@2;s.b=2@3;s.a=3@6;", 0, NULL },
	{ "blanks at the end",     "a = 1\n   ", 0, ".a=1@1;", 0, NULL },
	{ "byte order mark",       "\xef\xbb\xbf" "a = 1\n", 0, ".a=1@1;", 0, NULL },
	{ "byte order mark before a section", "\xef\xbb\xbf[s]\na = 1\n", 0, "[s]@1;s.a=1@2;", 0, NULL },
	{ "nothing but a byte order mark", "\xef\xbb\xbf", 0, "", 0, NULL },
	{ "UTF-16",                "\xff\xfe" "a", -EINVAL, "", 0, "UTF-16" },
	{ "UTF-16, most significant octet first", "\xfe\xff" "a", -EINVAL, "", 0, "UTF-16" },
	{ "an empty section", "[s]\n", 0, "[s]@1;", 0, NULL },
	{ "... indented, and a comment behind it", "a = 1\n  [s] ; one\n", 0, ".a=1@1;[s]@2;", 0, NULL },
	{ "no blanks, many blanks", "a=1\nb   =   2   \n", 0, ".a=1@1;.b=2@2;", 0, NULL },
	{ "empty value",           "a =\n", 0, ".a=@1;", 0, NULL },
	{ "twice: both are reported",  "a = 1\na = 2\n", 0, ".a=1@1;.a=2@2;", 0, NULL },
	{ "letters beyond ASCII",  "a = \xc3\xbc\n", 0, ".a=\xc3\xbc@1;", 0, NULL },
	{ "neither key nor section", "a = 1\nwhat\n", -EINVAL, ".a=1@1;", 2, "neither" },
	{ "section without an end", "[s\n", -EINVAL, "", 1, "neither" },
	{ "escape octet",          "a = 1\nb = \033[2J\n", -EINVAL, "", 2, "control" },
	{ "delete octet",          "a = \177\n", -EINVAL, "", 1, "control" },
};
/* clang-format on */

static void read_row(void **state)
{
	const struct row *row = *state;
	struct config_error error = { .line = 0 };
	struct taken taken = { .stop_at = 0 };

	file_write(row->text, strlen(row->text), 0600);
	assert_int_equal(config_read(path, take, &taken, &error), row->want);
	unlink(path);
	assert_string_equal(taken.text, row->taken);
	if (row->want < 0) {
		assert_int_equal(error.line, row->line);
		assert_non_null(strstr(error.reason, row->reason));
	}
}

static void a_nul_octet_is_refused(void **state)
{
	struct config_error error = { .line = 0 };
	struct taken taken = { .stop_at = 0 };

	(void)state;
	file_write("a = 1\nb\0c = 2\n", 14, 0600);
	assert_int_equal(config_read(path, take, &taken, &error), -EINVAL);
	unlink(path);
	assert_int_equal(error.line, 2);
	assert_string_equal(taken.text, "");
}

static void the_first_refusal_ends_it(void **state)
{
	struct config_error error = { .line = 0 };
	struct taken taken = { .stop_at = 2 };

	(void)state;
	file_write("a = 1\nb = 2\nc = 3\n", 18, 0600);
	assert_int_equal(config_read(path, take, &taken, &error), 42);
	unlink(path);
	assert_string_equal(taken.text, ".a=1@1;.b=2@2;");
}

static void long_lines(void **state)
{
	char text[CONFIG_LINE_MAX + 2];
	struct config_error error = { .line = 0 };
	struct taken taken = { .stop_at = 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[1] = '=';
	text[CONFIG_LINE_MAX] = '\n';
	file_write(text, CONFIG_LINE_MAX + 1, 0600);
	assert_int_equal(config_read(path, take, &taken, &error), 0);
	unlink(path);
	assert_int_equal(strlen(taken.text), CONFIG_LINE_MAX - 2 + 6);
	text[CONFIG_LINE_MAX] = 'x';
	text[CONFIG_LINE_MAX + 1] = '\n';
	file_write(text, CONFIG_LINE_MAX + 2, 0600);
	assert_int_equal(config_read(path, take, &taken, &error), -EINVAL);
	unlink(path);
	assert_int_equal(error.line, 1);
}

static void size_is_limited(void **state)
{
	char *text = malloc(CONFIG_OCTETS_MAX + 1);
	struct config_error error = { .line = 9 };
	struct taken taken = { .stop_at = 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '\n', CONFIG_OCTETS_MAX + 1);
	file_write(text, CONFIG_OCTETS_MAX, 0600);
	assert_int_equal(config_read(path, take, &taken, &error), 0);
	unlink(path);
	file_write(text, CONFIG_OCTETS_MAX + 1, 0600);
	assert_int_equal(config_read(path, take, &taken, &error), -EINVAL);
	unlink(path);
	assert_int_equal(error.line, 0);
	free(text);
}

static void not_a_file_of_ours(void **state)
{
	struct config_error error = { .line = 9 };
	struct taken taken = { .stop_at = 0 };

	(void)state;
	file_write("a = 1\n", 6, 0602);
	assert_int_equal(config_read(path, take, &taken, &error), -EINVAL);
	assert_non_null(strstr(error.reason, "chmod"));
	unlink(path);
	assert_int_equal(config_read(path, take, &taken, &error), -ENOENT);
	assert_int_equal(config_read("/", take, &taken, &error), -EINVAL);
	assert_int_equal(config_read("/dev/zero", take, &taken, &error), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(config_read(path, take, &taken, &error), -EINVAL);
	unlink(path);
	assert_string_equal(taken.text, "");
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_nul_octet_is_refused),
		cmocka_unit_test(the_first_refusal_ends_it),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(not_a_file_of_ours),
	};
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(others)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = read_row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	memcpy(tests + COUNT_OF(rows), others, sizeof(others));
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
