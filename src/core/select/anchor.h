/* SPDX-License-Identifier: MIT
 *
 * What the privileged process of `set` remembers by itself from run to run: one record of fixed
 * size, with a checksum.  It is all that decides whether a time is to be believed at first sight;
 * what a measuring process says of the past has no say in it.
 *
 *   anchor_unpack, or anchor_init -> anchor_begin -> core/select/decide.h -> anchor_pack
 *
 * Within a boot moments are told by CLOCK_BOOTTIME, which nobody can step, and true time by when it
 * says that this boot began: `booted`, server time less CLOCK_BOOTTIME and less what the kernel has
 * still to slew, which both clocks follow.  That is constant, but for the drift of the clock, bad
 * suspends and pauses of a virtual machine.
 */
#ifndef CORE_SELECT_ANCHOR_H
#define CORE_SELECT_ANCHOR_H

#include <stdbool.h>

#include "core/base/ntp_time.h"
#include "core/select/reading.h"

enum {
	ANCHOR_BOOT_ID_SIZE = 40, /* 36 letters as in /proc/sys/kernel/random/boot_id */
	ANCHOR_SIGHTS = 8,
	ANCHOR_YOUNG = 4, /* of them, at most, younger than ANCHOR_CONFIRM_NS */
};

/* How old a sight has to be to confirm what is seen again. */
#define ANCHOR_CONFIRM_NS (300 * NS_PER_S)
/* No time of a confirmed run is remembered that lies further after the release: 20 years. */
#define ANCHOR_FLOOR_SPAN_NS (INT64_C(20) * 31557600 * NS_PER_S)

/* True time as some run told it, or as the clock was left by it: |true booted - booted| <= bound at
 * the moment `boot_ns`. */
struct anchor_point {
	int64_t boot_ns;      /* CLOCK_BOOTTIME of that run */
	int64_t booted_ns;    /* unix ns */
	int64_t bound_ns;     /* >= 0 */
	int64_t suspended_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
};

/* A run that was refused or held back. */
struct anchor_sight {
	struct anchor_point point;
	uint64_t server_count; /* SERVERs that said so */
};

/* Octets are octets: no padding, and what is not used is zero. */
struct anchor {
	char boot_id
		[ANCHOR_BOOT_ID_SIZE]; /* "": of no boot, and the floor alone is known */
	int64_t top_ns;                /* the largest CLOCK_BOOTTIME seen */
	uint64_t
		run_count; /* runs that had it, of all boots: of two copies the newer has more */
	int64_t found_booted_ns; /* by the local clock as this boot's first run found it */
	uint32_t has_last;
	uint32_t has_confirmed;
	uint32_t has_floor;
	uint32_t has_frequency;
	struct anchor_point
		last;     /* the clock as the last believed run of this boot left it ... */
	int64_t chain_ns; /* ... and since when believed runs agree, CLOCK_BOOTTIME */
	struct anchor_point confirmed; /* the same of the last confirmed run */
	int64_t floor_ns; /* the last confirmed time of any boot, unix ns: past for sure */
	int64_t frequency_ppb; /* what the kernel was last given, or about to be, in this boot */
	int64_t slew_ns; /* what a run of this boot has ordered last; what is left of it is no more */
	uint64_t sight_count;
	/* Since the last believed run, oldest first: of those younger than ANCHOR_CONFIRM_NS the first that
	 * differ, of the older ones the latest. */
	struct anchor_sight sights[ANCHOR_SIGHTS];
};

void anchor_init(struct anchor *ret); /* nothing is known */

/* As it is kept: octets of this kind of machine. */
enum { ANCHOR_OCTETS = 16 + (int)sizeof(struct anchor) };
void anchor_pack(const struct anchor *anchor, uint8_t ret[ANCHOR_OCTETS]);
/* False, and `*ret` left alone, when they are none: cut short, of another version, a checksum that is
 * wrong, a count out of range.  A floor that lies outside the 20 years after `release` is dropped. */
MUST_USE bool anchor_unpack(const uint8_t *octets, size_t len, struct instant release,
                            struct anchor *ret);

/* Which of two copies is newer: that of this boot, and of two the one that has seen more runs.  Not the
 * one that has seen more of CLOCK_BOOTTIME: after a machine was put back that is the one to be
 * forgotten, and where it cannot be written it would hide the other for good. */
MUST_USE bool anchor_is_newer(const struct anchor *a, const struct anchor *b,
                              const char *boot_id);

/* Brings it to this boot, at `now`: of another one, or of a later moment than now (a machine put
 * back to an older state), only the floor is left. */
void anchor_begin(struct anchor *anchor, const char *boot_id, const struct reading *now);

/* A refused or held-back run. */
void anchor_note_sight(struct anchor *anchor, const struct anchor_sight *sight);
/* A believed one, and how it left the clock.  `is_apart`: not as the last did. */
void anchor_note_believed(struct anchor *anchor, const struct anchor_point *point,
                          bool is_apart);
/* It is confirmed: the reference, and `past_ns`, unix, the floor if it lies within the 20 years after
 * `release`. */
void anchor_note_confirmed(struct anchor *anchor, int64_t past_ns, struct instant release);
/* One of which the clock followed a part only, what `sights[first]` said: the sights after it are kept. */
void anchor_note_part(struct anchor *anchor, size_t first,
                      const struct anchor_point *point);

/* The most that two looks at the same true time may differ by, `apart_ns` of CLOCK_BOOTTIME between
 * them: both bounds, drift, and a suspend, whose length the hardware clock tells in seconds. */
int64_t anchor_limit_ns(const struct anchor_point *a, const struct anchor_point *b,
                        int64_t drift_ns);
/* Whether `later` says the same as `earlier`, with a clock that drifts by 500 ppm for a quarter of an hour
 * and by `ppm` from then on. */
MUST_USE bool anchor_agrees(const struct anchor_point *earlier,
                            const struct anchor_point *later, int64_t ppm);
/* How far `later` lies beyond what `earlier` alone allows; 0: not at all, else signed. */
int64_t anchor_beyond_ns(const struct anchor_point *earlier,
                         const struct anchor_point *later, int64_t ppm);
/* What so much time makes at that rate; saturating, >= 0. */
int64_t anchor_drift_ns(int64_t apart_ns, int64_t ppm);

#endif
