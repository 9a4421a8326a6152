/* SPDX-License-Identifier: MIT
 *
 * Shared by the reports: line breaks, widths, figures and labels.
 */
#include "core/report/report_private.h"

#include <stdio.h>
#include <string.h>

#include "core/base/ntp_time.h"
#include "core/base/span.h"

/* Not between a number and its unit, nor after the sign of a number. */
static bool may_break(const char *text, size_t at)
{
	size_t len = strcspn(text + at + 1, " ");
	size_t letters = strspn(text + at + 1, "abcdefghijklmnopqrstuvwxyz\xc2\xb5");

	if (text[at] != ' ') {
		return false;
	}
	if (at > 1 && text[at - 2] == ' ' && (text[at - 1] == 'd' || text[at - 1] == 'h')) {
		return false; /* "2 d 03:04:05" */
	}
	if (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') {
		return letters > 3 || len > 4;
	}
	return at < 2 || (strncmp(text + at - 2, "/-", 2) != 0 &&
	                  strncmp(text + at - 2, "\xc2\xb1", 2) != 0);
}

void report_wrapped(struct text *out, const char *text, size_t indent, size_t columns)
{
	if (*text != '\0') {
		text_blanks(out, indent);
		style_wrap(out, text, indent, indent, columns, may_break);
	}
}

size_t report_width(const struct style *style)
{
	return (size_t)ns_clamp((int64_t)style->columns, 60, 80);
}

size_t report_columns(const struct style *style)
{
	return style->is_unwrapped ? SIZE_MAX : report_width(style);
}

int64_t report_saturated(uint64_t ns)
{
	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

/* The power of ten that rounds `value` to `digits` digits; at least 1. */
static uint64_t step_for_digits(uint64_t value, unsigned digits)
{
	uint64_t step = 1;

	for (; digits > 1; digits--) {
		value /= 10;
	}
	while (value >= 10) {
		value /= 10;
		step *= 10;
	}
	return step;
}

/* With more digits than span_format(): `shown_ns` to a multiple of `step_ns`, a power of
 * ten below the unit. */
static void format_fine(const char *sign, uint64_t shown_ns, uint64_t step_ns, char *buf)
{
	static const char *const names[] = { " ns", " us", " ms", " s" };
	const bool is_long = shown_ns >= UINT64_C(3600) * (uint64_t)NS_PER_S;
	char whole[SPAN_TEXT_SIZE], decimals[12] = ".";
	uint64_t unit_ns = 1, whole_units, left;
	size_t place = 0, width = 0;

	while (place < 3 && shown_ns >= unit_ns * 1000) {
		place++;
		unit_ns *= 1000;
	}
	whole_units = shown_ns / unit_ns;
	left = shown_ns % unit_ns;
	while (step_ns < unit_ns) {
		unit_ns /= 10;
		width++;
		decimals[width] = (char)('0' + left / unit_ns);
		left %= unit_ns;
	}
	decimals[width > 0 ? width + 1 : 0] = '\0';
	if (is_long) {
		span_format((int64_t)whole_units * NS_PER_S, 0, whole);
	} else {
		snprintf(whole, sizeof(whole), "%llu", (unsigned long long)whole_units);
	}
	snprintf(buf, REPORT_FIGURE_SIZE, "%s%s%s%s", sign, whole, decimals,
	         is_long ? "" : names[place]);
}

void report_figures(int64_t offset_ns, int64_t bound_ns, bool coarse, char *offset,
                    char *bound)
{
	const uint64_t exact_ns = ns_magnitude(offset_ns);
	uint64_t bound_up_ns = bound_ns < 0 ? 0 : (uint64_t)bound_ns;
	uint64_t step_ns = step_for_digits(exact_ns, 4);
	uint64_t fine_ns = step_for_digits(bound_up_ns, 2);
	uint64_t shown_ns;

	if (exact_ns >= UINT64_C(3600) * (uint64_t)NS_PER_S) {
		step_ns = (uint64_t)NS_PER_S; /* as in span_format() */
	}
	if (coarse || step_ns <= fine_ns || exact_ns % step_ns == 0) {
		shown_ns = (exact_ns + step_ns / 2) / step_ns * step_ns;
		span_format(offset_ns, 1, offset);
	} else {
		shown_ns = (exact_ns + fine_ns / 2) / fine_ns * fine_ns;
		format_fine(offset_ns < 0 ? "-" : "+", shown_ns, fine_ns, offset);
	}
	bound_up_ns += shown_ns > exact_ns ? shown_ns - exact_ns : exact_ns - shown_ns;
	step_ns = step_for_digits(bound_up_ns, 3);
	bound_up_ns = (bound_up_ns + step_ns - 1) / step_ns * step_ns;
	span_format(report_saturated(bound_up_ns), 0, bound);
}

size_t report_label(const struct run_source *source, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	const char *name = source->name;
	bool has_port = source->port != 0 && source->port != scheme_port(source->scheme);
	bool needs_brackets = has_port && strchr(name, ':') != NULL;
	char escaped[4 * SERVER_HOST_SIZE];

	if (source->scheme != SCHEME_NTP) {
		text_format(&out, "%s://", scheme_name(source->scheme));
	}
	text_escape((const uint8_t *)name, strlen(name), escaped, sizeof(escaped));
	text_put(&out, needs_brackets ? "[" : "");
	text_put(&out, escaped);
	text_put(&out, needs_brackets ? "]" : "");
	if (has_port) {
		text_format(&out, ":%u", (unsigned)source->port);
	}
	return out.len;
}

size_t report_other_address(const struct run_source *source, char *buf)
{
	struct address named;

	buf[0] = '\0';
	if (address_parse(source->name, &named) &&
	    address_is_same_host(&named, &source->address)) {
		return 0;
	}
	return address_format(&source->address, buf);
}

/* The length of the plain octet or the escape at `text`. */
static size_t escape_len(const char *text)
{
	return text[0] != '\\' ? 1 : text[1] == 'x' ? 4 : 2;
}

void report_cut_middle(char *text, size_t width)
{
	static const char dots[] = "..";
	size_t len = strlen(text);
	size_t keep, head = 0, tail, at;

	if (len <= width) {
		return;
	}
	if (width < sizeof(dots) + 1) {
		text[width] = '\0';
		return;
	}
	keep = width - (sizeof(dots) - 1);
	while (head + escape_len(text + head) <= (keep + 1) / 2) {
		head += escape_len(text + head);
	}
	tail = head;
	for (at = head; len - at > keep - head || at < head + sizeof(dots) - 1; at = tail) {
		tail = at + escape_len(text + at);
	}
	memcpy(text + head, dots, sizeof(dots) - 1);
	memmove(text + head + sizeof(dots) - 1, text + tail, len - tail + 1);
}
