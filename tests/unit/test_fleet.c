/* SPDX-License-Identifier: MIT
 *
 * Verdicts about single servers and pairs, at their limits, and the order of the rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/select/fleet.h"

#define MS NS_PER_MS
#define DRIFT_PPB 500000

enum { SOURCES_MAX = 8 };

/* clang-format off */
static const struct verdict_row {
	const char *name;
	int64_t offset_ns, bound_ns, tolerance_ns;
	enum fleet_verdict want;
} verdict_rows[] = {
	{ "exact, at no offset",                   0, 0, 1, FLEET_OK },
	{ "exact, at the limit",                   10, 0, 10, FLEET_OK },
	{ "exact, at the lower limit",             -10, 0, 10, FLEET_OK },
	{ "exact, one beyond",                     11, 0, 10, FLEET_OFF },
	{ "exact, one beyond, below",              -11, 0, 10, FLEET_OFF },
	{ "its end is at the limit",               7, 3, 10, FLEET_OK },
	{ "its end is at the lower limit",         -7, 3, 10, FLEET_OK },
	{ "its end is one beyond",                 8, 3, 10, FLEET_UNSURE },
	{ "its end is one beyond, below",          -8, 3, 10, FLEET_UNSURE },
	{ "its near end is at the limit",          13, 3, 10, FLEET_UNSURE },
	{ "its near end is at the lower limit",    -13, 3, 10, FLEET_UNSURE },
	{ "its near end is one beyond",            14, 3, 10, FLEET_OFF },
	{ "its near end is one beyond, below",     -14, 3, 10, FLEET_OFF },
	{ "wider than the tolerance on both sides", 0, 11, 10, FLEET_UNSURE },
	{ "as wide as the tolerance",              0, 10, 10, FLEET_OK },
	{ "the largest offset",                    INT64_MAX, 0, 10, FLEET_OFF },
	{ "the smallest offset",                   INT64_MIN, 0, 10, FLEET_OFF },
	{ "the smallest offset, the largest bound", INT64_MIN, INT64_MAX, 10, FLEET_UNSURE },
	{ "the largest offset and bound",          INT64_MAX, INT64_MAX, 10, FLEET_UNSURE },
	{ "the largest bound",                     0, INT64_MAX, 10, FLEET_UNSURE },
	{ "the largest tolerance",                 INT64_MAX, 0, INT64_MAX, FLEET_OK },
	{ "... and an end beyond 64 bits",         INT64_MAX, 1, INT64_MAX, FLEET_UNSURE },
	{ "... and the smallest offset",           INT64_MIN, 0, INT64_MAX, FLEET_OFF },
};

static const struct between_row {
	const char *name;
	int64_t a_ns, a_bound_ns, a_at_ns, b_ns, b_bound_ns, b_at_ns, want_ns, want_bound_ns;
} between_rows[] = {
	{ "the same moment: the bounds add up", 100, 7, 0, 250, 5, 0, 150, 12 },
	{ "the other way round",                250, 5, 0, 100, 7, 0, -150, 12 },
	{ "a common error of the local clock cancels", 5000100, 7, 0, 5000250, 5, 0, 150, 12 },
	{ "a second apart: 500 ppm",            0, 0, 0, 0, 0, NS_PER_S, 0, 500000 },
	{ "... in the other order",             0, 0, NS_PER_S, 0, 0, 0, 0, 500000 },
	{ "1 ns apart: rounded up",             0, 0, 0, 0, 0, 1, 0, 1 },
	{ "2.5 s apart",                        0, 1, 0, 0, 1, 2500 * MS, 0, 1250002 },
	{ "opposite ends of time saturate",     INT64_MIN, 0, 0, INT64_MAX, 0, 0, INT64_MAX, 0 },
	{ "... the other way",                  INT64_MAX, 0, 0, INT64_MIN, 0, 0, INT64_MIN, 0 },
	{ "bounds saturate",                    0, INT64_MAX, 0, 0, INT64_MAX, 0, 0, INT64_MAX },
};
/* clang-format on */

static void verdict_row(void **state)
{
	const struct verdict_row *row = *state;

	assert_int_equal(fleet_verdict_of(row->offset_ns, row->bound_ns, row->tolerance_ns),
	                 row->want);
}

static void between_row(void **state)
{
	const struct between_row *row = *state;
	const struct run_source a = { .offset_ns = row->a_ns,
		                      .bound_ns = row->a_bound_ns,
		                      .at_mono_ns = row->a_at_ns };
	const struct run_source b = { .offset_ns = row->b_ns,
		                      .bound_ns = row->b_bound_ns,
		                      .at_mono_ns = row->b_at_ns };
	int64_t offset_ns, bound_ns;

	fleet_between(&a, &b, DRIFT_PPB, &offset_ns, &bound_ns);
	assert_int_equal(offset_ns, row->want_ns);
	assert_int_equal(bound_ns, row->want_bound_ns);
}

static struct run_source sources[SOURCES_MAX];
static struct fleet_row rows[FLEET_PAIRS(SOURCES_MAX)];
static struct keyed scratch[FLEET_PAIRS(SOURCES_MAX)];
static struct run run;

static void begin(void)
{
	memset(sources, 0, sizeof(sources));
	run = (struct run){ .sources = sources };
}

/* An address of `server`; without a bound it is silent. */
static struct run_source *add(size_t server, const char *address, int64_t offset_ns,
                              int64_t bound_ns)
{
	struct run_source *source = &sources[run.source_count++];

	source->server = server;
	source->has_estimate = bound_ns >= 0;
	source->offset_ns = offset_ns;
	source->bound_ns = bound_ns < 0 ? 0 : bound_ns;
	snprintf(source->name, sizeof(source->name), "s%zu", server);
	snprintf(source->reason, sizeof(source->reason), "%s",
	         bound_ns < 0 ? "no answer" : "");
	assert_true(address_parse(address, &source->address));
	return source;
}

enum { SILENT = -1 };

static void judged_worst_first(void **state)
{
	static const struct {
		size_t server;
		enum fleet_verdict verdict;
	} want[] = { { 3, FLEET_OFF },    { 1, FLEET_OFF },    { 4, FLEET_UNSURE },
		     { 2, FLEET_SILENT }, { 6, FLEET_SILENT }, { 5, FLEET_OK },
		     { 0, FLEET_OK } };
	struct fleet fleet;

	(void)state;
	begin();
	add(0, "192.0.2.1", 1, 1);
	add(1, "192.0.2.2", 20 * MS, 1);
	add(2, "192.0.2.3", 0, SILENT);
	add(3, "192.0.2.4", -30 * MS, 1);
	add(4, "192.0.2.5", 10 * MS, 1);
	add(5, "192.0.2.6", -2, 1);
	add(6, "192.0.2.7", 0, SILENT);
	fleet_judge(&run, NULL, 10 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	assert_int_equal(fleet.count, COUNT_OF(want));
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_int_equal(fleet.rows[i].source->server, want[i].server);
		assert_int_equal(fleet.rows[i].verdict, want[i].verdict);
	}
	assert_int_equal(fleet.counts[FLEET_OFF], 2);
	assert_int_equal(fleet.counts[FLEET_UNSURE], 1);
	assert_int_equal(fleet.counts[FLEET_SILENT], 2);
	assert_int_equal(fleet.counts[FLEET_OK], 2);
	assert_ptr_equal(fleet.worst, &fleet.rows[0]);
	assert_false(fleet_is_well(&fleet, false));
}

/* A server is as bad as its worst address that answers; a silent one does not count then. */
static void judged_by_its_addresses(void **state)
{
	struct fleet fleet;

	(void)state;
	begin();
	add(0, "192.0.2.1", 0, 1);
	add(0, "2001:db8::1", 0, SILENT);
	add(1, "2001:db8::2", 0, SILENT);
	add(1, "192.0.2.2", 1, 1);
	add(2, "192.0.2.3", 1, 1);
	add(2, "192.0.2.4", 50 * MS, 1);
	add(2, "192.0.2.5", 20 * MS, 1);
	add(3, "192.0.2.6", 0, SILENT);
	fleet_judge(&run, NULL, 10 * MS, DRIFT_PPB, rows, &fleet);
	assert_int_equal(fleet.count, 4);
	assert_int_equal(rows[0].verdict, FLEET_OK);
	assert_int_equal(rows[0].address_count, 2);
	assert_int_equal(rows[1].verdict, FLEET_OK);
	assert_ptr_equal(rows[1].source, &sources[3]);
	assert_int_equal(rows[2].verdict, FLEET_OFF);
	assert_ptr_equal(rows[2].source, &sources[5]);
	assert_int_equal(rows[2].address_count, 3);
	assert_int_equal(rows[3].verdict, FLEET_SILENT);
}

static void judged_against_a_reference(void **state)
{
	const struct run_source *reference;
	struct fleet fleet;

	(void)state;
	begin();
	add(0, "192.0.2.1", 1005 * MS, MS);       /* +5 ms, and 3 ms of bounds: ok */
	add(1, "192.0.2.2", 1009 * MS, MS);       /* 9 +- 3: unsure, because of its bound */
	add(2, "192.0.2.3", 0, MS);               /* as this clock: off */
	add(3, "192.0.2.4", 1000 * MS, 2 * MS);   /* the reference */
	add(3, "2001:db8::4", 1000 * MS, 3 * MS); /* ... and its other address */
	add(4, "192.0.2.4", 1000 * MS, 2 * MS);   /* by another name */
	reference = fleet_choose(&run, 3, DRIFT_PPB);
	assert_ptr_equal(reference, &sources[3]);
	fleet_judge(&run, reference, 10 * MS, DRIFT_PPB, rows, &fleet);
	assert_true(fleet.is_judged);
	assert_int_equal(fleet.count, 3);
	assert_int_equal(rows[0].verdict, FLEET_OK);
	assert_int_equal(rows[0].offset_ns, 5 * MS);
	assert_int_equal(rows[0].bound_ns, 3 * MS);
	assert_int_equal(rows[1].verdict, FLEET_UNSURE);
	assert_int_equal(rows[2].verdict, FLEET_OFF);
	assert_int_equal(rows[2].offset_ns, -1000 * MS);
}

static void no_verdict_without_the_reference(void **state)
{
	struct fleet fleet;

	(void)state;
	begin();
	add(0, "192.0.2.1", 0, 1);
	add(1, "192.0.2.2", 0, SILENT);
	fleet_judge(&run, fleet_choose(&run, 1, DRIFT_PPB), 10 * MS, DRIFT_PPB, rows,
	            &fleet);
	assert_false(fleet.is_judged);
	assert_false(rows[0].is_known);
	assert_null(fleet.worst);
	assert_false(fleet_is_well(&fleet, false));
}

static void chosen_by_the_bound(void **state)
{
	(void)state;
	begin();
	add(0, "192.0.2.1", 0, SILENT);
	add(0, "192.0.2.2", 5, 10);
	add(0, "192.0.2.3", 0, 5);
	add(1, "192.0.2.4", 0, 1);
	assert_ptr_equal(fleet_choose(&run, 0, DRIFT_PPB), &sources[2]);
	assert_true(sources[2].has_estimate);
	assert_null(fleet_choose(&run, 2, DRIFT_PPB));
	/* Just a common point, and just none. */
	sources[1].offset_ns = 15;
	assert_true(fleet_choose(&run, 0, DRIFT_PPB)->has_estimate);
	sources[1].offset_ns = 16;
	assert_false(fleet_choose(&run, 0, DRIFT_PPB)->has_estimate);
	assert_string_equal(sources[2].reason,
	                    "the addresses of its name contradict each other");
}

static void pairs_of_all(void **state)
{
	const struct run_source *servers[4];
	struct fleet fleet;

	(void)state;
	begin();
	servers[0] = add(0, "192.0.2.1", 1000 * MS, MS);
	servers[1] = add(1, "192.0.2.2", 1020 * MS, MS);
	servers[2] = add(2, "192.0.2.3", 0, SILENT);
	servers[3] = add(3, "192.0.2.4", 1005 * MS, MS);
	fleet_pair(servers, 4, 10 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	assert_int_equal(fleet.count, 6);
	assert_ptr_equal(rows[0].from, servers[0]);
	assert_ptr_equal(rows[0].source, servers[1]);
	assert_int_equal(rows[0].offset_ns, 20 * MS);
	assert_int_equal(rows[0].bound_ns, 2 * MS);
	assert_int_equal(rows[1].verdict, FLEET_OFF);
	assert_int_equal(rows[1].offset_ns, -15 * MS); /* the fourth less the second */
	assert_int_equal(rows[2].verdict, FLEET_SILENT);
	assert_int_equal(rows[5].verdict, FLEET_OK);
	assert_int_equal(fleet.counts[FLEET_SILENT], 3);
	assert_ptr_equal(fleet.worst, &rows[0]);
}

/* clang-format off */
static const struct well_row {
	const char *name;
	bool has_pairs;
	size_t off, unsure, silent, ok;
	bool want, want_strict;
} well_rows[] = {
	{ "all ok",                      false, 0, 0, 0, 3, true, true },
	{ "one is off",                  false, 1, 0, 0, 3, false, false },
	{ "one is silent",               false, 0, 0, 1, 3, true, false },
	{ "one is unsure",               false, 0, 1, 0, 3, true, false },
	{ "only an unsure one answers",  false, 0, 1, 3, 0, true, false },
	{ "all are silent",              false, 0, 0, 3, 0, false, false },
	{ "pairs: all ok",               true,  0, 0, 0, 3, true, true },
	{ "pairs: one is off",           true,  1, 0, 0, 2, false, false },
	{ "pairs: one is unsure",        true,  0, 1, 0, 2, true, false },
	{ "pairs: one is unknown",       true,  0, 0, 1, 2, false, false },
};
/* clang-format on */

static void well_row(void **state)
{
	const struct well_row *row = *state;
	const struct run_source *none = NULL;
	const struct fleet fleet = { .is_judged = true,
		                     .servers = row->has_pairs ? &none : NULL,
		                     .count =
		                             row->off + row->unsure + row->silent + row->ok,
		                     .counts = { [FLEET_OFF] = row->off,
		                                 [FLEET_UNSURE] = row->unsure,
		                                 [FLEET_SILENT] = row->silent,
		                                 [FLEET_OK] = row->ok } };

	assert_int_equal(fleet_is_well(&fleet, false), row->want);
	assert_int_equal(fleet_is_well(&fleet, true), row->want_strict);
}

#define ROWS(rows, function)                                                               \
	for (size_t i = 0; i < COUNT_OF(rows); i++) {                                      \
		tests[count++] =                                                           \
			(struct CMUnitTest){ .name = (rows)[i].name,                       \
			                     .test_func = (function),                      \
			                     .initial_state = (void *)&(rows)[i] };        \
	}

int main(void)
{
	static const struct CMUnitTest plain[] = {
		cmocka_unit_test(judged_worst_first),
		cmocka_unit_test(judged_by_its_addresses),
		cmocka_unit_test(judged_against_a_reference),
		cmocka_unit_test(no_verdict_without_the_reference),
		cmocka_unit_test(chosen_by_the_bound),
		cmocka_unit_test(pairs_of_all),
	};
	static struct CMUnitTest tests[COUNT_OF(verdict_rows) + COUNT_OF(between_rows) +
	                               COUNT_OF(well_rows) + COUNT_OF(plain)];
	size_t count = 0;

	ROWS(verdict_rows, verdict_row);
	ROWS(between_rows, between_row);
	ROWS(well_rows, well_row);
	memcpy(tests + count, plain, sizeof(plain));
	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
