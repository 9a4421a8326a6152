/* SPDX-License-Identifier: MIT
 *
 * Starts systemctl, ends it in time, and hands on what its answer means.
 */
#include "io/sys/systemd_timer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/descriptors.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/monotonic.h"
#include "io/sys/priv.h"

/* As sd_booted(3). */
#define BOOTED_BY_SYSTEMD "/run/systemd/system"

/* The answer has some 500 octets. */
enum { ANSWER_SIZE = 4096 };

/* Never found by PATH, which is the caller's. */
static const char *const programs[] = { "/usr/bin/systemctl", "/bin/systemctl" };

struct answer {
	int32_t error; /* 0 or -errno */
	struct systemd_timer timer;
};

static void become_nobody(void *ctx, uid_t *uid, gid_t *gid)
{
	(void)ctx;
	*uid = PRIV_NOBODY;
	*gid = PRIV_NOBODY;
}

/* In a process of its own group, so that what it starts ends with it.  Nothing of the
 * environment is passed on. */
static void execute(const char *program, int out_fd)
{
	static char name[] = "systemctl", show[] = "show", plain[] = "--no-pager",
		    one[] = "--property=Id,LoadState,ActiveState,UnitFileState,"
			    "NextElapseUSecRealtime,NextElapseUSecMonotonic",
		    timer[] = "reqtime.timer", confirm[] = "reqtime-confirm.timer",
		    service[] = "reqtime.service", locale[] = "LC_ALL=C", zone[] = "TZ=UTC",
		    path[] = "PATH=/usr/bin:/bin";
	char *const words[] = { name, show, plain, one, timer, confirm, service, NULL };
	char *const environment[] = { locale, zone, path, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    dup2(out_fd, STDOUT_FILENO) >= 0) {
		descriptors_close_from(STDERR_FILENO + 1);
		execve(program, words, environment);
	}
	_exit(127);
}

/* Its whole output, at most `size` octets: the count, or -ETIMEDOUT, -EFBIG. */
static int collect(int fd, char *buf, size_t size, int64_t deadline_mono_ns)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	for (;;) {
		const int64_t left_ns = deadline_mono_ns - monotonic_now_ns();
		ssize_t n;

		if (left_ns <= 0) {
			return -ETIMEDOUT;
		}
		if (poll(&wait, 1, (int)(left_ns / NS_PER_MS) + 1) <= 0) {
			continue;
		}
		n = read(fd, buf + len, size - len);
		if (n == 0) {
			return (int)len;
		}
		if (n > 0) {
			len += (size_t)n;
		}
		if (len == size) {
			return -EFBIG;
		}
	}
}

/* 0 when it has ended with success, unaided. */
static int end(pid_t pid, int collected)
{
	int status = 0;

	if (collected < 0) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL); /* not yet a group */
	}
	if (waitpid(pid, &status, 0) < 0) {
		return -errno;
	}
	return collected < 0 ? collected : status == 0 ? 0 : -EPROTO;
}

static int ask(const char *program, char *buf, size_t size, int64_t deadline_mono_ns,
               size_t *ret_len)
{
	int ends[2], len, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		execute(program, ends[1]);
	}
	r = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (r == 0) {
		len = collect(ends[0], buf, size, deadline_mono_ns);
		r = end(pid, len);
		*ret_len = len < 0 ? 0 : (size_t)len;
	}
	close(ends[0]);
	return r;
}

static int answer_of(const char *program, int64_t deadline_mono_ns,
                     struct systemd_timer *ret)
{
	char buf[ANSWER_SIZE];
	struct reading now;
	size_t len = 0;
	int r = ask(program, buf, sizeof(buf), deadline_mono_ns, &len);

	if (r == 0) {
		r = kernel_clock_now(&now);
	}
	return r < 0 ? r : systemd_timer_parse(buf, len, &now, ret) ? 0 : -EPROTO;
}

static void answer_main(void *ctx, int fd)
{
	const struct systemd_timer_query *query = ctx;
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.error = -ENOENT;
	for (size_t i = 0; i < COUNT_OF(programs) && answer.error == -ENOENT; i++) {
		if (access(programs[i], X_OK) == 0) {
			answer.error = answer_of(programs[i], query->deadline_mono_ns,
			                         &answer.timer);
		}
	}
	(void)send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
}

void systemd_timer_start(int64_t limit_ns, struct systemd_timer_query *ret)
{
	const struct child_ops ops = { .prepare = become_nobody,
		                       .run = answer_main,
		                       .ctx = ret };

	*ret = (struct systemd_timer_query){ .deadline_mono_ns =
		                                     ns_add(monotonic_now_ns(), limit_ns) };
	ret->error = access(BOOTED_BY_SYSTEMD, F_OK) < 0 ? -ENOSYS
	                                                 : child_start(&ops, &ret->child);
}

static bool is_valid(const struct systemd_timer *timer)
{
	return timer->is_installed <= 1 && timer->is_enabled <= 1 &&
	       timer->is_active <= 1 && timer->is_running <= 1 && timer->has_next <= 1 &&
	       memchr(timer->unit, '\0', sizeof(timer->unit)) != NULL;
}

/* Some time for the other process to end systemctl, and to say so. */
#define TAKE_MORE_NS (200 * NS_PER_MS)

int systemd_timer_take(struct systemd_timer_query *query, struct systemd_timer *ret)
{
	const int64_t deadline_ns = ns_add(query->deadline_mono_ns, TAKE_MORE_NS);
	struct answer answer;
	ssize_t len;
	int r = query->error;

	if (r < 0) {
		return r;
	}
	r = child_wait(&query->child, POLLIN, deadline_ns);
	if (r == 0) {
		len = recv(query->child.fd, &answer, sizeof(answer), MSG_DONTWAIT);
		r = len != (ssize_t)sizeof(answer) || answer.error > 0 ||
		                    !is_valid(&answer.timer)
		            ? -EPROTO
		            : answer.error;
	}
	child_close(&query->child);
	child_kill(&query->child);
	(void)child_ends_by(&query->child, ns_add(monotonic_now_ns(), TAKE_MORE_NS));
	child_forget(&query->child);
	query->error = -EPROTO;
	if (r == 0) {
		*ret = answer.timer;
	}
	return r;
}
