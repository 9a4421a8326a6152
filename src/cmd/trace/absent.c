/* SPDX-License-Identifier: MIT
 *
 * `reqtime trace` of the static build, which has none: libpcap.a asks for libdbus, of which
 * there is no static library.  The word stays known, else it would be the name of a server, and so do its
 * options: whatever is asked for, the answer is the same.
 */
#include "cmd/trace/trace_private.h"

static int absent_run(const void *settings, const char *const *operands,
                      size_t operand_count)
{
	(void)settings;
	(void)operands;
	(void)operand_count;
	command_complain("trace is not in this static build: libpcap cannot be linked into "
	                 "it; `make` builds a reqtime that has it, and tcpdump -w writes "
	                 "what that reads elsewhere");
	return REQTIME_EXIT_USAGE;
}

const struct command command_trace = {
	.name = "trace",
	.summary = "(not in this static build)",
	.operands = "[FILE]",
	.options = trace_options,
	.option_count = TRACE_OPTION_COUNT,
	.settings_size = sizeof(struct trace_settings),
	.run = absent_run,
};
