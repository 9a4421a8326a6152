/* SPDX-License-Identifier: MIT
 *
 * Log lines to a file, syslog or standard error.
 */
#include "io/sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/base/text_time.h"

enum {
	FACILITY_DAEMON = 3,
	LINE_SIZE = LOG_LINE_MAX + 160, /* with time, program and level in front */
};

static int open_file(const char *path)
{
	struct stat st;
	int fd;

	/* Beyond a limit on file sizes a write must fail, not end the run. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* O_NONBLOCK: a pipe may have no reader.  A user who can make a link or a second
	 * name in the folder of the log must not choose what is written to. */
	fd = open(path,
	          O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
	                  O_NOFOLLOW,
	          0640);
	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1) {
		close(fd);
		return -EMLINK;
	}
	return fd;
}

static int open_syslog(void)
{
	static const struct sockaddr_un name = { .sun_family = AF_UNIX,
		                                 .sun_path = LOG_SYSLOG_PATH };
	int fd, r;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int log_open(const char *to, struct log *ret)
{
	struct log log = { .kind = LOG_TO_FILE };

	if (strcmp(to, "stderr") == 0) {
		log.kind = LOG_TO_STDERR;
		log.fd = STDERR_FILENO;
	} else if (strcmp(to, "syslog") == 0) {
		log.kind = LOG_TO_SYSLOG;
		log.fd = open_syslog();
	} else {
		log.fd = open_file(to);
	}
	if (log.fd < 0) {
		return log.fd;
	}
	*ret = log;
	return 0;
}

/* The prefix of a line in a file; syslog adds the time itself. */
static int head_of(const struct log *log, enum log_level level, const char *program,
                   char *buf, size_t size)
{
	char time[TEXT_TIME_RFC3339_SIZE];
	struct timespec now = { 0, 0 };

	if (log->kind == LOG_TO_SYSLOG) {
		return snprintf(buf, size,
		                "<%d>%s[%ld]: ", FACILITY_DAEMON * 8 + (int)level, program,
		                (long)getpid());
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	text_time_rfc3339(instant_from_unix(now.tv_sec, now.tv_nsec), time);
	return snprintf(buf, size, "%s %s[%ld]: ", time, program, (long)getpid());
}

int log_write(const struct log *log, enum log_level level, const char *program,
              const char *text)
{
	char line[LINE_SIZE];
	ssize_t n;
	size_t len = (size_t)head_of(log, level, program, line, LINE_SIZE - LOG_LINE_MAX);

	if (len >= LINE_SIZE - LOG_LINE_MAX) {
		return -EMSGSIZE;
	}
	len += text_escape((const uint8_t *)text, strlen(text), line + len, LOG_LINE_MAX);
	if (log->kind != LOG_TO_SYSLOG) {
		line[len++] = '\n';
	}
	do {
		n = log->kind == LOG_TO_SYSLOG ? send(log->fd, line, len, MSG_NOSIGNAL)
		                               : write(log->fd, line, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return -errno;
	}
	return (size_t)n == len ? 0 : -ENOSPC;
}

bool log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM"); /* device:inode */
	char seen[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0) {
		return false;
	}
	snprintf(seen, sizeof(seen), "%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	return strcmp(stream, seen) == 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0 && log->kind != LOG_TO_STDERR) {
		close(log->fd);
	}
	log->fd = -1;
}
