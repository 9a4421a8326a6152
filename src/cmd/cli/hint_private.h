/* SPDX-License-Identifier: MIT
 *
 * Suggestions for an unknown word or option: a typing error, or a habit from another
 * program.
 */
#ifndef CMD_CLI_HINT_PRIVATE_H
#define CMD_CLI_HINT_PRIVATE_H

#include "cmd/cli/command.h"

enum { HINT_SIZE = 512 };

/* The words to type instead of `word`, which is no command of the program: "reqtime query".
 * NULL without a suggestion.  `*ret_is_slip`: a misspelt command; else a word of another
 * program. */
const char *hint_for_command(const struct program *program, const char *word,
                             bool *ret_is_slip, char buf[HINT_SIZE]);

/* A clause that begins with punctuation ("; did you mean --timeout?"), for `option` that
 * `command` does not have: "-x", or "--name" of `len` octets. */
const char *hint_for_option(const struct program *program, const struct command *command,
                            const char *option, size_t len, char buf[HINT_SIZE]);

/* For an invalid value that may be a misplaced word: says that the option took it, and how
 * to get what other programs do with that letter (0: a long option). "" where it was meant
 * as a value.  `value` may be NULL. */
const char *hint_for_value(char letter, const char *value);

/* For a key that `section` of a configuration file does not have ("": before the first
 * section): a similar key, or the section that has it.  Else "". */
const char *hint_for_key(const struct program *program, const char *section,
                         const char *key, char buf[HINT_SIZE]);

#endif
