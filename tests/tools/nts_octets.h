/* SPDX-License-Identifier: MIT
 *
 * For nts_server.c: octets in network order, AES-SIV-CMAC-256, and cookies that hold the keys of
 * their client.
 */
#ifndef NTS_OCTETS_H
#define NTS_OCTETS_H

#include <errno.h>
#include <nettle/siv-cmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	OCTETS_SIZE = 1 << 18,
	KEY_OCTETS = 32,
	TAG_OCTETS = 16,
	COOKIE_NONCE_OCTETS = 16,
	/* nonce | tag | client-to-server key | server-to-client key | four octets of nothing */
	COOKIE_OCTETS = COOKIE_NONCE_OCTETS + TAG_OCTETS + 2 * KEY_OCTETS + 4,
	COOKIE_OCTETS_MAX = 2048,
};
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

struct octets {
	size_t len;
	uint8_t at[OCTETS_SIZE];
};

struct keys {
	uint8_t c2s[KEY_OCTETS];
	uint8_t s2c[KEY_OCTETS];
};

static uint8_t cookie_key[KEY_OCTETS];

static void die(const char *what, const char *which)
{
	fprintf(stderr, "nts_server: %s %s: %s\n", what, which,
	        errno ? strerror(errno) : "not understood");
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void sleep_ms(int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * NS_PER_MS };

	if (ms > 0) {
		nanosleep(&ts, NULL);
	}
}

static void random_octets(uint8_t *ret, size_t len)
{
	if (getrandom(ret, len, 0) != (ssize_t)len) {
		die("getrandom", "");
	}
}

static void put(struct octets *o, const void *octets, size_t len)
{
	if (o->len + len > sizeof(o->at)) {
		errno = EMSGSIZE;
		die("message", "too long");
	}
	if (len > 0) {
		memcpy(o->at + o->len, octets, len);
	}
	o->len += len;
}

/* Only what is in use. */
static void copy(struct octets *to, const struct octets *from)
{
	to->len = 0;
	put(to, from->at, from->len);
}

static void put_zeros(struct octets *o, size_t len)
{
	for (; len > 0; len--) {
		put(o, "", 1);
	}
}

static void put_random(struct octets *o, size_t len)
{
	uint8_t octet;

	for (; len > 0; len--) {
		random_octets(&octet, 1);
		put(o, &octet, 1);
	}
}

static void put_16(struct octets *o, unsigned value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(o, octets, sizeof(octets));
}

static void set_16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned get_16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void put_hex(struct octets *o, const char *hex)
{
	unsigned value;
	uint8_t octet;

	for (; hex[0] && hex[1]; hex += 2) {
		if (sscanf(hex, "%2x", &value) != 1) {
			errno = 0;
			die("hex", hex);
		}
		octet = (uint8_t)value;
		put(o, &octet, 1);
	}
}

static void to_hex(const uint8_t *octets, size_t len, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < len && 2 * i + 3 <= size; i++) {
		snprintf(buf + 2 * i, size - 2 * i, "%02x", octets[i]);
	}
}

/* `ret` has len + TAG_OCTETS. */
static void siv_seal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                     const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                     size_t len, uint8_t *ret)
{
	struct siv_cmac_aes128_ctx ctx;

	siv_cmac_aes128_set_key(&ctx, key);
	siv_cmac_aes128_encrypt_message(&ctx, nonce_len, nonce, associated_len, associated,
	                                len + TAG_OCTETS, ret, plain);
}

static bool siv_unseal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                       const uint8_t *associated, size_t associated_len,
                       const uint8_t *sealed, size_t len, uint8_t *ret)
{
	struct siv_cmac_aes128_ctx ctx;

	siv_cmac_aes128_set_key(&ctx, key);
	return siv_cmac_aes128_decrypt_message(&ctx, nonce_len, nonce, associated_len,
	                                       associated, len - TAG_OCTETS, ret,
	                                       sealed) == 1;
}

/* A cookie of `len` octets, COOKIE_OCTETS or more: what is beyond is random. */
static void put_cookie(struct octets *o, const struct keys *keys, size_t len)
{
	uint8_t cookie[COOKIE_OCTETS], plain[2 * KEY_OCTETS + 4] = { 0 };

	random_octets(cookie, COOKIE_NONCE_OCTETS);
	memcpy(plain, keys, sizeof(*keys));
	siv_seal(cookie_key, cookie, COOKIE_NONCE_OCTETS, NULL, 0, plain, sizeof(plain),
	         cookie + COOKIE_NONCE_OCTETS);
	put(o, cookie, sizeof(cookie));
	put_random(o, len > sizeof(cookie) ? len - sizeof(cookie) : 0);
}

static bool open_cookie(const uint8_t *cookie, size_t len, struct keys *ret)
{
	uint8_t plain[2 * KEY_OCTETS + 4];

	if (len < COOKIE_OCTETS ||
	    !siv_unseal(cookie_key, cookie, COOKIE_NONCE_OCTETS, NULL, 0,
	                cookie + COOKIE_NONCE_OCTETS, COOKIE_OCTETS - COOKIE_NONCE_OCTETS,
	                plain)) {
		return false;
	}
	memcpy(ret, plain, sizeof(*ret));
	return true;
}

#endif
