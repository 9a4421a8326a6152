/* SPDX-License-Identifier: MIT
 *
 * The path of a frame: its protocol, its request or answer, and the counters.
 */
#include "core/trace/trace.h"

#include <string.h>

#include "core/base/text.h"
#include "core/ntp/server_spec.h"
#include "core/trace/match_private.h"

const struct trace_port trace_standard_ports[TRACE_STANDARD_PORTS] = {
	{ TRACE_NTP, NTP_PORT },    { TRACE_REQTIME, REQTIME_PORT },
	{ TRACE_TIME, TIME_PORT },  { TRACE_DAYTIME, DAYTIME_PORT },
	{ TRACE_NTS_KE, NTS_PORT },
};

const char *trace_protocol_name(enum trace_protocol protocol)
{
	static const char *const names[TRACE_PROTOCOL_COUNT] = {
		[TRACE_NONE] = "none",       [TRACE_NTP] = "ntp",
		[TRACE_REQTIME] = "reqtime", [TRACE_TIME] = "time",
		[TRACE_DAYTIME] = "daytime", [TRACE_NTS_KE] = "nts-ke",
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

static enum trace_protocol standard_protocol(uint16_t port)
{
	for (size_t i = 0; i < TRACE_STANDARD_PORTS; i++) {
		if (trace_standard_ports[i].port == port) {
			return trace_standard_ports[i].protocol;
		}
	}
	return TRACE_NTP;
}

bool trace_port_parse(const char *text, struct trace_port *ret)
{
	const char *colon = strchr(text, ':');
	const char *number = colon ? colon + 1 : text;
	enum trace_protocol protocol = TRACE_NONE;
	uint64_t port;

	if (!text_decimal(number, strlen(number), 1, UINT16_MAX, &port)) {
		return false;
	}
	if (!colon) {
		protocol = standard_protocol((uint16_t)port);
	}
	for (size_t i = TRACE_NTP; colon && i < TRACE_PROTOCOL_COUNT; i++) {
		const char *name = trace_protocol_name((enum trace_protocol)i);

		if (strlen(name) == (size_t)(colon - text) &&
		    memcmp(name, text, strlen(name)) == 0) {
			protocol = (enum trace_protocol)i;
		}
	}
	if (protocol == TRACE_NONE) {
		return false;
	}
	*ret = (struct trace_port){ .protocol = protocol, .port = (uint16_t)port };
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
	for (size_t i = 0; i < trace->port_count; i++) {
		const enum trace_protocol protocol = trace->ports[i].protocol;

		if (trace->ports[i].port == port &&
		    protocol != (is_tcp ? TRACE_NTP : TRACE_NTS_KE)) {
			return protocol;
		}
	}
	return TRACE_NONE;
}

/* By its ports, or by the server that a returned cookie revealed. */
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
	                            : trace_text_udp(trace, packet, ret);
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
	trace_count(trace, ret);
	return is_complete;
}
