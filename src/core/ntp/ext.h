/* SPDX-License-Identifier: MIT
 *
 * Extension fields and MAC after the 48-octet header: RFC 7822.  Only parsed; nothing is
 * authenticated yet.
 */
#ifndef CORE_NTP_EXT_H
#define CORE_NTP_EXT_H

#include <stdbool.h>

#include "core/base/base.h"

struct ntp_ext_field {
	uint16_t type;
	const uint8_t *body; /* points into the packet */
	size_t body_octets;  /* without the four octets of type and length */
};

enum ntp_ext_result {
	NTP_EXT_FIELD,     /* *ret is the next field */
	NTP_EXT_END,       /* end of the packet */
	NTP_EXT_MAC,       /* the rest is a MAC or crypto-NAK: 4, 20, 24 or so octets */
	NTP_EXT_MALFORMED, /* stop: length 0, odd, too short or past the end */
};

/* Starts after the header.  `*at` is the offset from the start of the packet
 * and is moved past a field found.  O(number of fields). */
enum ntp_ext_result ntp_ext_next(const uint8_t *packet, size_t packet_octets, size_t *at,
                                 struct ntp_ext_field *ret);

/* Walks all.  Returns NTP_EXT_END, NTP_EXT_MAC or NTP_EXT_MALFORMED. */
enum ntp_ext_result ntp_ext_check(const uint8_t *packet, size_t packet_octets);

#endif
