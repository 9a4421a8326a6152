/* SPDX-License-Identifier: MIT
 *
 * Landlock: what a process can reach afterwards, and what not.  Each attempt runs in its
 * own process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/landlock.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

enum { NONE = 77, BROKEN = 78 };
/* No process listens there: a connection attempt is refused. */
enum { PORT_NAMED = 9, PORT_OTHER = 10 };

static char readable[64], writable[64], other[64];

static int reach(const char *folder, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? errno : 0;
}

static int read_readable(void)
{
	return reach(readable, O_RDONLY);
}
static int list(const char *folder)
{
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? errno : 0;
}
static int list_readable(void)
{
	return list(readable);
}
static int list_other(void)
{
	return list(other);
}
static int write_readable(void)
{
	return reach(readable, O_WRONLY);
}
static int read_writable(void)
{
	return reach(writable, O_RDONLY);
}
static int replace_writable(void)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/new", writable);
	snprintf(to, sizeof(to), "%s/file", writable);
	return open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) < 0 ||
	                       rename(from, to) < 0
	               ? errno
	               : 0;
}
static int read_other(void)
{
	return reach(other, O_RDONLY);
}
static int write_other(void)
{
	return reach(other, O_WRONLY | O_CREAT);
}
static int read_system(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}
static int run_program(void)
{
	static char name[] = "/bin/true";
	char *const argv[] = { name, NULL };

	execv(name, argv);
	return errno;
}

static int cut_readable(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", readable);
	return truncate(path, 0) < 0 ? errno : 0;
}
static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                     .sin_port = htons(port) };
}
static int bind_tcp(void)
{
	const struct sockaddr_in at = loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? errno : 0;
}
static int connect_tcp(uint16_t port)
{
	const struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? errno
	                                                                           : 0;
}
static int connect_named(void)
{
	return connect_tcp(PORT_NAMED);
}
static int connect_other(void)
{
	return connect_tcp(PORT_OTHER);
}
static int signal_parent(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}
/* Not a file: its name begins with a zero octet. */
static struct sockaddr_un abstract_name(pid_t owner)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "reqtime-landlock-%d",
	         owner);
	return name;
}
static int connect_abstract(void)
{
	const struct sockaddr_un name = abstract_name(getppid());
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0
	               ? errno
	               : 0;
}

/* The reachable files and ports: the two folders, nothing, or only TCP. */
enum reached { FOLDERS, NOTHING, ONE_PORT, ANY_PORT };

static const struct row {
	const char *name;
	int (*attempt)(void);
	enum reached reached;
	int want;
	long least; /* version of Landlock; 0: the first */
} rows[] = {
	/* clang-format off */
	{ "read where that is allowed",       read_readable,    FOLDERS,  0, 0 },
	{ "see what there is",                list_readable,    FOLDERS,  0, 0 },
	{ "see what there is elsewhere",      list_other,       FOLDERS,  EACCES, 0 },
	{ "write there",                      write_readable,   FOLDERS,  EACCES, 0 },
	{ "replace a file where that is",     replace_writable, FOLDERS,  0, 0 },
	{ "read there",                       read_writable,    FOLDERS,  EACCES, 0 },
	{ "read elsewhere",                   read_other,       FOLDERS,  EACCES, 0 },
	{ "make a file elsewhere",            write_other,      FOLDERS,  EACCES, 0 },
	{ "read a file of the system",        read_system,      FOLDERS,  EACCES, 0 },
	{ "run a program",                    run_program,      FOLDERS,  EACCES, 0 },
	{ "nothing named: read",              read_readable,    NOTHING, EACCES, 0 },
	{ "nothing named: replace",           replace_writable, NOTHING, EACCES, 0 },
	{ "nothing named: run",               run_program,      NOTHING, EACCES, 0 },
	{ "cut short a file that is read",    cut_readable,     FOLDERS, EACCES, 3 },
	{ "bind a TCP port",                  bind_tcp,         FOLDERS, EACCES, 4 },
	{ "connect by TCP",                   connect_other,    FOLDERS, EACCES, 4 },
	{ "one port: connect to it",          connect_named,    ONE_PORT, ECONNREFUSED, 4 },
	{ "one port: connect to another",     connect_other,    ONE_PORT, EACCES, 4 },
	{ "one port: bind",                   bind_tcp,         ONE_PORT, EACCES, 4 },
	{ "one port: read",                   read_readable,    ONE_PORT, EACCES, 0 },
	{ "any port: connect",                connect_other,    ANY_PORT, ECONNREFUSED, 4 },
	{ "any port: bind",                   bind_tcp,         ANY_PORT, EACCES, 4 },
	{ "signal to another process",        signal_parent,    FOLDERS, EPERM, 6 },
	{ "any port: signal",                 signal_parent,    ANY_PORT, EPERM, 6 },
	{ "abstract socket of another",       connect_abstract, FOLDERS, EPERM, 6 },
	/* clang-format on */
};

static void attempt_row(void **state)
{
	const struct landlock_folder folders[] = { { .path = readable, .may_read = true },
		                                   { .path = writable,
		                                     .may_write = true } };
	const uint16_t port = PORT_NAMED;
	const struct landlock_reach reaches[] = {
		[FOLDERS] = { .folders = folders, .folder_count = COUNT_OF(folders) },
		[NOTHING] = { .folders = NULL },
		[ONE_PORT] = { .tcp_ports = &port, .tcp_port_count = 1 },
		[ANY_PORT] = { .may_connect = true },
	};
	const struct row *row = *state;
	pid_t pid;
	int status;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0L, 1L) < row->least) {
		print_message("# this kernel's Landlock is older than version %ld\n",
		              row->least);
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int r;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0) {
			_exit(BROKEN);
		}
		r = landlock_enter_reach(&reaches[row->reached]);
		_exit(r == -ENOSYS ? NONE : r < 0 ? BROKEN : row->attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NONE) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), row->want);
}

static void a_folder_that_is_not_there(void **state)
{
	const struct landlock_folder none = { .path = "/tmp/reqtime-none/x",
		                              .may_read = true };
	int r = landlock_enter(&none, 1); /* fails before anything is restricted */

	(void)state;
	if (r == -ENOSYS) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(r, -ENOENT);
	assert_int_equal(read_readable(), 0);
}

static bool folder_make(char path[64])
{
	char file[128];
	int fd;

	snprintf(path, 64, "/tmp/reqtime-landlock.XXXXXX");
	if (!mkdtemp(path)) {
		return false;
	}
	snprintf(file, sizeof(file), "%s/file", path);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && close(fd) == 0;
}

static void folder_remove(const char *path)
{
	static const char *const names[] = { "file", "new" };
	char file[128];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		unlink(file);
	}
	rmdir(path);
}

int main(void)
{
	const struct sockaddr_un name = abstract_name(getpid());
	struct CMUnitTest tests[COUNT_OF(rows) + 1];
	int listener, r;

	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    bind(listener, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		return 1;
	}
	if (!folder_make(readable) || !folder_make(writable) || !folder_make(other)) {
		return 1;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = attempt_row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	tests[COUNT_OF(rows)] =
		(struct CMUnitTest)cmocka_unit_test(a_folder_that_is_not_there);
	r = cmocka_run_group_tests_name("landlock", tests, NULL, NULL);
	folder_remove(readable);
	folder_remove(writable);
	folder_remove(other);
	return r;
}
