/* SPDX-License-Identifier: MIT
 *
 * Text that grows in the caller's buffer, like snprintf(): always terminated if there is
 * any room; `len` is the length without truncation.
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>

#include "core/base/base.h"

struct text {
	char *buf;
	size_t size;
	size_t len;
};

/* Longest output of one text_format(); the rest is cut. */
enum { TEXT_PIECE_SIZE = 640 };

/* NULL and 0: only counts the length. */
struct text text_to(char *buf, size_t size);

void text_octets(struct text *text, const char *octets, size_t len);
void text_put(struct text *text, const char *words);
void text_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* A decimal number from `min` to `max`. */
MUST_USE bool text_decimal(const char *text, size_t len, uint64_t min, uint64_t max,
                           uint64_t *ret);
static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ASCII only: names of hosts, schemes and commands. */
static inline char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void text_blanks(struct text *text, size_t count);

/* Escapes octets from outside: printable ASCII stays, `\` is doubled, all else becomes
 * \xNN.  Cuts at `size`, never inside an escape.  Returns the length written. */
size_t text_escape(const uint8_t *octets, size_t len, char *buf, size_t size);

/* Length of a UTF-8 byte order mark at the start of `octets`, or 0; some editors write
 * one. */
enum { TEXT_MARK_OCTETS = 3 };
size_t text_mark_len(const void *octets, size_t len);
/* Whether they start with a byte order mark of UTF-16, which is not supported. */
bool text_is_utf16(const void *octets, size_t len);

#endif
