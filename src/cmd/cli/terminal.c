/* SPDX-License-Identifier: MIT
 *
 * The abilities of a terminal: size, UTF-8 and colours.
 */
#include "cmd/cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TERMINAL_LINES = 24 };

bool terminal_is_able(void)
{
	const char *term = getenv("TERM");

	return term && term[0] && strcmp(term, "dumb") != 0;
}

/* By name: a static program and a small system may lack the locale's files. */
bool terminal_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL, *charset;

	for (size_t i = 0; i < COUNT_OF(names) && (!locale || !*locale); i++) {
		locale = getenv(names[i]);
	}
	charset = locale ? strchr(locale, '.') : NULL;
	return charset && (strncasecmp(charset, ".utf-8", 6) == 0 ||
	                   strncasecmp(charset, ".utf8", 5) == 0);
}

void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_lines)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) < 0) {
		size = (struct winsize){ 0 };
	}
	*ret_columns = size.ws_col > 0 ? size.ws_col : STYLE_PLAIN.columns;
	*ret_lines = size.ws_row > 0 ? size.ws_row : TERMINAL_LINES;
}

struct style terminal_style(int fd, enum terminal_color color)
{
	const char *no_color = getenv("NO_COLOR");
	struct style style = STYLE_UNWRAPPED;
	unsigned lines;

	if (isatty(fd)) {
		style.is_unwrapped = false;
		terminal_size(fd, &style.columns, &lines);
		if (style.columns < TERMINAL_COLUMNS_MIN) {
			style.columns = TERMINAL_COLUMNS_MIN;
		} else if (style.columns > TERMINAL_COLUMNS_MAX) {
			style.columns = TERMINAL_COLUMNS_MAX;
		}
		style.has_utf8 = terminal_is_utf8();
		style.has_color = terminal_is_able() && !(no_color && *no_color);
	}
	if (color != TERMINAL_COLOR_AUTO) {
		style.has_color = color == TERMINAL_COLOR_ALWAYS;
	}
	return style;
}
