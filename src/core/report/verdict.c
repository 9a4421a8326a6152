/* SPDX-License-Identifier: MIT
 *
 * The sentences below the table: the offset, the plan or action, and why there is no
 * answer.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/report/report_private.h"

enum { SENTENCE_SIZE = 320 };

static void put_offset_sentence(struct text *out, const struct run *run,
                                const struct style *style)
{
	const char *state = run->offset_ns > 0 ? "is behind" : "is ahead";
	char offset[REPORT_FIGURE_SIZE], bound[REPORT_FIGURE_SIZE], intervals[64],
		line[SENTENCE_SIZE];

	if (ns_magnitude(run->offset_ns) <= ns_magnitude(run->bound_ns)) {
		state = "agrees";
	}
	if (run->asked_count <= 1) {
		snprintf(intervals, sizeof(intervals), "a single server");
	} else {
		snprintf(intervals, sizeof(intervals), "%zu of %zu servers",
		         run->agreeing_count, run->asked_count);
	}
	report_figures(run->offset_ns, run->bound_ns, false, offset, bound);
	style_units(style, offset);
	style_units(style, bound);
	snprintf(line, sizeof(line), "The local clock %s: offset %s %s %s by %s%s.", state,
	         offset, style_plus_minus(style), bound, intervals,
	         run->is_authenticated ? ", authenticated" : "");
	report_wrapped(out, line, 0, report_columns(style));
}

/* `it` is the word for the clock. */
static void plan_sentence(const struct plan *plan, const struct style *style,
                          const char *it, char line[SENTENCE_SIZE])
{
	const char *way = plan->by_ns > 0 ? "forward" : "back";
	char by[SPAN_TEXT_SIZE], takes[SPAN_TEXT_SIZE];
	int64_t by_ns = report_saturated(ns_magnitude(plan->by_ns));

	span_format(by_ns, 0, by);
	style_units(style, by);
	switch (plan->action) {
	case PLAN_NONE:
		snprintf(line, SENTENCE_SIZE, "`set` would leave %s alone: %s", it,
		         plan_reason_text(plan->reason));
		break;
	case PLAN_STEP:
		snprintf(line, SENTENCE_SIZE, "`set` would step %s %s by %s: %s", it, way,
		         by, plan_reason_text(plan->reason));
		break;
	case PLAN_SLEW:
		span_format(plan_slew_lasts_ns(plan->by_ns), 0, takes);
		style_units(style, takes);
		snprintf(line, SENTENCE_SIZE,
		         "`set` would slew %s %s by %s, which takes %s: %s", it, way, by,
		         takes, plan_reason_text(plan->reason));
		break;
	case PLAN_REFUSE:
	default:
		snprintf(line, SENTENCE_SIZE, "`set` would %s: %s",
		         plan_is_held_back(plan) ? "hold it back" : "refuse",
		         plan_reason_text(plan->reason));
		break;
	}
}

size_t report_would(const struct plan *plan, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char line[SENTENCE_SIZE];

	plan_sentence(plan, &STYLE_PLAIN, "the clock", line);
	text_put(&out, line);
	return out.len;
}

static const char *status_words(enum run_status status)
{
	switch (status) {
	case RUN_REFUSED:
		return "Refused";
	case RUN_NOT_PERMITTED:
		return "Not permitted";
	case RUN_BUSY:
		return "Busy";
	case RUN_ERROR:
		return "Failed";
	case RUN_INTERRUPTED:
		return "Interrupted";
	case RUN_OK:
	case RUN_NO_ANSWER:
	case RUN_NO_MAJORITY:
	case RUN_UNSYNCHRONISED:
		break;
	}
	return "No trusted time";
}

/* The reason of a run that gives none. */
static void usual_reason(const struct run *run, char *buf, size_t size)
{
	switch (run->status) {
	case RUN_NO_ANSWER:
		snprintf(buf, size, "no server gave a usable answer");
		break;
	case RUN_NO_MAJORITY:
		snprintf(buf, size, "only %zu of %zu servers agree and %zu are needed",
		         run->agreeing_count, run->asked_count, run->needed_count);
		break;
	case RUN_UNSYNCHRONISED:
		snprintf(buf, size, "the servers themselves are not synchronised");
		break;
	case RUN_INTERRUPTED:
		snprintf(buf, size, "signal %d", run->signal);
		break;
	default:
		snprintf(buf, size, "unknown reason");
		break;
	}
}

void report_reason(const struct run *run, char buf[RUN_REASON_SIZE])
{
	if (run->reason[0] != '\0') {
		memcpy(buf, run->reason, RUN_REASON_SIZE);
		buf[RUN_REASON_SIZE - 1] = '\0';
	} else {
		usual_reason(run, buf, RUN_REASON_SIZE);
	}
}

static void put_status_sentence(struct text *out, const struct run *run,
                                const struct style *style)
{
	char reason[RUN_REASON_SIZE], line[SENTENCE_SIZE];
	struct text sentence = text_to(line, sizeof(line));

	report_reason(run, reason);
	style_word(&sentence, style, STYLE_BAD, status_words(run->status));
	text_format(&sentence, ": %s.", reason);
	report_wrapped(out, line, 0, report_columns(style));
}

/* The way out, unless the reason already contains it. */
static void put_way_out(struct text *out, const struct run *run, const struct style *style)
{
	char reason[RUN_REASON_SIZE];

	report_reason(run, reason);
	if (run->status == RUN_NO_MAJORITY && !strstr(reason, "reqtime set") &&
	    !strstr(reason, "--liars")) {
		report_wrapped(
			out,
			"To resolve this, name another server, remove one that is gone, or "
			"trust a single one: reqtime set SERVER.",
			0, report_columns(style));
	}
}

size_t report_verdict(const struct run *run, const struct plan *plan,
                      const struct style *style, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char line[SENTENCE_SIZE + 1];

	if (!run->has_answer) {
		put_status_sentence(&out, run, style);
		text_put(&out, "The clock is left alone.\n"); /* by `set` as by `query` */
		put_way_out(&out, run, style);
		return out.len;
	}
	put_offset_sentence(&out, run, style);
	if (run->leap == NTP_LEAP_INSERT || run->leap == NTP_LEAP_DELETE) {
		text_format(&out, "The servers announce that a leap second will be %s.\n",
		            run->leap == NTP_LEAP_INSERT ? "inserted" : "deleted");
	}
	if (plan && (run->status == RUN_OK || run->status == RUN_REFUSED)) {
		plan_sentence(plan, style, "it", line);
		memcpy(line + strlen(line), ".", 2);
		report_wrapped(&out, line, 0, report_columns(style));
	} else if (run->status != RUN_OK) {
		put_status_sentence(&out, run, style);
	}
	return out.len;
}

static void put_slew(struct text *out, const struct report_action *done, const char *by,
                     const struct style *style)
{
	const struct civil end = civil_from_instant(done->ends);
	char lasts[SPAN_TEXT_SIZE];

	text_format(out, "slewing the clock by %s", by);
	if (done->ends.unix_ns != 0) {
		span_format(done->lasts_ns, 0, lasts);
		style_units(style, lasts);
		text_format(out,
		            ", which takes the kernel about %s, until "
		            "%04d-%02d-%02d %02d:%02d:%02d UTC",
		            lasts, end.year, end.month, end.day, end.hour, end.minute,
		            end.second);
	}
}

size_t report_action(const struct report_action *done, const struct style *style, char *buf,
                     size_t size)
{
	struct text out = text_to(buf, size);
	char by[SPAN_TEXT_SIZE], line[SENTENCE_SIZE];
	struct text sentence = text_to(line, sizeof(line));

	span_format(done->by_ns, 1, by);
	style_units(style, by);
	if (done->action == PLAN_STEP) {
		text_format(&sentence, "stepped the clock by %s (verified)", by);
	} else if (done->action == PLAN_SLEW) {
		put_slew(&sentence, done, by, style);
	} else {
		text_put(&sentence, "left the clock alone");
	}
	text_format(&sentence, "; reason: %s", plan_reason_text(done->reason));
	report_wrapped(&out, line, 0, report_columns(style));
	if (done->has_set_hardware_clock) {
		text_put(&out, "set the hardware clock\n");
	}
	return out.len;
}
