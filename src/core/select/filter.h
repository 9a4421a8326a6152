/* SPDX-License-Identifier: MIT
 *
 * The samples of one server made into that server's answer: the intersection of
 * their intervals, each widened by what the clocks can have drifted since.
 *
 * Its middle is a better estimate than any single sample: it joins the quickest way
 * out with the quickest way back, even when they were not of the same exchange.
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
	FILTER_INCONSISTENT, /* the intervals have no point in common: the server (or we) stepped */
};

/* `count` <= FILTER_SAMPLES_MAX samples in any order, brought to `at_mono_ns`. */
MUST_USE enum filter_verdict filter_samples(const struct sample *samples, size_t count,
                                            int64_t at_mono_ns, int64_t drift_ppb,
                                            struct estimate *ret);

#endif
