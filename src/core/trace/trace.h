/* SPDX-License-Identifier: MIT
 *
 * Frames in, decoded packets and whole exchanges out.
 *
 *   trace_init -> (trace_next_silence* -> trace_frame -> trace_next_assumed*)*
 *     -> trace_next_silence*
 *
 * An answer is matched to its request, whichever was captured first: for NTP, its origin
 * timestamp is the request's transmit timestamp, between the same addresses and ports; for
 * the text protocols over UDP, by the order between two addresses and ports; over TCP, by
 * the connection.
 *
 * NTP is found on any UDP port: when a packet of mode 4 returns the transmit timestamp of
 * one of mode 3 between the same addresses and ports, the server's port is assumed to be
 * NTP from then on.
 *
 * core/select/reply.h, the client's own rule, decides whether an answer is usable.
 *
 * T1 and T4 are the times at which the capture saw the request and the answer, by the clock
 * of the capturing machine.  The sign is that of core/select/sample.h: offset = server
 * clock - capturing clock.
 */
#ifndef CORE_TRACE_TRACE_H
#define CORE_TRACE_TRACE_H

#include "core/ntp/packet.h"
#include "core/select/reply.h"
#include "core/trace/frame.h"

enum trace_protocol {
	TRACE_NONE,
	TRACE_NTP,     /* UDP only */
	TRACE_REQTIME, /* UDP and TCP, like the next two */
	TRACE_TIME,    /* RFC 868 */
	TRACE_DAYTIME, /* RFC 867 */
	TRACE_NTS_KE,  /* RFC 8915, key exchange: TLS over TCP, whose octets say nothing */
	TRACE_PROTOCOL_COUNT
};
const char *trace_protocol_name(enum trace_protocol protocol); /* "ntp"; never NULL */

struct trace_port {
	enum trace_protocol protocol;
	uint16_t port;
};

enum { TRACE_STANDARD_PORTS = 5 };
extern const struct trace_port trace_standard_ports[TRACE_STANDARD_PORTS];

/* "ntp:11123", "reqtime:19191", "time:1037", "daytime:1013", "nts-ke:14460"; a number alone means the
 * protocol with that standard port, else NTP.  False, and `*ret` unchanged, for anything
 * else. */
MUST_USE bool trace_port_parse(const char *text, struct trace_port *ret);

enum {
	TRACE_PORTS_MAX = 72,
	TRACE_PENDING_MAX = 1024,     /* requests kept to match an answer */
	TRACE_STREAMS_MAX = 256,      /* TCP connections followed at the same time */
	TRACE_EARLY_MAX = 64,         /* answers whose request has not been seen yet */
	TRACE_GUESSES_MAX = 256,      /* packets that may be NTP on an unknown port */
	TRACE_KNOWN_SERVERS_MAX = 64, /* servers on such ports, found by an answer */
	TRACE_UNREAD_MAX = 32,        /* kinds of frames that are not decoded */
	TRACE_TEXT_SIZE = 72,         /* of a line as received, unescaped */
};

/* The resolution of timestamps in many captures; differences within it are no
 * contradiction. */
#define TRACE_PRECISION_NS NS_PER_US

/* A later answer is late; a request without an answer for this long is silent. */
#define TRACE_WAIT_NS (5 * NS_PER_S)

enum trace_role {
	TRACE_OTHER,
	TRACE_REQUEST,
	TRACE_ANSWER,
};

/* Remarks on a packet; `related` in struct trace_packet is the other frame. */
enum trace_note {
	TRACE_NOTE_NONE,
	TRACE_NOTE_AGAIN,          /* the same request as `related` */
	TRACE_NOTE_DUPLICATE,      /* `related` is already answered */
	TRACE_NOTE_LATE,           /* more than TRACE_WAIT_NS after `related` */
	TRACE_NOTE_ELSEWHERE,      /* answers `related`, which went to another address */
	TRACE_NOTE_MISMATCH,       /* its origin timestamp is not that of `related` */
	TRACE_NOTE_UNASKED,        /* no request for it was seen */
	TRACE_NOTE_INTERLEAVED,    /* answers `related` in interleaved mode: RFC 9769 */
	TRACE_NOTE_MALFORMED,      /* not a packet of this protocol */
	TRACE_NOTE_RETRANSMISSION, /* TCP: octets already seen */
	TRACE_NOTE_GAP,            /* TCP: octets before it were not captured */
	TRACE_NOTE_REFUSED,        /* TCP: the connection of `related` was refused */
	TRACE_NOTE_CUT,            /* the capture kept too little of it to decode */
	TRACE_NOTE_AFTER,          /* a request captured after `related`, its answer */
	TRACE_NOTE_COUNT
};
const char *trace_note_name(enum trace_note note); /* as in JSON: "duplicate", ... */

struct trace_input {
	uint64_t number; /* in the capture, from 1 */
	struct instant at;
	enum frame_link link;
	const uint8_t *octets;
	size_t captured;
	size_t wire;
};

/* The extension fields of Network Time Security in a packet, RFC 8915 section 5. */
struct trace_nts {
	size_t unique_id_octets; /* 0: no such field, as for those below */
	size_t cookie_octets;    /* a request: the cookie that it spends */
	size_t placeholder_count;
	size_t authenticator_octets;
	size_t encrypted_octets; /* in the authenticator: an answer's new cookies */
};

/* A decoded frame. */
struct trace_packet {
	uint64_t number;
	struct instant at;
	int64_t since_first_ns;
	size_t captured;
	size_t wire;
	enum frame_verdict verdict;
	struct frame frame; /* its payload points into the input */
	enum trace_protocol protocol;
	enum trace_role role;
	enum trace_note note;
	uint64_t related; /* frame number; 0: none */
	uint64_t stream;  /* TCP: the frame that began the connection */
	bool has_mode;    /* NTP: version and mode of `ntp` are known */
	bool has_header;  /* ... all of it */
	struct ntp_header ntp;
	bool is_cut;                    /* the capture does not hold all of it */
	size_t extension_count;         /* fields after the header */
	struct trace_nts nts;           /* ... those of NTS among them */
	size_t mac_octets;              /* key id included; 4: a crypto-NAK; 0: none */
	uint32_t key_id;                /* where there is a MAC */
	bool is_assumed;                /* NTP by its cookie, on an unknown port */
	enum reply_outcome outcome;     /* NTP: as an answer to its origin timestamp ... */
	enum ntp_request_verdict asked; /* ... and as a request */
	char complaint[REPLY_REASON_SIZE]; /* why its receiver would not use it, or "" */
	bool has_reading;                  /* the text protocols: */
	struct instant reading;            /* the time in the answer */
	uint8_t text[TRACE_TEXT_SIZE];     /* reqtime and daytime: the line, unescaped */
	size_t text_octets;
};

struct trace_exchange {
	uint64_t number; /* from 1 */
	enum trace_protocol protocol;
	bool is_tcp;
	struct address client, server;
	uint64_t request_frame;
	uint64_t answer_frame;
	bool is_late;
	struct instant t1, t4;
	bool has_stamps; /* NTP: T2 and T3 */
	struct instant t2, t3;
	bool has_reading; /* else, one reading of the server's clock and its resolution */
	struct instant reading;
	int64_t resolution_ns;
	bool has_result; /* the timestamps do not contradict each other */
	int64_t offset_ns;
	int64_t delay_ns;                  /* >= 0 */
	bool is_assumed;                   /* as in struct trace_packet */
	bool is_authenticated;             /* the answer has an authenticator of NTS */
	char complaint[REPLY_REASON_SIZE]; /* why a client would not use it; "": it would */
};

/* A request without an answer. */
struct trace_silence {
	enum trace_protocol protocol;
	bool is_tcp;
	struct address client, server;
	uint64_t request_frame;
	struct instant asked;
	uint64_t refused_by; /* the frame with the TCP reset or ICMP error; 0: none */
};

/* Frames of one kind that are not decoded: see frame_unread_format(). */
struct trace_unread {
	enum frame_verdict verdict; /* FRAME_OK: UDP to or from port `code` */
	uint16_t code;
	uint64_t frames;
};

struct trace_counts {
	uint64_t frames;
	uint64_t packets; /* of a known time protocol */
	uint64_t requests;
	uint64_t answers;
	uint64_t exchanges;
	uint64_t late;
	uint64_t silent;     /* never answered; final after the last trace_next_silence() */
	uint64_t remarkable; /* packets with a note */
	uint64_t cut;        /* too short in the capture to be decoded */
	uint64_t assumed;    /* of `packets`: NTP by its cookie */
	uint64_t other_udp;  /* UDP of no known time protocol */
	uint64_t unread;     /* not decoded; the first kinds are in `unread_kinds` */
	struct trace_unread unread_kinds[TRACE_UNREAD_MAX];
	size_t unread_kind_count;
};

/* State of trace_frame(). */
struct trace_pending {
	enum trace_protocol protocol;
	bool is_tcp;
	bool is_answered;
	bool is_broken;    /* ... by a broken packet: a better answer may follow */
	bool has_transmit; /* ... with `transmit`, which a client would use */
	bool is_reported;  /* as silent */
	bool is_steady;    /* of an established association, where silence means nothing */
	struct address client, server;
	struct ntp_ts cookie;
	struct ntp_ts received; /* the request's receive timestamp */
	struct ntp_ts transmit;
	uint8_t mode;
	uint64_t frame;
	uint64_t refused_by;
	struct instant at;
};

struct trace_side {
	bool has_next;
	bool is_done;
	uint32_t next; /* sequence number expected */
	uint8_t text[TRACE_TEXT_SIZE];
	size_t text_octets;
};

struct trace_stream {
	enum trace_protocol protocol; /* TRACE_NONE: free */
	struct address client, server;
	uint64_t frame;
	uint64_t used; /* number of its last frame */
	uint64_t pending;
	bool has_pending;
	bool is_accepted; /* the server's SYN was seen */
	bool is_open;     /* ... and the client's acknowledgement */
	struct trace_side up;
	struct trace_side down;
};

/* About 400 kB; owned by the caller. */
struct trace {
	struct trace_port ports[TRACE_PORTS_MAX];
	size_t port_count;
	bool has_first;
	struct instant first;
	struct trace_counts counts;
	uint64_t pending_end;      /* requests seen so far; the last ones are in the ring */
	uint64_t pending_reported; /* all before it are answered or reported */
	struct trace_pending pending[TRACE_PENDING_MAX];
	struct trace_stream streams[TRACE_STREAMS_MAX];
	/* Without their payload; number 0: free. */
	struct trace_packet early[TRACE_EARLY_MAX];
	uint64_t early_end; /* kept so far */
	struct trace_packet guesses[TRACE_GUESSES_MAX];
	size_t assumed_due; /* confirmed guesses, for trace_next_assumed() */
	struct address known_servers[TRACE_KNOWN_SERVERS_MAX];
	uint64_t known_server_end; /* found so far */
};

/* Uses at most TRACE_PORTS_MAX of `ports`; the first match decides the protocol of a
 * port. */
void trace_init(struct trace *trace, const struct trace_port *ports, size_t count);

/* Takes the next frame.  True when it completes an exchange, which is then in
 * `*ret_exchange`; `*ret` is always written. */
bool trace_frame(struct trace *trace, const struct trace_input *in,
                 struct trace_packet *ret, struct trace_exchange *ret_exchange);

/* After trace_frame(): the earlier packets, oldest first, that it has shown to be
 * NTP.  Call until false. */
bool trace_next_assumed(struct trace *trace, struct trace_packet *ret);

/* The oldest unreported request that has waited longer than TRACE_WAIT_NS at `now`, or
 * whose place is needed.  Call until false before each trace_frame(), and with the largest
 * instant at the end. */
bool trace_next_silence(struct trace *trace, struct instant now, struct trace_silence *ret);

#endif
