/* SPDX-License-Identifier: MIT */
#include "cmd/set/set_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/json.h"
#include "cmd/cli/logging.h"
#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/report/drag.h"
#include "core/report/report.h"
#include "core/select/rival.h"
#include "io/sys/kernel_clock.h"

enum { LEARNT_ROOM = 512 };

void set_complain_not_permitted(void)
{
	char path[PATH_MAX], quoted[COMMAND_QUOTE_ROOM];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len > 0 ? len : 0] = '\0';
	command_complain("not permitted to set the clock: CAP_SYS_TIME is missing. One of "
	                 "these grants it:");
	fprintf(stderr,
	        "  this program:   setcap cap_sys_time=p %s\n"
	        "  systemd unit:   AmbientCapabilities=CAP_SYS_TIME\n"
	        "  container:      --cap-add SYS_TIME (root in a user namespace has it in "
	        "name "
	        "only)\n"
	        "  Without it, \"reqtime set --dry-run\" shows what would be done.\n",
	        len > 0 ? command_quote(path, quoted) : "PROGRAM");
}

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

static void complain_refused(const struct plan *plan, const struct set_settings *set)
{
	char offset[SPAN_TEXT_ROOM], limit[SPAN_TEXT_ROOM];

	span_format(plan->by_ns, 1, offset);
	span_format(set->refuse_above_ns, 0, limit);
	if (plan->reason == PLAN_BEYOND_LIMIT) {
		command_complain("refused to set the clock: the offset, %s, is beyond "
		                 "--refuse-above (%s); --any-offset lifts that limit",
		                 offset, limit);
	} else {
		command_complain("refused to set the clock (offset %s): %s", offset,
		                 plan_reason_text(plan->reason));
	}
}

static void complain_rate(const struct correct_result *result)
{
	char day[SPAN_TEXT_ROOM];

	if (correct_rate_is_missing(result)) {
		span_format(ns_add(0, result->rate_missing_ppb * 86400), 1, day);
		command_complain(
			"the clock does not keep its rate: %+.3f ppm (%s a day) could not "
			"be "
			"given to the kernel; check the clock source "
			"(/sys/devices/system/clocksource) and for other programs that set "
			"the frequency",
			(double)result->rate_missing_ppb * 1e-3, day);
	}
}

static void complain_not_done(const struct correct_result *result)
{
	char applied[SPAN_TEXT_ROOM], seen[SPAN_TEXT_ROOM];

	span_format(result->applied_ns, 1, applied);
	span_format(result->readback_ns, 1, seen);
	if (result->status == CORRECT_NOT_MOVED) {
		command_complain(
			"the kernel took a %s of %s, but a read-back shows %s: the "
			"clock cannot be trusted",
			plan_action_name(result->applied), applied, seen);
	} else if (result->applied != PLAN_NONE) {
		command_complain("after a %s of the clock by %s: %s",
		                 plan_action_name(result->applied), applied,
		                 strerror(result->error));
	} else {
		command_complain("cannot set the clock: %s", strerror(result->error));
	}
}

void set_complain(const struct set_reply *reply, const struct set_settings *set)
{
	switch (reply->result.status) {
	case CORRECT_REFUSED:
		complain_refused(&reply->result.plan, set);
		break;
	case CORRECT_NOT_PERMITTED:
		set_complain_not_permitted();
		break;
	case CORRECT_BUSY:
		command_complain("%s: the clock was left alone; --force sets it all "
		                 "the same",
		                 rival_text(reply->result.rival));
		break;
	case CORRECT_STALE:
		command_complain(
			"the clock was stepped, or this machine stood still, after the "
			"measurement: the clock was left alone");
		break;
	case CORRECT_FAILED:
	case CORRECT_NOT_MOVED:
		complain_not_done(&reply->result);
		break;
	case CORRECT_BAD_RECORD:
		command_complain(
			"the measurement makes no sense: the clock was left alone");
		break;
	case CORRECT_DONE:
		complain_rate(&reply->result);
		break;
	case CORRECT_NO_ANSWER: /* the verdict line says why */
		break;
	}
}

/* The clock is given something, and whoever else gives it something could be at work unseen.
 * What the kernel shows of others has been looked at all the same. */
static void warn_of_view(const struct set_settings *set, const struct set_reply *reply)
{
	if (reply->view != PROC_VIEW_ALL && reply->result.status == CORRECT_DONE &&
	    reply->result.rival == RIVAL_NONE && !set->is_force) {
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
static void warn(const struct set_settings *set, const struct correct_result *result,
                 const struct learnt *learnt)
{
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
	if (result->rtc_error) {
		command_complain("warning: cannot set the hardware clock: %s",
		                 strerror(result->rtc_error));
	}
}

static void print_deed(const struct correct_result *result, const struct style *style,
                       FILE *to)
{
	const struct report_deed deed = {
		.action = result->applied,
		.by_ns = result->applied_ns,
		.lasts_ns = result->slew_lasts_ns,
		.ends = { result->slew_ends_ns },
		.reason = result->plan.reason,
		.has_set_hardware_clock = result->rtc_written,
	};
	char text[REPORT_DEED_ROOM];

	report_deed(&deed, style, text, sizeof(text));
	fputs(text, to);
}

/* NULL when it came to none. */
static const struct plan *plan_of(const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;

	return result->status == CORRECT_DONE || result->plan.action != PLAN_NONE
	               ? &result->plan
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

	if (reply) {
		report.plan = plan_of(reply);
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
		set->is_dry && (is_done || result->status == CORRECT_REFUSED)
			? &result->plan
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

	return measuring_print_lines(measuring, run, has_plan ? &result->plan : NULL,
	                             is_done || !run->has_answer,
	                             set->measuring.is_quiet && !is_done ? stderr : stdout);
}

/* Nothing that --quiet would have to break its silence for: cron mails what is printed. */
static bool is_usual(const struct set_settings *set, const struct correct_result *result)
{
	if (result->status != CORRECT_DONE || result->plan.action == PLAN_STEP) {
		return false;
	}
	return result->plan.action == PLAN_NONE || (result->plan.by_ns <= set->usual_ns &&
	                                            result->plan.by_ns >= -set->usual_ns);
}

int set_report(const struct set_settings *set, const struct measuring *measuring,
               struct run *run, const struct set_reply *reply, const struct learnt *learnt)
{
	int status = run_status_exit(reply->status);
	int printed = 0;

	log_run(set, run, reply);
	if (set->measuring.is_quiet && is_usual(set, &reply->result)) {
		warn(set, &reply->result, learnt);
		return status;
	}
	if (measuring->format != MEASURING_TABLE) {
		run->status = reply->status;
		printed = measuring->format == MEASURING_JSON
		                  ? set_print_json(set, run, reply, learnt)
		                  : print_lines(set, measuring, run, reply);
	} else {
		printed = print_text(set, measuring, run, reply, learnt);
	}
	command_flush(); /* the table stands above the complaint on a terminal */
	set_complain(reply, set);
	warn_of_view(set, reply);
	warn(set, &reply->result, learnt);
	return status ? status : printed;
}
