/* SPDX-License-Identifier: MIT
 *
 * `reqtime trace`, the protocol analyzer: reads frames and shows packets and exchanges.
 */
#include "cmd/trace/trace_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/trace/json_private.h"
#include "core/base/span.h"
#include "core/base/text.h"
#include "core/trace/text.h"
#include "io/sys/kernel_clock.h"

enum { WAIT_MS = 100 };

static volatile sig_atomic_t is_interrupted; /* the number of the signal */

static void interrupt(int signal)
{
	is_interrupted = signal;
}

/* Without SA_RESTART a signal also interrupts a read from an idle pipe.  If the signal
 * comes just before such a read, a second one ends the program. */
static int catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt,
		                    .sa_flags = (int)SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0) {
		command_complain("cannot catch signals: %s", strerror(errno));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

static int check_settings(const struct trace_settings *settings)
{
	if (!settings->interface && !settings->read) {
		command_complain(
			"trace needs a FILE to read, or --interface IFACE to listen "
			"on; try \"reqtime trace --help\"");
		return REQTIME_EXIT_USAGE;
	}
	if (settings->interface && settings->read) {
		command_complain("give a FILE to read or --interface, not both");
		return REQTIME_EXIT_USAGE;
	}
	if (settings->explains && settings->is_json) {
		command_complain("--explain contradicts --json: give one of them");
		return REQTIME_EXIT_USAGE;
	}
	if (settings->exchange > 0 && !settings->explains) {
		command_complain("--exchange needs --explain");
		return REQTIME_EXIT_USAGE;
	}
	if (settings->timeout_ns > 0 && !settings->interface) {
		command_complain("--timeout needs --interface: a file is read to its end");
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

/* Takes the operand as the file to read. */
static int take_operands(struct trace_settings *settings, const char *const *operands,
                         size_t count)
{
	char quoted[COMMAND_QUOTE_SIZE];
	size_t extra = settings->read ? 0 : 1;

	if (count > extra) {
		command_complain("one file at a time: \"%s\" is one too many",
		                 command_quote(operands[extra], quoted));
		return REQTIME_EXIT_USAGE;
	}
	if (count > 0) {
		settings->read = operands[0];
	}
	return 0;
}

static int show_silences(struct session *session, struct instant now)
{
	struct trace_silence silence;
	char block[TRACE_TEXT_BLOCK_SIZE];
	int status = 0;

	while (status == 0 && trace_next_silence(session->trace, now, &silence)) {
		if (session->settings->explains) {
			continue;
		}
		if (session->settings->is_json) {
			status = command_print(trace_json_silence(&silence));
		} else {
			trace_text_silence(&silence, &session->style, block, sizeof(block));
			fputs(block, stdout);
		}
	}
	return status;
}

static int show_packet(const struct session *session, const struct trace_packet *packet)
{
	char block[TRACE_TEXT_BLOCK_SIZE];

	if (session->settings->explains ||
	    (packet->protocol == TRACE_NONE && !session->settings->shows_all)) {
		return 0;
	}
	if (session->settings->is_json) {
		return command_print(trace_json_packet(packet));
	}
	trace_text_packet(packet, block, sizeof(block));
	fputs(block, stdout);
	return 0;
}

static int show_exchange(struct session *session, const struct trace_exchange *exchange)
{
	const struct trace_settings *settings = session->settings;
	char block[TRACE_TEXT_BLOCK_SIZE];

	if (settings->is_json) {
		return command_print(trace_json_exchange(exchange));
	}
	if (!settings->explains) {
		trace_text_exchange(exchange, &session->style, block, sizeof(block));
	} else if (settings->exchange ? exchange->number == settings->exchange
	                              : exchange->has_result) {
		trace_text_ladder(exchange, &session->style, block, sizeof(block));
		session->is_explained = true;
	} else {
		return 0;
	}
	fputs(block, stdout);
	return 0;
}

static int take_frame(struct session *session, const struct trace_input *frame)
{
	struct trace_packet packet, assumed;
	struct trace_exchange exchange;
	bool is_complete;
	int status;

	status = show_silences(session, frame->at);
	if (status != 0) {
		return status;
	}
	is_complete = trace_frame(session->trace, frame, &packet, &exchange);
	while (status == 0 && trace_next_assumed(session->trace, &assumed)) {
		/* Each frame is shown once. */
		status = session->settings->shows_all ? 0 : show_packet(session, &assumed);
	}
	if (status == 0) {
		status = show_packet(session, &packet);
	}
	if (status == 0 && is_complete) {
		status = show_exchange(session, &exchange);
	}
	/* command_main() reports a closed pipe at the end. */
	if (session->settings->interface && command_flush() != 0) {
		is_interrupted = SIGPIPE;
	}
	return status;
}

static bool is_over(const struct session *session)
{
	const struct trace_settings *settings = session->settings;
	struct reading now;

	if (is_interrupted || session->is_explained || ferror(stdout) != 0 ||
	    (settings->count > 0 && session->trace->counts.frames >= settings->count)) {
		return true;
	}
	return settings->timeout_ns > 0 && kernel_clock_now(&now) == 0 &&
	       now.mono_ns >= session->deadline_mono_ns;
}

static int follow(struct session *session)
{
	char why[CAPTURE_WHY_SIZE] = "";
	struct trace_input frame;
	struct reading now;
	int status = 0;

	while (status == 0 && !is_over(session)) {
		switch (capture_next(session->capture, WAIT_MS, &frame, why)) {
		case CAPTURE_FRAME:
			status = take_frame(session, &frame);
			break;
		case CAPTURE_NOTHING:
			if (session->settings->interface && kernel_clock_now(&now) == 0) {
				status = show_silences(session, now.wall);
				(void)command_flush();
			}
			break;
		case CAPTURE_END:
			return 0;
		case CAPTURE_FAILED:
		default:
			/* A read interrupted by our signal has not failed. */
			return is_interrupted ? 0 : trace_complain_capture(session, why);
		}
	}
	return status;
}

static int complain_unexplained(const struct session *session)
{
	const struct trace_counts *counts = &session->trace->counts;

	if (session->settings->exchange > 0 || counts->exchanges == 0) {
		command_complain("no such exchange to explain: %llu seen",
		                 (unsigned long long)counts->exchanges);
	} else {
		command_complain(
			"no exchange with an offset to explain: %llu seen without; "
			"--exchange N draws one",
			(unsigned long long)counts->exchanges);
	}
	return REQTIME_EXIT_NOTHING;
}

static int show_end(struct session *session)
{
	const struct trace_settings *settings = session->settings;
	struct trace_counts *counts = &session->trace->counts;
	uint64_t lost = capture_lost(session->capture);
	char block[TRACE_TEXT_BLOCK_SIZE];
	int status = show_silences(session, (struct instant){ .unix_ns = INT64_MAX });

	if (status != 0) {
		return status;
	}
	if (settings->is_json) {
		return command_print(trace_json_summary(counts, lost));
	}
	if (settings->explains && !session->is_explained) {
		return complain_unexplained(session);
	}
	if (!settings->explains) {
		trace_text_summary(counts, block, sizeof(block));
		fputs(block, stdout);
	}
	if (lost > 0) {
		command_complain("%llu frames were lost: the machine was too slow",
		                 (unsigned long long)lost);
	}
	return 0;
}

static void put_ports(struct text *out, const struct session *session)
{
	if (session->settings->shows_all) {
		text_put(out, "all frames");
		return;
	}
	for (size_t i = 0; i < session->port_count; i++) {
		text_format(out, "%s%s %u", i > 0 ? ", " : "",
		            trace_protocol_name(session->ports[i].protocol),
		            (unsigned)session->ports[i].port);
	}
	text_put(out, " (--port adds one, --all takes all frames, tunnels too)");
}

static void put_ends(struct text *out, const struct trace_settings *settings)
{
	char span[SPAN_TEXT_SIZE];

	if (settings->count > 0) {
		text_format(out, "after %u frames or ", settings->count);
	}
	if (settings->timeout_ns > 0) {
		span_format(settings->timeout_ns, 0, span);
		text_format(out, "after %s or ", span);
	}
	text_put(out, "with Ctrl-C");
}

/* Until a packet arrives, nothing else shows that it runs. */
static void announce(const struct session *session)
{
	char ports[96 + 24 * TRACE_PORTS_MAX], ends[96], quoted[COMMAND_QUOTE_SIZE];
	struct text ports_out = text_to(ports, sizeof(ports));
	struct text ends_out = text_to(ends, sizeof(ends));

	if (!session->settings->interface || session->settings->is_quiet) {
		return;
	}
	put_ports(&ports_out, session);
	put_ends(&ends_out, session->settings);
	command_complain("listening on %s: %s; ends %s",
	                 command_quote(session->settings->interface, quoted), ports, ends);
}

static int trace_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	struct trace_settings all = *(const struct trace_settings *)settings;
	struct session session = { .settings = &all };
	int status = take_operands(&all, operands, operand_count);
	int end_status;

	if (status == 0) {
		status = check_settings(&all);
	}
	if (status == 0) {
		status = trace_collect_ports(&session);
	}
	if (status != 0) {
		return status;
	}
	session.trace = malloc(sizeof(*session.trace));
	if (!session.trace) {
		return command_complain_memory();
	}
	trace_init(session.trace, session.ports, session.port_count);
	session.style =
		terminal_style(STDOUT_FILENO, (enum terminal_color)session.settings->color);
	status = trace_open(&session);
	/* Before this there is nothing to report. */
	if (status == 0) {
		status = catch_signals();
	}
	if (status == 0) {
		announce(&session);
		status = follow(&session);
		end_status = show_end(&session);
		status = status != 0 ? status : end_status;
	}
	end_status = trace_close(&session);
	return status != 0 ? status : end_status;
}

const struct command command_trace = {
	.name = "trace",
	.summary = "show the packets of exchanges, live or from a file",
	.operands = "[FILE]",
	.examples = "    sudo reqtime trace --interface eth0      live, until Ctrl-C\n"
		    "    reqtime trace FILE                       from a capture file\n"
		    "    reqtime trace --explain FILE             how an offset is "
		    "calculated\n",
	.options = trace_options,
	.option_count = TRACE_OPTION_COUNT,
	.settings_size = sizeof(struct trace_settings),
	.run = trace_run,
};
