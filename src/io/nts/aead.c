/* SPDX-License-Identifier: MIT
 *
 * AES-SIV-CMAC-256 by nettle: two components, associated data and nonce, in this order.
 */
#include "io/nts/aead.h"

#include <nettle/siv-cmac.h>
#include <string.h>

_Static_assert((int)SIV_CMAC_AES128_KEY_SIZE == (int)NTS_KEY_OCTETS, "the key of RFC 5297");
_Static_assert((int)SIV_DIGEST_SIZE == (int)NTS_TAG_OCTETS, "the tag of RFC 5297");

static void siv_seal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                     const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                     size_t len, uint8_t *ret)
{
	struct siv_cmac_aes128_ctx siv;

	siv_cmac_aes128_set_key(&siv, key);
	siv_cmac_aes128_encrypt_message(&siv, nonce_len, nonce, associated_len, associated,
	                                len + NTS_TAG_OCTETS, ret, plain);
	explicit_bzero(&siv, sizeof(siv));
}

static bool siv_unseal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                       const uint8_t *associated, size_t associated_len,
                       const uint8_t *sealed, size_t len, uint8_t *ret)
{
	struct siv_cmac_aes128_ctx siv;
	int is_valid;

	if (len < NTS_TAG_OCTETS || nonce_len < SIV_MIN_NONCE_SIZE) {
		return false;
	}
	siv_cmac_aes128_set_key(&siv, key);
	is_valid = siv_cmac_aes128_decrypt_message(&siv, nonce_len, nonce, associated_len,
	                                           associated, len - NTS_TAG_OCTETS, ret,
	                                           sealed);
	explicit_bzero(&siv, sizeof(siv));
	return is_valid == 1;
}

const struct nts_aead nts_aead_siv = { .seal = siv_seal, .unseal = siv_unseal };
