/* SPDX-License-Identifier: MIT
 *
 * The sentences of a refusal, and when and how it ends.
 */
#include "core/report/refusal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/base/text_time.h"

#define MINUTE_NS (60 * NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)
#define NOW_ANY "  Now: reqtime set --any-offset"
enum { MOMENT_SIZE = 48 };

/* "13:06 UTC", with the date if it is not today. */
static const char *moment(const struct decision *decision, struct instant at,
                          char buf[MOMENT_SIZE])
{
	const struct civil today = civil_from_instant(decision->at.wall);
	const struct civil then = civil_from_instant(at);
	int len = 0;

	if (then.year != today.year || then.month != today.month || then.day != today.day) {
		len = snprintf(buf, MOMENT_SIZE, "%04d-%02d-%02d ", then.year, then.month,
		               then.day);
	}
	snprintf(buf + len, (size_t)(MOMENT_SIZE - len), "%02d:%02d UTC", then.hour,
	         then.minute);
	return buf;
}

static void put_day(struct text *out, struct instant at)
{
	const struct civil day = civil_from_instant(at);

	text_format(out, "%04d-%02d-%02d", day.year, day.month, day.day);
}

static struct instant servers_time(const struct decision *decision)
{
	return instant_add_ns(decision->at.wall, decision->plan.by_ns);
}

/* When the refusal ends. */
static void put_when(struct text *out, const struct decision *decision)
{
	const int64_t ago_ns = ns_sub(decision->at.boot_ns, decision->first_seen_ns);
	char first[MOMENT_SIZE], after[MOMENT_SIZE], ago[SPAN_TEXT_SIZE];

	moment(decision, decision_wall(decision, decision->confirm_after_ns), after);
	if (ago_ns <= 0) {
		text_format(out,
		            " First seen now; accepted when a run after %s confirms it.",
		            after);
		return;
	}
	span_format(ago_ns / NS_PER_S * NS_PER_S, 0, ago);
	text_format(
		out, " First seen %s (%s ago); accepted from %s on.",
		moment(decision, decision_wall(decision, decision->first_seen_ns), first),
		ago, after);
}

static void put_held_back(struct text *out, const struct report_refusal *refusal)
{
	const struct decision *decision = refusal->decision;
	char by[SPAN_TEXT_SIZE], when[MOMENT_SIZE];

	if (decision->is_before_floor) {
		text_put(out, "held back: the servers' time, ");
		put_day(out, servers_time(decision));
		text_put(out, ", is before the confirmed time ");
		put_day(out, decision->floor);
		text_format(out, " %s",
		            moment(&(struct decision){ .at.wall = decision->floor },
		                   decision->floor, when));
	} else {
		span_format(decision->plan.by_ns, 1, by);
		text_format(
			out,
			"held back: the clock would jump by %s, which drift since %s "
			"cannot explain",
			by,
			moment(decision, decision_wall(decision, decision->last_ns), when));
	}
	text_format(out,
	            "; %zu of %zu server%s agree%s, %d are needed to accept it at once.",
	            refusal->agreeing_server_count, refusal->server_count,
	            refusal->server_count == 1 ? "" : "s",
	            refusal->agreeing_server_count == 1 ? "s" : "", DECIDE_STRONG);
	put_when(out, decision);
	text_put(out, NOW_ANY);
}

static void put_part(struct text *out, const struct report_refusal *refusal)
{
	const struct decision *decision = refusal->decision;
	char by[SPAN_TEXT_SIZE], rest[SPAN_TEXT_SIZE];

	span_format(decision->plan.by_ns, 1, by);
	span_format(decision->rest_ns, 1, rest);
	text_format(out, "moved by %s, which three runs confirm; another %s is held back.",
	            by, rest);
	put_when(out, decision);
	text_put(out, NOW_ANY);
}

/* "3h": a round limit that permits it. */
static void put_enough(struct text *out, int64_t by_ns)
{
	const int64_t unit_ns = ns_abs(by_ns) < HOUR_NS ? MINUTE_NS : HOUR_NS;
	char enough[SPAN_TEXT_SIZE];

	span_write((ns_abs(by_ns) / unit_ns + 1) * unit_ns, enough);
	text_put(out, enough);
}

static void put_beyond(struct text *out, const struct report_refusal *refusal)
{
	const struct decision *decision = refusal->decision;
	const bool is_back = decision->plan.reason == PLAN_BEYOND_BACK_LIMIT;
	const char *option = is_back ? "--refuse-back-above" : "--refuse-above";
	char by[SPAN_TEXT_SIZE], limit[SPAN_TEXT_SIZE], after[MOMENT_SIZE];

	span_format(decision->plan.by_ns, 1, by);
	span_write(is_back ? refusal->refuse_back_above_ns : refusal->refuse_above_ns,
	           limit);
	text_format(
		out,
		"refused: the clock would jump by %s, more than %s (%s), from the local "
		"clock and from %s.",
		by, option, limit,
		decision->is_reference_confirmed ? "the last confirmed time"
						 : "the clock at boot");
	if (!decision->is_limit_given && decision->more_runs > 0) {
		moment(decision, decision_wall(decision, decision->confirm_after_ns),
		       after);
		text_format(out, " Accepted from %s on, when %s it, five minutes apart.",
		            after,
		            decision->more_runs == 1 ? "one more run confirms"
		                                     : "two more runs confirm");
	}
	text_format(out, NOW_ANY ", or %s ", option);
	put_enough(out, ns_abs(decision->plan.by_ns) < ns_abs(decision->reference_offset_ns)
	                        ? decision->plan.by_ns
	                        : decision->reference_offset_ns);
}

static void put_uncertain(struct text *out, const struct report_refusal *refusal)
{
	char bound[SPAN_TEXT_SIZE], limit[SPAN_TEXT_SIZE];

	span_format(refusal->bound_ns, 0, bound);
	span_write(refusal->refuse_above_ns, limit);
	text_format(out,
	            "refused: the time is uncertain by %s, more than --refuse-above "
	            "(%s)." NOW_ANY ", or --refuse-above ",
	            bound, limit);
	put_enough(out, refusal->bound_ns);
}

static void put_refused(struct text *out, const struct report_refusal *refusal)
{
	const struct decision *decision = refusal->decision;
	char by[SPAN_TEXT_SIZE];

	switch (decision->plan.reason) {
	case PLAN_BEYOND_LIMIT:
	case PLAN_BEYOND_BACK_LIMIT:
		put_beyond(out, refusal);
		break;
	case PLAN_BEFORE_RELEASE:
		text_put(out, "refused: the servers' time, ");
		put_day(out, servers_time(decision));
		text_put(out, ", is before the release of this program, ");
		put_day(out, refusal->release);
		text_put(out, ": the servers are wrong; ask others");
		break;
	case PLAN_BEYOND_RANGE:
		text_put(out, "refused: the servers' time is after 2105: the servers are "
		              "wrong; ask others");
		break;
	case PLAN_UNCERTAIN:
		put_uncertain(out, refusal);
		break;
	case PLAN_LEAP_NEAR:
		text_format(out, "refused: %s; try again in a minute",
		            plan_reason_text(decision->plan.reason));
		break;
	default:
		span_format(decision->plan.by_ns, 1, by);
		text_format(out, "refused (offset %s): %s", by,
		            plan_reason_text(decision->plan.reason));
		break;
	}
}

size_t report_refusal(const struct report_refusal *refusal, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

	switch (refusal->decision->verdict) {
	case DECIDE_HELD_BACK:
		put_held_back(&out, refusal);
		break;
	case DECIDE_PARTLY:
		put_part(&out, refusal);
		break;
	default:
		put_refused(&out, refusal);
		break;
	}
	return out.len;
}

bool report_held_back(const struct decision *decision, struct held_back *ret)
{
	if (!decision_is_held_back(decision)) {
		return false;
	}
	*ret = (struct held_back){
		.first_seen = decision_wall(decision, decision->first_seen_ns),
		.confirm_after = decision_wall(decision, decision->confirm_after_ns),
		.by_ns = decision->rest_ns,
	};
	return true;
}
