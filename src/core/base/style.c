/* SPDX-License-Identifier: MIT
 *
 * Colours, columns and units of text output.
 */
#include "core/base/style.h"

#include <string.h>

void style_word(struct text *out, const struct style *style, enum style_class style_class,
                const char *word)
{
	static const char *const starts[] = { [STYLE_GOOD] = "\033[32m",
		                              [STYLE_DOUBTFUL] = "\033[33m",
		                              [STYLE_BAD] = "\033[31m" };

	if (style->has_color) {
		text_put(out, starts[style_class]);
	}
	text_put(out, word);
	if (style->has_color) {
		text_put(out, "\033[0m");
	}
}

/* Octets of a character or a colour sequence, and whether it takes a column. */
static size_t step(const char *text, size_t *ret_columns)
{
	size_t len = 1;

	*ret_columns = *text != '\033';
	if (*text == '\033') {
		while (text[len] != '\0' && text[len - 1] != 'm') {
			len++;
		}
		return len;
	}
	while (((unsigned char)text[len] & 0xc0) == 0x80) {
		len++;
	}
	return len;
}

size_t style_octets(const char *text, size_t columns)
{
	size_t at = 0, used = 0, len, more;

	for (; text[at] != '\0'; at += len) {
		len = step(text + at, &more);
		if (used + more > columns) {
			break;
		}
		used += more;
	}
	return at;
}

size_t style_columns(const char *text)
{
	size_t used = 0, more;

	while (*text != '\0') {
		text += step(text, &more);
		used += more;
	}
	return used;
}

void style_units(const struct style *style, char *buf)
{
	char *unit = style->has_utf8 ? strstr(buf, " us") : NULL;

	if (unit) {
		memmove(unit + 3, unit + 2, strlen(unit + 2) + 1);
		memcpy(unit, " \xc2\xb5", 3);
	}
}

const char *style_plus_minus(const struct style *style)
{
	return style->has_utf8 ? "\xc2\xb1" : "+/-";
}

static bool is_blank(const char *text, size_t at)
{
	return text[at] == ' ';
}

void style_wrap(struct text *out, const char *text, size_t column, size_t indent,
                size_t columns, bool (*may_break)(const char *text, size_t at))
{
	bool (*const breaks)(const char *, size_t) = may_break ? may_break : is_blank;
	size_t take, at;

	while (*text != '\0') {
		take = style_octets(text, columns > column ? columns - column : 0);
		for (at = take; text[take] != '\0' && at > 0 &&
		                (!breaks(text, at) || text[at - 1] == ' ');
		     at--) {
		}
		/* The next line may have more columns than this one has left. */
		if (text[take] != '\0' && (at > 0 || column > indent)) {
			take = at;
		}
		text_octets(out, text, take);
		text += take;
		text += strspn(text, " ");
		if (*text != '\0') {
			text_put(out, "\n");
			text_blanks(out, indent);
		}
		column = indent;
	}
	text_put(out, "\n");
}
