/* SPDX-License-Identifier: MIT
 *
 * Conversion of NTP timestamps, and arithmetic of instants.
 */
#include "core/base/ntp_time.h"

/* The ranges of exponents, as in the header. */
enum {
	LOG2_S_MIN = -40,
	LOG2_S_MAX = 16,
	PRECISION_LOG2_S_MIN = -32, /* one unit of the wire format */
};

/* 16.16: the first span that no longer fits. */
#define SHORT_LIMIT_NS (INT64_C(65536) * NS_PER_S)

bool ntp_ts_is_zero(struct ntp_ts ts)
{
	return ts.seconds == 0 && ts.fraction == 0;
}

bool ntp_ts_equal(struct ntp_ts a, struct ntp_ts b)
{
	return a.seconds == b.seconds && a.fraction == b.fraction;
}

/* Half a unit more, to round; 2^32 * 10^9 + 2^31 fits in 64 bits. */
static int64_t fraction_to_ns(uint32_t fraction)
{
	return (int64_t)(((uint64_t)fraction * (uint64_t)NS_PER_S + (UINT64_C(1) << 31)) >>
	                 32);
}

struct instant instant_from_ntp(struct ntp_ts ts)
{
	return instant_from_ntp_since(ts, NTP_WINDOW_BEGIN_S);
}

struct instant instant_from_ntp_since(struct ntp_ts ts, int64_t first_unix_s)
{
	/* Seconds since the start of the window, modulo 2^32. */
	uint32_t later_s = ts.seconds - (uint32_t)(first_unix_s + NTP_UNIX_EPOCH_S);

	return instant_from_unix(first_unix_s + (int64_t)later_s,
	                         fraction_to_ns(ts.fraction));
}

int64_t ntp_ts_diff_ns(struct ntp_ts a, struct ntp_ts b)
{
	uint64_t units = ((uint64_t)a.seconds << 32 | a.fraction) -
	                 ((uint64_t)b.seconds << 32 | b.fraction);
	/* Rounded down to a second, so that the rest counts up. */
	int64_t s = (int64_t)(units >> 32) - (units >> 63 ? INT64_C(1) << 32 : 0);

	return s * NS_PER_S + fraction_to_ns((uint32_t)units);
}

struct instant instant_from_unix(int64_t s, int64_t ns)
{
	int64_t whole_ns;

	/* The start of the second may be below the range while its end is not. */
	if (s < 0) {
		s++;
		ns = ns_sub(ns, NS_PER_S);
	}
	if (__builtin_mul_overflow(s, NS_PER_S, &whole_ns)) {
		return (struct instant){ s < 0 ? INT64_MIN : INT64_MAX };
	}
	return (struct instant){ ns_add(whole_ns, ns) };
}

bool instant_is_end(struct instant at)
{
	return at.unix_ns == INT64_MIN || at.unix_ns == INT64_MAX;
}

struct ntp_ts ntp_from_instant(struct instant at)
{
	int64_t unix_s = at.unix_ns / NS_PER_S;
	int64_t ns = at.unix_ns % NS_PER_S;
	struct ntp_ts ts;

	/* C rounds towards zero, but times before 1970 must round down too. */
	if (ns < 0) {
		ns += NS_PER_S;
		unix_s -= 1;
	}
	ts.seconds = (uint32_t)(unix_s + NTP_UNIX_EPOCH_S);
	ts.fraction = (uint32_t)(((uint64_t)ns << 32) / (uint64_t)NS_PER_S);
	if (ntp_ts_is_zero(ts)) {
		/* The start of an era: a quarter of a nanosecond late is better than
		 * "unknown". */
		ts.fraction = 1;
	}
	return ts;
}

int64_t instant_diff_ns(struct instant a, struct instant b)
{
	return ns_sub(a.unix_ns, b.unix_ns);
}

struct instant instant_add_ns(struct instant at, int64_t ns)
{
	return (struct instant){ ns_add(at.unix_ns, ns) };
}

int64_t ns_add(int64_t a_ns, int64_t b_ns)
{
	int64_t sum_ns;

	if (__builtin_add_overflow(a_ns, b_ns, &sum_ns)) {
		return a_ns < 0 ? INT64_MIN : INT64_MAX;
	}
	return sum_ns;
}

int64_t ns_sub(int64_t a_ns, int64_t b_ns)
{
	int64_t diff_ns;

	if (__builtin_sub_overflow(a_ns, b_ns, &diff_ns)) {
		return a_ns < 0 ? INT64_MIN : INT64_MAX;
	}
	return diff_ns;
}

int64_t ns_middle(int64_t a_ns, int64_t b_ns)
{
	return (a_ns >> 1) + (b_ns >> 1) + (a_ns & b_ns & 1);
}

int64_t ntp_short_to_ns(uint32_t short_s)
{
	return (int64_t)(((uint64_t)short_s * (uint64_t)NS_PER_S + 0xffff) >> 16);
}

uint32_t ntp_short_from_ns(int64_t ns)
{
	uint64_t short_s;

	if (ns <= 0) {
		return 0;
	}
	if (ns >= SHORT_LIMIT_NS) {
		return UINT32_MAX;
	}
	short_s = (((uint64_t)ns << 16) + (uint64_t)NS_PER_S - 1) / (uint64_t)NS_PER_S;
	/* The last 15 us below the limit round up to 2^32. */
	return short_s > UINT32_MAX ? UINT32_MAX : (uint32_t)short_s;
}

int64_t ntp_log2_to_ns(int log2_s)
{
	log2_s = (int)ns_clamp(log2_s, LOG2_S_MIN, LOG2_S_MAX);
	if (log2_s >= 0) {
		return NS_PER_S << log2_s;
	}
	return (NS_PER_S + (INT64_C(1) << -log2_s) - 1) >> -log2_s;
}

int ntp_log2_from_ns(int64_t ns)
{
	int log2_s = PRECISION_LOG2_S_MIN;

	/* Whole nanoseconds are compared, so 2^e s may be rounded down:
	 * ns <= 2^e s exactly when ns <= floor(2^e s). */
	while (log2_s < 0 && (NS_PER_S >> -log2_s) < ns) {
		log2_s++;
	}
	while (log2_s >= 0 && log2_s < LOG2_S_MAX && (NS_PER_S << log2_s) < ns) {
		log2_s++;
	}
	return log2_s;
}
