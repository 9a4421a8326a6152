/* SPDX-License-Identifier: MIT
 *
 * A small file, read at once into the caller's buffer.
 */
#ifndef IO_SYS_FILE_READ_H
#define IO_SYS_FILE_READ_H

#include "core/base/base.h"

/* The beginning of the file `path` below `folder` (AT_FDCWD: of the working directory), at most `size` - 1
 * octets and a NUL.  `flags` are added to those of open().  Returns how many; 0 and "" when it cannot be
 * read.  A pipe or a terminal does not hold it up. */
size_t file_read(int folder, const char *path, int flags, char *buf, size_t size);

#endif
