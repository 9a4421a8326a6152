/* SPDX-License-Identifier: MIT
 *
 * Reference ids, with its own MD5 of one block, enough for an address: the id is not a
 * secret, and a crypto library would be much code in a process that faces the network.
 */
#include "core/ntp/refid.h"

#include <string.h>

#include "core/base/text.h"

enum { BLOCK_OCTETS = 64, WORDS = 16, LENGTH_AT = 56 };

/* RFC 1321 section 3.4: the integer part of 2^32 |sin(i + 1)|. */
/* clang-format off */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
	0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
	0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
	0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
	0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
/* clang-format on */
static const uint8_t turns[4][4] = {
	{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
};

static uint32_t turned(uint32_t value, unsigned by)
{
	return value << by | value >> (32 - by);
}

/* The quarter of `i` selects the function and the word of the block. */
static uint32_t mixed(unsigned i, const uint32_t s[4], unsigned *ret_word)
{
	switch (i / 16) {
	case 0:
		*ret_word = i;
		return (s[1] & s[2]) | (~s[1] & s[3]);
	case 1:
		*ret_word = (5 * i + 1) % WORDS;
		return (s[1] & s[3]) | (s[2] & ~s[3]);
	case 2:
		*ret_word = (3 * i + 5) % WORDS;
		return s[1] ^ s[2] ^ s[3];
	default:
		*ret_word = 7 * i % WORDS;
		return s[2] ^ (s[1] | ~s[3]);
	}
}

static void add_block(const uint8_t block[BLOCK_OCTETS], uint32_t sum[4])
{
	uint32_t words[WORDS], s[4];
	uint32_t next;
	unsigned word;

	/* Little-endian, unlike the rest of this program. */
	for (unsigned i = 0; i < WORDS; i++) {
		words[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
		           (uint32_t)block[4 * i + 2] << 16 |
		           (uint32_t)block[4 * i + 3] << 24;
	}
	memcpy(s, sum, sizeof(s));
	for (unsigned i = 0; i < 64; i++) {
		next = s[0] + mixed(i, s, &word) + sines[i];
		next = s[1] + turned(next + words[word], turns[i / 16][i % 4]);
		s[0] = s[3];
		s[3] = s[2];
		s[2] = s[1];
		s[1] = next;
	}
	for (unsigned i = 0; i < 4; i++) {
		sum[i] += s[i];
	}
}

void refid_md5(const void *octets, size_t len, uint8_t ret[REFID_MD5_OCTETS])
{
	uint32_t sum[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint8_t block[BLOCK_OCTETS] = { 0 };

	memcpy(block, octets, len);
	block[len] = 0x80;
	/* In bits: below 512. */
	block[LENGTH_AT] = (uint8_t)(len * 8);
	block[LENGTH_AT + 1] = (uint8_t)(len * 8 >> 8);
	add_block(block, sum);
	for (unsigned i = 0; i < REFID_MD5_OCTETS; i++) {
		ret[i] = (uint8_t)(sum[i / 4] >> (i % 4 * 8));
	}
}

void refid_from_address(const struct address *address, uint8_t ret[4])
{
	uint8_t sum[REFID_MD5_OCTETS];

	if (address->family == ADDRESS_IPV4) {
		memcpy(ret, address->octets, 4);
		return;
	}
	refid_md5(address->octets, sizeof(address->octets), sum);
	memcpy(ret, sum, 4);
}

size_t refid_format(uint8_t stratum, const uint8_t refid[4], char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	size_t len = 4;

	if (stratum <= 1) {
		while (len > 0 && refid[len - 1] == 0) { /* padding: RFC 5905 section 7.3 */
			len--;
		}
		return text_escape(refid, len, buf, size);
	}
	text_format(&out, "%u.%u.%u.%u", (unsigned)refid[0], (unsigned)refid[1],
	            (unsigned)refid[2], (unsigned)refid[3]);
	return out.len;
}
