/* SPDX-License-Identifier: MIT
 *
 * The estimates of the discipline as a sentence, for `set --verbose`.
 */
#include "core/report/discipline_report.h"

#include <stdio.h>

#include "core/base/span.h"
#include "core/report/report_private.h"

enum { SENTENCE_SIZE = 400 };

void report_put_ppm(struct text *out, int64_t ppb, bool has_sign)
{
	const char *sign = ppb < 0 ? "-" : has_sign ? "+" : "";
	const uint64_t size = ns_magnitude(ppb);

	text_format(out, "%s%llu.%03llu", sign, (unsigned long long)(size / 1000),
	            (unsigned long long)(size % 1000));
}

static void put_span(struct text *out, const struct style *style, int64_t ns, bool has_sign)
{
	char span[SPAN_TEXT_SIZE + 1];

	span_format(ns, has_sign, span);
	style_units(style, span);
	text_put(out, span);
}

static void put_estimates(struct text *out,
                          const struct discipline_report *discipline_report,
                          const struct style *style)
{
	const char *plus_minus = style_plus_minus(style);

	text_format(out, "Discipline (%s): frequency ",
	            discipline_state_name(discipline_report->state));
	report_put_ppm(out, discipline_report->frequency_ppb, true);
	text_format(out, " %s ", plus_minus);
	report_put_ppm(out, discipline_report->frequency_sd_ppb, false);
	text_put(out, " ppm");
	if (discipline_report->has_phase) {
		text_put(out, ", offset ");
		put_span(out, style, discipline_report->phase_ns, true);
		text_format(out, " %s ", plus_minus);
		put_span(out, style, discipline_report->phase_sd_ns, false);
	}
	text_put(out, " (one standard deviation)");
	if (discipline_report->has_bound) {
		text_put(out, "; within ");
		put_span(out, style, discipline_report->bound_ns, false);
		text_put(out, " for the next ");
		put_span(out, style, discipline_report->ahead_ns, false);
	}
	text_put(out, ".");
}

size_t report_discipline(const struct discipline_report *discipline_report,
                         const struct style *style, char *buf, size_t buf_size)
{
	struct text out = text_to(buf, buf_size);
	char sentence[SENTENCE_SIZE];
	struct text words = text_to(sentence, sizeof(sentence));

	if (discipline_report->state == DISCIPLINE_UNSET) {
		text_put(&words, "Discipline: no estimate yet.");
	} else {
		put_estimates(&words, discipline_report, style);
	}
	report_wrapped(&out, sentence, 0, report_columns(style));
	return out.len;
}
