/* SPDX-License-Identifier: MIT
 *
 * The options of `trace`; the static build has them too, to report that it lacks the
 * command.
 */
#include "cmd/trace/trace_private.h"

#include <limits.h>

const struct option_row trace_options[TRACE_OPTION_COUNT] = {
	{ "interface", 'i', OPT_TEXT, offsetof(struct trace_settings, interface), 0, 0,
	  "IFACE", "capture on this interface; \"any\" means all" },
	{ "read", 'r', OPT_TEXT, offsetof(struct trace_settings, read), 0, 0, "FILE",
	  "read a pcap or pcapng file, as FILE does; - is standard input" },
	{ "write", 'w', OPT_TEXT, offsetof(struct trace_settings, write), 0, 0, "FILE",
	  "write the frames to a pcap file" },
	{ "port", 'p', OPT_TEXTS, offsetof(struct trace_settings, ports), 0, 0, "[PROTO:]N",
	  "another port of a protocol: ntp (the default), reqtime, time or daytime; may be "
	  "repeated" },
	{ "count", 'n', OPT_COUNT, offsetof(struct trace_settings, count), 1, UINT_MAX, "N",
	  "stop after N frames" },
	{ "timeout", 't', OPT_SPAN_NS, offsetof(struct trace_settings, timeout_ns), 1,
	  INT64_MAX, "SPAN", "stop a live capture after SPAN" },
	{ "all", 'a', OPT_FLAG, offsetof(struct trace_settings, shows_all), 0, 0, NULL,
	  "also show frames without a time protocol; a live capture takes all ports and "
	  "tunnels" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct trace_settings, is_quiet), 0, 0, NULL,
	  "do not announce a live capture" },
	{ "explain", 'e', OPT_FLAG, offsetof(struct trace_settings, explains), 0, 0, NULL,
	  "draw one exchange as a ladder, with the calculation" },
	{ "exchange", 'x', OPT_COUNT, offsetof(struct trace_settings, exchange), 1,
	  UINT_MAX, "N", "exchange to explain (default: the first with an offset)" },
	{ "color", 0, OPT_WORD, offsetof(struct trace_settings, color), 0, 0,
	  TERMINAL_COLOR_WORDS,
	  "colour the output (auto: on a terminal, unless NO_COLOR is set)" },
	{ "json", 0, OPT_FLAG, offsetof(struct trace_settings, is_json), 0, 0, NULL,
	  "print JSON, one object per line" },
};
