/* SPDX-License-Identifier: MIT
 *
 * Reads a small file into the caller's buffer.
 */
#ifndef IO_SYS_FILE_READ_H
#define IO_SYS_FILE_READ_H

#include "core/base/base.h"

/* Reads the beginning of the file `path` below `folder` (AT_FDCWD: the working directory),
 * at most `size` - 1 octets, and a NUL.  `flags` are added to those of open().  Returns the
 * count; 0 and "" when it cannot be read.  Never blocks on a pipe or a terminal. */
size_t file_read(int folder, const char *path, int flags, char *buf, size_t size);

#endif
