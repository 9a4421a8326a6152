/* SPDX-License-Identifier: MIT
 *
 * `reqtime query`: measures, reports, and changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/bound_cli.h"
#include "cmd/cli/command.h"
#include "cmd/cli/decide_cli.h"
#include "cmd/cli/dhcp_servers.h"
#include "cmd/cli/json.h"
#include "cmd/cli/metrics_file.h"
#include "cmd/cli/parse.h"
#include "cmd/cli/repeat.h"
#include "cmd/cli/run_log.h"
#include "cmd/cli/servers_file.h"
#include "cmd/verbs/fleet_private.h"
#include "core/report/report.h"

struct query_settings {
	struct measure_cli_settings measurement; /* first: offsets of the shared options */
	const char *servers_file;
	bool is_json_lines;
	struct fleet_settings fleet; /* --tolerance: each server is judged alone */
};
_Static_assert(offsetof(struct query_settings, measurement) == 0, "shared options");

#define AT(field) offsetof(struct query_settings, field)

/* clang-format off */
static const struct option_row query_options[] = {
	{ "servers-file", 0, OPT_TEXT, AT(servers_file), 0, 0, "FILE",
	  "also ask the servers in FILE, one per line, and wait for each; - is standard input" },
	{ "json-lines", 0, OPT_FLAG, AT(is_json_lines), 0, 0, NULL,
	  "print a line of JSON per source, and one for the run" },
	{ "tolerance", 0, OPT_SPAN_NS, AT(fleet.tolerance_ns), 1, FLEET_TOLERANCE_MAX_NS, "SPAN",
	  "judge each server alone: farther off than SPAN is off, and exit status 1" },
	{ "reference", 0, OPT_TEXT, AT(fleet.reference), 0, 0, "SERVER",
	  "judge against SERVER instead of this machine's clock" },
	{ "only", 0, OPT_WORD, AT(fleet.only), 0, 0, FLEET_ONLY_WORDS,
	  "show the servers with this verdict (auto: all of few, else those not ok)" },
	{ "strict", 0, OPT_FLAG, AT(fleet.is_strict), 0, 0, NULL, FLEET_STRICT_HELP },
};
/* clang-format on */

static void query_defaults(void *settings)
{
	struct query_settings *query = settings;

	measure_cli_defaults(&query->measurement);
}

/* Line by line: one object of thousands of sources would need far more memory. */
static int query_print_json(const struct run *run, const struct plan *plan,
                            const struct held_back *held_back, bool in_lines)
{
	struct json_report report = { .verb = "query",
		                      .run = run,
		                      .has_no_sources = in_lines,
		                      .plan = plan,
		                      .held_back = held_back };
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

/* Says when an offset that is held back would be accepted. */
static void query_print_refusal(const struct decide_view *view, const struct run *run,
                                const struct decision *decision, FILE *to)
{
	const struct report_refusal refusal =
		decide_refusal(&view->settings, run, decision);
	char text[REPORT_REFUSAL_SIZE];

	if (decision_is_held_back(decision)) {
		report_refusal(&refusal, text, sizeof(text));
		fprintf(to, "%s\n", text);
	}
}

/* Returns the exit status. */
static int query_report(const struct query_settings *query,
                        const struct measure_cli *measurement,
                        const struct decide_view *view, const struct run *run,
                        const struct correct_result *would, const struct plan *plan)
{
	const struct log_entry entry = {
		.verb = "query", .status = run->status, .run = run, .plan = plan
	};
	FILE *to = query->measurement.is_quiet ? stderr : stdout;
	char would_text[REPORT_WOULD_SIZE] = "";
	struct held_back held_back;
	bool is_held_back;
	int status = 0;

	run_log_run(&entry);
	if (run->status == RUN_OK && query->measurement.is_quiet) {
		return 0;
	}
	is_held_back = plan && report_held_back(&would->decision, &held_back);
	if (measurement->format == MEASURE_CLI_JSON || query->is_json_lines) {
		status = query_print_json(run, plan, is_held_back ? &held_back : NULL,
		                          query->is_json_lines);
	} else if (measurement->format == MEASURE_CLI_TABLE) {
		status = measure_cli_print(measurement, run, plan, to);
		if (is_held_back) {
			query_print_refusal(view, run, &would->decision, to);
		}
	} else if (measurement->format == MEASURE_CLI_LINE) {
		if (plan) {
			report_would(plan, would_text, sizeof(would_text));
		}
		status = measure_cli_print_line(run, would_text, "", to);
	} else {
		status = measure_cli_print_lines(measurement, run, plan, true, to);
	}
	return status ? status : run_status_exit(run->status);
}

/* Options that contradict each other.  0, or the exit status with a line on stderr. */
static int query_check(const struct query_settings *query)
{
	const struct fleet_settings *fleet = &query->fleet;
	const char *const alone = fleet->reference                 ? "reference"
	                          : fleet->only != FLEET_ONLY_AUTO ? "only"
	                          : fleet->is_strict               ? "strict"
	                                                           : NULL;

	if (query->measurement.format != MEASURE_CLI_TABLE && query->is_json_lines) {
		command_complain("--json-lines contradicts %s",
		                 query->measurement.format == MEASURE_CLI_JSON
		                         ? "--json"
		                         : "--format");
		return REQTIME_EXIT_USAGE;
	}
	if (fleet->tolerance_ns == 0 && alone) {
		command_complain("--%s needs --tolerance SPAN, which judges each server",
		                 alone);
		return REQTIME_EXIT_USAGE;
	}
	if (fleet->tolerance_ns > 0 && query->measurement.format == MEASURE_CLI_NTPDATE) {
		command_complain("--format ntpdate has no place for the verdicts of "
		                 "--tolerance: use table, json, csv or line");
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

/* With --tolerance: the job of judging these servers. */
static int query_judge(const struct query_settings *query, struct server_spec **servers,
                       size_t *count, struct fleet_job *ret)
{
	*ret = (struct fleet_job){ .verb = "query",
		                   .is_json_lines = query->is_json_lines,
		                   .measurement = &query->measurement,
		                   .fleet = &query->fleet };
	return query->fleet.tolerance_ns > 0 ? fleet_take_servers(ret, servers, count) : 0;
}

/* The operands, then the servers of the file.  0, or the exit status with a line on stderr;
 * the caller frees `*ret` in both cases. */
static int query_servers(const struct query_settings *query, const char *const *operands,
                         size_t operand_count, struct fleet_job *ret_fleet,
                         struct server_spec **ret, size_t *ret_count)
{
	int status = query_check(query);

	if (status) {
		return status;
	}
	if (operand_count > 0) {
		status = measure_cli_servers(operands, operand_count, ret);
		if (status) {
			return status;
		}
		*ret_count = operand_count;
	}
	if (query->servers_file) {
		status = servers_file_read(query->servers_file, MEASURE_SOURCES_MAX, ret,
		                           ret_count);
	}
	return status ? status : query_judge(query, ret, ret_count, ret_fleet);
}

/* Measures in the sandbox.  Returns the exit status. */
static int query_measure(const struct query_settings *query,
                         struct measure_cli *measurement, const struct decide_view *view,
                         struct session *session)
{
	struct correct_result would;
	struct discipline discipline;
	struct run_record record;
	const struct plan *plan;
	struct run run;
	int status;

	history_session_load(session);
	decide_prepare(view, &session->view, &measurement->measure);
	history_session_take_keys(session, &measurement->measure);
	status = measure_cli_run(measurement, query->measurement.timeout_ns, &run);
	if (status) {
		return status;
	}
	if (run.status == RUN_INTERRUPTED) {
		status = 128 + run.signal;
		goto out;
	}
	run_record_init(&record, RUN_VERB_QUERY, &run);
	history_session_note_before(session, &record);
	plan = decide_would(&query->measurement, measurement->measure.server_count, view,
	                    session, &run, &record, &would, &discipline);
	record.kernel_flags |=
		decide_may_say_old(view, &run, &would) ? RECORD_CONFIRMED : 0;
	status = query_report(query, measurement, view, &run, &would, plan);
	command_flush(); /* before the disk is written */
	bound_cli_run(&query->measurement, &run, &record,
	              view->settings.no_discipline ? NULL : &discipline, &would);
	metrics_file_run(&run, &record, NULL, NULL);
	history_session_store(session, &record, &run);
out:
	history_session_put_keys(session);
	measure_free(&run);
	return status;
}

struct query_job {
	const struct query_settings *query;
	struct repeat_settings when;
	struct server_spec *servers;
	size_t server_count;
	struct fleet_job fleet; /* with --tolerance */
	struct parse again;     /* owns `query` after a SIGHUP */
};

static int query_once(void *ctx, bool is_try)
{
	const struct query_job *job = ctx;
	struct measure_cli_settings settings = job->query->measurement;
	struct decide_settings of_set;
	struct decide_view view;
	struct measure_cli measurement;
	struct session session;
	int status;

	(void)is_try;
	if (job->query->fleet.tolerance_ns > 0) {
		return fleet_once(&job->fleet);
	}
	/* With a list, each server is of interest. */
	settings.ask_all |= job->query->servers_file != NULL;
	run_log_open(&settings);
	metrics_file_open(&settings, RUN_VERB_QUERY);
	bound_cli_open(&settings, settings.every_ns > 0);
	history_session_open(&settings, HISTORY_SESSION_READS, true, &session);
	of_set = decide_settings_of_set(&settings);
	decide_look(&settings, &of_set, &view);
	decide_look_around(&view);
	status = measure_cli_open(&settings, job->servers, job->server_count, &measurement);
	if (status == 0) {
		measurement.measure.keeps_exchanges |=
			job->query->is_json_lines && settings.verbosity > 0;
		status = query_measure(job->query, &measurement, &view, &session);
		measure_cli_close(&measurement);
	}
	history_session_close(&session);
	metrics_file_end(status);
	run_log_end("query", status);
	run_log_close();
	return status;
}

/* Standard input can be read only once: then the servers stay, and the reference behind
 * them may be another one.  0, or the exit status with a line on stderr. */
static int query_reread_servers(struct query_job *job, const struct parse *again,
                                struct query_job *ret)
{
	const struct query_settings *query = again->settings;
	int status;

	*ret = (struct query_job){ .query = query };
	if (!query->servers_file || strcmp(query->servers_file, "-") != 0) {
		status = query_servers(query, again->operands, again->operand_count,
		                       &ret->fleet, &ret->servers, &ret->server_count);
		if (status) {
			free(ret->servers);
		}
		return status;
	}
	status = query_check(query);
	if (status == 0) {
		status = query_judge(query, &job->servers, &job->server_count, &ret->fleet);
		job->fleet.servers = job->servers;
	}
	ret->servers = job->servers;
	ret->server_count = job->server_count;
	ret->fleet.repeated_count = job->fleet.repeated_count;
	return status;
}

/* After an error the previous settings stay in force. */
static void query_reread(void *ctx)
{
	struct query_job *job = ctx;
	struct query_job next;
	struct parse again;

	if (command_parse_again(&again) != 0) {
		return;
	}
	if (query_reread_servers(job, &again, &next) != 0) {
		parse_close(&again);
		return;
	}
	if (next.servers != job->servers) {
		free(job->servers);
	}
	parse_close(&job->again);
	next.again = again;
	next.when.every_ns = next.query->measurement.every_ns;
	next.when.rereads = next.query->measurement.dhcp_servers != DHCP_SERVERS_NEVER;
	*job = next;
}

static int query_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	struct query_job job = { .query = settings };
	const struct repeat_job repeat = { .ctx = &job,
		                           .once = query_once,
		                           .reread = query_reread };
	int status;

	job.when.every_ns = job.query->measurement.every_ns;
	job.when.rereads = job.query->measurement.dhcp_servers != DHCP_SERVERS_NEVER;
	status = query_servers(job.query, operands, operand_count, &job.fleet, &job.servers,
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
	.summary = "measure how far off the clock is; change nothing",
	.examples =
		"    reqtime ntp1 ntp2 ntp3                   is the clock right?\n"
		"    reqtime -v --all ntp1 ntp2 ntp3          the details of each server\n"
		"    reqtime --json-lines --servers-file FILE all servers of a list\n",
	.groups = measure_cli_groups,
	.exit_statuses = COMMAND_EXIT_STATUSES,
	.operands = "[SERVER]...",
	.operand_option = "server",
	.check_operand = measure_cli_check_server,
	.operand_file_option = "servers-file",
	.config_default = COMMAND_CONFIG_DEFAULT,
	.config_folder = COMMAND_CONFIG_FOLDER,
	.options = query_options,
	.option_count = COUNT_OF(query_options),
	.shared_options = measure_cli_options,
	.shared_option_count = MEASURE_CLI_OPTION_COUNT,
	.settings_size = sizeof(struct query_settings),
	.defaults = query_defaults,
	.run = query_run,
};
