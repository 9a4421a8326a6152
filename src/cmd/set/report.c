/* SPDX-License-Identifier: MIT
 *
 * Reports the result of `set` in each format, with its warnings and complaints.
 */
#include "cmd/set/set_private.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/cli/json.h"
#include "cmd/cli/run_log.h"
#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/report/drag.h"
#include "core/report/refusal.h"
#include "core/report/report.h"
#include "core/select/other_daemon.h"
#include "io/sys/kernel_clock.h"

enum { DISCIPLINE_REPORT_SIZE = 512, COMPLAINT_SIZE = 1024 };

/* `run`: NULL if the measuring process cannot be trusted. */
static void put_refused(struct text *out, const struct set_reply *reply,
                        const struct set_settings *set, const struct run *run)
{
	const struct run unknown = { .status = RUN_ERROR };
	const struct report_refusal refusal =
		decide_refusal(&set->decide, run ? run : &unknown, &reply->result.decision);
	char text[REPORT_REFUSAL_SIZE];

	report_refusal(&refusal, text, sizeof(text));
	text_put(out, text);
}

static void complain_rate(const struct correct_result *result)
{
	char day[SPAN_TEXT_SIZE];

	if (correct_rate_is_missing(result)) {
		span_format(ns_add(0, result->rate_missing_ppb * 86400), 1, day);
		command_complain(
			"the clock does not keep its rate: the kernel did not take "
			"%+.3f ppm (%s a day) of its correction; check the clock "
			"source (/sys/devices/system/clocksource) and look for "
			"other programs that set the frequency",
			(double)result->rate_missing_ppb * 1e-3, day);
	}
}

static void put_not_done(struct text *out, const struct correct_result *result)
{
	char applied[SPAN_TEXT_SIZE], seen[SPAN_TEXT_SIZE];

	span_format(result->applied_ns, 1, applied);
	span_format(result->readback_ns, 1, seen);
	if (result->status == CORRECT_NOT_MOVED) {
		text_format(out,
		            "the kernel accepted a %s of %s, but a read-back shows %s: the "
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

/* The reason why the clock was not set, or only partly, in one line; else "". */
static void complaint(const struct set_reply *reply, const struct set_settings *set,
                      const struct run *run, char buf[COMPLAINT_SIZE])
{
	struct text out = text_to(buf, COMPLAINT_SIZE);

	switch (reply->result.status) {
	case CORRECT_REFUSED:
		put_refused(&out, reply, set, run);
		break;
	case CORRECT_BUSY:
		text_format(&out, "%s: the clock was left alone; --force sets it anyway",
		            other_daemon_text(reply->result.other_daemon));
		break;
	case CORRECT_STALE:
		text_put(&out, "the clock was stepped, or this machine stalled, after the "
		               "measurement: the clock was left alone");
		break;
	case CORRECT_FAILED:
	case CORRECT_NOT_MOVED:
		put_not_done(&out, &reply->result);
		break;
	case CORRECT_BAD_RECORD:
		text_put(&out, "the record of the measurement is invalid: the clock was "
		               "left alone");
		break;
	case CORRECT_DONE:
		if (reply->result.decision.verdict == DECIDE_PARTLY) {
			put_refused(&out, reply, set, run);
		}
		break;
	case CORRECT_NOT_PERMITTED: /* has its own lines */
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
	char text[COMPLAINT_SIZE];

	complaint(reply, set, run, text);
	if (text[0] != '\0') {
		command_complain("%s", text);
	}
	complain_beside(reply, set);
}

/* Warnings that do not change the exit status. */
static void warn(const struct set_settings *set, const struct set_reply *reply,
                 const struct discipline_report *discipline_report)
{
	const struct correct_result *result = &reply->result;
	char drag[REPORT_DRAG_SIZE];

	if (result->other_daemon != OTHER_NONE && result->status != CORRECT_BUSY) {
		command_complain("warning: %s", other_daemon_text(result->other_daemon));
	}
	if (result->stray_tick_us != 0) {
		command_complain("warning: another program had left the kernel's tick at "
		                 "%lld us; it is corrected",
		                 (long long)result->stray_tick_us);
	}
	/* With --quiet only when new: cron mails what is printed.  The log has it. */
	if (discipline_report &&
	    report_drag(&discipline_report->drag, drag, sizeof(drag)) > 0) {
		if (set->measurement.is_quiet && !discipline_report->is_drag_new) {
			run_log_say(drag);
		} else {
			command_complain("warning: %s", drag);
		}
	}
	if (result->settings_error) {
		command_complain("warning: cannot set the kernel's error estimates: %s",
		                 strerror(result->settings_error));
	}
	if (reply->is_not_remembered && set->has_lock && !set->has_warned_of_state) {
		command_complain(
			"warning: cannot write to the state directory: an offset is not "
			"confirmed before it is applied");
	}
	if (result->rtc_waits && !set->measurement.is_quiet) {
		command_complain("warning: the hardware clock is not set until a run five "
		                 "minutes later confirms the time");
	}
	if (result->rtc_error) {
		command_complain("warning: cannot set the hardware clock: %s",
		                 strerror(result->rtc_error));
	}
}

static void action_text(const struct correct_result *result, const struct style *style,
                        char text[REPORT_ACTION_SIZE])
{
	const struct report_action done = {
		.action = result->applied,
		.by_ns = result->applied_ns,
		.lasts_ns = result->slew_lasts_ns,
		.ends = { result->slew_ends_ns },
		.reason = result->decision.plan.reason,
		.has_set_hardware_clock = result->rtc_written,
	};

	report_action(&done, style, text, REPORT_ACTION_SIZE);
}

/* NULL without a plan. */
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

	run_log_run(&entry);
}

/* `reply`: NULL if nothing was measured.  0 or the exit status. */
static int print_json(const struct set_settings *set, const struct run *run,
                      const struct set_reply *reply,
                      const struct discipline_report *discipline_report)
{
	struct json_report report = { .verb = "set",
		                      .run = run,
		                      .has_applied = true,
		                      .discipline_report = discipline_report };
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

int set_report_unmeasured(const struct set_settings *set, enum run_status status)
{
	struct run run = { .status = status };
	const struct log_entry entry = { .verb = "set", .status = status, .run = &run };
	struct reading now;

	run_log_run(&entry);
	if (set->measurement.format == MEASURE_CLI_JSON && kernel_clock_now(&now) == 0) {
		run.at = now.wall;
		(void)print_json(set, &run, NULL, NULL);
		command_flush();
	}
	return run_status_exit(status);
}

static int print_text(const struct set_settings *set, const struct measure_cli *measurement,
                      const struct run *run, const struct set_reply *reply,
                      const struct discipline_report *discipline_report)
{
	const struct correct_result *result = &reply->result;
	bool is_done = result->status == CORRECT_DONE;
	FILE *to = set->measurement.is_quiet && !is_done ? stderr : stdout;
	/* Only a dry run reports the plan. */
	const struct plan *plan =
		set->is_dry && (is_done || result->status == CORRECT_REFUSED ||
	                        result->status == CORRECT_BUSY)
			? &result->decision.plan
			: NULL;
	char done[REPORT_ACTION_SIZE], discipline[DISCIPLINE_REPORT_SIZE];
	int status;

	status = set->measurement.is_quiet && is_done
	                 ? measure_cli_print_verdict(measurement, run, plan, to)
	                 : measure_cli_print(measurement, run, plan, to);
	if (status == 0 && is_done && !set->is_dry) {
		action_text(result, &measurement->style, done);
		fputs(done, to);
	}
	if (status == 0 && discipline_report && measurement->verbosity > 0) {
		report_discipline(discipline_report, &measurement->style, discipline,
		                  sizeof(discipline));
		fputs(discipline, to);
	}
	return status;
}

/* The formats of other programs: their log line reports the action, if any. */
static int print_lines(const struct set_settings *set,
                       const struct measure_cli *measurement, const struct run *run,
                       const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;
	const bool is_done = result->status == CORRECT_DONE;
	const bool has_plan = is_done || result->status == CORRECT_REFUSED;

	return measure_cli_print_lines(
		measurement, run, has_plan ? &result->decision.plan : NULL,
		is_done || !run->has_answer,
		set->measurement.is_quiet && !is_done ? stderr : stdout);
}

/* The action that was, or would be, taken, for one line. */
static void done_text(const struct set_settings *set, const struct correct_result *result,
                      char text[REPORT_ACTION_SIZE])
{
	char *end;

	text[0] = '\0';
	if (result->status == CORRECT_DONE && set->is_dry) {
		report_would(&result->decision.plan, text, REPORT_ACTION_SIZE);
	} else if (result->status == CORRECT_DONE) {
		action_text(result, &STYLE_UNWRAPPED, text);
		end = strrchr(text, '\n');
		*(end ? end : text) = '\0';
		end = strchr(text, '\n');
		if (end) {
			*end = ';'; /* the second sentence concerns the hardware clock */
		}
	}
}

/* --format line: a run is one entry in a journal. */
static int print_line(const struct set_settings *set, const struct run *run,
                      const struct set_reply *reply)
{
	const bool is_done = reply->result.status == CORRECT_DONE;
	char done[REPORT_ACTION_SIZE], why_not[COMPLAINT_SIZE];

	done_text(set, &reply->result, done);
	complaint(reply, set, run, why_not);
	return measure_cli_print_line(run, done, why_not,
	                              set->measurement.is_quiet && !is_done ? stderr
	                                                                    : stdout);
}

/* Whether --quiet prints nothing: cron mails what is printed. */
static bool is_usual(const struct set_settings *set, const struct correct_result *result)
{
	if (result->status != CORRECT_DONE || result->decision.plan.action == PLAN_STEP) {
		return false;
	}
	return result->decision.plan.action == PLAN_NONE ||
	       (result->decision.plan.by_ns <= set->usual_ns &&
	        result->decision.plan.by_ns >= -set->usual_ns);
}

static int print_run(const struct set_settings *set, const struct measure_cli *measurement,
                     struct run *run, const struct set_reply *reply,
                     const struct discipline_report *discipline_report)
{
	switch (measurement->format) {
	case MEASURE_CLI_TABLE:
		return print_text(set, measurement, run, reply, discipline_report);
	case MEASURE_CLI_LINE:
		return print_line(set, run, reply);
	case MEASURE_CLI_JSON:
		run->status = reply->status;
		return print_json(set, run, reply, discipline_report);
	case MEASURE_CLI_CSV:
	case MEASURE_CLI_NTPDATE:
	default:
		run->status = reply->status;
		return print_lines(set, measurement, run, reply);
	}
}

int set_report(const struct set_settings *set, const struct measure_cli *measurement,
               struct run *run, const struct set_reply *reply,
               const struct discipline_report *discipline_report)
{
	int status = run_status_exit(reply->status);
	int printed = 0;

	log_run(set, run, reply);
	if (set->measurement.is_quiet && is_usual(set, &reply->result)) {
		warn(set, reply, discipline_report);
		return status;
	}
	printed = print_run(set, measurement, run, reply, discipline_report);
	command_flush(); /* on a terminal the table comes before the complaint */
	if (measurement->format == MEASURE_CLI_LINE) {
		complain_beside(reply, set);
	} else {
		set_complain(reply, set, run);
	}
	/* Another daemon may be running where /proc does not show it.  The kernel's clock
	 * state was checked for one anyway. */
	if (reply->view != PROC_VIEW_ALL && reply->result.status == CORRECT_DONE &&
	    reply->result.other_daemon == OTHER_NONE && !set->decide.is_force) {
		command_complain("warning: cannot tell whether another time daemon is "
		                 "running: %s",
		                 proc_view_text(reply->view));
	}
	warn(set, reply, discipline_report);
	return status ? status : printed;
}
