/* SPDX-License-Identifier: MIT
 *
 * For nts_server.c: NTP requests and replies, with the fields of NTS.
 */
#ifndef NTS_REPLY_H
#define NTS_REPLY_H

#include "nts_script.h"

enum {
	HEADER_OCTETS = 48,
	FIELD_UID = 0x0104,
	FIELD_COOKIE = 0x0204,
	FIELD_PLACEHOLDER = 0x0304,
	FIELD_AUTHENTICATOR = 0x0404,
	UID_OCTETS_MIN = 32,
	NONCE_OCTETS = 16,
};
#define WIRE_1970 (INT64_C(2208988800))

struct request {
	const uint8_t *packet;
	size_t len;
	const uint8_t *uid, *cookie, *auth; /* their bodies; NULL: none */
	size_t uid_len, cookie_len, auth_len;
	size_t auth_at; /* its offset in the packet */
	size_t uid_count, cookie_count, placeholder_count;
	struct keys keys;
};

/* Claims of the server. */
struct clock_settings {
	int64_t shift_ns;
	int64_t leap, stratum;
	uint32_t root_delay, root_dispersion; /* units of 2^-16 s */
	uint8_t refid[4];
};

/* ---- request ---- */

static size_t padded(size_t len)
{
	return (len + 3) / 4 * 4;
}

static const char *read_fields(struct request *q)
{
	size_t len;

	for (size_t at = HEADER_OCTETS; at < q->len; at += len) {
		const uint8_t *field = q->packet + at;

		if (q->len - at < 16 || (len = get_16(field + 2)) < 16 || len % 4 ||
		    len > q->len - at) {
			return "malformed";
		}
		if (q->auth) {
			return "auth-not-last";
		}
		switch (get_16(field)) {
		case FIELD_UID:
			q->uid = field + 4;
			q->uid_len = len - 4;
			q->uid_count++;
			break;
		case FIELD_COOKIE:
			q->cookie = field + 4;
			q->cookie_len = len - 4;
			q->cookie_count++;
			break;
		case FIELD_PLACEHOLDER:
			if (!q->cookie || len - 4 != q->cookie_len) {
				return "placeholder-length";
			}
			q->placeholder_count++;
			break;
		case FIELD_AUTHENTICATOR:
			q->auth = field + 4;
			q->auth_len = len - 4;
			q->auth_at = at;
			break;
		}
	}
	return NULL;
}

static const char *open_request(struct request *q)
{
	size_t nonce_len = get_16(q->auth), sealed_len = get_16(q->auth + 2);
	size_t used = 4 + padded(nonce_len) + padded(sealed_len);
	uint8_t plain[65536];

	if (used > q->auth_len || sealed_len < TAG_OCTETS || nonce_len == 0) {
		return "malformed-auth";
	}
	/* RFC 8915 section 5.6: the reply's nonce must have room in it. */
	if (padded(nonce_len) + q->auth_len - used < NONCE_OCTETS) {
		return "short-nonce";
	}
	if (!open_cookie(q->cookie, q->cookie_len, &q->keys)) {
		return "bad-cookie";
	}
	if (!siv_unseal(q->keys.c2s, q->auth + 4, nonce_len, q->packet, q->auth_at,
	                q->auth + 4 + padded(nonce_len), sealed_len, plain)) {
		return "forged";
	}
	return "ok";
}

/* "ok", "plain", or what is wrong with it. */
static const char *request_read(struct request *q)
{
	const char *wrong;

	if (q->len < HEADER_OCTETS || (q->packet[0] & 7) != 3) {
		return "no-request";
	}
	if (q->len == HEADER_OCTETS) {
		return "plain";
	}
	wrong = read_fields(q);
	if (wrong) {
		return wrong;
	}
	if (!q->uid && !q->cookie && !q->auth) {
		return "plain";
	}
	if ((q->packet[0] >> 3 & 7) != 4) {
		return "no-version-4";
	}
	return q->uid_count != 1 || q->uid_len < UID_OCTETS_MIN ? "uid"
	       : q->cookie_count != 1                           ? "cookies"
	       : !q->auth                                       ? "no-auth"
	                                                        : open_request(q);
}

/* ---- reply ---- */

static void set_32(uint8_t *at, uint32_t value)
{
	set_16(at, value >> 16);
	set_16(at + 2, value & 0xffff);
}

static void set_stamp(uint8_t *at, int64_t unix_ns)
{
	int64_t s = unix_ns / NS_PER_S - (unix_ns % NS_PER_S < 0);
	uint64_t ns = (uint64_t)(unix_ns - s * NS_PER_S);

	set_32(at, (uint32_t)(s + WIRE_1970));
	set_32(at + 4, (uint32_t)((ns << 32) / (uint64_t)NS_PER_S));
}

static void put_header(struct octets *o, const struct request *q, const struct words *words,
                       const struct clock_settings *clock, int64_t time_ns)
{
	uint8_t h[HEADER_OCTETS] = { 0 };
	bool is_nak = value_in(words, "ntsn") != NULL;
	const char *refid = value_in(words, "refid");
	int64_t leap = number_in(words, "leap", is_nak ? 3 : clock->leap);
	int64_t version = number_in(words, "version", q->packet[0] >> 3 & 7);

	h[0] = (uint8_t)(leap << 6 | version << 3 | number_in(words, "mode", 4));
	h[1] = (uint8_t)number_in(words, "stratum", is_nak ? 0 : clock->stratum);
	h[2] = (uint8_t)number_in(words, "poll", q->packet[2]);
	h[3] = (uint8_t)-23;
	set_32(h + 4, (uint32_t)number_in(words, "rootdelay", clock->root_delay));
	set_32(h + 8, (uint32_t)number_in(words, "rootdisp", clock->root_dispersion));
	memcpy(h + 12, clock->refid, 4);
	if (is_nak || (refid && *refid)) {
		memset(h + 12, 0, 4);
		memcpy(h + 12, is_nak ? "NTSN" : refid, is_nak ? 4 : strnlen(refid, 4));
	}
	time_ns += number_in(words, "shift", 0) * NS_PER_MS;
	set_stamp(h + 16, time_ns - NS_PER_S);
	memcpy(h + 24, q->packet + 40, 8);
	if (value_in(words, "origin")) {
		random_octets(h + 24, 8);
	}
	set_stamp(h + 32, time_ns);
	set_stamp(h + 40, time_ns);
	put(o, h, sizeof(h));
}

static void put_field(struct octets *o, unsigned type, const uint8_t *body, size_t len)
{
	put_16(o, type);
	put_16(o, (unsigned)(4 + len));
	put(o, body, len);
}

static void put_hex_field(struct octets *o, const char *value)
{
	size_t at = o->len;

	put_16(o, (unsigned)strtoul(value, NULL, 16));
	put_16(o, 0);
	put_hex(o, strchr(value, ':') ? strchr(value, ':') + 1 : "");
	set_16(o->at + at + 2, (unsigned)(o->len - at));
}

static void put_good_cookies(struct octets *o, const struct request *q, int64_t count)
{
	for (; count > 0; count--) {
		put_16(o, FIELD_COOKIE);
		put_16(o, (unsigned)(4 + q->cookie_len));
		put_cookie(o, &q->keys, q->cookie_len);
	}
}

static void put_strange_cookies(struct octets *o, const struct request *q,
                                const char *value)
{
	size_t len = (size_t)number(value);

	for (size_t times = times_of(value); times > 0; times--) {
		put_16(o, FIELD_COOKIE);
		put_16(o, (unsigned)(4 + len));
		if (len >= COOKIE_OCTETS) {
			put_cookie(o, &q->keys, len);
		} else {
			put_random(o, len);
		}
	}
}

/* A reply under construction. */
struct reply {
	const struct request *request;
	const struct words *words;
	struct octets packet, inner;
	size_t auth_at, nonce_len, pad_len;
	bool is_with_c2s;
};

static void put_authenticator(struct reply *r)
{
	const struct keys *keys = &r->request->keys;
	size_t sealed_len = r->inner.len + TAG_OCTETS, associated = r->packet.len, body;
	struct octets *o = &r->packet;
	uint8_t *sealed = malloc(sealed_len);
	uint8_t nonce[256];

	if (!sealed || r->nonce_len > sizeof(nonce)) {
		die("authenticator", "");
	}
	random_octets(nonce, r->nonce_len);
	/* An empty nonce cannot be sealed with; the client has to refuse it anyway. */
	siv_seal(r->is_with_c2s ? keys->c2s : keys->s2c, nonce,
	         r->nonce_len ? r->nonce_len : 1, o->at, associated, r->inner.at,
	         r->inner.len, sealed);
	r->auth_at = associated;
	body = 4 + padded(r->nonce_len) + padded(sealed_len) + r->pad_len;
	put_16(o, FIELD_AUTHENTICATOR);
	put_16(o, (unsigned)(4 + body));
	put_16(o, (unsigned)r->nonce_len);
	put_16(o, (unsigned)sealed_len);
	put(o, nonce, r->nonce_len);
	put_zeros(o, padded(r->nonce_len) - r->nonce_len);
	put(o, sealed, sealed_len);
	put_zeros(o, padded(sealed_len) - sealed_len + r->pad_len);
	r->inner.len = 0;
	free(sealed);
}

static bool put_inner(struct reply *r, const char *word)
{
	const char *value = value_of(word);

	if (is_word(word, "+cookies")) {
		put_good_cookies(&r->inner, r->request,
		                 value ? number(value)
		                       : 1 + (int64_t)r->request->placeholder_count);
	} else if (is_word(word, "+cookie") && value) {
		put_strange_cookies(&r->inner, r->request, value);
	} else if (is_word(word, "+hex") && value) {
		put_hex(&r->inner, value);
	} else {
		return false;
	}
	return true;
}

/* False: not a word for a field. */
static bool put_field_word(struct reply *r, const char *word)
{
	const struct request *q = r->request;
	const char *value = value_of(word);

	if (is_word(word, "uid") || is_word(word, "ntsn")) {
		put_field(&r->packet, FIELD_UID, q->uid, q->uid_len);
	} else if (is_word(word, "cookie")) {
		put_good_cookies(&r->packet, q, 1);
	} else if (is_word(word, "field") && value) {
		put_hex_field(&r->packet, value);
	} else if (is_word(word, "auth")) {
		put_authenticator(r);
	} else if (is_word(word, "tail") && value) {
		put_hex(&r->packet, value);
	} else if (!put_inner(r, word)) {
		return is_word(word, "none");
	}
	return true;
}

static void set_option_word(struct reply *r, const char *word)
{
	const char *value = value_of(word);

	if (is_word(word, "c2s")) {
		r->is_with_c2s = true;
	} else if (is_word(word, "nonce") && value) {
		r->nonce_len = (size_t)number(value);
	} else if (is_word(word, "pad") && value) {
		r->pad_len = (size_t)number(value);
	} else if (r->auth_at > 0 && is_word(word, "fieldlen") && value) {
		set_16(r->packet.at + r->auth_at + 2, (unsigned)number(value));
	} else if (r->auth_at > 0 && is_word(word, "noncelen") && value) {
		set_16(r->packet.at + r->auth_at + 4, (unsigned)number(value));
	} else if (r->auth_at > 0 && is_word(word, "ctlen") && value) {
		set_16(r->packet.at + r->auth_at + 6, (unsigned)number(value));
	} else if (is_word(word, "flip") && value &&
	           (size_t)number(value) < r->packet.len) {
		r->packet.at[number(value)] ^= 1;
	} else if (is_word(word, "cut") && value && (size_t)number(value) < r->packet.len) {
		r->packet.len = (size_t)number(value);
	}
}

/* To `r->packet`; `r` has request and words. */
static void reply_make(struct reply *r, const struct clock_settings *clock, int64_t time_ns)
{
	bool has_fields = false;

	r->packet.len = 0;
	r->inner.len = 0;
	r->auth_at = 0;
	r->nonce_len = NONCE_OCTETS;
	r->pad_len = 0;
	r->is_with_c2s = false;
	put_header(&r->packet, r->request, r->words, clock, time_ns);
	for (size_t i = 0; i < r->words->count; i++) {
		has_fields |= put_field_word(r, r->words->word[i]);
		set_option_word(r, r->words->word[i]);
	}
	if (!has_fields) {
		put_field_word(r, "uid");
		put_field_word(r, "+cookies");
		put_field_word(r, "auth");
		for (size_t i = 0; i < r->words->count; i++) {
			set_option_word(r, r->words->word[i]);
		}
	}
}

#endif
