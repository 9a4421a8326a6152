/* SPDX-License-Identifier: MIT
 *
 * Past runs as charts over time, for core/history/plot.h and core/history/page.h.
 *
 *   chart_make -> for each panel chart_scale_make -> chart_columns, ticks
 *
 * A picture has a fixed number of columns; each keeps the smallest and the largest of its
 * values, so that no outlier is lost.  A value far from the others would flatten them: the
 * scale leaves it out and counts it as beyond.  Offsets of steps make a scale only if there
 * are no other values.
 */
#ifndef CORE_HISTORY_CHART_H
#define CORE_HISTORY_CHART_H

#include "core/base/keyed_sort.h"
#include "core/history/run_view.h"

enum chart_panel {
	CHART_OFFSET,    /* with the bound around it */
	CHART_CLOSE,     /* the offset alone, if the bound is far wider */
	CHART_FREQUENCY, /* of the kernel's clock, ppb */
	CHART_DELAY,
	CHART_PANEL_COUNT
};

struct chart_point {
	/* As run_record_at(); without an answer, between the neighbours that have one. */
	int64_t at_ns;
	bool has_answer; /* the next three are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;
	bool has_prediction; /* the runs before it predicted |offset| below ... */
	int64_t predicted_bound_ns;
	bool has_frequency;
	int64_t frequency_ppb;
	bool is_step;
	int64_t step_ns; /* the step */
	bool is_failure;
	bool is_reboot; /* the machine was booted before it */
};

struct chart {
	const struct chart_point *points; /* by time */
	size_t count;
	int64_t from_ns; /* the time axis; from < to */
	int64_t to_ns;
	int64_t gap_ns; /* points farther apart are not joined by a line */
};

/* `points` and `scratch` have room for `count`, which is at least 1; the points must
 * outlive `ret`.  `predictions`: of each run, from discipline_replay_bounds() (INT64_MAX:
 * none), or NULL. */
void chart_make(const struct run_record *runs, size_t count, const int64_t *predictions,
                struct keyed *scratch, struct chart_point *points, struct chart *ret);

/* ns or ppb.  lo < hi; both are multiples of the step between ticks. */
struct chart_scale {
	double lo;
	double hi;
	double step;
	size_t value_count;
	size_t beyond_count; /* values left out, except those of steps */
};

/* For about `ticks` ticks. */
void chart_scale_make(const struct chart *chart, enum chart_panel panel, unsigned ticks,
                      struct chart_scale *ret);

/* Whether the offset needs its own panel beside the one with the bound. */
bool chart_needs_close(const struct chart_scale *offset, const struct chart_scale *close);

/* A step beyond the scale is not on the line of the offset, but has its own mark. */
struct chart_column {
	size_t value_count; /* if 0, the values below are not set */
	bool is_begun;      /* no line from the value before it: a step, reboot or gap */
	double first, last; /* by time */
	double min, max;
	double band_lo, band_hi; /* CHART_OFFSET: all bounds; else as min and max */
	int64_t first_at_ns, last_at_ns;
	bool has_prediction; /* in the offset panels */
	double prediction;   /* the largest */
	size_t run_count;    /* in any panel, like the next three */
	size_t step_count, failure_count, reboot_count;
	int64_t step_ns;     /* the largest step */
	int64_t event_at_ns; /* of the last step, failure or reboot */
};

enum { CHART_COLUMNS_MAX = 1000 };

/* Events, each kind shown on its own line below the panels. */
enum chart_event { CHART_STEPS, CHART_FAILURES, CHART_REBOOTS, CHART_EVENT_COUNT };
/* The number of them in the column. */
size_t chart_event_count(const struct chart_column *column, enum chart_event event);

void chart_columns(const struct chart *chart, enum chart_panel panel,
                   const struct chart_scale *scale, struct chart_column *ret,
                   size_t column_count);

enum { CHART_LABEL_SIZE = 24, CHART_LABEL_COLUMNS = 10, CHART_TICKS_MAX = 24 };
struct chart_tick {
	double place; /* 0 at the beginning or the bottom, 1 at the end or the top */
	char label[CHART_LABEL_SIZE];
};

/* At most `most` (2..CHART_TICKS_MAX), at round times in UTC.  Returns the number. */
size_t chart_time_ticks(const struct chart *chart, size_t most, struct chart_tick *ret);
/* From the bottom up: "+1.5 ms", "0"; "+12.5" for ppm; CHART_LABEL_COLUMNS at
 * most.  Returns the number, at most CHART_TICKS_MAX. */
size_t chart_value_ticks(const struct chart_scale *scale, enum chart_panel panel,
                         struct chart_tick *ret);

/* 0..1 within the scale; below 0 or above 1 beyond it. */
double chart_place(const struct chart_scale *scale, double value);

#endif
