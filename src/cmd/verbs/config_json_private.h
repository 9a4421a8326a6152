/* SPDX-License-Identifier: MIT
 *
 * The effective settings as JSON, as reqtime(1) specifies it.
 */
#ifndef CMD_VERBS_CONFIG_JSON_PRIVATE_H
#define CMD_VERBS_CONFIG_JSON_PRIVATE_H

#include "cmd/cli/parse.h"

/* A line in ASCII, freed by the caller; NULL: out of memory, or a value is not UTF-8. */
char *config_json_render(const struct parse *parses, size_t count);

#endif
