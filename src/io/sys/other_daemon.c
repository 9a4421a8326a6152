/* SPDX-License-Identifier: MIT */
#include "io/sys/other_daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/sys/file_read.h"

/* The sets of capabilities stand within the first KiB or two. */
enum {
	STATUS_SIZE = 4096,
	CMDLINE_SIZE = 4096,
	COMM_SIZE = 64,
	MAP_SIZE = 16384, /* 340 lines at most: user_namespaces(7) */
	LINK_SIZE = 64,
};

/* Of another user namespace than our own, as far as its map tells, which everybody may read; and
 * by its number, where that is shown to us: one that root has made may map all ids as well. */
static bool is_elsewhere(int proc, int folder)
{
	char map[MAP_SIZE], own[MAP_SIZE], link[LINK_SIZE], own_link[LINK_SIZE];
	size_t len = file_read(folder, "uid_map", 0, map, sizeof(map));
	size_t own_len = file_read(proc, "self/uid_map", 0, own, sizeof(own));
	ssize_t link_len = readlinkat(folder, "ns/user", link, sizeof(link));
	ssize_t own_link_len = readlinkat(proc, "self/ns/user", own_link, sizeof(own_link));

	if (link_len > 0 && own_link_len > 0 &&
	    (link_len != own_link_len || memcmp(link, own_link, (size_t)link_len) != 0)) {
		return true;
	}
	return !other_daemon_shares_namespace(map, len, own, own_len);
}

static enum other_daemon look_at(int proc, const char *pid)
{
	char comm[COMM_SIZE], status[STATUS_SIZE], cmdline[CMDLINE_SIZE];
	enum other_daemon other_daemon = OTHER_NONE;
	size_t status_len, cmdline_len, len;
	int folder = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		return OTHER_NONE;
	}
	len = file_read(folder, "comm", 0, comm, sizeof(comm));
	other_daemon = other_daemon_by_comm(comm, len);
	if (other_daemon != OTHER_NONE) {
		status_len = file_read(folder, "status", 0, status, sizeof(status));
		cmdline_len = file_read(folder, "cmdline", 0, cmdline, sizeof(cmdline));
		if (!other_daemon_moves_clock(other_daemon, status, status_len, cmdline,
		                              cmdline_len) ||
		    is_elsewhere(proc, folder)) {
			other_daemon = OTHER_NONE;
		}
	}
	close(folder);
	return other_daemon;
}

enum other_daemon other_daemon_look(const char *proc)
{
	enum other_daemon found = OTHER_NONE;
	const struct dirent *entry;
	DIR *folder = opendir(proc);

	if (!folder) {
		return OTHER_NONE;
	}
	while (found == OTHER_NONE && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
			found = look_at(dirfd(folder), entry->d_name);
		}
	}
	closedir(folder);
	return found;
}
