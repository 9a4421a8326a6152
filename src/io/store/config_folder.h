/* SPDX-License-Identifier: MIT
 *
 * The files of a folder of configuration files: those named NAME.conf, in the order of their
 * names, octet by octet.  A file whose name begins with a dot is left out.
 */
#ifndef IO_STORE_CONFIG_FOLDER_H
#define IO_STORE_CONFIG_FOLDER_H

#include "io/store/config.h"

enum { CONFIG_FOLDER_FILES_MAX = 64 };

/* Starts as zeros. */
struct config_folder {
	char *paths[CONFIG_FOLDER_FILES_MAX]; /* whole, from the folder on */
	size_t count;
};

/* Lists the folder; a missing one is empty.  The folder, as its files, must belong to root
 * or this user, and no other may write to it, unless it is mounted read-only.  0, or -errno and `*ret_error`; `ret` must be
 * closed in any case. */
MUST_USE int config_folder_open(const char *path, struct config_folder *ret,
                                struct config_error *ret_error);
void config_folder_close(struct config_folder *folder);

#endif
