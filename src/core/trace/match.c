/* SPDX-License-Identifier: MIT
 *
 * Pending requests, and the exchange of a request with its answer.
 */
#include <stdio.h>
#include <string.h>

#include "core/ntp/refusal.h"
#include "core/trace/match_private.h"

struct trace_pending *trace_pending_at(struct trace *trace, uint64_t id)
{
	if (id >= trace->pending_end || trace->pending_end - id > TRACE_PENDING_MAX) {
		return NULL;
	}
	return &trace->pending[id % TRACE_PENDING_MAX];
}

struct trace_pending *trace_pending_add(struct trace *trace,
                                        const struct trace_packet *packet)
{
	struct trace_pending *pending =
		&trace->pending[trace->pending_end % TRACE_PENDING_MAX];

	*pending = (struct trace_pending){
		.protocol = packet->protocol,
		.is_tcp = packet->frame.is_tcp,
		.client = packet->frame.source,
		.server = packet->frame.destination,
		.frame = packet->number,
		.at = packet->at,
	};
	trace->pending_end++;
	trace->counts.requests++;
	return pending;
}

bool trace_is_asked(const struct trace_pending *pending, const struct address *server)
{
	return address_equal(&pending->server, server) ||
	       (pending->server.port == server->port &&
	        address_reach(&pending->server) == ADDRESS_MULTICAST);
}

void trace_refuse(struct trace *trace, const struct trace_packet *packet)
{
	struct trace_pending *pending;
	uint64_t id = trace->pending_end;

	while (id > 0 && (pending = trace_pending_at(trace, --id)) != NULL) {
		if (pending->is_tcp == packet->frame.is_tcp &&
		    address_equal(&pending->client, &packet->frame.quoted_source) &&
		    address_equal(&pending->server, &packet->frame.quoted_destination)) {
			if (!pending->is_answered && pending->refused_by == 0) {
				pending->refused_by = packet->number;
			}
			return;
		}
	}
}

bool trace_next_silence(struct trace *trace, struct instant now, struct trace_silence *ret)
{
	struct trace_pending *pending;

	for (; trace->pending_reported < trace->pending_end; trace->pending_reported++) {
		pending = &trace->pending[trace->pending_reported % TRACE_PENDING_MAX];
		if (pending->is_answered || pending->is_steady) {
			continue;
		}
		if (now.unix_ns < INT64_MAX &&
		    instant_diff_ns(now, pending->at) <= TRACE_WAIT_NS &&
		    trace->pending_end - trace->pending_reported < TRACE_PENDING_MAX) {
			return false;
		}
		pending->is_reported = true;
		trace->pending_reported++;
		trace->counts.silent++;
		*ret = (struct trace_silence){
			.protocol = pending->protocol,
			.is_tcp = pending->is_tcp,
			.client = pending->client,
			.server = pending->server,
			.request_frame = pending->frame,
			.asked = pending->at,
			.refused_by = pending->refused_by,
		};
		return true;
	}
	return false;
}

static void complain(struct trace_exchange *exchange, const char *words)
{
	if (exchange->complaint[0] == '\0') {
		snprintf(exchange->complaint, sizeof(exchange->complaint), "%s", words);
	}
}

static void work_out_stamps(struct trace_exchange *exchange,
                            const struct ntp_header *header)
{
	const struct reply_times times = {
		.t1 = exchange->t1,
		.t4 = exchange->t4,
		.local_precision_ns = TRACE_PRECISION_NS,
		.root_distance_max_ns = SAMPLE_ROOT_DISTANCE_MAX_NS,
	};
	char reason[REPLY_REASON_SIZE] = "";
	struct sample sample;
	enum sample_verdict verdict = reply_sample(header, &times, &sample, reason);
	int64_t there_ns = instant_diff_ns(exchange->t2, exchange->t1);
	int64_t back_ns = instant_diff_ns(exchange->t3, exchange->t4);
	/* T2 and T3 are within 2^32 s of each other, so this cannot overflow. */
	int64_t held_ns = instant_diff_ns(exchange->t3, exchange->t2);
	int64_t delay_ns = ns_add(instant_diff_ns(exchange->t4, exchange->t1), -held_ns);

	complain(exchange, reason);
	/* The four timestamps give an offset, usable or not. */
	exchange->has_result = verdict == SAMPLE_OK || verdict == SAMPLE_ROOT_TOO_FAR ||
	                       (verdict == SAMPLE_SERVER_SLOW && delay_ns >= 0);
	if (exchange->has_result) {
		exchange->offset_ns = ns_middle(there_ns, back_ns);
		exchange->delay_ns = ns_max(delay_ns, 0);
	}
}

static void work_out_reading(struct trace_exchange *exchange)
{
	struct sample sample;
	enum sample_verdict verdict =
		sample_from_reading(exchange->t1, exchange->reading, exchange->t4, 0,
	                            exchange->resolution_ns, 0, &sample);

	if (verdict != SAMPLE_OK) {
		complain(exchange, sample_verdict_text(verdict));
		return;
	}
	exchange->offset_ns = sample.offset_ns;
	exchange->delay_ns = sample.delay_ns;
	exchange->has_result = true;
}

/* Whether the same server sent the same time to this client before; the client uses a new
 * port each time. */
static bool is_repeated(struct trace *trace, const struct trace_pending *asked,
                        const struct trace_packet *packet)
{
	const struct trace_pending *pending;
	uint64_t id = trace->pending_end;

	while (id > 0 && (pending = trace_pending_at(trace, --id)) != NULL) {
		if (pending->has_transmit && pending != asked &&
		    address_equal(&pending->server, &asked->server) &&
		    address_is_same_host(&pending->client, &asked->client)) {
			return ntp_ts_equal(pending->transmit, packet->ntp.transmit);
		}
	}
	return false;
}

/* A kiss-o'-death echoes the request's timestamp and holds no time.  In interleaved mode T3
 * is that of the previous answer, which belongs to another exchange. */
static bool tells_stamps(const struct trace_packet *packet)
{
	const struct ntp_header *ntp = &packet->ntp;

	return packet->has_header && packet->note != TRACE_NOTE_INTERLEAVED &&
	       !ntp_ts_is_zero(ntp->receive) && !ntp_ts_is_zero(ntp->transmit) &&
	       !(ntp->stratum == 0 && ntp_ts_equal(ntp->receive, ntp->origin) &&
	         ntp_ts_equal(ntp->transmit, ntp->origin));
}

static void check_repetition(struct trace *trace, struct trace_pending *pending,
                             struct trace_packet *packet)
{
	if (packet->outcome != REPLY_USABLE || packet->note == TRACE_NOTE_INTERLEAVED) {
		return;
	}
	if (is_repeated(trace, pending, packet)) {
		packet->outcome = REPLY_REPEATED;
		snprintf(packet->complaint, sizeof(packet->complaint), "%s", REPLY_REPEATS);
		return;
	}
	pending->has_transmit = true;
	pending->transmit = packet->ntp.transmit;
}

/* A client is answered in mode 4, an active peer in modes 1 and 2. */
static void check_mode(struct trace_packet *packet, const struct trace_pending *pending)
{
	uint8_t octets[NTP_HEADER_OCTETS];

	if (pending->mode == NTP_MODE_ACTIVE || packet->outcome == REPLY_BROKEN ||
	    (packet->ntp.mode != NTP_MODE_ACTIVE && packet->ntp.mode != NTP_MODE_PASSIVE)) {
		return;
	}
	ntp_header_write(&packet->ntp, octets);
	packet->outcome = REPLY_BROKEN;
	ntp_refusal_format(NTP_WRONG_MODE, octets, sizeof(octets), false,
	                   packet->complaint);
}

void trace_complete(struct trace *trace, struct trace_pending *pending,
                    struct trace_packet *packet, struct trace_exchange *ret)
{
	bool is_late = instant_diff_ns(packet->at, pending->at) > TRACE_WAIT_NS &&
	               !pending->is_steady;

	if (pending->is_reported) {
		trace->counts.silent--;
		pending->is_reported = false;
	}
	pending->is_answered = true;
	trace->counts.exchanges++;
	trace->counts.late += is_late;
	packet->related = pending->frame;
	if (is_late && packet->note == TRACE_NOTE_NONE) {
		packet->note = TRACE_NOTE_LATE;
	}
	*ret = (struct trace_exchange){
		.number = trace->counts.exchanges,
		.protocol = packet->protocol,
		.is_tcp = packet->frame.is_tcp,
		.client = pending->client,
		.server = packet->frame.source,
		.request_frame = pending->frame,
		.answer_frame = packet->number,
		.is_late = is_late,
		.t1 = pending->at,
		.t4 = packet->at,
		.has_reading = packet->has_reading,
		.reading = packet->reading,
		.resolution_ns = packet->protocol == TRACE_TIME ? NS_PER_S : 1,
		.is_assumed = packet->is_assumed,
		.is_authenticated = packet->nts.authenticator_octets > 0,
	};
	if (packet->protocol == TRACE_NTP) {
		check_mode(packet, pending);
		check_repetition(trace, pending, packet);
		pending->is_broken = packet->outcome == REPLY_BROKEN;
	}
	complain(ret, packet->complaint);
	if (packet->protocol == TRACE_NTP && tells_stamps(packet)) {
		ret->has_stamps = true;
		ret->t2 = instant_from_ntp(packet->ntp.receive);
		ret->t3 = instant_from_ntp(packet->ntp.transmit);
		work_out_stamps(ret, &packet->ntp);
	} else if (packet->has_reading) {
		work_out_reading(ret);
	}
}
