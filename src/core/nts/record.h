/* SPDX-License-Identifier: MIT
 *
 * Records of the key exchange: the client's request and the server's response (RFC 8915
 * section 4).
 */
#ifndef CORE_NTS_RECORD_H
#define CORE_NTS_RECORD_H

#include "core/ntp/server_spec.h"
#include "core/nts/nts.h"

enum {
	NTS_REQUEST_OCTETS = 16,
	/* Clients accept this much (section 4). */
	NTS_RESPONSE_SIZE = 65536,
};

/* Label and context of the TLS exporter, section 5.1. */
#define NTS_EXPORTER_LABEL "EXPORTER-network-time-security"
enum { NTS_EXPORTER_CONTEXT_OCTETS = 5 };
void nts_exporter_context(uint16_t aead, bool is_server_to_client,
                          uint8_t ret[NTS_EXPORTER_CONTEXT_OCTETS]);

/* Next protocol NTPv4, AEAD 15, End of message. */
void nts_request_write(uint8_t buf[NTS_REQUEST_OCTETS]);

/* Result of the checks of a response.  The texts are those of nts_response_text(). */
enum nts_response_verdict {
	NTS_RESPONSE_ACCEPTED,
	NTS_RESPONSE_INCOMPLETE, /* no End of message so far */
	NTS_RESPONSE_MALFORMED,  /* a record that is twice, misplaced or of a wrong form */
	NTS_RESPONSE_ERROR,      /* Error record; `error_code` */
	NTS_RESPONSE_WARNING,    /* Warning record: none is defined; `error_code` */
	NTS_RESPONSE_UNKNOWN,    /* unknown critical record; `error_code` is its type */
	NTS_RESPONSE_NO_NTP,     /* does not offer NTPv4 */
	NTS_RESPONSE_NO_AEAD,    /* has no algorithm that we offered */
	NTS_RESPONSE_NO_COOKIE,  /* none, or none that fits into a packet */
	NTS_RESPONSE_BAD_SERVER, /* Server record: neither a name nor an address */
	NTS_RESPONSE_BAD_PORT,   /* Port record: 0 */
	NTS_RESPONSE_VERDICT_COUNT
};

struct nts_response {
	uint16_t aead;
	uint16_t error_code; /* of _ERROR, _WARNING, _UNKNOWN */
	/* Where NTP is: "" for the address of the key exchange. A host name without a final
	 * dot, or a numeric address. */
	char server[SERVER_HOST_SIZE];
	uint16_t port; /* 1..65535; NTP_PORT unless the response has another */
	struct nts_cookies cookies;
};

/* The whole of what the server has sent so far.  Octets after End of message are ignored.
 * Unknown records that are not critical are skipped; cookies beyond eight, and those that
 * no packet can carry, are dropped.  `*ret` is written only for ACCEPTED, and its
 * `error_code` for those that have one.  O(len). */
MUST_USE enum nts_response_verdict nts_response_parse(const uint8_t *octets, size_t len,
                                                      struct nts_response *ret);
const char *nts_response_text(enum nts_response_verdict verdict); /* never NULL */

#endif
