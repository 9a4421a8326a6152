/* SPDX-License-Identifier: MIT
 *
 * The calls that each role must not and must be able to make.  Every row is a child without
 * any capability that enters the role and tries; a forbidden call ends it by SIGSYS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/net/ports.h"
#include "io/net/sockaddr.h"
#include "io/sys/bare_call.h"
#include "io/sys/lifeline.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"

enum { OTHER_EXIT = 10, NO_SANDBOX = 77, ROLES = 8 };
/* Newer than some systems' headers. */
enum { MPTCP = 262, SCTP = 132, UDP_LITE = 136, TCP_LAYER = 31 };

static int listener = -1;          /* opened before, as the server does */
static int pair[2];                /* ... and as a process with a helper does */
static struct kernel_ports *ports; /* ... and as the measuring process does */

/* Each returns whether it succeeded; forbidden ones never return. */
static bool try_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool try_openat_write(void)
{
	return openat(AT_FDCWD, "/tmp", O_TMPFILE | O_WRONLY, 0600) >= 0;
}

/* As SQLite looks for a file. */
static bool try_readlink(void)
{
	char buf[64];

	return readlink("/proc/self", buf, sizeof(buf)) > 0;
}

static bool try_pread(void)
{
	char buf[1];

	/* A terminal or a pipe has no offsets: that is an answer, too. */
	return pread(STDIN_FILENO, buf, 0, 0) == 0 || errno == ESPIPE || errno == EBADF;
}

static bool try_write_there(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC) >= 0;
}

static bool try_unlink(void)
{
	return unlink("/tmp/reqtime-no-such-file") == 0 || errno == ENOENT;
}

static bool try_exec(void)
{
	char *const argv[] = { NULL };

	return execve("/bin/true", argv, argv) == 0;
}

static bool try_fork(void)
{
#ifdef SYS_fork
	return syscall(SYS_fork) >= 0;
#else
	return fork() >= 0;               /* arm64 has clone() alone */
#endif
}

static bool try_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool try_settime(void)
{
	/* Without a time: harmless if it should get through. */
	return syscall(SYS_clock_settime, CLOCK_REALTIME, NULL) == 0;
}

static bool try_settimeofday(void)
{
	return syscall(SYS_settimeofday, NULL, NULL) == 0;
}

static bool try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool try_kill(void)
{
	return kill(getppid(), 0) == 0;
}

static bool try_tgkill(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

/* As abort() does. */
static bool try_tgkill_itself(void)
{
	return syscall(SYS_tgkill, getpid(), gettid(), 0) == 0;
}

static bool try_tkill(void)
{
	return syscall(SYS_tkill, getppid(), 0) == 0;
}

/* Without a descriptor: the filter decides by the request alone. */
static bool try_ioctl(void)
{
	return ioctl(-1, FIOCLEX) == 0;
}

static bool try_terminal_input(void)
{
	return ioctl(-1, TIOCSTI, "") == 0;
}

static bool try_terminal_questions(void)
{
	return ioctl(-1, TCGETS) < 0 && errno == EBADF && ioctl(-1, TIOCGWINSZ) < 0 &&
	       errno == EBADF;
}

static bool try_prctl(void)
{
	return prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) >= 0;
}

/* With arguments that the kernel refuses: harmless if they should get through. */
static bool try_prctl_number(int option)
{
	return prctl(option, ~0UL, ~0UL, ~0UL, ~0UL) >= 0 || errno != 0;
}

static bool try_prctl_dumpable(void)
{
	return try_prctl_number(PR_SET_DUMPABLE);
}

static bool try_prctl_death_signal(void)
{
	return try_prctl_number(PR_SET_PDEATHSIG);
}

static bool try_prctl_memory(void)
{
	return try_prctl_number(PR_SET_MM);
}

static bool try_prctl_tracer(void)
{
	return try_prctl_number(PR_SET_PTRACER);
}

static bool try_prctl_ambient(void)
{
	return try_prctl_number(PR_CAP_AMBIENT);
}

static bool try_prctl_question(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1;
}

static bool try_setuid(void)
{
	return setuid(0) == 0;
}

static bool try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
}

/* Not through socketcall(), which the C library uses where it exists. */
static bool try_bare_unix_socket(void)
{
	return bare_socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
}

static bool try_raw_socket(void)
{
	return bare_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}

static bool try_packet_socket(void)
{
	return bare_socket(AF_PACKET, SOCK_DGRAM, 0) >= 0;
}

static bool try_udp_socket(void)
{
	return bare_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0;
}

static bool try_tcp6_socket(void)
{
	return bare_socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0 ||
	       errno == EAFNOSUPPORT;
}

static bool try_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool try_exec_later(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                  -1, 0);

	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool try_protect(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                  -1, 0);

	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ) == 0;
}

static bool try_listen_accept(void)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0 || errno == EAGAIN;
}

static bool try_exchange(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pollfd p = { .events = POLLIN };
	char buf[8];

	p.fd = bare_socket(AF_INET, SOCK_DGRAM, 0);
	return p.fd >= 0 && bind(p.fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
	       getsockname(p.fd, (struct sockaddr *)&at, &(socklen_t){ sizeof(at) }) == 0 &&
	       connect(p.fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
	       send(p.fd, "x", 1, 0) == 1 && poll(&p, 1, 1000) == 1 &&
	       recv(p.fd, buf, sizeof(buf), 0) == 1 && close(p.fd) == 0;
}

static bool try_memory(void)
{
	/* Beyond the size that malloc() takes from the heap. */
	char *volatile large = malloc(8 << 20);

	if (!large) {
		return false;
	}
	large[0] = 1;
	free(large);
	return true;
}

static bool try_clocks(void)
{
	struct timex tx = { .modes = 0 };
	struct timex slew = { .modes = ADJ_OFFSET_SS_READ };
	struct timespec ts;

	return clock_gettime(CLOCK_REALTIME, &ts) == 0 &&
	       clock_gettime(CLOCK_BOOTTIME, &ts) == 0 &&
	       clock_getres(CLOCK_REALTIME, &ts) == 0 && adjtimex(&tx) >= 0 &&
	       adjtimex(&slew) >= 0 && clock_adjtime(CLOCK_REALTIME, &tx) >= 0;
}

/* Allowed by the filter, which cannot see the modes; refused without the capability.  The
 * value is one that every kernel refuses. */
static bool try_adjtime_is_refused(void)
{
	struct timex tx = { .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { .tv_usec = -1 } };

	return clock_adjtime(CLOCK_REALTIME, &tx) < 0 && errno == EPERM;
}

static bool try_random(void)
{
	char buf[8];

	return getrandom(buf, sizeof(buf), 0) == (ssize_t)sizeof(buf);
}

static bool try_stdio(void)
{
	FILE *null = fdopen(dup(STDOUT_FILENO), "w");

	return null && fprintf(null, " ") == 1 && fclose(null) == 0;
}

/* ---- signals sent by the kernel ---- */

static bool try_owner(void)
{
	return fcntl(STDIN_FILENO, F_SETOWN, getppid()) == 0;
}

static bool try_owner_ex(void)
{
	const struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getppid() };

	return fcntl(STDIN_FILENO, F_SETOWN_EX, &owner) == 0;
}

static bool try_signal_of(void)
{
	return fcntl(STDIN_FILENO, F_SETSIG, SIGKILL) == 0;
}

static bool try_async(void)
{
	return fcntl(listener, F_SETFL, O_ASYNC | O_NONBLOCK) == 0;
}

static bool try_notify(void)
{
	return fcntl(STDIN_FILENO, F_NOTIFY, 1) == 0;
}

static bool try_lease(void)
{
	return fcntl(STDIN_FILENO, F_SETLEASE, F_RDLCK) == 0;
}

static bool try_async_control(void)
{
	int on = 1;

	return ioctl(listener, FIOASYNC, &on) == 0;
}

static bool try_owner_control(void)
{
	int owner = getppid();

	return ioctl(listener, FIOSETOWN, &owner) == 0;
}

static bool try_typing(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x") == 0;
}

static bool try_thread_signal(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool try_old_thread_signal(void)
{
	return syscall(SYS_tkill, getppid(), 0) == 0;
}

static bool try_queue_signal(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return syscall(SYS_rt_sigqueueinfo, getppid(), SIGTERM, &info) == 0;
}

static bool try_find_process(void)
{
	return syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}

static bool try_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID };
	timer_t timer;

#ifdef sigev_notify_thread_id
	event.sigev_notify_thread_id = getppid();
#else
	event._sigev_un._tid = getppid(); /* glibc before 2.37 */
#endif
	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0;
}

static bool try_queue_notice(void)
{
	return syscall(SYS_mq_notify, -1, NULL) == 0;
}

static bool try_abort_self(void)
{
	return syscall(SYS_tgkill, getpid(), gettid(), 0) == 0;
}

/* ---- objects of other processes ---- */

static bool try_limit_of_parent(void)
{
	return syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, NULL, NULL) == 0;
}

static bool try_processors_of_parent(void)
{
	unsigned long mask = 1;

	return syscall(SYS_sched_setaffinity, getppid(), sizeof(mask), &mask) == 0;
}

static bool try_priority_of_parent(void)
{
	return setpriority(PRIO_PROCESS, (id_t)getppid(), 5) == 0;
}

static bool try_memory_of_parent(void)
{
	return syscall(SYS_process_vm_writev, getppid(), NULL, 0L, NULL, 0L, 0L) == 0;
}

static bool try_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, O_RDONLY) >= 0;
}

static bool try_ring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}

static bool try_kernel_program(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) == 0;
}

static bool try_keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 0) >= 0;
}

static bool try_new_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool try_mount(void)
{
	return mount("none", "/", NULL, MS_REMOUNT, NULL) == 0;
}

static bool try_mode(void)
{
	return chmod("/tmp/reqtime-no-such-file", 0666) == 0 || errno == ENOENT;
}

/* ---- unused kinds of sockets ---- */

static bool try_mptcp(void)
{
	return bare_socket(AF_INET, SOCK_STREAM, MPTCP) >= 0;
}

static bool try_sctp(void)
{
	return bare_socket(AF_INET, SOCK_STREAM, SCTP) >= 0;
}

static bool try_udp_lite(void)
{
	return bare_socket(AF_INET6, SOCK_DGRAM, UDP_LITE) >= 0;
}

static bool try_icmp(void)
{
	return bare_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) >= 0;
}

static bool try_other_netlink(void)
{
	return bare_socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) >= 0;
}

static bool try_route_netlink(void)
{
	return bare_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) >= 0;
}

/* With a length that the kernel refuses: if it gets through, the result is EINVAL, whatever
 * the privileges. */
static bool try_socket_program(void)
{
	return bare_setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, "x", 1) == 0 ||
	       errno != EPERM;
}

/* A kernel may not know it, and the socket is not connected. */
static bool try_layer(void)
{
	return bare_setsockopt(listener, IPPROTO_TCP, TCP_LAYER, "tls", 4) == 0 ||
	       errno != EPERM;
}

static bool try_socket_size(void)
{
	const int size = 65536;

	return bare_setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0;
}

/* To another address than the socket's peer. */
static bool try_send_elsewhere(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET };

	return sendto(listener, "x", 1, MSG_NOSIGNAL, (const struct sockaddr *)&at,
	              sizeof(at)) == 1 ||
	       errno == EPIPE || errno == EINVAL || errno == ENOTCONN;
}

static bool try_no_delay(void)
{
	const int on = 1;

	return bare_setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

/* A socket that listens cannot be connected: only the filter's answer counts. */
static bool try_connect(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET };

	return connect(listener, (const struct sockaddr *)&at, sizeof(at)) == 0 ||
	       errno != EPERM;
}

/* A descriptor through a socket pair, and out of it. */
static bool try_pass_descriptor(void)
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = { .octets = { 0 } };
	char octet = 'x';
	struct iovec part = { .iov_base = &octet, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part,
		                  .msg_iovlen = 1,
		                  .msg_control = control.octets,
		                  .msg_controllen = sizeof(control.octets) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &listener, sizeof(listener));
	return bare_sendmsg(pair[0], &message, MSG_NOSIGNAL) == 1 &&
	       recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) == 1 &&
	       message.msg_controllen > 0;
}

static bool try_sendmsg(int fd, int flags)
{
	char octet = 'x';
	struct iovec part = { .iov_base = &octet, .iov_len = 1 };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return bare_sendmsg(fd, &message, flags | MSG_NOSIGNAL) == 1 || errno != EPERM;
}

/* With MSG_FASTOPEN it would be a connect() that Landlock does not see: so the measuring
 * process has it on the socket to its helper alone, and there without this flag. */
static bool try_sendmsg_elsewhere(void)
{
	return try_sendmsg(listener, 0);
}

static bool try_sendmsg_fastopen(void)
{
	return try_sendmsg(pair[0], MSG_FASTOPEN);
}

/* ---- calls of another table ---- */

#ifdef __x86_64__
/* writev of this table has the number of getpid of i386: a filter that checked only the
 * number would allow it. */
static bool try_i386_call(void)
{
	long r = 20;

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "cc");
	return r > 0;
}

/* A kernel may lack them. */
static bool has_i386_calls(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		/* Without them the call is a fault, which the test runner would catch and
		 * then go on. */
		(void)signal(SIGSEGV, SIG_DFL);
		_exit(try_i386_call() ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* No list names them, and a deny list would let them all through. */
static bool try_x32_call(void)
{
	return syscall(0x40000000L | SYS_kill, (long)getppid(), 0L) == 0 || errno != 0;
}
#endif

/* ---- the lifeline ---- */

static struct lifeline line;

static bool try_cut_loose(void)
{
	return close(lifeline_fd()) == 0;
}

static bool try_database(void)
{
	char name[] = "/tmp/reqtime-unit.XXXXXX";
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = mkostemp(name, O_CLOEXEC);
	bool is_good =
		fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 && pwrite(fd, "x", 1, 0) == 1 &&
		fdatasync(fd) == 0 && ftruncate(fd, 4096) == 0 &&
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;

	(void)unlink(name);
	return is_good;
}

static void *nothing(void *arg)
{
	return arg;
}

static bool try_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) == 0 &&
	       pthread_join(thread, NULL) == 0;
}

static bool open_ports(void)
{
	static const int signals[] = { SIGTERM };
	const struct kernel_ports_settings settings = {
		.source_max = 2, .name_max = 1, .signals = signals, .signal_count = 1
	};

	return ports_open(&settings, &ports) == 0;
}

/* Both transports, a name, a deadline, and the end of the resolver. */
static bool try_ports(void)
{
	const struct ports *p = ports_of(ports);
	const struct address at = { .family = ADDRESS_IPV4,
		                    .octets = { 127, 0, 0, 1 },
		                    .port = 1 };
	struct port_event e = { .kind = PORT_TIMEOUT };
	struct reading now;
	bool is_resolved = false;
	int r;

	r = p->now(p->ctx, &now);
	if (r < 0 || p->resolve(p->ctx, 0, "localhost", ADDRESS_IPV4) < 0 ||
	    p->ask(p->ctx, 0, &at, PORT_UDP, (const uint8_t *)"x", 1) < 0 ||
	    p->ask(p->ctx, 1, &at, PORT_TCP, (const uint8_t *)"x", 1) < 0) {
		return false;
	}
	while (r == 0 && !is_resolved) {
		r = p->wait(p->ctx, now.mono_ns + 10 * NS_PER_S, &e);
		is_resolved = e.kind == PORT_NAME;
		if (e.kind == PORT_TIMEOUT) {
			return false;
		}
	}
	ports_close(ports);
	return is_resolved;
}

/* IS_REFUSED: an error, and the process goes on. */
enum outcome { ENDS, WORKS, IS_REFUSED };

struct sandbox_row {
	const char *name;
	bool (*attempt)(void);
	enum outcome outcomes[ROLES];
};

#define ENDS_ALL                                                                           \
	{                                                                                  \
		ENDS, ENDS, ENDS, ENDS, ENDS, ENDS, ENDS, ENDS                             \
	}
/* An attack under an allow list, an error in the resolver. */
#define ENDS_OR_REFUSED                                                                    \
	{                                                                                  \
		ENDS, ENDS, ENDS, ENDS, ENDS, IS_REFUSED, ENDS, ENDS                       \
	}
#define WORKS_ALL                                                                          \
	{                                                                                  \
		WORKS, WORKS, WORKS, WORKS, WORKS, WORKS, WORKS, WORKS                     \
	}

static const struct sandbox_row rows[] = {
	/* clang-format off */
	/*                                     measure serve  file helper  reader       history resolve     trace   nts */
	{ "open a file", try_open,           { ENDS,   ENDS,  WORKS, WORKS,      WORKS,  WORKS, IS_REFUSED, IS_REFUSED } },
	{ "make a file", try_openat_write,   { ENDS,   ENDS,  WORKS, IS_REFUSED, WORKS,  IS_REFUSED, IS_REFUSED, IS_REFUSED } },
	{ "write to a file", try_write_there,{ ENDS,   ENDS,  WORKS, IS_REFUSED, WORKS,  IS_REFUSED, IS_REFUSED, IS_REFUSED } },
	{ "remove a file", try_unlink,       { ENDS,   ENDS,  WORKS, IS_REFUSED, WORKS,  IS_REFUSED, ENDS, ENDS } },
	{ "change a mode", try_mode,         { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   IS_REFUSED, ENDS, ENDS } },
	{ "follow a link", try_readlink,     { ENDS,   ENDS,  WORKS, WORKS,      WORKS,  WORKS, ENDS, IS_REFUSED } },
	{ "read at a place", try_pread,      { ENDS,   ENDS,  WORKS, WORKS,      WORKS,  WORKS, WORKS, ENDS } },
	{ "keep a database", try_database,   { ENDS,   ENDS,  ENDS,  IS_REFUSED, WORKS,  IS_REFUSED, ENDS, ENDS } },
	{ "run a program", try_exec, ENDS_ALL },
	{ "fork", try_fork, ENDS_ALL },
	{ "clone", try_clone, ENDS_ALL },
	{ "start a thread", try_thread,      { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "clock_settime", try_settime, ENDS_ALL },
	{ "settimeofday", try_settimeofday, ENDS_ALL },
	{ "ptrace", try_ptrace, ENDS_ALL },
	{ "setuid", try_setuid, ENDS_ALL },
	{ "mount", try_mount, ENDS_ALL },
	{ "a namespace of its own", try_new_namespace, ENDS_ALL },
	{ "a program for the kernel", try_kernel_program, ENDS_ALL },
	{ "keys", try_keys, ENDS_ALL },
	{ "open by handle", try_handle, ENDS_ALL },
	{ "io_uring", try_ring, ENDS_OR_REFUSED },
	{ "memory of another", try_memory_of_parent, ENDS_ALL },

	{ "send a signal", try_kill, ENDS_ALL },
	{ "signal to a thread", try_thread_signal, ENDS_ALL },
	{ "signal to a thread, old", try_old_thread_signal, ENDS_ALL },
	{ "signal with a value", try_queue_signal, ENDS_ALL },
	{ "a descriptor for a process", try_find_process, ENDS_ALL },
	{ "F_SETOWN", try_owner, ENDS_ALL },
	{ "F_SETOWN_EX", try_owner_ex, ENDS_ALL },
	{ "F_SETSIG", try_signal_of, ENDS_ALL },
	{ "F_NOTIFY", try_notify, ENDS_ALL },
	{ "F_SETLEASE", try_lease, ENDS_ALL },
	{ "O_ASYNC", try_async, ENDS_ALL },
	{ "FIOASYNC", try_async_control, ENDS_ALL },
	{ "FIOSETOWN", try_owner_control, ENDS_ALL },
	{ "typing into a terminal", try_typing, ENDS_ALL },
	{ "mq_notify", try_queue_notice, ENDS_OR_REFUSED },
	/* The kernel only lets it name a thread of its own process. */
	{ "a timer for another's thread", try_timer, ENDS_OR_REFUSED },
	{ "abort", try_abort_self, WORKS_ALL },
	{ "send a thread a signal", try_tgkill, ENDS_ALL },
	{ "tkill", try_tkill, ENDS_ALL },
	{ "signal itself", try_tgkill_itself, WORKS_ALL },
	{ "type for the user", try_terminal_input, ENDS_ALL },
	{ "ask for a terminal", try_terminal_questions, WORKS_ALL },
	{ "prctl", try_prctl,                { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "ask for no_new_privs", try_prctl_question, WORKS_ALL },
	{ "PR_SET_DUMPABLE", try_prctl_dumpable, ENDS_ALL },
	{ "PR_SET_PDEATHSIG", try_prctl_death_signal, ENDS_ALL },
	{ "PR_SET_MM", try_prctl_memory, ENDS_ALL },
	{ "PR_SET_PTRACER", try_prctl_tracer, ENDS_ALL },
	{ "PR_CAP_AMBIENT", try_prctl_ambient, ENDS_ALL },
#ifdef __x86_64__
	{ "a call of i386", try_i386_call, ENDS_ALL },
	{ "a call of x32", try_x32_call, ENDS_ALL },
#endif
	{ "cut loose", try_cut_loose, ENDS_ALL },
	{ "another's limits", try_limit_of_parent, ENDS_OR_REFUSED },
	{ "another's processors", try_processors_of_parent, ENDS_OR_REFUSED },
	{ "another's priority", try_priority_of_parent, ENDS_OR_REFUSED },

	{ "unix socket", try_unix_socket,    { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "unix socket, directly", try_bare_unix_socket, { ENDS, ENDS, ENDS, ENDS, ENDS, WORKS, ENDS, ENDS } },
	{ "raw socket", try_raw_socket, ENDS_OR_REFUSED },
	{ "packet socket", try_packet_socket, ENDS_OR_REFUSED },
	{ "MPTCP", try_mptcp, ENDS_OR_REFUSED },
	{ "SCTP", try_sctp, ENDS_OR_REFUSED },
	{ "UDP-Lite", try_udp_lite, ENDS_OR_REFUSED },
	{ "ICMP", try_icmp, ENDS_OR_REFUSED },
	{ "netlink", try_other_netlink, ENDS_OR_REFUSED },
	{ "netlink of routes", try_route_netlink, { ENDS, ENDS, ENDS, ENDS,      ENDS,   WORKS, ENDS, ENDS } },
	{ "a program for a socket", try_socket_program, { ENDS, ENDS, ENDS, ENDS, ENDS, IS_REFUSED, ENDS, IS_REFUSED } },
	{ "a layer upon TCP", try_layer,       { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   IS_REFUSED, ENDS, IS_REFUSED } },
	{ "room of a socket", try_socket_size, { WORKS, ENDS, ENDS,  ENDS,       ENDS,   WORKS, ENDS, IS_REFUSED } },
	{ "TCP_NODELAY", try_no_delay,       { WORKS,  ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, WORKS } },
	{ "connect", try_connect,            { WORKS,  ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "pass a descriptor", try_pass_descriptor, { WORKS, ENDS, ENDS, ENDS,   ENDS,   WORKS, ENDS, ENDS } },
	{ "sendmsg elsewhere", try_sendmsg_elsewhere, { ENDS, ENDS, ENDS, ENDS,  ENDS,   WORKS, ENDS, ENDS } },
	{ "sendmsg that connects", try_sendmsg_fastopen, { ENDS, ENDS, ENDS, ENDS, ENDS, WORKS, ENDS, ENDS } },
	{ "send elsewhere", try_send_elsewhere, { ENDS, ENDS, ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "UDP socket", try_udp_socket,      { WORKS,  ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "TCP socket, IPv6", try_tcp6_socket,{ WORKS, ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "exchange over UDP", try_exchange, { WORKS,  ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "a whole run of ports", try_ports, { WORKS,  ENDS,  ENDS,  ENDS,       ENDS,   ENDS, ENDS, ENDS } },
	{ "accept", try_listen_accept,       { ENDS,   WORKS, ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "memory to run", try_exec_memory,  { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "make memory to run", try_exec_later,{ ENDS, ENDS,  ENDS,  ENDS,       ENDS,   WORKS, ENDS, ENDS } },
	{ "make memory read-only", try_protect, WORKS_ALL },
	{ "ioctl", try_ioctl,                { ENDS,   ENDS,  ENDS,  ENDS,       ENDS,   IS_REFUSED, ENDS, ENDS } },
	{ "memory", try_memory, WORKS_ALL },
	{ "read the clocks", try_clocks,     { WORKS,  WORKS, WORKS, WORKS,      WORKS,  ENDS, WORKS, WORKS } },
	{ "adjtime is refused", try_adjtime_is_refused, { WORKS, WORKS, WORKS, WORKS, WORKS, ENDS, WORKS, WORKS } },
	{ "random octets", try_random, WORKS_ALL },
	{ "stdio", try_stdio, WORKS_ALL },
	/* clang-format on */
};

static _Noreturn void child(const struct sandbox_row *row, enum sandbox_role role)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int held, r;

	if (null_fd < 0 || dup2(null_fd, STDOUT_FILENO) < 0 || priv_drop_all() < 0 ||
	    (row->attempt == try_ports && !open_ports())) {
		_exit(OTHER_EXIT);
	}
	if (lifeline_make(&line) < 0 || (held = dup(line.held)) < 0 ||
	    lifeline_tie(&line) < 0) {
		_exit(OTHER_EXIT);
	}
	r = role == SANDBOX_MEASURE ? sandbox_enter_measure(pair[0]) : sandbox_enter(role);
	if (r < 0) {
		_exit(r == -ENOSYS ? NO_SANDBOX : OTHER_EXIT + 1);
	}
	_exit(row->attempt() ? 0 : OTHER_EXIT + 2);
}

static void attempt(const struct sandbox_row *row, enum sandbox_role role)
{
	int status;
	pid_t pid;

#ifdef __x86_64__
	if (row->attempt == try_i386_call && !has_i386_calls()) {
		print_message("# this kernel runs no i386 programs\n");
		skip();
	}
#endif
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		child(row, role);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX) {
		print_message("# no system call filter here\n");
		skip();
	}
	if (row->outcomes[role] != ENDS) {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status),
		                 row->outcomes[role] == WORKS ? 0 : OTHER_EXIT + 2);
	} else {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void attempt_measure(void **state)
{
	attempt(*state, SANDBOX_MEASURE);
}

static void attempt_serve(void **state)
{
	attempt(*state, SANDBOX_SERVE);
}

static void attempt_file_helper(void **state)
{
	attempt(*state, SANDBOX_FILE_HELPER);
}

static void attempt_reader(void **state)
{
	attempt(*state, SANDBOX_READER);
}

static void attempt_history(void **state)
{
	attempt(*state, SANDBOX_HISTORY);
}

static void attempt_resolve(void **state)
{
	attempt(*state, SANDBOX_RESOLVE);
}

static void attempt_trace(void **state)
{
	attempt(*state, SANDBOX_TRACE);
}

static void attempt_nts(void **state)
{
	attempt(*state, SANDBOX_NTS);
}

/* Without no_new_privs and without a capability the kernel refuses a filter, and that must
 * be an error. */
static void needs_no_new_privs(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		int r;

		/* A user id without rights, but no_new_privs unset. */
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0) {
			_exit(OTHER_EXIT);
		}
		r = sandbox_enter(SANDBOX_SERVE);
		_exit(r == -ENOSYS ? NO_SANDBOX : r == -EACCES || r == -EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_SANDBOX) {
		print_message("# no system call filter here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*attempt)(void **state);
	} roles[] = { { "measure", attempt_measure },
		      { "serve", attempt_serve },
		      { "file helper", attempt_file_helper },
		      { "reader", attempt_reader },
		      { "history", attempt_history },
		      { "resolve", attempt_resolve },
		      { "trace", attempt_trace },
		      { "nts", attempt_nts } };
	static const char *const outcome_words[] = { "ends it", "is allowed",
		                                     "is refused" };
	static char names[COUNT_OF(roles) * COUNT_OF(rows)][64];
	struct CMUnitTest tests[COUNT_OF(names) + 1];
	size_t n = 0;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || listen(listener, 1) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return 1;
	}
	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t role = 0; role < COUNT_OF(roles); role++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s %s", roles[role].name,
			         rows[i].name, outcome_words[rows[i].outcomes[role]]);
			tests[n].name = names[n];
			tests[n].test_func = roles[role].attempt;
			tests[n].initial_state = (void *)(uintptr_t)&rows[i];
			n++;
		}
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(needs_no_new_privs);
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
