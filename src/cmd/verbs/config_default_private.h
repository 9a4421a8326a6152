/* SPDX-License-Identifier: MIT
 *
 * The default of an option that is not set and has no default value.
 */
#ifndef CMD_VERBS_CONFIG_DEFAULT_PRIVATE_H
#define CMD_VERBS_CONFIG_DEFAULT_PRIVATE_H

#include "cmd/cli/history_session.h"

/* The default in words, by the long name of the option; `*ret_is_value`: the text is a
 * value that could be set.  "none" without a default. */
const char *config_default(const char *name, bool *ret_is_value,
                           char buf[HISTORY_DIR_SIZE]);

#endif
