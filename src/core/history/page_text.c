/* SPDX-License-Identifier: MIT
 *
 * Text on the page: untrusted text escaped, spans and offsets in UTF-8.
 */
#include <string.h>

#include "core/base/span.h"
#include "core/history/page_private.h"
#include "core/report/report.h"

enum { UNTRUSTED_SIZE = 4 * SERVER_HOST_SIZE };

static const struct style utf8 = { .has_utf8 = true };

void page_put_untrusted(struct text *out, const char *words)
{
	char plain[UNTRUSTED_SIZE];

	text_escape((const uint8_t *)words, strlen(words), plain, sizeof(plain));
	for (const char *at = plain; *at != '\0'; at++) {
		switch (*at) {
		case '&':
			text_put(out, "&amp;");
			break;
		case '<':
			text_put(out, "&lt;");
			break;
		case '>':
			text_put(out, "&gt;");
			break;
		case '"':
			text_put(out, "&quot;");
			break;
		case '\'':
			text_put(out, "&#39;");
			break;
		default:
			text_octets(out, at, 1);
			break;
		}
	}
}

void page_format_span(int64_t ns, bool has_sign, char *buf)
{
	span_format(ns, has_sign, buf);
	style_units(&utf8, buf);
}

void page_put_figures(struct text *out, int64_t offset_ns, int64_t bound_ns)
{
	char offset[PAGE_FIGURE_SIZE], bound[PAGE_FIGURE_SIZE];

	report_figures(offset_ns, bound_ns, true, offset, bound);
	style_units(&utf8, offset);
	style_units(&utf8, bound);
	text_format(out, "%s %s %s", offset, style_plus_minus(&utf8), bound);
}
