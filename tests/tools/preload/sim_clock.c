/* SPDX-License-Identifier: MIT
 *
 * For the test scripts, preloaded: the machine of sim_clock.h in place of this one.  All
 * clocks that are read, and the kernel clock that is set, are the simulated ones; receive
 * and transmit timestamps are converted to them.  Nothing waits for long: when the first
 * process of a program polls with no child at work, the time until its deadline is skipped,
 * in steps that report how far off the clock was.
 *
 *   SIM_REPORT   one line for each wait that was skipped
 *   SIM_WAITS    SIGTERM after so many waits
 *   SIM_FAULT    of a step: `refused` by clock_adjtime(), `ignored` in both calls, or
 *                `signal`: SIGTERM arrives during it; `rate`: no frequency is taken
 *
 * This machine's own clock is read and never set.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>

#include "../sim_clock.h"

enum { SKIP_LEAST_MS = 1000 };
#define STEP_NS (30 * NS)
#define LOCK_LOST_NS (3 * NS)

static struct sim *sim;
static pid_t first;
static const char *report_path;
static long waits_left;
static const char *fault;

static int (*real_poll)(struct pollfd *fds, nfds_t count, int timeout_ms);
static ssize_t (*real_recvmsg)(int fd, struct msghdr *message, int flags);

__attribute__((constructor)) static void begin(void)
{
	const char *waits = getenv("SIM_WAITS");

	sim = sim_open();
	*(void **)&real_poll = dlsym(RTLD_NEXT, "poll");
	*(void **)&real_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
	if (!sim || !real_poll || !real_recvmsg) {
		abort();
	}
	first = getpid();
	fault = getenv("SIM_FAULT");
	waits_left = waits ? atol(waits) : -1;
	report_path = getenv("SIM_REPORT");
}

/* ---- the machine ---- */

/* Processes of a run are killed at any moment, also while they hold the lock: a lock held
 * for that long belongs to a dead process. */
static void lock(void)
{
	int64_t since_ns = 0;

	for (long tries = 1; atomic_exchange(&sim->is_locked, 1); tries++) {
		if (tries % 100000 == 0) {
			int64_t now_ns = sim_real_ns(CLOCK_MONOTONIC);

			since_ns = since_ns == 0 ? now_ns : since_ns;
			if (now_ns - since_ns > LOCK_LOST_NS) {
				break;
			}
		}
	}
}

static void unlock(void)
{
	atomic_store(&sim->is_locked, 0);
}

static double kernel_ppb(void)
{
	return (double)sim->freq * 1000.0 / 65536.0;
}

static void walk(double seconds)
{
	sim->unwalked_s += seconds;
	if (sim->unwalked_s >= 1.0) {
		const double normal = sqrt(2.0 * sim_exponential(&sim->random)) *
		                      cos(6.283185307179586 * sim_uniform(&sim->random));

		sim->crystal_ppb += SIM_WALK_PPB * sqrt(sim->unwalked_s) * normal;
		sim->unwalked_s = 0.0;
	}
}

/* As the kernel slews: at each full second of its wall clock it takes up to 500 us of the
 * pending offset, and applies it over the following second. */
static void second_begins(void)
{
	int64_t ns = sim->pending_ns;

	ns = ns > SIM_SLEW_NS ? SIM_SLEW_NS : ns < -SIM_SLEW_NS ? -SIM_SLEW_NS : ns;
	sim->pending_ns -= ns;
	sim->slewed_ppb = (double)ns;
}

static int64_t second_left_ns(void)
{
	return NS - (sim->mono_ns + sim->ahead_ns) % NS;
}

/* With the lock held: advances to the true time `to_ns`, at most a second of the wall clock
 * at a time. */
static void go_on(int64_t to_ns)
{
	while (to_ns > sim->at_ns) {
		const double ppb = sim->crystal_ppb + kernel_ppb() + sim->slewed_ppb;
		const int64_t left_ns = second_left_ns();
		/* Rounded up: a fraction of a nanosecond past the end, never short of
		 * it. */
		const int64_t whole_ns =
			(int64_t)((double)left_ns / (1.0 + ppb * 1e-9)) + 1;
		const int64_t ns =
			to_ns - sim->at_ns < whole_ns ? to_ns - sim->at_ns : whole_ns;
		const double gained_ns = (double)ns * ppb * 1e-9 + sim->mono_rest;
		const int64_t local_ns = ns + (int64_t)floor(gained_ns);

		sim->mono_ns += local_ns;
		sim->mono_rest = gained_ns - floor(gained_ns);
		sim->at_ns += ns;
		if (local_ns >= left_ns) {
			second_begins();
		}
		walk((double)ns * 1e-9);
	}
}

static int64_t maxerror_ns(void)
{
	return sim->maxerror_ns + (sim->at_ns - sim->maxerror_at_ns) / 2000; /* 500 ppm */
}

static int64_t local_ns(clockid_t clock)
{
	struct timespec real = { 0, 0 };
	int64_t now_ns, ns;

	if (!sim) { /* a sanitizer asks before begin() */
		syscall(SYS_clock_gettime, clock, &real);
		return real.tv_sec * NS + real.tv_nsec;
	}
	/* Before taking the lock: a process may die in a system call. */
	now_ns = sim_true_ns(sim);
	lock();
	go_on(now_ns);
	ns = sim->mono_ns;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	    clock == CLOCK_TAI) {
		ns += sim->ahead_ns;
	}
	unlock();
	return ns;
}

/* ---- reading ---- */

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	const int64_t ns = local_ns(clock);

	ret->tv_sec = ns / NS;
	ret->tv_nsec = ns % NS;
	return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	const int64_t ns = local_ns(CLOCK_REALTIME);

	(void)zone;
	ret->tv_sec = ns / NS;
	ret->tv_usec = ns % NS / 1000;
	return 0;
}

time_t time(time_t *ret)
{
	const time_t now = local_ns(CLOCK_REALTIME) / NS;

	if (ret) {
		*ret = now;
	}
	return now;
}

static void carry_over(struct timespec *stamp, int64_t real_ns, int64_t now_ns)
{
	int64_t ns = stamp->tv_sec * NS + stamp->tv_nsec;

	if (ns == 0) {
		return;
	}
	ns = now_ns - (real_ns - ns);
	stamp->tv_sec = ns / NS;
	stamp->tv_nsec = ns % NS;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	const ssize_t len = real_recvmsg(fd, message, flags);
	const int64_t real_ns = sim_real_ns(CLOCK_REALTIME);
	const int64_t now_ns = local_ns(CLOCK_REALTIME);

	if (len < 0) {
		return len;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET) {
			continue;
		}
		if (c->cmsg_type == SCM_TIMESTAMPNS) {
			carry_over((struct timespec *)(void *)CMSG_DATA(c), real_ns,
			           now_ns);
		} else if (c->cmsg_type == SCM_TIMESTAMPING) {
			/* The first of three timestamps: the software one. */
			carry_over((struct timespec *)(void *)CMSG_DATA(c), real_ns,
			           now_ns);
		}
	}
	return len;
}

/* ---- waiting ---- */

static int has_child(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static void skip(int64_t local_wait_ns)
{
	double sum = 0.0, worst_ns = 0.0, seconds = 0.0;
	long broken = 0, told = 0;
	FILE *report;
	int64_t ns;

	lock();
	while (local_wait_ns > 0) {
		double off_ns;

		ns = local_wait_ns < STEP_NS ? local_wait_ns : STEP_NS;
		atomic_fetch_add(&sim->skipped_ns, ns);
		go_on(sim_true_ns(sim));
		local_wait_ns -= ns;
		off_ns = fabs((double)(sim->at_ns - sim->mono_ns - sim->ahead_ns));
		sum += off_ns * off_ns * (double)ns;
		seconds += (double)ns;
		worst_ns = off_ns > worst_ns ? off_ns : worst_ns;
		told++;
		broken += off_ns > (double)maxerror_ns();
	}
	/* Opened each time: the program closes inherited descriptors. */
	report = report_path ? fopen(report_path, "ae") : NULL;
	if (report) {
		fprintf(report, "%.0f %.0f %.0f %.0f %ld %ld %ld\n", sqrt(sum / seconds),
		        worst_ns, sim->crystal_ppb, kernel_ppb(), told, broken, sim->steps);
		fclose(report);
	}
	unlock();
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int n;

	if (getpid() != first || timeout_ms < SKIP_LEAST_MS || has_child()) {
		return real_poll(fds, count, timeout_ms);
	}
	n = real_poll(fds, count, 0);
	if (n != 0) {
		return n;
	}
	if (waits_left == 0) {
		kill(first, SIGTERM);
		return real_poll(fds, count, timeout_ms);
	}
	waits_left--;
	skip(timeout_ms * INT64_C(1000000));
	return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *to,
                    struct timespec *left)
{
	(void)clock;
	(void)flags;
	(void)to;
	(void)left;
	abort(); /* no simulated program sleeps */
}

/* ---- setting ---- */

static int has_fault(const char *name)
{
	return fault && strcmp(fault, name) == 0;
}

static void step(int64_t by_ns)
{
	sim->steps++;
	sim->ahead_ns += has_fault("ignored") ? 0 : by_ns;
	sim->pending_ns = 0;
	sim->slewed_ppb = 0.0;
}

static void order(const struct timex *tx)
{
	sim->orders++;
	if (tx->modes & ADJ_SETOFFSET) {
		step(tx->time.tv_sec * NS +
		     tx->time.tv_usec * (tx->modes & ADJ_NANO ? 1 : 1000));
	}
	if ((tx->modes & ADJ_FREQUENCY) && !has_fault("rate")) {
		sim->freq = tx->freq;
	}
	if (tx->modes & ADJ_STATUS) {
		sim->status = tx->status;
	}
	if (tx->modes & ADJ_MAXERROR) {
		sim->maxerror_ns = tx->maxerror * INT64_C(1000);
		sim->maxerror_at_ns = sim->at_ns;
	}
	if (tx->modes & ADJ_ESTERROR) {
		sim->esterror = tx->esterror;
	}
}

static void state(struct timex *tx)
{
	memset(tx, 0, sizeof(*tx));
	tx->freq = sim->freq;
	tx->status = sim->status;
	tx->maxerror = maxerror_ns() / 1000;
	tx->esterror = sim->esterror;
	tx->tick = 10000;
	tx->precision = 1;
}

int clock_adjtime(clockid_t clock, struct timex *tx)
{
	const unsigned modes = tx->modes;
	int64_t now_ns;

	(void)clock;
	/* The permission check: an order that the real kernel refuses. */
	if ((modes & ADJ_SETOFFSET) && (tx->time.tv_usec < 0 || has_fault("refused"))) {
		errno = EINVAL;
		return -1;
	}
	if ((modes & ADJ_SETOFFSET) && has_fault("signal")) {
		kill(getpid(), SIGTERM);
	}
	now_ns = sim_true_ns(sim);
	lock();
	go_on(now_ns);
	if (modes == ADJ_OFFSET_SINGLESHOT || modes == ADJ_OFFSET_SS_READ) {
		const int64_t before_ns = sim->pending_ns;

		if (modes == ADJ_OFFSET_SINGLESHOT) {
			sim->orders++;
			sim->pending_ns = tx->offset * INT64_C(1000);
		}
		state(tx);
		tx->offset = before_ns / 1000;
	} else {
		if (modes != 0) {
			order(tx);
		}
		state(tx);
	}
	unlock();
	return TIME_OK;
}

int adjtimex(struct timex *tx)
{
	return clock_adjtime(CLOCK_REALTIME, tx);
}

int adjtime(const struct timeval *by, struct timeval *left)
{
	const int64_t now_ns = sim_true_ns(sim);

	lock();
	go_on(now_ns);
	if (left) {
		left->tv_sec = sim->pending_ns / NS;
		left->tv_usec = sim->pending_ns % NS / 1000;
	}
	if (by) {
		sim->orders++;
		sim->pending_ns = by->tv_sec * NS + by->tv_usec * INT64_C(1000);
	}
	unlock();
	return 0;
}

int clock_settime(clockid_t clock, const struct timespec *to)
{
	const int64_t now_ns = sim_true_ns(sim);

	(void)clock;
	lock();
	go_on(now_ns);
	sim->orders++;
	step(to->tv_sec * NS + to->tv_nsec - sim->mono_ns - sim->ahead_ns);
	unlock();
	return 0;
}

int settimeofday(const struct timeval *to, const struct timezone *zone)
{
	(void)to;
	(void)zone;
	errno = EPERM;
	return -1;
}
