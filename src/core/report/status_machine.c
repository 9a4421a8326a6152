/* SPDX-License-Identifier: MIT
 *
 * The rows about this machine: its timer, the learnt frequency, the kernel, other daemons.
 */
#include "core/report/drag.h"
#include "core/report/report_private.h"
#include "core/report/status_rows_private.h"

/* Without a run for so many of the usual intervals, runs have stopped. */
enum { LATE_INTERVALS = 3 };

/* --- the next run --- */

static bool has_rhythm(const struct status_view *view)
{
	return view->interval_ns > 0 && view->last_age_ns >= 0 &&
	       view->last_age_ns / LATE_INTERVALS <= view->interval_ns;
}

/* Runs come by other ways: cron, --every. */
static void put_rhythm(const struct status_view *view, struct status_row *row,
                       const char *advice)
{
	char age[STATUS_AGE_SIZE];

	if (has_rhythm(view)) {
		text_format(&row->text, "; recent runs came every %s",
		            status_age(view->interval_ns, age));
	} else if (view->other_daemon < OTHER_CHRONYD) {
		status_advise(row, "%s", advice);
	}
}

static void put_next(const struct status_view *view, struct status_row *row)
{
	const struct status_next *next = &view->next;
	const int64_t in_ns = ns_sub(next->next.unix_ns, view->at.wall.unix_ns);
	char age[STATUS_AGE_SIZE];

	if (next->is_running) {
		text_put(&row->text, "under way (reqtime.service)");
	} else if (!next->has_next) {
		text_put(&row->text, "reqtime.timer is on, and has not said when");
	} else if (in_ns <= 0) {
		text_format(&row->text, "now (%s)", next->unit);
	} else {
		text_format(&row->text, "in %s, ", status_age(in_ns, age));
		status_put_moment(row, view, next->next);
		text_format(&row->text, " (%s)", next->unit);
	}
	if (!next->is_enabled) {
		text_put(&row->text, "; none after a restart");
		status_advise(row, "sudo systemctl enable reqtime.timer");
	}
}

void status_next_row(const struct status_view *view, struct status_row *row)
{
	switch (view->next.timer) {
	case STATUS_TIMER_ON:
		put_next(view, row);
		break;
	case STATUS_TIMER_OFF:
		text_put(&row->text, "none by reqtime.timer: it is switched off");
		put_rhythm(view, row, "sudo systemctl enable --now reqtime.timer");
		break;
	case STATUS_TIMER_ABSENT:
		text_format(&row->text, "unknown: %s", view->next.why);
		put_rhythm(view, row, "let cron run it each hour: man reqtime-cookbook");
		break;
	case STATUS_TIMER_UNKNOWN:
		text_format(&row->text, "unknown: %s", view->next.why);
		put_rhythm(view, row,
		           "see: systemctl list-timers reqtime.timer, or your "
		           "crontab");
		break;
	}
}

/* --- the learnt frequency --- */

void status_frequency_row(const struct status_view *view, struct status_row *row)
{
	const struct discipline_report *discipline = &view->discipline;
	char drag[REPORT_DRAG_SIZE];

	if (view->history != STATUS_HISTORY_READ || !view->has_last) {
		return;
	}
	if (discipline->state == DISCIPLINE_UNSET) {
		text_put(&row->text, "not learnt yet: it takes two runs of set");
		return;
	}
	report_put_ppm(&row->text, discipline->frequency_ppb, true);
	text_format(&row->text, " %s ", style_plus_minus(row->style));
	report_put_ppm(&row->text, discipline->frequency_sd_ppb, false);
	text_format(&row->text, " ppm (%s)", discipline_state_name(discipline->state));
	if (report_drag(&discipline->drag, drag, sizeof(drag)) > 0) {
		status_advise(row, "%s", drag);
	} else if (discipline->state == DISCIPLINE_SUSPECT) {
		status_advise(row, "recent runs contradict each other: reqtime history "
		                   "--plot");
	}
}

/* --- the kernel --- */

static void put_leap(const struct status_kernel *kernel, struct status_row *row)
{
	if (kernel->leap == NTP_LEAP_INSERT || kernel->leap == NTP_LEAP_DELETE) {
		text_format(&row->text, "; it %s a leap second at the end of this day, UTC",
		            kernel->leap == NTP_LEAP_INSERT ? "inserts" : "leaves out");
	}
}

void status_kernel_row(const struct status_view *view, struct status_row *row)
{
	const struct status_kernel *kernel = &view->kernel;
	char age[STATUS_AGE_SIZE];

	if (!kernel->is_known) {
		text_put(&row->text, "its state is not readable here");
		return;
	}
	if (kernel->is_synchronised) {
		text_put(&row->text, "synchronised, maximum error ");
		status_put_span(row, kernel->max_error_ns, false);
	} else {
		text_put(&row->text, "not synchronised, so that other programs may not "
		                     "trust the clock");
		status_advise(row, "run: sudo reqtime set");
	}
	if (kernel->pending_slew_ns != 0) {
		text_put(&row->text, "; slews by ");
		status_put_span(row, kernel->pending_slew_ns, true);
		text_format(&row->text, " for %s more",
		            status_age(plan_slew_lasts_ns(kernel->pending_slew_ns), age));
	}
	put_leap(kernel, row);
}

/* --- other daemons --- */

static const char *unit_of(enum other_daemon other_daemon)
{
	switch (other_daemon) {
	case OTHER_CHRONYD:
		return "chrony";
	case OTHER_NTPD:
		return "ntpsec";
	case OTHER_NTPD_RS:
		return "ntpd-rs";
	case OTHER_TIMESYNCD:
		return "systemd-timesyncd";
	case OTHER_PHC2SYS:
		return "phc2sys";
	default:
		return NULL;
	}
}

void status_others_row(const struct status_view *view, struct status_row *row)
{
	const char *unit = unit_of(view->other_daemon);

	if (view->other_daemon != OTHER_NONE) {
		text_format(&row->text, "%s: reqtime set leaves the clock to it",
		            other_daemon_text(view->other_daemon));
		if (unit) {
			status_advise(row,
			              "keep one of them: sudo systemctl disable --now %s, "
			              "or reqtime.timer",
			              unit);
		} else {
			status_advise(row, "stop it, or leave the clock to it");
		}
	} else if (view->unseen) {
		text_format(&row->text, "cannot tell whether another time daemon runs: %s",
		            view->unseen);
	} else {
		text_put(&row->text, "no other time daemon is running");
	}
}
