/* SPDX-License-Identifier: MIT
 *
 * The state directory: opening it and its files safely.
 */
#include "io/store/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/sys/priv.h"

const char *state_dir_default(char buf[STATE_DIR_SIZE])
{
	const char *given = secure_getenv("STATE_DIRECTORY");
	size_t len = given ? strcspn(given, ":") : 0;

	if (len == 0 || len >= STATE_DIR_SIZE) {
		return STATE_DIR_DEFAULT;
	}
	memcpy(buf, given, len);
	buf[len] = '\0';
	return buf;
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* A user's private group, as many systems have it, counts as the user. */
static bool is_writable_by_others(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) ||
	       ((st->st_mode & S_IWGRP) && st->st_gid != getegid());
}

/* 0 when `path` is no link, or one that may be followed. */
static int link_check(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		return -errno;
	}
	return !S_ISLNK(st.st_mode) || is_ours(&st) ? 0 : -ELOOP;
}

/* A user who could replace the directory could make root use another one. */
static bool is_given_by_root(int fd, const struct stat *st)
{
	struct stat above;

	return geteuid() == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH)) &&
	       fstatat(fd, "..", &above, AT_SYMLINK_NOFOLLOW) == 0 && above.st_uid == 0 &&
	       !(above.st_mode & (S_IWGRP | S_IWOTH));
}

/* Whether an open directory may be used.  `made`: just created by us. */
static int dir_check(int fd, bool made, struct stat *ret)
{
	if (fstat(fd, ret) < 0) {
		return -errno;
	}
	if (!is_ours(ret)) {
		return is_given_by_root(fd, ret) ? 0 : -EPERM;
	}
	if (made) { /* whatever the umask is */
		return fchmod(fd, 0755) < 0 ? -errno : 0;
	}
	return is_writable_by_others(ret) ? -EPERM : 0;
}

int state_dir_open_of(const char *path, bool may_create, uid_t *ret_uid, gid_t *ret_gid)
{
	struct stat st;
	bool made = false;
	int fd, r;

	r = link_check(path);
	if (r == -ENOENT && may_create) {
		made = mkdir(path, 0755) == 0;
		if (!made && errno != EEXIST) { /* another process may be faster */
			return -errno;
		}
		r = link_check(path);
	}
	if (r < 0) {
		return r;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		return -errno;
	}
	r = dir_check(fd, made, &st);
	if (r < 0) {
		close(fd);
		return r;
	}
	if (!is_ours(&st)) {
		*ret_uid = st.st_uid;
		/* Given to the user, not to a group: so root's group is not used. */
		*ret_gid = st.st_gid != 0 ? st.st_gid : (gid_t)PRIV_NOBODY;
	}
	return fd;
}

int state_dir_open(const char *path, bool may_create)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd = state_dir_open_of(path, may_create, &uid, &gid);

	if (fd >= 0 && uid != geteuid()) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int state_dir_look(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

static int file_check(const struct stat *st, bool is_anyones, off_t size_max)
{
	if (!S_ISREG(st->st_mode)) {
		return -EMEDIUMTYPE;
	}
	if (!is_anyones &&
	    (!is_ours(st) || is_writable_by_others(st) || st->st_nlink > 1)) {
		return -EPERM;
	}
	return st->st_size > size_max ? -EFBIG : 0;
}

static int open_file(int dir_fd, const char *name, int flags, mode_t mode, bool is_anyones,
                     off_t size_max)
{
	struct stat st;
	int fd, r;

	/* Checked before opening, because opening a device can already affect it; and again
	 * once open, since only then it cannot change. */
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		r = S_ISLNK(st.st_mode) ? -ELOOP : file_check(&st, is_anyones, size_max);
		if (r < 0) {
			return r;
		}
	} else if (errno != ENOENT) {
		return -errno;
	}
	fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
	            mode);
	if (fd < 0) {
		return -errno;
	}
	r = fstat(fd, &st) < 0 ? -errno : file_check(&st, is_anyones, size_max);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int state_dir_open_file(int dir_fd, const char *name, int flags, mode_t mode,
                        off_t size_max)
{
	return open_file(dir_fd, name, flags, mode, false, size_max);
}

int state_dir_open_file_as(int dir_fd, const char *name, int flags, mode_t mode,
                           off_t size_max, uid_t uid, gid_t gid)
{
	int fd, r;

	if (uid == geteuid()) {
		return state_dir_open_file(dir_fd, name, flags, mode, size_max);
	}
	r = priv_act_as(uid, gid);
	if (r < 0) {
		return r;
	}
	fd = state_dir_open_file(dir_fd, name, flags, mode, size_max);
	priv_act_as_self();
	return fd;
}

int state_dir_look_file(int dir_fd, const char *name, off_t size_max)
{
	return open_file(dir_fd, name, O_RDONLY, 0, true, size_max);
}

int state_dir_is_its_owners(const char *path, const char *name)
{
	struct stat dir, file;
	int fd = state_dir_look(path);
	int r = 0;

	if (fd < 0) {
		return fd;
	}
	if (fstat(fd, &dir) < 0 || fstatat(fd, name, &file, AT_SYMLINK_NOFOLLOW) < 0) {
		r = -errno;
	} else if (link_check(path) < 0 || is_writable_by_others(&dir) ||
	           is_writable_by_others(&file) ||
	           (!is_ours(&file) && file.st_uid != dir.st_uid)) {
		r = -EPERM;
	}
	close(fd);
	return r;
}

const char *state_dir_error_text(int error)
{
	switch (error) {
	case -EPERM:
		return "another user owns it or may write to it";
	case -ELOOP:
		return "it is a symbolic link";
	case -EMEDIUMTYPE:
		return "it is not a regular file";
	case -EFBIG:
		return "it is too large";
	case -EUCLEAN:
		return "it is damaged";
	default:
		return strerror(-error);
	}
}
