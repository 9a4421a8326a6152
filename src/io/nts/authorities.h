/* SPDX-License-Identifier: MIT
 *
 * Which certificates are trusted: where those of the system are, and whether any have
 * changed.
 */
#ifndef IO_NTS_AUTHORITIES_H
#define IO_NTS_AUTHORITIES_H

#include "core/base/base.h"

/* Stands for those of the system in a list of authorities. */
#define AUTHORITIES_SYSTEM "system"

/* Where distributions keep all certificates in one file; the first that there is counts. */
enum { AUTHORITIES_SYSTEM_FILES = 4 };
extern const char *const authorities_system_files[AUTHORITIES_SYSTEM_FILES];

/* `authorities`: files and directories, "system" for those of the system; with none, those
 * of the system.  A digest of the list and of each file as it is now, in a directory of each
 * of its files: another one when a file was replaced, edited, added or removed.  Reads no
 * file; what is missing counts as that. */
uint64_t authorities_digest(const char *const *authorities, size_t count);

#endif
