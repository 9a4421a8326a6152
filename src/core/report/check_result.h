/* SPDX-License-Identifier: MIT
 *
 * The result of `check` for a monitoring system: a state, a line, performance data.
 */
#ifndef CORE_REPORT_CHECK_RESULT_H
#define CORE_REPORT_CHECK_RESULT_H

#include "core/discipline/discipline.h"
#include "core/report/threshold.h"
#include "core/select/run.h"
#include "reqtime/exit.h"

/* In the order of the exit statuses of monitoring plugins. */
enum check_state {
	CHECK_OK = REQTIME_CHECK_OK,
	CHECK_WARNING = REQTIME_CHECK_WARNING,
	CHECK_CRITICAL = REQTIME_CHECK_CRITICAL,
	CHECK_UNKNOWN = REQTIME_CHECK_UNKNOWN,
};

enum check_quantity {
	CHECK_OFFSET,
	CHECK_BOUND,
	CHECK_ROOT_DISTANCE, /* root delay/2 + root dispersion, of the best server */
	CHECK_STRATUM,       /* the lowest of the selected servers */
	CHECK_QUANTITY_COUNT
};

struct check_limit {
	struct threshold warning;
	struct threshold critical;
};

struct check_limits {
	struct check_limit of[CHECK_QUANTITY_COUNT];
	int64_t certificate_warning_ns; /* WARNING when one expires earlier; 0: no limit */
	bool requires_authenticated;    /* CRITICAL when the answer is not */
};

struct check_finding {
	bool is_known; /* `value` */
	int64_t value;
	enum threshold_side warning; /* THRESHOLD_WITHIN without such a limit */
	enum threshold_side critical;
};

struct check_result {
	enum check_state state;
	bool is_inconclusive; /* an end of a range lies inside offset +- bound */
	struct check_finding of[CHECK_QUANTITY_COUNT];
	struct discipline_drag drag; /* warnings from the runs of `set` */
	/* The server that agrees and whose certificate expires first, and how long after
	 * this run.  NULL: none has one. */
	const struct run_source *expiring;
	int64_t expires_in_ns;
	bool is_expiring;          /* within the limit */
	bool lacks_authentication; /* which is required */
};

/* UNKNOWN without a trusted answer; also for a limit on a value that no server reports,
 * unless another limit is exceeded.  CRITICAL only if all of offset +- bound is beyond the
 * critical range; WARNING if an end of that range lies inside offset +- bound. */
void check_result_make(const struct run *run, const struct check_limits *limits,
                       struct check_result *ret);

/* A slow drag of the clock makes OK a WARNING. */
void check_result_note_drag(struct check_result *check_result,
                            const struct discipline_drag *drag);

/* "REQTIME OK: offset +1.2 ms +/- 0.3 ms, ...|offset=0.0012s;..." one line without a line
 * feed.  Returns its whole length, also if it does not fit. */
size_t check_result_line(const struct run *run, const struct check_limits *limits,
                         const struct check_result *check_result, char *buf, size_t size);
/* The same for a reason why the run could not measure. */
size_t check_result_unknown_line(const char *reason, char *buf, size_t size);

/* Text below the first line: a `|`, which would begin performance data, becomes \x7c;
 * octets that are not printable are escaped as well, except line feeds.  Returns the
 * length. */
size_t check_result_escape(const char *words, char *buf, size_t size);

#endif
