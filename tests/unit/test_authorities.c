/* SPDX-License-Identifier: MIT
 *
 * The digest of the trusted certificates: another one when any of their files has changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/nts/authorities.h"
#include "scratch.h"

#define FIRST "folder/a.pem"

/* Times in the past: so a change within one tick of the clock is seen by what the row is
 * about. */
static void write_file(const char *path, const char *text)
{
	const struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
}

/* Those of the folder, too: only its files tell then. */
static void age_folder(void)
{
	const struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	assert_int_equal(utimensat(AT_FDCWD, "folder", past, 0), 0);
}

static void nothing(void)
{
}

static void edit_file(void)
{
	write_file("ca.pem", "longer");
}

static void replace_file(void)
{
	write_file("new.pem", "same");
	assert_int_equal(rename("new.pem", "ca.pem"), 0);
}

static void touch_file(void)
{
	assert_int_equal(utimensat(AT_FDCWD, "ca.pem", NULL, 0), 0);
}

static void remove_file(void)
{
	assert_int_equal(unlink("ca.pem"), 0);
}

static void edit_in_folder(void)
{
	write_file(FIRST, "longer");
}

static void add_to_folder(void)
{
	write_file("folder/c.pem", "same");
	age_folder();
}

static void remove_from_folder(void)
{
	assert_int_equal(unlink(FIRST), 0);
	age_folder();
}

static void edit_behind_link(void)
{
	write_file("ca.pem", "longer");
}

static const struct change_row {
	const char *name;
	const char *authorities[3];
	size_t count;
	void (*change)(void);
	bool is_seen;
} rows[] = {
	{ "nothing changes", { "ca.pem", "folder", "system" }, 3, nothing, false },
	{ "a file is edited", { "ca.pem" }, 1, edit_file, true },
	{ "a file is replaced by one of the same size and time",
	  { "ca.pem" },
	  1,
	  replace_file,
	  true },
	{ "a file has another time", { "ca.pem" }, 1, touch_file, true },
	{ "a file is removed", { "ca.pem" }, 1, remove_file, true },
	{ "a file is edited, not the first", { "folder", "ca.pem" }, 2, edit_file, true },
	{ "another file is edited", { "folder" }, 1, edit_file, false },
	{ "a file in a directory is edited", { "folder" }, 1, edit_in_folder, true },
	{ "a file is added to a directory", { "folder" }, 1, add_to_folder, true },
	{ "a file is removed from a directory", { "folder" }, 1, remove_from_folder, true },
	{ "the file behind a link is edited", { "link.pem" }, 1, edit_behind_link, true },
};

static void change_row(void **state)
{
	const struct change_row *row = *state;
	uint64_t before;

	assert_non_null(scratch_enter());
	assert_int_equal(mkdir("folder", 0755), 0);
	write_file("ca.pem", "same");
	write_file(FIRST, "same");
	write_file("folder/b.pem", "same");
	assert_int_equal(symlink("ca.pem", "link.pem"), 0);
	age_folder();
	before = authorities_digest(row->authorities, row->count);
	row->change();
	assert_int_equal(authorities_digest(row->authorities, row->count) != before,
	                 row->is_seen);
	assert_int_equal(scratch_leave(), 0);
}

static void lists(void **state)
{
	static const char *const system[] = { "system", "system" };
	static const char *const missing[] = { "/nonexistent/a", "/nonexistent/b" };
	static const char *const turned[] = { "/nonexistent/b", "/nonexistent/a" };
	const uint64_t none = authorities_digest(NULL, 0);

	(void)state;
	assert_true(authorities_digest(system, 1) == none);
	assert_true(authorities_digest(system, 2) != none);
	assert_true(authorities_digest(authorities_system_files,
	                               AUTHORITIES_SYSTEM_FILES) != none);
	assert_true(authorities_digest(missing, 1) != none);
	assert_true(authorities_digest(missing, 1) != authorities_digest(turned, 1));
	assert_true(authorities_digest(missing, 2) != authorities_digest(turned, 2));
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 1];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[n++] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = change_row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(lists);
	return cmocka_run_group_tests_name("authorities", tests, NULL, NULL);
}
