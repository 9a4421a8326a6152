/* SPDX-License-Identifier: MIT
 *
 * seccomp filters: an allow list per role; anything else ends the process.  The resolver alone, in which
 * libraries run that nobody has listed, has a list of what it may not.  no_new_privs must be set before
 * (io/sys/priv.h).
 */
#ifndef IO_SYS_SANDBOX_H
#define IO_SYS_SANDBOX_H

#include "core/base/base.h"

enum sandbox_role {
	SANDBOX_MEASURE, /* the measuring process: UDP and TCP, poll, clocks to read, memory, its report on stdout/stderr */
	SANDBOX_SERVE,   /* reqtimed after binding: no socket(), no open() */
	SANDBOX_FILE_HELPER, /* its file helper: files, no sockets but the one it has */
	SANDBOX_READER, /* `history`: files to read, and to replace the one that it writes already */
	SANDBOX_HISTORY, /* who keeps the history: as the file helper, and what SQLite needs to write */
	SANDBOX_RESOLVE, /* the C library's resolver: no program, no signal, no right, no file to write */
	SANDBOX_TRACE, /* `trace`: what of a capture is open already; to open a file is refused, not fatal */
};

/* 0, or -errno; -ENOSYS where the kernel has no seccomp (a container may forbid it): the
 * caller decides whether to go on and says so. */
MUST_USE int sandbox_enter(enum sandbox_role role);

#endif
