/* SPDX-License-Identifier: MIT
 *
 * Text of the reason why a reply is rejected.
 */
#include "core/ntp/refusal.h"

#include <stdio.h>

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/ntp/ext.h"
#include "core/ntp/refid.h"

static void format_length(size_t len, bool is_cut, char *buf)
{
	if (len < NTP_HEADER_OCTETS) {
		snprintf(buf, REFUSAL_SIZE, "%zu octets: a packet of NTP has at least %d",
		         len, NTP_HEADER_OCTETS);
	} else if (len > NTP_PACKET_SIZE) {
		snprintf(buf, REFUSAL_SIZE, "%s%zu octets: no answer has more than %d",
		         is_cut ? "more than " : "", len, NTP_PACKET_SIZE);
	} else {
		snprintf(buf, REFUSAL_SIZE, "%zu octets: not a multiple of four", len);
	}
}

static void format_extension(const uint8_t *octets, size_t len, uint8_t version, char *buf)
{
	struct ntp_ext_field field;
	size_t at = NTP_HEADER_OCTETS;

	while (ntp_ext_next(octets, len, &at, &field) == NTP_EXT_FIELD) {
	}
	if (version < NTP_VERSION || len - at < 4) {
		snprintf(buf, REFUSAL_SIZE,
		         "%zu octets after the header: no authenticator of version %d",
		         len - at, version);
	} else {
		snprintf(buf, REFUSAL_SIZE,
		         "malformed extension field: says it has %d octets, %zu are left",
		         octets[at + 2] << 8 | octets[at + 3], len - at);
	}
}

/* Length of the code without padding of zeros and blanks; 0: no code.  A code is ASCII
 * (RFC 5905 section 7.4). */
static size_t kiss_len(const uint8_t refid[4])
{
	size_t len = 4;

	while (len > 0 && (refid[len - 1] == 0 || refid[len - 1] == ' ')) {
		len--;
	}
	return len;
}

static bool is_graphic(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (octets[i] <= ' ' || octets[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

static void format_kiss(const struct ntp_header *reply, char *buf)
{
	static const char *const meanings[] = {
		[NTP_KISS_NONE] = "it is not synchronised",
		[NTP_KISS_DENY] = "it refuses to serve us",
		[NTP_KISS_RSTR] = "it refuses to serve us",
		[NTP_KISS_RATE] = "it wants fewer requests",
	};
	const char *meaning = meanings[ntp_kiss_from_refid(reply->refid)];
	const size_t len = kiss_len(reply->refid);
	char id[20];

	if (len == 0) {
		snprintf(buf, REFUSAL_SIZE, "stratum 0 without a kiss code: %s", meaning);
	} else if (is_graphic(reply->refid, len)) {
		text_escape(reply->refid, len, id, sizeof(id));
		snprintf(buf, REFUSAL_SIZE, "kiss code %s: %s", id, meaning);
	} else {
		refid_format(NTP_STRATUM_MAX, reply->refid, id, sizeof(id));
		snprintf(buf, REFUSAL_SIZE, "stratum 0, and %s is no kiss code: %s", id,
		         meaning);
	}
}

static void format_distance(const struct ntp_header *reply, char *buf)
{
	int64_t delay_ns = ntp_short_to_ns(reply->root_delay);
	int64_t dispersion_ns = ntp_short_to_ns(reply->root_dispersion);
	char distance[SPAN_TEXT_SIZE];

	span_format(delay_ns / 2 + dispersion_ns, 0, distance);
	snprintf(buf, REFUSAL_SIZE,
	         "root distance of %s: from 16 s on it has lost its reference", distance);
}

static void format_reference(const struct ntp_header *reply, char *buf)
{
	char ahead[SPAN_TEXT_SIZE];

	span_format(instant_diff_ns(instant_from_ntp(reply->reference),
	                            instant_from_ntp(reply->transmit)),
	            0, ahead);
	snprintf(buf, REFUSAL_SIZE, "reference timestamp %s after its transmit timestamp",
	         ahead);
}

static void format_zero(const struct ntp_header *reply, char *buf)
{
	bool has_receive = !ntp_ts_is_zero(reply->receive);
	bool has_transmit = !ntp_ts_is_zero(reply->transmit);

	snprintf(buf, REFUSAL_SIZE, "%s zero",
	         has_receive    ? "transmit timestamp is"
	         : has_transmit ? "receive timestamp is"
	                        : "receive and transmit timestamp are");
}

/* For a complete header. */
static void format_field(enum ntp_verdict verdict, const uint8_t *octets, size_t len,
                         char *buf)
{
	struct ntp_header reply;

	ntp_header_read(octets, &reply);
	switch (verdict) {
	case NTP_WRONG_VERSION:
		snprintf(buf, REFUSAL_SIZE, "version %d of NTP: known are 1 to %d",
		         reply.version, NTP_VERSION);
		break;
	case NTP_WRONG_MODE:
		snprintf(buf, REFUSAL_SIZE, "mode %d, %s: an answer has mode %d, %s",
		         reply.mode, ntp_mode_name(reply.mode), NTP_MODE_SERVER,
		         ntp_mode_name(NTP_MODE_SERVER));
		break;
	case NTP_BAD_EXTENSION:
		format_extension(octets, len, reply.version, buf);
		break;
	case NTP_KISS:
		format_kiss(&reply, buf);
		break;
	case NTP_NO_TIME:
		format_zero(&reply, buf);
		break;
	case NTP_UNSYNCHRONISED:
		snprintf(buf, REFUSAL_SIZE, "leap %d: it is not synchronised", reply.leap);
		break;
	case NTP_BAD_STRATUM:
		snprintf(buf, REFUSAL_SIZE, "stratum %d: above %d it is not synchronised",
		         reply.stratum, NTP_STRATUM_MAX);
		break;
	case NTP_BAD_PRECISION:
		snprintf(buf, REFUSAL_SIZE,
		         "precision of 2^%d s: none is outside 2^-40 to 2^4 s",
		         reply.precision_log2_s);
		break;
	case NTP_ROOT_TOO_FAR:
		format_distance(&reply, buf);
		break;
	case NTP_FUTURE_REFERENCE:
		format_reference(&reply, buf);
		break;
	default:
		snprintf(buf, REFUSAL_SIZE, "%s", ntp_verdict_text(verdict));
		break;
	}
}

void ntp_refusal_format(enum ntp_verdict verdict, const uint8_t *octets, size_t len,
                        bool is_cut, char *buf)
{
	if (verdict == NTP_TOO_SHORT || verdict == NTP_BAD_LENGTH) {
		format_length(len, is_cut, buf);
	} else if (len < NTP_HEADER_OCTETS) {
		snprintf(buf, REFUSAL_SIZE, "%s", ntp_verdict_text(verdict));
	} else {
		format_field(verdict, octets, len, buf);
	}
}
