/* SPDX-License-Identifier: MIT
 *
 * TCP connections: which frame carries the request, and which the end of the answer.
 *
 * The reqtime protocol sends a request line.  In RFC 868 and 867 the connection is the
 * request: the server cannot read its clock before the client acknowledges its SYN, so
 * that frame is the request.
 */
#include <string.h>

#include "core/base/text_time.h"
#include "core/trace/match_private.h"

static struct trace_stream *stream_find(struct trace *trace, const struct frame *frame)
{
	for (size_t i = 0; i < TRACE_STREAMS_MAX; i++) {
		struct trace_stream *stream = &trace->streams[i];

		if (stream->protocol != TRACE_NONE &&
		    ((address_equal(&stream->client, &frame->source) &&
		      address_equal(&stream->server, &frame->destination)) ||
		     (address_equal(&stream->client, &frame->destination) &&
		      address_equal(&stream->server, &frame->source)))) {
			return stream;
		}
	}
	return NULL;
}

/* A free place, or that of the connection idle for longest. */
static struct trace_stream *stream_place(struct trace *trace)
{
	struct trace_stream *oldest = &trace->streams[0];

	for (size_t i = 0; i < TRACE_STREAMS_MAX; i++) {
		if (trace->streams[i].protocol == TRACE_NONE) {
			return &trace->streams[i];
		}
		if (trace->streams[i].used < oldest->used) {
			oldest = &trace->streams[i];
		}
	}
	return oldest;
}

static struct trace_stream *stream_begin(struct trace_stream *place,
                                         const struct trace_packet *packet,
                                         bool is_to_server)
{
	const struct frame *frame = &packet->frame;

	*place = (struct trace_stream){
		.protocol = packet->protocol,
		.client = is_to_server ? frame->source : frame->destination,
		.server = is_to_server ? frame->destination : frame->source,
		.frame = packet->number,
	};
	return place;
}

/* The connection of the packet; a SYN begins a new one on the same ports.  The side that
 * connects is the client, whatever its port. */
static struct trace_stream *stream_of(struct trace *trace,
                                      const struct trace_packet *packet, bool is_to_server)
{
	const uint8_t syn = packet->frame.tcp_flags & (FRAME_TCP_SYN | FRAME_TCP_ACK);
	struct trace_stream *stream = stream_find(trace, &packet->frame);
	const bool is_repeated_syn = syn == FRAME_TCP_SYN && stream &&
	                             stream->up.has_next &&
	                             stream->up.next == packet->frame.tcp_sequence + 1;

	if (stream && (syn != FRAME_TCP_SYN || is_repeated_syn)) {
		return stream;
	}
	if ((syn & FRAME_TCP_SYN) != 0) {
		is_to_server = (syn & FRAME_TCP_ACK) == 0;
	}
	return stream_begin(stream ? stream : stream_place(trace), packet, is_to_server);
}

static bool connection_asks(const struct trace_stream *stream)
{
	return stream->protocol == TRACE_TIME || stream->protocol == TRACE_DAYTIME;
}

static struct trace_pending *stream_pending(struct trace *trace,
                                            const struct trace_stream *stream)
{
	return stream->has_pending ? trace_pending_at(trace, stream->pending) : NULL;
}

static void stream_ask(struct trace *trace, struct trace_stream *stream,
                       struct trace_packet *packet)
{
	stream->pending = trace->pending_end;
	stream->has_pending = true;
	packet->role = TRACE_REQUEST;
	trace_pending_add(trace, packet);
}

static void take_syn(struct trace *trace, struct trace_stream *stream,
                     struct trace_packet *packet, bool is_up)
{
	struct trace_side *side = is_up ? &stream->up : &stream->down;

	if (side->has_next) {
		packet->note = TRACE_NOTE_RETRANSMISSION;
		packet->related = is_up ? stream->frame : 0;
		return;
	}
	side->has_next = true;
	side->next = packet->frame.tcp_sequence + 1;
	if (!is_up) {
		stream->is_accepted = true;
	} else if (connection_asks(stream)) {
		/* Until the connection is open, which take_opening() sees. */
		stream_ask(trace, stream, packet);
		packet->role = TRACE_OTHER;
	}
}

/* The client's answer to the server's SYN. */
static void take_opening(struct trace *trace, struct trace_stream *stream,
                         struct trace_packet *packet)
{
	struct trace_pending *pending = stream_pending(trace, stream);

	stream->is_open = true;
	if (connection_asks(stream) && pending && !pending->is_answered) {
		pending->frame = packet->number;
		pending->at = packet->at;
		packet->role = TRACE_REQUEST;
	}
}

static void take_reset(struct trace *trace, struct trace_stream *stream,
                       struct trace_packet *packet)
{
	struct trace_pending *pending = stream_pending(trace, stream);

	if (pending && !pending->is_answered && pending->refused_by == 0) {
		pending->refused_by = packet->number;
	}
	if (!stream->is_accepted && stream->up.has_next) {
		packet->note = TRACE_NOTE_REFUSED;
		packet->related = stream->frame;
	}
}

/* Adds the new octets of the segment.  False when there are none, or the line is done. */
static bool side_take(struct trace_side *side, struct trace_packet *packet)
{
	const struct frame *frame = &packet->frame;
	const bool is_syn = (frame->tcp_flags & FRAME_TCP_SYN) != 0;
	const uint32_t sequence = frame->tcp_sequence + (is_syn ? 1 : 0);
	uint32_t ahead = side->has_next ? sequence - side->next : 0;
	size_t old = 0, take;

	if (ahead != 0 && ahead < UINT32_C(0x80000000)) {
		packet->note = TRACE_NOTE_GAP;
		side->is_done = true; /* the line can no longer be reassembled */
	} else {
		old = 0 - ahead;
	}
	if (old >= frame->wire_octets) {
		packet->note = TRACE_NOTE_RETRANSMISSION;
		return false;
	}
	side->has_next = true;
	side->next = sequence + (uint32_t)frame->wire_octets;
	if (old < frame->payload_octets && !side->is_done) {
		take = frame->payload_octets - old;
		if (take > sizeof(side->text) - side->text_octets) {
			take = sizeof(side->text) - side->text_octets;
		}
		memcpy(side->text + side->text_octets, frame->payload + old, take);
		side->text_octets += take;
	}
	packet->is_cut |= frame->payload_octets < frame->wire_octets;
	return !side->is_done;
}

/* True when the answer was captured earlier. */
static bool take_request_line(struct trace *trace, struct trace_stream *stream,
                              struct trace_packet *packet, struct trace_exchange *ret)
{
	const size_t word_octets = sizeof(TEXT_TIME_REQUEST) - 2;
	struct trace_side *up = &stream->up;
	const uint8_t *end = memchr(up->text, '\n', up->text_octets);

	if (stream->protocol != TRACE_REQTIME || (up->text_octets < word_octets && !end)) {
		return false;
	}
	up->is_done = true;
	stream_ask(trace, stream, packet);
	if (end ? !text_time_is_request(up->text, (size_t)(end - up->text) + 1)
	        : !text_time_is_request(up->text, word_octets)) {
		trace_malformed_request(packet);
		return false;
	}
	return trace_early_complete(trace, stream_pending(trace, stream), packet, ret);
}

/* The length of the answer when it is complete, else 0. */
static size_t answer_octets(const struct trace_stream *stream,
                            const struct trace_packet *packet)
{
	const struct trace_side *down = &stream->down;
	const uint8_t *end = memchr(down->text, '\n', down->text_octets);

	if (stream->protocol == TRACE_TIME && down->text_octets >= TEXT_TIME_868_OCTETS) {
		return TEXT_TIME_868_OCTETS;
	}
	if (stream->protocol != TRACE_TIME && end) {
		return (size_t)(end - down->text) + 1;
	}
	if (packet->is_cut || (packet->frame.tcp_flags & FRAME_TCP_FIN) != 0 ||
	    down->text_octets == sizeof(down->text)) {
		return down->text_octets;
	}
	return 0;
}

static bool take_answer(struct trace *trace, struct trace_stream *stream,
                        struct trace_packet *packet, struct trace_exchange *ret)
{
	struct trace_pending *pending = stream_pending(trace, stream);
	size_t octets = answer_octets(stream, packet);

	if (octets == 0) {
		return false;
	}
	stream->down.is_done = true;
	packet->role = TRACE_ANSWER;
	trace_read_answer(packet, stream->down.text, octets);
	if (!pending || pending->is_answered) {
		if (!pending) {
			trace_early_keep(trace, packet);
		}
		if (packet->note == TRACE_NOTE_NONE) {
			packet->note = TRACE_NOTE_UNASKED;
		}
		return false;
	}
	trace_complete(trace, pending, packet, ret);
	return true;
}

bool trace_tcp(struct trace *trace, struct trace_packet *packet, bool is_to_server,
               struct trace_exchange *ret)
{
	struct trace_stream *stream = stream_of(trace, packet, is_to_server);
	const uint8_t flags = packet->frame.tcp_flags;
	bool is_up = address_equal(&stream->client, &packet->frame.source);
	struct trace_side *side = is_up ? &stream->up : &stream->down;

	stream->used = packet->number;
	packet->stream = stream->frame;
	packet->role = TRACE_OTHER;
	if ((flags & FRAME_TCP_SYN) != 0) {
		take_syn(trace, stream, packet, is_up);
	} else if (is_up && stream->is_accepted && !stream->is_open &&
	           (flags & (FRAME_TCP_ACK | FRAME_TCP_RST)) == FRAME_TCP_ACK) {
		take_opening(trace, stream, packet);
	}
	if ((flags & FRAME_TCP_RST) != 0) {
		if (!is_up) {
			take_reset(trace, stream, packet);
		}
		return false; /* its payload is no data: RFC 9293 section 3.5.3 */
	}
	if (stream->protocol == TRACE_NTS_KE) {
		return false; /* encrypted: it cannot be told where a request ends */
	}
	if (packet->frame.wire_octets > 0) {
		if (!side_take(side, packet)) {
			return false;
		}
		if (is_up) {
			return take_request_line(trace, stream, packet, ret);
		}
	} else if (is_up || side->is_done || (flags & FRAME_TCP_FIN) == 0) {
		return false;
	}
	return take_answer(trace, stream, packet, ret);
}
