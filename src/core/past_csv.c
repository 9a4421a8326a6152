/* SPDX-License-Identifier: MIT */
#include "core/past_csv.h"

#include <inttypes.h>
#include <string.h>

#include "core/report.h"
#include "core/text.h"
#include "core/text_time.h"

enum { FIELD_ROOM = 4 * SERVER_HOST_ROOM };

/* A line in the making: commas come between the fields. */
struct row {
	struct text text;
	bool has_fields;
};

static void put_comma(struct row *row)
{
	if (row->has_fields) {
		text_put(&row->text, ",");
	}
	row->has_fields = true;
}

/* Quoted where RFC 4180 asks for it. */
static void put_field(struct row *row, const char *words)
{
	put_comma(row);
	if (words[strcspn(words, ",\"\r\n")] == '\0') {
		text_put(&row->text, words);
		return;
	}
	text_put(&row->text, "\"");
	for (; *words != '\0'; words++) {
		text_put(&row->text, *words == '"' ? "\"" : "");
		text_octets(&row->text, words, 1);
	}
	text_put(&row->text, "\"");
}

/* Of others: a spreadsheet would work out what begins like this. */
static void put_foreign(struct row *row, const char *words)
{
	char field[FIELD_ROOM + 1] = "'";
	const bool is_formula = words[0] != '\0' && strchr("=+-@", words[0]) != NULL;

	report_escape((const uint8_t *)words, strlen(words), field + 1, FIELD_ROOM);
	put_field(row, is_formula ? field : field + 1);
}

static void put_number(struct row *row, bool is_known, int64_t number)
{
	put_comma(row);
	if (is_known) {
		text_format(&row->text, "%" PRId64, number);
	}
}

static void put_time(struct row *row, struct instant at)
{
	char text[TEXT_TIME_RFC3339_ROOM];

	text_time_rfc3339(at, text);
	put_field(row, text);
}

static size_t put_end(struct row *row)
{
	text_put(&row->text, "\r\n");
	return row->text.len;
}

static size_t put_heading(const char *const *names, size_t count, char *buf, size_t room)
{
	struct row row = { .text = text_to(buf, room) };

	for (size_t i = 0; i < count; i++) {
		put_field(&row, names[i]);
	}
	return put_end(&row);
}

size_t past_csv_run_heading(char *buf, size_t room)
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

	return put_heading(names, COUNT_OF(names), buf, room);
}

static void put_answer(struct row *row, const struct run_record *run)
{
	const bool is_known = run->has_answer;

	put_number(row, is_known, run->offset_ns);
	put_number(row, is_known, run->bound_ns);
	put_number(row, is_known, run->delay_ns);
	put_number(row, is_known, run->jitter_ns);
	put_number(row, is_known, run->sample_count);
	put_number(row, is_known, run->leap);
}

static void put_plan(struct row *row, const struct run_record *run)
{
	const bool is_known = run->has_plan;

	put_field(row,
	          is_known ? plan_action_name((enum plan_action)run->plan_action) : "");
	put_number(row, is_known, run->plan_by_ns);
	put_field(row,
	          is_known ? plan_reason_text((enum plan_reason)run->plan_reason) : "");
}

static void put_kernel(struct row *row, const struct run_record *run)
{
	const bool is_known = run->has_kernel;

	put_number(row, is_known, run->frequency_before_ppb);
	put_number(row, is_known, run->frequency_after_ppb);
	put_number(row, is_known, run->slew_before_ns);
	put_number(row, is_known, run->slew_after_ns);
	put_number(row, is_known, run->max_error_ns);
	put_number(row, is_known, run->estimated_error_ns);
}

size_t past_csv_run(const struct run_record *run, char *buf, size_t room)
{
	struct row row = { .text = text_to(buf, room) };
	const char *action = past_action(run);

	put_time(&row, past_at(run));
	put_time(&row, run->at);
	put_field(&row, record_verb_name((enum record_verb)run->verb));
	put_number(&row, true, run->is_dry);
	put_field(&row, run_status_name((enum run_status)run->status));
	put_number(&row, true, run->exit_status);
	put_answer(&row, run);
	put_number(&row, true, run->agreeing_count);
	put_number(&row, true, run->asked_count);
	put_plan(&row, run);
	put_field(&row, action ? action : "");
	put_number(&row, action != NULL, run->applied_by_ns);
	put_kernel(&row, run);
	put_foreign(&row, run->boot_id);
	put_foreign(&row, run->version);
	return put_end(&row);
}

size_t past_csv_source_heading(char *buf, size_t room)
{
	static const char *const names[] = {
		"time",     "verb",     "run_status",    "name",
		"address",  "port",     "scheme",        "status",
		"reason",   "stratum",  "refid",         "offset_ns",
		"bound_ns", "delay_ns", "root_delay_ns", "root_dispersion_ns",
		"sent",     "received",
	};

	return put_heading(names, COUNT_OF(names), buf, room);
}

size_t past_csv_source(const struct run_record *run, const struct run_source *source,
                       char *buf, size_t room)
{
	struct row row = { .text = text_to(buf, room) };
	char address[ADDRESS_TEXT_ROOM] = "", refid[20] = "";

	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
	}
	if (source->has_header) {
		report_refid(source->stratum, source->refid, refid, sizeof(refid));
	}
	put_time(&row, past_at(run));
	put_field(&row, past_verb(run));
	put_field(&row, run_status_name((enum run_status)run->status));
	put_foreign(&row, source->name);
	put_foreign(&row, address);
	put_number(&row, true, source->port);
	put_field(&row, scheme_name(source->scheme));
	put_field(&row, source_status_name(source->status));
	put_foreign(&row, source->reason);
	put_number(&row, source->has_header, source->stratum);
	put_foreign(&row, refid);
	put_number(&row, source->has_estimate, source->offset_ns);
	put_number(&row, source->has_estimate, source->bound_ns);
	put_number(&row, source->has_estimate, source->delay_ns);
	put_number(&row, source->has_header, source->root_delay_ns);
	put_number(&row, source->has_header, source->root_dispersion_ns);
	put_number(&row, true, source->sent);
	put_number(&row, true, source->received);
	return put_end(&row);
}
