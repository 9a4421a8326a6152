/* SPDX-License-Identifier: MIT
 *
 * Two processes.  The child (here) holds no capability, measures in a sandbox, sends one
 * record, hears what was done and prints it.  The parent (set_guard.c) holds CAP_SYS_TIME, never
 * touches a network socket and judges the record itself.  With --dry-run there is one process,
 * without any privilege.
 */
#include "set.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

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
}

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

/* Asks the parent on `fd`; in a dry run (-1) the same judgement is made here. */
static int reply_get(const struct set_settings *set, const struct run *run, int fd,
                     bool may_repeat, struct set_reply *ret)
{
	struct correct_record record = record_from(run);
	ssize_t len;

	if (fd < 0) {
		*ret = set_judge(set, &record, may_repeat);
		return 0;
	}
	do {
		len = write(fd, &record, sizeof(record));
	} while (len < 0 && errno == EINTR);
	if (len == (ssize_t)sizeof(record)) {
		do {
			len = read(fd, ret, sizeof(*ret));
		} while (len < 0 && errno == EINTR);
	}
	if (len != (ssize_t)sizeof(*ret)) {
		command_complain("lost the process that sets the clock");
		return EXIT_SYSTEM;
	}
	return 0;
}

/* One measurement and its judgement.  Returns the exit status of the whole; `*ret_again` when
 * it is to be done once more. */
static int measure_once(const struct set_settings *set, const struct measuring *measuring,
                        int fd, int64_t timeout_ns, bool may_repeat, bool *ret_again)
{
	struct set_reply reply;
	struct run run;
	int status;

	*ret_again = false;
	status = measuring_run(measuring, timeout_ns, &run);
	if (status) {
		return status;
	}
	if (run.status == RUN_INTERRUPTED) {
		status = 128 + run.signal;
		goto out;
	}
	status = reply_get(set, &run, fd, may_repeat, &reply);
	if (status) {
		goto out;
	}
	if (reply.is_again) {
		*ret_again = true;
		goto out;
	}
	status = set_report(set, measuring, &run, &reply);
out:
	measure_free(&run);
	return status;
}

static int set_measure(const struct set_settings *set, const struct server_spec *servers,
                       size_t count, int fd)
{
	struct measuring measuring;
	int64_t deadline_ns, now_ns;
	bool is_again = false;
	int status;

	status = set_mono_now(&now_ns);
	if (status) {
		return status;
	}
	deadline_ns = ns_add(now_ns, set->measuring.timeout_ns);
	status = measuring_open(&set->measuring, servers, count, &measuring);
	if (status) {
		return status;
	}
	status = measure_once(set, &measuring, fd, set->measuring.timeout_ns, true,
	                      &is_again);
	if (is_again) {
		status = set_mono_now(&now_ns);
		/* The deadline covers both; a little time must be left for an answer. */
		if (status == 0) {
			status = measure_once(set, &measuring, fd,
			                      deadline_ns > now_ns ? deadline_ns - now_ns
			                                           : NS_PER_MS,
			                      false, &is_again);
		}
	}
	measuring_close(&measuring);
	return status;
}

void set_child_main(const struct set_settings *set, const struct server_spec *servers,
                    size_t count, int fd, pid_t parent)
{
	int error, status;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) {
		_exit(EXIT_SYSTEM);
	}
	status = set_measure(set, servers, count, fd);
	error = command_flush();
	if (error) {
		command_complain("warning: cannot write the report: %s", strerror(error));
	}
	_exit(status);
}

static int set_run(const void *settings, const char *const *operands, size_t operand_count)
{
	const struct set_settings *set = settings;
	struct server_spec *servers = NULL;
	int status;

	status = measuring_servers(operands, operand_count, &servers);
	if (status) {
		return status;
	}
	if (set->is_dry) {
		status = set_measure(set, servers, operand_count, -1);
	} else {
		status = set_guard_permission(set);
		if (status == 0) {
			status = set_guard_run(set, servers, operand_count);
		}
	}
	free(servers);
	return status;
}

const struct command command_set = {
	.name = "set",
	.summary = "measure, and correct the clock when the answer can be trusted",
	.operands = "SERVER...",
	.options = set_options,
	.option_count = COUNT_OF(set_options),
	.shared_options = measuring_options,
	.shared_option_count = MEASURING_OPTION_COUNT,
	.settings_size = sizeof(struct set_settings),
	.defaults = set_defaults,
	.run = set_run,
};
