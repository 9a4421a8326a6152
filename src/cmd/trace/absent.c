/* SPDX-License-Identifier: MIT
 *
 * `reqtime trace` of the static build, which lacks it: libpcap.a needs libdbus, which has
 * no static library.  The command stays known, else it would be taken for a server name,
 * and so do its options: every call gets the same message.
 */
#include "cmd/trace/trace_private.h"

static int absent_run(const void *settings, const char *const *operands,
                      size_t operand_count)
{
	(void)settings;
	(void)operands;
	(void)operand_count;
	command_complain("trace is not in this static build, which cannot contain libpcap; "
	                 "build a reqtime that has it with `make`, or capture with "
	                 "tcpdump -w and read the file elsewhere");
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
