/* SPDX-License-Identifier: MIT
 *
 * Combines the samples of one server into its answer: the intersection of their correctness
 * intervals, each widened by the possible drift since.
 *
 * The middle of the intersection is better than any single sample: it combines the fastest
 * request with the fastest reply, even of different exchanges.
 */
#ifndef CORE_SELECT_FILTER_H
#define CORE_SELECT_FILTER_H

#include "core/select/sample.h"

enum { FILTER_SAMPLES_MAX = 16 };

struct estimate {
	int64_t offset_ns;
	int64_t bound_ns;  /* |true offset - offset_ns| <= bound_ns at `at_mono_ns` */
	int64_t spread_ns; /* the smallest of the samples, widened like the bound */
	int64_t delay_ns;  /* the smallest of the samples */
	int64_t jitter_ns; /* mean of (delay - smallest delay); 0 with one sample */
	int64_t at_mono_ns;
	size_t sample_count;
};

enum filter_verdict {
	FILTER_OK,
	FILTER_NO_SAMPLE,
	FILTER_INCONSISTENT, /* no common point: the server's or our clock was stepped */
};

/* `count` <= FILTER_SAMPLES_MAX samples in any order; the result holds at `at_mono_ns`. */
MUST_USE enum filter_verdict filter_samples(const struct sample *samples, size_t count,
                                            int64_t at_mono_ns, int64_t drift_ppb,
                                            struct estimate *ret);

#endif
