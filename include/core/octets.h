/* SPDX-License-Identifier: MIT
 *
 * Bounded big-endian reading and writing.  A reader or writer that has run past
 * its end stays failed: ask once, at the end.
 */
#ifndef CORE_OCTETS_H
#define CORE_OCTETS_H

#include <stdbool.h>

#include "core/base.h"

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

struct octets_reader octets_read_from(const uint8_t *buf, size_t len);
/* Each returns 0 (and copies nothing) once the reader has failed. */
uint8_t octets_get_u8(struct octets_reader *in);
uint16_t octets_get_u16(struct octets_reader *in);
uint32_t octets_get_u32(struct octets_reader *in);
bool octets_get(struct octets_reader *in, void *ret, size_t len);
bool octets_skip(struct octets_reader *in, size_t len);

struct octets_writer octets_write_to(uint8_t *buf, size_t room);
void octets_put_u8(struct octets_writer *out, uint8_t value);
void octets_put_u16(struct octets_writer *out, uint16_t value);
void octets_put_u32(struct octets_writer *out, uint32_t value);
void octets_put(struct octets_writer *out, const void *from, size_t len);

#endif
