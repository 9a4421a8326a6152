/* SPDX-License-Identifier: MIT
 *
 * A past run as a JSON object.
 */
#include "cmd/history/json_private.h"

#include <jansson.h>
#include <string.h>

#include "cmd/cli/json.h"
#include "cmd/cli/json_record.h"
#include "core/base/text.h"
#include "core/base/text_time.h"
#include "core/history/run_view.h"

/* Takes `value`.  Out of memory leaves `*root` NULL for all later calls. */
static void put(json_t **root, const char *key, json_t *value)
{
	if (!*root) {
		json_decref(value);
	} else if (json_object_set_new(*root, key, value) < 0) {
		json_decref(*root);
		*root = NULL;
	}
}

static void put_integer(json_t **root, const char *key, bool is_known, int64_t value)
{
	put(root, key, is_known ? json_integer((json_int_t)value) : json_null());
}

static void put_time(json_t **root, const char *key, struct instant at)
{
	char text[TEXT_TIME_RFC3339_SIZE];

	text_time_rfc3339(at, text);
	put(root, key, json_string(text));
}

static void put_answer(json_t **root, const struct run_record *run)
{
	const bool is_known = run->has_answer;

	put_integer(root, "offset_ns", is_known, run->offset_ns);
	put_integer(root, "bound_ns", is_known, run->bound_ns);
	put_integer(root, "delay_ns", is_known, run->delay_ns);
	put_integer(root, "jitter_ns", is_known, run->jitter_ns);
	put_integer(root, "samples", is_known, run->sample_count);
	put_integer(root, "leap", is_known, run->leap);
	put_integer(root, "agreeing", true, run->agreeing_count);
	put_integer(root, "asked", true, run->asked_count);
}

static void put_kernel(json_t **root, const struct run_record *run)
{
	const bool is_known = run->has_kernel;

	put_integer(root, "frequency_before_ppb", is_known, run->frequency_before_ppb);
	put_integer(root, "frequency_after_ppb", is_known, run->frequency_after_ppb);
	put_integer(root, "slew_before_ns", is_known, run->slew_before_ns);
	put_integer(root, "slew_after_ns", is_known, run->slew_after_ns);
	put_integer(root, "max_error_ns", is_known, run->max_error_ns);
	put_integer(root, "estimated_error_ns", is_known, run->estimated_error_ns);
}

char *history_json_run(const struct run_record *run, const struct run_source *sources,
                       size_t count)
{
	json_t *root;
	char *line;

	json_seed();
	root = json_object();
	put(&root, "program", json_string("reqtime"));
	put(&root, "version", json_untrusted(run->version));
	put(&root, "verb", json_string(run_verb_name((enum run_verb)run->verb)));
	put(&root, "dry_run", json_boolean(run->is_dry));
	put_time(&root, "time", run_record_at(run));
	put_time(&root, "local_time", run->at);
	put(&root, "boot_id", json_untrusted(run->boot_id));
	put(&root, "status", json_string(run_status_name((enum run_status)run->status)));
	put_integer(&root, "exit_status", true, run->exit_status);
	put_answer(&root, run);
	if (sources) {
		put(&root, "sources", json_record_sources(sources, count));
	}
	put(&root, "plan", json_record_plan(run));
	put(&root, "held_back",
	    run->has_plan ? json_boolean(run_record_is_held_back(run)) : json_null());
	put(&root, "applied", json_record_applied(run));
	put_kernel(&root, run);
	line = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(root);
	return line;
}
