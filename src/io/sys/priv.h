/* SPDX-License-Identifier: MIT
 *
 * Capabilities (libcap) and user ids.  A privilege that cannot be dropped must end the
 * program: every function returns -errno then, and the caller must not go on.
 */
#ifndef IO_SYS_PRIV_H
#define IO_SYS_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/base.h"

/* A user without rights and files: the kernel's overflow id, "nobody" on every
 * distribution.  It is not looked up by name, because that runs libraries with root's
 * rights. */
enum { PRIV_NOBODY = 65534 };

/* Keeps only CAP_SYS_TIME in the permitted set (not effective, not inheritable, ambient
 * cleared) and gives up all others, in the bounding set too where that is allowed.  Keeps
 * the user id. -EPERM when CAP_SYS_TIME was not permitted. */
MUST_USE int priv_keep_time(void);
/* The same, but also keeps permitted (not effective) what priv_drop_to() and priv_act_as()
 * need, while processes are still to be started. */
MUST_USE int priv_keep_time_and_users(void);

/* Raises or clears CAP_SYS_TIME in the effective set. */
MUST_USE int priv_raise_time(void);
MUST_USE int priv_clear_time(void);

/* Raises CAP_NET_RAW in the effective set to open a capture; call priv_drop_all() next.
 * -EPERM when it is not permitted. */
MUST_USE int priv_raise_raw(void);

/* Gives up every capability permanently: effective, permitted, inheritable, ambient,
 * bounding where allowed; no_new_privs is set.  Verified by reading back. */
MUST_USE int priv_drop_all(void);

/* As root: changes to that user and group (root keeps its own) without supplementary
 * groups; then priv_drop_all().  Not root: only priv_drop_all().  0; 1 where the right to
 * change users is missing (a container's --cap-drop ALL, a user namespace that maps one
 * id): then the user stays, without a capability; or -errno. */
MUST_USE int priv_drop_to(uid_t uid, gid_t gid);

/* As root: from now on opens files as that user and group, without any capability, until
 * priv_act_as_self(), which keeps none effective.  0; -EPERM where the right is missing;
 * another -errno. */
MUST_USE int priv_act_as(uid_t uid, gid_t gid);
void priv_act_as_self(void);

/* The ids of a user, by name.  0; -ENOENT: no such user; another -errno. */
MUST_USE int priv_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid);

/* As root: priv_drop_to() of `user` and its group, with the same results.  Not root: only
 * priv_drop_all().  -ENOENT: no such user. */
MUST_USE int priv_become(const char *user);

#endif
