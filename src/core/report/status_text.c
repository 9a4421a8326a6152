/* SPDX-License-Identifier: MIT
 *
 * The parts of a row: advice, ages, spans and moments.
 */
#include <stdarg.h>
#include <stdio.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/report/status_rows_private.h"

#define MINUTE_NS (60 * NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)

void status_advise(struct status_row *row, const char *format, ...)
{
	char words[STATUS_ADVICE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	text_put(&row->advice, words);
	if (row->row_class == STATUS_PLAIN) {
		row->row_class = STATUS_DOUBTFUL;
	}
}

const char *status_age(int64_t ns, char buf[STATUS_AGE_SIZE])
{
	const struct {
		int64_t below_ns, unit_ns;
		const char *unit;
	} units[] = {
		{ 2 * MINUTE_NS, NS_PER_S, "s" },
		{ 2 * HOUR_NS, MINUTE_NS, "min" },
		{ 2 * DAY_NS, HOUR_NS, "h" },
		{ INT64_MAX, DAY_NS, "days" },
	};
	size_t i = 0;

	ns = ns_max(ns, 0);
	while (i + 1 < COUNT_OF(units) && ns >= units[i].below_ns) {
		i++;
	}
	snprintf(buf, STATUS_AGE_SIZE, "%lld %s",
	         (long long)(ns_add(ns, units[i].unit_ns / 2) / units[i].unit_ns),
	         units[i].unit);
	return buf;
}

void status_put_span(struct status_row *row, int64_t ns, bool has_sign)
{
	char span[SPAN_TEXT_SIZE + 1];

	span_format(ns, has_sign, span);
	style_units(row->style, span);
	text_put(&row->text, span);
}

void status_put_moment(struct status_row *row, const struct status_view *view,
                       struct instant at)
{
	const struct civil today = civil_from_instant(view->at.wall);
	const struct civil then = civil_from_instant(at);

	if (then.year != today.year || then.month != today.month || then.day != today.day) {
		text_format(&row->text, "%04d-%02d-%02d ", then.year, then.month, then.day);
	}
	text_format(&row->text, "%02d:%02d:%02d UTC", then.hour, then.minute, then.second);
}
