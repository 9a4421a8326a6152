/* SPDX-License-Identifier: MIT
 *
 * A fleet as CSV: a line for each server, or for each pair.
 */
#include "core/base/csv.h"
#include "core/report/fleet_report.h"
#include "core/report/report.h"

static const char *const server_columns[] = {
	"time",     "name",    "address",          "port",
	"scheme",   "verdict", "judged_offset_ns", "judged_bound_ns",
	"reason",   "stratum", "offset_ns",        "bound_ns",
	"delay_ns", "sent",    "received",
};

static const char *const pair_columns[] = {
	"time",      "a",        "a_address", "b",        "b_address",
	"offset_ns", "bound_ns", "verdict",   "a_reason", "b_reason",
};

static void put_address(struct csv *csv, const struct run_source *source)
{
	char address[ADDRESS_TEXT_SIZE] = "";

	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
	}
	csv_text(csv, address);
}

/* Nothing is judged without a reference: then a verdict is empty. */
static void put_server(struct csv *csv, const struct fleet *fleet,
                       const struct fleet_row *row)
{
	const struct run_source *source = row->source;

	csv_untrusted(csv, source->name);
	put_address(csv, source);
	csv_number(csv, true, source->port);
	csv_text(csv, scheme_name(source->scheme));
	csv_text(csv, fleet->is_judged ? fleet_verdict_name(row->verdict) : "");
	csv_number(csv, row->is_known, row->offset_ns);
	csv_number(csv, row->is_known, row->bound_ns);
	csv_escaped(csv, source->reason);
	csv_number(csv, source->has_header, source->stratum);
	csv_number(csv, source->has_estimate, source->offset_ns);
	csv_number(csv, source->has_estimate, source->bound_ns);
	csv_number(csv, source->has_estimate, source->delay_ns);
	csv_number(csv, true, source->sent);
	csv_number(csv, true, source->received);
}

static void put_pair(struct csv *csv, const struct fleet *fleet,
                     const struct fleet_row *row)
{
	char label[REPORT_LABEL_SIZE];

	report_label(row->from, label, sizeof(label));
	csv_escaped(csv, label);
	put_address(csv, row->from);
	report_label(row->source, label, sizeof(label));
	csv_escaped(csv, label);
	put_address(csv, row->source);
	csv_number(csv, row->is_known, row->offset_ns);
	csv_number(csv, row->is_known, row->bound_ns);
	csv_text(csv, fleet->tolerance_ns > 0 || row->verdict != FLEET_OK
	                      ? fleet_verdict_name(row->verdict)
	                      : "");
	csv_escaped(csv, row->from->reason);
	csv_escaped(csv, row->source->reason);
}

size_t fleet_csv(const struct fleet *fleet, enum fleet_only only, struct instant at,
                 char *buf, size_t size)
{
	struct csv csv = { .out = text_to(buf, size) };

	if (fleet->servers) {
		csv_heading(&csv, pair_columns, COUNT_OF(pair_columns));
	} else {
		csv_heading(&csv, server_columns, COUNT_OF(server_columns));
	}
	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_row *row = &fleet->rows[i];

		if (only != FLEET_ONLY_AUTO && !fleet_is_shown(fleet, only, row)) {
			continue;
		}
		csv_time(&csv, at);
		if (fleet->servers) {
			put_pair(&csv, fleet, row);
		} else {
			put_server(&csv, fleet, row);
		}
		csv_end(&csv);
	}
	return csv.out.len;
}
