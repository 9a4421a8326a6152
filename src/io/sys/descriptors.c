/* SPDX-License-Identifier: MIT
 *
 * Closes the descriptors that a new process has no business with.
 */
#include "io/sys/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/text.h"

/* Headers, and C libraries, older than Linux 5.9. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* Where /proc does not list them either, so many are looked at and no more. */
enum { DESCRIPTORS_MAX = 65536 };

/* All that there are, whatever limit held when they were opened.  -errno where /proc is not mounted. */
static int close_listed(int first)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t fd;

	if (!dir) {
		return -errno;
	}
	while ((entry = readdir(dir))) {
		if (text_decimal(entry->d_name, strlen(entry->d_name), (uint64_t)first,
		                 INT_MAX, &fd) &&
		    (int)fd != dirfd(dir)) {
			(void)close((int)fd);
		}
	}
	closedir(dir);
	return 0;
}

void descriptors_close_from(int first)
{
	/* The kernel may be older, and a filter may forbid it. */
	if (syscall(SYS_close_range, (long)first, (long)~0U, 0L) == 0 ||
	    close_listed(first) == 0) {
		return;
	}
	/* No limit of today says how high those are that were opened under another. */
	for (int fd = first; fd < DESCRIPTORS_MAX; fd++) {
		(void)close(fd);
	}
}

int descriptors_keep(int first, int *fds, size_t count)
{
	int high[DESCRIPTORS_KEPT_MAX];

	/* Out of the way of each other first. */
	for (size_t i = 0; i < count; i++) {
		high[i] = fcntl(fds[i], F_DUPFD, first + (int)count);
		if (high[i] < 0) {
			return -errno;
		}
	}
	for (size_t i = 0; i < count; i++) {
		fds[i] = first + (int)i;
		if (dup2(high[i], fds[i]) < 0) {
			return -errno;
		}
	}
	descriptors_close_from(first + (int)count);
	return 0;
}
