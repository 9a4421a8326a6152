/* SPDX-License-Identifier: MIT
 *
 * The table, and the two sentences below it.  What is printed as offset +/- bound holds
 * as printed: the bound is rounded up, and takes in what rounding did to the offset.
 */
#include "core/report.h"

#include <stdio.h>
#include <string.h>

#include "core/span.h"
#include "core/text.h"

enum {
	VERDICT_COLUMNS = 80,
	LABEL_ROOM = 4 * SERVER_HOST_ROOM + ADDRESS_TEXT_ROOM + 32, /* all octets escaped */
	DETAIL_ROOM = ADDRESS_TEXT_ROOM + RUN_REASON_ROOM + 80,
	SENTENCE_ROOM = 320,
};

/* Breaks between words, in the middle of a word only when it fills a line by itself. */
static void put_wrapped(struct text *out, const char *text, size_t indent, size_t columns)
{
	size_t width = columns - indent;
	size_t take, i;

	while (*text != '\0') {
		take = strlen(text);
		if (take > width) {
			take = width;
			for (i = width; i > 0; i--) {
				if (text[i] == ' ') {
					take = i;
					break;
				}
			}
		}
		text_blanks(out, indent);
		text_octets(out, text, take);
		text_put(out, "\n");
		text += take;
		while (*text == ' ') {
			text++;
		}
	}
}

static bool is_plain(uint8_t octet)
{
	return octet >= 0x20 && octet < 0x7f;
}

size_t report_escape(const uint8_t *octets, size_t len, char *buf, size_t room)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;
	char piece[4];
	size_t piece_len, i;

	if (room == 0) {
		return 0;
	}
	for (i = 0; i < len; i++) {
		piece[0] = is_plain(octets[i]) ? (char)octets[i] : '\\';
		piece_len = 1;
		if (octets[i] == '\\') {
			piece[1] = '\\';
			piece_len = 2;
		} else if (!is_plain(octets[i])) {
			piece[1] = 'x';
			piece[2] = hex[octets[i] >> 4];
			piece[3] = hex[octets[i] & 0xf];
			piece_len = 4;
		}
		if (piece_len > room - 1 - used) {
			break;
		}
		memcpy(buf + used, piece, piece_len);
		used += piece_len;
	}
	buf[used] = '\0';
	return used;
}

size_t report_refid(uint8_t stratum, const uint8_t refid[4], char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char dotted[16];
	size_t len = 4;

	if (stratum <= 1) {
		while (len > 0 && refid[len - 1] == 0) { /* padding: RFC 5905 section 7.3 */
			len--;
		}
		return report_escape(refid, len, buf, room);
	}
	snprintf(dotted, sizeof(dotted), "%u.%u.%u.%u", (unsigned)refid[0],
	         (unsigned)refid[1], (unsigned)refid[2], (unsigned)refid[3]);
	text_put(&out, dotted);
	return out.len;
}

static uint64_t magnitude(int64_t ns)
{
	return ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
}

static int64_t saturated(uint64_t ns)
{
	return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

/* The largest power of ten that leaves `digits` digits of `value`; at least 1. */
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

static uint64_t round_to(uint64_t ns, uint64_t step_ns)
{
	return (ns + step_ns / 2) / step_ns * step_ns;
}

/* More digits than span_format() gives: `shown_ns` to a multiple of `step_ns`, a power
 * of ten below the unit. */
static void format_fine(const char *sign, uint64_t shown_ns, uint64_t step_ns, char *buf)
{
	static const char *const names[] = { " ns", " us", " ms", " s" };
	const bool is_long = shown_ns >= UINT64_C(3600) * (uint64_t)NS_PER_S;
	char whole[SPAN_TEXT_ROOM];
	char decimals[12] = ".";
	uint64_t unit_ns = 1;
	uint64_t whole_units, left;
	size_t place = 0;
	size_t width = 0;

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
	snprintf(buf, REPORT_FIGURE_ROOM, "%s%s%s%s", sign, whole, decimals,
	         is_long ? "" : names[place]);
}

void report_figures(int64_t offset_ns, int64_t bound_ns, bool coarse, char *offset,
                    char *bound)
{
	const uint64_t exact_ns = magnitude(offset_ns);
	uint64_t bound_up_ns = bound_ns < 0 ? 0 : (uint64_t)bound_ns;
	uint64_t step_ns = step_for_digits(exact_ns, 4);
	uint64_t fine_ns = step_for_digits(bound_up_ns, 2);
	uint64_t shown_ns;

	if (exact_ns >= UINT64_C(3600) * (uint64_t)NS_PER_S) {
		step_ns = (uint64_t)NS_PER_S; /* as span_format() does it */
	}
	if (coarse || step_ns <= fine_ns || exact_ns % step_ns == 0) {
		shown_ns = round_to(exact_ns, step_ns);
		span_format(offset_ns, 1, offset);
	} else {
		shown_ns = round_to(exact_ns, fine_ns);
		format_fine(offset_ns < 0 ? "-" : "+", shown_ns, fine_ns, offset);
	}
	bound_up_ns += shown_ns > exact_ns ? shown_ns - exact_ns : exact_ns - shown_ns;
	step_ns = step_for_digits(bound_up_ns, 3);
	bound_up_ns = (bound_up_ns + step_ns - 1) / step_ns * step_ns;
	span_format(saturated(bound_up_ns), 0, bound);
}

size_t report_label(const struct run_source *source, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	const char *name = source->name;
	bool has_port = source->port != 0 && source->port != scheme_port(source->scheme);
	bool needs_brackets = has_port && strchr(name, ':') != NULL;
	char escaped[4 * SERVER_HOST_ROOM];
	char port[8];

	if (source->scheme != SCHEME_NTP) {
		text_put(&out, scheme_name(source->scheme));
		text_put(&out, "://");
	}
	report_escape((const uint8_t *)name, strlen(name), escaped, sizeof(escaped));
	text_put(&out, needs_brackets ? "[" : "");
	text_put(&out, escaped);
	text_put(&out, needs_brackets ? "]" : "");
	if (has_port) {
		snprintf(port, sizeof(port), ":%u", (unsigned)source->port);
		text_put(&out, port);
	}
	return out.len;
}

/* The address, or "" where there is none or the name is it already. */
static size_t format_other_address(const struct run_source *source, char *buf)
{
	struct address named;

	buf[0] = '\0';
	if (address_parse(source->name, &named) && named.family == source->address.family &&
	    named.scope == source->address.scope &&
	    memcmp(named.octets, source->address.octets, sizeof(named.octets)) == 0) {
		return 0;
	}
	return address_format(&source->address, buf);
}

enum column {
	COLUMN_SERVER,
	COLUMN_STRATUM,
	COLUMN_OFFSET,
	COLUMN_BOUND,
	COLUMN_DELAY,
	COLUMN_SAMPLES,
	COLUMN_VERDICT,
	COLUMN_COUNT
};

static const struct {
	const char *full, *narrow;
} headings[COLUMN_COUNT] = {
	[COLUMN_SERVER] = { "Server", "Server" },
	[COLUMN_STRATUM] = { "Stratum", "St" },
	[COLUMN_OFFSET] = { "Offset", "Offset" },
	[COLUMN_BOUND] = { "+/-", "+/-" },
	[COLUMN_DELAY] = { "Delay", "Delay" },
	[COLUMN_SAMPLES] = { "Samples", "Smp" },
	[COLUMN_VERDICT] = { "Verdict", "Verdict" },
};

/* How a table gives way when the terminal is narrow: the first level whose server column
 * holds every name, or at least `server_enough`. */
static const struct level {
	size_t gap;
	size_t server_enough;
	bool narrow_headings, has_delay, has_samples, coarse;
} levels[] = {
	/* clang-format off */
	{ 2, SIZE_MAX, false, true,  true,  false },
	{ 2, 20,       true,  true,  true,  false },
	{ 1, 12,       true,  true,  true,  false },
	{ 1, 12,       true,  false, true,  false },
	{ 1, 8,        true,  false, false, false },
	{ 1, 0,        true,  false, false, true },
	/* clang-format on */
};

struct layout {
	const struct level *level;
	bool has_addresses; /* behind the name instead of on a line below */
	size_t widths[COLUMN_COUNT];
};

static bool is_shown(const struct level *level, size_t column)
{
	return (column != COLUMN_DELAY || level->has_delay) &&
	       (column != COLUMN_SAMPLES || level->has_samples);
}

static const char *heading(const struct level *level, size_t column)
{
	return level->narrow_headings ? headings[column].narrow : headings[column].full;
}

static void format_server(const struct run_source *source, bool has_addresses, char *buf)
{
	char address[ADDRESS_TEXT_ROOM];
	struct text out = text_to(buf, LABEL_ROOM);

	out.len = report_label(source, buf, LABEL_ROOM);
	if (has_addresses && format_other_address(source, address) > 0) {
		text_put(&out, " (");
		text_put(&out, address);
		text_put(&out, ")");
	}
}

/* All columns but the server's. */
static void format_cells(const struct run_source *source, bool coarse,
                         char cells[COLUMN_COUNT][REPORT_FIGURE_ROOM])
{
	size_t i;

	for (i = 0; i < COLUMN_COUNT; i++) {
		memcpy(cells[i], "-", sizeof("-"));
	}
	if (source->has_header) {
		snprintf(cells[COLUMN_STRATUM], REPORT_FIGURE_ROOM, "%u",
		         (unsigned)source->stratum);
	}
	if (source->has_estimate) {
		report_figures(source->offset_ns, source->bound_ns, coarse,
		               cells[COLUMN_OFFSET], cells[COLUMN_BOUND]);
		span_format(source->delay_ns, 0, cells[COLUMN_DELAY]);
	}
	snprintf(cells[COLUMN_SAMPLES], REPORT_FIGURE_ROOM, "%u/%u", source->received,
	         source->sent);
	snprintf(cells[COLUMN_VERDICT], REPORT_FIGURE_ROOM, "%s",
	         source_status_name(source->status));
}

static void widen(size_t *width, size_t need)
{
	if (need > *width) {
		*width = need;
	}
}

/* Sets every width to what the contents ask for; returns the columns that the whole
 * line would take. */
static size_t measure(const struct run *run, struct layout *layout)
{
	char cells[COLUMN_COUNT][REPORT_FIGURE_ROOM];
	char server[LABEL_ROOM];
	size_t total = 0;
	size_t column, i;

	for (column = 0; column < COLUMN_COUNT; column++) {
		layout->widths[column] = strlen(heading(layout->level, column));
	}
	for (i = 0; i < run->source_count; i++) {
		format_server(&run->sources[i], layout->has_addresses, server);
		format_cells(&run->sources[i], layout->level->coarse, cells);
		widen(&layout->widths[COLUMN_SERVER], strlen(server));
		for (column = COLUMN_SERVER + 1; column < COLUMN_COUNT; column++) {
			widen(&layout->widths[column], strlen(cells[column]));
		}
	}
	for (column = 0; column < COLUMN_COUNT; column++) {
		if (is_shown(layout->level, column)) {
			total += layout->widths[column] +
			         (column > 0 ? layout->level->gap : 0);
		}
	}
	return total;
}

static struct layout choose_layout(const struct run *run, size_t columns)
{
	struct layout layout = { .level = &levels[0], .has_addresses = true };
	size_t i, total, rest, need;

	if (measure(run, &layout) <= columns) {
		return layout;
	}
	layout.has_addresses = false;
	for (i = 0; i < COUNT_OF(levels); i++) {
		layout.level = &levels[i];
		total = measure(run, &layout);
		if (total <= columns) {
			return layout;
		}
		need = layout.level->server_enough;
		rest = total - layout.widths[COLUMN_SERVER];
		if (rest < columns && columns - rest >= need) {
			layout.widths[COLUMN_SERVER] = columns - rest;
			return layout;
		}
	}
	layout.widths[COLUMN_SERVER] = 1;
	return layout;
}

/* The length of the plain octet or the escape at `text`. */
static size_t escape_len(const char *text)
{
	if (text[0] != '\\') {
		return 1;
	}
	return text[1] == 'x' ? 4 : 2;
}

/* A long name loses its middle: the ends tell names apart, the last one holds the port. */
static void cut_middle(char *text, size_t width)
{
	static const char dots[] = "..";
	size_t len = strlen(text);
	size_t keep, head, tail, at;

	if (len <= width) {
		return;
	}
	if (width < sizeof(dots) + 1) {
		text[width] = '\0';
		return;
	}
	keep = width - (sizeof(dots) - 1);
	head = 0;
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

static void put_cell(struct text *out, const struct layout *layout, size_t column,
                     const char *text)
{
	size_t width = layout->widths[column];
	size_t pad = strlen(text) < width ? width - strlen(text) : 0;

	if (column == COLUMN_SERVER) {
		text_put(out, text);
		text_blanks(out, pad);
		return;
	}
	text_blanks(out, layout->level->gap);
	if (column != COLUMN_VERDICT) { /* the last one: no blanks at the end of a line */
		text_blanks(out, pad);
	}
	text_put(out, text);
}

static void put_headings(struct text *out, const struct layout *layout)
{
	size_t column;

	for (column = 0; column < COLUMN_COUNT; column++) {
		if (is_shown(layout->level, column)) {
			put_cell(out, layout, column, heading(layout->level, column));
		}
	}
	text_put(out, "\n");
}

static void put_source(struct text *out, const struct layout *layout,
                       const struct run_source *source)
{
	char cells[COLUMN_COUNT][REPORT_FIGURE_ROOM];
	char server[LABEL_ROOM];
	size_t column;

	format_server(source, layout->has_addresses, server);
	cut_middle(server, layout->widths[COLUMN_SERVER]);
	format_cells(source, layout->level->coarse, cells);
	put_cell(out, layout, COLUMN_SERVER, server);
	for (column = COLUMN_SERVER + 1; column < COLUMN_COUNT; column++) {
		if (is_shown(layout->level, column)) {
			put_cell(out, layout, column, cells[column]);
		}
	}
	text_put(out, "\n");
}

/* Address, reason and the line of a daytime server, as far as there are any. */
static void put_details(struct text *out, const struct layout *layout,
                        const struct run_source *source, size_t columns)
{
	char address[ADDRESS_TEXT_ROOM] = "";
	char line[DETAIL_ROOM];
	struct text detail = text_to(line, sizeof(line));

	if (!layout->has_addresses) {
		format_other_address(source, address);
	}
	text_put(&detail, address);
	if (source->reason[0] != '\0') {
		text_put(&detail, detail.len > 0 ? ": " : "");
		text_put(&detail, source->reason);
	}
	if (source->text[0] != '\0') {
		text_put(&detail, detail.len > 0 ? ": " : "");
		text_put(&detail, "it says \"");
		text_put(&detail, source->text);
		text_put(&detail, "\"");
	}
	put_wrapped(out, line, 4, columns);
}

size_t report_table(const struct run *run, unsigned columns, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	struct layout layout;
	size_t i;

	if (run->source_count == 0) {
		return 0;
	}
	columns = columns < 60 ? 60 : columns;
	layout = choose_layout(run, columns);
	put_headings(&out, &layout);
	for (i = 0; i < run->source_count; i++) {
		put_source(&out, &layout, &run->sources[i]);
		put_details(&out, &layout, &run->sources[i], columns);
	}
	return out.len;
}

static void put_offset_sentence(struct text *out, const struct run *run)
{
	const char *state = run->offset_ns > 0 ? "is behind" : "is ahead";
	char offset[REPORT_FIGURE_ROOM], bound[REPORT_FIGURE_ROOM], votes[64],
		line[SENTENCE_ROOM];

	if (magnitude(run->offset_ns) <= magnitude(run->bound_ns)) {
		state = "agrees";
	}
	if (run->asked_count <= 1) {
		snprintf(votes, sizeof(votes), "one server alone");
	} else {
		snprintf(votes, sizeof(votes), "%zu of %zu servers", run->agreeing_count,
		         run->asked_count);
	}
	report_figures(run->offset_ns, run->bound_ns, false, offset, bound);
	snprintf(line, sizeof(line), "The local clock %s: offset %s +/- %s by %s.", state,
	         offset, bound, votes);
	put_wrapped(out, line, 0, VERDICT_COLUMNS);
}

static void put_plan_sentence(struct text *out, const struct plan *plan)
{
	const char *way = plan->by_ns > 0 ? "forward" : "back";
	char by[SPAN_TEXT_ROOM], takes[SPAN_TEXT_ROOM], line[SENTENCE_ROOM];
	int64_t by_ns = saturated(magnitude(plan->by_ns));
	int64_t takes_ns;

	span_format(by_ns, 0, by);
	switch (plan->action) {
	case PLAN_NONE:
		snprintf(line, sizeof(line), "`set` would leave it alone: %s.",
		         plan_reason_text(plan->reason));
		break;
	case PLAN_STEP:
		snprintf(line, sizeof(line), "`set` would step it %s by %s.", way, by);
		break;
	case PLAN_SLEW:
		if (__builtin_mul_overflow(by_ns, 1000000 / PLAN_SLEW_PPM, &takes_ns)) {
			takes_ns = INT64_MAX;
		}
		span_format(takes_ns, 0, takes);
		snprintf(line, sizeof(line),
		         "`set` would slew it %s by %s, which takes %s.", way, by, takes);
		break;
	case PLAN_REFUSE:
	default:
		snprintf(line, sizeof(line), "`set` would refuse: %s.",
		         plan_reason_text(plan->reason));
		break;
	}
	put_wrapped(out, line, 0, VERDICT_COLUMNS);
}

static const char *status_words(enum run_status status)
{
	switch (status) {
	case RUN_REFUSED:
		return "Refused";
	case RUN_NOT_PERMITTED:
		return "Not permitted";
	case RUN_BUSY:
		return "Busy";
	case RUN_ERROR:
		return "Failed";
	case RUN_INTERRUPTED:
		return "Interrupted";
	case RUN_OK:
	case RUN_NO_ANSWER:
	case RUN_NO_MAJORITY:
	case RUN_UNSYNCHRONISED:
		break;
	}
	return "No trusted time";
}

/* For a run whose reason was left empty. */
static void usual_reason(const struct run *run, char *buf, size_t room)
{
	switch (run->status) {
	case RUN_NO_ANSWER:
		snprintf(buf, room, "no server gave a usable answer");
		break;
	case RUN_NO_MAJORITY:
		snprintf(buf, room, "only %zu of %zu servers agree and %zu are needed",
		         run->agreeing_count, run->asked_count, run->needed_count);
		break;
	case RUN_UNSYNCHRONISED:
		snprintf(buf, room, "the servers themselves are not synchronised");
		break;
	case RUN_INTERRUPTED:
		snprintf(buf, room, "signal %d", run->signal);
		break;
	default:
		snprintf(buf, room, "the reason is not known");
		break;
	}
}

void report_reason(const struct run *run, char buf[RUN_REASON_ROOM])
{
	if (run->reason[0] != '\0') {
		memcpy(buf, run->reason, RUN_REASON_ROOM);
		buf[RUN_REASON_ROOM - 1] = '\0';
	} else {
		usual_reason(run, buf, RUN_REASON_ROOM);
	}
}

static void put_status_sentence(struct text *out, const struct run *run)
{
	char reason[RUN_REASON_ROOM], line[SENTENCE_ROOM];

	report_reason(run, reason);
	snprintf(line, sizeof(line), "%s: %s.", status_words(run->status), reason);
	put_wrapped(out, line, 0, VERDICT_COLUMNS);
}

size_t report_verdict(const struct run *run, const struct plan *plan, char *buf,
                      size_t room)
{
	struct text out = text_to(buf, room);

	if (!run->has_answer) {
		put_status_sentence(&out, run);
		text_put(&out, "The clock is left alone.\n"); /* by `set` as by `query` */
		return out.len;
	}
	put_offset_sentence(&out, run);
	if (run->leap == NTP_LEAP_INSERT || run->leap == NTP_LEAP_DELETE) {
		text_put(
			&out,
			run->leap == NTP_LEAP_INSERT
				? "The servers announce that a leap second will be added.\n"
				: "The servers announce that a leap second will be left "
				  "out.\n");
	}
	if (plan && (run->status == RUN_OK || run->status == RUN_REFUSED)) {
		put_plan_sentence(&out, plan);
	} else if (run->status != RUN_OK) {
		put_status_sentence(&out, run);
	}
	return out.len;
}
