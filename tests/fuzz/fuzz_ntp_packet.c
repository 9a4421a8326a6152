/* SPDX-License-Identifier: MIT
 *
 * Any datagram, checked as a reply and as a request.  Bit 4 of the first octet of the input
 * takes the packet's origin as the cookie, so that the checks after that one are reached.
 * The rest is the datagram.
 */
#include <stdlib.h>
#include <string.h>

#include "core/ntp/refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void check_reply(const uint8_t *packet, size_t len, struct ntp_ts cookie)
{
	uint8_t written[NTP_HEADER_OCTETS];
	struct ntp_header reply;
	struct ntp_header before;
	enum ntp_verdict verdict;
	char reason[REFUSAL_SIZE];
	const uint8_t octets[8] = {
		(uint8_t)(cookie.seconds >> 24),  (uint8_t)(cookie.seconds >> 16),
		(uint8_t)(cookie.seconds >> 8),   (uint8_t)cookie.seconds,
		(uint8_t)(cookie.fraction >> 24), (uint8_t)(cookie.fraction >> 16),
		(uint8_t)(cookie.fraction >> 8),  (uint8_t)cookie.fraction,
	};

	memset(&reply, 0xa5, sizeof(reply));
	before = reply;
	verdict = ntp_reply_parse(packet, len, cookie, &reply);
	must(verdict < NTP_VERDICT_COUNT);
	must(strlen(ntp_verdict_text(verdict)) > 0);
	ntp_refusal_format(verdict, packet, len, false, reason);
	for (size_t i = 0; i < strlen(reason); i++) {
		must(reason[i] >= ' ' && reason[i] <= '~');
	}
	must(ntp_verdict_is_ours(verdict) ==
	     (len >= 32 && !ntp_ts_is_zero(cookie) && memcmp(packet + 24, octets, 8) == 0));
	if (verdict != NTP_ACCEPTED && verdict < NTP_KISS) {
		must(memcmp(&reply, &before, sizeof(reply)) == 0);
		must(!ntp_verdict_is_answer(verdict));
		return;
	}
	must(len >= NTP_HEADER_OCTETS && len <= NTP_PACKET_SIZE && len % 4 == 0);
	ntp_header_write(&reply, written);
	must(memcmp(written, packet, sizeof(written)) == 0);
	must(reply.version >= 1 && reply.version <= 4);
	must(reply.mode == NTP_MODE_SERVER || (reply.version == 1 && reply.mode == 0));
	must(!ntp_ts_is_zero(cookie) && ntp_ts_equal(reply.origin, cookie));
	must((verdict == NTP_KISS) == (reply.stratum == 0));
	if (verdict == NTP_ACCEPTED) {
		must(reply.leap != NTP_LEAP_UNSYNCHRONISED);
		must(reply.stratum <= NTP_STRATUM_MAX);
		must(!ntp_ts_is_zero(reply.receive) && !ntp_ts_is_zero(reply.transmit));
		must(reply.precision_log2_s >= -40 && reply.precision_log2_s <= 4);
		must(ntp_short_to_ns(reply.root_delay) / 2 +
		             ntp_short_to_ns(reply.root_dispersion) <=
		     16 * NS_PER_S);
		must(ntp_ts_is_zero(reply.reference) ||
		     instant_diff_ns(instant_from_ntp(reply.reference),
		                     instant_from_ntp(reply.transmit)) <= 0);
	}
}

static void check_answer(const struct ntp_header *request, const uint8_t *packet,
                         size_t len)
{
	/* The datagram serves as the server's state as well: any will do. */
	const struct ntp_server_state state = {
		.leap = (enum ntp_leap)request->leap,
		.stratum = request->stratum,
		.precision_log2_s = request->precision_log2_s,
		.root_delay_ns = (int64_t)request->root_delay * 12345677 - NS_PER_S,
		.root_dispersion_ns = (int64_t)request->root_dispersion * 98765431,
		.reference = instant_from_ntp(request->reference),
	};
	struct instant received = instant_from_ntp(request->origin);
	struct instant departs = instant_from_ntp(request->receive);
	uint8_t answer[NTP_HEADER_OCTETS];
	struct ntp_header got;

	must(ntp_reply_write(request, &state, received, departs, answer) <= len);
	must(memcmp(answer + 24, packet + 40, 8) == 0);
	ntp_header_read(answer, &got);
	must(got.version == request->version && got.mode == NTP_MODE_SERVER);
	must(got.poll_log2_s == request->poll_log2_s);
	must(got.stratum <= NTP_STRATUM_MAX);
	must((got.stratum == 0) == (got.leap == NTP_LEAP_UNSYNCHRONISED));
	must(!ntp_ts_is_zero(got.receive) && !ntp_ts_is_zero(got.transmit));
	must(instant_diff_ns(instant_from_ntp(got.receive),
	                     instant_from_ntp(got.transmit)) <= 0);

	must(ntp_kiss_write(request, "RATE", answer) <= len);
	must(memcmp(answer + 24, packet + 40, 8) == 0);
	must(memcmp(answer + 12, "RATE", 4) == 0 && answer[1] == 0);
}

static void check_request(const uint8_t *packet, size_t len)
{
	struct ntp_header request;
	struct ntp_header before;
	enum ntp_request_verdict verdict;
	unsigned int version;
	unsigned int mode;

	memset(&request, 0xa5, sizeof(request));
	before = request;
	verdict = ntp_request_parse(packet, len, &request);
	must(verdict < NTP_REQUEST_VERDICT_COUNT);
	must(strlen(ntp_request_verdict_text(verdict)) > 0);
	must((verdict == NTP_REQUEST_TOO_SHORT) == (len < NTP_HEADER_OCTETS));
	if (verdict != NTP_REQUEST_ACCEPTED) {
		must(memcmp(&request, &before, sizeof(request)) == 0);
	}
	if (verdict == NTP_REQUEST_TOO_SHORT || verdict == NTP_REQUEST_BAD_LENGTH) {
		return;
	}
	version = packet[0] / 8 % 8;
	mode = packet[0] % 8;
	must((verdict == NTP_REQUEST_WRONG_VERSION) == (version < 1 || version > 4));
	if (verdict == NTP_REQUEST_WRONG_VERSION) {
		return;
	}
	must((verdict == NTP_REQUEST_WRONG_MODE) ==
	     !(mode == 3 || (version == 1 && mode == 0)));
	if (len == NTP_HEADER_OCTETS) {
		must(verdict != NTP_REQUEST_BAD_EXTENSION);
	}
	if (verdict == NTP_REQUEST_ACCEPTED) {
		check_answer(&request, packet, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ntp_header header;
	struct ntp_ts cookie = { 0x01234567, 0x89abcdef };
	uint8_t octets[NTP_HEADER_OCTETS] = { 0 };
	const uint8_t *packet;
	size_t len;

	if (size < 1) {
		return 0;
	}
	packet = data + 1;
	len = size - 1;
	if (data[0] & 16 && len >= 32) {
		memcpy(octets, packet, len < sizeof(octets) ? len : sizeof(octets));
		ntp_header_read(octets, &header);
		cookie = header.origin;
	}
	check_reply(packet, len, cookie);
	check_request(packet, len);
	return 0;
}
