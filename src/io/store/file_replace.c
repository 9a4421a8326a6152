/* SPDX-License-Identifier: MIT
 *
 * Replaces a text file atomically, through a temporary file beside it.
 */
#include "io/store/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int write_new(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r;

	if (fd < 0) {
		return -errno;
	}
	r = fchmod(fd, 0644) < 0 ? -errno : write_all(fd, text, len);
	if (close(fd) < 0 && r == 0) {
		r = -errno;
	}
	return r;
}

int file_replace(const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];
	struct stat old;
	int r;

	if (lstat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		return -EINVAL;
	}
	/* The process id keeps two processes that replace the same file apart. */
	if (snprintf(temporary, sizeof(temporary), "%s.%ld.new", path, (long)getpid()) >=
	    (int)sizeof(temporary)) {
		return -ENAMETOOLONG;
	}
	r = write_new(temporary, text, len);
	if (r == -EEXIST) { /* left behind by a killed process with this id */
		r = unlink(temporary) < 0 ? -errno : write_new(temporary, text, len);
	}
	if (r == 0 && rename(temporary, path) < 0) {
		r = -errno;
	}
	if (r < 0) {
		(void)unlink(temporary);
	}
	return r;
}
