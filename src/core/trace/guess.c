/* SPDX-License-Identifier: MIT
 *
 * NTP on any UDP port, recognised by its cookie: 64 bits of the request that the answer
 * returns in their field, between the same addresses and ports.
 */
#include <string.h>

#include "core/trace/match_private.h"

/* Octets that are all alike are padding; their echo proves nothing. */
static bool is_cookie(struct ntp_ts ts)
{
	uint64_t octets = (uint64_t)ts.seconds << 32 | ts.fraction;
	unsigned different = 0;

	for (int i = 0; i < 64; i += 8) {
		bool is_new = true;

		for (int k = 0; k < i && is_new; k += 8) {
			is_new = (octets >> k & 0xff) != (octets >> i & 0xff);
		}
		different += is_new;
	}
	return different >= 3;
}

/* Version 1 has no modes. */
static bool is_asking(const struct trace_packet *packet)
{
	return packet->ntp.mode == NTP_MODE_CLIENT ||
	       (packet->ntp.mode == NTP_MODE_RESERVED && packet->ntp.version == 1);
}

static struct ntp_ts cookie_of(const struct trace_packet *packet)
{
	return is_asking(packet) ? packet->ntp.transmit : packet->ntp.origin;
}

static bool may_be_ntp(const struct trace_packet *packet)
{
	return packet->has_header && packet->ntp.version >= 1 &&
	       packet->ntp.version <= NTP_VERSION &&
	       (is_asking(packet) || packet->ntp.mode == NTP_MODE_SERVER) &&
	       is_cookie(cookie_of(packet));
}

static const struct address *server_of(const struct trace_packet *packet)
{
	return is_asking(packet) ? &packet->frame.destination : &packet->frame.source;
}

/* Requests have the first half of the places, answers the second. */
static struct trace_packet *place_of(struct trace *trace, struct ntp_ts cookie,
                                     bool is_request)
{
	const size_t half = TRACE_GUESSES_MAX / 2;
	uint64_t mixed = (uint64_t)cookie.seconds << 32 | cookie.fraction;

	/* The golden ratio spreads cookies that differ in a few bits only. */
	mixed *= UINT64_C(0x9e3779b97f4a7c15);
	return &trace->guesses[(size_t)(mixed >> 32) % half + (is_request ? 0 : half)];
}

static bool is_other_half(const struct trace_packet *a, const struct trace_packet *b)
{
	return a->number != 0 && !a->is_assumed &&
	       ntp_ts_equal(cookie_of(a), cookie_of(b)) &&
	       address_equal(&a->frame.source, &b->frame.destination) &&
	       address_equal(&a->frame.destination, &b->frame.source);
}

static void remember_server(struct trace *trace, const struct address *server)
{
	struct trace_exchange ignored;
	uint64_t done = 0;

	trace->known_servers[trace->known_server_end++ % TRACE_KNOWN_SERVERS_MAX] = *server;
	for (;;) {
		struct trace_packet *next = NULL;

		for (size_t i = 0; i < TRACE_GUESSES_MAX; i++) {
			struct trace_packet *guess = &trace->guesses[i];

			if (guess->number > done && !guess->is_assumed &&
			    address_equal(server_of(guess), server) &&
			    (!next || guess->number < next->number)) {
				next = guess;
			}
		}
		if (!next) {
			return;
		}
		done = next->number;
		next->is_assumed = true;
		trace->assumed_due++;
		/* No exchange is complete before the packet that revealed the server. */
		(void)trace_ntp_take(trace, next, is_asking(next), &ignored);
		trace_count_anew(trace, next);
	}
}

/* A cheap test first: most UDP is not NTP. */
static bool is_worth_reading(const struct frame *frame)
{
	uint8_t mode;

	if (frame->payload_octets < NTP_HEADER_OCTETS || frame->wire_octets % 4 != 0 ||
	    frame->wire_octets > NTP_PACKET_SIZE) {
		return false;
	}
	mode = frame->payload[0] & 7;
	return mode == NTP_MODE_CLIENT || mode == NTP_MODE_SERVER ||
	       mode == NTP_MODE_RESERVED;
}

bool trace_guess(struct trace *trace, const struct trace_packet *packet)
{
	struct trace_packet read, *half, *place;

	if (!is_worth_reading(&packet->frame)) {
		return false;
	}
	read = *packet;
	trace_ntp_read(&read);
	if (!may_be_ntp(&read)) {
		return false;
	}
	half = place_of(trace, cookie_of(&read), !is_asking(&read));
	if (is_other_half(half, &read)) {
		remember_server(trace, server_of(&read));
		return true;
	}
	place = place_of(trace, cookie_of(&read), is_asking(&read));
	if (place->is_assumed && place->number != 0) {
		return false; /* trace_next_assumed() has not returned it yet */
	}
	/* A repeated packet does not replace the first. */
	if (place->number == 0 ||
	    !address_equal(&place->frame.source, &read.frame.source) ||
	    !address_equal(&place->frame.destination, &read.frame.destination) ||
	    !ntp_ts_equal(cookie_of(place), cookie_of(&read))) {
		*place = read;
		place->protocol = TRACE_NTP;
		place->frame.payload = NULL;
	}
	return false;
}

bool trace_is_known_server(const struct trace *trace, const struct frame *frame,
                           bool *ret_is_to_server)
{
	size_t count = trace->known_server_end < TRACE_KNOWN_SERVERS_MAX
	                       ? (size_t)trace->known_server_end
	                       : TRACE_KNOWN_SERVERS_MAX;

	for (size_t i = 0; i < count; i++) {
		*ret_is_to_server =
			address_equal(&trace->known_servers[i], &frame->destination);
		if (*ret_is_to_server ||
		    address_equal(&trace->known_servers[i], &frame->source)) {
			return true;
		}
	}
	return false;
}

bool trace_next_assumed(struct trace *trace, struct trace_packet *ret)
{
	struct trace_packet *oldest = NULL;

	if (trace->assumed_due == 0) {
		return false;
	}
	for (size_t i = 0; i < TRACE_GUESSES_MAX; i++) {
		struct trace_packet *guess = &trace->guesses[i];

		if (guess->is_assumed && guess->number != 0 &&
		    (!oldest || guess->number < oldest->number)) {
			oldest = guess;
		}
	}
	trace->assumed_due--;
	if (!oldest) {
		return false;
	}
	*ret = *oldest;
	oldest->number = 0;
	oldest->is_assumed = false;
	return true;
}
