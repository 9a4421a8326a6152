/* SPDX-License-Identifier: MIT
 *
 * Interleaved mode of a server (RFC 9769 section 2): an answer carries the true transmit
 * time of the answer before it, which the kernel reports only after sending.
 *
 * An entry has the receive stamp of an answer, by which the client refers to it, and its
 * transmit time; it is used once.  Only clients that ask for the mode get entries and
 * interleaved answers.  The table has a fixed size and newer answers replace older ones.
 * All threads share it, as a client may come back from another port.
 */
#ifndef CORE_NTP_INTERLEAVE_H
#define CORE_NTP_INTERLEAVE_H

#include "core/ntp/packet.h"

enum { INTERLEAVE_ENTRIES = 4096 };

struct interleave_entry {
	uint64_t received; /* wire form; 0: free */
	int64_t departed_unix_ns;
};

/* Starts as zeros. */
struct interleave_table {
	struct interleave_entry entries[INTERLEAVE_ENTRIES];
};

/* Whether the request may name an earlier answer: its origin is one, and its receive and
 * transmit stamps differ. */
bool interleave_is_asked(const struct ntp_header *request);

void interleave_keep(struct interleave_table *table, struct ntp_ts received,
                     struct instant transmitted);
/* The transmit time of the answer that `request` refers to; false when it is not known,
 * or no longer. */
bool interleave_take(struct interleave_table *table, const struct ntp_header *request,
                     struct instant *ret_departed);
/* Clears the table after the clock was stepped. */
void interleave_forget(struct interleave_table *table);

/* Turns the basic answer in `buf`, NTP_HEADER_OCTETS, into an interleaved one. */
void interleave_reply(const struct ntp_header *request, struct instant transmitted,
                      uint8_t *buf);

#endif
