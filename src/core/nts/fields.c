/* SPDX-License-Identifier: MIT
 *
 * Extension fields of NTS.  A reply is read up to its first authenticator: all before it is
 * protected by it, and nothing behind it is.
 */
#include "core/nts/fields.h"

#include <assert.h>
#include <string.h>

#include "core/base/octets.h"
#include "core/ntp/ext.h"

enum {
	FIELD_HEADER_OCTETS = 4, /* type and length */
	LENGTHS_OCTETS = 4,      /* of nonce and ciphertext, in the authenticator */
	STRATUM_AT = 1,
	REFID_AT = 12,

	UNIQUE_ID_FIELD_OCTETS = FIELD_HEADER_OCTETS + NTS_UNIQUE_ID_OCTETS,
	/* Nothing is encrypted in a request: the ciphertext is the tag alone. */
	AUTHENTICATOR_OCTETS =
		FIELD_HEADER_OCTETS + LENGTHS_OCTETS + NTS_NONCE_OCTETS + NTS_TAG_OCTETS,
	REQUEST_OCTETS_MIN =
		NTP_HEADER_OCTETS + UNIQUE_ID_FIELD_OCTETS + AUTHENTICATOR_OCTETS,
};
/* So neither nonce nor ciphertext of a request needs padding to four octets, and the nonce
 * is long enough not to need additional padding (section 5.6). */
_Static_assert(NTS_NONCE_OCTETS == 16 && NTS_TAG_OCTETS % 4 == 0, "no padding");

size_t nts_placeholders(size_t left, size_t cookie_len)
{
	const size_t fit =
		(NTP_PACKET_SIZE - REQUEST_OCTETS_MIN) / (FIELD_HEADER_OCTETS + cookie_len);
	/* The answer to the cookie itself brings one. */
	const size_t wanted = left < NTS_COOKIES_MAX ? NTS_COOKIES_MAX - left - 1 : 0;

	if (fit == 0) {
		return 0;
	}
	return wanted < fit - 1 ? wanted : fit - 1;
}

static void put_field_header(struct octets_writer *out, uint16_t type, size_t body_octets)
{
	octets_put_u16(out, type);
	octets_put_u16(out, (uint16_t)(FIELD_HEADER_OCTETS + body_octets));
}

size_t nts_request_seal(const struct nts_request *request, const struct nts_keys *keys,
                        const struct nts_aead *aead, uint8_t *buf, size_t size)
{
	static const uint8_t zeros[NTS_COOKIE_SIZE];
	struct octets_writer out;
	uint8_t tag[NTS_TAG_OCTETS];

	assert(nts_cookie_len_is_valid(request->cookie.len));
	assert(request->placeholder_count < NTS_COOKIES_MAX);
	if (size < NTP_HEADER_OCTETS) {
		return 0;
	}
	out = octets_write_to(buf + NTP_HEADER_OCTETS, size - NTP_HEADER_OCTETS);
	put_field_header(&out, NTS_FIELD_UNIQUE_ID, sizeof(request->unique_id));
	octets_put(&out, request->unique_id, sizeof(request->unique_id));
	put_field_header(&out, NTS_FIELD_COOKIE, request->cookie.len);
	octets_put(&out, request->cookie.octets, request->cookie.len);
	for (size_t i = 0; i < request->placeholder_count; i++) {
		put_field_header(&out, NTS_FIELD_PLACEHOLDER, request->cookie.len);
		octets_put(&out, zeros, request->cookie.len);
	}
	if (out.failed || out.left < AUTHENTICATOR_OCTETS) {
		return 0;
	}
	aead->seal(keys->c2s, request->nonce, sizeof(request->nonce), buf,
	           (size_t)(out.at - buf), NULL, 0, tag);
	put_field_header(&out, NTS_FIELD_AUTHENTICATOR,
	                 AUTHENTICATOR_OCTETS - FIELD_HEADER_OCTETS);
	octets_put_u16(&out, sizeof(request->nonce));
	octets_put_u16(&out, sizeof(tag));
	octets_put(&out, request->nonce, sizeof(request->nonce));
	octets_put(&out, tag, sizeof(tag));
	return out.failed ? 0 : (size_t)(out.at - buf);
}

/* The fields of a reply, up to the first authenticator. */
struct fields {
	bool is_malformed;
	size_t nts_count; /* of any type of NTS */
	size_t unique_id_count;
	bool is_ours; /* the last unique identifier is that of the request */
	bool has_authenticator;
	size_t authenticator_at; /* octets before it */
	struct octets_reader authenticator;
};

/* Takes a rest of 4, 20 or 24 octets for a MAC, as ntp_ext_next() does.  No authenticator
 * is lost by it: the smallest has 28 octets. */
static void fields_read(const uint8_t *packet, size_t len, const uint8_t *unique_id,
                        struct fields *ret)
{
	struct ntp_ext_field field;
	enum ntp_ext_result result;
	size_t at = NTP_HEADER_OCTETS;
	size_t start = at;

	*ret = (struct fields){ .is_malformed = false };
	while ((result = ntp_ext_next(packet, len, &at, &field)) == NTP_EXT_FIELD) {
		switch (field.type) {
		case NTS_FIELD_UNIQUE_ID:
			ret->nts_count++;
			ret->unique_id_count++;
			ret->is_ours =
				field.body_octets == NTS_UNIQUE_ID_OCTETS &&
				memcmp(field.body, unique_id, NTS_UNIQUE_ID_OCTETS) == 0;
			break;
		case NTS_FIELD_COOKIE:
		case NTS_FIELD_PLACEHOLDER:
			ret->nts_count++;
			break;
		case NTS_FIELD_AUTHENTICATOR:
			ret->nts_count++;
			ret->has_authenticator = true;
			ret->authenticator_at = start;
			ret->authenticator =
				octets_read_from(field.body, field.body_octets);
			return;
		default:
			break;
		}
		start = at;
	}
	ret->is_malformed = result == NTP_EXT_MALFORMED;
}

size_t nts_sealed_octets(const uint8_t *packet, size_t len)
{
	struct ntp_ext_field field;
	size_t at = NTP_HEADER_OCTETS;

	while (ntp_ext_next(packet, len, &at, &field) == NTP_EXT_FIELD) {
		if (field.type == NTS_FIELD_AUTHENTICATOR) {
			return at;
		}
	}
	return len;
}

static size_t padded(size_t len)
{
	return (len + 3) / 4 * 4;
}

/* The decrypted fields.  The limits of RFC 7822 do not hold for them (section 5.6): each has
 * at least its header, and a multiple of four octets. */
static bool encrypted_read(const uint8_t *plain, size_t len, struct nts_cookies *ret)
{
	struct octets_reader in = octets_read_from(plain, len);
	const uint8_t *body;
	uint16_t type;
	size_t length;

	while (in.left > 0) {
		type = octets_get_u16(&in);
		length = octets_get_u16(&in);
		body = in.at;
		if (length < FIELD_HEADER_OCTETS || length % 4 != 0 ||
		    !octets_skip(&in, length - FIELD_HEADER_OCTETS)) {
			return false;
		}
		if (type == NTS_FIELD_COOKIE) {
			nts_cookies_receive(ret, body, length - FIELD_HEADER_OCTETS);
		}
	}
	return true;
}

static enum nts_reply_verdict authenticator_open(const uint8_t *packet,
                                                 const struct fields *fields,
                                                 const struct nts_keys *keys,
                                                 const struct nts_aead *aead,
                                                 struct nts_reply *ret)
{
	uint8_t plain[NTP_PACKET_SIZE];
	struct nts_reply reply = { .cookies.count = 0 };
	struct octets_reader in = fields->authenticator;
	const size_t nonce_len = octets_get_u16(&in);
	const size_t sealed_len = octets_get_u16(&in);
	const uint8_t *nonce = in.at, *sealed;

	(void)octets_skip(&in, padded(nonce_len));
	sealed = in.at;
	/* The rest is additional padding. */
	if (!octets_skip(&in, padded(sealed_len)) || nonce_len == 0 ||
	    sealed_len < NTS_TAG_OCTETS) {
		return NTS_REPLY_MALFORMED;
	}
	if (!aead->unseal(keys->s2c, nonce, nonce_len, packet, fields->authenticator_at,
	                  sealed, sealed_len, plain)) {
		return NTS_REPLY_FORGED;
	}
	if (!encrypted_read(plain, sealed_len - NTS_TAG_OCTETS, &reply.cookies)) {
		return NTS_REPLY_MALFORMED;
	}
	*ret = reply;
	return NTS_REPLY_AUTHENTIC;
}

static bool is_nak(const uint8_t *packet)
{
	return packet[STRATUM_AT] == 0 && memcmp(packet + REFID_AT, "NTSN", 4) == 0;
}

enum nts_reply_verdict nts_reply_open(const uint8_t *packet, size_t len,
                                      const uint8_t *unique_id, const struct nts_keys *keys,
                                      const struct nts_aead *aead, struct nts_reply *ret)
{
	struct fields fields;

	if (len < NTP_HEADER_OCTETS || len > NTP_PACKET_SIZE) {
		return NTS_REPLY_MALFORMED;
	}
	fields_read(packet, len, unique_id, &fields);
	if (fields.nts_count == 0) {
		return fields.is_malformed ? NTS_REPLY_MALFORMED : NTS_REPLY_PLAIN;
	}
	if (fields.unique_id_count != 1 || !fields.is_ours) {
		return NTS_REPLY_FOREIGN;
	}
	if (fields.is_malformed) {
		return NTS_REPLY_MALFORMED;
	}
	if (!fields.has_authenticator) {
		return is_nak(packet) ? NTS_REPLY_NAK : NTS_REPLY_UNSEALED;
	}
	return authenticator_open(packet, &fields, keys, aead, ret);
}

const char *nts_reply_text(enum nts_reply_verdict verdict)
{
	static const char *const texts[NTS_REPLY_VERDICT_COUNT] = {
		[NTS_REPLY_AUTHENTIC] = "authenticated",
		[NTS_REPLY_PLAIN] = "answered, but without authentication: something on "
				    "the way answers in its place (NTP interception)",
		[NTS_REPLY_FOREIGN] = "without the identifier of our request",
		[NTS_REPLY_NAK] = "its cookie keys have changed (NTSN)",
		[NTS_REPLY_UNSEALED] = "answered, but without an authenticator",
		[NTS_REPLY_MALFORMED] = "malformed NTS extension fields",
		[NTS_REPLY_FORGED] = "wrong authenticator: changed on the way, or sealed "
				     "with other keys",
	};

	return (unsigned)verdict < NTS_REPLY_VERDICT_COUNT ? texts[verdict]
	                                                   : "unknown verdict";
}
