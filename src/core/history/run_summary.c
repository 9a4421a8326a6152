/* SPDX-License-Identifier: MIT
 *
 * The summary of past runs: counts, sizes of offsets, and a sentence on how right the clock
 * was.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/history/run_view.h"

enum {
	TYPICAL_OF = 20,   /* 19 of 20 runs, or all but one, are typical ... */
	TYPICAL_TIMES = 3, /* ... and those up to 3 times worse ... */
	TYPICAL_FROM = 5,  /* ... or, of fewer than 5, up to PLAN_JUMP_NS */
};

/* ---- quantiles ---- */

/* Which runs are measured, and by what. */
enum measure {
	OFFSET_SIZE, /* |offset| of each trusted run */
	ERROR,       /* |offset| + bound: the clock was not farther off */
	ERROR_UNLESS_STEPPED
};

/* >= 0; -1: the run is not measured. */
static int64_t measure_of(const struct run_record *run, enum measure measure)
{
	if (!run_record_is_trusted(run) ||
	    (measure == ERROR_UNLESS_STEPPED && run->applied_action == PLAN_STEP)) {
		return -1;
	}
	return measure == OFFSET_SIZE ? ns_abs(run->offset_ns)
	                              : ns_add(ns_abs(run->offset_ns), run->bound_ns);
}

static size_t count_within(const struct run_record *runs, size_t count,
                           enum measure measure, int64_t limit_ns)
{
	size_t within = 0;

	for (size_t i = 0; i < count; i++) {
		const int64_t ns = measure_of(&runs[i], measure);

		within += ns >= 0 && ns <= limit_ns;
	}
	return within;
}

/* The smallest limit that `rank` (at least 1) of the runs keep.  Bisection of the range
 * reads each run 63 times and needs no memory. */
static int64_t limit_for(const struct run_record *runs, size_t count, enum measure measure,
                         size_t rank)
{
	int64_t lo_ns = 0, hi_ns = INT64_MAX;

	while (lo_ns < hi_ns) {
		const int64_t middle_ns = lo_ns + (hi_ns - lo_ns) / 2;

		if (count_within(runs, count, measure, middle_ns) >= rank) {
			hi_ns = middle_ns;
		} else {
			lo_ns = middle_ns + 1;
		}
	}
	return lo_ns;
}

static int64_t largest_within(const struct run_record *runs, size_t count, int64_t limit_ns)
{
	int64_t largest_ns = 0;

	for (size_t i = 0; i < count; i++) {
		const int64_t ns = measure_of(&runs[i], ERROR);

		if (ns <= limit_ns) {
			largest_ns = ns_max(largest_ns, ns);
		}
	}
	return largest_ns;
}

/* To the three digits that span_format() shows; from 1 h on to whole seconds. */
static int64_t rounded_up(int64_t ns)
{
	int64_t step_ns = 1;

	if (ns >= 3600 * NS_PER_S) {
		step_ns = NS_PER_S;
	} else {
		while (ns / step_ns >= 1000) {
			step_ns *= 10;
		}
	}
	return ns > INT64_MAX - step_ns ? ns : (ns + step_ns - 1) / step_ns * step_ns;
}

/* ---- the summary ---- */

static void count_run(const struct run_record *run, struct run_summary *ret)
{
	ret->run_count++;
	ret->failure_count += run_record_is_failure(run);
	ret->unanswered_count += !run->has_answer;
	ret->refused_count += run->has_answer && !run_record_is_trusted(run);
	ret->slew_count += run->applied_action == PLAN_SLEW;
	if (run->applied_action == PLAN_STEP) {
		if (ret->step_count == 0 ||
		    ns_abs(run->applied_by_ns) > ns_abs(ret->step_ns)) {
			ret->step_ns = run->applied_by_ns;
		}
		ret->step_count++;
	}
	if (run_record_is_trusted(run)) {
		if (ret->trusted_count == 0 ||
		    ns_abs(run->offset_ns) > ns_abs(ret->largest_ns)) {
			ret->largest_ns = run->offset_ns;
			ret->largest_at = run_record_at(run);
		}
		ret->trusted_count++;
	}
	if (run->has_kernel) {
		ret->has_frequency = true;
		ret->frequency_ppb = run->frequency_after_ppb;
	}
}

static void check_right(const struct run_record *runs, size_t count,
                        struct run_summary *ret)
{
	const size_t quiet = count_within(runs, count, ERROR_UNLESS_STEPPED, INT64_MAX);
	const enum measure measure = quiet > 0 ? ERROR_UNLESS_STEPPED : ERROR;
	const size_t of = quiet > 0 ? quiet : ret->trusted_count;
	const size_t left_out = of / TYPICAL_OF > 0 ? of / TYPICAL_OF : 1;
	const int64_t typical_ns =
		limit_for(runs, count, measure, of > left_out ? of - left_out : 1);
	int64_t limit_ns = typical_ns < INT64_MAX / TYPICAL_TIMES
	                           ? typical_ns * TYPICAL_TIMES
	                           : INT64_MAX;

	if (of < TYPICAL_FROM) {
		limit_ns = ns_max(limit_ns, PLAN_JUMP_NS);
	}
	ret->right_ns = rounded_up(largest_within(runs, count, limit_ns));
	ret->right_count = count_within(runs, count, ERROR, ret->right_ns);
	ret->worst_ns = largest_within(runs, count, INT64_MAX);
}

void run_summary_make(const struct run_record *runs, size_t count, struct run_summary *ret)
{
	double squares = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < count; i++) {
		count_run(&runs[i], ret);
		ret->reboot_count +=
			run_record_is_reboot(i > 0 ? &runs[i - 1] : NULL, &runs[i]);
		if (run_record_is_trusted(&runs[i])) {
			squares += (double)runs[i].offset_ns * (double)runs[i].offset_ns;
		}
	}
	if (count > 0) {
		ret->first_at = run_record_at(&runs[0]);
		ret->last_at = run_record_at(&runs[count - 1]);
	}
	if (ret->trusted_count > 0) {
		const double rms_ns = sqrt(squares / (double)ret->trusted_count);

		ret->median_ns =
			limit_for(runs, count, OFFSET_SIZE, (ret->trusted_count + 1) / 2);
		ret->rms_ns = rms_ns < 9.2e18 ? (int64_t)rms_ns : INT64_MAX;
		check_right(runs, count, ret);
	}
}

/* ---- the sentence ---- */

enum { PART_SIZE = 96 };

/* The sentence so far, and the column of its line. */
struct sentence {
	struct text out;
	const struct style *style;
	size_t column;
};

/* After a semicolon; on the next line if this one is full. */
static void put_part(struct sentence *sentence, const char *part)
{
	const size_t columns = style_columns(part);

	if (sentence->column > 0) {
		text_put(&sentence->out, ";");
		/* Room for the mark that ends the part. */
		if (sentence->style->columns > 0 &&
		    sentence->column + 2 + columns + 1 > sentence->style->columns) {
			text_put(&sentence->out, "\n");
			sentence->column = 0;
		} else {
			text_put(&sentence->out, " ");
			sentence->column += 2;
		}
	}
	text_put(&sentence->out, part);
	sentence->column += columns;
}

static void format_ns(const struct style *style, int64_t ns, bool has_sign, char *buf)
{
	span_format(ns, has_sign, buf);
	style_units(style, buf);
}

static void put_right(struct sentence *sentence, const struct run_summary *summary)
{
	char part[PART_SIZE], right[SPAN_TEXT_SIZE + 1], worst[SPAN_TEXT_SIZE + 1];
	const size_t beyond = summary->trusted_count - summary->right_count;

	if (summary->trusted_count == 0) {
		snprintf(part, sizeof(part), "No %sanswer in %zu run%s",
		         summary->refused_count > 0 ? "trusted " : "", summary->run_count,
		         summary->run_count == 1 ? "" : "s");
		put_part(sentence, part);
		return;
	}
	format_ns(sentence->style, summary->right_ns, false, right);
	snprintf(part, sizeof(part), "Right within %s in %zu of %zu run%s", right,
	         summary->right_count, summary->run_count,
	         summary->run_count == 1 ? "" : "s");
	put_part(sentence, part);
	if (beyond > 0) {
		format_ns(sentence->style, rounded_up(summary->worst_ns), false, worst);
		snprintf(part, sizeof(part), "%zu off by up to %s", beyond, worst);
		put_part(sentence, part);
	}
}

static void put_steps(struct sentence *sentence, const struct run_summary *summary)
{
	char part[PART_SIZE], by[SPAN_TEXT_SIZE + 1], times[32];

	if (summary->step_count == 0) {
		return;
	}
	/* Several steps may differ in direction. */
	format_ns(sentence->style,
	          summary->step_count == 1 ? summary->step_ns : ns_abs(summary->step_ns),
	          summary->step_count == 1, by);
	snprintf(times, sizeof(times), "%zu times", summary->step_count);
	snprintf(part, sizeof(part), "stepped %s, by %s%s",
	         summary->step_count == 1   ? "once"
	         : summary->step_count == 2 ? "twice"
	                                    : times,
	         summary->step_count == 1 ? "" : "up to ", by);
	put_part(sentence, part);
}

size_t run_summary_sentence(const struct run_summary *summary, const struct style *style,
                            char *buf, size_t size)
{
	struct sentence sentence = { .out = text_to(buf, size), .style = style };
	char part[PART_SIZE];

	if (summary->run_count == 0) {
		return sentence.out.len;
	}
	put_right(&sentence, summary);
	if (summary->unanswered_count > 0 &&
	    summary->unanswered_count < summary->run_count) {
		snprintf(part, sizeof(part), "%zu had no answer",
		         summary->unanswered_count);
		put_part(&sentence, part);
	}
	if (summary->refused_count > 0) {
		snprintf(part, sizeof(part), "%zu refused", summary->refused_count);
		put_part(&sentence, part);
	}
	put_steps(&sentence, summary);
	text_put(&sentence.out, style->columns > 0 ? ".\n" : ".");
	return sentence.out.len;
}
