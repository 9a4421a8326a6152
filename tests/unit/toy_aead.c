/* SPDX-License-Identifier: MIT
 *
 * An AEAD for tests: a keyed checksum as the tag, and the text with some bits turned.
 */
#include "toy_aead.h"

#include <string.h>

/* Like FNV-1a, twice with different starts. */
static void toy_tag(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                    const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                    size_t len, uint8_t ret[NTS_TAG_OCTETS])
{
	const struct {
		const uint8_t *octets;
		size_t len;
	} parts[] = { { key, NTS_KEY_OCTETS },
		      { nonce, nonce_len },
		      { associated, associated_len },
		      { plain, len } };

	for (uint64_t half = 0; half < 2; half++) {
		uint64_t sum = UINT64_C(14695981039346656037) + half;

		for (size_t i = 0; i < COUNT_OF(parts); i++) {
			sum = (sum ^ parts[i].len) * UINT64_C(1099511628211);
			for (size_t j = 0; j < parts[i].len; j++) {
				sum = (sum ^ parts[i].octets[j]) * UINT64_C(1099511628211);
			}
		}
		for (size_t i = 0; i < 8; i++) {
			ret[half * 8 + i] = (uint8_t)(sum >> 8 * i);
		}
	}
}

static void toy_seal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                     const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                     size_t len, uint8_t *ret)
{
	toy_tag(key, nonce, nonce_len, associated, associated_len, plain, len, ret);
	for (size_t i = 0; i < len; i++) {
		ret[NTS_TAG_OCTETS + i] = plain[i] ^ 0x5a;
	}
}

static bool toy_unseal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                       const uint8_t *associated, size_t associated_len,
                       const uint8_t *sealed, size_t len, uint8_t *ret)
{
	uint8_t tag[NTS_TAG_OCTETS];

	for (size_t i = NTS_TAG_OCTETS; i < len; i++) {
		ret[i - NTS_TAG_OCTETS] = sealed[i] ^ 0x5a;
	}
	toy_tag(key, nonce, nonce_len, associated, associated_len, ret,
	        len - NTS_TAG_OCTETS, tag);
	return memcmp(tag, sealed, NTS_TAG_OCTETS) == 0;
}

const struct nts_aead toy_aead = { .seal = toy_seal, .unseal = toy_unseal };
