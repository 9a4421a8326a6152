/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command.h"
#include "cmd/cli/exporting.h"
#include "cmd/cli/json.h"
#include "cmd/cli/logging.h"
#include "cmd/cli/measuring.h"
#include "cmd/cli/memory.h"
#include "cmd/cli/parse.h"
#include "cmd/cli/repeat.h"
#include "cmd/cli/servers_file.h"

struct query_settings {
	struct measuring_settings
		measuring; /* first: the shared options are relative to it */
	const char *servers_file;
	bool is_json_lines;
};
_Static_assert(offsetof(struct query_settings, measuring) == 0, "shared options");

#define AT(field) offsetof(struct query_settings, field)

/* clang-format off */
static const struct option_row query_options[] = {
	{ "servers-file", 0, OPT_TEXT, AT(servers_file), 0, 0, "FILE",
	  "ask and hear the servers in FILE as well, one a line; - is standard input" },
	{ "json-lines", 0, OPT_FLAG, AT(is_json_lines), 0, 0, NULL,
	  "a line of JSON for each source, and one for the run" },
};
/* clang-format on */

static void query_defaults(void *settings)
{
	struct query_settings *query = settings;

	measuring_defaults(&query->measuring);
}

/* Line by line: with thousands of sources one object of all would be far larger than what
 * was measured. */
static int query_print_json(const struct run *run, const struct plan *plan, bool in_lines)
{
	struct json_report report = {
		.verb = "query", .run = run, .has_no_sources = in_lines, .plan = plan
	};
	size_t i;
	int status;

	for (i = 0; in_lines && i < run->source_count; i++) {
		status = command_print(json_render_source(&run->sources[i]));
		if (status) {
			return status;
		}
	}
	return command_print(json_render(&report));
}

static void query_log(const struct run *run, const struct plan *plan)
{
	const struct log_entry entry = {
		.verb = "query", .status = run->status, .run = run, .plan = plan
	};

	logging_run(&entry);
}

/* Returns the exit status. */
static int query_report(const struct query_settings *query,
                        const struct measuring *measuring, const struct run *run)
{
	const struct plan_limits limits = measuring_limits();
	FILE *to = query->measuring.is_quiet ? stderr : stdout;
	const struct plan *shown = NULL;
	struct plan plan;
	int status = 0;

	if (run->status == RUN_INTERRUPTED) {
		return 128 + run->signal;
	}
	if (run->status == RUN_OK) {
		plan = measuring_plan(run, &limits);
		shown = &plan;
	}
	query_log(run, shown);
	if (run->status == RUN_OK) {
		if (query->measuring.is_quiet) {
			return 0;
		}
	}
	if (measuring->format == MEASURING_JSON || query->is_json_lines) {
		status = query_print_json(run, shown, query->is_json_lines);
	} else if (measuring->format == MEASURING_TABLE) {
		status = measuring_print(measuring, run, shown, to);
	} else {
		status = measuring_print_lines(measuring, run, shown, true, to);
	}
	return status ? status : run_status_exit(run->status);
}

/* The operands, and behind them what the file holds.  `*ret` is the caller's to free, whatever
 * is returned: 0, or the exit status with a line on stderr. */
static int query_servers(const struct query_settings *query, const char *const *operands,
                         size_t operand_count, struct server_spec **ret, size_t *ret_count)
{
	int status;

	if (query->measuring.format != MEASURING_TABLE && query->is_json_lines) {
		command_complain("--json-lines contradicts %s",
		                 query->measuring.format == MEASURING_JSON ? "--json"
		                                                           : "--format");
		return REQTIME_EXIT_USAGE;
	}
	if (operand_count > 0) {
		status = measuring_servers(operands, operand_count, ret);
		if (status) {
			return status;
		}
		*ret_count = operand_count;
	}
	return query->servers_file ? servers_file_read(query->servers_file,
	                                               MEASURE_SOURCES_MAX, ret, ret_count)
	                           : 0;
}

/* After the report: nobody waits for a disk. */
static void query_remember(struct memory *memory, const struct run *run)
{
	struct run_record record;

	if (run->status == RUN_INTERRUPTED) {
		return;
	}
	command_flush();
	run_record_init(&record, RECORD_QUERY, run);
	memory_note_before(memory, &record);
	exporting_run(run, &record, NULL, NULL);
	memory_store(memory, &record, run);
}

/* From the sandbox on.  Returns the exit status. */
static int query_measure(const struct query_settings *query, struct measuring *measuring,
                         struct memory *memory)
{
	struct run run;
	int status;

	memory_load(memory);
	measuring->measure.kisses = memory->view.kisses;
	measuring->measure.kiss_count = memory->view.kiss_count;
	status = measuring_run(measuring, query->measuring.timeout_ns, &run);
	if (status == 0) {
		status = query_report(query, measuring, &run);
		query_remember(memory, &run);
		measure_free(&run);
	}
	return status;
}

struct query_job {
	const struct query_settings *query;
	struct repeat_settings when;
	struct server_spec *servers;
	size_t server_count;
	struct parse again; /* what `query` points to since SIGHUP */
};

static int query_once(void *ctx, bool is_try)
{
	const struct query_job *job = ctx;
	struct measuring_settings settings = job->query->measuring;
	struct measuring measuring;
	struct memory memory;
	int status;

	(void)is_try;
	/* Who hands over a list wants to know about each of them. */
	settings.ask_all |= job->query->servers_file != NULL;
	logging_open(&settings);
	exporting_open(&settings, RECORD_QUERY);
	memory_open(&settings, MEMORY_LOOKS, false, &memory);
	status = measuring_open(&settings, job->servers, job->server_count, &measuring);
	if (status == 0) {
		status = query_measure(job->query, &measuring, &memory);
		measuring_close(&measuring);
	}
	memory_close(&memory);
	exporting_end(status);
	logging_end("query", status);
	logging_close();
	return status;
}

/* What cannot be read any more leaves in force what was before. */
static void query_reread(void *ctx)
{
	struct query_job *job = ctx;
	struct server_spec *servers = NULL;
	const struct query_settings *query;
	struct parse again;
	size_t count = 0;

	if (command_parse_again(&again) != 0) {
		return;
	}
	query = again.settings;
	if (query->servers_file && strcmp(query->servers_file, "-") == 0) {
		servers = job->servers; /* it was read to its end */
		count = job->server_count;
	} else if (query_servers(query, again.operands, again.operand_count, &servers,
	                         &count) != 0) {
		free(servers);
		parse_close(&again);
		return;
	}
	if (servers != job->servers) {
		free(job->servers);
	}
	parse_close(&job->again);
	job->again = again;
	job->query = query;
	job->servers = servers;
	job->server_count = count;
	job->when.every_ns = query->measuring.every_ns;
}

static int query_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	struct query_job job = { .query = settings };
	const struct repeat_job repeat = { .ctx = &job,
		                           .once = query_once,
		                           .reread = query_reread };
	int status;

	job.when.every_ns = job.query->measuring.every_ns;
	status = query_servers(job.query, operands, operand_count, &job.servers,
	                       &job.server_count);
	if (status == 0) {
		status = repeat_run(&job.when, &repeat);
	}
	free(job.servers);
	parse_close(&job.again);
	return status;
}

const struct command command_query = {
	.name = "query",
	.summary = "ask how far off the clock is, and change nothing",
	.operands = "[SERVER]...",
	.operand_option = "server",
	.check_operand = measuring_check_server,
	.operand_file_option = "servers-file",
	.config_default = COMMAND_CONFIG_DEFAULT,
	.options = query_options,
	.option_count = COUNT_OF(query_options),
	.shared_options = measuring_options,
	.shared_option_count = MEASURING_OPTION_COUNT,
	.settings_size = sizeof(struct query_settings),
	.defaults = query_defaults,
	.run = query_run,
};
