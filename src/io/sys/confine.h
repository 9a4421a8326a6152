/* SPDX-License-Identifier: MIT
 *
 * Landlock and the system call filter together, for a process that has already dropped its
 * privileges (io/sys/priv.h).  Where the kernel supports only one of the two, or neither,
 * the result is still 0, and `struct confinement` of the measuring process records it.
 */
#ifndef IO_SYS_CONFINE_H
#define IO_SYS_CONFINE_H

#include <stdbool.h>

#include "core/base/base.h"

struct confinement {
	bool has_filter;
	bool has_landlock;
};

/* UDP, and TCP to these ports only; no file.  Over `passing_fd` it passes connections; -1:
 * none. */
MUST_USE int confine_measurer(const uint16_t *tcp_ports, size_t count, int passing_fd,
                              struct confinement *ret);
/* Reads what its user may read. */
MUST_USE int confine_resolver(void);
/* Only what is open already: a capture's socket or file, and the output.  No file can be
 * opened. */
MUST_USE int confine_tracer(void);
/* The program that speaks TLS: sockets that it has or is sent, and no file. */
MUST_USE int confine_nts(void);
/* Reads, and writes only if it may, in the working directory. */
MUST_USE int confine_history(bool may_write);

#endif
