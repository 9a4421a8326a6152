/* SPDX-License-Identifier: MIT
 *
 * Parts of a recorded run, for `history` and `status`.
 */
#include "cmd/cli/json_record.h"

#include <jansson.h>
#include <string.h>

#include "cmd/cli/json.h"
#include "core/base/text.h"
#include "core/history/run_view.h"

struct json_t *json_untrusted(const char *words)
{
	char escaped[4 * RECORD_BOOT_ID_SIZE];

	text_escape((const uint8_t *)words, strlen(words), escaped, sizeof(escaped));
	return escaped[0] != '\0' ? json_string(escaped) : json_null();
}

struct json_t *json_record_plan(const struct run_record *run)
{
	if (!run->has_plan) {
		return json_null();
	}
	return json_pack("{ss so ss}", "action",
	                 plan_action_name((enum plan_action)run->plan_action), "by_ns",
	                 json_integer((json_int_t)run->plan_by_ns), "reason",
	                 plan_reason_text((enum plan_reason)run->plan_reason));
}

struct json_t *json_record_applied(const struct run_record *run)
{
	if (!run_record_action_name(run)) {
		return json_null();
	}
	return json_pack("{ss so}", "action",
	                 plan_action_name((enum plan_action)run->applied_action), "by_ns",
	                 json_integer((json_int_t)run->applied_by_ns));
}

struct json_t *json_record_sources(const struct run_source *sources, size_t count)
{
	json_t *array = json_array();
	struct run_source source;

	for (size_t i = 0; array && i < count; i++) {
		source = sources[i];
		text_escape((const uint8_t *)sources[i].name, strlen(sources[i].name),
		            source.name, sizeof(source.name));
		if (json_array_append_new(array, json_source(&source)) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}
