/* SPDX-License-Identifier: MIT
 *
 * Readers see the old file or the new one, never a part: write beside it, then rename.
 */
#include "io/store/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 };

/* 0 or -errno; -EEXIST: another name may do.  A process of the same number that was killed may have left the name behind. */
static int temporary_open(struct file_replace *file)
{
	for (unsigned i = 0; i < 2; i++) {
		/* O_EXCL follows no link that lies there. */
		file->fd = open(file->temporary,
		                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
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

int file_replace_begin(const char *path, struct file_replace *ret)
{
	struct stat st;
	int len, r = -EEXIST;

	/* A device or a pipe would be gone after it, and a link lead nowhere. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		return S_ISDIR(st.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	}
	ret->path = path;
	/* In a folder of all users another user's file may keep a name. */
	for (unsigned i = 0; i < TRIES && r == -EEXIST; i++) {
		len = snprintf(ret->temporary, sizeof(ret->temporary), "%s.%ld.%u", path,
		               (long)getpid(), i);
		if (len < 0 || (size_t)len >= sizeof(ret->temporary)) {
			return -ENAMETOOLONG;
		}
		r = temporary_open(ret);
	}
	return r;
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
