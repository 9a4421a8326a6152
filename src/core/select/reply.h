/* SPDX-License-Identifier: MIT
 *
 * Checks a server's reply.  `query`, `set` and `check` accept and reject replies by it, and
 * `trace` shows what a client would do.
 *
 *   reply_read -> reply_sample
 *
 * The first checks the packet, the second the four timestamps; each gives a reason in
 * words.
 */
#ifndef CORE_SELECT_REPLY_H
#define CORE_SELECT_REPLY_H

#include "core/ntp/packet.h"
#include "core/select/sample.h"

enum reply_outcome {
	REPLY_FOREIGN,  /* without our cookie: must not change the caller's state */
	REPLY_REPEATED, /* same transmit timestamp as the last reply: nor must this */
	REPLY_BROKEN,   /* ours but damaged: a valid one may follow */
	REPLY_REFUSED,  /* ends the request without a usable time */
	REPLY_USABLE,
};

enum { REPLY_REASON_SIZE = 120 };

struct reply_packet {
	const uint8_t *octets;
	size_t len;
	bool is_cut; /* the datagram was longer */
	struct ntp_ts cookie;
	bool has_last; /* an earlier reply of this server was used */
	struct ntp_ts last_transmit;
};

struct reply {
	enum reply_outcome outcome;
	enum ntp_verdict verdict;
	struct ntp_header header;       /* when ntp_verdict_is_answer(verdict), else zero */
	char reason[REPLY_REASON_SIZE]; /* "" when usable; always plain ASCII */
};

/* All but the timestamps, which reply_sample() checks.  `*ret` is always written. */
void reply_read(const struct reply_packet *packet, struct reply *ret);

/* The client's own data for the exchange. */
struct reply_times {
	struct instant t1, t4; /* as in core/select/sample.h */
	int64_t t4_mono_ns;
	int64_t local_precision_ns;
	int64_t drift_ppb;
	int64_t root_distance_max_ns;
};

/* `*ret` is written only for SAMPLE_OK; `reason`, of REPLY_REASON_SIZE, only for all
 * others. */
MUST_USE enum sample_verdict reply_sample(const struct ntp_header *header,
                                          const struct reply_times *times,
                                          struct sample *ret, char *reason);

/* The reason of REPLY_REPEATED, and those of the protocols without a packet. */
#define REPLY_REPEATS "it repeats the transmit timestamp of the last reply"
#define REPLY_NOT_A_TIME "its answer is not a time"
#define REPLY_DAYTIME "daytime is only shown: its format is not standardised"

#endif
