/* SPDX-License-Identifier: MIT
 *
 * An exchange explained: the ladder of its timestamps, the sums, and the conclusion.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/trace/text_private.h"

enum {
	COLUMNS_WIDE = 64, /* with room for a margin and for whole sentences */
	MARGIN_WIDE = 8,   /* left of the rails: "   T1   " or "T1 " */
	MARGIN_NARROW = 3,
	BEHIND = 5, /* both rails, a blank, and "T2" */
	ARROW_INDENT = 5,
	INNER_MAX = TRACE_TEXT_COLUMNS,
};

/* The parts of a ladder; each takes one column. */
struct glyphs {
	const char *rail, *dot, *dash, *to_right, *to_left;
	const char *down, *falls, *rises, *up; /* corners of the two arrows, in order */
};

static const struct glyphs ascii = { "|", "o", "-", ">", "<", "`", ".", ".", "'" };
static const struct glyphs utf8 = { "\u2502", "\u25cf", "\u2500", "\u25b6", "\u25c0",
	                            "\u2570", "\u256e", "\u256d", "\u256f" };

/* The ladder being written. */
struct ladder {
	struct text *out;
	const struct glyphs *glyphs;
	const struct style *style;
	size_t columns; /* of a line, and ... */
	size_t inner;   /* ... between the two rails */
	bool is_wide;
};

static struct ladder ladder_begin(struct text *out, const struct style *style)
{
	struct ladder ladder = { .out = out,
		                 .glyphs = style->has_utf8 ? &utf8 : &ascii,
		                 .style = style,
		                 .columns = style->columns };

	if (ladder.columns < TRACE_TEXT_LADDER_COLUMNS_MIN) {
		ladder.columns = TRACE_TEXT_LADDER_COLUMNS_MIN;
	}
	if (ladder.columns > TRACE_TEXT_COLUMNS) {
		ladder.columns = TRACE_TEXT_COLUMNS;
	}
	ladder.is_wide = ladder.columns >= COLUMNS_WIDE;
	/* A terminal may wrap a line that is full to its last column. */
	ladder.inner = ladder.columns - BEHIND -
	               (ladder.is_wide ? MARGIN_WIDE + 1 : MARGIN_NARROW);
	return ladder;
}

/* Only the part that fits between the rails: numbers may be long. */
static void put_inner(const struct ladder *ladder, const char *words, size_t columns)
{
	text_octets(ladder->out, words, style_octets(words, columns));
}

/* A row: a label, the rail of the capture, text at the left and right, the rail of the
 * server, its label. */
static void put_rung(const struct ladder *ladder, const char *label, const char *left,
                     const char *right, const char *server_label)
{
	const struct glyphs *glyphs = ladder->glyphs;
	bool has_left_dot = label[0] != '\0';
	bool has_right_dot = server_label[0] != '\0';
	size_t taken = style_columns(left) + style_columns(right);

	text_format(ladder->out, ladder->is_wide ? "   %-2s   %s" : "%-2s %s", label,
	            has_left_dot ? glyphs->dot : glyphs->rail);
	put_inner(ladder, left, ladder->inner);
	text_blanks(ladder->out, taken < ladder->inner ? ladder->inner - taken : 0);
	put_inner(ladder, right, ladder->inner);
	text_format(ladder->out, "%s%s%s\n", has_right_dot ? glyphs->dot : glyphs->rail,
	            has_right_dot ? " " : "", server_label);
}

/* The long part of an arrow, from the left rail: blanks, a corner, dashes, and the head, if
 * any. */
static void put_arrow(const struct ladder *ladder, const char *corner, const char *head)
{
	char line[4 * INNER_MAX + 1];
	struct text arrow = text_to(line, sizeof(line));
	size_t dashes = ladder->inner - ARROW_INDENT - 1 - style_columns(head);

	text_blanks(&arrow, ARROW_INDENT);
	text_put(&arrow, corner);
	for (; dashes > 0; dashes--) {
		text_put(&arrow, ladder->glyphs->dash);
	}
	text_put(&arrow, head);
	put_rung(ladder, "", line, "", "");
}

/* The short part of an arrow, at the left rail, and the frame it stands for. */
static void put_branch(const struct ladder *ladder, const char *start, const char *corner,
                       const char *what, uint64_t frame)
{
	char line[4 * INNER_MAX];
	struct text branch = text_to(line, sizeof(line));

	text_put(&branch, start);
	for (size_t i = 1; i < ARROW_INDENT; i++) {
		text_put(&branch, ladder->glyphs->dash);
	}
	text_format(&branch, "%s  %s%s, frame %llu", corner, ladder->is_wide ? "the " : "",
	            what, (unsigned long long)frame);
	put_rung(ladder, "", line, "", "");
}

static void put_server_rungs(const struct ladder *ladder,
                             const struct trace_exchange *exchange)
{
	char time[TEXT_TIME_RFC3339_SIZE], held[SPAN_TEXT_SIZE];
	char side[INNER_MAX];

	text_time_rfc3339(exchange->has_stamps ? exchange->t2 : exchange->reading, time);
	snprintf(side, sizeof(side), "%s ", time);
	put_rung(ladder, "", "", side, exchange->has_stamps ? "T2" : "T");
	if (!exchange->has_stamps) {
		put_rung(ladder, "", "",
		         ladder->is_wide ? "its clock, read once in between "
		                         : "read once, in between ",
		         "");
		return;
	}
	span_format(instant_diff_ns(exchange->t3, exchange->t2), 0, held);
	style_units(ladder->style, held);
	snprintf(side, sizeof(side),
	         ladder->is_wide ? "the server holds it for %s " : "held for %s ", held);
	put_rung(ladder, "", "", side, "");
	text_time_rfc3339(exchange->t3, time);
	snprintf(side, sizeof(side), "%s ", time);
	put_rung(ladder, "", "", side, "T3");
}

static void put_rungs(const struct ladder *ladder, const struct trace_exchange *exchange)
{
	const struct glyphs *glyphs = ladder->glyphs;
	char time[TEXT_TIME_RFC3339_SIZE];
	char side[INNER_MAX];

	text_blanks(ladder->out, ladder->is_wide ? MARGIN_WIDE : MARGIN_NARROW);
	text_format(ladder->out, "capture%*sserver\n", (int)ladder->inner - 11, "");
	put_rung(ladder, "", "", "", "");
	text_time_rfc3339(exchange->t1, time);
	snprintf(side, sizeof(side), " %s", time);
	put_rung(ladder, "T1", side, "", "");
	put_branch(ladder, glyphs->down, glyphs->falls, "request", exchange->request_frame);
	put_arrow(ladder, glyphs->down, glyphs->to_right);
	put_server_rungs(ladder, exchange);
	put_arrow(ladder, glyphs->rises, "");
	put_branch(ladder, glyphs->to_left, glyphs->up, "answer", exchange->answer_frame);
	text_time_rfc3339(exchange->t4, time);
	snprintf(side, sizeof(side), " %s", time);
	put_rung(ladder, "T4", side, "", "");
	put_rung(ladder, "", "", "", "");
}

/* "  FORMULA = NUMBER s   MEANING", broken into lines where too long. */
static void put_sum(const struct ladder *ladder, const char *formula, int64_t ns,
                    const char *plus, const char *meaning)
{
	char value[SPAN_TEXT_SIZE];
	struct text number = text_to(value, sizeof(value));
	size_t column;

	trace_text_seconds(&number, ns, plus);
	column = 2 + strlen(formula) + 3 + number.len + 2;
	text_format(ladder->out, "  %s", formula);
	if (column > ladder->columns) {
		text_format(ladder->out, "\n        ");
		column = 8 + 3 + number.len + 2;
	}
	text_format(ladder->out, " = %s s", value);
	if (meaning[0] != '\0' && column + 3 + strlen(meaning) > ladder->columns) {
		text_format(ladder->out, "\n      %s\n", meaning);
	} else {
		text_format(ladder->out, "%s%s\n", meaning[0] != '\0' ? "   " : "",
		            meaning);
	}
}

static void put_stamp_sums(const struct ladder *ladder,
                           const struct trace_exchange *exchange)
{
	int64_t delay_ns = ns_sub(instant_diff_ns(exchange->t4, exchange->t1),
	                          instant_diff_ns(exchange->t3, exchange->t2));

	put_sum(ladder, "T2 - T1", instant_diff_ns(exchange->t2, exchange->t1), "+",
	        "the offset plus the outbound delay");
	put_sum(ladder, "T3 - T4", instant_diff_ns(exchange->t3, exchange->t4), "+",
	        "the offset minus the return delay");
	if (exchange->has_result) {
		put_sum(ladder, "offset = ((T2 - T1) + (T3 - T4)) / 2", exchange->offset_ns,
		        "+", "");
	}
	put_sum(ladder,
	        ladder->is_wide ? "delay  = (T4 - T1) - (T3 - T2)      "
	                        : "delay  = (T4 - T1) - (T3 - T2)",
	        delay_ns, "",
	        exchange->has_result && delay_ns < 0 ? "(0, within the precision)" : "");
}

static void put_reading_sums(const struct ladder *ladder,
                             const struct trace_exchange *exchange)
{
	put_sum(ladder, "T - T1 ", instant_diff_ns(exchange->reading, exchange->t1), "+",
	        "the offset plus the time since T1");
	put_sum(ladder, "T - T4 ", instant_diff_ns(exchange->reading, exchange->t4), "+",
	        "the offset minus the time until T4");
	if (exchange->has_result) {
		put_sum(ladder,
		        exchange->resolution_ns >= NS_PER_S
		                ? "offset = T + 0.5 s - (T1 + T4) / 2"
		                : "offset = T - (T1 + T4) / 2",
		        exchange->offset_ns, "+", "");
	}
	put_sum(ladder, "delay  = T4 - T1", instant_diff_ns(exchange->t4, exchange->t1), "",
	        "");
}

static void put_conclusion(const struct ladder *ladder,
                           const struct trace_exchange *exchange)
{
	char line[TRACE_TEXT_INFO_SIZE];
	char offset[SPAN_TEXT_SIZE], doubt[SPAN_TEXT_SIZE];
	const int64_t offset_ns = exchange->offset_ns;
	/* Either way may have taken between none and all of the delay. */
	int64_t doubt_ns = exchange->delay_ns / 2 + exchange->delay_ns % 2;

	if (exchange->has_reading && exchange->resolution_ns >= NS_PER_S) {
		doubt_ns = ns_add(doubt_ns, exchange->resolution_ns / 2);
	}
	span_format(ns_abs(offset_ns), 0, offset);
	span_format(doubt_ns, 0, doubt);
	style_units(ladder->style, offset);
	style_units(ladder->style, doubt);
	if (offset_ns == 0) {
		snprintf(line, sizeof(line),
		         "The client's clock shows the server's time if the delay is the "
		         "same both ways; otherwise it may be up to %s off.",
		         doubt);
	} else {
		snprintf(
			line, sizeof(line),
			"The client's clock is %s %s the server's if the delay is the same "
			"both ways; otherwise up to %s more or less.",
			offset, offset_ns < 0 ? "ahead of" : "behind", doubt);
	}
	style_wrap(ladder->out, line, 0, 0, ladder->columns, NULL);
}

static void put_head(const struct ladder *ladder, const struct trace_exchange *exchange)
{
	char client[TRACE_TEXT_ENDPOINT_SIZE], server[TRACE_TEXT_ENDPOINT_SIZE];
	char line[TRACE_TEXT_INFO_SIZE];

	trace_text_endpoint(&exchange->client, client);
	trace_text_endpoint(&exchange->server, server);
	snprintf(line, sizeof(line),
	         "Exchange %llu, %s over %s: the client %s asks the server %s",
	         (unsigned long long)exchange->number,
	         trace_protocol_name(exchange->protocol), exchange->is_tcp ? "TCP" : "UDP",
	         client, server);
	style_wrap(ladder->out, line, 0, TRACE_TEXT_INDENT, ladder->columns, NULL);
	if (exchange->is_assumed) {
		style_wrap(ladder->out,
		           "Assumed to be NTP: the answer returns the request's cookie.", 0,
		           TRACE_TEXT_INDENT, ladder->columns, NULL);
	}
	if (exchange->complaint[0] != '\0') {
		snprintf(line, sizeof(line), "A client would not use the answer: %s.",
		         exchange->complaint);
		style_wrap(ladder->out, line, 0, TRACE_TEXT_INDENT, ladder->columns, NULL);
	}
	text_format(ladder->out, "\n");
}

static const char authenticated[] =
	"The answer has an authenticator of NTS, which only the client can check: if it is "
	"right, T2, T3 and all else in the answer come from the server, and belong to this "
	"request.  Not protected is the delay: a packet that is held up on the way shifts "
	"the offset, by half of the delay at most.";

size_t trace_text_ladder(const struct trace_exchange *exchange, const struct style *style,
                         char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	const struct ladder ladder = ladder_begin(&out, style);

	put_head(&ladder, exchange);
	if (!exchange->has_stamps && !exchange->has_reading) {
		style_wrap(&out, "No offset: the answer holds no time to compute it from.",
		           0, 0, ladder.columns, NULL);
		return out.len;
	}
	put_rungs(&ladder, exchange);
	if (exchange->has_stamps) {
		put_stamp_sums(&ladder, exchange);
	} else {
		put_reading_sums(&ladder, exchange);
	}
	text_format(&out, "\n");
	style_wrap(&out,
	           exchange->has_stamps
	                   ? "T1 and T4 are by the clock of the machine that "
	                     "captured (the client, if it captured itself), T2 and "
	                     "T3 by the server's clock."
	                   : "T1 and T4 are by the clock of the machine that "
	                     "captured (the client, if it captured itself), T by "
	                     "the server's clock.",
	           0, 0, ladder.columns, NULL);
	text_format(&out, "\n");
	if (exchange->is_authenticated) {
		style_wrap(&out, authenticated, 0, 0, ladder.columns, NULL);
		text_format(&out, "\n");
	}
	if (exchange->has_result) {
		put_conclusion(&ladder, exchange);
	} else {
		style_wrap(&out, "No offset: these times contradict each other.", 0, 0,
		           ladder.columns, NULL);
	}
	return out.len;
}
