/* SPDX-License-Identifier: MIT
 *
 * Each surprise that can befall a clock is a row: two settled days, the surprise, some
 * more runs, and what must then be known.  The clock here is exact arithmetic, not the
 * module's own.
 */
#include "core/discipline/discipline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_S 3600
#define MS NS_PER_MS
#define EPOCH_NS (INT64_C(1800000000) * NS_PER_S)

/* A clock, its kernel and its server. */
struct bench {
	double crystal_ppb; /* the kernel frequency that would be right */
	double offset_ns;   /* server - local */
	double kernel_ppb;
	int64_t rest_ns; /* of the slew, as adjtime() reports it */
	double taken_ns; /* of it, in this second of the clock */
	int64_t server_ns;
	int64_t monotonic_ns;
	int64_t asleep_ns;
	bool is_new_boot;
	int64_t run_count;
	struct discipline discipline;
	struct discipline_observation found; /* of the last run */
	struct discipline_advice advice;
	struct discipline_forecast forecast;
};

static int64_t wall_ns(const struct bench *b)
{
	return EPOCH_NS + b->server_ns - llround(b->offset_ns);
}

/* Lets `s` pass, awake.  At each full second of the clock the kernel takes up to 500 us of a slew's
 * rest, and gives them over the second that begins. */
static void pass(struct bench *b, double s)
{
	int64_t end_ns = b->server_ns + (int64_t)(s * 1e9);

	while (b->server_ns < end_ns) {
		double ppb = b->kernel_ppb - b->crystal_ppb + b->taken_ns;
		int64_t left_ns = NS_PER_S - wall_ns(b) % NS_PER_S;
		int64_t whole_ns = (int64_t)((double)left_ns / (1.0 + ppb * 1e-9)) + 1;
		int64_t ns =
			end_ns - b->server_ns < whole_ns ? end_ns - b->server_ns : whole_ns;
		double gained = ppb * (double)ns * 1e-9;

		b->offset_ns -= gained;
		b->server_ns += ns;
		b->monotonic_ns += ns + llround(gained);
		if (ns == whole_ns) {
			int64_t taken_ns = b->rest_ns > 500000    ? 500000
			                   : b->rest_ns < -500000 ? -500000
			                                          : b->rest_ns;

			b->rest_ns -= taken_ns;
			b->taken_ns = (double)taken_ns;
		}
	}
}

static void step(struct bench *b, double by_ns)
{
	b->offset_ns -= by_ns;
	b->rest_ns = 0;
	b->taken_ns = 0.0;
}

/* A run that measures the truth and `error_ns`, four exchanges. */
static struct discipline_observation look(struct bench *b, double error_ns)
{
	struct discipline_observation found = {
		.at = { wall_ns(b) },
		.monotonic_ns = b->monotonic_ns,
		.boottime_ns = b->monotonic_ns + b->asleep_ns,
		.is_new_boot = b->is_new_boot,
		.has_kernel = true,
		.frequency_ppb = llround(b->kernel_ppb),
		.slew_left_ns = b->rest_ns,
		.is_trusted = true,
		.offset_ns = llround(b->offset_ns + error_ns),
		.bound_ns = 10 * MS + llround(fabs(error_ns) < 2e5 ? fabs(error_ns) : 2e5),
		.delay_ns = 20 * MS,
		.jitter_ns = 240 * NS_PER_US,
		.sample_count = 4,
	};

	b->is_new_boot = false;
	return found;
}

static void follow_advice(struct bench *b)
{
	struct discipline_action did = { .frequency_ppb = b->advice.frequency_ppb };

	b->kernel_ppb = (double)b->advice.frequency_ppb;
	if (b->advice.has_phase && llabs(b->advice.phase_ns) > 500 * MS) {
		did.step_ns = b->advice.phase_ns;
		step(b, (double)did.step_ns);
	} else if (b->advice.has_phase) {
		did.slew_ns = b->advice.phase_ns - b->advice.in_flight_ns;
		b->rest_ns = did.slew_ns;
	}
	discipline_apply(&b->discipline, &did);
}

static void run_found(struct bench *b, const struct discipline_observation *found)
{
	b->found = *found;
	b->run_count++;
	discipline_observe(&b->discipline, found);
	b->advice = discipline_advise(&b->discipline);
	if (found->is_trusted) {
		follow_advice(b);
	}
	b->forecast = discipline_forecast(&b->discipline);
}

static void run_with(struct bench *b, double error_ns)
{
	struct discipline_observation found = look(b, error_ns);

	run_found(b, &found);
}

/* The usual noise: it repeats after seven runs and has no mean. */
static void run(struct bench *b)
{
	static const double errors_us[] = { 30, -50, 10, 60, -20, -40, 10 };

	run_with(b, errors_us[(size_t)b->run_count % COUNT_OF(errors_us)] * 1e3);
}

static void run_unanswered(struct bench *b)
{
	struct discipline_observation found = look(b, 0.0);

	found.is_trusted = false;
	found.offset_ns = 77 * NS_PER_S; /* not to be looked at */
	run_found(b, &found);
}

/* adjtimex() cannot be read, and what stands in its place is not to be looked at. */
static void run_blind(struct bench *b, bool is_trusted)
{
	struct discipline_observation found = look(b, 20e3);

	found.has_kernel = false;
	found.frequency_ppb = 123456;
	found.slew_left_ns = 123456789;
	found.is_trusted = is_trusted;
	run_found(b, &found);
}

static void settle(struct bench *b, double crystal_ppb)
{
	memset(b, 0, sizeof(*b));
	b->crystal_ppb = crystal_ppb;
	b->monotonic_ns = 5 * NS_PER_S;
	discipline_init(&b->discipline);
	run(b);
	for (int i = 0; i < 48; i++) {
		pass(b, HOUR_S);
		run(b);
	}
}

static void meet_reboot(struct bench *b, double offset_ns)
{
	pass(b, HOUR_S);
	step(b, b->offset_ns - offset_ns);
	b->kernel_ppb = 0.0;
	b->monotonic_ns = 9 * NS_PER_S;
	b->asleep_ns = 0;
	b->is_new_boot = true;
}

enum surprise {
	NOTHING,
	REBOOT,
	REBOOT_UNANSWERED,
	STEP,
	LEAP,        /* the kernel sets the clock back by `size`; UTC is set back too */
	SUSPEND,     /* ten hours; `size` = what the RTC got wrong */
	PAUSE,       /* the whole machine stood still, no clock of its tells */
	REBOOT_LATE, /* after `size` weeks, 0.2 ppm further off */
	GAP,         /* weeks without a run; `size` = weeks, 0.2 ppm further off */
	RETUNE,      /* by `size` ppb, in the middle of the interval */
	RETUNE_SEEN, /* the same, and a run without an answer saw it at once */
	FOREIGN_SLEW,
	JUMP, /* of the crystal, by `size` ppb */
	LIE,
	LIE_LATE, /* after a month of honesty */
	LIES_ALTERNATE,
	STAMPS_BACK, /* as after a reboot without a new boot id */
	NO_KERNEL,   /* adjtimex() cannot be read */
	NO_KERNEL_UNANSWERED,
	SLEW_CUT, /* the next run comes while a slew is under way */
};

struct surprise_row {
	const char *name;
	enum surprise what;
	double size;
	int runs; /* hourly ones after it, the first of which meets it */
	/* The prediction from past runs at the first of them: 0 = none, else the bound is
	 * between these, and the truth within it; -1 = it is wrong, and cannot know. */
	int64_t expect_least_ns;
	int64_t expect_most_ns;
	/* The advice at the last of them, against the truth. */
	int64_t phase_within_ns;
	int64_t freq_within_ppb;
	enum discipline_state state;
};

/* clang-format off */
static const struct surprise_row surprise_rows[] = {
	/* name                            what          size   runs expect        phase  freq   state */
	{ "nothing",                       NOTHING,         0,    1, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "reboot: frequency kept",        REBOOT,      300e6,    1, 0, 0,        100000,   60, DISCIPLINE_LOCKED },
	{ "reboot, RTC an hour off",       REBOOT,     3600e9,    1, 0, 0,        100000,   60, DISCIPLINE_LOCKED },
	{ "reboot, next run",              REBOOT,      300e6,    2, 0, 0,        100000,   60, DISCIPLINE_LOCKED },
	{ "reboot after six weeks",        REBOOT_LATE,     6,    3, 0, 0,        150000,  150, DISCIPLINE_LOCKED },
	{ "reboot, first run unanswered",  REBOOT_UNANSWERED, 3e8, 1, 0, 0,       100000,   60, DISCIPLINE_LOCKED },
	{ "step 40 ms",                    STEP,         40e6,    1, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "step 40 ms, three runs on",     STEP,         40e6,    4, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "step 1 ms",                     STEP,          1e6,    1, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "step -3 s",                     STEP,         -3e9,    1, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "step a day",                    STEP,     86400e9,     2, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "leap second",                   LEAP,          1e9,    1, -1, 0,       100000,  100, DISCIPLINE_LOCKED },
	{ "leap second, next run",         LEAP,          1e9,    2, -1, 0,       100000,  100, DISCIPLINE_LOCKED },
	{ "step of 5 ms that was none",    LEAP,          5e6,    1, -1, 0,      1000000,  100, DISCIPLINE_LOCKED },
	{ "suspend, RTC 0.4 s off",        SUSPEND,     400e6,    1, 400*MS, 10000*MS, 100000, 60, DISCIPLINE_LOCKED },
	{ "suspend, RTC right",            SUSPEND,         0,    1, 400*MS, 10000*MS, 100000, 60, DISCIPLINE_LOCKED },
	{ "pause 2 s",                     PAUSE,         2e9,    1, -1, 0,       150000,  100, DISCIPLINE_LOCKED },
	{ "pause an hour",                 PAUSE,      3600e9,    1, -1, 0,       150000,  100, DISCIPLINE_LOCKED },
	{ "pause 50 ms, next run",         PAUSE,        50e6,    2, -1, 0,       150000,  100, DISCIPLINE_LOCKED },
	{ "gap of six weeks",              GAP,             6,    1, 1000*MS, 9000*MS, 100000, 200, DISCIPLINE_LOCKED },
	{ "gap of six weeks, next run",    GAP,             6,    2, 1000*MS, 9000*MS, 100000, 100, DISCIPLINE_LOCKED },
	{ "retuned by -50 ppm",            RETUNE,      -50e3,    1, 90*MS, 900*MS, 100000, 500, DISCIPLINE_ACQUIRING },
	{ "retuned by 7 ppm",              RETUNE,        7e3,    2, 12*MS, 90*MS, 100000,  100, DISCIPLINE_LOCKED },
	{ "retuned, seen at once",         RETUNE_SEEN, -50e3,    1, 90*MS, 150*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "slewed by others",              FOREIGN_SLEW, 900e6,   1, 450*MS, 9000*MS, 150000, 500, DISCIPLINE_LOCKED },
	{ "crystal jumps 20 ppm",          JUMP,         20e3,    3, -1, 0,       150000,  300, DISCIPLINE_LOCKED },
	{ "crystal jumps -80 ppm",         JUMP,        -80e3,    3, -1, 0,       150000,  300, DISCIPLINE_LOCKED },
	{ "crystal jumps 1.5 ppm",         JUMP,        1.5e3,    6, -1, 0,       150000,  300, DISCIPLINE_LOCKED },
	{ "one lie: not chased",           LIE,           7e6,    1, 1, 3*MS,    1000000,  150, DISCIPLINE_LOCKED },
	{ "one lie: soon forgotten",       LIE,          -9e6,    4, 1, 3*MS,     150000,  100, DISCIPLINE_LOCKED },
	{ "one lie after honest months",   LIE_LATE,      7e6,    1, 1, 3*MS,    1000000,  250, DISCIPLINE_LOCKED },
	{ "lies alternate: doubt",         LIES_ALTERNATE, 8e6,   3, 1, 3*MS,    9000000, 3000, DISCIPLINE_SUSPECT },
	{ "lies alternate: doubt ends",    LIES_ALTERNATE, 8e6,   9, 1, 3*MS,     150000,  150, DISCIPLINE_LOCKED },
	{ "stamps run backwards",          STAMPS_BACK, 300e6,    1, 0, 0,        100000,   60, DISCIPLINE_LOCKED },
	{ "kernel cannot be read",         NO_KERNEL,       0,    1, 1, 3*MS,     100000,   60, DISCIPLINE_LOCKED },
	{ "nor the servers heard",         NO_KERNEL_UNANSWERED, 0, 1, 1, 3*MS,   100000,   60, DISCIPLINE_LOCKED },
	{ "run while a slew goes on",      SLEW_CUT,    400e6,    1, 1, 3*MS,     100000,  100, DISCIPLINE_LOCKED },
};
/* clang-format on */

static void meet_suspend(struct bench *b, double error_ns)
{
	int64_t asleep_ns = 10 * HOUR_S * NS_PER_S;

	pass(b, HOUR_S / 2);
	b->server_ns += asleep_ns;
	b->asleep_ns += asleep_ns - llround(error_ns);
	b->offset_ns += error_ns;
	pass(b, HOUR_S / 2);
}

static void meet_retune(struct bench *b, const struct surprise_row *row)
{
	pass(b, HOUR_S / 2);
	b->kernel_ppb += row->size;
	if (row->what == RETUNE_SEEN) {
		run_unanswered(b);
	}
	pass(b, HOUR_S / 2);
}

/* The disturbance between the last settled run and the first one after. */
static void meet(struct bench *b, const struct surprise_row *row)
{
	switch (row->what) {
	case REBOOT_LATE:
		b->crystal_ppb += 200.0;
		pass(b, row->size * 7 * 24 * HOUR_S);
		meet_reboot(b, 0.0);
		break;
	case REBOOT:
	case STAMPS_BACK:
	case REBOOT_UNANSWERED:
		meet_reboot(b, row->size);
		b->is_new_boot = row->what != STAMPS_BACK;
		if (row->what == REBOOT_UNANSWERED) {
			run_unanswered(b);
			assert_false(b->advice.has_phase);
			assert_int_equal(discipline_bound_ns(&b->forecast, 0), INT64_MAX);
			pass(b, 60);
		}
		break;
	case SUSPEND:
		meet_suspend(b, row->size);
		break;
	case GAP:
		b->crystal_ppb += 200.0;
		pass(b, row->size * 7 * 24 * HOUR_S);
		break;
	case RETUNE:
	case RETUNE_SEEN:
		meet_retune(b, row);
		break;
	case NO_KERNEL_UNANSWERED:
		pass(b, HOUR_S / 2);
		run_blind(b, false);
		pass(b, HOUR_S / 2);
		break;
	case LIE_LATE:
		for (int i = 0; i < 700; i++) {
			pass(b, HOUR_S);
			run(b);
		}
		pass(b, HOUR_S);
		break;
	case SLEW_CUT:
		pass(b, HOUR_S);
		step(b, -row->size);
		run(b);
		pass(b, 20);
		break;
	default:
		if (row->what == JUMP) {
			b->crystal_ppb += row->size;
		}
		pass(b, HOUR_S);
		if (row->what == STEP) {
			step(b, row->size);
		} else if (row->what == PAUSE) {
			b->server_ns += llround(row->size);
			b->offset_ns += row->size;
		} else if (row->what == FOREIGN_SLEW) {
			/* half of it is done */
			b->offset_ns -= row->size / 2.0;
			b->monotonic_ns += llround(row->size / 2.0);
			b->rest_ns = llround(row->size / 2.0);
		}
		break;
	}
}

static void run_after(struct bench *b, const struct surprise_row *row, int at)
{
	struct discipline_observation found;

	if ((row->what == LIE || row->what == LIE_LATE) && at == 0) {
		run_with(b, row->size);
	} else if (row->what == LIES_ALTERNATE && at < 3) {
		run_with(b, at % 2 ? -row->size : row->size);
	} else if (row->what == LEAP && at == 0) {
		found = look(b, 20e3);
		/* Clock and servers have repeated the second; the boot time has not. */
		found.boottime_ns += llround(row->size);
		found.monotonic_ns += llround(row->size);
		b->monotonic_ns += llround(row->size);
		run_found(b, &found);
	} else if (row->what == NO_KERNEL && at == 0) {
		run_blind(b, true);
	} else {
		run(b);
	}
}

static void check_expectation(struct bench *b, const struct surprise_row *row)
{
	struct discipline_observation found = look(b, 0.0);
	int64_t offset_ns, bound_ns;
	bool is_known = discipline_expect(&b->discipline, &found, &offset_ns, &bound_ns);

	b->is_new_boot = found.is_new_boot; /* the run itself is still to come */
	assert_int_equal(is_known, row->expect_least_ns != 0);
	if (row->expect_least_ns > 0) {
		assert_in_range(bound_ns, row->expect_least_ns, row->expect_most_ns);
		assert_in_range(llabs(offset_ns - found.offset_ns), 0, bound_ns);
	}
}

static void survive_row(void **state)
{
	const struct surprise_row *row = *state;
	struct bench b;
	double truth_ns = 0.0;

	settle(&b, 50e3);
	meet(&b, row);
	check_expectation(&b, row);
	for (int i = 0; i < row->runs; i++) {
		if (i > 0) {
			pass(&b, HOUR_S);
		}
		truth_ns = b.offset_ns;
		run_after(&b, row, i);
		assert_true(discipline_is_valid(&b.discipline));
		/* However surprised: the truth is never outside what is promised. */
		assert_true(fabs(b.offset_ns) <=
		            (double)discipline_bound_ns(&b.forecast, 0));
	}
	if (row->state == DISCIPLINE_LOCKED) {
		/* Not for lack of a promise: 1500 s on, with every slew done. */
		assert_in_range(discipline_bound_ns(&b.forecast, 1500 * NS_PER_S), 1,
		                row->what == STEP ? 5 * MS : 20 * MS);
	}
	assert_true(b.advice.has_phase);
	assert_in_range(llabs(b.advice.phase_ns - llround(truth_ns)), 0,
	                row->phase_within_ns);
	assert_in_range(llabs(b.advice.frequency_ppb - llround(b.crystal_ppb)), 0,
	                row->freq_within_ppb);
	assert_string_equal(discipline_state_name(b.advice.state),
	                    discipline_state_name(row->state));
}

static void knows_nothing_at_first(void **state)
{
	struct bench b = { .kernel_ppb = 12e3 };

	(void)state;
	discipline_init(&b.discipline);
	assert_int_equal(discipline_advise(&b.discipline).state, DISCIPLINE_UNSET);
	run_unanswered(&b);
	assert_int_equal(b.advice.state, DISCIPLINE_UNSET);
	assert_false(b.advice.has_phase);
	assert_int_equal(b.advice.frequency_ppb, 12000);
	assert_false(b.forecast.is_known);
	assert_int_equal(discipline_bound_until_ns(&b.forecast, HOUR_S * NS_PER_S),
	                 INT64_MAX);
}

/* A single run gives the phase; the frequency is still that of the kernel. */
static void first_run_leaves_frequency(void **state)
{
	struct bench b = { .kernel_ppb = 12e3, .crystal_ppb = 50e3, .offset_ns = 123e6 };

	(void)state;
	discipline_init(&b.discipline);
	run_with(&b, 0.0);
	assert_int_equal(b.advice.state, DISCIPLINE_ACQUIRING);
	assert_int_equal(b.advice.phase_ns, 123 * MS);
	assert_int_equal(b.advice.frequency_ppb, 12000);
	assert_true(b.advice.frequency_sd_ppb > 20000);
	/* four exchanges say little of the noise */
	assert_in_range(b.advice.phase_sd_ns, 500 * NS_PER_US, 10 * MS);
	pass(&b, HOUR_S);
	assert_true(fabs(b.offset_ns) <=
	            (double)discipline_bound_ns(&b.forecast, HOUR_S * NS_PER_S));
}

/* A single exchange is uniform within its bound. */
static void one_exchange_tells_no_noise(void **state)
{
	struct bench b = { 0 };
	struct discipline_observation found = look(&b, 0.0);

	(void)state;
	discipline_init(&b.discipline);
	found.bound_ns = 10 * MS;
	found.jitter_ns = 0;
	found.sample_count = 1;
	run_found(&b, &found);
	assert_in_range(b.advice.phase_sd_ns, 5700 * NS_PER_US, 6500 * NS_PER_US);
}

/* A machine that was off for long may come back with another frequency. */
static void frequency_is_doubted_after_long(void **state)
{
	struct bench soon, late;

	(void)state;
	settle(&soon, 50e3);
	settle(&late, 50e3);
	meet_reboot(&soon, 0.0);
	run(&soon);
	pass(&late, 6.0 * 7 * 24 * HOUR_S);
	meet_reboot(&late, 0.0);
	run(&late);
	assert_in_range(late.advice.frequency_sd_ppb, 3 * soon.advice.frequency_sd_ppb,
	                5000);
}

/* offset = server - local: a clock that is behind and loses wants both positive. */
static void signs(void **state)
{
	struct bench b;

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		memset(&b, 0, sizeof(b));
		b.crystal_ppb = sign * 30e3;
		b.offset_ns = sign * 5e6;
		discipline_init(&b.discipline);
		run_with(&b, 0.0);
		assert_int_equal(b.advice.phase_ns, sign * 5 * MS);
		pass(&b, HOUR_S);
		run_with(&b, 0.0);
		assert_in_range(b.advice.frequency_ppb * sign, 29900, 30100);
	}
}

/* By 100 ppm in a run to what a crystal can need, by 1000 beyond; 5000 in all. */
static void frequency_is_limited(void **state)
{
	static const double crystals_ppm[] = { 400, 600, 3000, 9000 };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(crystals_ppm); k++) {
		struct bench b = { .crystal_ppb = crystals_ppm[k] * 1e3 };
		int64_t last_ppb = 0;

		discipline_init(&b.discipline);
		for (int i = 0; i < 96; i++) {
			run(&b);
			assert_in_range(llabs(b.advice.frequency_ppb), 0,
			                DISCIPLINE_FREQUENCY_MAX_PPB);
			assert_in_range(llabs(b.advice.frequency_ppb - last_ppb), 0,
			                llabs(b.advice.frequency_ppb) > 500000 ? 1000000
			                                                       : 100000);
			last_ppb = b.advice.frequency_ppb;
			pass(&b, HOUR_S);
		}
		if (crystals_ppm[k] < 5000) {
			assert_in_range(llabs(last_ppb - llround(b.crystal_ppb)), 0, 2000);
			assert_int_equal(b.advice.beyond_ppb, 0);
		} else {
			assert_int_equal(last_ppb, DISCIPLINE_FREQUENCY_MAX_PPB);
			assert_in_range(b.advice.beyond_ppb, 3960000, 4040000);
		}
	}
}

struct allowed_row {
	const char *name;
	int64_t before_ppb, wanted_ppb, want_ppb;
};

static const struct allowed_row alloweds[] = {
	{ "allowed: what is near", 1000, -90000, -90000 },
	{ "allowed: 100 ppm", 0, 300000, 100000 },
	{ "allowed: 100 ppm down", 0, -300000, -100000 },
	{ "allowed: 1000 ppm where tick is needed", 0, 2000000, 1000000 },
	{ "allowed: on from there", 1000000, 2000000, 2000000 },
	{ "allowed: back at once", 2000000, 30000, 30000 },
	{ "allowed: 5000 ppm in all", 4900000, INT64_MAX, 5000000 },
	{ "allowed: -5000 ppm in all", -4900000, INT64_MIN, -5000000 },
	{ "allowed: from anywhere", INT64_MIN, 0, 0 },
};

static void frequency_allowed(void **state)
{
	const struct allowed_row *row = *state;

	assert_int_equal(discipline_frequency_allowed(row->before_ppb, row->wanted_ppb),
	                 row->want_ppb);
}

/* Two runs in short order say nothing of the frequency: what one misses by is noise, or a slew. */
static void no_frequency_from_short_runs(void **state)
{
	struct bench b;

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		memset(&b, 0, sizeof(b));
		b.offset_ns = sign * 5e6;
		discipline_init(&b.discipline);
		for (int i = 0; i < 100; i++) {
			run(&b);
			assert_int_equal(b.advice.frequency_ppb, 0);
			pass(&b, 1.0);
		}
	}
}

/* ... and after some minutes only what is sure; a crystal that is far off shows by then. */
static void a_frequency_worth_having(void **state)
{
	struct bench b = { .crystal_ppb = 60e3 };

	(void)state;
	discipline_init(&b.discipline);
	for (int i = 0; i < 12; i++) {
		run(&b);
		if (b.server_ns < 120 * NS_PER_S) {
			assert_int_equal(b.advice.frequency_ppb, 0);
		}
		pass(&b, 60.0);
	}
	assert_in_range(b.advice.frequency_ppb, 50000, 70000);
	assert_true(b.advice.frequency_sd_ppb < 12000);
}

/* A kernel that was left at what no crystal needs tells nothing of this one. */
static void a_stray_rate_is_no_prior(void **state)
{
	struct bench b = { .kernel_ppb = 2e6 };

	(void)state;
	discipline_init(&b.discipline);
	run(&b);
	assert_in_range(llabs(b.advice.estimate_ppb), 0, 1000);
}

/* The rest of a slew is counted off at the start of a second; a run in the middle of it must not
 * order again what is in flight. */
static void what_is_in_flight_is_left_out(void **state)
{
	struct bench b = { 0 };

	(void)state;
	b.offset_ns = 5e6;
	discipline_init(&b.discipline);
	run_with(&b, 0.0);
	pass(&b, 2.25);
	run_with(&b, 0.0);
	assert_in_range(b.advice.in_flight_ns, 374000, 378000);
	assert_int_equal(b.rest_ns, b.advice.phase_ns - b.advice.in_flight_ns);
	pass(&b, 30.0);
	assert_in_range(llabs(llround(b.offset_ns)), 0, 30000);
}

/* A server drags the clock: by frequency, then by corrections alone. */
static void drag_is_seen(void **state)
{
	struct discipline_drag drag;
	struct bench b;

	(void)state;
	settle(&b, 20e3);
	drag = discipline_drag(&b.discipline);
	assert_true(drag.has_long_term);
	assert_false(drag.is_frequency_off || drag.is_much_corrected);
	assert_in_range(drag.long_term_ppb, 19000, 21000);
	b.crystal_ppb += 36e3; /* of the server, in truth */
	for (int i = 0; i < 24; i++) {
		pass(&b, HOUR_S);
		run(&b);
	}
	drag = discipline_drag(&b.discipline);
	assert_true(drag.is_frequency_off);
	assert_in_range(drag.off_ppb, 15000, 37000);
	settle(&b, 20e3);
	for (int i = 0; i < 24 * 12; i++) {
		pass(&b, 300.0);
		b.offset_ns += 30e6;
		b.discipline.off_nominal_count = 0;
		run(&b);
	}
	assert_true(discipline_drag(&b.discipline).is_much_corrected);
}

/* A crystal as crystals are, and a network as networks are, are none. */
static void no_drag_without_one(void **state)
{
	struct bench b;

	(void)state;
	settle(&b, 50e3);
	for (int i = 0; i < 24 * 60; i++) {
		struct discipline_drag drag = discipline_drag(&b.discipline);

		assert_false(drag.is_frequency_off || drag.is_much_corrected);
		b.crystal_ppb = 50e3 + 5e3 * sin((double)i / 100.0);
		pass(&b, HOUR_S);
		run(&b);
	}
	meet_reboot(&b, 3e9);
	run(&b);
	step(&b, -40e9);
	pass(&b, HOUR_S);
	run(&b);
	assert_false(discipline_drag(&b.discipline).is_much_corrected);
}

/* The measured bound outweighs all past runs. */
static void correction_stays_within_proof(void **state)
{
	static const double errors_ns[] = { 9.9e6, -9.9e6, 15e6, -40e6, 2e9 };
	struct bench b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(errors_ns); i++) {
		settle(&b, 50e3);
		pass(&b, HOUR_S);
		run_with(&b, errors_ns[i]);
		assert_in_range(llabs(b.advice.phase_ns - b.found.offset_ns), 0,
		                b.found.bound_ns);
	}
}

/* The history database depends on it. */
static void replay_gives_the_same(void **state)
{
	static struct discipline_observation found[60];
	static struct discipline_action did[60];
	struct bench b;
	struct discipline again, copy;

	(void)state;
	memset(&b, 0, sizeof(b));
	b.crystal_ppb = 50e3;
	discipline_init(&b.discipline);
	discipline_init(&again);
	discipline_init(&copy);
	for (size_t i = 0; i < COUNT_OF(found); i++) {
		run(&b);
		found[i] = b.found;
		did[i].step_ns = b.discipline.step_ns;
		did[i].slew_ns = b.discipline.slew.rest_ns;
		did[i].frequency_ppb = b.discipline.frequency_ppb;
		if (i == 30) {
			copy = b.discipline;
		}
		pass(&b, HOUR_S);
	}
	for (size_t i = 0; i < COUNT_OF(found); i++) {
		discipline_observe(&again, &found[i]);
		discipline_apply(&again, &did[i]);
		if (i > 30) {
			discipline_observe(&copy, &found[i]);
			discipline_apply(&copy, &did[i]);
		}
	}
	assert_memory_equal(&again, &b.discipline, sizeof(again));
	assert_memory_equal(&copy, &b.discipline, sizeof(copy));
}

/* Advice not taken is no error: a dry run each hour learns the frequency as well. */
static void learns_without_acting(void **state)
{
	struct bench b = { .crystal_ppb = -35e3 };
	struct discipline_observation found;

	(void)state;
	discipline_init(&b.discipline);
	for (int i = 0; i < 24; i++) {
		found = look(&b, 0.0);
		discipline_observe(&b.discipline, &found);
		pass(&b, HOUR_S);
	}
	b.advice = discipline_advise(&b.discipline);
	assert_in_range(llabs(b.advice.frequency_ppb + 35000), 0, 100);
	assert_in_range(llabs(b.advice.phase_ns - found.offset_ns), 0, 100000);
}

/* With one exchange a run there is no spread in it; the delays of the runs have one. */
static void single_exchanges_learn_their_noise(void **state)
{
	static const double delays_ms[] = { 20.1, 22.0, 21.2, 24.0, 20.6 };
	struct bench quiet, noisy;

	(void)state;
	settle(&quiet, 50e3);
	memset(&noisy, 0, sizeof(noisy));
	noisy.crystal_ppb = 50e3;
	discipline_init(&noisy.discipline);
	for (int i = 0; i < 48; i++) {
		struct discipline_observation found;
		double delay_ms = delays_ms[i % 5];

		found = look(&noisy, (i % 2 ? 1e6 : -1e6) * (delay_ms - 20.0) / 2.0);
		found.bound_ns = llround(delay_ms * 0.5e6);
		found.delay_ns = llround(delay_ms * 1e6);
		found.jitter_ns = 0;
		found.sample_count = 1;
		run_found(&noisy, &found);
		pass(&noisy, HOUR_S);
	}
	/* surer than the bound, less sure than where the network is quiet */
	assert_in_range(noisy.advice.phase_sd_ns, 2 * quiet.advice.phase_sd_ns, 2 * MS);
	assert_in_range(llabs(noisy.advice.frequency_ppb - 50000), 0, 600);
}

static void bound_until_is_the_largest(void **state)
{
	struct bench b;
	int64_t until_ns;

	(void)state;
	settle(&b, 50e3);
	pass(&b, HOUR_S);
	step(&b, 100e6); /* 200 s of slew to come */
	run(&b);
	until_ns = discipline_bound_until_ns(&b.forecast, HOUR_S * NS_PER_S);
	assert_true(until_ns >= 100 * MS);
	for (int64_t s = 0; s <= HOUR_S; s += 10) {
		assert_true(discipline_bound_ns(&b.forecast, s * NS_PER_S) <= until_ns);
		assert_true(fabs(b.offset_ns) <=
		            (double)discipline_bound_ns(&b.forecast, s * NS_PER_S));
		pass(&b, 10);
	}
	/* the slew is done: the bound is small again, and grows with time */
	assert_true(discipline_bound_ns(&b.forecast, 300 * NS_PER_S) < 2 * MS);
	assert_true(discipline_bound_ns(&b.forecast, 48 * HOUR_S * NS_PER_S) >
	            discipline_bound_ns(&b.forecast, HOUR_S * NS_PER_S));
}

static void bound_never_exceeds_proof(void **state)
{
	struct bench b = { .crystal_ppb = 50e3 };

	(void)state;
	discipline_init(&b.discipline);
	run_with(&b, 0.0);
	assert_in_range(discipline_bound_ns(&b.forecast, 0), 1, b.found.bound_ns);
}

static void expects_what_drift_explains(void **state)
{
	struct bench b;
	struct discipline_observation found;
	int64_t offset_ns = -1, bound_ns = -1;

	(void)state;
	discipline_init(&b.discipline);
	memset(&found, 0, sizeof(found));
	assert_false(discipline_expect(&b.discipline, &found, &offset_ns, &bound_ns));
	assert_int_equal(offset_ns, -1);

	settle(&b, 50e3);
	pass(&b, HOUR_S);
	step(&b, 700e6); /* seen in the stamps, so no surprise */
	found = look(&b, 0.0);
	assert_true(discipline_expect(&b.discipline, &found, &offset_ns, &bound_ns));
	assert_in_range(llabs(offset_ns - llround(b.offset_ns)), 0, bound_ns);
	assert_in_range(bound_ns, 1, 5 * MS);

	found.is_new_boot = true;
	offset_ns = -1;
	assert_false(discipline_expect(&b.discipline, &found, &offset_ns, &bound_ns));
	assert_int_equal(offset_ns, -1);
}

enum damage {
	DAMAGE_VERSION,
	DAMAGE_SURPRISES,
	DAMAGE_WIDTH_COUNT,
	DAMAGE_WIDTH_AT,
	DAMAGE_WIDTH_NAN,
	DAMAGE_LIES_NAN,
	DAMAGE_SPREAD_NEGATIVE,
	DAMAGE_PHASE_NAN,
	DAMAGE_FREQ_INFINITE,
	DAMAGE_VARIANCE_NEGATIVE,
	DAMAGE_SHARE_ABOVE_ONE,
	DAMAGE_WEIGHTS_ZERO,
	DAMAGE_ZEROED,
	DAMAGE_COUNT
};

static void damage(struct discipline *d, enum damage what)
{
	struct discipline_estimate *verdict = &d->models[7].estimates[DISCIPLINE_NOMINAL];

	switch (what) {
	case DAMAGE_VERSION:
		d->version++;
		break;
	case DAMAGE_SURPRISES:
		d->off_nominal_count = 4;
		break;
	case DAMAGE_WIDTH_COUNT:
		d->recent_bound_count = DISCIPLINE_RECENT_BOUNDS + 1;
		break;
	case DAMAGE_WIDTH_AT:
		d->recent_bound_at = DISCIPLINE_RECENT_BOUNDS;
		break;
	case DAMAGE_WIDTH_NAN:
		d->recent_bounds_ns[3] = NAN;
		break;
	case DAMAGE_LIES_NAN:
		d->outlier_probability = NAN;
		break;
	case DAMAGE_SPREAD_NEGATIVE:
		d->spread_sum_ns = -1.0;
		break;
	case DAMAGE_PHASE_NAN:
		verdict->phase_ns = NAN;
		break;
	case DAMAGE_FREQ_INFINITE:
		verdict->freq_ppb = INFINITY;
		break;
	case DAMAGE_VARIANCE_NEGATIVE:
		verdict->var_phase_ns2 = -1.0;
		break;
	case DAMAGE_SHARE_ABOVE_ONE:
		verdict->probability = 1.5;
		break;
	case DAMAGE_WEIGHTS_ZERO:
		for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
			d->models[i].weight = 0.0;
		}
		break;
	default:
		memset(d, 0, sizeof(*d));
		break;
	}
}

static void damage_is_seen(void **state)
{
	struct bench b;

	(void)state;
	for (int i = 0; i < DAMAGE_COUNT; i++) {
		settle(&b, 50e3);
		assert_true(discipline_is_valid(&b.discipline));
		damage(&b.discipline, (enum damage)i);
		assert_false(discipline_is_valid(&b.discipline));
	}
	discipline_init(&b.discipline);
	assert_true(discipline_is_valid(&b.discipline));
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed ^ *seed >> 29;
}

static int64_t any(uint64_t *seed)
{
	static const int64_t extremes[] = { INT64_MIN, INT64_MAX, 0, 1, -1, EPOCH_NS };
	uint64_t pick = next(seed) % 12;

	if (pick < COUNT_OF(extremes)) {
		return extremes[pick];
	}
	return (int64_t)next(seed) >> (next(seed) % 64);
}

/* A record out of a damaged database may say anything. */
static void no_record_breaks_it(void **state)
{
	struct discipline d;
	uint64_t seed = 42;

	(void)state;
	discipline_init(&d);
	for (int i = 0; i < 20000; i++) {
		struct discipline_observation found = {
			.at = { any(&seed) },
			.monotonic_ns = any(&seed),
			.boottime_ns = any(&seed),
			.is_new_boot = next(&seed) % 4 == 0,
			.has_kernel = next(&seed) % 2,
			.frequency_ppb = any(&seed),
			.slew_left_ns = any(&seed),
			.is_trusted = next(&seed) % 4 != 0,
			.offset_ns = any(&seed),
			.bound_ns = any(&seed),
			.delay_ns = any(&seed),
			.jitter_ns = any(&seed),
			.sample_count = (unsigned)any(&seed),
		};
		struct discipline_action did = {
			.step_ns = any(&seed),
			.slew_ns = any(&seed),
			.slew_given_ns = any(&seed),
			.after.unix_ns = any(&seed),
			.frequency_ppb = any(&seed),
		};
		struct discipline_advice advice;
		struct discipline_forecast forecast;
		int64_t offset_ns, bound_ns;

		if (discipline_expect(&d, &found, &offset_ns, &bound_ns)) {
			assert_true(bound_ns >= 0);
		}
		discipline_observe(&d, &found);
		advice = discipline_advise(&d);
		assert_in_range(advice.frequency_sd_ppb, 0, INT64_MAX);
		assert_true(llabs(advice.frequency_ppb) <= DISCIPLINE_FREQUENCY_MAX_PPB ||
		            advice.frequency_ppb == d.frequency_ppb);
		assert_true(llabs(advice.in_flight_ns) <= KERNEL_SLEW_STEP_NS);
		discipline_apply(&d, &did);
		forecast = discipline_forecast(&d);
		assert_true(discipline_bound_until_ns(&forecast, any(&seed)) >= 0);
		assert_true(discipline_is_valid(&d));
	}
}

int main(void)
{
	static const struct CMUnitTest plain[] = {
		cmocka_unit_test(knows_nothing_at_first),
		cmocka_unit_test(first_run_leaves_frequency),
		cmocka_unit_test(one_exchange_tells_no_noise),
		cmocka_unit_test(frequency_is_doubted_after_long),
		cmocka_unit_test(signs),
		cmocka_unit_test(frequency_is_limited),
		cmocka_unit_test(no_frequency_from_short_runs),
		cmocka_unit_test(a_frequency_worth_having),
		cmocka_unit_test(a_stray_rate_is_no_prior),
		cmocka_unit_test(what_is_in_flight_is_left_out),
		cmocka_unit_test(drag_is_seen),
		cmocka_unit_test(no_drag_without_one),
		cmocka_unit_test(correction_stays_within_proof),
		cmocka_unit_test(replay_gives_the_same),
		cmocka_unit_test(learns_without_acting),
		cmocka_unit_test(single_exchanges_learn_their_noise),
		cmocka_unit_test(bound_until_is_the_largest),
		cmocka_unit_test(bound_never_exceeds_proof),
		cmocka_unit_test(expects_what_drift_explains),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(no_record_breaks_it),
	};
	static struct CMUnitTest
		tests[COUNT_OF(plain) + COUNT_OF(surprise_rows) + COUNT_OF(alloweds)];

	memcpy(tests, plain, sizeof(plain));
	for (size_t i = 0; i < COUNT_OF(alloweds); i++) {
		tests[COUNT_OF(plain) + COUNT_OF(surprise_rows) + i] = (struct CMUnitTest){
			.name = alloweds[i].name,
			.test_func = frequency_allowed,
			.initial_state = (void *)(uintptr_t)&alloweds[i],
		};
	}
	for (size_t i = 0; i < COUNT_OF(surprise_rows); i++) {
		tests[COUNT_OF(plain) + i] = (struct CMUnitTest){
			.name = surprise_rows[i].name,
			.test_func = survive_row,
			.initial_state = (void *)(uintptr_t)&surprise_rows[i],
		};
	}
	return cmocka_run_group_tests_name("discipline", tests, NULL, NULL);
}
