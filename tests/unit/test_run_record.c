/* SPDX-License-Identifier: MIT
 *
 * core/record: what may be believed of a record, and how long a kiss code holds.  Fault
 * row 69; RFC 5905 section 7.4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/discipline/run_record.h"

#define MINUTE_NS (60 * NS_PER_S)
#define DAY_NS (86400 * NS_PER_S)
#define NOW_S INT64_C(1800000000)

static const struct instant now = { NOW_S * NS_PER_S };

static struct instant later(int64_t ns)
{
	return instant_add_ns(now, ns);
}

static struct source_record a_source(uint32_t kiss, uint8_t has_estimate)
{
	struct source_record source;

	memset(&source, 0, sizeof(source));
	assert_true(address_parse("192.0.2.1", &source.address));
	source.address.port = 123;
	source.port = 123;
	source.kiss = kiss;
	source.has_estimate = has_estimate;
	return source;
}

/* ---- how long ---- */

struct hold_row {
	const char *name;
	int64_t since_ns; /* both relative to now */
	int64_t until_ns;
	bool want;
};

static const struct hold_row hold_rows[] = {
	{ "kiss: now", 0, 1, true },
	{ "kiss: its end is not in it", -10, 0, false },
	{ "kiss: over", -2 * MINUTE_NS, -MINUTE_NS, false },
	{ "kiss: a minute left", -MINUTE_NS, MINUTE_NS, true },
	{ "69 kiss until the year 2262", -MINUTE_NS, INT64_MAX - NOW_S *NS_PER_S, true },
	{ "69 ... holds a day less 1 ns", -DAY_NS + 1, INT64_MAX - NOW_S *NS_PER_S, true },
	{ "69 ... and no longer", -DAY_NS, INT64_MAX - NOW_S *NS_PER_S, false },
	{ "69 kiss from the future", 1, DAY_NS, false },
	{ "69 kiss from the end of time", INT64_MAX - NOW_S *NS_PER_S,
	  INT64_MAX - NOW_S *NS_PER_S, false },
};

static void hold_row(void **state)
{
	const struct hold_row *row = *state;
	struct kod_holdoff kiss = { .code = NTP_KISS_RATE,
		                    .since = later(row->since_ns),
		                    .until = later(row->until_ns) };

	assert_int_equal(kod_holdoff_holds(&kiss, now), row->want);
}

static void rate_doubles_up_to_a_day(void **state)
{
	const struct source_record source = a_source(NTP_KISS_RATE, 0);
	static const int64_t want_minutes[] = { 15,  30,  60,   120,  240,
		                                480, 960, 1440, 1440, 1440 };
	struct kod_holdoff kiss;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want_minutes); i++) {
		assert_true(kod_holdoff_next(i ? &kiss : NULL, &source, now, &kiss));
		assert_true(kod_holdoff_is_valid(&kiss));
		assert_int_equal(instant_diff_ns(kiss.until, now),
		                 want_minutes[i] * MINUTE_NS);
		assert_int_equal(kiss.since.unix_ns, now.unix_ns);
		assert_true(address_equal(&kiss.address, &source.address));
	}
}

static void deny_and_rstr_cost_a_day(void **state)
{
	static const uint32_t codes[] = { NTP_KISS_DENY, NTP_KISS_RSTR };
	struct kod_holdoff kiss;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		const struct source_record source = a_source(codes[i], 0);

		assert_true(kod_holdoff_next(NULL, &source, now, &kiss));
		assert_int_equal(kiss.code, codes[i]);
		assert_int_equal(instant_diff_ns(kiss.until, now), DAY_NS);
		assert_true(kod_holdoff_holds(&kiss, later(DAY_NS - 1)));
		assert_false(kod_holdoff_holds(&kiss, later(DAY_NS)));
	}
}

static void a_good_answer_takes_back_one(void **state)
{
	const struct source_record rate = a_source(NTP_KISS_RATE, 0);
	const struct source_record good = a_source(NTP_KISS_NONE, 1);
	const struct source_record silent = a_source(NTP_KISS_NONE, 0);
	struct kod_holdoff kiss;

	(void)state;
	assert_false(kod_holdoff_next(NULL, &good, now, &kiss));
	assert_false(kod_holdoff_next(NULL, &silent, now, &kiss));
	assert_true(kod_holdoff_next(NULL, &rate, now, &kiss));
	assert_true(kod_holdoff_next(&kiss, &rate, now, &kiss));
	assert_true(kod_holdoff_next(&kiss, &silent, later(DAY_NS), &kiss));
	assert_int_equal(kiss.rate_count, 2);
	assert_true(kod_holdoff_next(&kiss, &good, later(DAY_NS), &kiss));
	assert_int_equal(kiss.rate_count, 1);
	/* Silence and answers do not lengthen the hold-off. */
	assert_int_equal(instant_diff_ns(kiss.until, now), 30 * MINUTE_NS);
	assert_false(kod_holdoff_next(&kiss, &good, later(DAY_NS), &kiss));
}

/* Asked in its hold-off, because there was no majority without it: not for the next 15 minutes,
 * whatever came of it, unless that ended the hold-off. */
static void asked_all_the_same(void **state)
{
	const struct source_record deny = a_source(NTP_KISS_DENY, 0);
	const struct source_record rate = a_source(NTP_KISS_RATE, 0);
	const struct source_record unasked = a_source(NTP_KISS_NONE, 0);
	struct source_record silent = unasked, good = a_source(NTP_KISS_NONE, 1);
	const struct instant asked = later(15 * MINUTE_NS);
	struct kod_holdoff kiss;

	(void)state;
	silent.sent_count = good.sent_count = 1;
	assert_true(kod_holdoff_next(NULL, &deny, now, &kiss));
	assert_false(kod_holdoff_may_ask(&kiss, later(15 * MINUTE_NS - 1)));
	assert_true(kod_holdoff_may_ask(&kiss, asked));
	assert_true(kod_holdoff_next(&kiss, &unasked, asked, &kiss));
	assert_true(kod_holdoff_may_ask(&kiss, asked));
	assert_true(kod_holdoff_next(&kiss, &silent, asked, &kiss));
	assert_int_equal(instant_diff_ns(kiss.until, now), DAY_NS);
	assert_false(kod_holdoff_may_ask(&kiss, later(30 * MINUTE_NS - 1)));
	assert_true(kod_holdoff_may_ask(&kiss, later(30 * MINUTE_NS)));
	assert_false(kod_holdoff_holds(&kiss, later(DAY_NS)));
	assert_false(kod_holdoff_next(&kiss, &good, later(30 * MINUTE_NS), &kiss));
	/* A usable answer cancels one of two RATE; the other holds. */
	assert_true(kod_holdoff_next(NULL, &rate, now, &kiss));
	assert_true(kod_holdoff_next(&kiss, &rate, now, &kiss));
	assert_true(kod_holdoff_next(&kiss, &good, asked, &kiss));
	assert_true(kod_holdoff_holds(&kiss, later(20 * MINUTE_NS)));
	assert_false(kod_holdoff_may_ask(&kiss, later(20 * MINUTE_NS)));
}

/* ---- what may be believed ---- */

static struct run_record a_run(void)
{
	struct run_record run;

	memset(&run, 0, sizeof(run));
	run.at = now;
	run.verb = RUN_VERB_SET;
	run.has_answer = 1;
	run.bound_ns = 5;
	return run;
}

struct break_row {
	const char *name;
	size_t at;
	size_t size;
	uint8_t with;
	bool want;
};

#define RUN(field)                                                                         \
	offsetof(struct run_record, field), sizeof(((struct run_record *)0)->field)
#define SOURCE(field)                                                                      \
	offsetof(struct source_record, field), sizeof(((struct source_record *)0)->field)

static const struct break_row run_rows[] = {
	{ "run: as it is", RUN(is_dry), 0, true },
	{ "run: boot id without end", RUN(boot_id), 'x', false },
	{ "run: version without end", RUN(version), 'x', false },
	{ "run: verb", RUN(verb), 0x7f, false },
	{ "run: status", RUN(status), 0x7f, false },
	{ "run: exit status", RUN(exit_status), 0x7f, false },
	{ "run: half dry", RUN(is_dry), 2, false },
	{ "run: half an answer", RUN(has_answer), 2, false },
	{ "run: half a plan", RUN(has_plan), 2, false },
	{ "run: half a kernel", RUN(has_kernel), 2, false },
	{ "run: leap", RUN(leap), 0x7f, false },
	{ "run: negative bound", RUN(bound_ns), 0xff, false },
	{ "run: negative delay", RUN(delay_ns), 0xff, false },
	{ "run: negative jitter", RUN(jitter_ns), 0xff, false },
	{ "run: negative offset", RUN(offset_ns), 0xff, true },
	{ "run: plan action", RUN(plan_action), 0x7f, false },
	{ "run: plan reason", RUN(plan_reason), 0x7f, false },
	{ "run: applied action", RUN(applied_action), 0x7f, false },
	{ "run: kernel flags", RUN(kernel_flags), 0x7f, false },
};

static void run_row(void **state)
{
	const struct break_row *row = *state;
	struct run_record run = a_run();

	memset((uint8_t *)&run + row->at, row->with, row->size);
	assert_int_equal(run_record_is_valid(&run), row->want);
}

static const struct break_row source_rows[] = {
	{ "source: as it is", SOURCE(has_header), 0, true },
	{ "source: name without end", SOURCE(name), 'x', false },
	{ "source: reason without end", SOURCE(reason), 'x', false },
	{ "source: family", offsetof(struct source_record, address.family), 4, 0x7f,
	  false },
	{ "source: interface without end", SOURCE(address.zone), 'x', false },
	{ "source: interface of one octet", offsetof(struct source_record, address.zone), 1,
	  'x', true },
	{ "source: interface that is no name", offsetof(struct source_record, address.zone),
	  1, 0x1b, false },
	{ "source: port", SOURCE(port), 0x7f, false },
	{ "source: other port in the address", offsetof(struct source_record, address.port),
	  2, 9, false },
	{ "source: scheme", SOURCE(scheme), 0x7f, false },
	{ "source: status", SOURCE(status), 0x7f, false },
	{ "source: kiss", SOURCE(kiss), 0x7f, false },
	{ "source: leap", SOURCE(leap), 4, false },
	{ "source: half a header", SOURCE(has_header), 2, false },
	{ "source: half an estimate", SOURCE(has_estimate), 2, false },
	{ "source: negative bound", SOURCE(bound_ns), 0xff, false },
};

static void source_row(void **state)
{
	const struct break_row *row = *state;
	struct source_record source = a_source(0, 1);

	memset((uint8_t *)&source + row->at, row->with, row->size);
	assert_int_equal(source_record_is_valid(&source), row->want);
}

/* ---- to and from ---- */

static void a_run_is_taken_over(void **state)
{
	struct run run = { .status = RUN_OK,
		           .at = now,
		           .at_mono_ns = 77,
		           .has_answer = true,
		           .offset_ns = -5,
		           .bound_ns = 9,
		           .delay_ns = 11,
		           .leap = NTP_LEAP_INSERT,
		           .agreeing_count = 3,
		           .asked_count = 4 };
	struct run_record record;

	(void)state;
	run_record_init(&record, RUN_VERB_SET, &run);
	assert_true(run_record_is_valid(&record));
	assert_int_equal(record.at.unix_ns, now.unix_ns);
	assert_int_equal(record.mono_ns, 77);
	assert_int_equal(record.offset_ns, -5);
	assert_int_equal(record.bound_ns, 9);
	assert_int_equal(record.delay_ns, 11);
	assert_int_equal(record.leap, NTP_LEAP_INSERT);
	assert_int_equal(record.agreeing_count, 3);
	assert_int_equal(record.asked_count, 4);
	run.has_answer = false;
	run.status = RUN_NO_MAJORITY;
	run_record_init(&record, RUN_VERB_QUERY, &run);
	assert_int_equal(record.offset_ns, 0); /* nothing is taken from what is not known */
	assert_int_equal(record.exit_status, 1);
	assert_false(run_record_observation(&record, NULL).is_trusted);
}

static void a_source_is_taken_over(void **state)
{
	struct run_source source = { .name = "ntp.example",
		                     .scheme = SCHEME_NTP,
		                     .port = 123,
		                     .status = SOURCE_REJECTED,
		                     .reason = "RATE",
		                     .sent = 2,
		                     .received = 1,
		                     .has_header = true,
		                     .refid = { 'R', 'A', 'T', 'E' } };
	struct source_record record;

	(void)state;
	assert_true(address_parse("2001:db8::1", &source.address));
	source_record_init(&record, &source);
	assert_true(source_record_is_valid(&record));
	assert_string_equal(record.name, "ntp.example");
	assert_string_equal(record.reason, "RATE");
	assert_int_equal(record.address.port, 123);
	assert_int_equal(record.kiss, NTP_KISS_RATE);
	assert_int_equal(record.sent_count, 2);
	source.stratum = 2; /* there the same four octets are an address */
	source_record_init(&record, &source);
	assert_int_equal(record.kiss, NTP_KISS_NONE);
	assert_true(address_parse("fe80::1%eth0", &source.address));
	source.address.scope = 7;
	source_record_init(&record, &source);
	assert_true(source_record_is_valid(&record));
	assert_true(address_is_same_host(&record.address, &source.address));
	assert_string_equal(record.address.zone, "eth0");
}

static void what_the_discipline_is_told(void **state)
{
	struct run_record run = a_run(), before = a_run();

	(void)state;
	run.applied_action = PLAN_STEP;
	run.applied_by_ns = 400;
	run.slew_after_ns = 3;
	run.has_kernel = 1;
	run.frequency_before_ppb = 10;
	run.frequency_after_ppb = 20;
	snprintf(run.boot_id, sizeof(run.boot_id), "a");
	assert_false(run_record_observation(&run, NULL).is_new_boot);
	assert_true(run_record_observation(&run, &before).is_new_boot);
	before = run;
	assert_false(run_record_observation(&run, &before).is_new_boot);
	assert_true(run_record_observation(&run, NULL).is_trusted);
	assert_int_equal(run_record_observation(&run, NULL).frequency_ppb, 10);
	assert_int_equal(run_record_action(&run).step_ns, 400);
	assert_int_equal(run_record_action(&run).slew_ns, 3);
	assert_int_equal(run_record_action(&run).frequency_ppb, 20);
	assert_int_equal(run_record_end(&run).unix_ns, now.unix_ns + 400);
	assert_int_equal(run_record_action(&run).slew_given_ns, 0);
	run.applied_action = PLAN_SLEW;
	run.after = instant_add_ns(now, 7);
	assert_int_equal(run_record_action(&run).step_ns, 0);
	assert_int_equal(run_record_action(&run).after.unix_ns, now.unix_ns + 7);
	/* adjtime() is given whole microseconds. */
	run.applied_by_ns = 1234501;
	assert_int_equal(run_record_action(&run).slew_given_ns, 1235000);
	run.applied_by_ns = -1234499;
	assert_int_equal(run_record_action(&run).slew_given_ns, -1234000);
	assert_int_equal(run_record_end(&run).unix_ns, now.unix_ns);
}

#define ROWS(rows, function)                                                               \
	for (size_t i = 0; i < COUNT_OF(rows); i++, t++) {                                 \
		*t = (struct CMUnitTest){ .name = (rows)[i].name,                          \
			                  .test_func = (function),                         \
			                  .initial_state =                                 \
			                          (void *)(uintptr_t) & (rows)[i] };       \
	}

int main(void)
{
	struct CMUnitTest
		tests[COUNT_OF(hold_rows) + COUNT_OF(run_rows) + COUNT_OF(source_rows) + 7];
	struct CMUnitTest *t = tests;

	ROWS(hold_rows, hold_row)
	ROWS(run_rows, run_row)
	ROWS(source_rows, source_row)
	*t++ = (struct CMUnitTest)cmocka_unit_test(rate_doubles_up_to_a_day);
	*t++ = (struct CMUnitTest)cmocka_unit_test(deny_and_rstr_cost_a_day);
	*t++ = (struct CMUnitTest)cmocka_unit_test(a_good_answer_takes_back_one);
	*t++ = (struct CMUnitTest)cmocka_unit_test(asked_all_the_same);
	*t++ = (struct CMUnitTest)cmocka_unit_test(a_run_is_taken_over);
	*t++ = (struct CMUnitTest)cmocka_unit_test(a_source_is_taken_over);
	*t++ = (struct CMUnitTest)cmocka_unit_test(what_the_discipline_is_told);
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
