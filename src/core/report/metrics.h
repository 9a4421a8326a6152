/* SPDX-License-Identifier: MIT
 *
 * A run of the client as metrics in the Prometheus text format, with counters continued
 * from the previous file.  Plain data of fixed size, because it crosses a process boundary.
 */
#ifndef CORE_REPORT_METRICS_H
#define CORE_REPORT_METRICS_H

#include "core/discipline/run_record.h"
#include "core/report/check_result.h"
#include "core/report/discipline_report.h"
#include "core/report/metrics_servers.h"

struct metrics {
	uint32_t verb; /* enum run_verb */
	uint32_t exit_status;
	struct instant ended;
	int64_t duration_ns;
	uint8_t is_measured; /* all below is known */
	struct run_record run;
	uint32_t source_counts[SOURCE_STATUS_COUNT];
	uint8_t has_server; /* the next two are known, of the best selected server */
	uint32_t stratum;
	int64_t root_distance_ns;
	uint8_t has_discipline; /* the next four are known */
	uint8_t has_long_term;  /* ... off_long_term_ppb, too */
	int64_t off_long_term_ppb;
	int64_t corrected_ns; /* sum over a day */
	int64_t rate_missing_ppb;
	uint8_t is_authenticated;     /* authenticated servers alone have decided */
	uint32_t authenticated_count; /* servers */
	uint8_t has_certificate;      /* of a server that agrees; the first to expire: */
	int64_t certificate_until_s;  /* unix */
	uint8_t has_check;
	uint32_t check_state; /* enum check_state */
	struct metrics_servers servers;
};

/* Counters from the file of the previous run. */
struct metrics_previous {
	bool has_success;
	struct instant success;
	uint64_t failed_runs; /* in a row */
	bool has_failing_since;
	struct instant failing_since; /* when the first of them ended */
};

/* `record` is of `run`.  Unused octets are zero. */
void metrics_note_run(struct metrics *metrics, const struct run *run,
                      const struct run_record *record);
/* `discipline_report` may be NULL. */
void metrics_note_discipline(struct metrics *metrics,
                             const struct discipline_report *discipline_report);
MUST_USE bool metrics_are_valid(const struct metrics *metrics);

/* Reads a file of metrics_write() for the same verb; anything else, and times after `now`,
 * is ignored. */
struct metrics_previous metrics_read_previous(const char *text, enum run_verb verb,
                                              struct instant now);

/* Returns the length, which is below METRICS_SIZE. */
enum { METRICS_SIZE = 8192 + METRICS_SERVERS_SIZE };
size_t metrics_write(const struct metrics *metrics, const struct metrics_previous *previous,
                     char buf[METRICS_SIZE]);

#endif
