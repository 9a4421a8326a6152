/* SPDX-License-Identifier: MIT
 *
 * A packet on one line.
 */
#include "core/trace/text_private.h"

#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "core/ntp/refid.h"

void trace_text_wrapped(struct text *out, const char *line, size_t column)
{
	style_wrap(out, line, column, TRACE_TEXT_INDENT, TRACE_TEXT_COLUMNS, NULL);
}

void trace_text_seconds(struct text *out, int64_t ns, const char *plus)
{
	text_format(out, "%s%llu.%09llu", ns < 0 ? "-" : plus,
	            (unsigned long long)(ns_magnitude(ns) / (uint64_t)NS_PER_S),
	            (unsigned long long)(ns_magnitude(ns) % (uint64_t)NS_PER_S));
}

size_t trace_text_endpoint(const struct address *address, char *buf)
{
	struct text out = text_to(buf, TRACE_TEXT_ENDPOINT_SIZE);
	char text[ADDRESS_TEXT_SIZE];

	if (address->family == ADDRESS_NONE) {
		text_format(&out, "?");
		return out.len;
	}
	address_format(address, text);
	text_format(&out, address->family == ADDRESS_IPV6 ? "[%s]:%u" : "%s:%u", text,
	            (unsigned)address->port);
	return out.len;
}

/* The number of the related frame stands between the two. */
static void put_note(struct text *out, const struct trace_packet *packet)
{
	static const struct {
		const char *before;
		const char *after;
	} texts[TRACE_NOTE_COUNT] = {
		[TRACE_NOTE_NONE] = { "answers ", "" },
		[TRACE_NOTE_AGAIN] = { "the SAME as request ",
		                       ": sent again, or captured twice" },
		[TRACE_NOTE_DUPLICATE] = { "DUPLICATE: ", " was answered before" },
		[TRACE_NOTE_LATE] = { "answers ", " LATE" },
		[TRACE_NOTE_ELSEWHERE] = { "MISMATCH: the timestamp of request ",
		                           ", which went to another server" },
		[TRACE_NOTE_MISMATCH] = { "MISMATCH: its origin is not the timestamp of "
		                          "request ",
		                          "" },
		[TRACE_NOTE_UNASKED] = { "UNASKED: no request for it was seen before", "" },
		[TRACE_NOTE_INTERLEAVED] = { "answers ", " in interleaved mode" },
		[TRACE_NOTE_MALFORMED] = { "MALFORMED", "" },
		[TRACE_NOTE_RETRANSMISSION] = { "retransmission", "" },
		[TRACE_NOTE_GAP] = { "GAP: octets before it were not captured", "" },
		[TRACE_NOTE_REFUSED] = { "REFUSED: the connection of ", "" },
		[TRACE_NOTE_AFTER] = { "captured AFTER its answer ", "" },
	};
	bool has_number = packet->related != 0 &&
	                  packet->note != TRACE_NOTE_RETRANSMISSION &&
	                  packet->note != TRACE_NOTE_MALFORMED;

	if ((packet->note == TRACE_NOTE_NONE && !has_number) ||
	    packet->note == TRACE_NOTE_CUT) {
		return;
	}
	text_format(out, ", %s", texts[packet->note].before);
	if (has_number) {
		text_format(out, "%llu%s", (unsigned long long)packet->related,
		            texts[packet->note].after);
	}
}

/* The fields of NTS by name, with the length of their bodies; the others only by their
 * number. */
static void put_fields(struct text *out, const struct trace_packet *packet)
{
	const struct trace_nts *nts = &packet->nts;
	const size_t named =
		(size_t)(nts->unique_id_octets > 0) + (size_t)(nts->cookie_octets > 0) +
		(size_t)(nts->authenticator_octets > 0) + nts->placeholder_count;
	const size_t others =
		packet->extension_count > named ? packet->extension_count - named : 0;

	if (nts->unique_id_octets > 0) {
		text_format(out, ", unique identifier (%zu octets)", nts->unique_id_octets);
	}
	if (nts->cookie_octets > 0) {
		text_format(out, ", cookie (%zu)", nts->cookie_octets);
	}
	if (nts->placeholder_count > 0) {
		text_format(out, ", %zu placeholder%s for more cookies",
		            nts->placeholder_count, nts->placeholder_count > 1 ? "s" : "");
	}
	if (nts->authenticator_octets > 0) {
		text_format(out, ", authenticator (%zu; encrypted fields: %zu)",
		            nts->authenticator_octets, nts->encrypted_octets);
	}
	if (others > 0) {
		text_format(out, ", %zu %sextension field%s", others,
		            named > 0 ? "other " : "", others > 1 ? "s" : "");
	}
}

static void put_ntp(struct text *out, const struct trace_packet *packet)
{
	static const char *const leaps[] = {
		[NTP_LEAP_NONE] = "",
		[NTP_LEAP_INSERT] = ", leap second insertion announced",
		[NTP_LEAP_DELETE] = ", leap second deletion announced",
		[NTP_LEAP_UNSYNCHRONISED] = ", leap 3",
	};
	const struct ntp_header *ntp = &packet->ntp;
	char refid[20];

	if (!packet->has_mode) {
		text_format(out, "NTP");
		return;
	}
	text_format(out, "NTPv%u %s", (unsigned)ntp->version, ntp_mode_name(ntp->mode));
	if (ntp->mode == NTP_MODE_CONTROL || ntp->mode == NTP_MODE_PRIVATE) {
		text_format(out, " message (mode %u), not decoded", (unsigned)ntp->mode);
		return;
	}
	if (packet->role == TRACE_REQUEST) {
		text_format(out, ", request");
	} else if (packet->has_header) {
		refid_format(ntp->stratum, ntp->refid, refid, sizeof(refid));
		if (ntp->stratum == 0 && refid[0] != '\0') {
			text_format(out, ", kiss %s", refid);
		} else {
			text_format(out, ", stratum %u", (unsigned)ntp->stratum);
		}
		text_put(out, leaps[ntp->leap & 3]);
	}
	put_fields(out, packet);
	if (packet->mac_octets > 4) {
		text_format(out, ", MAC of %u octets (key %lu)",
		            (unsigned)packet->mac_octets, (unsigned long)packet->key_id);
	} else if (packet->mac_octets > 0) {
		text_format(out, ", crypto-NAK");
	}
}

/* The type of the first TLS record in it, RFC 8446 section 5.1: the rest is encrypted. */
static void put_tls(struct text *out, const struct trace_packet *packet)
{
	static const char *const types[] = { "change of cipher", "alert", "handshake",
		                             "data" };
	enum { FIRST_TYPE = 20 };
	const uint8_t type =
		packet->frame.payload_octets > 0 ? packet->frame.payload[0] : 0;

	if (type >= FIRST_TYPE && type < FIRST_TYPE + COUNT_OF(types)) {
		text_format(out, ", TLS %s", types[type - FIRST_TYPE]);
	}
	text_put(out, ", key exchange of NTS");
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

	text_format(out, "TCP");
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
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
	if (packet->protocol == TRACE_NTS_KE) {
		put_tls(out, packet);
	}
	if (packet->role != TRACE_OTHER) {
		text_format(out, ", ");
	}
}

static void put_text_protocol(struct text *out, const struct trace_packet *packet)
{
	char escaped[4 * TRACE_TEXT_SIZE + 1];

	if (packet->role == TRACE_OTHER) {
		return;
	}
	text_format(out, "%s %s", trace_protocol_name(packet->protocol),
	            packet->role == TRACE_REQUEST ? "request" : "answer");
	if (packet->role == TRACE_ANSWER && packet->protocol == TRACE_TIME) {
		if (packet->has_reading) {
			text_time_rfc3339(packet->reading, escaped);
			text_format(out, " %s", escaped);
		}
	} else if (packet->role == TRACE_ANSWER) {
		text_escape(packet->text, packet->text_octets, escaped, sizeof(escaped));
		text_format(out, " \"%s\"", escaped);
	}
}

static void put_cut(struct text *out, const struct trace_packet *packet)
{
	text_format(out, "cut short by the capture (%llu of %llu octets)",
	            (unsigned long long)packet->captured, (unsigned long long)packet->wire);
}

static void put_unread(struct text *out, const struct trace_packet *packet)
{
	char name[FRAME_NAME_SIZE];

	if (packet->verdict == FRAME_CUT) {
		put_cut(out, packet);
		return;
	}
	frame_unread_format(packet->verdict, packet->frame.code, name);
	if ((packet->verdict == FRAME_NOT_IP || packet->verdict == FRAME_NOT_IP_IN_PPP ||
	     packet->verdict == FRAME_OTHER_PROTOCOL) &&
	    strcmp(name, frame_verdict_text(packet->verdict)) != 0) {
		text_format(out, "%s: ", frame_verdict_text(packet->verdict));
	}
	text_put(out, name);
}

static void put_tunnels(struct text *out, const struct frame *frame)
{
	for (size_t i = 0; i < frame->tunnel_count; i++) {
		text_format(out, "%s%s", i == 0 ? ", inside " : " > ",
		            frame_tunnel_name(frame->tunnels[i]));
	}
}

static void put_other(struct text *out, const struct frame *frame)
{
	const char *name = frame_unread_udp(frame->destination.port);

	name = name ? name : frame_unread_udp(frame->source.port);
	if (frame->is_tcp || !name) {
		text_format(out, "%s, no time protocol", frame->is_tcp ? "TCP" : "UDP");
	} else {
		text_format(out, "UDP, not decoded: %s", name);
	}
}

#define ASSUMED "assumed to be NTP: the answer returns the request's cookie"

static void put_info(struct text *out, const struct trace_packet *packet)
{
	if (packet->verdict != FRAME_OK || packet->protocol == TRACE_NONE) {
		if (packet->verdict != FRAME_OK) {
			put_unread(out, packet);
		} else {
			put_other(out, &packet->frame);
		}
		put_tunnels(out, &packet->frame);
		return;
	}
	if (packet->frame.is_tcp) {
		put_tcp(out, packet);
	}
	if (packet->protocol == TRACE_NTP) {
		put_ntp(out, packet);
	} else {
		put_text_protocol(out, packet);
	}
	put_note(out, packet);
	if (packet->is_cut) {
		text_put(out, ", ");
		put_cut(out, packet);
	}
	put_tunnels(out, &packet->frame);
	/* The complaint about an answer is shown with its exchange, or by the note. */
	if (packet->complaint[0] != '\0' &&
	    (packet->role != TRACE_ANSWER || packet->related == 0)) {
		text_format(out, "; %s", packet->complaint);
	}
}

size_t trace_text_info(const struct trace_packet *packet, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

	put_info(&out, packet);
	if (packet->is_assumed) {
		text_put(&out, ", " ASSUMED);
	}
	return out.len;
}

/* Ports are known of decoded packets only. */
static void put_end(const struct trace_packet *packet, const struct address *address,
                    char *buf)
{
	if (packet->verdict == FRAME_OK) {
		trace_text_endpoint(address, buf);
	} else {
		address_format(address, buf);
	}
}

size_t trace_text_packet(const struct trace_packet *packet, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char ends[2 * TRACE_TEXT_ENDPOINT_SIZE + 4] = "";
	char source[TRACE_TEXT_ENDPOINT_SIZE], destination[TRACE_TEXT_ENDPOINT_SIZE];
	char info[TRACE_TEXT_INFO_SIZE];
	char seconds[SPAN_TEXT_SIZE];
	struct text since = text_to(seconds, sizeof(seconds));
	struct text about = text_to(info, sizeof(info));
	size_t column;

	if (packet->frame.source.family != ADDRESS_NONE) {
		put_end(packet, &packet->frame.source, source);
		put_end(packet, &packet->frame.destination, destination);
		snprintf(ends, sizeof(ends), "%s > %s", source, destination);
	}
	put_info(&about, packet);
	trace_text_seconds(&since, packet->since_first_ns, "");
	text_format(&out, "%5llu  %13s  ", (unsigned long long)packet->number, seconds);
	column = out.len;
	if (column + strlen(ends) + strlen(info) + 1 < TRACE_TEXT_COLUMNS ||
	    ends[0] == '\0') {
		text_format(&out, "%s%s", ends, ends[0] != '\0' ? "  " : "");
		trace_text_wrapped(&out, info,
		                   column + strlen(ends) + (ends[0] != '\0' ? 2 : 0));
	} else {
		trace_text_wrapped(&out, ends, column);
		text_format(&out, "%*s", TRACE_TEXT_INDENT, "");
		trace_text_wrapped(&out, info, TRACE_TEXT_INDENT);
	}
	if (packet->is_assumed) {
		text_format(&out, "%*s" ASSUMED "\n", TRACE_TEXT_INDENT, "");
	}
	return out.len;
}
