/* SPDX-License-Identifier: MIT
 *
 * A file of one page that this process maps and writes in place, while other programs read
 * it.
 */
#ifndef IO_STORE_PAGE_FILE_H
#define IO_STORE_PAGE_FILE_H

#include <stdbool.h>

#include "core/base/base.h"

enum { PAGE_FILE_OCTETS = 4096, PAGE_FILE_OPEN_MAX = 4 /* at once */ };

struct page_file_format {
	const void *initial; /* of a new file; the rest of the page is zero */
	size_t size;         /* <= PAGE_FILE_OCTETS */
	/* Whether a page is of this format: no other file is ever changed. */
	bool (*is_usable)(const void *page);
};

/* Maps the file, and first makes it if it is missing, empty or of another user: whole, by
 * rename, mode 0644.  Only root and this user, or in a directory that root has given to
 * another user that user, may be able to change it (io/store/state_dir.h).
 * `may_create_dir`: so is its directory.  0 and the page, which no child process inherits
 * (page_file_share()), or -errno of state_dir_open_of();
 * -EMEDIUMTYPE: there is a file of another format. */
MUST_USE int page_file_open(const char *path, bool may_create_dir,
                            const struct page_file_format *format, void **ret);
/* Whether child processes forked from now on have the page. */
void page_file_share(void *page, bool is_shared);
void page_file_close(void *page);

#endif
