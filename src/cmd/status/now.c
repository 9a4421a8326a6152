/* SPDX-License-Identifier: MIT
 *
 * `reqtime now`: the true time lies in [earliest, latest], without a packet.
 */
#include <jansson.h>
#include <stdio.h>

#include "cmd/cli/command.h"
#include "cmd/cli/terminal.h"
#include "cmd/status/status_private.h"
#include "core/base/ntp_time.h"

#define YEAR_NS (365 * 86400 * NS_PER_S)
#define AT(field) offsetof(struct now_settings, field)

enum { TEXT_SIZE = 512 };

/* clang-format off */
static const struct option_row now_options[] = {
	{ "bound-file", 0, OPT_TEXT, AT(bound_file), 0, 0, "FILE",
	  "file that reqtime set has left (" REQTIME_NOW_FILE ")" },
	{ "within", 0, OPT_SPAN_NS, AT(within_ns), 1, YEAR_NS, "SPAN",
	  "exit with 1 when the clock may be off by more than this" },
	{ "proved", 0, OPT_FLAG, AT(is_proved), 0, 0, NULL,
	  "--within is for the proved bound, not for the likely one" },
	{ "wait", 0, OPT_SPAN_NS, AT(wait_ns), 0, YEAR_NS, "SPAN",
	  "wait at most this long until the time is known, and within --within" },
	{ "max-drift", 0, OPT_COUNT, AT(max_drift_ppm), 1, 500, "PPM",
	  "by which the proved bound grows (as set said; 50)" },
	{ "json", 0, OPT_FLAG, AT(is_json), 0, 0, NULL, "print one line of JSON" },
};
/* clang-format on */

static void now_defaults(void *settings)
{
	now_settings_init(settings);
}

static char *render_json(const struct now_settings *settings, const struct now_view *view)
{
	json_t *root = now_json("now", settings, view);
	char *line = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(root);
	return line;
}

static int now_run(const void *ctx, const char *const *operands, size_t operand_count)
{
	const struct now_settings *settings = ctx;
	const struct style style = terminal_style(1, TERMINAL_COLOR_NEVER);
	struct now_view view;
	char text[TEXT_SIZE];
	int status = 0;

	(void)operands;
	(void)operand_count;
	now_wait(settings, &view);
	if (settings->is_json) {
		status = command_print(render_json(settings, &view));
	} else {
		now_report(&view, &style, text, sizeof(text));
		if (view.status == REQTIME_NOW_OK) {
			fputs(text, stdout);
		} else {
			fprintf(stderr, "reqtime now: %s", text);
		}
	}
	if (status == 0 && view.error) {
		status = REQTIME_EXIT_SYSTEM;
	}
	return status != 0                      ? status
	       : now_is_within(settings, &view) ? REQTIME_EXIT_OK
	                                        : REQTIME_EXIT_NOTHING;
}

const struct command command_now = {
	.name = "now",
	.summary = "the true time lies between two times; sends no packet",
	.examples = "    reqtime now                              earliest and latest true "
		    "time\n"
		    "    reqtime now --within 10ms --wait 1m      wait until the clock is "
		    "that right\n"
		    "    reqtime now --json                       for programs\n",
	.exit_statuses = "  0  the time is known (and within --within)\n"
			 "  1  it is not: the reason is shown\n"
			 "  2  wrong usage\n"
			 "  6  system error\n",
	.options = now_options,
	.option_count = COUNT_OF(now_options),
	.settings_size = sizeof(struct now_settings),
	.defaults = now_defaults,
	.run = now_run,
};
