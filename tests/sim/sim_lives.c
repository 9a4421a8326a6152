/* SPDX-License-Identifier: MIT
 *
 * Whole lives of a machine.  Lies, pauses, steps, batteries and broken stores come first, at random;
 * then honest servers answer again and the packaged timer is left alone with it.  It has to bring the
 * clock right within three runs and fifteen minutes, and no passing lie may move the clock further
 * than the limits allow on the way.
 *
 *   sim_lives [--old | --trace] [LIVES [SEED]]       (LIVES also by $SIM_LIVES)
 *
 * --old: by the rules of 0.1.0, for comparison: nothing is judged.  --trace: each run is a line.  TAP and a table; the same
 * seed gives the same figures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histories.h"

#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define HEALED_WITHIN_NS S(900)
#define NEVER_NS S(26 * 3600)
enum { HEALED_RUNS = 3, DISTURBANCES = 12, LIVES = 500 };

enum fate {
	FATE_HEALED,
	FATE_GIVEN, /* a limit that the operator gave forbids it */
	FATE_LATER,
	FATE_NEVER,
	FATES
};
static const char *const fate_names[] = { "healed", "limit given", "later", "never" };

struct table {
	uint64_t lives[HISTORY_GROUPS];
	uint64_t fates[HISTORY_GROUPS][FATES];
	uint64_t
		closed; /* what a limit forbids, and --any-offset or a boot does not mend */
	struct life_faults faults[HISTORY_GROUPS];
	struct life_counts counts;
};

/* ---- after the calm has begun ---- */

struct calm {
	unsigned runs;
	int64_t begun_ns; /* CLOCK_BOOTTIME of the first of them */
	bool was_forbidden;
};

static bool is_forbidden(const struct life *l)
{
	const enum plan_reason reason = l->result.decision.plan.reason;

	return l->result.status == CORRECT_REFUSED &&
	       (reason == PLAN_BEYOND_LIMIT ||
	        (reason == PLAN_UNCERTAIN && l->limits.is_refuse_above_given));
}

static void next_run(struct life *l, struct calm *calm)
{
	machine_go(&l->m, life_wait_ns(l));
	life_timer(l);
	if (l->answer.status != RUN_OK) {
		return;
	}
	calm->was_forbidden |= is_forbidden(l);
	if (calm->runs++ == 0) {
		calm->begun_ns = l->m.boot_ns;
	}
}

static bool is_in_time(const struct life *l, const struct calm *calm)
{
	return l->m.boot_ns - calm->begun_ns <= HEALED_WITHIN_NS &&
	       (calm->runs <= HEALED_RUNS || l->interval_ns < ANCHOR_CONFIRM_NS);
}

/* Bounds beyond a limit of 1 s, in some of the runs. */
static enum fate late(const struct life *l, const struct calm *calm, enum fate fate)
{
	return calm->was_forbidden && l->limits.is_refuse_above_given ? FATE_GIVEN : fate;
}

static enum fate calm_down(struct life *l, struct calm *calm)
{
	*calm = (struct calm){ 0 };
	for (;;) {
		next_run(l, calm);
		if (calm->runs == 0) {
			continue;
		}
		if (l->is_healed) {
			return is_in_time(l, calm) ? FATE_HEALED
			                           : late(l, calm, FATE_LATER);
		}
		if (calm->runs >= HEALED_RUNS && is_forbidden(l) && !l->is_old_rules &&
		    l->limits.is_refuse_above_given) {
			return FATE_GIVEN;
		}
		if (l->m.boot_ns - calm->begun_ns > NEVER_NS) {
			return late(l, calm, FATE_NEVER);
		}
	}
}

/* A person's --any-offset lifts a limit at once, and so does the next boot. */
static bool is_way_out(const struct life *l)
{
	struct life by_hand = *l, booted = *l;
	struct calm calm;

	life_run(&by_hand, (struct life_how){ .any_offset = true });
	booted.has_boot_unit = true;
	life_boot(&booted, S(20), S(5));
	return by_hand.is_healed && (l->limits.is_refuse_above_given ||
	                             calm_down(&booted, &calm) == FATE_HEALED);
}

/* ---- a life ---- */

static enum history_group other_group(struct life *l, enum history_group group)
{
	return life_chance(l, 0.6) ? group
	                           : (enum history_group)life_pick(l, HISTORY_GROUPS);
}

static void live(uint64_t seed, bool is_old, bool is_traced, struct table *table)
{
	const enum history_group group = (enum history_group)(seed % HISTORY_GROUPS);
	static struct life l;
	struct calm calm;
	enum fate fate;

	memset(&l, 0, sizeof(l));
	l.seed = seed;
	l.rng = seed;
	l.is_old_rules = is_old;
	l.is_traced = is_traced;
	l.faults = &table->faults[group];
	l.counts = &table->counts;
	history_begin(&l);
	history_disturb(&l, group);
	for (size_t i = life_pick(&l, DISTURBANCES); i > 0; i--) {
		history_disturb(&l, other_group(&l, group));
	}
	history_end(&l);
	fate = calm_down(&l, &calm);
	table->lives[group]++;
	table->fates[group][fate]++;
	if (is_old) {
		return;
	}
	if (fate == FATE_NEVER || fate == FATE_LATER) {
		printf("# seed %" PRIu64 ": %s, %u runs, %.0f s; %s\n", seed,
		       fate_names[fate], calm.runs,
		       (double)(l.m.boot_ns - calm.begun_ns) * 1e-9,
		       plan_reason_text(l.result.decision.plan.reason));
	}
	if (fate == FATE_GIVEN && !is_way_out(&l)) {
		table->closed++;
		printf("# seed %" PRIu64 ": %s, and no way out\n", seed, fate_names[fate]);
	}
}

/* ---- what is printed ---- */

static uint64_t sum_of(const struct table *table, enum fate fate)
{
	uint64_t sum = 0;

	for (size_t g = 0; g < HISTORY_GROUPS; g++) {
		sum += table->fates[g][fate];
	}
	return sum;
}

static struct life_faults faults_of(const struct table *table)
{
	struct life_faults sum = { 0 };

	for (size_t g = 0; g < HISTORY_GROUPS; g++) {
		const struct life_faults *f = &table->faults[g];

		sum.minority += f->minority;
		sum.moved += f->moved;
		sum.confirmed += f->confirmed;
		sum.untrue += f->untrue;
		sum.closed += f->closed;
		sum.differs += f->differs;
		sum.worst_ns = f->worst_ns > sum.worst_ns ? f->worst_ns : sum.worst_ns;
	}
	return sum;
}

static void print_beyond(const struct table *table, size_t group, bool is_old)
{
	if (is_old) {
		printf(" %13s\n", "-");
	} else {
		printf(" %13.1f\n", (double)table->faults[group].worst_ns * 1e-6);
	}
}

static void print_table(const struct table *table, bool is_old)
{
	printf("# %-26s %8s", "group", "lives");
	for (size_t f = 0; f < FATES; f++) {
		printf(" %13s", fate_names[f]);
	}
	printf(" %13s\n", "beyond, ms");
	for (size_t g = 0; g < HISTORY_GROUPS; g++) {
		printf("# %-26s %8" PRIu64, history_group_name((enum history_group)g),
		       table->lives[g]);
		for (size_t f = 0; f < FATES; f++) {
			printf(" %13" PRIu64, table->fates[g][f]);
		}
		print_beyond(table, g, is_old);
	}
	printf("# %-26s %8s", "all", "");
	for (size_t f = 0; f < FATES; f++) {
		printf(" %13" PRIu64, sum_of(table, (enum fate)f));
	}
	printf("\n# runs %" PRIu64 ", held back %" PRIu64 ", refused %" PRIu64
	       ", wrong estimates %" PRIu64 ", dry runs compared %" PRIu64 " (%" PRIu64
	       " differ where nothing can be written)\n",
	       table->counts.runs, table->counts.held_back, table->counts.refused,
	       table->counts.wrong, table->counts.compared,
	       table->counts.unlike_unwritable);
}

static unsigned claims, missed;

static void claim(bool is_met, const char *what)
{
	printf("%s %u - %s\n", is_met ? "ok" : "not ok", ++claims, what);
	missed += !is_met;
}

static void check_table(const struct table *table)
{
	const struct life_faults faults = faults_of(table);

	claim(sum_of(table, FATE_NEVER) == 0, "every life comes home");
	claim(sum_of(table, FATE_LATER) == 0,
	      "... within three runs and fifteen minutes of the timer");
	claim(table->closed == 0,
	      "what a limit forbids, --any-offset does at once, and the "
	      "next boot within three runs");
	claim(faults.minority == 0, "no minority of the SERVERs makes an answer");
	claim(faults.moved == 0, "a passing lie moves the clock no further than it may");
	claim(faults.confirmed == 0, "... and is no floor and no reference");
	claim(faults.untrue == 0, "exit 0: the clock is right");
	claim(faults.closed == 0, "every refusal ends with --any-offset");
	claim(faults.differs == 0, "a dry run says what is done");
}

int main(int argc, char **argv)
{
	static struct table table;
	const char *given = getenv("SIM_LIVES");
	const bool is_old = argc > 1 && strcmp(argv[1], "--old") == 0;
	const bool is_traced = argc > 1 && strcmp(argv[1], "--trace") == 0;
	uint64_t lives, seed;

	argc -= is_old || is_traced;
	argv += is_old || is_traced;
	given = argc > 1 ? argv[1] : given;
	lives = given ? strtoull(given, NULL, 10) : LIVES;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	printf("# %" PRIu64 " lives from seed %" PRIu64 "%s\n", lives, seed,
	       is_old ? ", by the rules of 0.1.0" : "");
	for (uint64_t i = 0; i < lives; i++) {
		live(seed + i, is_old, is_traced, &table);
	}
	print_table(&table, is_old);
	if (!is_old) {
		check_table(&table);
	} else {
		claim(true, "played");
	}
	printf("1..%u\n", claims);
	return missed > 0;
}
