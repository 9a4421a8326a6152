/* SPDX-License-Identifier: MIT
 *
 * Ranges of monitoring plugins for -w and -c, and whether a value +/- its bound is in one.
 *
 *   10      from -10 to 10 (unsigned values: 0 to 10)   10:     10 or more
 *   10:20   from 10 to 20, ends included                ~:10    10 or less
 *   @10:20  the opposite: a value inside is an alarm
 */
#ifndef CORE_REPORT_THRESHOLD_H
#define CORE_REPORT_THRESHOLD_H

#include <stdbool.h>

#include "core/base/ntp_time.h"

/* All zero: no range, so that every value is within. */
struct threshold {
	bool is_set;
	bool has_low;   /* else no lower end ... */
	bool has_high;  /* ... or no upper one */
	bool is_inside; /* `@`: a value inside is an alarm */
	int64_t low;
	int64_t high;
	const char *given; /* the parsed text, owned by the caller; for messages */
};

/* Ends are within this, so that no saturated offset +/- bound reaches one. */
#define THRESHOLD_MAX_NS (INT64_C(100) * 365 * 86400 * NS_PER_S)

enum threshold_unit {
	THRESHOLD_SPAN,   /* ns; ends as in core/base/span.h, or negative */
	THRESHOLD_LENGTH, /* ns, >= 0 */
	THRESHOLD_COUNT,  /* digits only */
};

enum threshold_verdict {
	THRESHOLD_OK,
	THRESHOLD_EMPTY,
	THRESHOLD_NOT_A_SPAN,
	THRESHOLD_NOT_A_COUNT,
	THRESHOLD_UNKNOWN_UNIT,
	THRESHOLD_TOO_LARGE,   /* beyond THRESHOLD_MAX_NS; a count beyond 10^9 */
	THRESHOLD_NEGATIVE,    /* a length below 0 */
	THRESHOLD_SIGN_ALONE,  /* "-10": a plain value is already two-sided */
	THRESHOLD_NO_START,    /* ":10": it could mean 0:10 or ~:10 */
	THRESHOLD_BACKWARDS,   /* the start is above the end */
	THRESHOLD_TILDE_AT_END /* "10:~": must be "10:" */
};

/* `*ret` is unchanged unless THRESHOLD_OK. */
MUST_USE enum threshold_verdict threshold_parse(const char *text, enum threshold_unit unit,
                                                struct threshold *ret);
const char *threshold_verdict_text(enum threshold_verdict verdict);

/* For performance data, in seconds without trailing zeros: "0.05", "-1:2", "~:10",
 * "@1:2".  A range given as a plain value is printed as one, also for two-sided spans:
 * Icinga and others accept nothing else there.  Returns the length. */
enum { THRESHOLD_TEXT_SIZE = 64 };
size_t threshold_format(const struct threshold *threshold, enum threshold_unit unit,
                        char buf[THRESHOLD_TEXT_SIZE]);
/* "-1.5", "0.000000001": ns as seconds, exact.  `buf` has THRESHOLD_TEXT_SIZE. */
size_t threshold_format_seconds(int64_t ns, char buf[THRESHOLD_TEXT_SIZE]);

enum threshold_side {
	THRESHOLD_WITHIN,       /* all of the interval is acceptable */
	THRESHOLD_INCONCLUSIVE, /* an end of the range lies inside the interval */
	THRESHOLD_BEYOND,       /* none of the interval is acceptable */
};

/* For the interval value +/- bound; a negative bound counts as 0. */
enum threshold_side threshold_side_of(const struct threshold *threshold, int64_t value,
                                      int64_t bound);

#endif
