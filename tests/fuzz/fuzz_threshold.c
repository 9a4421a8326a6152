/* SPDX-License-Identifier: MIT
 *
 * Ranges: each accepted range is shown in a form that parses to the same, and no value is
 * on both sides of it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/report/threshold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int is_true)
{
	if (!is_true) {
		abort();
	}
}

/* The shorter the interval, the surer: if an interval is on one side, so is each point in
 * it. */
static void check_threshold(const struct threshold *threshold, int64_t value, int64_t bound)
{
	const enum threshold_side point = threshold_side_of(threshold, value, 0);
	const enum threshold_side whole = threshold_side_of(threshold, value, bound);

	check(point != THRESHOLD_INCONCLUSIVE);
	check(whole == THRESHOLD_INCONCLUSIVE || whole == point);
}

static void check_text(const char *text, enum threshold_unit unit, int64_t value,
                       int64_t bound)
{
	struct threshold threshold, again;
	char shown[THRESHOLD_TEXT_SIZE];
	enum threshold_verdict verdict;

	memset(&threshold, 0, sizeof(threshold));
	memset(&again, 0, sizeof(again));
	verdict = threshold_parse(text, unit, &threshold);
	check(threshold_verdict_text(verdict) != NULL);
	if (verdict != THRESHOLD_OK) {
		return;
	}
	check(!threshold.has_low || !threshold.has_high || threshold.low <= threshold.high);
	check(threshold_format(&threshold, unit, shown) == strlen(shown));
	check(strlen(shown) < THRESHOLD_TEXT_SIZE && !strpbrk(shown, " ;|'\n"));
	check(threshold_parse(shown, unit, &again) == THRESHOLD_OK);
	check(again.has_low == threshold.has_low && again.has_high == threshold.has_high &&
	      again.low == threshold.low && again.high == threshold.high &&
	      again.is_inside == threshold.is_inside);
	check_threshold(&threshold, value, bound);
	check_threshold(&threshold, threshold.low, bound);
	check_threshold(&threshold, threshold.high, bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t numbers[2] = { 0, 0 };
	char *text;

	if (size < sizeof(numbers)) {
		return 0;
	}
	memcpy(numbers, data, sizeof(numbers));
	data += sizeof(numbers);
	size -= sizeof(numbers);
	text = malloc(size + 1);
	check(text != NULL);
	if (size > 0) {
		memcpy(text, data, size);
	}
	text[size] = '\0';
	check_text(text, THRESHOLD_SPAN, numbers[0], numbers[1]);
	check_text(text, THRESHOLD_LENGTH, numbers[0], numbers[1]);
	check_text(text, THRESHOLD_COUNT, numbers[0], numbers[1]);
	free(text);
	return 0;
}
