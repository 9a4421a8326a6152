/* SPDX-License-Identifier: MIT
 *
 * What the other end of a descriptor can show.
 */
#ifndef CMD_CLI_TERMINAL_H
#define CMD_CLI_TERMINAL_H

#include "core/base/style.h"

/* --color, in the order of TERMINAL_COLOR_WORDS. */
enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER };
#define TERMINAL_COLOR_WORDS "auto|always|never"

enum { TERMINAL_COLUMNS_MIN = 40, TERMINAL_COLUMNS_MAX = 200 };

/* For a terminal its width, within the two above, UTF-8 where the locale says so, and colours unless
 * NO_COLOR is set or TERM is "dumb" or not set.  Anything else is STYLE_UNWRAPPED, except for what
 * `color` forces. */
struct style terminal_style(int fd, enum terminal_color color);
/* As it is, for what is drawn to fit: 80 columns and 24 lines where `fd` is no terminal or does not know. */
void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_lines);
/* Whether text in the locale is UTF-8, by LC_ALL, LC_CTYPE and LANG. */
bool terminal_is_utf8(void);
/* Whether a line can be erased and coloured: TERM is set, and not to "dumb". */
bool terminal_is_able(void);

#endif
