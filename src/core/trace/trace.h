/* SPDX-License-Identifier: MIT
 *
 * Frames in, decoded packets and whole exchanges out.
 *
 *   trace_init -> (trace_next_silence* -> trace_frame -> trace_next_assumed*)* -> trace_next_silence*
 *
 * What makes an answer: NTP, its origin timestamp is the request's transmit timestamp
 * and it goes back between the same addresses and ports; the text protocols over UDP,
 * the order between two addresses and ports; over TCP, the connection.  Whichever of the two was
 * captured first.
 *
 * NTP is found on any UDP port: where a packet of mode 4 returns the transmit timestamp of one of mode 3
 * between the same addresses and ports, the server's port is assumed to be one of NTP from then on.
 *
 * Whether an answer is good is for core/select/reply.h to say, the client's own rule.
 *
 * T1 and T4 are the moments at which the capture saw the request and the answer: it is
 * the clock of the capturing machine that is compared, at the place where it listens.
 * THE SIGN is that of core/select/sample.h: offset = server - capturing clock.
 */
#ifndef CORE_TRACE_TRACE_H
#define CORE_TRACE_TRACE_H

#include "core/ntp/packet.h"
#include "core/select/reply.h"
#include "core/trace/frame.h"

enum trace_protocol {
	TRACE_NONE,
	TRACE_NTP,     /* over UDP alone */
	TRACE_REQTIME, /* UDP and TCP, as the next two */
	TRACE_TIME,    /* RFC 868 */
	TRACE_DAYTIME, /* RFC 867 */
	TRACE_PROTOCOL_COUNT
};
const char *trace_protocol_name(enum trace_protocol protocol); /* "ntp"; never NULL */

struct trace_port {
	enum trace_protocol protocol;
	uint16_t port;
};

enum { TRACE_STANDARD_PORTS = 4 };
extern const struct trace_port trace_standard_ports[TRACE_STANDARD_PORTS];

/* "ntp:11123", "reqtime:19191", "time:1037", "daytime:1013"; a number alone is the
 * protocol whose standard port it is, else NTP.  False and `*ret` untouched for anything
 * else. */
MUST_USE bool trace_port_parse(const char *text, struct trace_port *ret);

enum {
	TRACE_PORTS_MAX = 72,
	TRACE_PENDING_MAX = 1024, /* requests that an answer is looked for */
	TRACE_STREAMS_MAX = 256,  /* TCP connections followed at the same time */
	TRACE_EARLY_MAX = 64,     /* answers whose request was not seen yet */
	TRACE_GUESSES_MAX =
		256, /* packets that may be NTP on a port that nothing is known of */
	TRACE_KNOWN_SERVERS_MAX =
		64,            /* servers on such ports that are known by an answer */
	TRACE_UNREAD_MAX = 32, /* kinds of frames that were not looked into */
	TRACE_TEXT_SIZE = 72,  /* of a line as it came, unescaped */
};

/* The resolution of the stamps that many captures have; what is within it is no contradiction. */
#define TRACE_PRECISION_NS NS_PER_US

/* An answer after it is named late, a request without one silent. */
#define TRACE_PATIENCE_NS (5 * NS_PER_S)

enum trace_role {
	TRACE_OTHER,
	TRACE_REQUEST,
	TRACE_ANSWER,
};

/* What is remarkable about a packet; `related` of struct trace_packet is the frame meant. */
enum trace_note {
	TRACE_NOTE_NONE,
	TRACE_NOTE_AGAIN,          /* the same request as in `related` */
	TRACE_NOTE_DUPLICATE,      /* `related` was answered before */
	TRACE_NOTE_LATE,           /* more than TRACE_PATIENCE_NS after `related` */
	TRACE_NOTE_ELSEWHERE,      /* answers `related`, which went to another address */
	TRACE_NOTE_MISMATCH,       /* its origin is not what `related` sent */
	TRACE_NOTE_UNASKED,        /* no request to it was seen */
	TRACE_NOTE_INTERLEAVED,    /* answers `related` in interleaved mode: RFC 9769 */
	TRACE_NOTE_MALFORMED,      /* no packet of this protocol */
	TRACE_NOTE_RETRANSMISSION, /* TCP: octets that were there before */
	TRACE_NOTE_GAP,            /* TCP: octets before it were not captured */
	TRACE_NOTE_REFUSED,        /* TCP: the connection of `related` was refused */
	TRACE_NOTE_CUT,            /* the capture kept too little of it to decode */
	TRACE_NOTE_AFTER, /* a request that was captured after `related`, its answer */
	TRACE_NOTE_COUNT
};
const char *trace_note_name(enum trace_note note); /* as in JSON: "duplicate", ... */

struct trace_input {
	uint64_t number; /* from 1, as the capture counts */
	struct instant at;
	enum frame_link link;
	const uint8_t *octets;
	size_t captured;
	size_t wire;
};

/* One frame, decoded. */
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
	uint64_t stream;  /* TCP: the frame that the connection was first seen in */
	bool has_mode;    /* NTP: version and mode of `ntp` are known */
	bool has_header;  /* ... all of it */
	struct ntp_header ntp;
	bool is_cut;            /* ... and what follows was not all captured */
	size_t extension_count; /* fields after the header */
	size_t mac_octets;      /* key id included; 4: a crypto-NAK; 0: none */
	uint32_t key_id;        /* where there is a MAC */
	bool is_assumed; /* to be NTP: by its cookie, on a port that nothing else is known of */
	enum reply_outcome outcome; /* of NTP, as an answer to its origin timestamp ... */
	enum ntp_request_verdict asked; /* ... and as a request */
	char complaint
		[REPLY_REASON_SIZE]; /* why a client, or a server, would not use it; "": it would */
	bool has_reading;            /* the text protocols: */
	struct instant reading;        /* the time told */
	uint8_t text[TRACE_TEXT_SIZE]; /* reqtime and daytime: the line told, unescaped */
	size_t text_octets;
};

struct trace_exchange {
	uint64_t number; /* from 1 */
	enum trace_protocol protocol;
	bool is_tcp;
	struct address client;
	struct address server;
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
	char complaint[REPLY_REASON_SIZE]; /* why a client would not use it; "": it would */
};

/* A request that got no answer. */
struct trace_silence {
	enum trace_protocol protocol;
	bool is_tcp;
	struct address client;
	struct address server;
	uint64_t request_frame;
	struct instant asked;
	uint64_t
		refused_by; /* the frame that refused it, a reset of TCP or an error of ICMP; 0: none */
};

/* Frames of one kind that were not looked into: see frame_unread_format(). */
struct trace_unread {
	enum frame_verdict
		verdict; /* FRAME_OK: UDP to or from port `code`, see frame_unread_udp() */
	uint16_t code;
	uint64_t frames;
};

struct trace_counts {
	uint64_t frames;
	uint64_t packets; /* of a protocol known here */
	uint64_t requests;
	uint64_t answers;
	uint64_t exchanges;
	uint64_t late;
	uint64_t silent;     /* never answered; final after the last trace_next_silence() */
	uint64_t remarkable; /* packets with a note */
	uint64_t cut; /* too short in the capture to be decoded, or to tell what it is */
	uint64_t assumed;   /* of `packets`: NTP by its cookie */
	uint64_t other_udp; /* UDP that is of no time protocol, as far as is known */
	uint64_t unread;    /* not looked into; in `unread_kinds` as far as there is room */
	struct trace_unread unread_kinds[TRACE_UNREAD_MAX];
	size_t unread_kind_count;
};

/* What trace_frame() remembers: fields of its own. */
struct trace_pending {
	enum trace_protocol protocol;
	bool is_tcp;
	bool is_answered;
	bool is_broken; /* ... by what is not whole: a better answer may follow */
	bool has_transmit; /* ... by `transmit`, a transmit timestamp that a client would use */
	bool is_reported; /* that it is silent */
	bool is_steady;   /* of an association under way, where silence means nothing */
	struct address client;
	struct address server;
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
	enum trace_protocol protocol; /* TRACE_NONE: this place is free */
	struct address client;
	struct address server;
	uint64_t frame;
	uint64_t used; /* number of the last frame of it */
	uint64_t pending;
	bool has_pending;
	bool is_accepted; /* the server's SYN was seen */
	bool is_open;     /* and the client's answer to it */
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
	uint64_t pending_end;      /* requests ever seen; the last ones are in the ring */
	uint64_t pending_reported; /* all before it are answered or told of */
	struct trace_pending pending[TRACE_PENDING_MAX];
	struct trace_stream streams[TRACE_STREAMS_MAX];
	/* Without their payload; number 0: free. */
	struct trace_packet early[TRACE_EARLY_MAX];
	uint64_t early_end; /* ever kept */
	struct trace_packet guesses[TRACE_GUESSES_MAX];
	size_t assumed_due; /* guesses that turned out right, for trace_next_assumed() */
	struct address known_servers[TRACE_KNOWN_SERVERS_MAX];
	uint64_t known_server_end; /* ever learnt */
};

/* At most TRACE_PORTS_MAX of `ports`; the first that fits a port says its protocol. */
void trace_init(struct trace *trace, const struct trace_port *ports, size_t count);

/* Takes in the next frame.  True when it completes an exchange, which is then in
 * `*ret_exchange`; `*ret` is always written. */
bool trace_frame(struct trace *trace, const struct trace_input *in,
                 struct trace_packet *ret, struct trace_exchange *ret_exchange);

/* After trace_frame(): the packets before it, oldest first, that it has shown to be NTP as well.  Call until
 * false. */
bool trace_next_assumed(struct trace *trace, struct trace_packet *ret);

/* The oldest request not yet told of that had no answer for TRACE_PATIENCE_NS at `now`, or has to
 * be forgotten to make room.  Call until false before each trace_frame(), and with the
 * largest instant at the end. */
bool trace_next_silence(struct trace *trace, struct instant now, struct trace_silence *ret);

#endif
