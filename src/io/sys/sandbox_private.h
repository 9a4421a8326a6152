/* SPDX-License-Identifier: MIT */
#ifndef IO_SYS_SANDBOX_PRIVATE_H
#define IO_SYS_SANDBOX_PRIVATE_H

#include "io/sys/filter_private.h"

/* sandbox_resolve.c: the rules of SANDBOX_RESOLVE, which forbid. */
void sandbox_deny(struct filter *filter);

#endif
