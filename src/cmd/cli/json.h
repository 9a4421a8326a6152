/* SPDX-License-Identifier: MIT
 *
 * A run as JSON, as reqtime(1) specifies it.  An unknown value is null, never 0.
 */
#ifndef CMD_CLI_JSON_H
#define CMD_CLI_JSON_H

#include "core/report/check_result.h"
#include "core/report/discipline_report.h"
#include "core/report/refusal.h"
#include "core/select/run.h"

struct json_report {
	const char *verb; /* "query", "set", "check" */
	const struct run *run;
	bool has_no_sources;     /* they were printed line by line: `sources` is null */
	const struct plan *plan; /* NULL: no plan */
	const struct held_back *held_back; /* NULL: not held back */
	bool has_applied;                  /* `set`: the key exists ... */
	bool is_applied;                   /* ... and is not null */
	enum plan_action applied;
	int64_t applied_ns;
	const struct check_result *check_result; /* `check` only, else NULL */
	int64_t slew_lasts_ns;    /* of a slew: how long the kernel needs ... */
	struct instant slew_ends; /* ... and when it ends, by the local clock */
	const struct discipline_report *discipline_report; /* NULL: `learnt` is null */
};

/* A line without a line feed, ASCII only; the caller frees it.  NULL: out of memory. */
char *json_render(const struct json_report *report);
/* The same for a single element of `sources`. */
char *json_render_source(const struct run_source *source);

/* For callers that make their own objects with jansson: json_seed() before the first, and
 * json_source() for an element of `sources`.  NULL: out of memory, or a name is not
 * UTF-8. */
void json_seed(void);
struct json_t *json_source(const struct run_source *source);
/* The values of `held_back` and `learnt`; NULL as argument, or nothing learnt: null. */
struct json_t *json_held_back(const struct held_back *held_back);
struct json_t *json_learnt(const struct discipline_report *discipline_report);

#endif
