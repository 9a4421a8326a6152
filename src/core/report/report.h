/* SPDX-License-Identifier: MIT
 *
 * Reports for people.  All functions write into the caller's buffer like snprintf():
 * terminated when the size is not 0, and they return the length of the whole text.
 */
#ifndef CORE_REPORT_REPORT_H
#define CORE_REPORT_REPORT_H

#include "core/base/style.h"
#include "core/select/run.h"

/* The offset to four digits, or unless `coarse` to a tenth of its bound if that is finer;
 * the bound rounded up, the rounding error of the offset included.  Both buffers have
 * REPORT_FIGURE_SIZE. */
enum { REPORT_FIGURE_SIZE = 48 };
void report_figures(int64_t offset_ns, int64_t bound_ns, bool coarse, char *offset,
                    char *bound);

/* The source as a user would type it, escaped, with the port if it is not the default. */
enum { REPORT_LABEL_SIZE = 4 * SERVER_HOST_SIZE + 32 };
size_t report_label(const struct run_source *source, char *buf, size_t size);

/* Why there is no answer, in words. */
void report_reason(const struct run *run, char buf[RUN_REASON_SIZE]);

/* A line per source under a heading: server, stratum, offset, bound, delay, samples,
 * verdict.  It fits the columns of `style` (at least 60), with long names cut; reasons are
 * on lines of their own. */
size_t report_table(const struct run *run, const struct style *style, char *buf,
                    size_t size);

/* Details of each source for --verbose: address, packets, timestamps, header. */
size_t report_details(const struct run *run, const struct style *style, char *buf,
                      size_t size);

/* The last lines: "The local clock is behind: offset +1.234 ms +/- 0.5 ms by 3 of 4
 * servers." and what `set` would do, or why there is no answer; at most 80 columns, or one
 * line per sentence.  `plan` may be NULL.  Here and in the table the figures hold as
 * printed: the bound is rounded up and includes the rounding error of the offset. */
size_t report_verdict(const struct run *run, const struct plan *plan,
                      const struct style *style, char *buf, size_t size);

/* "-- 2026-11-25 12:00:00 UTC ----": a line as wide as a verdict, above the table of each
 * run with --every.  The time is by the answer of the run, or by the local clock if it has
 * none. */
size_t report_rule(const struct run *run, const struct style *style, char *buf,
                   size_t size);

/* "`set` would step the clock forward by 3 s: ...", one line without a line feed. */
enum { REPORT_WOULD_SIZE = 320 };
size_t report_would(const struct plan *plan, char *buf, size_t size);

/* The action of `set`, after the clock was read back; at most 80 columns, or on one
 * line. */
struct report_action {
	enum plan_action action; /* not PLAN_REFUSE */
	int64_t by_ns;
	int64_t lasts_ns;    /* of a slew */
	struct instant ends; /* ... and its end; 0: not known */
	enum plan_reason reason;
	bool has_set_hardware_clock;
};
enum { REPORT_ACTION_SIZE = 512 };
size_t report_action(const struct report_action *done, const struct style *style, char *buf,
                     size_t size);

#endif
