/* SPDX-License-Identifier: MIT
 *
 * A monitoring plugin: one line on stdout and an exit status from 0 to 3, whatever happens.
 * So complaints are kept for stdout too, and a run that ends early also prints a line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command.h"
#include "cmd/cli/decide_cli.h"
#include "cmd/cli/json.h"
#include "cmd/cli/metrics_file.h"
#include "core/report/check_result.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/monotonic.h"

struct check_settings {
	struct measure_cli_settings measurement; /* first: offsets of the shared options */
	struct check_limits limits;
};
_Static_assert(offsetof(struct check_settings, measurement) == 0, "shared options");

/* The levels of -v: what they show below the line. */
enum { SHOWS_SOURCES = 1, SHOWS_DETAILS = 2, SHOWS_ALL = 3 };

static bool is_printed; /* the line has been printed ... */
static bool is_json;    /* ... as JSON */

#define WARNING(quantity) offsetof(struct check_settings, limits.of[quantity].warning)
#define CRITICAL(quantity) offsetof(struct check_settings, limits.of[quantity].critical)

/* clang-format off */
static const struct option_row check_options[] = {
	{ "warning", 'w', OPT_RANGE, WARNING(CHECK_OFFSET), 0, THRESHOLD_SPAN, "RANGE",
	  "WARNING when the offset is outside RANGE (50ms, which means -50ms:50ms)" },
	{ "critical", 'c', OPT_RANGE, CRITICAL(CHECK_OFFSET), 0, THRESHOLD_SPAN, "RANGE",
	  "CRITICAL when all of offset +- bound is outside RANGE (1s)" },
	{ "stratum-warning", 'W', OPT_RANGE, WARNING(CHECK_STRATUM), 0, THRESHOLD_COUNT, "RANGE",
	  "WARNING when the lowest stratum of the selected servers is outside RANGE" },
	{ "stratum-critical", 'C', OPT_RANGE, CRITICAL(CHECK_STRATUM), 0, THRESHOLD_COUNT, "RANGE",
	  "CRITICAL when it is outside RANGE" },
	{ "bound-warning", 0, OPT_RANGE, WARNING(CHECK_BOUND), 0, THRESHOLD_LENGTH, "RANGE",
	  "WARNING when the bound is outside RANGE" },
	{ "bound-critical", 0, OPT_RANGE, CRITICAL(CHECK_BOUND), 0, THRESHOLD_LENGTH, "RANGE",
	  "CRITICAL when it is outside RANGE" },
	{ "root-distance-warning", 0, OPT_RANGE, WARNING(CHECK_ROOT_DISTANCE), 0, THRESHOLD_LENGTH, "RANGE",
	  "WARNING when the nearest selected server's root distance is outside RANGE" },
	{ "root-distance-critical", 0, OPT_RANGE, CRITICAL(CHECK_ROOT_DISTANCE), 0, THRESHOLD_LENGTH, "RANGE",
	  "CRITICAL when it is outside RANGE" },
	{ "certificate-warning", 0, OPT_SPAN_NS, offsetof(struct check_settings, limits.certificate_warning_ns),
	  NS_PER_S, INT64_C(100) * 365 * 86400 * NS_PER_S, "SPAN",
	  "WARNING when the certificate of an nts:// server expires within SPAN" },
	{ "require-authenticated", 0, OPT_FLAG,
	  offsetof(struct check_settings, limits.requires_authenticated), 0, 0, NULL,
	  "CRITICAL when the answer is not authenticated" },
};
/* clang-format on */

static struct threshold within(int64_t ns, const char *given)
{
	return (struct threshold){ .is_set = true,
		                   .has_low = true,
		                   .has_high = true,
		                   .low = -ns,
		                   .high = ns,
		                   .given = given };
}

static void check_defaults(void *settings)
{
	struct check_settings *check = settings;

	measure_cli_defaults(&check->measurement);
	check->limits.of[CHECK_OFFSET].warning = within(50 * NS_PER_MS, "50ms");
	check->limits.of[CHECK_OFFSET].critical = within(NS_PER_S, "1s");
}

/* Takes `text`; NULL means out of memory. */
static int print_line(char *text)
{
	const int status = command_print(text);

	is_printed |= status == 0;
	return status;
}

/* Prints lines escaped, so that they cannot be taken for performance data. */
static int print_below(const char *words)
{
	const size_t size = check_result_escape(words, NULL, 0) + 1;
	char *text = malloc(size);

	if (!text) {
		return command_complain_memory();
	}
	check_result_escape(words, text, size);
	fputs(text, stdout);
	free(text);
	return 0;
}

static char *line_of(const struct run *run, const struct check_limits *limits,
                     const struct check_result *check_result)
{
	const size_t size = check_result_line(run, limits, check_result, NULL, 0) + 1;
	char *text = malloc(size);

	if (text) {
		check_result_line(run, limits, check_result, text, size);
	}
	return text;
}

/* The details of -v, printed as by `query`. */
static int print_more(const struct measure_cli *measurement, const struct run *run,
                      const struct plan *plan)
{
	struct measure_cli shown = *measurement;
	char *words = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&words, &len);
	int status;

	if (!to) {
		return command_complain_memory();
	}
	shown.style = STYLE_PLAIN; /* the same on every terminal and page */
	shown.verbosity = measurement->verbosity >= SHOWS_DETAILS;
	status = measure_cli_print(&shown, run,
	                           measurement->verbosity >= SHOWS_ALL ? plan : NULL, to);
	if (fclose(to) != 0 && status == 0) {
		status = command_complain_memory();
	}
	if (status == 0) {
		status = print_below(words);
	}
	free(words);
	return status;
}

static int print_all(const struct check_settings *check,
                     const struct measure_cli *measurement, const struct run *run,
                     const struct plan *plan, const struct check_result *check_result)
{
	struct json_report report = {
		.verb = "check", .run = run, .plan = plan, .check_result = check_result
	};
	int status;

	if (check->measurement.format == MEASURE_CLI_JSON) {
		is_json = true;
		return print_line(json_render(&report));
	}
	status = print_line(line_of(run, &check->limits, check_result));
	if (status == 0 && measurement->verbosity >= SHOWS_SOURCES) {
		status = print_more(measurement, run, plan);
	}
	return status;
}

/* Measures in the sandbox.  Returns the exit status. */
static int check_measure(const struct check_settings *check,
                         struct measure_cli *measurement, const struct decide_view *seen,
                         struct session *session, int64_t deadline_mono_ns)
{
	const struct history_view *view = &session->view;
	int64_t left_ns = deadline_mono_ns - monotonic_now_ns();
	struct run_record record;
	const struct discipline_drag drag = discipline_drag(&view->replay.discipline);
	struct correct_result would;
	struct discipline discipline;
	const struct plan *plan;
	struct check_result check_result;
	struct run run;
	int status;

	decide_prepare(seen, view, &measurement->measure);
	history_session_take_keys(session, &measurement->measure);
	measurement->measure.may_probe = true;
	status = measure_cli_run(measurement, left_ns > NS_PER_MS ? left_ns : NS_PER_MS,
	                         &run);
	if (status) {
		return status;
	}
	if (run.status == RUN_INTERRUPTED) {
		command_complain("ended by signal %d", run.signal);
		status = 128 + run.signal;
		goto out;
	}
	check_result_make(&run, &check->limits, &check_result);
	check_result_note_drag(&check_result, &drag);
	run_record_init(&record, RUN_VERB_CHECK, &run);
	history_session_note_before(session, &record);
	plan = decide_would(&check->measurement, measurement->measure.server_count, seen,
	                    session, &run, &record, &would, &discipline);
	record.kernel_flags |=
		decide_may_say_old(seen, &run, &would) ? RECORD_CONFIRMED : 0;
	status = print_all(check, measurement, &run, plan, &check_result);
	command_flush(); /* before the disk is written */
	status = status ? status : (int)check_result.state;
	record.exit_status = (uint32_t)status;
	metrics_file_run(&run, &record, &check_result, NULL);
	history_session_store(session, &record, &run);
out:
	history_session_put_keys(session);
	measure_free(&run);
	return status;
}

static int check_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	const struct check_settings *check = settings;
	const int64_t deadline_mono_ns =
		ns_add(monotonic_now_ns(), check->measurement.timeout_ns);
	struct measure_cli_settings how = check->measurement;
	struct server_spec *servers = NULL;
	struct decide_settings of_set;
	struct decide_view seen;
	struct measure_cli measurement;
	struct session session;
	sigset_t held;
	int status;

	/* Blocked until measure() handles them. */
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &held, NULL);
	status = measure_cli_servers(operands, operand_count, &servers);
	if (status) {
		return status;
	}
	how.is_quiet = true; /* no progress line before the one line */
	metrics_file_open(&how, RUN_VERB_CHECK);
	history_session_open(&how, HISTORY_SESSION_READS, true, &session);
	history_session_load(&session);
	of_set = decide_settings_of_set(&how);
	decide_look(&how, &of_set, &seen);
	decide_look_around(&seen);
	status = measure_cli_open(&how, servers, operand_count, &measurement);
	if (status == 0) {
		status = check_measure(check, &measurement, &seen, &session,
		                       deadline_mono_ns);
		measure_cli_close(&measurement);
	}
	history_session_close(&session);
	metrics_file_end(status > CHECK_UNKNOWN && status < 128 ? CHECK_UNKNOWN : status);
	free(servers);
	return status;
}

/* Any error becomes a line on stdout, and UNKNOWN. */
static int check_conclude(int status, const char *complaints)
{
	const size_t first_len = strcspn(complaints, "\n");
	char first[1024], line[4 * sizeof(first) + 32];

	if (!is_printed && status != 0) {
		snprintf(first, sizeof(first), "%.*s", (int)first_len,
		         first_len > 0 ? complaints : "the reason is not known");
		check_result_unknown_line(first, line, sizeof(line));
		puts(line);
		complaints += first_len + (complaints[first_len] == '\n');
		status = CHECK_UNKNOWN;
	}
	if (is_printed && is_json) {
		fputs(complaints, stderr); /* an object is all of stdout */
	} else if (complaints[0] != '\0' && print_below(complaints) != 0) {
		status = CHECK_UNKNOWN;
	}
	return status <= CHECK_UNKNOWN ? status : CHECK_UNKNOWN;
}

const struct command command_check = {
	.name = "check",
	.summary = "check the clock as a monitoring plugin: one line, exit status 0 to 3",
	.examples = "    reqtime check -w 100ms -c 1s ntp1        for Nagios, Icinga and "
		    "similar\n"
		    "    reqtime check -c 1s -C 4 ntp1 ntp2 ntp3  also require stratum 4 "
		    "or less\n"
		    "    reqtime check -v ntp1 ntp2 ntp3          also show each server\n",
	.groups = measure_cli_groups,
	.exit_statuses = "  0  OK\n"
			 "  1  WARNING: a limit is exceeded, or may be (inconclusive)\n"
			 "  2  CRITICAL: all of offset +- bound is outside the limit\n"
			 "  3  UNKNOWN: no trusted time, or wrong usage\n",
	.operands = "[SERVER]...",
	.operand_option = "server",
	.check_operand = measure_cli_check_server,
	.config_default = COMMAND_CONFIG_DEFAULT,
	.config_folder = COMMAND_CONFIG_FOLDER,
	.usage_status = CHECK_UNKNOWN,
	.conclude = check_conclude,
	.options = check_options,
	.option_count = COUNT_OF(check_options),
	.shared_options = measure_cli_options,
	.shared_option_count = MEASURE_CLI_CHECK_OPTION_COUNT,
	.settings_size = sizeof(struct check_settings),
	.defaults = check_defaults,
	.run = check_run,
};
