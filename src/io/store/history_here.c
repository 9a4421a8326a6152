/* SPDX-License-Identifier: MIT
 *
 * An SQLite VFS that opens files by their names in the working directory.
 *
 * SQLite builds the full path of every file and inspects each folder on the way.  The owner
 * of a state directory may have no right to pass those above it, so this VFS leaves a name
 * as it is.
 */
#include <string.h>

#include "io/store/history_private.h"

static int name_as_it_is(sqlite3_vfs *vfs, const char *name, int size, char *ret)
{
	const size_t len = strlen(name);

	(void)vfs;
	if (len >= (size_t)size) {
		return SQLITE_CANTOPEN;
	}
	memcpy(ret, name, len + 1);
	return SQLITE_OK;
}

static void add(const char *base, const char *name, sqlite3_vfs *vfs)
{
	const sqlite3_vfs *from = sqlite3_vfs_find(base);

	if (!from || vfs->zName) {
		return;
	}
	*vfs = *from;
	vfs->pNext = NULL;
	vfs->zName = name;
	vfs->xFullPathname = name_as_it_is;
	(void)sqlite3_vfs_register(vfs, 0);
}

void history_prepare(void)
{
	static sqlite3_vfs here, here_none;
	unsigned char octet;

	add("unix", HISTORY_VFS_HERE, &here);
	add("unix-none", HISTORY_VFS_HERE_NONE, &here_none);
	/* Seeds SQLite's generator from /dev/urandom, once. */
	sqlite3_randomness((int)sizeof(octet), &octet);
}
