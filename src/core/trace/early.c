/* SPDX-License-Identifier: MIT
 *
 * Answers captured before their request: with several interfaces or processors, frames may
 * not be in the order of their timestamps.
 */
#include "core/trace/match_private.h"

void trace_early_keep(struct trace *trace, const struct trace_packet *answer)
{
	struct trace_packet *kept = &trace->early[trace->early_end++ % TRACE_EARLY_MAX];

	*kept = *answer;
	kept->frame.payload = NULL;
	kept->note = TRACE_NOTE_NONE;
}

static bool is_answer_to(const struct trace_pending *pending,
                         const struct trace_packet *answer)
{
	const int64_t away_ns = instant_diff_ns(answer->at, pending->at);

	if (answer->number == 0 || answer->protocol != pending->protocol ||
	    answer->frame.is_tcp != pending->is_tcp ||
	    !address_equal(&pending->client, &answer->frame.destination)) {
		return false;
	}
	if (answer->protocol == TRACE_NTP) {
		return trace_is_asked(pending, &answer->frame.source) &&
		       !ntp_ts_is_zero(pending->cookie) &&
		       ntp_ts_equal(pending->cookie, answer->ntp.origin);
	}
	/* Without a cookie only the timestamps show that the answer came after the request. */
	return address_equal(&pending->server, &answer->frame.source) && away_ns >= 0 &&
	       away_ns <= TRACE_WAIT_NS;
}

bool trace_early_complete(struct trace *trace, struct trace_pending *pending,
                          struct trace_packet *packet, struct trace_exchange *ret)
{
	struct trace_packet *answer, *found = NULL;

	for (size_t i = 0; i < TRACE_EARLY_MAX; i++) {
		answer = &trace->early[i];
		if (is_answer_to(pending, answer) &&
		    (!found || answer->number < found->number)) {
			found = answer;
		}
	}
	if (!found) {
		return false;
	}
	trace_complete(trace, pending, found, ret);
	packet->note = TRACE_NOTE_AFTER;
	packet->related = found->number;
	found->number = 0;
	return true;
}
