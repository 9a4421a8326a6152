/* SPDX-License-Identifier: MIT
 *
 * What somebody may have meant by a word or option that is not known: a slip of the finger, or the
 * habit of another program.
 */
#ifndef CMD_CLI_HINT_PRIVATE_H
#define CMD_CLI_HINT_PRIVATE_H

#include "cmd/cli/command.h"

enum { HINT_SIZE = 512 };

/* What to type instead of `word`, which is not a command of the program: "reqtime query".  NULL
 * where nothing is like it.  `*ret_is_slip`: it is a command but for a slip or its case; else the
 * word of another program. */
const char *hint_for_command(const struct program *program, const char *word,
                             bool *ret_is_slip, char buf[HINT_SIZE]);

/* A sentence that begins with a mark ("; did you mean --timeout?"), for `option` that `command` does
 * not know: "-x", or "--name" of `len` octets. */
const char *hint_for_option(const struct program *program, const struct command *command,
                            const char *option, size_t len, char buf[HINT_SIZE]);

/* For the word after an option, which was taken as its value and is not one: that it was, and what
 * others mean by that letter (0: a long option).  "" where it was meant as a value.  `value` may be
 * NULL. */
const char *hint_for_value(char letter, const char *value);

/* For a key that `section` of a configuration file does not know ("": what stands before the first):
 * the key that is like it, or the section that has it.  Else "". */
const char *hint_for_key(const struct program *program, const char *section,
                         const char *key, char buf[HINT_SIZE]);

#endif
