/* SPDX-License-Identifier: MIT
 *
 * The options of a command from a configuration file: the keys are the long names of the
 * options, in no section or in that of the program.
 *
 *   config_file_apply* -> config_file_close, when the settings are not used any more
 */
#ifndef CMD_CONFIG_FILE_H
#define CMD_CONFIG_FILE_H

#include "cmd/command.h"

enum { CONFIG_FILE_TEXTS_MAX = 1024 };

/* The texts that settings point to.  Starts as zeros. */
struct config_file {
	char *texts[CONFIG_FILE_TEXTS_MAX];
	size_t text_count;
};

/* What `settings` say already, that is, whose field is not zero, the command line has said: the
 * file does not change it.  `command_line_only` names options that make no sense in a
 * file, NULL at its end.  0, or EXIT_USAGE with one line "FILE:LINE: reason" on stderr. */
int config_file_apply(struct config_file *file, const char *path, const char *section,
                      const struct command *command, const char *const *command_line_only,
                      void *settings);
void config_file_close(struct config_file *file);

#endif
