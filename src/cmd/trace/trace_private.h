/* SPDX-License-Identifier: MIT
 *
 * Between the files of `trace`: trace.c follows and shows, open.c opens and closes.
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

/* One run. */
struct session {
	const struct trace_settings
		*settings; /* `read` is the operand, where there is one */
	const char *name;  /* of the interface or file, for messages */
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

/* These: 0, or the exit status with a line on stderr. */
int trace_collect_ports(struct session *session);
/* Input, output, no right any more, and the sandbox; then the head of a file. */
int trace_open(struct session *session);
int trace_close(struct session *session);

/* Returns the exit status. */
int trace_complain_capture(const struct session *session, const char *why);

#endif
