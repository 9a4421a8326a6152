/* SPDX-License-Identifier: MIT */
#ifndef IO_STORE_FILE_REPLACE_H
#define IO_STORE_FILE_REPLACE_H

#include "core/base/base.h"

/* Puts `text` in place of the file `path`, or makes it: whoever reads sees the old one or the new
 * one, never a part.  Mode 0644, whatever the umask is.  Only a regular file is replaced (else
 * -EINVAL): as root, /dev/null would be gone for good.  0 or -errno; then nothing is left behind. */
MUST_USE int file_replace(const char *path, const char *text, size_t len);

#endif
