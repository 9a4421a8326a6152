/* SPDX-License-Identifier: MIT
 *
 * Random octets from getrandom().
 */
#include "io/sys/entropy.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

int entropy_fill(void *buf, size_t len)
{
	uint8_t *at = buf;

	/* Blocks only until the kernel's generator is seeded after boot: a guessable cookie
	 * would be worse than that wait. */
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0) {
			if (errno == EINTR) {
				continue;
			}
			return -errno;
		}
		at += got;
		len -= (size_t)got;
	}
	return 0;
}
