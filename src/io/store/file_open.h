/* SPDX-License-Identifier: MIT
 *
 * A file that an option names.  Opening it never waits for whoever is to come to its other end.
 */
#ifndef IO_STORE_FILE_OPEN_H
#define IO_STORE_FILE_OPEN_H

#include "core/base/base.h"

/* To read: a regular file.  A descriptor (O_CLOEXEC), or -errno; -EMEDIUMTYPE for any other kind. */
MUST_USE int file_open_regular(const char *path);

#endif
