/* SPDX-License-Identifier: MIT
 *
 * Who else keeps the clock: the rules, and a look at processes that are files here.
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

#include "io/sys/rival.h"

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
	enum rival want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "chronyd", "chronyd\n", HOLDS, WORDS("/usr/sbin/chronyd\0-F\0001"), RIVAL_CHRONYD },
	{ "chronyd as root", "chronyd\n", ALL, WORDS("chronyd"), RIVAL_CHRONYD },
	{ "chronyd, no line feed", "chronyd", HOLDS, WORDS("chronyd"), RIVAL_CHRONYD },
	{ "chronyd -x leaves the clock alone", "chronyd\n", ALL, WORDS("chronyd\0-x"), RIVAL_NONE },
	{ "chronyd -4xd", "chronyd\n", ALL, WORDS("chronyd\0-4xd\0-f\0/x"), RIVAL_NONE },
	{ "chronyd -Q only looks", "chronyd\n", ALL, WORDS("chronyd\0-Q"), RIVAL_NONE },
	{ "chronyd -q sets", "chronyd\n", ALL, WORDS("chronyd\0-q"), RIVAL_CHRONYD },
	{ "chronyd, a file named x", "chronyd\n", ALL, WORDS("chronyd\0-f\0x"), RIVAL_CHRONYD },
	{ "a path with -x in it is no option", "chronyd\n", ALL, WORDS("-x/chronyd\0-d"), RIVAL_CHRONYD },
	{ "chronyd without the right", "chronyd\n", LACKS, WORDS("chronyd"), RIVAL_NONE },
	{ "nothing known of it but the name", "chronyd\n", "", WORDS(""), RIVAL_CHRONYD },
	{ "ntpd", "ntpd\n", HOLDS, WORDS("/usr/sbin/ntpd\0-x"), RIVAL_NTPD },
	{ "ntpd in a container without the right", "ntpd\n", LACKS, WORDS("ntpd"), RIVAL_NONE },
	{ "timesyncd, its name cut", "systemd-timesyn\n", HOLDS, WORDS("/lib/systemd/systemd-timesyncd"), RIVAL_TIMESYNCD },
	{ "ntpd-rs", "ntp-daemon\n", HOLDS, WORDS("ntp-daemon"), RIVAL_NTPD_RS },
	{ "phc2sys", "phc2sys\n", ALL, WORDS("phc2sys"), RIVAL_PHC2SYS },
	{ "our own", "reqtime\n", ALL, WORDS("reqtime\0set"), RIVAL_NONE },
	{ "our server", "reqtimed\n", ALL, WORDS("reqtimed"), RIVAL_NONE },
	{ "a name that begins so", "ntpdate\n", ALL, WORDS("ntpdate"), RIVAL_NONE },
	{ "a name that is part of one", "ntp\n", ALL, WORDS("ntp"), RIVAL_NONE },
	{ "no name", "", ALL, WORDS(""), RIVAL_NONE },
	{ "a line feed alone", "\n", ALL, WORDS(""), RIVAL_NONE },
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

static void rival_row(void **state)
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

	assert_string_equal(rival_name(rival_look(proc)), rival_name(row->want));

	take_away(folder, "comm");
	take_away(folder, "status");
	take_away(folder, "cmdline");
	take_away(proc, "self/comm");
	take_away(proc, "self");
	take_away(proc, "12");
	take_away(proc, "345");
	assert_int_equal(rmdir(proc), 0);
}

static void no_proc(void **state)
{
	(void)state;
	assert_int_equal(rival_look("/nowhere"), RIVAL_NONE);
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
		(void)!rival_moves_clock(RIVAL_NTPD, cut, len, NULL, 0);
		free(cut);
	}
	for (size_t len = 1; len <= sizeof(words) - 1; len++) {
		cut = malloc(len);
		assert_non_null(cut);
		memcpy(cut, words, len);
		assert_int_equal(
			rival_moves_clock(RIVAL_CHRONYD, ALL, sizeof(ALL) - 1, cut, len),
			len < sizeof(words) - 1);
		free(cut);
	}
}

static void names(void **state)
{
	(void)state;
	for (int a = 0; a < RIVAL_COUNT; a++) {
		assert_true(strlen(rival_name((enum rival)a)) > 0);
		assert_true(strlen(rival_text((enum rival)a)) > 0);
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(rival_name((enum rival)a),
			                        rival_name((enum rival)b));
		}
	}
	assert_string_equal(rival_name(RIVAL_COUNT), "none");
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 3];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = rival_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(no_proc);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(cut_short);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(names);
	return cmocka_run_group_tests_name("rival", tests, NULL, NULL);
}
