/* SPDX-License-Identifier: MIT
 *
 * The anchor: packed and unpacked, brought to a boot, and its sights.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/select/anchor.h"

#define MS(ms) ((int64_t)(ms)*NS_PER_MS)
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define YEAR INT64_C(31557600)
#define NOW S(1801000000)
#define BOOT S(1000000)
#define BOOTED (NOW - BOOT)

static const struct instant release = { S(1793491200) };
static const char boot_id[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
static const char other_id[] = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

static struct anchor_point point_at(int64_t boot_ns, int64_t later_ms)
{
	return (struct anchor_point){ .boot_ns = boot_ns,
		                      .booted_ns = BOOTED + MS(later_ms),
		                      .bound_ns = MS(10) };
}

static struct anchor full(void)
{
	struct anchor anchor;

	anchor_init(&anchor);
	memcpy(anchor.boot_id, boot_id, sizeof(boot_id));
	anchor.top_ns = BOOT;
	anchor.run_count = 7;
	anchor.found_booted_ns = BOOTED - S(5);
	anchor.has_last = anchor.has_confirmed = anchor.has_floor = 1;
	anchor.has_frequency = 1;
	anchor.frequency_ppb = -12345;
	anchor.last = point_at(BOOT - S(1), 1);
	anchor.chain_ns = BOOT - S(3600);
	anchor.confirmed = point_at(BOOT - S(400), 2);
	anchor.floor_ns = NOW - S(400);
	anchor.sight_count = 2;
	anchor.sights[0] = (struct anchor_sight){ point_at(BOOT - S(400), 5000), 1 };
	anchor.sights[1] = (struct anchor_sight){ point_at(BOOT - S(2), 9000), 2 };
	return anchor;
}

/* ---- written and read ---- */

struct spoilt {
	const char *name;
	size_t cut; /* so many octets are missing */
	size_t at;  /* that octet is another */
	void (*change)(struct anchor *anchor);
};

static void too_many_sights(struct anchor *anchor)
{
	anchor->sight_count = ANCHOR_SIGHTS + 1;
}

static void negative_bound(struct anchor *anchor)
{
	anchor->last.bound_ns = -1;
}

static void negative_sight(struct anchor *anchor)
{
	anchor->sights[1].point.bound_ns = INT64_MIN;
}

static void negative_top(struct anchor *anchor)
{
	anchor->top_ns = -1;
}

static void endless_boot_id(struct anchor *anchor)
{
	memset(anchor->boot_id, 'a', sizeof(anchor->boot_id));
}

static const struct spoilt spoilt[] = {
	{ "unpack: nothing at all", ANCHOR_OCTETS, SIZE_MAX, NULL },
	{ "unpack: an octet is missing", 1, SIZE_MAX, NULL },
	{ "unpack: half of it", ANCHOR_OCTETS / 2, SIZE_MAX, NULL },
	{ "unpack: another magic", 0, 0, NULL },
	{ "unpack: another size", 0, 4, NULL },
	{ "unpack: another checksum", 0, 8, NULL },
	{ "unpack: another octet, the first", 0, 16, NULL },
	{ "unpack: another octet, the last", 0, ANCHOR_OCTETS - 1, NULL },
	{ "unpack: more sights than there can be", 0, SIZE_MAX, too_many_sights },
	{ "unpack: a bound below 0", 0, SIZE_MAX, negative_bound },
	{ "unpack: a sight's bound below 0", 0, SIZE_MAX, negative_sight },
	{ "unpack: CLOCK_BOOTTIME below 0", 0, SIZE_MAX, negative_top },
	{ "unpack: a boot id without an end", 0, SIZE_MAX, endless_boot_id },
};

static void spoilt_row(void **state)
{
	const struct spoilt *row = *state;
	uint8_t octets[ANCHOR_OCTETS];
	struct anchor anchor = full(), got;

	if (row->change) {
		row->change(&anchor);
	}
	anchor_pack(&anchor, octets);
	if (row->at != SIZE_MAX) {
		octets[row->at] ^= 1;
	}
	memset(&got, 0x55, sizeof(got));
	anchor = got;
	assert_false(anchor_unpack(octets, ANCHOR_OCTETS - row->cut, release, &got));
	assert_memory_equal(&got, &anchor, sizeof(got));
}

static void there_and_back(void **state)
{
	uint8_t octets[ANCHOR_OCTETS + 1] = { 0 };
	const struct anchor anchor = full();
	struct anchor got;

	(void)state;
	anchor_pack(&anchor, octets);
	assert_true(anchor_unpack(octets, ANCHOR_OCTETS, release, &got));
	assert_memory_equal(&got, &anchor, sizeof(got));
	assert_false(anchor_unpack(octets, ANCHOR_OCTETS + 1, release, &got));
}

struct floor_row {
	const char *name;
	int64_t floor_ns;
	bool is_kept;
};

static const struct floor_row floors[] = {
	{ "floor: at the release", S(1793491200), true },
	{ "floor: before it", S(1793491200) - 1, false },
	{ "floor: 20 years after it", S(1793491200 + 20 * YEAR), true },
	{ "floor: later", S(1793491200 + 20 * YEAR) + 1, false },
	{ "floor: INT64_MIN", INT64_MIN, false },
	{ "floor: INT64_MAX", INT64_MAX, false },
};

static void floor_row(void **state)
{
	const struct floor_row *row = *state;
	uint8_t octets[ANCHOR_OCTETS];
	struct anchor anchor = full(), got;

	anchor.floor_ns = row->floor_ns;
	anchor_pack(&anchor, octets);
	assert_true(anchor_unpack(octets, sizeof(octets), release, &got));
	assert_int_equal(got.has_floor, row->is_kept);
	assert_true(got.floor_ns == (row->is_kept ? row->floor_ns : 0));
	/* And none is made of a time that lies there. */
	anchor = full();
	anchor_note_confirmed(&anchor, row->floor_ns, release);
	assert_true(anchor.floor_ns == (row->is_kept ? row->floor_ns : NOW - S(400)));
	assert_memory_equal(&anchor.confirmed, &anchor.last, sizeof(anchor.last));
}

/* ---- brought to now ---- */

struct begin_row {
	const char *name;
	const char *id;
	int64_t boot_ns;
	bool is_kept;
};

static const struct begin_row begins[] = {
	{ "begin: the same boot, later", boot_id, BOOT + 1, true },
	{ "begin: the same moment", boot_id, BOOT, true },
	{ "begin: before what was seen of it", boot_id, BOOT - 1, false },
	{ "begin: another boot", other_id, BOOT + S(100), false },
	{ "begin: a boot without an id", "", BOOT + S(100), false },
};

static void begin_row(void **state)
{
	const struct begin_row *row = *state;
	const struct reading now = { .wall = { NOW }, .boot_ns = row->boot_ns };
	struct anchor anchor = full(), want = full();

	want.run_count++;
	if (row->is_kept) {
		want.top_ns = row->boot_ns;
	} else {
		anchor_init(&want);
		memcpy(want.boot_id, row->id, strlen(row->id));
		want.run_count = 8;
		want.top_ns = row->boot_ns;
		want.found_booted_ns = NOW - row->boot_ns;
		want.has_floor = 1;
		want.floor_ns = NOW - S(400);
	}
	anchor_begin(&anchor, row->id, &now);
	assert_memory_equal(&anchor, &want, sizeof(anchor));
}

static void newer(void **state)
{
	struct anchor a = full(), b = full();

	(void)state;
	b.run_count = 6;
	b.top_ns = BOOT + S(3600); /* of before the machine was put back */
	assert_true(anchor_is_newer(&a, &b, boot_id));
	assert_false(anchor_is_newer(&b, &a, boot_id));
	a.run_count = 1;
	memcpy(b.boot_id, other_id, sizeof(other_id));
	assert_true(anchor_is_newer(&a, &b, boot_id));
	assert_false(anchor_is_newer(&b, &a, boot_id));
	/* Both from another boot: the one that has a floor. */
	memcpy(a.boot_id, other_id, sizeof(other_id));
	b.has_floor = 0;
	assert_true(anchor_is_newer(&a, &b, boot_id));
	assert_false(anchor_is_newer(&b, &a, boot_id));
}

/* ---- agreement ---- */

struct agree_row {
	const char *name;
	int64_t later_ms;
	int64_t apart_s;
	int64_t bound_ms, slept_ms;
	int64_t beyond_ms;
	bool agrees;
};

static const struct agree_row agrees[] = {
	{ "agree: the same", 0, 0, 0, 0, 0, true },
	{ "agree: both bounds", 15, 0, 5, 0, 5, true },
	{ "agree: more than both bounds", 16, 0, 5, 0, 6, false },
	{ "agree: back", -16, 0, 5, 0, -6, false },
	{ "agree: 500 ppm", 160, 300, 0, 0, 0, true },
	{ "agree: more than 500 ppm", 162, 300, 0, 0, 2, false },
	{ "agree: 500 ppm for 900 s", 460, 900, 0, 0, 0, true },
	{ "agree: 100 ppm from then on", 460 + 100, 1900, 0, 0, 0, true },
	{ "agree: and not more", 462 + 100, 1900, 0, 0, 2, false },
	{ "agree: a suspend", 2010, 0, 0, 3600000, 0, true },
	{ "agree: beyond a suspend", 2012, 0, 0, 3600000, 2, false },
	{ "agree: no suspend within 10 ms", 2010, 0, 0, 9, 2000, false },
	{ "agree: years", 3155760, 31557600, 0, 0, 0, true },
};

static void agree_row(void **state)
{
	const struct agree_row *row = *state;
	const struct anchor_point a = point_at(BOOT, 0);
	struct anchor_point b = point_at(BOOT + S(row->apart_s), row->later_ms);
	int64_t off_ns;

	b.bound_ns = MS(row->bound_ms);
	b.suspended_ns = MS(row->slept_ms);
	off_ns = anchor_beyond_ns(&a, &b, 100) - MS(row->beyond_ms);
	assert_true(off_ns >= -MS(1) && off_ns <= MS(1));
	assert_int_equal(anchor_agrees(&a, &b, 100), row->agrees);
}

static void drift(void **state)
{
	(void)state;
	assert_true(anchor_drift_ns(S(-5), 100) == 0);
	assert_true(anchor_drift_ns(S(3600), 100) == MS(360) + 100);
	assert_true(anchor_drift_ns(INT64_MAX, 1000000000) == INT64_MAX);
}

/* ---- sights ---- */

static void note(struct anchor *anchor, int64_t at_s, int64_t later_ms, uint64_t servers)
{
	const struct anchor_sight sight = { point_at(S(at_s), later_ms), servers };

	anchor_note_sight(anchor, &sight);
}

static int64_t seen_ms(const struct anchor *anchor, size_t i)
{
	return (anchor->sights[i].point.booted_ns - BOOTED) / NS_PER_MS;
}

static void young_sights(void **state)
{
	struct anchor anchor;

	(void)state;
	anchor_init(&anchor);
	/* Each 5 s, of a good server and of one that says something else each time. */
	for (int i = 0; i < 59; i++) {
		note(&anchor, 1000 + 5 * i, i % 2 == 0 ? 5000 : 10000 + 1000 * i, 1);
	}
	assert_int_equal(anchor.sight_count, ANCHOR_YOUNG);
	assert_true(seen_ms(&anchor, 0) == 5000 && seen_ms(&anchor, 1) == 11000);
	assert_true(seen_ms(&anchor, 2) == 13000 && seen_ms(&anchor, 3) == 15000);
	assert_true(anchor.sights[0].point.boot_ns == S(1000));
	/* 300 s after the first there is room for one more. */
	note(&anchor, 1300, 90000, 1);
	assert_int_equal(anchor.sight_count, ANCHOR_YOUNG + 1);
	assert_true(seen_ms(&anchor, 4) == 90000);
}

static void strong_sights(void **state)
{
	struct anchor anchor;

	(void)state;
	anchor_init(&anchor);
	note(&anchor, 1000, 5000, 1);
	note(&anchor, 1001, 5000, 1);
	assert_int_equal(anchor.sight_count, 1);
	note(&anchor, 1002, 5000, 3); /* more SERVERs say the same */
	assert_int_equal(anchor.sight_count, 2);
	assert_true(anchor.sights[1].server_count == 3);
	note(&anchor, 1003, 5000, 2);
	assert_int_equal(anchor.sight_count, 2);
}

static void old_sights(void **state)
{
	struct anchor anchor;

	(void)state;
	anchor_init(&anchor);
	for (int i = 0; i < 20; i++) {
		note(&anchor, 1000 + 400 * i, 5000 + 1000 * i, 1);
	}
	/* The latest four that are older, and the one just seen. */
	assert_int_equal(anchor.sight_count, ANCHOR_SIGHTS - ANCHOR_YOUNG + 1);
	assert_true(seen_ms(&anchor, 0) == 5000 + 15000);
	assert_true(seen_ms(&anchor, (size_t)anchor.sight_count - 1) == 5000 + 19000);
	/* Old ones do not take the room of young ones, nor these theirs. */
	for (int i = 0; i < 5; i++) {
		note(&anchor, 1000 + 400 * 20 + i, 50000 + 1000 * i, 1);
	}
	assert_int_equal(anchor.sight_count, ANCHOR_SIGHTS);
	assert_true(seen_ms(&anchor, 3) == 5000 + 19000 && seen_ms(&anchor, 4) == 50000);
}

static void believed(void **state)
{
	const struct anchor_point point = point_at(BOOT + S(60), 3);
	struct anchor anchor = full();

	(void)state;
	anchor_note_accepted(&anchor, &point, false);
	assert_true(anchor.last.boot_ns == BOOT + S(60) && anchor.sight_count == 0);
	assert_true(anchor.chain_ns == BOOT - S(3600));
	assert_true(anchor.confirmed.boot_ns == BOOT - S(400));
	assert_true(anchor.floor_ns == NOW - S(400));
	anchor_note_accepted(&anchor, &point, true);
	anchor_note_confirmed(&anchor, NOW + S(60), release);
	assert_true(anchor.chain_ns == BOOT + S(60));
	assert_true(anchor.confirmed.boot_ns == BOOT + S(60));
	assert_true(anchor.floor_ns == NOW + S(60));
	assert_true(anchor.sights[0].point.boot_ns == 0);
}

static void part(void **state)
{
	const struct anchor_point point = point_at(BOOT, 4000);
	struct anchor anchor = full();

	(void)state;
	anchor_note_part(&anchor, 0, &point);
	assert_memory_equal(&anchor.last, &point, sizeof(point));
	assert_true(anchor.chain_ns == BOOT);
	assert_int_equal(anchor.sight_count, 1);
	assert_true(seen_ms(&anchor, 0) == 9000);
	assert_true(anchor.confirmed.boot_ns == BOOT - S(400));
}

/* Rows of one table, from `at` on. */
#define ADD(tests, at, table, function)                                                    \
	for (size_t k = 0; k < COUNT_OF(table); k++) {                                     \
		(tests)[(at)++] =                                                          \
			(struct CMUnitTest){ .name = (table)[k].name,                      \
			                     .test_func = (function),                      \
			                     .initial_state = (void *)&(table)[k] };       \
	}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(spoilt) + COUNT_OF(floors) +
	                               COUNT_OF(begins) + COUNT_OF(agrees) + 8];
	size_t i = 0;

	ADD(tests, i, spoilt, spoilt_row);
	ADD(tests, i, floors, floor_row);
	ADD(tests, i, begins, begin_row);
	ADD(tests, i, agrees, agree_row);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(there_and_back);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(newer);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(drift);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(young_sights);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(strong_sights);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(old_sights);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(believed);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(part);
	return cmocka_run_group_tests_name("anchor", tests, NULL, NULL);
}
