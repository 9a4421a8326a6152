/* SPDX-License-Identifier: MIT
 *
 * Past runs as points, scales and columns of a chart.
 */
#include "core/history/chart.h"

#include <math.h>
#include <string.h>

enum {
	GAP_INTERVALS = 4,     /* times the median interval between runs */
	TRIMMED_PART = 20,     /* a scale may leave out 1 in 20 values on each side ... */
	TRIMMED_FROM = 5,      /* ... of at least 5 values */
	TRIMMED_FROM_ZERO = 2, /* ... or of 2, if the scale includes zero */
	FAR_SPANS = 3, /* ... that lie farther off than 3 times the width of the rest */
	FAR_SPANS_FEW = 20, /* ... or 20 times, of fewer than TRIMMED_FROM values */
	CLOSE_RATIO = 4,
};

/* ---- points ---- */

/* A clock that shows 1970 until its first answer must not stretch the axis: a run without
 * an answer is placed between those with one. */
static void place_runs(const struct run_record *runs, size_t count, struct keyed *places)
{
	int64_t bound_ns = INT64_MAX;

	for (size_t i = count; i > 0; i--) {
		int64_t at_ns = run_record_at(&runs[i - 1]).unix_ns;

		if (runs[i - 1].has_answer) {
			bound_ns = at_ns;
		} else if (at_ns > bound_ns) {
			at_ns = bound_ns;
		}
		places[i - 1] = (struct keyed){ .key = at_ns, .at = i - 1 };
	}
	bound_ns = INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		if (runs[i].has_answer) {
			bound_ns = places[i].key;
		} else if (places[i].key < bound_ns) {
			places[i].key = bound_ns;
		}
	}
}

static struct chart_point point_of(const struct run_record *run,
                                   const struct run_record *before,
                                   int64_t predicted_bound_ns, int64_t at_ns)
{
	return (struct chart_point){
		.at_ns = at_ns,
		.has_answer = run_record_is_trusted(run),
		.offset_ns = run->offset_ns,
		.bound_ns = run->bound_ns,
		.delay_ns = run->delay_ns,
		.has_prediction = predicted_bound_ns < INT64_MAX,
		.predicted_bound_ns = predicted_bound_ns,
		.has_frequency = run->has_kernel,
		.frequency_ppb = run->frequency_after_ppb,
		.is_step = run->applied_action == PLAN_STEP,
		.step_ns = run->applied_by_ns,
		.is_failure = run_record_is_failure(run),
		.is_reboot = run_record_is_reboot(before, run),
	};
}

static int64_t distance_ns(int64_t from_ns, int64_t to_ns)
{
	return instant_diff_ns((struct instant){ to_ns }, (struct instant){ from_ns });
}

/* The median interval between runs, by bisection. */
static int64_t usual_distance_ns(const struct chart_point *points, size_t count)
{
	int64_t lo_ns = 0, hi_ns = INT64_MAX;

	while (lo_ns < hi_ns) {
		const int64_t middle_ns = lo_ns + (hi_ns - lo_ns) / 2;
		size_t below = 0;

		for (size_t i = 1; i < count; i++) {
			below += distance_ns(points[i - 1].at_ns, points[i].at_ns) <=
			         middle_ns;
		}
		if (2 * below >= count - 1) {
			hi_ns = middle_ns;
		} else {
			lo_ns = middle_ns + 1;
		}
	}
	return lo_ns;
}

void chart_make(const struct run_record *runs, size_t count, const int64_t *predictions,
                struct keyed *scratch, struct chart_point *points, struct chart *ret)
{
	int64_t usual_ns;

	place_runs(runs, count, scratch);
	keyed_sort(scratch, count);
	for (size_t i = 0; i < count; i++) {
		const size_t at = scratch[i].at;

		points[i] =
			point_of(&runs[at], at > 0 ? &runs[at - 1] : NULL,
		                 predictions ? predictions[at] : INT64_MAX, scratch[i].key);
	}
	usual_ns = usual_distance_ns(points, count);
	*ret = (struct chart){
		.points = points,
		.count = count,
		.from_ns = points[0].at_ns,
		.to_ns = points[count - 1].at_ns,
		.gap_ns = usual_ns < INT64_MAX / GAP_INTERVALS ? usual_ns * GAP_INTERVALS
		                                               : INT64_MAX,
	};
	if (distance_ns(ret->from_ns, ret->to_ns) < NS_PER_S) { /* one run */
		ret->from_ns = ns_add(ret->from_ns, -60 * NS_PER_S);
		ret->to_ns = ns_add(ret->to_ns, 60 * NS_PER_S);
	}
}

/* ---- values ---- */

static bool has_value(const struct chart_point *point, enum chart_panel panel)
{
	return panel == CHART_FREQUENCY ? point->has_frequency : point->has_answer;
}

static double value_of(const struct chart_point *point, enum chart_panel panel)
{
	switch (panel) {
	case CHART_FREQUENCY:
		return (double)point->frequency_ppb;
	case CHART_DELAY:
		return (double)point->delay_ns;
	default:
		return (double)point->offset_ns;
	}
}

static double half_band_of(const struct chart_point *point, enum chart_panel panel)
{
	return panel == CHART_OFFSET ? (double)point->bound_ns : 0;
}

/* The upper edge, or with -1 the lower one mirrored, so that the same code serves both. */
static double edge_of(const struct chart_point *point, enum chart_panel panel, double sign)
{
	return sign * value_of(point, panel) + half_band_of(point, panel);
}

static bool is_offset(enum chart_panel panel)
{
	return panel == CHART_OFFSET || panel == CHART_CLOSE;
}

/* The values that a scale is made for, without the offsets of steps if there are others. */
struct choice {
	const struct chart *chart;
	enum chart_panel panel;
	bool has_steps;
};

static bool is_chosen(const struct choice *choice, const struct chart_point *point)
{
	return has_value(point, choice->panel) && (choice->has_steps || !point->is_step);
}

static size_t count_above(const struct choice *choice, double sign, double limit)
{
	size_t above = 0;

	for (size_t i = 0; i < choice->chart->count; i++) {
		const struct chart_point *point = &choice->chart->points[i];

		above += is_chosen(choice, point) &&
		         edge_of(point, choice->panel, sign) > limit;
	}
	return above;
}

/* Nearly the smallest limit that at most `most` edges exceed. */
static double limit_leaving(const struct choice *choice, double sign, size_t most,
                            double lo, double hi)
{
	for (unsigned i = 0; i < 64 && lo < hi; i++) {
		const double middle = lo + (hi - lo) / 2;

		if (count_above(choice, sign, middle) <= most) {
			hi = middle;
		} else {
			lo = middle;
		}
	}
	return hi;
}

struct extent {
	size_t count;
	double top;    /* the largest upper edge */
	double bottom; /* the largest lower one, mirrored */
};

static struct extent whole_extent(const struct choice *choice)
{
	struct extent whole = { 0, -INFINITY, -INFINITY };

	for (size_t i = 0; i < choice->chart->count; i++) {
		const struct chart_point *point = &choice->chart->points[i];

		if (is_chosen(choice, point)) {
			whole.count++;
			whole.top = fmax(whole.top, edge_of(point, choice->panel, 1));
			whole.bottom =
				fmax(whole.bottom, edge_of(point, choice->panel, -1));
		}
	}
	return whole;
}

/* All but the farthest `most` on each side. */
static struct extent trimmed_extent(const struct choice *choice, size_t most,
                                    const struct extent *whole)
{
	struct extent trimmed = *whole;

	trimmed.top = limit_leaving(choice, 1, most, -whole->bottom, whole->top);
	trimmed.bottom = limit_leaving(choice, -1, most, -whole->top, whole->bottom);
	if (choice->panel != CHART_FREQUENCY) { /* these scales include zero */
		trimmed.top = fmax(trimmed.top, 0);
		trimmed.bottom = fmax(trimmed.bottom, 0);
	}
	return trimmed;
}

/* Which ends of `whole` lie far from the rest. */
static void check_ends(const struct extent *whole, const struct extent *trimmed,
                       double far_spans, bool *ret_top, bool *ret_bottom)
{
	const double span = fmax(trimmed->top + trimmed->bottom, 1);

	*ret_top = whole->top - trimmed->top > far_spans * span;
	*ret_bottom = whole->bottom - trimmed->bottom > far_spans * span;
}

/* The extent without values far from the rest. */
static struct extent usual_extent(const struct choice *choice, const struct extent *whole)
{
	const size_t most =
		whole->count / TRIMMED_PART > 0 ? whole->count / TRIMMED_PART : 1;
	const bool are_few = whole->count < TRIMMED_FROM;
	struct extent usual = *whole, trimmed;
	bool is_top_far, is_bottom_far;

	if (whole->count <
	    (choice->panel == CHART_FREQUENCY ? (size_t)TRIMMED_FROM : TRIMMED_FROM_ZERO)) {
		return usual;
	}
	trimmed = trimmed_extent(choice, most, whole);
	check_ends(whole, &trimmed, are_few ? FAR_SPANS_FEW : FAR_SPANS, &is_top_far,
	           &is_bottom_far);
	/* A few offsets may be alike by chance, so their bounds decide which ends are far. */
	if (are_few && choice->panel == CHART_CLOSE) {
		const struct choice bounds = { choice->chart, CHART_OFFSET,
			                       choice->has_steps };
		const struct extent all = whole_extent(&bounds);
		const struct extent some = trimmed_extent(&bounds, most, &all);

		check_ends(&all, &some, FAR_SPANS_FEW, &is_top_far, &is_bottom_far);
	}
	if (is_top_far) {
		usual.top = trimmed.top + fmax(trimmed.top + trimmed.bottom, 1) / 4;
	}
	if (is_bottom_far) {
		usual.bottom = trimmed.bottom + fmax(trimmed.top + trimmed.bottom, 1) / 4;
	}
	return usual;
}

/* 1, 2 or 5 times a power of ten: the smallest that is not below `least`. */
static double round_step(double least)
{
	const double power = pow(10, floor(log10(least)));

	if (least <= power) {
		return power;
	}
	return least <= 2 * power ? 2 * power : least <= 5 * power ? 5 * power : 10 * power;
}

/* For values that are all equal: 1 us or 0.1 ppm each way, or a millionth of a large
 * value. */
static void pad_around(enum chart_panel panel, double *lo, double *hi)
{
	const double most = fmax(fabs(*lo), fabs(*hi));
	const double pad = fmax(panel == CHART_FREQUENCY ? 100 : 1000, most * 1e-6);

	if (*hi - *lo < fmax(10, most * 1e-9)) {
		*lo -= panel == CHART_DELAY ? 0 : pad;
		*hi += pad;
	}
}

void chart_scale_make(const struct chart *chart, enum chart_panel panel, unsigned ticks,
                      struct chart_scale *ret)
{
	const struct choice all = { chart, panel, true };
	struct choice choice = { chart, panel, !is_offset(panel) };
	struct extent whole = whole_extent(&choice), usual;
	double lo = 0, hi = 0;

	if (whole.count == 0) {
		choice.has_steps = true;
		whole = whole_extent(&choice);
	}
	if (whole.count > 0) {
		usual = usual_extent(&choice, &whole);
		lo = -usual.bottom;
		hi = usual.top;
	}
	if (panel != CHART_FREQUENCY) { /* these scales include zero */
		lo = fmin(lo, 0);
		hi = fmax(hi, 0);
	}
	pad_around(panel, &lo, &hi);
	ret->step = round_step((hi - lo) / (ticks > 1 ? ticks : 1));
	ret->lo = floor(lo / ret->step) * ret->step;
	ret->hi = ceil(hi / ret->step) * ret->step;
	ret->value_count = whole_extent(&all).count;
	/* A bound that leaves the picture is visible and not counted. */
	choice.panel = panel == CHART_OFFSET ? CHART_CLOSE : panel;
	ret->beyond_count =
		count_above(&choice, 1, ret->hi) + count_above(&choice, -1, -ret->lo);
}

bool chart_needs_close(const struct chart_scale *offset, const struct chart_scale *close)
{
	return offset->hi - offset->lo > CLOSE_RATIO * (close->hi - close->lo);
}

double chart_place(const struct chart_scale *scale, double value)
{
	return (value - scale->lo) / (scale->hi - scale->lo);
}

/* ---- columns ---- */

static void add_value(struct chart_column *column, const struct chart_point *point,
                      enum chart_panel panel)
{
	const double value = value_of(point, panel);
	const double half = half_band_of(point, panel);

	if (column->value_count == 0) {
		column->first = value;
		column->first_at_ns = point->at_ns;
		column->min = column->max = value;
		column->band_lo = value - half;
		column->band_hi = value + half;
	}
	column->value_count++;
	column->last = value;
	column->last_at_ns = point->at_ns;
	column->min = fmin(column->min, value);
	column->max = fmax(column->max, value);
	column->band_lo = fmin(column->band_lo, value - half);
	column->band_hi = fmax(column->band_hi, value + half);
	if (is_offset(panel) && point->has_prediction) {
		column->prediction =
			fmax(column->prediction, (double)point->predicted_bound_ns);
		column->has_prediction = true;
	}
}

static void add_events(struct chart_column *column, const struct chart_point *point)
{
	column->run_count++;
	column->step_count += point->is_step;
	column->failure_count += point->is_failure;
	column->reboot_count += point->is_reboot;
	if (point->is_step || point->is_failure || point->is_reboot) {
		column->event_at_ns = point->at_ns;
	}
	if (point->is_step &&
	    fabs((double)point->step_ns) > fabs((double)column->step_ns)) {
		column->step_ns = point->step_ns;
	}
}

static bool is_mark(const struct chart_point *point, enum chart_panel panel,
                    const struct chart_scale *scale)
{
	const double value = value_of(point, panel);

	return is_offset(panel) && point->is_step &&
	       (value < scale->lo || value > scale->hi);
}

/* A line joins the values, except across a step of the clock (in the offset panels), a
 * reboot or a gap. */
void chart_columns(const struct chart *chart, enum chart_panel panel,
                   const struct chart_scale *scale, struct chart_column *ret,
                   size_t column_count)
{
	const double from = (double)chart->from_ns, span = (double)chart->to_ns - from;
	const struct chart_point *before = NULL;
	bool is_begun = true;

	memset(ret, 0, column_count * sizeof(*ret));
	for (size_t i = 0; i < chart->count; i++) {
		const struct chart_point *point = &chart->points[i];
		const double place = ((double)point->at_ns - from) / span;
		size_t at = (size_t)(place * (double)column_count);

		at = at < column_count ? at : column_count - 1;
		add_events(&ret[at], point);
		is_begun |= point->is_reboot;
		if (has_value(point, panel) && !is_mark(point, panel, scale)) {
			if (ret[at].value_count == 0) {
				ret[at].is_begun = is_begun || distance_ns(before->at_ns,
				                                           point->at_ns) >
				                                       chart->gap_ns;
			}
			add_value(&ret[at], point, panel);
			before = point;
			is_begun = false;
		}
		is_begun |= point->is_step && is_offset(panel);
	}
}

size_t chart_event_count(const struct chart_column *column, enum chart_event event)
{
	switch (event) {
	case CHART_STEPS:
		return column->step_count;
	case CHART_FAILURES:
		return column->failure_count;
	default:
		return column->reboot_count;
	}
}
