/* SPDX-License-Identifier: MIT
 *
 * The log of --log-to: a line per run, and complaints.
 */
#include "cmd/cli/run_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cli/command.h"
#include "io/sys/log.h"

static struct log the_log = { .fd = -1 };

static void put(enum log_level level, const char *text)
{
	int r;

	if (the_log.fd < 0) {
		return;
	}
	r = log_write(&the_log, level, "reqtime", text);
	if (r < 0) {
		/* Closed first: the warning must not go to the log. */
		run_log_close();
		command_complain("warning: cannot write to the log: %s", strerror(-r));
	}
}

static void put_complaint(const char *text)
{
	put(strncmp(text, "warning: ", 9) == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, text);
}

void run_log_open(const struct measure_cli_settings *settings)
{
	char quoted[COMMAND_QUOTE_SIZE];
	int r;

	if (!settings->log_to) {
		return;
	}
	r = log_open(settings->log_to, &the_log);
	if (r < 0) {
		command_complain("warning: cannot write to the log %s: %s",
		                 command_quote(settings->log_to, quoted),
		                 r == -ELOOP    ? "it is a symbolic link"
		                 : r == -EMLINK ? "it has a second hard link"
		                                : strerror(-r));
	} else if (the_log.kind == LOG_TO_FILE ||
	           (the_log.kind == LOG_TO_SYSLOG && !log_stderr_is_journal())) {
		/* Else they get there through stderr. */
		command_complain_also(put_complaint);
	}
}

void run_log_say(const char *text)
{
	put(LOG_LEVEL_INFO, text);
}

void run_log_verdict(const char *verb, bool is_well, const char *summary)
{
	char line[LOG_LINE_MAX];

	snprintf(line, sizeof(line), "%s: %s", verb, summary);
	put(is_well ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, line);
}

void run_log_run(const struct log_entry *entry)
{
	const bool is_moved = entry->is_applied && entry->applied == PLAN_STEP;
	char line[LOG_LINE_MAX];

	log_line(entry, line, sizeof(line));
	put(entry->status == RUN_ERROR ? LOG_LEVEL_ERROR
	    : entry->status != RUN_OK  ? LOG_LEVEL_WARNING
	    : is_moved                 ? LOG_LEVEL_NOTICE
	                               : LOG_LEVEL_INFO,
	    line);
}

void run_log_end(const char *verb, int status)
{
	char line[80];

	if (status > 128) {
		snprintf(line, sizeof(line), "%s interrupted by signal %d", verb,
		         status - 128);
		put(LOG_LEVEL_NOTICE, line);
	}
}

void run_log_close(void)
{
	command_complain_also(NULL);
	log_close(&the_log);
}
