/* SPDX-License-Identifier: MIT
 *
 * The id of the current boot.
 */
#ifndef IO_SYS_BOOT_ID_H
#define IO_SYS_BOOT_ID_H

enum { BOOT_ID_SIZE = 40 };

/* /proc/sys/kernel/random/boot_id, 36 letters; "" when it cannot be read. */
void boot_id_read(char ret[BOOT_ID_SIZE]);

#endif
