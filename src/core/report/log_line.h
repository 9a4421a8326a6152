/* SPDX-License-Identifier: MIT
 *
 * A run on one line of a log.
 */
#ifndef CORE_REPORT_LOG_LINE_H
#define CORE_REPORT_LOG_LINE_H

#include "core/select/plan.h"
#include "core/select/run.h"

struct log_entry {
	const char *verb;       /* "set (dry run)" */
	bool may_act;           /* else the line says "would" */
	enum run_status status; /* of the whole run; that of `run` is of the measurement */
	const struct run *run;
	const struct plan *plan; /* may be NULL */
	bool is_applied;         /* the next two are known */
	enum plan_action applied;
	int64_t applied_ns;
};

/* "set ok: offset +1.234 ms +/- 57.0 us, 3 of 4 servers agree; slewed by +1.2 ms:
 * ...".  The figures hold as printed, see report_figures().  Like snprintf(). */
size_t log_line(const struct log_entry *entry, char *buf, size_t size);

#endif
