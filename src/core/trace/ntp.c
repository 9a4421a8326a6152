/* SPDX-License-Identifier: MIT
 *
 * NTP: decodes a packet and finds the request it answers.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/octets.h"
#include "core/ntp/ext.h"
#include "core/ntp/refusal.h"
#include "core/nts/fields.h"
#include "core/trace/frame_private.h"
#include "core/trace/match_private.h"

enum { ORIGIN_AT = 24, TS_OCTETS = 8 };

/* Requests that an answer may belong to, from the best match to the worst. */
struct candidates {
	struct trace_pending *waiting; /* its own request */
	struct trace_pending *answered;
	struct trace_pending *interleaved;
	struct trace_pending *elsewhere; /* same timestamp, another server */
	struct trace_pending *last;      /* of the same client to the same server */
};

static void read_nts(const struct ntp_ext_field *field, struct trace_nts *ret)
{
	struct octets_reader body = octets_read_from(field->body, field->body_octets);
	size_t nonce, sealed;

	switch (field->type) {
	case NTS_FIELD_UNIQUE_ID:
		ret->unique_id_octets = field->body_octets;
		break;
	case NTS_FIELD_COOKIE:
		ret->cookie_octets = field->body_octets;
		break;
	case NTS_FIELD_PLACEHOLDER:
		ret->placeholder_count++;
		break;
	case NTS_FIELD_AUTHENTICATOR:
		nonce = octets_get_u16(&body);
		sealed = octets_get_u16(&body);
		ret->authenticator_octets = field->body_octets;
		ret->encrypted_octets =
			sealed >= NTS_TAG_OCTETS && nonce + sealed <= body.left
				? sealed - NTS_TAG_OCTETS
				: 0;
		break;
	default:
		break;
	}
}

/* The extension fields and the MAC after the header, and how a server would take them. */
static enum ntp_request_verdict read_tail(struct trace_packet *packet)
{
	const uint8_t *octets = packet->frame.payload;
	size_t len = packet->frame.payload_octets;
	size_t at = NTP_HEADER_OCTETS;
	struct ntp_ext_field field;
	enum ntp_ext_result result;

	if (packet->is_cut) {
		return NTP_REQUEST_ACCEPTED;
	}
	if (len % 4 != 0 || len > NTP_PACKET_SIZE) {
		return NTP_REQUEST_BAD_LENGTH;
	}
	while ((result = ntp_ext_next(octets, len, &at, &field)) == NTP_EXT_FIELD) {
		packet->extension_count++;
		read_nts(&field, &packet->nts);
	}
	if (result == NTP_EXT_MAC) {
		packet->mac_octets = len - at;
		packet->key_id = frame_u32(octets + at);
	}
	/* No key is known here, so a MAC may be valid. */
	return result == NTP_EXT_MALFORMED ? NTP_REQUEST_BAD_EXTENSION
	                                   : NTP_REQUEST_ACCEPTED;
}

/* Read as by a client that sent the origin timestamp.  reqtime never sends zero, but other
 * clients do, and match the answer by it.  Answers between peers have their own modes;
 * trace_complete() checks them when the request is known.  Of a packet cut by the capture,
 * the header and the original length are checked. */
static void read_reply(struct trace_packet *packet)
{
	const struct frame *frame = &packet->frame;
	const size_t wire = frame->wire_octets;
	const bool has_bad_length = wire % 4 != 0 || wire > NTP_PACKET_SIZE;
	uint8_t octets[NTP_PACKET_SIZE + 4] = { 0 };
	struct reply_packet reply = { .octets = octets, .cookie = packet->ntp.origin };
	struct reply read;

	reply.is_cut = wire > sizeof(octets);
	reply.len = reply.is_cut ? sizeof(octets) : wire;
	if (packet->is_cut && !has_bad_length) {
		reply.len = NTP_HEADER_OCTETS;
	}
	memcpy(octets, frame->payload,
	       reply.len < frame->payload_octets ? reply.len : frame->payload_octets);
	if (packet->ntp.mode == NTP_MODE_ACTIVE || packet->ntp.mode == NTP_MODE_PASSIVE) {
		octets[0] = (uint8_t)((octets[0] & ~7) | NTP_MODE_SERVER);
	}
	if (ntp_ts_is_zero(reply.cookie)) {
		octets[ORIGIN_AT] = 1;
		reply.cookie.seconds = UINT32_C(1) << 24;
	}
	reply_read(&reply, &read);
	packet->outcome = read.outcome;
	memcpy(packet->complaint, read.reason, sizeof(packet->complaint));
}

static bool is_coded(uint8_t mode)
{
	return mode != NTP_MODE_CONTROL && mode != NTP_MODE_PRIVATE;
}

static void read_short(struct trace_packet *packet)
{
	const uint8_t *octets = packet->frame.payload;
	size_t len = packet->frame.payload_octets;
	uint8_t header[NTP_HEADER_OCTETS] = { 0 };

	if (packet->is_cut) {
		packet->note = TRACE_NOTE_CUT;
		return;
	}
	packet->note = TRACE_NOTE_MALFORMED;
	if (len > 0) {
		memcpy(header, octets, len);
		ntp_header_read(header, &packet->ntp);
	}
	ntp_refusal_format(NTP_TOO_SHORT, octets, len, false, packet->complaint);
}

void trace_ntp_read(struct trace_packet *packet)
{
	const uint8_t *octets = packet->frame.payload;
	size_t len = packet->frame.payload_octets;

	packet->is_cut = len < packet->frame.wire_octets;
	if (len > 0) {
		packet->has_mode = true;
		packet->ntp.version = octets[0] >> 3 & 7;
		packet->ntp.mode = octets[0] & 7;
	}
	if (len < NTP_HEADER_OCTETS) {
		if (len == 0 || is_coded(packet->ntp.mode)) {
			read_short(packet);
		}
		return;
	}
	ntp_header_read(octets, &packet->ntp);
	packet->has_header = is_coded(packet->ntp.mode);
	if (packet->has_header) {
		packet->asked = read_tail(packet);
	}
	if (packet->ntp.version < 1 || packet->ntp.version > NTP_VERSION) {
		packet->asked = NTP_REQUEST_WRONG_VERSION;
	}
	read_reply(packet);
}

static bool is_request(const struct trace_packet *packet, bool is_to_server)
{
	switch (packet->ntp.mode) {
	case NTP_MODE_CLIENT:
	case NTP_MODE_ACTIVE:
		return true;
	case NTP_MODE_RESERVED:
		return packet->ntp.version == 1 && is_to_server;
	default:
		return false;
	}
}

static struct candidates find_candidates(struct trace *trace,
                                         const struct trace_packet *packet)
{
	struct candidates found = { NULL, NULL, NULL, NULL, NULL };
	const struct ntp_ts origin = packet->ntp.origin;
	struct trace_pending *pending;
	uint64_t id = trace->pending_end;

	while (id > 0 && (pending = trace_pending_at(trace, --id)) != NULL) {
		bool is_same = ntp_ts_equal(pending->cookie, origin);
		bool is_waiting = !pending->is_answered || pending->is_broken;

		if (pending->protocol != TRACE_NTP ||
		    !address_equal(&pending->client, &packet->frame.destination)) {
			continue;
		}
		if (!trace_is_asked(pending, &packet->frame.source)) {
			if (is_same && !pending->is_answered && !ntp_ts_is_zero(origin)) {
				found.elsewhere = pending;
			}
		} else if (is_same && is_waiting) {
			found.waiting = pending;
			return found;
		} else if (is_same && !found.answered) {
			found.answered = pending;
		} else if (!pending->is_answered && !found.interleaved &&
		           !ntp_ts_is_zero(origin) &&
		           ntp_ts_equal(pending->received, origin)) {
			found.interleaved = pending;
		} else if (!found.last) {
			found.last = pending;
		}
	}
	return found;
}

static void complain(struct trace_packet *packet, const char *words)
{
	snprintf(packet->complaint, sizeof(packet->complaint), "%s", words);
}

/* A client ignores packets that do not answer its request. */
static void take_untrusted(struct trace_packet *packet, enum trace_note note,
                           const struct trace_pending *related)
{
	packet->note = note;
	packet->related = related->frame;
	complain(packet, ntp_verdict_text(NTP_WRONG_ORIGIN));
}

static bool take_answer(struct trace *trace, struct trace_packet *packet,
                        struct trace_exchange *ret)
{
	struct candidates found = find_candidates(trace, packet);
	struct trace_pending *pending = found.waiting;

	if (!pending && found.answered) {
		packet->note = TRACE_NOTE_DUPLICATE;
		packet->related = found.answered->frame;
		return false;
	}
	if (!pending && found.interleaved) {
		packet->note = TRACE_NOTE_INTERLEAVED;
		pending = found.interleaved;
	}
	if (!pending) {
		trace_early_keep(trace, packet);
		if (found.elsewhere) {
			take_untrusted(packet, TRACE_NOTE_ELSEWHERE, found.elsewhere);
		} else if (found.last) {
			take_untrusted(packet, TRACE_NOTE_MISMATCH, found.last);
		} else {
			packet->note = TRACE_NOTE_UNASKED;
		}
		return false;
	}
	trace_complete(trace, pending, packet, ret);
	return true;
}

static bool take_request(struct trace *trace, struct trace_packet *packet,
                         struct trace_exchange *ret)
{
	const struct ntp_ts cookie = packet->ntp.transmit;
	struct trace_pending *pending;
	uint64_t id = trace->pending_end;

	/* Replaces the complaint that read_reply() made of it as an answer. */
	complain(packet, packet->asked == NTP_REQUEST_ACCEPTED ? ""
	                 : packet->asked == NTP_REQUEST_BAD_EXTENSION
	                         ? ntp_verdict_text(NTP_BAD_EXTENSION)
	                         : ntp_request_verdict_text(packet->asked));
	while (!ntp_ts_is_zero(cookie) && id > 0 &&
	       (pending = trace_pending_at(trace, --id)) != NULL) {
		if (ntp_ts_equal(pending->cookie, cookie) &&
		    pending->protocol == TRACE_NTP &&
		    address_equal(&pending->client, &packet->frame.source) &&
		    address_equal(&pending->server, &packet->frame.destination)) {
			packet->note = TRACE_NOTE_AGAIN;
			packet->related = pending->frame;
			return false;
		}
	}
	pending = trace_pending_add(trace, packet);
	pending->cookie = cookie;
	pending->received = packet->ntp.receive;
	pending->mode = packet->ntp.mode;
	pending->is_steady =
		packet->ntp.mode == NTP_MODE_ACTIVE && !ntp_ts_is_zero(packet->ntp.origin);
	return trace_early_complete(trace, pending, packet, ret);
}

/* Two active peers answer each other with packets that are requests as well. */
static bool take_peer(struct trace *trace, struct trace_packet *packet,
                      struct trace_exchange *ret)
{
	struct trace_packet answer = *packet;
	struct candidates found;

	if (packet->ntp.mode != NTP_MODE_ACTIVE || ntp_ts_is_zero(packet->ntp.origin)) {
		return false;
	}
	found = find_candidates(trace, packet);
	if (!found.waiting) {
		return false;
	}
	trace_complete(trace, found.waiting, &answer, ret);
	packet->related = answer.related;
	packet->note = answer.note;
	return true;
}

/* A packet that returns the cookie of a request to its client is its answer, whatever its
 * mode. */
static bool returns_cookie(struct trace *trace, const struct trace_packet *packet)
{
	return packet->frame.payload_octets >= ORIGIN_AT + TS_OCTETS &&
	       packet->ntp.mode != NTP_MODE_ACTIVE && !ntp_ts_is_zero(packet->ntp.origin) &&
	       find_candidates(trace, packet).waiting;
}

bool trace_ntp_take(struct trace *trace, struct trace_packet *packet, bool is_to_server,
                    struct trace_exchange *ret)
{
	bool is_complete;

	packet->role = TRACE_OTHER;
	if (packet->note != TRACE_NOTE_NONE) { /* too short */
		if (packet->note == TRACE_NOTE_MALFORMED && returns_cookie(trace, packet)) {
			packet->related = find_candidates(trace, packet).waiting->frame;
		}
		return false;
	}
	if (packet->ntp.mode == NTP_MODE_SERVER || packet->ntp.mode == NTP_MODE_PASSIVE ||
	    returns_cookie(trace, packet)) {
		packet->role = TRACE_ANSWER;
		return take_answer(trace, packet, ret);
	}
	if (!packet->has_header || !is_request(packet, is_to_server)) {
		packet->complaint[0] = '\0';
		return false;
	}
	packet->role = TRACE_REQUEST;
	is_complete = take_peer(trace, packet, ret);
	return take_request(trace, packet, ret) || is_complete;
}
