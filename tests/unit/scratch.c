/* SPDX-License-Identifier: MIT
 *
 * A folder of a test's own, which is gone when the test is over.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

enum { OPEN_FOLDERS_MAX = 8 };

static char folder[32];
static int before = -1; /* the working directory */

const char *scratch_enter(void)
{
	before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(folder, sizeof(folder), "/tmp/reqtime-unit.XXXXXX");
	if (before < 0 || !mkdtemp(folder)) {
		return NULL;
	}
	return chmod(folder, 0755) == 0 && chdir(folder) == 0 ? folder : NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int scratch_leave(void)
{
	int r = fchdir(before);

	close(before);
	return nftw(folder, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) == 0 ? r
	                                                                             : -1;
}
