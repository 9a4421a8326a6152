/* SPDX-License-Identifier: MIT
 *
 * `reqtime trace` of the static build, which has none: libpcap.a asks for libdbus, of which
 * there is no static library.  The word stays known, else it would be the name of a server.
 */
#include "cmd/cli/command.h"

struct absent_settings {
	bool unused;
};

static int absent_run(const void *settings, const char *const *operands,
                      size_t operand_count)
{
	(void)settings;
	(void)operands;
	(void)operand_count;
	command_complain("trace is not in this static build: libpcap cannot be linked into "
	                 "it; `make` builds a reqtime that has it");
	return REQTIME_EXIT_USAGE;
}

const struct command command_trace = {
	.name = "trace",
	.summary = "(not in this static build)",
	.operands = "[FILE]",
	.settings_size = sizeof(struct absent_settings),
	.run = absent_run,
};
