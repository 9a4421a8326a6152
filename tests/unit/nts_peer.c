/* SPDX-License-Identifier: MIT
 *
 * A server with NTS in a virtual world.
 */
#include "nts_peer.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/octets.h"
#include "core/nts/fields.h"
#include "toy_aead.h"

enum { FIELD_HEADER = 4, NONCE = 16 };

static struct nts_keys keys_of(uint32_t issuer, uint32_t session)
{
	struct nts_keys keys = { .aead = NTS_AEAD_SIV_CMAC_256 };

	memset(keys.c2s, 0xc2, sizeof(keys.c2s));
	memset(keys.s2c, 0x5c, sizeof(keys.s2c));
	keys.c2s[0] = keys.s2c[0] = (uint8_t)issuer;
	keys.c2s[1] = keys.s2c[1] = (uint8_t)(issuer >> 8);
	keys.c2s[2] = keys.s2c[2] = (uint8_t)session;
	keys.c2s[3] = keys.s2c[3] = (uint8_t)(session >> 8);
	return keys;
}

static void bake(struct nts_peer *peer, uint32_t session, struct nts_cookie *ret)
{
	struct octets_writer out = octets_write_to(ret->octets, sizeof(ret->octets));

	if (peer->issued == NTS_PEER_COOKIES_MAX ||
	    peer->cookie_len < NTS_PEER_COOKIE_OCTETS_MIN ||
	    peer->cookie_len > sizeof(ret->octets)) {
		abort();
	}
	memset(ret->octets, 0xc0, sizeof(ret->octets));
	ret->len = (uint16_t)peer->cookie_len;
	octets_put_u32(&out, peer->issuer);
	octets_put_u32(&out, session);
	octets_put_u32(&out, peer->issued++);
}

void nts_peer_exchange(struct nts_peer *peer, size_t cookie_count, struct nts_answer *ret)
{
	peer->session++;
	*ret = (struct nts_answer){
		.subject = "a server",
		.keys = keys_of(peer->issuer, peer->session),
		.port = 123,
		.cookies.count = (uint32_t)cookie_count,
	};
	for (size_t i = 0; i < cookie_count; i++) {
		bake(peer, peer->session, &ret->cookies.items[i]);
	}
}

/* The body of the next field, which must have this type; NULL if it has not. */
static const uint8_t *take_field(struct octets_reader *in, uint16_t type, size_t *ret_len)
{
	const uint16_t got = octets_get_u16(in);
	const uint16_t length = octets_get_u16(in);
	const uint8_t *body = in->at;

	if (got != type || length < FIELD_HEADER ||
	    !octets_skip(in, length - FIELD_HEADER)) {
		return NULL;
	}
	*ret_len = length - FIELD_HEADER;
	return body;
}

static bool is_zero(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (octets[i] != 0) {
			return false;
		}
	}
	return true;
}

/* All that follows the cookie: NULL, or what is wrong with it. */
static const char *read_rest(const uint8_t *packet, struct octets_reader *in,
                             const struct nts_keys *keys, size_t cookie_len,
                             struct nts_peer_request *ret)
{
	const uint8_t *body = NULL;
	uint8_t nothing[1];
	size_t len = 0, aad_len = 0;

	while (in->left > 0) {
		const struct octets_reader before = *in;

		aad_len = (size_t)(in->at - packet);
		body = take_field(in, NTS_FIELD_PLACEHOLDER, &len);
		if (!body) {
			*in = before;
			body = take_field(in, NTS_FIELD_AUTHENTICATOR, &len);
			break;
		}
		if (len != cookie_len || !is_zero(body, len)) {
			return "a placeholder that is not like the cookie";
		}
		ret->placeholder_count++;
	}
	if (!body || in->left > 0 || len != FIELD_HEADER + NONCE + NTS_TAG_OCTETS) {
		return "no authenticator at its end";
	}
	if (!toy_aead.unseal(keys->c2s, body + FIELD_HEADER, NONCE, packet, aad_len,
	                     body + FIELD_HEADER + NONCE, NTS_TAG_OCTETS, nothing)) {
		return "not sealed with its key";
	}
	return NULL;
}

enum nts_peer_verdict nts_peer_read(struct nts_peer *peer, const uint8_t *octets,
                                    size_t len, struct nts_peer_request *ret)
{
	struct octets_reader in = octets_read_from(octets, len), cookie;
	size_t id_len = 0, cookie_len = 0;
	const uint8_t *id, *body;
	uint32_t issuer, serial;
	struct nts_keys keys;

	*ret = (struct nts_peer_request){ .fault = NULL };
	(void)octets_skip(&in, NTP_HEADER_OCTETS);
	id = take_field(&in, NTS_FIELD_UNIQUE_ID, &id_len);
	body = take_field(&in, NTS_FIELD_COOKIE, &cookie_len);
	if (!id || id_len != NTS_UNIQUE_ID_OCTETS || !body) {
		ret->fault = "no unique identifier and cookie after the header";
		return NTS_PEER_BROKEN;
	}
	memcpy(ret->unique_id, id, sizeof(ret->unique_id));
	cookie = octets_read_from(body, cookie_len);
	issuer = octets_get_u32(&cookie);
	ret->session = octets_get_u32(&cookie);
	serial = octets_get_u32(&cookie);
	if (cookie.failed || issuer != peer->issuer || serial >= peer->issued) {
		ret->fault = "a cookie that it never got";
		return NTS_PEER_BROKEN;
	}
	keys = keys_of(issuer, ret->session);
	ret->fault = read_rest(octets, &in, &keys, cookie_len, ret);
	if (ret->fault) {
		return NTS_PEER_BROKEN;
	}
	if (peer->spent[serial / 8] & 1U << serial % 8) {
		return NTS_PEER_REUSED;
	}
	peer->spent[serial / 8] |= (uint8_t)(1U << serial % 8);
	return NTS_PEER_GOOD;
}

size_t nts_peer_mark(const uint8_t *unique_id, uint8_t *buf, size_t size)
{
	struct octets_writer out =
		octets_write_to(buf + NTP_HEADER_OCTETS, size - NTP_HEADER_OCTETS);

	octets_put_u16(&out, NTS_FIELD_UNIQUE_ID);
	octets_put_u16(&out, FIELD_HEADER + NTS_UNIQUE_ID_OCTETS);
	octets_put(&out, unique_id, NTS_UNIQUE_ID_OCTETS);
	return (size_t)(out.at - buf);
}

size_t nts_peer_seal(struct nts_peer *peer, const struct nts_peer_request *request,
                     size_t cookie_count, uint8_t *buf, size_t size)
{
	static const uint8_t nonce[NONCE] = "sixteen octets.";
	const struct nts_keys keys = keys_of(peer->issuer, request->session);
	const size_t aad_len = nts_peer_mark(request->unique_id, buf, size);
	uint8_t plain[NTP_PACKET_SIZE * 2], sealed[sizeof(plain) + NTS_TAG_OCTETS];
	struct octets_writer fields = octets_write_to(plain, sizeof(plain));
	struct octets_writer out = octets_write_to(buf + aad_len, size - aad_len);
	size_t len;

	for (size_t i = 0; i < cookie_count; i++) {
		struct nts_cookie cookie;

		bake(peer, request->session, &cookie);
		octets_put_u16(&fields, NTS_FIELD_COOKIE);
		octets_put_u16(&fields, (uint16_t)(FIELD_HEADER + cookie.len));
		octets_put(&fields, cookie.octets, cookie.len);
	}
	len = (size_t)(fields.at - plain);
	toy_aead.seal(keys.s2c, nonce, sizeof(nonce), buf, aad_len, plain, len, sealed);
	len += NTS_TAG_OCTETS;
	octets_put_u16(&out, NTS_FIELD_AUTHENTICATOR);
	octets_put_u16(&out, (uint16_t)(2 * FIELD_HEADER + NONCE + len));
	octets_put_u16(&out, NONCE);
	octets_put_u16(&out, (uint16_t)len);
	octets_put(&out, nonce, NONCE);
	octets_put(&out, sealed, len);
	if (out.failed || fields.failed) {
		abort();
	}
	return (size_t)(out.at - buf);
}
