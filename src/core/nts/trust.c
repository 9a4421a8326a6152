/* SPDX-License-Identifier: MIT
 *
 * Compares an interval of time with the dates of a certificate.
 */
#include "core/nts/trust.h"

bool nts_window_is_valid(const struct nts_window *window)
{
	return window->from_s <= window->until_s;
}

/* Seconds, rounded down and up: the dates of a certificate may lie beyond the range of
 * nanoseconds, as 9999-12-31 does. */
static int64_t floor_s(struct instant at)
{
	return at.unix_ns / NS_PER_S - (at.unix_ns % NS_PER_S < 0);
}

static int64_t ceil_s(struct instant at)
{
	return at.unix_ns / NS_PER_S + (at.unix_ns % NS_PER_S > 0);
}

static bool is_inside(const struct nts_window *window, struct instant at)
{
	/* The first and the last instant stand for all times beyond them. */
	return !instant_is_end(at) && floor_s(at) >= window->from_s &&
	       ceil_s(at) <= window->until_s;
}

enum nts_trust nts_trust_at(const struct nts_window *window, struct instant lo,
                            struct instant hi)
{
	if (is_inside(window, lo) && is_inside(window, hi)) {
		return NTS_TRUST_VALID;
	}
	if (ceil_s(lo) > window->until_s) {
		return NTS_TRUST_EXPIRED;
	}
	if (floor_s(hi) < window->from_s) {
		return NTS_TRUST_EARLY;
	}
	return NTS_TRUST_STRADDLES;
}
