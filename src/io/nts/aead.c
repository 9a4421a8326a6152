/* SPDX-License-Identifier: MIT
 *
 * AES-SIV-CMAC-256 by nettle: two components, associated data and nonce, in this order.
 *
 * The library is loaded only when it is needed: linked, it would cost each run without NTS
 * one twentieth of its time.
 */
#include "io/nts/aead.h"

#include <dlfcn.h>
#include <errno.h>
#include <nettle/siv-cmac.h>
#include <nettle/version.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)SIV_CMAC_AES128_KEY_SIZE == (int)NTS_KEY_OCTETS, "the key of RFC 5297");
_Static_assert((int)SIV_DIGEST_SIZE == (int)NTS_TAG_OCTETS, "the tag of RFC 5297");

/* The one that the header belongs to. */
#if NETTLE_VERSION_MAJOR > 3
#define LIBRARY_NAME "libnettle.so.9"
#else
#define LIBRARY_NAME "libnettle.so.8"
#endif

static struct {
	__typeof__(&siv_cmac_aes128_set_key) set_key;
	__typeof__(&siv_cmac_aes128_encrypt_message) encrypt;
	__typeof__(&siv_cmac_aes128_decrypt_message) decrypt;
} nettle;

#ifdef REQTIME_STATIC
/* A single file has no NTS. */
static void *library_open(void)
{
	return NULL;
}

static void *library_call(void *library, const char *name)
{
	(void)name;
	return library;
}
#else
static void *library_open(void)
{
	return dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
}

static void *library_call(void *library, const char *name)
{
	return dlsym(library, name);
}
#endif

int nts_aead_load(void)
{
	void *library, *calls[3];

	if (nettle.decrypt) {
		return 0;
	}
	library = library_open();
	if (!library) {
		return -ELIBACC;
	}
	calls[0] = library_call(library, "nettle_siv_cmac_aes128_set_key");
	calls[1] = library_call(library, "nettle_siv_cmac_aes128_encrypt_message");
	calls[2] = library_call(library, "nettle_siv_cmac_aes128_decrypt_message");
	if (!calls[0] || !calls[1] || !calls[2]) {
		return -ELIBACC;
	}
	memcpy(&nettle.set_key, &calls[0], sizeof(nettle.set_key));
	memcpy(&nettle.encrypt, &calls[1], sizeof(nettle.encrypt));
	memcpy(&nettle.decrypt, &calls[2], sizeof(nettle.decrypt));
	return 0;
}

/* Before the first use of the library. */
static void library_need(void)
{
	if (nts_aead_load() < 0) {
		abort();
	}
}

static void siv_seal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                     const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                     size_t len, uint8_t *ret)
{
	struct siv_cmac_aes128_ctx siv;

	library_need();
	nettle.set_key(&siv, key);
	nettle.encrypt(&siv, nonce_len, nonce, associated_len, associated,
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
	library_need();
	nettle.set_key(&siv, key);
	is_valid = nettle.decrypt(&siv, nonce_len, nonce, associated_len, associated,
	                          len - NTS_TAG_OCTETS, ret, sealed);
	explicit_bzero(&siv, sizeof(siv));
	return is_valid == 1;
}

const struct nts_aead nts_aead_siv = { .seal = siv_seal, .unseal = siv_unseal };
