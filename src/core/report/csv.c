/* SPDX-License-Identifier: MIT
 *
 * A run as CSV.
 */
#include "core/base/csv.h"
#include "core/ntp/refid.h"
#include "core/report/formats.h"
#include "core/report/report.h"

static const char *const columns[] = {
	"time",     "kind",     "name",          "address",
	"port",     "scheme",   "status",        "reason",
	"stratum",  "refid",    "leap",          "offset_ns",
	"bound_ns", "delay_ns", "root_delay_ns", "root_dispersion_ns",
	"sent",     "received", "action",        "by_ns",
};

static void put_source(struct csv *csv, const struct run *run,
                       const struct run_source *source)
{
	char address[ADDRESS_TEXT_SIZE] = "", refid[20] = "";

	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
	}
	if (source->has_header) {
		refid_format(source->stratum, source->refid, refid, sizeof(refid));
	}
	csv_time(csv, run->at);
	csv_text(csv, "source");
	csv_untrusted(csv, source->name);
	csv_text(csv, address);
	csv_number(csv, true, source->port);
	csv_text(csv, scheme_name(source->scheme));
	csv_text(csv, source_status_name(source->status));
	csv_escaped(csv, source->reason);
	csv_number(csv, source->has_header, source->stratum);
	csv_escaped(csv, refid);
	csv_number(csv, source->has_header, source->leap);
	csv_number(csv, source->has_estimate, source->offset_ns);
	csv_number(csv, source->has_estimate, source->bound_ns);
	csv_number(csv, source->has_estimate, source->delay_ns);
	csv_number(csv, source->has_header, source->root_delay_ns);
	csv_number(csv, source->has_header, source->root_dispersion_ns);
	csv_number(csv, true, source->sent);
	csv_number(csv, true, source->received);
	csv_empty(csv, 2);
	csv_end(csv);
}

static void put_answer(struct csv *csv, const struct run *run, const struct plan *plan)
{
	char reason[RUN_REASON_SIZE] = "";

	if (!run->has_answer) {
		report_reason(run, reason);
	}
	csv_time(csv, run->at);
	csv_text(csv, "answer");
	csv_empty(csv, 4);
	csv_text(csv, run_status_name(run->status));
	csv_text(csv, run->has_answer ? run->reason : reason);
	csv_empty(csv, 2);
	csv_number(csv, run->has_answer, run->leap);
	csv_number(csv, run->has_answer, run->offset_ns);
	csv_number(csv, run->has_answer, run->bound_ns);
	csv_number(csv, run->has_answer, run->delay_ns);
	csv_empty(csv, 4);
	csv_text(csv, plan ? plan_action_name(plan->action) : "");
	csv_number(csv, plan != NULL, plan ? plan->by_ns : 0);
	csv_end(csv);
}

size_t report_csv(const struct run *run, const struct plan *plan, char *buf, size_t size)
{
	struct csv csv = { .out = text_to(buf, size) };

	csv_heading(&csv, columns, COUNT_OF(columns));
	for (size_t i = 0; i < run->source_count; i++) {
		put_source(&csv, run, &run->sources[i]);
	}
	put_answer(&csv, run, plan);
	return csv.out.len;
}
