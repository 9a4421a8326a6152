/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: devlog OUT COMMAND...
 *
 * In its own mount namespace (unshare -Urm): an empty /dev with the socket of a syslog
 * server.  Runs COMMAND, writes each message received to OUT, one per line, and exits as
 * COMMAND did.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "devlog: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void take_messages(int fd, FILE *out)
{
	char message[4096];
	ssize_t len;

	while ((len = recv(fd, message, sizeof(message), MSG_DONTWAIT)) >= 0) {
		fwrite(message, 1, (size_t)len, out);
		fputc('\n', out);
	}
}

int main(int argc, char **argv)
{
	const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	struct pollfd fds = { .events = POLLIN };
	FILE *out;
	int status = 0;
	pid_t pid;

	if (argc < 3 || !(out = fopen(argv[1], "we"))) {
		fail("usage: devlog OUT COMMAND...");
	}
	if (mount("none", "/dev", "tmpfs", 0, "mode=755") < 0) {
		fail("mount");
	}
	fds.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fds.fd < 0 || bind(fds.fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		fail("bind");
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		fail(argv[2]);
	}
	/* While it runs, or the queue would fill up. */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		(void)poll(&fds, 1, 20);
		take_messages(fds.fd, out);
	}
	take_messages(fds.fd, out);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
