/* SPDX-License-Identifier: MIT
 *
 * io/nts/helper and the program reqtime-nts: started, asked, confused, killed.
 *
 * A copy of this test stands for a program that misbehaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/nts/helper.h"
#include "io/sys/monotonic.h"
#include "nts_server.h"
#include "scratch.h"

#define HOST "localhost"

static struct certificate root, own;
static const char *const trusted[] = { "root.pem" };
static char self[4096]; /* the path of this program */

/* ---- the programs that misbehave ---- */

#ifdef __SANITIZE_ADDRESS__
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

static size_t count_descriptors(const char *folder)
{
	const struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		count += entry->d_name[0] != '.';
	}
	if (dir) {
		closedir(dir);
	}
	return count;
}

/* Reads a question and answers as `what` says. */
static int misbehave(const char *what)
{
	static struct nts_answer answer;
	static char question[4096];
	size_t len = sizeof(answer);
	size_t variables = 0;

	if (strcmp(what, "ends") == 0) {
		return 0;
	}
	if (read(NTS_PROGRAM_FD, question, sizeof(question)) <= 0) {
		return 1;
	}
	answer.failure = NTS_FAILURE_TLS;
	while (environ[variables]) {
		variables++;
	}
	/* opendir() has one of its own. */
	snprintf(answer.detail, sizeof(answer.detail), "%zu variables, %zu descriptors",
	         variables, count_descriptors("/proc/self/fd") - 1);
	if (strcmp(what, "short") == 0) {
		len--;
	} else if (strcmp(what, "long") == 0) {
		static char longer[sizeof(answer) + 1];

		memcpy(longer, &answer, sizeof(answer));
		return write(NTS_PROGRAM_FD, longer, sizeof(longer)) < 0;
	} else if (strcmp(what, "invalid") == 0) {
		answer.failure = NTS_FAILURE_COUNT;
	} else if (strcmp(what, "empty") == 0) {
		answer.failure = NTS_FAILURE_NONE;
	} else if (strcmp(what, "twice") == 0) {
		(void)!write(NTS_PROGRAM_FD, &answer, len);
	}
	(void)!write(NTS_PROGRAM_FD, &answer, len);
	return 0;
}

/* ---- parts ---- */

static int dial(const struct sockaddr_in *to)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 ||
	            errno == EINPROGRESS);
	return fd;
}

/* A socket that listens on loopback, and its address. */
static int listen_there(struct sockaddr_in *ret)
{
	socklen_t len = sizeof(*ret);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)ret, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	assert_int_equal(listen(fd, 2 * NTS_UNDERWAY_MAX), 0);
	return fd;
}

static int ask(struct nts_helper *helper, const struct sockaddr_in *to, uint32_t source)
{
	struct nts_question question = { .source = source, .ticket = source + 1000 };
	const int fd = dial(to);
	int r;

	snprintf(question.host, sizeof(question.host), HOST);
	r = nts_helper_ask(helper, &question, fd);
	close(fd);
	return r;
}

/* As nts_helper_receive(); 0: nothing within ten seconds. */
static int receive(struct nts_helper *helper, struct nts_answer *ret)
{
	struct pollfd p = { .fd = nts_helper_fd(helper), .events = POLLIN };

	return poll(&p, 1, 10000) == 1 ? nts_helper_receive(helper, ret) : 0;
}

static struct nts_helper *start(void)
{
	struct nts_helper *helper = NULL;

	assert_int_equal(nts_helper_start(trusted, 1, &helper), 0);
	return helper;
}

/* The process id of the only child of `parent`. */
static pid_t child_of(pid_t parent)
{
	const struct dirent *entry;
	pid_t found = 0;
	DIR *dir = opendir("/proc");

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], line[512] = "";
		const char *after;
		int fd, its_parent = 0;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		fd = entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
		             ? open(path, O_RDONLY | O_CLOEXEC)
		             : -1;
		if (fd < 0) {
			continue;
		}
		(void)!read(fd, line, sizeof(line) - 1);
		close(fd);
		after = strrchr(line, ')');
		if (after && sscanf(after + 1, " %*c %d", &its_parent) == 1 &&
		    its_parent == parent) {
			found = atoi(entry->d_name);
		}
	}
	closedir(dir);
	return found;
}

/* ---- the program ---- */

static _Noreturn void accept_and_serve(int listener, int tell_fd)
{
	static const struct server_plan good = { "NORMAL", "ntske/1", ANSWERS, GOOD };
	const int fd = accept(listener, NULL, NULL);

	if (fd < 0) {
		_exit(1);
	}
	server_run(&good, &own, fd, tell_fd);
}

static void whole_exchange(void **state)
{
	struct nts_helper *helper = start();
	struct nts_answer answer;
	struct sockaddr_in at;
	const int listener = listen_there(&at);
	uint8_t keys[2 * NTS_KEY_OCTETS];
	int tell[2];

	(void)state;
	assert_int_equal(pipe(tell), 0);
	/* Also when it runs already, as in a second measurement of `set`. */
	nts_helper_wake(helper);
	assert_int_equal(nts_helper_receive(helper, &answer), 0);
	/* Twice: the program is there for more than one. */
	for (uint32_t i = 0; i < 2; i++) {
		const pid_t pid = fork();

		if (pid == 0) {
			accept_and_serve(listener, tell[1]);
		}
		assert_int_equal(ask(helper, &at, i), 0);
		assert_int_equal(receive(helper, &answer), 1);
		nts_helper_wake(helper);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(answer.failure, NTS_FAILURE_NONE);
		assert_int_equal(answer.source, i);
		assert_int_equal(answer.ticket, i + 1000);
		assert_int_equal(read(tell[0], keys, sizeof(keys)), sizeof(keys));
		assert_memory_equal(answer.keys.c2s, keys, NTS_KEY_OCTETS);
		assert_int_equal(read(tell[0], keys, 1), 1);
	}
	nts_helper_stop(helper);
	close(listener);
	close(tell[0]);
	close(tell[1]);
}

/* NK1 */
static void connection_refused(void **state)
{
	struct nts_helper *helper = start();
	struct nts_answer answer;
	struct sockaddr_in at;

	(void)state;
	close(listen_there(&at));
	assert_int_equal(ask(helper, &at, 3), 0);
	assert_int_equal(receive(helper, &answer), 1);
	assert_int_equal(answer.failure, NTS_FAILURE_CONNECT);
	assert_int_equal(answer.error, ECONNREFUSED);
	assert_int_equal(answer.source, 3);
	nts_helper_stop(helper);
}

struct ca_row {
	const char *name;
	const char *authorities[2];
	const char *detail;
};

/* NK42 */
static const struct ca_row ca_rows[] = {
	{ "no such file",
	  { "/nonexistent/ca.pem" },
	  "/nonexistent/ca.pem: No such file or directory" },
	{ "a file without a certificate",
	  { "empty.pem" },
	  "empty.pem: no certificate in it" },
	{ "a folder without one", { "folder" }, "folder: no certificate in it" },
	{ "the second is missing",
	  { "root.pem", "none.pem" },
	  "none.pem: No such file or directory" },
	{ "a pipe", { "pipe.pem" }, "pipe.pem: not a regular file" },
	{ "a long path",
	  { "/nonexistent/0123456789/0123456789/0123456789/0123456789/0123456789" },
	  "/nonexistent/0123456789/0123456789/012345678...: No such file or directory" },
	{ "odd octets in the name",
	  { "\033.pem" },
	  "\\x1b.pem: No such file or directory" },
};

static void no_authorities(void **state)
{
	const struct ca_row *row = *state;
	struct nts_helper *helper = NULL;
	struct nts_answer answer;
	struct sockaddr_in at;
	const int listener = listen_there(&at);

	assert_int_equal(
		nts_helper_start(row->authorities, row->authorities[1] ? 2 : 1, &helper),
		0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask(helper, &at, i), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(receive(helper, &answer), 1);
		assert_int_equal(answer.source, i);
		assert_int_equal(answer.failure, NTS_FAILURE_NO_CA);
		assert_string_equal(answer.detail, row->detail);
	}
	nts_helper_stop(helper);
	close(listener);
}

/* A folder, and the system's: read without an error. */
static void other_authorities(void **state)
{
	static const char *const folder[] = { "authorities" };
	struct nts_helper *helper = NULL;
	struct nts_answer answer;
	struct sockaddr_in at;

	(void)state;
	close(listen_there(&at));
	assert_int_equal(nts_helper_start(folder, 1, &helper), 0);
	assert_int_equal(ask(helper, &at, 1), 0);
	assert_int_equal(receive(helper, &answer), 1);
	assert_int_equal(answer.failure, NTS_FAILURE_CONNECT);
	nts_helper_stop(helper);
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) < 0) {
		print_message("# no certificates of the system\n");
		skip();
	}
	assert_int_equal(nts_helper_start(NULL, 0, &helper), 0);
	assert_int_equal(ask(helper, &at, 1), 0);
	assert_int_equal(receive(helper, &answer), 1);
	assert_int_equal(answer.failure, NTS_FAILURE_CONNECT);
	nts_helper_stop(helper);
}

/* Servers that say nothing: the window is full, and nothing is lost. */
static void window(void **state)
{
	struct nts_helper *helper = start();
	bool has_answer[NTS_UNDERWAY_MAX] = { false };
	struct nts_answer answer;
	struct sockaddr_in at;
	const int listener = listen_there(&at);

	(void)state;
	for (uint32_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		assert_int_equal(ask(helper, &at, i), 0);
	}
	assert_int_equal(ask(helper, &at, NTS_UNDERWAY_MAX), -EAGAIN);
	close(listener); /* resets them */
	for (uint32_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		assert_int_equal(receive(helper, &answer), 1);
		assert_true(answer.source < NTS_UNDERWAY_MAX);
		assert_false(has_answer[answer.source]);
		has_answer[answer.source] = true;
		assert_int_equal(answer.failure, NTS_FAILURE_CLOSED);
	}
	assert_int_equal(nts_helper_receive(helper, &answer), 0);
	assert_int_equal(ask(helper, &at, 1), 0);
	nts_helper_stop(helper);
}

/* ---- its confinement ---- */

static void expect_line(pid_t pid, const char *line)
{
	char path[64], text[8192];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(len > 0);
	text[len] = '\0';
	if (!strstr(text, line)) {
		print_message("# no line %s", line);
		fail();
	}
}

static void confinement(void **state)
{
	struct nts_helper *helper;
	struct nts_answer answer;
	struct sockaddr_in at;
	char path[64], name[4096];
	ssize_t len;
	pid_t pid;
	/* Without close-on-exec: must not reach it. */
	const int stray = open("/etc/passwd", O_RDONLY);

	(void)state;
	assert_int_equal(setenv("SSLKEYLOGFILE", "keys.log", 1), 0);
	helper = start();
	close(listen_there(&at));
	assert_int_equal(ask(helper, &at, 3), 0);
	assert_int_equal(receive(helper, &answer), 1);
	pid = child_of(getpid());
	assert_true(pid > 0);
	expect_line(pid, "Name:\treqtime-nts\n");
	expect_line(pid, "\nNoNewPrivs:\t1\n");
	expect_line(pid, "\nCapPrm:\t0000000000000000\n");
	expect_line(pid, "\nCapEff:\t0000000000000000\n");
	expect_line(pid, "\nCapInh:\t0000000000000000\n");
	expect_line(pid, "\nCapAmb:\t0000000000000000\n");
	if (!IS_SANITIZED) {
		expect_line(pid, "\nSeccomp:\t2\n");
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if (count_descriptors(path) != 0) { /* else not readable */
		assert_int_equal(count_descriptors(path), 5);
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	len = readlink(path, name, sizeof(name) - 1);
	if (len > 0) {
		name[len] = '\0';
		assert_non_null(strstr(name, "/reqtime-nts"));
	}
	nts_helper_stop(helper);
	assert_true(access("keys.log", F_OK) < 0);
	assert_int_equal(unsetenv("SSLKEYLOGFILE"), 0);
	close(stray);
}

/* ---- what does not belong on the socket ---- */

enum rubbish { SHORT, LONG, WITHOUT_SOCKET, TWO_SOCKETS, BAD_NAME, UNENDED_NAME };

static const struct rubbish_row {
	const char *name;
	enum rubbish rubbish;
} rubbish_rows[] = {
	{ "a short question", SHORT },
	{ "a long question", LONG },
	{ "a question without a socket", WITHOUT_SOCKET },
	{ "a question with a bad name", BAD_NAME },
	{ "a question with a name that does not end", UNENDED_NAME },
};

static ssize_t send_rubbish(int to, enum rubbish rubbish, int fd)
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(2 * sizeof(int))];
	} control = { .octets = { 0 } };
	struct {
		struct nts_question question;
		char more[8];
	} sent = { .question = { .host = HOST } };
	struct iovec part = { .iov_base = &sent, .iov_len = sizeof(sent.question) };
	struct msghdr message = { .msg_iov = &part,
		                  .msg_iovlen = 1,
		                  .msg_control = control.octets,
		                  .msg_controllen = CMSG_SPACE(sizeof(int)) };

	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
		                           .cmsg_level = SOL_SOCKET,
		                           .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	switch (rubbish) {
	case SHORT:
		part.iov_len--;
		break;
	case LONG:
		part.iov_len++;
		break;
	case WITHOUT_SOCKET:
		message.msg_control = NULL;
		message.msg_controllen = 0;
		break;
	case TWO_SOCKETS:
		control.header.cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(&control.header) + sizeof(fd), &fd, sizeof(fd));
		message.msg_controllen = CMSG_SPACE(2 * sizeof(int));
		break;
	case BAD_NAME:
		memcpy(sent.question.host, "a b", 4);
		break;
	case UNENDED_NAME:
		memset(sent.question.host, 'a', sizeof(sent.question.host));
		break;
	}
	return sendmsg(to, &message, MSG_NOSIGNAL);
}

static void rubbish_in(void **state)
{
	const struct rubbish_row *row = *state;
	struct nts_helper *helper = start();
	struct nts_answer answer;
	struct sockaddr_in at;
	const int listener = listen_there(&at);
	const int fd = dial(&at);

	/* A session that is open when it ends. */
	assert_int_equal(ask(helper, &at, 1), 0);
	assert_true(send_rubbish(nts_helper_fd(helper), row->rubbish, fd) > 0);
	assert_int_equal(receive(helper, &answer), -EPIPE);
	assert_int_equal(ask(helper, &at, 1), -EPIPE);
	nts_helper_stop(helper);
	close(fd);
	close(listener);
}

/* More descriptors than one leave none open. */
static void descriptors_in(void **state)
{
	struct nts_helper *helper = start();
	struct nts_answer answer;
	struct sockaddr_in at;
	const int listener = listen_there(&at);
	const int fd = dial(&at);
	char path[64];

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_true(send_rubbish(nts_helper_fd(helper), TWO_SOCKETS, fd) > 0);
	}
	close(fd);
	close(listener);
	for (int i = 0; i < 10; i++) {
		/* None of them was asked for. */
		assert_int_equal(receive(helper, &answer), -EPIPE);
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)child_of(getpid()));
	if (count_descriptors(path) != 0) {
		assert_int_equal(count_descriptors(path), 5);
	}
	nts_helper_stop(helper);
}

/* ---- ends ---- */

static void killed(void **state)
{
	struct nts_helper *helper = start();
	struct nts_answer answer;
	struct sockaddr_in at;
	const int listener = listen_there(&at);

	(void)state;
	assert_int_equal(ask(helper, &at, 1), 0);
	assert_int_equal(kill(child_of(getpid()), SIGKILL), 0);
	assert_int_equal(receive(helper, &answer), -EPIPE);
	assert_int_equal(ask(helper, &at, 1), -EPIPE);
	nts_helper_stop(helper);
	close(listener);
}

static bool ends_by_itself(pid_t pid)
{
	pid_t got = 0;

	for (int i = 0; i < 3000 && got == 0; i++) {
		got = waitpid(pid, NULL, WNOHANG);
		usleep(got == 0 ? 10000 : 0);
	}
	return got == pid;
}

static void parent_is_killed(void **state)
{
	const bool is_stopped = *(const bool *)*state;
	pid_t parent, child;
	int ends[2];
	char octet;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L), 0);
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		struct nts_helper *helper = NULL;
		struct nts_answer answer;
		struct sockaddr_in at;

		close(listen_there(&at));
		if (nts_helper_start(trusted, 1, &helper) < 0 || ask(helper, &at, 1) < 0 ||
		    receive(helper, &answer) != 1) {
			_exit(1);
		}
		(void)!write(ends[1], "x", 1);
		for (;;) {
			pause();
		}
	}
	assert_int_equal(read(ends[0], &octet, 1), 1);
	child = child_of(parent);
	assert_true(child > 0);
	if (is_stopped) {
		assert_int_equal(kill(child, SIGSTOP), 0);
	}
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_true(ends_by_itself(child));
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L), 0);
	close(ends[0]);
	close(ends[1]);
}

/* ---- other programs in its place ---- */

static void copy_self(const char *to)
{
	static char octets[1 << 16];
	const int in = open(self, O_RDONLY | O_CLOEXEC);
	int out;
	ssize_t n;

	/* A file of another test would keep its owner. */
	(void)unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, octets, sizeof(octets))) > 0) {
		assert_int_equal(write(out, octets, (size_t)n), n);
	}
	close(in);
	close(out);
}

static const char *result_name(int r)
{
	return r == 0         ? "ok"
	       : r == 1       ? "an answer"
	       : r == -EPIPE  ? "EPIPE"
	       : r == -ENOENT ? "ENOENT"
	                      : "another error";
}

/* In a copy of this test: starts what is beside it, as `nts_helper_start(&what, 1)`, asks
 * and writes the results. */
static int start_beside(const char *what)
{
	struct nts_helper *helper = NULL;
	struct nts_answer answer;
	int ends[2];
	int r = nts_helper_start(&what, 1, &helper);

	printf("start %s", result_name(r));
	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
		const struct nts_question question = { .host = HOST };

		r = nts_helper_ask(helper, &question, ends[0]);
		r = receive(helper, &answer);
		printf(", receive %s", r == 1 ? answer.detail : result_name(r));
		r = r == 1 ? receive(helper, &answer) : r;
		printf(", then %s", result_name(r));
	}
	nts_helper_stop(helper);
	printf("\n");
	return 0;
}

struct beside_row {
	const char *name;
	const char *what;
	const char *want; /* the line that it writes */
};

static const struct beside_row beside_rows[] = {
	{ "clean environment and descriptors", "good",
	  "start ok, receive 0 variables, 5 descriptors, then EPIPE\n" },
	{ "ends at once", "ends", "start ok, receive EPIPE, then EPIPE\n" },
	{ "a short answer", "short", "start ok, receive EPIPE, then EPIPE\n" },
	{ "a long answer", "long", "start ok, receive EPIPE, then EPIPE\n" },
	{ "an invalid answer", "invalid", "start ok, receive EPIPE, then EPIPE\n" },
	{ "a success without cookies", "empty", "start ok, receive EPIPE, then EPIPE\n" },
	{ "an answer without a question", "twice",
	  "start ok, receive 0 variables, 5 descriptors, then EPIPE\n" },
};

static void run_copy(const char *what, char *ret, size_t size)
{
	char command[128];
	FILE *out;

	snprintf(command, sizeof(command), "./starter start %s", what);
	out = popen(command, "re");
	assert_non_null(out);
	ret[0] = '\0';
	(void)!fgets(ret, (int)size, out);
	assert_int_equal(pclose(out), 0);
}

static void beside(void **state)
{
	const struct beside_row *row = *state;
	char got[256];

	copy_self("starter");
	copy_self("reqtime-nts");
	run_copy(row->what, got, sizeof(got));
	if (IS_SANITIZED && strcmp(row->what, "good") == 0) {
		return; /* a sanitizer may set variables */
	}
	assert_string_equal(got, row->want);
}

/* NK41, and programs that another user has put there. */
static void missing(void **state)
{
	static const char want[] = "start ENOENT\n";
	char got[256];

	(void)state;
	if (access("/usr/local/libexec/reqtime/reqtime-nts", F_OK) == 0 ||
	    access("/usr/libexec/reqtime/reqtime-nts", F_OK) == 0) {
		print_message("# it is installed here\n");
		skip();
	}
	copy_self("starter");
	(void)unlink("reqtime-nts");
	run_copy("good", got, sizeof(got));
	assert_string_equal(got, want);
	copy_self("reqtime-nts");
	assert_int_equal(chmod("reqtime-nts", 0757), 0);
	run_copy("good", got, sizeof(got));
	assert_string_equal(got, want);
	assert_int_equal(chmod("reqtime-nts", 0775), 0);
	run_copy("good", got, sizeof(got));
	assert_string_equal(got, want);
	/* A link would be judged by its target: a shell of root's, for one. */
	assert_int_equal(unlink("reqtime-nts"), 0);
	assert_int_equal(symlink("/bin/sh", "reqtime-nts"), 0);
	run_copy("good", got, sizeof(got));
	assert_string_equal(got, want);
	assert_int_equal(unlink("reqtime-nts"), 0);
	copy_self("reqtime-nts");
	assert_int_equal(chmod("reqtime-nts", 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown("reqtime-nts", 12345, 12345), 0);
		run_copy("good", got, sizeof(got));
		assert_string_equal(got, want);
	}
}

/* ---- by hand ---- */

static void by_hand(void **state)
{
	static const struct {
		const char *words;
		int status;
		const char *text;
	} runs[] = {
		{ "", 2, "reqtime-nts: speaks TLS for reqtime" },
		{ NTS_PROGRAM_CLIENT " root.pem", 2,
		  "reqtime-nts: speaks TLS for reqtime" },
		{ NTS_PROGRAM_CLIENT " 3</dev/null 4</dev/null", 2,
		  "reqtime-nts: speaks TLS" },
		{ "client-0.0.1 root.pem", 2, "reqtime-nts: speaks TLS for reqtime" },
		{ "--version", 0, "reqtime-nts " REQTIME_VERSION "\n" },
		{ "--help", 0, "reqtime-nts speaks TLS for reqtime" },
		{ "--version more", 2, "reqtime-nts: speaks TLS for reqtime" },
		{ "--version >/dev/full", 6, "" },
	};
	char program[sizeof(self) + 16];

	(void)state;
	snprintf(program, sizeof(program), "%s", self);
	snprintf(strrchr(program, '/') + 1, 16, "reqtime-nts");
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		char command[sizeof(program) + 100], got[256] = "";
		FILE *out;
		int status;

		snprintf(command, sizeof(command), "exec %s %s 2>&1", program,
		         runs[i].words);
		out = popen(command, "re");
		assert_non_null(out);
		(void)!fgets(got, sizeof(got), out);
		status = pclose(out);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), runs[i].status);
		assert_non_null(strstr(got, runs[i].text));
	}
}

static int set_up(void **state)
{
	static const struct certificate_plan root_plan = { "Root", NULL,
		                                           NULL,   -10,
		                                           1000,   .is_authority = true };
	static const struct certificate_plan own_plan = { HOST, NULL, NULL,
		                                          0,    100,  .kind = KEY_ECDSA };
	FILE *file;

	(void)state;
	root = certificate_make(&root_plan, NULL, NULL);
	own = certificate_make(&own_plan, &root, NULL);
	if (!scratch_enter() || mkdir("folder", 0755) < 0 ||
	    mkdir("authorities", 0755) < 0 || mkfifo("pipe.pem", 0644) < 0) {
		return -1;
	}
	certificate_append(&root, trusted[0]);
	certificate_append(&root, "authorities/a.pem");
	file = fopen("empty.pem", "we");
	if (!file || fclose(file) != 0) {
		return -1;
	}
	file = fopen("authorities/index", "we");
	return file && fclose(file) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	certificate_free(&root);
	certificate_free(&own);
	return scratch_leave();
}

#define ADD(row, function)                                                                 \
	tests[n++] = (struct CMUnitTest)                                                   \
	{                                                                                  \
		.name = (row).name, .test_func = function,                                 \
		.initial_state = (void *)(uintptr_t) & (row)                               \
	}

int main(int argc, char **argv)
{
	static const bool yes = true, no = false;
	struct CMUnitTest tests[COUNT_OF(ca_rows) + COUNT_OF(rubbish_rows) +
	                        COUNT_OF(beside_rows) + 11] = {
		cmocka_unit_test(whole_exchange),
		cmocka_unit_test(connection_refused),
		cmocka_unit_test(other_authorities),
		cmocka_unit_test(window),
		cmocka_unit_test(confinement),
		cmocka_unit_test(descriptors_in),
		cmocka_unit_test(killed),
		cmocka_unit_test(missing),
		cmocka_unit_test(by_hand),
	};
	size_t n = 9;
	ssize_t len;

	if (argc == 3 && strcmp(argv[1], NTS_PROGRAM_CLIENT) == 0) {
		return misbehave(argv[2]);
	}
	if (argc == 3 && strcmp(argv[1], "start") == 0) {
		return start_beside(argv[2]);
	}
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0) {
		return 1;
	}
	for (size_t i = 0; i < COUNT_OF(ca_rows); i++) {
		ADD(ca_rows[i], no_authorities);
	}
	for (size_t i = 0; i < COUNT_OF(rubbish_rows); i++) {
		ADD(rubbish_rows[i], rubbish_in);
	}
	for (size_t i = 0; i < COUNT_OF(beside_rows); i++) {
		ADD(beside_rows[i], beside);
	}
	tests[n++] = (struct CMUnitTest){ .name = "its parent is killed",
		                          .test_func = parent_is_killed,
		                          .initial_state = (void *)(uintptr_t)&no };
	tests[n++] = (struct CMUnitTest){ .name = "its parent is killed, itself stopped",
		                          .test_func = parent_is_killed,
		                          .initial_state = (void *)(uintptr_t)&yes };
	return _cmocka_run_group_tests("nts_helper", tests, n, set_up, tear_down);
}
