/* SPDX-License-Identifier: MIT
 *
 * The next run by the answer of systemctl: as systemd 252 prints it, and rubbish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/sys/systemd_timer.h"

/* 2026-11-30 21:20:00 UTC, an hour and a half after the start. */
static const struct reading now = { .wall = { INT64_C(1796073600) * NS_PER_S },
	                            .mono_ns = 5400 * NS_PER_S,
	                            .boot_ns = 5400 * NS_PER_S };

#define TIMER(load, active, file, realtime, monotonic)                                     \
	"NextElapseUSecRealtime=" realtime "\nNextElapseUSecMonotonic=" monotonic          \
	"\nId=reqtime.timer\nLoadState=" load "\nActiveState=" active                      \
	"\nUnitFileState=" file "\n"
#define CONFIRM(active, monotonic)                                                         \
	"\nNextElapseUSecRealtime=\nNextElapseUSecMonotonic=" monotonic                    \
	"\nId=reqtime-confirm.timer\nLoadState=loaded\nActiveState=" active                \
	"\nUnitFileState=static\n"
#define SERVICE(active)                                                                    \
	"\nId=reqtime.service\nLoadState=loaded\nActiveState=" active                      \
	"\nUnitFileState=static\n"
#define AT_22 "Mon 2026-11-30 22:08:00 UTC"

static const struct row {
	const char *name, *text;
	bool is_answer, is_installed, is_enabled, is_active, is_running;
	int64_t next_in_s; /* -1: none */
	const char *unit;
} rows[] = {
	{ "waiting",
	  TIMER("loaded", "active", "enabled", AT_22, "infinity")
	          CONFIRM("inactive", "infinity") SERVICE("inactive"),
	  true, true, true, true, false, 2880, "reqtime.timer" },
	{ "waiting for the confirmation",
	  TIMER("loaded", "active", "enabled", AT_22, "infinity")
	          CONFIRM("active", "1h 36min 500ms") SERVICE("inactive"),
	  true, true, true, true, false, 360, "reqtime-confirm.timer" },
	{ "the confirmation has elapsed",
	  TIMER("loaded", "active", "enabled", AT_22, "0") CONFIRM("active", "0"), true,
	  true, true, true, false, 2880, "reqtime.timer" },
	{ "a timer of its own intervals", TIMER("loaded", "active", "enabled", "", "2h"),
	  true, true, true, true, false, 1800, "reqtime.timer" },
	{ "the earlier of two", TIMER("loaded", "active", "enabled", AT_22, "1h 31min"),
	  true, true, true, true, false, 60, "reqtime.timer" },
	{ "running now",
	  TIMER("loaded", "active", "enabled", "", "infinity") SERVICE("activating"), true,
	  true, true, true, true, -1, "" },
	{ "not switched on", TIMER("loaded", "inactive", "disabled", "", "infinity"), true,
	  true, false, false, false, -1, "" },
	{ "on until the next start",
	  TIMER("loaded", "active", "disabled", AT_22, "infinity"), true, true, false, true,
	  false, 2880, "reqtime.timer" },
	{ "not installed", TIMER("not-found", "inactive", "", "", "infinity"), true, false,
	  false, false, false, -1, "" },
	{ "a time of another zone",
	  TIMER("loaded", "active", "enabled", "Mon 2026-11-30 22:08:00 CET", ""), true,
	  true, true, true, false, -1, "" },
	{ "no time at all", TIMER("loaded", "active", "enabled", " UTC", "-1s"), true, true,
	  true, true, false, -1, "" },
	{ .name = "only a key", .text = "NextElapseUSecRealtime=" },
	{ .name = "a timer of another name",
	  .text = "Id=other.timer\nLoadState=loaded\nActiveState=active\n" },
	{ .name = "a message",
	  .text = "Failed to connect to bus: No such file or directory\n" },
	{ .name = "no states", .text = "Id=reqtime.timer\n" },
	{ .name = "a name without an end",
	  .text = "Id=reqtime.timer" AT_22 AT_22 AT_22 AT_22 },
	{ .name = "nothing", .text = "" },
};

static void row_is_read(void **state)
{
	const struct row *row = *state;
	struct systemd_timer timer, before;

	memset(&timer, 0xa5, sizeof(timer));
	before = timer;
	assert_int_equal(systemd_timer_parse(row->text, strlen(row->text), &now, &timer),
	                 row->is_answer);
	if (!row->is_answer) {
		assert_memory_equal(&timer, &before, sizeof(timer));
		return;
	}
	assert_int_equal(timer.is_installed, row->is_installed);
	assert_int_equal(timer.is_enabled, row->is_enabled);
	assert_int_equal(timer.is_active, row->is_active);
	assert_int_equal(timer.is_running, row->is_running);
	assert_int_equal(timer.has_next, row->next_in_s >= 0);
	assert_string_equal(timer.unit, row->unit);
	if (timer.has_next) {
		assert_int_equal(ns_sub(timer.next.unix_ns, now.wall.unix_ns) / NS_PER_S,
		                 row->next_in_s);
	}
}

/* Every octet may be cut off, or be any other. */
static void any_octets(void **state)
{
	static const char text[] = TIMER("loaded", "active", "enabled", AT_22, "1h 31min")
		CONFIRM("active", "1h 36min 500ms") SERVICE("inactive");
	char buf[sizeof(text)];
	struct systemd_timer timer;
	unsigned answers = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		answers += systemd_timer_parse(text, i, &now, &timer);
		for (int octet = 0; octet < 256; octet += 5) {
			memcpy(buf, text, sizeof(text));
			buf[i] = (char)octet;
			answers += systemd_timer_parse(buf, sizeof(text), &now, &timer);
		}
	}
	assert_true(answers > sizeof(text));
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 1] = { { .name = "any octets",
		                                          .test_func = any_octets } };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i + 1] = (struct CMUnitTest){ .name = rows[i].name,
			                            .test_func = row_is_read,
			                            .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("systemd_timer", tests, NULL, NULL);
}
