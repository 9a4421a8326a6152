/* SPDX-License-Identifier: MIT
 *
 * Between the parts of core/trace: requests that wait for their answer.
 */
#ifndef CORE_TRACE_MATCH_PRIVATE_H
#define CORE_TRACE_MATCH_PRIVATE_H

#include "core/trace/trace.h"

/* Remembers the packet as a request and returns its place; both ends are the packet's. */
struct trace_pending *trace_pending_add(struct trace *trace,
                                        const struct trace_packet *packet);
/* The request of that number, counted from 0; NULL when it is forgotten. */
struct trace_pending *trace_pending_at(struct trace *trace, uint64_t id);

/* The packet answers `pending`: fills in both, and the exchange. */
void trace_complete(struct trace *trace, struct trace_pending *pending,
                    struct trace_packet *packet, struct trace_exchange *ret);

/* What is told over UDP, or was put together from TCP: `text` of a server.  Sets reading
 * and text, or the note when it is no answer of the protocol. */
void trace_read_answer(struct trace_packet *packet, const uint8_t *text, size_t octets);

/* One packet each; true when it completes an exchange. */
bool trace_ntp(struct trace *trace, struct trace_packet *packet,
               struct trace_exchange *ret);
bool trace_tcp(struct trace *trace, struct trace_packet *packet, bool is_to_server,
               struct trace_exchange *ret);

#endif
