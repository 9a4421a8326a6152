/* SPDX-License-Identifier: MIT
 *
 * Why the clock cannot be set, and the way out that `set` prints.
 */
#include "io/sys/time_right.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/set/set_private.h"

/* clang-format off */
static const struct row {
	const char *name;
	struct time_right_facts facts; /* first namespace, permitted, bounded, no new, root */
	enum time_right want;
	const char *first; /* in the first line, which is all that a log gets */
	const char *below; /* in the lines below; NULL: none of sudo, setcap, units */
} rows[] = {
	{ "a user",                         { true, false, true, false, false }, TIME_RIGHT_USER,
	  "CAP_SYS_TIME is missing. As root: sudo reqtime set\n", "sudo setcap cap_sys_time=p " },
	{ "a user of a unit without new privileges", { true, false, true, true, false }, TIME_RIGHT_NO_NEW,
	  "NoNewPrivileges keeps sudo and setcap from", "AmbientCapabilities=CAP_SYS_TIME" },
	{ "root of a container",            { true, false, false, false, true }, TIME_RIGHT_BOUNDED,
	  "so root and sudo do not have it either. On the host: ", "--cap-add SYS_TIME" },
	{ "a user of a container",          { true, false, false, false, false }, TIME_RIGHT_BOUNDED,
	  "so root and sudo do not have it either. On the host: ", "--cap-add SYS_TIME" },
	{ "a user of a container without new privileges", { true, false, false, true, false }, TIME_RIGHT_BOUNDED,
	  "so root and sudo do not have it either. On the host: ", "--cap-add SYS_TIME" },
	{ "root of a rootless container",   { false, true, true, false, true }, TIME_RIGHT_NAMESPACE,
	  "set it on the host: sudo reqtime set\n", NULL },
	{ "a user of a rootless container", { false, false, true, false, false }, TIME_RIGHT_NAMESPACE,
	  "set it on the host: sudo reqtime set\n", NULL },
	{ "root without the capability",    { true, false, true, false, true }, TIME_RIGHT_ROOT,
	  "root was started without CAP_SYS_TIME", "CapabilityBoundingSet=" },
	{ "root under a filter",            { true, true, true, true, true }, TIME_RIGHT_PERMITTED,
	  "a filter of system calls forbids it", "ProtectClock=no" },
};
/* clang-format on */

/* The message without its first line. */
static void complain(enum time_right right, char *first, char *below, size_t size)
{
	const struct set_settings set = { .right = right };
	int file = memfd_create("capture", 0), saved = dup(STDERR_FILENO);
	char text[2048], *feed;
	ssize_t len;

	assert_true(file >= 0 && saved >= 0);
	dup2(file, STDERR_FILENO);
	set_complain_not_permitted(&set);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	len = pread(file, text, sizeof(text) - 1, 0);
	assert_true(len > 0);
	text[len] = '\0';
	close(file);
	close(saved);
	feed = strchr(text, '\n');
	assert_non_null(feed);
	snprintf(first, size, "%.*s", (int)(feed + 1 - text), text);
	snprintf(below, size, "%s", feed + 1);
}

static void says_what_gives_it(void **state)
{
	const struct row *row = *state;
	char first[1024], below[1024];

	assert_int_equal(time_right_from(&row->facts), row->want);
	complain(row->want, first, below, sizeof(first));
	assert_non_null(strstr(first, "not permitted to set the clock: "));
	assert_non_null(strstr(first, row->first));
	if (row->below) {
		assert_non_null(strstr(below, row->below));
	} else {
		assert_null(strstr(below, "sudo"));
		assert_null(strstr(below, "Capabilit"));
		assert_null(strstr(below, "setcap"));
	}
	/* sudo is a way out for an ordinary user on the host only. */
	assert_int_equal(strstr(first, "sudo reqtime set") != NULL,
	                 row->want == TIME_RIGHT_USER || strstr(first, "n the host: sudo"));
	assert_non_null(
		strstr(below, "\"reqtime set --dry-run\" shows what would be done"));
}

/* In a process of its own: privileges that are dropped stay dropped. */
static void sees_what_is_given_up(void **state)
{
	enum time_right right;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		right = time_right_now();
		if (right == TIME_RIGHT_USER) {
			_exit(1); /* nothing can be gained */
		}
		if (right == TIME_RIGHT_NAMESPACE) {
			_exit(0); /* all that can be checked there */
		}
		if (geteuid() == 0 && prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0) == 0) {
			cap_t none = cap_init();

			right = none && cap_set_proc(none) == 0 ? time_right_now() : right;
			_exit(right == TIME_RIGHT_BOUNDED ? 0 : 2);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 1];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = says_what_gives_it,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i] = (struct CMUnitTest)cmocka_unit_test(sees_what_is_given_up);
	return cmocka_run_group_tests_name("time_right", tests, NULL, NULL);
}
