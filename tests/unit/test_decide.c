/* SPDX-License-Identifier: MIT
 *
 * Each row is a situation and what has to come of it: how much later the servers' time is than the
 * clock that the last believed run left, an hour ago, tells by CLOCK_BOOTTIME; by how much others have moved
 * CLOCK_REALTIME since; and what was seen and held back.  Bounds are 10 ms, limits 0.5 s and 1000 s.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/packet.h"
#include "core/select/decide.h"

#define MS(ms) ((int64_t)(ms)*NS_PER_MS)
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define DAY INT64_C(86400)
#define YEAR (INT64_C(31557600))

#define RELEASE S(1793491200) /* 2026-11-01 */
#define NOW (RELEASE + S(100 * DAY + 43200))
#define BOOT S(1000000)

enum past {
	NEW,       /* no believed run in this boot */
	BELIEVED,  /* one, not confirmed */
	CONFIRMED, /* and a confirmed one */
};

enum {
	ANY = 1,       /* --any-offset */
	BOOT_UNIT = 2, /* --boot */
	GIVEN = 4,     /* --refuse-above 1000s */
	FORGETFUL = 8, /* the anchor cannot be written */
	UNDISCIPLINED = 16,
	SLEPT = 32,    /* a suspend since the last believed run, and since what was seen */
	LEAP = 64,     /* one is announced */
	BACK = 128,    /* --refuse-back-above 100s */
	SLEWING = 256, /* the difference is what an adjtime() has still to do */
	STEP = 512,    /* --step */
	BACK_WIDE = 2048, /* --refuse-back-above 1d */
	OURS = 1024,      /* what is pending a run of ours has ordered */
};

struct seen {
	int64_t age_s;
	int64_t at_ms; /* as servers_ms */
	unsigned servers;
};

struct row {
	const char *name;
	enum past past;
	int64_t servers_ms;
	int64_t clock_ms;
	unsigned servers;
	unsigned flags;
	struct seen seen[ANCHOR_SIGHTS]; /* oldest first */
	enum decide_verdict want;
	enum plan_reason why;
	bool is_confirmed;
	/* Not needed by most rows. */
	int64_t bound_ms;    /* 0: 10 */
	int64_t floor_s;     /* before now; 0: 3600, INT64_MIN: none */
	int64_t found_ms;    /* the clock of the beginning of this boot, as clock_ms */
	int64_t age_s;       /* of the last believed run; 0: 3600 */
	int64_t pending_ms;  /* of an adjtime(), some of what is measured */
	int64_t phase_ms;    /* what past runs advise; 0: nothing */
	int64_t expected_ms; /* what past runs expect, within 5 ms; 0: nothing */
	int64_t step_ms;     /* by how much the clock is moved; 0: not looked at */
	int64_t chain_s;     /* how long believed runs have agreed; 0: 3600 */
};

/* clang-format off */
static const struct row rows[] = {
	/* ---- no jump ---- */
	{ "no jump: nothing off", CONFIRMED, 0, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_WITHIN_BOUND, .is_confirmed = true },
	{ "no jump: first run of a boot", NEW, 300000, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "no jump: first run of a boot, four SERVERs", NEW, 300000, 0, 4, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "no jump: second run", BELIEVED, 50, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = true },
	{ "no jump: second run, 299 s later", BELIEVED, 50, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = false, .age_s = 299, .chain_s = 299 },
	{ "no jump: second run, 300 s later", BELIEVED, 50, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = true, .age_s = 300, .chain_s = 300 },
	{ "no jump: drift of 100 ppm in an hour", CONFIRMED, 379, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = true },
	{ "no jump: the clock was stepped, the servers agree with their last answers", CONFIRMED, 0, 500000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "no jump: stepped by a year, and the same", CONFIRMED, 0, 31536000000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "no jump: the clock follows a leap second, too", CONFIRMED, -1000, -1000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_WITHIN_BOUND, .is_confirmed = false },
	{ "no jump: within 128 ms of the clock that others put right", CONFIRMED, 5000, 4870, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = false },
	{ "no jump: further than that", CONFIRMED, 5000, 4861, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "no jump: what a slew has still to do", CONFIRMED, 900000, 0, 1, SLEWING, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "no jump: somebody else's slew leads astray", CONFIRMED, 0, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_PENDING, .is_confirmed = true, .pending_ms = 900 },
	{ "jump: who says that our slew is not needed", CONFIRMED, 0, 0, 1, OURS, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .pending_ms = 900 },
	{ "no jump: beyond the limits", NEW, 1001000, 0, 1, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "no jump: beyond the limits, four SERVERs", NEW, 1001000, 0, 4, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "no jump: back beyond the limits", NEW, -1001000, 0, 1, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false, .floor_s = 7200 },
	{ "no jump: an accepted run clears the first sight", CONFIRMED, 50, 0, 1, 0, { { 1000, 9000, 1 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = true },

	/* ---- a jump at first sight ---- */
	{ "jump: held back", CONFIRMED, 5000, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: back, held back", CONFIRMED, -5000, 0, 2, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: with --boot, too", BELIEVED, 5000, 0, 1, BOOT_UNIT, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: two SERVERs are not enough", CONFIRMED, 5000, 0, 2, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: three are", CONFIRMED, 5000, 0, 3, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "jump: drift of more than 100 ppm", CONFIRMED, 381, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: --no-discipline: 500 ppm", CONFIRMED, 1819, 0, 1, UNDISCIPLINED, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "jump: --no-discipline: more than 500 ppm", CONFIRMED, 1821, 0, 1, UNDISCIPLINED, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: the learned drift narrows it", CONFIRMED, 379, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .expected_ms = 1 },
	{ "jump: the learned drift, within it", CONFIRMED, 370, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = true, .expected_ms = 350 },
	{ "jump: the learned drift never widens it", CONFIRMED, 5000, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .expected_ms = 5000 },
	{ "jump: the learned drift, while a slew is pending", CONFIRMED, 500, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .expected_ms = 300, .pending_ms = 300 },
	{ "jump: the learned drift, before a time is confirmed", BELIEVED, 379, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = true, .expected_ms = 1 },
	{ "jump: not below 128 ms", CONFIRMED, 147, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_SMALL, .is_confirmed = false, .age_s = 1, .chain_s = 1 },
	{ "jump: above 128 ms", CONFIRMED, 149, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .age_s = 1 },
	{ "jump: a suspend may be wrong by two seconds", CONFIRMED, 2370, 0, 1, SLEPT, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "jump: and not by more", CONFIRMED, 2390, 0, 1, SLEPT, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "jump: nowhere to record it: accepted", CONFIRMED, 5000, 0, 1, FORGETFUL, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "jump: ... within the limits", CONFIRMED, 1001000, 0, 1, FORGETFUL, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "jump: beyond the limits", CONFIRMED, 1001000, 0, 1, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "jump: beyond the limits, four SERVERs", CONFIRMED, 1001000, 0, 4, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },

	/* ---- a bound is the servers' own word ---- */
	{ "bound: it does not explain a jump", CONFIRMED, 900000, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .bound_ms = 899900 },
	{ "bound: nor one back", CONFIRMED, -900000, 0, 2, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .bound_ms = 899999 },
	{ "bound: what leaves the clock alone is no jump", CONFIRMED, 900000, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_WITHIN_BOUND, .is_confirmed = true, .bound_ms = 900000 },
	{ "bound: a step within it from 128 ms of it", CONFIRMED, 600, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .bound_ms = 590 },
	{ "bound: advice within it is no jump", CONFIRMED, 0, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_WITHIN_BOUND, .is_confirmed = true, .bound_ms = 900000, .phase_ms = 800000 },
	{ "bound: small advice counts", CONFIRMED, 400, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_ADVISED, .is_confirmed = true, .bound_ms = 900, .phase_ms = 100 },
	{ "bound: what was seen is as narrow as it was", CONFIRMED, 5400, 0, 1, 0, { { 360, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .bound_ms = 1000, .step_ms = 5000 },
	{ "bound: 900 s beside a narrow sight", CONFIRMED, 800000, 0, 1, 0, { { 360, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .bound_ms = 799000, .step_ms = 5000 },

	/* ---- 5a: seen again ---- */
	{ "5a: seen 300 s ago", CONFIRMED, 5000, 0, 1, 0, { { 300, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "5a: seen 299 s ago", CONFIRMED, 5000, 0, 1, 0, { { 299, 5000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5a: seen a month ago", CONFIRMED, 5000, 0, 1, 0, { { 30 * DAY, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .age_s = 31 * DAY },
	{ "5a: 500 ppm between them, and both bounds", CONFIRMED, 5000, 0, 1, 0, { { 300, 5169, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "5a: no further than this run says", CONFIRMED, 5100, 0, 1, 0, { { 300, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .step_ms = 5100 },
	{ "5a: what is pending is counted out", CONFIRMED, 5300, 0, 1, 0, { { 300, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .pending_ms = 300 },
	{ "5a: something else", CONFIRMED, 5000, 0, 1, 0, { { 300, 5171, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5a: a suspend between them", CONFIRMED, 5000, 0, 1, SLEPT, { { 300, 7160, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "5a: hours ago, and something else", CONFIRMED, 5000, 0, 1, 0, { { 7200, 6200, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .age_s = 9000 },
	{ "5a: hours ago, --no-discipline", CONFIRMED, 9000, 0, 1, UNDISCIPLINED, { { 7200, 10200, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .age_s = 9000 },
	{ "5a: any of them", CONFIRMED, 5000, 0, 1, 0, { { 900, 9000, 1 }, { 600, 5000, 1 }, { 300, -9000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "5a: with --boot", BELIEVED, 5000000, 0, 1, BOOT_UNIT, { { 300, 5000000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "5a: beyond the limits", CONFIRMED, 1001000, 0, 1, 0, { { 300, 1001000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "5a: four SERVERs are confirmed by it", CONFIRMED, 5000, 0, 4, 0, { { 300, 5000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },

	/* ---- 5b: further each time ---- */
	{ "5b: two sights in that direction", CONFIRMED, 9000, 0, 1, 0, { { 600, 3000, 1 }, { 300, 6000, 1 } }, DECIDE_PARTLY, PLAN_LARGE, .is_confirmed = false, .step_ms = 3000 },
	{ "5b: back", CONFIRMED, -9000, 0, 1, 0, { { 600, -3000, 1 }, { 300, -6000, 1 } }, DECIDE_PARTLY, PLAN_LARGE, .is_confirmed = false, .step_ms = -3000 },
	{ "5b: the second too young", CONFIRMED, 9000, 0, 1, 0, { { 600, 3000, 1 }, { 299, 6000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5b: too near to each other", CONFIRMED, 9000, 0, 1, 0, { { 599, 3000, 1 }, { 300, 6000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5b: less each time", CONFIRMED, 3000, 0, 1, 0, { { 600, 9000, 1 }, { 300, 6000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5b: the other direction", CONFIRMED, 9000, 0, 1, 0, { { 600, -3000, 1 }, { 300, 6000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5b: one sight is not enough", CONFIRMED, 9000, 0, 1, 0, { { 600, 3000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "5b: the latest of several", CONFIRMED, 9000, 0, 1, 0, { { 900, 2000, 1 }, { 600, 3000, 1 }, { 300, 6000, 1 } }, DECIDE_PARTLY, PLAN_LARGE, .is_confirmed = false, .step_ms = 3000 },
	{ "5b: a part within the limits", CONFIRMED, 5000000, 0, 1, 0, { { 600, 900000, 1 }, { 300, 1800000, 1 } }, DECIDE_PARTLY, PLAN_LARGE, .is_confirmed = false, .step_ms = 900000 },
	{ "5b: no part is within the limits", CONFIRMED, 5000000, 0, 1, 0, { { 600, 1100000, 1 }, { 300, 1800000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "5b: a part that moves nothing does not count", CONFIRMED, 9000, 3000, 1, 0, { { 600, 3000, 1 }, { 300, 6000, 1 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },

	/* ---- 6: the reference ---- */
	{ "limit: from the clock as confirmed", CONFIRMED, 0, 5000000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "limit: from the clock as found", NEW, 5000000, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false, .found_ms = 4500000 },
	{ "limit: from both", NEW, 5000000, 0, 1, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false, .found_ms = 3900000 },
	{ "limit: as found does not count when one is confirmed", CONFIRMED, 5000000, 0, 4, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false, .found_ms = 5000000 },
	{ "limit: at it", CONFIRMED, 1000000, 0, 3, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "limit: beyond it", CONFIRMED, 1000001, 0, 3, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: --refuse-back-above", CONFIRMED, -101000, 0, 3, BACK, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_BACK_LIMIT, .is_confirmed = false },
	{ "limit: --refuse-back-above, within it", CONFIRMED, -100000, 0, 3, BACK, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "limit: --refuse-back-above, forward", CONFIRMED, 101000, 0, 3, BACK, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "limit: a bound beyond it", CONFIRMED, 0, 0, 4, 0, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_UNCERTAIN, .is_confirmed = false, .bound_ms = 1000001 },

	/* ---- 6: a clock that is known to be wrong ---- */
	{ "wrong clock: before the release", CONFIRMED, 0, -101 * DAY * 1000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "wrong clock: before the last confirmed time", NEW, 5000000, 0, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false, .floor_s = -3 },
	{ "wrong clock: two seconds before it are none", NEW, 5000000, 0, 1, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false, .floor_s = -2 },
	{ "wrong clock: 21 years after the release", NEW, 0, 21 * YEAR * 1000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false, .found_ms = 21 * YEAR * 1000 },
	{ "wrong clock: 19 years after the release are none", NEW, 0, 19 * YEAR * 1000, 1, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false, .found_ms = 19 * YEAR * 1000 },
	{ "wrong clock: a jump is held back all the same", BELIEVED, 5000000, 0, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false, .floor_s = -3 },
	{ "wrong clock: a jump that was seen", BELIEVED, 5000000, 0, 1, 0, { { 300, 5000000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true, .floor_s = -3 },
	{ "wrong clock: a jump that three SERVERs say", BELIEVED, 5000000, 0, 3, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false, .floor_s = -3 },

	/* ---- 6b: a machine that stood still ---- */
	{ "pause: three SERVERs, twice", CONFIRMED, 7200000, 0, 3, 0, { { 300, 7200000, 3 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "pause: two now", CONFIRMED, 7200000, 0, 2, 0, { { 300, 7200000, 3 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "pause: two then", CONFIRMED, 7200000, 0, 3, 0, { { 300, 7200000, 2 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "pause: two, and then three", CONFIRMED, 7200000, 0, 3, 0, { { 600, 7200000, 2 }, { 300, 7200000, 3 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "pause: at first sight", CONFIRMED, 7200000, 0, 4, 0, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "pause: at first sight, back", CONFIRMED, -7200000, 0, 4, 0, { { 300, -7200000, 4 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "pause: never where the limit was given", CONFIRMED, 7200000, 0, 4, GIVEN, { { 300, 7200000, 4 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },

	/* ---- a default limit needs three runs ---- */
	{ "limit: three runs", CONFIRMED, 7200000, 0, 1, 0, { { 600, 7200000, 1 }, { 300, 7200000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "limit: three runs, back", CONFIRMED, -7200000, 0, 1, 0, { { 600, -7200000, 1 }, { 300, -7200000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "limit: three runs, the second too young", CONFIRMED, 7200000, 0, 1, 0, { { 600, 7200000, 1 }, { 299, 7200000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: three runs, too near to each other", CONFIRMED, 7200000, 0, 1, 0, { { 599, 7200000, 1 }, { 300, 7200000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: three runs, something else between them", CONFIRMED, 7200000, 0, 1, 0, { { 900, 7200000, 1 }, { 600, 9000, 1 }, { 300, 7200000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "limit: three runs, one differs", CONFIRMED, 7200000, 0, 1, 0, { { 600, 7100000, 1 }, { 300, 7200000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: given, three runs", CONFIRMED, 7200000, 0, 1, GIVEN, { { 600, 7200000, 1 }, { 300, 7200000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: given backwards, three runs", CONFIRMED, -7200000, 0, 1, BACK, { { 600, -7200000, 1 }, { 300, -7200000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: given backwards, and wide: the default one is passed by three runs", CONFIRMED, -7200000, 0, 1, BACK_WIDE, { { 600, -7200000, 1 }, { 300, -7200000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "limit: given backwards, and wide: two runs are too few", CONFIRMED, -7200000, 0, 1, BACK_WIDE, { { 300, -7200000, 1 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "limit: given backwards, three runs forward", CONFIRMED, 7200000, 0, 1, BACK, { { 600, 7200000, 1 }, { 300, 7200000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },

	/* ---- 7: the floor ---- */
	{ "floor: a jump in the first run of a boot", NEW, -3603000, 0, 1, BOOT_UNIT, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEFORE_FLOOR, .is_confirmed = false },
	{ "floor: two seconds before it are none", NEW, -3602000, 0, 1, BOOT_UNIT, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "floor: the clock that agrees is no excuse", NEW, -3603000, -3603000, 1, 0, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEFORE_FLOOR, .is_confirmed = false },
	{ "floor: three SERVERs pass it", NEW, -3603000, 0, 3, BOOT_UNIT, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "floor: seen again", NEW, -3603000, 0, 1, BOOT_UNIT, { { 300, -3603000, 1 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = true },
	{ "floor: --any-offset passes it", NEW, -3603000, 0, 1, ANY, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "floor: not checked once a run is accepted", CONFIRMED, -3700000, -3700000, 1, 0, { { 0 } }, DECIDE_ACCEPTED, PLAN_WITHIN_BOUND, .is_confirmed = false },
	{ "floor: none", NEW, -3603000, 0, 1, BOOT_UNIT, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false, .floor_s = INT64_MIN },
	{ "floor: no memory, and nothing is held back", NEW, -3603000, 0, 1, BOOT_UNIT | FORGETFUL, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },

	/* ---- the flags ---- */
	{ "--any-offset: the limit", CONFIRMED, 5000000, 0, 1, ANY, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--any-offset: the limit back", CONFIRMED, -900000, 0, 1, ANY | BACK, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--any-offset: the limit that was given", CONFIRMED, 5000000, 0, 1, ANY | GIVEN, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--any-offset: first sight", CONFIRMED, 5000, 0, 1, ANY, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--any-offset: a bound beyond the limit", CONFIRMED, 0, 0, 1, ANY, { { 0 } }, DECIDE_ACCEPTED, PLAN_WITHIN_BOUND, .is_confirmed = true, .bound_ms = 1000001 },
	{ "--any-offset: not the release", CONFIRMED, -101 * DAY * 1000, 0, 4, ANY, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_BEFORE_RELEASE, .is_confirmed = false },
	{ "--any-offset: not 2106", CONFIRMED, 80 * YEAR * 1000, 0, 4, ANY, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_BEYOND_RANGE, .is_confirmed = false },
	{ "--any-offset: not a leap second that is near", CONFIRMED, 19 * DAY * 1000 + 43200000, 0, 4, ANY | LEAP, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_LEAP_NEAR, .is_confirmed = false },
	{ "--boot: the limit", BELIEVED, 5000000, 0, 3, BOOT_UNIT, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--boot: the limit that was given", NEW, 5000000, 0, 1, BOOT_UNIT | GIVEN, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--boot: the limit back", NEW, -900000, 0, 1, BOOT_UNIT | BACK, { { 0 } }, DECIDE_ACCEPTED, PLAN_LARGE, .is_confirmed = false },
	{ "--boot: not once a time is confirmed", CONFIRMED, 5000000, 0, 4, BOOT_UNIT, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
	{ "--boot: not first sight", BELIEVED, 5000000, 0, 2, BOOT_UNIT, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "--boot: not a bound beyond the limit", NEW, 0, 0, 4, BOOT_UNIT, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_UNCERTAIN, .is_confirmed = false, .bound_ms = 1000001 },
	{ "--boot: not the release", NEW, -101 * DAY * 1000, 0, 4, BOOT_UNIT, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_BEFORE_RELEASE, .is_confirmed = false },
	{ "--boot: not 2106", NEW, 80 * YEAR * 1000, 0, 4, BOOT_UNIT, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_BEYOND_RANGE, .is_confirmed = false },
	{ "--boot: not a leap second that is near", NEW, 19 * DAY * 1000 + 43200000, 0, 4, BOOT_UNIT | LEAP, { { 0 } }, DECIDE_IMPOSSIBLE, PLAN_LEAP_NEAR, .is_confirmed = false },
	{ "--refuse-above: lifts no first sight", CONFIRMED, 5000, 0, 1, GIVEN, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "--refuse-above: nor the floor", NEW, -3603000, -3603000, 1, GIVEN, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEFORE_FLOOR, .is_confirmed = false },
	{ "--step: lifts no first sight", CONFIRMED, 5000, 0, 1, STEP, { { 0 } }, DECIDE_HELD_BACK, PLAN_BEYOND_DRIFT, .is_confirmed = false },
	{ "--step: nor the limit", CONFIRMED, 1001000, 0, 4, STEP, { { 0 } }, DECIDE_REFUSED, PLAN_BEYOND_LIMIT, .is_confirmed = false },
};
/* clang-format on */

static struct anchor_point point_at(const struct row *row, int64_t age_s, int64_t at_ms)
{
	return (struct anchor_point){ .boot_ns = BOOT - S(age_s),
		                      .booted_ns = NOW - BOOT + MS(at_ms),
		                      .bound_ns = MS(10),
		                      .suspended_ns = row->flags & SLEPT ? 0 : S(50) };
}

static struct anchor anchor_of(const struct row *row)
{
	const int64_t age_s = row->age_s ? row->age_s : 3600;
	struct anchor anchor;

	anchor_init(&anchor);
	memcpy(anchor.boot_id, "a boot", sizeof("a boot"));
	anchor.top_ns = BOOT;
	anchor.found_booted_ns = NOW - BOOT + MS(row->found_ms);
	anchor.slew_ns = row->flags & OURS ? MS(row->pending_ms) : 0;
	if (row->past != NEW) {
		anchor.has_last = 1;
		anchor.last = point_at(row, age_s, 0);
		anchor.chain_ns = BOOT - S(row->chain_s ? row->chain_s : age_s);
	}
	if (row->past == CONFIRMED) {
		anchor.has_confirmed = 1;
		anchor.confirmed = anchor.last;
	}
	if (row->floor_s != INT64_MIN) {
		anchor.has_floor = 1;
		anchor.floor_ns = NOW - S(row->floor_s ? row->floor_s : 3600);
	}
	for (size_t i = 0; i < ANCHOR_SIGHTS && row->seen[i].servers > 0; i++) {
		const struct seen *seen = &row->seen[i];

		anchor.sights[anchor.sight_count++] = (struct anchor_sight){
			.point = point_at(row, seen->age_s, seen->at_ms),
			.server_count = seen->servers,
		};
	}
	return anchor;
}

static struct decide_input input_of(const struct row *row)
{
	const int64_t offset_ns = MS(row->servers_ms - row->clock_ms);

	return (struct decide_input){
		.measured = { .offset_ns = offset_ns,
		              .bound_ns = row->bound_ms ? MS(row->bound_ms) : MS(10),
		              .local = { NOW + MS(row->clock_ms) },
		              .leap = row->flags & LEAP ? NTP_LEAP_INSERT : NTP_LEAP_NONE,
		              .pending_ns = row->flags & SLEWING ? offset_ns
		                                                 : MS(row->pending_ms),
		              .has_phase = row->phase_ms != 0,
		              .phase_ns = MS(row->phase_ms) },
		.now = { .wall = { NOW + MS(row->clock_ms) },
		         .boot_ns = BOOT,
		         .mono_ns = BOOT - S(50) },
		.agreeing_server_count = row->servers,
		.remembers = !(row->flags & FORGETFUL),
		.is_disciplined = !(row->flags & UNDISCIPLINED),
		.has_expected = row->expected_ms != 0,
		.expected_ns = MS(row->expected_ms - row->clock_ms),
		.expected_bound_ns = MS(5),
	};
}

static struct plan_limits limits_of(const struct row *row)
{
	return (struct plan_limits){
		.wish = row->flags & STEP ? PLAN_WISH_STEP : PLAN_AUTO,
		.step_above_ns = MS(500),
		.refuse_above_ns = S(1000),
		.is_refuse_above_given = row->flags & GIVEN,
		.has_refuse_back_above = row->flags & (BACK | BACK_WIDE),
		.refuse_back_above_ns = row->flags & BACK_WIDE ? S(86400) : S(100),
		.any_offset = row->flags & ANY,
		.is_boot = row->flags & BOOT_UNIT,
		.release = { RELEASE },
	};
}

/* The clock less CLOCK_BOOTTIME, without what a slew does from now on. */
static int64_t left_ns(const struct row *row, const struct decision *decision)
{
	return NOW + MS(row->clock_ms) - BOOT +
	       (decision->plan.action == PLAN_STEP ? decision->plan.by_ns : 0);
}

/* The stored sights. */
static void check_anchor(const struct row *row, const struct anchor *before,
                         const struct anchor *after, const struct decision *decision)
{
	switch (row->want) {
	case DECIDE_ACCEPTED:
		assert_int_equal(after->sight_count, 0);
		assert_true(after->has_last && after->last.boot_ns == BOOT);
		assert_true(after->last.booted_ns == left_ns(row, decision));
		assert_int_equal(after->has_confirmed,
		                 before->has_confirmed || row->is_confirmed);
		assert_true((after->floor_ns != before->floor_ns) == row->is_confirmed);
		break;
	case DECIDE_HELD_BACK:
	case DECIDE_REFUSED:
		assert_memory_equal(&after->last, &before->last, sizeof(after->last));
		assert_true(after->floor_ns == before->floor_ns);
		/* A sight of the same time less than 300 s ago is enough. */
		assert_true(after->sight_count == before->sight_count + 1 ||
		            before->sights[before->sight_count - 1].point.boot_ns >
		                    BOOT - ANCHOR_CONFIRM_NS);
		if (row->want == DECIDE_HELD_BACK) {
			assert_true(decision->confirm_after_ns ==
			            decision->first_seen_ns + ANCHOR_CONFIRM_NS);
		} else {
			/* Not before there can have been two looks more. */
			assert_int_equal(decision->is_limit_given,
			                 (row->flags & GIVEN) ||
			                         (row->flags & BACK &&
			                          row->servers_ms < row->clock_ms));
			/* No end is announced if no run can end it. */
			assert_int_equal(decision->more_runs > 0,
			                 !(row->flags & FORGETFUL));
			assert_true(
				(row->flags & FORGETFUL) ||
				(decision->confirm_after_ns >= BOOT &&
			         decision->confirm_after_ns >=
			                 decision->first_seen_ns + 2 * ANCHOR_CONFIRM_NS));
		}
		break;
	case DECIDE_PARTLY:
		assert_true(after->has_last && after->last.boot_ns == BOOT);
		assert_true(after->last.booted_ns == left_ns(row, decision));
		assert_true(after->floor_ns == before->floor_ns);
		break;
	case DECIDE_IMPOSSIBLE:
		assert_memory_equal(after, before, sizeof(*after));
		break;
	}
}

static void decide_row(void **state)
{
	const struct row *row = *state;
	const struct decide_input input = input_of(row);
	const struct plan_limits limits = limits_of(row);
	const struct anchor before = anchor_of(row);
	struct anchor after = before;
	struct decision decision;

	decide(&input, &limits, &after, &decision);
	assert_string_equal(plan_reason_text(decision.plan.reason),
	                    plan_reason_text(row->why));
	assert_int_equal(decision.verdict, row->want);
	assert_int_equal(decision.is_confirmed, row->is_confirmed);
	if (row->step_ms != 0) {
		assert_true(decision.plan.by_ns >= MS(row->step_ms) - MS(1) &&
		            decision.plan.by_ns <= MS(row->step_ms) + MS(1));
	}
	check_anchor(row, &before, &after, &decision);
}

/* A person's --any-offset does at once what is refused or held back. */
static void way_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct decide_input input = input_of(&rows[i]);
		struct plan_limits limits = limits_of(&rows[i]);
		struct anchor anchor = anchor_of(&rows[i]);
		struct decision decision;

		if (rows[i].want == DECIDE_HELD_BACK || rows[i].want == DECIDE_REFUSED) {
			limits.any_offset = true;
			decide(&input, &limits, &anchor, &decision);
			assert_int_equal(decision.verdict, DECIDE_ACCEPTED);
		}
	}
}

/* A third run that agrees with the second confirms the rest of a part. */
static void part_and_rest(void **state)
{
	const struct row first = { .past = CONFIRMED,
		                   .servers_ms = 9000,
		                   .servers = 1,
		                   .seen = { { 600, 3000, 1 }, { 300, 6000, 1 } } };
	struct decide_input input = input_of(&first);
	const struct plan_limits limits = limits_of(&first);
	struct anchor anchor = anchor_of(&first);
	struct decision decision;

	(void)state;
	input.measured.bound_ns = MS(20);
	decide(&input, &limits, &anchor, &decision);
	assert_int_equal(decision.verdict, DECIDE_PARTLY);
	assert_true(anchor.last.bound_ns == MS(10));
	assert_true(decision.plan.by_ns == MS(3000) && decision.rest_ns == MS(6000));
	assert_int_equal(anchor.sight_count, 2);
	/* The clock has followed; 300 s later the servers say the same. */
	input.measured.offset_ns = MS(6000);
	input.now.wall.unix_ns = input.measured.local.unix_ns += MS(3000) + S(300);
	input.now.boot_ns += S(300);
	input.now.mono_ns += S(300);
	decide(&input, &limits, &anchor, &decision);
	assert_int_equal(decision.verdict, DECIDE_ACCEPTED);
	assert_true(decision.is_confirmed && decision.plan.by_ns == MS(6000));
}

/* The kernel slews all clocks: that is no drift, and makes no room for a lie. */
static void slewed_meanwhile(void **state)
{
	const struct row row = { .past = BELIEVED, .servers_ms = 300, .servers = 1 };
	struct decide_input input = input_of(&row);
	const struct plan_limits limits = limits_of(&row);
	struct anchor anchor = anchor_of(&row), copy;
	struct decision decision;

	(void)state;
	decide(&input, &limits, &anchor, &decision);
	assert_true(decision.plan.action == PLAN_SLEW && decision.plan.by_ns == MS(300));
	/* 360 s later 180 ms of it are done. */
	input.now.wall.unix_ns = input.measured.local.unix_ns += S(360) + MS(180);
	input.now.boot_ns += S(360) + MS(180);
	input.now.mono_ns += S(360) + MS(180);
	input.measured.offset_ns = MS(120);
	input.measured.pending_ns = MS(120);
	copy = anchor;
	decide(&input, &limits, &copy, &decision);
	assert_true(decision.verdict == DECIDE_ACCEPTED && decision.is_confirmed);
	input.measured.offset_ns = MS(420);
	decide(&input, &limits, &anchor, &decision);
	assert_int_equal(decision.verdict, DECIDE_HELD_BACK);
}

static void floor_goes_down(void **state)
{
	const struct row row = { .past = NEW,
		                 .servers_ms = -4000000,
		                 .servers = 1,
		                 .flags = BOOT_UNIT,
		                 .seen = { { 300, -4000000, 1 } } };
	const struct decide_input input = input_of(&row);
	const struct plan_limits limits = limits_of(&row);
	struct anchor anchor = anchor_of(&row);
	struct decision decision;

	(void)state;
	decide(&input, &limits, &anchor, &decision);
	assert_true(decision.is_confirmed);
	assert_true(anchor.floor_ns == NOW - S(4000) - MS(10));
}

/* Numbers of a child that says anything: no overflow, and nothing that is not refused or small. */
static void extremes(void **state)
{
	static const int64_t values[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX };
	const struct row row = { .past = CONFIRMED, .servers = 1 };
	const struct plan_limits limits = limits_of(&row);

	(void)state;
	for (size_t i = 0; i < 6 * 6 * 6 * 6; i++) {
		struct decide_input input = input_of(&row);
		struct anchor anchor = anchor_of(&row);
		struct decision decision;

		input.measured.offset_ns = values[i % 6];
		input.measured.bound_ns = values[i / 6 % 6];
		input.measured.has_phase = true;
		input.measured.phase_ns = values[i / 36 % 6];
		input.expected_ns = values[i / 216];
		decide(&input, &limits, &anchor, &decision);
		assert_true(decision.plan.action == PLAN_REFUSE ||
		            (decision.plan.by_ns >= -MS(256) &&
		             decision.plan.by_ns <= MS(256)));
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 5];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = decide_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(way_out);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(part_and_rest);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(slewed_meanwhile);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(floor_goes_down);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(extremes);
	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
