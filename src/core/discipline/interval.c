/* SPDX-License-Identifier: MIT */
#include "core/discipline/discipline_private.h"

/* The real-time clock that carries a suspended system has a resolution of 1 s. */
#define SUSPEND_NS 1e9
#define SUSPEND_LEAST_NS (10 * NS_PER_MS)
/* Clocks read one after the other differ by this, and so does a step seen in them. */
#define STEP_SEEN_NS INT64_C(100000)
#define STEP_DOUBT_NS 50e3
#define SLEW_TOLERANCE_NS 2e6
#define ELAPSED_MAX_S 1e9
#define KERNEL_MAX_PPB (INT64_C(1000) * 1000 * 1000) /* nonsense beyond */

double discipline_seconds(int64_t ns)
{
	return clamp((double)ns / (double)NS_PER_S, 0.0, ELAPSED_MAX_S);
}

int64_t discipline_kernel_ppb(int64_t ppb)
{
	return clamp_integer(ppb, -KERNEL_MAX_PPB, KERNEL_MAX_PPB);
}

double discipline_slew_left(double slew_ns, double run_s)
{
	double done_ns = (double)DISCIPLINE_SLEW_PPB * run_s;

	if (fabs(slew_ns) <= done_ns) {
		return 0.0;
	}
	return slew_ns > 0.0 ? slew_ns - done_ns : slew_ns + done_ns;
}

/* The difference of wall clock and boot time changes by steps alone: not by frequency
 * or slews, which move both, and not by a suspend, which is added to both. */
static void interval_add_steps(const struct discipline *d,
                               const struct discipline_observation *found,
                               struct discipline_interval *iv)
{
	int64_t wall_ns = ns_diff(found->at.unix_ns, d->last_wall_ns);
	int64_t boot_ns = ns_diff(found->boottime_ns, d->last_boottime_ns);
	int64_t others_ns = ns_diff(ns_diff(wall_ns, boot_ns), d->step_ns);

	iv->moved_ns += (double)d->step_ns;
	if (others_ns > STEP_SEEN_NS || others_ns < -STEP_SEEN_NS) {
		iv->stepped_ns = (double)others_ns;
		iv->moved_ns += (double)others_ns;
		iv->doubt_ns2 += square(STEP_DOUBT_NS);
	}
}

static void interval_add_slew(const struct discipline *d,
                              const struct discipline_observation *found,
                              struct discipline_interval *iv)
{
	double ordered_ns = (double)d->slew_ns;
	double expected_ns = discipline_slew_left(ordered_ns, iv->run_s);
	double left_ns = found->has_kernel ? (double)found->slew_left_ns : expected_ns;
	double lasts_s = fabs(ordered_ns) / (double)DISCIPLINE_SLEW_PPB;

	iv->moved_ns += ordered_ns - left_ns;
	if (fabs(left_ns - expected_ns) > SLEW_TOLERANCE_NS + 0.01 * fabs(ordered_ns)) {
		iv->doubt_ns2 += square(left_ns - expected_ns);
	}
	/* A step makes the kernel forget the rest of a slew, and when it came is not known. */
	if (iv->stepped_ns != 0.0 && lasts_s > 0.0) {
		iv->doubt_ns2 += fmin(1.0, lasts_s / fmax(iv->run_s, 1.0)) *
		                 square(ordered_ns) / 3.0;
	}
}

static void interval_add_frequency(const struct discipline *d,
                                   const struct discipline_observation *found,
                                   struct discipline_interval *iv)
{
	double before_ppb = (double)d->frequency_ppb;
	double after_ppb = found->has_kernel
	                           ? (double)discipline_kernel_ppb(found->frequency_ppb)
	                           : before_ppb;
	double apart_ns = (after_ppb - before_ppb) * iv->run_s;

	iv->moved_ns += before_ppb * iv->run_s;
	/* The kernel rounds to 2^-16 ppm, the caller to 1 ppb. */
	if (fabs(after_ppb - before_ppb) > 2.0) {
		/* At any moment of the interval, each as likely as the other. */
		iv->is_retuned = true;
		iv->moved_ns += apart_ns / 2.0;
		iv->doubt_ns2 += square(apart_ns) / 12.0;
	}
}

struct discipline_interval discipline_interval_since_last(
	const struct discipline *d, const struct discipline_observation *found)
{
	int64_t all_ns = ns_diff(found->boottime_ns, d->last_boottime_ns);
	int64_t run_ns = ns_diff(found->monotonic_ns, d->last_monotonic_ns);
	struct discipline_interval iv = { 0 };

	iv.is_lost = d->is_phase_lost || found->is_new_boot || all_ns < 0 || run_ns < 0;
	if (iv.is_lost) {
		/* Only the servers can say how long it was. */
		if (found->is_trusted) {
			iv.all_s = discipline_seconds(ns_diff(
				ns_add(found->at.unix_ns, found->offset_ns), d->server_ns));
		}
		return iv;
	}
	iv.run_s = discipline_seconds(run_ns);
	iv.all_s = fmax(discipline_seconds(all_ns), iv.run_s);
	if (ns_diff(all_ns, run_ns) > SUSPEND_LEAST_NS) {
		iv.doubt_ns2 += square(SUSPEND_NS);
	}
	interval_add_steps(d, found, &iv);
	interval_add_slew(d, found, &iv);
	interval_add_frequency(d, found, &iv);
	return iv;
}
