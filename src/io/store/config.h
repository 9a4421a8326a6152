/* SPDX-License-Identifier: MIT
 *
 * A configuration file: sections, keys and values (INI, read by libinih).  What the keys mean is
 * the caller's to say.
 *
 * A byte order mark of UTF-8 is left out.
 *
 * Refused: UTF-16, what is no regular file (but /dev/null is empty), what everybody may write or belongs to
 * neither root nor who started the program, what is longer than CONFIG_OCTETS_MAX, what holds control characters, lines longer than CONFIG_LINE_MAX.
 */
#ifndef IO_STORE_CONFIG_H
#define IO_STORE_CONFIG_H

#include "core/base/base.h"

enum { CONFIG_OCTETS_MAX = 65536, CONFIG_LINE_MAX = 190, CONFIG_REASON_SIZE = 192 };

struct config_entry {
	const char *section; /* "" before the first */
	const char *key;     /* NULL: the section begins here */
	const char *value;   /* trimmed, without a comment behind " ;" */
	unsigned line;
};

struct config_error {
	unsigned line; /* 0: the file as a whole */
	char reason[CONFIG_REASON_SIZE];
};

/* Calls `take` for each section and each entry in turn until it returns something else than 0, which is then
 * returned.  Else 0, or -errno and `*ret_error`. */
MUST_USE int config_read(const char *path,
                         int (*take)(void *ctx, const struct config_entry *entry),
                         void *ctx, struct config_error *ret_error);

#endif
