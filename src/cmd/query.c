/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/json.h"
#include "cmd/measuring.h"

struct query_settings {
	struct measuring_settings
		measuring; /* first: the shared options are relative to it */
};
_Static_assert(offsetof(struct query_settings, measuring) == 0, "shared options");

static void query_defaults(void *settings)
{
	struct query_settings *query = settings;

	measuring_defaults(&query->measuring);
}

static int query_print_json(const struct run *run, const struct plan *plan)
{
	struct json_report report = { .verb = "query", .run = run, .plan = plan };
	char *text = json_render(&report);

	if (!text) {
		command_complain("out of memory");
		return EXIT_SYSTEM;
	}
	puts(text);
	free(text);
	return 0;
}

/* Returns the exit status. */
static int query_report(const struct query_settings *query,
                        const struct measuring *measuring, const struct run *run)
{
	const struct plan_limits limits = measuring_limits();
	const struct plan *shown = NULL;
	struct plan plan;
	int status = 0;

	if (run->status == RUN_INTERRUPTED) {
		return 128 + run->signal;
	}
	if (run->status == RUN_OK) {
		plan = measuring_plan(run, &limits);
		shown = &plan;
		if (query->measuring.is_quiet) {
			return 0;
		}
	}
	if (query->measuring.is_json) {
		status = query_print_json(run, shown);
	} else {
		status = measuring_print(measuring, run, shown,
		                         query->measuring.is_quiet ? stderr : stdout);
	}
	return status ? status : run_status_exit(run->status);
}

static int query_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	const struct query_settings *query = settings;
	struct server_spec *servers = NULL;
	struct measuring measuring;
	struct run run;
	int status;

	status = measuring_servers(operands, operand_count, &servers);
	if (status) {
		return status;
	}
	status = measuring_open(&query->measuring, servers, operand_count, &measuring);
	if (status) {
		free(servers);
		return status;
	}
	status = measuring_run(&measuring, query->measuring.timeout_ns, &run);
	measuring_close(&measuring);
	if (status == 0) {
		status = query_report(query, &measuring, &run);
		measure_free(&run);
	}
	free(servers);
	return status;
}

const struct command command_query = {
	.name = "query",
	.summary = "ask how far off the clock is, and change nothing",
	.operands = "SERVER...",
	.shared_options = measuring_options,
	.shared_option_count = MEASURING_OPTION_COUNT,
	.settings_size = sizeof(struct query_settings),
	.defaults = query_defaults,
	.run = query_run,
};
