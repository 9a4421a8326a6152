/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of `trace`: trace.c reads and shows, open.c opens and closes.
 */
#ifndef CMD_TRACE_TRACE_PRIVATE_H
#define CMD_TRACE_TRACE_PRIVATE_H

#include <stdio.h>

#include "cmd/cli/command.h"
#include "cmd/cli/terminal.h"
#include "core/trace/trace.h"
#include "io/net/capture.h"

struct trace_settings {
	const char *interface;
	const char *read;
	const char *write;
	struct option_texts ports;
	unsigned count;
	unsigned exchange;
	int64_t timeout_ns;
	bool shows_all;
	bool is_quiet;
	int color; /* enum terminal_color */
	bool is_json;
	bool explains;
};

enum { TRACE_OPTION_COUNT = 12 };
extern const struct option_row trace_options[TRACE_OPTION_COUNT];

/* A run of the command. */
struct session {
	const struct trace_settings *settings; /* `read` may come from the operand */
	const char *name;                      /* of the interface or file, for messages */
	struct trace_port ports[TRACE_PORTS_MAX];
	size_t port_count;
	FILE *from;
	FILE *to;
	struct capture *capture;
	struct trace *trace;
	int64_t deadline_mono_ns;
	bool is_explained;
	struct style style;
};

/* These return 0, or the exit status with a line on stderr. */
int trace_collect_ports(struct session *session);
/* Opens input and output, drops privileges, enters the sandbox, reads a file's head. */
int trace_open(struct session *session);
int trace_close(struct session *session);

/* Returns the exit status. */
int trace_complain_capture(const struct session *session, const char *why);

#endif
