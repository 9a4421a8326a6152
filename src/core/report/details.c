/* SPDX-License-Identifier: MIT
 *
 * Details of each source, for --verbose.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/ntp/refid.h"
#include "core/report/report_private.h"

enum { DETAIL_SIZE = REPORT_LABEL_SIZE + ADDRESS_TEXT_SIZE + 80, DETAIL_INDENT = 4 };

static const char *stamp_text(enum stamp_kind stamp)
{
	switch (stamp) {
	case STAMP_KERNEL:
		return "kernel";
	case STAMP_USER:
		return "user";
	case STAMP_NONE:
		break;
	}
	return "none";
}

static void put_date(struct text *out, int64_t unix_s)
{
	const struct civil date = civil_from_unix_s(unix_s);

	text_format(out, "%04d-%02d-%02d", date.year, date.month, date.day);
}

static void put_nts(struct text *out, const struct run_source *source, size_t columns)
{
	const struct source_nts *nts = &source->nts;
	char line[DETAIL_SIZE + NTS_SUBJECT_SIZE], took[SPAN_TEXT_SIZE];
	struct text detail = text_to(line, sizeof(line));

	if (nts->key_exchange_ns >= 0) {
		span_format(nts->key_exchange_ns, 0, took);
		text_format(&detail, "NTS: keys from TCP port %u in %s",
		            (unsigned)nts->key_port, took);
	} else {
		text_put(&detail, "NTS: keys of an earlier run");
	}
	text_format(&detail, ", %u cookies left; certificate of %s, valid from ",
	            nts->cookie_count, nts->subject);
	put_date(&detail, nts->window.from_s);
	text_put(&detail, " to ");
	put_date(&detail, nts->window.until_s);
	text_put(&detail, nts->is_told ? ": by the server's time, not by this clock" : "");
	report_wrapped(out, line, DETAIL_INDENT, columns);
}

static void put_source(struct text *out, const struct run_source *source,
                       const struct style *style, size_t columns)
{
	char label[REPORT_LABEL_SIZE], address[ADDRESS_TEXT_SIZE] = "not resolved";
	char delay[SPAN_TEXT_SIZE], dispersion[SPAN_TEXT_SIZE], refid[20];
	char line[DETAIL_SIZE];

	report_label(source, label, sizeof(label));
	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
	}
	snprintf(line, sizeof(line), "%s: %s %s port %u", label,
	         scheme_name(source->scheme), address,
	         (unsigned)(source->nts.has_keys ? source->address.port : source->port));
	report_wrapped(out, line, 0, columns);
	snprintf(line, sizeof(line), "sent %u, received %u, stamps: sent %s, received %s",
	         source->sent, source->received, stamp_text(source->sent_stamp),
	         stamp_text(source->received_stamp));
	report_wrapped(out, line, DETAIL_INDENT, columns);
	if (source->has_header) {
		refid_format(source->stratum, source->refid, refid, sizeof(refid));
		span_format(source->root_delay_ns, 0, delay);
		span_format(source->root_dispersion_ns, 0, dispersion);
		style_units(style, delay);
		style_units(style, dispersion);
		snprintf(line, sizeof(line),
		         "refid %s, leap %u, root delay %s, root dispersion %s", refid,
		         (unsigned)source->leap, delay, dispersion);
		report_wrapped(out, line, DETAIL_INDENT, columns);
	}
	if (source->nts.has_keys) {
		put_nts(out, source, columns);
	}
}

size_t report_details(const struct run *run, const struct style *style, char *buf,
                      size_t size)
{
	const size_t columns = style->is_unwrapped   ? SIZE_MAX
	                       : style->columns < 60 ? 60
	                                             : style->columns;
	struct text out = text_to(buf, size);

	for (size_t i = 0; i < run->source_count; i++) {
		put_source(&out, &run->sources[i], style, columns);
	}
	return out.len;
}
