/* SPDX-License-Identifier: MIT */
#include "io/sys/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Without close_range(), which came with Linux 5.9, so many are looked at and no more. */
enum { DESCRIPTORS_MAX = 65536 };

void descriptors_close_from(int first)
{
	struct rlimit limit = { .rlim_cur = DESCRIPTORS_MAX };

	if (close_range((unsigned)first, ~0U, 0) == 0) {
		return;
	}
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = first; fd < DESCRIPTORS_MAX && (rlim_t)fd < limit.rlim_cur; fd++) {
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
