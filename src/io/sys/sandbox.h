/* SPDX-License-Identifier: MIT
 *
 * seccomp filters: an allow list per role; any other call ends the process.  Only the
 * resolver, which runs libraries with unknown needs, has a deny list.  no_new_privs must be
 * set before (io/sys/priv.h).
 */
#ifndef IO_SYS_SANDBOX_H
#define IO_SYS_SANDBOX_H

#include "core/base/base.h"

enum sandbox_role {
	SANDBOX_MEASURE,     /* the measuring process: UDP and TCP, poll, reading clocks,
	                  * memory, its report on stdout/stderr */
	SANDBOX_SERVE,       /* reqtimed after binding: no socket(), no open() */
	SANDBOX_FILE_HELPER, /* its file helper: files, and no socket except its own */
	SANDBOX_READER,      /* `history`: reads files, and replaces the one that it writes
	                 * already */
	SANDBOX_HISTORY, /* the history process: like the file helper, and what SQLite needs
	                  * to write */
	SANDBOX_RESOLVE, /* the C library's resolver: no program, no signal, no privilege,
	                  * no write to a file */
	SANDBOX_TRACE,   /* `trace`: only the open capture; opening a file is refused, not
	                * fatal */
	SANDBOX_NTS,     /* reqtime-nts: only sockets that it has or is sent; no connect().
	                 * Opening a file is refused, not fatal: GnuTLS may look for an
	                 * optional library */
};

/* 0, or -errno; -ENOSYS where the kernel has no seccomp (a container may forbid it): the
 * caller decides whether to go on, and reports it. */
MUST_USE int sandbox_enter(enum sandbox_role role);
/* The same for SANDBOX_MEASURE with a socket over which it passes connections; -1: none. */
MUST_USE int sandbox_enter_measure(int passing_fd);

#endif
