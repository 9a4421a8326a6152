/* SPDX-License-Identifier: MIT
 *
 * What past runs teach about this clock: how far off it is now and how fast it runs
 * wrong, each with an honest doubt.
 *
 *   init -> (observe -> advise -> apply -> forecast)*
 *
 * The same calls serve a run that happens and a run that is read back from the
 * history, so replaying the records oldest to newest gives the same state to the bit.
 * Plain data without pointers: it may be copied, and stored by whoever likes; a copy
 * from outside must pass discipline_is_valid() before use.
 *
 * THE SIGN is that of core/select/sample.h: offset = server - local.  The frequency is the one
 * that the kernel would have to be given to make the clock right, so
 *
 *      d offset / dt = frequency - kernel frequency        [ns/s = ppb]
 *
 * How.  A filter bank of two-state Kalman filters (phase, frequency), one for each pair of how
 * much the frequency wanders and how noisy the measurements are; each run's residuals
 * shift the weight between them, which is how both are learnt, within the limits of
 * the filter bank.  Each run is judged under four hypotheses (it is good; it lies within its
 * own bound; the clock's phase jumped; its frequency jumped), and what follows from each is
 * kept apart until the next run: a surprise widens the doubt before it moves the
 * estimate, and the bound counts every hypothesis in that is not ruled out.
 */
#ifndef CORE_DISCIPLINE_DISCIPLINE_H
#define CORE_DISCIPLINE_DISCIPLINE_H

#include <stdbool.h>

#include "core/base/ntp_time.h"
#include "core/discipline/slew.h"

/* Raised with the layout of struct discipline, and with what the same runs teach it: what was
 * kept by another version is not used. */
#define DISCIPLINE_VERSION 2

/* What a crystal may be wrong by, and what Linux takes for `freq`.  A kernel that has more than
 * this, and not from us, has it from a program that was stopped in the middle of its work. */
#define DISCIPLINE_FREQUENCY_USUAL_PPB INT64_C(500000)
/* A clock that is wrong by more than this is broken. */
#define DISCIPLINE_FREQUENCY_MAX_PPB INT64_C(5000000)
/* Most that one run may change it: to what is usual; to more than that, which virtual machines
 * with a wrong idea of their processor's speed need. */
#define DISCIPLINE_FREQUENCY_STEP_MAX_PPB INT64_C(100000)
#define DISCIPLINE_FREQUENCY_FAR_STEP_MAX_PPB INT64_C(1000000)

enum {
	DISCIPLINE_WANDERS = 5,
	DISCIPLINE_NOISES = 5,
	DISCIPLINE_MODELS = DISCIPLINE_WANDERS * DISCIPLINE_NOISES,
	DISCIPLINE_WIDTHS = 64,
};

/* What a run found before it touched anything. */
struct discipline_observation {
	/* The three clocks, read at one moment (within 50 us of each other): that of the
	 * measured offset.  CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
	struct instant at;
	int64_t monotonic_ns;
	int64_t boottime_ns;
	bool is_new_boot; /* the boot id is not that of the observation before */

	bool has_kernel;       /* the next two are known */
	int64_t frequency_ppb; /* the kernel's, positive = the clock is made faster */
	int64_t slew_left_ns;  /* the rest that adjtime() reported, signed */

	bool is_trusted;   /* a majority answered; else the rest is not looked at */
	int64_t offset_ns; /* server - local */
	int64_t bound_ns;  /* |true offset - offset_ns| <= bound_ns; >= 0 */
	int64_t delay_ns;  /* the smallest of the samples */
	int64_t jitter_ns; /* mean of (delay - smallest delay); as in core/select/filter.h */
	unsigned sample_count;
};

/* What the run did to the clock; all zero and the frequency as found if nothing. */
struct discipline_action {
	int64_t step_ns;       /* added at once */
	int64_t slew_ns;       /* the rest that adjtime() reports afterwards */
	int64_t slew_given_ns; /* what adjtime() was given; 0: nothing, or slew_ns */
	struct instant after;  /* CLOCK_REALTIME when that rest was read; 0: at once */
	int64_t frequency_ppb; /* the kernel's from now on */
};

enum discipline_state {
	DISCIPLINE_UNSET,     /* no trusted run yet: there is no advice */
	DISCIPLINE_ACQUIRING, /* the frequency is not known to 1 ppm */
	DISCIPLINE_LOCKED,
	DISCIPLINE_SUSPECT, /* two surprises and more, lately */
};
const char *discipline_state_name(enum discipline_state state); /* "learning"; never NULL */

struct discipline_advice {
	enum discipline_state state;
	bool has_phase; /* false when IGNORANT, or lost since a reboot without an answer */
	int64_t phase_ns; /* move the clock by this; within bound_ns of the offset measured */
	int64_t phase_sd_ns; /* one standard deviation */
	int64_t in_flight_ns; /* of the phase, what a slew of before does in this second: a new
	                       * one must not do it again */
	int64_t frequency_ppb; /* give the kernel this; what it has where nothing better is known */
	int64_t beyond_ppb; /* what the clock needs beyond DISCIPLINE_FREQUENCY_MAX_PPB; 0: nothing */
	int64_t estimate_ppb;     /* of the frequency that the kernel needs ... */
	int64_t frequency_sd_ppb; /* ... and one standard deviation of it */
};

/* What may be believed of the last run.  The estimates that follow from each are kept apart
 * until the next run has told which of them was true. */
enum discipline_hypothesis {
	DISCIPLINE_NOMINAL,    /* it measured the clock, with its usual noise */
	DISCIPLINE_OUTLIER,    /* it lies, within its own bound */
	DISCIPLINE_PHASE_JUMP, /* the clock was moved, nobody knows by what */
	DISCIPLINE_FREQ_JUMP,  /* the clock runs otherwise than before */
	DISCIPLINE_HYPOTHESES
};

struct discipline_estimate {
	double phase_ns; /* offset */
	double freq_ppb;
	double var_phase_ns2;
	double cov_ns_ppb;
	double var_freq_ppb2;
	double share; /* of the estimates of one model 1 in sum */
};

struct discipline_model {
	struct discipline_estimate estimates[DISCIPLINE_HYPOTHESES];
	double weight; /* of all models 1 in sum */
};

/* How far the clock may be off from the last discipline_apply() on. */
struct discipline_forecast {
	bool is_known;
	bool has_measured_bound; /* the last run's own bound, which no statistics can beat at first */
	double slew_ns;   /* the clock will be moved by this, all told */
	double slew_at_s; /* when `slew` is as it is */
	struct kernel_slew slew;
	double kernel_ppb;
	double wander_ppb2_s;
	double measured_phase_ns;
	double measured_bound_ns;
	struct discipline_estimate all;
	struct discipline_estimate estimates[DISCIPLINE_HYPOTHESES];
};

/* Owned by the caller; the fields are nobody else's business. */
struct discipline {
	uint32_t version;
	uint32_t trusted_count; /* saturates */
	uint32_t surprise_count;
	uint32_t width_count;
	uint32_t width_at;
	bool has_last; /* the stamps below are of an earlier observation */
	bool is_phase_lost;
	bool has_measured_bound;
	bool is_last_single;
	int64_t last_wall_ns;
	int64_t last_monotonic_ns;
	int64_t last_boottime_ns;
	int64_t server_ns;       /* the true time that the models stand at */
	int64_t frequency_ppb;   /* the kernel's since the last observation */
	double slew_total_ns;    /* by slews the clock is moved by this, since then ... */
	struct kernel_slew slew; /* ... all but what is left of this */
	int64_t step_ns;
	double given_sd_ppb; /* of the frequency that we gave the kernel, then; 0: it is not ours */
	double long_term_ppb; /* mean of the frequency estimated, over ... */
	double long_term_s;   /* ... so much time, of which the latest month counts */
	double corrected_ns;  /* sum of the latest corrections, each less by 1/e a day */
	double baseline_s; /* from the first trusted run to the last one, reboots left out */
	double span_s;     /* ... from the last but one */
	double untrusted_s; /* since the last one */
	int64_t measured_offset_ns;
	int64_t measured_bound_ns;
	int64_t last_delay_ns;
	double outlier_share; /* of late, of the runs */
	double spread_sum_ns; /* weighted sum and weight of the one-way noise scale */
	double spread_weight;
	double widths_ns[DISCIPLINE_WIDTHS]; /* the latest bounds, a ring */
	struct discipline_model models[DISCIPLINE_MODELS];
};

/* What a run may give a kernel that has `before_ppb`, when `wanted_ppb` would be right: within
 * the limits above; back from beyond what is usual always. */
int64_t discipline_frequency_allowed(int64_t before_ppb, int64_t wanted_ppb);

void discipline_init(struct discipline *d);

/* True when every field is one that these functions could have left there: for a copy
 * that comes from outside.  O(1), reads nothing beyond `*d`. */
MUST_USE bool discipline_is_valid(const struct discipline *d);

/* Takes in what a run found.  No input is an error: stamps that run backwards are a
 * new boot, a run that is not trusted only tells of time and the kernel.  Without a
 * discipline_apply() before the next, nothing was done. */
void discipline_observe(struct discipline *d, const struct discipline_observation *found);

/* What to do now, after discipline_observe().  Pure advice: nothing is recorded. */
struct discipline_advice discipline_advise(const struct discipline *d);

/* Records what was done.  What was done may differ from the advice in every way. */
void discipline_apply(struct discipline *d, const struct discipline_action *did);

/* A server that is believed can lead the clock away slowly, for each run alone is explained by
 * drift.  What gives it away is that no crystal does so. */
#define DISCIPLINE_DRAG_FREQUENCY_PPB INT64_C(15000)
#define DISCIPLINE_DRAG_DAY_NS (INT64_C(50) * 86400 * 1000) /* what 50 ppm make in a day */
struct discipline_drag {
	bool is_frequency_off;  /* the estimate has left its long-term value by the above */
	bool is_much_corrected; /* ... and the corrections of the last day exceed it */
	bool has_long_term;     /* a day at least has been learnt: the next two are known */
	int64_t long_term_ppb;
	int64_t off_ppb;      /* the estimate less that */
	int64_t corrected_ns; /* the sum of a day's corrections, but those of jumps */
};
struct discipline_drag discipline_drag(const struct discipline *d);

/* After discipline_apply(). */
struct discipline_forecast discipline_forecast(const struct discipline *d);

/* |offset| stays below this `ahead_ns` (>= 0) after the run, in more than 999 of 1000
 * seconds, what is still to be slewed counted in.  INT64_MAX when unknown.  Nobody can
 * predicted bound it across a step by others, a suspend or a jump of the crystal: the kernel
 * withdraws its own bound at the first, the next runs find the others. */
int64_t discipline_bound_ns(const struct discipline_forecast *forecast, int64_t ahead_ns);

/* The largest of it from now to `ahead_ns`: what can be promised until the next run. */
int64_t discipline_bound_until_ns(const struct discipline_forecast *forecast,
                                  int64_t ahead_ns);

/* What the past lets expect of the offset at the moment of `found`, whose own offset is
 * not looked at: true and within `*ret_bound_ns` of `*ret_offset_ns`.  False when the past
 * does not say (no trusted run, a reboot since): the outputs are left alone. */
MUST_USE bool discipline_expect(const struct discipline *d,
                                const struct discipline_observation *found,
                                int64_t *ret_offset_ns, int64_t *ret_bound_ns);

#endif
