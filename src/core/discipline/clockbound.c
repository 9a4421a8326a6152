/* SPDX-License-Identifier: MIT
 *
 * From the facts in the bound file to the segment that ClockBound's clients read.
 */
#include "core/discipline/clockbound.h"

#include <string.h>

#include "core/base/ntp_time.h"

#define CLOCKBOUND_MAGIC_0 UINT32_C(0x414d5a4e)
#define CLOCKBOUND_MAGIC_1 UINT32_C(0x43420200)
enum { CLOCKBOUND_VERSION = 2 };
/* CLOCK_MONOTONIC_COARSE lags by up to a tick of the kernel, and a client takes a segment of
 * its future for an error. */
#define COARSE_LAG_NS (10 * NS_PER_MS)

void clockbound_make(const struct reqtime_now_facts *facts, struct clockbound_segment *ret)
{
	const int64_t slew_ns = ns_add(facts->slew_now_ns, facts->slew_rest_ns);
	const int64_t offset_ns =
		ns_max(ns_abs(facts->offset_ns), ns_abs(ns_sub(facts->offset_ns, slew_ns)));
	const int64_t as_of_ns = ns_max(facts->mono_ns - COARSE_LAG_NS, 0);
	const int64_t end_ns =
		ns_add(facts->mono_ns, ns_sub(facts->end_boot_ns, facts->boot_ns));

	memset(ret, 0, sizeof(*ret));
	ret->magic[0] = CLOCKBOUND_MAGIC_0;
	ret->magic[1] = CLOCKBOUND_MAGIC_1;
	ret->octets = sizeof(*ret);
	ret->version = CLOCKBOUND_VERSION;
	if (!facts->is_known) {
		return; /* void since the begin of this boot */
	}
	ret->status = CLOCKBOUND_SYNCHRONISED;
	ret->as_of_s = as_of_ns / NS_PER_S;
	ret->as_of_ns = as_of_ns % NS_PER_S;
	ret->void_after_s = end_ns / NS_PER_S;
	ret->void_after_ns = end_ns % NS_PER_S;
	ret->max_drift_ppb = (uint32_t)facts->drift_ppb;
	ret->bound_ns = ns_add(facts->bound_ns, offset_ns);
}

bool clockbound_is_usable(const void *page)
{
	struct clockbound_segment segment;

	memcpy(&segment, page, sizeof(segment));
	return segment.magic[0] == CLOCKBOUND_MAGIC_0 &&
	       segment.magic[1] == CLOCKBOUND_MAGIC_1 &&
	       segment.octets == sizeof(segment) && segment.version == CLOCKBOUND_VERSION;
}
