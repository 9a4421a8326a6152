/* SPDX-License-Identifier: MIT
 *
 * A trace as people read it: at most 80 columns of printable ASCII, whatever the network
 * sent, plus what `style` adds.  All functions write like snprintf(): terminated when the
 * size is not 0, and they return the length of the whole text.
 */
#ifndef CORE_TRACE_TEXT_H
#define CORE_TRACE_TEXT_H

#include "core/base/style.h"
#include "core/trace/trace.h"

enum {
	TRACE_TEXT_COLUMNS = 80,
	TRACE_TEXT_BLOCK_SIZE = 4096, /* enough for any of these */
};

/* A line, or more when it is too long:
 * "    2  0.000123456  192.0.2.1:123 > 192.0.2.9:40000  NTPv4 server, ...". */
size_t trace_text_packet(const struct trace_packet *packet, char *buf, size_t size);

/* The packet and the frame it belongs to, on one line of any length: "NTPv4 client". */
size_t trace_text_info(const struct trace_packet *packet, char *buf, size_t size);

/* Offset and delay, then the four timestamps (or the reading), one per line. */
size_t trace_text_exchange(const struct trace_exchange *exchange, const struct style *style,
                           char *buf, size_t size);

size_t trace_text_silence(const struct trace_silence *silence, const struct style *style,
                          char *buf, size_t size);

/* The exchange as a ladder with its timestamps, the sums below it, and the conclusion; as
 * wide as the style, from 40 to TRACE_TEXT_COLUMNS columns. */
enum { TRACE_TEXT_LADDER_COLUMNS_MIN = 40 };
size_t trace_text_ladder(const struct trace_exchange *exchange, const struct style *style,
                         char *buf, size_t size);

/* The last lines: the counts, and which clock was compared. */
size_t trace_text_summary(const struct trace_counts *counts, char *buf, size_t size);

/* "ARP (EtherType 0x0806)".  Room for TRACE_TEXT_UNREAD_SIZE. */
enum { TRACE_TEXT_UNREAD_SIZE = FRAME_NAME_SIZE + 20 };
size_t trace_text_unread(const struct trace_unread *kind, char *buf);

/* "192.0.2.1:123", "[2001:db8::1]:123".  Room for TRACE_TEXT_ENDPOINT_SIZE. */
enum { TRACE_TEXT_ENDPOINT_SIZE = ADDRESS_TEXT_SIZE + 10 };
size_t trace_text_endpoint(const struct address *address, char *buf);

#endif
