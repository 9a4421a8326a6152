/* SPDX-License-Identifier: MIT
 *
 * Time on the wire and time in the program, and the way between them.
 *
 * Wire seconds count modulo 2^32 from 1900, so alone they do not say which era
 * they are of.  They are placed in the one window that needs no help from the
 * local clock: the 2^32 s, 136 years, that begin 50 years before the day of this
 * program's release.  A clock that stands at 1970, 2001 or 2199 therefore reads the
 * same answer in the same way; what lies before the release, which is never believed,
 * is still read and shown as what it is.
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

/* The time that the stamp means within the window.  Rounds to the nearest nanosecond;
 * total over all 2^64 inputs. */
struct instant instant_from_ntp(struct ntp_ts ts);

/* The same from another second on: `first_unix_s` is the earliest that it can mean. */
struct instant instant_from_ntp_since(struct ntp_ts ts, int64_t first_unix_s);

/* a - b of two stamps that are less than 68 years apart, whatever their era; rounded to the
 * nearest nanosecond. */
int64_t ntp_ts_diff_ns(struct ntp_ts a, struct ntp_ts b);

/* Rounds down to a wire unit, so that a stamp never lies later than the clock
 * it was read from.  Total: seconds are taken modulo 2^32.  Never returns the
 * value zero, which means "unknown" on the wire: RFC 5905 section 6. */
struct ntp_ts ntp_from_instant(struct instant at);

/* Seconds since 1970 and nanoseconds, as the kernel tells them.  What is beyond 1677..2262
 * becomes the nearest of what an instant can hold: see instant_is_end(). */
struct instant instant_from_unix(int64_t s, int64_t ns);

/* The first or the last of all instants: it stands for whatever is beyond. */
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

/* (a + b) / 2 rounded down, exact for all of them: the sum need not fit. */
int64_t ns_middle(int64_t a_ns, int64_t b_ns);

/* NTP short format (16.16 seconds, unsigned: RFC 5905 section 6) to ns, rounded
 * up, 0..65536 s. */
int64_t ntp_short_to_ns(uint32_t short_s);

/* ns to NTP short format, rounded up; negative gives 0, beyond the range the
 * largest value. */
uint32_t ntp_short_from_ns(int64_t ns);

/* 2^log2_s seconds in ns, rounded up and at least 1; the exponent is clamped to
 * [-40, 16] so that no foreign octet can shift out of range. */
int64_t ntp_log2_to_ns(int log2_s);

/* The smallest exponent e with 2^e s >= ns, in [-32, 16]: how a clock that is
 * read in `ns` names its precision (RFC 5905 section 7.3). */
int ntp_log2_from_ns(int64_t ns);

#endif
