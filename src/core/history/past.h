/* SPDX-License-Identifier: MIT
 *
 * Past runs as their readers see them: when they were, what they did, and what they come
 * to in sum.  Records are sane (core/discipline/record.h).
 */
#ifndef CORE_HISTORY_PAST_H
#define CORE_HISTORY_PAST_H

#include "core/discipline/record.h"

/* When a run was by the time it found out itself; by the local clock where it found none. */
struct instant past_at(const struct run_record *run);

/* Its answer is one to count on: a majority gave it, and it was not refused. */
bool past_is_trusted(const struct run_record *run);

bool past_is_failure(const struct run_record *run); /* it did not end with RUN_OK */

/* The machine was started between the two; `before` may be NULL. */
bool past_is_reboot(const struct run_record *before, const struct run_record *run);

/* "set", "query", or "dry" for `set --dry-run`. */
const char *past_verb(const struct run_record *run);

/* What was done to the clock: "step", "slew", "none" or "refuse"; NULL for a run that was
 * not to touch it. */
const char *past_action(const struct run_record *run);

struct past_summary {
	size_t run_count;
	size_t trusted_count;
	size_t failure_count;
	size_t step_count;
	size_t slew_count;
	size_t reboot_count;
	struct instant
		first_at; /* of the runs as they are given; both when run_count > 0 */
	struct instant last_at;
	int64_t rms_ns; /* of the trusted offsets: the next four when trusted_count > 0 */
	int64_t median_ns; /* of their size */
	int64_t largest_ns;
	struct instant largest_at;
	bool has_frequency;
	int64_t frequency_ppb; /* that the kernel was left with by the last run that knew */
};

void past_summarize(const struct run_record *runs, size_t count, struct past_summary *ret);

/* The source as the run had it, for core/report/report.h and cmd/cli/json.h; foreign octets in the
 * reason are escaped. */
void past_source(const struct source_record *record, struct run_source *ret);

/* "+12.345": parts per million to three decimals. */
enum { PAST_PPM_ROOM = 32 };
void past_format_ppm(int64_t ppb, char *buf);

/* "2026-11-25 22:41", and with `has_seconds` ":59": UTC, rounded to the nearest.  Room for
 * PAST_TIME_ROOM. */
enum { PAST_TIME_ROOM = 24 };
void past_format_time(struct instant at, bool has_seconds, char *buf);

#endif
