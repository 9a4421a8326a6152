/* SPDX-License-Identifier: MIT
 *
 * Text that grows in the caller's buffer, like snprintf(): always terminated when there is
 * room at all; `len` is what the whole would have had.
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

/* One piece of text_format(); what is longer is cut. */
enum { TEXT_PIECE_SIZE = 640 };

/* NULL and 0: to learn the length. */
struct text text_to(char *buf, size_t size);

void text_octets(struct text *text, const char *octets, size_t len);
void text_put(struct text *text, const char *words);
void text_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* Digits alone that are a number from `min` to `max`. */
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

/* Foreign octets made harmless: printable ASCII stays, `\` doubles, all else becomes
 * \xNN.  Cuts at `size`, never inside an escape.  Returns the length written. */
size_t text_escape(const uint8_t *octets, size_t len, char *buf, size_t size);

/* What editors of other systems put before the first line of a file: the length of the UTF-8 byte order
 * mark that `octets` begin with, or 0. */
enum { TEXT_MARK_OCTETS = 3 };
size_t text_mark_len(const void *octets, size_t len);
/* Whether they begin with the mark of UTF-16, which is no text to us. */
bool text_is_utf16(const void *octets, size_t len);

#endif
