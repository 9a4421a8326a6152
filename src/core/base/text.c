/* SPDX-License-Identifier: MIT
 *
 * Text in a bounded buffer, and escaping.
 */
#include "core/base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct text text_to(char *buf, size_t size)
{
	if (size > 0) {
		buf[0] = '\0';
	}
	return (struct text){ .buf = buf, .size = size };
}

void text_octets(struct text *text, const char *octets, size_t len)
{
	size_t fits;

	if (text->len + 1 < text->size) {
		fits = text->size - 1 - text->len;
		fits = len < fits ? len : fits;
		memcpy(text->buf + text->len, octets, fits);
		text->buf[text->len + fits] = '\0';
	}
	text->len += len;
}

void text_put(struct text *text, const char *words)
{
	text_octets(text, words, strlen(words));
}

void text_format(struct text *text, const char *format, ...)
{
	char piece[TEXT_PIECE_SIZE];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	if (len > 0) {
		text_octets(text, piece, strnlen(piece, sizeof(piece)));
	}
}

void text_blanks(struct text *text, size_t count)
{
	for (; count > 0; count--) {
		text_put(text, " ");
	}
}

static bool is_plain(uint8_t octet)
{
	return octet >= 0x20 && octet < 0x7f;
}

size_t text_escape(const uint8_t *octets, size_t len, char *buf, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;
	char piece[4];
	size_t piece_len, i;

	if (size == 0) {
		return 0;
	}
	for (i = 0; i < len; i++) {
		piece[0] = is_plain(octets[i]) ? (char)octets[i] : '\\';
		piece_len = 1;
		if (octets[i] == '\\') {
			piece[1] = '\\';
			piece_len = 2;
		} else if (!is_plain(octets[i])) {
			piece[1] = 'x';
			piece[2] = hex[octets[i] >> 4];
			piece[3] = hex[octets[i] & 0xf];
			piece_len = 4;
		}
		if (piece_len > size - 1 - used) {
			break;
		}
		memcpy(buf + used, piece, piece_len);
		used += piece_len;
	}
	buf[used] = '\0';
	return used;
}

size_t text_mark_len(const void *octets, size_t len)
{
	static const uint8_t mark[TEXT_MARK_OCTETS] = { 0xef, 0xbb, 0xbf };

	return len >= sizeof(mark) && memcmp(octets, mark, sizeof(mark)) == 0 ? sizeof(mark)
	                                                                      : 0;
}

bool text_is_utf16(const void *octets, size_t len)
{
	static const uint8_t little[] = { 0xff, 0xfe }, big[] = { 0xfe, 0xff };

	return len >= 2 && (memcmp(octets, little, 2) == 0 || memcmp(octets, big, 2) == 0);
}

bool text_decimal(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (!text_is_digit(text[i]) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
			return false;
		}
	}
	if (len == 0 || value < min || value > max) {
		return false;
	}
	*ret = value;
	return true;
}
