/* SPDX-License-Identifier: MIT */
#include "core/csv.h"

#include <string.h>

static void begin(struct csv *csv)
{
	if (csv->is_inside) {
		text_put(csv->out, ",");
	}
	csv->is_inside = true;
}

void csv_text(struct csv *csv, const char *value)
{
	begin(csv);
	if (value[strcspn(value, "\",\r\n")] == '\0') {
		text_put(csv->out, value);
		return;
	}
	text_put(csv->out, "\"");
	for (; *value; value++) {
		text_octets(csv->out, *value == '"' ? "\"\"" : value,
		            *value == '"' ? 2 : 1);
	}
	text_put(csv->out, "\"");
}

void csv_integer(struct csv *csv, int64_t value)
{
	begin(csv);
	text_format(csv->out, "%lld", (long long)value);
}

void csv_empty(struct csv *csv, size_t count)
{
	for (; count > 0; count--) {
		begin(csv);
	}
}

void csv_end(struct csv *csv)
{
	text_put(csv->out, "\r\n");
	csv->is_inside = false;
}
