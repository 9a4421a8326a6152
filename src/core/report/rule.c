/* SPDX-License-Identifier: MIT
 *
 * A rule with the time of the run, between the reports of successive runs.
 */
#include <stdio.h>

#include "core/base/text_time.h"
#include "core/report/report_private.h"

size_t report_rule(const struct run *run, const struct style *style, char *buf, size_t size)
{
	const int64_t half_ns = NS_PER_S / 2;
	const struct instant at =
		run->has_answer ? instant_add_ns(run->at, run->offset_ns) : run->at;
	const struct civil c = civil_from_instant(instant_add_ns(at, half_ns));
	const char *dash = style->has_utf8 ? "\xe2\x94\x80" : "-";
	struct text out = text_to(buf, size);
	char words[40];
	size_t columns;

	snprintf(words, sizeof(words), " %04u-%02u-%02u %02u:%02u:%02u UTC ",
	         (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
	         (unsigned)c.hour % 100, (unsigned)c.minute % 100,
	         (unsigned)c.second % 100);
	text_put(&out, dash);
	text_put(&out, dash);
	text_put(&out, words);
	for (columns = 2 + style_columns(words); columns < report_width(style); columns++) {
		text_put(&out, dash);
	}
	text_put(&out, "\n");
	return out.len;
}
