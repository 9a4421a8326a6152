/* SPDX-License-Identifier: MIT
 *
 * open, read to the end or to the end of the buffer, close.
 */
#include "io/sys/file_read.h"

#include <fcntl.h>
#include <unistd.h>

size_t file_read(int folder, const char *path, int flags, char *buf, size_t size)
{
	const int all = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags;
	/* With a mode, for glibc checks flags that it cannot foresee by another function. */
	int fd = openat(folder, path, all, 0);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0) {
		close(fd);
	}
	buf[len] = '\0';
	return len;
}
