/* SPDX-License-Identifier: MIT
 *
 * Shared by the two files of the sandbox.
 */
#ifndef IO_SYS_SANDBOX_PRIVATE_H
#define IO_SYS_SANDBOX_PRIVATE_H

#include "io/sys/filter_private.h"

/* sandbox_resolve.c: the deny list of SANDBOX_RESOLVE. */
void sandbox_deny(struct filter *filter);

#endif
