/* SPDX-License-Identifier: MIT */
#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char blanks[] = "                                                            ";

struct text text_to(char *buf, size_t room)
{
	if (room > 0) {
		buf[0] = '\0';
	}
	return (struct text){ .buf = buf, .room = room };
}

void text_octets(struct text *text, const char *octets, size_t len)
{
	size_t fits;

	if (text->len + 1 < text->room) {
		fits = text->room - 1 - text->len;
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
	char piece[TEXT_PIECE_ROOM];
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
	size_t part;

	while (count > 0) {
		part = count < sizeof(blanks) - 1 ? count : sizeof(blanks) - 1;
		text_octets(text, blanks, part);
		count -= part;
	}
}
