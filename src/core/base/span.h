/* SPDX-License-Identifier: MIT
 *
 * Spans of time as text.
 */
#ifndef CORE_BASE_SPAN_H
#define CORE_BASE_SPAN_H

#include "core/base/base.h"

enum span_verdict {
	SPAN_OK,
	SPAN_EMPTY,
	SPAN_NOT_A_NUMBER,
	SPAN_NO_UNIT, /* one of several numbers without a unit */
	SPAN_UNKNOWN_UNIT,
	SPAN_TOO_LARGE, /* beyond about 292 years, or above 0 and below a nanosecond */
};

/* "250ms", "1.5s", "2 min", "1h30m", "0.5": the sum of numbers, each with digits, at
 * most one point and a unit of systemd.time(7); blanks are allowed between them, not
 * around.  A single number without a unit is seconds.  Units: ns nsec, us usec (and the
 * micro sign), ms msec, s sec second seconds, m min minute minutes, h hr hour hours, d
 * day days, w week weeks.  No sign, no exponent, no locale.  Each number rounds down to
 * a nanosecond.  `*ret_ns`, >= 0, is written only for SPAN_OK. */
MUST_USE enum span_verdict span_parse(const char *text, int64_t *ret_ns);
const char *span_verdict_text(enum span_verdict verdict);

/* "+1.234 ms", "-12 ns", "+3.5 s", "+1 h 02:03", "+2 d 03:04:05": at most four
 * significant digits and a fitting unit; whole seconds from an hour on.  Trailing zeros
 * come only from rounding: "1.000 ms" is about 1 ms, "1 ms" is exact.  `with_sign` shows
 * a plus, too; exact zero is "0 s". Room for SPAN_TEXT_SIZE; returns the length. */
enum { SPAN_TEXT_SIZE = 32 };
size_t span_format(int64_t ns, int with_sign, char *buf);

/* Exact text for span_parse(): "250ms", "1000s", "90d".  `ns` >= 0.  Room for
 * SPAN_TEXT_SIZE; returns the length. */
size_t span_write(int64_t ns, char *buf);

#endif
