/* SPDX-License-Identifier: MIT
 *
 * A frame on its way: which protocol it is of, who answers whom, and what is counted.
 */
#include "core/trace/trace.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/text_time.h"
#include "core/ntp/server_spec.h"
#include "core/trace/match_private.h"

const struct trace_port trace_standard_ports[TRACE_STANDARD_PORTS] = {
	{ TRACE_NTP, NTP_PORT },
	{ TRACE_REQTIME, REQTIME_PORT },
	{ TRACE_TIME, TIME_PORT },
	{ TRACE_DAYTIME, DAYTIME_PORT },
};

const char *trace_protocol_name(enum trace_protocol protocol)
{
	static const char *const names[TRACE_PROTOCOL_COUNT] = {
		[TRACE_NONE] = "none",       [TRACE_NTP] = "ntp",
		[TRACE_REQTIME] = "reqtime", [TRACE_TIME] = "time",
		[TRACE_DAYTIME] = "daytime",
	};

	return (size_t)protocol < COUNT_OF(names) ? names[protocol] : "none";
}

const char *trace_note_name(enum trace_note note)
{
	static const char *const names[TRACE_NOTE_COUNT] = {
		[TRACE_NOTE_NONE] = "none",
		[TRACE_NOTE_AGAIN] = "again",
		[TRACE_NOTE_DUPLICATE] = "duplicate",
		[TRACE_NOTE_LATE] = "late",
		[TRACE_NOTE_ELSEWHERE] = "elsewhere",
		[TRACE_NOTE_MISMATCH] = "mismatch",
		[TRACE_NOTE_UNASKED] = "unasked",
		[TRACE_NOTE_INTERLEAVED] = "interleaved",
		[TRACE_NOTE_MALFORMED] = "malformed",
		[TRACE_NOTE_RETRANSMISSION] = "retransmission",
		[TRACE_NOTE_GAP] = "gap",
		[TRACE_NOTE_REFUSED] = "refused",
		[TRACE_NOTE_CUT] = "cut",
		[TRACE_NOTE_AFTER] = "after-answer",
	};

	return (size_t)note < COUNT_OF(names) ? names[note] : "none";
}

/* The port in decimal, 1..65535; 0 for anything else. */
static uint16_t parse_port(const char *text)
{
	uint64_t port;

	return text_decimal(text, strlen(text), 1, UINT16_MAX, &port) ? (uint16_t)port : 0;
}

static enum trace_protocol standard_protocol(uint16_t port)
{
	size_t i;

	for (i = 0; i < TRACE_STANDARD_PORTS; i++) {
		if (trace_standard_ports[i].port == port) {
			return trace_standard_ports[i].protocol;
		}
	}
	return TRACE_NTP;
}

bool trace_port_parse(const char *text, struct trace_port *ret)
{
	const char *colon = strchr(text, ':');
	enum trace_protocol protocol = TRACE_NONE;
	uint16_t port = parse_port(colon ? colon + 1 : text);
	size_t i;

	if (!colon) {
		protocol = standard_protocol(port);
	}
	for (i = TRACE_NTP; colon && i < TRACE_PROTOCOL_COUNT; i++) {
		const char *name = trace_protocol_name((enum trace_protocol)i);

		if (strlen(name) == (size_t)(colon - text) &&
		    memcmp(name, text, strlen(name)) == 0) {
			protocol = (enum trace_protocol)i;
		}
	}
	if (port == 0 || protocol == TRACE_NONE) {
		return false;
	}
	*ret = (struct trace_port){ .protocol = protocol, .port = port };
	return true;
}

void trace_init(struct trace *trace, const struct trace_port *ports, size_t count)
{
	memset(trace, 0, sizeof(*trace));
	trace->port_count = count < TRACE_PORTS_MAX ? count : TRACE_PORTS_MAX;
	memcpy(trace->ports, ports, trace->port_count * sizeof(ports[0]));
}

static enum trace_protocol port_protocol(const struct trace *trace, uint16_t port,
                                         bool is_tcp)
{
	size_t i;

	for (i = 0; i < trace->port_count; i++) {
		if (trace->ports[i].port == port &&
		    !(is_tcp && trace->ports[i].protocol == TRACE_NTP)) {
			return trace->ports[i].protocol;
		}
	}
	return TRACE_NONE;
}

void trace_read_answer(struct trace_packet *packet, const uint8_t *text, size_t octets)
{
	if (packet->protocol == TRACE_TIME) {
		packet->has_reading = text_time_868_parse(text, octets, &packet->reading);
	} else {
		packet->text_octets =
			octets < sizeof(packet->text) ? octets : sizeof(packet->text);
		memcpy(packet->text, text, packet->text_octets);
		/* The line end is no part of the line. */
		while (packet->text_octets > 0 &&
		       (packet->text[packet->text_octets - 1] == '\n' ||
		        packet->text[packet->text_octets - 1] == '\r')) {
			packet->text_octets--;
		}
	}
	if (packet->protocol == TRACE_REQTIME) {
		packet->has_reading =
			text_time_answer_parse(text, octets, &packet->reading);
	}
	if (packet->protocol == TRACE_DAYTIME) {
		snprintf(packet->complaint, sizeof(packet->complaint), "%s", REPLY_DAYTIME);
	} else if (!packet->has_reading) {
		packet->note = packet->is_cut ? TRACE_NOTE_CUT : TRACE_NOTE_MALFORMED;
		snprintf(packet->complaint, sizeof(packet->complaint), "%s",
		         packet->is_cut ? "cut short by the capture" : REPLY_NOT_A_TIME);
	}
}

void trace_malformed_request(struct trace_packet *packet)
{
	packet->note = TRACE_NOTE_MALFORMED;
	snprintf(packet->complaint, sizeof(packet->complaint), "not the request line");
}

static struct trace_pending *find_by_order(struct trace *trace,
                                           const struct trace_packet *packet,
                                           bool *ret_is_answered)
{
	struct trace_pending *pending, *waiting = NULL, *answered = NULL;
	uint64_t id = trace->pending_end;

	while (id > 0 && (pending = trace_pending_at(trace, --id)) != NULL) {
		if (pending->protocol != packet->protocol || pending->is_tcp ||
		    !address_equal(&pending->client, &packet->frame.destination) ||
		    !address_equal(&pending->server, &packet->frame.source)) {
			continue;
		}
		if (!pending->is_answered) {
			waiting = pending; /* the first that waits */
		} else if (!answered) {
			answered = pending; /* the last that does not */
		}
	}
	*ret_is_answered = !waiting && answered;
	return waiting ? waiting : answered;
}

static bool take_text_answer(struct trace *trace, struct trace_packet *packet,
                             struct trace_exchange *ret)
{
	bool is_answered = false;
	struct trace_pending *pending = find_by_order(trace, packet, &is_answered);

	trace_read_answer(packet, packet->frame.payload, packet->frame.payload_octets);
	if (!pending || is_answered) {
		if (!pending) {
			trace_early_keep(trace, packet);
		}
		packet->note = pending ? TRACE_NOTE_DUPLICATE : TRACE_NOTE_UNASKED;
		packet->related = pending ? pending->frame : 0;
		return false;
	}
	trace_complete(trace, pending, packet, ret);
	return true;
}

static bool take_text(struct trace *trace, struct trace_packet *packet,
                      struct trace_exchange *ret)
{
	const uint8_t *octets = packet->frame.payload;
	size_t len = packet->frame.payload_octets;
	struct trace_pending *pending;
	const uint8_t *end;

	packet->is_cut = len < packet->frame.wire_octets;
	if (packet->role == TRACE_ANSWER) {
		return take_text_answer(trace, packet, ret);
	}
	pending = trace_pending_add(trace, packet);
	if (packet->protocol == TRACE_REQTIME && !packet->is_cut) {
		/* What follows the line feed is padding. */
		end = len > 0 ? memchr(octets, '\n', len) : NULL;
		if (!text_time_is_request(octets, end ? (size_t)(end - octets) + 1 : len)) {
			trace_malformed_request(packet);
			return false;
		}
	}
	return trace_early_complete(trace, pending, packet, ret);
}

/* By its ports, or by a cookie that was returned. */
static void find_protocol(const struct trace *trace, struct trace_packet *packet,
                          bool *ret_is_to_server)
{
	const struct frame *frame = &packet->frame;

	*ret_is_to_server = true;
	packet->protocol = port_protocol(trace, frame->destination.port, frame->is_tcp);
	if (packet->protocol == TRACE_NONE) {
		*ret_is_to_server = false;
		packet->protocol = port_protocol(trace, frame->source.port, frame->is_tcp);
	}
	if (packet->protocol == TRACE_NONE && !frame->is_tcp &&
	    trace_is_known_server(trace, frame, ret_is_to_server)) {
		packet->protocol = TRACE_NTP;
		packet->is_assumed = true;
	}
}

static bool take_packet(struct trace *trace, struct trace_packet *packet,
                        struct trace_exchange *ret)
{
	bool is_to_server;

	find_protocol(trace, packet, &is_to_server);
	if (packet->protocol == TRACE_NONE && !packet->frame.is_tcp &&
	    trace_guess(trace, packet)) {
		find_protocol(trace, packet, &is_to_server);
	}
	if (packet->protocol == TRACE_NONE) {
		return false;
	}
	if (packet->protocol == TRACE_NTP) {
		trace_ntp_read(packet);
		return trace_ntp_take(trace, packet, is_to_server, ret);
	}
	packet->role = is_to_server ? TRACE_REQUEST : TRACE_ANSWER;
	return packet->frame.is_tcp ? trace_tcp(trace, packet, is_to_server, ret)
	                            : take_text(trace, packet, ret);
}

/* `change` is 1, or -1 for a frame that was counted before. */
static void count_unread(struct trace_counts *counts, enum frame_verdict verdict,
                         uint16_t code, int change)
{
	struct trace_unread *kind;

	counts->unread += (uint64_t)change;
	for (size_t i = 0; i < counts->unread_kind_count; i++) {
		kind = &counts->unread_kinds[i];
		if (kind->verdict == verdict && kind->code == code) {
			kind->frames += (uint64_t)change;
			return;
		}
	}
	if (change > 0 && counts->unread_kind_count < TRACE_UNREAD_MAX) {
		kind = &counts->unread_kinds[counts->unread_kind_count++];
		*kind = (struct trace_unread){ verdict, code, 1 };
	}
}

/* All lengths of IEEE 802.3 are one kind. */
static uint16_t kind_code(const struct trace_packet *packet)
{
	const uint16_t code = packet->frame.code;

	return packet->verdict == FRAME_NOT_IP && code > 0 && code < FRAME_TYPE_MIN ? 1
	                                                                            : code;
}

/* A frame that is of no time protocol, as far as is known. */
static void count_other(struct trace_counts *counts, const struct trace_packet *packet,
                        int change)
{
	const struct frame *frame = &packet->frame;
	uint16_t port = frame->destination.port;

	if (packet->verdict != FRAME_OK) {
		count_unread(counts, packet->verdict, kind_code(packet), change);
		return;
	}
	if (frame->is_tcp) {
		return;
	}
	counts->other_udp += (uint64_t)change;
	if (frame->payload_octets < frame->wire_octets &&
	    frame->payload_octets < NTP_HEADER_OCTETS) {
		counts->cut += (uint64_t)change; /* what it is cannot be told */
	}
	port = frame_unread_udp(port) ? port : frame->source.port;
	if (frame_unread_udp(port)) {
		count_unread(counts, FRAME_OK, port, change);
	}
}

static void count_matched(struct trace *trace, const struct trace_packet *packet)
{
	struct trace_counts *counts = &trace->counts;

	counts->packets++;
	counts->answers += packet->role == TRACE_ANSWER;
	counts->remarkable += packet->note != TRACE_NOTE_NONE;
	counts->cut += packet->note == TRACE_NOTE_CUT;
	counts->assumed += packet->is_assumed;
}

void trace_count_anew(struct trace *trace, const struct trace_packet *packet)
{
	count_other(&trace->counts, packet, -1);
	count_matched(trace, packet);
}

bool trace_frame(struct trace *trace, const struct trace_input *in,
                 struct trace_packet *ret, struct trace_exchange *ret_exchange)
{
	bool is_complete = false;

	memset(ret, 0, sizeof(*ret));
	if (!trace->has_first) {
		trace->has_first = true;
		trace->first = in->at;
	}
	trace->counts.frames++;
	ret->number = in->number;
	ret->at = in->at;
	ret->since_first_ns = instant_diff_ns(in->at, trace->first);
	ret->captured = in->captured;
	ret->wire = in->wire;
	ret->verdict =
		frame_parse(in->link, in->octets, in->captured, in->wire, &ret->frame);
	if (ret->verdict == FRAME_OK) {
		is_complete = take_packet(trace, ret, ret_exchange);
	} else if (ret->frame.has_quote) {
		trace_refuse(trace, ret);
	}
	if (ret->protocol != TRACE_NONE) {
		count_matched(trace, ret);
	} else {
		count_other(&trace->counts, ret, 1);
	}
	return is_complete;
}
