/* SPDX-License-Identifier: MIT
 *
 * Sizes and plain types of Network Time Security (RFC 8915), for key exchange and packets.
 */
#ifndef CORE_NTS_NTS_H
#define CORE_NTS_NTS_H

#include <stdbool.h>

#include "core/base/base.h"

enum {
	/* AEAD_AES_SIV_CMAC_256, RFC 5297: every server has it (RFC 8915 section 5.1), and
	 * it is the only one that we offer. */
	NTS_AEAD_SIV_CMAC_256 = 15,
	NTS_KEY_OCTETS = 32,
	NTS_TAG_OCTETS = 16,
	NTS_NONCE_OCTETS = 16, /* of our own packets; a server may use another length */

	NTS_UNIQUE_ID_OCTETS = 32,
	NTS_COOKIES_MAX = 8,
	/* A cookie travels as the body of an extension field, which has no length of its
	 * own: so its length is a multiple of four, and fills the smallest field (RFC 7822
	 * section 7.5). */
	NTS_COOKIE_OCTETS_MIN = 12,
	NTS_COOKIE_SIZE = 512,
};

struct nts_cookie {
	uint16_t len; /* NTS_COOKIE_OCTETS_MIN..NTS_COOKIE_SIZE, a multiple of 4 */
	uint8_t octets[NTS_COOKIE_SIZE];
};
bool nts_cookie_len_is_valid(size_t len);

/* Keys of one association: client to server, server to client. */
struct nts_keys {
	uint16_t aead; /* NTS_AEAD_SIV_CMAC_256 */
	uint8_t c2s[NTS_KEY_OCTETS];
	uint8_t s2c[NTS_KEY_OCTETS];
};

/* The cookies of one association.  Each is used for one request: a cookie seen twice would
 * let an observer link the two (RFC 8915 section 5.7). */
struct nts_cookies {
	uint32_t count; /* 0..NTS_COOKIES_MAX */
	struct nts_cookie items[NTS_COOKIES_MAX];
};

/* Takes the oldest out of the jar.  False when it is empty. */
bool nts_cookies_spend(struct nts_cookies *cookies, struct nts_cookie *ret);
/* Beyond NTS_COOKIES_MAX it is dropped. */
void nts_cookies_add(struct nts_cookies *cookies, const struct nts_cookie *cookie);
/* A new cookie from a server, of any length: dropped, too, when no packet can carry it. */
void nts_cookies_receive(struct nts_cookies *cookies, const uint8_t *octets, size_t len);
/* For untrusted data: count and lengths. */
bool nts_cookies_are_valid(const struct nts_cookies *cookies);

#endif
