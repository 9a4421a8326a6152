/* SPDX-License-Identifier: MIT
 *
 * A simulated world in a file, CLOCK_FILE, that sim_clock.c and sim_server.c share: the
 * true time, and a machine whose crystal is off and wanders, with the kernel clock that it
 * drives.
 *
 * The true time is the real monotonic clock plus the time skipped.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS INT64_C(1000000000)
#define SIM_START_NS (INT64_C(1800000000) * NS) /* the true time at the start: 2027 */
#define SIM_BEHIND_NS (3 * NS)      /* the clock is behind by this at the start */
#define SIM_CRYSTAL_PPB (-50e3)     /* the crystal at the start: slow */
#define SIM_WALK_PPB 1.0            /* random walk of the crystal, per root second */
#define SIM_SLEW_NS INT64_C(500000) /* slewed per second, at most */

struct sim {
	atomic_int is_locked;
	atomic_int is_made;
	_Atomic int64_t skipped_ns;
	_Atomic int64_t silent_from_ns, silent_to_ns; /* true time: no server answers */
	int64_t began_ns;                             /* real monotonic time of the start */
	uint64_t random;
	/* The machine's state at `at_ns`, true time. */
	int64_t at_ns;
	double crystal_ppb; /* positive: fast */
	double unwalked_s;
	int64_t mono_ns;
	double mono_rest;
	int64_t ahead_ns; /* wall clock minus monotonic clock */
	/* The kernel clock, in the units of struct timex. */
	long freq;
	int64_t pending_ns;
	double slewed_ppb; /* rate of the slew in this second */
	int64_t maxerror_ns, maxerror_at_ns;
	long esterror;
	int status;
	long orders, steps;
};

/* The C library's function behind the one that sim_clock.c defines. */
static int (*sim_gettime)(clockid_t clock, struct timespec *ret);

static inline int64_t sim_real_ns(clockid_t clock)
{
	struct timespec ts = { 0, 0 };

	sim_gettime(clock, &ts);
	return ts.tv_sec * NS + ts.tv_nsec;
}

static inline int64_t sim_true_ns(const struct sim *sim)
{
	return SIM_START_NS + sim_real_ns(CLOCK_MONOTONIC) - sim->began_ns +
	       atomic_load(&sim->skipped_ns);
}

static inline double sim_uniform(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return ((double)(*random >> 11) + 0.5) / 9007199254740992.0;
}

static inline double sim_exponential(uint64_t *random)
{
	return -log(sim_uniform(random));
}

/* NULL without a file. */
static inline struct sim *sim_open(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	struct sim *sim;

	*(void **)&sim_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	if (!sim_gettime || fd < 0 || ftruncate(fd, sizeof(*sim)) < 0) {
		return NULL;
	}
	sim = mmap(NULL, sizeof(*sim), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (sim == MAP_FAILED) {
		return NULL;
	}
	if (atomic_exchange(&sim->is_made, 1) == 0) {
		sim->began_ns = sim_real_ns(CLOCK_MONOTONIC);
		sim->random = UINT64_C(88172645463325252);
		sim->at_ns = SIM_START_NS;
		sim->crystal_ppb = SIM_CRYSTAL_PPB;
		sim->mono_ns = 1000 * NS;
		sim->ahead_ns = SIM_START_NS - SIM_BEHIND_NS - sim->mono_ns;
		sim->status = 64; /* STA_UNSYNC */
		sim->maxerror_ns = 16 * NS;
	}
	return sim;
}

#endif
