/* SPDX-License-Identifier: MIT
 *
 * What comes of packets: exchanges, silences, the ladder of one exchange, the sum of it all.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/trace/text_private.h"

enum { LADDER_COLUMNS = 66 /* between the two rails */, ARROW_INDENT = 5 };

static void put_stamp(struct text *out, const char *name, struct instant at,
                      const char *meaning, uint64_t frame)
{
	char time[TEXT_TIME_RFC3339_ROOM];

	text_time_rfc3339(at, time);
	text_format(out, "%*s%-2s %s  %s", TRACE_TEXT_INDENT + 2, "", name, time, meaning);
	if (frame != 0) {
		text_format(out, " (%llu)", (unsigned long long)frame);
	}
	text_format(out, "\n");
}

size_t trace_text_exchange(const struct trace_exchange *exchange, const struct style *style,
                           char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char offset[SPAN_TEXT_ROOM], delay[SPAN_TEXT_ROOM];
	char line[TRACE_TEXT_INFO_ROOM];
	struct text first = text_to(line, sizeof(line));

	text_format(&first,
	            "exchange %llu (%llu, %llu): ", (unsigned long long)exchange->number,
	            (unsigned long long)exchange->request_frame,
	            (unsigned long long)exchange->answer_frame);
	if (exchange->has_result) {
		span_format(exchange->offset_ns, 1, offset);
		span_format(exchange->delay_ns, 0, delay);
		style_units(style, offset);
		style_units(style, delay);
		text_format(&first, "offset %s, delay %s", offset, delay);
	} else {
		text_format(&first, "no offset%s",
		            exchange->protocol == TRACE_DAYTIME
		                    ? ": the format of its line is free"
		                    : " to be had");
	}
	if (exchange->is_late) {
		text_put(&first, ", ");
		style_word(&first, style, STYLE_DOUBTFUL, "LATE");
	}
	if (exchange->complaint) {
		text_format(&first, "; not to be used: %s", exchange->complaint);
	}
	text_format(&out, "%*s", TRACE_TEXT_INDENT, "");
	trace_text_wrapped(&out, line, TRACE_TEXT_INDENT);

	put_stamp(&out, "T1", exchange->t1, "capture: request", exchange->request_frame);
	if (exchange->has_stamps) {
		put_stamp(&out, "T2", exchange->t2, "server: request came", 0);
		put_stamp(&out, "T3", exchange->t3, "server: answer went", 0);
	} else if (exchange->has_reading) {
		put_stamp(&out, "T", exchange->reading,
		          exchange->resolution_ns >= NS_PER_S
		                  ? "server: its clock, cut to 1 s"
		                  : "server: its clock",
		          0);
	}
	put_stamp(&out, "T4", exchange->t4, "capture: answer", exchange->answer_frame);
	return out.len;
}

size_t trace_text_silence(const struct trace_silence *silence, const struct style *style,
                          char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char client[TRACE_TEXT_ENDPOINT_ROOM], server[TRACE_TEXT_ENDPOINT_ROOM];
	char line[TRACE_TEXT_INFO_ROOM];
	struct text first = text_to(line, sizeof(line));

	trace_text_endpoint(&silence->client, client);
	trace_text_endpoint(&silence->server, server);
	style_word(&first, style, STYLE_BAD, "NO ANSWER");
	text_format(&first, " to %llu: %s asked %s (%s%s)",
	            (unsigned long long)silence->request_frame, client, server,
	            trace_protocol_name(silence->protocol), silence->is_tcp ? "+tcp" : "");
	if (silence->refused_by != 0) {
		text_format(&first, "; refused by %llu",
		            (unsigned long long)silence->refused_by);
	}
	text_format(&out, "%*s", TRACE_TEXT_INDENT, "");
	trace_text_wrapped(&out, line, TRACE_TEXT_INDENT);
	return out.len;
}

/* What a ladder is made of; each takes one column. */
struct glyphs {
	const char *rail, *dot, *dash, *to_right, *to_left;
	const char *down, *falls, *rises, *up; /* corners of the two arrows, as they come */
};

static const struct glyphs ascii = { "|", "o", "-", ">", "<", "`", ".", ".", "'" };
static const struct glyphs utf8 = { "\u2502", "\u25cf", "\u2500", "\u25b6", "\u25c0",
	                            "\u2570", "\u256e", "\u256d", "\u256f" };

/* A ladder in the making. */
struct ladder {
	struct text *out;
	const struct glyphs *glyphs;
};

/* One row: a label, the rail of the capture, `text` at the left or right, the server's. */
static void put_rung(const struct ladder *ladder, const char *label, const char *left,
                     const char *right, const char *server_label)
{
	const struct glyphs *glyphs = ladder->glyphs;
	bool has_left_dot = label[0] != '\0';
	bool has_right_dot = server_label[0] != '\0';
	int gap = LADDER_COLUMNS - (int)style_columns(left) - (int)style_columns(right);

	text_format(ladder->out, "   %-2s   %s%s%*s%s%s%s%s\n", label,
	            has_left_dot ? glyphs->dot : glyphs->rail, left, gap > 0 ? gap : 0, "",
	            right, has_right_dot ? glyphs->dot : glyphs->rail,
	            has_right_dot ? " " : "", server_label);
}

/* The long part of an arrow, from the left rail on: blanks, a corner, dashes, and the head, if
 * any. */
static void put_arrow(const struct ladder *ladder, const char *corner, const char *head)
{
	char line[4 * LADDER_COLUMNS + 1];
	struct text arrow = text_to(line, sizeof(line));
	size_t dashes = LADDER_COLUMNS - ARROW_INDENT - 1 - style_columns(head);

	text_blanks(&arrow, ARROW_INDENT);
	text_put(&arrow, corner);
	for (; dashes > 0; dashes--) {
		text_put(&arrow, ladder->glyphs->dash);
	}
	text_put(&arrow, head);
	put_rung(ladder, "", line, "", "");
}

/* The short part of one, at the left rail, and what it carries. */
static void put_branch(const struct ladder *ladder, const char *start, const char *corner,
                       const char *what, uint64_t frame)
{
	char line[4 * LADDER_COLUMNS];
	struct text branch = text_to(line, sizeof(line));

	text_put(&branch, start);
	for (size_t i = 1; i < ARROW_INDENT; i++) {
		text_put(&branch, ladder->glyphs->dash);
	}
	text_format(&branch, "%s  %s, frame %llu", corner, what, (unsigned long long)frame);
	put_rung(ladder, "", line, "", "");
}

static void put_ladder_rungs(const struct ladder *ladder, const struct style *style,
                             const struct trace_exchange *exchange)
{
	const struct glyphs *glyphs = ladder->glyphs;
	char time[TEXT_TIME_RFC3339_ROOM], held[SPAN_TEXT_ROOM];
	char side[LADDER_COLUMNS];

	text_format(ladder->out, "        capture %*s server\n", LADDER_COLUMNS - 13, "");
	put_rung(ladder, "", "", "", "");
	text_time_rfc3339(exchange->t1, time);
	snprintf(side, sizeof(side), " %s", time);
	put_rung(ladder, "T1", side, "", "");
	put_branch(ladder, glyphs->down, glyphs->falls, "the request",
	           exchange->request_frame);
	put_arrow(ladder, glyphs->down, glyphs->to_right);
	text_time_rfc3339(exchange->has_stamps ? exchange->t2 : exchange->reading, time);
	snprintf(side, sizeof(side), "%s ", time);
	put_rung(ladder, "", "", side, exchange->has_stamps ? "T2" : "T");
	if (exchange->has_stamps) {
		span_format(instant_diff_ns(exchange->t3, exchange->t2), 0, held);
		style_units(style, held);
		snprintf(side, sizeof(side), "the server holds it for %s ", held);
		put_rung(ladder, "", "", side, "");
		text_time_rfc3339(exchange->t3, time);
		snprintf(side, sizeof(side), "%s ", time);
		put_rung(ladder, "", "", side, "T3");
	} else {
		put_rung(ladder, "", "", "its clock, read once, somewhere in between ", "");
	}
	put_arrow(ladder, glyphs->rises, "");
	put_branch(ladder, glyphs->to_left, glyphs->up, "the answer",
	           exchange->answer_frame);
	text_time_rfc3339(exchange->t4, time);
	snprintf(side, sizeof(side), " %s", time);
	put_rung(ladder, "T4", side, "", "");
	put_rung(ladder, "", "", "", "");
}

static void put_sums(struct text *out, const struct trace_exchange *exchange)
{
	if (exchange->has_stamps) {
		text_format(out, "  T2 - T1 = ");
		trace_text_seconds(out, instant_diff_ns(exchange->t2, exchange->t1), "+");
		text_format(out, " s   the offset, plus the way there\n  T3 - T4 = ");
		trace_text_seconds(out, instant_diff_ns(exchange->t3, exchange->t4), "+");
		text_format(out, " s   the offset, minus the way back\n");
		text_format(out, "  offset = ((T2 - T1) + (T3 - T4)) / 2 = ");
		trace_text_seconds(out, exchange->offset_ns, "+");
		text_format(out, " s\n  delay  = (T4 - T1) - (T3 - T2)       = ");
	} else {
		text_format(out, "  T - T1  = ");
		trace_text_seconds(out, instant_diff_ns(exchange->reading, exchange->t1),
		                   "+");
		text_format(out,
		            " s   the offset, plus what passed since T1\n  T - T4  = ");
		trace_text_seconds(out, instant_diff_ns(exchange->reading, exchange->t4),
		                   "+");
		text_format(out, " s   the offset, minus what came until T4\n");
		text_format(out, "  offset = %s = ",
		            exchange->resolution_ns >= NS_PER_S
		                    ? "T + 0.5 s - (T1 + T4) / 2"
		                    : "T - (T1 + T4) / 2");
		trace_text_seconds(out, exchange->offset_ns, "+");
		text_format(out, " s\n  delay  = T4 - T1 = ");
	}
	trace_text_seconds(out, exchange->delay_ns, "");
	text_format(out, " s\n\n");
}

size_t trace_text_ladder(const struct trace_exchange *exchange, const struct style *style,
                         char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	const struct ladder ladder = { .out = &out,
		                       .glyphs = style->has_utf8 ? &utf8 : &ascii };
	char client[TRACE_TEXT_ENDPOINT_ROOM], server[TRACE_TEXT_ENDPOINT_ROOM];
	char line[TRACE_TEXT_INFO_ROOM];

	trace_text_endpoint(&exchange->client, client);
	trace_text_endpoint(&exchange->server, server);
	snprintf(line, sizeof(line),
	         "Exchange %llu, %s over %s: the client %s asks the server %s",
	         (unsigned long long)exchange->number,
	         trace_protocol_name(exchange->protocol), exchange->is_tcp ? "TCP" : "UDP",
	         client, server);
	trace_text_wrapped(&out, line, 0);
	if (exchange->complaint) {
		snprintf(line, sizeof(line), "A client would not use the answer: %s.",
		         exchange->complaint);
		trace_text_wrapped(&out, line, 0);
	}
	text_format(&out, "\n");
	if (!exchange->has_result) {
		text_format(&out, "The answer tells no time that an offset could be worked "
		                  "out from.\n");
		return out.len;
	}
	put_ladder_rungs(&ladder, style, exchange);
	put_sums(&out, exchange);
	text_format(
		&out,
		"T1 and T4 are by the clock of the machine that captured, at the place "
		"where it\ncaptured; the others by the server's clock.  The offset is what "
		"the first is\nbehind the second.  It is wrong by half of what the two "
		"ways "
		"differ, which no\nstamp tells: by half the delay at most%s.\n",
		exchange->has_stamps || exchange->resolution_ns < NS_PER_S ? ""
									   : " and 0.5 s");
	return out.len;
}

size_t trace_text_summary(const struct trace_counts *counts, char *buf, size_t room)
{
	struct text out = text_to(buf, room);

	text_format(&out, "Frames: %llu, of time protocols: %llu\n",
	            (unsigned long long)counts->frames,
	            (unsigned long long)counts->packets);
	text_format(&out, "Requests: %llu, without an answer: %llu\n",
	            (unsigned long long)counts->requests,
	            (unsigned long long)counts->silent);
	text_format(&out, "Answers: %llu, exchanges: %llu, late: %llu\n",
	            (unsigned long long)counts->answers,
	            (unsigned long long)counts->exchanges,
	            (unsigned long long)counts->late);
	text_format(&out, "Packets with a remark: %llu\n",
	            (unsigned long long)counts->remarkable);
	if (counts->exchanges > 0) {
		text_format(
			&out,
			"Offsets are server - capture: it is the clock of the machine that "
			"captured which\nis compared, not the client's.\n");
	}
	return out.len;
}
