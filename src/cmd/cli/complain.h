/* SPDX-License-Identifier: MIT
 *
 * Complaints: lines on stderr, or kept for a command that prints them itself.
 */
#ifndef CMD_CLI_COMPLAIN_H
#define CMD_CLI_COMPLAIN_H

#include <stdbool.h>

#include "core/base/base.h"

/* The name before each line, and whether the lines are kept instead of printed. */
void complain_as(const char *program, bool is_kept);
/* The lines kept since then, each with a line feed. */
const char *complain_kept(void);

/* "PROGRAM: ..." and a line feed on stderr. */
void command_complain(const char *format, ...) PRINTF_LIKE(1, 2);
/* Reports a lack of memory.  REQTIME_EXIT_SYSTEM. */
int command_complain_memory(void);
/* `to` gets each complaint too, without the program's name; NULL ends that. */
void command_complain_also(void (*to)(const char *text));

/* A word of argv made harmless for messages, cut to fit. */
enum { COMMAND_QUOTE_SIZE = 160 };
const char *command_quote(const char *word, char buf[COMMAND_QUOTE_SIZE]);

#endif
