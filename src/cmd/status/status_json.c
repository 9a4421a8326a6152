/* SPDX-License-Identifier: MIT
 *
 * The screen as a JSON object: the keys of `now`, and more.
 */
#include <jansson.h>
#include <stdlib.h>

#include "cmd/cli/json.h"
#include "cmd/cli/json_record.h"
#include "cmd/status/screen_private.h"
#include "core/base/text_time.h"
#include "core/history/run_view.h"

static json_t *integer(bool is_known, int64_t value)
{
	return is_known ? json_integer((json_int_t)value) : json_null();
}

static json_t *moment(bool is_known, struct instant at)
{
	char text[TEXT_TIME_RFC3339_SIZE];

	text_time_rfc3339(at, text);
	return is_known ? json_string(text) : json_null();
}

static json_t *answer(enum status_answer value)
{
	return value == STATUS_UNKNOWN ? json_null() : json_boolean(value == STATUS_YES);
}

static json_t *sources(const struct status_view *view)
{
	struct run_source *shown = calloc(view->source_count + 1, sizeof(*shown));
	json_t *ret;

	if (!shown) {
		return NULL;
	}
	for (size_t i = 0; i < view->source_count; i++) {
		source_record_view(&view->sources[i], &shown[i]);
	}
	ret = json_record_sources(shown, view->source_count);
	free(shown);
	return ret;
}

static json_t *last_run(const struct status_view *view)
{
	const struct run_record *last = &view->last;

	if (!view->has_last) {
		return json_null();
	}
	return json_pack(
		"{so so so ss si so so si si so sb so so}", "time",
		moment(true, run_record_at(last)), "local_time", moment(true, last->at),
		"age_ns", integer(view->last_age_ns >= 0, view->last_age_ns), "status",
		run_status_name((enum run_status)last->status), "exit_status",
		(int)last->exit_status, "offset_ns",
		integer(last->has_answer, last->offset_ns), "bound_ns",
		integer(last->has_answer, last->bound_ns), "agreeing",
		(int)last->agreeing_count, "asked", (int)last->asked_count, "plan",
		json_record_plan(last), "held_back", (int)run_record_is_held_back(last),
		"applied", json_record_applied(last), "sources", sources(view));
}

static json_t *next_run(const struct status_view *view)
{
	static const char *const timers[] = { [STATUS_TIMER_UNKNOWN] = "unknown",
		                              [STATUS_TIMER_ABSENT] = "absent",
		                              [STATUS_TIMER_OFF] = "off",
		                              [STATUS_TIMER_ON] = "on" };
	const struct status_next *next = &view->next;
	const bool is_known = next->timer != STATUS_TIMER_UNKNOWN;

	return json_pack("{ss so so so so so}", "timer", timers[next->timer], "enabled",
	                 is_known ? json_boolean(next->is_enabled) : json_null(), "running",
	                 is_known ? json_boolean(next->is_running) : json_null(), "time",
	                 moment(next->has_next, next->next), "unit",
	                 next->has_next ? json_string(next->unit) : json_null(),
	                 "interval_ns", integer(view->interval_ns > 0, view->interval_ns));
}

static json_t *server(const struct status_view *view)
{
	const struct source_record *selected = status_selected(view);
	struct run_source shown;

	if (!selected) {
		return json_null();
	}
	source_record_view(selected, &shown);
	return json_source(&shown);
}

static json_t *kernel(const struct status_kernel *kernel)
{
	if (!kernel->is_known) {
		return json_null();
	}
	return json_pack("{sb sI sI sI si}", "synchronised", (int)kernel->is_synchronised,
	                 "max_error_ns", (json_int_t)kernel->max_error_ns,
	                 "pending_slew_ns", (json_int_t)kernel->pending_slew_ns,
	                 "frequency_ppb", (json_int_t)kernel->frequency_ppb, "leap",
	                 (int)kernel->leap);
}

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

static void put_machine(json_t **root, const struct status_view *view)
{
	put(root, "other_daemon",
	    view->other_daemon == OTHER_NONE
	            ? json_null()
	            : json_string(other_daemon_text(view->other_daemon)));
	put(root, "sees_daemons", json_boolean(view->unseen == NULL));
	put(root, "kernel", kernel(&view->kernel));
	put(root, "configured_servers", json_integer((json_int_t)view->configured_count));
}

char *status_json(const struct status_settings *settings, const struct status_look *look)
{
	static const char *const histories[] = { [STATUS_HISTORY_READ] = "read",
		                                 [STATUS_HISTORY_NONE] = "none",
		                                 [STATUS_HISTORY_DENIED] = "denied",
		                                 [STATUS_HISTORY_UNUSABLE] = "unusable" };
	const struct status_view *view = &look->view;
	json_t *root = now_json("status", &settings->now, &view->now);
	char *line;

	put(&root, "authenticated", answer(status_authenticated(view)));
	put(&root, "confirmed", answer(status_confirmed(view)));
	put(&root, "within_ns", json_integer((json_int_t)view->within_ns));
	put(&root, "proved", json_boolean(view->is_proved));
	put(&root, "history", json_string(histories[view->history]));
	put(&root, "last_run", last_run(view));
	put(&root, "set_age_ns",
	    integer(view->has_trusted && view->trusted_age_ns >= 0, view->trusted_age_ns));
	put(&root, "next_run", next_run(view));
	put(&root, "server", server(view));
	put(&root, "held_back",
	    json_held_back(view->is_held_back ? &view->held_back : NULL));
	put(&root, "learnt", json_learnt(&view->discipline));
	put_machine(&root, view);
	line = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(root);
	return line;
}
