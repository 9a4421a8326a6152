/* SPDX-License-Identifier: MIT
 *
 * Closes the descriptors that a new process must not inherit.
 */
#ifndef IO_SYS_DESCRIPTORS_H
#define IO_SYS_DESCRIPTORS_H

#include <stddef.h>

#include "core/base/base.h"

enum { DESCRIPTORS_KEPT_MAX = 4 };

/* Closes every descriptor from `first` on. */
void descriptors_close_from(int first);
/* The same, except `fds[0 .. count - 1]`, which become `first`, `first` + 1 and so on.  0
 * or -errno. */
MUST_USE int descriptors_keep(int first, int *fds, size_t count);

#endif
