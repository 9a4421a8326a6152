/* SPDX-License-Identifier: MIT */
#include "core/csv.h"
#include "core/report.h"
#include "core/report_formats.h"
#include "core/text_time.h"

static const char *const columns[] = {
	"time",     "kind",     "name",          "address",
	"port",     "scheme",   "status",        "reason",
	"stratum",  "refid",    "leap",          "offset_ns",
	"bound_ns", "delay_ns", "root_delay_ns", "root_dispersion_ns",
	"sent",     "received", "action",        "by_ns",
};

static void put_integer(struct csv *csv, bool is_known, int64_t value)
{
	if (is_known) {
		csv_integer(csv, value);
	} else {
		csv_empty(csv, 1);
	}
}

static void put_source(struct csv *csv, const char *time, const struct run_source *source)
{
	char name[4 * SERVER_HOST_ROOM], address[ADDRESS_TEXT_ROOM] = "", refid[20] = "";
	size_t len = 0;

	while (len < sizeof(source->name) && source->name[len] != '\0') {
		len++;
	}
	report_escape((const uint8_t *)source->name, len, name, sizeof(name));
	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
	}
	if (source->has_header) {
		report_refid(source->stratum, source->refid, refid, sizeof(refid));
	}
	csv_text(csv, time);
	csv_text(csv, "source");
	csv_text(csv, name);
	csv_text(csv, address);
	csv_integer(csv, source->port);
	csv_text(csv, scheme_name(source->scheme));
	csv_text(csv, source_status_name(source->status));
	csv_text(csv, source->reason);
	put_integer(csv, source->has_header, source->stratum);
	csv_text(csv, refid);
	put_integer(csv, source->has_header, source->leap);
	put_integer(csv, source->has_estimate, source->offset_ns);
	put_integer(csv, source->has_estimate, source->bound_ns);
	put_integer(csv, source->has_estimate, source->delay_ns);
	put_integer(csv, source->has_header, source->root_delay_ns);
	put_integer(csv, source->has_header, source->root_dispersion_ns);
	csv_integer(csv, source->sent);
	csv_integer(csv, source->received);
	csv_empty(csv, 2);
	csv_end(csv);
}

static void put_answer(struct csv *csv, const char *time, const struct run *run,
                       const struct plan *plan)
{
	char reason[RUN_REASON_ROOM] = "";

	if (!run->has_answer) {
		report_reason(run, reason);
	}
	csv_text(csv, time);
	csv_text(csv, "answer");
	csv_empty(csv, 4);
	csv_text(csv, run_status_name(run->status));
	csv_text(csv, run->has_answer ? run->reason : reason);
	csv_empty(csv, 2);
	put_integer(csv, run->has_answer, run->leap);
	put_integer(csv, run->has_answer, run->offset_ns);
	put_integer(csv, run->has_answer, run->bound_ns);
	put_integer(csv, run->has_answer, run->delay_ns);
	csv_empty(csv, 4);
	csv_text(csv, plan ? plan_action_name(plan->action) : "");
	put_integer(csv, plan != NULL, plan ? plan->by_ns : 0);
	csv_end(csv);
}

size_t report_csv(const struct run *run, const struct plan *plan, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	struct csv csv = { .out = &out };
	char time[TEXT_TIME_RFC3339_ROOM];

	text_time_rfc3339(run->at, time);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		csv_text(&csv, columns[i]);
	}
	csv_end(&csv);
	for (size_t i = 0; i < run->source_count; i++) {
		put_source(&csv, time, &run->sources[i]);
	}
	put_answer(&csv, time, run, plan);
	return out.len;
}
