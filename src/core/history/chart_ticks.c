/* SPDX-License-Identifier: MIT
 *
 * Ticks of the time axis and of the value axes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text_time.h"
#include "core/history/chart.h"

#define S_PER_DAY INT64_C(86400)

enum {
	MONTHS_PER_YEAR = 12,
	MONDAY_S = 4 * 86400, /* 1970-01-05 */
};

/* ---- time ---- */

static const int64_t steps_s[] = {
	1,     2,     5,      10,        15,        30,         60,       120,
	300,   600,   900,    1800,      3600,      7200,       3 * 3600, 21600,
	43200, 86400, 172800, 3 * 86400, 7 * 86400, 14 * 86400,
};
static const int steps_months[] = { 1, 2, 3, 4, 6, 12, 24, 60, 120, 240, 600, 1200 };

static void time_label(struct instant at, int64_t step_s, char *label)
{
	const struct civil c = civil_from_instant(at);

	if (step_s >= S_PER_DAY || (c.hour == 0 && c.minute == 0 && c.second == 0)) {
		snprintf(label, CHART_LABEL_SIZE, "%.3s %d", civil_month(c.month), c.day);
	} else if (step_s >= 60) {
		snprintf(label, CHART_LABEL_SIZE, "%02d:%02d", c.hour, c.minute);
	} else {
		snprintf(label, CHART_LABEL_SIZE, "%02d:%02d:%02d", c.hour, c.minute,
		         c.second);
	}
}

static double place_of(const struct chart *chart, int64_t at_s)
{
	const double from_s = (double)chart->from_ns / 1e9;

	return ((double)at_s - from_s) / ((double)chart->to_ns / 1e9 - from_s);
}

static size_t ticks_of_seconds(const struct chart *chart, int64_t step_s, size_t most,
                               struct chart_tick *ret)
{
	const int64_t phase_s = step_s > S_PER_DAY ? MONDAY_S : 0;
	const int64_t to_s = chart->to_ns / NS_PER_S;
	const int64_t from_s = chart->from_ns / NS_PER_S;
	const int64_t beyond_s = ((from_s - phase_s) % step_s + step_s) % step_s;
	size_t count = 0;

	for (int64_t s = from_s - beyond_s; s <= to_s && count < most; s += step_s) {
		ret[count].place = place_of(chart, s);
		if (ret[count].place < 0) {
			continue;
		}
		time_label((struct instant){ s * NS_PER_S }, step_s, ret[count].label);
		count++;
	}
	return count;
}

static size_t ticks_of_months(const struct chart *chart, int step, size_t most,
                              struct chart_tick *ret)
{
	const struct civil from = civil_from_instant((struct instant){ chart->from_ns });
	const struct civil to = civil_from_instant((struct instant){ chart->to_ns });
	const int last = to.year * MONTHS_PER_YEAR + to.month - 1;
	int index = from.year * MONTHS_PER_YEAR + from.month - 1;
	char start[40];
	struct instant at;
	size_t count = 0;

	for (index -= index % step; index <= last && count < most; index += step) {
		snprintf(start, sizeof(start), "%04d-%02d-01T00:00:00Z",
		         index / MONTHS_PER_YEAR, index % MONTHS_PER_YEAR + 1);
		if (!text_time_rfc3339_parse(start, strlen(start), &at) ||
		    at.unix_ns < chart->from_ns) {
			continue;
		}
		ret[count].place = place_of(chart, at.unix_ns / NS_PER_S);
		snprintf(ret[count].label, CHART_LABEL_SIZE,
		         step % MONTHS_PER_YEAR == 0 ? "%04d" : "%04d-%02d",
		         index / MONTHS_PER_YEAR, index % MONTHS_PER_YEAR + 1);
		count++;
	}
	return count;
}

size_t chart_time_ticks(const struct chart *chart, size_t most, struct chart_tick *ret)
{
	const double span_s = ((double)chart->to_ns - (double)chart->from_ns) / 1e9;
	const double month_s = 30.44 * (double)S_PER_DAY;
	size_t i = 0;

	most = most > CHART_TICKS_MAX ? CHART_TICKS_MAX : most;
	for (size_t k = 0; k < COUNT_OF(steps_s); k++) {
		if (span_s / (double)steps_s[k] < (double)most) {
			return ticks_of_seconds(chart, steps_s[k], most, ret);
		}
	}
	while (i + 1 < COUNT_OF(steps_months) &&
	       span_s / month_s / steps_months[i] >= (double)most) {
		i++;
	}
	return ticks_of_months(chart, steps_months[i], most, ret);
}

/* ---- values ---- */

struct unit {
	const char *name;
	double size;
};

static struct unit unit_of(const struct chart_scale *scale, enum chart_panel panel)
{
	static const struct {
		struct unit unit;
		double from;
	} units[] = {
		{ { " d", 86400e9 }, 1e16 }, /* 115 days: a clock in another year */
		{ { " s", 1e9 }, 1e9 },
		{ { " ms", 1e6 }, 1e6 },
		{ { " us", 1e3 }, 1e3 },
	};
	const double size = fmax(fabs(scale->lo), fabs(scale->hi));

	if (panel == CHART_FREQUENCY) {
		return (struct unit){ "", 1e3 };
	}
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (size >= units[i].from) {
			return units[i].unit;
		}
	}
	return (struct unit){ " ns", 1 };
}

/* At most CHART_LABEL_COLUMNS: absurd values are rounded. */
static void value_label(double value, struct unit unit, int decimals, bool has_sign,
                        char *label)
{
	int len = snprintf(label, CHART_LABEL_SIZE, has_sign ? "%+.*f%s" : "%.*f%s",
	                   decimals, value / unit.size, unit.name);

	if (len > CHART_LABEL_COLUMNS) {
		snprintf(label, CHART_LABEL_SIZE, has_sign ? "%+.1e%s" : "%.1e%s",
		         value / unit.size, unit.name);
	}
}

size_t chart_value_ticks(const struct chart_scale *scale, enum chart_panel panel,
                         struct chart_tick *ret)
{
	const struct unit unit = unit_of(scale, panel);
	const double step = scale->step / unit.size;
	const int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
	size_t count = 0;

	for (double value = scale->lo;
	     value <= scale->hi + scale->step / 2 && count < CHART_TICKS_MAX;
	     value += scale->step) {
		ret[count].place = chart_place(scale, value);
		if (fabs(value) < scale->step / 2) { /* zero */
			snprintf(ret[count].label, CHART_LABEL_SIZE, "0");
		} else {
			value_label(value, unit, decimals, panel != CHART_DELAY,
			            ret[count].label);
		}
		count++;
	}
	return count;
}
