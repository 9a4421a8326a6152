/* SPDX-License-Identifier: MIT
 *
 * The boot id, from /proc.
 */
#include "io/sys/boot_id.h"

#include <fcntl.h>
#include <string.h>

#include "io/sys/file_read.h"

void boot_id_read(char ret[BOOT_ID_SIZE])
{
	memset(ret, 0, BOOT_ID_SIZE);
	(void)file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 0, ret, BOOT_ID_SIZE);
	ret[strcspn(ret, "\n")] = '\0';
}
