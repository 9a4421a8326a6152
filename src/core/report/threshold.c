/* SPDX-License-Identifier: MIT
 *
 * Parses, prints and applies the ranges of monitoring plugins.
 */
#include "core/report/threshold.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/ntp_time.h"
#include "core/base/span.h"
#include "core/base/text.h"

/* No end of a range is longer, leading zeros and decimals included. */
enum { END_SIZE = 64 };
#define COUNT_MAX INT64_C(1000000000)

static enum threshold_verdict span_end(const char *text, int64_t *ret)
{
	const bool is_negative = text[0] == '-';
	int64_t ns = 0;

	switch (span_parse(text + is_negative, &ns)) {
	case SPAN_OK:
		break;
	case SPAN_UNKNOWN_UNIT:
		return THRESHOLD_UNKNOWN_UNIT;
	case SPAN_TOO_LARGE:
		return THRESHOLD_TOO_LARGE;
	case SPAN_EMPTY:
	case SPAN_NOT_A_NUMBER:
	case SPAN_NO_UNIT:
		return THRESHOLD_NOT_A_SPAN;
	}
	if (ns > THRESHOLD_MAX_NS) {
		return THRESHOLD_TOO_LARGE;
	}
	*ret = is_negative ? -ns : ns;
	return THRESHOLD_OK;
}

static enum threshold_verdict count_end(const char *text, int64_t *ret)
{
	int64_t value = 0;

	if (text[0] == '\0') {
		return THRESHOLD_NOT_A_COUNT;
	}
	for (; *text; text++) {
		if (*text < '0' || *text > '9') {
			return THRESHOLD_NOT_A_COUNT;
		}
		value = 10 * value + (*text - '0');
		if (value > COUNT_MAX) {
			return THRESHOLD_TOO_LARGE;
		}
	}
	*ret = value;
	return THRESHOLD_OK;
}

/* The octets [at, at + len) as one end. */
static enum threshold_verdict end_parse(const char *at, size_t len,
                                        enum threshold_unit unit, int64_t *ret)
{
	char end[END_SIZE];

	if (len >= sizeof(end)) {
		return unit == THRESHOLD_COUNT ? THRESHOLD_NOT_A_COUNT
		                               : THRESHOLD_NOT_A_SPAN;
	}
	memcpy(end, at, len);
	end[len] = '\0';
	if (unit == THRESHOLD_LENGTH && end[0] == '-') {
		return THRESHOLD_NEGATIVE;
	}
	return unit == THRESHOLD_COUNT ? count_end(end, ret) : span_end(end, ret);
}

static enum threshold_verdict plain_parse(const char *text, enum threshold_unit unit,
                                          struct threshold *threshold)
{
	enum threshold_verdict verdict;

	if (text[0] == '-') {
		return THRESHOLD_SIGN_ALONE;
	}
	verdict = end_parse(text, strlen(text), unit, &threshold->high);
	if (verdict == THRESHOLD_OK) {
		threshold->has_low = true;
		threshold->has_high = true;
		threshold->low = unit == THRESHOLD_SPAN ? -threshold->high : 0;
	}
	return verdict;
}

static enum threshold_verdict range_parse(const char *text, const char *colon,
                                          enum threshold_unit unit,
                                          struct threshold *threshold)
{
	const size_t start_len = (size_t)(colon - text);
	enum threshold_verdict verdict;

	if (start_len == 0) {
		return THRESHOLD_NO_START;
	}
	if (start_len != 1 || text[0] != '~') {
		threshold->has_low = true;
		verdict = end_parse(text, start_len, unit, &threshold->low);
		if (verdict != THRESHOLD_OK) {
			return verdict;
		}
	}
	if (strcmp(colon + 1, "~") == 0) {
		return THRESHOLD_TILDE_AT_END;
	}
	if (colon[1] != '\0') {
		threshold->has_high = true;
		verdict = end_parse(colon + 1, strlen(colon + 1), unit, &threshold->high);
		if (verdict != THRESHOLD_OK) {
			return verdict;
		}
	}
	return threshold->has_low && threshold->has_high && threshold->low > threshold->high
	               ? THRESHOLD_BACKWARDS
	               : THRESHOLD_OK;
}

enum threshold_verdict threshold_parse(const char *text, enum threshold_unit unit,
                                       struct threshold *ret)
{
	struct threshold threshold = { .is_set = true,
		                       .is_inside = text[0] == '@',
		                       .given = text };
	enum threshold_verdict verdict;
	const char *colon;

	text += threshold.is_inside;
	if (text[0] == '\0') {
		return THRESHOLD_EMPTY;
	}
	colon = strchr(text, ':');
	verdict = colon ? range_parse(text, colon, unit, &threshold)
	                : plain_parse(text, unit, &threshold);
	if (verdict == THRESHOLD_OK) {
		*ret = threshold;
	}
	return verdict;
}

const char *threshold_verdict_text(enum threshold_verdict verdict)
{
	switch (verdict) {
	case THRESHOLD_OK:
		return "a range";
	case THRESHOLD_EMPTY:
		return "empty: a range is a value or START:END, as in 100ms or 10:20";
	case THRESHOLD_NOT_A_SPAN:
		return "not a range of spans, as in 100ms, 10:, ~:10, 10:20 or @-1s:1s";
	case THRESHOLD_NOT_A_COUNT:
		return "not a range of whole numbers, as in 10, 1:4 or @15:16";
	case THRESHOLD_UNKNOWN_UNIT:
		return "unknown unit: use ns, us, ms, s, min (or m), h, d or w";
	case THRESHOLD_TOO_LARGE:
		return "an end is out of range: 0, or 1ns to 36500d; a count to 1000000000";
	case THRESHOLD_NEGATIVE:
		return "an end is below 0, but the value never is: use 0:1s, or 1s for the "
		       "same";
	case THRESHOLD_SIGN_ALONE:
		return "a plain value has no sign, it limits both sides; for one side use "
		       "~:-1s or -1s:";
	case THRESHOLD_NO_START:
		return "the start is missing: use 0:END, or ~:END without a lower end";
	case THRESHOLD_BACKWARDS:
		return "the start is above the end: use START:END with the lower one first";
	case THRESHOLD_TILDE_AT_END:
		return "~ is no end: leave it out, as in 10: for 10 or more";
	}
	return "not a range";
}

size_t threshold_format_seconds(int64_t ns, char buf[THRESHOLD_TEXT_SIZE])
{
	const uint64_t magnitude = ns_magnitude(ns);
	uint64_t decimals = magnitude % (uint64_t)NS_PER_S;
	int width = 9;

	if (decimals == 0) {
		return (size_t)snprintf(buf, THRESHOLD_TEXT_SIZE, "%s%" PRIu64,
		                        ns < 0 ? "-" : "", magnitude / (uint64_t)NS_PER_S);
	}
	while (decimals % 10 == 0) {
		decimals /= 10;
		width--;
	}
	return (size_t)snprintf(buf, THRESHOLD_TEXT_SIZE, "%s%" PRIu64 ".%0*" PRIu64,
	                        ns < 0 ? "-" : "", magnitude / (uint64_t)NS_PER_S, width,
	                        decimals);
}

static void put_end(struct text *out, int64_t value, enum threshold_unit unit)
{
	char end[THRESHOLD_TEXT_SIZE];

	if (unit == THRESHOLD_COUNT) {
		text_format(out, "%" PRId64, value);
	} else {
		threshold_format_seconds(value, end);
		text_put(out, end);
	}
}

size_t threshold_format(const struct threshold *threshold, enum threshold_unit unit,
                        char buf[THRESHOLD_TEXT_SIZE])
{
	const int64_t plain_low = unit == THRESHOLD_SPAN ? -threshold->high : 0;
	struct text out = text_to(buf, THRESHOLD_TEXT_SIZE);

	text_put(&out, threshold->is_inside ? "@" : "");
	/* Else its upper end alone describes it. */
	if (!threshold->has_low || !threshold->has_high || threshold->low != plain_low) {
		if (threshold->has_low) {
			put_end(&out, threshold->low, unit);
		} else {
			text_put(&out, "~");
		}
		text_put(&out, ":");
	}
	if (threshold->has_high) {
		put_end(&out, threshold->high, unit);
	}
	return out.len;
}

enum threshold_side threshold_side_of(const struct threshold *threshold, int64_t value,
                                      int64_t bound)
{
	const int64_t half = ns_max(bound, 0);
	const int64_t from = ns_add(value, -half), to = ns_add(value, half);
	const bool is_apart = (threshold->has_low && to < threshold->low) ||
	                      (threshold->has_high && from > threshold->high);
	const bool is_between = (!threshold->has_low || from >= threshold->low) &&
	                        (!threshold->has_high || to <= threshold->high);

	if (!threshold->is_set) {
		return THRESHOLD_WITHIN;
	}
	if (is_apart) {
		return threshold->is_inside ? THRESHOLD_WITHIN : THRESHOLD_BEYOND;
	}
	if (is_between) {
		return threshold->is_inside ? THRESHOLD_BEYOND : THRESHOLD_WITHIN;
	}
	return THRESHOLD_INCONCLUSIVE;
}
