/* SPDX-License-Identifier: MIT
 *
 * The text protocols (reqtime, RFC 868 and 867): their requests and answers, matched by
 * order over UDP.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/text_time.h"
#include "core/trace/match_private.h"

void trace_read_answer(struct trace_packet *packet, const uint8_t *text, size_t octets)
{
	if (packet->protocol == TRACE_TIME) {
		packet->has_reading = text_time_868_parse(text, octets, &packet->reading);
	} else {
		packet->text_octets =
			octets < sizeof(packet->text) ? octets : sizeof(packet->text);
		memcpy(packet->text, text, packet->text_octets);
		/* Without the end of the line. */
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
			waiting = pending; /* the first still waiting */
		} else if (!answered) {
			answered = pending; /* the last answered */
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

bool trace_text_udp(struct trace *trace, struct trace_packet *packet,
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
		/* Octets after the line feed are padding. */
		end = len > 0 ? memchr(octets, '\n', len) : NULL;
		if (!text_time_is_request(octets, end ? (size_t)(end - octets) + 1 : len)) {
			trace_malformed_request(packet);
			return false;
		}
	}
	return trace_early_complete(trace, pending, packet, ret);
}
