/* SPDX-License-Identifier: MIT
 *
 * The style that suits a descriptor: width, UTF-8 and colours.
 */
#ifndef CMD_CLI_TERMINAL_H
#define CMD_CLI_TERMINAL_H

#include "core/base/style.h"

/* --color, in the order of TERMINAL_COLOR_WORDS. */
enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER };
#define TERMINAL_COLOR_WORDS "auto|always|never"

enum { TERMINAL_COLUMNS_MIN = 40, TERMINAL_COLUMNS_MAX = 200 };

/* For a terminal: its width within the limits above, UTF-8 by the locale, and colours
 * unless NO_COLOR is set or TERM is "dumb" or unset.  Anything else is STYLE_UNWRAPPED;
 * `color` overrides the colours. */
struct style terminal_style(int fd, enum terminal_color color);
/* Without limits; 80 columns and 24 lines if `fd` is no terminal or has no size. */
void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_lines);
/* Whether the locale uses UTF-8, by LC_ALL, LC_CTYPE and LANG. */
bool terminal_is_utf8(void);
/* Whether a line can be erased and coloured: TERM is set and not "dumb". */
bool terminal_is_able(void);

#endif
