/* SPDX-License-Identifier: MIT
 *
 * The options of `trace`, which the static build knows as well: it says what it lacks.
 */
#include "cmd/trace/trace_private.h"

#include <limits.h>

const struct option_row trace_options[TRACE_OPTION_COUNT] = {
	{ "interface", 'i', OPT_TEXT, offsetof(struct trace_settings, interface), 0, 0,
	  "IFACE", "capture on this interface; \"any\": on all" },
	{ "read", 'r', OPT_TEXT, offsetof(struct trace_settings, read), 0, 0, "FILE",
	  "read a pcap or pcapng file, like FILE alone; \"-\": standard input" },
	{ "write", 'w', OPT_TEXT, offsetof(struct trace_settings, write), 0, 0, "FILE",
	  "keep the frames in a pcap file" },
	{ "port", 'p', OPT_TEXTS, offsetof(struct trace_settings, ports), 0, 0, "[PROTO:]N",
	  "a port beside the standard ones; PROTO is ntp (the default), reqtime, time or "
	  "daytime; repeatable" },
	{ "count", 'n', OPT_COUNT, offsetof(struct trace_settings, count), 1, UINT_MAX, "N",
	  "end after N frames" },
	{ "timeout", 't', OPT_SPAN_NS, offsetof(struct trace_settings, timeout_ns), 1,
	  INT64_MAX, "SPAN", "end a live capture after SPAN" },
	{ "all", 'a', OPT_FLAG, offsetof(struct trace_settings, shows_all), 0, 0, NULL,
	  "show the frames without a time protocol too; live: capture all ports and "
	  "tunnels" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct trace_settings, is_quiet), 0, 0, NULL,
	  "do not say what a live capture listens to" },
	{ "explain", 'e', OPT_FLAG, offsetof(struct trace_settings, explains), 0, 0, NULL,
	  "draw one exchange as a ladder with its sums, and nothing else" },
	{ "exchange", 'x', OPT_COUNT, offsetof(struct trace_settings, exchange), 1,
	  UINT_MAX, "N", "the one to explain; else the first with an offset" },
	{ "color", 0, OPT_WORD, offsetof(struct trace_settings, color), 0, 0,
	  TERMINAL_COLOR_WORDS,
	  "colour what is amiss; auto: on a terminal, unless NO_COLOR is set" },
	{ "json", 0, OPT_FLAG, offsetof(struct trace_settings, is_json), 0, 0, NULL,
	  "print JSON, an object a line" },
};
