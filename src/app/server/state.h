/* SPDX-License-Identifier: MIT
 *
 * What the server knows of its own clock, worked out once a second by one thread and read
 * by all others without a lock.
 */
#ifndef APP_SERVER_STATE_H
#define APP_SERVER_STATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/ntp/packet.h"
#include "io/net/clock_moment.h"
#include "io/sys/kernel_clock.h"

enum {
	/* A clock that some other program disciplines, of which the kernel tells no
	 * stratum: far from any source, so that clients prefer who knows its own. */
	SERVE_KERNEL_STRATUM = 10,
};

/* The reference time is the same in all answers of that long, whichever thread gives
 * them: clients recognise one server behind two addresses by it. */
#define SERVE_REFERENCE_EVERY_NS (64 * NS_PER_S)

/* Beyond it a clock is of no use to anyone (RFC 5905 section 11.2, MAXDIST). */
#define SERVE_ROOT_DISTANCE_MAX_NS (1500 * NS_PER_MS)

/* For so long after a step of the local clock answers say "unsynchronised": who moved it, and
 * whether it is right now, is for the next look at its state to tell, and clients
 * that mixed answers from both sides would be wrong. */
#define SERVE_STEP_GRACE_NS (10 * NS_PER_S)

/* RFC 5905 section 11.1, PHI: what a clock may be away by more with each second. */
#define SERVE_DRIFT_PPB INT64_C(15000)

/* What the answers go by. */
enum serve_basis {
	SERVE_BY_LOCAL,       /* --local-stratum */
	SERVE_BY_KERNEL,      /* adjtimex */
	SERVE_BY_SYNC_SOURCE, /* the last trusted run of reqtime */
};

/* Why the clock is not to be relied upon. */
enum serve_doubt {
	SERVE_SURE,
	SERVE_UNSYNCHRONISED, /* the kernel says so */
	SERVE_UNREADABLE,     /* the kernel may not be asked */
	SERVE_TOO_FAR,        /* SERVE_ROOT_DISTANCE_MAX_NS */
	SERVE_AFTER_STEP,
};

struct serve_view {
	struct ntp_server_state ntp;
	int64_t mono_ns; /* when it was worked out */
	enum serve_basis basis;
	enum serve_doubt doubt;
	bool is_after_step;
	bool is_usable;   /* the text protocols cannot say "I do not know" */
	bool stamps_fit;  /* kernel stamps are of the clock that we read */
	int kernel_error; /* SERVE_UNREADABLE: the errno of clock_adjtime() */
};

/* What the state directory tells of the last run that set this clock and was trusted
 * (app/server/sync_source.h): given in by whoever can read it, before each update.  Plain data that
 * has crossed a process border: to be asked sync_source_is_valid() first. */
struct sync_source {
	uint8_t is_known;
	uint8_t stratum;   /* of the server that it was set by */
	uint8_t refid[4];  /* that names this server, as RFC 5905 section 7.3 has it */
	uint32_t leap;     /* enum ntp_leap */
	struct instant at; /* this clock when the run ended, a step of its own counted in */
	int64_t mono_ns;   /* CLOCK_MONOTONIC then */
	int64_t root_delay_ns; /* to the root, the way to the server included */
	int64_t dispersion_ns; /* then, what was still to be slewed left out */
	int64_t slew_ns;       /* which is that much, either way */
	int64_t drift_ppb;     /* grows by so much at least; 0: SERVE_DRIFT_PPB */
	int64_t stated_ns;     /* the maximum error that the kernel then knew of */
	int64_t frequency_ppb; /* that the kernel has since */
};

MUST_USE bool sync_source_is_valid(const struct sync_source *sync_source);

/* What is remembered from one update to the next.  Starts as zeros. */
struct serve_clock {
	unsigned local_stratum; /* 1..15: served as it is; 0: as the kernel knows it */
	bool is_started;
	int8_t precision_log2_s;
	struct instant reference;
	int64_t reference_mono_ns;
	int64_t max_error_ns; /* of the last update */
	int64_t distance_ns;  /* wall - monotonic: a step of the clock shows in it */
	int64_t gap_ns;       /* ... unless it is smaller than this */
	int64_t stated_ns;    /* how far off the last view said that the clock may be */
	int64_t grace_until_mono_ns;
	struct sync_source sync_source;
	int kernel_error; /* errno, when the state of the kernel could not be read; its maximum error
	                     and all else but the precision then mean nothing */
};

/* Local stratum: leap 0, reference id LOCL (stratum 1) or 127.127.1.1, the dispersion is
 * the precision: the clock is the reference and cannot be away from itself.
 * Else: not to be read, unsynchronised or more than SERVE_ROOT_DISTANCE_MAX_NS away: leap 3, INIT, no
 * reference time.
 * Else, with a trusted run, in this boot, since which the clock was not stepped, did not sleep,
 * and nobody else has told the kernel anything: one more than its stratum, its reference,
 * its dispersion grown with age.
 * Else stratum SERVE_KERNEL_STRATUM, 127.127.0.1, the kernel's maximum error as
 * dispersion; the reference is when that error was last seen to shrink.
 * A leap second is announced on the last day of a month alone.
 * Whatever it is: for SERVE_STEP_GRACE_NS after the clock was stepped by more than the view
 * before had allowed for, leap 3 and STEP. */
void serve_clock_update(struct serve_clock *clock, const struct kernel_clock_state *kernel,
                        struct clock_moment now, bool stamps_fit, struct serve_view *ret);

/* The root dispersion of an answer at `mono_ns`: that of the view, grown since. */
int64_t serve_dispersion_ns(const struct serve_view *view, int64_t mono_ns);

/* One writer, any number of readers, nobody waits for long: a sequence lock whose data are
 * atomic words, so that a torn read is seen and repeated, and is no data race. */
enum { SERVE_VIEW_WORDS = (sizeof(struct serve_view) + 7) / 8 };
struct serve_cell {
	atomic_uint sequence; /* odd while being written */
	atomic_uint_least64_t words[SERVE_VIEW_WORDS];
};

void serve_cell_write(struct serve_cell *cell, const struct serve_view *view);
void serve_cell_read(struct serve_cell *cell, struct serve_view *ret);

#endif
