/* SPDX-License-Identifier: MIT
 *
 * Landlock: from now on this process and its children reach only the named files.  Needs
 * no_new_privs (io/sys/priv.h); threads that run already are not restricted.
 */
#ifndef IO_SYS_LANDLOCK_H
#define IO_SYS_LANDLOCK_H

#include <stdbool.h>

#include "core/base/base.h"

/* A folder and all below it. */
struct landlock_folder {
	const char *path;
	bool may_read;  /* read files, list folders */
	bool may_write; /* make, write, rename and remove regular files */
};

struct landlock_reach {
	const struct landlock_folder *folders;
	size_t folder_count;
	const uint16_t *tcp_ports; /* ports that TCP may connect to */
	size_t tcp_port_count;
	bool may_connect; /* to any port */
};

/* No TCP port may be bound, and no signal sent nor abstract unix socket connected to beyond
 * this process and its children, where the kernel can forbid it.  0; -ENOSYS where it has
 * no Landlock; another -errno. */
MUST_USE int landlock_enter_reach(const struct landlock_reach *reach);
/* The same with these folders and no TCP connection. */
MUST_USE int landlock_enter(const struct landlock_folder *folders, size_t count);

#endif
