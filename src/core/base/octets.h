/* SPDX-License-Identifier: MIT
 *
 * Bounded big-endian reading and writing.  A reader or writer that has run past its end
 * stays failed, so one check at the end is enough.  All inline, so that the compiler can
 * merge accesses.
 */
#ifndef CORE_BASE_OCTETS_H
#define CORE_BASE_OCTETS_H

#include <stdbool.h>
#include <string.h>

#include "core/base/base.h"

struct octets_reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

struct octets_writer {
	uint8_t *at;
	size_t left;
	bool failed;
};

static inline struct octets_reader octets_read_from(const uint8_t *buf, size_t len)
{
	return (struct octets_reader){ .at = buf, .left = len, .failed = false };
}

static inline bool octets_skip(struct octets_reader *in, size_t len)
{
	if (in->failed || len > in->left) {
		in->failed = true;
		return false;
	}
	if (len > 0) {
		in->at += len;
		in->left -= len;
	}
	return true;
}

/* This and those below return 0 (and copy nothing) once the reader has failed. */
static inline bool octets_get(struct octets_reader *in, void *ret, size_t len)
{
	const uint8_t *from = in->at;

	if (!octets_skip(in, len)) {
		return false;
	}
	/* memcpy() must not get NULL, even for a length of 0. */
	if (len > 0) {
		memcpy(ret, from, len);
	}
	return true;
}

static inline uint8_t octets_get_u8(struct octets_reader *in)
{
	uint8_t octet = 0;

	return octets_get(in, &octet, sizeof(octet)) ? octet : 0;
}

static inline uint16_t octets_get_u16(struct octets_reader *in)
{
	uint8_t octets[2];

	if (!octets_get(in, octets, sizeof(octets))) {
		return 0;
	}
	return (uint16_t)(octets[0] << 8 | octets[1]);
}

static inline uint32_t octets_get_u32(struct octets_reader *in)
{
	uint8_t octets[4];

	if (!octets_get(in, octets, sizeof(octets))) {
		return 0;
	}
	return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
	       (uint32_t)octets[2] << 8 | octets[3];
}

static inline struct octets_writer octets_write_to(uint8_t *buf, size_t size)
{
	return (struct octets_writer){ .at = buf, .left = size, .failed = false };
}

static inline void octets_put(struct octets_writer *out, const void *from, size_t len)
{
	/* All or nothing: a truncated number would look like a complete one. */
	if (out->failed || len > out->left) {
		out->failed = true;
		return;
	}
	if (len > 0) {
		memcpy(out->at, from, len);
		out->at += len;
		out->left -= len;
	}
}

static inline void octets_put_u8(struct octets_writer *out, uint8_t value)
{
	octets_put(out, &value, sizeof(value));
}

static inline void octets_put_u16(struct octets_writer *out, uint16_t value)
{
	const uint8_t octets[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	octets_put(out, octets, sizeof(octets));
}

static inline void octets_put_u32(struct octets_writer *out, uint32_t value)
{
	const uint8_t octets[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		                    (uint8_t)(value >> 8), (uint8_t)value };

	octets_put(out, octets, sizeof(octets));
}

/* False for a bool that is neither 0 nor 1, which is undefined when read as one. */
static inline bool octets_are_bool(const bool *flag)
{
	uint8_t octet;

	memcpy(&octet, flag, sizeof(octet));
	return octet <= 1;
}

#endif
