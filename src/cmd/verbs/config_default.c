/* SPDX-License-Identifier: MIT
 *
 * Defaults that are no fixed value: they depend on the server, the majority or the
 * environment.
 */
#include "cmd/verbs/config_default_private.h"

#include <string.h>

#include "cmd/cli/decide_cli.h"
#include "core/base/span.h"
#include "reqtime/now.h"

static const struct {
	const char *name;
	const char *words;
} defaults[] = {
	{ "interval", "2s on public addresses, otherwise as soon as the answer is there" },
	{ "min-sources", "1" },
	{ "liars", "fewer than half of the sources" },
	{ "refuse-back-above", "no more than refuse-above" },
	{ "confirm", "a run that is held back is not repeated" },
	{ "every", "once" },
	{ "bound-file", REQTIME_NOW_FILE ", where it can be written" },
};

const char *config_default(const char *name, bool *ret_is_value, char buf[HISTORY_DIR_SIZE])
{
	char limit[SPAN_TEXT_SIZE];

	*ret_is_value = strcmp(name, "state-dir") == 0;
	if (*ret_is_value) {
		return state_dir_default(buf);
	}
	if (strcmp(name, "refuse-above") == 0) {
		span_write(DECIDE_REFUSE_ABOVE_NS, limit);
		snprintf(buf, HISTORY_DIR_SIZE, "%s, unless later runs confirm the offset",
		         limit);
		return buf;
	}
	for (size_t i = 0; i < COUNT_OF(defaults); i++) {
		if (strcmp(name, defaults[i].name) == 0) {
			return defaults[i].words;
		}
	}
	return "none";
}
