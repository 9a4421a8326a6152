/* SPDX-License-Identifier: MIT
 *
 * The time between two runs: how long it was, what moved the clock, and the variance of
 * that.
 */
#include "core/discipline/discipline_private.h"

/* The RTC that keeps time in a suspend has a resolution of 1 s. */
#define SUSPEND_SD_NS 1e9
#define SUSPEND_MIN_NS (10 * NS_PER_MS)
/* Error of a difference of clocks that were read one after the other. */
#define STEP_MIN_NS INT64_C(100000)
#define STEP_SD_NS 50e3
/* adjtime() reports whole microseconds. */
#define SLEW_TOLERANCE_NS (2 * NS_PER_US)
/* A second of a slew begins and ends at the next timer tick of the kernel. */
#define SLEW_LATE_NS (50 * NS_PER_MS)
#define SLEW_SD_NS 10e3
#define ELAPSED_MAX_S 1e9
#define KERNEL_MAX_PPB (INT64_C(1000) * 1000 * 1000) /* nonsense beyond */

double discipline_seconds(int64_t ns)
{
	return clamp((double)ns / (double)NS_PER_S, 0.0, ELAPSED_MAX_S);
}

int64_t discipline_kernel_ppb(int64_t ppb)
{
	return ns_clamp(ppb, -KERNEL_MAX_PPB, KERNEL_MAX_PPB);
}

/* Only a step changes the difference of CLOCK_REALTIME and CLOCK_BOOTTIME: frequency and
 * slews move both, and a suspend is added to both. */
static void interval_add_steps(const struct discipline *d,
                               const struct discipline_observation *found,
                               struct discipline_interval *iv)
{
	int64_t wall_ns = ns_sub(found->at.unix_ns, d->last_wall_ns);
	int64_t boot_ns = ns_sub(found->boottime_ns, d->last_boottime_ns);
	int64_t others_ns = ns_sub(ns_sub(wall_ns, boot_ns), d->step_ns);

	iv->moved_ns += (double)d->step_ns;
	if (ns_abs(others_ns) > STEP_MIN_NS) {
		iv->stepped_ns = (double)others_ns;
		iv->moved_ns += (double)others_ns;
		iv->q_phase_ns2 += square(STEP_SD_NS);
	}
}

static bool is_rest(int64_t found_ns, int64_t expected_ns)
{
	return ns_abs(ns_sub(found_ns, expected_ns)) <= SLEW_TOLERANCE_NS;
}

/* The state of the slew follows from its start and the full seconds since; the reported
 * rest only confirms it.  The rest was read shortly after the clocks, so one more full
 * second may have passed, and the kernel acts on a full second only at its next timer
 * tick. */
static void interval_find_slew(const struct discipline *d,
                               const struct discipline_observation *found, int64_t after_ns,
                               struct discipline_interval *iv)
{
	int64_t rest_ns = kernel_slew_valid_rest(found->slew_left_ns);
	struct kernel_slew earlier =
		kernel_slew_later(&d->slew, ns_max(after_ns - SLEW_LATE_NS, 0));

	iv->slew = kernel_slew_later(&d->slew, after_ns);
	if (!found->has_kernel || is_rest(rest_ns, iv->slew.rest_ns) ||
	    is_rest(rest_ns, kernel_slew_rest_after(iv->slew.rest_ns, 1)) ||
	    is_rest(rest_ns, earlier.rest_ns)) {
		return;
	}
	/* A slew of another program: its start is not known. */
	iv->q_phase_ns2 += square((double)ns_sub(rest_ns, iv->slew.rest_ns)) +
	                   square((double)KERNEL_SLEW_STEP_NS) / 3.0;
	iv->slew.rest_ns = rest_ns;
	iv->slew.taken_ns = 0;
}

static void interval_add_slew(const struct discipline *d,
                              const struct discipline_observation *found, bool is_asleep,
                              struct discipline_interval *iv)
{
	/* A step by others or a suspend shifts the full seconds. */
	bool is_even = iv->stepped_ns == 0.0 && !is_asleep;
	int64_t begun_ns = ns_sub(d->slew.wall_ns, ns_add(d->last_wall_ns, d->step_ns));
	int64_t run_ns = ns_sub(found->monotonic_ns, d->last_monotonic_ns);
	int64_t since_ns = is_even ? ns_sub(found->at.unix_ns, d->slew.wall_ns)
	                           : ns_sub(run_ns, begun_ns);
	double lasts_s = fabs(d->slew_total_ns) / (double)KERNEL_SLEW_STEP_NS;
	double done_ns;

	interval_find_slew(d, found, ns_max(since_ns, 0), iv);
	iv->slew.wall_ns = found->at.unix_ns;
	done_ns = d->slew_total_ns - kernel_slew_left_ns(&iv->slew);
	iv->moved_ns += done_ns;
	if (done_ns != 0.0) {
		iv->q_phase_ns2 +=
			square(is_even ? SLEW_SD_NS : (double)KERNEL_SLEW_STEP_NS);
	}
	/* A step cancels the rest of a slew, at an unknown moment. */
	if (iv->stepped_ns != 0.0 && lasts_s > 0.0) {
		iv->q_phase_ns2 += fmin(1.0, lasts_s / fmax(iv->run_s, 1.0)) *
		                   square(d->slew_total_ns) / 3.0;
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
		/* At a uniformly distributed moment of the interval. */
		iv->is_retuned = true;
		iv->moved_ns += apart_ns / 2.0;
		iv->q_phase_ns2 += square(apart_ns) / 12.0;
	}
}

struct discipline_interval discipline_interval_since_last(
	const struct discipline *d, const struct discipline_observation *found)
{
	int64_t all_ns = ns_sub(found->boottime_ns, d->last_boottime_ns);
	int64_t run_ns = ns_sub(found->monotonic_ns, d->last_monotonic_ns);
	struct discipline_interval iv = { .slew.wall_ns = found->at.unix_ns };
	bool is_asleep;

	if (found->has_kernel) {
		iv.slew.rest_ns = kernel_slew_valid_rest(found->slew_left_ns);
	}
	iv.is_lost = d->is_phase_lost || found->is_new_boot || all_ns < 0 || run_ns < 0;
	if (iv.is_lost) {
		/* Only the servers' time shows how long it was. */
		if (found->is_trusted) {
			iv.all_s = discipline_seconds(ns_sub(
				ns_add(found->at.unix_ns, found->offset_ns), d->server_ns));
		}
		return iv;
	}
	iv.run_s = discipline_seconds(run_ns);
	iv.all_s = fmax(discipline_seconds(all_ns), iv.run_s);
	is_asleep = ns_sub(all_ns, run_ns) > SUSPEND_MIN_NS;
	if (is_asleep) {
		iv.q_phase_ns2 += square(SUSPEND_SD_NS);
	}
	interval_add_steps(d, found, &iv);
	interval_add_slew(d, found, is_asleep, &iv);
	interval_add_frequency(d, found, &iv);
	return iv;
}
