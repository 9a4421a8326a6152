/* SPDX-License-Identifier: MIT
 *
 * The life of a machine for sim_lives: its SERVERs and their attackers, its timer, its runs, and
 * the invariants after each of them.
 */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "answers.h"
#include "machine.h"

#define LIFE_LOOK_NS (360 * NS_PER_S) /* --confirm of the packages */
#define LIFE_HOUR_NS (3600 * NS_PER_S)

enum lie_kind {
	LIE_CONSTANT,
	LIE_RANDOM,       /* something else each time */
	LIE_AS_THE_CLOCK, /* "your clock is right" */
	LIE_BEFORE_STEP,  /* what the clock said before our last step */
	LIE_SMEAR,        /* a second over a day */
	LIE_KINDS
};

struct lie {
	unsigned servers; /* a bit each */
	enum lie_kind kind;
	int64_t by_ns;
	int64_t bound_ns;
	int64_t since_ns, until_ns; /* true time */
	unsigned every;             /* told in every n-th run */
};

/* Violations of the invariants: all must stay 0. */
struct life_faults {
	uint64_t minority;       /* an answer of a minority */
	uint64_t moved;          /* further than a passing lie may move the clock */
	uint64_t confirmed;      /* a passing lie became a floor or a reference */
	uint64_t untrue;         /* exit 0, and the clock is wrong */
	uint64_t closed;         /* a refusal that --any-offset does not lift at once */
	uint64_t differs;        /* a dry run that says something else */
	int64_t worst_ns;        /* beyond what is allowed */
	unsigned long long seed; /* of the first */
};

struct life_counts {
	uint64_t runs, held_back, refused, wrong, compared, unlike_unwritable;
};

struct life {
	unsigned long long seed;
	uint64_t rng;
	struct machine m;
	struct server_list list;
	struct lie lie;
	unsigned silent; /* SERVERs whose packets are lost or dropped, a bit each */
	bool is_lossy;
	int64_t bound_most_ns;     /* of the honest */
	struct plan_limits limits; /* of the packaged timer */
	bool is_rtc;               /* --rtc */
	bool is_disciplined;
	bool is_learning;
	bool has_boot_unit;
	bool is_calm;
	bool is_old_rules;
	bool is_traced; /* each run on a line */
	unsigned run_count;
	/* The timer, by CLOCK_BOOTTIME. */
	int64_t network_ns; /* from then on there is one */
	int64_t due_ns;
	int64_t interval_ns;
	bool is_boot_unit_due;
	unsigned looks;       /* of this activation of the timer, which began ... */
	int64_t activated_ns; /* ... then, CLOCK_BOOTTIME */
	/* The state of the measuring process. */
	bool has_previous;
	unsigned long long previous_boot;
	int64_t previous_booted_ns;
	int64_t begun_ns;
	/* The last run. */
	struct answer answer;
	struct correct_result result;
	bool is_healed; /* it was believed, and the clock is right */
	int64_t stepped_ns;
	/* Since the last honest run that was believed. */
	unsigned wrong_count;
	int64_t wrong_since_ns; /* CLOCK_BOOTTIME */
	unsigned long long wrong_boot;
	bool is_guarded; /* then there was a believed run in this boot to tell a jump from */
	bool is_reference_lie;      /* what was last confirmed was none of the truth */
	bool is_tainted;            /* the store holds arbitrary data */
	struct anchor_point honest; /* the believed run before */
	int64_t honest_booted_ns;   /* true then ... */
	int64_t moved_most_ns;      /* ... and how far from that in honest runs since */
	/* 0.1.0 */
	int64_t old_floor_ns;
	bool has_old_last;
	unsigned long long old_boot;
	int64_t old_booted_ns, old_at_ns;

	struct life_faults *faults;
	struct life_counts *counts;
};

struct life_how {
	bool is_boot;
	bool any_offset;
	bool is_child_taken; /* its record says anything that passes for one */
	bool is_asking;      /* looks, and leaves the clock alone */
};

bool life_chance(struct life *l, double p);
int64_t life_between(struct life *l, int64_t low, int64_t high);
size_t life_pick(struct life *l, size_t count);
int64_t life_either(struct life *l, int64_t ns); /* + or - */

int64_t life_wait_ns(const struct life *l); /* until a run is due */
bool life_is_minority_misled(const struct life *l);
void life_run(struct life *l, struct life_how how);
void life_timer(struct life *l); /* a run that is due, and when the next one is */
void life_play(struct life *l, int64_t ns);
void life_boot(struct life *l, int64_t down_ns, int64_t network_ns);

/* 0.1.0's rules, for comparison (life_old.c). */
void life_old_decide(struct life *l, const struct correct_record *record,
                     const struct plan_limits *limits);

#endif
