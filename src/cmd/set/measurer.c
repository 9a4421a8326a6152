/* SPDX-License-Identifier: MIT
 *
 * The measuring process of `set`, sandboxed and without capabilities.  It sends one record
 * to the privileged parent (parent.c), gets the result, prints and stores it.  In a dry run
 * it decides itself.
 */
#include "cmd/set/set_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/bound_cli.h"
#include "cmd/cli/metrics_file.h"
#include "cmd/cli/run_log.h"
#include "core/base/text_time.h"
#include "core/report/drag.h"
#include "io/sys/priv.h"

/* The measuring process. */
struct measurer {
	const struct set_settings *set;
	struct measure_cli measurement;
	struct session *session;
	const struct decide_view *view;
	int fd; /* socket to the parent; -1 in a dry run */
	struct run_record record;
	struct discipline discipline; /* including this run */
};

/* Gets the decision from the parent; in a dry run the same decision is made here. */
static int reply_get(struct measurer *m, const struct run *run, bool may_repeat,
                     struct set_reply *ret)
{
	const struct correct_record record =
		decide_record(&m->set->decide, m->session, run, &m->record, &m->discipline);
	ssize_t len;

	if (m->fd < 0) {
		*ret = set_decide_dry(m->set, m->measurement.measure.server_count, m->view,
		                      &record, may_repeat);
		return 0;
	}
	do {
		len = write(m->fd, &record, sizeof(record));
	} while (len < 0 && errno == EINTR);
	if (len == (ssize_t)sizeof(record)) {
		do {
			len = read(m->fd, ret, sizeof(*ret));
		} while (len < 0 && errno == EINTR);
	}
	if (len != (ssize_t)sizeof(*ret)) {
		command_complain("lost the process that sets the clock");
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

static void record_begin(struct measurer *m, const struct run *run)
{
	run_record_init(&m->record, RUN_VERB_SET, run);
	m->record.is_dry = m->set->is_dry;
	history_session_note_before(m->session, &m->record);
}

static bool is_accepted(const struct correct_result *result)
{
	return result->status == CORRECT_DONE &&
	       result->decision.verdict == DECIDE_ACCEPTED;
}

/* Notes the result. */
static void record_end(struct measurer *m, const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;

	/* A clock that does not keep its rate was still set, so the run counts for the
	 * discipline.  A run that was held back does not. */
	m->record.status = (uint32_t)(is_accepted(result) ? RUN_OK : reply->status);
	m->record.exit_status = (uint32_t)run_status_exit(reply->status);
	if (result->status == CORRECT_DONE || result->decision.plan.action != PLAN_NONE) {
		m->record.has_plan = 1;
		m->record.plan_action = (uint32_t)result->decision.plan.action;
		m->record.plan_reason = (uint32_t)result->decision.plan.reason;
		m->record.plan_by_ns = result->decision.plan.by_ns;
	}
	m->record.kernel_flags |=
		is_accepted(result) && result->decision.is_confirmed ? RECORD_CONFIRMED : 0;
	if (!m->set->is_dry) {
		m->record.applied_action = (uint32_t)result->applied;
		m->record.applied_by_ns = result->applied_ns;
		m->record.kernel_flags |=
			result->leap_armed == NTP_LEAP_INSERT   ? RECORD_KERNEL_ARMED_INSERT
			: result->leap_armed == NTP_LEAP_DELETE ? RECORD_KERNEL_ARMED_DELETE
								: 0;
		history_session_note_after(&m->record);
	}
}

/* In a dry run: the action that it would have taken. */
static struct discipline_report report_of(const struct measurer *m,
                                          const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;
	struct discipline_action did = run_record_action(&m->record);
	struct discipline_drag before;
	struct discipline_report discipline_report;

	if (m->set->is_dry && result->status == CORRECT_DONE) {
		did.step_ns = result->decision.plan.action == PLAN_STEP
		                      ? result->decision.plan.by_ns
		                      : 0;
		did.slew_ns = result->decision.plan.action == PLAN_SLEW
		                      ? result->decision.plan.by_ns
		                      : m->record.slew_before_ns;
		did.frequency_ppb = discipline_advise(&m->discipline).frequency_ppb;
	}
	discipline_report = discipline_replay_report(
		&m->discipline, &did,
		decide_ahead_ns(&m->set->measurement, m->set->min_interval_ns, m->session));
	discipline_report.rate_missing_ppb = result->rate_missing_ppb;
	before = discipline_drag(&m->session->view.replay.discipline);
	discipline_report.is_drag_new =
		report_has_drag(&discipline_report.drag) && !report_has_drag(&before);
	return discipline_report;
}

/* Silent servers still count among those asked, so they should be removed from the list.
 * cron would mail the warning each hour: with --quiet it goes to the log only. */
static void warn_of_silent(const struct measurer *m, const struct run *run)
{
	for (size_t i = 0; i < m->session->view.silent_count; i++) {
		const struct silent_server *silent = &m->session->view.silent[i];
		const struct civil since = civil_from_instant(silent->since);
		char quoted[COMMAND_QUOTE_SIZE], text[COMMAND_QUOTE_SIZE + 100],
			port[8] = "";
		bool is_still = false;

		for (size_t k = 0; k < run->source_count; k++) {
			const struct run_source *source = &run->sources[k];

			is_still |= source->received == 0 && source->port == silent->port &&
			            strcmp(source->name, silent->name) == 0;
		}
		if (silent->port != scheme_port(SCHEME_NTP)) {
			snprintf(port, sizeof(port), ":%u", silent->port);
		}
		snprintf(text, sizeof(text),
		         "%s%s has not answered since %04d-%02d-%02d: remove it from the "
		         "list",
		         command_quote(silent->name, quoted), port, since.year, since.month,
		         since.day);
		if (is_still && m->set->measurement.is_quiet) {
			run_log_say(text);
		} else if (is_still) {
			command_complain("warning: %s", text);
		}
	}
}

/* Renews the hold-off of servers asked in it.  True if there are kiss codes to store. */
static bool note_kisses(struct measurer *m, const struct run *run)
{
	const struct history_view *view = &m->session->view;
	struct source_record source;
	bool has_news = false;

	for (size_t i = 0; i < run->source_count; i++) {
		source_record_init(&source, &run->sources[i]);
		has_news |= source.kiss != NTP_KISS_NONE;
		for (size_t k = 0; k < view->kiss_count; k++) {
			if (source.sent_count > 0 &&
			    address_equal(&view->kisses[k].address, &source.address)) {
				kod_holdoff_renew(&view->kisses[k], run->at);
				has_news = true;
			}
		}
	}
	return has_news;
}

/* Measures and has it decided.  The exit status; `*ret_again`: to be repeated. */
static int measure_once(struct measurer *m, int64_t timeout_ns, bool may_repeat,
                        bool *ret_again)
{
	struct set_reply reply;
	struct discipline_report discipline_report;
	bool has_kisses;
	struct run run;
	int status;

	*ret_again = false;
	status = measure_cli_run(&m->measurement, timeout_ns, &run);
	if (status) {
		return status;
	}
	if (run.status == RUN_INTERRUPTED) {
		status = 128 + run.signal;
		goto out;
	}
	has_kisses = note_kisses(m, &run);
	record_begin(m, &run);
	status = reply_get(m, &run, may_repeat, &reply);
	if (status) {
		goto out;
	}
	if (reply.is_again) {
		*ret_again = true;
		goto out;
	}
	if (m->set->is_try && run_status_exit(reply.status) == REQTIME_EXIT_NOTHING) {
		status = run_status_exit(reply.status);
		metrics_file_skip();
		if (has_kisses) {
			record_end(m, &reply);
			history_session_store(m->session, &m->record, &run);
		}
		goto out;
	}
	record_end(m, &reply);
	if (!m->set->is_dry) {
		bound_cli_run(&m->set->measurement, &run, &m->record,
		              m->set->decide.no_discipline ? NULL : &m->discipline,
		              &reply.result);
	}
	discipline_report = report_of(m, &reply);
	status = set_report(m->set, &m->measurement, &run, &reply,
	                    m->set->decide.no_discipline ? NULL : &discipline_report);
	warn_of_silent(m, &run);
	command_flush(); /* before the disk is written */
	metrics_file_run(&run, &m->record, NULL,
	                 m->set->decide.no_discipline ? NULL : &discipline_report);
	history_session_store(m->session, &m->record, &run);
out:
	measure_free(&run);
	return status;
}

int set_measure(const struct set_settings *set, const struct server_spec *servers,
                size_t count, struct session *session, const struct decide_view *view,
                int fd)
{
	struct measurer m = { .set = set, .session = session, .view = view, .fd = fd };
	int64_t deadline_ns, now_ns;
	bool is_again = false;
	int status;

	status = set_mono_now(&now_ns);
	if (status) {
		return status;
	}
	deadline_ns = ns_add(now_ns, set->measurement.timeout_ns);
	status = measure_cli_open(&set->measurement, servers, count, &m.measurement);
	if (status) {
		return status;
	}
	decide_prepare(view, &session->view, &m.measurement.measure);
	history_session_take_keys(session, &m.measurement.measure);
	/* A server is reported as silent only if this run waited for it: a majority may be
	 * reached before a slow one answers. */
	m.measurement.measure.ask_all |= session->view.silent_count > 0;
	status = measure_once(&m, set->measurement.timeout_ns, true, &is_again);
	if (is_again) {
		status = set_mono_now(&now_ns);
		/* The deadline covers both; the second needs at least a little time. */
		if (status == 0) {
			status = measure_once(
				&m, deadline_ns > now_ns ? deadline_ns - now_ns : NS_PER_MS,
				false, &is_again);
		}
	}
	history_session_put_keys(session);
	measure_cli_close(&m.measurement);
	return status;
}

void set_child_main(const struct set_settings *set, const struct server_spec *servers,
                    size_t count, struct session *session, const struct decide_view *view,
                    int fd, struct lifeline *line)
{
	int error, r, status;

	/* The user first: a change of user undoes an earlier tie. */
	r = priv_drop_to(PRIV_NOBODY, PRIV_NOBODY);
	if (r >= 0) {
		r = lifeline_tie(line);
	}
	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		_exit(REQTIME_EXIT_SYSTEM);
	}
	status = set_measure(set, servers, count, session, view, fd);
	error = command_flush();
	if (error) {
		command_complain("warning: cannot write the report: %s", strerror(error));
	}
	_exit(status);
}
