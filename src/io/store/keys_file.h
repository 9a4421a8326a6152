/* SPDX-License-Identifier: MIT
 *
 * The file of keys and cookies for the next run, in the state directory: readable only by
 * its owner, taken by one run at a time, and gone once it is taken, so that no cookie is
 * sent twice whatever ends the run.
 */
#ifndef IO_STORE_KEYS_FILE_H
#define IO_STORE_KEYS_FILE_H

#include "core/nts/stored.h"

#define KEYS_FILE "nts.keys"

/* Takes what this boot (`boot_id`, as in io/sys/boot_id.h) has stored; `now_ns` is
 * CLOCK_BOOTTIME.  0, also without a file, or when another run is taking it.  Else -errno,
 * and `ret` is empty: as of state_dir_open_file(); -EUCLEAN a damaged file; -EKEYREVOKED
 * others may read it. */
MUST_USE int keys_file_take(int dir_fd, const char *boot_id, int64_t now_ns,
                            struct nts_store *ret);
/* Replaces the file, in the working directory; without items it leaves it alone.  0 or
 * -errno, also of file_replace_begin(). */
MUST_USE int keys_file_put(const char *boot_id, const struct nts_store *store);

#endif
