/* SPDX-License-Identifier: MIT
 *
 * The facts in the bound file (include/reqtime/now.h), from a run and the past ones.
 */
#ifndef CORE_DISCIPLINE_NOW_PAGE_H
#define CORE_DISCIPLINE_NOW_PAGE_H

#include <stdbool.h>

#include "core/discipline/discipline.h"
#include "core/select/reading.h"
#include "reqtime/now.h"

/* Nothing is said later than this after a run; and not beyond the end of a June or a
 * December unless the run knew whether a leap second comes then. */
#define NOW_PAGE_AGE_MAX_NS (INT64_C(7) * 86400 * NS_PER_S)

/* A run that has ended, and the clocks and the kernel as it left them. */
struct now_page_run {
	struct reading measured; /* at the moment of the offset; its gap is not used */
	int64_t offset_ns;       /* server - local, by a majority, ... */
	int64_t bound_ns;        /* ... within this */
	bool knows_no_leap;      /* the servers announce no leap second for today */
	struct reading after;
	bool has_kernel; /* the next two are known, read just before `after` */
	int64_t frequency_ppb;
	int64_t slew_rest_ns; /* reported by adjtime() */
	bool had_slew;        /* ... or by the run as it began: one may be at work */
	int64_t max_drift_ppb;
	const char *boot_id; /* as in /proc/sys/kernel/random/boot_id */
	unsigned stratum;
	uint32_t flags; /* REQTIME_NOW_AUTHENTICATED | ... */
};

/* `forecast`: after the action of this run; NULL, or one that is not known, without past
 * runs: then only the proved bound is known.  `*ret` is whole, except for its sequence. */
void now_page_make(const struct now_page_run *run,
                   const struct discipline_forecast *forecast,
                   struct reqtime_now_page *ret);

/* Nothing is known, for that reason. */
void now_page_make_unknown(enum reqtime_now_reason reason, struct reqtime_now_page *ret);

#endif
