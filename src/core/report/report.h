/* SPDX-License-Identifier: MIT
 *
 * What people read.  Writes into the caller's buffer, like snprintf(): always
 * terminated when there is room at all, and the result is the length that the
 * whole would have had.
 */
#ifndef CORE_REPORT_REPORT_H
#define CORE_REPORT_REPORT_H

#include "core/base/style.h"
#include "core/select/run.h"

/* The offset to four digits, or to a tenth of its bound where that is finer and `coarse`
 * does not forbid it; the bound rounded up, with what rounding did to the offset.  Both
 * buffers have REPORT_FIGURE_SIZE. */
enum { REPORT_FIGURE_SIZE = 48 };
void report_figures(int64_t offset_ns, int64_t bound_ns, bool coarse, char *offset,
                    char *bound);

/* What the user would have to type, escaped, so that two ports of one host look different. */
enum { REPORT_LABEL_SIZE = 4 * SERVER_HOST_SIZE + 32 };
size_t report_label(const struct run_source *source, char *buf, size_t size);

/* Why there is no answer, in words. */
void report_reason(const struct run *run, char buf[RUN_REASON_SIZE]);

/* One line per source under a heading: server, stratum, offset, bound, delay,
 * samples, verdict; fits the columns of `style` (at least 60) with long names cut; a line of its own
 * below for a reason that does not fit. */
size_t report_table(const struct run *run, const struct style *style, char *buf,
                    size_t size);

/* What --verbose shows of each source: where it is, packets, stamps, what its header says. */
size_t report_details(const struct run *run, const struct style *style, char *buf,
                      size_t size);

/* The last lines: "The local clock is behind: offset +1.234 ms +/- 0.5 ms by 3 of 4
 * servers." and what `set` would do, or why there is no answer; at most 80 columns, or a line for each sentence.
 * `plan` is NULL when there is none.  Here and in the table the figures hold as printed:
 * the bound is rounded up and takes in what rounding did to the offset. */
size_t report_verdict(const struct run *run, const struct plan *plan,
                      const struct style *style, char *buf, size_t size);

/* "-- 2026-11-25 12:00:00 UTC ----": a line as wide as a verdict, above the table of a run that others
 * follow.  The time is that of the run by its own answer, or by the local clock where it has none. */
size_t report_rule(const struct run *run, const struct style *style, char *buf,
                   size_t size);

/* "`set` would step the clock forward by 3 s: ...", in one line without an end. */
enum { REPORT_WOULD_SIZE = 320 };
size_t report_would(const struct plan *plan, char *buf, size_t size);

/* What `set` did: moved the clock and read it back, or left it alone; at most 80 columns, or in one line. */
struct report_action {
	enum plan_action action; /* not PLAN_REFUSE */
	int64_t by_ns;
	int64_t lasts_ns;    /* a slew, until ... */
	struct instant ends; /* ... this; 0: not known */
	enum plan_reason reason;
	bool has_set_hardware_clock;
};
enum { REPORT_ACTION_SIZE = 512 };
size_t report_action(const struct report_action *done, const struct style *style, char *buf,
                     size_t size);

#endif
