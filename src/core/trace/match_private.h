/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of core/trace: pending requests and the steps that match them.
 */
#ifndef CORE_TRACE_MATCH_PRIVATE_H
#define CORE_TRACE_MATCH_PRIVATE_H

#include "core/trace/trace.h"

/* Remembers the packet as a request and returns its place; both ends are the packet's. */
struct trace_pending *trace_pending_add(struct trace *trace,
                                        const struct trace_packet *packet);
/* The request with that number, counted from 0; NULL when it has left the ring. */
struct trace_pending *trace_pending_at(struct trace *trace, uint64_t id);

/* The packet answers `pending`: fills in both, and the exchange. */
void trace_complete(struct trace *trace, struct trace_pending *pending,
                    struct trace_packet *packet, struct trace_exchange *ret);

/* ICMP reports the latest request between those ends as undeliverable. */
void trace_refuse(struct trace *trace, const struct trace_packet *packet);

/* The server's own address, or a group that it answers for. */
bool trace_is_asked(const struct trace_pending *pending, const struct address *server);

/* count.c: counts a frame once it is matched. */
void trace_count(struct trace *trace, const struct trace_packet *packet);
/* The same for a packet that was counted as one of no protocol before. */
void trace_count_anew(struct trace *trace, const struct trace_packet *packet);

/* early.c: keeps an answer whose request has not been seen yet. */
void trace_early_keep(struct trace *trace, const struct trace_packet *answer);
/* Completes the exchange of a request just added, if its answer was kept; `packet` is the
 * request, and gets the note. */
bool trace_early_complete(struct trace *trace, struct trace_pending *pending,
                          struct trace_packet *packet, struct trace_exchange *ret);

/* guess.c: whether the packet, on unknown ports, is NTP by its cookie.  It is kept if it
 * may turn out to be NTP later. */
bool trace_guess(struct trace *trace, const struct trace_packet *packet);
/* Whether it goes to or comes from a server found by guessing. */
bool trace_is_known_server(const struct trace *trace, const struct frame *frame,
                           bool *ret_is_to_server);

/* text_protocol.c: reads the `text` of an answer, over UDP or reassembled from TCP.  Sets
 * the reading and the text, or the note when it is no answer of the protocol. */
void trace_read_answer(struct trace_packet *packet, const uint8_t *text, size_t octets);
/* Notes that the packet is not the request line. */
void trace_malformed_request(struct trace_packet *packet);
bool trace_text_udp(struct trace *trace, struct trace_packet *packet,
                    struct trace_exchange *ret);

/* ntp.c: decodes the payload. */
void trace_ntp_read(struct trace_packet *packet);
/* These take a packet; true when it completes an exchange. */
bool trace_ntp_take(struct trace *trace, struct trace_packet *packet, bool is_to_server,
                    struct trace_exchange *ret);
bool trace_tcp(struct trace *trace, struct trace_packet *packet, bool is_to_server,
               struct trace_exchange *ret);

#endif
