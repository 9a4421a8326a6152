/* SPDX-License-Identifier: MIT
 *
 * A server's reply judged: the one rule by which `query`, `set` and `check` use an answer or refuse it, and
 * by which `trace` says whether a client would.
 *
 *   reply_read -> reply_sample
 *
 * The first looks at the packet alone, the second at the four timestamps; each says in words why not.
 */
#ifndef CORE_SELECT_REPLY_H
#define CORE_SELECT_REPLY_H

#include "core/ntp/packet.h"
#include "core/select/sample.h"

enum reply_outcome {
	REPLY_FOREIGN,  /* without our cookie: must change no state of the caller */
	REPLY_REPEATED, /* tells the time of the reply before: nor must this */
	REPLY_BROKEN,   /* ours, and not whole: settles nothing, a better one may follow */
	REPLY_REFUSED,  /* settles the request by saying why there is no time to use */
	REPLY_USABLE,
};

enum { REPLY_REASON_SIZE = 120 };

struct reply_packet {
	const uint8_t *octets;
	size_t len;
	bool is_cut; /* the datagram had more than these */
	struct ntp_ts cookie;
	bool has_last; /* a reply of this server was used before ... */
	struct ntp_ts last_transmit;
};

struct reply {
	enum reply_outcome outcome;
	enum ntp_verdict verdict;
	struct ntp_header header; /* when ntp_verdict_is_answer(verdict), else zero */
	char reason
		[REPLY_REASON_SIZE]; /* "" when usable; plain ASCII whatever the packet has */
};

/* Up to the timestamps, which reply_sample() judges.  `*ret` is always written. */
void reply_read(const struct reply_packet *packet, struct reply *ret);

/* What the client knows beside the packet. */
struct reply_times {
	struct instant t1, t4; /* as in core/select/sample.h */
	int64_t t4_mono_ns;
	int64_t local_precision_ns;
	int64_t drift_ppb;
	int64_t root_distance_max_ns;
};

/* `*ret` is written for SAMPLE_OK alone; `reason`, with room for REPLY_REASON_SIZE, for all others. */
MUST_USE enum sample_verdict reply_sample(const struct ntp_header *header,
                                          const struct reply_times *times,
                                          struct sample *ret, char *reason);

/* The reason of REPLY_REPEATED, and those of the protocols that have no packet to judge. */
#define REPLY_REPEATS "it repeats the transmit timestamp of the reply before"
#define REPLY_NOT_A_TIME "its answer is not a time"
#define REPLY_DAYTIME "daytime is shown, never used: its format is free"

#endif
