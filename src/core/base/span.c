/* SPDX-License-Identifier: MIT
 *
 * Spans in exact decimal arithmetic: parsing is exact, and output is rounded once.
 */
#include "core/base/span.h"
#include "core/base/ntp_time.h"
#include "core/base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define S_PER_HOUR UINT64_C(3600)
#define S_PER_DAY UINT64_C(86400)

struct unit {
	const char *name;
	int64_t ns;
};

/* The units of systemd.time(7), without months and years, which vary in length.  The
 * first of each length is used for output. */
static const struct unit units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "nsec", 1 },
	{ "usec", NS_PER_US },
	{ "\xc2\xb5s", NS_PER_US }, /* micro sign ... */
	{ "\xce\xbcs", NS_PER_US }, /* ... and Greek letter */
	{ "msec", NS_PER_MS },
	{ "sec", NS_PER_S },
	{ "second", NS_PER_S },
	{ "seconds", NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "min", 60 * NS_PER_S },
	{ "minute", 60 * NS_PER_S },
	{ "minutes", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "hr", 3600 * NS_PER_S },
	{ "hour", 3600 * NS_PER_S },
	{ "hours", 3600 * NS_PER_S },
	{ "d", 86400 * NS_PER_S },
	{ "day", 86400 * NS_PER_S },
	{ "days", 86400 * NS_PER_S },
	{ "w", 7 * 86400 * NS_PER_S },
	{ "week", 7 * 86400 * NS_PER_S },
	{ "weeks", 7 * 86400 * NS_PER_S },
};

static const struct unit *unit_find(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strlen(units[i].name) == len && memcmp(name, units[i].name, len) == 0) {
			return &units[i];
		}
	}
	return NULL;
}

/* The digits [at, end) times `unit_ns`.  False on overflow. */
static bool whole_to_ns(const char *at, const char *end, int64_t unit_ns, int64_t *ret_ns)
{
	int64_t value = 0;

	for (; at < end; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *at - '0', &value)) {
			return false;
		}
	}
	return !__builtin_mul_overflow(value, unit_ns, ret_ns);
}

/* The decimals [at, end) of `unit_ns`, rounded down once however many they are: from
 * the last digit on, flooring each tenth gives the floor of the whole. */
static int64_t decimals_to_ns(const char *at, const char *end, int64_t unit_ns)
{
	int64_t ns = 0;

	while (end > at) {
		end--;
		ns = ((*end - '0') * unit_ns + ns) / 10;
	}
	return ns;
}

/* A number with at most one point.  `*ret_end` is after it. */
static enum span_verdict number_parse(const char *text, const char **ret_point,
                                      const char **ret_end)
{
	const char *point = text + strspn(text, "0123456789");
	const char *end = point;

	if (*point == '.') {
		end += 1 + strspn(point + 1, "0123456789");
		if (end == point + 1 || *end == '.') {
			return SPAN_NOT_A_NUMBER;
		}
	}
	*ret_point = point;
	*ret_end = end;
	return end == text ? SPAN_NOT_A_NUMBER : SPAN_OK;
}

/* Adds one number with its unit to `*sum_ns`, and moves `*text` past it.  `is_alone`: it
 * is the first, so it may be a number of seconds without a unit if nothing follows. */
static enum span_verdict part_parse(const char **text, bool is_alone, int64_t *sum_ns)
{
	const char *point, *end, *unit_at;
	enum span_verdict verdict = number_parse(*text, &point, &end);
	const struct unit *unit;
	size_t unit_len;
	int64_t ns;

	if (verdict != SPAN_OK) {
		return verdict;
	}
	unit_at = end + strspn(end, " ");
	unit_len = strcspn(unit_at, "0123456789. ");
	if (unit_len == 0 && *unit_at == '\0' && unit_at > end) {
		return SPAN_UNKNOWN_UNIT;
	}
	if (unit_len == 0 && (*unit_at != '\0' || !is_alone)) {
		return SPAN_NO_UNIT;
	}
	/* The unit is checked before the size, which depends on it. */
	unit = unit_len == 0 ? unit_find("s", 1) : unit_find(unit_at, unit_len);
	if (!unit) {
		return SPAN_UNKNOWN_UNIT;
	}
	if (!whole_to_ns(*text, point, unit->ns, &ns) ||
	    __builtin_add_overflow(
		    ns, decimals_to_ns(point + (*point == '.'), end, unit->ns), &ns) ||
	    /* "0.1ns" must not become 0, which may switch something off. */
	    (ns == 0 && *text + strspn(*text, "0.") < end) ||
	    __builtin_add_overflow(*sum_ns, ns, sum_ns)) {
		return SPAN_TOO_LARGE;
	}
	*text = unit_at + unit_len;
	return SPAN_OK;
}

enum span_verdict span_parse(const char *text, int64_t *ret_ns)
{
	enum span_verdict verdict = SPAN_EMPTY;
	const char *at = text;
	int64_t ns = 0;

	while (*at != '\0') {
		verdict = part_parse(&at, at == text, &ns);
		if (verdict != SPAN_OK) {
			return verdict;
		}
		if (*at == ' ') {
			at += strspn(at, " ");
			if (*at == '\0') {
				return SPAN_NOT_A_NUMBER;
			}
		}
	}
	if (verdict == SPAN_OK) {
		*ret_ns = ns;
	}
	return verdict;
}

const char *span_verdict_text(enum span_verdict verdict)
{
	static const char *const texts[] = {
		[SPAN_OK] = "a span of time",
		[SPAN_EMPTY] = "empty: a span is a number and a unit, as in 250ms or 1h30m",
		[SPAN_NOT_A_NUMBER] = ("not a number: digits and at most one point, "
		                       "without a sign, as in "
		                       "250ms or 1.5s"),
		[SPAN_NO_UNIT] = "each of several numbers needs a unit, as in 1h30m",
		[SPAN_UNKNOWN_UNIT] =
			"unknown unit: known are ns, us, ms, s, min (or m), h, d and w",
		[SPAN_TOO_LARGE] = "not between 1 ns and 292 years",
	};

	return (size_t)verdict < COUNT_OF(texts) ? texts[verdict] : "not a span of time";
}

static size_t digit_count(uint64_t value)
{
	size_t count = 1;

	for (; value >= 10; value /= 10) {
		count++;
	}
	return count;
}

static uint64_t power_of_ten(size_t exponent)
{
	uint64_t power = 1;

	for (; exponent > 0; exponent--) {
		power *= 10;
	}
	return power;
}

/* Below an hour: one unit with four digits.  Zeros at the end are shown only when
 * they come from rounding: "1.000 ms" was 1 ms to four digits, "1 ms" is exactly it. */
static int format_short(const char *sign, uint64_t magnitude_ns, bool is_exact, char *buf)
{
	size_t place = 0;
	uint64_t unit_ns = 1;
	uint64_t decimals;
	int width = 0;

	while (place < 3 && magnitude_ns >= unit_ns * 1000) {
		place++;
		unit_ns *= 1000;
	}
	decimals = magnitude_ns % unit_ns;
	if (decimals != 0 || !is_exact) {
		width = 4 - (int)digit_count(magnitude_ns / unit_ns);
		decimals /= power_of_ten(3 * place - (size_t)width);
	}
	while (is_exact && width > 0 && decimals % 10 == 0) {
		decimals /= 10;
		width--;
	}
	if (width == 0) {
		return snprintf(buf, SPAN_TEXT_SIZE, "%s%llu %s", sign,
		                (unsigned long long)(magnitude_ns / unit_ns),
		                units[place].name);
	}
	return snprintf(buf, SPAN_TEXT_SIZE, "%s%llu.%0*llu %s", sign,
	                (unsigned long long)(magnitude_ns / unit_ns), width,
	                (unsigned long long)decimals, units[place].name);
}

/* From an hour on, in days, hours, minutes and seconds. */
static int format_long(const char *sign, uint64_t s, char *buf)
{
	unsigned long long days = s / S_PER_DAY;
	unsigned hours = (unsigned)(s / S_PER_HOUR % 24);
	unsigned minutes = (unsigned)(s / 60 % 60);
	unsigned seconds = (unsigned)(s % 60);

	if (days == 0) {
		return snprintf(buf, SPAN_TEXT_SIZE, "%s%u h %02u:%02u", sign, hours,
		                minutes, seconds);
	}
	return snprintf(buf, SPAN_TEXT_SIZE, "%s%llu d %02u:%02u:%02u", sign, days, hours,
	                minutes, seconds);
}

size_t span_format(int64_t ns, int with_sign, char *buf)
{
	uint64_t magnitude_ns = ns_magnitude(ns);
	const char *sign = ns < 0 ? "-" : with_sign ? "+" : "";
	uint64_t step_ns, rounded_ns;
	size_t digits = digit_count(magnitude_ns);

	if (ns == 0) {
		return (size_t)snprintf(buf, SPAN_TEXT_SIZE, "0 s");
	}
	/* Round first, then choose the unit: 999.9996 ms is 1.000 s. */
	step_ns = power_of_ten(digits > 4 ? digits - 4 : 0);
	if (magnitude_ns >= S_PER_HOUR * (uint64_t)NS_PER_S) {
		step_ns = (uint64_t)NS_PER_S;
	}
	rounded_ns = (magnitude_ns + step_ns / 2) / step_ns * step_ns;
	if (rounded_ns >= S_PER_HOUR * (uint64_t)NS_PER_S) {
		return (size_t)format_long(sign, rounded_ns / (uint64_t)NS_PER_S, buf);
	}
	return (size_t)format_short(sign, rounded_ns, rounded_ns == magnitude_ns, buf);
}

size_t span_write(int64_t ns, char *buf)
{
	static const char *const names[] = { "d", "h", "m", "s", "ms", "us", "ns" };
	const struct unit *unit = unit_find("ns", 2);

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		unit = unit_find(names[i], strlen(names[i]));
		if (ns >= unit->ns && ns % unit->ns == 0) {
			break;
		}
	}
	if (ns == 0) {
		unit = unit_find("s", 1);
	}
	return (size_t)snprintf(buf, SPAN_TEXT_SIZE, "%lld%s", (long long)(ns / unit->ns),
	                        unit->name);
}
