/* SPDX-License-Identifier: MIT */
#include "io/sys/rival.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The sets of capabilities stand within the first KiB or two. */
enum {
	STATUS_ROOM = 4096,
	CMDLINE_ROOM = 4096,
	COMM_ROOM = 64,
	MAP_ROOM = 16384, /* 340 lines at most: user_namespaces(7) */
	LINK_ROOM = 64,
};

/* 0 when it cannot be read: the process may have ended. */
static size_t read_some(int folder, const char *name, char *buf, size_t room)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t n;

	if (fd < 0) {
		return 0;
	}
	while (len < room) {
		n = read(fd, buf + len, room - len);
		if (n <= 0) {
			break;
		}
		len += (size_t)n;
	}
	close(fd);
	return len;
}

/* Of another user namespace than our own, as far as its map tells, which everybody may read; and
 * by its number, where that is shown to us: one that root has made may map all ids as well. */
static bool is_elsewhere(int proc, int folder)
{
	char map[MAP_ROOM], own[MAP_ROOM], link[LINK_ROOM], own_link[LINK_ROOM];
	size_t len = read_some(folder, "uid_map", map, sizeof(map));
	size_t own_len = read_some(proc, "self/uid_map", own, sizeof(own));
	ssize_t link_len = readlinkat(folder, "ns/user", link, sizeof(link));
	ssize_t own_link_len = readlinkat(proc, "self/ns/user", own_link, sizeof(own_link));

	if (link_len > 0 && own_link_len > 0 &&
	    (link_len != own_link_len || memcmp(link, own_link, (size_t)link_len) != 0)) {
		return true;
	}
	return !rival_shares_namespace(map, len, own, own_len);
}

static enum rival look_at(int proc, const char *pid)
{
	char comm[COMM_ROOM], status[STATUS_ROOM], cmdline[CMDLINE_ROOM];
	enum rival rival = RIVAL_NONE;
	size_t status_len, cmdline_len, len;
	int folder = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		return RIVAL_NONE;
	}
	len = read_some(folder, "comm", comm, sizeof(comm));
	rival = rival_by_comm(comm, len);
	if (rival != RIVAL_NONE) {
		status_len = read_some(folder, "status", status, sizeof(status));
		cmdline_len = read_some(folder, "cmdline", cmdline, sizeof(cmdline));
		if (!rival_moves_clock(rival, status, status_len, cmdline, cmdline_len) ||
		    is_elsewhere(proc, folder)) {
			rival = RIVAL_NONE;
		}
	}
	close(folder);
	return rival;
}

enum rival rival_look(const char *proc)
{
	enum rival found = RIVAL_NONE;
	const struct dirent *entry;
	DIR *folder = opendir(proc);

	if (!folder) {
		return RIVAL_NONE;
	}
	while (found == RIVAL_NONE && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
			found = look_at(dirfd(folder), entry->d_name);
		}
	}
	closedir(folder);
	return found;
}
