/* SPDX-License-Identifier: MIT
 *
 * Capabilities (libcap) and user ids.  Whatever fails to be given up ends the program:
 * every function says so with -errno and the caller must not go on.
 */
#ifndef IO_SYS_PRIV_H
#define IO_SYS_PRIV_H

#include <stdbool.h>

#include "core/base/base.h"

/* Keeps CAP_SYS_TIME in the permitted set alone (not effective, not inheritable, ambient cleared)
 * and gives up all others, in the bounding set too where that is allowed.  Keeps the user id.
 * -EPERM when CAP_SYS_TIME is not permitted to begin with. */
MUST_USE int priv_keep_time(void);

/* Raises or clears CAP_SYS_TIME in the effective set. */
MUST_USE int priv_raise_time(void);
MUST_USE int priv_clear_time(void);

/* Raises CAP_NET_RAW in the effective set, to open a capture; priv_drop_all() comes next.
 * -EPERM when it is not permitted. */
MUST_USE int priv_raise_raw(void);

/* Gives up every capability for good: effective, permitted, inheritable, ambient, bounding where
 * allowed; no_new_privs set.  Verified by reading back. */
MUST_USE int priv_drop_all(void);

/* As root: to `user` with its group and no supplementary groups, then priv_drop_all().
 * Not root: only priv_drop_all().  -ENOENT when there is no such user. */
MUST_USE int priv_become(const char *user);

#endif
