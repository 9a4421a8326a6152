/* SPDX-License-Identifier: MIT
 *
 * A past run as JSON, as reqtime-history(1) specifies it.
 */
#ifndef CMD_HISTORY_JSON_PRIVATE_H
#define CMD_HISTORY_JSON_PRIVATE_H

#include "core/discipline/run_record.h"

/* A line without a line feed, ASCII only; the caller frees it.  NULL: out of memory.
 * `sources` NULL: without --sources there is no such key. */
char *history_json_run(const struct run_record *run, const struct run_source *sources,
                       size_t count);

#endif
