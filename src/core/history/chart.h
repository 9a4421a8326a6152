/* SPDX-License-Identifier: MIT
 *
 * Past runs on a plane of time and value: what core/history/plot.h and core/history/page.h draw.
 *
 *   chart_make -> for each panel chart_scale_make -> chart_columns, ticks
 *
 * However many runs there are, a picture has so many columns; each keeps the smallest and
 * the largest of what falls into it, so that no run that stands out is lost.  A value far
 * off the others would flatten them all: the scale leaves it out, and it is counted as
 * beyond; what the clock was stepped by never makes a scale that other values could make.
 */
#ifndef CORE_HISTORY_CHART_H
#define CORE_HISTORY_CHART_H

#include "core/base/keyed_sort.h"
#include "core/history/run_view.h"

enum chart_panel {
	CHART_OFFSET,    /* with the bound around it */
	CHART_CLOSE,     /* the offset alone, for when the bound is far wider */
	CHART_FREQUENCY, /* of the kernel's clock, ppb */
	CHART_DELAY,
	CHART_PANEL_COUNT
};

struct chart_point {
	int64_t at_ns; /* as run_record_at(); without an answer never beyond the runs beside it that have one */
	bool has_answer; /* the next three are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;
	bool has_prediction; /* by what the runs before had taught, |offset| was to be below ... */
	int64_t predicted_bound_ns;
	bool has_frequency;
	int64_t frequency_ppb;
	bool is_step;
	int64_t step_ns; /* the clock was moved by */
	bool is_failure;
	bool is_reboot; /* the machine was started before it */
};

struct chart {
	const struct chart_point *points; /* by time */
	size_t count;
	int64_t from_ns; /* the time axis; from < to */
	int64_t to_ns;
	int64_t gap_ns; /* what lies farther apart is not joined by a line */
};

/* `points` and `scratch` have room for `count`, which is at least 1; the points are to
 * outlive `ret`.  `predictions`: of each run, as discipline_replay_bounds() has them (INT64_MAX: none), or NULL. */
void chart_make(const struct run_record *runs, size_t count, const int64_t *predictions,
                struct keyed *scratch, struct chart_point *points, struct chart *ret);

/* ns or ppb.  lo < hi; both are multiples of the step between ticks. */
struct chart_scale {
	double lo;
	double hi;
	double step;
	size_t value_count;
	size_t beyond_count; /* values left out, but those of steps */
};

/* For about `ticks` ticks. */
void chart_scale_make(const struct chart *chart, enum chart_panel panel, unsigned ticks,
                      struct chart_scale *ret);

/* Whether the offset needs a panel of its own beside that with the bound. */
bool chart_needs_close(const struct chart_scale *offset, const struct chart_scale *close);

/* A step that lies beyond the scale is no value of the offset's line, but a mark of its own. */
struct chart_column {
	size_t value_count; /* when 0 the next are not set */
	bool is_begun; /* no line leads here from the value before: a step, a reboot or a gap lies between */
	double first, last; /* by time */
	double min, max;
	double band_lo, band_hi; /* CHART_OFFSET: all bounds; else as min and max */
	int64_t first_at_ns, last_at_ns;
	bool has_prediction; /* the panels of the offset */
	double prediction;   /* the largest */
	size_t run_count;    /* whatever the panel, as the next three */
	size_t step_count, failure_count, reboot_count;
	int64_t step_ns;     /* the largest that the clock was stepped by */
	int64_t event_at_ns; /* of the last of these */
};

enum { CHART_COLUMNS_MAX = 1000 };

/* What is shown in a line of its own, below the panels. */
enum chart_event { CHART_STEPS, CHART_FAILURES, CHART_REBOOTS, CHART_EVENT_COUNT };
/* How many of them the column has. */
size_t chart_event_count(const struct chart_column *column, enum chart_event event);

void chart_columns(const struct chart *chart, enum chart_panel panel,
                   const struct chart_scale *scale, struct chart_column *ret,
                   size_t column_count);

enum { CHART_LABEL_SIZE = 24, CHART_LABEL_COLUMNS = 10, CHART_TICKS_MAX = 24 };
struct chart_tick {
	double place; /* 0 at the beginning or the bottom, 1 at the end or the top */
	char label[CHART_LABEL_SIZE];
};

/* At most `most` (2..CHART_TICKS_MAX), at round times in UTC.  Returns how many. */
size_t chart_time_ticks(const struct chart *chart, size_t most, struct chart_tick *ret);
/* From the bottom up: "+1.5 ms", "0"; "+12.5" for ppm; CHART_LABEL_COLUMNS at most.  Returns how many, at most
 * CHART_TICKS_MAX. */
size_t chart_value_ticks(const struct chart_scale *scale, enum chart_panel panel,
                         struct chart_tick *ret);

/* Within the scale 0..1; below 0 or above 1 when it lies beyond. */
double chart_place(const struct chart_scale *scale, double value);

#endif
