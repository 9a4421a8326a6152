/* SPDX-License-Identifier: MIT
 *
 * Past runs and their sources as CSV.
 */
#include "core/history/run_csv.h"

#include "core/base/csv.h"
#include "core/ntp/refid.h"

static size_t put_heading(const char *const *names, size_t count, char *buf, size_t size)
{
	struct csv csv = { .out = text_to(buf, size) };

	csv_heading(&csv, names, count);
	return csv.out.len;
}

size_t run_csv_run_heading(char *buf, size_t size)
{
	static const char *const names[] = {
		"time",
		"local_time",
		"verb",
		"dry_run",
		"status",
		"exit_status",
		"offset_ns",
		"bound_ns",
		"delay_ns",
		"jitter_ns",
		"samples",
		"leap",
		"agreeing",
		"asked",
		"plan_action",
		"plan_by_ns",
		"plan_reason",
		"applied_action",
		"applied_by_ns",
		"frequency_before_ppb",
		"frequency_after_ppb",
		"slew_before_ns",
		"slew_after_ns",
		"max_error_ns",
		"estimated_error_ns",
		"boot_id",
		"version",
	};

	return put_heading(names, COUNT_OF(names), buf, size);
}

static void put_answer(struct csv *csv, const struct run_record *run)
{
	const bool is_known = run->has_answer;

	csv_number(csv, is_known, run->offset_ns);
	csv_number(csv, is_known, run->bound_ns);
	csv_number(csv, is_known, run->delay_ns);
	csv_number(csv, is_known, run->jitter_ns);
	csv_number(csv, is_known, run->sample_count);
	csv_number(csv, is_known, run->leap);
}

static void put_plan(struct csv *csv, const struct run_record *run)
{
	const bool is_known = run->has_plan;

	csv_text(csv, is_known ? plan_action_name((enum plan_action)run->plan_action) : "");
	csv_number(csv, is_known, run->plan_by_ns);
	csv_text(csv, is_known ? plan_reason_text((enum plan_reason)run->plan_reason) : "");
}

static void put_kernel(struct csv *csv, const struct run_record *run)
{
	const bool is_known = run->has_kernel;

	csv_number(csv, is_known, run->frequency_before_ppb);
	csv_number(csv, is_known, run->frequency_after_ppb);
	csv_number(csv, is_known, run->slew_before_ns);
	csv_number(csv, is_known, run->slew_after_ns);
	csv_number(csv, is_known, run->max_error_ns);
	csv_number(csv, is_known, run->estimated_error_ns);
}

size_t run_csv_run(const struct run_record *run, char *buf, size_t size)
{
	struct csv csv = { .out = text_to(buf, size) };
	const char *action = run_record_action_name(run);

	csv_time(&csv, run_record_at(run));
	csv_time(&csv, run->at);
	csv_text(&csv, run_verb_name((enum run_verb)run->verb));
	csv_number(&csv, true, run->is_dry);
	csv_text(&csv, run_status_name((enum run_status)run->status));
	csv_number(&csv, true, run->exit_status);
	put_answer(&csv, run);
	csv_number(&csv, true, run->agreeing_count);
	csv_number(&csv, true, run->asked_count);
	put_plan(&csv, run);
	csv_text(&csv, action ? action : "");
	csv_number(&csv, action != NULL, run->applied_by_ns);
	put_kernel(&csv, run);
	csv_untrusted(&csv, run->boot_id);
	csv_untrusted(&csv, run->version);
	csv_end(&csv);
	return csv.out.len;
}

size_t run_csv_source_heading(char *buf, size_t size)
{
	static const char *const names[] = {
		"time",     "verb",     "run_status",     "name",
		"address",  "port",     "scheme",         "status",
		"reason",   "stratum",  "refid",          "offset_ns",
		"bound_ns", "delay_ns", "root_delay_ns",  "root_dispersion_ns",
		"sent",     "received", "authentication",
	};

	return put_heading(names, COUNT_OF(names), buf, size);
}

size_t run_csv_source(const struct run_record *run, const struct run_source *source,
                      char *buf, size_t size)
{
	struct csv csv = { .out = text_to(buf, size) };
	char address[ADDRESS_TEXT_SIZE] = "", refid[20] = "";

	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
	}
	if (source->has_header) {
		refid_format(source->stratum, source->refid, refid, sizeof(refid));
	}
	csv_time(&csv, run_record_at(run));
	csv_text(&csv, run_record_verb_text(run));
	csv_text(&csv, run_status_name((enum run_status)run->status));
	csv_untrusted(&csv, source->name);
	csv_untrusted(&csv, address);
	csv_number(&csv, true, source->port);
	csv_text(&csv, scheme_name(source->scheme));
	csv_text(&csv, source_status_name(source->status));
	csv_untrusted(&csv, source->reason);
	csv_number(&csv, source->has_header, source->stratum);
	csv_untrusted(&csv, refid);
	csv_number(&csv, source->has_estimate, source->offset_ns);
	csv_number(&csv, source->has_estimate, source->bound_ns);
	csv_number(&csv, source->has_estimate, source->delay_ns);
	csv_number(&csv, source->has_header, source->root_delay_ns);
	csv_number(&csv, source->has_header, source->root_dispersion_ns);
	csv_number(&csv, true, source->sent);
	csv_number(&csv, true, source->received);
	csv_text(&csv, !source->nts.is_authenticated ? ""
	               : source->nts.is_told         ? "nts-told"
	                                             : "nts");
	csv_end(&csv);
	return csv.out.len;
}
