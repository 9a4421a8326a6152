/* SPDX-License-Identifier: MIT
 *
 * A trace as JSON, as reqtime-trace(1) specifies it: one object per line, ASCII only.  An
 * unknown value is null, never 0.
 */
#ifndef CMD_TRACE_JSON_PRIVATE_H
#define CMD_TRACE_JSON_PRIVATE_H

#include "core/trace/trace.h"

/* A line without a line feed, freed by the caller; NULL: out of memory. */
char *trace_json_packet(const struct trace_packet *packet);
char *trace_json_exchange(const struct trace_exchange *exchange);
char *trace_json_silence(const struct trace_silence *silence);
char *trace_json_summary(const struct trace_counts *counts, uint64_t lost);

#endif
