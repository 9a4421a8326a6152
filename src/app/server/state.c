/* SPDX-License-Identifier: MIT
 *
 * The server's state of its own clock.
 */
#include "app/server/state.h"

#include <string.h>

#include "core/base/text_time.h"

static const uint8_t refid_local_primary[4] = { 'L', 'O', 'C', 'L' };
static const uint8_t refid_local[4] = { 127, 127, 1, 1 };
static const uint8_t refid_kernel[4] = { 127, 127, 0, 1 };
static const uint8_t refid_unsynchronised[4] = { 'I', 'N', 'I', 'T' };
static const uint8_t refid_stepped[4] = { 'S', 'T', 'E', 'P' };

/* Two readings of both clocks differ by less than this unless a clock was moved. */
#define STEP_MIN_NS (100 * NS_PER_US)
/* The same for two processes, each within 50 us. */
#define MOVED_MIN_NS (200 * NS_PER_US)

/* The kernel increases its maximum error each second, keeps microseconds, and was told some
 * time after the moment of the offset. */
#define KERNEL_GROWTH_PPB INT64_C(500000)
#define KERNEL_LATE_NS (2 * NS_PER_MS)
/* Given and read back, each rounded. */
#define FREQUENCY_TOLERANCE_PPB 2
#define SLEW_PPB INT64_C(500000)
#define DAY_NS (86400 * NS_PER_S)
/* MAXDISP of RFC 5905 section 6: the kernel's value for a clock that was never set. */
#define UNKNOWN_ERROR_NS (16 * NS_PER_S)
/* No valid distance is as large, and ten of them can be added. */
#define SANE_NS (INT64_MAX / 16)

static void refresh_reference(struct serve_clock *clock, struct clock_moment now)
{
	clock->reference = now.wall;
	clock->reference_mono_ns = now.mono_ns;
}

static void view_local(struct serve_clock *clock, struct clock_moment now,
                       struct serve_view *ret)
{
	if (now.mono_ns - clock->reference_mono_ns >= SERVE_REFERENCE_EVERY_NS) {
		refresh_reference(clock, now);
	}
	ret->basis = SERVE_BY_LOCAL;
	ret->is_usable = true;
	ret->ntp.reference = clock->reference;
	ret->ntp.leap = NTP_LEAP_NONE;
	ret->ntp.stratum = (uint8_t)clock->local_stratum;
	ret->ntp.root_dispersion_ns = ntp_log2_to_ns(clock->precision_log2_s);
	memcpy(ret->ntp.refid,
	       clock->local_stratum == 1 ? refid_local_primary : refid_local,
	       sizeof(ret->ntp.refid));
}

/* Marks the clock as unsynchronised. */
static void view_unsynchronised(struct serve_view *view, enum serve_doubt doubt,
                                const uint8_t refid[4])
{
	view->doubt = doubt;
	view->is_usable = false;
	view->ntp.leap = NTP_LEAP_UNSYNCHRONISED;
	view->ntp.stratum = NTP_STRATUM_MAX + 1;
	view->ntp.reference = (struct instant){ 0 };
	memcpy(view->ntp.refid, refid, sizeof(view->ntp.refid));
}

static bool is_within(int64_t value, int64_t limit)
{
	return value >= -limit && value <= limit;
}

bool sync_source_is_valid(const struct sync_source *sync_source)
{
	const int64_t sizes[] = { sync_source->mono_ns,       sync_source->root_delay_ns,
		                  sync_source->dispersion_ns, sync_source->slew_ns,
		                  sync_source->drift_ppb,     sync_source->stated_ns };

	if (sync_source->is_known > 1 || sync_source->leap > NTP_LEAP_UNSYNCHRONISED ||
	    sync_source->stratum > NTP_STRATUM_MAX ||
	    !is_within(sync_source->at.unix_ns, INT64_MAX / 2) ||
	    !is_within(sync_source->frequency_ppb, NS_PER_S)) {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		if (sizes[i] < 0 || sizes[i] > SANE_NS) {
			return false;
		}
	}
	return sync_source->drift_ppb <= NS_PER_S;
}

static int64_t grown_ns(int64_t age_ns, int64_t by_ppb)
{
	return age_ns / NS_PER_S * by_ppb + age_ns % NS_PER_S * by_ppb / NS_PER_S;
}

/* How far the clock was moved since the run ended, other than by slewing: slewing moves
 * both clocks alike; a reboot or a sleep of the machine shows here as well. */
static int64_t moved_ns(const struct sync_source *t, struct clock_moment now)
{
	int64_t ns = ns_add(instant_diff_ns(now.wall, t->at), t->mono_ns - now.mono_ns);

	return ns_abs(ns);
}

/* Leap seconds come at the end of a month: an announced one may have passed, and whether
 * this clock followed it is unknown until the next run. */
static bool may_have_leapt(const struct sync_source *t, struct clock_moment now)
{
	return (t->leap == NTP_LEAP_INSERT || t->leap == NTP_LEAP_DELETE) &&
	       civil_from_instant(t->at).month != civil_from_instant(now.wall).month;
}

/* Whether the last trusted run still holds for this clock. */
static bool sync_source_holds(const struct serve_clock *clock,
                              const struct kernel_clock_state *kernel,
                              struct clock_moment now)
{
	const struct sync_source *t = &clock->sync_source;
	const int64_t age_ns = now.mono_ns - t->mono_ns;

	if (!t->is_known || t->stratum < 1 || t->stratum >= NTP_STRATUM_MAX || age_ns < 0 ||
	    t->leap == NTP_LEAP_UNSYNCHRONISED ||
	    moved_ns(t, now) > MOVED_MIN_NS + now.gap_ns || may_have_leapt(t, now)) {
		return false;
	}
	/* The kernel was told a bound and lets it grow: a smaller one, or another
	 * frequency, can only come from another program, which may be right or wrong. */
	return is_within(ns_add(kernel->frequency_ppb, -t->frequency_ppb),
	                 FREQUENCY_TOLERANCE_PPB) &&
	       kernel->max_error_ns >=
	               t->stated_ns + grown_ns(age_ns, KERNEL_GROWTH_PPB) - KERNEL_LATE_NS;
}

static void view_sync_source(const struct serve_clock *clock, struct clock_moment now,
                             struct serve_view *ret)
{
	const struct sync_source *t = &clock->sync_source;
	const int64_t age_ns = now.mono_ns - t->mono_ns;
	const int64_t slewed_ns = grown_ns(age_ns, SLEW_PPB);
	const int64_t drift_ppb =
		t->drift_ppb > SERVE_DRIFT_PPB ? t->drift_ppb : SERVE_DRIFT_PPB;

	ret->basis = SERVE_BY_SYNC_SOURCE;
	ret->is_usable = true;
	ret->ntp.leap = (enum ntp_leap)t->leap;
	ret->ntp.stratum = (uint8_t)(t->stratum + 1);
	ret->ntp.reference = t->at;
	ret->ntp.root_delay_ns = t->root_delay_ns;
	ret->ntp.root_dispersion_ns =
		t->dispersion_ns + moved_ns(t, now) + grown_ns(age_ns, drift_ppb) +
		(t->slew_ns > slewed_ns ? t->slew_ns - slewed_ns : 0) + NS_PER_US;
	memcpy(ret->ntp.refid, t->refid, sizeof(ret->ntp.refid));
}

static void view_kernel(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct clock_moment now, struct serve_view *ret)
{
	if (clock->kernel_error != 0) {
		ret->basis = SERVE_BY_KERNEL;
		ret->kernel_error = clock->kernel_error;
		ret->ntp.root_dispersion_ns = UNKNOWN_ERROR_NS;
		view_unsynchronised(ret, SERVE_UNREADABLE, refid_unsynchronised);
		return;
	}
	/* The kernel lets its maximum error grow; it shrinks when a program has compared
	 * the clock with another and updated the kernel. */
	if (kernel->max_error_ns < clock->max_error_ns) {
		refresh_reference(clock, now);
	}
	clock->max_error_ns = kernel->max_error_ns;
	if (sync_source_holds(clock, kernel, now)) {
		view_sync_source(clock, now, ret);
	} else {
		ret->basis = SERVE_BY_KERNEL;
		ret->is_usable = true;
		ret->ntp.reference = clock->reference;
		ret->ntp.leap = (enum ntp_leap)kernel->leap;
		ret->ntp.stratum = SERVE_KERNEL_STRATUM;
		ret->ntp.root_dispersion_ns = kernel->max_error_ns;
		memcpy(ret->ntp.refid, refid_kernel, sizeof(ret->ntp.refid));
	}
	/* The kernel's leap is armed on the last day, while a server may announce one for
	 * weeks: clients are told on that day only, and no more once it is over. */
	if (civil_from_instant(instant_add_ns(now.wall, DAY_NS)).day != 1) {
		ret->ntp.leap = NTP_LEAP_NONE;
	}
	if (kernel->is_unsynchronised) {
		view_unsynchronised(ret, SERVE_UNSYNCHRONISED, refid_unsynchronised);
	} else if (ret->ntp.root_delay_ns / 2 + ret->ntp.root_dispersion_ns >
	           SERVE_ROOT_DISTANCE_MAX_NS) {
		view_unsynchronised(ret, SERVE_TOO_FAR, refid_unsynchronised);
	}
}

/* A step within the reported error of the clock does not invalidate answers. */
static void watch_steps(struct serve_clock *clock, struct clock_moment now)
{
	int64_t distance_ns = ns_add(now.wall.unix_ns, -now.mono_ns);
	int64_t jump_ns = ns_add(distance_ns, -clock->distance_ns);
	int64_t allowed_ns =
		clock->stated_ns > STEP_MIN_NS ? clock->stated_ns : STEP_MIN_NS;

	/* Being descheduled between two readings is not a step. */
	allowed_ns = ns_add(allowed_ns, clock->gap_ns + now.gap_ns);
	clock->distance_ns = distance_ns;
	clock->gap_ns = now.gap_ns;
	if (!is_within(jump_ns, allowed_ns)) {
		clock->grace_until_mono_ns = now.mono_ns + SERVE_STEP_GRACE_NS;
		refresh_reference(clock, now);
	}
}

void serve_clock_update(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct clock_moment now, bool stamps_fit, struct serve_view *ret)
{
	if (!clock->is_started) {
		clock->is_started = true;
		/* Measured once: it must be the same in all answers. */
		clock->precision_log2_s = (int8_t)ntp_log2_from_ns(kernel->precision_ns);
		clock->max_error_ns = kernel->max_error_ns;
		clock->distance_ns = ns_add(now.wall.unix_ns, -now.mono_ns);
		clock->gap_ns = now.gap_ns;
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
	clock->stated_ns = ret->ntp.root_delay_ns / 2 + ret->ntp.root_dispersion_ns;
	ret->is_after_step = now.mono_ns < clock->grace_until_mono_ns;
	if (ret->is_after_step) {
		view_unsynchronised(ret, SERVE_AFTER_STEP, refid_stepped);
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
