/* SPDX-License-Identifier: MIT */
#include "cmd/set/set_private.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cli/json.h"
#include "cmd/cli/logging.h"
#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/report/drag.h"
#include "core/report/refusal.h"
#include "core/report/report.h"
#include "core/select/rival.h"
#include "io/sys/kernel_clock.h"

enum { LEARNT_ROOM = 512, COMPLAINT_ROOM = 1024 };

int set_report_unmeasured(const struct set_settings *set, enum run_status status)
{
	struct run run = { .status = status };
	const struct log_entry entry = { .verb = "set", .status = status, .run = &run };
	struct reading now;

	logging_run(&entry);
	if (set->measuring.format == MEASURING_JSON && kernel_clock_now(&now) == 0) {
		run.at = now.wall;
		set_print_json(set, &run, NULL, NULL);
		command_flush();
	}
	return run_status_exit(status);
}

/* `run`: NULL where the measuring process is not to be believed. */
static void put_refused(struct text *out, const struct set_reply *reply,
                        const struct set_settings *set, const struct run *run)
{
	const struct run unknown = { .status = RUN_ERROR };
	const struct report_refusal refusal =
		decide_refusal(&set->decide, run ? run : &unknown, &reply->result.decision);
	char text[REPORT_REFUSAL_ROOM];

	report_refusal(&refusal, text, sizeof(text));
	text_put(out, text);
}

static void complain_rate(const struct correct_result *result)
{
	char day[SPAN_TEXT_ROOM];

	if (correct_rate_is_missing(result)) {
		span_format(ns_add(0, result->rate_missing_ppb * 86400), 1, day);
		command_complain("the clock does not keep its rate: %+.3f ppm (%s a day) "
		                 "could not be given to the kernel; check the clock source "
		                 "(/sys/devices/system/clocksource) and for other programs "
		                 "that set the frequency",
		                 (double)result->rate_missing_ppb * 1e-3, day);
	}
}

static void put_not_done(struct text *out, const struct correct_result *result)
{
	char applied[SPAN_TEXT_ROOM], seen[SPAN_TEXT_ROOM];

	span_format(result->applied_ns, 1, applied);
	span_format(result->readback_ns, 1, seen);
	if (result->status == CORRECT_NOT_MOVED) {
		text_format(out,
		            "the kernel took a %s of %s, but a read-back shows %s: the "
		            "clock cannot be trusted",
		            plan_action_name(result->applied), applied, seen);
	} else if (result->applied != PLAN_NONE) {
		text_format(out, "after a %s of the clock by %s: %s",
		            plan_action_name(result->applied), applied,
		            strerror(result->error));
	} else {
		text_format(out, "cannot set the clock: %s", strerror(result->error));
	}
}

/* Why the clock was not set, or not all the way, in one line; "" where there is nothing to complain of. */
static void complaint(const struct set_reply *reply, const struct set_settings *set,
                      const struct run *run, char buf[COMPLAINT_ROOM])
{
	struct text out = text_to(buf, COMPLAINT_ROOM);

	switch (reply->result.status) {
	case CORRECT_REFUSED:
		put_refused(&out, reply, set, run);
		break;
	case CORRECT_BUSY:
		text_format(&out,
		            "%s: the clock was left alone; --force sets it all the same",
		            rival_text(reply->result.rival));
		break;
	case CORRECT_STALE:
		text_put(&out,
		         "the clock was stepped, or this machine stood still, after the "
		         "measurement: the clock was left alone");
		break;
	case CORRECT_FAILED:
	case CORRECT_NOT_MOVED:
		put_not_done(&out, &reply->result);
		break;
	case CORRECT_BAD_RECORD:
		text_put(&out, "the measurement makes no sense: the clock was left alone");
		break;
	case CORRECT_DONE:
		if (reply->result.decision.belief == DECIDE_PARTLY) {
			put_refused(&out, reply, set, run);
		}
		break;
	case CORRECT_NOT_PERMITTED: /* has lines of its own */
	case CORRECT_NO_ANSWER:     /* the verdict line says why */
		break;
	}
}

static void complain_beside(const struct set_reply *reply, const struct set_settings *set)
{
	if (reply->result.status == CORRECT_NOT_PERMITTED) {
		set_complain_not_permitted(set);
	} else if (reply->result.status == CORRECT_DONE) {
		complain_rate(&reply->result);
	}
}

void set_complain(const struct set_reply *reply, const struct set_settings *set,
                  const struct run *run)
{
	char text[COMPLAINT_ROOM];

	complaint(reply, set, run, text);
	if (text[0] != '\0') {
		command_complain("%s", text);
	}
	complain_beside(reply, set);
}

/* The clock is given something, and whoever else gives it something could be at work unseen.
 * What the kernel shows of others has been looked at all the same. */
static void warn_of_view(const struct set_settings *set, const struct set_reply *reply)
{
	if (reply->view != PROC_VIEW_ALL && reply->result.status == CORRECT_DONE &&
	    reply->result.rival == RIVAL_NONE && !set->decide.is_force) {
		command_complain("warning: whether another program keeps the clock is not "
		                 "known: %s",
		                 proc_view_text(reply->view));
	}
}

/* Under --quiet when it is new: cron mails what is printed.  The log has it each time. */
static void warn_drag(const struct set_settings *set, const char *drag, bool is_new)
{
	if (set->measuring.is_quiet && !is_new) {
		logging_say(drag);
	} else {
		command_complain("warning: %s", drag);
	}
}

/* What does not change the exit status, and is to be known all the same. */
static void warn(const struct set_settings *set, const struct set_reply *reply,
                 const struct learnt *learnt)
{
	const struct correct_result *result = &reply->result;
	char drag[REPORT_DRAG_ROOM];

	if (result->rival != RIVAL_NONE && result->status != CORRECT_BUSY) {
		command_complain("warning: %s", rival_text(result->rival));
	}
	if (result->stray_tick_us != 0) {
		command_complain("warning: another program had left the kernel's tick at "
		                 "%lld us; it is set right",
		                 (long long)result->stray_tick_us);
	}
	if (learnt && report_drag(&learnt->drag, drag, sizeof(drag)) > 0) {
		warn_drag(set, drag, learnt->is_drag_new);
	}
	if (result->tell_error) {
		command_complain("warning: the kernel was not told how sure the clock is: "
		                 "%s",
		                 strerror(result->tell_error));
	}
	if (reply->has_no_memory && set->has_lock && !set->has_warned_of_state) {
		command_complain(
			"warning: the state directory cannot be written: what is seen "
			"for the first time is believed at once");
	}
	if (result->rtc_waits && !set->measuring.is_quiet) {
		command_complain("warning: the hardware clock is not set before a run five "
		                 "minutes later confirms the time");
	}
	if (result->rtc_error) {
		command_complain("warning: cannot set the hardware clock: %s",
		                 strerror(result->rtc_error));
	}
}

static void deed_text(const struct correct_result *result, const struct style *style,
                      char text[REPORT_DEED_ROOM])
{
	const struct report_deed deed = {
		.action = result->applied,
		.by_ns = result->applied_ns,
		.lasts_ns = result->slew_lasts_ns,
		.ends = { result->slew_ends_ns },
		.reason = result->decision.plan.reason,
		.has_set_hardware_clock = result->rtc_written,
	};

	report_deed(&deed, style, text, REPORT_DEED_ROOM);
}

static void print_deed(const struct correct_result *result, const struct style *style,
                       FILE *to)
{
	char text[REPORT_DEED_ROOM];

	deed_text(result, style, text);
	fputs(text, to);
}

/* NULL when it came to none. */
static const struct plan *plan_of(const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;

	return result->status == CORRECT_DONE || result->decision.plan.action != PLAN_NONE
	               ? &result->decision.plan
	               : NULL;
}

static bool is_applied(const struct set_settings *set, const struct set_reply *reply)
{
	return reply->result.status == CORRECT_DONE && !set->is_dry;
}

static void log_run(const struct set_settings *set, const struct run *run,
                    const struct set_reply *reply)
{
	const struct log_entry entry = {
		.verb = set->is_dry ? "set (dry run)" : "set",
		.may_act = !set->is_dry,
		.status = reply->status,
		.run = run,
		.plan = plan_of(reply),
		.is_applied = is_applied(set, reply),
		.applied = reply->result.applied,
		.applied_ns = reply->result.applied_ns,
	};

	logging_run(&entry);
}

int set_print_json(const struct set_settings *set, const struct run *run,
                   const struct set_reply *reply, const struct learnt *learnt)
{
	struct json_report report = {
		.verb = "set", .run = run, .has_applied = true, .learnt = learnt
	};
	struct held_back held_back;

	if (reply) {
		report.plan = plan_of(reply);
		if (report_held_back(&reply->result.decision, &held_back)) {
			report.held_back = &held_back;
		}
	}
	if (reply && is_applied(set, reply)) {
		report.is_applied = true;
		report.applied = reply->result.applied;
		report.applied_ns = reply->result.applied_ns;
		report.slew_lasts_ns = reply->result.slew_lasts_ns;
		report.slew_ends.unix_ns = reply->result.slew_ends_ns;
	}
	return command_print(json_render(&report));
}

static void print_learnt(const struct measuring *measuring, const struct learnt *learnt,
                         FILE *to)
{
	char text[LEARNT_ROOM];

	report_learnt(learnt, &measuring->style, text, sizeof(text));
	fputs(text, to);
}

static int print_text(const struct set_settings *set, const struct measuring *measuring,
                      const struct run *run, const struct set_reply *reply,
                      const struct learnt *learnt)
{
	const struct correct_result *result = &reply->result;
	bool is_done = result->status == CORRECT_DONE;
	FILE *to = set->measuring.is_quiet && !is_done ? stderr : stdout;
	/* Only a dry run speaks of what `set` would do. */
	const struct plan *plan =
		set->is_dry && (is_done || result->status == CORRECT_REFUSED ||
	                        result->status == CORRECT_BUSY)
			? &result->decision.plan
			: NULL;
	int status;

	status = set->measuring.is_quiet && is_done
	                 ? measuring_print_verdict(measuring, run, plan, to)
	                 : measuring_print(measuring, run, plan, to);
	if (status == 0 && is_done && !set->is_dry) {
		print_deed(result, &measuring->style, to);
	}
	if (status == 0 && learnt && measuring->verbosity > 0) {
		print_learnt(measuring, learnt, to);
	}
	return status;
}

/* The formats of other programs: the line of the log says what was done, where it was. */
static int print_lines(const struct set_settings *set, const struct measuring *measuring,
                       const struct run *run, const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;
	const bool is_done = result->status == CORRECT_DONE;
	const bool has_plan = is_done || result->status == CORRECT_REFUSED;

	return measuring_print_lines(measuring, run,
	                             has_plan ? &result->decision.plan : NULL,
	                             is_done || !run->has_answer,
	                             set->measuring.is_quiet && !is_done ? stderr : stdout);
}

/* What was done, or would be, for a line. */
static void done_text(const struct set_settings *set, const struct correct_result *result,
                      char text[REPORT_DEED_ROOM])
{
	char *end;

	text[0] = '\0';
	if (result->status == CORRECT_DONE && set->is_dry) {
		report_would(&result->decision.plan, text, REPORT_DEED_ROOM);
	} else if (result->status == CORRECT_DONE) {
		deed_text(result, &STYLE_UNWRAPPED, text);
		end = strrchr(text, '\n');
		*(end ? end : text) = '\0';
		end = strchr(text, '\n');
		if (end) {
			*end = ';'; /* the second sentence is on the hardware clock */
		}
	}
}

/* --format line: a run is one entry in a journal. */
static int print_line(const struct set_settings *set, const struct run *run,
                      const struct set_reply *reply)
{
	const bool is_done = reply->result.status == CORRECT_DONE;
	char done[REPORT_DEED_ROOM], why_not[COMPLAINT_ROOM];

	done_text(set, &reply->result, done);
	complaint(reply, set, run, why_not);
	return measuring_print_line(run, done, why_not,
	                            set->measuring.is_quiet && !is_done ? stderr : stdout);
}

/* Nothing that --quiet would have to break its silence for: cron mails what is printed. */
static bool is_usual(const struct set_settings *set, const struct correct_result *result)
{
	if (result->status != CORRECT_DONE || result->decision.plan.action == PLAN_STEP) {
		return false;
	}
	return result->decision.plan.action == PLAN_NONE ||
	       (result->decision.plan.by_ns <= set->usual_ns &&
	        result->decision.plan.by_ns >= -set->usual_ns);
}

static int print_run(const struct set_settings *set, const struct measuring *measuring,
                     struct run *run, const struct set_reply *reply,
                     const struct learnt *learnt)
{
	switch (measuring->format) {
	case MEASURING_TABLE:
		return print_text(set, measuring, run, reply, learnt);
	case MEASURING_LINE:
		return print_line(set, run, reply);
	case MEASURING_JSON:
		run->status = reply->status;
		return set_print_json(set, run, reply, learnt);
	case MEASURING_CSV:
	case MEASURING_NTPDATE:
	default:
		run->status = reply->status;
		return print_lines(set, measuring, run, reply);
	}
}

int set_report(const struct set_settings *set, const struct measuring *measuring,
               struct run *run, const struct set_reply *reply, const struct learnt *learnt)
{
	int status = run_status_exit(reply->status);
	int printed = 0;

	log_run(set, run, reply);
	if (set->measuring.is_quiet && is_usual(set, &reply->result)) {
		warn(set, reply, learnt);
		return status;
	}
	printed = print_run(set, measuring, run, reply, learnt);
	command_flush(); /* the table stands above the complaint on a terminal */
	if (measuring->format == MEASURING_LINE) {
		complain_beside(reply, set);
	} else {
		set_complain(reply, set, run);
	}
	warn_of_view(set, reply);
	warn(set, reply, learnt);
	return status ? status : printed;
}
