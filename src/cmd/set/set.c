/* SPDX-License-Identifier: MIT
 *
 * Two processes.  The child (here) holds no capability, measures in a sandbox, sends one
 * record, hears what was done and prints it.  The parent (guard.c) holds CAP_SYS_TIME, never
 * touches a network socket and judges the record itself.  With --dry-run there is one process,
 * without any privilege.
 */
#include "cmd/set/set_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/clock/learn.h"
#include "cmd/cli/exporting.h"
#include "cmd/cli/logging.h"
#include "cmd/cli/parse.h"
#include "cmd/cli/repeat.h"
#include "core/base/span.h"
#include "core/report/drag.h"
#include "io/store/lock.h"
#include "io/store/state_dir.h"
#include "io/sys/priv.h"

#define YEAR_NS (365 * 86400 * NS_PER_S)

#define AT(field) offsetof(struct set_settings, field)

/* clang-format off */
static const struct option_row set_options[] = {
	{ "step", 0, OPT_CHOICE, AT(wish), 0, PLAN_WISH_STEP, NULL,
	  "step the clock by whatever lies outside the bound" },
	{ "slew", 0, OPT_CHOICE, AT(wish), 0, PLAN_WISH_SLEW, NULL,
	  "never step: slew it, however long that takes" },
	{ "step-above", 0, OPT_SPAN_NS, AT(step_above_ns), 0, 100 * YEAR_NS, "SPAN",
	  "slew below this offset, step from it on (0.5s)" },
	{ "refuse-above", 0, OPT_SPAN_NS, AT(refuse_above_ns), 0, 100 * YEAR_NS, "SPAN",
	  "refuse an offset larger than this (1000s)" },
	{ "any-offset", 0, OPT_FLAG, AT(any_offset), 0, 0, NULL,
	  "lift --refuse-above: for a clock that is known to be far off" },
	{ "refuse-back-above", 0, OPT_SPAN_NS, AT(refuse_back_above_ns), 0, 100 * YEAR_NS, "SPAN",
	  "refuse to put the clock back by more than this (100s)" },
	{ "force", 0, OPT_FLAG, AT(is_force), 0, 0, NULL,
	  "although another program keeps the clock" },
	{ "rtc", 0, OPT_FLAG, AT(is_rtc), 0, 0, NULL,
	  "set the hardware clock, too" },
	{ "no-discipline", 0, OPT_FLAG, AT(no_discipline), 0, 0, NULL,
	  "learn nothing from past runs, and leave the clock's frequency alone" },
	{ "min-interval", 0, OPT_SPAN_NS, AT(min_interval_ns), 0, YEAR_NS, "SPAN",
	  "do nothing when the last good run is younger than this" },
	{ "overdue", 0, OPT_SPAN_NS, AT(overdue_ns), 0, YEAR_NS, "SPAN",
	  "say when the last good run is older than this; busy then exits with 3" },
	{ "splay", 0, OPT_SPAN_NS, AT(splay_ns), 0, YEAR_NS, "SPAN",
	  "wait some part of this first, always the same on a host" },
	{ "wait", 0, OPT_SPAN_NS, AT(wait_ns), 0, YEAR_NS, "SPAN",
	  "at boot: so long try again whenever the network changes" },
	{ "dry-run", 0, OPT_FLAG, AT(is_dry), 0, 0, NULL,
	  "decide, and change nothing: needs no privilege" },
};
/* clang-format on */

static void set_defaults(void *settings)
{
	struct set_settings *set = settings;
	struct plan_limits limits = measuring_limits();

	measuring_defaults(&set->measuring);
	set->wish = (int)limits.wish;
	set->step_above_ns = limits.step_above_ns;
	set->refuse_above_ns = limits.refuse_above_ns;
	set->refuse_back_above_ns = PLAN_REFUSE_BACK_ABOVE_NS;
}

/* The process that measures. */
struct measurer {
	const struct set_settings *set;
	struct measuring measuring;
	struct memory *memory;
	int fd; /* to the guard; -1 in a dry run */
	struct run_record record;
	struct discipline discipline; /* with this run taken in */
};

static struct correct_record record_from(const struct run *run)
{
	struct correct_record record;

	memset(&record, 0, sizeof(record));
	record.magic = CORRECT_RECORD_MAGIC;
	record.status = run->status;
	record.wall_ns = run->at.unix_ns;
	record.mono_ns = run->at_mono_ns;
	record.agreeing_count = (uint32_t)run->agreeing_count;
	record.asked_count = (uint32_t)run->asked_count;
	if (run->has_answer) {
		record.offset_ns = run->offset_ns;
		record.bound_ns = run->bound_ns;
		record.leap = run->leap;
	}
	return record;
}

/* A leap second that an earlier run of this boot armed. */
static uint32_t armed_before(const struct run_record *last)
{
	if (last->kernel_flags & RECORD_KERNEL_ARMED_INSERT) {
		return NTP_LEAP_INSERT;
	}
	return last->kernel_flags & RECORD_KERNEL_ARMED_DELETE ? NTP_LEAP_DELETE
	                                                       : NTP_LEAP_NONE;
}

static int64_t promise_span_ns(const struct set_settings *set, const struct memory *memory)
{
	if (set->measuring.every_ns > 0) {
		return set->measuring.every_ns;
	}
	if (set->min_interval_ns > 0) {
		return set->min_interval_ns;
	}
	return memory->view.past.interval_ns;
}

/* What past runs have to say about this one. */
static void remind(struct measurer *m, struct correct_record *ret)
{
	const struct history_view *view = &m->memory->view;
	const struct run_record *last = view->past.has_last ? &view->past.last : NULL;
	const struct plan_limits limits = {
		.wish = (enum plan_wish)m->set->wish,
		.step_above_ns = m->set->step_above_ns,
	};

	ret->expected_bound_ns = -1;
	ret->floor_ns = view->has_floor ? view->floor.unix_ns : 0;
	if (last && last->boot_id[0] != '\0' &&
	    strcmp(last->boot_id, m->record.boot_id) == 0) {
		ret->has_last_frequency = last->has_kernel;
		ret->last_frequency_ppb = last->frequency_after_ppb;
		ret->leap_armed = armed_before(last);
	}
	if (!m->set->no_discipline) {
		m->discipline = view->past.discipline;
		learn_advise(&m->discipline, &m->record, last, &limits,
		             promise_span_ns(m->set, m->memory), ret);
	}
}

/* Asks the parent; in a dry run the same judgement is made here. */
static int reply_get(struct measurer *m, const struct run *run, bool may_repeat,
                     struct set_reply *ret)
{
	struct correct_record record = record_from(run);
	ssize_t len;

	remind(m, &record);
	if (m->fd < 0) {
		*ret = set_judge(m->set, &record, may_repeat);
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
	run_record_init(&m->record, RECORD_SET, run);
	m->record.is_dry = m->set->is_dry;
	memory_note_before(m->memory, &m->record);
}

/* What came of it. */
static void record_end(struct measurer *m, const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;

	/* A clock that will not keep its rate was set all the same: the run teaches what any does. */
	m->record.status =
		(uint32_t)(result->status == CORRECT_DONE ? RUN_OK : reply->status);
	m->record.exit_status = (uint32_t)run_status_exit(reply->status);
	if (result->status == CORRECT_DONE || result->plan.action != PLAN_NONE) {
		m->record.has_plan = 1;
		m->record.plan_action = (uint32_t)result->plan.action;
		m->record.plan_reason = (uint32_t)result->plan.reason;
		m->record.plan_by_ns = result->plan.by_ns;
	}
	if (!m->set->is_dry) {
		m->record.applied_action = (uint32_t)result->applied;
		m->record.applied_by_ns = result->applied_ns;
		m->record.kernel_flags |=
			result->leap_armed == NTP_LEAP_INSERT   ? RECORD_KERNEL_ARMED_INSERT
			: result->leap_armed == NTP_LEAP_DELETE ? RECORD_KERNEL_ARMED_DELETE
								: 0;
		memory_note_after(&m->record);
	}
}

/* Of a dry run, what it would have done. */
static struct learnt learnt_of(const struct measurer *m, const struct set_reply *reply)
{
	const struct correct_result *result = &reply->result;
	struct discipline_action did = run_record_action(&m->record);
	struct discipline_drag before;
	struct learnt learnt;

	if (m->set->is_dry && result->status == CORRECT_DONE) {
		did.step_ns = result->plan.action == PLAN_STEP ? result->plan.by_ns : 0;
		did.slew_ns = result->plan.action == PLAN_SLEW ? result->plan.by_ns
		                                               : m->record.slew_before_ns;
		did.frequency_ppb = discipline_advise(&m->discipline).frequency_ppb;
	}
	learnt = learn_view(&m->discipline, &did, promise_span_ns(m->set, m->memory));
	learnt.rate_missing_ppb = result->rate_missing_ppb;
	before = discipline_drag(&m->memory->view.past.discipline);
	learnt.is_drag_new = report_has_drag(&learnt.drag) && !report_has_drag(&before);
	return learnt;
}

/* One measurement and its judgement.  Returns the exit status of the whole; `*ret_again` when
 * it is to be done once more. */
static int measure_once(struct measurer *m, int64_t timeout_ns, bool may_repeat,
                        bool *ret_again)
{
	struct set_reply reply;
	struct learnt learnt;
	struct run run;
	int status;

	*ret_again = false;
	status = measuring_run(&m->measuring, timeout_ns, &run);
	if (status) {
		return status;
	}
	if (run.status == RUN_INTERRUPTED) {
		status = 128 + run.signal;
		goto out;
	}
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
		exporting_skip();
		goto out;
	}
	record_end(m, &reply);
	learnt = learnt_of(m, &reply);
	status = set_report(m->set, &m->measuring, &run, &reply,
	                    m->set->no_discipline ? NULL : &learnt);
	command_flush(); /* nobody waits for a disk */
	exporting_run(&run, &m->record, NULL, m->set->no_discipline ? NULL : &learnt);
	memory_store(m->memory, &m->record, &run);
out:
	measure_free(&run);
	return status;
}

static int set_measure(const struct set_settings *set, const struct server_spec *servers,
                       size_t count, struct memory *memory, int fd)
{
	struct measurer m = { .set = set, .memory = memory, .fd = fd };
	const struct history_view *view = &memory->view;
	int64_t deadline_ns, now_ns;
	bool is_again = false;
	int status;

	status = set_mono_now(&now_ns);
	if (status) {
		return status;
	}
	deadline_ns = ns_add(now_ns, set->measuring.timeout_ns);
	status = measuring_open(&set->measuring, servers, count, &m.measuring);
	if (status) {
		return status;
	}
	m.measuring.measure.kisses = view->kisses;
	m.measuring.measure.kiss_count = view->kiss_count;
	status = measure_once(&m, set->measuring.timeout_ns, true, &is_again);
	if (is_again) {
		status = set_mono_now(&now_ns);
		/* The deadline covers both; a little time must be left for an answer. */
		if (status == 0) {
			status = measure_once(
				&m, deadline_ns > now_ns ? deadline_ns - now_ns : NS_PER_MS,
				false, &is_again);
		}
	}
	measuring_close(&m.measuring);
	return status;
}

void set_child_main(const struct set_settings *set, const struct server_spec *servers,
                    size_t count, struct memory *memory, int fd, struct lifeline *line)
{
	int error, r, status;

	/* The user first: what he has consented to before does not count. */
	r = priv_drop_to(PRIV_NOBODY, PRIV_NOBODY);
	if (r >= 0) {
		r = lifeline_tie(line);
	}
	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		_exit(REQTIME_EXIT_SYSTEM);
	}
	status = set_measure(set, servers, count, memory, fd);
	error = command_flush();
	if (error) {
		command_complain("warning: cannot write the report: %s", strerror(error));
	}
	_exit(status);
}

/* 0 and the lock, or the exit status.  Where no lock can be had the clock is set all the same:
 * a machine with a full or read-only disk has one, too. */
static int set_lock(struct set_settings *set, struct lock *ret)
{
	char buf[MEMORY_DIR_ROOM], quoted[COMMAND_QUOTE_ROOM];
	const char *dir = memory_dir(&set->measuring, buf);
	int r, status;

	r = lock_take(dir, LOCK_RUN_DIR, ret);
	if (r == -EWOULDBLOCK) {
		status = set_report_unmeasured(set, RUN_BUSY);
		command_complain("another run holds the lock: nothing was done");
		set_overdue_judge_alone(set, status);
		return status;
	}
	if (r < 0) {
		command_complain("warning: no lock can be had in %s: %s",
		                 command_quote(dir, quoted), state_dir_error_text(r));
	}
	return 0;
}

/* Whether --min-interval leaves nothing to do. */
static bool is_too_soon(const struct set_settings *set, const struct memory *memory)
{
	const struct run_record *last = memory_last_set(memory);
	char ago[SPAN_TEXT_ROOM], least[SPAN_TEXT_ROOM], text[2 * SPAN_TEXT_ROOM + 80];
	int64_t age_ns;

	if (set->min_interval_ns == 0 || !last) {
		return false;
	}
	age_ns = memory_age_ns(memory, last);
	if (age_ns < 0 || age_ns >= set->min_interval_ns) {
		return false;
	}
	span_format(age_ns / NS_PER_S * NS_PER_S, 0, ago);
	span_format(set->min_interval_ns, 0, least);
	snprintf(text, sizeof(text),
	         "nothing to do: the last good run was %s ago, --min-interval is %s", ago,
	         least);
	logging_say(text);
	if (!set->measuring.is_quiet && set->measuring.format == MEASURING_TABLE) {
		puts(text);
	}
	return true;
}

/* With the lock, or in a dry run without. */
static int set_remembering(struct set_settings *set, const struct server_spec *servers,
                           size_t count)
{
	const struct run_record *last;
	struct memory memory;
	int status = 0;

	memory_open(&set->measuring, set->is_dry ? MEMORY_LOOKS : MEMORY_RECORDS, true,
	            &memory);
	memory_load(&memory);
	if (memory.view.has_floor) {
		set->floor = memory.view.floor;
	}
	last = memory_last_set(&memory);
	if (last && last->has_kernel) {
		set->usual_ns = last->max_error_ns;
	}
	if (set->is_dry) {
		set_judge_open();
	}
	if (is_too_soon(set, &memory)) {
		exporting_skip();
	} else {
		status = set->is_dry ? set_measure(set, servers, count, &memory, -1)
		                     : set_guard_run(set, servers, count, &memory);
		set_overdue_judge(set, &memory, status);
	}
	memory_close(&memory);
	return status;
}

struct set_job {
	struct set_settings set;
	struct repeat_settings when;
	struct server_spec *servers;
	size_t server_count;
	struct parse again; /* what `set` points into since SIGHUP */
};

static int set_once(void *ctx, bool is_try)
{
	const struct set_job *job = ctx;
	struct set_settings set = job->set;
	struct lock lock = { .fds = { -1, -1 } };
	int status = 0;

	set.is_try = is_try;
	logging_open(&set.measuring);
	exporting_open(&set.measuring, RECORD_SET);
	if (!set.is_dry) {
		status = set_guard_permission(&set);
		if (status == 0) {
			status = set_lock(&set, &lock);
			set.lock = &lock;
		}
	}
	if (status == 0) {
		status = set_remembering(&set, job->servers, job->server_count);
	}
	lock_release(&lock);
	exporting_end(status);
	logging_end("set", status);
	logging_close();
	/* A run that is busy is as good as one that was not there, but not for ever. */
	return set.is_overdue && status == REQTIME_EXIT_BUSY ? REQTIME_EXIT_REFUSED
	                                                     : status;
}

static void set_take(struct set_job *job, const struct set_settings *set)
{
	job->set = *set;
	job->when = (struct repeat_settings){ .splay_ns = set->splay_ns,
		                              .wait_ns = set->wait_ns,
		                              .every_ns = set->measuring.every_ns };
}

/* What cannot be read any more leaves in force what was before. */
static void set_reread(void *ctx)
{
	struct set_job *job = ctx;
	struct server_spec *servers = NULL;
	struct parse again;

	if (command_parse_again(&again) != 0) {
		return;
	}
	if (measuring_servers(again.operands, again.operand_count, &servers) != 0) {
		parse_close(&again);
		return;
	}
	free(job->servers);
	job->servers = servers;
	job->server_count = again.operand_count;
	set_take(job, again.settings);
	parse_close(&job->again);
	job->again = again;
}

static int set_run(const void *settings, const char *const *operands, size_t operand_count)
{
	struct set_job job = { .server_count = operand_count };
	const struct repeat_job repeat = { .ctx = &job,
		                           .once = set_once,
		                           .reread = set_reread };
	int status;

	set_take(&job, settings);
	status = measuring_servers(operands, operand_count, &job.servers);
	/* Told now, not after the wait; and what waits needs no more than it holds then. */
	if (status == 0 && !job.set.is_dry && repeat_has_to_wait(&job.when)) {
		status = set_guard_permission(&job.set);
	}
	if (status == 0) {
		status = repeat_run(&job.when, &repeat);
	}
	free(job.servers);
	parse_close(&job.again);
	return status;
}

const struct command command_set = {
	.name = "set",
	.summary = "measure, and correct the clock when the answer can be trusted",
	.operands = "[SERVER]...",
	.operand_option = "server",
	.check_operand = measuring_check_server,
	.config_default = COMMAND_CONFIG_DEFAULT,
	.options = set_options,
	.option_count = COUNT_OF(set_options),
	.shared_options = measuring_options,
	.shared_option_count = MEASURING_OPTION_COUNT,
	.settings_size = sizeof(struct set_settings),
	.defaults = set_defaults,
	.run = set_run,
};
