/* SPDX-License-Identifier: MIT
 *
 * What past runs and this one have taught, as `set --verbose` shows it.
 */
#ifndef CORE_REPORT_DISCIPLINE_REPORT_H
#define CORE_REPORT_DISCIPLINE_REPORT_H

#include "core/base/style.h"
#include "core/discipline/discipline.h"

struct discipline_report {
	enum discipline_state state; /* IGNORANT: nothing, and the rest is not looked at */
	int64_t frequency_ppb; /* that the kernel needs: positive = the clock is slow */
	int64_t frequency_sd_ppb;
	bool has_phase;
	int64_t phase_ns; /* how far off the clock was, by all that is known */
	int64_t phase_sd_ns;
	bool has_bound;
	int64_t bound_ns;         /* the clock stays within it for ... */
	int64_t ahead_ns;         /* ... so long, as a rule until the next run */
	int64_t rate_missing_ppb; /* of that frequency, what the kernel could not be given */
	struct discipline_drag drag;
	bool is_drag_new; /* the run before had nothing to warn of */
};

/* Like snprintf(); fits the columns of `style`. */
size_t report_discipline(const struct discipline_report *discipline_report,
                         const struct style *style, char *buf, size_t buf_size);

#endif
