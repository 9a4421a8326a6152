/* SPDX-License-Identifier: MIT
 *
 * `reqtime status`: how right the clock is, and how it got there; sends no packet, writes
 * nothing.
 */
#include <stdio.h>
#include <unistd.h>

#include "cmd/cli/command.h"
#include "cmd/cli/terminal.h"
#include "cmd/status/screen_private.h"
#include "core/base/ntp_time.h"

#define YEAR_NS (365 * 86400 * NS_PER_S)
#define WITHIN_NS (100 * NS_PER_MS)
#define AT(field) offsetof(struct status_settings, field)

/* clang-format off */
static const struct option_row status_options[] = {
	{ "within", 0, OPT_SPAN_NS, AT(now.within_ns), 1, YEAR_NS, "SPAN",
	  "the clock is right enough when it is off by no more than this (100ms)" },
	{ "proved", 0, OPT_FLAG, AT(now.is_proved), 0, 0, NULL,
	  "--within is for the proved bound, not for the likely one" },
	{ "wait", 0, OPT_SPAN_NS, AT(now.wait_ns), 0, YEAR_NS, "SPAN",
	  "wait at most this long until it is right enough" },
	{ "max-drift", 0, OPT_COUNT, AT(now.max_drift_ppm), 1, 500, "PPM",
	  "by which the proved bound grows (as set said; 50)" },
	{ "quiet", 'q', OPT_FLAG, AT(is_quiet), 0, 0, NULL,
	  "print nothing: the exit status is the answer" },
	{ "json", 0, OPT_FLAG, AT(now.is_json), 0, 0, NULL, "print one line of JSON" },
	{ "color", 0, OPT_WORD, AT(color), 0, 0, TERMINAL_COLOR_WORDS,
	  "colour the output (auto: on a terminal, unless NO_COLOR is set)" },
	{ "bound-file", 0, OPT_TEXT, AT(now.bound_file), 0, 0, "FILE",
	  "file that reqtime set has left (" REQTIME_NOW_FILE ")" },
	{ "config", 'f', OPT_TEXT, AT(config), 0, 0, "FILE",
	  "configuration file (" COMMAND_CONFIG_DEFAULT ")" },
	{ "state-dir", 0, OPT_TEXT, AT(state_dir), 0, 0, "DIR",
	  "directory of the history (/var/lib/reqtime)" },
};
/* clang-format on */

static void status_defaults(void *settings)
{
	struct status_settings *status = settings;

	now_settings_init(&status->now);
	status->now.bound_file = NULL;
	status->now.within_ns = WITHIN_NS;
}

static int exit_status(const struct now_settings *settings, const struct now_view *view)
{
	return view->error                     ? REQTIME_EXIT_SYSTEM
	       : now_is_within(settings, view) ? REQTIME_EXIT_OK
	                                       : REQTIME_EXIT_NOTHING;
}

static int show(const struct status_settings *settings, struct status_look *look)
{
	const struct style style =
		terminal_style(STDOUT_FILENO, (enum terminal_color)settings->color);
	char text[STATUS_REPORT_SIZE];
	int status = status_look(settings, look);

	if (status == 0 && settings->now.is_json) {
		status = command_print(status_json(settings, look));
	} else if (status == 0) {
		status_report(&look->view, &style, text, sizeof(text));
		fputs(text, stdout);
	}
	return status != 0 ? status : exit_status(&settings->now, &look->view.now);
}

static int status_run(const void *ctx, const char *const *operands, size_t operand_count)
{
	struct status_settings settings = *(const struct status_settings *)ctx;
	struct status_look look;
	struct now_view view;
	int status;

	(void)operands;
	(void)operand_count;
	status_look_prepare(&settings, &look);
	if (settings.is_quiet || settings.now.wait_ns > 0) {
		now_wait(&settings.now, &view);
	}
	status = settings.is_quiet ? exit_status(&settings.now, &view)
	                           : show(&settings, &look);
	status_look_free(&look);
	return status;
}

/* A configuration file says what is right enough, and where things are. */
static const char *const command_line_only[] = { "wait", "quiet", "json", NULL };

const struct command command_status = {
	.name = "status",
	.summary = "is the clock right, and what keeps it so; sends no packet",
	.examples = "    reqtime status                           all on one screen\n"
		    "    reqtime status --within 10ms             exit with 1 unless it is "
		    "that "
		    "right\n"
		    "    reqtime status -q --wait 1m              wait until it is right "
		    "enough\n",
	.exit_statuses = "  0  the clock is right enough\n"
			 "  1  it is not, or that is not known: the reason is shown\n"
			 "  2  wrong usage or configuration\n"
			 "  6  system error\n",
	.options = status_options,
	.option_count = COUNT_OF(status_options),
	.config_default = COMMAND_CONFIG_DEFAULT,
	.config_folder = COMMAND_CONFIG_FOLDER,
	.command_line_only = command_line_only,
	.settings_size = sizeof(struct status_settings),
	.defaults = status_defaults,
	.run = status_run,
};
