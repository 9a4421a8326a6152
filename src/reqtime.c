/* SPDX-License-Identifier: MIT
 *
 * The commands of the client `reqtime`.
 */
#include "cmd/cli/command.h"

int main(int argc, char **argv)
{
	/* The first is the default: a command line without a command changes nothing. */
	static const struct command *const commands[] = { &command_query, &command_set,
		                                          &command_check, &command_status,
		                                          &command_now,   &command_skew,
		                                          &command_trace, &command_history,
		                                          &command_config };

	command_close_descriptors(&command_query);
	return command_main("reqtime", commands, COUNT_OF(commands), argc, argv);
}
