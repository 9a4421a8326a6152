/* SPDX-License-Identifier: MIT
 *
 * Other time daemons: the rules, and processes that are files here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/sys/other_daemon.h"
#include "io/sys/proc_view.h"

#define HOLDS                                                                              \
	"Name:\tx\nUid:\t0\nCapInh:\t0000000000000000\nCapPrm:\t0000000002000400\nCapEff:" \
	"\t0000000000000000\n"
#define ALL "Name:\tx\nCapPrm:\t000001ffffffffff\n"
#define LACKS "Name:\tx\nCapPrm:\t000001fffdffffff\nCapEff:\t0000000002000000\n"
#define WORDS(text) text, sizeof(text) - 1

struct row {
	const char *name;
	const char *comm, *status, *cmdline;
	size_t cmdline_len;
	enum other_daemon want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "chronyd", "chronyd\n", HOLDS, WORDS("/usr/sbin/chronyd\0-F\0001"), OTHER_CHRONYD },
	{ "chronyd as root", "chronyd\n", ALL, WORDS("chronyd"), OTHER_CHRONYD },
	{ "chronyd, no line feed", "chronyd", HOLDS, WORDS("chronyd"), OTHER_CHRONYD },
	{ "chronyd -x leaves the clock alone", "chronyd\n", ALL, WORDS("chronyd\0-x"), OTHER_NONE },
	{ "chronyd -4xd", "chronyd\n", ALL, WORDS("chronyd\0-4xd\0-f\0/x"), OTHER_NONE },
	{ "chronyd -Q only looks", "chronyd\n", ALL, WORDS("chronyd\0-Q"), OTHER_NONE },
	{ "chronyd -q sets", "chronyd\n", ALL, WORDS("chronyd\0-q"), OTHER_CHRONYD },
	{ "chronyd, a file named x", "chronyd\n", ALL, WORDS("chronyd\0-f\0x"), OTHER_CHRONYD },
	{ "a path with -x in it is no option", "chronyd\n", ALL, WORDS("-x/chronyd\0-d"), OTHER_CHRONYD },
	{ "chronyd without the right", "chronyd\n", LACKS, WORDS("chronyd"), OTHER_NONE },
	{ "nothing known of it but the name", "chronyd\n", "", WORDS(""), OTHER_CHRONYD },
	{ "ntpd", "ntpd\n", HOLDS, WORDS("/usr/sbin/ntpd\0-x"), OTHER_NTPD },
	{ "ntpd in a container without the right", "ntpd\n", LACKS, WORDS("ntpd"), OTHER_NONE },
	{ "timesyncd, its name cut", "systemd-timesyn\n", HOLDS, WORDS("/lib/systemd/systemd-timesyncd"), OTHER_TIMESYNCD },
	{ "ntpd-rs", "ntp-daemon\n", HOLDS, WORDS("ntp-daemon"), OTHER_NTPD_RS },
	{ "phc2sys", "phc2sys\n", ALL, WORDS("phc2sys"), OTHER_PHC2SYS },
	{ "our own", "reqtime\n", ALL, WORDS("reqtime\0set"), OTHER_NONE },
	{ "our server", "reqtimed\n", ALL, WORDS("reqtimed"), OTHER_NONE },
	{ "a name that begins so", "ntpdate\n", ALL, WORDS("ntpdate"), OTHER_NONE },
	{ "a name that is part of one", "ntp\n", ALL, WORDS("ntp"), OTHER_NONE },
	{ "no name", "", ALL, WORDS(""), OTHER_NONE },
	{ "a line feed alone", "\n", ALL, WORDS(""), OTHER_NONE },
};
/* clang-format on */

/* Processes by their user namespace, as files. */
struct namespace_row {
	const char *name;
	const char *map, *own_map; /* NULL: no such file */
	const char *link, *own_link;
	const char *status; /* NULL: ALL */
	enum other_daemon want;
};

#define FULL "         0          0 4294967295\n"
#define ROOTLESS "         0       1000          1\n"
#define SUBORDINATE "         0       1000          1\n         1     100000      65536\n"
#define FIRST "user:[4026531837]"
#define OTHER "user:[4026532321]"
#define STATE(letter) "Name:\tx\nState:\t" letter " (x)\nCapPrm:\t000001ffffffffff\n"

/* clang-format off */
static const struct namespace_row namespace_rows[] = {
	{ "namespace: the first, as ours", FULL, FULL, NULL, NULL, NULL, OTHER_CHRONYD },
	{ "namespace: the first, ours not known", FULL, NULL, NULL, NULL, NULL, OTHER_CHRONYD },
	{ "namespace: a kernel without them", NULL, NULL, NULL, NULL, NULL, OTHER_CHRONYD },
	{ "namespace: its map is not shown", "", FULL, NULL, NULL, NULL, OTHER_CHRONYD },
	{ "namespace: of an ordinary user", ROOTLESS, FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: of an ordinary user, ours not known", ROOTLESS, NULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: of an ordinary user with more ids", SUBORDINATE, FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: of a container's root", "0 100000 65536\n", FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: all ids but the last", "0 0 4294967294\n", FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: all ids, in two lines", "0 0 1\n1 1 4294967294\n", FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: all ids and one line more", FULL "1 1 1\n", FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: a map that begins like ours", "0 0 42949672950\n", FULL, NULL, NULL, NULL, OTHER_NONE },
	{ "namespace: filled up otherwise", "0 0 4294967295", FULL, NULL, NULL, NULL, OTHER_CHRONYD },
	{ "namespace: all ids, but another", FULL, FULL, OTHER, FIRST, NULL, OTHER_NONE },
	{ "namespace: all ids, and the same", FULL, FULL, FIRST, FIRST, NULL, OTHER_CHRONYD },
	{ "namespace: ours is a container's, the same", ROOTLESS, ROOTLESS, OTHER, OTHER, NULL, OTHER_CHRONYD },
	{ "namespace: ours is a container's, one within it", "0 0 1\n", ROOTLESS, NULL, OTHER, NULL, OTHER_NONE },
	{ "state: running", FULL, FULL, NULL, NULL, STATE("R"), OTHER_CHRONYD },
	{ "state: stopped, and may go on", FULL, FULL, NULL, NULL, STATE("T"), OTHER_CHRONYD },
	{ "state: a zombie", FULL, FULL, NULL, NULL, STATE("Z"), OTHER_NONE },
	{ "state: dead", FULL, FULL, NULL, NULL, STATE("X"), OTHER_NONE },
	{ "state: a zombie by its name alone", FULL, FULL, NULL, NULL, "Name:\tZ\nState:\tS\nCapPrm:\t000001ffffffffff\n", OTHER_CHRONYD },
};
/* clang-format on */

static void put(const char *folder, const char *name, const char *text, size_t len)
{
	char path[300];
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	to = fopen(path, "w");
	assert_non_null(to);
	assert_int_equal(fwrite(text, 1, len, to), len);
	assert_int_equal(fclose(to), 0);
}

static void take_away(const char *folder, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	remove(path);
}

static void other_daemon_row(void **state)
{
	const struct row *row = *state;
	char proc[] = "/tmp/rival-XXXXXX";
	char folder[100];

	assert_non_null(mkdtemp(proc));
	snprintf(folder, sizeof(folder), "%s/self", proc); /* no number: not looked at */
	assert_int_equal(mkdir(folder, 0700), 0);
	put(folder, "comm", "ntpd\n", 5);
	snprintf(folder, sizeof(folder), "%s/12", proc); /* has just ended */
	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(folder, sizeof(folder), "%s/345", proc);
	assert_int_equal(mkdir(folder, 0700), 0);
	put(folder, "comm", row->comm, strlen(row->comm));
	put(folder, "status", row->status, strlen(row->status));
	put(folder, "cmdline", row->cmdline, row->cmdline_len);

	assert_string_equal(other_daemon_name(other_daemon_look(proc)),
	                    other_daemon_name(row->want));

	take_away(folder, "comm");
	take_away(folder, "status");
	take_away(folder, "cmdline");
	take_away(proc, "self/comm");
	take_away(proc, "self");
	take_away(proc, "12");
	take_away(proc, "345");
	assert_int_equal(rmdir(proc), 0);
}

static void put_or_not(const char *folder, const char *name, const char *text)
{
	if (text) {
		put(folder, name, text, strlen(text));
	}
}

static void link_or_not(const char *proc, const char *process, const char *to)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s/ns", proc, process);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s/ns/user", proc, process);
	assert_true(!to || symlink(to, path) == 0);
}

static void namespace_row(void **state)
{
	static const char *const files[] = { "345/comm",    "345/status",   "345/cmdline",
		                             "345/uid_map", "345/ns/user",  "345/ns",
		                             "345",         "self/uid_map", "self/ns/user",
		                             "self/ns",     "self" };
	const struct namespace_row *row = *state;
	char proc[] = "/tmp/rival-XXXXXX";
	char process[100], self[100];

	assert_non_null(mkdtemp(proc));
	snprintf(process, sizeof(process), "%s/345", proc);
	snprintf(self, sizeof(self), "%s/self", proc);
	assert_int_equal(mkdir(process, 0700), 0);
	assert_int_equal(mkdir(self, 0700), 0);
	put_or_not(process, "comm", "chronyd\n");
	put_or_not(process, "status", row->status ? row->status : ALL);
	put_or_not(process, "cmdline", "chronyd");
	put_or_not(process, "uid_map", row->map);
	put_or_not(self, "uid_map", row->own_map);
	link_or_not(proc, "345", row->link);
	link_or_not(proc, "self", row->own_link);

	assert_string_equal(other_daemon_name(other_daemon_look(proc)),
	                    other_daemon_name(row->want));

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		take_away(proc, files[i]);
	}
	assert_int_equal(rmdir(proc), 0);
}

static void no_proc(void **state)
{
	(void)state;
	assert_int_equal(other_daemon_look("/nowhere"), OTHER_NONE);
	assert_int_equal(proc_view_look("/nowhere"), PROC_VIEW_NONE);
}

/* Visible data of a process, from none to all. */
static void views(void **state)
{
	static const char *const files[] = { "1/comm",      "1",       "self/comm",
		                             "self/ns/pid", "self/ns", "self" };
	char proc[] = "/tmp/rival-XXXXXX";
	char path[100];

	(void)state;
	assert_non_null(mkdtemp(proc));
	assert_int_equal(proc_view_look(proc), PROC_VIEW_NONE);
	snprintf(path, sizeof(path), "%s/self", proc);
	assert_int_equal(mkdir(path, 0700), 0);
	put_or_not(path, "comm", "reqtime\n");
	assert_int_equal(proc_view_look(proc), PROC_VIEW_OWN);
	snprintf(path, sizeof(path), "%s/1", proc); /* hidepid=1: the folder, and no more */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(proc_view_look(proc), PROC_VIEW_OWN);
	put_or_not(path, "comm", "init\n");
	assert_int_equal(proc_view_look(proc), PROC_VIEW_ALL);
	snprintf(path, sizeof(path), "%s/self/ns", proc);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/self/ns/pid", proc);
	assert_int_equal(symlink("pid:[4026531836]", path), 0);
	assert_int_equal(proc_view_look(proc), PROC_VIEW_ALL);
	take_away(proc, "self/ns/pid");
	assert_int_equal(symlink("pid:[40265318360]", path), 0);
	assert_int_equal(proc_view_look(proc), PROC_VIEW_CONTAINER);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		take_away(proc, files[i]);
	}
	assert_int_equal(rmdir(proc), 0);
	for (int view = PROC_VIEW_ALL; view <= PROC_VIEW_CONTAINER; view++) {
		assert_true(strlen(proc_view_text((enum proc_view)view)) > 0);
	}
}

/* A status or a command line that was cut anywhere is read no further. */
static void cut_short(void **state)
{
	static const char words[] = "chronyd\0-d\0-x";
	char *cut;

	(void)state;
	for (size_t len = 1; len <= sizeof(HOLDS) - 1; len++) {
		cut = malloc(len);
		assert_non_null(cut);
		memcpy(cut, HOLDS, len);
		(void)!other_daemon_moves_clock(OTHER_NTPD, cut, len, NULL, 0);
		free(cut);
	}
	for (size_t len = 1; len <= sizeof(FULL) - 1; len++) {
		cut = malloc(len);
		assert_non_null(cut);
		memcpy(cut, FULL, len);
		assert_int_equal(
			other_daemon_shares_namespace(cut, len, FULL, sizeof(FULL) - 1),
			len >= sizeof(FULL) - 2);
		(void)!other_daemon_shares_namespace(FULL, sizeof(FULL) - 1, cut, len);
		free(cut);
	}
	for (size_t len = 1; len <= sizeof(words) - 1; len++) {
		cut = malloc(len);
		assert_non_null(cut);
		memcpy(cut, words, len);
		assert_int_equal(other_daemon_moves_clock(OTHER_CHRONYD, ALL,
		                                          sizeof(ALL) - 1, cut, len),
		                 len < sizeof(words) - 1);
		free(cut);
	}
}

static void names(void **state)
{
	(void)state;
	for (int a = 0; a < OTHER_COUNT; a++) {
		assert_true(strlen(other_daemon_name((enum other_daemon)a)) > 0);
		assert_true(strlen(other_daemon_text((enum other_daemon)a)) > 0);
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(other_daemon_name((enum other_daemon)a),
			                        other_daemon_name((enum other_daemon)b));
		}
	}
	assert_string_equal(other_daemon_name(OTHER_COUNT), "none");
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(namespace_rows) + 4];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = other_daemon_row,
			                        .initial_state = (void *)&rows[i] };
	}
	for (size_t k = 0; k < COUNT_OF(namespace_rows); k++) {
		tests[i++] =
			(struct CMUnitTest){ .name = namespace_rows[k].name,
			                     .test_func = namespace_row,
			                     .initial_state = (void *)&namespace_rows[k] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(no_proc);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(views);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(cut_short);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(names);
	return cmocka_run_group_tests_name("rival", tests, NULL, NULL);
}
