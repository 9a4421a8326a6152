/* SPDX-License-Identifier: MIT
 *
 * The table of transmit times for interleaved mode.
 */
#include "core/ntp/interleave.h"

static uint64_t word_from(struct ntp_ts ts)
{
	return (uint64_t)ts.seconds << 32 | ts.fraction;
}

bool interleave_is_asked(const struct ntp_header *request)
{
	return request->mode == NTP_MODE_CLIENT && !ntp_ts_is_zero(request->origin) &&
	       !ntp_ts_is_zero(request->receive) &&
	       !ntp_ts_equal(request->receive, request->transmit);
}

/* Receive stamps differ in their low bits, which no client chooses; only the client that
 * received a stamp can refer to it. */
static struct interleave_entry *entry_of(struct interleave_table *table, uint64_t received)
{
	uint64_t mixed = received * UINT64_C(0x9e3779b97f4a7c15);

	return &table->entries[mixed >> 52];
}
_Static_assert(INTERLEAVE_ENTRIES == 1 << (64 - 52), "the shift fits the table");

void interleave_keep(struct interleave_table *table, struct ntp_ts received,
                     struct instant transmitted)
{
	struct interleave_entry *e = entry_of(table, word_from(received));

	/* In this order a reader gets the transmit time of its own stamp, or none. */
	__atomic_store_n(&e->received, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->departed_unix_ns, transmitted.unix_ns, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->received, word_from(received), __ATOMIC_SEQ_CST);
}

bool interleave_take(struct interleave_table *table, const struct ntp_header *request,
                     struct instant *ret_departed)
{
	uint64_t received = word_from(request->origin);
	struct interleave_entry *e = entry_of(table, received);
	int64_t departed_unix_ns;

	if (__atomic_load_n(&e->received, __ATOMIC_SEQ_CST) != received) {
		return false;
	}
	departed_unix_ns = __atomic_load_n(&e->departed_unix_ns, __ATOMIC_SEQ_CST);
	if (!__atomic_compare_exchange_n(&e->received, &received, 0, false,
	                                 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		return false;
	}
	ret_departed->unix_ns = departed_unix_ns;
	return true;
}

void interleave_forget(struct interleave_table *table)
{
	for (size_t i = 0; i < INTERLEAVE_ENTRIES; i++) {
		__atomic_store_n(&table->entries[i].received, 0, __ATOMIC_RELAXED);
	}
}

void interleave_reply(const struct ntp_header *request, struct instant transmitted,
                      uint8_t *buf)
{
	struct ntp_header reply;

	ntp_header_read(buf, &reply);
	reply.origin = request->receive;
	reply.transmit = ntp_from_instant(transmitted);
	/* Clients reject a reference later than the transmit stamp. */
	if (!ntp_ts_is_zero(reply.reference) &&
	    ntp_ts_diff_ns(reply.reference, reply.transmit) > 0) {
		reply.reference = reply.transmit;
	}
	ntp_header_write(&reply, buf);
}
