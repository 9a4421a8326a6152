/* SPDX-License-Identifier: MIT
 *
 * `reqtime history`: shows past runs.  The database may belong to any user: every privilege
 * is dropped before it is read, and the process that parses it can change no file.
 */
#include "cmd/history/history_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cli/command.h"
#include "cmd/cli/terminal.h"
#include "core/base/span.h"
#include "core/base/text_time.h"
#include "io/store/file_replace.h"
#include "io/store/state_dir.h"
#include "io/sys/clock_error.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/landlock.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"

enum { HOST_SIZE = 256 };
enum { TABLE_RUNS = 40 }; /* without --last and --since */
enum { DATE_LENGTH = sizeof("2026-11-25") - 1 };

enum history_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_PLOT };

struct show_settings {
	const char *config;
	const char *state_dir;
	const char *since;
	const char *verb;
	unsigned last;
	const char *html;
	int format; /* enum history_format */
	bool has_sources;
	bool is_ascii;
	int color; /* enum terminal_color */
};

#define AT(field) offsetof(struct show_settings, field)

/* clang-format off */
static const struct option_row show_options[] = {
	{ "since", 's', OPT_TEXT, AT(since), 0, 0, "WHEN",
	  "show runs since then: a span before now (7d), a date or an RFC 3339 time" },
	{ "last", 'n', OPT_COUNT, AT(last), 1, HISTORY_RUNS_MAX, "N",
	  "show the latest N runs (40 in a table, otherwise all)" },
	{ "verb", 0, OPT_TEXT, AT(verb), 0, 0, "set|query|check|dry",
	  "show only runs of set, query or check, or dry runs of set" },
	{ "sources", 0, OPT_FLAG, AT(has_sources), 0, 0, NULL,
	  "show the sources of each run" },
	{ "json", 0, OPT_CHOICE, AT(format), 0, FORMAT_JSON, NULL,
	  "print one line of JSON per run" },
	{ "csv", 0, OPT_CHOICE, AT(format), 0, FORMAT_CSV, NULL,
	  "print CSV (RFC 4180); with --sources one row per server" },
	{ "plot", 0, OPT_CHOICE, AT(format), 0, FORMAT_PLOT, NULL,
	  "draw offset, bound and frequency over time" },
	{ "html", 0, OPT_TEXT, AT(html), 0, 0, "FILE",
	  "write a self-contained HTML page; - is standard output" },
	{ "ascii", 0, OPT_FLAG, AT(is_ascii), 0, 0, NULL,
	  "draw in ASCII even in a UTF-8 locale" },
	{ "color", 0, OPT_WORD, AT(color), 0, 0, TERMINAL_COLOR_WORDS,
	  "colour the output (auto: on a terminal, unless NO_COLOR is set)" },
	{ "config", 'f', OPT_TEXT, AT(config), 0, 0, "FILE",
	  "configuration file (" COMMAND_CONFIG_DEFAULT ")" },
	{ "state-dir", 0, OPT_TEXT, AT(state_dir), 0, 0, "DIR",
	  "directory of the history (/var/lib/reqtime)" },
};
/* clang-format on */

static bool parse_date(const char *text, struct instant *ret)
{
	char whole[DATE_LENGTH + sizeof("T00:00:00Z")];

	if (strlen(text) != DATE_LENGTH) {
		return text_time_rfc3339_parse(text, strlen(text), ret);
	}
	snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
	return text_time_rfc3339_parse(whole, strlen(whole), ret);
}

static int parse_since(const char *text, struct instant *ret)
{
	char quoted[COMMAND_QUOTE_SIZE];
	enum span_verdict verdict;
	int64_t span_ns = 0;
	struct reading now;
	int r;

	ret->unix_ns = INT64_MIN;
	if (!text || parse_date(text, ret)) {
		return 0;
	}
	verdict = span_parse(text, &span_ns);
	if (verdict == SPAN_TOO_LARGE) {
		command_complain("--since: \"%s\" is %s", command_quote(text, quoted),
		                 span_verdict_text(verdict));
		return REQTIME_EXIT_USAGE;
	}
	if (verdict != SPAN_OK) {
		command_complain("--since: \"%s\" is neither a span (7d), a date "
		                 "(2026-11-25) nor an RFC 3339 time (2026-11-25T22:41:00Z)",
		                 command_quote(text, quoted));
		return REQTIME_EXIT_USAGE;
	}
	r = kernel_clock_now(&now);
	if (r < 0) {
		command_complain("cannot read the clock: %s", clock_error_text(r));
		return REQTIME_EXIT_SYSTEM;
	}
	*ret = instant_add_ns(now.wall, -span_ns);
	return 0;
}

static int parse_verb(const char *word, struct history_choice *ret)
{
	char quoted[COMMAND_QUOTE_SIZE];

	if (!word) {
		return 0;
	}
	ret->has_verb = true;
	ret->is_dry = strcmp(word, "dry") == 0;
	if (ret->is_dry) {
		ret->verb = RUN_VERB_SET;
		return 0;
	}
	for (int verb = 0; verb < RUN_VERB_COUNT; verb++) {
		if (strcmp(word, run_verb_name((enum run_verb)verb)) == 0) {
			ret->verb = (enum run_verb)verb;
			return 0;
		}
	}
	command_complain("--verb: \"%s\" is not one of set, query, check and dry",
	                 command_quote(word, quoted));
	return REQTIME_EXIT_USAGE;
}

/* After this no file can be changed. */
static int confine(const char *state_dir)
{
	const struct landlock_folder folder = { .path = state_dir, .may_read = true };
	int r = priv_drop_all();

	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	/* A missing directory is reported when it is opened. */
	r = landlock_enter(&folder, 1);
	if (r < 0 && r != -ENOSYS && r != -EPERM && r != -ENOENT && r != -EACCES &&
	    r != -ENOTDIR) {
		command_complain("cannot restrict access to other files: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = sandbox_enter(SANDBOX_READER);
	if (r < 0 && r != -ENOSYS) {
		command_complain("cannot enter the sandbox: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

static int complain_history(const char *state_dir, int error, const char *warning)
{
	char quoted[COMMAND_QUOTE_SIZE];

	if (error == -ENOENT) {
		command_complain("no history in %s: no run has been recorded there yet; "
		                 "run reqtime set, or name its directory with --state-dir",
		                 command_quote(state_dir, quoted));
		return REQTIME_EXIT_NOTHING;
	}
	if (*warning) {
		command_complain("%s", command_quote(warning, quoted));
	} else {
		command_complain("cannot read the history in %s: %s",
		                 command_quote(state_dir, quoted),
		                 error == -EUCLEAN ? "it is damaged" : strerror(-error));
	}
	return error == -EACCES ? REQTIME_EXIT_NOT_PERMITTED : REQTIME_EXIT_SYSTEM;
}

/* No run matches: names the options, and the latest run that exists. */
static int complain_choice(const char *state_dir, const struct show_settings *settings,
                           struct history_runs *runs)
{
	const struct history_choice all = { .since = { INT64_MIN } };
	char quoted[COMMAND_QUOTE_SIZE], at[RUN_TIME_SIZE];
	size_t count = 0, invalid_count = 0;
	int r;

	r = history_load_chosen(runs->history, &all, runs->runs, runs->numbers, 1, &count,
	                        &invalid_count);
	if (r < 0 || count == 0) {
		command_complain("no run is recorded in %s yet",
		                 command_quote(state_dir, quoted));
		return REQTIME_EXIT_NOTHING;
	}
	run_format_time(run_record_at(&runs->runs[0]), false, at);
	command_complain("no run matches%s%s%s%s; the latest run is of %s UTC",
	                 settings->since ? " --since " : "",
	                 settings->since ? command_quote(settings->since, quoted) : "",
	                 settings->verb ? " --verb " : "",
	                 settings->verb ? settings->verb : "", at);
	return REQTIME_EXIT_NOTHING;
}

static int load(const char *state_dir, const struct show_settings *settings,
                const struct history_choice *choice, size_t most, struct history_runs *ret)
{
	const struct history_settings look = { .is_anyones = true };
	char warning[HISTORY_WARNING_SIZE];
	int r;

	ret->runs = calloc(most, sizeof(*ret->runs));
	ret->numbers = calloc(most, sizeof(*ret->numbers));
	ret->sources = calloc(HISTORY_SOURCES_PER_RUN_MAX, sizeof(*ret->sources));
	ret->source_records =
		calloc(HISTORY_SOURCES_PER_RUN_MAX, sizeof(*ret->source_records));
	if (!ret->runs || !ret->numbers || !ret->sources || !ret->source_records) {
		return command_complain_memory();
	}
	r = history_open(state_dir, &look, &ret->history, warning);
	if (r < 0) {
		return complain_history(state_dir, r, warning);
	}
	r = history_load_chosen(ret->history, choice, ret->runs, ret->numbers, most,
	                        &ret->count, &ret->invalid_count);
	if (r < 0) {
		return complain_history(state_dir, r, "");
	}
	if (ret->invalid_count > 0) {
		command_complain("warning: %zu damaged record%s skipped",
		                 ret->invalid_count, ret->invalid_count == 1 ? "" : "s");
	}
	if (ret->count == 0) {
		return complain_choice(state_dir, settings, ret);
	}
	run_summary_make(ret->runs, ret->count, &ret->summary);
	return 0;
}

/* A call of the command. */
struct job {
	const struct show_settings *settings;
	const char *state_dir;
	struct history_choice choice;
	char host[HOST_SIZE];
	struct instant made_at;
	int page_fd;
};

static int show(const struct job *job, struct history_runs *runs)
{
	const struct show_settings *settings = job->settings;

	if (settings->html) {
		return history_show_page(runs, job->host, job->made_at, job->page_fd);
	}
	switch ((enum history_format)settings->format) {
	case FORMAT_JSON:
		return history_show_json(runs);
	case FORMAT_CSV:
		return history_show_csv(runs);
	case FORMAT_PLOT:
		return history_show_plot(runs);
	case FORMAT_TABLE:
		break;
	}
	if (settings->last == 0 && !settings->since && runs->count > TABLE_RUNS) {
		runs->shown_from = runs->count - TABLE_RUNS;
	}
	return history_show_table(runs);
}

static int load_and_show(const struct job *job)
{
	const struct show_settings *settings = job->settings;
	struct history_runs runs = {
		.has_sources = settings->has_sources,
		.style =
			terminal_style(STDOUT_FILENO, (enum terminal_color)settings->color),
	};
	int status;

	/* A plot is drawn for people even into a pipe. */
	if (settings->format == FORMAT_PLOT) {
		runs.style.has_utf8 |= terminal_is_utf8();
		terminal_size(STDOUT_FILENO, &runs.style.columns, &runs.lines);
	}
	runs.style.has_utf8 &= !settings->is_ascii;
	status = confine(job->state_dir);
	if (status == 0) {
		status = load(job->state_dir, settings, &job->choice,
		              settings->last ? settings->last : HISTORY_RUNS_MAX, &runs);
	}
	if (status == 0) {
		status = show(job, &runs);
	}
	history_close(runs.history);
	free(runs.runs);
	free(runs.numbers);
	free(runs.sources);
	free(runs.source_records);
	return status;
}

static int complain_page(const char *path, int error)
{
	char quoted[COMMAND_QUOTE_SIZE];

	command_complain("cannot write %s: %s%s", command_quote(path, quoted),
	                 file_replace_error_text(error),
	                 error == -EMEDIUMTYPE ? "; use - for standard output" : "");
	return REQTIME_EXIT_SYSTEM;
}

/* The child ends by the signal; this process still cleans up. */
static void signals_set(void (*handler)(int))
{
	signal(SIGINT, handler);
	signal(SIGTERM, handler);
	signal(SIGHUP, handler);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return REQTIME_EXIT_SYSTEM;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for the process that parses the history, which cannot rename files. */
static int page_to_file(struct job *job)
{
	const char *path = job->settings->html;
	struct file_replace page;
	int status, r;
	pid_t pid;

	r = file_replace_begin(path, &page);
	if (r < 0) {
		return complain_page(path, r);
	}
	signals_set(SIG_IGN);
	pid = fork();
	if (pid == 0) {
		signals_set(SIG_DFL);
		job->page_fd = page.fd;
		_exit(load_and_show(job));
	}
	status = pid < 0 ? REQTIME_EXIT_SYSTEM : wait_for(pid);
	r = file_replace_end(&page, status == 0, true);
	return r < 0 ? complain_page(path, r) : status;
}

/* Gets the time and the host name before the sandbox is entered. */
static int prepare_page(struct job *job)
{
	const struct show_settings *settings = job->settings;
	struct reading now;
	int r;

	if (settings->format != FORMAT_TABLE) {
		command_complain("--html contradicts %s: choose one of them",
		                 settings->format == FORMAT_JSON  ? "--json"
		                 : settings->format == FORMAT_CSV ? "--csv"
		                                                  : "--plot");
		return REQTIME_EXIT_USAGE;
	}
	r = kernel_clock_now(&now);
	if (r < 0) {
		command_complain("cannot read the clock: %s", clock_error_text(r));
		return REQTIME_EXIT_SYSTEM;
	}
	job->made_at = now.wall;
	if (gethostname(job->host, sizeof(job->host) - 1) < 0) {
		snprintf(job->host, sizeof(job->host), "this machine");
	}
	return 0;
}

static int show_run(const void *given, const char *const *operands, size_t operand_count)
{
	struct job job = { .settings = given, .page_fd = STDOUT_FILENO };
	const struct show_settings *settings = given;
	char buf[STATE_DIR_SIZE];
	int status;

	(void)operands;
	(void)operand_count;
	/* A closed pipe may end this program: it changes nothing. */
	signal(SIGPIPE, SIG_DFL);
	job.state_dir = settings->state_dir ? settings->state_dir : state_dir_default(buf);
	status = parse_since(settings->since, &job.choice.since);
	if (status == 0) {
		status = parse_verb(settings->verb, &job.choice);
	}
	if (status == 0 && settings->html) {
		status = prepare_page(&job);
	}
	if (status != 0) {
		return status;
	}
	return settings->html && strcmp(settings->html, "-") != 0 ? page_to_file(&job)
	                                                          : load_and_show(&job);
}

static const char *const command_line_only[] = { "since", "last", "verb", "sources",
	                                         "json",  "csv",  "plot", "ascii",
	                                         "html",  NULL };

const struct command command_history = {
	.name = "history",
	.summary = "show what past runs measured and did",
	.examples = "    reqtime history                          the latest runs\n"
		    "    reqtime history --since 7d --plot        a plot of the last week\n"
		    "    reqtime history --csv --last 100         for a spreadsheet\n",
	.options = show_options,
	.option_count = COUNT_OF(show_options),
	.config_default = COMMAND_CONFIG_DEFAULT,
	.config_folder = COMMAND_CONFIG_FOLDER,
	.command_line_only = command_line_only,
	.settings_size = sizeof(struct show_settings),
	.run = show_run,
};
