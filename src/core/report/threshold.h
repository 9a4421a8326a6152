/* SPDX-License-Identifier: MIT
 *
 * Ranges as monitoring plugins take them for -w and -c, and where a value that is known to
 * +/- its bound stands to one.
 *
 *   10      from -10 to 10 (what has no sign: 0 to 10)   10:     10 or more
 *   10:20   from 10 to 20, ends included                 ~:10    10 or less
 *   @10:20  anything but that: inside it is an alarm
 */
#ifndef CORE_REPORT_THRESHOLD_H
#define CORE_REPORT_THRESHOLD_H

#include <stdbool.h>

#include "core/base/ntp_time.h"

/* All zero: none, and everything is within. */
struct threshold {
	bool is_set;
	bool has_low;   /* else there is no lower end ... */
	bool has_high;  /* ... no upper one */
	bool is_inside; /* `@`: what lies between is the alarm */
	int64_t low;
	int64_t high;
	const char *given; /* the text that was parsed, which is the caller's; for people */
};

/* Ends lie within this, so that no offset +/- bound that saturates meets one. */
#define THRESHOLD_MAX_NS (INT64_C(100) * 365 * 86400 * NS_PER_S)

enum threshold_unit {
	THRESHOLD_SPAN, /* ns; ends as core/base/span.h reads them, with a minus when it is below 0 */
	THRESHOLD_LENGTH, /* ns, never below 0 */
	THRESHOLD_COUNT,  /* digits alone */
};

enum threshold_verdict {
	THRESHOLD_OK,
	THRESHOLD_EMPTY,
	THRESHOLD_NOT_A_SPAN,
	THRESHOLD_NOT_A_COUNT,
	THRESHOLD_UNKNOWN_UNIT,
	THRESHOLD_TOO_LARGE,   /* beyond THRESHOLD_MAX_NS; a count beyond 10^9 */
	THRESHOLD_NEGATIVE,    /* a length below 0 */
	THRESHOLD_SIGN_ALONE,  /* "-10": a plain value has two sides already */
	THRESHOLD_NO_START,    /* ":10": 0:10 and ~:10 are too different to guess */
	THRESHOLD_BACKWARDS,   /* the start is above the end */
	THRESHOLD_TILDE_AT_END /* "10:~": that is "10:" */
};

/* `*ret` is left alone unless THRESHOLD_OK. */
MUST_USE enum threshold_verdict threshold_parse(const char *text, enum threshold_unit unit,
                                                struct threshold *ret);
const char *threshold_verdict_text(enum threshold_verdict verdict);

/* As performance data have it, seconds without needless zeros: "0.05", "-1:2", "~:10", "@1:2".  What a
 * plain value gave is a plain value again, also for spans, where it has two sides: Icinga and others
 * read nothing else there.  Returns the length. */
enum { THRESHOLD_TEXT_SIZE = 64 };
size_t threshold_format(const struct threshold *threshold, enum threshold_unit unit,
                        char buf[THRESHOLD_TEXT_SIZE]);
/* "-1.5", "0.000000001": ns in seconds, exact.  Room of THRESHOLD_TEXT_SIZE. */
size_t threshold_format_seconds(int64_t ns, char buf[THRESHOLD_TEXT_SIZE]);

enum threshold_side {
	THRESHOLD_WITHIN,       /* all of the interval is as it should be */
	THRESHOLD_INCONCLUSIVE, /* an end lies inside the interval */
	THRESHOLD_BEYOND,       /* none of it is */
};

/* Of the interval value +/- bound; a negative bound counts as 0. */
enum threshold_side threshold_side_of(const struct threshold *threshold, int64_t value,
                                      int64_t bound);

#endif
