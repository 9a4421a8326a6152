/* SPDX-License-Identifier: MIT
 *
 * Starts reqtime-nts, sends it questions and receives its answers.
 */
#include "io/nts/helper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/bare_call.h"
#include "io/sys/child.h"

#define PROGRAM_NAME "reqtime-nts"

struct nts_helper {
	struct child child;
	size_t underway;
	bool is_awake; /* it is the program, or about to become it */
};

/* ---- the start ---- */

/* In a folder that all may write to, such as /tmp, another user could have put a program
 * beside ours: only one of its owner or of root counts. */
static bool is_of_same_owner(const char *program, const char *other)
{
	struct stat a, b;

	/* A link would be judged by its target, which may be anything of root's. */
	return stat(program, &a) == 0 && lstat(other, &b) == 0 && S_ISREG(b.st_mode) &&
	       (b.st_uid == a.st_uid || b.st_uid == 0) && !(b.st_mode & S_IWOTH) &&
	       (!(b.st_mode & S_IWGRP) || ((a.st_mode & S_IWGRP) && a.st_gid == b.st_gid));
}

/* Beside this program: in a build folder, or where all is in one. */
static bool find_beside(char path[PATH_MAX])
{
	static const char self[] = "/proc/self/exe";
	char *name;
	ssize_t len = readlink(self, path, PATH_MAX - sizeof(PROGRAM_NAME));

	if (len <= 0) {
		return false;
	}
	path[len] = '\0';
	name = strrchr(path, '/');
	if (!name) {
		return false;
	}
	memcpy(name + 1, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	return access(path, X_OK) == 0 && is_of_same_owner(self, path);
}

static int find_program(char path[PATH_MAX])
{
	/* A user who starts a program with more rights than their own may have linked it to
	 * a folder of theirs. */
	if (getauxval(AT_SECURE) == 0 && find_beside(path)) {
		return 0;
	}
	snprintf(path, PATH_MAX, "%s", REQTIME_LIBEXECDIR "/" PROGRAM_NAME);
	return access(path, X_OK) < 0 ? -errno : 0;
}

struct command_line {
	char path[PATH_MAX];
	char **words; /* ended by NULL */
};

/* Until a question comes, which is left for the program, or a single octet that wakes it. */
static void await_need(int fd)
{
	char octet;
	ssize_t len;

	do {
		len = recv(fd, &octet, sizeof(octet), MSG_PEEK | MSG_TRUNC);
	} while (len < 0 && errno == EINTR);
	if (len <= 0) {
		_exit(0);
	}
	if (len == (ssize_t)sizeof(octet)) {
		(void)recv(fd, &octet, sizeof(octet), 0);
	}
}

/* In the new process.  No variable of the environment is passed on: some of them change
 * what GnuTLS trusts, or where it writes its keys. */
static void execute(void *ctx, int fd)
{
	const struct command_line *line = ctx;
	char *const environment[] = { NULL };

	await_need(fd);
	if (fd == NTS_PROGRAM_FD && lifeline_fd() == NTS_PROGRAM_LIFELINE_FD) {
		execve(line->path, line->words, environment);
	}
	_exit(1);
}

static char **words_of(const char *const *authorities, size_t count)
{
	static char name[] = PROGRAM_NAME, role[] = NTS_PROGRAM_CLIENT;
	char **words = calloc(count + 3, sizeof(*words));

	if (words) {
		words[0] = name;
		words[1] = role;
		for (size_t i = 0; i < count; i++) {
			words[i + 2] = (char *)(uintptr_t)authorities[i];
		}
	}
	return words;
}

int nts_helper_start(const char *const *authorities, size_t count, struct nts_helper **ret)
{
	struct command_line line;
	struct nts_helper *helper;
	int r = find_program(line.path);

	if (r < 0) {
		return r;
	}
	helper = calloc(1, sizeof(*helper));
	line.words = words_of(authorities, count);
	if (!helper || !line.words) {
		r = -ENOMEM;
		goto out;
	}
	r = child_start(&(struct child_ops){ .run = execute, .ctx = &line },
	                &helper->child);
	if (r < 0) {
		goto out;
	}
	*ret = helper;
	helper = NULL;
out:
	free(line.words);
	free(helper);
	return r;
}

/* ---- messages ---- */

void nts_helper_wake(struct nts_helper *helper)
{
	const char octet = 0;

	/* The program itself knows only questions. */
	if (helper->is_awake) {
		return;
	}
	helper->is_awake = true;
	(void)send(helper->child.fd, &octet, sizeof(octet), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int nts_helper_fd(const struct nts_helper *helper)
{
	return helper->child.fd;
}

int nts_helper_ask(struct nts_helper *helper, const struct nts_question *question, int fd)
{
	union {
		struct cmsghdr header; /* for its alignment */
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct nts_question copy = *question;
	struct iovec part = { .iov_base = &copy, .iov_len = sizeof(copy) };
	const struct msghdr message = { .msg_iov = &part,
		                        .msg_iovlen = 1,
		                        .msg_control = control.octets,
		                        .msg_controllen = sizeof(control.octets) };
	ssize_t n;

	if (helper->underway >= NTS_UNDERWAY_MAX) {
		return -EAGAIN;
	}
	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	do {
		n = bare_sendmsg(helper->child.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return errno == ECONNRESET ? -EPIPE : -errno;
	}
	helper->is_awake = true;
	helper->underway++;
	return 0;
}

int nts_helper_receive(struct nts_helper *helper, struct nts_answer *ret)
{
	struct nts_answer answer;
	ssize_t n;
	int r = 1;

	do {
		n = recv(helper->child.fd, &answer, sizeof(answer),
		         MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		return 0;
	}
	/* It parses data from the network: what it sends is checked like such data. */
	if (n != (ssize_t)sizeof(answer) || helper->underway == 0 ||
	    !nts_answer_is_valid(&answer)) {
		r = -EPIPE;
	} else {
		helper->underway--;
		*ret = answer;
	}
	explicit_bzero(&answer, sizeof(answer));
	return r;
}

void nts_helper_kill(struct nts_helper *helper)
{
	if (helper) {
		child_kill(&helper->child);
	}
}

void nts_helper_stop(struct nts_helper *helper)
{
	if (!helper) {
		return;
	}
	nts_helper_kill(helper);
	child_forget(&helper->child);
	while (waitpid(helper->child.pid, NULL, 0) < 0 && errno == EINTR) {
	}
	free(helper);
}
