/* SPDX-License-Identifier: MIT
 *
 * The text and small protocols: the reqtime line, the time protocol (RFC 868)
 * and the daytime protocol (RFC 867).  Formatting and parsing only.
 */
#ifndef CORE_BASE_TEXT_TIME_H
#define CORE_BASE_TEXT_TIME_H

#include <stdbool.h>

#include "core/base/ntp_time.h"

/* "2026-11-22T12:34:56.123456789Z" and the NUL. */
enum { TEXT_TIME_RFC3339_SIZE = 31 };

/* RFC 3339 in UTC with nine decimals, years 1677..2262 (all that an instant can
 * hold).  `buf` has room for TEXT_TIME_RFC3339_SIZE; returns 30. */
size_t text_time_rfc3339(struct instant at, char *buf);

/* Reads RFC 3339: `T` or `t` or a space, 0 to 9 decimals, `Z` or a numeric
 * offset; second 60 is refused.  True and `*ret` on success; the whole of `len`
 * must be used. */
MUST_USE bool text_time_rfc3339_parse(const char *text, size_t len, struct instant *ret);

/* The request of the reqtime protocol: "reqtime", with or without CR LF or LF, in a UDP
 * datagram or as a TCP line. */
#define TEXT_TIME_REQUEST "reqtime\n"
MUST_USE bool text_time_is_request(const uint8_t *buf, size_t len);

/* The answer: the RFC 3339 time and '\n'; 31 octets, no NUL.  Room for
 * TEXT_TIME_RFC3339_SIZE. */
size_t text_time_answer(struct instant at, uint8_t *buf);

/* Parses the answer: one line of RFC 3339, with CR LF, LF or nothing at its end. */
MUST_USE bool text_time_answer_parse(const uint8_t *buf, size_t len, struct instant *ret);

/* RFC 868: exactly four octets, seconds since 1900, era as in core/base/ntp_time.h. */
enum { TEXT_TIME_868_OCTETS = 4 };
size_t text_time_868(struct instant at, uint8_t *buf);
MUST_USE bool text_time_868_parse(const uint8_t *buf, size_t len, struct instant *ret);

/* RFC 867: "Sunday, November 22, 2026 12:34:56-UTC" CR LF; English in any locale.  The
 * RFC leaves the format open, so there is no parser: a client only shows the line.  Room
 * for TEXT_TIME_867_SIZE. */
enum { TEXT_TIME_867_SIZE = 64 };
size_t text_time_867(struct instant at, char *buf);

/* Civil date and time of day in UTC, proleptic Gregorian. */
struct civil {
	int year, month, day;     /* month 1..12, day 1..31 */
	int hour, minute, second; /* second 0..59 */
	int weekday;              /* 0 = Sunday */
	int64_t ns;               /* 0..999999999 */
};
struct civil civil_from_instant(struct instant at);
/* The same for Unix seconds, within the years of struct instant. */
struct civil civil_from_unix_s(int64_t unix_s);
/* "January" for 1; the first three letters are its short name. */
const char *civil_month(int month);

#endif
