/* SPDX-License-Identifier: MIT
 *
 * Landlock: what can be reached afterwards, and what cannot.  Each attempt in a process of its own.
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/landlock.h"

enum { NONE = 77, BROKEN = 78 };

static char readable[64], writable[64], other[64];

static int reach(const char *folder, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? errno : 0;
}

static int read_readable(void)
{
	return reach(readable, O_RDONLY);
}
static int list(const char *folder)
{
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? errno : 0;
}
static int list_readable(void)
{
	return list(readable);
}
static int list_other(void)
{
	return list(other);
}
static int write_readable(void)
{
	return reach(readable, O_WRONLY);
}
static int read_writable(void)
{
	return reach(writable, O_RDONLY);
}
static int replace_writable(void)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/new", writable);
	snprintf(to, sizeof(to), "%s/file", writable);
	return open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) < 0 ||
	                       rename(from, to) < 0
	               ? errno
	               : 0;
}
static int read_other(void)
{
	return reach(other, O_RDONLY);
}
static int write_other(void)
{
	return reach(other, O_WRONLY | O_CREAT);
}
static int read_system(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}
static int run_program(void)
{
	static char name[] = "/bin/true";
	char *const argv[] = { name, NULL };

	execv(name, argv);
	return errno;
}

static const struct row {
	const char *name;
	int (*attempt)(void);
	bool is_named; /* the folders are named; else nothing is */
	int want;
} rows[] = {
	/* clang-format off */
	{ "read where that is allowed",       read_readable,    true,  0 },
	{ "see what there is",                list_readable,    true,  0 },
	{ "see what there is elsewhere",      list_other,       true,  EACCES },
	{ "write there",                      write_readable,   true,  EACCES },
	{ "replace a file where that is",     replace_writable, true,  0 },
	{ "read there",                       read_writable,    true,  EACCES },
	{ "read elsewhere",                   read_other,       true,  EACCES },
	{ "make a file elsewhere",            write_other,      true,  EACCES },
	{ "read a file of the system",        read_system,      true,  EACCES },
	{ "run a program",                    run_program,      true,  EACCES },
	{ "nothing named: read",              read_readable,    false, EACCES },
	{ "nothing named: replace",           replace_writable, false, EACCES },
	{ "nothing named: run",               run_program,      false, EACCES },
	/* clang-format on */
};

static void attempt_row(void **state)
{
	const struct landlock_folder folders[] = { { .path = readable, .may_read = true },
		                                   { .path = writable,
		                                     .may_write = true } };
	const struct row *row = *state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int r;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0) {
			_exit(BROKEN);
		}
		r = landlock_enter(folders, row->is_named ? COUNT_OF(folders) : 0);
		_exit(r == -ENOSYS ? NONE : r < 0 ? BROKEN : row->attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NONE) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), row->want);
}

static void a_folder_that_is_not_there(void **state)
{
	const struct landlock_folder none = { .path = "/tmp/reqtime-none/x",
		                              .may_read = true };
	int r = landlock_enter(&none, 1); /* fails before anything is restricted */

	(void)state;
	if (r == -ENOSYS) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(r, -ENOENT);
	assert_int_equal(read_readable(), 0);
}

static bool folder_make(char path[64])
{
	char file[128];
	int fd;

	snprintf(path, 64, "/tmp/reqtime-landlock.XXXXXX");
	if (!mkdtemp(path)) {
		return false;
	}
	snprintf(file, sizeof(file), "%s/file", path);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && close(fd) == 0;
}

static void folder_remove(const char *path)
{
	static const char *const names[] = { "file", "new" };
	char file[128];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		unlink(file);
	}
	rmdir(path);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 1];
	int r;

	if (!folder_make(readable) || !folder_make(writable) || !folder_make(other)) {
		return 1;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = attempt_row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	tests[COUNT_OF(rows)] =
		(struct CMUnitTest)cmocka_unit_test(a_folder_that_is_not_there);
	r = cmocka_run_group_tests_name("landlock", tests, NULL, NULL);
	folder_remove(readable);
	folder_remove(writable);
	folder_remove(other);
	return r;
}
