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

static void view_kernel(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct listen_moment now, struct serve_view *ret)
{
	/* The kernel lets its maximum error grow; it shrinks when somebody has
	 * compared the clock with another and said so. */
	if (kernel->max_error_ns < clock->max_error_ns) {
		refresh_reference(clock, now);
	}
	clock->max_error_ns = kernel->max_error_ns;
	ret->ntp.root_dispersion_ns = kernel->max_error_ns;
	if (kernel->is_unsynchronised ||
	    kernel->max_error_ns > SERVE_ROOT_DISTANCE_MAX_NS) {
		ret->may_tell = false;
		ret->ntp.leap = NTP_LEAP_UNSYNCHRONISED;
		ret->ntp.stratum = NTP_STRATUM_MAX + 1;
		memcpy(ret->ntp.refid, refid_unsynchronised, sizeof(ret->ntp.refid));
		return;
	}
	ret->may_tell = true;
	ret->ntp.reference = clock->reference;
	ret->ntp.leap = (enum ntp_leap)kernel->leap;
	ret->ntp.stratum = SERVE_KERNEL_STRATUM;
	memcpy(ret->ntp.refid, refid_kernel, sizeof(ret->ntp.refid));
}

void serve_clock_update(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct listen_moment now, bool stamps_fit, struct serve_view *ret)
{
	if (!clock->is_started) {
		clock->is_started = true;
		/* Measured once: it is to be the same in all answers. */
		clock->precision_log2_s = (int8_t)ntp_log2_from_ns(kernel->precision_ns);
		clock->max_error_ns = kernel->max_error_ns;
		refresh_reference(clock, now);
	}
	/* Set back since: a reference must not lie in the future. */
	if (instant_diff_ns(clock->reference, now.wall) > 0) {
		refresh_reference(clock, now);
	}
	memset(ret, 0, sizeof(*ret));
	ret->stamps_fit = stamps_fit;
	if (clock->local_stratum > 0) {
		view_local(clock, now, ret);
	} else {
		view_kernel(clock, kernel, now, ret);
	}
	ret->ntp.precision_log2_s = clock->precision_log2_s;
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
