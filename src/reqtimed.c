/* SPDX-License-Identifier: MIT
 *
 * The server `reqtimed`: a program of one command.
 */
#include "cmd/cli/command.h"

int main(int argc, char **argv)
{
	static const struct command *const commands[] = { &command_serve };

	command_close_descriptors(&command_serve);
	return command_main("reqtimed", commands, COUNT_OF(commands), argc, argv);
}
