/* SPDX-License-Identifier: MIT
 *
 * The boot id, from /proc.
 */
#include "io/sys/boot_id.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void boot_id_read(char ret[BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = -1;

	memset(ret, 0, BOOT_ID_SIZE);
	if (fd >= 0) {
		len = read(fd, ret, BOOT_ID_SIZE - 1);
		close(fd);
	}
	ret[len > 0 ? len : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}
