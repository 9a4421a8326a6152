/* SPDX-License-Identifier: MIT */
#include "core/report/learnt.h"

#include <stdio.h>

#include "core/base/span.h"
#include "core/report/report_private.h"

enum { SENTENCE_ROOM = 400 };

void report_put_ppm(struct text *out, int64_t ppb, bool has_sign)
{
	const char *sign = ppb < 0 ? "-" : has_sign ? "+" : "";
	const uint64_t size = ppb < 0 ? 0 - (uint64_t)ppb : (uint64_t)ppb;

	text_format(out, "%s%llu.%03llu", sign, (unsigned long long)(size / 1000),
	            (unsigned long long)(size % 1000));
}

static void put_span(struct text *out, const struct style *style, int64_t ns, bool has_sign)
{
	char span[SPAN_TEXT_ROOM + 1];

	span_format(ns, has_sign, span);
	style_units(style, span);
	text_put(out, span);
}

static void put_estimates(struct text *out, const struct learnt *learnt,
                          const struct style *style)
{
	const char *plus_minus = style_plus_minus(style);

	text_format(out, "Learnt (%s): frequency ", discipline_state_name(learnt->state));
	report_put_ppm(out, learnt->frequency_ppb, true);
	text_format(out, " %s ", plus_minus);
	report_put_ppm(out, learnt->frequency_sd_ppb, false);
	text_put(out, " ppm");
	if (learnt->has_phase) {
		text_put(out, ", offset ");
		put_span(out, style, learnt->phase_ns, true);
		text_format(out, " %s ", plus_minus);
		put_span(out, style, learnt->phase_sd_ns, false);
	}
	text_put(out, " (one standard deviation)");
	if (learnt->has_bound) {
		text_put(out, "; within ");
		put_span(out, style, learnt->bound_ns, false);
		text_put(out, " for the next ");
		put_span(out, style, learnt->ahead_ns, false);
	}
	text_put(out, ".");
}

size_t report_learnt(const struct learnt *learnt, const struct style *style, char *buf,
                     size_t room)
{
	struct text out = text_to(buf, room);
	char sentence[SENTENCE_ROOM];
	struct text words = text_to(sentence, sizeof(sentence));

	if (learnt->state == DISCIPLINE_IGNORANT) {
		text_put(&words, "Learnt: nothing yet.");
	} else {
		put_estimates(&words, learnt, style);
	}
	report_wrapped(&out, sentence, 0, report_columns(style));
	return out.len;
}
