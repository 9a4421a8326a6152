/* SPDX-License-Identifier: MIT
 *
 * Opens a regular file that an option names.
 */
#include "io/store/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int file_open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0) {
		r = -errno;
	} else if (S_ISDIR(st.st_mode)) {
		r = -EISDIR;
	} else {
		r = S_ISREG(st.st_mode) ? 0 : -EMEDIUMTYPE;
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
