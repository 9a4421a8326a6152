/* SPDX-License-Identifier: MIT
 *
 * A machine's runs, and what has to hold after each of them.
 */
#include "life.h"

#include <stdio.h>
#include <string.h>

#include "fake_clock.h"

#define MS(ms) (INT64_C(ms) * NS_PER_MS)
#define S(seconds) (INT64_C(seconds) * NS_PER_S)
enum { LOOKS_MAX = 240, DRIFT_PPM = 100, DRIFT_UNDISCIPLINED_PPM = 500 };

bool life_chance(struct life *l, double p)
{
	return rng_unit(&l->rng) < p;
}

int64_t life_between(struct life *l, int64_t low, int64_t high)
{
	return low + (int64_t)(rng_unit(&l->rng) * (double)(high - low));
}

size_t life_pick(struct life *l, size_t count)
{
	return (size_t)(rng_next(&l->rng) % count);
}

int64_t life_either(struct life *l, int64_t ns)
{
	return life_chance(l, 0.5) ? ns : -ns;
}

static int64_t size_of(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- what the servers say ---- */

static bool is_lying(const struct life *l)
{
	return l->lie.servers != 0 && l->m.true_ns < l->lie.until_ns &&
	       l->run_count % l->lie.every == 0;
}

bool life_is_minority_misled(const struct life *l)
{
	return 2 * __builtin_popcount(l->lie.servers) < (int)l->list.server_count;
}

static int64_t lie_of(struct life *l)
{
	const struct lie *lie = &l->lie;

	switch (lie->kind) {
	case LIE_RANDOM:
		return life_between(l, -lie->by_ns, lie->by_ns);
	case LIE_AS_THE_CLOCK:
		return -machine_error_ns(&l->m);
	case LIE_BEFORE_STEP:
		return -l->stepped_ns;
	case LIE_SMEAR:
		return (int64_t)((double)lie->by_ns *
		                 (double)(l->m.true_ns - lie->since_ns) /
		                 (double)(lie->until_ns - lie->since_ns));
	case LIE_CONSTANT:
	case LIE_KINDS:
		break;
	}
	return lie->by_ns;
}

static void ask(struct life *l)
{
	struct said said[ANSWERS_SERVERS][ANSWERS_ADDRESSES] = { 0 };
	const int64_t error_ns = machine_error_ns(&l->m);
	const bool lies = is_lying(l);
	const int64_t lie_ns = lies ? lie_of(l) : 0;
	const bool has_network = l->m.boot_ns >= l->network_ns;

	for (size_t i = 0; i < l->list.server_count; i++) {
		const bool is_liar = lies && (l->lie.servers >> i & 1);

		for (size_t k = 0; k < ANSWERS_ADDRESSES; k++) {
			struct said *s = &said[i][k];
			int64_t off_ns;

			s->bound_ns = is_liar ? l->lie.bound_ns
			                      : life_between(l, MS(1), l->bound_most_ns);
			off_ns = life_between(l, -s->bound_ns, s->bound_ns);
			s->offset_ns = error_ns + (is_liar ? lie_ns : off_ns);
			s->is_silent = !has_network || (l->silent >> i & 1) ||
			               (l->is_lossy && life_chance(l, 0.05));
		}
	}
	answer_make(&l->list, said, &l->answer);
}

/* ---- the measuring process ---- */

static void advise(struct life *l, struct correct_record *record)
{
	const struct machine *m = &l->m;
	const int64_t at_ns = m->wall_ns - m->boot_ns;
	const bool is_known = m->true_ns - l->begun_ns > S(7200);

	if (!l->is_disciplined || !l->is_learning) {
		return;
	}
	record->has_advice = 1;
	record->phase_ns = record->offset_ns;
	record->phase_sd_ns = MS(1);
	record->frequency_ppb = is_known ? -m->crystal_ppb : m->kernel_ppb;
	if (l->has_previous && l->previous_boot == m->boot_number && is_known) {
		record->expected_ns = l->previous_booted_ns - at_ns;
		record->expected_bound_ns = MS(20);
	}
}

static void learn(struct life *l)
{
	l->has_previous = true;
	l->previous_boot = l->m.boot_number;
	l->previous_booted_ns = l->m.wall_ns + l->answer.offset_ns - l->m.boot_ns;
}

static struct correct_record record_of(struct life *l)
{
	const struct reading now = machine_reading(&l->m);
	struct correct_record record;

	memset(&record, 0, sizeof(record));
	record.magic = CORRECT_RECORD_MAGIC;
	record.status = l->answer.status;
	record.wall_ns = now.wall.unix_ns;
	record.mono_ns = now.mono_ns;
	record.expected_bound_ns = -1;
	if (l->answer.status == RUN_OK) {
		record.offset_ns = l->answer.offset_ns;
		record.bound_ns = l->answer.bound_ns;
		record.asked_count = (uint32_t)l->answer.asked_count;
		record.agreeing_count = (uint32_t)l->answer.agreeing_count;
		record.agreeing_server_count = (uint32_t)l->answer.agreeing_server_count;
		advise(l, &record);
	}
	return record;
}

static int64_t anything(struct life *l, int64_t most_ns)
{
	static const int64_t sizes[] = { MS(100), MS(500), S(1),      S(5),
		                         S(400),  S(999),  S(100000), S(1000000000) };
	const int64_t size_ns = sizes[life_pick(l, COUNT_OF(sizes))];

	return life_either(l, life_between(l, 0, size_ns < most_ns ? size_ns : most_ns));
}

/* Whatever the privileged process does not refuse as nonsense. */
static void take_over(struct life *l, struct correct_record *record)
{
	record->status = RUN_OK;
	record->offset_ns = anything(l, S(1000000000));
	record->bound_ns = size_of(anything(l, S(1000000000)));
	if (life_chance(l, 0.3)) { /* as wide as it may be, and still the clock is moved */
		record->bound_ns = size_of(record->offset_ns) - MS(1);
		record->bound_ns = record->bound_ns < 0 ? 0 : record->bound_ns;
	}
	record->leap = (uint32_t)life_pick(l, 3);
	record->asked_count = (uint32_t)(l->list.server_count * ANSWERS_ADDRESSES);
	record->agreeing_count = record->asked_count;
	record->agreeing_server_count = (uint32_t)l->list.server_count;
	record->has_advice = life_chance(l, 0.5);
	record->phase_ns = anything(l, S(1000000000));
	record->in_flight_ns = anything(l, S(1000000000));
	record->frequency_ppb = life_between(l, -400000, 400000);
	record->expected_ns = anything(l, S(1000000000));
	record->expected_bound_ns = anything(l, S(1000000000));
	l->answer.status = RUN_OK;
	l->answer.offset_ns = record->offset_ns;
	l->answer.bound_ns = record->bound_ns;
	l->answer.agreeing_server_count = l->list.server_count;
}

/* ---- what has to hold ---- */

/* How the machine was before the run. */
struct before {
	struct anchor anchor;
	int64_t error_ns;     /* the larger of now and when a pending slew is done */
	int64_t reference_ns; /* error of the clock that the limits are measured from */
	int64_t wall_ns;
	int64_t settled_ns; /* see below */
	bool is_wrong;      /* the answer is */
	bool is_known_wrong;
	bool is_limited;
	bool is_remembered; /* an anchor can be written */
};

static void fault(struct life *l, uint64_t *count, const char *what, int64_t ns)
{
	if (l->is_old_rules) {
		++*count;
		return;
	}
	if (l->faults->seed == 0) {
		l->faults->seed = l->seed;
	}
	if (++*count <= 3) {
		printf("# seed %llu, run %u: %s: %.3f s\n", l->seed, l->run_count, what,
		       (double)ns * 1e-9);
	}
}

/* True time - CLOCK_BOOTTIME when what is pending is done: both clocks are slewed. */
static int64_t settled_ns(const struct machine *m)
{
	return machine_booted_ns(m) - m->pending_ns;
}

static struct before look_before(struct life *l, const struct plan_limits *limits)
{
	const struct machine *m = &l->m;
	const int64_t release_ns = machine_release_ns();
	struct before b = { .wall_ns = m->wall_ns, .settled_ns = settled_ns(m) };
	const struct anchor *a = &b.anchor;
	int64_t earliest_ns, reference_ns;

	machine_look(m, &b.anchor);
	b.error_ns = larger(size_of(machine_error_ns(m)),
	                    size_of(machine_error_ns(m) - m->pending_ns));
	reference_ns = a->has_confirmed ? a->confirmed.booted_ns : a->found_booted_ns;
	b.reference_ns = size_of(machine_booted_ns(m) - reference_ns);
	b.is_wrong =
		l->answer.status == RUN_OK &&
		size_of(l->answer.offset_ns - machine_error_ns(m)) > l->answer.bound_ns + 1;
	earliest_ns = a->has_floor ? larger(release_ns, a->floor_ns) : release_ns;
	b.is_known_wrong = m->wall_ns < earliest_ns - S(2) ||
	                   m->wall_ns > release_ns + ANCHOR_FLOOR_SPAN_NS;
	b.is_limited = !b.is_known_wrong && !(limits->is_boot && !a->has_confirmed);
	b.is_remembered = !m->files[MACHINE_STATE_DIR].is_read_only ||
	                  !m->files[MACHINE_RUN_DIR].is_read_only;
	return b;
}

/* The lie began less than ANCHOR_CONFIRM_NS ago, with an honest past. */
static bool is_passing(const struct life *l)
{
	return l->wrong_count > 0 && !l->is_tainted && l->wrong_boot == l->m.boot_number &&
	       l->m.boot_ns - l->wrong_since_ns < ANCHOR_CONFIRM_NS;
}

/* By how much the clock may be wrong after a passing lie; INT64_MAX: anything. */
static int64_t allowed_ns(const struct life *l, const struct before *b)
{
	const int64_t refuse_ns = l->limits.refuse_above_ns;
	const bool is_weak = l->answer.agreeing_server_count < DECIDE_STRONG;
	const int64_t ppm = l->is_disciplined ? DRIFT_PPM : DRIFT_UNDISCIPLINED_PPM;
	int64_t limit_ns, moved_ns;

	if (l->is_guarded && is_weak && b->is_remembered) {
		limit_ns = PLAN_JUMP_NS +
		           anchor_drift_ns(l->m.boot_ns - l->honest.boot_ns, ppm) +
		           l->honest.bound_ns + PLAN_JUMP_NS;
		moved_ns = larger(size_of(b->settled_ns - l->honest_booted_ns),
		                  l->moved_most_ns);
		if (l->m.asleep_ns != l->honest.suspended_ns) {
			limit_ns += S(2);
		}
		return limit_ns * l->wrong_count + moved_ns + b->error_ns;
	}
	if (!b->is_limited) {
		return INT64_MAX;
	}
	return refuse_ns + larger(b->error_ns, b->reference_ns) + S(1);
}

static void note_wrong(struct life *l, const struct before *b)
{
	if (l->wrong_count == 0 || l->wrong_boot != l->m.boot_number) {
		l->wrong_count = 0;
		l->wrong_since_ns = l->m.boot_ns;
		l->wrong_boot = l->m.boot_number;
		l->is_guarded = b->anchor.has_last && l->honest.boot_ns > 0;
	}
	l->wrong_count++;
}

static void check_lie(struct life *l, const struct before *b, struct life_how how)
{
	const struct decision *decision = &l->result.decision;
	const int64_t error_ns = size_of(machine_error_ns(&l->m) - l->m.pending_ns);
	const int64_t may_ns = allowed_ns(l, b);

	if (how.any_offset || !is_passing(l) || l->result.status != CORRECT_DONE) {
		return;
	}
	if (may_ns != INT64_MAX && error_ns > may_ns) {
		l->faults->worst_ns = larger(l->faults->worst_ns, error_ns - may_ns);
		fault(l, &l->faults->moved, "a passing lie moved the clock", error_ns);
	}
	if (decision->is_confirmed && !l->is_old_rules && may_ns != INT64_MAX &&
	    error_ns > may_ns) {
		fault(l, &l->faults->confirmed, "a passing lie is confirmed", error_ns);
	}
}

static void check_honest(struct life *l, const struct before *b)
{
	const int64_t error_ns = size_of(machine_error_ns(&l->m) - l->m.pending_ns);
	const int64_t left_ns = size_of(l->answer.offset_ns -
	                                (l->m.wall_ns + l->m.pending_ns - b->wall_ns));

	l->is_healed = false;
	/* Its time, within its bound, confirms any that agrees with it. */
	l->moved_most_ns =
		larger(l->moved_most_ns, size_of(b->settled_ns - l->honest_booted_ns) +
	                                         2 * l->answer.bound_ns);
	if (l->result.status != CORRECT_DONE ||
	    l->result.decision.verdict != DECIDE_ACCEPTED) {
		return;
	}
	/* The measurement is true within its bound, and the kernel gets the remaining error. */
	if (error_ns > l->answer.bound_ns + left_ns + MS(1)) {
		fault(l, &l->faults->untrue, "exit 0, and the clock is wrong", error_ns);
		return;
	}
	l->is_healed = error_ns <= 2 * l->answer.bound_ns + MS(1);
	l->wrong_count = 0;
	l->is_tainted = false;
	l->honest_booted_ns = settled_ns(&l->m);
	l->moved_most_ns = 0;
	l->honest = (struct anchor_point){ .boot_ns = l->m.boot_ns,
		                           .booted_ns = l->honest_booted_ns,
		                           .bound_ns = 2 * l->answer.bound_ns,
		                           .suspended_ns = l->m.asleep_ns };
	if (!b->is_remembered) {
		l->honest.boot_ns = 0;
	}
}

static struct correct_wish wish_of(const struct life *l, bool is_dry)
{
	return (struct correct_wish){ .is_dry = is_dry,
		                      .is_disciplined = l->is_disciplined,
		                      .remembers = true,
		                      .server_count = l->list.server_count,
		                      .pool = ANSWERS_ADDRESSES };
}

static bool is_impossible(enum plan_reason reason)
{
	return reason == PLAN_BEYOND_RANGE || reason == PLAN_BEFORE_RELEASE ||
	       reason == PLAN_LEAP_NEAR || reason == PLAN_SLEW_TOO_LONG;
}

/* A person's command sets what is refused now. */
static void check_way_out(struct life *l, const struct correct_record *record,
                          const struct plan_limits *limits)
{
	struct plan_limits open = *limits;
	struct machine m = l->m;
	struct correct_result result;

	open.any_offset = true;
	(void)!machine_set(&m, record, &open, wish_of(l, true), &result);
	/* Nothing but a child that was taken over says that it is sure within 2000 s. */
	if (result.decision.plan.reason == PLAN_SLEW_TOO_LONG &&
	    record->bound_ns > PLAN_SLEW_MAX_NS) {
		return;
	}
	if (result.status != CORRECT_DONE || result.decision.verdict != DECIDE_ACCEPTED) {
		fault(l, &l->faults->closed, plan_reason_text(result.decision.plan.reason),
		      record->offset_ns);
	}
}

static void check_same(struct life *l, const struct correct_result *dry,
                       const struct before *b)
{
	if (dry->status == CORRECT_BAD_RECORD || dry->status == CORRECT_NO_ANSWER) {
		return;
	}
	if (!b->is_remembered) {
		l->counts->unlike_unwritable += memcmp(&dry->decision, &l->result.decision,
		                                       sizeof(dry->decision)) != 0;
		return;
	}
	l->counts->compared++;
	if (memcmp(&dry->decision, &l->result.decision, sizeof(dry->decision)) != 0) {
		fault(l, &l->faults->differs, "a dry run differs",
		      dry->decision.plan.by_ns);
	}
}

/* ---- a run ---- */

static void check_outcome(struct life *l, const struct correct_record *record,
                          const struct plan_limits *limits, const struct before *b)
{
	struct machine m = l->m;
	struct correct_result dry;

	if (l->is_old_rules) {
		life_old_decide(l, record, limits);
		return;
	}
	(void)!machine_set(&m, record, limits, wish_of(l, true), &dry);
	(void)!machine_set(&l->m, record, limits, wish_of(l, false), &l->result);
	check_same(l, &dry, b);
	if (l->result.status == CORRECT_REFUSED) {
		if (!is_impossible(l->result.decision.plan.reason)) {
			check_way_out(l, record, limits);
		}
		l->counts->held_back += l->result.decision.verdict == DECIDE_HELD_BACK;
		l->counts->refused += l->result.decision.verdict != DECIDE_HELD_BACK;
	}
	if (l->is_rtc && l->result.status == CORRECT_DONE &&
	    l->result.decision.is_confirmed && l->m.rtc <= RTC_OFF) {
		l->m.rtc = l->m.rtc == RTC_OFF ? RTC_GOOD : l->m.rtc;
		l->m.rtc_off_ns = m.wall_ns + record->offset_ns - m.true_ns;
	}
}

static void note_run(struct life *l, const struct before *b, struct life_how how)
{
	if (l->result.status == CORRECT_DONE && l->result.decision.is_confirmed) {
		l->is_reference_lie = b->is_wrong || how.is_child_taken;
	}
	if (l->result.applied == PLAN_STEP) {
		l->stepped_ns = l->result.applied_ns;
	}
	if (b->is_wrong || how.is_child_taken) {
		check_lie(l, b, how);
		l->is_healed = false;
		if (how.any_offset) {
			l->is_tainted = true;
		}
		return;
	}
	if (l->result.status == CORRECT_DONE) {
		learn(l);
	}
	check_honest(l, b);
}

static void trace(const struct life *l, const struct before *b, struct life_how how)
{
	static const char *const estimates[] = { "accepted", "partly", "held back",
		                                 "refused", "impossible" };
	const struct decision *d = &l->result.decision;

	if (!l->is_traced) {
		return;
	}
	printf("# %u boot %llu at %.1f%s%s%s: off %.3f, D %.3f; told %.3f +- %.3f by "
	       "%zu%s; "
	       "%s%s%s%s (%s), off %.3f, pending %.3f\n",
	       l->run_count, l->m.boot_number, (double)l->m.boot_ns * 1e-9,
	       how.is_boot ? " --boot" : "", how.any_offset ? " --any-offset" : "",
	       l->is_calm ? " calm" : "", (double)b->error_ns * 1e-9,
	       (double)(machine_booted_ns(&l->m) - l->begun_ns) * 1e-9,
	       (double)l->answer.offset_ns * 1e-9, (double)l->answer.bound_ns * 1e-9,
	       l->answer.agreeing_server_count,
	       how.is_child_taken ? " CHILD"
	       : b->is_wrong      ? " WRONG"
	                          : "",
	       l->result.status <= CORRECT_REFUSED ? estimates[d->verdict] : "nothing",
	       d->is_jump ? ", jump" : "", d->is_confirmed ? ", confirmed" : "",
	       b->is_limited ? "" : ", unlimited", plan_reason_text(d->plan.reason),
	       (double)machine_error_ns(&l->m) * 1e-9, (double)l->m.pending_ns * 1e-9);
}

void life_run(struct life *l, struct life_how how)
{
	struct plan_limits limits = l->limits;
	struct correct_record record;
	struct before b;

	limits.is_boot = how.is_boot;
	limits.any_offset = how.any_offset;
	l->counts->runs++;
	l->run_count++;
	ask(l);
	record = record_of(l);
	if (how.is_child_taken) {
		take_over(l, &record);
	}
	b = look_before(l, &limits);
	if (b.is_wrong || how.is_child_taken) {
		note_wrong(l, &b);
		l->counts->wrong++;
		if (!how.is_child_taken && life_is_minority_misled(l)) {
			fault(l, &l->faults->minority, "a minority made the answer",
			      l->answer.offset_ns);
		}
	}
	check_outcome(l, &record, &limits, &b);
	l->is_healed = false;
	trace(l, &b, how);
	if (l->answer.status == RUN_OK) {
		note_run(l, &b, how);
	}
}

/* As cmd/set/decide.c and cmd/cli/repeat.c decide it, of `--confirm`. */
static bool is_to_confirm(struct life *l)
{
	const struct decision *decision = &l->result.decision;

	return l->answer.status == RUN_OK && !decision->is_limit_given &&
	       (l->result.status == CORRECT_REFUSED ||
	        decision->verdict == DECIDE_PARTLY) &&
	       decision->verdict != DECIDE_IMPOSSIBLE && l->looks++ < LOOKS_MAX;
}

void life_timer(struct life *l)
{
	const bool is_boot_unit = l->is_boot_unit_due;
	const struct life_how how = { .is_boot = true,
		                      .any_offset = l->is_old_rules && is_boot_unit };

	if (is_boot_unit || l->looks == 0) {
		l->activated_ns = l->m.boot_ns;
	}
	l->m.has_process = !is_boot_unit;
	life_run(l, how);
	l->m.has_process = false;
	if (is_boot_unit) {
		l->is_boot_unit_due = false;
		l->due_ns = larger(LIFE_LOOK_NS, l->m.boot_ns + NS_PER_S);
	} else if (!l->is_old_rules && is_to_confirm(l)) {
		l->due_ns = l->m.boot_ns + LIFE_LOOK_NS;
	} else {
		l->m.files[MACHINE_PROCESS].len = 0;
		l->looks = 0;
		l->due_ns =
			larger(l->activated_ns + l->interval_ns, l->m.boot_ns + NS_PER_S);
	}
}

int64_t life_wait_ns(const struct life *l)
{
	return larger(l->due_ns - l->m.boot_ns, NS_PER_MS);
}

void life_play(struct life *l, int64_t ns)
{
	const int64_t end_ns = l->m.true_ns + ns;
	int64_t wait_ns;

	while (l->m.true_ns < end_ns) {
		wait_ns = life_wait_ns(l);
		if (wait_ns > end_ns - l->m.true_ns) {
			machine_go(&l->m, end_ns - l->m.true_ns);
			return;
		}
		machine_go(&l->m, wait_ns);
		life_timer(l);
	}
}

void life_boot(struct life *l, int64_t down_ns, int64_t network_ns)
{
	machine_boot(&l->m, down_ns);
	l->network_ns = network_ns;
	l->is_boot_unit_due = false;
	l->looks = 0;
	l->due_ns = LIFE_LOOK_NS;
	l->honest.boot_ns = 0;
	/* --wait 90s: when the network is there, or not at all. */
	if (l->has_boot_unit && network_ns < S(95)) {
		l->is_boot_unit_due = true;
		l->due_ns = larger(network_ns, S(8));
	}
}
