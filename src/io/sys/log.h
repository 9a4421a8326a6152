/* SPDX-License-Identifier: MIT
 *
 * Lines for a log: a file that grows, syslog, or standard error.
 *
 *   open (before a sandbox closes) -> write* -> close
 *
 * Several processes may write through one; each line is one call to the kernel, so lines do
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
enum { LOG_LINE_MAX = 1000 }; /* octets of a text; what is longer is cut */

/* `to`: "syslog", "stderr", or the name of a file, which is made where it is not there; a
 * directory in front ("./syslog") makes it a file in any case.  0 or -errno, `*ret` left alone: -ELOOP for a
 * symbolic link, -EMLINK for a file that has a second name. */
MUST_USE int log_open(const char *to, struct log *ret);

/* One line; `text` without a line feed, escaped here as text_escape() has it.  0 or -errno. */
MUST_USE int log_write(const struct log *log, enum log_level level, const char *program,
                       const char *text);

/* Whether standard error goes to systemd's journal, as syslog does: sd_journal_stream_fd(3). */
MUST_USE bool log_stderr_is_journal(void);

void log_close(struct log *log); /* one that is not open is fine */

#endif
