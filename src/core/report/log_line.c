/* SPDX-License-Identifier: MIT
 *
 * A run on one line of a log.
 */
#include "core/report/log_line.h"

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/report/report.h"

static void put_answer(struct text *out, const struct log_entry *entry)
{
	char offset[REPORT_FIGURE_SIZE], bound[REPORT_FIGURE_SIZE];
	const struct run *run = entry->run;

	if (run->has_answer) {
		report_figures(run->offset_ns, run->bound_ns, false, offset, bound);
		text_format(out, ": offset %s +/- %s", offset, bound);
	} else if (run->asked_count > 0) {
		text_put(out, ": no offset");
	}
	if (run->asked_count > 0) {
		text_format(out, ", %zu of %zu %s", run->agreeing_count, run->asked_count,
		            run->asked_count == 1 ? "server agrees" : "servers agree");
	}
}

enum tense { TENSE_WOULD, TENSE_DONE, TENSE_NOT_DONE, TENSE_COUNT };

static const char *const action_words[][TENSE_COUNT] = {
	[PLAN_NONE] = { "would leave it alone", "left alone", "left alone" },
	[PLAN_SLEW] = { "would slew", "slewing", "not slewed" },
	[PLAN_STEP] = { "would step", "stepped", "not stepped" },
	[PLAN_REFUSE] = { "would refuse", "refused", "refused" },
};

static void put_action(struct text *out, const struct log_entry *entry)
{
	const struct plan *plan = entry->plan;
	enum plan_action action = entry->is_applied ? entry->applied : plan->action;
	int64_t by_ns = entry->is_applied ? entry->applied_ns : plan->by_ns;
	char by[SPAN_TEXT_SIZE];
	const enum tense tense = entry->is_applied ? TENSE_DONE
	                         : entry->may_act  ? TENSE_NOT_DONE
	                                           : TENSE_WOULD;

	text_format(out, "; %s",
	            !plan_is_held_back(plan) ? action_words[action][tense]
	            : tense == TENSE_WOULD   ? "would hold it back"
	                                     : "held back");
	if (action == PLAN_STEP || action == PLAN_SLEW) {
		span_format(by_ns, 1, by);
		text_format(out, " by %s", by);
	}
	text_format(out, ": %s", plan_reason_text(plan->reason));
}

size_t log_line(const struct log_entry *entry, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

	text_format(&out, "%s %s", entry->verb, run_status_name(entry->status));
	put_answer(&out, entry);
	if (entry->plan) {
		put_action(&out, entry);
	}
	return out.len;
}
