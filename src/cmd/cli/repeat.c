/* SPDX-License-Identifier: MIT
 *
 * Runs a command at an interval, until an answer or until it is confirmed, each in a child.
 */
#include "cmd/cli/repeat.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cli/command.h"
#include "core/base/siphash.h"
#include "core/select/run.h"
#include "io/net/netlink.h"
#include "io/sys/file_read.h"
#include "io/sys/monotonic.h"

/* Name resolution may recover without a kernel event: retry at the latest after these. */
#define TRY_FIRST_NS NS_PER_S
#define TRY_MOST_NS (30 * NS_PER_S)
/* ... and where the kernel does not report network changes. */
#define TRY_MOST_UNTOLD_NS (5 * NS_PER_S)
/* Two or three more runs confirm, unless each measures something else: then for a day. */
enum { CONFIRM_LOOKS_MAX = 240 };
/* A run that does not end on a signal in this time is killed. */
#define RUN_ENDS_NS (3 * NS_PER_S)
#define RUN_LOOK_MS 2
/* poll() counts milliseconds in an int. */
#define POLL_MOST_NS (INT64_C(1000000) * NS_PER_S)

enum wake { WAKE_TIME, WAKE_ENDED, WAKE_SIGNAL, WAKE_REREAD, WAKE_NETWORK };

struct repeat {
	const struct repeat_settings *settings;
	const struct repeat_job *job;
	sigset_t before;
	int signals_fd;
	int link_fd; /* -1: not watched */
	pid_t child; /* 0: not running */
	int child_status;
	int signal; /* the one that ends it */
	bool wants_reread;
};

int64_t repeat_splay_ns(const char *host, size_t len, int64_t span_ns)
{
	/* Not secret: it keeps programs that hash the same name apart. */
	const struct siphash_key key = { UINT64_C(0x72657174696d6520),
		                         UINT64_C(0x73706c6179202020) };

	return (int64_t)(siphash(key, (const uint8_t *)host, len) % (uint64_t)span_ns);
}

static int64_t splay_of_this_host(int64_t span_ns)
{
	char name[256];
	size_t len = file_read(AT_FDCWD, "/etc/machine-id", 0, name, sizeof(name));

	if (len == 0) {
		memset(name, 0, sizeof(name));
		(void)gethostname(name, sizeof(name) - 1);
		len = strlen(name);
	}
	return repeat_splay_ns(name, len, span_ns);
}

static void signals_take(struct repeat *r)
{
	struct signalfd_siginfo info;
	pid_t pid;

	while (read(r->signals_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP && r->settings->every_ns > 0) {
			r->wants_reread = true;
		} else if (info.ssi_signo != SIGCHLD && !r->signal) {
			r->signal = (int)info.ssi_signo;
		}
	}
	if (r->child > 0) {
		do {
			pid = waitpid(r->child, &r->child_status, WNOHANG);
		} while (pid < 0 && errno == EINTR);
		if (pid == r->child || (pid < 0 && errno == ECHILD)) {
			r->child = 0;
		}
	}
}

/* Waits for the running child to end, else until `until_ns` or an event. */
static enum wake repeat_wait(struct repeat *r, int64_t until_ns, bool watches_link)
{
	const bool has_child = r->child > 0;
	struct pollfd fds[2] = { { .fd = r->signals_fd, .events = POLLIN },
		                 { .fd = watches_link ? r->link_fd : -1,
		                   .events = POLLIN } };
	int64_t left_ns;

	for (;;) {
		signals_take(r);
		if (r->signal) {
			return WAKE_SIGNAL;
		}
		if (has_child && r->child == 0) {
			return WAKE_ENDED;
		}
		if (!has_child && r->wants_reread) {
			r->wants_reread = false;
			return WAKE_REREAD;
		}
		if (!has_child && fds[1].revents) {
			return WAKE_NETWORK;
		}
		left_ns = has_child ? POLL_MOST_NS : until_ns - monotonic_now_ns();
		if (left_ns <= 0) {
			return WAKE_TIME;
		}
		left_ns = left_ns < POLL_MOST_NS ? left_ns : POLL_MOST_NS;
		fds[1].revents = 0;
		(void)poll(fds, 2, (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS));
	}
}

static _Noreturn void child_main(struct repeat *r, bool is_try, pid_t parent)
{
	int error, status;

	close(r->signals_fd);
	if (r->link_fd >= 0) {
		close(r->link_fd);
	}
	sigprocmask(SIG_SETMASK, &r->before, NULL);
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM, 0L, 0L, 0L) < 0 ||
	    getppid() != parent) {
		_exit(REQTIME_EXIT_SYSTEM);
	}
	status = r->job->once(r->job->ctx, is_try);
	error = command_flush();
	if (error) {
		command_complain("cannot write to standard output: %s", strerror(error));
		status = REQTIME_EXIT_SYSTEM;
	}
	_exit(status);
}

/* The child may belong to another user by now, so that we may not signal it: then it ends
 * when we end, or by its own deadline. */
static void end_run(const struct repeat *r)
{
	const int64_t killed_ns = ns_add(monotonic_now_ns(), RUN_ENDS_NS);
	int with = r->signal;

	while (kill(r->child, with) == 0) {
		do {
			if (waitpid(r->child, NULL, WNOHANG) != 0) {
				return;
			}
			(void)poll(NULL, 0, RUN_LOOK_MS);
		} while (with == SIGKILL || monotonic_now_ns() < killed_ns);
		with = SIGKILL;
	}
}

/* Makes one run and waits for it.  Returns its exit status, or 128 plus the signal. */
static int run_once(struct repeat *r, bool is_try)
{
	const pid_t self = getpid();

	command_flush();
	r->child = fork();
	if (r->child < 0) {
		r->child = 0;
		command_complain("cannot start a run: %s", strerror(errno));
		return REQTIME_EXIT_SYSTEM;
	}
	if (r->child == 0) {
		child_main(r, is_try, self);
	}
	if (repeat_wait(r, 0, false) == WAKE_SIGNAL) {
		if (r->child > 0) {
			end_run(r);
		}
		r->child = 0;
		return 128 + r->signal;
	}
	return WIFEXITED(r->child_status) ? WEXITSTATUS(r->child_status)
	                                  : 128 + WTERMSIG(r->child_status);
}

static void reread(struct repeat *r)
{
	if (r->job->reread) {
		r->job->reread(r->job->ctx);
	}
}

/* Retries until there is an answer, with a last try when the time is over. */
static int run_until_answered(struct repeat *r)
{
	const int64_t end_ns = ns_add(monotonic_now_ns(), r->settings->wait_ns);
	const int64_t most_ns = r->link_fd < 0 ? TRY_MOST_UNTOLD_NS : TRY_MOST_NS;
	int64_t pause_ns = TRY_FIRST_NS, next_ns;
	enum wake wake;
	int status;

	for (;;) {
		if (r->link_fd >= 0) {
			netlink_drain(r->link_fd);
		}
		status = run_once(r, true);
		if (r->signal || status != run_status_exit(RUN_NO_ANSWER)) {
			return status;
		}
		next_ns = monotonic_now_ns() + pause_ns;
		wake = repeat_wait(r, next_ns < end_ns ? next_ns : end_ns, true);
		if (wake == WAKE_SIGNAL) {
			return 128 + r->signal;
		}
		if (wake == WAKE_REREAD || r->settings->rereads) {
			reread(r);
		}
		if (monotonic_now_ns() >= end_ns) {
			return run_once(r, false);
		}
		pause_ns = 2 * pause_ns < most_ns ? 2 * pause_ns : most_ns;
	}
}

/* Repeats a run held back until it is confirmed.  Returns the last exit status. */
static int run_confirming(struct repeat *r, int status)
{
	const struct repeat_job *job = r->job;
	int64_t next_ns;
	enum wake wake;

	for (unsigned looks = 0;
	     looks < CONFIRM_LOOKS_MAX && r->settings->confirm_ns > 0 && !r->signal &&
	     job->is_to_confirm && job->is_to_confirm(job->ctx);
	     looks++) {
		next_ns = ns_add(monotonic_now_ns(), r->settings->confirm_ns);
		do {
			wake = repeat_wait(r, next_ns, false);
			if (wake == WAKE_REREAD) {
				reread(r);
			}
		} while (wake == WAKE_REREAD);
		if (wake == WAKE_SIGNAL) {
			return 128 + r->signal;
		}
		status = run_once(r, false);
	}
	return status;
}

static int run_all(struct repeat *r)
{
	int64_t every_ns = r->settings->every_ns;
	int64_t next_ns = monotonic_now_ns();
	enum wake wake;
	int status;

	if (r->settings->splay_ns > 0) {
		next_ns += splay_of_this_host(r->settings->splay_ns);
		do {
			wake = repeat_wait(r, next_ns, false);
		} while (wake == WAKE_REREAD);
		if (wake == WAKE_SIGNAL) {
			return 128 + r->signal;
		}
	}
	status = r->settings->wait_ns > 0 ? run_until_answered(r) : run_once(r, false);
	status = run_confirming(r, status);
	/* A further run would change neither of these two statuses. */
	while (every_ns > 0 && !r->signal && status != REQTIME_EXIT_USAGE &&
	       status != run_status_exit(RUN_NOT_PERMITTED)) {
		/* At multiples of the interval; missed runs are not made up for. */
		while (next_ns <= monotonic_now_ns()) {
			next_ns +=
				every_ns * ((monotonic_now_ns() - next_ns) / every_ns + 1);
		}
		wake = repeat_wait(r, next_ns, false);
		if (wake == WAKE_SIGNAL) {
			return 128 + r->signal;
		}
		if (wake == WAKE_REREAD || r->settings->rereads) {
			reread(r);
			every_ns = r->settings->every_ns;
		}
		status = run_confirming(r, run_once(r, false));
	}
	return status;
}

bool repeat_has_to_wait(const struct repeat_settings *settings)
{
	return settings->splay_ns > 0 || settings->wait_ns > 0 || settings->every_ns > 0 ||
	       settings->confirm_ns > 0;
}

int repeat_run(const struct repeat_settings *settings, const struct repeat_job *job)
{
	struct repeat r = {
		.settings = settings, .job = job, .signals_fd = -1, .link_fd = -1
	};
	sigset_t mine;
	int status = REQTIME_EXIT_SYSTEM;

	if (!repeat_has_to_wait(settings)) {
		return job->once(job->ctx, false);
	}
	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mine, &r.before) < 0) {
		command_complain("cannot wait for signals: %s", strerror(errno));
		return REQTIME_EXIT_SYSTEM;
	}
	r.signals_fd = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r.signals_fd < 0) {
		command_complain("cannot wait for signals: %s", strerror(errno));
		goto out;
	}
	/* Without it, only the time decides when to retry. */
	if (settings->wait_ns > 0) {
		r.link_fd = netlink_open();
	}
	status = run_all(&r);
out:
	if (r.link_fd >= 0) {
		close(r.link_fd);
	}
	if (r.signals_fd >= 0) {
		close(r.signals_fd);
	}
	sigprocmask(SIG_SETMASK, &r.before, NULL);
	return status;
}
