/* SPDX-License-Identifier: MIT
 *
 * A fleet as a JSON object.
 */
#include "cmd/cli/json_fleet.h"

#include <jansson.h>

#include "cmd/cli/json.h"
#include "core/base/text_time.h"
#include "core/report/report.h"

static json_t *ns_or_null(bool is_known, int64_t ns)
{
	return is_known ? json_integer((json_int_t)ns) : json_null();
}

static json_t *label_json(const struct run_source *source)
{
	char label[REPORT_LABEL_SIZE];

	report_label(source, label, sizeof(label));
	return json_string(label);
}

/* NULL without a tolerance for a pair that is known, and without a reference. */
static json_t *verdict_json(const struct fleet *fleet, const struct fleet_row *row)
{
	const bool has_one =
		fleet->is_judged && (fleet->tolerance_ns > 0 || row->verdict != FLEET_OK);

	return has_one ? json_string(fleet_verdict_name(row->verdict)) : json_null();
}

bool json_fleet_has(const struct json_fleet *report, const struct fleet_row *row)
{
	return report->only == FLEET_ONLY_AUTO ||
	       fleet_is_shown(report->fleet, report->only, row);
}

static json_t *server_json(const struct fleet *fleet, const struct fleet_row *row)
{
	json_t *source = json_source(row->source);

	if (source &&
	    (json_object_set_new(source, "verdict", verdict_json(fleet, row)) < 0 ||
	     json_object_set_new(source, "judged_offset_ns",
	                         ns_or_null(row->is_known, row->offset_ns)) < 0 ||
	     json_object_set_new(source, "judged_bound_ns",
	                         ns_or_null(row->is_known, row->bound_ns)) < 0)) {
		json_decref(source);
		source = NULL;
	}
	return source;
}

static json_t *pair_json(const struct fleet *fleet, const struct fleet_row *row)
{
	return json_pack("{so so so so so}", "a", label_json(row->from), "b",
	                 label_json(row->source), "offset_ns",
	                 ns_or_null(row->is_known, row->offset_ns), "bound_ns",
	                 ns_or_null(row->is_known, row->bound_ns), "verdict",
	                 verdict_json(fleet, row));
}

/* Takes `item` and `array`; NULL, as argument or result, means out of memory. */
static json_t *appended(json_t *array, json_t *item)
{
	if (!array || json_array_append_new(array, item) < 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *rows_json(const struct json_fleet *report)
{
	const struct fleet *fleet = report->fleet;
	json_t *array = json_array();

	for (size_t i = 0; array && i < fleet->count; i++) {
		const struct fleet_row *row = &fleet->rows[i];

		if (json_fleet_has(report, row)) {
			array = appended(array, row->from ? pair_json(fleet, row)
			                                  : server_json(fleet, row));
		}
	}
	return array;
}

static json_t *worst_json(const struct fleet *fleet)
{
	const struct fleet_row *worst = fleet->worst;

	if (!worst) {
		return json_null();
	}
	return worst->from ? pair_json(fleet, worst)
	                   : json_pack("{so so so so}", "server", label_json(worst->source),
	                               "offset_ns", ns_or_null(true, worst->offset_ns),
	                               "bound_ns", ns_or_null(true, worst->bound_ns),
	                               "verdict", verdict_json(fleet, worst));
}

static json_t *count_json(const struct fleet *fleet, enum fleet_verdict verdict)
{
	return ns_or_null(fleet->is_judged && fleet->tolerance_ns > 0,
	                  (int64_t)fleet->counts[verdict]);
}

static json_t *fleet_json(const struct fleet *fleet)
{
	return json_pack(
		"{so so sI so so so so so sI}", "tolerance_ns",
		ns_or_null(fleet->tolerance_ns > 0, fleet->tolerance_ns), "reference",
		fleet->reference ? json_source(fleet->reference) : json_null(), "servers",
		(json_int_t)fleet->server_count, "off", count_json(fleet, FLEET_OFF),
		"unsure", count_json(fleet, FLEET_UNSURE), "silent",
		ns_or_null(fleet->is_judged, (int64_t)fleet->counts[FLEET_SILENT]), "ok",
		count_json(fleet, FLEET_OK), "worst", worst_json(fleet), "named_again",
		(json_int_t)fleet->repeated_count);
}

/* Takes `root`; NULL, as argument or result, means out of memory. */
static char *text_of(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(root);
	return text;
}

char *json_render_fleet_row(const struct fleet *fleet, const struct fleet_row *row)
{
	json_seed();
	return text_of(server_json(fleet, row));
}

/* The keys of a run without an answer of all, and "fleet". */
char *json_render_fleet(const struct json_fleet *report)
{
	const struct run *run = report->run;
	char time[TEXT_TIME_RFC3339_SIZE];

	json_seed();
	text_time_rfc3339(run->at, time);
	return text_of(json_pack("{ss ss ss ss ss sn sn sn sn sb so sn sn so}", "program",
	                         "reqtime", "version", REQTIME_VERSION, "verb", "query",
	                         "time", time, "status", run_status_name(run->status),
	                         "offset_ns", "bound_ns", "delay_ns", "leap",
	                         "authenticated", 0, "sources",
	                         report->has_no_sources ? json_null() : rows_json(report),
	                         "plan", "held_back", "fleet", fleet_json(report->fleet)));
}

static json_t *servers_json(const struct fleet *fleet)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < fleet->server_count; i++) {
		array = appended(array, json_source(fleet->servers[i]));
	}
	return array;
}

char *json_render_skew(const struct json_fleet *report)
{
	const struct run *run = report->run;
	char time[TEXT_TIME_RFC3339_SIZE];

	json_seed();
	text_time_rfc3339(run->at, time);
	return text_of(json_pack("{ss ss ss ss ss so so so}", "program", "reqtime",
	                         "version", REQTIME_VERSION, "verb", "skew", "time", time,
	                         "status", run_status_name(run->status), "fleet",
	                         fleet_json(report->fleet), "sources",
	                         servers_json(report->fleet), "pairs", rows_json(report)));
}
