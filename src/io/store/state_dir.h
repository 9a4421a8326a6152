/* SPDX-License-Identifier: MIT
 *
 * The state directory, and safe opening of the files in it: only root and this user may be
 * able to change them.
 */
#ifndef IO_STORE_STATE_DIR_H
#define IO_STORE_STATE_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/base.h"

#define STATE_DIR_DEFAULT "/var/lib/reqtime"

enum { STATE_DIR_SIZE = 4096 };

/* The default directory: the first of $STATE_DIRECTORY, else the built-in one.  With file
 * capabilities the environment is ignored: it comes from an unprivileged user, who must not
 * choose where the program writes. */
const char *state_dir_default(char buf[STATE_DIR_SIZE]);

/* Opens the directory `path`; if it is missing and `may_create`, creates it (0755) below an
 * existing parent.  A symbolic link as the last component is followed only when root or
 * this user made it (systemd's DynamicUser= puts one there).  Returns a descriptor
 * (O_CLOEXEC), or -errno; -EPERM when another user owns it or others may write to it. */
MUST_USE int state_dir_open(const char *path, bool may_create);

/* The same; but root may also use a directory of another user that root has given to that
 * user: only root can create and rename entries in its parent, and others may not write to
 * it. Files in it are to be opened as that user: `*ret_uid`, with the group `*ret_gid`;
 * otherwise, and on an error, both are unchanged. */
MUST_USE int state_dir_open_of(const char *path, bool may_create, uid_t *ret_uid,
                               gid_t *ret_gid);

/* Opens the regular file `name` (no '/') in it with `flags` of open(2) and, when created,
 * `mode`.  Never waits, never follows a link.  Returns a descriptor (O_CLOEXEC), or -errno:
 * -ELOOP a symbolic link, -EMEDIUMTYPE not a regular file, -EPERM another user owns it,
 * others may write to it or it has a second name, -EFBIG larger than `size_max`. */
MUST_USE int state_dir_open_file(int dir_fd, const char *name, int flags, mode_t mode,
                                 off_t size_max);

/* The same as `uid` with the group `gid`, for a directory from state_dir_open_of(). */
MUST_USE int state_dir_open_file_as(int dir_fd, const char *name, int flags, mode_t mode,
                                    off_t size_max, uid_t uid, gid_t gid);

/* The same for reading only and with any owner, for a process without any privilege that a
 * malicious file could abuse. */
MUST_USE int state_dir_look(const char *path);
MUST_USE int state_dir_look_file(int dir_fd, const char *name, off_t size_max);

/* Whether only root, this user and the directory's owner, whatever user that is, can have
 * written `name` in it: for a reader that trusts that owner, as a server trusts the user
 * who may set the clock. 0, -EPERM, or another -errno of either. */
MUST_USE int state_dir_is_its_owners(const char *path, const char *name);

/* A few words for people on an error of the functions above.  `error` is negative. */
const char *state_dir_error_text(int error);

#endif
