/* SPDX-License-Identifier: MIT
 *
 * The estimates of the discipline after past runs and this one, as `set --verbose` shows
 * them.
 */
#ifndef CORE_REPORT_DISCIPLINE_REPORT_H
#define CORE_REPORT_DISCIPLINE_REPORT_H

#include "core/base/style.h"
#include "core/discipline/discipline.h"

struct discipline_report {
	enum discipline_state state; /* DISCIPLINE_UNSET: the fields below are not used */
	int64_t frequency_ppb; /* that the kernel needs: positive = the clock is slow */
	int64_t frequency_sd_ppb;
	bool has_phase;
	int64_t phase_ns; /* estimated offset of the clock */
	int64_t phase_sd_ns;
	bool has_bound;
	int64_t bound_ns;         /* the clock stays within it for ... */
	int64_t ahead_ns;         /* ... this time, usually until the next run */
	int64_t rate_missing_ppb; /* of frequency_ppb, not taken by the kernel */
	struct discipline_drag drag;
	bool is_drag_new; /* the run before gave no such warning */
};

/* Like snprintf(); fits the columns of `style`. */
size_t report_discipline(const struct discipline_report *discipline_report,
                         const struct style *style, char *buf, size_t buf_size);

#endif
