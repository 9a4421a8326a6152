/* SPDX-License-Identifier: MIT
 *
 * Replaces a file as a whole, through a temporary file beside it.
 */
#include "io/store/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 };

int replace_begin(const char *path, struct replace *ret)
{
	struct stat st;
	int len;

	/* Replacing would remove a device or a pipe, and cut a link from its target. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		return S_ISDIR(st.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	}
	/* The name need not be secret: O_EXCL never opens an existing file. */
	for (unsigned i = 0; i < TRIES; i++) {
		len = snprintf(ret->temporary, sizeof(ret->temporary), "%s.%ld.%u", path,
		               (long)getpid(), i);
		if (len < 0 || (size_t)len >= sizeof(ret->temporary)) {
			return -ENAMETOOLONG;
		}
		ret->fd = open(ret->temporary,
		               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (ret->fd >= 0) {
			ret->path = path;
			return 0;
		}
		if (errno != EEXIST) {
			return -errno;
		}
	}
	return -EEXIST;
}

int replace_end(struct replace *replace, bool is_good)
{
	int r = 0;

	if (is_good && fsync(replace->fd) < 0 && errno != EINVAL) {
		r = -errno;
	}
	if (close(replace->fd) < 0 && r == 0) {
		r = -errno;
	}
	if (is_good && r == 0 && rename(replace->temporary, replace->path) < 0) {
		r = -errno;
	}
	if (!is_good || r < 0) {
		(void)unlink(replace->temporary);
	}
	replace->fd = -1;
	return r;
}
