/* SPDX-License-Identifier: MIT
 *
 * Opens a file that an option names, without waiting for the other end of a pipe.
 */
#ifndef IO_STORE_FILE_OPEN_H
#define IO_STORE_FILE_OPEN_H

#include "core/base/base.h"

/* Opens a regular file for reading.  A descriptor (O_CLOEXEC), or -errno; -EMEDIUMTYPE for
 * any other kind. */
MUST_USE int file_open_regular(const char *path);

#endif
