/* SPDX-License-Identifier: MIT
 *
 * Spans in exact decimal arithmetic: what is read is what was written, and what is
 * shown is rounded once.
 */
#include "core/base/span.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define S_PER_HOUR UINT64_C(3600)
#define S_PER_DAY UINT64_C(86400)

struct unit {
	const char *name;
	int64_t ns;
};

static const struct unit units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "", NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "min", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "d", 86400 * NS_PER_S },
	{ "w", 7 * 86400 * NS_PER_S },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct unit *unit_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(name, units[i].name) == 0) {
			return &units[i];
		}
	}
	return NULL;
}

static bool has_nonzero_digit(const char *text, const char *end)
{
	for (; text < end; text++) {
		if (*text >= '1' && *text <= '9') {
			return true;
		}
	}
	return false;
}

/* The digits [at, end) times `unit_ns`.  False when that does not fit. */
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

enum span_verdict span_parse(const char *text, int64_t *ret_ns)
{
	const char *point, *decimals, *end;
	const struct unit *unit;
	int64_t ns;

	if (text[0] == '\0') {
		return SPAN_EMPTY;
	}
	point = text;
	while (is_digit(*point)) {
		point++;
	}
	decimals = point;
	end = point;
	if (*point == '.') {
		decimals = point + 1;
		end = decimals;
		while (is_digit(*end)) {
			end++;
		}
		if (end == decimals || *end == '.') {
			return SPAN_NOT_A_NUMBER;
		}
	}
	if (end == text) {
		return SPAN_NOT_A_NUMBER;
	}
	/* The unit is judged before the size, which means nothing without it. */
	unit = unit_find(end);
	if (!unit) {
		return SPAN_UNKNOWN_UNIT;
	}
	if (!whole_to_ns(text, point, unit->ns, &ns) ||
	    __builtin_add_overflow(ns, decimals_to_ns(decimals, end, unit->ns), &ns)) {
		return SPAN_TOO_LARGE;
	}
	/* "0.1ns" must not become the zero that switches something off. */
	if (ns == 0 && has_nonzero_digit(text, end)) {
		return SPAN_TOO_LARGE;
	}
	*ret_ns = ns;
	return SPAN_OK;
}

const char *span_verdict_text(enum span_verdict verdict)
{
	switch (verdict) {
	case SPAN_OK:
		return "a span of time";
	case SPAN_EMPTY:
		return "nothing was given";
	case SPAN_NOT_A_NUMBER:
		return "not a number: digits and at most one point, as in 250ms or 1.5s";
	case SPAN_UNKNOWN_UNIT:
		return "unknown unit: known are ns, us, ms, s, m, h, d and w";
	case SPAN_TOO_LARGE:
		return "not between 1 ns and 292 years";
	}
	return "not a span of time";
}

static size_t digit_count(uint64_t value)
{
	size_t count = 1;

	while (value >= 10) {
		value /= 10;
		count++;
	}
	return count;
}

static uint64_t power_of_ten(size_t exponent)
{
	uint64_t power = 1;

	while (exponent > 0) {
		power *= 10;
		exponent--;
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
		return snprintf(buf, SPAN_TEXT_ROOM, "%s%llu %s", sign,
		                (unsigned long long)(magnitude_ns / unit_ns),
		                units[place].name);
	}
	return snprintf(buf, SPAN_TEXT_ROOM, "%s%llu.%0*llu %s", sign,
	                (unsigned long long)(magnitude_ns / unit_ns), width,
	                (unsigned long long)decimals, units[place].name);
}

/* From an hour on people count in hours and days, to the second. */
static int format_long(const char *sign, uint64_t s, char *buf)
{
	unsigned long long days = s / S_PER_DAY;
	unsigned hours = (unsigned)(s / S_PER_HOUR % 24);
	unsigned minutes = (unsigned)(s / 60 % 60);
	unsigned seconds = (unsigned)(s % 60);

	if (days == 0) {
		return snprintf(buf, SPAN_TEXT_ROOM, "%s%u h %02u:%02u", sign, hours,
		                minutes, seconds);
	}
	return snprintf(buf, SPAN_TEXT_ROOM, "%s%llu d %02u:%02u:%02u", sign, days, hours,
	                minutes, seconds);
}

size_t span_format(int64_t ns, int with_sign, char *buf)
{
	uint64_t magnitude_ns = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	const char *sign = ns < 0 ? "-" : with_sign ? "+" : "";
	uint64_t step_ns, rounded_ns;
	size_t digits = digit_count(magnitude_ns);
	int len;

	if (ns == 0) {
		return (size_t)snprintf(buf, SPAN_TEXT_ROOM, "0 s");
	}
	/* Round first, then choose the unit: 999.9996 ms is 1.000 s. */
	step_ns = power_of_ten(digits > 4 ? digits - 4 : 0);
	if (magnitude_ns >= S_PER_HOUR * (uint64_t)NS_PER_S) {
		step_ns = (uint64_t)NS_PER_S;
	}
	rounded_ns = (magnitude_ns + step_ns / 2) / step_ns * step_ns;
	if (rounded_ns >= S_PER_HOUR * (uint64_t)NS_PER_S) {
		len = format_long(sign, rounded_ns / (uint64_t)NS_PER_S, buf);
	} else {
		len = format_short(sign, rounded_ns, rounded_ns == magnitude_ns, buf);
	}
	return (size_t)len;
}

size_t span_write(int64_t ns, char *buf)
{
	static const char *const names[] = { "d", "h", "m", "s", "ms", "us", "ns" };
	const struct unit *unit = unit_find("ns");
	size_t i;

	for (i = 0; i < COUNT_OF(names); i++) {
		unit = unit_find(names[i]);
		if (ns >= unit->ns && ns % unit->ns == 0) {
			break;
		}
	}
	if (ns == 0) {
		unit = unit_find("s");
	}
	return (size_t)snprintf(buf, SPAN_TEXT_ROOM, "%lld%s", (long long)(ns / unit->ns),
	                        unit->name);
}
