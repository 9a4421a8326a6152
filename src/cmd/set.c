/* SPDX-License-Identifier: MIT
 *
 * Two processes.  The child holds no capability, measures in a sandbox, sends one record,
 * hears what was done and prints it.  The parent holds CAP_SYS_TIME (permitted, effective for one
 * call), never touches a network socket and judges the record itself (app/correct.h).
 * With --dry-run there is one process, without any privilege.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/correct.h"
#include "cmd/command.h"
#include "cmd/json.h"
#include "cmd/measuring.h"
#include "core/report.h"
#include "core/span.h"
#include "io/kernel_clock.h"
#include "io/priv.h"

#define YEAR_NS (365 * 86400 * NS_PER_S)
/* What the child may take beyond its timeout to start and to send the record. */
#define CHILD_SLACK_NS (2 * NS_PER_S)
/* ... and to print its report, should nobody read its stdout. */
#define CHILD_PRINT_NS (10 * NS_PER_S)

struct set_settings {
	struct measuring_settings
		measuring; /* first: the shared options are relative to it */
	int wish;          /* enum plan_wish */
	int64_t step_above_ns;
	int64_t refuse_above_ns;
	bool any_offset;
	bool is_dry;
};
_Static_assert(offsetof(struct set_settings, measuring) == 0, "shared options");

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

/* The parent's answer to a record. */
struct reply {
	struct correct_result result;
	enum run_status status; /* of the whole, for exit status and JSON */
	bool is_again;          /* stale: measure once more */
};

static void set_defaults(void *settings)
{
	struct set_settings *set = settings;
	struct plan_limits limits = measuring_limits();

	measuring_defaults(&set->measuring);
	set->wish = (int)limits.wish;
	set->step_above_ns = limits.step_above_ns;
	set->refuse_above_ns = limits.refuse_above_ns;
}

static struct plan_limits limits_from(const struct set_settings *set)
{
	struct plan_limits limits = measuring_limits();

	limits.wish = (enum plan_wish)set->wish;
	limits.step_above_ns = set->step_above_ns;
	limits.refuse_above_ns = set->refuse_above_ns;
	limits.any_offset = set->any_offset;
	return limits;
}

/* ---- the clock ---- */

static int clock_now(void *ctx, struct reading *ret)
{
	(void)ctx;
	return kernel_clock_now(ret);
}

static int clock_may_set(void *ctx)
{
	(void)ctx;
	return kernel_clock_may_set();
}

static int clock_raise(void *ctx)
{
	(void)ctx;
	return priv_raise_time();
}

static int clock_clear(void *ctx)
{
	(void)ctx;
	return priv_clear_time();
}

static int clock_step(void *ctx, int64_t by_ns)
{
	enum kernel_clock_method method;

	(void)ctx;
	return kernel_clock_step(by_ns, &method);
}

static int clock_slew(void *ctx, int64_t by_ns)
{
	(void)ctx;
	return kernel_clock_slew(by_ns);
}

static int clock_pending(void *ctx, int64_t *ret_slew_ns)
{
	struct kernel_clock_state state;
	int r = kernel_clock_state(&state);

	(void)ctx;
	if (r == 0) {
		*ret_slew_ns = state.pending_slew_ns;
	}
	return r;
}

static const struct clock_ports kernel_clock = {
	.now = clock_now,
	.may_set = clock_may_set,
	.raise = clock_raise,
	.clear = clock_clear,
	.step = clock_step,
	.slew = clock_slew,
	.pending = clock_pending,
};

static int mono_now(int64_t *ret_ns)
{
	struct reading now;
	int r = kernel_clock_now(&now);

	if (r < 0) {
		command_complain("cannot read the clock: %s", strerror(-r));
		return EXIT_SYSTEM;
	}
	*ret_ns = now.mono_ns;
	return 0;
}

/* ---- the judgement, by whoever holds the limits ---- */

static enum run_status status_of(const struct correct_result *result,
                                 const struct correct_record *record)
{
	switch (result->status) {
	case CORRECT_DONE:
		return RUN_OK;
	case CORRECT_REFUSED:
		return RUN_REFUSED;
	case CORRECT_NO_ANSWER:
		return (enum run_status)record->status;
	case CORRECT_STALE:
		return RUN_NO_ANSWER;
	case CORRECT_NOT_PERMITTED:
		return RUN_NOT_PERMITTED;
	case CORRECT_BAD_RECORD:
	case CORRECT_FAILED:
	case CORRECT_NOT_MOVED:
		break;
	}
	return RUN_ERROR;
}

static struct reply record_judge(const struct set_settings *set,
                                 const struct correct_record *record, bool may_repeat)
{
	struct plan_limits limits = limits_from(set);
	struct reply reply;

	memset(&reply, 0,
	       sizeof(reply)); /* the octets between the members cross a socket */
	correct_apply(record, &limits, &kernel_clock, set->is_dry, &reply.result);
	reply.status = status_of(&reply.result, record);
	reply.is_again = may_repeat && reply.result.status == CORRECT_STALE;
	return reply;
}

/* ---- what people and programs are told; in the measuring process ---- */

static void complain_not_permitted(void)
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

static void complain_failure(const struct reply *reply, const struct set_settings *set)
{
	switch (reply->result.status) {
	case CORRECT_REFUSED:
		complain_refused(&reply->result.plan, set);
		break;
	case CORRECT_NOT_PERMITTED:
		complain_not_permitted();
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
	case CORRECT_NO_ANSWER: /* the verdict line says why */
		break;
	}
}

static void print_deed(const struct correct_result *result, FILE *to)
{
	char by[SPAN_TEXT_ROOM], lasts[SPAN_TEXT_ROOM];
	int64_t size_ns = result->applied_ns < 0 ? -result->applied_ns : result->applied_ns;

	span_format(result->applied_ns, 1, by);
	if (result->applied == PLAN_STEP) {
		fprintf(to, "stepped the clock by %s, and it reads so\n", by);
	} else if (result->applied == PLAN_SLEW) {
		span_format(size_ns * (1000000 / PLAN_SLEW_PPM), 0, lasts);
		fprintf(to, "slewing the clock by %s, which takes the kernel about %s\n",
		        by, lasts);
	} else {
		fprintf(to, "left the clock alone: %s\n",
		        plan_reason_text(result->plan.reason));
	}
}

static int print_json(const struct set_settings *set, const struct run *run,
                      const struct reply *reply)
{
	struct json_report report = { .verb = "set", .run = run, .has_applied = true };
	char *text;

	if (reply && (reply->result.status == CORRECT_DONE ||
	              reply->result.plan.action != PLAN_NONE)) {
		report.plan = &reply->result.plan;
	}
	if (reply && reply->result.status == CORRECT_DONE && !set->is_dry) {
		report.is_applied = true;
		report.applied = reply->result.applied;
		report.applied_ns = reply->result.applied_ns;
	}
	text = json_render(&report);
	if (!text) {
		command_complain("out of memory");
		return EXIT_SYSTEM;
	}
	puts(text);
	free(text);
	return 0;
}

static int print_text(const struct set_settings *set, const struct measuring *measuring,
                      const struct run *run, const struct reply *reply)
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
	                 ? measuring_print_verdict(run, plan, to)
	                 : measuring_print(measuring, run, plan, to);
	if (status == 0 && is_done && !set->is_dry) {
		print_deed(result, to);
	}
	return status;
}

/* Returns the exit status of the whole. */
static int set_report(const struct set_settings *set, const struct measuring *measuring,
                      struct run *run, const struct reply *reply)
{
	int status = run_status_exit(reply->status);
	int printed = 0;

	if (set->measuring.is_quiet && reply->result.status == CORRECT_DONE &&
	    reply->result.plan.action == PLAN_NONE) {
		return status;
	}
	if (set->measuring.is_json) {
		run->status = reply->status;
		printed = print_json(set, run, reply);
	} else {
		printed = print_text(set, measuring, run, reply);
	}
	command_flush(); /* the table stands above the complaint on a terminal */
	complain_failure(reply, set);
	return status ? status : printed;
}

/* ---- the measuring process ---- */

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
                     bool may_repeat, struct reply *ret)
{
	struct correct_record record = record_from(run);
	ssize_t len;

	if (fd < 0) {
		*ret = record_judge(set, &record, may_repeat);
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
	struct reply reply;
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

	status = mono_now(&now_ns);
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
		status = mono_now(&now_ns);
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

/* A report that cannot be written does not make the clock wrong again: by now it is set, or
 * its state is in `status`.  So this warns, and the status stays. */
static void child_main(const struct set_settings *set, const struct server_spec *servers,
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

/* ---- the process that holds the right ---- */

struct guard {
	const struct set_settings *set;
	pid_t child;
	int fd;         /* to the child */
	int signals_fd; /* signalfd */
	int64_t deadline_ns;
	int signal;       /* that wants us to end */
	int child_status; /* of waitpid(), once it has ended */
	bool has_ended;
};

enum wake { WAKE_RECORD, WAKE_SIGNAL, WAKE_CHILD_ENDED, WAKE_DEADLINE, WAKE_ERROR };

static void child_reap(struct guard *guard, int flags)
{
	pid_t pid;

	if (guard->has_ended) {
		return;
	}
	do {
		pid = waitpid(guard->child, &guard->child_status, flags);
	} while (pid < 0 && errno == EINTR);
	guard->has_ended = pid == guard->child;
}

static void child_kill(struct guard *guard)
{
	if (!guard->has_ended) {
		kill(guard->child, SIGKILL);
		child_reap(guard, 0);
	}
}

/* Takes what the signalfd holds. */
static void signals_take(struct guard *guard)
{
	struct signalfd_siginfo info;

	while (read(guard->signals_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			child_reap(guard, WNOHANG);
		} else if (!guard->signal) {
			guard->signal = (int)info.ssi_signo;
		}
	}
}

/* Until a record is there (when `wants_record`), the child ends, or the deadline. */
static enum wake guard_wait(struct guard *guard, bool wants_record)
{
	struct pollfd fds[2] = { { .fd = guard->signals_fd, .events = POLLIN },
		                 { .fd = wants_record ? guard->fd : -1,
		                   .events = POLLIN } };
	int64_t now_ns, left_ms;
	int n;

	for (;;) {
		if (mono_now(&now_ns)) {
			return WAKE_ERROR;
		}
		left_ms = (guard->deadline_ns - now_ns) / NS_PER_MS + 1;
		if (left_ms <= 0) {
			return WAKE_DEADLINE;
		}
		n = poll(fds, 2, (int)left_ms);
		if (n < 0 && errno != EINTR) {
			command_complain("poll: %s", strerror(errno));
			return WAKE_ERROR;
		}
		if (n <= 0) {
			continue;
		}
		signals_take(guard);
		if (guard->signal) {
			return WAKE_SIGNAL;
		}
		if (guard->has_ended) {
			return WAKE_CHILD_ENDED;
		}
		if (fds[1].revents) {
			return WAKE_RECORD;
		}
	}
}

/* The clock was not touched.  Returns the exit status. */
static int guard_give_up(struct guard *guard, enum wake wake)
{
	int child_status;

	child_kill(guard);
	child_status = guard->child_status;
	if (wake == WAKE_SIGNAL) {
		return 128 + guard->signal;
	}
	if (wake == WAKE_DEADLINE) {
		command_complain(
			"the measuring process did not report in time: the clock was "
			"left alone");
	} else if (wake == WAKE_CHILD_ENDED && WIFSIGNALED(child_status)) {
		command_complain(
			"the measuring process was ended by signal %d: the clock was "
			"left alone",
			WTERMSIG(child_status));
	} else if (wake == WAKE_CHILD_ENDED && WEXITSTATUS(child_status) > 128) {
		return WEXITSTATUS(child_status); /* a signal that it was sent too */
	} else if (wake == WAKE_CHILD_ENDED && WEXITSTATUS(child_status) != EXIT_SYSTEM) {
		command_complain(
			"the measuring process ended without a report: the clock was "
			"left alone");
	} /* else it has said why */
	return EXIT_SYSTEM;
}

/* True and a record, or false when the child closed its end or sent something else. */
static bool record_receive(const struct guard *guard, struct correct_record *ret)
{
	unsigned char octets[sizeof(*ret) + 1];
	ssize_t len;

	do {
		len = read(guard->fd, octets, sizeof(octets));
	} while (len < 0 && errno == EINTR);
	if (len <= 0) {
		return false;
	}
	memset(ret, 0, sizeof(*ret)); /* of another length: without the magic, no record */
	if (len == (ssize_t)sizeof(*ret)) {
		memcpy(ret, octets, sizeof(*ret));
	}
	return true;
}

/* The child prints and ends; nothing is left that could go wrong with the clock. */
static int guard_finish(struct guard *guard, const struct reply *reply)
{
	int status = run_status_exit(reply->status);
	enum wake wake;
	int64_t now_ns;

	if (mono_now(&now_ns) == 0) {
		guard->deadline_ns = ns_add(now_ns, CHILD_PRINT_NS);
	}
	if (write(guard->fd, reply, sizeof(*reply)) != (ssize_t)sizeof(*reply)) {
		child_kill(guard);
	}
	wake = guard->has_ended ? WAKE_CHILD_ENDED : guard_wait(guard, false);
	child_kill(guard);
	if (wake == WAKE_SIGNAL && reply->result.applied == PLAN_NONE) {
		return 128 + guard->signal;
	}
	if (!WIFEXITED(guard->child_status) || WEXITSTATUS(guard->child_status) != status) {
		command_complain("warning: the report is incomplete; the clock was %s",
		                 reply->result.applied == PLAN_NONE ? "left alone" : "set");
	}
	return status;
}

/* Returns the exit status. */
static int guard_main(struct guard *guard)
{
	struct correct_record record;
	struct reply reply;
	bool may_repeat = true;
	enum wake wake;
	int r;

	for (;;) {
		wake = guard_wait(guard, true);
		if (wake == WAKE_RECORD && !record_receive(guard, &record)) {
			wake = WAKE_CHILD_ENDED; /* or is about to */
		}
		if (wake != WAKE_RECORD) {
			return guard_give_up(guard, wake);
		}
		reply = record_judge(guard->set, &record, may_repeat);
		if (!reply.is_again) {
			break;
		}
		may_repeat = false;
		if (write(guard->fd, &reply, sizeof(reply)) != (ssize_t)sizeof(reply)) {
			return guard_give_up(guard, WAKE_CHILD_ENDED);
		}
	}
	r = priv_drop_all();
	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		reply.status = RUN_ERROR;
	}
	if (reply.result.status == CORRECT_BAD_RECORD) {
		/* Whatever runs there, it is not ours any more. */
		complain_failure(&reply, guard->set);
		child_kill(guard);
		return run_status_exit(RUN_ERROR);
	}
	return guard_finish(guard, &reply);
}

/* Before any packet: whether the kernel would let us.  0 or the exit status. */
static int permission_check(const struct set_settings *set)
{
	struct run run = { .status = RUN_NOT_PERMITTED };
	struct reading now;
	int cleared, r;

	r = priv_keep_time();
	if (r == 0) {
		r = priv_raise_time();
	}
	if (r == 0) {
		r = kernel_clock_may_set();
		cleared = priv_clear_time();
		r = cleared < 0 ? cleared : r;
	}
	if (r == 0) {
		return 0;
	}
	if (r != -EPERM) {
		command_complain("cannot ask for the right to set the clock: %s",
		                 strerror(-r));
		return EXIT_SYSTEM;
	}
	if (set->measuring.is_json && kernel_clock_now(&now) == 0) {
		run.at = now.wall;
		print_json(set, &run, NULL);
		command_flush();
	}
	complain_not_permitted();
	return run_status_exit(RUN_NOT_PERMITTED);
}

static int set_guarded(const struct set_settings *set, const struct server_spec *servers,
                       size_t count)
{
	struct guard guard = { .set = set, .fd = -1, .signals_fd = -1 };
	pid_t self = getpid();
	sigset_t mine, before;
	int pair[2] = { -1, -1 };
	int status = EXIT_SYSTEM;
	int64_t now_ns;

	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGCHLD);
	if (mono_now(&now_ns)) {
		return EXIT_SYSTEM;
	}
	guard.deadline_ns =
		ns_add(now_ns, ns_add(set->measuring.timeout_ns, CHILD_SLACK_NS));
	guard.signals_fd = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
	if (guard.signals_fd < 0 || sigprocmask(SIG_BLOCK, &mine, &before) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		command_complain("cannot prepare the measuring process: %s",
		                 strerror(errno));
		goto out;
	}
	guard.child = fork();
	if (guard.child < 0) {
		command_complain("cannot start the measuring process: %s", strerror(errno));
		goto out;
	}
	if (guard.child == 0) {
		close(pair[0]);
		close(guard.signals_fd);
		sigprocmask(SIG_SETMASK, &before, NULL);
		child_main(set, servers, count, pair[1], self);
	}
	close(pair[1]);
	pair[1] = -1;
	guard.fd = pair[0];
	status = guard_main(&guard);
	child_kill(&guard);
out:
	close(pair[0]);
	close(pair[1]);
	close(guard.signals_fd);
	return status;
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
		status = permission_check(set);
		if (status == 0) {
			status = set_guarded(set, servers, operand_count);
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
