/* SPDX-License-Identifier: MIT
 *
 * Dates and the text protocols.  Days count from March 1st of year 0, so the leap day is
 * the last of its year and each month before it has a fixed place: no table, no libc.
 */
#include "core/base/text_time.h"

#include <string.h>

#include "core/base/octets.h"
#include "core/base/text.h"

#define S_PER_DAY INT64_C(86400)

enum {
	DAYS_PER_400_YEARS = 146097,
	DAYS_PER_100_YEARS = 36524,
	DAYS_PER_4_YEARS = 1461,
	DAYS_PER_YEAR = 365,
	DAYS_BEFORE_1970 = 719468, /* 0000-03-01 to 1970-01-01 */

	YEAR_FIRST = 1677, /* all that an instant can hold */
	YEAR_LAST = 2262,
};

static const char *const weekday_names[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
	                                     "Thursday", "Friday", "Saturday" };

struct civil civil_from_unix_s(int64_t unix_s)
{
	const int64_t last_s = INT64_MAX / NS_PER_S;
	const int64_t within_s = ns_clamp(unix_s, -last_s, last_s);

	return civil_from_instant((struct instant){ within_s * NS_PER_S });
}

const char *civil_month(int month)
{
	static const char *const names[] = {
		"January", "February", "March",     "April",   "May",      "June",
		"July",    "August",   "September", "October", "November", "December"
	};

	return names[(month - 1) % 12];
}

/* The year must be positive, or the divisions would round the wrong way. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t months = month > 2 ? month - 3 : month + 9; /* since March */

	/* (153 m + 2) / 5 are the days before month m: 31 30 31 30 31, two and a half
	 * times. */
	return y * DAYS_PER_YEAR + y / 4 - y / 100 + y / 400 + (153 * months + 2) / 5 +
	       day - 1 - DAYS_BEFORE_1970;
}

static void civil_date(int64_t days_since_1970, struct civil *ret)
{
	int64_t left = days_since_1970 + DAYS_BEFORE_1970;
	int64_t n400, n100, n4, n1, months;

	n400 = left / DAYS_PER_400_YEARS;
	left %= DAYS_PER_400_YEARS;
	/* The last of four centuries and of four years is a day longer, which must not
	 * start a fifth. */
	n100 = left / DAYS_PER_100_YEARS - (left == DAYS_PER_400_YEARS - 1);
	left -= n100 * DAYS_PER_100_YEARS;
	n4 = left / DAYS_PER_4_YEARS;
	left %= DAYS_PER_4_YEARS;
	n1 = left / DAYS_PER_YEAR - (left == DAYS_PER_4_YEARS - 1);
	left -= n1 * DAYS_PER_YEAR;

	months = (5 * left + 2) / 153;
	ret->day = (int)(left - (153 * months + 2) / 5 + 1);
	ret->month = (int)(months < 10 ? months + 3 : months - 9);
	ret->year = (int)(400 * n400 + 100 * n100 + 4 * n4 + n1 + (months >= 10));
}

struct civil civil_from_instant(struct instant at)
{
	struct civil civil = { 0 };
	int64_t s = at.unix_ns / NS_PER_S;
	int64_t ns = at.unix_ns % NS_PER_S;
	int64_t days, in_day;

	if (ns < 0) {
		ns += NS_PER_S;
		s--;
	}
	days = s / S_PER_DAY;
	in_day = s % S_PER_DAY;
	if (in_day < 0) {
		in_day += S_PER_DAY;
		days--;
	}
	civil_date(days, &civil);
	civil.hour = (int)(in_day / 3600);
	civil.minute = (int)(in_day / 60 % 60);
	civil.second = (int)(in_day % 60);
	/* 1970-01-01 was a Thursday; 7 * 20000 keeps the dividend positive. */
	civil.weekday = (int)((days + 4 + INT64_C(140000)) % 7);
	civil.ns = ns;
	return civil;
}

/* `value` in exactly `count` digits, leading zeros kept. */
static char *put_digits(char *at, int64_t value, size_t count)
{
	for (size_t i = count; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + count;
}

static char *put_text(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static char *put_clock(char *at, const struct civil *civil)
{
	at = put_digits(at, civil->hour, 2);
	*at++ = ':';
	at = put_digits(at, civil->minute, 2);
	*at++ = ':';
	return put_digits(at, civil->second, 2);
}

size_t text_time_rfc3339(struct instant at, char *buf)
{
	struct civil civil = civil_from_instant(at);
	char *end = buf;

	end = put_digits(end, civil.year, 4);
	*end++ = '-';
	end = put_digits(end, civil.month, 2);
	*end++ = '-';
	end = put_digits(end, civil.day, 2);
	*end++ = 'T';
	end = put_clock(end, &civil);
	*end++ = '.';
	end = put_digits(end, civil.ns, 9);
	*end++ = 'Z';
	*end = '\0';
	return (size_t)(end - buf);
}

/* The rest of the input; once failed it stays failed and gives zeros. */
struct cursor {
	const char *at;
	size_t left;
	bool failed;
};

static int take_number(struct cursor *in, size_t count, int min, int max)
{
	uint64_t value;

	if (in->failed || in->left < count ||
	    !text_decimal(in->at, count, (uint64_t)min, (uint64_t)max, &value)) {
		in->failed = true;
		return min;
	}
	in->at += count;
	in->left -= count;
	return (int)value;
}

/* Reads one octet out of `allowed`; returns it, or NUL for another octet or the end. */
static char take_one_of(struct cursor *in, const char *allowed)
{
	char c;

	/* The NUL that ends `allowed` does not count. */
	if (in->failed || in->left == 0 || in->at[0] == '\0' ||
	    !strchr(allowed, in->at[0])) {
		in->failed = true;
		return '\0';
	}
	c = in->at[0];
	in->at++;
	in->left--;
	return c;
}

/* 0 to 9 decimals after the second; a point alone is refused, as by the RFC. */
static int64_t take_decimals(struct cursor *in)
{
	int64_t ns = 0;
	int64_t unit_ns = NS_PER_S / 10;

	if (in->failed || in->left == 0 || in->at[0] != '.') {
		return 0;
	}
	in->at++;
	in->left--;
	if (in->left == 0 || !text_is_digit(in->at[0])) {
		in->failed = true;
		return 0;
	}
	while (in->left > 0 && text_is_digit(in->at[0])) {
		if (unit_ns == 0) {
			in->failed = true;
			return 0;
		}
		ns += (in->at[0] - '0') * unit_ns;
		unit_ns /= 10;
		in->at++;
		in->left--;
	}
	return ns;
}

/* Seconds that local time is ahead of UTC. */
static int64_t take_zone(struct cursor *in)
{
	int hour, minute;
	char sign = take_one_of(in, "Zz+-");

	if (sign != '+' && sign != '-') {
		return 0;
	}
	hour = take_number(in, 2, 0, 23);
	(void)take_one_of(in, ":");
	minute = take_number(in, 2, 0, 59);
	return (sign == '-' ? -1 : 1) * (hour * INT64_C(3600) + minute * INT64_C(60));
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap_year = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap_year);
}

bool text_time_rfc3339_parse(const char *text, size_t len, struct instant *ret)
{
	struct cursor in = { .at = text, .left = len };
	int year, month, day, hour, minute, second;
	int64_t decimals_ns, s, ns;

	year = take_number(&in, 4, YEAR_FIRST, YEAR_LAST);
	(void)take_one_of(&in, "-");
	month = take_number(&in, 2, 1, 12);
	(void)take_one_of(&in, "-");
	day = take_number(&in, 2, 1, days_in_month(year, month));
	(void)take_one_of(&in, "Tt ");
	hour = take_number(&in, 2, 0, 23);
	(void)take_one_of(&in, ":");
	minute = take_number(&in, 2, 0, 59);
	(void)take_one_of(&in, ":");
	second = take_number(&in, 2, 0, 59);
	decimals_ns = take_decimals(&in);
	s = days_from_civil(year, month, day) * S_PER_DAY + hour * INT64_C(3600) +
	    minute * INT64_C(60) + second - take_zone(&in);
	if (in.failed || in.left != 0) {
		return false;
	}
	/* Before 1970 the decimals count up from a second that may be below the range, so
	 * borrow one before multiplying. */
	if (s < 0) {
		s++;
		decimals_ns -= NS_PER_S;
	}
	if (__builtin_mul_overflow(s, NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, decimals_ns, &ns)) {
		return false;
	}
	ret->unix_ns = ns;
	return true;
}

/* The length without one LF or CR LF at its end. */
static size_t without_line_end(const uint8_t *buf, size_t len)
{
	if (len > 0 && buf[len - 1] == '\n') {
		len--;
		if (len > 0 && buf[len - 1] == '\r') {
			len--;
		}
	}
	return len;
}

bool text_time_is_request(const uint8_t *buf, size_t len)
{
	const size_t word_len = sizeof(TEXT_TIME_REQUEST) - 2; /* without LF and NUL */

	return without_line_end(buf, len) == word_len &&
	       memcmp(buf, TEXT_TIME_REQUEST, word_len) == 0;
}

size_t text_time_answer(struct instant at, uint8_t *buf)
{
	char line[TEXT_TIME_RFC3339_SIZE];
	size_t len = text_time_rfc3339(at, line);

	line[len++] = '\n';
	memcpy(buf, line, len);
	return len;
}

bool text_time_answer_parse(const uint8_t *buf, size_t len, struct instant *ret)
{
	return text_time_rfc3339_parse((const char *)buf, without_line_end(buf, len), ret);
}

size_t text_time_868(struct instant at, uint8_t *buf)
{
	struct octets_writer out = octets_write_to(buf, TEXT_TIME_868_OCTETS);

	octets_put_u32(&out, ntp_from_instant(at).seconds);
	return TEXT_TIME_868_OCTETS;
}

bool text_time_868_parse(const uint8_t *buf, size_t len, struct instant *ret)
{
	struct octets_reader in = octets_read_from(buf, len);

	if (len != TEXT_TIME_868_OCTETS) {
		return false;
	}
	*ret = instant_from_ntp((struct ntp_ts){ .seconds = octets_get_u32(&in) });
	return true;
}

size_t text_time_867(struct instant at, char *buf)
{
	struct civil civil = civil_from_instant(at);
	char *end = buf;

	end = put_text(end, weekday_names[civil.weekday]);
	end = put_text(end, ", ");
	end = put_text(end, civil_month(civil.month));
	*end++ = ' ';
	end = put_digits(end, civil.day, civil.day < 10 ? 1 : 2);
	end = put_text(end, ", ");
	end = put_digits(end, civil.year, 4);
	*end++ = ' ';
	end = put_clock(end, &civil);
	end = put_text(end, "-UTC\r\n");
	*end = '\0';
	return (size_t)(end - buf);
}
