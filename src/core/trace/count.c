/* SPDX-License-Identifier: MIT
 *
 * Counters of a capture: packets of a time protocol, and other frames by their kind.
 */
#include "core/trace/match_private.h"

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

/* A frame of no known time protocol. */
static void count_other(struct trace_counts *counts, const struct trace_packet *packet,
                        int change)
{
	const struct frame *frame = &packet->frame;
	uint16_t port = frame->destination.port;

	if (packet->verdict != FRAME_OK) {
		/* All lengths of IEEE 802.3 are one kind. */
		const bool is_length = packet->verdict == FRAME_NOT_IP && frame->code > 0 &&
		                       frame->code < FRAME_TYPE_MIN;

		count_unread(counts, packet->verdict, is_length ? 1 : frame->code, change);
		return;
	}
	if (frame->is_tcp) {
		return;
	}
	counts->other_udp += (uint64_t)change;
	if (frame->payload_octets < frame->wire_octets &&
	    frame->payload_octets < NTP_HEADER_OCTETS) {
		counts->cut += (uint64_t)change; /* too short to tell whether it is NTP */
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

void trace_count(struct trace *trace, const struct trace_packet *packet)
{
	if (packet->protocol != TRACE_NONE) {
		count_matched(trace, packet);
	} else {
		count_other(&trace->counts, packet, 1);
	}
}

void trace_count_anew(struct trace *trace, const struct trace_packet *packet)
{
	count_other(&trace->counts, packet, -1);
	count_matched(trace, packet);
}
