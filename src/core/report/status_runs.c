/* SPDX-License-Identifier: MIT
 *
 * The rows about runs: the last one, what is held back, its servers, and the trust in them.
 */
#include <string.h>

#include "core/report/status_rows_private.h"

const struct source_record *status_selected(const struct status_view *view)
{
	for (size_t i = 0; view->has_last && i < view->source_count; i++) {
		if (view->sources[i].status == SOURCE_SELECTED) {
			return &view->sources[i];
		}
	}
	return NULL;
}

/* --- the last run --- */

static void put_when(const struct status_view *view, struct status_row *row)
{
	const struct run_record *last = &view->last;
	char age[STATUS_AGE_SIZE];

	if (view->last_age_ns >= 0) {
		text_format(&row->text, "%s ago, ", status_age(view->last_age_ns, age));
	}
	/* By its own answer, if that was believed. */
	status_put_moment(row, view,
	                  last->status == RUN_OK && last->has_answer
	                          ? instant_add_ns(last->at, last->offset_ns)
	                          : last->at);
}

static void put_done(const struct run_record *last, struct status_row *row)
{
	switch ((enum plan_action)last->applied_action) {
	case PLAN_STEP:
		text_put(&row->text, ": stepped the clock by ");
		status_put_span(row, last->applied_by_ns, true);
		break;
	case PLAN_SLEW:
		text_put(&row->text, ": slewed the clock by ");
		status_put_span(row, last->applied_by_ns, true);
		break;
	case PLAN_NONE:
	case PLAN_REFUSE:
		text_put(&row->text, ": left the clock alone");
		if (last->has_plan) {
			text_format(&row->text, ", %s",
			            plan_reason_text((enum plan_reason)last->plan_reason));
		}
		break;
	}
}

/* The first source with a reason, or NULL. */
static const struct source_record *failed_source(const struct status_view *view)
{
	for (size_t i = 0; i < view->source_count; i++) {
		if (view->sources[i].reason[0] != '\0') {
			return &view->sources[i];
		}
	}
	return NULL;
}

static void put_refused(const struct run_record *last, struct status_row *row)
{
	text_put(&row->text, ": refused to move the clock");
	if (last->has_plan) {
		text_put(&row->text, " by ");
		status_put_span(row, last->plan_by_ns, true);
		text_format(&row->text, ": %s",
		            plan_reason_text((enum plan_reason)last->plan_reason));
	}
	status_advise(row, "see what ends it: reqtime set --dry-run");
}

static void put_failed(const struct status_view *view, struct status_row *row)
{
	const struct run_record *last = &view->last;

	switch ((enum run_status)last->status) {
	case RUN_NO_ANSWER:
		text_format(&row->text, ": no server of %u has answered",
		            last->asked_count);
		status_advise(row, "see why: reqtime query");
		break;
	case RUN_NO_MAJORITY:
		text_format(&row->text, ": no majority, %u of %u servers agree",
		            last->agreeing_count, last->asked_count);
		status_advise(row, "see who disagrees: reqtime query");
		break;
	case RUN_UNSYNCHRONISED:
		text_put(&row->text, ": the servers have no right time themselves");
		status_advise(row, "ask other servers: reqtime set SERVER...");
		break;
	case RUN_NOT_PERMITTED:
		text_put(&row->text, ": it was not permitted to set the clock");
		status_advise(row, "run it with the right to: sudo reqtime set");
		break;
	case RUN_BUSY:
		text_put(&row->text, ": another time daemon had the clock");
		if (view->other_daemon == OTHER_NONE) {
			status_advise(row, "it is gone; run: sudo reqtime set");
		}
		break;
	default:
		text_put(&row->text, ": a system error");
		status_advise(row, "see which: journalctl -u reqtime, or run: sudo reqtime "
		                   "set");
		break;
	}
	if (view->has_trusted && view->trusted_age_ns >= 0) {
		char age[STATUS_AGE_SIZE];

		text_format(&row->text, "; the last that succeeded was %s ago",
		            status_age(view->trusted_age_ns, age));
	}
}

static void put_run(const struct status_view *view, struct status_row *row)
{
	const struct run_record *last = &view->last;

	put_when(view, row);
	if (run_record_is_held_back(last)) {
		text_put(&row->text, ": held back a jump of ");
		status_put_span(row, last->plan_by_ns, true);
		if (!view->is_held_back) {
			status_advise(row, "see what ends it: reqtime set --dry-run");
		}
	} else if (last->status == RUN_OK) {
		put_done(last, row);
	} else if (last->status == RUN_REFUSED) {
		put_refused(last, row);
	} else {
		put_failed(view, row);
	}
}

void status_last_row(const struct status_view *view, struct status_row *row)
{
	switch (view->history) {
	case STATUS_HISTORY_READ:
		if (view->has_last) {
			put_run(view, row);
			return;
		}
		break;
	case STATUS_HISTORY_DENIED:
		text_format(&row->text, "%s is not readable for this user",
		            view->state_dir);
		status_advise(row, "see all of it: sudo reqtime status");
		return;
	case STATUS_HISTORY_UNUSABLE:
		text_format(&row->text, "unknown: %s", view->history_reason);
		status_advise(row, "begin a new one: sudo reqtime set");
		return;
	case STATUS_HISTORY_NONE:
		break;
	}
	text_format(&row->text, "no run of set is recorded in %s", view->state_dir);
	status_advise(row, "run: sudo reqtime set");
}

void status_held_row(const struct status_view *view, struct status_row *row)
{
	const struct held_back *held_back = &view->held_back;

	if (!view->is_held_back) {
		return;
	}
	row->row_class = STATUS_BAD;
	text_put(&row->text, "a jump of ");
	status_put_span(row, held_back->by_ns, true);
	text_put(&row->text, " since ");
	status_put_moment(row, view, held_back->first_seen);
	if (held_back->confirm_after.unix_ns > view->at.wall.unix_ns) {
		text_put(&row->text, "; a run after ");
		status_put_moment(row, view, held_back->confirm_after);
		text_put(&row->text, " that agrees ends it");
	} else {
		text_put(&row->text, "; the next run that agrees ends it");
	}
	status_advise(row, "end it now, if the servers are right: sudo reqtime set "
	                   "--any-offset");
}

/* --- its servers --- */

static void put_silent(const struct status_view *view, struct status_row *row)
{
	char age[STATUS_AGE_SIZE];

	if (view->has_silent) {
		text_format(&row->text, "; %s has not answered for %s", view->silent.name,
		            status_age(ns_sub(view->at.wall.unix_ns,
		                              view->silent.since.unix_ns),
		                       age));
		status_advise(row, "remove it from %s", view->config);
	}
}

static void put_asked(const struct status_view *view, struct status_row *row)
{
	const struct source_record *selected = status_selected(view);
	const struct source_record *failed = failed_source(view);

	if (selected) {
		text_put(&row->text, selected->name);
		if (selected->has_header) {
			text_format(&row->text, ", stratum %u", selected->stratum);
		}
		text_put(&row->text, "; ");
	}
	text_format(&row->text, "%u of %u agree", view->last.agreeing_count,
	            view->last.asked_count);
	if (failed && view->last.agreeing_count < view->last.asked_count) {
		text_format(&row->text, "; %s: %s", failed->name, failed->reason);
	}
}

void status_servers_row(const struct status_view *view, struct status_row *row)
{
	const bool is_ok = view->now.status == REQTIME_NOW_OK;

	if (view->has_last && view->last.asked_count > 0) {
		put_asked(view, row);
		put_silent(view, row);
		return;
	}
	if (is_ok && view->now.facts.stratum > 0) {
		text_format(&row->text, "stratum %u; ", view->now.facts.stratum);
	}
	if (view->configured_count > 0) {
		text_format(&row->text, "%zu in %s", view->configured_count, view->config);
		return;
	}
	text_format(&row->text, "none in %s", view->config);
	if (!is_ok) {
		status_advise(row, "add there: server = ntp1.example.org");
	}
}

/* --- the trust in them --- */

enum status_answer status_authenticated(const struct status_view *view)
{
	size_t count = 0, authentic_count = 0;

	if (view->now.status == REQTIME_NOW_OK) {
		return view->now.facts.flags & REQTIME_NOW_AUTHENTICATED ? STATUS_YES
		                                                         : STATUS_NO;
	}
	for (size_t i = 0; view->has_last && i < view->source_count; i++) {
		if (view->sources[i].status <= SOURCE_AGREEING) {
			count++;
			authentic_count += view->sources[i].authentication != RECORD_PLAIN;
		}
	}
	/* It is not recorded which sources of a mixture have decided. */
	return count == 0 || (authentic_count > 0 && authentic_count < count)
	               ? STATUS_UNKNOWN
	       : authentic_count > 0 ? STATUS_YES
	                             : STATUS_NO;
}

enum status_answer status_confirmed(const struct status_view *view)
{
	if (view->now.status == REQTIME_NOW_OK) {
		return view->is_confirmed || view->now.facts.flags & REQTIME_NOW_CONFIRMED
		               ? STATUS_YES
		               : STATUS_NO;
	}
	/* Whatever came after that run has put it in doubt. */
	if (!view->now.is_absent) {
		return STATUS_UNKNOWN;
	}
	if (view->is_confirmed) {
		return STATUS_YES;
	}
	return view->has_confirm_after ? STATUS_NO : STATUS_UNKNOWN;
}

void status_trust_row(const struct status_view *view, struct status_row *row)
{
	static const char *const words[] = { [STATUS_NO] = "not authenticated",
		                             [STATUS_YES] = "authenticated (NTS)",
		                             [STATUS_UNKNOWN] = "" };
	const enum status_answer authentic = status_authenticated(view);
	const enum status_answer confirmed = status_confirmed(view);

	text_put(&row->text, words[authentic]);
	if (confirmed == STATUS_UNKNOWN) {
		return;
	}
	if (authentic != STATUS_UNKNOWN) {
		text_put(&row->text, "; ");
	}
	if (confirmed == STATUS_YES) {
		text_put(&row->text, "confirmed by a later run");
		return;
	}
	text_put(&row->text, "not yet confirmed");
	if (!view->has_confirm_after) {
		text_put(&row->text, ": a run five minutes later does that");
	} else if (view->confirm_after.unix_ns > view->at.wall.unix_ns) {
		text_put(&row->text, ": a run after ");
		status_put_moment(row, view, view->confirm_after);
		text_put(&row->text, " does that");
	} else {
		text_put(&row->text, ": the next run does that");
	}
}
