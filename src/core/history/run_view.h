/* SPDX-License-Identifier: MIT
 *
 * Past runs as their readers see them: when they were, what they did, and what they come
 * to in sum.  Records are sane (core/discipline/run_record.h).
 */
#ifndef CORE_HISTORY_RUN_VIEW_H
#define CORE_HISTORY_RUN_VIEW_H

#include "core/base/style.h"
#include "core/discipline/run_record.h"

/* When a run was by the time it found out itself; by the local clock where it found none. */
struct instant run_record_at(const struct run_record *run);

/* Its answer is one to count on: a majority gave it, and it was not refused. */
bool run_record_is_trusted(const struct run_record *run);

bool run_record_is_failure(const struct run_record *run); /* it did not end with RUN_OK */

/* The machine was started between the two; `before` may be NULL. */
bool run_record_is_reboot(const struct run_record *before, const struct run_record *run);

/* "set", "query", or "dry" for `set --dry-run`. */
const char *run_record_verb_text(const struct run_record *run);

/* What was done to the clock: "step", "slew", "none" or "refuse"; NULL for a run that was
 * not to touch it. */
const char *run_record_action_name(const struct run_record *run);

struct run_summary {
	size_t run_count;
	size_t trusted_count;
	size_t failure_count;
	size_t unanswered_count; /* of the failures: they have no answer ... */
	size_t refused_count;    /* ... and one that was not believed */
	size_t step_count;
	int64_t step_ns; /* the largest correction of those, when step_count > 0 */
	size_t slew_count;
	size_t reboot_count;
	struct instant
		first_at; /* of the runs as they are given; both when run_count > 0 */
	struct instant last_at;
	int64_t rms_ns; /* of the trusted offsets: the next four when trusted_count > 0 */
	int64_t median_ns; /* of their size */
	int64_t largest_ns;
	struct instant largest_at;
	/* How far off the clock was at most, as found in a trusted run: |offset| + bound.  In `right_count`
	 * runs it was no more than `right_ns`; worst_ns is the largest.  See run_summary_make(). */
	size_t right_count;
	int64_t right_ns;
	int64_t worst_ns;
	bool has_frequency;
	int64_t frequency_ppb; /* that the kernel was left with by the last run that knew */
};

/* `right_ns` is the largest |offset| + bound of the runs that are typical: all but those more than three
 * times above what 19 of 20 keep (of fewer than 40 runs all but one; of fewer than 5 also more than
 * PLAN_JUMP_NS).  What was found by runs that stepped the clock makes nothing typical where there are
 * others.  It is rounded up to the three digits that are shown, and counted after that, so that the
 * sentence below holds as printed. */
void run_summary_make(const struct run_record *runs, size_t count, struct run_summary *ret);

/* "Right within 3.1 ms in 174 of 200 runs; 1 off by up to 3.22 s; 25 had no answer; stepped once, by
 * +3.21 s.": of the moments when the runs were, before what they did.  Lines of at most style->columns
 * where that is not 0, each with a line feed; else one without.  Into the caller's buffer like snprintf():
 * see core/report/report.h.  "" for no runs. */
size_t run_summary_sentence(const struct run_summary *summary, const struct style *style,
                            char *buf, size_t size);

/* The source as the run had it, for core/report/report.h and cmd/cli/json.h; foreign octets in the
 * reason are escaped. */
void source_record_view(const struct source_record *record, struct run_source *ret);

/* "+12.345": parts per million to three decimals. */
enum { RUN_PPM_SIZE = 32 };
void run_format_ppm(int64_t ppb, char *buf);

/* "2026-11-25 22:41", and with `has_seconds` ":59": UTC, rounded to the nearest.  Room for
 * RUN_TIME_SIZE. */
enum { RUN_TIME_SIZE = 24 };
void run_format_time(struct instant at, bool has_seconds, char *buf);

#endif
