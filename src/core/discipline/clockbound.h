/* SPDX-License-Identifier: MIT
 *
 * The segment of shared memory by which ClockBound's clients read the time, protocol
 * version 2: https://github.com/aws/clock-bound, docs/PROTOCOL.md.
 */
#ifndef CORE_DISCIPLINE_CLOCKBOUND_H
#define CORE_DISCIPLINE_CLOCKBOUND_H

#include <stdbool.h>

#include "core/base/base.h"
#include "reqtime/now.h"

enum { CLOCKBOUND_OCTETS = 80 };

/* In the byte order of this machine. */
struct clockbound_segment {
	uint32_t magic[2];
	uint32_t octets;
	uint16_t version;
	uint16_t generation; /* odd while the rest is written; never 0 */
	int64_t as_of_s;     /* CLOCK_MONOTONIC_COARSE */
	int64_t as_of_ns;
	int64_t void_after_s;
	int64_t void_after_ns;
	int64_t bound_ns;
	uint64_t disruption_marker;
	uint32_t max_drift_ppb;
	int32_t status;              /* enum clockbound_status */
	uint8_t supports_disruption; /* 0: a disruption is not looked for */
	uint8_t unused[7];
};
_Static_assert(sizeof(struct clockbound_segment) == CLOCKBOUND_OCTETS, "no padding");

enum clockbound_status {
	CLOCKBOUND_UNKNOWN,
	CLOCKBOUND_SYNCHRONISED,
	CLOCKBOUND_FREE_RUNNING,
	CLOCKBOUND_DISRUPTED
};

/* Its interval lies around CLOCK_REALTIME, so its bound has the offset in it and whatever
 * the kernel will still slew.  `*ret` is whole, except for its generation. */
void clockbound_make(const struct reqtime_now_facts *facts, struct clockbound_segment *ret);

/* True for a segment of this protocol and version, in this byte order. */
MUST_USE bool clockbound_is_usable(const void *page);

#endif
