/* SPDX-License-Identifier: MIT
 *
 * What a monitoring system is told of a run: one state, one line, performance data.
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
	CHECK_ROOT_DISTANCE, /* root delay / 2 + root dispersion of the best selected server */
	CHECK_STRATUM,       /* the lowest of the selected servers */
	CHECK_QUANTITY_COUNT
};

struct check_limit {
	struct threshold warning;
	struct threshold critical;
};

struct check_limits {
	struct check_limit of[CHECK_QUANTITY_COUNT];
};

struct check_finding {
	bool is_known; /* `value` */
	int64_t value;
	enum threshold_side warning; /* THRESHOLD_WITHIN when there is no such limit */
	enum threshold_side critical;
};

struct check_result {
	enum check_state state;
	bool is_inconclusive; /* an end of a range lies inside offset +- bound */
	struct check_finding of[CHECK_QUANTITY_COUNT];
	struct discipline_drag drag; /* what the runs of `set` warn of */
};

/* Without a trusted answer it is UNKNOWN.  A limit on what no server tells is UNKNOWN, too,
 * unless another one is broken: what is certain counts most.  CRITICAL only where none of
 * offset +- bound is within the critical range; an end inside it is WARNING. */
void check_result_make(const struct run *run, const struct check_limits *limits,
                       struct check_result *ret);

/* A clock that is led away slowly is a WARNING at least, unless the state is UNKNOWN. */
void check_result_note_drag(struct check_result *check_result,
                            const struct discipline_drag *drag);

/* "REQTIME OK: offset +1.2 ms +/- 0.3 ms, ...|offset=0.0012s;..." in one line without a line
 * feed.  Returns the length that it has, whatever the room. */
size_t check_result_line(const struct run *run, const struct check_limits *limits,
                         const struct check_result *check_result, char *buf, size_t size);
/* The same for what kept the run from measuring at all. */
size_t check_result_unknown_line(const char *reason, char *buf, size_t size);

/* Words below the first line: a `|` would begin performance data, so it becomes \x7c, and so does
 * what is not printable but a line feed.  Returns the length. */
size_t check_result_escape(const char *words, char *buf, size_t size);

#endif
