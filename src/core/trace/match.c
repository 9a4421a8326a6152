/* SPDX-License-Identifier: MIT */
#include "core/trace/match_private.h"

#include "core/select/sample.h"

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

bool trace_next_silence(struct trace *trace, struct instant now, struct trace_silence *ret)
{
	struct trace_pending *pending;
	bool is_due;

	for (; trace->pending_told < trace->pending_end; trace->pending_told++) {
		pending = &trace->pending[trace->pending_told % TRACE_PENDING_MAX];
		if (pending->is_answered || pending->is_steady) {
			continue;
		}
		is_due = now.unix_ns == INT64_MAX ||
		         instant_diff_ns(now, pending->at) > TRACE_PATIENCE_NS ||
		         trace->pending_end - trace->pending_told >= TRACE_PENDING_MAX;
		if (!is_due) {
			return false;
		}
		pending->is_told = true;
		trace->pending_told++;
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

static void work_out_stamps(struct trace_exchange *exchange)
{
	int64_t there_ns = instant_diff_ns(exchange->t2, exchange->t1);
	int64_t back_ns = instant_diff_ns(exchange->t3, exchange->t4);
	/* T2 and T3 are within 2^32 s of each other, so this cannot overflow. */
	int64_t held_ns = instant_diff_ns(exchange->t3, exchange->t2);

	/* The sum of two centuries does not fit in 64 bits. */
	exchange->offset_ns = (int64_t)(((__int128)there_ns + back_ns) / 2);
	exchange->delay_ns = ns_add(instant_diff_ns(exchange->t4, exchange->t1), -held_ns);
	exchange->has_result = true;
}

static void work_out_reading(struct trace_exchange *exchange)
{
	struct sample sample;

	if (sample_from_reading(exchange->t1, exchange->reading, exchange->t4, 0,
	                        exchange->resolution_ns, 0, &sample) != SAMPLE_OK) {
		exchange->complaint = "the capturing clock was set back meanwhile";
		return;
	}
	exchange->offset_ns = sample.offset_ns;
	exchange->delay_ns = sample.delay_ns;
	exchange->has_result = true;
}

/* A kiss-o'-death echoes the request's own stamp: there is no time in it.  In interleaved
 * mode T3 is that of the answer before, which belongs to another exchange. */
static bool tells_stamps(const struct trace_packet *packet)
{
	const struct ntp_header *ntp = &packet->ntp;

	return packet->has_header && packet->note != TRACE_NOTE_INTERLEAVED &&
	       !ntp_ts_is_zero(ntp->receive) && !ntp_ts_is_zero(ntp->transmit) &&
	       !(ntp->stratum == 0 && ntp_ts_equal(ntp->receive, ntp->origin) &&
	         ntp_ts_equal(ntp->transmit, ntp->origin));
}

void trace_complete(struct trace *trace, struct trace_pending *pending,
                    struct trace_packet *packet, struct trace_exchange *ret)
{
	bool is_late = instant_diff_ns(packet->at, pending->at) > TRACE_PATIENCE_NS &&
	               !pending->is_steady;

	if (pending->is_told) {
		trace->counts.silent--;
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
		.complaint = packet->complaint,
	};
	if (packet->protocol == TRACE_NTP && tells_stamps(packet)) {
		ret->has_stamps = true;
		ret->t2 = instant_from_ntp(packet->ntp.receive);
		ret->t3 = instant_from_ntp(packet->ntp.transmit);
		work_out_stamps(ret);
	} else if (packet->has_reading) {
		work_out_reading(ret);
	}
}
