/* SPDX-License-Identifier: MIT
 *
 * The state of reqtimed's own clock, and that all threads read the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "app/server/state.h"

#define START_NS (INT64_C(1795000000) * NS_PER_S)

static struct clock_moment moment(int64_t after_ns)
{
	return (struct clock_moment){ .wall = { START_NS + after_ns },
		                      .mono_ns = 5000 * NS_PER_S + after_ns,
		                      .gap_ns = 0 };
}

static struct kernel_clock_state synchronised(int64_t max_error_ns)
{
	return (struct kernel_clock_state){ .max_error_ns = max_error_ns,
		                            .precision_ns = 25 };
}

struct row {
	const char *name;
	unsigned local_stratum;
	bool is_unsynchronised;
	unsigned kernel_leap;
	int64_t max_error_ns;
	/* wanted */
	enum ntp_leap leap;
	uint8_t stratum;
	const char *refid;
	int64_t dispersion_ns;
	bool is_usable;
	bool has_reference;
};

/* 25 ns is 2^-25 s, which is 30 ns: the precision. */
/* clang-format off */
static const struct row rows[] = {
	{ "local stratum 1",                1, true,  0, 16 * NS_PER_S,     NTP_LEAP_NONE, 1, "LOCL", 30, true, true },
	{ "local stratum 1, synchronised",  1, false, 0, NS_PER_MS,         NTP_LEAP_NONE, 1, "LOCL", 30, true, true },
	{ "local stratum 2",                2, true,  0, 16 * NS_PER_S,     NTP_LEAP_NONE, 2, "\177\177\001\001", 30, true, true },
	{ "local stratum 15",              15, true,  1, 16 * NS_PER_S,     NTP_LEAP_NONE, 15, "\177\177\001\001", 30, true, true },
	{ "unsynchronised",                 0, true,  0, NS_PER_MS,         NTP_LEAP_UNSYNCHRONISED, 16, "INIT", NS_PER_MS, false, false },
	{ "by others",                      0, false, 0, NS_PER_MS,         NTP_LEAP_NONE, 10, "\177\177\000\001", NS_PER_MS, true, true },
	{ "by others, no day for a leap second", 0, false, 1, NS_PER_MS,    NTP_LEAP_NONE, 10, "\177\177\000\001", NS_PER_MS, true, true },
	{ "by others, just near enough",    0, false, 0, 1500 * NS_PER_MS,  NTP_LEAP_NONE, 10, "\177\177\000\001", 1500 * NS_PER_MS, true, true },
	{ "by others, too far",             0, false, 0, 1500 * NS_PER_MS + 1, NTP_LEAP_UNSYNCHRONISED, 16, "INIT", 1500 * NS_PER_MS + 1, false, false },
};
/* clang-format on */

static void state_row(void **state)
{
	const struct row *row = *state;
	struct serve_clock clock = { .local_stratum = row->local_stratum };
	struct kernel_clock_state kernel = synchronised(row->max_error_ns);
	struct serve_view view;

	kernel.is_unsynchronised = row->is_unsynchronised;
	kernel.leap = row->kernel_leap;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_int_equal(view.ntp.leap, row->leap);
	assert_int_equal(view.ntp.stratum, row->stratum);
	assert_memory_equal(view.ntp.refid, row->refid, 4);
	assert_int_equal(view.ntp.root_dispersion_ns, row->dispersion_ns);
	assert_int_equal(view.ntp.root_delay_ns, 0);
	assert_int_equal(view.ntp.precision_log2_s, -25);
	assert_int_equal(view.is_usable, row->is_usable);
	assert_int_equal(view.ntp.reference.unix_ns, row->has_reference ? START_NS : 0);
	assert_true(view.stamps_fit);
}

static void local_reference_is_constant_for_64_s(void **state)
{
	struct serve_clock clock = { .local_stratum = 1 };
	struct kernel_clock_state kernel = synchronised(0);
	struct serve_view view;

	(void)state;
	for (int64_t s = 0; s < 64; s++) {
		kernel.precision_ns = 25 + s * 100; /* measured again, reported once */
		serve_clock_update(&clock, &kernel, moment(s * NS_PER_S), false, &view);
		assert_int_equal(view.ntp.reference.unix_ns, START_NS);
		assert_int_equal(view.ntp.precision_log2_s, -25);
		assert_false(view.stamps_fit);
	}
	serve_clock_update(&clock, &kernel, moment(64 * NS_PER_S), true, &view);
	assert_int_equal(view.ntp.reference.unix_ns, START_NS + 64 * NS_PER_S);
}

static void kernel_reference_is_the_last_correction(void **state)
{
	struct serve_clock clock = { 0 };
	struct kernel_clock_state kernel;
	struct serve_view view;

	(void)state;
	for (int64_t s = 0; s < 200; s++) {
		kernel = synchronised(NS_PER_MS + s * 500 * NS_PER_US);
		serve_clock_update(&clock, &kernel, moment(s * NS_PER_S), true, &view);
		assert_int_equal(view.ntp.reference.unix_ns, START_NS);
	}
	kernel = synchronised(NS_PER_MS);
	serve_clock_update(&clock, &kernel, moment(200 * NS_PER_S), true, &view);
	assert_int_equal(view.ntp.reference.unix_ns, START_NS + 200 * NS_PER_S);
	kernel = synchronised(2 * NS_PER_MS);
	serve_clock_update(&clock, &kernel, moment(201 * NS_PER_S), true, &view);
	assert_int_equal(view.ntp.reference.unix_ns, START_NS + 200 * NS_PER_S);
}

static void reference_is_never_in_the_future(void **state)
{
	struct serve_clock clock = { .local_stratum = 1 };
	struct kernel_clock_state kernel = synchronised(0);
	struct clock_moment back = moment(NS_PER_S);
	struct serve_view view;

	(void)state;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	back.wall.unix_ns -= 3600 * NS_PER_S;
	serve_clock_update(&clock, &kernel, back, true, &view);
	assert_int_equal(view.ntp.reference.unix_ns, 0);
	back.mono_ns += SERVE_STEP_GRACE_NS;
	serve_clock_update(&clock, &kernel,
	                   (struct clock_moment){
				   .wall = instant_add_ns(back.wall, SERVE_STEP_GRACE_NS),
				   .mono_ns = back.mono_ns },
	                   true, &view);
	assert_int_equal(view.ntp.reference.unix_ns, back.wall.unix_ns);
}

static void synchronisation_comes_and_goes(void **state)
{
	struct serve_clock clock = { 0 };
	struct kernel_clock_state kernel = synchronised(NS_PER_MS);
	struct serve_view view;

	(void)state;
	kernel.is_unsynchronised = true;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_false(view.is_usable);
	kernel.is_unsynchronised = false;
	serve_clock_update(&clock, &kernel, moment(NS_PER_S), true, &view);
	assert_true(view.is_usable);
	assert_int_equal(view.ntp.stratum, SERVE_KERNEL_STRATUM);
	kernel.is_unsynchronised = true;
	serve_clock_update(&clock, &kernel, moment(2 * NS_PER_S), true, &view);
	assert_false(view.is_usable);
	assert_int_equal(view.ntp.leap, NTP_LEAP_UNSYNCHRONISED);
}

struct step_row {
	const char *name;
	unsigned local_stratum;
	int64_t max_error_ns;
	int64_t step_ns;
	bool wants_grace;
};

/* A clock with a reported error of a second is not invalidated by a step of half a
 * second. */
/* clang-format off */
static const struct step_row step_rows[] = {
	{ "local clock set ahead by 1 ms",      1, 0, NS_PER_MS, true },
	{ "local clock set back by an hour",    1, 0, -3600 * NS_PER_S, true },
	{ "local clock, 99 us",                 1, 0, 99 * NS_PER_US, false },
	{ "synchronised, within its error",     0, NS_PER_S, 900 * NS_PER_MS, false },
	{ "synchronised, beyond its error",     0, NS_PER_S, 1100 * NS_PER_MS, true },
	{ "synchronised, back beyond it",       0, NS_PER_MS, -2 * NS_PER_MS, true },
};
/* clang-format on */

static struct clock_moment stepped(int64_t after_ns, int64_t by_ns)
{
	struct clock_moment m = moment(after_ns);

	m.wall.unix_ns += by_ns;
	return m;
}

static void step_row(void **state)
{
	const struct step_row *row = *state;
	struct serve_clock clock = { .local_stratum = row->local_stratum };
	struct kernel_clock_state kernel = synchronised(row->max_error_ns);
	struct serve_view view;
	int64_t s;

	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	serve_clock_update(&clock, &kernel, moment(NS_PER_S), true, &view);
	assert_true(view.is_usable);
	for (s = 2; s < 12; s++) {
		serve_clock_update(&clock, &kernel, stepped(s * NS_PER_S, row->step_ns),
		                   true, &view);
		assert_int_equal(view.is_after_step, row->wants_grace);
		assert_int_equal(view.is_usable, !row->wants_grace);
		if (row->wants_grace) {
			assert_int_equal(view.ntp.leap, NTP_LEAP_UNSYNCHRONISED);
			assert_memory_equal(view.ntp.refid, "STEP", 4);
			assert_int_equal(view.ntp.reference.unix_ns, 0);
		}
	}
	serve_clock_update(&clock, &kernel, stepped(s * NS_PER_S, row->step_ns), true,
	                   &view);
	assert_true(view.is_usable);
	assert_true(view.ntp.reference.unix_ns <=
	            stepped(s * NS_PER_S, row->step_ns).wall.unix_ns);
}

/* Being descheduled between the readings of the two clocks. */
static void a_slow_reading_is_no_step(void **state)
{
	struct serve_clock clock = { .local_stratum = 1 };
	struct kernel_clock_state kernel = synchronised(0);
	struct clock_moment slow = stepped(2 * NS_PER_S, -5 * NS_PER_MS);
	struct serve_view view;

	(void)state;
	slow.gap_ns = 5 * NS_PER_MS;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	serve_clock_update(&clock, &kernel, moment(NS_PER_S), true, &view);
	serve_clock_update(&clock, &kernel, slow, true, &view);
	assert_true(view.is_usable);
	serve_clock_update(&clock, &kernel, moment(3 * NS_PER_S), true, &view);
	assert_true(view.is_usable);
	/* The next one is a step, though. */
	serve_clock_update(&clock, &kernel, stepped(4 * NS_PER_S, 5 * NS_PER_MS), true,
	                   &view);
	assert_false(view.is_usable);
}

/* With another clock than the kernel's no step can be detected. */
static void a_faked_clock_has_no_steps(void **state)
{
	struct serve_clock clock = { .local_stratum = 1 };
	struct kernel_clock_state kernel = synchronised(0);
	struct serve_view view;

	(void)state;
	serve_clock_update(&clock, &kernel, moment(0), false, &view);
	serve_clock_update(&clock, &kernel, stepped(NS_PER_S, NS_PER_S), false, &view);
	assert_true(view.is_usable);
}

static void dispersion_grows_with_age(void **state)
{
	struct serve_view view = { .ntp.root_dispersion_ns = 1000, .mono_ns = NS_PER_S };

	(void)state;
	assert_int_equal(serve_dispersion_ns(&view, NS_PER_S), 1000);
	assert_int_equal(serve_dispersion_ns(&view, 2 * NS_PER_S), 1000 + 15000);
	assert_int_equal(serve_dispersion_ns(&view, 101 * NS_PER_S), 1000 + 1500000);
	assert_int_equal(serve_dispersion_ns(&view, 0), 1000);
}

/* Faults S10 and 29: no correction of the clock for a day. */
static void upstream_lost(void **state)
{
	struct serve_clock clock = { 0 };
	struct kernel_clock_state kernel;
	struct serve_view view;
	int64_t stated_ns = 0, lost_s = 0;

	(void)state;
	for (int64_t s = 0; s < 86400; s++) {
		kernel = synchronised(NS_PER_MS + s * 500 * NS_PER_US);
		serve_clock_update(&clock, &kernel, moment(s * NS_PER_S), true, &view);
		assert_true(view.ntp.root_dispersion_ns > stated_ns);
		stated_ns = view.ntp.root_dispersion_ns;
		if (!view.is_usable && lost_s == 0) {
			lost_s = s;
		}
		assert_int_equal(view.is_usable, lost_s == 0);
	}
	assert_in_range(lost_s, 2998, 2999); /* 1.5 s at 500 ppm */
}

/* A thousand seconds ago; the kernel was told 4 ms. */
static struct sync_source trusted_run(void)
{
	const struct clock_moment at = moment(-1000 * NS_PER_S);

	return (struct sync_source){ .is_known = 1,
		                     .at = at.wall,
		                     .mono_ns = at.mono_ns,
		                     .dispersion_ns = 4 * NS_PER_MS,
		                     .stated_ns = 4 * NS_PER_MS,
		                     .root_delay_ns = 20 * NS_PER_MS,
		                     .frequency_ppb = 1234,
		                     .stratum = 2,
		                     .refid = { 192, 0, 2, 7 } };
}

/* The kernel's state after such a run, without further updates. */
static struct kernel_clock_state kernel_after(int64_t age_ns)
{
	struct kernel_clock_state kernel =
		synchronised(4 * NS_PER_MS + age_ns / NS_PER_S * 500 * NS_PER_US);

	kernel.frequency_ppb = 1235; /* it rounds */
	return kernel;
}

static void a_trusted_run_is_served_as_it_is(void **state)
{
	struct serve_clock clock = { .sync_source = trusted_run() };
	struct kernel_clock_state kernel = kernel_after(1000 * NS_PER_S);
	struct serve_view view;

	(void)state;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_int_equal(view.basis, SERVE_BY_SYNC_SOURCE);
	assert_int_equal(view.doubt, SERVE_SURE);
	assert_int_equal(view.ntp.stratum, 3);
	assert_memory_equal(view.ntp.refid, ((uint8_t[]){ 192, 0, 2, 7 }), 4);
	assert_int_equal(view.ntp.reference.unix_ns, START_NS - 1000 * NS_PER_S);
	assert_int_equal(view.ntp.root_delay_ns, 20 * NS_PER_MS);
	/* 15 us a second for 1000 s. */
	assert_in_range(view.ntp.root_dispersion_ns, 19 * NS_PER_MS, 19 * NS_PER_MS + 2000);
	clock.sync_source.drift_ppb = 100000;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_in_range(view.ntp.root_dispersion_ns, 104 * NS_PER_MS,
	                104 * NS_PER_MS + 2000);
	/* No clock is reported better than RFC 5905 permits. */
	clock.sync_source.drift_ppb = 100;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_in_range(view.ntp.root_dispersion_ns, 19 * NS_PER_MS, 19 * NS_PER_MS + 2000);
}

/* 0.6 s at 500 us a second: half a second of it is done by now. */
static void what_is_still_slewed_counts(void **state)
{
	struct serve_clock clock = { .sync_source = trusted_run() };
	struct kernel_clock_state kernel = kernel_after(1000 * NS_PER_S);
	struct serve_view view;

	(void)state;
	clock.sync_source.slew_ns = 600 * NS_PER_MS;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_in_range(view.ntp.root_dispersion_ns, 119 * NS_PER_MS,
	                119 * NS_PER_MS + 2000);
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	clock.sync_source.slew_ns = 400 * NS_PER_MS;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_in_range(view.ntp.root_dispersion_ns, 19 * NS_PER_MS, 19 * NS_PER_MS + 2000);
}

struct trust_row {
	const char *name;
	struct sync_source change; /* added to the run above */
	int64_t wall_ns;           /* added to this clock */
	int64_t kernel_error_ns;   /* ... to the kernel's state */
	int64_t kernel_ppb;
	enum serve_basis basis;
};

/* clang-format off */
static const struct trust_row trust_rows[] = {
	{ .name = "trusted", .basis = SERVE_BY_SYNC_SOURCE },
	{ .name = "trusted: a reading apart by 150 us", .wall_ns = 150 * NS_PER_US,
	  .basis = SERVE_BY_SYNC_SOURCE },
	{ .name = "a step since, by 1 ms", .wall_ns = NS_PER_MS, .basis = SERVE_BY_KERNEL },
	{ .name = "a step since, back by an hour", .wall_ns = -3600 * NS_PER_S, .basis = SERVE_BY_KERNEL },
	{ .name = "a sleep since", .change.mono_ns = 60 * NS_PER_S, .basis = SERVE_BY_KERNEL },
	{ .name = "another boot", .change.mono_ns = 86400 * NS_PER_S, .basis = SERVE_BY_KERNEL },
	{ .name = "another boot, an older one", .change.mono_ns = -900 * NS_PER_S, .basis = SERVE_BY_KERNEL },
	{ .name = "another program set a smaller error", .kernel_error_ns = -100 * NS_PER_MS, .basis = SERVE_BY_KERNEL },
	{ .name = "the kernel a second late", .kernel_error_ns = -500 * NS_PER_US, .basis = SERVE_BY_SYNC_SOURCE },
	{ .name = "somebody gave another frequency", .kernel_ppb = 1000, .basis = SERVE_BY_KERNEL },
	{ .name = "stratum 14 is the last to be served", .change.stratum = 12, .basis = SERVE_BY_SYNC_SOURCE },
	{ .name = "stratum 15 is not", .change.stratum = 13, .basis = SERVE_BY_KERNEL },
	{ .name = "leap 3", .change.leap = 3, .basis = SERVE_BY_KERNEL },
	{ .name = "none", .change.is_known = 255, .basis = SERVE_BY_KERNEL },
};
/* clang-format on */

static void trust_row(void **state)
{
	const struct trust_row *row = *state;
	struct serve_clock clock = { .sync_source = trusted_run() };
	struct kernel_clock_state kernel = kernel_after(1000 * NS_PER_S);
	struct clock_moment now = moment(0);
	struct serve_view view;

	clock.sync_source.is_known =
		(uint8_t)(clock.sync_source.is_known + row->change.is_known);
	clock.sync_source.stratum =
		(uint8_t)(clock.sync_source.stratum + row->change.stratum);
	clock.sync_source.leap += row->change.leap;
	clock.sync_source.mono_ns += row->change.mono_ns;
	kernel.max_error_ns += row->kernel_error_ns;
	kernel.frequency_ppb += row->kernel_ppb;
	now.wall.unix_ns += row->wall_ns;
	serve_clock_update(&clock, &kernel, now, true, &view);
	assert_int_equal(view.basis, row->basis);
	assert_true(view.is_usable);
	if (row->basis == SERVE_BY_KERNEL) {
		assert_int_equal(view.ntp.stratum, SERVE_KERNEL_STRATUM);
		assert_int_equal(view.ntp.root_dispersion_ns, kernel.max_error_ns);
		assert_int_equal(view.ntp.root_delay_ns, 0);
	}
}

static void a_step_takes_the_trust_away(void **state)
{
	struct serve_clock clock = { .sync_source = trusted_run() };
	struct kernel_clock_state kernel = kernel_after(1000 * NS_PER_S);
	struct serve_view view;

	(void)state;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	serve_clock_update(&clock, &kernel, stepped(NS_PER_S, NS_PER_S), true, &view);
	assert_false(view.is_usable);
	assert_int_equal(view.doubt, SERVE_AFTER_STEP);
	serve_clock_update(&clock, &kernel, stepped(60 * NS_PER_S, NS_PER_S), true, &view);
	assert_int_equal(view.basis, SERVE_BY_KERNEL);
	assert_int_equal(view.ntp.stratum, SERVE_KERNEL_STRATUM);
}

static void a_trusted_run_grows_old(void **state)
{
	struct serve_clock clock = { .sync_source = trusted_run() };
	struct kernel_clock_state kernel;
	struct clock_moment now;
	struct serve_view view;
	int64_t lost_s = 0;

	(void)state;
	/* 4 ms and half of 20 ms, at 100 us a second. */
	clock.sync_source.drift_ppb = 100000;
	for (int64_t s = 1000; s < 20000; s++) {
		now = moment((s - 1000) * NS_PER_S);
		kernel = kernel_after(s * NS_PER_S);
		serve_clock_update(&clock, &kernel, now, true, &view);
		if (!view.is_usable && lost_s == 0) {
			lost_s = s;
			assert_int_equal(view.doubt, SERVE_TOO_FAR);
			assert_int_equal(view.basis, SERVE_BY_SYNC_SOURCE);
			assert_memory_equal(view.ntp.refid, "INIT", 4);
			assert_int_equal(view.ntp.leap, NTP_LEAP_UNSYNCHRONISED);
		}
		assert_int_equal(view.is_usable, lost_s == 0);
	}
	assert_in_range(lost_s, 14859, 14861);
	kernel = kernel_after(1000 * NS_PER_S);
	kernel.is_unsynchronised = true;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_false(view.is_usable);
	assert_int_equal(view.doubt, SERVE_UNSYNCHRONISED);
}

/* Where the kernel's state is not readable, nothing is known of the clock, with a trusted
 * run or without, and --local-stratum serves it all the same. */
static void a_kernel_that_may_not_be_asked(void **state)
{
	struct serve_clock clock = { .kernel_error = 1 };
	const struct kernel_clock_state kernel = { .precision_ns = 25 };
	struct serve_view view;

	(void)state;
	serve_clock_update(&clock, &kernel, moment(0), true, &view);
	assert_false(view.is_usable);
	assert_int_equal(view.doubt, SERVE_UNREADABLE);
	assert_int_equal(view.kernel_error, 1);
	assert_int_equal(view.ntp.leap, NTP_LEAP_UNSYNCHRONISED);
	assert_int_equal(view.ntp.stratum, NTP_STRATUM_MAX + 1);
	assert_int_equal(view.ntp.precision_log2_s, -25);
	clock.local_stratum = 3;
	serve_clock_update(&clock, &kernel, moment(NS_PER_S), true, &view);
	assert_true(view.is_usable);
	assert_int_equal(view.doubt, SERVE_SURE);
	assert_int_equal(view.ntp.stratum, 3);
	/* Allowed again. */
	clock.local_stratum = 0;
	clock.kernel_error = 0;
	{
		const struct kernel_clock_state good = synchronised(NS_PER_MS);

		serve_clock_update(&clock, &good, moment(2 * NS_PER_S), true, &view);
	}
	assert_true(view.is_usable);
	assert_int_equal(view.ntp.stratum, SERVE_KERNEL_STRATUM);
	assert_int_equal(view.kernel_error, 0);
}

struct leap_row {
	const char *name;
	int64_t now_s; /* since 1970 */
	int64_t run_s; /* before that; 0: only the kernel */
	enum ntp_leap leap;
	enum serve_basis basis;
};

/* 1798761600 is the first second of 2027. */
/* clang-format off */
static const struct leap_row leap_rows[] = {
	{ "leap, armed in the kernel: the day before the last", 1798761600 - 86401, 0, NTP_LEAP_NONE, SERVE_BY_KERNEL },
	{ "leap, armed in the kernel: the last day",            1798761600 - 86400, 0, NTP_LEAP_INSERT, SERVE_BY_KERNEL },
	{ "leap, armed in the kernel: the last second",         1798761600 - 1, 0, NTP_LEAP_INSERT, SERVE_BY_KERNEL },
	{ "leap, armed in the kernel: over",                    1798761600, 0, NTP_LEAP_NONE, SERVE_BY_KERNEL },
	{ "leap, of a run: announced weeks before",                  1798761600 - 1000000, 600, NTP_LEAP_NONE, SERVE_BY_SYNC_SOURCE },
	{ "leap, of a run: the last day",                       1798761600 - 1000, 600, NTP_LEAP_INSERT, SERVE_BY_SYNC_SOURCE },
	{ "leap, of a run: over, with an unknown result",         1798761600 + 100, 600, NTP_LEAP_NONE, SERVE_BY_KERNEL },
	{ "leap, of a run: announced after it",                      1798761600 + 1000, 600, NTP_LEAP_NONE, SERVE_BY_SYNC_SOURCE },
};
/* clang-format on */

static void leap_row(void **state)
{
	const struct leap_row *row = *state;
	struct serve_clock clock = { .sync_source = trusted_run() };
	struct kernel_clock_state kernel = kernel_after(row->run_s * NS_PER_S);
	const struct clock_moment now = { .wall = { row->now_s * NS_PER_S },
		                          .mono_ns = 4000 * NS_PER_S };
	struct serve_view view;

	clock.sync_source.is_known = row->run_s > 0;
	clock.sync_source.at.unix_ns = (row->now_s - row->run_s) * NS_PER_S;
	clock.sync_source.mono_ns = (4000 - row->run_s) * NS_PER_S;
	clock.sync_source.leap = NTP_LEAP_INSERT;
	kernel.leap = row->run_s > 0 ? NTP_LEAP_NONE : NTP_LEAP_INSERT;
	serve_clock_update(&clock, &kernel, now, true, &view);
	assert_int_equal(view.basis, row->basis);
	assert_int_equal(view.ntp.leap, row->leap);
}

/* It has come from another process. */
static void what_cannot_be_trusted(void **state)
{
	struct sync_source good = trusted_run(), bad;

	(void)state;
	assert_true(sync_source_is_valid(&good));
	memset(&bad, 0, sizeof(bad));
	assert_true(sync_source_is_valid(&bad));
	memset(&bad, 0xff, sizeof(bad));
	assert_false(sync_source_is_valid(&bad));
	bad = good;
	bad.leap = 4;
	assert_false(sync_source_is_valid(&bad));
	bad = good;
	bad.is_known = 2;
	assert_false(sync_source_is_valid(&bad));
	bad = good;
	bad.dispersion_ns = -1;
	assert_false(sync_source_is_valid(&bad));
	bad = good;
	bad.slew_ns = INT64_MAX;
	assert_false(sync_source_is_valid(&bad));
	bad = good;
	bad.at.unix_ns = INT64_MIN;
	assert_false(sync_source_is_valid(&bad));
}

enum { WRITES = 200000 };

struct shared {
	struct serve_cell cell;
	atomic_bool is_done;
	unsigned torn_count;
	unsigned seen_count;
};

static struct serve_view view_of(int64_t n)
{
	struct serve_view view;

	memset(&view, 0, sizeof(view));
	view.ntp.root_delay_ns = n;
	view.ntp.root_dispersion_ns = n;
	view.ntp.reference.unix_ns = n;
	view.is_usable = n % 2 != 0;
	return view;
}

static void *reader(void *arg)
{
	struct shared *shared = arg;
	struct serve_view view;

	while (!atomic_load(&shared->is_done)) {
		serve_cell_read(&shared->cell, &view);
		shared->seen_count++;
		shared->torn_count +=
			view.ntp.root_delay_ns != view.ntp.root_dispersion_ns ||
			view.ntp.root_delay_ns != view.ntp.reference.unix_ns ||
			view.is_usable != (view.ntp.root_delay_ns % 2 != 0);
	}
	return NULL;
}

static void no_reader_sees_half_a_state(void **state)
{
	static struct shared shared;
	struct serve_view view = view_of(0);
	pthread_t thread;

	(void)state;
	serve_cell_write(&shared.cell, &view);
	assert_int_equal(pthread_create(&thread, NULL, reader, &shared), 0);
	for (int64_t n = 1; n <= WRITES; n++) {
		view = view_of(n);
		serve_cell_write(&shared.cell, &view);
	}
	atomic_store(&shared.is_done, true);
	pthread_join(thread, NULL);
	assert_int_equal(shared.torn_count, 0);
	serve_cell_read(&shared.cell, &view);
	assert_int_equal(view.ntp.reference.unix_ns, WRITES);
	assert_true(view.is_usable == (WRITES % 2 != 0));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(local_reference_is_constant_for_64_s),
		cmocka_unit_test(kernel_reference_is_the_last_correction),
		cmocka_unit_test(reference_is_never_in_the_future),
		cmocka_unit_test(synchronisation_comes_and_goes),
		cmocka_unit_test(no_reader_sees_half_a_state),
		cmocka_unit_test(a_faked_clock_has_no_steps),
		cmocka_unit_test(dispersion_grows_with_age),
		cmocka_unit_test(upstream_lost),
		cmocka_unit_test(a_trusted_run_is_served_as_it_is),
		cmocka_unit_test(a_slow_reading_is_no_step),
		cmocka_unit_test(what_is_still_slewed_counts),
		cmocka_unit_test(a_step_takes_the_trust_away),
		cmocka_unit_test(what_cannot_be_trusted),
		cmocka_unit_test(a_trusted_run_grows_old),
		cmocka_unit_test(a_kernel_that_may_not_be_asked),
	};
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(others) + COUNT_OF(step_rows) +
	                        COUNT_OF(trust_rows) + COUNT_OF(leap_rows)];
	size_t n = COUNT_OF(others);

	memset(tests, 0, sizeof(tests));
	memcpy(tests, others, sizeof(others));
#define ADD_ROWS(table, function)                                                          \
	for (size_t i = 0; i < COUNT_OF(table); i++) {                                     \
		tests[n].name = (table)[i].name;                                           \
		tests[n].test_func = (function);                                           \
		tests[n++].initial_state = (void *)(uintptr_t) & (table)[i];               \
	}
	ADD_ROWS(rows, state_row)
	ADD_ROWS(step_rows, step_row)
	ADD_ROWS(trust_rows, trust_row)
	ADD_ROWS(leap_rows, leap_row)
	return cmocka_run_group_tests_name("serve_state", tests, NULL, NULL);
}
