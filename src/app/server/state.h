/* SPDX-License-Identifier: MIT
 *
 * The server's state of its own clock: computed once a second by one thread, read by all
 * others without a lock.
 */
#ifndef APP_SERVER_STATE_H
#define APP_SERVER_STATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/ntp/packet.h"
#include "io/net/clock_moment.h"
#include "io/sys/kernel_clock.h"

enum {
	/* For a clock that another program disciplines.  The kernel reports no stratum;
	 * with this one, far from any source, clients prefer servers that know theirs. */
	SERVE_KERNEL_STRATUM = 10,
};

/* The reference time is the same in all answers for this long, in every thread: clients use
 * it to recognise one server behind two addresses. */
#define SERVE_REFERENCE_EVERY_NS (64 * NS_PER_S)

/* Beyond this distance a clock is useless to clients (RFC 5905 section 11.2, MAXDIST). */
#define SERVE_ROOT_DISTANCE_MAX_NS (1500 * NS_PER_MS)

/* For this long after a step of the local clock answers are marked unsynchronised: whether
 * the clock is right is known only after its state is read again, and clients would
 * otherwise mix answers from both sides. */
#define SERVE_STEP_GRACE_NS (10 * NS_PER_S)

/* RFC 5905 section 11.1, PHI: the growth of a clock's possible error per second. */
#define SERVE_DRIFT_PPB INT64_C(15000)

/* The basis of the answers. */
enum serve_basis {
	SERVE_BY_LOCAL,       /* --local-stratum */
	SERVE_BY_KERNEL,      /* adjtimex */
	SERVE_BY_SYNC_SOURCE, /* the last trusted run of reqtime */
};

/* Why the clock counts as unsynchronised. */
enum serve_doubt {
	SERVE_SURE,
	SERVE_UNSYNCHRONISED, /* reported by the kernel */
	SERVE_UNREADABLE,     /* the kernel does not permit reading its state */
	SERVE_TOO_FAR,        /* SERVE_ROOT_DISTANCE_MAX_NS */
	SERVE_AFTER_STEP,
};

struct serve_view {
	struct ntp_server_state ntp;
	int64_t mono_ns; /* when it was computed */
	enum serve_basis basis;
	enum serve_doubt doubt;
	bool is_after_step;
	bool is_usable;   /* the text protocols cannot express "unknown" */
	bool stamps_fit;  /* kernel stamps belong to the clock that we read */
	int kernel_error; /* SERVE_UNREADABLE: the errno of clock_adjtime() */
};

/* The last trusted run that set this clock, from the state directory
 * (app/server/sync_source.h): supplied before each update by the process that can read it.
 * Plain data that has crossed a process border: check it with sync_source_is_valid()
 * first. */
struct sync_source {
	uint8_t is_known;
	uint8_t stratum;   /* of the server that it was set from */
	uint8_t refid[4];  /* for this server, as in RFC 5905 section 7.3 */
	uint32_t leap;     /* enum ntp_leap */
	struct instant at; /* this clock when the run ended, including the run's own step */
	int64_t mono_ns;   /* CLOCK_MONOTONIC then */
	int64_t root_delay_ns; /* to the root, including the path to the server */
	int64_t dispersion_ns; /* then, without the pending slew */
	int64_t slew_ns;       /* of the pending slew, in either direction */
	int64_t drift_ppb;     /* grows at least this much; 0: SERVE_DRIFT_PPB */
	int64_t stated_ns;     /* the maximum error that the kernel was then told */
	int64_t frequency_ppb; /* that the kernel has since */
};

MUST_USE bool sync_source_is_valid(const struct sync_source *sync_source);

/* State kept from one update to the next.  Starts as zeros. */
struct serve_clock {
	unsigned local_stratum; /* 1..15: served as it is; 0: from the kernel */
	bool is_started;
	int8_t precision_log2_s;
	struct instant reference;
	int64_t reference_mono_ns;
	int64_t max_error_ns; /* of the last update */
	int64_t distance_ns;  /* wall - monotonic: a step of the clock shows in it */
	int64_t gap_ns;       /* ... unless it is smaller than this */
	int64_t stated_ns;    /* the error of the clock in the last view */
	int64_t grace_until_mono_ns;
	struct sync_source sync_source;
	int kernel_error; /* errno: of the kernel's state only the precision is valid */
};

/* Local stratum: leap 0, reference id LOCL (stratum 1) or 127.127.1.1, the dispersion is
 * the precision: the clock is the reference itself.
 *
 * Unreadable, unsynchronised or more than SERVE_ROOT_DISTANCE_MAX_NS away: leap 3, INIT, no
 * reference time.
 *
 * After a trusted run in this boot, since which the clock was not stepped, did not sleep
 * and no other program updated the kernel: the stratum of its server plus one, its
 * reference, its dispersion grown with age.
 *
 * Else stratum SERVE_KERNEL_STRATUM, 127.127.0.1, the kernel's maximum error as dispersion;
 * the reference time is when that error was last seen to shrink.
 *
 * A leap second is announced only on the last day of a month.  In every case: for
 * SERVE_STEP_GRACE_NS after a step of the clock larger than the error in the view before,
 * leap 3 and STEP. */
void serve_clock_update(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct clock_moment now, bool stamps_fit, struct serve_view *ret);

/* The root dispersion of an answer at `mono_ns`: that of the view, grown since. */
int64_t serve_dispersion_ns(const struct serve_view *view, int64_t mono_ns);

/* A sequence lock: a single writer, any number of readers, no long waits.  Its data are
 * atomic words, so that a torn read is detected and repeated, and is no data race. */
enum { SERVE_VIEW_WORDS = (sizeof(struct serve_view) + 7) / 8 };
struct serve_cell {
	atomic_uint sequence; /* odd while being written */
	atomic_uint_least64_t words[SERVE_VIEW_WORDS];
};

void serve_cell_write(struct serve_cell *cell, const struct serve_view *view);
void serve_cell_read(struct serve_cell *cell, struct serve_view *ret);

#endif
