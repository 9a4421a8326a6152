/* SPDX-License-Identifier: MIT
 *
 * `reqtime set`, two processes.  The child (measurer.c) holds no capability, measures in a
 * sandbox, sends one record, gets the result and prints it.  The parent (parent.c) holds
 * CAP_SYS_TIME, never touches a network socket and decides on the record itself.  With
 * --dry-run there is one process, without any privilege.
 */
#include "cmd/set/set_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cmd/cli/bound_cli.h"
#include "cmd/cli/dhcp_servers.h"
#include "cmd/cli/metrics_file.h"
#include "cmd/cli/parse.h"
#include "cmd/cli/repeat.h"
#include "cmd/cli/run_log.h"
#include "core/base/span.h"
#include "io/store/lock.h"
#include "io/store/state_dir.h"

#define YEAR_NS (365 * 86400 * NS_PER_S)

enum { UNCLAIMED_LOOKS_MAX = 2 };

#define AT(field) offsetof(struct set_settings, field)

/* clang-format off */
static const struct option_row set_options[] = {
	{ "step", 0, OPT_CHOICE, AT(decide.wish), 0, PLAN_WISH_STEP, NULL,
	  "always step, never slew (an offset within its bound is still left alone)" },
	{ "slew", 0, OPT_CHOICE, AT(decide.wish), 0, PLAN_WISH_SLEW, NULL,
	  "always slew, never step, however long it takes" },
	{ "step-above", 0, OPT_SPAN_NS, AT(decide.step_above_ns), 0, 100 * YEAR_NS, "SPAN",
	  "slew below this offset, step above it (0.5s)" },
	{ "refuse-above", 0, OPT_SPAN_NS, AT(decide.refuse_above_ns), 0, 100 * YEAR_NS, "SPAN",
	  "refuse an offset larger than this (1000s)" },
	{ "any-offset", 0, OPT_FLAG, AT(decide.any_offset), 0, 0, NULL,
	  "set the clock now, whatever the offset (for use by hand)" },
	{ "boot", 0, OPT_FLAG, AT(decide.is_boot), 0, 0, NULL,
	  "no limit on the offset until a time is confirmed in this boot" },
	{ "refuse-back-above", 0, OPT_SPAN_NS, AT(decide.refuse_back_above_ns), 0, 100 * YEAR_NS, "SPAN",
	  "refuse to set the clock back by more than this" },
	{ "force", 0, OPT_FLAG, AT(decide.is_force), 0, 0, NULL,
	  "set the clock even if another time daemon is running" },
	{ "rtc", 0, OPT_FLAG, AT(is_rtc), 0, 0, NULL,
	  "also set the hardware clock" },
	{ "no-discipline", 0, OPT_FLAG, AT(decide.no_discipline), 0, 0, NULL,
	  "neither use nor correct the learnt frequency" },
	{ "min-interval", 0, OPT_SPAN_NS, AT(min_interval_ns), 0, YEAR_NS, "SPAN",
	  "do nothing if the last good run is younger than this" },
	{ "confirm", 0, OPT_SPAN_NS, AT(confirm_ns), NS_PER_S, YEAR_NS, "SPAN",
	  "when held back: repeat after this time until confirmed (6m for cron)" },
	{ "overdue", 0, OPT_SPAN_NS, AT(overdue_ns), 0, YEAR_NS, "SPAN",
	  "warn when the last good run is older than this; busy then exits with 3" },
	{ "splay", 0, OPT_SPAN_NS, AT(splay_ns), 0, YEAR_NS, "SPAN",
	  "first wait for a part of this time, fixed for each host" },
	{ "wait", 0, OPT_SPAN_NS, AT(wait_ns), 0, YEAR_NS, "SPAN",
	  "at boot: keep retrying on network changes for this long" },
	{ "dry-run", 0, OPT_FLAG, AT(is_dry), 0, 0, NULL,
	  "decide, but change nothing; needs no privilege" },
};
/* clang-format on */

static void set_defaults(void *settings)
{
	struct set_settings *set = settings;

	measure_cli_defaults(&set->measurement);
	decide_defaults(&set->decide);
}

/* 0 and the lock, or the exit status.  Without a lock the clock is set anyway: a machine
 * with a full or read-only disk needs it, too. */
static int set_lock(struct set_settings *set, struct lock *ret)
{
	char buf[HISTORY_DIR_SIZE], quoted[COMMAND_QUOTE_SIZE];
	const char *dir = history_dir(&set->measurement, buf);
	int r, status;

	r = lock_take(LOCK_RUN, dir, LOCK_RUN_DIR, ret);
	if (r == -EWOULDBLOCK) {
		status = set_report_unmeasured(set, RUN_BUSY);
		command_complain("another run holds the lock: nothing was done");
		set_overdue_check_alone(set, status);
		return status;
	}
	if (r < 0) {
		command_complain(
			"warning: no lock in %s: %s; runs are not recorded there, and "
			"an offset is not confirmed before it is applied",
			command_quote(dir, quoted), state_dir_error_text(r));
	}
	set->has_lock = r == 0;
	return 0;
}

/* Whether --min-interval skips this run.  A time that is not confirmed in this boot is
 * measured again first: it may have been wrong. */
static bool is_too_soon(const struct set_settings *set, const struct anchor *anchor)
{
	char ago[SPAN_TEXT_SIZE], least[SPAN_TEXT_SIZE], text[2 * SPAN_TEXT_SIZE + 80];
	int64_t age_ns;

	age_ns = ns_sub(anchor->top_ns, anchor->last.boot_ns);
	if (set->min_interval_ns == 0 || !anchor->has_last || !anchor->has_confirmed ||
	    anchor->sight_count > 0 || age_ns >= set->min_interval_ns) {
		return false;
	}
	span_format(age_ns / NS_PER_S * NS_PER_S, 0, ago);
	span_format(set->min_interval_ns, 0, least);
	snprintf(text, sizeof(text),
	         "nothing to do: the last good run was %s ago, --min-interval is %s", ago,
	         least);
	run_log_say(text);
	if (!set->measurement.is_quiet && set->measurement.format == MEASURE_CLI_TABLE) {
		puts(text);
	}
	return true;
}

/* Runs with the history; holds the lock, except in a dry run. */
static int set_remembering(struct set_settings *set, const struct server_spec *servers,
                           size_t count)
{
	const struct run_record *last;
	struct decide_view view;
	struct session session;
	int status = 0;

	history_session_open(&set->measurement,
	                     set->is_dry ? HISTORY_SESSION_READS : HISTORY_SESSION_RECORDS,
	                     true, &session);
	/* A single warning per cause: cron mails what is printed. */
	session.is_silent = !set->is_dry && !set->has_lock;
	history_session_load(&session);
	set->has_warned_of_state = session.has_warned;
	decide_look(&set->measurement, &set->decide, &view);
	last = history_session_last_set(&session);
	if (last && last->has_kernel) {
		set->usual_ns = last->max_error_ns;
	}
	/* A daemon that keeps the time ends this run, unless --force: then it shows that the
	 * clock is right, and by which time certificates are valid. */
	if (set->is_dry || set->decide.is_force) {
		decide_look_around(&view);
	}
	if (is_too_soon(set, &view.anchor)) {
		metrics_file_skip();
	} else {
		status = set->is_dry ? set_measure(set, servers, count, &session, &view, -1)
		                     : set_parent_run(set, servers, count, &session, &view);
		set_overdue_check(set, &session, status);
	}
	history_session_close(&session);
	return status;
}

struct set_job {
	struct set_settings set;
	struct repeat_settings when;
	struct server_spec *servers;
	size_t server_count;
	struct parse again; /* owns the settings after a SIGHUP */
	struct set_shared
		*shared; /* with the runs, which are child processes; NULL: not shared */
	enum time_right right; /* before any was dropped */
	struct lock claim;     /* held while this process waits to confirm */
	unsigned unclaimed_looks;
};

/* At boot DHCP may name a server later. */
static bool set_may_lack_server(const void *settings)
{
	const struct set_settings *set = settings;

	return set->wait_ns > 0 && set->measurement.dhcp_servers != DHCP_SERVERS_NEVER;
}

static int complain_no_server(const struct set_settings *set)
{
	if (!set->is_try) {
		command_complain("no SERVER given, and DHCP named none in %s: name one in "
		                 "%s, or see reqtime.conf(5)",
		                 DHCP_SERVERS_FOLDER, COMMAND_CONFIG_DEFAULT);
	}
	return run_status_exit(RUN_NO_ANSWER);
}

static int set_once(void *ctx, bool is_try)
{
	const struct set_job *job = ctx;
	struct set_settings set = job->set;
	struct lock lock = { .fds = { -1, -1 } };
	struct anchor_file anchor_file = { .fds = { -1, -1 } };
	char buf[HISTORY_DIR_SIZE];
	int status = 0;

	set.is_try = is_try;
	set.shared = job->shared;
	/* The child processes must not be able to write to it. */
	if (set.shared && madvise(set.shared, sizeof(*set.shared), MADV_DONTFORK) < 0) {
		set.shared = NULL;
	}
	run_log_open(&set.measurement);
	metrics_file_open(&set.measurement, RUN_VERB_SET);
	if (!set.is_dry) {
		status = set_parent_permission(&set);
		if (status == 0) {
			status = set_lock(&set, &lock);
			/* Only the process that holds the lock writes the anchor. */
			anchor_file_open(history_dir(&set.measurement, buf), LOCK_RUN_DIR,
			                 &anchor_file);
			set.anchor_file = &anchor_file;
			/* It may be in the state directory, which there is by now. */
			bound_cli_open(&set.measurement, true);
		}
	}
	if (status == 0) {
		status = job->server_count > 0
		                 ? set_remembering(&set, job->servers, job->server_count)
		                 : complain_no_server(&set);
	}
	anchor_file_close(&anchor_file);
	lock_release(&lock);
	metrics_file_end(status);
	run_log_end("set", status);
	run_log_close();
	/* A busy run changes nothing, which is an error only after --overdue. */
	return set.is_overdue && status == REQTIME_EXIT_BUSY ? REQTIME_EXIT_REFUSED
	                                                     : status;
}

static void set_take(struct set_job *job, const struct set_settings *set)
{
	job->set = *set;
	job->set.right = job->right;
	job->when = (struct repeat_settings){ .splay_ns = set->splay_ns,
		                              .wait_ns = set->wait_ns,
		                              .every_ns = set->measurement.every_ns,
		                              .confirm_ns = set->confirm_ns,
		                              .rereads = set->measurement.dhcp_servers !=
		                                         DHCP_SERVERS_NEVER };
}

/* After an error the previous settings stay in force. */
static void set_reread(void *ctx)
{
	struct set_job *job = ctx;
	struct server_spec *servers = NULL;
	struct parse again;

	if (command_parse_again(&again) != 0) {
		return;
	}
	if (measure_cli_servers(again.operands, again.operand_count, &servers) != 0) {
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

/* Whether a run has to be confirmed by another. cron may start the next run while this
 * process waits: only one process may wait, or their number would grow. */
static bool set_is_to_confirm(void *ctx)
{
	struct set_job *job = ctx;
	const bool is_held_back = job->shared && job->shared->is_held_back;
	char buf[HISTORY_DIR_SIZE];
	int r = 0;

	if (!is_held_back) {
		job->unclaimed_looks = 0;
		lock_forget(&job->claim);
		return false;
	}
	if (job->claim.fds[0] < 0 && job->claim.fds[1] < 0) {
		r = lock_take(LOCK_CONFIRM, history_dir(&job->set.measurement, buf),
		              LOCK_RUN_DIR, &job->claim);
	}
	/* Without a file to lock, the number of runs is limited. */
	return r == 0 ||
	       (r != -EWOULDBLOCK && job->unclaimed_looks++ < UNCLAIMED_LOOKS_MAX);
}

static int set_run(const void *settings, const char *const *operands, size_t operand_count)
{
	struct set_job job = { .server_count = operand_count,
		               .right = time_right_now(),
		               .claim = { { -1, -1 } } };
	const struct repeat_job repeat = { .ctx = &job,
		                           .once = set_once,
		                           .is_to_confirm = set_is_to_confirm,
		                           .reread = set_reread };
	int status;

	set_take(&job, settings);
	status = measure_cli_servers(operands, operand_count, &job.servers);
	if (job.set.confirm_ns > 0 || job.set.measurement.every_ns > 0) {
		job.shared = mmap(NULL, sizeof(*job.shared), PROT_READ | PROT_WRITE,
		                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (job.shared == MAP_FAILED) {
			job.shared = NULL; /* then this process confirms nothing */
		}
	}
	/* Checked before the wait, which then needs no further privilege. */
	if (status == 0 && !job.set.is_dry && repeat_has_to_wait(&job.when)) {
		status = set_parent_permission(&job.set);
	}
	if (status == 0) {
		status = repeat_run(&job.when, &repeat);
	}
	lock_forget(&job.claim);
	free(job.servers);
	parse_close(&job.again);
	return status;
}

const struct command command_set = {
	.name = "set",
	.summary = "measure, and set the clock if the answer can be trusted",
	.examples =
		"    sudo reqtime set ntp1 ntp2 ntp3          set the clock\n"
		"    reqtime set --dry-run ntp1 ntp2 ntp3     show what would be done\n"
		"    sudo reqtime set --any-offset ntp1       set it now, at any offset\n",
	.groups = measure_cli_groups,
	.exit_statuses = COMMAND_EXIT_STATUSES,
	.operands = "[SERVER]...",
	.operand_option = "server",
	.check_operand = measure_cli_check_server,
	.config_default = COMMAND_CONFIG_DEFAULT,
	.config_folder = COMMAND_CONFIG_FOLDER,
	.may_lack_operand = set_may_lack_server,
	.options = set_options,
	.option_count = COUNT_OF(set_options),
	.shared_options = measure_cli_options,
	.shared_option_count = MEASURE_CLI_OPTION_COUNT,
	.settings_size = sizeof(struct set_settings),
	.defaults = set_defaults,
	.run = set_run,
};
