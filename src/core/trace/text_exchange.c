/* SPDX-License-Identifier: MIT
 *
 * Exchanges, requests without an answer, and the summary, as text.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/trace/text_private.h"

static void put_stamp(struct text *out, const char *name, struct instant at,
                      const char *meaning, uint64_t frame)
{
	char time[TEXT_TIME_RFC3339_SIZE];

	text_time_rfc3339(at, time);
	text_format(out, "%*s%-2s %s  %s", TRACE_TEXT_INDENT + 2, "", name, time, meaning);
	if (frame != 0) {
		text_format(out, " (%llu)", (unsigned long long)frame);
	}
	text_format(out, "\n");
}

size_t trace_text_exchange(const struct trace_exchange *exchange, const struct style *style,
                           char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char offset[SPAN_TEXT_SIZE], delay[SPAN_TEXT_SIZE];
	char line[TRACE_TEXT_INFO_SIZE];
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
		text_put(&first, "no offset");
	}
	if (exchange->is_late) {
		text_put(&first, ", ");
		style_word(&first, style, STYLE_DOUBTFUL, "LATE");
	}
	if (exchange->complaint[0] != '\0') {
		text_format(&first, "; unusable: %s", exchange->complaint);
	}
	text_format(&out, "%*s", TRACE_TEXT_INDENT, "");
	trace_text_wrapped(&out, line, TRACE_TEXT_INDENT);

	put_stamp(&out, "T1", exchange->t1, "capture: request", exchange->request_frame);
	if (exchange->has_stamps) {
		put_stamp(&out, "T2", exchange->t2, "server: request received", 0);
		put_stamp(&out, "T3", exchange->t3, "server: answer sent", 0);
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
                          char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char client[TRACE_TEXT_ENDPOINT_SIZE], server[TRACE_TEXT_ENDPOINT_SIZE];
	char line[TRACE_TEXT_INFO_SIZE];
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

static void put_unread(struct text *out, const struct trace_counts *counts)
{
	uint64_t named = 0;

	text_format(out, "Not decoded: %llu\n", (unsigned long long)counts->unread);
	for (size_t i = 0; i < counts->unread_kind_count; i++) {
		const struct trace_unread *kind = &counts->unread_kinds[i];
		char name[TRACE_TEXT_UNREAD_SIZE];

		if (kind->frames == 0) {
			continue;
		}
		trace_text_unread(kind, name);
		text_format(out, "%7llu  %s\n", (unsigned long long)kind->frames, name);
		named += kind->frames;
	}
	if (named < counts->unread) {
		text_format(out, "%7llu  of other kinds\n",
		            (unsigned long long)(counts->unread - named));
	}
}

size_t trace_text_unread(const struct trace_unread *kind, char *buf)
{
	struct text out = text_to(buf, TRACE_TEXT_UNREAD_SIZE);
	char name[FRAME_NAME_SIZE];

	if (kind->verdict == FRAME_OK) {
		text_format(&out, "%s (UDP port %u)", frame_unread_udp(kind->code),
		            (unsigned)kind->code);
	} else {
		frame_unread_format(kind->verdict, kind->code, name);
		text_put(&out, name);
	}
	return out.len;
}

size_t trace_text_summary(const struct trace_counts *counts, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

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
	if (counts->assumed > 0) {
		text_format(&out, "Packets assumed to be NTP: %llu\n",
		            (unsigned long long)counts->assumed);
	}
	if (counts->cut > 0) {
		text_format(&out,
		            "Packets cut short by the capture: %llu; a snap length of 2048 "
		            "keeps them whole\n",
		            (unsigned long long)counts->cut);
	}
	if (counts->other_udp > 0) {
		text_format(
			&out,
			"UDP packets of no known time protocol: %llu\n"
			"       (--all shows them, --port [PROTO:]N sets the protocol of "
			"a port)\n",
			(unsigned long long)counts->other_udp);
	}
	if (counts->unread > 0) {
		put_unread(&out, counts);
	}
	if (counts->exchanges > 0) {
		text_format(
			&out,
			"Offsets are server - capture: T1 and T4 are by the clock of the "
			"machine that\ncaptured, not of the client.\n");
	}
	return out.len;
}
