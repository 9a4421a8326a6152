/* SPDX-License-Identifier: MIT
 *
 * The facts in the bound file: the proved bound from the run alone, the likely one from the
 * forecast of the discipline, and when both end.
 */
#include "core/discipline/now_page.h"

#include <math.h>
#include <string.h>

#include "core/base/text_time.h"

#define DAY_S INT64_C(86400)
#define SUSPEND_NS (100 * NS_PER_MS)
/* How far the frequency may be off the estimate: P < 1e-4 if normal. */
#define FREQUENCY_SIGMAS 4.0
/* Readers take a smaller difference of the clocks for no step. */
#define STEP_UNSEEN_NS 1000

/* The ages at which the likely bound is given. */
static const int64_t knot_ages_s[REQTIME_NOW_KNOTS] = {
	0,    1,    4,     16,    60,    240,       900,       1800,
	3600, 7200, 14400, 28800, 57600, 2 * DAY_S, 4 * DAY_S, 7 * DAY_S,
};
/* Where the bound between two of them is looked at. */
enum { LOOKS = 32 };

static void header_make(struct reqtime_now_page *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->magic = REQTIME_NOW_MAGIC;
	ret->version = REQTIME_NOW_VERSION;
	ret->octets = sizeof(*ret);
}

void now_page_make_unknown(enum reqtime_now_reason reason, struct reqtime_now_page *ret)
{
	header_make(ret);
	ret->facts.reason = (uint32_t)reason;
}

/* A leap second moves CLOCK_REALTIME, so nothing is said after it.  It is announced a day
 * before at the latest, for the end of a June or a December. */
static int64_t leap_in_ns(const struct now_page_run *run, int64_t true_ns)
{
	const int64_t now_s = true_ns / NS_PER_S;

	for (int64_t day = now_s / DAY_S + 1; day <= now_s / DAY_S + 8; day++) {
		const struct civil then = civil_from_unix_s(day * DAY_S);
		const bool is_known_absent =
			run->knows_no_leap && day * DAY_S - now_s <= DAY_S;

		if (then.day == 1 && (then.month == 1 || then.month == 7) &&
		    !is_known_absent) {
			return (day * DAY_S - 1) * NS_PER_S - true_ns;
		}
	}
	return INT64_MAX;
}

/* The offset when the run had ended, and its bound. */
static void facts_note_offset(const struct now_page_run *run,
                              struct reqtime_now_facts *facts)
{
	const int64_t elapsed_ns = ns_sub(run->after.boot_ns, run->measured.boot_ns);
	const int64_t ran_ns = ns_sub(run->after.mono_ns, run->measured.mono_ns);
	const int64_t true_ns =
		ns_add(ns_add(run->measured.wall.unix_ns, run->offset_ns), elapsed_ns);

	facts->offset_ns = ns_sub(true_ns, run->after.wall.unix_ns);
	facts->bound_ns = ns_add(run->bound_ns, STEP_UNSEEN_NS);
	facts->gap_ns = (uint32_t)ns_clamp(run->after.gap_ns, 0, UINT32_MAX);
	facts->bound_ns = ns_add(facts->bound_ns, ns_max(run->after.gap_ns, 0));
	/* Whatever the clock did meanwhile: 500 ppm of it. */
	facts->bound_ns = ns_add(facts->bound_ns, ns_abs(elapsed_ns) / 2000 + 1);
	if (ns_abs(ns_sub(elapsed_ns, ran_ns)) > SUSPEND_NS) {
		facts->bound_ns = ns_add(facts->bound_ns, 2 * NS_PER_S);
	}
	facts->real_ns = run->after.wall.unix_ns;
	facts->mono_ns = run->after.mono_ns;
	facts->boot_ns = run->after.boot_ns;
	facts->end_boot_ns = ns_add(
		facts->boot_ns, ns_min(NOW_PAGE_AGE_MAX_NS,
	                               ns_sub(leap_in_ns(run, true_ns), facts->bound_ns)));
}

/* The slew as the discipline follows it; as the kernel reports it where they differ, and
 * then the part of this second is not known. */
static void facts_note_slew(const struct now_page_run *run,
                            const struct discipline_forecast *forecast,
                            struct reqtime_now_facts *facts)
{
	struct kernel_slew slew = { 0 };

	facts->slew_rest_ns = kernel_slew_valid_rest(run->slew_rest_ns);
	if (forecast) {
		slew = kernel_slew_later(
			&forecast->slew,
			ns_max(ns_sub(facts->real_ns, forecast->slew.wall_ns), 0));
	}
	if (forecast && (!run->has_kernel || slew.rest_ns == run->slew_rest_ns)) {
		facts->slew_rest_ns = slew.rest_ns;
		facts->slew_now_ns = slew.taken_ns;
	} else if (facts->slew_rest_ns != 0 || run->had_slew || slew.taken_ns != 0) {
		facts->bound_ns = ns_add(facts->bound_ns, KERNEL_SLEW_STEP_NS);
	}
}

/* The prediction for `age_ns` after the page, around which the bound is taken. */
static double centre_ns(const struct reqtime_now_facts *facts,
                        const struct discipline_forecast *forecast, int64_t begin_ns,
                        int64_t age_ns)
{
	return (double)facts->likely_offset_ns +
	       (double)facts->likely_drift_ppb * ((double)age_ns / (double)NS_PER_S) -
	       (discipline_slewed_ns(forecast, ns_add(begin_ns, age_ns)) -
	        discipline_slewed_ns(forecast, begin_ns));
}

static int64_t likely_ns(const struct reqtime_now_facts *facts,
                         const struct discipline_forecast *forecast, int64_t begin_ns,
                         int64_t age_ns)
{
	return discipline_bound_around_ns(forecast, ns_add(begin_ns, age_ns),
	                                  centre_ns(facts, forecast, begin_ns, age_ns));
}

/* Raises both ends of an interval where the bound between them exceeds its chord.  It may
 * bend anywhere, but it grows: between two looks it is not above the later one. */
static void knots_cover(const struct reqtime_now_facts *facts,
                        const struct discipline_forecast *forecast, int64_t begin_ns,
                        struct reqtime_now_knot knots[2])
{
	const int64_t width_ns = knots[1].age_ns - knots[0].age_ns;
	const int64_t rise_ns = ns_sub(knots[1].bound_ns, knots[0].bound_ns);
	int64_t excess_ns = 0;

	for (int i = 1; i <= LOOKS; i++) {
		const int64_t chord_ns =
			ns_add(knots[0].bound_ns, rise_ns / LOOKS * (i - 1));
		const int64_t there_ns = likely_ns(facts, forecast, begin_ns,
		                                   knots[0].age_ns + width_ns / LOOKS * i);

		excess_ns = ns_max(excess_ns, ns_sub(there_ns, chord_ns));
	}
	knots[0].bound_ns = ns_add(knots[0].bound_ns, excess_ns);
	knots[1].bound_ns = ns_add(knots[1].bound_ns, excess_ns);
}

/* `begin_ns`: from the measurement to the page. */
static void page_note_likely(const struct discipline_forecast *forecast, int64_t begin_ns,
                             struct reqtime_now_page *page)
{
	struct reqtime_now_facts *facts = &page->facts;

	facts->likely_offset_ns = llround(discipline_mean_ns(forecast, begin_ns));
	facts->likely_drift_ppb =
		ns_clamp(llround(forecast->all.freq_ppb - forecast->kernel_ppb),
	                 -REQTIME_NOW_DRIFT_MAX_PPB, REQTIME_NOW_DRIFT_MAX_PPB);
	for (size_t i = 0; i < REQTIME_NOW_KNOTS; i++) {
		page->knots[i].age_ns = knot_ages_s[i] * NS_PER_S;
		page->knots[i].bound_ns =
			ns_add(likely_ns(facts, forecast, begin_ns, page->knots[i].age_ns),
		               STEP_UNSEEN_NS + (int64_t)facts->gap_ns);
	}
	for (size_t i = 1; i < REQTIME_NOW_KNOTS; i++) {
		knots_cover(facts, forecast, begin_ns, &page->knots[i - 1]);
	}
	facts->knot_count = REQTIME_NOW_KNOTS;
}

static int64_t drift_ppb(const struct now_page_run *run,
                         const struct discipline_forecast *forecast)
{
	double ppb = (double)run->max_drift_ppb;

	if (forecast) {
		ppb += fabs(forecast->all.freq_ppb - forecast->kernel_ppb) +
		       FREQUENCY_SIGMAS * sqrt(fmax(forecast->all.var_freq_ppb2, 0.0));
	}
	return llround(fmin(ceil(ppb), REQTIME_NOW_DRIFT_MAX_PPB));
}

void now_page_make(const struct now_page_run *run,
                   const struct discipline_forecast *forecast, struct reqtime_now_page *ret)
{
	struct reqtime_now_facts *facts = &ret->facts;

	if (forecast && !forecast->is_known) {
		forecast = NULL;
	}
	header_make(ret);
	if (reqtime_now_boot_id(run->boot_id, facts->boot_id) < 0) {
		facts->reason = REQTIME_NOW_OTHER_BOOT;
		return;
	}
	facts_note_offset(run, facts);
	facts_note_slew(run, forecast, facts);
	facts->frequency_ppb = run->frequency_ppb;
	facts->max_drift_ppb = run->max_drift_ppb;
	facts->drift_ppb = drift_ppb(run, forecast);
	facts->stratum = run->stratum;
	facts->flags = run->flags;
	if (forecast) {
		page_note_likely(
			forecast,
			ns_max(ns_sub(run->after.boot_ns, run->measured.boot_ns), 0), ret);
	}
	facts->is_known = 1;
	if (!reqtime_now_is_valid(facts)) {
		now_page_make_unknown(REQTIME_NOW_NO_RUN, ret); /* 36 years off, and more */
	}
}
