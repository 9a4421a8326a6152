/* SPDX-License-Identifier: MIT */
#include "core/trace_text.h"

#include <stdio.h>
#include <string.h>

#include "core/report.h"
#include "core/span.h"
#include "core/text.h"
#include "core/text_time.h"

enum {
	INFO_ROOM = 640,
	INDENT = 7,         /* of what belongs to a numbered line */
	LADDER_COLUMNS = 66 /* between the two rails */
};

/* Breaks `line` at blanks into lines of TRACE_TEXT_COLUMNS; `column` is where the first begins,
 * all others begin at INDENT.  A word too long for a line is broken anywhere. */
static void put_wrapped(struct text *out, const char *line, size_t column)
{
	bool is_start = true;
	size_t word;

	while (*line != '\0') {
		word = strcspn(line, " ");
		if (column > INDENT && column + !is_start + word > TRACE_TEXT_COLUMNS) {
			text_format(out, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (!is_start) {
			text_format(out, " ");
			column++;
		}
		if (word > TRACE_TEXT_COLUMNS - column) {
			word = TRACE_TEXT_COLUMNS - column;
		}
		text_octets(out, line, word);
		is_start = false;
		column += word;
		line += word;
		line += strspn(line, " ");
	}
	text_format(out, "\n");
}

static uint64_t magnitude(int64_t ns)
{
	return ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
}

/* All digits, so that a reader can add them up. */
static void put_seconds(struct text *out, int64_t ns, const char *plus)
{
	text_format(out, "%s%llu.%09llu", ns < 0 ? "-" : plus,
	            (unsigned long long)(magnitude(ns) / (uint64_t)NS_PER_S),
	            (unsigned long long)(magnitude(ns) % (uint64_t)NS_PER_S));
}

size_t trace_text_endpoint(const struct address *address, char *buf)
{
	struct text out = text_to(buf, TRACE_TEXT_ENDPOINT_ROOM);
	char text[ADDRESS_TEXT_ROOM];

	if (address->family == ADDRESS_NONE) {
		text_format(&out, "?");
		return out.len;
	}
	address_format(address, text);
	text_format(&out, address->family == ADDRESS_IPV6 ? "[%s]:%u" : "%s:%u", text,
	            (unsigned)address->port);
	return out.len;
}

const char *trace_text_mode(uint8_t mode)
{
	static const char *const names[] = {
		[NTP_MODE_RESERVED] = "reserved mode",
		[NTP_MODE_ACTIVE] = "symmetric active",
		[NTP_MODE_PASSIVE] = "symmetric passive",
		[NTP_MODE_CLIENT] = "client",
		[NTP_MODE_SERVER] = "server",
		[NTP_MODE_BROADCAST] = "broadcast",
		[NTP_MODE_CONTROL] = "control",
		[NTP_MODE_PRIVATE] = "private",
	};

	return mode < COUNT_OF(names) ? names[mode] : "unknown mode";
}

/* Whose number it is stands between the two. */
static void put_note(struct text *out, const struct trace_packet *packet)
{
	static const struct {
		const char *before;
		const char *after;
	} texts[TRACE_NOTE_COUNT] = {
		[TRACE_NOTE_NONE] = { "answers ", "" },
		[TRACE_NOTE_AGAIN] = { "the SAME as request ",
		                       ": repeated, or seen twice" },
		[TRACE_NOTE_DUPLICATE] = { "DUPLICATE: ", " was answered before" },
		[TRACE_NOTE_LATE] = { "answers ", " LATE" },
		[TRACE_NOTE_ELSEWHERE] = { "MISMATCH: the stamp of request ",
		                           ", which went to another server" },
		[TRACE_NOTE_MISMATCH] = { "MISMATCH: its origin is not what request ",
		                          " sent" },
		[TRACE_NOTE_UNASKED] = { "UNASKED: no request for it was seen", "" },
		[TRACE_NOTE_INTERLEAVED] = { "answers ", " in interleaved mode" },
		[TRACE_NOTE_MALFORMED] = { "MALFORMED", "" },
		[TRACE_NOTE_RETRANSMISSION] = { "retransmission", "" },
		[TRACE_NOTE_GAP] = { "GAP: octets before it were not captured", "" },
		[TRACE_NOTE_REFUSED] = { "REFUSED: the connection of ", "" },
	};
	bool has_number = packet->related != 0 &&
	                  packet->note != TRACE_NOTE_RETRANSMISSION &&
	                  packet->note != TRACE_NOTE_MALFORMED;

	if (packet->note == TRACE_NOTE_NONE && !has_number) {
		return;
	}
	text_format(out, ", %s", texts[packet->note].before);
	if (has_number) {
		text_format(out, "%llu%s", (unsigned long long)packet->related,
		            texts[packet->note].after);
	}
}

static void put_leap(struct text *out, uint8_t leap)
{
	static const char *const texts[] = {
		[NTP_LEAP_NONE] = "",
		[NTP_LEAP_INSERT] = ", leap second announced",
		[NTP_LEAP_DELETE] = ", leap second left out announced",
		[NTP_LEAP_UNSYNCHRONISED] = ", leap 3",
	};

	text_format(out, "%s", texts[leap & 3]);
}

static void put_ntp(struct text *out, const struct trace_packet *packet)
{
	const struct ntp_header *ntp = &packet->ntp;
	char refid[20];

	if (!packet->has_mode) {
		text_format(out, "NTP");
		return;
	}
	text_format(out, "NTPv%u %s", (unsigned)ntp->version, trace_text_mode(ntp->mode));
	if (ntp->mode == NTP_MODE_CONTROL || ntp->mode == NTP_MODE_PRIVATE) {
		text_format(out, " message (mode %u), not decoded", (unsigned)ntp->mode);
		return;
	}
	if (packet->role == TRACE_REQUEST) {
		text_format(out, ", request");
	} else if (packet->has_header) {
		report_refid(ntp->stratum, ntp->refid, refid, sizeof(refid));
		if (ntp->stratum == 0 && refid[0] != '\0') {
			text_format(out, ", kiss %s", refid);
		} else {
			text_format(out, ", stratum %u", (unsigned)ntp->stratum);
		}
		put_leap(out, ntp->leap);
	}
	if (packet->extension_count > 0) {
		text_format(out, ", %llu extension field%s",
		            (unsigned long long)packet->extension_count,
		            packet->extension_count > 1 ? "s" : "");
	}
	if (packet->mac_octets > 4) {
		text_format(out, ", MAC of %u octets (key %lu)",
		            (unsigned)packet->mac_octets, (unsigned long)packet->key_id);
	} else if (packet->mac_octets > 0) {
		text_format(out, ", crypto-NAK");
	}
}

static void put_tcp(struct text *out, const struct trace_packet *packet)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} flags[] = {
		{ FRAME_TCP_SYN, " SYN" }, { FRAME_TCP_FIN, " FIN" },
		{ FRAME_TCP_RST, " RST" }, { FRAME_TCP_PSH, " PSH" },
		{ FRAME_TCP_ACK, " ACK" },
	};
	size_t i;

	text_format(out, "TCP");
	for (i = 0; i < COUNT_OF(flags); i++) {
		if ((packet->frame.tcp_flags & flags[i].flag) != 0) {
			text_format(out, "%s", flags[i].name);
		}
	}
	if (packet->stream != packet->number) {
		text_format(out, ", stream of %llu", (unsigned long long)packet->stream);
	}
	if (packet->frame.wire_octets > 0) {
		text_format(out, ", %llu octets",
		            (unsigned long long)packet->frame.wire_octets);
	}
	if (packet->role != TRACE_OTHER) {
		text_format(out, ", ");
	}
}

static void put_text_protocol(struct text *out, const struct trace_packet *packet)
{
	char told[4 * TRACE_TEXT_ROOM + 1];

	if (packet->role == TRACE_OTHER) {
		return;
	}
	text_format(out, "%s %s", trace_protocol_name(packet->protocol),
	            packet->role == TRACE_REQUEST ? "request" : "answer");
	if (packet->role == TRACE_ANSWER && packet->protocol == TRACE_TIME) {
		if (packet->has_reading) {
			text_time_rfc3339(packet->reading, told);
			text_format(out, " %s", told);
		}
	} else if (packet->role == TRACE_ANSWER) {
		report_escape(packet->text, packet->text_octets, told, sizeof(told));
		text_format(out, " \"%s\"", told);
	}
}

size_t trace_text_info(const struct trace_packet *packet, char *buf, size_t room)
{
	struct text out = text_to(buf, room);

	if (packet->verdict != FRAME_OK) {
		text_format(&out, "%s", frame_verdict_text(packet->verdict));
		return out.len;
	}
	if (packet->protocol == TRACE_NONE) {
		text_format(&out, "%s, no time protocol",
		            packet->frame.is_tcp ? "TCP" : "UDP");
		return out.len;
	}
	if (packet->frame.is_tcp) {
		put_tcp(&out, packet);
	}
	if (packet->protocol == TRACE_NTP) {
		put_ntp(&out, packet);
	} else {
		put_text_protocol(&out, packet);
	}
	put_note(&out, packet);
	if (packet->is_cut) {
		text_format(&out, ", cut by the capture");
	}
	/* That of an answer is told with its exchange. */
	if (packet->complaint && !(packet->role == TRACE_ANSWER && packet->related != 0)) {
		text_format(&out, "; %s", packet->complaint);
	}
	return out.len;
}

size_t trace_text_packet(const struct trace_packet *packet, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char ends[2 * TRACE_TEXT_ENDPOINT_ROOM + 4] = "";
	char source[TRACE_TEXT_ENDPOINT_ROOM], destination[TRACE_TEXT_ENDPOINT_ROOM];
	char info[INFO_ROOM];
	char seconds[SPAN_TEXT_ROOM];
	struct text since = text_to(seconds, sizeof(seconds));
	size_t column;

	if (packet->frame.source.family != ADDRESS_NONE) {
		trace_text_endpoint(&packet->frame.source, source);
		trace_text_endpoint(&packet->frame.destination, destination);
		snprintf(ends, sizeof(ends), "%s > %s ", source, destination);
	}
	trace_text_info(packet, info, sizeof(info));
	put_seconds(&since, packet->since_first_ns, "");
	text_format(&out, "%5llu  %13s  ", (unsigned long long)packet->number, seconds);
	column = out.len;
	if (column + strlen(ends) + strnlen(info, sizeof(info)) < TRACE_TEXT_COLUMNS ||
	    ends[0] == '\0') {
		text_format(&out, "%s%s", ends, ends[0] != '\0' ? " " : "");
		put_wrapped(&out, info, column + strlen(ends) + (ends[0] != '\0'));
		return out.len;
	}
	put_wrapped(&out, ends, column);
	text_format(&out, "%*s", INDENT, "");
	put_wrapped(&out, info, INDENT);
	return out.len;
}

static void put_stamp(struct text *out, const char *name, struct instant at,
                      const char *meaning, uint64_t frame)
{
	char time[TEXT_TIME_RFC3339_ROOM];

	text_time_rfc3339(at, time);
	text_format(out, "%*s%-2s %s  %s", INDENT + 2, "", name, time, meaning);
	if (frame != 0) {
		text_format(out, " (%llu)", (unsigned long long)frame);
	}
	text_format(out, "\n");
}

size_t trace_text_exchange(const struct trace_exchange *exchange, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char offset[SPAN_TEXT_ROOM], delay[SPAN_TEXT_ROOM];
	char line[INFO_ROOM];
	struct text first = text_to(line, sizeof(line));

	text_format(&first,
	            "exchange %llu (%llu, %llu): ", (unsigned long long)exchange->number,
	            (unsigned long long)exchange->request_frame,
	            (unsigned long long)exchange->answer_frame);
	if (exchange->has_result) {
		span_format(exchange->offset_ns, 1, offset);
		span_format(exchange->delay_ns, 0, delay);
		text_format(&first, "offset %s, delay %s", offset, delay);
	} else {
		text_format(&first, "no offset%s",
		            exchange->protocol == TRACE_DAYTIME
		                    ? ": the format of its line is free"
		                    : " to be had");
	}
	text_format(&first, "%s", exchange->is_late ? ", LATE" : "");
	if (exchange->complaint) {
		text_format(&first, "; not to be used: %s", exchange->complaint);
	}
	text_format(&out, "%*s", INDENT, "");
	put_wrapped(&out, line, INDENT);

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

size_t trace_text_silence(const struct trace_silence *silence, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char client[TRACE_TEXT_ENDPOINT_ROOM], server[TRACE_TEXT_ENDPOINT_ROOM];
	char line[INFO_ROOM];
	struct text first = text_to(line, sizeof(line));

	trace_text_endpoint(&silence->client, client);
	trace_text_endpoint(&silence->server, server);
	text_format(&first, "NO ANSWER to %llu: %s asked %s (%s%s)",
	            (unsigned long long)silence->request_frame, client, server,
	            trace_protocol_name(silence->protocol), silence->is_tcp ? "+tcp" : "");
	if (silence->refused_by != 0) {
		text_format(&first, "; refused by %llu",
		            (unsigned long long)silence->refused_by);
	}
	text_format(&out, "%*s", INDENT, "");
	put_wrapped(&out, line, INDENT);
	return out.len;
}

/* One row: a label, the rail of the capture, `text` at the left or right, the server's. */
static void put_rung(struct text *out, const char *label, const char *left,
                     const char *right, const char *server_label)
{
	bool has_left_dot = label[0] != '\0';
	bool has_right_dot = server_label[0] != '\0';
	int gap = LADDER_COLUMNS - (int)strlen(left) - (int)strlen(right);

	text_format(out, "   %-2s   %c%s%*s%s%c%s%s\n", label, has_left_dot ? 'o' : '|',
	            left, gap > 0 ? gap : 0, "", right, has_right_dot ? 'o' : '|',
	            has_right_dot ? " " : "", server_label);
}

/* The long part of an arrow, from the left rail on: blanks, `corner`, dashes, `head`. */
static void put_arrow(struct text *out, char corner, const char *head)
{
	char arrow[LADDER_COLUMNS + 1];
	size_t blanks = 5;

	memset(arrow, '-', LADDER_COLUMNS);
	memset(arrow, ' ', blanks);
	arrow[blanks] = corner;
	memcpy(arrow + LADDER_COLUMNS - strlen(head), head, strlen(head));
	arrow[LADDER_COLUMNS] = '\0';
	put_rung(out, "", arrow, "", "");
}

static void put_ladder_rungs(struct text *out, const struct trace_exchange *exchange)
{
	char side[LADDER_COLUMNS];
	char time[TEXT_TIME_RFC3339_ROOM], held[SPAN_TEXT_ROOM];

	text_format(out, "        capture %*s server\n", LADDER_COLUMNS - 13, "");
	put_rung(out, "", "", "", "");
	text_time_rfc3339(exchange->t1, time);
	snprintf(side, sizeof(side), " %s", time);
	put_rung(out, "T1", side, "", "");
	snprintf(side, sizeof(side), "`----.  the request, frame %llu",
	         (unsigned long long)exchange->request_frame);
	put_rung(out, "", side, "", "");
	put_arrow(out, '`', ">");
	text_time_rfc3339(exchange->has_stamps ? exchange->t2 : exchange->reading, time);
	snprintf(side, sizeof(side), "%s ", time);
	put_rung(out, "", "", side, exchange->has_stamps ? "T2" : "T");
	if (exchange->has_stamps) {
		span_format(instant_diff_ns(exchange->t3, exchange->t2), 0, held);
		snprintf(side, sizeof(side), "the server holds it for %s ", held);
		put_rung(out, "", "", side, "");
		text_time_rfc3339(exchange->t3, time);
		snprintf(side, sizeof(side), "%s ", time);
		put_rung(out, "", "", side, "T3");
	} else {
		put_rung(out, "", "", "its clock, read once, somewhere in between ", "");
	}
	put_arrow(out, '.', "");
	snprintf(side, sizeof(side), "<----'  the answer, frame %llu",
	         (unsigned long long)exchange->answer_frame);
	put_rung(out, "", side, "", "");
	text_time_rfc3339(exchange->t4, time);
	snprintf(side, sizeof(side), " %s", time);
	put_rung(out, "T4", side, "", "");
	put_rung(out, "", "", "", "");
}

static void put_sums(struct text *out, const struct trace_exchange *exchange)
{
	if (exchange->has_stamps) {
		text_format(out, "  T2 - T1 = ");
		put_seconds(out, instant_diff_ns(exchange->t2, exchange->t1), "+");
		text_format(out, " s   the offset, plus the way there\n  T3 - T4 = ");
		put_seconds(out, instant_diff_ns(exchange->t3, exchange->t4), "+");
		text_format(out, " s   the offset, minus the way back\n");
		text_format(out, "  offset = ((T2 - T1) + (T3 - T4)) / 2 = ");
		put_seconds(out, exchange->offset_ns, "+");
		text_format(out, " s\n  delay  = (T4 - T1) - (T3 - T2)       = ");
	} else {
		text_format(out, "  T - T1  = ");
		put_seconds(out, instant_diff_ns(exchange->reading, exchange->t1), "+");
		text_format(out,
		            " s   the offset, plus what passed since T1\n  T - T4  = ");
		put_seconds(out, instant_diff_ns(exchange->reading, exchange->t4), "+");
		text_format(out, " s   the offset, minus what came until T4\n");
		text_format(out, "  offset = %s = ",
		            exchange->resolution_ns >= NS_PER_S
		                    ? "T + 0.5 s - (T1 + T4) / 2"
		                    : "T - (T1 + T4) / 2");
		put_seconds(out, exchange->offset_ns, "+");
		text_format(out, " s\n  delay  = T4 - T1 = ");
	}
	put_seconds(out, exchange->delay_ns, "");
	text_format(out, " s\n\n");
}

size_t trace_text_ladder(const struct trace_exchange *exchange, char *buf, size_t room)
{
	struct text out = text_to(buf, room);
	char client[TRACE_TEXT_ENDPOINT_ROOM], server[TRACE_TEXT_ENDPOINT_ROOM];
	char line[INFO_ROOM];

	trace_text_endpoint(&exchange->client, client);
	trace_text_endpoint(&exchange->server, server);
	snprintf(line, sizeof(line),
	         "Exchange %llu, %s over %s: the client %s asks the server %s",
	         (unsigned long long)exchange->number,
	         trace_protocol_name(exchange->protocol), exchange->is_tcp ? "TCP" : "UDP",
	         client, server);
	put_wrapped(&out, line, 0);
	if (exchange->complaint) {
		snprintf(line, sizeof(line), "A client would not use the answer: %s.",
		         exchange->complaint);
		put_wrapped(&out, line, 0);
	}
	text_format(&out, "\n");
	if (!exchange->has_result) {
		text_format(&out, "The answer tells no time that an offset could be worked "
		                  "out from.\n");
		return out.len;
	}
	put_ladder_rungs(&out, exchange);
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
