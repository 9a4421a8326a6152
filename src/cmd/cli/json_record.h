/* SPDX-License-Identifier: MIT
 *
 * Parts of a recorded run as JSON.
 */
#ifndef CMD_CLI_JSON_RECORD_H
#define CMD_CLI_JSON_RECORD_H

#include "core/discipline/run_record.h"

struct json_t;

/* All of these: NULL means out of memory; what is not known is null. */

/* Escaped: the text comes from a file, and JSON accepts only UTF-8.  At most
 * RECORD_BOOT_ID_SIZE octets. */
struct json_t *json_untrusted(const char *words);
/* `plan` and `applied` of the run. */
struct json_t *json_record_plan(const struct run_record *run);
struct json_t *json_record_applied(const struct run_record *run);
/* An array, each as json_source(). */
struct json_t *json_record_sources(const struct run_source *sources, size_t count);

#endif
