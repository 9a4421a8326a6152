/* SPDX-License-Identifier: MIT
 *
 * The interval of the true time, for people.
 */
#include "core/report/now_report.h"

#include "core/base/ntp_time.h"
#include "core/base/span.h"
#include "core/base/text.h"
#include "core/base/text_time.h"
#include "core/discipline/slew.h"

/* The kernel keeps 2^-16 ppm, and a tick of 1 us is 100 ppm. */
#define FREQUENCY_ROUNDING_PPB 2

bool now_is_steered(const struct reqtime_now_facts *facts, int64_t real_ns,
                    int64_t frequency_ppb, int64_t slew_rest_ns)
{
	const int64_t slewed_ns = reqtime_now_slewed(facts, real_ns);
	const int64_t left_ns =
		ns_sub(ns_add(facts->slew_now_ns, facts->slew_rest_ns), slewed_ns);

	/* The kernel reports up to a second's part less than is left. */
	return ns_abs(ns_sub(frequency_ppb, facts->frequency_ppb)) >
	               FREQUENCY_ROUNDING_PPB ||
	       ns_abs(ns_sub(left_ns, slew_rest_ns)) > 2 * KERNEL_SLEW_STEP_NS;
}

int64_t now_error_ns(const struct now_view *view, bool is_proved)
{
	const struct reqtime_now *now = &view->now;
	const int64_t early_ns = is_proved ? now->earliest_ns : now->likely_earliest_ns;
	const int64_t late_ns = is_proved ? now->latest_ns : now->likely_latest_ns;

	return ns_max(ns_sub(now->real_ns, early_ns), ns_sub(late_ns, now->real_ns));
}

const char *now_status_name(enum reqtime_now_status status)
{
	switch (status) {
	case REQTIME_NOW_OK:
		return "ok";
	case REQTIME_NOW_STEPPED:
		return "stepped";
	case REQTIME_NOW_EXPIRED:
		return "expired";
	case REQTIME_NOW_UNKNOWN:
		break;
	}
	return "unknown";
}

static const char *reason_unknown(const struct now_view *view)
{
	switch (view->now.reason) {
	case REQTIME_NOW_NO_RUN:
		return "no run has had an answer since this machine started";
	case REQTIME_NOW_HELD_BACK:
		return "the last run was refused or held back";
	case REQTIME_NOW_OTHER_DAEMON:
		return "another program sets this clock";
	case REQTIME_NOW_OTHER_BOOT:
		return "no run has had an answer since this machine started; the bound "
		       "file "
		       "is older, or of another container";
	case REQTIME_NOW_BEING_WRITTEN:
		return "a run has stopped while it wrote the bound file";
	case REQTIME_NOW_DAMAGED:
		return "the bound file is damaged";
	case REQTIME_NOW_WRITTEN:
		break;
	}
	return "the bound file says nothing";
}

const char *now_reason(const struct now_view *view)
{
	if (view->error) {
		return view->error;
	}
	if (view->is_absent) {
		return "no run has left a bound file since this machine started";
	}
	if (view->is_steered) {
		return "another program has changed the clock's rate since the last run";
	}
	switch (view->status) {
	case REQTIME_NOW_OK:
		return "";
	case REQTIME_NOW_STEPPED:
		return "another program has stepped the clock since the last run";
	case REQTIME_NOW_EXPIRED:
		return "the last run is more than a week old, or from before a possible "
		       "leap "
		       "second";
	case REQTIME_NOW_UNKNOWN:
		break;
	}
	return reason_unknown(view);
}

const char *now_advice(const struct now_view *view)
{
	if (view->status == REQTIME_NOW_OK) {
		return "";
	}
	if (view->is_denied) {
		return "let this user read the bound file";
	}
	if (view->error || view->now.reason == REQTIME_NOW_DAMAGED) {
		return "name the right file, or remove it and run: sudo reqtime set";
	}
	if (view->status == REQTIME_NOW_UNKNOWN && !view->is_steered && !view->is_absent) {
		if (view->now.reason == REQTIME_NOW_HELD_BACK) {
			return "see why: reqtime set --dry-run";
		}
		if (view->now.reason == REQTIME_NOW_OTHER_DAEMON) {
			return "ask that program, or stop it and run: sudo reqtime set";
		}
	}
	if (view->is_named && view->is_absent) {
		return "run: sudo reqtime set --bound-file with that file";
	}
	return view->is_absent || view->now.reason == REQTIME_NOW_NO_RUN
	               ? "run: sudo reqtime set ntp1 ntp2 ntp3, or switch on "
	                 "reqtime.timer"
	               : "run: sudo reqtime set";
}

static void put_row(struct text *out, const char *heading, int64_t proved_ns,
                    int64_t likely_ns)
{
	char proved[TEXT_TIME_RFC3339_SIZE], likely[TEXT_TIME_RFC3339_SIZE];

	text_time_rfc3339((struct instant){ proved_ns }, proved);
	text_time_rfc3339((struct instant){ likely_ns }, likely);
	text_format(out, "%-8s  %s  %s\n", heading, proved, likely);
}

void now_error_text(int64_t ns, char buf[SPAN_TEXT_SIZE])
{
	int64_t digit_ns = 1;

	while (ns / digit_ns >= 1000) {
		digit_ns *= 10;
	}
	span_format((ns_add(ns, digit_ns - 1)) / digit_ns * digit_ns, 0, buf);
}

size_t now_report(const struct now_view *view, const struct style *style, char *buf,
                  size_t size)
{
	const struct reqtime_now *now = &view->now;
	char proved[SPAN_TEXT_SIZE + 1], likely[SPAN_TEXT_SIZE + 1], age[SPAN_TEXT_SIZE];
	struct text out = text_to(buf, size);

	if (view->status != REQTIME_NOW_OK) {
		text_format(&out, "the time is not known: %s; %s\n", now_reason(view),
		            now_advice(view));
		return out.len;
	}
	text_format(&out, "%-8s  %-30s  %s\n", "", "proved",
	            "likely (999 of 1000 seconds)");
	put_row(&out, "earliest", now->earliest_ns, now->likely_earliest_ns);
	put_row(&out, "latest", now->latest_ns, now->likely_latest_ns);
	now_error_text(now_error_ns(view, true), proved);
	now_error_text(now_error_ns(view, false), likely);
	style_units(style, proved);
	style_units(style, likely);
	span_format(now->age_ns / NS_PER_S * NS_PER_S, 0, age);
	text_format(&out, "The clock is off by at most %s, likely %s; measured %s ago.\n",
	            proved, likely, age);
	return out.len;
}
