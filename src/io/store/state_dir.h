/* SPDX-License-Identifier: MIT
 *
 * The directory that keeps what one run leaves to the next, and safe opening of what lies
 * in it: nobody but root and this user may have a say in it.
 */
#ifndef IO_STORE_STATE_DIR_H
#define IO_STORE_STATE_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/base.h"

#define STATE_DIR_DEFAULT "/var/lib/reqtime"

enum { STATE_DIR_SIZE = 4096 };

/* Where nobody has said where: $STATE_DIRECTORY, of several the first, else the default.  Not with
 * file capabilities: who starts such a program has no say in where it writes by leaving it
 * an environment. */
const char *state_dir_default(char buf[STATE_DIR_SIZE]);

/* Opens the directory `path`; where it is missing and `may_create`, makes it (0755) below
 * a parent that exists.  A symbolic link in the last place is followed only when root
 * or this user made it (systemd's DynamicUser= puts one there).  Returns a descriptor
 * (O_CLOEXEC), or -errno; -EPERM when another user owns it or others may write to it. */
MUST_USE int state_dir_open(const char *path, bool may_create);

/* The same; root may use that of another user as well, where root has given it to him: it lies in a
 * directory in which root alone makes and renames things, and the others may not write to it.
 * What is in it is to be opened as that user, who is `*ret_uid` with the group `*ret_gid`; otherwise,
 * and on an error, both are left alone. */
MUST_USE int state_dir_open_of(const char *path, bool may_create, uid_t *ret_uid,
                               gid_t *ret_gid);

/* Opens the regular file `name` (no '/') in it with `flags` of open(2) and, when made,
 * `mode`.  Never waits, never follows a link.  Returns a descriptor (O_CLOEXEC), or -errno:
 * -ELOOP a symbolic link, -EMEDIUMTYPE no regular file, -EPERM another user owns it, others
 * may write to it or it has a second name, -EFBIG larger than `size_max`. */
MUST_USE int state_dir_open_file(int dir_fd, const char *name, int flags, mode_t mode,
                                 off_t size_max);

/* The same as `uid` with the group `gid`, for what state_dir_open_of() has opened. */
MUST_USE int state_dir_open_file_as(int dir_fd, const char *name, int flags, mode_t mode,
                                    off_t size_max, uid_t uid, gid_t gid);

/* The same to read alone and whoever owns it, for a process that has no right left which what
 * it reads could abuse. */
MUST_USE int state_dir_look(const char *path);
MUST_USE int state_dir_look_file(int dir_fd, const char *name, off_t size_max);

/* Whether nobody but root, this user and the directory's owner, whoever that is, has had a say in
 * what `name` in it says: for who believes that owner, as a server believes who may set the clock.
 * 0, -EPERM, or another -errno of either. */
MUST_USE int state_dir_is_its_owners(const char *path, const char *name);

/* For people: what one of the above means, in a few words.  `error` is negative. */
const char *state_dir_error_text(int error);

#endif
