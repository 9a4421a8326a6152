/* SPDX-License-Identifier: MIT
 *
 * Any datagram, its extension fields walked.  Each field returned must lie within the
 * packet, in order, and no octet may be left over unnoticed.
 */
#include <stdlib.h>

#include "core/ntp/ext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_OCTETS = 48 };

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static enum ntp_ext_result walk(const uint8_t *packet, size_t len)
{
	size_t at = HEADER_OCTETS;
	size_t last_octets = 0;

	for (;;) {
		struct ntp_ext_field field = { 0 };
		size_t before = at;
		enum ntp_ext_result result = ntp_ext_next(packet, len, &at, &field);

		if (result != NTP_EXT_FIELD) {
			must(at == before);
			must(result != NTP_EXT_END || at == len);
			must(result != NTP_EXT_MAC || (len - at >= 4 && len - at <= 72));
			/* RFC 7822: the last field without a MAC has 28 octets or more. */
			must(result != NTP_EXT_END || last_octets == 0 ||
			     last_octets >= 28);
			return result;
		}
		last_octets = at - before;
		must(at <= len && last_octets >= 16 && last_octets % 4 == 0);
		must(field.body == packet + before + 4);
		must(field.body_octets == last_octets - 4);
		must(field.type == packet[before] * 256 + packet[before + 1]);
		must(last_octets == packet[before + 2] * 256U + packet[before + 3]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum ntp_ext_result result = walk(data, size);

	must(result == ntp_ext_check(data, size));
	if (size < HEADER_OCTETS) {
		must(result == NTP_EXT_MALFORMED);
	}
	if (size == HEADER_OCTETS) {
		must(result == NTP_EXT_END);
	}
	if (size >= HEADER_OCTETS && size % 4 != 0) {
		must(result == NTP_EXT_MALFORMED);
	}
	return 0;
}
