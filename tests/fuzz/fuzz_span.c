/* SPDX-License-Identifier: MIT
 *
 * Spans: a parsed span is shown, and the shown text parses to nearly the same value.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/span.h"

#define HOUR_NS (3600 * NS_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int is_true)
{
	if (!is_true) {
		abort();
	}
}

static void check_format(int64_t ns)
{
	char text[SPAN_TEXT_SIZE], *blank;
	int64_t again_ns = -1;
	size_t len;

	len = span_format(ns, 1, text);
	check(len == strlen(text) && len < SPAN_TEXT_SIZE);
	check(text[0] == (ns == 0 ? '0' : ns < 0 ? '-' : '+'));
	/* Rounding up to an hour changes the form, so stop a little below. */
	if (ns < 0 || ns >= HOUR_NS - NS_PER_S) {
		return;
	}
	span_format(ns, 0, text);
	blank = strchr(text, ' ');
	check(blank != NULL);
	memmove(blank, blank + 1, strlen(blank));
	check(span_parse(text, &again_ns) == SPAN_OK);
	check((again_ns > ns ? again_ns - ns : ns - again_ns) * 2000 <= ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	enum span_verdict verdict;
	int64_t ns = -1;

	check(text != NULL);
	if (size > 0) {
		memcpy(text, data, size);
	}
	text[size] = '\0';
	verdict = span_parse(text, &ns);
	check(span_verdict_text(verdict) != NULL);
	if (verdict == SPAN_OK) {
		check(ns >= 0);
		check_format(ns);
	} else {
		check(ns == -1);
	}
	free(text);
	if (size == sizeof(ns)) {
		memcpy(&ns, data, sizeof(ns));
		check_format(ns);
	}
	return 0;
}
