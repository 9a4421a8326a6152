/* SPDX-License-Identifier: MIT
 *
 * Lists the files of a folder of configuration files.
 */
#include "io/store/config_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "io/store/config_private.h"

static bool is_config_name(const char *name)
{
	static const char suffix[] = ".conf";
	const size_t len = strlen(name), suffix_len = sizeof(suffix) - 1;

	return name[0] != '.' && len > suffix_len &&
	       strcmp(name + len - suffix_len, suffix) == 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(const char *path, const char *name, struct config_folder *ret,
                    struct config_error *ret_error)
{
	char reason[CONFIG_REASON_SIZE];

	if (ret->count == CONFIG_FOLDER_FILES_MAX) {
		snprintf(reason, sizeof(reason), "more than %d files: join some of them",
		         CONFIG_FOLDER_FILES_MAX);
		return config_refuse(ret_error, 0, reason);
	}
	if (asprintf(&ret->paths[ret->count], "%s/%s", path, name) < 0) {
		return config_refuse_errno(ret_error, ENOMEM);
	}
	ret->count++;
	return 0;
}

/* Volumes of container runtimes are open to every user, and mounted read-only. */
static bool is_read_only(int fd)
{
	struct statvfs vfs;

	return fstatvfs(fd, &vfs) == 0 && (vfs.f_flag & ST_RDONLY);
}

static int add_all(DIR *dir, const char *path, struct config_folder *ret,
                   struct config_error *ret_error)
{
	const struct dirent *entry;
	struct stat st;
	int r = 0;

	if (fstat(dirfd(dir), &st) < 0) {
		return config_refuse_errno(ret_error, errno);
	}
	r = is_read_only(dirfd(dir)) ? 0 : config_check_owner(&st, ret_error);
	while (r == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			return errno ? config_refuse_errno(ret_error, errno) : 0;
		}
		if (is_config_name(entry->d_name)) {
			r = add_path(path, entry->d_name, ret, ret_error);
		}
	}
	return r;
}

int config_folder_open(const char *path, struct config_folder *ret,
                       struct config_error *ret_error)
{
	DIR *dir = opendir(path);
	int r;

	*ret = (struct config_folder){ .count = 0 };
	if (!dir) {
		return errno == ENOENT ? 0 : config_refuse_errno(ret_error, errno);
	}
	r = add_all(dir, path, ret, ret_error);
	closedir(dir);
	qsort(ret->paths, ret->count, sizeof(ret->paths[0]), compare_paths);
	return r;
}

void config_folder_close(struct config_folder *folder)
{
	while (folder->count > 0) {
		free(folder->paths[--folder->count]);
	}
}
