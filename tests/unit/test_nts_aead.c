/* SPDX-License-Identifier: MIT
 *
 * AES-SIV-CMAC-256 against the vectors of RFC 5297 appendix A, and against a second way: S2V
 * and CTR of its sections 2.4 and 2.6, written here from AES and CMAC, for any number of
 * components.  The vectors have one component, or three; the packets have two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <nettle/aes.h>
#include <nettle/cmac.h>
#include <nettle/ctr.h>

#include "io/nts/aead.h"

enum {
	BLOCK = 16,
	TEXT_SIZE = 1024,
};

struct component {
	const uint8_t *octets;
	size_t len;
};

static void cmac(const uint8_t *key, const uint8_t *octets, size_t len, uint8_t ret[BLOCK])
{
	struct cmac_aes128_ctx ctx;

	cmac_aes128_set_key(&ctx, key);
	cmac_aes128_update(&ctx, len, octets);
	cmac_aes128_digest(&ctx, BLOCK, ret);
}

/* In GF(2^128), section 2.3. */
static void dbl(uint8_t block[BLOCK])
{
	const uint8_t carry = block[0] >> 7;

	for (size_t i = 0; i < BLOCK; i++) {
		const uint8_t next = i + 1 < BLOCK ? block[i + 1] >> 7 : 0;

		block[i] = (uint8_t)(block[i] << 1 | next);
	}
	block[BLOCK - 1] = (uint8_t)(block[BLOCK - 1] ^ (carry ? 0x87 : 0));
}

static void xor_block(uint8_t *to, const uint8_t *from)
{
	for (size_t i = 0; i < BLOCK; i++) {
		to[i] ^= from[i];
	}
}

/* Section 2.4; the text is the last component. */
static void s2v(const uint8_t *key, const struct component *components, size_t count,
                const uint8_t *text, size_t len, uint8_t ret[BLOCK])
{
	uint8_t sum[BLOCK] = { 0 }, mac[BLOCK];
	uint8_t last[TEXT_SIZE + BLOCK] = { 0 };

	cmac(key, sum, BLOCK, sum);
	for (size_t i = 0; i < count; i++) {
		dbl(sum);
		cmac(key, components[i].octets, components[i].len, mac);
		xor_block(sum, mac);
	}
	if (len > 0) {
		memcpy(last, text, len);
	}
	if (len >= BLOCK) {
		xor_block(last + len - BLOCK, sum);
		cmac(key, last, len, ret);
		return;
	}
	dbl(sum);
	last[len] = 0x80;
	xor_block(last, sum);
	cmac(key, last, BLOCK, ret);
}

/* Section 2.6: `ret` is the tag and the ciphertext. */
static void second_way(const uint8_t *key, const struct component *components, size_t count,
                       const uint8_t *text, size_t len, uint8_t *ret)
{
	struct aes128_ctx aes;
	uint8_t counter[BLOCK];

	s2v(key, components, count, text, len, ret);
	memcpy(counter, ret, BLOCK);
	counter[8] &= 0x7f;
	counter[12] &= 0x7f;
	aes128_set_encrypt_key(&aes, key + BLOCK);
	ctr_crypt(&aes, (nettle_cipher_func *)aes128_encrypt, BLOCK, counter, len,
	          ret + BLOCK, text);
}

/* clang-format off */
/* RFC 5297 appendix A.1 */
static const uint8_t A1_KEY[NTS_KEY_OCTETS] = {
	0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4, 0xf3, 0xf2, 0xf1, 0xf0,
	0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
};
static const uint8_t A1_AD[] = {
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
};
static const uint8_t A1_PLAIN[] = {
	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
};
static const uint8_t A1_SEALED[] = {
	0x85, 0x63, 0x2d, 0x07, 0xc6, 0xe8, 0xf3, 0x7f, 0x95, 0x0a, 0xcd, 0x32, 0x0a, 0x2e, 0xcc, 0x93,
	0x40, 0xc0, 0x2b, 0x96, 0x90, 0xc4, 0xdc, 0x04, 0xda, 0xef, 0x7f, 0x6a, 0xfe, 0x5c,
};

/* RFC 5297 appendix A.2 */
static const uint8_t A2_KEY[NTS_KEY_OCTETS] = {
	0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x7a, 0x79, 0x78, 0x77, 0x76, 0x75, 0x74, 0x73, 0x72, 0x71, 0x70,
	0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
};
static const uint8_t A2_AD1[] = {
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	0xde, 0xad, 0xda, 0xda, 0xde, 0xad, 0xda, 0xda, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88,
	0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00,
};
static const uint8_t A2_AD2[] = { 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xa0 };
static const uint8_t A2_NONCE[] = {
	0x09, 0xf9, 0x11, 0x02, 0x9d, 0x74, 0xe3, 0x5b, 0xd8, 0x41, 0x56, 0xc5, 0x63, 0x56, 0x88, 0xc0,
};
static const uint8_t A2_PLAIN[] = "this is some plaintext to encrypt using SIV-AES";
static const uint8_t A2_SEALED[] = {
	0x7b, 0xdb, 0x6e, 0x3b, 0x43, 0x26, 0x67, 0xeb, 0x06, 0xf4, 0xd1, 0x4b, 0xff, 0x2f, 0xbd, 0x0f,
	0xcb, 0x90, 0x0f, 0x2f, 0xdd, 0xbe, 0x40, 0x43, 0x26, 0x60, 0x19, 0x65, 0xc8, 0x89, 0xbf, 0x17,
	0xdb, 0xa7, 0x7c, 0xeb, 0x09, 0x4f, 0xa6, 0x63, 0xb7, 0xa3, 0xf7, 0x48, 0xba, 0x8a, 0xf8, 0x29,
	0xea, 0x64, 0xad, 0x54, 0x4a, 0x27, 0x2e, 0x9c, 0x48, 0x5b, 0x62, 0xa3, 0xfd, 0x5c, 0x0d,
};
/* clang-format on */

static void second_way_a1(void **state)
{
	const struct component components[] = { { A1_AD, sizeof(A1_AD) } };
	uint8_t out[sizeof(A1_SEALED)];

	(void)state;
	second_way(A1_KEY, components, 1, A1_PLAIN, sizeof(A1_PLAIN), out);
	assert_memory_equal(out, A1_SEALED, sizeof(A1_SEALED));
}

static void second_way_a2(void **state)
{
	const struct component components[] = { { A2_AD1, sizeof(A2_AD1) },
		                                { A2_AD2, sizeof(A2_AD2) },
		                                { A2_NONCE, sizeof(A2_NONCE) } };
	uint8_t out[sizeof(A2_SEALED)];

	(void)state;
	/* Without the NUL of the literal. */
	assert_int_equal(sizeof(A2_PLAIN) - 1 + BLOCK, sizeof(A2_SEALED));
	second_way(A2_KEY, components, 3, A2_PLAIN, sizeof(A2_PLAIN) - 1, out);
	assert_memory_equal(out, A2_SEALED, sizeof(A2_SEALED));
}

/* Any octets that differ from call to call. */
static void scatter(uint8_t *ret, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		ret[i] = (uint8_t)(seed >> 24);
	}
}

struct row {
	const char *name;
	size_t nonce_len, associated_len, len;
};

/* clang-format off */
static const struct row rows[] = {
	{ "a request",                 16, 188,   0 },
	{ "a reply with one cookie",   16,  84, 104 },
	{ "a reply with eight",        16,  84, 832 },
	{ "text of 1 octet",           16,  84,   1 },
	{ "text of 15 octets",         16,  84,  15 },
	{ "text of 16 octets",         16,  84,  16 },
	{ "text of 17 octets",         16,  84,  17 },
	{ "text of 31 octets",         16,  84,  31 },
	{ "text of 32 octets",         16,  84,  32 },
	{ "nonce of 1 octet",           1,  84, 104 },
	{ "nonce of 12 octets",        12,  84, 104 },
	{ "nonce of 15 octets",        15,  84, 104 },
	{ "nonce of 17 octets",        17,  84, 104 },
	{ "nonce of 32 octets",        32,  84, 104 },
	{ "nonce of 800 octets",      800,  84,  16 },
	{ "nothing associated",        16,   0, 104 },
	{ "nothing at all",            16,   0,   0 },
	{ "1 octet associated",        16,   1,  16 },
	{ "1000 octets associated",    16, 1000, 4 },
};
/* clang-format on */

static void agrees(void **state)
{
	const struct row *row = *state;
	const size_t sealed_len = row->len + NTS_TAG_OCTETS;
	uint8_t key[NTS_KEY_OCTETS], nonce[TEXT_SIZE], associated[TEXT_SIZE],
		plain[TEXT_SIZE], sealed[TEXT_SIZE + NTS_TAG_OCTETS + 1],
		want[TEXT_SIZE + NTS_TAG_OCTETS], opened[TEXT_SIZE + 1];
	const struct component components[] = { { associated, row->associated_len },
		                                { nonce, row->nonce_len } };

	scatter(key, sizeof(key), 1);
	scatter(nonce, sizeof(nonce), 2);
	scatter(associated, sizeof(associated), 3);
	scatter(plain, sizeof(plain), 4);
	memset(sealed, 0xa5, sizeof(sealed));
	memset(opened, 0xa5, sizeof(opened));
	second_way(key, components, 2, plain, row->len, want);
	nts_aead_siv.seal(key, nonce, row->nonce_len, associated, row->associated_len,
	                  row->len ? plain : NULL, row->len, sealed);
	assert_memory_equal(sealed, want, sealed_len);
	assert_int_equal(sealed[sealed_len], 0xa5);
	assert_true(nts_aead_siv.unseal(key, nonce, row->nonce_len, associated,
	                                row->associated_len, sealed, sealed_len, opened));
	assert_memory_equal(opened, plain, row->len);
	assert_int_equal(opened[row->len], 0xa5);
}

/* Any input with one bit changed: it does not open.  (The second half of the key encrypts; an
 * empty text does not need it.) */
static void opens_nothing_else(void **state)
{
	const struct row *row = *state;
	const size_t sealed_len = row->len + NTS_TAG_OCTETS;
	uint8_t key[NTS_KEY_OCTETS], nonce[TEXT_SIZE], associated[TEXT_SIZE],
		plain[TEXT_SIZE], sealed[TEXT_SIZE + NTS_TAG_OCTETS], opened[TEXT_SIZE];
	const struct {
		uint8_t *octets;
		size_t len;
	} parts[] = { { key, row->len > 0 ? NTS_KEY_OCTETS : BLOCK },
		      { nonce, row->nonce_len },
		      { associated, row->associated_len },
		      { sealed, sealed_len } };

	scatter(key, sizeof(key), 5);
	scatter(nonce, sizeof(nonce), 6);
	scatter(associated, sizeof(associated), 7);
	scatter(plain, sizeof(plain), 8);
	nts_aead_siv.seal(key, nonce, row->nonce_len, associated, row->associated_len,
	                  plain, row->len, sealed);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		for (size_t at = 0; at < parts[i].len; at++) {
			parts[i].octets[at] ^= (uint8_t)(1 << at % 8);
			assert_false(nts_aead_siv.unseal(key, nonce, row->nonce_len,
			                                 associated, row->associated_len,
			                                 sealed, sealed_len, opened));
			parts[i].octets[at] ^= (uint8_t)(1 << at % 8);
		}
	}
	/* Each shorter length, too: of the nonce, the associated data, the ciphertext. */
	for (size_t len = 0; len < sealed_len; len++) {
		assert_false(nts_aead_siv.unseal(key, nonce, row->nonce_len, associated,
		                                 row->associated_len, sealed, len, opened));
	}
	for (size_t len = 0; len < row->nonce_len; len++) {
		assert_false(nts_aead_siv.unseal(key, nonce, len, associated,
		                                 row->associated_len, sealed, sealed_len,
		                                 opened));
	}
	for (size_t len = 0; len < row->associated_len; len++) {
		assert_false(nts_aead_siv.unseal(key, nonce, row->nonce_len, associated,
		                                 len, sealed, sealed_len, opened));
	}
}

int main(void)
{
	static struct CMUnitTest tests[2 * COUNT_OF(rows) + 2];
	const struct CMUnitTest others[] = {
		{ "RFC 5297 A.1", second_way_a1, NULL, NULL, NULL },
		{ "RFC 5297 A.2", second_way_a2, NULL, NULL, NULL },
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[count++] = (struct CMUnitTest){ .name = rows[i].name,
			                              .test_func = agrees,
			                              .initial_state = (void *)&rows[i] };
		tests[count++] = (struct CMUnitTest){ .name = rows[i].name,
			                              .test_func = opens_nothing_else,
			                              .initial_state = (void *)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("nts_aead", tests, NULL, NULL);
}
