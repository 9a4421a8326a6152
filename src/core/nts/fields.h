/* SPDX-License-Identifier: MIT
 *
 * The extension fields of NTS: into a request, and out of a reply (RFC 8915 section 5).
 *
 *   header | unique identifier | cookie | placeholders | authenticator
 *
 * The authenticator covers all octets before it; in a reply it also holds the new cookies,
 * encrypted.
 */
#ifndef CORE_NTS_FIELDS_H
#define CORE_NTS_FIELDS_H

#include "core/ntp/packet.h"
#include "core/nts/nts.h"

enum {
	NTS_FIELD_UNIQUE_ID = 0x0104,
	NTS_FIELD_COOKIE = 0x0204,
	NTS_FIELD_PLACEHOLDER = 0x0304,
	NTS_FIELD_AUTHENTICATOR = 0x0404,
};

/* An AEAD with a key of NTS_KEY_OCTETS and a tag of NTS_TAG_OCTETS in front of the
 * ciphertext: io/nts/aead.h, or a toy in a test.  Pure functions; the text may be empty. */
struct nts_aead {
	/* `ret` has room for len + NTS_TAG_OCTETS. */
	void (*seal)(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
	             const uint8_t *associated, size_t associated_len, const uint8_t *plain,
	             size_t len, uint8_t *ret);
	/* `len` >= NTS_TAG_OCTETS counts the tag; `ret` has room for the rest.  False: it was
	 * not sealed with this key, and `ret` is not to be used. */
	bool (*unseal)(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
	               const uint8_t *associated, size_t associated_len,
	               const uint8_t *sealed, size_t len, uint8_t *ret);
};

struct nts_request {
	uint8_t unique_id[NTS_UNIQUE_ID_OCTETS]; /* random, fresh for each request */
	uint8_t nonce[NTS_NONCE_OCTETS];         /* random, fresh for each request */
	struct nts_cookie cookie;
	size_t placeholder_count; /* more cookies wanted, 0..7 */
};

/* Placeholders for a request when `left` cookies remain after it: enough to have
 * NTS_COOKIES_MAX again after its answer, and no more than fit into NTP_PACKET_SIZE with
 * cookies of `cookie_len`. */
size_t nts_placeholders(size_t left, size_t cookie_len);

/* Adds the fields to the NTP header in buf[0..NTP_HEADER_OCTETS).  Returns the length of
 * the packet; 0 when it exceeds `size`. */
size_t nts_request_seal(const struct nts_request *request, const struct nts_keys *keys,
                        const struct nts_aead *aead, uint8_t *buf, size_t size);

/* Result of the checks of a reply.  Only NTS_REPLY_AUTHENTIC and NTS_REPLY_NAK may change
 * the caller's state. */
enum nts_reply_verdict {
	NTS_REPLY_AUTHENTIC,
	NTS_REPLY_PLAIN,    /* without any field of NTS: not from the server, or from one
	                        * that has no NTS */
	NTS_REPLY_FOREIGN,  /* no unique identifier, two of them, or another one */
	NTS_REPLY_NAK,      /* stratum 0 with kiss code NTSN, our identifier, no
	                        * authenticator: the server cannot read the cookie.  Anyone on
	                        * the path can send it (section 5.7) */
	NTS_REPLY_UNSEALED, /* our identifier, but no authenticator: what anyone on the path
	                        * can send */
	NTS_REPLY_MALFORMED, /* fields or lengths that do not fit */
	NTS_REPLY_FORGED,    /* the authenticator does not verify */
	NTS_REPLY_VERDICT_COUNT
};

struct nts_reply {
	struct nts_cookies
		cookies; /* new ones, for AUTHENTIC; as in nts_response_parse() */
};

/* The length of the packet up to the end of its first authenticator; `len` without one. The
 * rest is protected by nothing, and is not looked at. */
size_t nts_sealed_octets(const uint8_t *packet, size_t len);

/* `len` octets as a reply to a request with `unique_id`.  The NTP header is left to
 * core/ntp/packet.h, except for the kiss code of NTS_REPLY_NAK.  `*ret` is written only for
 * NTS_REPLY_AUTHENTIC.  Fields after the authenticator, and cookies before it, are ignored:
 * nothing protects them. */
MUST_USE enum nts_reply_verdict nts_reply_open(const uint8_t *packet, size_t len,
                                               const uint8_t *unique_id,
                                               const struct nts_keys *keys,
                                               const struct nts_aead *aead,
                                               struct nts_reply *ret);
const char *nts_reply_text(enum nts_reply_verdict verdict); /* never NULL */

#endif
