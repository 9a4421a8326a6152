/* SPDX-License-Identifier: MIT
 *
 * Shared by the readers of a configuration file and of a folder of them.
 */
#ifndef IO_STORE_CONFIG_PRIVATE_H
#define IO_STORE_CONFIG_PRIVATE_H

#include <sys/stat.h>

#include "io/store/config.h"

/* -EINVAL, and `*ret` says why. */
int config_refuse(struct config_error *ret, unsigned line, const char *reason);
/* The same for the errno of a system call: its negative. */
int config_refuse_errno(struct config_error *ret, int error);
/* 0, or -EINVAL if somebody else could have written it: it belongs to neither root nor this
 * user, or others may write to it. */
int config_check_owner(const struct stat *st, struct config_error *ret);

#endif
