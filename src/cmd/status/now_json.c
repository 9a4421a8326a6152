/* SPDX-License-Identifier: MIT
 *
 * The answer of the bound file as a JSON object: an unknown value is null, never 0.
 */
#include "cmd/status/status_private.h"

#include <jansson.h>

#include "cmd/cli/json.h"
#include "core/base/text_time.h"

static json_t *ns_json(const struct now_view *view, int64_t ns)
{
	return view->status == REQTIME_NOW_OK ? json_integer((json_int_t)ns) : json_null();
}

static json_t *flag_json(const struct now_view *view, uint32_t flag)
{
	return view->status == REQTIME_NOW_OK ? json_boolean(view->facts.flags & flag)
	                                      : json_null();
}

static json_t *reason_json(const struct now_view *view)
{
	return view->status == REQTIME_NOW_OK ? json_null() : json_string(now_reason(view));
}

static json_t *stratum_json(const struct now_view *view)
{
	return view->status == REQTIME_NOW_OK && view->facts.stratum > 0
	               ? json_integer(view->facts.stratum)
	               : json_null();
}

struct json_t *now_json(const char *verb, const struct now_settings *settings,
                        const struct now_view *view)
{
	const struct reqtime_now *now = &view->now;
	char time[TEXT_TIME_RFC3339_SIZE];

	json_seed();
	text_time_rfc3339((struct instant){ now->real_ns }, time);
	return json_pack(
		"{ss ss ss ss ss so so so so so so so so so so so so}", "program",
		"reqtime", "version", REQTIME_VERSION, "verb", verb, "time", time, "status",
		now_status_name(view->status), "reason", reason_json(view), "within",
		json_boolean(now_is_within(settings, view)), "earliest_ns",
		ns_json(view, now->earliest_ns), "latest_ns", ns_json(view, now->latest_ns),
		"likely_earliest_ns", ns_json(view, now->likely_earliest_ns),
		"likely_latest_ns", ns_json(view, now->likely_latest_ns), "clock_ns",
		ns_json(view, now->real_ns), "age_ns", ns_json(view, now->age_ns),
		"suspended_ns", ns_json(view, now->suspended_ns), "stratum",
		stratum_json(view), "authenticated",
		flag_json(view, REQTIME_NOW_AUTHENTICATED), "confirmed",
		flag_json(view, REQTIME_NOW_CONFIRMED));
}
