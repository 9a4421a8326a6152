/* SPDX-License-Identifier: MIT
 *
 * NTP packets: requests, replies, kisses-o'-death and their checks.
 */
#include "core/ntp/packet.h"

#include <string.h>

#include "core/base/octets.h"
#include "core/ntp/ext.h"

enum {
	REQUEST_PRECISION_LOG2_S =
		0x20, /* the same for all clients, so it does not identify one */
	PRECISION_LOG2_S_MIN = -40,
	PRECISION_LOG2_S_MAX = 4,
	ORIGIN_AT = 24,
	CRYPTO_NAK_OCTETS = 4,
};

/* 16 s in NTP short format: MAXDISP of RFC 5905 figure 6. */
#define ROOT_DISTANCE_LIMIT UINT64_C(0x100000)

static void put_ts(struct octets_writer *out, struct ntp_ts ts)
{
	octets_put_u32(out, ts.seconds);
	octets_put_u32(out, ts.fraction);
}

static struct ntp_ts get_ts(struct octets_reader *in)
{
	uint32_t seconds = octets_get_u32(in);
	uint32_t fraction = octets_get_u32(in);

	return (struct ntp_ts){ .seconds = seconds, .fraction = fraction };
}

void ntp_header_write(const struct ntp_header *header, uint8_t *buf)
{
	struct octets_writer out = octets_write_to(buf, NTP_HEADER_OCTETS);

	octets_put_u8(&out, (uint8_t)((header->leap & 3) << 6 | (header->version & 7) << 3 |
	                              (header->mode & 7)));
	octets_put_u8(&out, header->stratum);
	octets_put_u8(&out, (uint8_t)header->poll_log2_s);
	octets_put_u8(&out, (uint8_t)header->precision_log2_s);
	octets_put_u32(&out, header->root_delay);
	octets_put_u32(&out, header->root_dispersion);
	octets_put(&out, header->refid, sizeof(header->refid));
	put_ts(&out, header->reference);
	put_ts(&out, header->origin);
	put_ts(&out, header->receive);
	put_ts(&out, header->transmit);
}

void ntp_header_read(const uint8_t *buf, struct ntp_header *ret)
{
	struct octets_reader in = octets_read_from(buf, NTP_HEADER_OCTETS);
	uint8_t first = octets_get_u8(&in);

	ret->leap = first >> 6;
	ret->version = first >> 3 & 7;
	ret->mode = first & 7;
	ret->stratum = octets_get_u8(&in);
	ret->poll_log2_s = (int8_t)octets_get_u8(&in);
	ret->precision_log2_s = (int8_t)octets_get_u8(&in);
	ret->root_delay = octets_get_u32(&in);
	ret->root_dispersion = octets_get_u32(&in);
	(void)octets_get(&in, ret->refid, sizeof(ret->refid));
	ret->reference = get_ts(&in);
	ret->origin = get_ts(&in);
	ret->receive = get_ts(&in);
	ret->transmit = get_ts(&in);
}

size_t ntp_request_write(uint8_t version, struct ntp_ts cookie, uint8_t *buf)
{
	const struct ntp_header request = {
		.version = version,
		.mode = NTP_MODE_CLIENT,
		.precision_log2_s = REQUEST_PRECISION_LOG2_S,
		.transmit = cookie,
	};

	ntp_header_write(&request, buf);
	return NTP_HEADER_OCTETS;
}

/* Checks extension fields and MAC. */
static enum ntp_verdict check_tail(const uint8_t *buf, size_t len)
{
	struct ntp_ext_field field;
	size_t at = NTP_HEADER_OCTETS;
	enum ntp_ext_result result;

	do {
		result = ntp_ext_next(buf, len, &at, &field);
	} while (result == NTP_EXT_FIELD);
	if (result == NTP_EXT_MAC && len - at == CRYPTO_NAK_OCTETS) {
		return NTP_CRYPTO_NAK;
	}
	return result == NTP_EXT_MALFORMED ? NTP_BAD_EXTENSION : NTP_ACCEPTED;
}

const char *ntp_mode_name(uint8_t mode)
{
	static const char *const names[] = {
		[NTP_MODE_RESERVED] = "reserved mode",
		[NTP_MODE_ACTIVE] = "symmetric active",
		[NTP_MODE_PASSIVE] = "symmetric passive",
		[NTP_MODE_CLIENT] = "client",
		[NTP_MODE_SERVER] = "server",
		[NTP_MODE_BROADCAST] = "broadcast",
		[NTP_MODE_CONTROL] = "control",
		[NTP_MODE_PRIVATE] = "private",
	};

	return names[mode & 7];
}

static bool is_version(uint8_t version)
{
	return version >= 1 && version <= NTP_VERSION;
}

/* The three mode bits were unused in RFC 1059, so zero. */
static bool is_mode(const struct ntp_header *header, enum ntp_mode mode)
{
	return header->mode == mode ||
	       (header->version == 1 && header->mode == NTP_MODE_RESERVED);
}

/* Whether a reply that answers our request can be used. */
static enum ntp_verdict check_answer(const struct ntp_header *reply)
{
	if (reply->stratum == 0) {
		return NTP_KISS;
	}
	if (ntp_ts_is_zero(reply->receive) || ntp_ts_is_zero(reply->transmit)) {
		return NTP_NO_TIME;
	}
	if (reply->leap == NTP_LEAP_UNSYNCHRONISED) {
		return NTP_UNSYNCHRONISED;
	}
	if (reply->stratum > NTP_STRATUM_MAX) {
		return NTP_BAD_STRATUM;
	}
	if (reply->precision_log2_s < PRECISION_LOG2_S_MIN ||
	    reply->precision_log2_s > PRECISION_LOG2_S_MAX) {
		return NTP_BAD_PRECISION;
	}
	/* Doubled, to keep half of an odd root delay.  Unsigned: a negative root delay of
	 * RFC 4330 counts as 9 hours or more. */
	if ((uint64_t)reply->root_delay + 2 * (uint64_t)reply->root_dispersion >=
	    2 * ROOT_DISTANCE_LIMIT) {
		return NTP_ROOT_TOO_FAR;
	}
	/* Zero is "unknown" (RFC 4330 section 4); the dispersion has the server's error. */
	if (!ntp_ts_is_zero(reply->reference) &&
	    instant_diff_ns(instant_from_ntp(reply->reference),
	                    instant_from_ntp(reply->transmit)) > 0) {
		return NTP_FUTURE_REFERENCE;
	}
	return NTP_ACCEPTED;
}

/* A zero cookie means that no request is outstanding, and never matches: unsolicited
 * packets have a zero origin. */
static bool has_cookie(const uint8_t *buf, size_t len, struct ntp_ts cookie)
{
	struct octets_reader in = octets_read_from(buf, len);

	if (len < ORIGIN_AT + 8 || ntp_ts_is_zero(cookie)) {
		return false;
	}
	octets_skip(&in, ORIGIN_AT);
	return ntp_ts_equal(get_ts(&in), cookie);
}

enum ntp_verdict ntp_reply_parse(const uint8_t *buf, size_t len, struct ntp_ts cookie,
                                 struct ntp_header *ret)
{
	struct ntp_header reply;
	enum ntp_verdict verdict;

	/* Checked first: a datagram without our cookie may be forged, and obeying a
	 * forged kiss-o'-death would let an off-path attacker silence each server
	 * (CVE-2015-7704). */
	if (!has_cookie(buf, len, cookie)) {
		return NTP_WRONG_ORIGIN;
	}
	if (len < NTP_HEADER_OCTETS) {
		return NTP_TOO_SHORT;
	}
	ntp_header_read(buf, &reply);
	if (!is_version(reply.version)) {
		return NTP_WRONG_VERSION;
	}
	if (!is_mode(&reply, NTP_MODE_SERVER)) {
		return NTP_WRONG_MODE;
	}
	if (len % 4 != 0 || len > NTP_PACKET_SIZE) {
		return NTP_BAD_LENGTH;
	}
	verdict = check_tail(buf, len);
	if (verdict != NTP_ACCEPTED) {
		return verdict;
	}
	*ret = reply;
	return check_answer(&reply);
}

bool ntp_verdict_is_ours(enum ntp_verdict verdict)
{
	return verdict != NTP_WRONG_ORIGIN && verdict < NTP_VERDICT_COUNT;
}

bool ntp_verdict_is_answer(enum ntp_verdict verdict)
{
	return verdict == NTP_ACCEPTED || (verdict >= NTP_KISS && verdict != NTP_NO_TIME &&
	                                   verdict < NTP_VERDICT_COUNT);
}

const char *ntp_verdict_text(enum ntp_verdict verdict)
{
	static const char *const texts[NTP_VERDICT_COUNT] = {
		[NTP_ACCEPTED] = "accepted",
		[NTP_TOO_SHORT] = "too short",
		[NTP_BAD_LENGTH] = "bad length",
		[NTP_BAD_EXTENSION] = "malformed extension field",
		[NTP_WRONG_VERSION] = "unknown version of NTP",
		[NTP_WRONG_MODE] = "not a server's reply",
		[NTP_CRYPTO_NAK] = "crypto-NAK: the server does not accept the key",
		[NTP_WRONG_ORIGIN] = "wrong origin timestamp",
		[NTP_KISS] = "stratum 0, no time told",
		[NTP_NO_TIME] = "receive or transmit timestamp is zero",
		[NTP_UNSYNCHRONISED] = "server is not synchronised",
		[NTP_BAD_STRATUM] = "bad stratum",
		[NTP_BAD_PRECISION] = "bad precision",
		[NTP_ROOT_TOO_FAR] = "too far from its reference",
		[NTP_FUTURE_REFERENCE] = "reference timestamp in the future",
	};

	return (unsigned)verdict < NTP_VERDICT_COUNT ? texts[verdict] : "unknown verdict";
}

enum ntp_kiss ntp_kiss_from_refid(const uint8_t refid[4])
{
	static const struct {
		uint8_t code[4];
		enum ntp_kiss kiss;
	} kisses[] = {
		{ { 'D', 'E', 'N', 'Y' }, NTP_KISS_DENY },
		{ { 'R', 'S', 'T', 'R' }, NTP_KISS_RSTR },
		{ { 'R', 'A', 'T', 'E' }, NTP_KISS_RATE },
	};

	for (size_t i = 0; i < COUNT_OF(kisses); i++) {
		if (memcmp(refid, kisses[i].code, sizeof(kisses[i].code)) == 0) {
			return kisses[i].kiss;
		}
	}
	return NTP_KISS_NONE;
}

enum ntp_request_verdict ntp_request_parse(const uint8_t *buf, size_t len,
                                           struct ntp_header *ret)
{
	struct ntp_header request;

	if (len < NTP_HEADER_OCTETS) {
		return NTP_REQUEST_TOO_SHORT;
	}
	if (len % 4 != 0 || len > NTP_PACKET_SIZE) {
		return NTP_REQUEST_BAD_LENGTH;
	}
	ntp_header_read(buf, &request);
	if (!is_version(request.version)) {
		return NTP_REQUEST_WRONG_VERSION;
	}
	if (!is_mode(&request, NTP_MODE_CLIENT)) {
		return NTP_REQUEST_WRONG_MODE;
	}
	if (ntp_ext_check(buf, len) != NTP_EXT_END) {
		return NTP_REQUEST_BAD_EXTENSION;
	}
	*ret = request;
	return NTP_REQUEST_ACCEPTED;
}

const char *ntp_request_verdict_text(enum ntp_request_verdict verdict)
{
	static const char *const texts[NTP_REQUEST_VERDICT_COUNT] = {
		[NTP_REQUEST_ACCEPTED] = "accepted",
		[NTP_REQUEST_TOO_SHORT] = "too short",
		[NTP_REQUEST_BAD_LENGTH] = "bad length",
		[NTP_REQUEST_WRONG_VERSION] = "unknown version",
		[NTP_REQUEST_WRONG_MODE] = "not a client's request",
		[NTP_REQUEST_BAD_EXTENSION] = "malformed extension field or a MAC",
	};

	return (unsigned)verdict < NTP_REQUEST_VERDICT_COUNT ? texts[verdict]
	                                                     : "unknown verdict";
}

/* Clients detect interleaved answers by the difference of these two stamps (RFC 9769
 * section 2); a quarter of a nanosecond is no error. */
static void set_apart(struct ntp_header *reply)
{
	if (!ntp_ts_equal(reply->receive, reply->transmit)) {
		return;
	}
	if (reply->receive.fraction > 1) {
		reply->receive.fraction--;
	} else {
		reply->transmit.fraction++; /* never zero as a whole */
	}
}

size_t ntp_reply_write(const struct ntp_header *request,
                       const struct ntp_server_state *state, struct instant received,
                       struct instant departs, uint8_t *buf)
{
	/* Both mean "not synchronised"; a client may check only one. */
	bool unsynchronised = state->leap == NTP_LEAP_UNSYNCHRONISED ||
	                      state->stratum == 0 || state->stratum > NTP_STRATUM_MAX;
	struct instant reference = state->reference;
	struct ntp_header reply;

	/* After a step back they would be in the future, which careful clients reject. */
	if (instant_diff_ns(received, departs) > 0) {
		received = departs;
	}
	if (instant_diff_ns(reference, departs) > 0) {
		reference = departs;
	}
	reply = (struct ntp_header){
		.leap = (uint8_t)(unsynchronised ? NTP_LEAP_UNSYNCHRONISED : state->leap),
		.version = request->version,
		.mode = NTP_MODE_SERVER,
		.stratum = unsynchronised ? 0 : state->stratum,
		.poll_log2_s = request->poll_log2_s,
		.precision_log2_s = state->precision_log2_s,
		.root_delay = ntp_short_from_ns(state->root_delay_ns),
		.root_dispersion = ntp_short_from_ns(state->root_dispersion_ns),
		.reference = reference.unix_ns == 0 ? (struct ntp_ts){ 0, 0 }
		                                    : ntp_from_instant(reference),
		.origin = request->transmit,
		.receive = ntp_from_instant(received),
		.transmit = ntp_from_instant(departs),
	};
	memcpy(reply.refid, state->refid, sizeof(reply.refid));
	set_apart(&reply);
	ntp_header_write(&reply, buf);
	return NTP_HEADER_OCTETS;
}

size_t ntp_kiss_write(const struct ntp_header *request, const char code[4], uint8_t *buf)
{
	struct ntp_header kiss = {
		.leap = NTP_LEAP_UNSYNCHRONISED,
		.version = request->version,
		.mode = NTP_MODE_SERVER,
		.poll_log2_s = request->poll_log2_s,
		.origin = request->transmit,
		.receive = request->transmit,
		.transmit = request->transmit,
	};

	memcpy(kiss.refid, code, sizeof(kiss.refid));
	ntp_header_write(&kiss, buf);
	return NTP_HEADER_OCTETS;
}
