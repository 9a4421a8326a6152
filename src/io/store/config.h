/* SPDX-License-Identifier: MIT
 *
 * A configuration file: sections, keys and values (INI, read by libinih).  The caller gives
 * the keys their meaning.
 *
 * A UTF-8 byte order mark is skipped.
 *
 * Refused: UTF-16; anything but a regular file (/dev/null counts as empty); a file that
 * everybody may write or that belongs to neither root nor this user; one longer than
 * CONFIG_OCTETS_MAX; control characters; lines longer than CONFIG_LINE_MAX.
 */
#ifndef IO_STORE_CONFIG_H
#define IO_STORE_CONFIG_H

#include "core/base/base.h"

enum { CONFIG_OCTETS_MAX = 65536, CONFIG_LINE_MAX = 190, CONFIG_REASON_SIZE = 192 };

struct config_entry {
	const char *section; /* "" before the first section */
	const char *key;     /* NULL: the section begins here */
	const char *value;   /* trimmed, without a comment after " ;" */
	unsigned line;
};

struct config_error {
	unsigned line; /* 0: the whole file */
	char reason[CONFIG_REASON_SIZE];
};

/* Calls `take` for each section and each entry until it returns nonzero, which is then the
 * result.  Else 0, or -errno and `*ret_error`. */
MUST_USE int config_read(const char *path,
                         int (*take)(void *ctx, const struct config_entry *entry),
                         void *ctx, struct config_error *ret_error);

#endif
