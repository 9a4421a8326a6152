/* SPDX-License-Identifier: MIT
 *
 * The true time lies in [earliest, latest]: reads the bound file that `reqtime set` leaves.
 *
 *   struct reqtime_now_reader reader;
 *   struct reqtime_now now;
 *
 *   if (reqtime_now_open(REQTIME_NOW_FILE, &reader) == 0 &&
 *       reqtime_now_read(&reader, &now) == REQTIME_NOW_OK) {
 *           ... now.earliest_ns <= true UTC <= now.latest_ns
 *   }
 *
 * Header only: C99 or C++ with the builtins of gcc or clang, no library.  A read makes no
 * system call, allocates nothing and waits for no lock; one reader may be used by several
 * threads at once.  All times are nanoseconds, those of UTC since 1970-01-01 without leap
 * seconds, as CLOCK_REALTIME.
 *
 * The file is one page, written in place by one program at a time; its layout is struct
 * reqtime_now_page, in the byte order of the machine.  reqtime-now(1) has its meaning, and
 * readers in other languages.
 */
#ifndef REQTIME_NOW_H
#define REQTIME_NOW_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REQTIME_NOW_FILE "/run/reqtime/bound"
#define REQTIME_NOW_MAGIC UINT64_C(0x72657174626f756e)
#define REQTIME_NOW_VERSION 1u
#define REQTIME_NOW_OCTETS 4096
#define REQTIME_NOW_KNOTS 16
#define REQTIME_NOW_MAX_DRIFT_PPM 50 /* without --max-drift */
#define REQTIME_NOW_DRIFT_MAX_PPB 4000000

/* A point of the likely bound, which is linear between two of them. */
struct reqtime_now_knot {
	int64_t age_ns; /* of the page; that of the first is 0, each next one is larger */
	int64_t bound_ns;
};

/* The state at one moment of this boot: the three clocks then, how far the clock was off,
 * and how that may grow. */
struct reqtime_now_facts {
	uint32_t is_known;   /* 0: nothing can be said; `reason` says why */
	uint32_t reason;     /* enum reqtime_now_reason */
	uint64_t boot_id[2]; /* the 32 digits of /proc/sys/kernel/random/boot_id */
	int64_t real_ns;     /* CLOCK_REALTIME, CLOCK_MONOTONIC and ... */
	int64_t mono_ns;
	int64_t boot_ns;     /* ... CLOCK_BOOTTIME, read close together */
	int64_t end_boot_ns; /* nothing can be said from then on, by CLOCK_BOOTTIME */

	/* |true time - (CLOCK_REALTIME + offset - slewed)| <= bound + drift * age. */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t drift_ppb;     /* of which ... */
	int64_t max_drift_ppb; /* ... this is --max-drift, the rest from past runs */

	/* The kernel's slew: `slew_now` ns evenly during the second of `real_ns`, then
	 * `slew_rest` ns, 500000 in each second at most. */
	int64_t slew_now_ns;
	int64_t slew_rest_ns;
	int64_t frequency_ppb; /* the kernel's, when this was written */

	/* The same as past runs tell it: holds in 999 of 1000 seconds. */
	int64_t likely_offset_ns;
	int64_t likely_drift_ppb; /* by which that offset changes */
	uint32_t knot_count;      /* 0: only the proved bound is known */
	uint32_t stratum;         /* of the best selected server; 0: not known */
	uint32_t flags;           /* REQTIME_NOW_AUTHENTICATED | ... */
	uint32_t gap_ns; /* how long the clocks above took to read; part of `bound` */
};

/* The file.  A later version only adds fields at the end. */
struct reqtime_now_page {
	uint64_t magic;
	uint32_t version;
	uint32_t octets;   /* of this struct */
	uint32_t sequence; /* odd while the rest is written, then another one */
	uint32_t unused;
	struct reqtime_now_facts facts;
	struct reqtime_now_knot knots[REQTIME_NOW_KNOTS];
};

#define REQTIME_NOW_AUTHENTICATED 1u
#define REQTIME_NOW_CONFIRMED 2u /* by a second run in this boot */

/* Why a page says nothing; also of a reader that found none. */
enum reqtime_now_reason {
	REQTIME_NOW_WRITTEN,      /* no reason: it is known */
	REQTIME_NOW_NO_RUN,       /* no run has had an answer in this boot */
	REQTIME_NOW_HELD_BACK,    /* the last run was refused or held back */
	REQTIME_NOW_OTHER_DAEMON, /* another program sets this clock */
	REQTIME_NOW_OTHER_BOOT,   /* the page is of another boot, or of another container */
	REQTIME_NOW_BEING_WRITTEN, /* by a program that has stopped halfway */
	REQTIME_NOW_DAMAGED
};

enum reqtime_now_status {
	REQTIME_NOW_OK,
	REQTIME_NOW_UNKNOWN, /* reqtime_now.reason says why */
	REQTIME_NOW_STEPPED, /* another program has stepped CLOCK_REALTIME */
	REQTIME_NOW_EXPIRED  /* the page is too old, or a leap second has passed */
};

/* Filled with REQTIME_NOW_OK only; `reason`, with REQTIME_NOW_UNKNOWN. */
struct reqtime_now {
	int64_t earliest_ns;        /* the true time is not before this ... */
	int64_t latest_ns;          /* ... nor after this: proved */
	int64_t likely_earliest_ns; /* the same in 999 of 1000 seconds, and ... */
	int64_t likely_latest_ns;   /* ... within the proved one */
	int64_t real_ns;            /* CLOCK_REALTIME of this answer */
	int64_t age_ns;             /* since the run, suspended time included */
	int64_t suspended_ns;       /* of it; from 0.1 s on, else 0 */
	enum reqtime_now_reason reason;
};

/* The clocks at one moment. */
struct reqtime_now_clocks {
	int64_t real_ns, boot_ns, mono_ns;
	int64_t gap_ns; /* >= 0: CLOCK_REALTIME was read at most this long after `boot_ns` */
};

struct reqtime_now_reader {
	const struct reqtime_now_page *page;
	uint64_t boot_id[2];
	int64_t more_drift_ppb; /* added to the page's; 0, and the caller's to change */
};

/* The 32 digits of a boot id, as both halves.  0 or -EINVAL. */
static inline int reqtime_now_boot_id(const char *text, uint64_t ret[2])
{
	unsigned digits = 0;

	ret[0] = ret[1] = 0;
	for (; digits < 32 && *text; text++) {
		const char *hex = "0123456789abcdef";
		const char *at = strchr(hex, *text);

		if (at) {
			ret[digits / 16] = ret[digits / 16] << 4 | (uint64_t)(at - hex);
			digits++;
		} else if (*text != '-') {
			return -EINVAL;
		}
	}
	return digits == 32 ? 0 : -EINVAL;
}

static inline void reqtime_now_close(struct reqtime_now_reader *reader)
{
	if (reader->page) {
		munmap((void *)(uintptr_t)reader->page, REQTIME_NOW_OCTETS);
		reader->page = NULL;
	}
}

/* 0, or -errno: -ENOENT when no run has left a file yet, -EMEDIUMTYPE when it is no bound
 * file of this version.  The file may only be changed by users that are trusted with the
 * time. */
static inline int reqtime_now_open(const char *path, struct reqtime_now_reader *ret)
{
	char id[64] = "";
	struct stat st;
	ssize_t len;
	void *map;
	int fd, error;

	memset(ret, 0, sizeof(*ret));
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	len = read(fd, id, sizeof(id) - 1);
	error = errno;
	close(fd);
	if (len < 0) {
		return -error;
	}
	if (reqtime_now_boot_id(id, ret->boot_id) < 0) {
		return -EINVAL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < REQTIME_NOW_OCTETS) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	map = mmap(NULL, REQTIME_NOW_OCTETS, PROT_READ, MAP_SHARED, fd, 0);
	error = errno;
	close(fd);
	if (map == MAP_FAILED) {
		return -error;
	}
	ret->page = (const struct reqtime_now_page *)map;
	if (ret->page->magic != REQTIME_NOW_MAGIC ||
	    ret->page->version != REQTIME_NOW_VERSION) {
		reqtime_now_close(ret);
		return -EMEDIUMTYPE;
	}
	return 0;
}

/* For one clock of the kernel. */
static inline int64_t reqtime_now_clock(clockid_t clock)
{
	struct timespec at = { 0, 0 };

	clock_gettime(clock, &at);
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* How far the kernel has slewed the clock since the run, at CLOCK_REALTIME `real_ns`. */
static inline int64_t reqtime_now_slewed(const struct reqtime_now_facts *facts,
                                         int64_t real_ns)
{
	const int64_t second = 1000000000, most = 500000;
	const int64_t into = facts->real_ns % second;
	const int64_t past = real_ns - facts->real_ns + into;
	const int64_t rest =
		facts->slew_rest_ns < 0 ? -facts->slew_rest_ns : facts->slew_rest_ns;
	const int64_t done = facts->slew_now_ns * into / second;
	int64_t full, part, slewed;

	if (facts->slew_now_ns == 0 && rest == 0) {
		return 0;
	}
	if (past < second) {
		return facts->slew_now_ns * past / second - done;
	}
	full = past / second - 1; /* seconds in which the rest was slewed */
	slewed = full <= rest / most ? full * most : rest;
	part = rest - slewed < most ? rest - slewed : most;
	slewed += part * (past % second) / second;
	return facts->slew_now_ns - done + (facts->slew_rest_ns < 0 ? -slewed : slewed);
}

/* The likely bound between two knots. */
static inline int64_t reqtime_now_likely(const struct reqtime_now_knot knots[2],
                                         int64_t age_ns)
{
	const double part = (double)(age_ns - knots[0].age_ns) /
	                    (double)(knots[1].age_ns - knots[0].age_ns);

	return knots[0].bound_ns + 1 +
	       (int64_t)(part * (double)(knots[1].bound_ns - knots[0].bound_ns));
}

/* CLOCK_REALTIME and CLOCK_BOOTTIME are no longer as far apart as they were. */
static inline int reqtime_now_is_stepped(const struct reqtime_now_facts *facts,
                                         const struct reqtime_now_clocks *clocks)
{
	const int64_t apart_ns =
		clocks->real_ns - clocks->boot_ns - (facts->real_ns - facts->boot_ns);

	return apart_ns < -1000 - (int64_t)facts->gap_ns ||
	       apart_ns - clocks->gap_ns > 1000 + (int64_t)facts->gap_ns;
}

/* Reads the clocks.  Whatever looks like a step may be a pause between two of them: then
 * again, until the pause alone cannot explain it. */
static inline void reqtime_now_clocks_read(const struct reqtime_now_facts *facts,
                                           struct reqtime_now_clocks *clocks)
{
	int tries;

	clocks->gap_ns = 0;
	clocks->real_ns = reqtime_now_clock(CLOCK_REALTIME);
	for (tries = 0; reqtime_now_is_stepped(facts, clocks) && tries < 16; tries++) {
		clocks->boot_ns = reqtime_now_clock(CLOCK_BOOTTIME);
		clocks->real_ns = reqtime_now_clock(CLOCK_REALTIME);
		clocks->gap_ns = reqtime_now_clock(CLOCK_BOOTTIME) - clocks->boot_ns;
	}
	/* Cheaper, and late by up to 10 ms. */
	clocks->mono_ns = reqtime_now_clock(CLOCK_MONOTONIC_COARSE);
}

static inline int reqtime_now_within(int64_t value, int64_t most)
{
	return value >= -most && value <= most;
}

/* Whether the sums below cannot overflow, whatever the file holds. */
static inline int reqtime_now_is_valid(const struct reqtime_now_facts *facts)
{
	const int64_t far_ns = (int64_t)1 << 60;  /* 36 years */
	const int64_t long_ns = (int64_t)1 << 50; /* 13 days */

	return facts->real_ns >= 0 && facts->real_ns <= 4 * far_ns && facts->boot_ns >= 0 &&
	       facts->boot_ns <= far_ns && facts->mono_ns >= 0 &&
	       facts->mono_ns <= far_ns && facts->end_boot_ns <= facts->boot_ns + long_ns &&
	       reqtime_now_within(facts->offset_ns, far_ns) && facts->bound_ns >= 0 &&
	       facts->bound_ns <= far_ns && facts->drift_ppb >= 0 &&
	       facts->drift_ppb <= REQTIME_NOW_DRIFT_MAX_PPB &&
	       reqtime_now_within(facts->slew_now_ns, 500000) &&
	       reqtime_now_within(facts->slew_rest_ns, (int64_t)1 << 42) &&
	       reqtime_now_within(facts->likely_offset_ns, far_ns) &&
	       reqtime_now_within(facts->likely_drift_ppb, REQTIME_NOW_DRIFT_MAX_PPB);
}

static inline int reqtime_now_has_likely(const struct reqtime_now_knot knots[2],
                                         int64_t age_ns)
{
	const int64_t far_ns = (int64_t)1 << 60;

	return knots[0].age_ns >= 0 && knots[0].age_ns <= age_ns &&
	       age_ns <= knots[1].age_ns && knots[0].age_ns < knots[1].age_ns &&
	       knots[0].bound_ns >= 0 && knots[0].bound_ns <= far_ns &&
	       knots[1].bound_ns >= 0 && knots[1].bound_ns <= far_ns;
}

/* Fills the intervals.  `likely_ns`: the likely bound. */
static inline void reqtime_now_intervals(const struct reqtime_now_facts *facts,
                                         int64_t bound_ns, int64_t likely_ns,
                                         struct reqtime_now *ret)
{
	int64_t middle_ns = ret->real_ns - reqtime_now_slewed(facts, ret->real_ns);

	ret->earliest_ns = middle_ns + facts->offset_ns - bound_ns;
	ret->latest_ns = middle_ns + facts->offset_ns + bound_ns;
	ret->likely_earliest_ns = ret->earliest_ns;
	ret->likely_latest_ns = ret->latest_ns;
	if (likely_ns >= bound_ns) {
		return;
	}
	middle_ns += facts->likely_offset_ns +
	             ret->age_ns / 1000 * facts->likely_drift_ppb / 1000000;
	if (middle_ns - likely_ns > ret->earliest_ns &&
	    middle_ns - likely_ns <= ret->latest_ns) {
		ret->likely_earliest_ns = middle_ns - likely_ns;
	}
	if (middle_ns + likely_ns < ret->latest_ns &&
	    middle_ns + likely_ns >= ret->earliest_ns) {
		ret->likely_latest_ns = middle_ns + likely_ns;
	}
}

static inline enum reqtime_now_status reqtime_now_unknown(enum reqtime_now_reason reason,
                                                          struct reqtime_now *ret)
{
	ret->reason = reason;
	return REQTIME_NOW_UNKNOWN;
}

/* The answer for the moment of `clocks`: facts of this boot, with the knots around it. */
static inline enum reqtime_now_status reqtime_now_at(
	const struct reqtime_now_facts *facts, const struct reqtime_now_knot knots[2],
	const struct reqtime_now_clocks *clocks, int64_t more_drift_ppb,
	struct reqtime_now *ret)
{
	const int64_t drift_ppb = facts->drift_ppb + more_drift_ppb;
	int64_t bound_ns, likely_ns, suspended_ns;

	ret->real_ns = clocks->real_ns;
	if (clocks->boot_ns >= facts->end_boot_ns) {
		return REQTIME_NOW_EXPIRED;
	}
	if (reqtime_now_is_stepped(facts, clocks)) {
		return REQTIME_NOW_STEPPED;
	}
	ret->age_ns = clocks->boot_ns - facts->boot_ns;
	bound_ns = facts->bound_ns + clocks->gap_ns + 1 +
	           (ret->age_ns / 1000 + 1) * drift_ppb / 1000000;
	likely_ns = reqtime_now_has_likely(knots, ret->age_ns)
	                    ? clocks->gap_ns + reqtime_now_likely(knots, ret->age_ns)
	                    : INT64_MAX;
	suspended_ns = ret->age_ns - (clocks->mono_ns - facts->mono_ns);
	if (suspended_ns >= 100000000) {
		/* The hardware clock measures it in whole seconds, and the kernel does not
		 * slew meanwhile. */
		bound_ns += 2000500000 + (facts->slew_rest_ns < 0 ? -facts->slew_rest_ns
		                                                  : facts->slew_rest_ns);
		likely_ns = INT64_MAX;
		ret->suspended_ns = suspended_ns;
	}
	reqtime_now_intervals(facts, bound_ns, likely_ns, ret);
	return REQTIME_NOW_OK;
}

/* The answer by a copy of the page, whose knots are those around clocks->boot_ns, read just
 * before. */
static inline enum reqtime_now_status reqtime_now_answer(
	const struct reqtime_now_reader *reader, const struct reqtime_now_facts *facts,
	const struct reqtime_now_knot knots[2], struct reqtime_now_clocks *clocks,
	struct reqtime_now *ret)
{
	if (!facts->is_known) {
		return reqtime_now_unknown((enum reqtime_now_reason)facts->reason, ret);
	}
	if (facts->boot_id[0] != reader->boot_id[0] ||
	    facts->boot_id[1] != reader->boot_id[1] || clocks->boot_ns < facts->boot_ns) {
		return reqtime_now_unknown(REQTIME_NOW_OTHER_BOOT, ret);
	}
	if (!reqtime_now_is_valid(facts) ||
	    !reqtime_now_within(reader->more_drift_ppb, REQTIME_NOW_DRIFT_MAX_PPB) ||
	    facts->drift_ppb + reader->more_drift_ppb < 0 ||
	    facts->drift_ppb + reader->more_drift_ppb > REQTIME_NOW_DRIFT_MAX_PPB) {
		return reqtime_now_unknown(REQTIME_NOW_DAMAGED, ret);
	}
	reqtime_now_clocks_read(facts, clocks);
	return reqtime_now_at(facts, knots, clocks, reader->more_drift_ppb, ret);
}

/* Copies the page with the two knots around `boot_ns`. */
static inline void reqtime_now_copy(const struct reqtime_now_page *page, int64_t boot_ns,
                                    struct reqtime_now_facts *ret,
                                    struct reqtime_now_knot ret_knots[2])
{
	uint32_t i = 1;

	memcpy(ret, &page->facts, sizeof(*ret));
	memset(ret_knots, 0, 2 * sizeof(*ret_knots));
	if (ret->knot_count > REQTIME_NOW_KNOTS || ret->boot_ns < 0) {
		return; /* damaged: no sum here may overflow */
	}
	while (i < ret->knot_count && page->knots[i].age_ns < boot_ns - ret->boot_ns) {
		i++;
	}
	if (i < ret->knot_count) {
		ret_knots[0] = page->knots[i - 1];
		ret_knots[1] = page->knots[i];
	}
}

/* Reads before it come first.  The thread sanitizer knows no fences. */
static inline void reqtime_now_fence(void)
{
#ifdef __SANITIZE_THREAD__
	__sync_synchronize();
#else
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

/* REQTIME_NOW_STEPPED may pass: `set` has stepped the clock and is about to write.  Waits
 * some 2 ms at most, and only where the writer was stopped halfway. */
static inline enum reqtime_now_status reqtime_now_read(
	const struct reqtime_now_reader *reader, struct reqtime_now *ret)
{
	const struct timespec pause = { 0, 50000 };
	const struct reqtime_now_page *page = reader->page;
	struct reqtime_now_facts facts;
	struct reqtime_now_knot knots[2];
	struct reqtime_now_clocks clocks;
	int tries;

	memset(ret, 0, sizeof(*ret));
	for (tries = 0; tries < 1032; tries++) {
		const uint32_t before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);

		clocks.boot_ns = reqtime_now_clock(CLOCK_BOOTTIME);

		if (before % 2 == 0) {
			reqtime_now_copy(page, clocks.boot_ns, &facts, knots);
			reqtime_now_fence();
			if (__atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == before) {
				return reqtime_now_answer(reader, &facts, knots, &clocks,
				                          ret);
			}
		} else if (tries >= 1000) {
			clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		}
	}
	return reqtime_now_unknown(REQTIME_NOW_BEING_WRITTEN, ret);
}

#endif
