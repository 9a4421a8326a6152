/* SPDX-License-Identifier: MIT
 *
 * Replaces a file: a new one is written beside it and then renamed.
 */
#include "io/store/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 };

/* 0 or -errno; -EEXIST: another name may work.  A killed process with this id may have left
 * the name behind. */
static int temporary_open(struct file_replace *file, mode_t mode)
{
	for (unsigned i = 0; i < 2; i++) {
		/* O_EXCL never follows a link. */
		file->fd = open(file->temporary,
		                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (file->fd >= 0) {
			return 0;
		}
		if (errno != EEXIST) {
			return -errno;
		}
		if (unlink(file->temporary) < 0) {
			break;
		}
	}
	return -EEXIST;
}

int file_replace_begin_as(const char *path, mode_t mode, struct file_replace *ret)
{
	struct stat st;
	int len, r = -EEXIST;

	/* Replacing would remove a device or a pipe, and cut a link from its target. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		return S_ISDIR(st.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	}
	ret->path = path;
	/* In a folder for all users another user's file may block a name. */
	for (unsigned i = 0; i < TRIES && r == -EEXIST; i++) {
		len = snprintf(ret->temporary, sizeof(ret->temporary), "%s.%ld.%u", path,
		               (long)getpid(), i);
		if (len < 0 || (size_t)len >= sizeof(ret->temporary)) {
			return -ENAMETOOLONG;
		}
		r = temporary_open(ret, mode);
	}
	return r;
}

int file_replace_begin(const char *path, struct file_replace *ret)
{
	return file_replace_begin_as(path, 0666, ret);
}

int file_replace_end(struct file_replace *file, bool is_good, bool is_durable)
{
	int r = 0;

	if (is_good && is_durable && fsync(file->fd) < 0 && errno != EINVAL) {
		r = -errno;
	}
	if (close(file->fd) < 0 && r == 0) {
		r = -errno;
	}
	if (is_good && r == 0 && rename(file->temporary, file->path) < 0) {
		r = -errno;
	}
	if (!is_good || r < 0) {
		(void)unlink(file->temporary);
	}
	file->fd = -1;
	return r;
}

static int write_all(int fd, const char *text, size_t len)
{
	size_t at = 0;
	ssize_t n;

	while (at < len) {
		n = write(fd, text + at, len - at);
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int file_replace(const char *path, const char *text, size_t len)
{
	struct file_replace file;
	int ended, r = file_replace_begin(path, &file);

	if (r < 0) {
		return r;
	}
	r = fchmod(file.fd, 0644) < 0 ? -errno : write_all(file.fd, text, len);
	ended = file_replace_end(&file, r == 0, false);
	return r < 0 ? r : ended;
}

const char *file_replace_error_text(int error)
{
	return error == -EMEDIUMTYPE ? "not a regular file" : strerror(-error);
}
