/* SPDX-License-Identifier: MIT
 *
 * The text protocols as they come from the network: a parsed time is written and parsed
 * again as the same; invalid text changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text_time.h"

#define UNTOUCHED INT64_C(-4242424242)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static void check_instant(struct instant at)
{
	struct civil civil = civil_from_instant(at);
	struct instant again = { UNTOUCHED };
	uint8_t answer[TEXT_TIME_RFC3339_SIZE];
	char text[TEXT_TIME_867_SIZE];
	size_t len;

	check(civil.year >= 1677 && civil.year <= 2262);
	check(civil.month >= 1 && civil.month <= 12 && civil.day >= 1 && civil.day <= 31);
	check(civil.hour >= 0 && civil.hour <= 23 && civil.minute >= 0 &&
	      civil.minute <= 59);
	check(civil.second >= 0 && civil.second <= 59);
	check(civil.weekday >= 0 && civil.weekday <= 6);
	check(civil.ns >= 0 && civil.ns < NS_PER_S);

	check(text_time_rfc3339(at, text) == TEXT_TIME_RFC3339_SIZE - 1);
	check(text_time_rfc3339_parse(text, TEXT_TIME_RFC3339_SIZE - 1, &again));
	check(again.unix_ns == at.unix_ns);
	again.unix_ns = UNTOUCHED;
	len = text_time_answer(at, answer);
	check(text_time_answer_parse(answer, len, &again) && again.unix_ns == at.unix_ns);
	len = text_time_867(at, text);
	check(len == strlen(text) && len < TEXT_TIME_867_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct instant at = { UNTOUCHED };
	uint8_t again[TEXT_TIME_868_OCTETS];

	if (text_time_answer_parse(data, size, &at)) {
		check_instant(at);
	} else {
		check(at.unix_ns == UNTOUCHED);
	}
	at.unix_ns = UNTOUCHED;
	if (text_time_rfc3339_parse((const char *)data, size, &at)) {
		check_instant(at);
	} else {
		check(at.unix_ns == UNTOUCHED);
	}
	at.unix_ns = UNTOUCHED;
	if (text_time_868_parse(data, size, &at)) {
		check(size == TEXT_TIME_868_OCTETS && text_time_868(at, again) == size);
		check(memcmp(again, data, size) == 0);
		check_instant(at);
	} else {
		check(size != TEXT_TIME_868_OCTETS && at.unix_ns == UNTOUCHED);
	}
	check(!text_time_is_request(data, size) || (size >= 7 && size <= 9));
	if (size == sizeof(at.unix_ns)) {
		memcpy(&at.unix_ns, data, size);
		check_instant(at);
	}
	return 0;
}
