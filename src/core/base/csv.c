/* SPDX-License-Identifier: MIT
 *
 * Writes comma-separated values.
 */
#include "core/base/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text_time.h"

enum { UNTRUSTED_SIZE = 1024 }; /* the longest host name, each octet escaped */

static void begin(struct csv *csv)
{
	if (csv->is_inside) {
		text_put(&csv->out, ",");
	}
	csv->is_inside = true;
}

void csv_text(struct csv *csv, const char *words)
{
	begin(csv);
	if (words[strcspn(words, ",\"\r\n")] == '\0') {
		text_put(&csv->out, words);
		return;
	}
	text_put(&csv->out, "\"");
	for (; *words != '\0'; words++) {
		text_put(&csv->out, *words == '"' ? "\"" : "");
		text_octets(&csv->out, words, 1);
	}
	text_put(&csv->out, "\"");
}

void csv_escaped(struct csv *csv, const char *words)
{
	char field[UNTRUSTED_SIZE + 1];

	if (words[0] != '\0' && strchr("=+-@", words[0])) {
		snprintf(field, sizeof(field), "'%s", words);
		words = field;
	}
	csv_text(csv, words);
}

void csv_untrusted(struct csv *csv, const char *words)
{
	char escaped[UNTRUSTED_SIZE];

	text_escape((const uint8_t *)words, strlen(words), escaped, sizeof(escaped));
	csv_escaped(csv, escaped);
}

void csv_number(struct csv *csv, bool is_known, int64_t number)
{
	begin(csv);
	if (is_known) {
		text_format(&csv->out, "%" PRId64, number);
	}
}

void csv_time(struct csv *csv, struct instant at)
{
	char text[TEXT_TIME_RFC3339_SIZE];

	text_time_rfc3339(at, text);
	csv_text(csv, text);
}

void csv_empty(struct csv *csv, size_t count)
{
	for (; count > 0; count--) {
		begin(csv);
	}
}

void csv_end(struct csv *csv)
{
	text_put(&csv->out, "\r\n");
	csv->is_inside = false;
}

void csv_heading(struct csv *csv, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		csv_text(csv, names[i]);
	}
	csv_end(csv);
}
