/* SPDX-License-Identifier: MIT
 *
 * From recorded runs to advice: the records that `set` would have left for a clock 50 ppm
 * slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/clock/discipline_replay.h"

#define HOUR_NS (3600 * NS_PER_S)
#define START_NS (INT64_C(1800000000) * NS_PER_S)

enum { RUNS = 48 };

/* Run number i of an uncorrected clock 50 ppm slow: measured to 10 us, within 1 ms. */
static struct run_record a_run(int i, int64_t offset_ns)
{
	struct run_record run;

	memset(&run, 0, sizeof(run));
	run.at.unix_ns = START_NS + i * HOUR_NS;
	run.mono_ns = i * (HOUR_NS - 180 * NS_PER_MS) + NS_PER_S; /* slow as well */
	run.boot_ns = run.mono_ns;
	memcpy(run.boot_id, "one", 4);
	run.verb = RUN_VERB_SET;
	run.status = RUN_OK;
	run.agreeing_count = 3;
	run.asked_count = 3;
	run.has_answer = 1;
	run.sample_count = 4;
	run.offset_ns = offset_ns + (i % 2 ? 10000 : -10000);
	run.bound_ns = NS_PER_MS;
	run.delay_ns = 2 * NS_PER_MS;
	run.jitter_ns = 20000;
	run.has_kernel = 1;
	return run;
}

/* Each run corrects the clock by a step, but not its frequency. */
static void history(struct run_record runs[RUNS])
{
	for (int i = 0; i < RUNS; i++) {
		runs[i] = a_run(i, i > 0 ? 180 * NS_PER_MS : 0);
		runs[i].applied_action = PLAN_STEP;
		runs[i].applied_by_ns = runs[i].offset_ns;
		runs[i].at.unix_ns -= i > 0 ? 180 * NS_PER_MS : 0;
	}
}

static struct correct_record advice(size_t replay, const struct run_record *now)
{
	static struct run_record runs[RUNS];
	struct correct_record ret;
	struct discipline d;

	history(runs);
	memset(&ret, 0, sizeof(ret));
	discipline_replay(runs, replay, &d);
	discipline_replay_advise(&d, now, replay ? &runs[replay - 1] : NULL, &ret);
	return ret;
}

static void the_frequency_is_learned(void **state)
{
	struct run_record now = a_run(RUNS, 180 * NS_PER_MS);
	struct correct_record ret;

	(void)state;
	now.at.unix_ns -= 180 * NS_PER_MS;
	ret = advice(RUNS, &now);
	assert_int_equal(ret.has_advice, 1);
	assert_in_range(ret.frequency_ppb, 49900, 50100);
	assert_true(llabs(ret.phase_ns - now.offset_ns) <= now.bound_ns);
	assert_true(ret.phase_sd_ns > 0 && ret.phase_sd_ns < now.bound_ns);
	/* 180 ms are expected, so nothing is suspicious; an hour later it is still near. */
	assert_true(ret.expected_bound_ns > 0);
	assert_true(llabs(ret.expected_ns - now.offset_ns) <= ret.expected_bound_ns);
}

static void the_first_run_knows_only_itself(void **state)
{
	struct run_record now = a_run(0, 5 * NS_PER_MS);
	struct correct_record ret = advice(0, &now);

	(void)state;
	assert_true(ret.expected_bound_ns < 0);
	assert_int_equal(ret.has_advice, 0);
}

static void refused_runs_are_not_learned(void **state)
{
	static struct run_record runs[RUNS];
	struct discipline clean, refused;

	(void)state;
	history(runs);
	discipline_replay(runs, RUNS - 1, &clean);
	runs[RUNS - 1].status = RUN_REFUSED;
	runs[RUNS - 1].offset_ns = 5000 * NS_PER_S;
	runs[RUNS - 1].applied_action = PLAN_NONE;
	runs[RUNS - 1].applied_by_ns = 0;
	discipline_replay(runs, RUNS, &refused);
	assert_int_equal(refused.trusted_count, clean.trusted_count);
	assert_int_equal(refused.off_nominal_count, clean.off_nominal_count);
}

/* The phase error starts anew; the frequency stays. */
static void a_reboot_keeps_the_frequency(void **state)
{
	struct run_record now = a_run(RUNS, -3 * NS_PER_S);
	struct correct_record ret;

	(void)state;
	memcpy(now.boot_id, "two", 4);
	now.mono_ns = 30 * NS_PER_S;
	now.boot_ns = now.mono_ns;
	ret = advice(RUNS, &now);
	assert_int_equal(ret.has_advice, 1);
	assert_in_range(ret.frequency_ppb, 49700, 50300);
	assert_true(llabs(ret.phase_ns - now.offset_ns) <= now.bound_ns);
	/* There is no expectation of the phase, so nothing is refused because of it. */
	assert_true(ret.expected_bound_ns < 0);
}

static void no_answer_no_advice(void **state)
{
	struct run_record now = a_run(RUNS, 0);
	struct correct_record ret;

	(void)state;
	now.status = RUN_NO_MAJORITY;
	now.has_answer = 0;
	ret = advice(RUNS, &now);
	assert_int_equal(ret.has_advice, 0);
}

static void a_kernel_that_tells_nothing_gets_no_advice(void **state)
{
	struct run_record now = a_run(RUNS, 0);
	struct correct_record ret;

	(void)state;
	now.has_kernel = 0;
	ret = advice(RUNS, &now);
	assert_int_equal(ret.has_advice, 0);
}

static void the_interval_is_the_usual_one(void **state)
{
	static struct run_record runs[RUNS];

	(void)state;
	history(runs);
	assert_true(discipline_replay_interval_ns(NULL, 0) ==
	            DISCIPLINE_REPLAY_INTERVAL_NS);
	assert_true(discipline_replay_interval_ns(runs, 2) ==
	            DISCIPLINE_REPLAY_INTERVAL_NS);
	for (int i = 0; i < RUNS; i++) {
		runs[i] = a_run(0, 0);
		runs[i].at.unix_ns = START_NS + i * HOUR_NS / 4;
	}
	runs[RUNS - 1].at.unix_ns += 100 * HOUR_NS; /* a long gap changes nothing */
	assert_int_equal(discipline_replay_interval_ns(runs, RUNS), HOUR_NS / 4);
}

/* Wherever the snapshot was made, and however it was stored. */
static void a_memo_and_the_rest_equal_a_replay(void **state)
{
	static struct run_record runs[RUNS];
	struct discipline all, part, resumed;
	struct discipline_snapshot snapshot, copy;

	(void)state;
	history(runs);
	discipline_replay(runs, RUNS, &all);
	for (size_t at = 1; at <= RUNS; at++) {
		discipline_replay(runs, at, &part);
		discipline_snapshot_make(&part, &runs[at - 1], &snapshot);
		assert_true(discipline_snapshot_read(&snapshot, sizeof(snapshot), &copy));
		/* The loaded window may begin later. */
		assert_true(discipline_replay_resume(&copy, &runs[at / 2], RUNS - at / 2,
		                                     &resumed));
		assert_memory_equal(&resumed, &all, sizeof(all));
	}
	assert_false(discipline_replay_resume(&copy, runs, RUNS - 1, &resumed));
	assert_false(discipline_replay_resume(&copy, runs, 0, &resumed));
	assert_false(discipline_snapshot_read(&snapshot, sizeof(snapshot) - 1, &copy));
}

/* Before each run: the bound predicted from the runs before it, and no bound after a
 * reboot.  It is the same that `set` would have predicted at the time. */
static void predicted_bounds_of_past_runs(void **state)
{
	static struct run_record runs[RUNS + 3];
	const struct discipline_action nothing = { .slew_ns = 0 };
	int64_t predictions[RUNS + 3], without[RUNS + 1];
	struct discipline d;
	struct discipline_report discipline_report;

	(void)state;
	history(runs);
	runs[RUNS] =
		a_run(RUNS, 170 * NS_PER_MS); /* a query and a dry run: they do not count */
	runs[RUNS].verb = RUN_VERB_QUERY;
	runs[RUNS + 1] = a_run(RUNS + 1, 180 * NS_PER_MS);
	runs[RUNS + 1].is_dry = 1;
	runs[RUNS + 2] = a_run(RUNS + 2, 180 * NS_PER_MS);
	memcpy(runs[RUNS + 2].boot_id, "two", 4);
	discipline_replay_bounds(runs, RUNS + 3, predictions);
	assert_true(predictions[0] == INT64_MAX);
	for (size_t i = 1; i < RUNS; i++) {
		assert_true(predictions[i] >= runs[i].offset_ns - runs[i].bound_ns);
	}
	/* 50 ppm over an hour are known by now. */
	assert_true(predictions[RUNS - 1] < 190 * NS_PER_MS);
	assert_true(predictions[RUNS + 1] > predictions[RUNS]);
	assert_true(predictions[RUNS + 2] == INT64_MAX);
	runs[RUNS] = runs[RUNS + 1];
	discipline_replay_bounds(runs, RUNS + 1, without);
	assert_int_equal(predictions[RUNS + 1], without[RUNS]);
	/* As `set` predicted it, for an hour. */
	discipline_replay(runs, RUNS - 1, &d);
	discipline_report = discipline_replay_report(
		&d, &nothing, runs[RUNS - 1].boot_ns - runs[RUNS - 2].boot_ns);
	assert_true(discipline_report.has_bound);
	assert_true(discipline_report.bound_ns >= predictions[RUNS - 1]);
}

static void what_is_shown(void **state)
{
	struct run_record now = a_run(RUNS, 180 * NS_PER_MS);
	static struct run_record runs[RUNS];
	struct discipline_action did = { .step_ns = 180 * NS_PER_MS,
		                         .frequency_ppb = 50000 };
	struct correct_record record;
	struct discipline_report moved, left;
	struct discipline d;

	(void)state;
	memset(&record, 0, sizeof(record));
	history(runs);
	now.at.unix_ns -= 180 * NS_PER_MS;
	discipline_replay(runs, RUNS, &d);
	discipline_replay_advise(&d, &now, &runs[RUNS - 1], &record);
	moved = discipline_replay_report(&d, &did, HOUR_NS);
	assert_int_equal(moved.state, DISCIPLINE_LOCKED);
	assert_in_range(moved.frequency_ppb, 49900, 50100);
	assert_in_range(moved.frequency_sd_ppb, 1, 1000);
	assert_true(moved.has_phase && moved.has_bound);
	assert_true(llabs(moved.phase_ns - 180 * NS_PER_MS) < NS_PER_MS);
	assert_in_range(moved.bound_ns, 1, 5 * NS_PER_MS);
	assert_true(moved.ahead_ns == HOUR_NS);
	/* No correction: it stays as far off, and goes on drifting. */
	did = (struct discipline_action){ 0 };
	left = discipline_replay_report(&d, &did, HOUR_NS);
	assert_true(left.bound_ns > 350 * NS_PER_MS);
	discipline_init(&d);
	left = discipline_replay_report(&d, &did, HOUR_NS);
	assert_int_equal(left.state, DISCIPLINE_UNSET);
	assert_false(left.has_phase || left.has_bound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frequency_is_learned),
		cmocka_unit_test(the_first_run_knows_only_itself),
		cmocka_unit_test(refused_runs_are_not_learned),
		cmocka_unit_test(a_reboot_keeps_the_frequency),
		cmocka_unit_test(no_answer_no_advice),
		cmocka_unit_test(a_kernel_that_tells_nothing_gets_no_advice),
		cmocka_unit_test(the_interval_is_the_usual_one),
		cmocka_unit_test(a_memo_and_the_rest_equal_a_replay),
		cmocka_unit_test(predicted_bounds_of_past_runs),
		cmocka_unit_test(what_is_shown),
	};

	return cmocka_run_group_tests_name("discipline_replay", tests, NULL, NULL);
}
