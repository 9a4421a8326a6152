/* SPDX-License-Identifier: MIT
 *
 * Spans of time as people write and read them.
 */
#ifndef CORE_BASE_SPAN_H
#define CORE_BASE_SPAN_H

#include "core/base/base.h"

enum span_verdict {
	SPAN_OK,
	SPAN_EMPTY,
	SPAN_NOT_A_NUMBER,
	SPAN_NO_UNIT, /* one of several numbers has none */
	SPAN_UNKNOWN_UNIT,
	SPAN_TOO_LARGE, /* beyond about 292 years, or above 0 and below a nanosecond */
};

/* "250ms", "1.5s", "2 min", "1h30m", "0.5": digits, at most one point, then a unit of
 * systemd.time(7), as often as wanted, and the sum of all; blanks may stand between, not around.  A
 * bare number alone is seconds.  Units: ns nsec, us usec (and the micro sign), ms msec, s sec second
 * seconds, m min minute minutes, h hr hour hours, d day days, w week weeks.  No sign, no exponent, no
 * locale.  Each number rounds down to a nanosecond.  `*ret_ns` >= 0 on SPAN_OK, else left alone. */
MUST_USE enum span_verdict span_parse(const char *text, int64_t *ret_ns);
const char *span_verdict_text(enum span_verdict verdict);

/* "+1.234 ms", "-12 ns", "+3.5 s", "+1 h 02:03", "+2 d 03:04:05": at most four
 * significant digits and the unit that fits, from an hour on whole seconds.  Zeros at the
 * end come only from rounding: "1.000 ms" was about 1 ms, "1 ms" is exact.  With
 * `with_sign` a plus is shown too; exact zero is "0 s" in both.
 * Room for SPAN_TEXT_SIZE; returns the length. */
enum { SPAN_TEXT_SIZE = 32 };
size_t span_format(int64_t ns, int with_sign, char *buf);

/* As span_parse() reads it, to the nanosecond: "250ms", "1000s", "90d".  `ns` >= 0.  Room for
 * SPAN_TEXT_SIZE; returns the length. */
size_t span_write(int64_t ns, char *buf);

#endif
