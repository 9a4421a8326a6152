/* SPDX-License-Identifier: MIT
 *
 * Servers judged one by one (`query --tolerance`) or in pairs (`skew`): options, run, report.
 */
#ifndef CMD_VERBS_FLEET_PRIVATE_H
#define CMD_VERBS_FLEET_PRIVATE_H

#include "cmd/cli/measure_cli.h"
#include "core/report/fleet_report.h"

struct fleet_settings {
	int64_t tolerance_ns;  /* 0: none */
	const char *reference; /* NULL: this machine's clock */
	int only;              /* enum fleet_only */
	bool is_strict;
};

/* Saturated offsets lie beyond it. */
#define FLEET_TOLERANCE_MAX_NS (INT64_C(100) * 365 * 86400 * NS_PER_S)
#define FLEET_STRICT_HELP                                                                  \
	"exit 1 also when the verdict of a server or pair is silent or unsure"

struct fleet_job {
	const char *verb; /* "query", "skew" */
	bool has_pairs;
	bool is_json_lines;
	const struct measure_cli_settings *measurement;
	const struct fleet_settings *fleet;
	/* From fleet_take_servers(). */
	const struct server_spec *servers;
	size_t server_count;
	size_t repeated_count;
	size_t reference; /* its index; SIZE_MAX: none */
};

/* A server that is named again is left out of `*servers`, and the reference is added behind
 * `*count` unless it is named.  The array is grown or changed in place, also on failure; it
 * stays the caller's, and must outlive the job.  0, or the exit status with a line on
 * stderr. */
int fleet_take_servers(struct fleet_job *job, struct server_spec **servers, size_t *count);

/* Measures, judges and reports once.  Returns the exit status. */
int fleet_once(const struct fleet_job *job);

#endif
