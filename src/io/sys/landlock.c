/* SPDX-License-Identifier: MIT
 *
 * Landlock without library support: the C library has no wrappers, and older kernel headers
 * lack some names, so numbers and layouts are from the kernel's documentation
 * (userspace-api/landlock).
 */
#include "io/sys/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sys/sandbox_private.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define VERSION_FLAG 1L
#define RULE_PATH_BENEATH 1L
#define RULE_NET_PORT 2L

enum right {
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_REG = 1 << 8,
	ALL_OF_1 = (1 << 13) - 1,
	REFER = 1 << 13,     /* from version 2 on */
	TRUNCATE = 1 << 14,  /* 3 */
	IOCTL_DEV = 1 << 15, /* 5 */
	BIND_TCP = 1 << 0,   /* 4 */
	CONNECT_TCP = 1 << 1,
	SCOPE_ALL = 3, /* 6: abstract unix sockets, signals */
};

struct ruleset {
	uint64_t files;
	uint64_t net;    /* from version 4 on */
	uint64_t scoped; /* 6 */
};

struct __attribute__((packed)) beneath {
	uint64_t allowed;
	int32_t parent_fd;
};

struct net_port {
	uint64_t allowed;
	uint64_t port;
};

static int add_folder(int ruleset_fd, const struct landlock_folder *folder, uint64_t known)
{
	struct beneath rule = { .allowed = 0 };
	int r = 0;

	rule.allowed |= folder->may_read ? READ_FILE | READ_DIR : 0;
	rule.allowed |=
		folder->may_write ? WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE : 0;
	rule.allowed &= known;
	rule.parent_fd = open(folder->path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (rule.parent_fd < 0) {
		return -errno;
	}
	if (syscall(SYS_landlock_add_rule, (long)ruleset_fd, RULE_PATH_BENEATH, &rule, 0L) <
	    0) {
		r = -errno;
	}
	close(rule.parent_fd);
	return r;
}

static int add_port(int ruleset_fd, uint16_t port)
{
	const struct net_port rule = { .allowed = CONNECT_TCP, .port = port };

	return syscall(SYS_landlock_add_rule, (long)ruleset_fd, RULE_NET_PORT, &rule, 0L) <
	                       0
	               ? -errno
	               : 0;
}

static int add_all(int fd, const struct landlock_reach *reach,
                   const struct ruleset *ruleset)
{
	int r = 0;

	for (size_t i = 0; i < reach->folder_count && r == 0; i++) {
		r = add_folder(fd, &reach->folders[i], ruleset->files);
	}
	for (size_t i = 0;
	     i < reach->tcp_port_count && r == 0 && ruleset->net & CONNECT_TCP; i++) {
		r = add_port(fd, reach->tcp_ports[i]);
	}
	return r;
}

int landlock_enter_reach(const struct landlock_reach *reach)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0L, VERSION_FLAG);
	struct ruleset ruleset = { .files = 0 };
	size_t len = version >= 6   ? sizeof(ruleset)
	             : version >= 4 ? offsetof(struct ruleset, scoped)
	                            : sizeof(ruleset.files);
	int fd, r;

	/* The leak check of AddressSanitizer reads /proc at exit. */
	if (!SANDBOX_IS_POSSIBLE) {
		return -ENOSYS;
	}
	if (version < 1) {
		return version < 0 && errno != ENOSYS && errno != EOPNOTSUPP ? -errno
		                                                             : -ENOSYS;
	}
	ruleset.files = ALL_OF_1;
	ruleset.files |= version >= 2 ? REFER : 0;
	ruleset.files |= version >= 3 ? TRUNCATE : 0;
	ruleset.files |= version >= 5 ? IOCTL_DEV : 0;
	if (version >= 4) {
		ruleset.net = reach->may_connect ? BIND_TCP : BIND_TCP | CONNECT_TCP;
	}
	ruleset.scoped = version >= 6 ? SCOPE_ALL : 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, len, 0L);
	if (fd < 0) {
		return -errno;
	}
	r = add_all(fd, reach, &ruleset);
	if (r == 0 && syscall(SYS_landlock_restrict_self, (long)fd, 0L) < 0) {
		r = -errno;
	}
	close(fd);
	return r;
}

int landlock_enter(const struct landlock_folder *folders, size_t count)
{
	const struct landlock_reach reach = { .folders = folders, .folder_count = count };

	return landlock_enter_reach(&reach);
}
