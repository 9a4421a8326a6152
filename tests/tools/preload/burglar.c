/* SPDX-License-Identifier: MIT
 *
 * Loaded into reqtime by the tests (LD_PRELOAD): plays injected code in one of its
 * processes, and tries one action that must be impossible there.
 *
 *   BURGLAR_PLACE=resolver|history|measuring   where: at the first getaddrinfo(), sqlite3_step() or recvmsg()
 *   BURGLAR_TRY=NAME                           the action: a name of the table below
 *   BURGLAR_PAGE=FILE                          8 octets, shared, two numbers: 0 never reached, 1 is trying,
 *                                              2 went through, 3 was refused; and Landlock's version, negative
 *                                              when the kernel has no Landlock
 *   BURGLAR_SECRET=FILE                        readable and writable only by root
 *   BURGLAR_OWN=FILE                           belongs to the user that the process should have
 *   BURGLAR_FOLDER=FOLDER                      a folder where every user may make files
 *   BURGLAR_VICTIM=PID                         a process
 *   BURGLAR_PORT=PORT                          a TCP port of 127.0.0.1 with a listener
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum outcome { TRYING = 1, WENT_THROUGH, WAS_REFUSED };

static _Atomic int *page;
static const char *secret, *own, *folder;
static char path[4096];
static pid_t victim;
static uint16_t port;

static const char *in_folder(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static bool is_root(void)
{
	return geteuid() == 0 || getuid() == 0;
}

static bool has_groups(void)
{
	return getgroups(0, NULL) > 0 || getegid() == 0;
}

static bool read_secret(void)
{
	return open(secret, O_RDONLY) >= 0;
}

static bool write_secret(void)
{
	return open(secret, O_WRONLY) >= 0;
}

static bool read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool make_file(void)
{
	return open(in_folder("made"), O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool write_own(void)
{
	return open(own, O_WRONLY) >= 0;
}

static bool chmod_own(void)
{
	return chmod(own, 04755) == 0;
}

static bool remove_own(void)
{
	return unlink(own) == 0;
}

static bool rename_secret(void)
{
	return rename(secret, in_folder("taken")) == 0;
}

static bool run_program(void)
{
	static char shell[] = "/bin/sh", option[] = "-c", words[] = "echo >\"$0\"";
	char *const argv[] = { shell, option, words, (char *)(uintptr_t)in_folder("ran"),
		               NULL };

	execve(shell, argv, NULL);
	return false;
}

static bool start_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return pid > 0;
}

static bool send_kill(void)
{
	return kill(victim, SIGKILL) == 0;
}

static bool send_to_thread(void)
{
	return syscall(SYS_tgkill, victim, victim, SIGKILL) == 0;
}

static bool send_queued(void)
{
	siginfo_t info = { .si_signo = SIGKILL, .si_code = SI_QUEUE };

	return syscall(SYS_rt_sigqueueinfo, victim, SIGKILL, &info) == 0;
}

static bool send_by_descriptor(void)
{
	long fd = syscall(SYS_pidfd_open, victim, 0);

	return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

/* The kernel sends the signal, when input arrives. */
static bool send_by_owner(void)
{
	int ends[2];

	return pipe(ends) == 0 && fcntl(ends[0], F_SETOWN, victim) == 0 &&
	       fcntl(ends[0], F_SETSIG, SIGKILL) == 0 &&
	       fcntl(ends[0], F_SETFL, O_ASYNC) == 0 && write(ends[1], "x", 1) == 1;
}

static bool send_by_control(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	return ioctl(fd, FIOSETOWN, &victim) == 0 && ioctl(fd, FIOASYNC, &on) == 0;
}

static bool trace_it(void)
{
	return ptrace(PTRACE_SEIZE, victim, NULL, NULL) == 0;
}

static bool write_memory(void)
{
	char octet = 0;
	const struct iovec here = { &octet, 1 }, there = { (void *)(uintptr_t)&path, 1 };

	/* The kernel checks the permission to write before the address, which is invalid
	 * there. */
	return process_vm_writev(victim, &here, 1, &there, 1, 0) == 1 || errno == EFAULT;
}

static bool limit_it(void)
{
	const struct rlimit none = { 0, 0 };

	return prlimit(victim, RLIMIT_NOFILE, &none, NULL) == 0;
}

static bool slow_it(void)
{
	return setpriority(PRIO_PROCESS, (id_t)victim, 19) == 0;
}

static bool become_root(void)
{
	return setresuid(0, 0, 0) == 0 && geteuid() == 0;
}

static bool open_by_handle(void)
{
	union {
		struct file_handle handle;
		char size[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount_id;

	return name_to_handle_at(AT_FDCWD, secret, &u.handle, &mount_id, 0) == 0 &&
	       open_by_handle_at(AT_FDCWD, &u.handle, O_RDONLY) >= 0;
}

static bool leave_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool open_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_UDP) >= 0;
}

static bool open_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool listen_tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

static bool connect_tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons(port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

/* To a time that no clock accepts. */
static bool set_clock(void)
{
	const struct timespec none = { .tv_nsec = -1 };

	return syscall(SYS_clock_settime, CLOCK_REALTIME, &none) == 0 || errno == EINVAL;
}

static bool io_ring(void)
{
	char size[256] = { 0 };

	return syscall(SYS_io_uring_setup, 1, size) >= 0;
}

static const struct {
	const char *name;
	bool (*attempt)(void);
} table[] = {
	{ "be-root", is_root },
	{ "have-groups", has_groups },
	{ "read-secret", read_secret },
	{ "write-secret", write_secret },
	{ "read-passwd", read_passwd },
	{ "make-file", make_file },
	{ "write-own", write_own },
	{ "chmod-own", chmod_own },
	{ "remove-own", remove_own },
	{ "rename-secret", rename_secret },
	{ "run-program", run_program },
	{ "start-process", start_process },
	{ "kill", send_kill },
	{ "tgkill", send_to_thread },
	{ "sigqueue", send_queued },
	{ "pidfd", send_by_descriptor },
	{ "F_SETOWN", send_by_owner },
	{ "FIOSETOWN", send_by_control },
	{ "ptrace", trace_it },
	{ "write-memory", write_memory },
	{ "prlimit", limit_it },
	{ "setpriority", slow_it },
	{ "become-root", become_root },
	{ "open-by-handle", open_by_handle },
	{ "unshare", leave_namespace },
	{ "raw-socket", open_raw },
	{ "packet-socket", open_packet },
	{ "bind-tcp", listen_tcp },
	{ "connect-tcp", connect_tcp },
	{ "set-clock", set_clock },
	{ "io_uring", io_ring },
};

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("BURGLAR_PAGE");
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0) {
		return;
	}
	at = mmap(NULL, 2 * sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	page = at == MAP_FAILED ? NULL : at;
	if (!page) {
		return;
	}
	atomic_store(&page[1], (int)syscall(444L, NULL, 0L, 1L));
	secret = getenv("BURGLAR_SECRET");
	own = getenv("BURGLAR_OWN");
	folder = getenv("BURGLAR_FOLDER");
	victim = atoi(getenv("BURGLAR_VICTIM"));
	port = (uint16_t)atoi(getenv("BURGLAR_PORT"));
}

static void come_to(const char *place)
{
	const char *where = getenv("BURGLAR_PLACE"), *what = getenv("BURGLAR_TRY");

	if (!page || !where || !what || strcmp(place, where) != 0 ||
	    atomic_load(page) != 0) {
		return;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, what) == 0) {
			atomic_store(page, TRYING);
			atomic_store(page, table[i].attempt() ? WENT_THROUGH : WAS_REFUSED);
		}
	}
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	int (*next)(const char *, const char *, const struct addrinfo *,
	            struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *,
	                 struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

	come_to("resolver");
	return next(node, service, hints, ret);
}

int sqlite3_step(void *statement);
int sqlite3_step(void *statement)
{
	int (*next)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");

	come_to("history");
	return next(statement);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	come_to("measuring");
	return syscall(SYS_recvmsg, fd, message, flags);
}
