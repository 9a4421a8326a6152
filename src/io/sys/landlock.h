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

struct landlock_reach {
	const struct landlock_folder *folders;
	size_t folder_count;
	const uint16_t *tcp_ports; /* to which a TCP connection may be begun */
	size_t tcp_port_count;
	bool may_connect; /* to any */
};

/* No TCP port may be bound, no signal sent and no abstract unix socket connected to beyond this process and what it
 * starts, where the kernel can forbid it.  0; -ENOSYS where it has no Landlock; another -errno. */
MUST_USE int landlock_enter_reach(const struct landlock_reach *reach);
/* The same with these folders and no TCP connection. */
MUST_USE int landlock_enter(const struct landlock_folder *folders, size_t count);

#endif
