/* SPDX-License-Identifier: MIT
 *
 * Past runs as their readers see them: their times, their actions, and their
 * summary.  Records are valid (core/discipline/run_record.h).
 */
#ifndef CORE_HISTORY_RUN_VIEW_H
#define CORE_HISTORY_RUN_VIEW_H

#include "core/base/style.h"
#include "core/discipline/run_record.h"

/* The time of a run by its own answer, or by the local clock if it has none. */
struct instant run_record_at(const struct run_record *run);

/* It has an answer by a majority, and it was not refused. */
bool run_record_is_trusted(const struct run_record *run);

bool run_record_is_failure(const struct run_record *run); /* it did not end with RUN_OK */

/* The machine was booted between the two; `before` may be NULL. */
bool run_record_is_reboot(const struct run_record *before, const struct run_record *run);

/* "set", "query", or "dry" for `set --dry-run`. */
const char *run_record_verb_text(const struct run_record *run);

/* The action on the clock: "step", "slew", "none" or "refuse"; NULL for a run that may not
 * set it. */
const char *run_record_action_name(const struct run_record *run);

struct run_summary {
	size_t run_count;
	size_t trusted_count;
	size_t failure_count;
	size_t unanswered_count; /* failures without an answer ... */
	size_t refused_count;    /* ... and with an answer that was refused */
	size_t step_count;
	int64_t step_ns; /* the largest step, when step_count > 0 */
	size_t slew_count;
	size_t reboot_count;
	struct instant first_at; /* in the order of the runs; both when run_count > 0 */
	struct instant last_at;
	int64_t rms_ns; /* of the trusted offsets: the next four when trusted_count > 0 */
	int64_t median_ns; /* of |offset| */
	int64_t largest_ns;
	struct instant largest_at;
	/* The error of the clock in a trusted run is at most |offset| + bound: in
	 * `right_count` runs no more than `right_ns`, in the worst run `worst_ns`.  See
	 * run_summary_make(). */
	size_t right_count;
	int64_t right_ns;
	int64_t worst_ns;
	bool has_frequency;
	int64_t frequency_ppb; /* that the last run with a reading left in the kernel */
};

/* `right_ns` is the largest |offset| + bound of the typical runs: those up to three times
 * the value that 19 of 20 runs keep (of fewer than 40 runs all but one; with fewer than 5
 * runs at least PLAN_JUMP_NS).  Runs that stepped the clock count for that value only if
 * there are no others.  It is rounded up to the three digits shown, and the runs are
 * counted after that, so that the sentence below holds as printed. */
void run_summary_make(const struct run_record *runs, size_t count, struct run_summary *ret);

/* "Right within 3.1 ms in 174 of 200 runs; 1 off by up to 3.22 s; 25 had no answer; stepped
 * once, by +3.21 s.": the clock as the runs found it, before they corrected it.  Lines of
 * at most style->columns, each with a line feed, or if that is 0 one line without.  Into
 * the caller's buffer like snprintf(): see core/report/report.h.  "" without runs. */
size_t run_summary_sentence(const struct run_summary *summary, const struct style *style,
                            char *buf, size_t size);

/* The source as in the run, for core/report/report.h and cmd/cli/json.h; the reason is
 * escaped. */
void source_record_view(const struct source_record *record, struct run_source *ret);

/* "+12.345": parts per million to three decimals. */
enum { RUN_PPM_SIZE = 32 };
void run_format_ppm(int64_t ppb, char *buf);

/* "2026-11-25 22:41", and with `has_seconds` ":59": UTC, rounded to the nearest.  Room for
 * RUN_TIME_SIZE. */
enum { RUN_TIME_SIZE = 24 };
void run_format_time(struct instant at, bool has_seconds, char *buf);

#endif
