/* SPDX-License-Identifier: MIT
 *
 * The decision of `set`, as every command computes it.
 */
#include "cmd/cli/decide_cli.h"

#include <stdlib.h>
#include <string.h>

#include "app/clock/discipline_replay.h"
#include "cmd/cli/command_options.h"
#include "cmd/cli/parse.h"
#include "core/select/select.h"
#include "io/store/anchor_file.h"
#include "io/store/lock.h"
#include "io/sys/boot_id.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/other_daemon.h"

#define DAY_NS (86400 * NS_PER_S)
#define KNOWN_MAX_ERROR_NS NS_PER_S

_Static_assert((int)BOOT_ID_SIZE == (int)ANCHOR_BOOT_ID_SIZE, "the same text");

void decide_defaults(struct decide_settings *ret)
{
	*ret = (struct decide_settings){ .wish = PLAN_AUTO,
		                         .step_above_ns = 500 * NS_PER_MS,
		                         .refuse_above_ns = -1,
		                         .refuse_back_above_ns = -1 };
}

struct instant decide_release(void)
{
	return (struct instant){ REQTIME_BUILD_FLOOR_S * NS_PER_S };
}

struct plan_limits decide_limits(const struct decide_settings *settings)
{
	const bool is_given = settings->refuse_above_ns >= 0;

	return (struct plan_limits){
		.wish = (enum plan_wish)settings->wish,
		.step_above_ns = settings->step_above_ns,
		.refuse_above_ns =
			is_given ? settings->refuse_above_ns : DECIDE_REFUSE_ABOVE_NS,
		.is_refuse_above_given = is_given,
		.has_refuse_back_above = settings->refuse_back_above_ns >= 0,
		.refuse_back_above_ns = settings->refuse_back_above_ns,
		.any_offset = settings->any_offset,
		.is_boot = settings->is_boot,
		.release = decide_release(),
	};
}

struct decide_settings decide_settings_of_set(const struct measure_cli_settings *settings)
{
	const struct command *set = command_find(command_program(), "set");
	const struct decide_set_settings *found;
	struct decide_settings ret;
	struct parse parse;

	decide_defaults(&ret);
	if (!set || parse_open(command_program(), set, 0, &parse) != 0) {
		return ret;
	}
	((struct decide_set_settings *)parse.settings)->measurement.config =
		settings->config;
	/* Errors in the files were reported when this command read them. */
	parse.has_warned = true;
	if (parse_complete(&parse) == 0) {
		found = parse.settings;
		ret = found->decide;
	}
	parse_close(&parse);
	return ret;
}

void decide_look(const struct measure_cli_settings *settings,
                 const struct decide_settings *decide, struct decide_view *ret)
{
	char buf[HISTORY_DIR_SIZE];
	struct reading now;

	memset(ret, 0, sizeof(*ret));
	ret->settings = *decide;
	boot_id_read(ret->boot_id);
	anchor_file_look(history_dir(settings, buf), LOCK_RUN_DIR, ret->boot_id,
	                 decide_release(), &ret->anchor);
	if (kernel_clock_now(&now) == 0) {
		anchor_begin(&ret->anchor, ret->boot_id, &now);
	}
}

void decide_look_around(struct decide_view *view)
{
	view->other_daemon = other_daemon_look("/proc");
	view->proc = proc_view_look("/proc");
}

/* Whether the answer would not be accepted if few SERVERs gave it. */
static bool is_surprising(const void *ctx, int64_t offset_ns, int64_t bound_ns)
{
	const struct decide_view *view = ctx;
	const struct plan_limits limits = decide_limits(&view->settings);
	struct decide_input input = { .measured = { .offset_ns = offset_ns,
		                                    .bound_ns = bound_ns },
		                      .agreeing_server_count = 1,
		                      .is_disciplined = !view->settings.no_discipline,
		                      .remembers = true };
	struct anchor anchor = view->anchor;
	struct kernel_clock_state state;
	struct decision decision;

	if (kernel_clock_now(&input.now) < 0) {
		return false;
	}
	if (kernel_clock_state(&state) == 0) {
		input.measured.pending_ns = state.pending_slew_ns;
	}
	input.measured.local = input.now.wall;
	decide(&input, &limits, &anchor, &decision);
	return decision.verdict != DECIDE_ACCEPTED && decision.verdict != DECIDE_IMPOSSIBLE;
}

/* The time of this machine, if something has shown that it is right: a run that was
 * confirmed in this boot, or another daemon that keeps it.  An unconfirmed run
 * of ours that made the kernel's clock synchronised proves nothing. */
static void know_time(const struct decide_view *view, struct measure_settings *ret)
{
	struct kernel_clock_state state;
	struct reading now;

	if (view->settings.any_offset) {
		return;
	}
	ret->is_time_known = view->anchor.has_confirmed;
	ret->known_booted_ns = view->anchor.confirmed.booted_ns;
	if (ret->is_time_known || view->other_daemon < OTHER_CHRONYD ||
	    kernel_clock_state(&state) < 0 || kernel_clock_now(&now) < 0) {
		return;
	}
	ret->is_time_known =
		!state.is_unsynchronised && state.max_error_ns < KNOWN_MAX_ERROR_NS;
	ret->known_booted_ns = ns_sub(now.wall.unix_ns, now.boot_ns);
}

void decide_prepare(const struct decide_view *view, const struct history_view *history,
                    struct measure_settings *ret)
{
	ret->kisses = history->kisses;
	ret->kiss_count = history->kiss_count;
	ret->is_surprising = is_surprising;
	ret->surprise_ctx = view;
	ret->may_trust_one = view->settings.any_offset || view->settings.is_boot;
	know_time(view, ret);
}

int64_t decide_ahead_ns(const struct measure_cli_settings *settings,
                        int64_t min_interval_ns, const struct session *session)
{
	if (settings->every_ns > 0) {
		return settings->every_ns;
	}
	return min_interval_ns > 0 ? min_interval_ns : session->view.replay.interval_ns;
}

/* The leap second that an earlier run of this boot armed. */
static uint32_t armed_before(const struct run_record *last)
{
	if (last->kernel_flags & RECORD_KERNEL_ARMED_INSERT) {
		return NTP_LEAP_INSERT;
	}
	return last->kernel_flags & RECORD_KERNEL_ARMED_DELETE ? NTP_LEAP_DELETE
	                                                       : NTP_LEAP_NONE;
}

static void record_measured(const struct run *run, struct correct_record *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->magic = CORRECT_RECORD_MAGIC;
	ret->status = run->status;
	ret->wall_ns = run->at.unix_ns;
	ret->mono_ns = run->at_mono_ns;
	ret->agreeing_count = (uint32_t)run->agreeing_count;
	ret->asked_count = (uint32_t)run->asked_count;
	ret->agreeing_server_count = (uint32_t)run->agreeing_server_count;
	if (run->has_answer) {
		ret->offset_ns = run->offset_ns;
		ret->bound_ns = run->bound_ns;
		ret->leap = run->leap;
	}
}

struct correct_record decide_record(const struct decide_settings *settings,
                                    const struct session *session, const struct run *run,
                                    const struct run_record *now,
                                    struct discipline *ret_discipline)
{
	const struct replay_state *replay = &session->view.replay;
	const struct run_record *last = replay->has_last ? &replay->last : NULL;
	struct correct_record record;

	record_measured(run, &record);
	record.expected_bound_ns = -1;
	if (last && last->boot_id[0] != '\0' && strcmp(last->boot_id, now->boot_id) == 0) {
		record.has_last_frequency = last->has_kernel;
		record.last_frequency_ppb = last->frequency_after_ppb;
		record.leap_armed = armed_before(last);
	}
	if (!settings->no_discipline) {
		*ret_discipline = replay->discipline;
		discipline_replay_advise(ret_discipline, now, last, &record);
	}
	return record;
}

struct correct_wish decide_wish(const struct decide_settings *settings,
                                const struct measure_cli_settings *measurement,
                                size_t server_count)
{
	return (struct correct_wish){
		.is_force = settings->is_force,
		.is_disciplined = !settings->no_discipline,
		.remembers = true,
		.server_count = server_count,
		.pool = measurement->pool,
		.liars = measurement->liars == MEASURE_CLI_LIARS_UNSET
		                 ? SELECT_LIARS_DEFAULT
		                 : measurement->liars,
		.min_sources = measurement->min_sources,
	};
}

static int clock_now(void *ctx, struct reading *ret)
{
	(void)ctx;
	return kernel_clock_now(ret);
}

static int clock_state(void *ctx, struct kernel_clock_state *ret)
{
	(void)ctx;
	return kernel_clock_state(ret);
}

static enum other_daemon clock_other_daemon(void *ctx)
{
	return ((const struct decide_view *)ctx)->other_daemon;
}

const struct clock_ports decide_clock = { .now = clock_now,
	                                  .state = clock_state,
	                                  .other_daemon = clock_other_daemon };

void decide_dry(const struct decide_view *view,
                const struct measure_cli_settings *measurement, size_t server_count,
                const struct correct_record *record, struct correct_result *ret)
{
	const struct plan_limits limits = decide_limits(&view->settings);
	struct correct_wish wish = decide_wish(&view->settings, measurement, server_count);
	struct clock_ports clock = decide_clock;
	struct decide_view mine = *view;
	struct reading now;

	wish.is_dry = true;
	clock.ctx = &mine;
	if (kernel_clock_now(&now) == 0) {
		anchor_begin(&mine.anchor, mine.boot_id, &now);
	}
	correct_apply(record, &limits, &clock, &wish, &mine.anchor, ret);
}

const struct plan *decide_would(const struct measure_cli_settings *settings,
                                size_t server_count, const struct decide_view *view,
                                const struct session *session, const struct run *run,
                                const struct run_record *now, struct correct_result *ret,
                                struct discipline *ret_discipline)
{
	struct correct_record record;

	if (run->status != RUN_OK) {
		return NULL;
	}
	record = decide_record(&view->settings, session, run, now, ret_discipline);
	decide_dry(view, settings, server_count, &record, ret);
	return ret->status == CORRECT_DONE || ret->decision.plan.action == PLAN_REFUSE
	               ? &ret->decision.plan
	               : NULL;
}

bool decide_may_say_old(const struct decide_view *view, const struct run *run,
                        const struct correct_result *would)
{
	const bool is_kept_by_set = view->anchor.has_last || view->anchor.has_floor;

	return run->status == RUN_OK &&
	       (is_kept_by_set ? would->decision.is_confirmed
	                       : run->offset_ns > -DAY_NS && run->offset_ns < DAY_NS);
}

struct report_refusal decide_refusal(const struct decide_settings *settings,
                                     const struct run *run, const struct decision *decision)
{
	const struct plan_limits limits = decide_limits(settings);

	return (struct report_refusal){
		.decision = decision,
		.bound_ns = run->bound_ns,
		.refuse_above_ns = limits.refuse_above_ns,
		.refuse_back_above_ns = limits.refuse_back_above_ns,
		.agreeing_server_count = run->agreeing_server_count,
		.server_count = run->server_count,
		.release = limits.release,
	};
}
