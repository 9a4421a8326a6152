/* SPDX-License-Identifier: MIT
 *
 * For tests/vm/set_guest.sh: a run that dies by SIGKILL at its Nth system call, counted over
 * all its processes, for many N and for each around the call that steps.
 *
 *   kill_sweep RUNS PROGRAM ARGUMENTS...   RUNS over all calls, and over twice as many there
 *
 * The clock is right at the start and 2 s behind before each run.  After the killed run it
 * is 2 s behind or right, and the next run makes it right and reports it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tools/traced.h"

#define BEHIND_MS 2000
#define NEAR_NS INT64_C(30000000)

static int64_t ns_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t ahead_ns(void)
{
	return ns_of(CLOCK_REALTIME) - ns_of(CLOCK_MONOTONIC);
}

static void put_behind(void)
{
	struct timex tx = { .modes = ADJ_SETOFFSET,
		            .time = { .tv_sec = -BEHIND_MS / 1000 } };

	if (adjtimex(&tx) < 0) {
		perror("adjtimex");
		exit(1);
	}
}

/* The call before which the clock was last about to be stepped: the action is the last of
 * the calls that a privileged process makes. */
static void look_for_step(struct traced *traced, pid_t pid, long number)
{
#ifdef __x86_64__
	long call = ptrace(PTRACE_PEEKUSER, pid,
	                   (void *)offsetof(struct user_regs_struct, orig_rax), 0);
	long at = ptrace(PTRACE_PEEKUSER, pid,
	                 (void *)offsetof(struct user_regs_struct, rsi), 0);

	if (call == SYS_clock_adjtime &&
	    (ptrace(PTRACE_PEEKDATA, pid, (void *)at, 0) & ADJ_SETOFFSET) != 0) {
		traced->seen = number;
	}
#else
	(void)traced;
	(void)pid;
	(void)number;
#endif
}

static void start(char **argv, int is_traced)
{
	int to = open("/run/w/sweep.out", O_WRONLY | O_CREAT | O_TRUNC, 0666);

	dup2(to, 1);
	dup2(to, 2);
	if (is_traced) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	}
	execv(argv[0], argv);
	_exit(127);
}

static struct traced run_traced(char **argv, long kill_at)
{
	struct traced traced = { .kill_at = kill_at, .look = look_for_step };
	pid_t first = fork();

	if (first == 0) {
		start(argv, 1);
	}
	traced_run(&traced, first);
	return traced;
}

static int run_plain(char **argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		start(argv, 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int is_near(int64_t ns)
{
	return ns > -NEAR_NS && ns < NEAR_NS;
}

static void complain(const char *what, long at, int64_t off_ns, int status)
{
	char buf[2000];
	int fd = open("/run/w/sweep.out", O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);

	buf[len > 0 ? len : 0] = '\0';
	close(fd);
	printf("killed at call %ld: %s (off by %.3f ms, exit status %d)\n%s\n", at, what,
	       (double)off_ns / 1e6, status, buf);
}

/* 0 when all was well. */
static int sweep_one(char **argv, long at, int64_t right_ns, long *ret_done,
                     long *ret_named)
{
	int64_t off_ns;
	int status;

	put_behind();
	run_traced(argv, at);
	off_ns = ahead_ns() - right_ns;
	if (is_near(off_ns)) {
		++*ret_done;
	} else if (!is_near(off_ns + BEHIND_MS * INT64_C(1000000))) {
		complain("the clock is neither left alone nor right", at, off_ns, 0);
		return 1;
	}
	status = run_plain(argv);
	if (status == 5) {
		/* It died after setting the frequency and before recording that: the next
		 * run names it as another program's, and the one after continues. */
		++*ret_named;
		status = run_plain(argv);
	}
	off_ns = ahead_ns() - right_ns;
	if (status != 0 || !is_near(off_ns)) {
		complain("the next run failed", at, off_ns, status);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long runs = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	long calls = 0, step = 0, done = 0, named = 0, count = 0, stride;
	int failures = 0;
	struct traced traced;
	int64_t right_ns;

	if (runs < 1 || run_plain(argv + 2) != 0) {
		complain("the first run failed", 0, 0, 0);
		return 1;
	}
	right_ns = ahead_ns();
	put_behind();
	traced = run_traced(argv + 2, -1);
	calls = traced.calls;
	step = traced.seen;
	if (calls == 0 || step == 0 || !is_near(ahead_ns() - right_ns)) {
		complain("the traced run failed", step, ahead_ns() - right_ns, 0);
		return 1;
	}
	stride = calls / runs > 0 ? calls / runs : 1;
	for (long at = 1; at <= calls && failures < 5; at++) {
		if (at % stride == 0 ||
		    (at >= step - runs / 2 && at <= step + runs * 5 / 3)) {
			count++;
			failures += sweep_one(argv + 2, at, right_ns, &done, &named);
		}
	}
	printf("%ld runs of %ld calls (the action at %ld): %ld had set the clock, after "
	       "%ld its frequency was named, %d wrong\n",
	       count, calls, step, done, named, failures);
	return failures != 0;
}
