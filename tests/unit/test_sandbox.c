/* SPDX-License-Identifier: MIT
 *
 * What must not be possible in each role, and what must.  Every row is a child without any
 * capability that enters the role and tries; a forbidden call ends it by SIGSYS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/net/ports.h"
#include "io/net/sockaddr.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"

enum { OTHER_EXIT = 10, NO_SANDBOX = 77 };

static int listener = -1;          /* opened before, as the server does */
static struct kernel_ports *ports; /* ... and as the measuring process does */

/* Each returns whether it went well; the forbidden ones never return. */
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

	/* A terminal or a pipe has no places to read at: that is an answer, too. */
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
	return syscall(SYS_fork) >= 0;
}

static bool try_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool try_settime(void)
{
	/* Nothing to set it to: harmless where it should get through. */
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

static bool try_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}

static bool try_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_DGRAM, 0) >= 0;
}

static bool try_udp_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0;
}

static bool try_tcp6_socket(void)
{
	return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0 ||
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

	p.fd = socket(AF_INET, SOCK_DGRAM, 0);
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

/* Allowed by the filter, as it cannot see the modes; refused for want of the
 * capability.  The value is one that no kernel takes. */
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
	enum outcome outcomes[4]; /* by role: measure, serve, clerk, reader */
};

static const struct sandbox_row rows[] = {
	/* name                    attempt              measure serve clerk reader */
	{ "open a file", try_open, { ENDS, ENDS, WORKS, WORKS } },
	{ "make a file", try_openat_write, { ENDS, ENDS, WORKS, IS_REFUSED } },
	{ "write to a file", try_write_there, { ENDS, ENDS, WORKS, IS_REFUSED } },
	{ "remove a file", try_unlink, { ENDS, ENDS, WORKS, IS_REFUSED } },
	{ "follow a link", try_readlink, { ENDS, ENDS, WORKS, WORKS } },
	{ "read at a place", try_pread, { ENDS, ENDS, WORKS, WORKS } },
	{ "run a program", try_exec, { ENDS, ENDS, ENDS, ENDS } },
	{ "fork", try_fork, { ENDS, ENDS, ENDS, ENDS } },
	{ "clone", try_clone, { ENDS, ENDS, ENDS, ENDS } },
	{ "clock_settime", try_settime, { ENDS, ENDS, ENDS, ENDS } },
	{ "settimeofday", try_settimeofday, { ENDS, ENDS, ENDS, ENDS } },
	{ "ptrace", try_ptrace, { ENDS, ENDS, ENDS, ENDS } },
	{ "send a signal", try_kill, { ENDS, ENDS, ENDS, ENDS } },
	{ "send a thread a signal", try_tgkill, { ENDS, ENDS, ENDS, ENDS } },
	{ "tkill", try_tkill, { ENDS, ENDS, ENDS, ENDS } },
	{ "signal itself", try_tgkill_itself, { WORKS, WORKS, WORKS, WORKS } },
	{ "ioctl", try_ioctl, { ENDS, ENDS, ENDS, ENDS } },
	{ "type for the user", try_terminal_input, { ENDS, ENDS, ENDS, ENDS } },
	{ "ask for a terminal", try_terminal_questions, { WORKS, WORKS, WORKS, WORKS } },
	{ "prctl", try_prctl, { ENDS, ENDS, ENDS, ENDS } },
	{ "ask for no_new_privs", try_prctl_question, { WORKS, WORKS, WORKS, WORKS } },
	{ "setuid", try_setuid, { ENDS, ENDS, ENDS, ENDS } },
	{ "unix socket", try_unix_socket, { ENDS, ENDS, ENDS, ENDS } },
	{ "raw socket", try_raw_socket, { ENDS, ENDS, ENDS, ENDS } },
	{ "packet socket", try_packet_socket, { ENDS, ENDS, ENDS, ENDS } },
	{ "memory to run", try_exec_memory, { ENDS, ENDS, ENDS, ENDS } },
	{ "make memory to run", try_exec_later, { ENDS, ENDS, ENDS, ENDS } },
	{ "make memory read-only", try_protect, { WORKS, WORKS, WORKS, WORKS } },
	{ "UDP socket", try_udp_socket, { WORKS, ENDS, ENDS, ENDS } },
	{ "TCP socket, IPv6", try_tcp6_socket, { WORKS, ENDS, ENDS, ENDS } },
	{ "exchange over UDP", try_exchange, { WORKS, ENDS, ENDS, ENDS } },
	{ "a whole run of ports", try_ports, { WORKS, ENDS, ENDS, ENDS } },
	{ "accept", try_listen_accept, { ENDS, WORKS, ENDS, ENDS } },
	{ "memory", try_memory, { WORKS, WORKS, WORKS, WORKS } },
	{ "read the clocks", try_clocks, { WORKS, WORKS, WORKS, WORKS } },
	{ "adjtime is refused", try_adjtime_is_refused, { WORKS, WORKS, WORKS, WORKS } },
	{ "random octets", try_random, { WORKS, WORKS, WORKS, WORKS } },
	{ "stdio", try_stdio, { WORKS, WORKS, WORKS, WORKS } },
};

static _Noreturn void child(const struct sandbox_row *row, enum sandbox_role role)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int r;

	if (null_fd < 0 || dup2(null_fd, STDOUT_FILENO) < 0 || priv_drop_all() < 0 ||
	    (row->attempt == try_ports && !open_ports())) {
		_exit(OTHER_EXIT);
	}
	r = sandbox_enter(role);
	if (r < 0) {
		_exit(r == -ENOSYS ? NO_SANDBOX : OTHER_EXIT + 1);
	}
	_exit(row->attempt() ? 0 : OTHER_EXIT + 2);
}

static void attempt(const struct sandbox_row *row, enum sandbox_role role)
{
	int status;
	pid_t pid = fork();

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

static void attempt_clerk(void **state)
{
	attempt(*state, SANDBOX_CLERK);
}

static void attempt_reader(void **state)
{
	attempt(*state, SANDBOX_READER);
}

/* Without no_new_privs and without a capability the kernel takes no filter, and that must
 * be told, not passed over. */
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
		      { "clerk", attempt_clerk },
		      { "reader", attempt_reader } };
	static const char *const outcome_words[] = { "ends it", "is allowed",
		                                     "is refused" };
	static char names[COUNT_OF(roles) * COUNT_OF(rows)][64];
	struct CMUnitTest tests[COUNT_OF(names) + 1];
	size_t n = 0;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || listen(listener, 1) < 0) {
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
