/* SPDX-License-Identifier: MIT
 *
 * What a monitoring system is told of a run: one state, one line, performance data.
 */
#ifndef CORE_REPORT_HEALTH_H
#define CORE_REPORT_HEALTH_H

#include "core/discipline/discipline.h"
#include "core/report/threshold.h"
#include "core/select/run.h"
#include "reqtime/exit.h"

/* In the order of the exit statuses of monitoring plugins. */
enum health_state {
	HEALTH_OK = REQTIME_CHECK_OK,
	HEALTH_WARNING = REQTIME_CHECK_WARNING,
	HEALTH_CRITICAL = REQTIME_CHECK_CRITICAL,
	HEALTH_UNKNOWN = REQTIME_CHECK_UNKNOWN,
};
const char *health_state_name(enum health_state state); /* "OK", ... */

enum health_quantity {
	HEALTH_OFFSET,
	HEALTH_BOUND,
	HEALTH_ROOT_DISTANCE, /* root delay / 2 + root dispersion of the best selected server */
	HEALTH_STRATUM,       /* the lowest of the selected servers */
	HEALTH_QUANTITY_COUNT
};

struct health_limit {
	struct threshold warning;
	struct threshold critical;
};

struct health_limits {
	struct health_limit of[HEALTH_QUANTITY_COUNT];
};

enum threshold_unit health_unit(enum health_quantity quantity);

struct health_finding {
	bool is_known; /* `value` */
	int64_t value;
	enum threshold_side warning; /* THRESHOLD_WITHIN when there is no such limit */
	enum threshold_side critical;
};

struct health {
	enum health_state state;
	bool is_inconclusive; /* an end of a range lies inside offset +- bound */
	struct health_finding of[HEALTH_QUANTITY_COUNT];
	struct discipline_drag drag; /* what the runs of `set` warn of */
};

/* Without a trusted answer it is UNKNOWN.  A limit on what no server tells is UNKNOWN, too,
 * unless another one is broken: what is certain counts most.  CRITICAL only where none of
 * offset +- bound is within the critical range; an end inside it is WARNING. */
void health_judge(const struct run *run, const struct health_limits *limits,
                  struct health *ret);

/* A clock that is led away slowly is a WARNING at least, unless the state is UNKNOWN. */
void health_note_drag(struct health *health, const struct discipline_drag *drag);

/* "REQTIME OK: offset +1.2 ms +/- 0.3 ms, ...|offset=0.0012s;..." in one line without a line
 * feed.  Returns the length that it has, whatever the room. */
size_t health_line(const struct run *run, const struct health_limits *limits,
                   const struct health *health, char *buf, size_t room);
/* The same for what kept the run from measuring at all. */
size_t health_unknown_line(const char *reason, char *buf, size_t room);

/* Words below the first line: a `|` would begin performance data, so it becomes \x7c, and so does
 * what is not printable but a line feed.  Returns the length. */
size_t health_escape(const char *words, char *buf, size_t room);

#endif
