/* SPDX-License-Identifier: MIT
 *
 * A server with NTS in a virtual world: key exchanges without TLS, cookies that are
 * counted, and packets with the toy AEAD.
 */
#ifndef TESTS_UNIT_NTS_PEER_H
#define TESTS_UNIT_NTS_PEER_H

#include "core/ntp/packet.h"
#include "core/nts/message.h"

/* The cookie has at least issuer, session and serial. */
enum {
	NTS_PEER_COOKIES_MAX = 4096,
	NTS_PEER_COOKIE_OCTETS_MIN = 12,
};

struct nts_peer {
	uint32_t issuer;   /* whose cookie keys: a server with others cannot read them */
	uint32_t session;  /* the latest key exchange, from 1: each has keys of its own */
	size_t cookie_len; /* of the next cookies, a multiple of 4 */
	uint32_t issued;   /* cookies so far */
	uint8_t spent[NTS_PEER_COOKIES_MAX / 8]; /* a bit for each */
};

/* A key exchange that succeeds; the certificate and the server are the caller's. */
void nts_peer_exchange(struct nts_peer *peer, size_t cookie_count, struct nts_answer *ret);

enum nts_peer_verdict {
	NTS_PEER_GOOD,
	NTS_PEER_REUSED, /* its cookie has been sent before */
	NTS_PEER_BROKEN, /* not as RFC 8915 section 5.7 wants it: see `fault` */
};

struct nts_peer_request {
	uint8_t unique_id[NTS_UNIQUE_ID_OCTETS];
	uint32_t session; /* of its keys */
	size_t placeholder_count;
	const char *fault;
};

/* Checks a request octet by octet, and marks its cookie as spent. */
enum nts_peer_verdict nts_peer_read(struct nts_peer *peer, const uint8_t *octets,
                                    size_t len, struct nts_peer_request *ret);

/* Answers a request: adds its identifier to the header in buf[0..NTP_HEADER_OCTETS), and
 * the authenticator with so many new cookies.  The length. */
size_t nts_peer_seal(struct nts_peer *peer, const struct nts_peer_request *request,
                     size_t cookie_count, uint8_t *buf, size_t size);
/* ... the identifier alone: that needs no key. */
size_t nts_peer_mark(const uint8_t *unique_id, uint8_t *buf, size_t size);

#endif
