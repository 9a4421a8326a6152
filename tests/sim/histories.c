/* SPDX-License-Identifier: MIT
 *
 * Disturbances by group.
 */
#include "histories.h"

#include <string.h>

#include "fake_clock.h"

#define MS(ms) (INT64_C(ms) * NS_PER_MS)
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define DAYS(days) ((days)*MACHINE_DAY_NS)
#define YEARS(years) DAYS(INT64_C(365) * (years))
#define PICK(l, table) ((table)[life_pick(l, COUNT_OF(table))])

const char *history_group_name(enum history_group group)
{
	static const char *const names[] = {
		[HISTORY_PAUSES] = "pauses, snapshots",
		[HISTORY_BOOTS] = "boots, hardware clocks",
		[HISTORY_STEPS] = "steps by others, suspends",
		[HISTORY_LIES] = "lies",
		[HISTORY_ATTACKERS] = "attackers on the way",
		[HISTORY_NAMES] = "names",
		[HISTORY_STORES] = "stores",
		[HISTORY_RATES] = "rates, intervals",
		[HISTORY_LEAPS] = "leap seconds",
		[HISTORY_CHILD] = "child taken over",
		[HISTORY_FLAGS] = "runs by hand, flags",
	};

	return names[group];
}

static void choose_list(struct life *l)
{
	static const struct server_list lists[] = {
		{ 1, { 1 } },          { 2, { 1, 1 } },    { 3, { 1, 1, 1 } },
		{ 4, { 1, 1, 1, 1 } }, { 1, { 2 } },       { 1, { 4 } },
		{ 3, { 4, 4, 4 } },    { 3, { 1, 1, 4 } }, { 3, { 8, 2, 1 } },
	};

	l->list = PICK(l, lists);
}

/* For a few runs of the timer, whatever its interval. */
static void play_some(struct life *l)
{
	static const int64_t spans[] = { S(10),   S(100),  S(299),  S(301),  S(700),
		                         S(3600), S(4000), S(8000), S(90000) };
	int64_t ns = PICK(l, spans);

	life_play(l, ns < 60 * l->interval_ns ? ns : 60 * l->interval_ns);
}

/* ---- the groups ---- */

static void put_back(struct life *l, const struct machine *then)
{
	const int64_t true_ns = l->m.true_ns;
	const bool has_store = life_chance(l, 0.5);
	struct machine_file state = l->m.files[MACHINE_STATE_DIR];

	l->m = *then;
	l->m.true_ns = true_ns;
	if (!has_store) {
		l->m.files[MACHINE_STATE_DIR] = state;
	}
	if (life_chance(l, 0.2)) { /* a clone, that another machine runs */
		l->m.crystal_ppb = life_between(l, -90000, 90000);
	}
	l->due_ns = l->m.boot_ns + life_between(l, 0, l->interval_ns);
	l->honest.boot_ns = 0;
	l->is_tainted = l->wrong_count > 0;
}

static void pause_somehow(struct life *l)
{
	static const int64_t pauses[] = {
		MS(100), MS(200), MS(450), S(5), S(700), S(7200)
	};
	const struct machine then = l->m;
	const int64_t back_ns = life_chance(l, 0.5) ? LIFE_HOUR_NS : DAYS(30);

	switch (life_pick(l, 5)) {
	case 0:
		machine_pause(&l->m, PICK(l, pauses));
		break;
	case 1:
		machine_pause(&l->m, PICK(l, pauses));
		life_play(l, S(400));
		machine_pause(&l->m, PICK(l, pauses));
		break;
	case 2: /* between sight and confirmation */
		machine_pause(&l->m, PICK(l, pauses));
		machine_go(&l->m, l->due_ns > l->m.boot_ns ? l->due_ns - l->m.boot_ns : 1);
		life_timer(l);
		life_play(l, S(100));
		machine_pause(&l->m, PICK(l, pauses));
		break;
	case 3:
		for (size_t i = 1 + life_pick(l, 20); i > 0; i--) {
			machine_pause(&l->m, PICK(l, pauses));
			life_play(l, l->interval_ns);
		}
		break;
	case 4:
		life_play(l, back_ns < 60 * l->interval_ns ? back_ns : LIFE_HOUR_NS);
		put_back(l, &then);
		break;
	}
}

static void choose_rtc(struct life *l)
{
	const int64_t release_ns = machine_release_ns() - l->m.true_ns;
	const int64_t off[] = { S(14 * 3600),
		                S(-14 * 3600),
		                S(-3600),
		                release_ns - YEARS(3),
		                release_ns + YEARS(19),
		                release_ns + YEARS(21),
		                release_ns + YEARS(64),
		                life_between(l, -YEARS(50), YEARS(100)) };

	l->m.rtc = (enum machine_rtc)life_pick(l, RTC_KINDS);
	l->m.rtc_off_ns =
		l->m.rtc == RTC_OFF ? PICK(l, off) : life_between(l, -NS_PER_S, NS_PER_S);
}

static void boot_somehow(struct life *l)
{
	static const int64_t downs[] = { S(20), LIFE_HOUR_NS, DAYS(90) };
	static const int64_t networks[] = { S(5), S(5), S(95), S(1800) };
	size_t times = 1;

	if (life_chance(l, 0.5)) {
		choose_rtc(l);
	}
	l->has_boot_unit = life_chance(l, 0.8);
	if (life_chance(l, 0.2)) {
		times += life_pick(l, 15);
	}
	while (times-- > 0) {
		life_boot(l, PICK(l, downs), PICK(l, networks));
		life_play(l, life_chance(l, 0.5) ? S(120) : S(400));
	}
}

/* A daemon of somebody else's: it keeps the clock right. */
static void other_daemon(struct life *l)
{
	l->m.kernel_ppb = -l->m.crystal_ppb;
	machine_step(&l->m, machine_error_ns(&l->m));
	machine_go(&l->m, LIFE_HOUR_NS);
	l->m.kernel_ppb = life_between(l, -50000, 50000);
}

static void step_somehow(struct life *l)
{
	static const int64_t steps[] = { MS(200), MS(450), S(5), S(500), YEARS(1) };

	switch (life_pick(l, 6)) {
	case 0:
		machine_step(&l->m, life_either(l, PICK(l, steps)));
		break;
	case 1: /* after a sight */
		machine_pause(&l->m, S(5));
		machine_go(&l->m, l->due_ns > l->m.boot_ns ? l->due_ns - l->m.boot_ns : 1);
		life_timer(l);
		machine_step(&l->m, life_either(l, PICK(l, steps)));
		break;
	case 2:
		other_daemon(l);
		break;
	case 3: /* set --slew */
		machine_step(&l->m, life_either(l, S(900)));
		l->m.pending_ns = machine_error_ns(&l->m);
		if (l->m.pending_ns > S(2000) || l->m.pending_ns < -S(2000)) {
			l->m.pending_ns = 0;
		}
		break;
	case 4:
		machine_suspend(&l->m, LIFE_HOUR_NS, life_either(l, NS_PER_S), true);
		break;
	case 5:
		machine_suspend(&l->m, LIFE_HOUR_NS, 0, false);
		break;
	}
}

/* Any of the SERVERs: where fewer than half of them are misled it must not show. */
static void lie_by(struct life *l, int64_t by_ns, int64_t lasts_ns)
{
	const unsigned all = (1u << l->list.server_count) - 1;

	l->lie = (struct lie){
		.servers = life_chance(l, 0.4) ? all : 1 + (unsigned)life_pick(l, all),
		.kind = LIE_CONSTANT,
		.by_ns = by_ns,
		.bound_ns = life_chance(l, 0.2) ? life_between(l, MS(100), S(3))
		                                : life_between(l, MS(1), MS(30)),
		.since_ns = l->m.true_ns,
		.until_ns = l->m.true_ns + lasts_ns,
		.every = 1,
	};
	/* As wide as it may be, and still it moves the clock. */
	if (l->lie.bound_ns > MS(100) && life_chance(l, 0.7)) {
		l->lie.by_ns = life_either(l, l->lie.bound_ns + MS(1));
	}
}

/* To the next run and a moment beyond. */
static void play_next(struct life *l)
{
	life_play(l, l->due_ns > l->m.boot_ns ? l->due_ns - l->m.boot_ns + NS_PER_S : 1);
}

static int64_t some_lie(struct life *l)
{
	const int64_t lies[] = { MS(200), MS(450), MS(800),  S(5),     S(400),
		                 S(999),  S(1100), DAYS(20), YEARS(10) };

	return life_either(l, PICK(l, lies));
}

static void lie_somehow(struct life *l)
{
	static const int64_t spans[] = { S(1), S(250), S(350), S(7200), DAYS(2) };

	lie_by(l, some_lie(l), PICK(l, spans));
	switch (life_pick(l, 6)) {
	case 0: /* in one run */
		play_next(l);
		break;
	case 1: /* at boot */
		l->lie.until_ns += S(600);
		boot_somehow(l);
		break;
	case 2:
		l->lie.every = life_chance(l, 0.5) ? 2 : 4;
		l->lie.until_ns = l->m.true_ns + DAYS(7);
		play_some(l);
		break;
	case 3:
		l->lie.kind = LIE_RANDOM;
		l->lie.until_ns = l->m.true_ns + DAYS(1);
		play_some(l);
		break;
	case 4: /* right after an honest jump */
		l->lie.servers = 0;
		machine_pause(&l->m, S(5));
		play_next(l);
		lie_by(l, life_either(l, life_chance(l, 0.5) ? S(3) : S(8)), S(301));
		play_next(l);
		break;
	case 5: {
		const int64_t lasts_ns = l->lie.until_ns - l->m.true_ns;

		play_next(l);
		l->lie.until_ns = l->m.true_ns + lasts_ns;
		life_play(l, lasts_ns);
		break;
	}
	}
	l->lie.servers = 0;
}

static void attack(struct life *l)
{
	const unsigned all = (1u << l->list.server_count) - 1;

	lie_by(l, some_lie(l), DAYS(1));
	switch (life_pick(l, 5)) {
	case 0: /* drops whatever it likes, and lies where it may */
		l->silent = (unsigned)life_pick(l, all + 1);
		play_some(l);
		break;
	case 1:
		l->lie.kind = LIE_BEFORE_STEP;
		play_next(l);
		break;
	case 2: /* after a pause */
		l->lie.kind = LIE_AS_THE_CLOCK;
		machine_pause(&l->m, S(700));
		play_some(l);
		break;
	case 3: /* reboots at will */
		for (size_t i = 2 + life_pick(l, 10); i > 0; i--) {
			life_boot(l, S(20), S(5));
			life_play(l, life_between(l, S(9), S(700)));
			if (life_chance(l, 0.3)) {
				l->lie.by_ns = some_lie(l);
			}
		}
		break;
	case 4:
		l->lie.servers = 0;
		l->silent = all;
		play_some(l);
		break;
	}
	l->silent = 0;
	l->lie.servers = 0;
}

static void names_change(struct life *l)
{
	if (life_chance(l, 0.5)) {
		choose_list(l);
	}
	lie_by(l, some_lie(l), DAYS(1));
	if (life_chance(l, 0.7)) { /* one name misled, others that do not resolve */
		l->lie.servers = 1u << life_pick(l, l->list.server_count);
		l->silent = (unsigned)life_pick(l, 1u << l->list.server_count);
	}
	play_some(l);
	l->silent = 0;
	l->lie.servers = 0;
	choose_list(l);
	play_next(l);
}

static void tamper(struct life *l, struct machine_file *file)
{
	const struct instant release = { machine_release_ns() };
	struct anchor anchor;

	if (file->len == 0 || !anchor_unpack(file->octets, file->len, release, &anchor)) {
		anchor_init(&anchor);
	}
	switch (life_pick(l, 4)) {
	case 0: /* of the future */
		anchor.has_floor = 1;
		anchor.floor_ns = l->m.true_ns + life_between(l, S(10), YEARS(18));
		break;
	case 1:
		anchor.top_ns = l->m.boot_ns + DAYS(10);
		break;
	case 2:
		anchor.boot_id[0] = 'x';
		break;
	case 3: /* of before the release */
		anchor.has_floor = 1;
		anchor.floor_ns = release.unix_ns - YEARS(2);
		break;
	}
	anchor_pack(&anchor, file->octets);
	file->len = ANCHOR_OCTETS;
}

static void store_suffers(struct life *l)
{
	struct machine_file *file = &l->m.files[MACHINE_STATE_DIR];
	const struct machine_file before = *file;

	switch (life_pick(l, 7)) {
	case 0:
		file->len = 0;
		break;
	case 1:
		file->len /= 2;
		break;
	case 2:
		file->octets[life_pick(l, ANCHOR_OCTETS)] ^= 0x10;
		break;
	case 3:
		tamper(l, file);
		break;
	case 4:
		file->is_read_only = true;
		break;
	case 5:
		file->is_read_only = true;
		l->m.files[MACHINE_RUN_DIR].is_read_only = true;
		break;
	case 6: /* restored from long ago */
		play_some(l);
		lie_somehow(l);
		*file = before;
		break;
	}
	l->has_previous = life_chance(l, 0.5);
	l->is_tainted = true;
	play_some(l);
	if (life_chance(l, 0.5)) {
		lie_somehow(l);
	}
	if (life_chance(l, 0.7)) {
		file->is_read_only = false;
		l->m.files[MACHINE_RUN_DIR].is_read_only = false;
	}
}

static void rate_changes(struct life *l)
{
	static const int64_t rates[] = { 0,       50000,   -50000,  499000,
		                         -499000, 3000000, -3000000 };
	static const int64_t intervals[] = { S(1),   S(5),   S(25),   S(299),
		                             S(300), S(301), S(3600), S(86400) };

	l->m.crystal_ppb = PICK(l, rates);
	if (life_chance(l, 0.2)) {
		l->m.crystal_ppb += life_either(l, 100000000); /* tick */
	}
	if (life_chance(l, 0.5)) {
		l->interval_ns = PICK(l, intervals);
		l->due_ns = l->m.boot_ns + l->interval_ns;
	}
	if (life_chance(l, 0.3)) {
		boot_somehow(l);
	}
	play_some(l);
}

static void leap(struct life *l)
{
	const int64_t by_ns = life_either(l, NS_PER_S);

	switch (life_pick(l, 4)) {
	case 0: /* a sight before it */
		machine_pause(&l->m, S(5));
		play_next(l);
		break;
	case 1: /* some smear it */
		lie_by(l, by_ns, DAYS(1));
		l->lie.kind = LIE_SMEAR;
		life_play(l, 30 * l->interval_ns < DAYS(1) ? 30 * l->interval_ns : DAYS(1));
		l->lie.servers = 0;
		break;
	default:
		break;
	}
	l->m.true_ns -= by_ns;
	if (life_chance(l, 0.4)) { /* the kernel knows of it */
		l->m.wall_ns -= by_ns;
	}
}

static void child(struct life *l)
{
	play_next(l);
	if (life_chance(l, 0.5)) { /* after a sight */
		machine_pause(&l->m, S(5));
		play_next(l);
		machine_go(&l->m, life_between(l, S(1), S(340)));
	}
	for (size_t i = 1 + life_pick(l, 3); i > 0; i--) {
		life_run(l, (struct life_how){ .is_boot = life_chance(l, 0.7),
		                               .is_child_taken = true });
		if (life_chance(l, 0.5)) {
			machine_go(&l->m, life_between(l, NS_PER_S, S(700)));
		}
	}
}

static void by_hand(struct life *l)
{
	static const int64_t limits[] = { S(1), S(10), S(100), S(10800) };

	if (life_chance(l, 0.3)) {
		l->limits.is_refuse_above_given = true;
		l->limits.refuse_above_ns = PICK(l, limits);
	}
	if (life_chance(l, 0.5)) {
		step_somehow(l);
	}
	for (size_t i = 1 + life_pick(l, 4); i > 0; i--) {
		if (life_chance(l, 0.3)) {
			lie_by(l, some_lie(l), S(1));
		}
		life_run(l, (struct life_how){ .is_boot = life_chance(l, 0.2),
		                               .any_offset = life_chance(l, 0.2) });
		life_play(l, life_between(l, NS_PER_S, S(400)));
		l->lie.servers = 0;
	}
}

void history_disturb(struct life *l, enum history_group group)
{
	static void (*const ways[])(struct life *) = {
		[HISTORY_PAUSES] = pause_somehow, [HISTORY_BOOTS] = boot_somehow,
		[HISTORY_STEPS] = step_somehow,   [HISTORY_LIES] = lie_somehow,
		[HISTORY_ATTACKERS] = attack,     [HISTORY_NAMES] = names_change,
		[HISTORY_STORES] = store_suffers, [HISTORY_RATES] = rate_changes,
		[HISTORY_LEAPS] = leap,           [HISTORY_CHILD] = child,
		[HISTORY_FLAGS] = by_hand,
	};

	ways[group](l);
	if (life_chance(l, 0.7)) {
		play_some(l);
	}
}

void history_begin(struct life *l)
{
	/* 1.5 s: a distant server by satellite, or one that tells whole seconds. */
	static const int64_t bounds[] = { MS(2), MS(30), MS(30), MS(150), MS(1500) };

	choose_list(l);
	l->m.true_ns = machine_release_ns() + life_between(l, DAYS(1), YEARS(3));
	l->begun_ns = l->m.true_ns;
	l->m.crystal_ppb = life_between(l, -90000, 90000);
	l->limits = (struct plan_limits){ .step_above_ns = MS(500),
		                          .refuse_above_ns = S(1000),
		                          .release = { machine_release_ns() } };
	l->is_rtc = life_chance(l, 0.5);
	l->is_lossy = life_chance(l, 0.5);
	l->bound_most_ns = PICK(l, bounds);
	l->is_disciplined = life_chance(l, 0.9);
	l->is_learning = life_chance(l, 0.6);
	l->has_boot_unit = true;
	l->interval_ns = LIFE_HOUR_NS;
	l->m.rtc_off_ns = life_between(l, -NS_PER_S, NS_PER_S);
	l->lie.every = 1;
	if (life_chance(l, 0.3)) {
		choose_rtc(l);
	}
	life_boot(l, S(60), S(5));
	if (life_chance(l, 0.8)) {
		play_some(l);
	}
}

void history_end(struct life *l)
{
	const size_t minority = (l->list.server_count - 1) / 2;

	l->is_calm = true;
	l->is_lossy = false;
	l->lie.servers = 0;
	l->silent = 0;
	/* Those who never come back, or never told the truth. */
	if (minority > 0 && life_chance(l, 0.6)) {
		if (life_chance(l, 0.5)) {
			l->silent = 1u << life_pick(l, l->list.server_count);
		} else {
			lie_by(l, some_lie(l), YEARS(1));
			l->lie.servers = 1u << life_pick(l, l->list.server_count);
		}
	}
	/* A clock that a time client can help. */
	if (l->m.crystal_ppb > 450000 || l->m.crystal_ppb < -450000) {
		l->m.crystal_ppb = life_between(l, -450000, 450000);
	}
	if (l->m.crystal_ppb + l->m.kernel_ppb > 490000 ||
	    l->m.crystal_ppb + l->m.kernel_ppb < -490000) {
		l->m.kernel_ppb = 0;
	}
}
