/* SPDX-License-Identifier: MIT
 *
 * Whether a certificate is valid at the time that its own server proves, so that a clock
 * that is wrong need not be believed for it (RFC 8915 section 8.5).
 */
#ifndef CORE_NTS_TRUST_H
#define CORE_NTS_TRUST_H

#include "core/base/ntp_time.h"
#include "core/nts/nts.h"

/* The time in which each certificate of a chain is valid, its trust anchor included: both
 * ends belong to it.  Unix seconds. */
struct nts_window {
	int64_t from_s;
	int64_t until_s;
};
bool nts_window_is_valid(const struct nts_window *window); /* from <= until */

enum nts_trust {
	NTS_TRUST_VALID,     /* throughout [lo, hi] */
	NTS_TRUST_EXPIRED,   /* lo lies after the window */
	NTS_TRUST_EARLY,     /* hi lies before it */
	NTS_TRUST_STRADDLES, /* [lo, hi] reaches beyond one of its ends */
};

/* The window at every moment of [lo, hi], lo <= hi. */
enum nts_trust nts_trust_at(const struct nts_window *window, struct instant lo,
                            struct instant hi);

#endif
