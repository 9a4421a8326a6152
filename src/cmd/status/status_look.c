/* SPDX-License-Identifier: MIT
 *
 * Collects the state of clock, runs and machine.  Two other processes parse what others
 * may have written: the history, and the answer of systemctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/command_options.h"
#include "cmd/cli/decide_cli.h"
#include "cmd/status/screen_private.h"
#include "io/store/history.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/priv.h"

#define SYSTEMD_LIMIT_NS NS_PER_S

/* --- settings --- */

static const struct measure_cli_settings *set_settings(const struct status_look *look)
{
	return look->has_set ? &((const struct decide_set_settings *)look->set.settings)
	                                ->measurement
	                     : NULL;
}

void status_look_prepare(struct status_settings *settings, struct status_look *ret)
{
	const struct command *set = command_find(command_program(), "set");
	const struct measure_cli_settings *of_set;

	memset(ret, 0, sizeof(*ret));
	if (set && parse_open(command_program(), set, 0, &ret->set) == 0) {
		((struct decide_set_settings *)ret->set.settings)->measurement.config =
			settings->config;
		/* Errors in the file were reported when this command read it. */
		ret->has_set = parse_complete(&ret->set) == 0;
		if (!ret->has_set) {
			parse_close(&ret->set);
		}
	}
	of_set = set_settings(ret);
	if (!settings->now.bound_file && of_set) {
		settings->now.bound_file = of_set->bound_file;
	}
	if (!settings->now.bound_file) {
		settings->now.bound_file = REQTIME_NOW_FILE;
	}
	if (!settings->state_dir && of_set) {
		settings->state_dir = of_set->state_dir;
	}
	if (!settings->state_dir) {
		settings->state_dir = state_dir_default(ret->dir);
	}
}

/* --- the history --- */

/* Words of a file that anyone may have written. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~') {
			*text = '?';
		}
	}
}

static bool is_of_this_boot(const struct status_look *look, const struct run_record *run)
{
	return run->boot_id[0] != '\0' && strcmp(run->boot_id, look->history.boot_id) == 0;
}

static int64_t age_of(const struct status_look *look, const struct run_record *run)
{
	const struct reading *at = &look->view.at;
	const int64_t ns = is_of_this_boot(look, run)
	                           ? ns_sub(at->boot_ns, run->boot_ns)
	                           : instant_diff_ns(at->wall, run_record_end(run));

	return ns >= 0 ? ns : -1;
}

static struct discipline_report learnt(const struct status_look *look)
{
	const struct replay_state *replay = &look->history.replay;
	const struct discipline_advice advice = discipline_advise(&replay->discipline);
	struct discipline_report ret = {
		.state = advice.state,
		.frequency_ppb = advice.estimate_ppb,
		.frequency_sd_ppb = advice.frequency_sd_ppb,
		.ahead_ns = replay->interval_ns,
		.drag = discipline_drag(&replay->discipline),
	};
	struct discipline_forecast forecast;

	if (advice.state != DISCIPLINE_UNSET && is_of_this_boot(look, &replay->last)) {
		forecast = discipline_forecast(&replay->discipline);
		ret.has_bound = forecast.is_known;
		if (ret.has_bound) {
			ret.bound_ns = discipline_bound_until_ns(&forecast, ret.ahead_ns);
		}
	}
	return ret;
}

static void note_runs(struct status_look *look)
{
	const struct replay_state *replay = &look->history.replay;
	struct status_view *view = &look->view;

	view->has_last = replay->has_last;
	view->history = replay->has_last ? STATUS_HISTORY_READ : STATUS_HISTORY_NONE;
	if (!replay->has_last) {
		return;
	}
	view->last = replay->last;
	view->last_age_ns = age_of(look, &replay->last);
	view->has_trusted = replay->has_trusted;
	if (replay->has_trusted) {
		view->trusted_age_ns = age_of(look, &replay->trusted);
	}
	/* To the nanosecond only the one that stands for too few runs. */
	if (replay->interval_ns != DISCIPLINE_REPLAY_INTERVAL_NS) {
		view->interval_ns = replay->interval_ns;
	}
	for (size_t i = 0; i < look->history.source_count; i++) {
		make_printable(look->history.sources[i].name);
		make_printable(look->history.sources[i].reason);
	}
	view->sources = look->history.sources;
	view->source_count = look->history.source_count;
	view->has_silent = look->history.silent_count > 0;
	if (view->has_silent) {
		view->silent = look->history.silent[0];
		make_printable(view->silent.name);
	}
	view->discipline = learnt(look);
}

static void not_usable(struct status_look *look, const char *reason)
{
	look->view.history = STATUS_HISTORY_UNUSABLE;
	snprintf(look->reason, sizeof(look->reason), "%s", reason);
	make_printable(look->reason);
	look->view.history_reason = look->reason;
}

/* NULL: there is nothing to read; the view has the reason. */
static struct history_client *start_history(const char *dir, struct status_look *look)
{
	static const struct history_client_settings how = { .keep_ns = HISTORY_KEEP_NS,
		                                            .wants_replay = true,
		                                            .is_to_show = true,
		                                            .limits =
		                                                    HISTORY_CLIENT_LIMITS };
	char file[STATE_DIR_SIZE + sizeof(HISTORY_FILE) + 1];
	struct history_client *client = NULL;

	snprintf(file, sizeof(file), "%s/%s", dir, HISTORY_FILE);
	if (faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) < 0) {
		if (errno == ENOENT || errno == ENOTDIR) {
			look->view.history = STATUS_HISTORY_NONE;
		} else if (errno == EACCES) {
			look->view.history = STATUS_HISTORY_DENIED;
		} else {
			not_usable(look, strerror(errno));
		}
	} else if (history_client_start(dir, &how, &client) < 0) {
		client = NULL;
		not_usable(look, "cannot start the process that reads the history");
	}
	return client;
}

static void note_history(struct status_look *look)
{
	switch (look->history.use) {
	case HISTORY_USED:
		note_runs(look);
		break;
	case HISTORY_ABSENT:
		look->view.history = STATUS_HISTORY_NONE;
		break;
	case HISTORY_UNUSABLE:
		not_usable(look, look->history.warning);
		break;
	}
}

/* --- the anchor --- */

static struct instant wall_of(const struct status_view *view, int64_t boot_ns)
{
	return instant_add_ns(view->at.wall, ns_sub(boot_ns, view->at.boot_ns));
}

/* As core/select/decide.h will find it: the first of the sights that agree with the
 * latest. */
static void note_held_back(const struct anchor *anchor, struct status_view *view)
{
	const struct anchor_point *newest, *first;
	size_t i = 0;

	/* Without an answer, the last run has not ended it. */
	const bool is_last = view->has_last && run_record_is_held_back(&view->last);

	if (anchor->sight_count == 0 ||
	    (view->has_last ? !is_last && view->last.has_answer
	                    : view->now.now.reason != REQTIME_NOW_HELD_BACK)) {
		return;
	}
	newest = &anchor->sights[anchor->sight_count - 1].point;
	while (!anchor_agrees(&anchor->sights[i].point, newest, PLAN_SLEW_PPM) &&
	       i + 1 < anchor->sight_count) {
		i++;
	}
	first = &anchor->sights[i].point;
	view->is_held_back = true;
	view->held_back = (struct held_back){
		.first_seen = wall_of(view, first->boot_ns),
		.confirm_after = wall_of(view, ns_add(first->boot_ns, ANCHOR_CONFIRM_NS)),
		.by_ns = is_last ? view->last.plan_by_ns
		                 : ns_sub(newest->booted_ns,
		                          ns_sub(view->at.wall.unix_ns, view->at.boot_ns)),
	};
}

static void note_anchor(const struct anchor *anchor, struct status_view *view)
{
	note_held_back(anchor, view);
	if (!anchor->has_last) {
		return;
	}
	view->is_confirmed =
		anchor->has_confirmed && anchor->confirmed.boot_ns == anchor->last.boot_ns;
	if (!view->is_confirmed) {
		view->has_confirm_after = true;
		view->confirm_after =
			wall_of(view, ns_add(anchor->chain_ns, ANCHOR_CONFIRM_NS));
	}
}

/* --- the machine --- */

static void note_kernel(struct status_kernel *ret)
{
	struct kernel_clock_state state;

	/* Some containers may not read it. */
	if (kernel_clock_state(&state) < 0) {
		return;
	}
	*ret = (struct status_kernel){ .is_known = true,
		                       .is_synchronised = !state.is_unsynchronised,
		                       .max_error_ns = state.max_error_ns,
		                       .pending_slew_ns = state.pending_slew_ns,
		                       .frequency_ppb = state.frequency_ppb,
		                       .leap = state.leap };
}

static const char *why_unknown(int error)
{
	switch (error) {
	case -ENOSYS:
		return "this machine does not run systemd";
	case -ENOENT:
		return "there is no systemctl";
	case -ETIMEDOUT:
		return "systemctl has not answered within a second";
	default:
		return "systemctl has given no answer that makes sense";
	}
}

static void take_timer(struct systemd_timer_query *query, struct status_look *look)
{
	const struct systemd_timer *timer = &look->timer;
	struct status_next *next = &look->view.next;
	const int r = systemd_timer_take(query, &look->timer);

	if (r < 0) {
		*next = (struct status_next){ .timer = r == -ENOSYS ? STATUS_TIMER_ABSENT
			                                            : STATUS_TIMER_UNKNOWN,
			                      .why = why_unknown(r) };
		return;
	}
	make_printable(look->timer.unit);
	*next = (struct status_next){
		.timer = !timer->is_installed ? STATUS_TIMER_ABSENT
		         : timer->is_active   ? STATUS_TIMER_ON
		                              : STATUS_TIMER_OFF,
		.is_enabled = timer->is_enabled,
		.is_running = timer->is_running,
		.has_next = timer->has_next,
		.next = timer->next,
		.unit = timer->unit,
		.why = "there is no reqtime.timer",
	};
}

static void look_around(const struct status_settings *settings, struct status_look *look,
                        struct decide_view *ret)
{
	const struct measure_cli_settings *of_set = set_settings(look);
	struct measure_cli_settings measurement = { .config = settings->config };
	struct decide_settings decide;

	if (of_set) {
		measurement = *of_set;
	}
	measurement.state_dir = settings->state_dir;
	decide_defaults(&decide);
	decide_look(&measurement, &decide, ret);
	decide_look_around(ret);
	look->view.other_daemon = ret->other_daemon;
	look->view.unseen = ret->proc == PROC_VIEW_ALL ? NULL : proc_view_text(ret->proc);
}

int status_look(const struct status_settings *settings, struct status_look *ret)
{
	struct systemd_timer_query query;
	struct history_client *client;
	struct status_view *view = &ret->view;
	struct decide_view around;
	int r;

	view->within_ns = settings->now.within_ns;
	view->is_proved = settings->now.is_proved;
	view->config = ret->has_set && ret->set.files.path ? ret->set.files.path
	                                                   : COMMAND_CONFIG_DEFAULT;
	view->configured_count = ret->has_set ? ret->set.operand_count : 0;
	view->state_dir = settings->state_dir;
	view->last_age_ns = view->trusted_age_ns = -1;
	systemd_timer_start(SYSTEMD_LIMIT_NS, &query);
	client = start_history(settings->state_dir, ret);
	r = priv_drop_all();
	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	look_around(settings, ret, &around);
	if (client) {
		history_client_load(client, &ret->history);
		history_client_stop(client);
	}
	take_timer(&query, ret);
	/* From here on nothing waits: one moment for all. */
	now_look(&settings->now, &view->now);
	view->is_within = now_is_within(&settings->now, &view->now);
	if (kernel_clock_now(&view->at) < 0) {
		view->at.wall.unix_ns = view->now.now.real_ns;
	}
	note_kernel(&view->kernel);
	if (client) {
		note_history(ret);
	}
	note_anchor(&around.anchor, view);
	return 0;
}

void status_look_free(struct status_look *look)
{
	history_view_free(&look->history);
	if (look->has_set) {
		parse_close(&look->set);
	}
}
