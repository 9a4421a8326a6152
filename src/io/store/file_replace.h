/* SPDX-License-Identifier: MIT
 *
 * Replaces a text file atomically.
 */
#ifndef IO_STORE_FILE_REPLACE_H
#define IO_STORE_FILE_REPLACE_H

#include "core/base/base.h"

/* Replaces the file `path` by `text`, or creates it: readers see the old or the new
 * content, never a part.  Mode 0644, whatever the umask is.  Only a regular file is
 * replaced (else -EINVAL): as root, /dev/null would be lost permanently.  0 or -errno; then
 * nothing is left behind. */
MUST_USE int file_replace(const char *path, const char *text, size_t len);

#endif
