/* SPDX-License-Identifier: MIT
 *
 * Lines for a log: an appended file, syslog, or standard error.
 *
 *   open (before the sandbox) -> write* -> close
 *
 * Several processes may write through one log; each line is one system call, so lines do
 * not mix.  Nothing here waits: a line that finds no room is lost.
 */
#ifndef IO_SYS_LOG_H
#define IO_SYS_LOG_H

#include <stdbool.h>

#include "core/base/base.h"

/* As syslog numbers them: RFC 5424 section 6.2.1. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO };

enum log_kind { LOG_TO_FILE, LOG_TO_SYSLOG, LOG_TO_STDERR };

struct log {
	enum log_kind kind;
	int fd; /* -1: none */
};

#define LOG_SYSLOG_PATH "/dev/log"
enum { LOG_LINE_MAX = 1000 }; /* octets of a text; the rest is cut */

/* `to`: "syslog", "stderr", or the name of a file, created if missing; a directory in front
 * ("./syslog") always means a file.  0 or -errno, `*ret` unchanged: -ELOOP for a symbolic
 * link, -EMLINK for a file with a second name. */
MUST_USE int log_open(const char *to, struct log *ret);

/* Writes one line; `text` has no line feed, and is escaped here as by text_escape().  0 or
 * -errno. */
MUST_USE int log_write(const struct log *log, enum log_level level, const char *program,
                       const char *text);

/* Whether standard error goes to systemd's journal, like syslog:
 * sd_journal_stream_fd(3). */
MUST_USE bool log_stderr_is_journal(void);

void log_close(struct log *log); /* a closed one is fine */

#endif
