/* SPDX-License-Identifier: MIT
 *
 * What the server knows of its own clock.
 */
#include "app/serve_state.h"

#include <string.h>

static const uint8_t refid_local_primary[4] = { 'L', 'O', 'C', 'L' };
static const uint8_t refid_local[4] = { 127, 127, 1, 1 };
static const uint8_t refid_kernel[4] = { 127, 127, 0, 1 };
static const uint8_t refid_unsynchronised[4] = { 'I', 'N', 'I', 'T' };
static const uint8_t refid_stepped[4] = { 'S', 'T', 'E', 'P' };

/* Two readings of both clocks differ by less than this when nobody moved one. */
#define STEP_MIN_NS (100 * NS_PER_US)

static void refresh_reference(struct serve_clock *clock, struct listen_moment now)
{
	clock->reference = now.wall;
	clock->reference_mono_ns = now.mono_ns;
}

static void view_local(struct serve_clock *clock, struct listen_moment now,
                       struct serve_view *ret)
{
	if (now.mono_ns - clock->reference_mono_ns >= SERVE_REFERENCE_EVERY_NS) {
		refresh_reference(clock, now);
	}
	ret->may_tell = true;
	ret->ntp.reference = clock->reference;
	ret->ntp.leap = NTP_LEAP_NONE;
	ret->ntp.stratum = (uint8_t)clock->local_stratum;
	ret->ntp.root_dispersion_ns = ntp_log2_to_ns(clock->precision_log2_s);
	memcpy(ret->ntp.refid,
	       clock->local_stratum == 1 ? refid_local_primary : refid_local,
	       sizeof(ret->ntp.refid));
}

/* Says that this clock is not to be relied upon. */
static void view_unsynchronised(struct serve_view *view, const uint8_t refid[4])
{
	view->may_tell = false;
	view->ntp.leap = NTP_LEAP_UNSYNCHRONISED;
	view->ntp.stratum = NTP_STRATUM_MAX + 1;
	view->ntp.reference = (struct instant){ 0 };
	memcpy(view->ntp.refid, refid, sizeof(view->ntp.refid));
}

static int64_t grown_ns(int64_t from_ns, int64_t age_ns, int64_t drift_ppb)
{
	return ns_add(from_ns, age_ns / NS_PER_S * drift_ppb + NS_PER_US);
}

/* Whether the trusted run is what this clock still goes by. */
static bool trusted_holds(const struct serve_clock *clock,
                          const struct kernel_clock_state *kernel, struct listen_moment now)
{
	const struct serve_trusted *t = &clock->trusted;

	/* The kernel was told the bound and has let it grow; less than it can only
	 * come from somebody else who knows better. */
	return t->is_known && t->stratum >= 1 && t->stratum < NTP_STRATUM_MAX &&
	       instant_diff_ns(now.wall, t->at) >= 0 && kernel->max_error_ns >= t->bound_ns;
}

static void view_trusted(const struct serve_clock *clock, struct listen_moment now,
                         struct serve_view *ret)
{
	const struct serve_trusted *t = &clock->trusted;

	ret->may_tell = true;
	ret->ntp.leap = t->leap;
	ret->ntp.stratum = (uint8_t)(t->stratum + 1);
	ret->ntp.reference = t->at;
	ret->ntp.root_delay_ns = t->root_delay_ns;
	ret->ntp.root_dispersion_ns =
		grown_ns(t->bound_ns, instant_diff_ns(now.wall, t->at),
	                 t->drift_ppb > 0 ? t->drift_ppb : SERVE_DRIFT_PPB);
	memcpy(ret->ntp.refid, t->refid, sizeof(ret->ntp.refid));
}

static void view_kernel(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct listen_moment now, struct serve_view *ret)
{
	/* The kernel lets its maximum error grow; it shrinks when somebody has
	 * compared the clock with another and said so. */
	if (kernel->max_error_ns < clock->max_error_ns) {
		refresh_reference(clock, now);
	}
	clock->max_error_ns = kernel->max_error_ns;
	if (trusted_holds(clock, kernel, now)) {
		view_trusted(clock, now, ret);
	} else {
		ret->may_tell = true;
		ret->ntp.reference = clock->reference;
		ret->ntp.leap = (enum ntp_leap)kernel->leap;
		ret->ntp.stratum = SERVE_KERNEL_STRATUM;
		ret->ntp.root_dispersion_ns = kernel->max_error_ns;
		memcpy(ret->ntp.refid, refid_kernel, sizeof(ret->ntp.refid));
	}
	if (kernel->is_unsynchronised ||
	    ret->ntp.root_delay_ns / 2 + ret->ntp.root_dispersion_ns >
	            SERVE_ROOT_DISTANCE_MAX_NS) {
		view_unsynchronised(ret, refid_unsynchronised);
	}
}

/* A step within what was said that the clock may be off by is no news to anybody. */
static void watch_steps(struct serve_clock *clock, struct listen_moment now)
{
	int64_t distance_ns = ns_add(now.wall.unix_ns, -now.mono_ns);
	int64_t moved_ns = ns_add(distance_ns, -clock->distance_ns);
	int64_t allowed_ns = clock->told_ns > STEP_MIN_NS ? clock->told_ns : STEP_MIN_NS;

	clock->distance_ns = distance_ns;
	if (moved_ns > allowed_ns || moved_ns < -allowed_ns) {
		clock->grace_until_mono_ns = now.mono_ns + SERVE_STEP_GRACE_NS;
		clock->trusted.is_known = false;
		refresh_reference(clock, now);
	}
}

void serve_clock_update(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct listen_moment now, bool stamps_fit, struct serve_view *ret)
{
	if (!clock->is_started) {
		clock->is_started = true;
		/* Measured once: it is to be the same in all answers. */
		clock->precision_log2_s = (int8_t)ntp_log2_from_ns(kernel->precision_ns);
		clock->max_error_ns = kernel->max_error_ns;
		clock->distance_ns = ns_add(now.wall.unix_ns, -now.mono_ns);
		refresh_reference(clock, now);
	}
	/* Set back since: a reference must not lie in the future. */
	if (instant_diff_ns(clock->reference, now.wall) > 0) {
		refresh_reference(clock, now);
	}
	if (stamps_fit) {
		watch_steps(clock, now);
	}
	memset(ret, 0, sizeof(*ret));
	ret->stamps_fit = stamps_fit;
	ret->mono_ns = now.mono_ns;
	if (clock->local_stratum > 0) {
		view_local(clock, now, ret);
	} else {
		view_kernel(clock, kernel, now, ret);
	}
	clock->told_ns = ret->ntp.root_delay_ns / 2 + ret->ntp.root_dispersion_ns;
	ret->is_after_step = now.mono_ns < clock->grace_until_mono_ns;
	if (ret->is_after_step) {
		view_unsynchronised(ret, refid_stepped);
	}
	ret->ntp.precision_log2_s = clock->precision_log2_s;
}

int64_t serve_dispersion_ns(const struct serve_view *view, int64_t mono_ns)
{
	int64_t age_ns = mono_ns - view->mono_ns;

	return age_ns <= 0 ? view->ntp.root_dispersion_ns
	                   : ns_add(view->ntp.root_dispersion_ns,
	                            age_ns / NS_PER_US * SERVE_DRIFT_PPB / NS_PER_MS);
}

void serve_cell_write(struct serve_cell *cell, const struct serve_view *view)
{
	uint64_t words[SERVE_VIEW_WORDS] = { 0 };
	unsigned sequence = atomic_load_explicit(&cell->sequence, memory_order_relaxed);

	memcpy(words, view, sizeof(*view));
	atomic_store_explicit(&cell->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < SERVE_VIEW_WORDS; i++) {
		atomic_store_explicit(&cell->words[i], words[i], memory_order_relaxed);
	}
	atomic_store_explicit(&cell->sequence, sequence + 2, memory_order_release);
}

void serve_cell_read(struct serve_cell *cell, struct serve_view *ret)
{
	uint64_t words[SERVE_VIEW_WORDS] = { 0 };
	unsigned before, after;

	do {
		before = atomic_load_explicit(&cell->sequence, memory_order_acquire);
		for (size_t i = 0; i < SERVE_VIEW_WORDS; i++) {
			words[i] =
				atomic_load_explicit(&cell->words[i], memory_order_relaxed);
		}
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&cell->sequence, memory_order_relaxed);
	} while (before != after || before % 2 != 0);
	memcpy(ret, words, sizeof(*ret));
}
