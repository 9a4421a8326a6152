/* SPDX-License-Identifier: MIT
 *
 * Interleaved mode of a server (RFC 9769 section 2): an answer tells when the answer before
 * it really left, which the kernel says only afterwards.
 *
 * What is kept of an answer is its receive stamp, by which the client will name it, and its
 * transmit time; each is used once.  Nothing is kept for, and nothing interleaved is sent
 * to, clients that do not ask for it.  The table is fixed in size, newer answers
 * push older ones out, and all threads share it, for a client comes back from another port.
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
/* The transmit time of the answer that `request` names; false when it is not known, or not any
 * more. */
bool interleave_take(struct interleave_table *table, const struct ntp_header *request,
                     struct instant *ret_departed);
/* The clock was moved: what is kept is of the other side. */
void interleave_forget(struct interleave_table *table);

/* Makes the basic answer in `buf`, NTP_HEADER_OCTETS, an interleaved one. */
void interleave_reply(const struct ntp_header *request, struct instant transmitted,
                      uint8_t *buf);

#endif
