/* SPDX-License-Identifier: MIT
 *
 * A run as a JSON object.
 */
#include "cmd/cli/json.h"

#include <jansson.h>

#include "core/base/text_time.h"
#include "core/ntp/refid.h"

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *ns_or_null(bool is_known, int64_t ns)
{
	return is_known ? json_integer((json_int_t)ns) : json_null();
}

static json_t *address_json(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (address->family == ADDRESS_NONE) {
		return json_null();
	}
	address_format(address, text);
	return json_string(text);
}

static json_t *refid_json(const struct run_source *source)
{
	char text[20];

	if (!source->has_header) {
		return json_null();
	}
	refid_format(source->stratum, source->refid, text, sizeof(text));
	return json_string(text);
}

/* The port of NTP, which with NTS comes with the keys. */
static json_t *port_json(const struct run_source *source)
{
	if (source->scheme == SCHEME_NTS) {
		return ns_or_null(source->nts.has_keys, source->address.port);
	}
	return json_integer(source->port);
}

static json_t *unix_s_json(int64_t unix_s)
{
	const int64_t last_s = INT64_MAX / NS_PER_S;
	char text[TEXT_TIME_RFC3339_SIZE];

	text_time_rfc3339((struct instant){ ns_clamp(unix_s, 0, last_s) * NS_PER_S }, text);
	return json_string(text);
}

static json_t *nts_json(const struct run_source *source)
{
	const struct source_nts *nts = &source->nts;
	const char *checked = nts->is_told ? "told" : "now";

	if (!nts->has_keys) {
		return json_null();
	}
	return json_pack("{ss si si so s{so so so so}}",                              //
	                 "aead", "AES-SIV-CMAC-256",                                  //
	                 "ke_port", (int)nts->key_port,                               //
	                 "cookies_left", (int)nts->cookie_count,                      //
	                 "key_exchange_ns",                                           //
	                 ns_or_null(nts->key_exchange_ns >= 0, nts->key_exchange_ns), //
	                 "certificate",                                               //
	                 "subject", text_or_null(nts->subject),                       //
	                 "not_before", unix_s_json(nts->window.from_s),               //
	                 "not_after", unix_s_json(nts->window.until_s),               //
	                 "checked", text_or_null(nts->is_authenticated ? checked : ""));
}

static const char *stamp_name(enum stamp_kind kind)
{
	return kind == STAMP_KERNEL ? "kernel" : "user";
}

static json_t *exchange_json(const struct run_exchange *x)
{
	return json_pack("{so so so so ss ss so so so so}",                     //
	                 "t1_ns", ns_or_null(true, x->t1.unix_ns),              //
	                 "t2_ns", ns_or_null(x->has_server, x->t2.unix_ns),     //
	                 "t3_ns", ns_or_null(x->has_server, x->t3.unix_ns),     //
	                 "t4_ns", ns_or_null(true, x->t4.unix_ns),              //
	                 "t1_stamp", stamp_name(x->t1_stamp),                   //
	                 "t4_stamp", stamp_name(x->t4_stamp),                   //
	                 "offset_ns", ns_or_null(x->is_accepted, x->offset_ns), //
	                 "bound_ns", ns_or_null(x->is_accepted, x->bound_ns),   //
	                 "delay_ns", ns_or_null(x->is_accepted, x->delay_ns),   //
	                 "discarded", text_or_null(x->is_accepted ? "" : x->reason));
}

static json_t *exchanges_json(const struct run_source *source)
{
	json_t *array = json_array();

	for (unsigned k = 0; array && k < source->exchange_count; k++) {
		if (json_array_append_new(array, exchange_json(&source->exchanges[k])) <
		    0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

/* Takes `value`.  False when out of memory. */
static bool add(json_t *root, const char *key, json_t *value)
{
	return root && json_object_set_new(root, key, value) == 0;
}

/* json_pack() steals the references it gets, and returns NULL if one of them is NULL. */
struct json_t *json_source(const struct run_source *source)
{
	bool has_header = source->has_header;
	bool has_estimate = source->has_estimate;
	json_t *object = json_pack(
		"{so so so ss ss so so so so so so so so si si so so}", //
		"name", text_or_null(source->name),                     //
		"address", address_json(&source->address),              //
		"port", port_json(source),                              //
		"scheme", scheme_name(source->scheme),                  //
		"status", source_status_name(source->status),           //
		"reason", text_or_null(source->reason),                 //
		"stratum", ns_or_null(has_header, source->stratum),     //
		"refid", refid_json(source),                            //
		"offset_ns", ns_or_null(has_estimate, source->offset_ns), "bound_ns",
		ns_or_null(has_estimate, source->bound_ns), "delay_ns",
		ns_or_null(has_estimate, source->delay_ns), "root_delay_ns",
		ns_or_null(has_header, source->root_delay_ns), "root_dispersion_ns",
		ns_or_null(has_header, source->root_dispersion_ns), "sent",
		(int)source->sent, "received", (int)source->received, "authentication",
		text_or_null(source->nts.is_authenticated ? "nts" : NULL), "nts",
		nts_json(source));

	if (source->exchanges && !add(object, "samples", exchanges_json(source))) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

static json_t *sources_json(const struct run *run)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array && i < run->source_count; i++) {
		if (json_array_append_new(array, json_source(&run->sources[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *plan_json(const struct plan *plan)
{
	if (!plan) {
		return json_null();
	}
	return json_pack(
		"{ss so ss so}", "action", plan_action_name(plan->action), "by_ns",
		ns_or_null(true, plan->by_ns), "reason", plan_reason_text(plan->reason),
		"lasts_ns",
		ns_or_null(plan->action == PLAN_SLEW, plan_slew_lasts_ns(plan->by_ns)));
}

struct json_t *json_held_back(const struct held_back *held_back)
{
	char first[TEXT_TIME_RFC3339_SIZE], after[TEXT_TIME_RFC3339_SIZE];

	if (!held_back) {
		return json_null();
	}
	text_time_rfc3339(held_back->first_seen, first);
	text_time_rfc3339(held_back->confirm_after, after);
	return json_pack("{ss ss so}", "first_seen", first, "confirm_after", after, "by_ns",
	                 ns_or_null(true, held_back->by_ns));
}

static json_t *applied_json(const struct json_report *report)
{
	const bool is_slew = report->applied == PLAN_SLEW && report->slew_ends.unix_ns != 0;
	char ends[TEXT_TIME_RFC3339_SIZE] = "";

	if (!report->is_applied) {
		return json_null();
	}
	if (is_slew) {
		text_time_rfc3339(report->slew_ends, ends);
	}
	return json_pack("{ss so so so}", "action", plan_action_name(report->applied),
	                 "by_ns", ns_or_null(true, report->applied_ns), "lasts_ns",
	                 ns_or_null(is_slew, report->slew_lasts_ns), "ends",
	                 text_or_null(ends));
}

struct json_t *json_learnt(const struct discipline_report *discipline_report)
{
	if (!discipline_report || discipline_report->state == DISCIPLINE_UNSET) {
		return json_null();
	}
	return json_pack(
		"{ss so so so so so so so so so}", "state",
		discipline_state_name(discipline_report->state), "frequency_ppb",
		ns_or_null(true, discipline_report->frequency_ppb), "frequency_sd_ppb",
		ns_or_null(true, discipline_report->frequency_sd_ppb), "phase_ns",
		ns_or_null(discipline_report->has_phase, discipline_report->phase_ns),
		"phase_sd_ns",
		ns_or_null(discipline_report->has_phase, discipline_report->phase_sd_ns),
		"bound_ns",
		ns_or_null(discipline_report->has_bound, discipline_report->bound_ns),
		"ahead_ns",
		ns_or_null(discipline_report->has_bound, discipline_report->ahead_ns),
		"long_term_ppb",
		ns_or_null(discipline_report->drag.has_long_term,
	                   discipline_report->drag.long_term_ppb),
		"corrected_day_ns", ns_or_null(true, discipline_report->drag.corrected_ns),
		"rate_missing_ppb", ns_or_null(true, discipline_report->rate_missing_ppb));
}

static json_t *check_result_json(const struct check_result *check_result)
{
	static const char *const names[] = { "ok", "warning", "critical", "unknown" };

	return json_pack("{ss si sb}", "state", names[check_result->state], "exit_status",
	                 (int)check_result->state, "inconclusive",
	                 (int)check_result->is_inconclusive);
}

/* Takes `root`; NULL, as argument or result, means out of memory. */
static char *text_of(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(root);
	return text;
}

/* Else the library seeds its hash from a device, which the sandbox forbids.  The seed
 * protects against hostile keys, and all keys here are our own. */
void json_seed(void)
{
	json_object_seed(1);
}

char *json_render_source(const struct run_source *source)
{
	json_seed();
	return text_of(json_source(source));
}

char *json_render(const struct json_report *report)
{
	const struct run *run = report->run;
	char time[TEXT_TIME_RFC3339_SIZE];
	json_t *root;

	json_seed();
	text_time_rfc3339(run->at, time);
	root = json_pack("{ss ss ss ss ss so so so so sb so so so}", "program", "reqtime",
	                 "version", REQTIME_VERSION, "verb", report->verb, "time", time,
	                 "status", run_status_name(run->status), "offset_ns",
	                 ns_or_null(run->has_answer, run->offset_ns), "bound_ns",
	                 ns_or_null(run->has_answer, run->bound_ns), "delay_ns",
	                 ns_or_null(run->has_answer, run->delay_ns), "leap",
	                 ns_or_null(run->has_answer, run->leap), "authenticated",
	                 (int)run->is_authenticated, "sources",
	                 report->has_no_sources ? json_null() : sources_json(run), "plan",
	                 plan_json(report->plan), "held_back",
	                 json_held_back(report->held_back));
	/* `set` adds two keys to those of `query`. */
	if ((report->has_applied &&
	     !(add(root, "applied", applied_json(report)) &&
	       add(root, "learnt", json_learnt(report->discipline_report)))) ||
	    (report->check_result &&
	     !add(root, "check", check_result_json(report->check_result)))) {
		json_decref(root);
		root = NULL;
	}
	return text_of(root);
}
