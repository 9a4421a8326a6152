/* SPDX-License-Identifier: MIT
 *
 * What holds for an option that is not set and has no value of its own.
 */
#ifndef CMD_VERBS_CONFIG_DEFAULT_PRIVATE_H
#define CMD_VERBS_CONFIG_DEFAULT_PRIVATE_H

#include "cmd/cli/history_session.h"

/* In words, by the long name of the option; `*ret_is_value`: the text is a value, and to give it would change
 * nothing.  "none" where nothing holds. */
const char *config_default(const char *name, bool *ret_is_value,
                           char buf[HISTORY_DIR_SIZE]);

#endif
