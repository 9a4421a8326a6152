/* SPDX-License-Identifier: MIT
 *
 * The clock's offset and frequency, estimated from past runs, with their variances.
 *
 *   init -> (observe -> advise -> apply -> forecast)*
 *
 * A live run and a run from the history use the same calls, so a replay of the records,
 * oldest first, gives the same state to the bit.  Plain data without pointers: it may be
 * copied and stored; a copy from outside must pass discipline_is_valid() before use.
 *
 * SIGN, as in core/select/sample.h: offset = server - local.  The frequency is the one that
 * the kernel needs to make the clock right, so
 *
 *      d offset / dt = frequency - kernel frequency        [ns/s = ppb]
 *
 * THE FILTER.  State x = (phase [ns], frequency [ppb])^T with covariance P; the phase is
 * the offset.  Measurement z [ns], the offset of a run: z = H x + v, H = (1 0), var(v) = R.
 *
 *      predict  x <- F x - u           P <- F P F^T + Q           F = (1 t; 0 1)
 *      update   y = z - H x            S = H P H^T + R            K = P H^T / S
 *               x <- x + K y           P <- P - K S K^T
 *
 * u is what kernel and runs moved the clock by; Q is random-walk FM (the wander) plus white
 * phase noise where a step, a slew or a suspend is not known exactly.
 *
 * Wander and R are not known, so a bank of such filters runs in parallel, one for each pair
 * of values: multiple-model adaptive estimation (MMAE; Magill, 1965).  The likelihood of
 * the innovation y shifts the weight between them.  Within each filter a run has four
 * hypotheses (nominal, outlier, phase jump, frequency jump), kept apart for one run more
 * and then merged (GPB2).  An innovation that fits badly therefore widens the variance
 * before it moves the estimate, and the bound covers each hypothesis that is not ruled out.
 * filter_bank.c has all equations.
 */
#ifndef CORE_DISCIPLINE_DISCIPLINE_H
#define CORE_DISCIPLINE_DISCIPLINE_H

#include <stdbool.h>

#include "core/base/ntp_time.h"
#include "core/discipline/slew.h"

/* Raised when the layout of struct discipline changes, or what the same runs make of it; a
 * state stored by another version is not used. */
#define DISCIPLINE_VERSION 2

/* Largest error of a usual crystal, and the limit of `freq` in Linux.  A kernel
 * frequency beyond it that is not ours was left by a program that was stopped at work. */
#define DISCIPLINE_FREQUENCY_USUAL_PPB INT64_C(500000)
/* A clock with a larger frequency error is broken. */
#define DISCIPLINE_FREQUENCY_MAX_PPB INT64_C(5000000)
/* Largest change by one run: to a usual frequency, and to one beyond, which virtual
 * machines with a badly calibrated TSC need. */
#define DISCIPLINE_FREQUENCY_STEP_MAX_PPB INT64_C(100000)
#define DISCIPLINE_FREQUENCY_FAR_STEP_MAX_PPB INT64_C(1000000)

enum {
	DISCIPLINE_WANDERS = 5,
	DISCIPLINE_NOISES = 5,
	DISCIPLINE_MODELS = DISCIPLINE_WANDERS * DISCIPLINE_NOISES,
	DISCIPLINE_RECENT_BOUNDS = 64,
};

/* A run's measurement, and the kernel as it was before the run changed it. */
struct discipline_observation {
	/* CLOCK_REALTIME, CLOCK_MONOTONIC and CLOCK_BOOTTIME, read within 50 us at the
	 * moment of the measured offset. */
	struct instant at;
	int64_t monotonic_ns;
	int64_t boottime_ns;
	bool is_new_boot; /* the boot id is not that of the observation before */

	bool has_kernel;       /* the next two are known */
	int64_t frequency_ppb; /* the kernel's; positive makes the clock faster */
	int64_t slew_left_ns;  /* the rest that adjtime() reported, signed */

	bool is_trusted;   /* a majority answered; else the fields below are not used */
	int64_t offset_ns; /* server - local */
	int64_t bound_ns;  /* |true offset - offset_ns| <= bound_ns; >= 0 */
	int64_t delay_ns;  /* the smallest of the samples */
	int64_t jitter_ns; /* mean of (delay - smallest delay), core/select/filter.h */
	unsigned sample_count;
};

/* A run's effect on the clock; for none, all zero and the frequency as found. */
struct discipline_action {
	int64_t step_ns;
	int64_t slew_ns;       /* the rest that adjtime() reports afterwards */
	int64_t slew_given_ns; /* argument of adjtime(); 0: not called, or slew_ns */
	struct instant after;  /* CLOCK_REALTIME when that rest was read; 0: at once */
	int64_t frequency_ppb; /* the kernel's from now on */
};

enum discipline_state {
	DISCIPLINE_UNSET,     /* no trusted run yet, no advice */
	DISCIPLINE_ACQUIRING, /* the frequency is not known to 1 ppm */
	DISCIPLINE_LOCKED,
	DISCIPLINE_SUSPECT, /* two or more recent runs were not nominal */
};
const char *discipline_state_name(enum discipline_state state); /* "learning"; never NULL */

struct discipline_advice {
	enum discipline_state state;
	bool has_phase;      /* false when UNSET, or without an answer since the reboot */
	int64_t phase_ns;    /* correction; within bound_ns of the measured offset */
	int64_t phase_sd_ns; /* standard deviation */
	/* Part of the phase that an earlier slew makes in this second; a new slew must
	 * leave it out. */
	int64_t in_flight_ns;
	int64_t frequency_ppb;    /* for the kernel; its own when no better one is known */
	int64_t beyond_ppb;       /* excess over DISCIPLINE_FREQUENCY_MAX_PPB; 0: none */
	int64_t estimate_ppb;     /* of the frequency that the kernel needs ... */
	int64_t frequency_sd_ppb; /* ... and its standard deviation */
};

/* Hypotheses about the last run.  Their estimates are kept apart until the next run has
 * shown which of them fits. */
enum discipline_hypothesis {
	DISCIPLINE_NOMINAL,    /* it measured the clock, with its usual noise */
	DISCIPLINE_OUTLIER,    /* it is wrong, within its own bound */
	DISCIPLINE_PHASE_JUMP, /* the clock was moved for an unknown reason */
	DISCIPLINE_FREQ_JUMP,  /* the frequency changed at once */
	DISCIPLINE_HYPOTHESES
};

/* x and P under one hypothesis. */
struct discipline_estimate {
	double phase_ns; /* offset */
	double freq_ppb;
	double var_phase_ns2; /* P11 */
	double cov_ns_ppb;    /* P12 */
	double var_freq_ppb2; /* P22 */
	double probability;   /* of the hypothesis; those of a model add up to 1 */
};

struct discipline_model {
	struct discipline_estimate estimates[DISCIPLINE_HYPOTHESES];
	double weight; /* probability of the model; those of the bank add up to 1 */
};

/* Prediction of the offset after the last discipline_apply(). */
struct discipline_forecast {
	bool is_known;
	bool has_measured_bound; /* of the last run; at first tighter than any statistics */
	double slew_ns;          /* total by which slews will move the clock */
	double slew_at_s;        /* time of `slew`, after the run */
	struct kernel_slew slew;
	double kernel_ppb;
	double wander_ppb2_s;
	double measured_phase_ns;
	double measured_bound_ns;
	struct discipline_estimate all;
	struct discipline_estimate estimates[DISCIPLINE_HYPOTHESES];
};

/* Owned by the caller; the fields are private to core/discipline. */
struct discipline {
	uint32_t version;
	uint32_t trusted_count;     /* saturates */
	uint32_t off_nominal_count; /* +1 by a run that is not nominal, -1 by one that is */
	uint32_t recent_bound_count;
	uint32_t recent_bound_at;
	bool has_last; /* the stamps below are set */
	bool is_phase_lost;
	bool has_measured_bound;
	bool is_last_single;
	int64_t last_wall_ns;
	int64_t last_monotonic_ns;
	int64_t last_boottime_ns;
	int64_t server_ns;       /* true time of the estimates */
	int64_t frequency_ppb;   /* the kernel's since the last observation */
	double slew_total_ns;    /* total of the slews since then, of which ... */
	struct kernel_slew slew; /* ... the rest of this is still to come */
	int64_t step_ns;
	double applied_sd_ppb; /* of the kernel's frequency as we set it; 0: not ours */
	double long_term_ppb;  /* mean of the estimated frequency, over ... */
	double long_term_s;    /* ... this time, at most a month */
	double corrected_ns;   /* sum of the corrections, decaying by 1/e per day */
	double baseline_s;     /* from the first trusted run to the last, without reboots */
	double span_s;         /* ... from the last but one */
	double untrusted_s;    /* since the last one */
	int64_t measured_offset_ns;
	int64_t measured_bound_ns;
	int64_t last_delay_ns;
	double outlier_probability; /* fraction of recent runs, decaying */
	double spread_sum_ns;       /* weighted sum and weight of the one-way noise scale */
	double spread_weight;
	double recent_bounds_ns[DISCIPLINE_RECENT_BOUNDS]; /* ring */
	struct discipline_model models[DISCIPLINE_MODELS];
};

/* The frequency for a kernel that has `before_ppb` where `wanted_ppb` is right: cut to the
 * limits above; a return to a usual frequency is never limited. */
int64_t discipline_frequency_allowed(int64_t before_ppb, int64_t wanted_ppb);

void discipline_init(struct discipline *d);

/* True when these functions could have left each field as it is; for a copy from outside.
 * O(1), reads nothing beyond `*d`. */
MUST_USE bool discipline_is_valid(const struct discipline *d);

/* Filters one run.  No input is an error: stamps that run backwards count as a new boot,
 * and of a run that is not trusted only clocks and kernel are used.  Without a
 * discipline_apply() before the next, the run did nothing. */
void discipline_observe(struct discipline *d, const struct discipline_observation *found);

/* The advised correction, after discipline_observe().  Nothing is recorded. */
struct discipline_advice discipline_advise(const struct discipline *d);

/* Records what was done, which may differ from the advice in every way. */
void discipline_apply(struct discipline *d, const struct discipline_action *did);

/* A trusted server can drag the clock away slowly, since drift explains each single run.
 * The total shows it: no crystal drifts like that. */
#define DISCIPLINE_DRAG_FREQUENCY_PPB INT64_C(15000)
#define DISCIPLINE_DRAG_DAY_NS (INT64_C(50) * 86400 * 1000) /* 50 ppm for a day */
struct discipline_drag {
	bool is_frequency_off;  /* the estimate is that far off its long-term value */
	bool is_much_corrected; /* the corrections of the last day exceed that */
	bool has_long_term;     /* over a day at least: the next two are known */
	int64_t long_term_ppb;
	int64_t off_ppb;      /* the estimate less that */
	int64_t corrected_ns; /* sum of a day's corrections, without jumps */
};
struct discipline_drag discipline_drag(const struct discipline *d);

/* After discipline_apply(). */
struct discipline_forecast discipline_forecast(const struct discipline *d);

/* Bound of |offset| `ahead_ns` (>= 0) after the run: it holds in more than 999 of 1000
 * seconds and includes the slew still to come.  INT64_MAX when unknown.  It cannot cover
 * a step by others, a suspend or a jump of the crystal: the kernel withdraws its own
 * bound at the first, and the next runs find the others. */
int64_t discipline_bound_ns(const struct discipline_forecast *forecast, int64_t ahead_ns);

/* Slewed by the kernel until `ahead_ns` (>= 0) after the run, and the expected offset then,
 * ns.  The forecast is known. */
double discipline_slewed_ns(const struct discipline_forecast *forecast, int64_t ahead_ns);
double discipline_mean_ns(const struct discipline_forecast *forecast, int64_t ahead_ns);

/* The same bound, of |offset - centre_ns|. */
int64_t discipline_bound_around_ns(const struct discipline_forecast *forecast,
                                   int64_t ahead_ns, double centre_ns);

/* Largest such bound from now to `ahead_ns`: the bound until the next run. */
int64_t discipline_bound_until_ns(const struct discipline_forecast *forecast,
                                  int64_t ahead_ns);

/* Predicts the offset at the moment of `found`, without the offset in it: true and within
 * `*ret_bound_ns` of `*ret_offset_ns`.  False without a trusted run, or after a reboot; the
 * outputs are then not written. */
MUST_USE bool discipline_expect(const struct discipline *d,
                                const struct discipline_observation *found,
                                int64_t *ret_offset_ns, int64_t *ret_bound_ns);

#endif
