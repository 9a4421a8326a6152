/* SPDX-License-Identifier: MIT
 *
 * The process that holds CAP_SYS_TIME: permitted throughout, effective for one call.  Its
 * only input is one record from the measuring process.
 */
#include "cmd/set/set_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cli/bound_cli.h"
#include "io/sys/child.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/priv.h"

/* The time beyond its timeout that the child may take to start and to send the record. */
#define CHILD_SLACK_NS (2 * NS_PER_S)
/* ... and to print its report, even if its stdout is not read. */
#define CHILD_PRINT_NS (10 * NS_PER_S)

enum { CHILD_END_POLLS = 100, CHILD_END_POLL_MS = 20 };

struct parent {
	const struct set_settings *set;
	size_t server_count;
	pid_t child;
	struct lifeline line; /* the child lives while it is held */
	int fd;               /* socket to the child */
	int signals_fd;       /* signalfd */
	int64_t deadline_ns;
	int signal;       /* the one that ends this process */
	int child_status; /* of waitpid(), after has_ended */
	bool has_ended;
};

enum wake { WAKE_RECORD, WAKE_SIGNAL, WAKE_CHILD_ENDED, WAKE_DEADLINE, WAKE_ERROR };

static void child_reap(struct parent *parent, int flags)
{
	pid_t pid;

	if (parent->has_ended) {
		return;
	}
	do {
		pid = waitpid(parent->child, &parent->child_status, flags);
	} while (pid < 0 && errno == EINTR);
	parent->has_ended = pid == parent->child;
}

/* Reads all signals from the signalfd. */
static void signals_take(struct parent *parent)
{
	struct signalfd_siginfo info;

	while (read(parent->signals_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			child_reap(parent, WNOHANG);
		} else if (!parent->signal) {
			parent->signal = (int)info.ssi_signo;
		}
	}
}

/* The child may belong to another user by now, so that we may not signal it: cutting the
 * lifeline ends it.  The wait is limited, because a child that was taken over without a
 * sandbox may not end. */
static void parent_kill_child(struct parent *parent)
{
	struct pollfd fd = { .fd = parent->signals_fd, .events = POLLIN };

	lifeline_cut(&parent->line);
	for (int i = 0; i < CHILD_END_POLLS && !parent->has_ended; i++) {
		child_reap(parent, WNOHANG);
		if (!parent->has_ended && poll(&fd, 1, CHILD_END_POLL_MS) > 0) {
			signals_take(parent);
		}
	}
}

/* Waits for a record (if `wants_record`), the child's end, a signal or the deadline. */
static enum wake parent_wait(struct parent *parent, bool wants_record)
{
	struct pollfd fds[2] = { { .fd = parent->signals_fd, .events = POLLIN },
		                 { .fd = wants_record ? parent->fd : -1,
		                   .events = POLLIN } };
	int64_t now_ns, left_ms;
	int n;

	for (;;) {
		if (set_mono_now(&now_ns)) {
			return WAKE_ERROR;
		}
		left_ms = (parent->deadline_ns - now_ns) / NS_PER_MS + 1;
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
		signals_take(parent);
		if (parent->signal) {
			return WAKE_SIGNAL;
		}
		if (parent->has_ended) {
			return WAKE_CHILD_ENDED;
		}
		if (fds[1].revents) {
			return WAKE_RECORD;
		}
	}
}

/* Ends without having changed the clock.  Returns the exit status. */
static int parent_give_up(struct parent *parent, enum wake wake)
{
	int child_status;

	parent_kill_child(parent);
	child_status = parent->child_status;
	if (wake == WAKE_SIGNAL) {
		return 128 + parent->signal;
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
		return WEXITSTATUS(child_status); /* a signal that it got, too */
	} else if (wake == WAKE_CHILD_ENDED &&
	           WEXITSTATUS(child_status) != REQTIME_EXIT_SYSTEM) {
		command_complain(
			"the measuring process ended without a report: the clock was "
			"left alone");
	} /* else it has reported why */
	return REQTIME_EXIT_SYSTEM;
}

/* False when the child closed its end.  A record of a wrong size has no magic. */
static bool record_receive(const struct parent *parent, struct correct_record *ret)
{
	unsigned char octets[sizeof(*ret) + 1];
	ssize_t len;

	do {
		len = read(parent->fd, octets, sizeof(octets));
	} while (len < 0 && errno == EINTR);
	if (len <= 0) {
		return false;
	}
	memset(ret, 0, sizeof(*ret)); /* wrong size: no magic, invalid record */
	if (len == (ssize_t)sizeof(*ret)) {
		memcpy(ret, octets, sizeof(*ret));
	}
	return true;
}

/* Lets the child print and end; the clock is not changed any more. */
static int parent_finish(struct parent *parent, const struct set_reply *reply)
{
	int status = run_status_exit(reply->status);
	enum wake wake;
	int64_t now_ns;

	if (set_mono_now(&now_ns) == 0) {
		parent->deadline_ns = ns_add(now_ns, CHILD_PRINT_NS);
	}
	if (write(parent->fd, reply, sizeof(*reply)) != (ssize_t)sizeof(*reply)) {
		parent_kill_child(parent);
	}
	wake = parent->has_ended ? WAKE_CHILD_ENDED : parent_wait(parent, false);
	parent_kill_child(parent);
	if (wake == WAKE_SIGNAL && reply->result.applied == PLAN_NONE) {
		return 128 + parent->signal;
	}
	if (!WIFEXITED(parent->child_status) ||
	    WEXITSTATUS(parent->child_status) != status) {
		command_complain("warning: the report is incomplete; the clock was %s",
		                 reply->result.applied == PLAN_NONE ? "left alone" : "set");
	}
	return status;
}

/* Returns the exit status. */
static int parent_main(struct parent *parent)
{
	struct correct_record record;
	struct set_reply reply;
	bool may_repeat = true;
	enum wake wake;
	int r;

	for (;;) {
		wake = parent_wait(parent, true);
		if (wake == WAKE_RECORD && !record_receive(parent, &record)) {
			wake = WAKE_CHILD_ENDED; /* or about to */
		}
		if (wake != WAKE_RECORD) {
			return parent_give_up(parent, wake);
		}
		reply = set_decide(parent->set, parent->server_count, &record, may_repeat);
		if (!reply.is_again) {
			break;
		}
		may_repeat = false;
		if (write(parent->fd, &reply, sizeof(reply)) != (ssize_t)sizeof(reply)) {
			return parent_give_up(parent, WAKE_CHILD_ENDED);
		}
	}
	r = priv_drop_all();
	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		reply.status = RUN_ERROR;
	}
	if (reply.result.status == CORRECT_BAD_RECORD) {
		/* The child must have been taken over. */
		set_complain(&reply, parent->set, NULL);
		parent_kill_child(parent);
		return run_status_exit(RUN_ERROR);
	}
	return parent_finish(parent, &reply);
}

int set_parent_permission(const struct set_settings *set)
{
	int cleared, r;

	r = priv_keep_time_and_users();
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
		command_complain("cannot check the right to set the clock: %s",
		                 strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = set_report_unmeasured(set, RUN_NOT_PERMITTED);
	set_complain_not_permitted(set);
	return r;
}

int set_parent_run(const struct set_settings *set, const struct server_spec *servers,
                   size_t count, struct session *session, const struct decide_view *view)
{
	struct parent parent = { .set = set,
		                 .server_count = count,
		                 .line = { -1, -1 },
		                 .fd = -1,
		                 .signals_fd = -1,
		                 .has_ended = true };
	struct child child;
	sigset_t mine, before;
	int status = REQTIME_EXIT_SYSTEM;
	int64_t now_ns;
	int r;

	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGCHLD);
	if (set_mono_now(&now_ns)) {
		return REQTIME_EXIT_SYSTEM;
	}
	parent.deadline_ns =
		ns_add(now_ns, ns_add(set->measurement.timeout_ns, CHILD_SLACK_NS));
	parent.signals_fd = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
	if (parent.signals_fd < 0 || sigprocmask(SIG_BLOCK, &mine, &before) < 0) {
		command_complain("cannot prepare the measuring process: %s",
		                 strerror(errno));
		goto out;
	}
	bound_cli_share(true);
	r = child_fork(&child);
	bound_cli_share(false);
	if (r < 0) {
		command_complain("cannot start the measuring process: %s", strerror(-r));
		goto out;
	}
	if (r == 1) {
		close(parent.signals_fd);
		sigprocmask(SIG_SETMASK, &before, NULL);
		set_child_main(set, servers, count, session, view, child.fd, &child.line);
	}
	parent.has_ended = false;
	parent.child = child.pid;
	parent.line = child.line;
	parent.fd = child.fd;
	/* No other process will be started. */
	r = priv_keep_time();
	if (r == 0) {
		status = parent_main(&parent);
	} else {
		command_complain("cannot give up privileges: %s", strerror(-r));
	}
	parent_kill_child(&parent);
out:
	lifeline_cut(&parent.line);
	if (parent.fd >= 0) {
		close(parent.fd);
	}
	close(parent.signals_fd);
	return status;
}
