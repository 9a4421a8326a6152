/* SPDX-License-Identifier: MIT
 *
 * The summary of a fleet, and the choice of the rows that are shown.
 */
#include "core/report/fleet_report.h"

#include "core/base/span.h"
#include "core/report/report_private.h"

bool fleet_is_shown(const struct fleet *fleet, enum fleet_only only,
                    const struct fleet_row *row)
{
	switch (only) {
	case FLEET_ONLY_ALL:
		return true;
	case FLEET_ONLY_OFF:
		return row->verdict == FLEET_OFF;
	case FLEET_ONLY_SILENT:
		return row->verdict == FLEET_SILENT;
	case FLEET_ONLY_UNSURE:
		return row->verdict == FLEET_UNSURE;
	case FLEET_ONLY_OK:
		return row->verdict == FLEET_OK;
	case FLEET_ONLY_AUTO:
		break;
	}
	if (row->from && row->verdict == FLEET_SILENT) {
		return false; /* each silent server is named above the table */
	}
	return fleet->count <= FLEET_ROWS_FEW || row->verdict != FLEET_OK ||
	       fleet->tolerance_ns == 0;
}

static void put_count(struct text *out, size_t count, const char *what)
{
	text_format(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

/* "3 servers against ntp1.example, tolerance 10 ms" */
static void put_subject(struct text *out, const struct fleet *fleet,
                        const struct style *style)
{
	char label[REPORT_LABEL_SIZE], tolerance[SPAN_TEXT_SIZE];

	put_count(out, fleet->server_count, "server");
	if (fleet->servers) {
		text_put(out, ", ");
		put_count(out, fleet->count, "pair");
	} else if (fleet->reference) {
		report_label(fleet->reference, label, sizeof(label));
		text_format(out, " against %s", label);
	} else {
		text_put(out, " against this machine's clock");
	}
	if (fleet->tolerance_ns > 0) {
		span_format(fleet->tolerance_ns, 0, tolerance);
		style_units(style, tolerance);
		text_format(out, ", tolerance %s", tolerance);
	}
}

/* ": 1 off, 2 silent, 6 ok"; without a tolerance only the silent ones count. */
static void put_counts(struct text *out, const struct fleet *fleet)
{
	const char *before = ": ";

	for (size_t verdict = 0; verdict < FLEET_VERDICT_COUNT; verdict++) {
		if (fleet->counts[verdict] > 0 &&
		    (fleet->tolerance_ns > 0 || verdict != FLEET_OK)) {
			text_format(out, "%s%zu %s", before, fleet->counts[verdict],
			            fleet_verdict_name((enum fleet_verdict)verdict));
			before = ", ";
		}
	}
}

static void put_worst(struct text *out, const struct fleet_row *worst,
                      const struct style *style)
{
	char offset[REPORT_FIGURE_SIZE], bound[REPORT_FIGURE_SIZE],
		label[REPORT_LABEL_SIZE];

	report_figures(worst->offset_ns, worst->bound_ns, false, offset, bound);
	style_units(style, offset);
	style_units(style, bound);
	report_label(worst->source, label, sizeof(label));
	text_format(out, "; worst: %s %s %s, %s", offset, style_plus_minus(style), bound,
	            label);
	if (worst->from) {
		report_label(worst->from, label, sizeof(label));
		text_format(out, " against %s", label);
	}
}

size_t fleet_summary(const struct fleet *fleet, const struct style *style, char *buf,
                     size_t size)
{
	struct text out = text_to(buf, size);
	char label[REPORT_LABEL_SIZE];

	if (!fleet->is_judged) {
		report_label(fleet->reference, label, sizeof(label));
		text_format(&out, "No server is judged: the reference %s is silent", label);
		text_format(&out, "%s%s.", fleet->reference->reason[0] != '\0' ? ": " : "",
		            fleet->reference->reason);
		return out.len;
	}
	put_subject(&out, fleet, style);
	put_counts(&out, fleet);
	if (fleet->worst) {
		put_worst(&out, fleet->worst, style);
	}
	text_put(&out, ".");
	if (fleet->repeated_count > 0) {
		text_format(&out, " Named again and left out: %zu.", fleet->repeated_count);
	}
	return out.len;
}
