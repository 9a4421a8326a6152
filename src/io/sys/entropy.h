/* SPDX-License-Identifier: MIT
 *
 * Random octets from the kernel.
 */
#ifndef IO_SYS_ENTROPY_H
#define IO_SYS_ENTROPY_H

#include "core/base/base.h"

/* Fills all of `buf` or fails: 0 or -errno. */
MUST_USE int entropy_fill(void *buf, size_t len);

#endif
