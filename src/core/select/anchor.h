/* SPDX-License-Identifier: MIT
 *
 * The state that the privileged process of `set` keeps from run to run: one record of fixed
 * size with a checksum.  It alone decides whether a time is accepted at first sight; the
 * measuring process has no influence on it.
 *
 *   anchor_unpack, or anchor_init -> anchor_begin -> core/select/decide.h -> anchor_pack
 *
 * Within a boot, moments are CLOCK_BOOTTIME, which cannot be stepped, and true time is
 * `booted`, the true time at which this boot began: server time less CLOCK_BOOTTIME, less
 * the slew that the kernel has still to do, as both clocks follow it.  `booted` is constant
 * except for the drift of the clock, inexact suspends and pauses of a virtual machine.
 */
#ifndef CORE_SELECT_ANCHOR_H
#define CORE_SELECT_ANCHOR_H

#include <stdbool.h>

#include "core/base/ntp_time.h"
#include "core/select/reading.h"

enum {
	ANCHOR_BOOT_ID_SIZE = 40, /* 36 letters as in /proc/sys/kernel/random/boot_id */
	ANCHOR_SIGHTS = 8,
	ANCHOR_YOUNG = 4, /* most of them younger than ANCHOR_CONFIRM_NS */
};

/* Least age of a sight that confirms a run. */
#define ANCHOR_CONFIRM_NS (300 * NS_PER_S)
/* A confirmed time later than this after the release is not kept as the floor: 20 years. */
#define ANCHOR_FLOOR_SPAN_NS (INT64_C(20) * 31557600 * NS_PER_S)

/* True time by a run, or the clock as the run left it: |true booted - booted| <= bound at
 * `boot_ns`. */
struct anchor_point {
	int64_t boot_ns;      /* CLOCK_BOOTTIME of that run */
	int64_t booted_ns;    /* unix ns */
	int64_t bound_ns;     /* >= 0 */
	int64_t suspended_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
};

/* The time of a run that was refused or held back. */
struct anchor_sight {
	struct anchor_point point;
	uint64_t server_count; /* SERVERs that agreed on it */
};

/* Without padding; what is not used is zero. */
struct anchor {
	char boot_id[ANCHOR_BOOT_ID_SIZE]; /* "": no boot, only the floor is known */
	int64_t top_ns;                    /* the largest CLOCK_BOOTTIME seen */
	uint64_t run_count;      /* over all boots; the newer of two copies has more */
	int64_t found_booted_ns; /* of the local clock as this boot's first run found it */
	uint32_t has_last;
	uint32_t has_confirmed;
	uint32_t has_floor;
	uint32_t has_frequency;
	struct anchor_point last; /* clock as left by the last accepted run of this boot */
	int64_t chain_ns;         /* accepted runs agree since then, CLOCK_BOOTTIME */
	struct anchor_point confirmed; /* clock as left by the last confirmed run */
	int64_t floor_ns; /* the last confirmed time of any boot, unix ns: certainly past */
	int64_t frequency_ppb; /* last given to the kernel in this boot, or about to be */
	int64_t slew_ns; /* last ordered by a run of this boot; its rest is no larger */
	uint64_t sight_count;
	/* Since the last accepted run, oldest first: of those younger than
	 * ANCHOR_CONFIRM_NS the first that differ, of the older ones the latest. */
	struct anchor_sight sights[ANCHOR_SIGHTS];
};

void anchor_init(struct anchor *ret); /* nothing is known */

/* Stored form: in the byte order of this machine. */
enum { ANCHOR_OCTETS = 16 + (int)sizeof(struct anchor) };
void anchor_pack(const struct anchor *anchor, uint8_t ret[ANCHOR_OCTETS]);
/* False, and `*ret` unchanged, when they are not an anchor: truncated, of another
 * version, with a wrong checksum or a count out of range.  A floor outside the 20 years
 * after `release` is dropped. */
MUST_USE bool anchor_unpack(const uint8_t *octets, size_t len, struct instant release,
                            struct anchor *ret);

/* The newer of two copies is that of this boot; of two of this boot the one with more
 * runs.  Not the one with the larger CLOCK_BOOTTIME: after a machine was restored to an
 * older state that one is outdated, and where it cannot be written it would hide the
 * other forever. */
MUST_USE bool anchor_is_newer(const struct anchor *a, const struct anchor *b,
                              const char *boot_id);

/* Brings the anchor to this boot, at `now`.  Of another boot, or of a moment later than
 * now (a machine restored to an older state), only the floor is kept. */
void anchor_begin(struct anchor *anchor, const char *boot_id, const struct reading *now);

/* After a refused or held-back run. */
void anchor_note_sight(struct anchor *anchor, const struct anchor_sight *sight);
/* After an accepted run that left the clock at `point`.  `is_apart`: it disagrees with
 * the last. */
void anchor_note_accepted(struct anchor *anchor, const struct anchor_point *point,
                          bool is_apart);
/* The last accepted run is confirmed and becomes the reference; `floor_ns`, unix, becomes
 * the floor if it lies within the 20 years after `release`. */
void anchor_note_confirmed(struct anchor *anchor, int64_t floor_ns, struct instant release);
/* After a run that the clock followed only in part, to `sights[first]`: later sights are
 * kept. */
void anchor_note_part(struct anchor *anchor, size_t first,
                      const struct anchor_point *point);

/* Largest difference of two points of the same true time: both bounds, `drift_ns`, and
 * the error of a suspend, which the RTC measures in whole seconds. */
int64_t anchor_limit_ns(const struct anchor_point *a, const struct anchor_point *b,
                        int64_t drift_ns);
/* Whether `later` agrees with `earlier`, if the clock drifts by 500 ppm for a quarter of
 * an hour and by `ppm` after that. */
MUST_USE bool anchor_agrees(const struct anchor_point *earlier,
                            const struct anchor_point *later, int64_t ppm);
/* Signed distance by which `later` exceeds what `earlier` alone allows; 0: within it. */
int64_t anchor_beyond_ns(const struct anchor_point *earlier,
                         const struct anchor_point *later, int64_t ppm);
/* Drift over `apart_ns` at `ppm`; saturating, >= 0. */
int64_t anchor_drift_ns(int64_t apart_ns, int64_t ppm);

#endif
