/* SPDX-License-Identifier: MIT
 *
 * Checks a server's reply: the packet, then its timestamps.
 */
#include "core/select/reply.h"

#include <stdio.h>
#include <string.h>

#include "core/ntp/refusal.h"

static enum reply_outcome outcome_of(const struct reply_packet *packet,
                                     const struct reply *reply)
{
	if (!ntp_verdict_is_ours(reply->verdict)) {
		return REPLY_FOREIGN;
	}
	if (reply->verdict == NTP_ACCEPTED) {
		return packet->has_last && ntp_ts_equal(reply->header.transmit,
		                                        packet->last_transmit)
		               ? REPLY_REPEATED
		               : REPLY_USABLE;
	}
	return ntp_verdict_is_answer(reply->verdict) ? REPLY_REFUSED : REPLY_BROKEN;
}

void reply_read(const struct reply_packet *packet, struct reply *ret)
{
	_Static_assert((int)REPLY_REASON_SIZE == (int)REFUSAL_SIZE, "room");

	memset(ret, 0, sizeof(*ret));
	ret->verdict =
		ntp_reply_parse(packet->octets, packet->len, packet->cookie, &ret->header);
	ret->outcome = outcome_of(packet, ret);
	switch (ret->outcome) {
	case REPLY_FOREIGN:
		snprintf(ret->reason, sizeof(ret->reason), "%s",
		         ntp_verdict_text(ret->verdict));
		break;
	case REPLY_REPEATED:
		snprintf(ret->reason, sizeof(ret->reason), "%s", REPLY_REPEATS);
		break;
	case REPLY_USABLE:
		break;
	default:
		ntp_refusal_format(ret->verdict, packet->octets, packet->len,
		                   packet->is_cut, ret->reason);
		break;
	}
}

enum sample_verdict reply_sample(const struct ntp_header *header,
                                 const struct reply_times *times, struct sample *ret,
                                 char *reason)
{
	const struct exchange x = {
		.t1 = times->t1,
		.t2 = instant_from_ntp(header->receive),
		.t3 = instant_from_ntp(header->transmit),
		.t4 = times->t4,
		.t4_mono_ns = times->t4_mono_ns,
		.root_delay_ns = ntp_short_to_ns(header->root_delay),
		.root_dispersion_ns = ntp_short_to_ns(header->root_dispersion),
		.server_precision_ns = ntp_log2_to_ns(header->precision_log2_s),
		.local_precision_ns = times->local_precision_ns,
		.drift_ppb = times->drift_ppb,
	};
	enum sample_verdict verdict =
		sample_from_exchange(&x, times->root_distance_max_ns, ret);

	_Static_assert((int)REPLY_REASON_SIZE == (int)SAMPLE_REFUSAL_SIZE, "room");
	if (verdict != SAMPLE_OK) {
		sample_refusal_format(verdict, &x, times->root_distance_max_ns, reason);
	}
	return verdict;
}
