/* SPDX-License-Identifier: MIT
 *
 * Landlock and the system call filter together, for a process that has given up its rights already
 * (io/sys/priv.h).  Where the kernel has one of the two alone, or none, what is left must do:
 * 0 all the same, and `struct confinement` of who measures says so.
 */
#ifndef IO_SYS_CONFINE_H
#define IO_SYS_CONFINE_H

#include <stdbool.h>

#include "core/base/base.h"

struct confinement {
	bool has_filter;
	bool has_landlock;
};

/* UDP, and TCP to these ports alone; no file. */
MUST_USE int confine_measurer(const uint16_t *tcp_ports, size_t count,
                              struct confinement *ret);
/* Reads what its user may read. */
MUST_USE int confine_resolver(void);
/* What is open alone: a capture's socket or file, and the output.  No file is opened any more. */
MUST_USE int confine_tracer(void);
/* Reads and writes in the working directory. */
MUST_USE int confine_history(void);

#endif
