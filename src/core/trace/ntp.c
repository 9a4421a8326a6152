/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/ntp/ext.h"
#include "core/trace/match_private.h"

/* What an answer may answer, from the best to the worst. */
struct candidates {
	struct trace_pending *waiting; /* its own request */
	struct trace_pending *answered;
	struct trace_pending *interleaved;
	struct trace_pending *elsewhere; /* same stamp, another server */
	struct trace_pending *last;      /* of the same client to the same server */
};

/* The fields and the MAC after the header. */
static bool read_tail(struct trace_packet *packet)
{
	const uint8_t *octets = packet->frame.payload;
	size_t len = packet->frame.payload_octets;
	size_t at = NTP_HEADER_OCTETS;
	struct ntp_ext_field field;
	enum ntp_ext_result result;

	while ((result = ntp_ext_next(octets, len, &at, &field)) == NTP_EXT_FIELD) {
		packet->extension_count++;
	}
	if (result == NTP_EXT_MAC) {
		packet->mac_octets = len - at;
		packet->key_id = (uint32_t)octets[at] << 24 |
		                 (uint32_t)octets[at + 1] << 16 |
		                 (uint32_t)octets[at + 2] << 8 | octets[at + 3];
	}
	return result != NTP_EXT_MALFORMED;
}

static void read_packet(struct trace_packet *packet)
{
	const uint8_t *octets = packet->frame.payload;
	size_t len = packet->frame.payload_octets;

	packet->is_cut = len < packet->frame.wire_octets;
	if (len == 0) {
		packet->note = TRACE_NOTE_MALFORMED;
		packet->complaint = packet->is_cut ? "cut by the capture" : "empty";
		return;
	}
	packet->has_mode = true;
	packet->ntp.version = octets[0] >> 3 & 7;
	packet->ntp.mode = octets[0] & 7;
	if (packet->ntp.mode == NTP_MODE_CONTROL || packet->ntp.mode == NTP_MODE_PRIVATE) {
		return;
	}
	if (len < NTP_HEADER_OCTETS) {
		packet->note = TRACE_NOTE_MALFORMED;
		packet->complaint = packet->is_cut ? "cut by the capture"
		                                   : ntp_verdict_text(NTP_TOO_SHORT);
		return;
	}
	packet->has_header = true;
	ntp_header_read(octets, &packet->ntp);
	if (packet->is_cut) {
		return;
	}
	if (len % 4 != 0 || len > NTP_PACKET_ROOM) {
		packet->complaint = ntp_verdict_text(NTP_BAD_LENGTH);
	} else if (!read_tail(packet)) {
		packet->complaint = ntp_verdict_text(NTP_BAD_EXTENSION);
	}
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

static bool is_answer(const struct trace_packet *packet)
{
	return packet->ntp.mode == NTP_MODE_SERVER || packet->ntp.mode == NTP_MODE_PASSIVE;
}

/* The server's own address, or a group that it answers for. */
static bool is_asked(const struct trace_pending *pending, const struct address *server)
{
	return address_equal(&pending->server, server) ||
	       (pending->server.port == server->port &&
	        address_reach(&pending->server) == ADDRESS_MULTICAST);
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

		if (pending->protocol != TRACE_NTP ||
		    !address_equal(&pending->client, &packet->frame.destination)) {
			continue;
		}
		if (!is_asked(pending, &packet->frame.source)) {
			if (is_same && !pending->is_answered && !ntp_ts_is_zero(origin)) {
				found.elsewhere = pending;
			}
		} else if (is_same && !pending->is_answered) {
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

/* What a client would say of the answer: core/ntp_packet, but for the tail, which
 * read_tail() has judged already, and the mode, since passive peers answer as well. */
static const char *judge_answer(const struct trace_packet *packet)
{
	const struct ntp_ts some = { 1, 1 };
	struct ntp_header header = packet->ntp;
	uint8_t octets[NTP_HEADER_OCTETS];
	enum ntp_verdict verdict;

	if (packet->complaint) {
		return packet->complaint;
	}
	if (packet->mac_octets == 4) {
		return ntp_verdict_text(NTP_CRYPTO_NAK);
	}
	header.mode = NTP_MODE_SERVER;
	/* A client that sends no stamp gets none back, and knows the difference. */
	if (ntp_ts_is_zero(header.origin)) {
		header.origin = some;
	}
	ntp_header_write(&header, octets);
	verdict = ntp_reply_parse(octets, sizeof(octets), header.origin, &header);
	if (verdict == NTP_ACCEPTED) {
		return NULL;
	}
	switch (verdict == NTP_KISS ? ntp_kiss_from_refid(packet->ntp.refid)
	                            : NTP_KISS_NONE) {
	case NTP_KISS_DENY:
	case NTP_KISS_RSTR:
		return "access denied";
	case NTP_KISS_RATE:
		return "asked too often";
	default:
		return verdict == NTP_KISS ? "stratum 0: not synchronised, or a kiss"
		                           : ntp_verdict_text(verdict);
	}
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
	} else if (!pending && found.elsewhere) {
		packet->note = TRACE_NOTE_ELSEWHERE;
		packet->related = found.elsewhere->frame;
		return false;
	}
	if (!pending) {
		packet->note = found.last ? TRACE_NOTE_MISMATCH : TRACE_NOTE_UNASKED;
		packet->related = found.last ? found.last->frame : 0;
		return false;
	}
	packet->complaint = judge_answer(packet);
	trace_complete(trace, pending, packet, ret);
	return true;
}

static void take_request(struct trace *trace, struct trace_packet *packet)
{
	const struct ntp_ts cookie = packet->ntp.transmit;
	struct trace_pending *pending;
	uint64_t id = trace->pending_end;

	if (packet->ntp.version < 1 || packet->ntp.version > NTP_VERSION) {
		packet->complaint = ntp_request_verdict_text(NTP_REQUEST_WRONG_VERSION);
	}
	while (!ntp_ts_is_zero(cookie) && id > 0 &&
	       (pending = trace_pending_at(trace, --id)) != NULL) {
		if (ntp_ts_equal(pending->cookie, cookie) &&
		    pending->protocol == TRACE_NTP &&
		    address_equal(&pending->client, &packet->frame.source) &&
		    address_equal(&pending->server, &packet->frame.destination)) {
			packet->note = TRACE_NOTE_AGAIN;
			packet->related = pending->frame;
			return;
		}
	}
	pending = trace_pending_add(trace, packet);
	pending->cookie = cookie;
	pending->received = packet->ntp.receive;
	pending->is_steady =
		packet->ntp.mode == NTP_MODE_ACTIVE && !ntp_ts_is_zero(packet->ntp.origin);
}

bool trace_ntp(struct trace *trace, struct trace_packet *packet, struct trace_exchange *ret)
{
	bool is_to_server = packet->role == TRACE_REQUEST;
	bool is_complete = false;
	struct candidates found;

	packet->role = TRACE_OTHER;
	read_packet(packet);
	if (!packet->has_header) {
		return false;
	}
	if (is_answer(packet)) {
		packet->role = TRACE_ANSWER;
		return take_answer(trace, packet, ret);
	}
	if (!is_request(packet, is_to_server)) {
		return false;
	}
	packet->role = TRACE_REQUEST;
	/* Two active peers answer each other with what are requests as well. */
	if (packet->ntp.mode == NTP_MODE_ACTIVE && !ntp_ts_is_zero(packet->ntp.origin)) {
		found = find_candidates(trace, packet);
		if (found.waiting) {
			packet->complaint = judge_answer(packet);
			trace_complete(trace, found.waiting, packet, ret);
			packet->complaint = NULL;
			is_complete = true;
		}
	}
	take_request(trace, packet);
	return is_complete;
}
