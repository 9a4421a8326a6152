/* SPDX-License-Identifier: MIT
 *
 * The metrics file of the previous run, which anyone may have written: no value taken from
 * it is in the future, and the file written next is read back unchanged.
 */
#include <stdlib.h>
#include <string.h>

#include "core/report/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int is_true)
{
	if (!is_true) {
		abort();
	}
}

static void check_verb(const char *text, enum run_verb verb)
{
	const struct instant now = { INT64_C(1795000000) * NS_PER_S };
	struct metrics_previous past = metrics_read_previous(text, verb, now), again;
	struct metrics metrics;
	char page[METRICS_SIZE];

	check(!past.has_success || past.success.unix_ns <= now.unix_ns);
	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = (uint32_t)verb;
	metrics.exit_status = 1;
	metrics.ended = now;
	check(metrics_write(&metrics, &past, page) == strlen(page));
	again = metrics_read_previous(page, verb, now);
	check(again.has_success == past.has_success);
	check(!past.has_success || again.success.unix_ns == past.success.unix_ns);
	check(again.failed_runs > 0 && again.failed_runs <= UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	check(text != NULL);
	if (size > 0) {
		memcpy(text, data, size);
	}
	text[size] = '\0';
	for (int verb = 0; verb < RUN_VERB_COUNT; verb++) {
		check_verb(text, (enum run_verb)verb);
	}
	free(text);
	return 0;
}
