/* SPDX-License-Identifier: MIT
 *
 * NTP timestamps and the time inside the program, and their conversion.
 *
 * Wire seconds count modulo 2^32 from 1900, so their era is ambiguous.  They are placed in
 * a window that does not depend on the local clock: the 2^32 s, 136 years, from 50 years
 * before the release of this program.  So the same answer means the same time on a clock at
 * 1970, 2001 or 2199.  A time before the release is never accepted, but still shown
 * correctly.
 */
#ifndef CORE_BASE_NTP_TIME_H
#define CORE_BASE_NTP_TIME_H

#include <stdbool.h>

#include "core/base/base.h"

/* NTP timestamp in host byte order: RFC 5905 section 6. */
struct ntp_ts {
	uint32_t seconds;
	uint32_t fraction; /* units of 2^-32 s, about 0.23 ns */
};

/* A point in UTC: nanoseconds since 1970, leap seconds not counted.  Valid
 * 1677..2262.  A struct, so that two of them cannot be added by mistake. */
struct instant {
	int64_t unix_ns;
};

/* Seconds from 1900-01-01 to 1970-01-01: RFC 5905 figure 4. */
#define NTP_UNIX_EPOCH_S INT64_C(2208988800)

bool ntp_ts_is_zero(struct ntp_ts ts);
bool ntp_ts_equal(struct ntp_ts a, struct ntp_ts b);

/* The first second of the window: 50 years before the day of release. */
#define NTP_WINDOW_BEGIN_S (REQTIME_BUILD_FLOOR_S - INT64_C(1577880000))

/* The time of the stamp within the window, rounded to the nearest nanosecond; defined
 * for all 2^64 inputs. */
struct instant instant_from_ntp(struct ntp_ts ts);

/* The same for a window that begins at `first_unix_s`. */
struct instant instant_from_ntp_since(struct ntp_ts ts, int64_t first_unix_s);

/* a - b of two stamps less than 68 years apart, in any era, rounded to the nearest
 * nanosecond. */
int64_t ntp_ts_diff_ns(struct ntp_ts a, struct ntp_ts b);

/* Rounds down to a wire unit, so a stamp is never later than the clock it was read from;
 * seconds are modulo 2^32.  Never returns zero, which means "unknown" on the wire: RFC
 * 5905 section 6. */
struct ntp_ts ntp_from_instant(struct instant at);

/* From the kernel's seconds since 1970 and nanoseconds.  Times beyond 1677..2262
 * saturate: see instant_is_end(). */
struct instant instant_from_unix(int64_t s, int64_t ns);

/* The first or the last instant, which stands for all times beyond it. */
bool instant_is_end(struct instant at);

/* a - b.  Saturates at INT64_MIN/MAX instead of overflowing. */
int64_t instant_diff_ns(struct instant a, struct instant b);

/* at + ns, saturating. */
struct instant instant_add_ns(struct instant at, int64_t ns);

/* a + b, saturating; for spans in ns. */
int64_t ns_add(int64_t a_ns, int64_t b_ns);

/* a - b, saturating. */
int64_t ns_sub(int64_t a_ns, int64_t b_ns);

/* |ns|, saturating. */
static inline int64_t ns_abs(int64_t ns)
{
	return ns == INT64_MIN ? INT64_MAX : ns < 0 ? -ns : ns;
}

/* |ns|, exact. */
static inline uint64_t ns_magnitude(int64_t ns)
{
	return ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
}

static inline int64_t ns_min(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static inline int64_t ns_max(int64_t a_ns, int64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

static inline int64_t ns_clamp(int64_t ns, int64_t lo_ns, int64_t hi_ns)
{
	return ns < lo_ns ? lo_ns : ns > hi_ns ? hi_ns : ns;
}

/* (a + b) / 2 rounded down; exact even if the sum overflows. */
int64_t ns_middle(int64_t a_ns, int64_t b_ns);

/* NTP short format (16.16 seconds, unsigned: RFC 5905 section 6) to ns, rounded
 * up, 0..65536 s. */
int64_t ntp_short_to_ns(uint32_t short_s);

/* ns to NTP short format, rounded up; negative gives 0, beyond the range the
 * largest value. */
uint32_t ntp_short_from_ns(int64_t ns);

/* 2^log2_s seconds in ns, rounded up and at least 1; the exponent is clamped to [-40,
 * 16], so that any octet from outside is valid. */
int64_t ntp_log2_to_ns(int log2_s);

/* The smallest exponent e with 2^e s >= ns, in [-32, 16]: the precision of a clock that
 * is read in `ns` (RFC 5905 section 7.3). */
int ntp_log2_from_ns(int64_t ns);

#endif
