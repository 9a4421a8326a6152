/* SPDX-License-Identifier: MIT
 *
 * A run as JSON, as reqtime(1) specifies it.  What is not known is null, never 0.
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
	bool has_no_sources;     /* they were told line by line: `sources` is null */
	const struct plan *plan; /* NULL: none was made */
	const struct held_back *held_back; /* NULL: nothing is */
	bool has_applied;                  /* `set`: there is the key ... */
	bool is_applied;                   /* ... and something to tell; else it is null */
	enum plan_action applied;
	int64_t applied_ns;
	const struct check_result *check_result; /* `check`: there is that key; else NULL */
	int64_t slew_lasts_ns; /* of a slew: what the kernel has to do now takes so long ... */
	struct instant slew_ends; /* ... and is done then, by the local clock */
	const struct discipline_report
		*discipline_report; /* NULL: nothing.  With the key `applied` */
};

/* One line without a line feed, ASCII only; the caller frees it.  NULL: out of memory. */
char *json_render(const struct json_report *report);
/* One element of `sources` alone; else the same. */
char *json_render_source(const struct run_source *source);

/* For those who make objects of their own with jansson: once before the first, and one element
 * of `sources`.  NULL: out of memory, or a name that is no UTF-8. */
void json_seed(void);
struct json_t *json_source(const struct run_source *source);

#endif
