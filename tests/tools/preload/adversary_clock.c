/* SPDX-License-Identifier: MIT
 *
 * For the test scripts, preloaded: a kernel clock in a file, CLOCK_FILE, that all processes
 * of a test share.  It accepts every order, so that `set` can be tested where it may not
 * set a clock (a user namespace, in which the real kernel refuses).  A slew stays pending:
 * clock_gettime() returns the machine's time.  A step is counted, and not done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static struct kernel {
	long calls; /* orders */
	long steps;
	long freq; /* as in struct timex */
	long pending_us;
	long maxerror, esterror; /* as set; the first grows, as the kernel's does */
	int status;
	long told_s; /* CLOCK_MONOTONIC */
} * kernel;

enum { GROWTH_US_PER_S = 500 };

static long mono_s(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *at;

	if (fd < 0 || ftruncate(fd, sizeof(*kernel)) < 0) {
		abort();
	}
	at = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		abort();
	}
	close(fd);
	kernel = at;
}

int clock_adjtime(clockid_t clock, struct timex *tx)
{
	const unsigned modes = tx->modes;

	(void)clock;
	if (modes == ADJ_OFFSET_SS_READ) {
		memset(tx, 0, sizeof(*tx));
		tx->offset = kernel->pending_us;
		return TIME_OK;
	}
	if (modes == ADJ_OFFSET_SINGLESHOT) {
		kernel->calls++;
		kernel->pending_us = tx->offset;
		return TIME_OK;
	}
	/* The permission check: an order that the real kernel refuses. */
	if ((modes & ADJ_SETOFFSET) && tx->time.tv_usec < 0) {
		errno = EINVAL;
		return -1;
	}
	kernel->calls += modes != 0;
	kernel->steps += (modes & ADJ_SETOFFSET) != 0;
	if (modes & ADJ_FREQUENCY) {
		kernel->freq = tx->freq;
	}
	if (modes & ADJ_STATUS) {
		kernel->status = tx->status;
	}
	if (modes & ADJ_MAXERROR) {
		kernel->maxerror = tx->maxerror;
		kernel->told_s = mono_s();
	}
	if (modes & ADJ_ESTERROR) {
		kernel->esterror = tx->esterror;
	}
	memset(tx, 0, sizeof(*tx));
	tx->freq = kernel->freq;
	tx->status = kernel->status;
	tx->maxerror = kernel->maxerror;
	if (kernel->told_s > 0) {
		tx->maxerror += (mono_s() - kernel->told_s) * GROWTH_US_PER_S;
	}
	tx->esterror = kernel->esterror;
	tx->tick = 10000;
	tx->precision = 1;
	return TIME_OK;
}

int adjtimex(struct timex *tx)
{
	return clock_adjtime(CLOCK_REALTIME, tx);
}

int adjtime(const struct timeval *by, struct timeval *left)
{
	if (left) {
		left->tv_sec = kernel->pending_us / 1000000;
		left->tv_usec = kernel->pending_us % 1000000;
	}
	if (by) {
		kernel->calls++;
		kernel->pending_us = by->tv_sec * 1000000 + by->tv_usec;
	}
	return 0;
}
