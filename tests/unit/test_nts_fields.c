/* SPDX-License-Identifier: MIT
 *
 * Requests and replies with NTS, by RFC 8915 section 5.  Replies are written here, octet by
 * octet; each row is tested with a toy AEAD and with that of the programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/ext.h"
#include "core/nts/fields.h"
#include "io/nts/aead.h"
#include "toy_aead.h"

enum {
	HEADER = 48,
	SIZE = 70000,
	TAG = 16,
};

static const struct {
	const char *name;
	const struct nts_aead *aead;
} aeads[] = { { "toy", &toy_aead }, { "AES-SIV", &nts_aead_siv } };

static struct nts_keys the_keys(void)
{
	struct nts_keys keys = { .aead = NTS_AEAD_SIV_CMAC_256 };

	memset(keys.c2s, 0xc2, sizeof(keys.c2s));
	memset(keys.s2c, 0x52, sizeof(keys.s2c));
	return keys;
}

static const uint8_t UNIQUE_ID[NTS_UNIQUE_ID_OCTETS] = "an identifier of 32 random bits";

/* clang-format off */
/* Encrypted fields: cookies of N octets. */
#define C12  "\x02\x04\x00\x10" "cccccccccccc"
#define C16  "\x02\x04\x00\x14" "cccccccccccccccc"
#define C100 "\x02\x04\x00\x68" "cccccccccccccccccccccccccccccccccccccccccccccccccc" \
             "cccccccccccccccccccccccccccccccccccccccccccccccccc"

/* Lengths in the authenticator, where they are not those of its parts. */
struct claim {
	int nonce_len;  /* 0: as it is; -1: 0 */
	int sealed_len; /* the same */
};

struct row {
	const char *name;
	/* The fields, one letter each:
	 *   U unique identifier      u ... of another request   s ... of 16 octets
	 *   l ... of 64 octets that begin with ours
	 *   C cookie in clear        P placeholder              x unknown field of 16 octets
	 *   X unknown field of 28    A authenticator            B ... with another tag
	 *   M MAC of 20 octets       m ... of 24                K crypto-NAK
	 *   0 field of length 0      3 ... of length 31         L ... longer than the packet
	 *   o two octets             4 four octets of authenticator
	 *   N authenticator of 20 octets */
	const char *fields;
	enum nts_reply_verdict want;
	uint32_t cookies;
	const char *plain; /* the encrypted fields; NULL: none */
	size_t len;
	size_t nonce_len; /* 0: 16 */
	size_t padding;   /* additional padding */
	struct claim claim;
	const char *kiss; /* reference id, with `stratum` */
	uint8_t stratum;
	bool has_c2s;  /* sealed with the client's key */
	uint8_t first; /* octet of the packet; 0: version 4, mode 4 */
};

#define PLAIN(literal) .plain = literal, .len = sizeof(literal) - 1

static const struct row rows[] = {
	{ "a reply with a cookie", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "a reply with eight cookies", "UA", NTS_REPLY_AUTHENTIC, 8, PLAIN(C100 C100 C100 C100 C100 C100 C100 C100) },
	{ "unknown fields before the authenticator", "xUXA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },

	{ "NN1 a plain reply", "", .want = NTS_REPLY_PLAIN },
	{ "NN1 a plain reply with a field", "X", .want = NTS_REPLY_PLAIN },
	{ "NN1 a plain reply with a MAC", "M", .want = NTS_REPLY_PLAIN },
	{ "NN1 a plain reply with a crypto-NAK", "K", .want = NTS_REPLY_PLAIN },
	{ "NN1 a plain kiss RATE", "", NTS_REPLY_PLAIN, .kiss = "RATE", .first = 0xe4 },
	{ "NN1 a plain reply of version 3", "", NTS_REPLY_PLAIN, .first = 0x1c },
	{ "NN1 a plain NTSN", "", NTS_REPLY_PLAIN, .kiss = "NTSN" },
	{ "NN1 a broken tail", "0", .want = NTS_REPLY_MALFORMED },
	{ "NN1 two stray octets", "o", .want = NTS_REPLY_MALFORMED },
	{ "NN2 wrong identifier", "uA", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN2 identifier of 16 octets", "sA", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN2 identifier of 64 octets, ours first", "lA", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN2 wrong identifier, nothing else", "u", .want = NTS_REPLY_FOREIGN },
	{ "NN2 wrong identifier, and broken", "u0", .want = NTS_REPLY_FOREIGN },
	{ "NN3 no identifier", "A", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN3 no identifier, a cookie", "C", .want = NTS_REPLY_FOREIGN },
	{ "NN3 no identifier, a placeholder", "P", .want = NTS_REPLY_FOREIGN },
	{ "NN3 identifier behind the authenticator", "AU", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN4 two identifiers, both ours", "UUA", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN4 two identifiers, ours last", "uUA", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN4 two identifiers, ours first", "UuA", NTS_REPLY_FOREIGN, PLAIN(C100) },
	{ "NN4 two identifiers, one behind the authenticator", "UAu", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN5 no authenticator", "U", .want = NTS_REPLY_UNSEALED },
	{ "NN5 no authenticator, a cookie", "UC", .want = NTS_REPLY_UNSEALED },
	{ "NN5 no authenticator, a MAC of 20", "UM", .want = NTS_REPLY_UNSEALED },
	{ "NN5 no authenticator, a MAC of 24", "Um", .want = NTS_REPLY_UNSEALED },
	{ "NN5 no authenticator, a crypto-NAK", "UK", .want = NTS_REPLY_UNSEALED },
	{ "NN5 no authenticator, a broken field", "U0", .want = NTS_REPLY_MALFORMED },
	{ "NN5 no authenticator, a field of 31", "U3", .want = NTS_REPLY_MALFORMED },
	{ "NN5 no authenticator, a field too long", "UL", .want = NTS_REPLY_MALFORMED },
	{ "NN5 no authenticator, stray octets", "Uo", .want = NTS_REPLY_MALFORMED },
	{ "NN5 the head of an authenticator", "U4", .want = NTS_REPLY_UNSEALED },
	{ "NN5 an authenticator of 20 octets, read as a MAC", "UN", .want = NTS_REPLY_UNSEALED },
	{ "NN5 a broken field before the authenticator", "U0A", NTS_REPLY_MALFORMED, PLAIN(C100) },
	{ "NN5 an authenticator twice", "UAA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN5 a good authenticator, then a bad one", "UAB", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN5 a bad authenticator, then a good one", "UBA", NTS_REPLY_FORGED, PLAIN(C100) },
	{ "NN5 an authenticator of version 3", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .first = 0x1c },

	{ "NN6 nonce of 0", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.nonce_len = -1 },
	{ "NN6 nonce of 65535", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.nonce_len = 65535 },
	{ "NN6 nonce of 65532", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.nonce_len = 65532 },
	{ "NN6 nonce 4 too long", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.nonce_len = 20 },
	{ "NN6 nonce takes all", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.nonce_len = 16 + 16 + 104 },
	{ "NN6 nonce one beyond all", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.nonce_len = 16 + 16 + 104 + 1 },
	{ "NN6 nonce one too short", "UA", NTS_REPLY_FORGED, PLAIN(C100), .claim.nonce_len = 15 },
	{ "NN6 nonce 4 too short", "UA", NTS_REPLY_FORGED, PLAIN(C100), .claim.nonce_len = 12 },
	{ "NN6 nonce of 1, nothing encrypted: 28 octets", "UA", NTS_REPLY_AUTHENTIC, 0, .nonce_len = 1 },
	{ "NN6 a nonce of 1", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .nonce_len = 1 },
	{ "NN6 a nonce of 12", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .nonce_len = 12 },
	{ "NN6 a nonce of 13", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .nonce_len = 13 },
	{ "NN6 a nonce of 15", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .nonce_len = 15 },
	{ "NN6 a nonce of 17", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .nonce_len = 17 },
	{ "NN6 a nonce of 300", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .nonce_len = 300 },
	{ "NN7 ciphertext of 0", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = -1 },
	{ "NN7 ciphertext of 1", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 1 },
	{ "NN7 ciphertext of 15", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 15 },
	{ "NN7 ciphertext of 16", "UA", NTS_REPLY_FORGED, PLAIN(C100), .claim.sealed_len = 16 },
	{ "NN7 ciphertext 1 beyond the field", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 121 },
	{ "NN7 ciphertext 4 beyond the field", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 124 },
	{ "NN7 ciphertext beyond the field, in the packet", "UAX", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 124 },
	{ "NN7 ciphertext of 65535", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 65535 },
	{ "NN7 65535 + 65535", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim = { 65535, 65535 } },
	{ "NN7 65533 + 65533", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim = { 65533, 65533 } },
	{ "NN7 16 + 65520: a sum of 65536", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim.sealed_len = 65520 },
	{ "NN7 65535 + 0", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim = { 65535, -1 } },
	{ "NN7 0 + 0", "UA", NTS_REPLY_MALFORMED, PLAIN(C100), .claim = { -1, -1 } },
	{ "NN7 additional padding of 4", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .padding = 4 },
	{ "NN7 additional padding of 400", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .padding = 400 },

	{ "NN8 another tag", "UB", NTS_REPLY_FORGED, PLAIN(C100) },
	{ "NN9 sealed with the client's key", "UA", NTS_REPLY_FORGED, PLAIN(C100), .has_c2s = true },
	{ "NN9 our own request, sent back", "UCPA", NTS_REPLY_FORGED, .has_c2s = true, .first = 0x23 },
	{ "NN10 a field behind the authenticator", "UAX", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN10 a cookie behind the authenticator", "UAC", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN10 a MAC behind the authenticator", "UAM", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN10 a broken field behind the authenticator", "UA0", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN10 stray octets behind the authenticator", "UAo", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },
	{ "NN11 a cookie in clear", "UCA", .want = NTS_REPLY_AUTHENTIC },
	{ "NN11 a cookie in clear, another encrypted", "CUCA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C12) },
	{ "NN11 a placeholder in a reply", "UPA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) },

	{ "NN12 encrypted field of length 0", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\x00\x00" "0000") },
	{ "NN12 a good cookie, then length 0", "UA", NTS_REPLY_MALFORMED, PLAIN(C100 "\x02\x04\x00\x00") },
	{ "NN12 encrypted field of length 3", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\x00\x03") },
	{ "NN12 encrypted field of length 17", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\x00\x11" "ccccccccccccc" "000") },
	{ "NN12 encrypted field of length 18", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\x00\x12" "cccccccccccccc" "00") },
	{ "NN12 two encrypted fields of length 6", "UA", NTS_REPLY_MALFORMED, PLAIN("\x7e\x00\x00\x06" "cc" "\x7e\x00\x00\x06" "cc") },
	{ "NN12 encrypted field 4 too long", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\x00\x14" "cccccccccccc") },
	{ "NN12 a good cookie, then one too long", "UA", NTS_REPLY_MALFORMED, PLAIN(C100 "\x02\x04\x00\x14" "cccccccccccc") },
	{ "NN12 encrypted field of 65535", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\xff\xff" "cccccccccccc") },
	{ "NN12 encrypted field of 65532", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\xff\xfc" "cccccccccccc") },
	{ "NN12 one octet encrypted", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02") },
	{ "NN12 three octets encrypted", "UA", NTS_REPLY_MALFORMED, PLAIN("\x02\x04\x00") },
	{ "NN12 a good cookie, then one octet", "UA", NTS_REPLY_MALFORMED, PLAIN(C100 "\x02") },
	{ "NN12 a good cookie, then three octets", "UA", NTS_REPLY_MALFORMED, PLAIN(C100 "\x02\x04\x00") },
	{ "NN12 zeros encrypted", "UA", NTS_REPLY_MALFORMED, PLAIN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ "NN12 encrypted field of 4 octets", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN("\x7e\x00\x00\x04" C100) },
	{ "NN12 a cookie of no octets is dropped", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN("\x02\x04\x00\x04" C100) },
	{ "NN12 a cookie of 8 octets is dropped", "UA", NTS_REPLY_AUTHENTIC, 0, PLAIN("\x02\x04\x00\x0c" "cccccccc") },
	{ "NN13 nothing encrypted", "UA", .want = NTS_REPLY_AUTHENTIC },
	{ "NN13 no cookie encrypted", "UA", NTS_REPLY_AUTHENTIC, 0, PLAIN("\x7e\x00\x00\x08" "cccc") },
	{ "NN13 a placeholder encrypted", "UA", NTS_REPLY_AUTHENTIC, 0, PLAIN("\x03\x04\x00\x10" "cccccccccccc") },
	{ "NN13 an identifier encrypted does not count", "UA", NTS_REPLY_AUTHENTIC, 0, PLAIN("\x01\x04\x00\x08" "cccc") },
	{ "NN14 nine cookies", "UA", NTS_REPLY_AUTHENTIC, 8, PLAIN(C12 C12 C12 C12 C12 C12 C12 C12 C12) },
	{ "NN14 nine cookies, the ninth broken", "UA", NTS_REPLY_MALFORMED, PLAIN(C12 C12 C12 C12 C12 C12 C12 C12 "\x02\x04\x00\x14" "cccccccccccc") },
	{ "NN14 thirty cookies", "UA", NTS_REPLY_AUTHENTIC, 8, PLAIN(C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12 C12) },
	{ "NN15 cookies of other lengths", "UA", NTS_REPLY_AUTHENTIC, 3, PLAIN(C12 C100 C16) },

	{ "NN16 NTSN", "U", NTS_REPLY_NAK, .kiss = "NTSN" },
	{ "NN16 NTSN with a field", "UX", NTS_REPLY_NAK, .kiss = "NTSN" },
	{ "NN16 NTSN, authenticated: not a NAK", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100), .kiss = "NTSN" },
	{ "NN16 NTSN with a wrong authenticator", "UB", NTS_REPLY_FORGED, PLAIN(C100), .kiss = "NTSN" },
	{ "NN16 NTSN, broken", "U0", NTS_REPLY_MALFORMED, .kiss = "NTSN" },
	{ "NN16 NTSN with stratum 1 is a reference id", "U", .want = NTS_REPLY_UNSEALED, .kiss = "NTSN", .stratum = 1 },
	{ "NN21 a plain RATE with our identifier", "U", .want = NTS_REPLY_UNSEALED, .kiss = "RATE" },
	{ "NN21 a plain DENY with our identifier", "U", .want = NTS_REPLY_UNSEALED, .kiss = "DENY" },
	{ "NN20 an authenticated RATE", "UA", .want = NTS_REPLY_AUTHENTIC, .kiss = "RATE" },
	{ "NN18 NTSN, wrong identifier", "u", NTS_REPLY_FOREIGN, .kiss = "NTSN" },
	{ "NN18 NTSN, no identifier, a cookie", "C", NTS_REPLY_FOREIGN, .kiss = "NTSN" },
	{ "NN18 NTSN, two identifiers", "UU", NTS_REPLY_FOREIGN, .kiss = "NTSN" },
};
/* clang-format on */

struct packet {
	uint8_t octets[SIZE];
	size_t len;
};

static void put(struct packet *packet, const void *octets, size_t len)
{
	assert_true(packet->len + len <= SIZE);
	memcpy(packet->octets + packet->len, octets, len);
	packet->len += len;
}

static void put_u16(struct packet *packet, size_t value)
{
	const uint8_t octets[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(packet, octets, 2);
}

/* `laid` octets of body, the first of them `octets`. */
static void put_field(struct packet *packet, unsigned type, size_t length,
                      const void *octets, size_t len, size_t laid)
{
	const uint8_t filler = 0xee;

	put_u16(packet, type);
	put_u16(packet, length);
	put(packet, octets, len);
	for (size_t i = len; i < laid; i++) {
		put(packet, &filler, 1);
	}
}

static size_t to_four(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static size_t claimed(int claim, size_t truth)
{
	return claim < 0 ? 0 : claim > 0 ? (size_t)claim : truth;
}

static void put_authenticator(struct packet *packet, const struct row *row,
                              const struct nts_aead *aead, bool is_good)
{
	static const uint8_t zeros[1024];
	const struct nts_keys keys = the_keys();
	const size_t nonce_len = row->nonce_len ? row->nonce_len : 16;
	const size_t sealed_len = row->len + TAG;
	uint8_t nonce[1024], sealed[1024 + TAG];

	memset(nonce, 0x4e, sizeof(nonce));
	aead->seal(row->has_c2s ? keys.c2s : keys.s2c, nonce, nonce_len, packet->octets,
	           packet->len, (const uint8_t *)row->plain, row->len, sealed);
	sealed[3] ^= is_good ? 0 : 0x40;
	put_u16(packet, 0x0404);
	put_u16(packet, 8 + to_four(nonce_len) + to_four(sealed_len) + row->padding);
	put_u16(packet, claimed(row->claim.nonce_len, nonce_len));
	put_u16(packet, claimed(row->claim.sealed_len, sealed_len));
	put(packet, nonce, nonce_len);
	put(packet, zeros, to_four(nonce_len) - nonce_len);
	put(packet, sealed, sealed_len);
	put(packet, zeros, to_four(sealed_len) - sealed_len);
	put(packet, zeros, row->padding);
}

static void put_part(struct packet *packet, char part, const struct row *row,
                     const struct nts_aead *aead)
{
	static const uint8_t other_id[32] = "another identifier of 32 octets";

	switch (part) {
	case 'U':
		put_field(packet, 0x0104, 36, UNIQUE_ID, 32, 32);
		break;
	case 'u':
		put_field(packet, 0x0104, 36, other_id, 32, 32);
		break;
	case 's':
		put_field(packet, 0x0104, 20, UNIQUE_ID, 16, 16);
		break;
	case 'l':
		put_field(packet, 0x0104, 68, UNIQUE_ID, 32, 64);
		break;
	case 'C':
		put_field(packet, 0x0204, 104, "", 0, 100);
		break;
	case 'P':
		put_field(packet, 0x0304, 104, "", 0, 100);
		break;
	case 'x':
		put_field(packet, 0x7e00, 16, "", 0, 12);
		break;
	case 'X':
		put_field(packet, 0x7e00, 28, "", 0, 24);
		break;
	case 'A':
	case 'B':
		put_authenticator(packet, row, aead, part == 'A');
		break;
	case 'M':
		put_field(packet, 0, 1, "", 0, 16);
		break;
	case 'm':
		put_field(packet, 0, 1, "", 0, 20);
		break;
	case 'K':
		put_field(packet, 0, 0, "", 0, 0);
		break;
	case '0':
		put_field(packet, 0x7e00, 0, "", 0, 28);
		break;
	case '3':
		put_field(packet, 0x7e00, 31, "", 0, 28);
		break;
	case 'L':
		put_field(packet, 0x0404, 0xfffc, "", 0, 60);
		break;
	case 'o':
		put(packet, "oo", 2);
		break;
	case '4':
		put_field(packet, 0x0404, 40, "", 0, 0);
		break;
	case 'N':
		put_field(packet, 0x0404, 20, "", 0, 16);
		break;
	default:
		fail();
	}
}

static void write_reply(const struct row *row, const struct nts_aead *aead,
                        struct packet *ret)
{
	ret->len = HEADER;
	memset(ret->octets, 0x11, HEADER);
	ret->octets[0] = row->first ? row->first : 0x24;
	ret->octets[1] = 2;
	if (row->kiss) {
		ret->octets[1] = row->stratum;
		memcpy(ret->octets + 12, row->kiss, 4);
	}
	for (const char *part = row->fields; *part; part++) {
		put_part(ret, *part, row, aead);
	}
}

/* A copy that ends where the packet ends, so that reading on is caught. */
static enum nts_reply_verdict open_reply(const uint8_t *octets, size_t len,
                                         const struct nts_aead *aead, struct nts_reply *ret)
{
	const struct nts_keys keys = the_keys();
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum nts_reply_verdict verdict;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	verdict = nts_reply_open(copy, len, UNIQUE_ID, &keys, aead, ret);
	free(copy);
	return verdict;
}

static void opens_with(const struct row *row, const struct nts_aead *aead)
{
	struct packet packet;
	struct nts_reply reply, before;

	write_reply(row, aead, &packet);
	memset(&reply, 0xa5, sizeof(reply));
	before = reply;
	assert_int_equal(open_reply(packet.octets, packet.len, aead, &reply), row->want);
	if (row->want != NTS_REPLY_AUTHENTIC) {
		assert_memory_equal(&reply, &before, sizeof(reply));
		return;
	}
	assert_int_equal(reply.cookies.count, row->cookies);
	assert_true(nts_cookies_are_valid(&reply.cookies));
	for (size_t i = 0; i < reply.cookies.count; i++) {
		const struct nts_cookie *cookie = &reply.cookies.items[i];

		for (size_t at = 0; at < cookie->len; at++) {
			assert_int_equal(cookie->octets[at], 'c');
		}
	}
}

static void opens(void **state)
{
	opens_with(*state, &toy_aead);
}

static void opens_siv(void **state)
{
	opens_with(*state, &nts_aead_siv);
}

static const struct row GOOD = { "", "UA", NTS_REPLY_AUTHENTIC, 1, PLAIN(C100) };

/* Any bit of the reply flipped: header, identifier, nonce, tag, ciphertext, types, lengths. */
static void every_bit(void **state)
{
	struct packet packet;
	struct nts_reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(aeads); i++) {
		write_reply(&GOOD, aeads[i].aead, &packet);
		for (size_t bit = 0; bit < packet.len * 8; bit++) {
			const size_t at = bit / 8;
			enum nts_reply_verdict verdict;

			packet.octets[at] ^= (uint8_t)(1 << bit % 8);
			verdict = open_reply(packet.octets, packet.len, aeads[i].aead,
			                     &reply);
			assert_int_not_equal(verdict, NTS_REPLY_AUTHENTIC);
			if (at >= HEADER + 4 && at < HEADER + 36) {
				assert_int_equal(verdict, NTS_REPLY_FOREIGN);
			} else if ((at > 0 && at < HEADER) || at >= HEADER + 36 + 8) {
				assert_int_equal(verdict, NTS_REPLY_FORGED);
			}
			packet.octets[at] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(
			open_reply(packet.octets, packet.len, aeads[i].aead, &reply),
			NTS_REPLY_AUTHENTIC);
	}
}

/* Each length that a reply can be cut to. */
static void every_cut(void **state)
{
	struct packet packet;
	struct nts_reply reply;

	(void)state;
	write_reply(&GOOD, &nts_aead_siv, &packet);
	for (size_t len = 0; len < packet.len; len++) {
		const enum nts_reply_verdict verdict =
			open_reply(packet.octets, len, &nts_aead_siv, &reply);
		enum nts_reply_verdict want = NTS_REPLY_MALFORMED;

		if (len == HEADER || len == HEADER + 4 || len == HEADER + 20 ||
		    len == HEADER + 24) {
			want = NTS_REPLY_PLAIN; /* nothing, or a MAC */
		} else if (len == HEADER + 36 || len == HEADER + 36 + 4 ||
		           len == HEADER + 36 + 20 || len == HEADER + 36 + 24) {
			want = NTS_REPLY_UNSEALED;
		}
		assert_int_equal(verdict, want);
	}
}

/* NN24: as long as a packet may be, and 4 octets more. */
static void longest_reply(void **state)
{
	struct row row = GOOD;
	struct packet packet;
	struct nts_reply reply;

	(void)state;
	row.padding = NTP_PACKET_SIZE - (HEADER + 36 + 40 + 104);
	write_reply(&row, &nts_aead_siv, &packet);
	assert_int_equal(packet.len, NTP_PACKET_SIZE);
	assert_int_equal(open_reply(packet.octets, packet.len, &nts_aead_siv, &reply),
	                 NTS_REPLY_AUTHENTIC);
	row.padding += 4;
	write_reply(&row, &nts_aead_siv, &packet);
	assert_int_equal(open_reply(packet.octets, packet.len, &nts_aead_siv, &reply),
	                 NTS_REPLY_MALFORMED);
}

/* The ciphertext may fill the packet. */
static void longest_ciphertext(void **state)
{
	static char plain[NTP_PACKET_SIZE - (HEADER + 36 + 40)];
	struct row row = { "", "UA", NTS_REPLY_AUTHENTIC, .plain = plain,
		           .len = sizeof(plain) };
	struct packet packet;
	struct nts_reply reply;

	(void)state;
	memcpy(plain, "\x7e\x00\x00\x00", 4);
	plain[2] = (char)(sizeof(plain) >> 8);
	plain[3] = (char)(sizeof(plain) & 0xff);
	write_reply(&row, &nts_aead_siv, &packet);
	assert_int_equal(packet.len, NTP_PACKET_SIZE);
	assert_int_equal(open_reply(packet.octets, packet.len, &nts_aead_siv, &reply),
	                 NTS_REPLY_AUTHENTIC);
}

static void many_fields(void **state)
{
	static char fields[64];
	const struct row row = { "", fields, .want = NTS_REPLY_FOREIGN };
	struct packet packet;
	struct nts_reply reply;

	(void)state;
	memset(fields, 'U', 27);
	write_reply(&row, &toy_aead, &packet);
	assert_true(packet.len <= NTP_PACKET_SIZE);
	assert_int_equal(open_reply(packet.octets, packet.len, &toy_aead, &reply),
	                 row.want);
}

/* Requests. */

static struct nts_request a_request(size_t cookie_len, size_t placeholder_count)
{
	struct nts_request request = { .placeholder_count = placeholder_count };

	memcpy(request.unique_id, UNIQUE_ID, sizeof(request.unique_id));
	memset(request.nonce, 0x4f, sizeof(request.nonce));
	request.cookie.len = (uint16_t)cookie_len;
	memset(request.cookie.octets, 0xc0, cookie_len);
	return request;
}

static void start_request(uint8_t *buf)
{
	memset(buf, 0, HEADER);
	buf[0] = 0x23;
	memset(buf + 40, 0x77, 8);
}

struct request_row {
	const char *name;
	size_t cookie_len, placeholder_count;
	size_t want;
};

/* clang-format off */
static const struct request_row request_rows[] = {
	{ "a cookie of 100",                      100, 0, 228 },
	{ "a cookie of 100, a placeholder",       100, 1, 332 },
	{ "a cookie of 100, seven placeholders",  100, 7, 956 },
	{ "a cookie of 104, seven placeholders",  104, 7, 988 },
	{ "a cookie of 12",                        12, 0, 140 },
	{ "a cookie of 12, seven placeholders",    12, 7, 252 },
	{ "a cookie of 512",                      512, 0, 640 },
	{ "a cookie of 512, a placeholder",       512, 1, 0 },
	{ "a cookie of 108, seven placeholders",  108, 7, 1020 },
	{ "a cookie of 112, seven placeholders",  112, 7, 0 },
};
/* clang-format on */

static void seals_request_with(const struct request_row *row, const struct nts_aead *aead)
{
	const struct nts_request request =
		a_request(row->cookie_len, row->placeholder_count);
	const struct nts_keys keys = the_keys();
	uint8_t buf[NTP_PACKET_SIZE], opened[1], tag[TAG];
	struct packet want = { .len = HEADER };
	size_t len;

	start_request(buf);
	start_request(want.octets);
	len = nts_request_seal(&request, &keys, aead, buf, sizeof(buf));
	assert_int_equal(len, row->want);
	if (len == 0) {
		return;
	}
	put_field(&want, 0x0104, 36, UNIQUE_ID, 32, 32);
	put_field(&want, 0x0204, 4 + row->cookie_len, request.cookie.octets,
	          row->cookie_len, row->cookie_len);
	for (size_t i = 0; i < row->placeholder_count; i++) {
		static const uint8_t zeros[512];

		put_field(&want, 0x0304, 4 + row->cookie_len, zeros, row->cookie_len,
		          row->cookie_len);
	}
	aead->seal(keys.c2s, request.nonce, 16, want.octets, want.len, NULL, 0, tag);
	put_u16(&want, 0x0404);
	put_u16(&want, 40);
	put_u16(&want, 16);
	put_u16(&want, 16);
	put(&want, request.nonce, 16);
	put(&want, tag, 16);
	assert_int_equal(len, want.len);
	assert_memory_equal(buf, want.octets, len);
	assert_int_equal(ntp_ext_check(buf, len), NTP_EXT_END);
	assert_true(aead->unseal(keys.c2s, buf + len - 32, 16, buf, len - 40,
	                         buf + len - 16, 16, opened));
	assert_false(aead->unseal(keys.s2c, buf + len - 32, 16, buf, len - 40,
	                          buf + len - 16, 16, opened));
}

static void seals_request(void **state)
{
	for (size_t i = 0; i < COUNT_OF(aeads); i++) {
		seals_request_with(*state, aeads[i].aead);
	}
}

/* Each size that is too small: nothing is written behind it. */
static void request_too_long(void **state)
{
	const struct nts_request request = a_request(100, 1);
	const struct nts_keys keys = the_keys();
	const size_t len = 332;

	(void)state;
	for (size_t size = 0; size <= len + 4; size++) {
		uint8_t *buf = malloc(size > HEADER ? size : HEADER);

		assert_non_null(buf);
		start_request(buf);
		assert_int_equal(nts_request_seal(&request, &keys, &toy_aead, buf, size),
		                 size < len ? 0 : len);
		free(buf);
	}
}

struct placeholder_row {
	const char *name;
	size_t left, cookie_len, want;
};

/* clang-format off */
static const struct placeholder_row placeholder_rows[] = {
	{ "seven are left: none",             7, 100, 0 },
	{ "six are left",                     6, 100, 1 },
	{ "one is left",                      1, 100, 6 },
	{ "NN25 the last one: seven",         0, 100, 7 },
	{ "eight are left: none",             8, 100, 0 },
	{ "more than eight are left: none", 100, 100, 0 },
	{ "small cookies",                    0,  12, 7 },
	{ "cookies of ntpsec",                0, 104, 7 },
	{ "the largest for seven",            0, 108, 7 },
	{ "cookies of 112",                   0, 112, 6 },
	{ "cookies of 256",                   0, 256, 2 },
	{ "cookies of 444",                   0, 444, 1 },
	{ "cookies of 448",                   0, 448, 0 },
	{ "the largest cookies",              0, 512, 0 },
};
/* clang-format on */

static void counts_placeholders(void **state)
{
	const struct placeholder_row *row = *state;

	assert_int_equal(nts_placeholders(row->left, row->cookie_len), row->want);
}

/* As many as asked for fit into a packet, and one more would be too many, or not wanted. */
static void placeholders_fit(void **state)
{
	const struct nts_keys keys = the_keys();
	uint8_t buf[NTP_PACKET_SIZE];

	(void)state;
	for (size_t len = NTS_COOKIE_OCTETS_MIN; len <= NTS_COOKIE_SIZE; len += 4) {
		for (size_t left = 0; left < NTS_COOKIES_MAX; left++) {
			const size_t count = nts_placeholders(left, len);
			struct nts_request request = a_request(len, count);

			start_request(buf);
			assert_true(left + 1 + count <= NTS_COOKIES_MAX);
			assert_true(nts_request_seal(&request, &keys, &toy_aead, buf,
			                             sizeof(buf)) > 0);
			if (left + 1 + count < NTS_COOKIES_MAX) {
				request.placeholder_count++;
				assert_int_equal(nts_request_seal(&request, &keys,
				                                  &toy_aead, buf,
				                                  sizeof(buf)),
				                 0);
			}
		}
	}
}

/* clang-format off */
/* chronyd 4.3 (Debian 12) as server: the keys of the exchange, our request with three
 * placeholders, and the reply with four cookies. */
static const uint8_t CHRONYD_C2S[] = {
	0xda, 0xfc, 0xa3, 0xf8, 0x0d, 0x9b, 0x11, 0x28, 0xe0, 0xc3, 0x4c, 0x62, 0xa6, 0x8f, 0x80, 0xf7,
	0x78, 0x11, 0x15, 0x1d, 0x27, 0x58, 0x7e, 0xba, 0xcd, 0x73, 0xd0, 0x64, 0x01, 0x7f, 0xcf, 0xde,
};
static const uint8_t CHRONYD_S2C[] = {
	0x2c, 0xbc, 0x90, 0xd2, 0xfd, 0xdb, 0x4d, 0x95, 0x3e, 0x50, 0xff, 0xba, 0xa3, 0x62, 0x37, 0x04,
	0x7c, 0xdf, 0xbd, 0x5f, 0x38, 0x9b, 0xd6, 0x0f, 0x9e, 0x02, 0x02, 0xdf, 0x5e, 0x04, 0x1f, 0xa5,
};
static const uint8_t RECORDED_REQUEST[] = {
	0x23, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0xc6, 0xb2, 0x15, 0x3e, 0x89, 0xf4, 0xf8,
	0x01, 0x04, 0x00, 0x24, 0xb9, 0x84, 0x5f, 0x63, 0x28, 0x4a, 0x06, 0x21, 0x8d, 0x5d, 0xf4, 0x98,
	0xec, 0xd3, 0xc3, 0x20, 0xfe, 0x5c, 0x77, 0xdd, 0x52, 0xa1, 0x56, 0x44, 0xde, 0xba, 0x7a, 0xb7,
	0x63, 0x0c, 0xcb, 0x7a, 0x02, 0x04, 0x00, 0x68, 0xcd, 0xac, 0x7e, 0x13, 0x22, 0x36, 0xbf, 0x3c,
	0xf8, 0xad, 0x21, 0xa3, 0xa4, 0x7b, 0x54, 0xa1, 0x71, 0x69, 0x67, 0xff, 0x88, 0x9d, 0x1b, 0x48,
	0xf6, 0x88, 0xea, 0xb3, 0x9a, 0x38, 0xe8, 0x17, 0xa7, 0x64, 0x36, 0xd6, 0x95, 0x73, 0x4c, 0xae,
	0x7d, 0xe1, 0x5e, 0xe0, 0xa8, 0xb8, 0x38, 0x74, 0x92, 0xe6, 0x6a, 0x5a, 0x05, 0x46, 0xac, 0x0d,
	0x70, 0x90, 0x37, 0xd9, 0xb5, 0xce, 0x6c, 0x45, 0x64, 0xf9, 0xcf, 0x3a, 0x27, 0x2d, 0x54, 0xc8,
	0x99, 0x00, 0x8a, 0x39, 0x92, 0xec, 0x4c, 0x36, 0x41, 0xc2, 0x8f, 0x8e, 0xd6, 0x02, 0x65, 0xaa,
	0xf0, 0x04, 0x44, 0x52, 0x98, 0x98, 0xd1, 0xbc, 0x91, 0xa7, 0x7a, 0xc4, 0x03, 0x04, 0x00, 0x68,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x03, 0x04, 0x00, 0x68, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x04, 0x00, 0x68,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x04, 0x04, 0x00, 0x28, 0x00, 0x10, 0x00, 0x10, 0x3f, 0x35, 0xf1, 0x46,
	0xe0, 0x04, 0x78, 0x40, 0x6e, 0x45, 0xcd, 0x10, 0xb2, 0x32, 0x9a, 0xea, 0xed, 0x68, 0x9d, 0x67,
	0x0a, 0xec, 0xbf, 0xd5, 0x7f, 0x1f, 0x52, 0xc3, 0xb1, 0xd5, 0x8b, 0x29,
};
static const uint8_t CHRONYD_REPLY[] = {
	0x24, 0x01, 0x00, 0xe7, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xb8, 0x32, 0xb0, 0x5d, 0x9c, 0xa4, 0xf3, 0x40, 0xc6, 0xb2, 0x15, 0x3e, 0x89, 0xf4, 0xf8,
	0xee, 0xb8, 0x32, 0xb2, 0x52, 0xd9, 0x06, 0x11, 0xee, 0xb8, 0x32, 0xb2, 0x52, 0xda, 0x9d, 0xbe,
	0x01, 0x04, 0x00, 0x24, 0xb9, 0x84, 0x5f, 0x63, 0x28, 0x4a, 0x06, 0x21, 0x8d, 0x5d, 0xf4, 0x98,
	0xec, 0xd3, 0xc3, 0x20, 0xfe, 0x5c, 0x77, 0xdd, 0x52, 0xa1, 0x56, 0x44, 0xde, 0xba, 0x7a, 0xb7,
	0x63, 0x0c, 0xcb, 0x7a, 0x04, 0x04, 0x01, 0xc8, 0x00, 0x10, 0x01, 0xb0, 0x86, 0x02, 0x99, 0xb6,
	0xfc, 0xaf, 0x15, 0xf5, 0x71, 0xc0, 0xad, 0x52, 0x5e, 0xd1, 0x69, 0x14, 0xa6, 0x27, 0x66, 0x54,
	0xfb, 0x39, 0x66, 0x34, 0x45, 0xf8, 0x0c, 0x72, 0xa9, 0x0f, 0x62, 0xcc, 0x86, 0x52, 0xd4, 0xa8,
	0x41, 0x7b, 0x59, 0xc6, 0x12, 0x9c, 0xf4, 0xa7, 0x2c, 0x6f, 0x43, 0xe2, 0x55, 0xa4, 0x9a, 0xc6,
	0xa0, 0xfd, 0xea, 0x99, 0xae, 0x59, 0x23, 0x63, 0xcf, 0x80, 0xfc, 0x37, 0x59, 0x03, 0x21, 0xd6,
	0x67, 0x03, 0x36, 0xf0, 0x72, 0x80, 0xc4, 0x7b, 0xa3, 0xe5, 0x51, 0xf7, 0x22, 0xf2, 0xe0, 0xf4,
	0x04, 0xc1, 0xe8, 0xfa, 0x68, 0x96, 0xad, 0x46, 0xeb, 0x2b, 0xc7, 0x46, 0xac, 0xd0, 0x21, 0xb0,
	0xe0, 0xf1, 0x84, 0x29, 0x7f, 0x25, 0x61, 0xcd, 0xc2, 0x01, 0x10, 0x0a, 0x33, 0xa4, 0x9b, 0x01,
	0xe0, 0x77, 0xcb, 0x26, 0xa4, 0xde, 0xf7, 0x43, 0xed, 0x01, 0xa5, 0x73, 0x43, 0xf9, 0x27, 0x09,
	0xe4, 0x33, 0x37, 0x06, 0xe4, 0x21, 0x8a, 0xca, 0x17, 0x6e, 0xeb, 0x86, 0xc0, 0x3d, 0x48, 0xe5,
	0xe7, 0x98, 0xf0, 0x11, 0x85, 0x7a, 0x12, 0x48, 0x9f, 0x35, 0x5e, 0x72, 0x3e, 0x0b, 0x20, 0x11,
	0x73, 0x51, 0xde, 0xaa, 0xef, 0x7e, 0x97, 0x99, 0xf1, 0x08, 0xcc, 0x55, 0x56, 0x82, 0xa5, 0xc5,
	0xb4, 0xe4, 0xc6, 0xac, 0xed, 0xe3, 0x11, 0xb6, 0x67, 0x3a, 0x6a, 0x08, 0xce, 0xce, 0xe9, 0xc5,
	0xc3, 0x56, 0xa0, 0x86, 0x38, 0x00, 0xea, 0xb1, 0x2c, 0xde, 0x82, 0x1c, 0x36, 0x4d, 0xf5, 0x45,
	0xbe, 0xf8, 0x4b, 0xf5, 0x9a, 0xff, 0xf0, 0x7e, 0xca, 0xcd, 0x3c, 0xe2, 0xa8, 0x86, 0xb5, 0x15,
	0x6e, 0x00, 0x55, 0x9a, 0x07, 0x3c, 0x15, 0xc8, 0xa4, 0x1e, 0x35, 0x22, 0xfb, 0xb8, 0x5a, 0xd8,
	0xfc, 0x2e, 0x17, 0xb1, 0x0b, 0xe4, 0xec, 0xfb, 0x0d, 0x54, 0x3a, 0x90, 0xc5, 0xbe, 0xb3, 0xdf,
	0xb1, 0x0a, 0xb8, 0x70, 0x75, 0xf6, 0x94, 0xa5, 0x0d, 0x94, 0x3e, 0xd8, 0xcd, 0x64, 0x6d, 0x95,
	0x53, 0xaa, 0xbb, 0xd6, 0x38, 0x26, 0x9a, 0xcb, 0x32, 0x2d, 0x44, 0x08, 0x0d, 0x3c, 0x39, 0x8d,
	0xe0, 0x47, 0xbe, 0x32, 0xd4, 0xe5, 0x42, 0x54, 0x2f, 0x28, 0xea, 0x5a, 0xe7, 0x60, 0x9e, 0x49,
	0x0d, 0x85, 0xa0, 0xad, 0xde, 0x9e, 0x6c, 0x5d, 0x61, 0x15, 0x5f, 0xab, 0x96, 0xab, 0xa3, 0xfa,
	0x44, 0xf6, 0x7e, 0xe4, 0x01, 0x24, 0x72, 0x07, 0x5b, 0xf2, 0x8b, 0x5c, 0x13, 0xbf, 0x8b, 0x36,
	0x60, 0xac, 0x94, 0xb0, 0x3b, 0xd3, 0x01, 0x9a, 0x47, 0x2a, 0x41, 0x9a, 0x0b, 0x72, 0x29, 0x7f,
	0x8a, 0x87, 0xd4, 0x37, 0xae, 0xae, 0x10, 0x82, 0xa4, 0x0b, 0x39, 0x8a, 0xe5, 0x4d, 0xb6, 0xf5,
	0x82, 0xd1, 0x96, 0xa2, 0x3b, 0xb6, 0xf8, 0xc4, 0x1d, 0x70, 0x91, 0x04, 0x9f, 0x3f, 0x9f, 0x20,
	0x8d, 0x5f, 0x91, 0xdf, 0xfd, 0x36, 0xec, 0x47, 0xb4, 0xb7, 0x05, 0x46, 0xfa, 0x71, 0x60, 0xcb,
	0xb7, 0x46, 0x73, 0x58, 0xc5, 0xb3, 0x34, 0x49, 0x95, 0x6f, 0xb2, 0x06, 0xae, 0xbd, 0x9c, 0x91,
	0xe5, 0xa4, 0x1f, 0xe2, 0x97, 0xcd, 0x11, 0x14, 0xf7, 0x8c, 0x18, 0xac, 0x0d, 0xff, 0xb2, 0xb1,
	0x13, 0xbd, 0x3a, 0x2c, 0x6b, 0x92, 0x25, 0x62, 0xcc, 0x6c, 0xa7, 0xd6,
};
/* ... and its reply to a cookie with one bit changed. */
static const uint8_t CHRONYD_NTSN[] = {
	0xe4, 0x00, 0x00, 0xe7, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4e, 0x54, 0x53, 0x4e,
	0xee, 0xb8, 0x32, 0xb0, 0x5d, 0x9c, 0xa4, 0xf3, 0xb5, 0xb9, 0xa3, 0x37, 0x87, 0x38, 0x19, 0x71,
	0xee, 0xb8, 0x32, 0xb2, 0x52, 0xe4, 0x23, 0x77, 0xee, 0xb8, 0x32, 0xb2, 0x52, 0xe5, 0x63, 0xb6,
	0x01, 0x04, 0x00, 0x24, 0xce, 0x3f, 0x21, 0x37, 0xd2, 0x67, 0xb6, 0x79, 0xcf, 0x77, 0xf2, 0x34,
	0x40, 0x43, 0x31, 0xbf, 0xab, 0x12, 0x54, 0x5e, 0xf2, 0x60, 0xe6, 0xf7, 0xce, 0xf0, 0xe0, 0x3c,
	0x0a, 0xbb, 0x7d, 0xf8,
};
/* clang-format on */

enum { RECORDED_ID_AT = HEADER + 4, RECORDED_NONCE_AT = 540 - 32 };

static struct nts_keys recorded_keys(void)
{
	struct nts_keys keys = { .aead = NTS_AEAD_SIV_CMAC_256 };

	memcpy(keys.c2s, CHRONYD_C2S, sizeof(keys.c2s));
	memcpy(keys.s2c, CHRONYD_S2C, sizeof(keys.s2c));
	return keys;
}

static void recorded_reply(void **state)
{
	const struct nts_keys keys = recorded_keys();
	struct nts_reply reply;

	(void)state;
	assert_int_equal(nts_reply_open(CHRONYD_REPLY, sizeof(CHRONYD_REPLY),
	                                RECORDED_REQUEST + RECORDED_ID_AT, &keys,
	                                &nts_aead_siv, &reply),
	                 NTS_REPLY_AUTHENTIC);
	assert_int_equal(reply.cookies.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(reply.cookies.items[i].len, 100);
	}
	assert_int_equal(nts_reply_open(CHRONYD_REPLY, sizeof(CHRONYD_REPLY),
	                                CHRONYD_NTSN + RECORDED_ID_AT, &keys, &nts_aead_siv,
	                                &reply),
	                 NTS_REPLY_FOREIGN);
}

static void recorded_nak(void **state)
{
	const struct nts_keys keys = recorded_keys();
	struct nts_reply reply;

	(void)state;
	assert_int_equal(nts_reply_open(CHRONYD_NTSN, sizeof(CHRONYD_NTSN),
	                                CHRONYD_NTSN + RECORDED_ID_AT, &keys, &nts_aead_siv,
	                                &reply),
	                 NTS_REPLY_NAK);
}

/* The request that chronyd has answered. */
static void recorded_request(void **state)
{
	const struct nts_keys keys = recorded_keys();
	struct nts_request request = { .cookie.len = 100, .placeholder_count = 3 };
	uint8_t buf[NTP_PACKET_SIZE];

	(void)state;
	memcpy(request.unique_id, RECORDED_REQUEST + RECORDED_ID_AT, 32);
	memcpy(request.nonce, RECORDED_REQUEST + RECORDED_NONCE_AT, 16);
	memcpy(request.cookie.octets, RECORDED_REQUEST + HEADER + 36 + 4, 100);
	memcpy(buf, RECORDED_REQUEST, HEADER);
	assert_int_equal(nts_request_seal(&request, &keys, &nts_aead_siv, buf, sizeof(buf)),
	                 sizeof(RECORDED_REQUEST));
	assert_memory_equal(buf, RECORDED_REQUEST, sizeof(RECORDED_REQUEST));
}

static void texts(void **state)
{
	(void)state;
	for (int i = 0; i < NTS_REPLY_VERDICT_COUNT; i++) {
		const char *text = nts_reply_text((enum nts_reply_verdict)i);

		assert_true(strlen(text) > 0 && strlen(text) < 120);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(text,
			                        nts_reply_text((enum nts_reply_verdict)j));
		}
	}
	assert_non_null(nts_reply_text(NTS_REPLY_VERDICT_COUNT));
	assert_non_null(nts_reply_text((enum nts_reply_verdict) - 1));
}

enum {
	ROW_TESTS = 2 * COUNT_OF(rows) + COUNT_OF(request_rows) + COUNT_OF(placeholder_rows)
};

static struct CMUnitTest tests[ROW_TESTS + 11];
static size_t test_count;

static void add_test(const char *name, CMUnitTestFunction test, const void *row)
{
	tests[test_count++] = (struct CMUnitTest){ .name = name,
		                                   .test_func = test,
		                                   .initial_state = (void *)row };
}

int main(void)
{
	static char names[COUNT_OF(rows)][100];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(names[i], sizeof(names[i]), "%s (AES-SIV)", rows[i].name);
		add_test(rows[i].name, opens, &rows[i]);
		add_test(names[i], opens_siv, &rows[i]);
	}
	for (size_t i = 0; i < COUNT_OF(request_rows); i++) {
		add_test(request_rows[i].name, seals_request, &request_rows[i]);
	}
	for (size_t i = 0; i < COUNT_OF(placeholder_rows); i++) {
		add_test(placeholder_rows[i].name, counts_placeholders,
		         &placeholder_rows[i]);
	}
	add_test("NN2 NN8 every bit flipped", every_bit, NULL);
	add_test("every cut", every_cut, NULL);
	add_test("NN24 the longest reply", longest_reply, NULL);
	add_test("NN24 the longest ciphertext", longest_ciphertext, NULL);
	add_test("NN4 many identifiers", many_fields, NULL);
	add_test("a request that is too long", request_too_long, NULL);
	add_test("NN25 placeholders fit", placeholders_fit, NULL);
	add_test("recorded: a reply of chronyd", recorded_reply, NULL);
	add_test("recorded: NTSN of chronyd", recorded_nak, NULL);
	add_test("recorded: a request that chronyd answered", recorded_request, NULL);
	add_test("texts", texts, NULL);
	assert_int_equal(test_count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("nts_fields", tests, NULL, NULL);
}
