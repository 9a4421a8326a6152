/* SPDX-License-Identifier: MIT
 *
 * Landlock: this process and what it starts from now on reach no file but those named.  Needs
 * no_new_privs (io/sys/priv.h); threads that run already are not held back.
 */
#ifndef IO_SYS_LANDLOCK_H
#define IO_SYS_LANDLOCK_H

#include <stdbool.h>

#include "core/base/base.h"

/* A folder and all below it. */
struct landlock_folder {
	const char *path;
	bool may_read;  /* files, and what there is */
	bool may_write; /* make, write, rename and remove regular files */
};

/* No TCP connection may be begun and no TCP port bound either, where the kernel can forbid it.
 * 0; -ENOSYS where it has no Landlock; another -errno. */
MUST_USE int landlock_enter(const struct landlock_folder *folders, size_t count);

#endif
