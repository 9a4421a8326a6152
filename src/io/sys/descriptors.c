/* SPDX-License-Identifier: MIT */
#include "io/sys/descriptors.h"

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
