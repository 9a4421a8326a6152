/* SPDX-License-Identifier: MIT
 *
 * Walks extension fields.  Only lengths show where they end and a MAC begins: by RFC 7822
 * the last field without a MAC has at least 28 octets, and a rest of 4, 20 or 24 octets is
 * a MAC.
 */
#include "core/ntp/ext.h"

#include "core/base/octets.h"
#include "core/ntp/packet.h"

enum {
	EXT_HEADER_OCTETS = 4, /* type and length */
	EXT_FIELD_OCTETS_MIN = 16,
	EXT_LAST_OCTETS_MIN = 28, /* last field without a MAC */

	CRYPTO_NAK_OCTETS = 4,       /* only a key identifier */
	MAC_OCTETS_128 = 4 + 16,     /* MD5, AES-CMAC */
	MAC_OCTETS_160 = 4 + 20,     /* SHA-1, and longer digests cut to it */
	OLD_MAC_OCTETS_MIN = 4 + 8,  /* DES, RFC 1305 appendix C */
	OLD_MAC_OCTETS_MAX = 4 + 68, /* SHA-512 needs 4 + 64, MS-SNTP 4 + 68 */
};

static enum ntp_ext_result old_rest(size_t rest)
{
	const bool is_mac =
		rest >= OLD_MAC_OCTETS_MIN && rest <= OLD_MAC_OCTETS_MAX && rest % 4 == 0;

	return is_mac || rest == CRYPTO_NAK_OCTETS ? NTP_EXT_MAC : NTP_EXT_MALFORMED;
}

enum ntp_ext_result ntp_ext_next(const uint8_t *packet, size_t packet_octets, size_t *at,
                                 struct ntp_ext_field *ret)
{
	struct octets_reader in;
	size_t rest;
	uint16_t type;
	size_t length;

	if (*at < NTP_HEADER_OCTETS || *at > packet_octets) {
		return NTP_EXT_MALFORMED;
	}
	rest = packet_octets - *at;
	if (rest == 0) {
		return NTP_EXT_END;
	}
	/* Extension fields came with version 4. */
	if ((packet[0] >> 3 & 7) < 4) {
		return old_rest(rest);
	}
	if (rest == CRYPTO_NAK_OCTETS || rest == MAC_OCTETS_128 || rest == MAC_OCTETS_160) {
		return NTP_EXT_MAC;
	}
	in = octets_read_from(packet + *at, rest);
	type = octets_get_u16(&in);
	length = octets_get_u16(&in);
	if (in.failed || length % 4 != 0 || length < EXT_FIELD_OCTETS_MIN ||
	    length > rest || (length == rest && length < EXT_LAST_OCTETS_MIN)) {
		return NTP_EXT_MALFORMED;
	}
	*ret = (struct ntp_ext_field){
		.type = type,
		.body = in.at,
		.body_octets = length - EXT_HEADER_OCTETS,
	};
	*at += length;
	return NTP_EXT_FIELD;
}

enum ntp_ext_result ntp_ext_check(const uint8_t *packet, size_t packet_octets)
{
	struct ntp_ext_field field;
	size_t at = NTP_HEADER_OCTETS;
	enum ntp_ext_result result;

	do {
		result = ntp_ext_next(packet, packet_octets, &at, &field);
	} while (result == NTP_EXT_FIELD);
	return result;
}
