/* SPDX-License-Identifier: MIT
 *
 * NTP packets, versions 1 to 4, read and written octet by octet (RFC 5905 section 7.3), for
 * client and server.  Each reason to reject one has a name.
 */
#ifndef CORE_NTP_PACKET_H
#define CORE_NTP_PACKET_H

#include "core/base/ntp_time.h"

enum {
	NTP_HEADER_OCTETS = 48,
	NTP_PACKET_SIZE = 1024, /* a larger datagram does not answer a plain request */
	NTP_VERSION = 4,
	NTP_STRATUM_MAX = 15,
};

enum ntp_mode {
	NTP_MODE_RESERVED,
	NTP_MODE_ACTIVE,
	NTP_MODE_PASSIVE,
	NTP_MODE_CLIENT,
	NTP_MODE_SERVER,
	NTP_MODE_BROADCAST,
	NTP_MODE_CONTROL,
	NTP_MODE_PRIVATE,
};

const char *ntp_mode_name(uint8_t mode); /* "client", by its lower three bits; never NULL */

/* RFC 5905 figure 9. */
enum ntp_leap {
	NTP_LEAP_NONE,
	NTP_LEAP_INSERT, /* the last minute of the day has 61 seconds */
	NTP_LEAP_DELETE, /* ... 59 seconds */
	NTP_LEAP_UNSYNCHRONISED,
};

/* The header in host order.  The order is that of the wire. */
struct ntp_header {
	uint8_t leap;    /* enum ntp_leap */
	uint8_t version; /* 0..7 as received */
	uint8_t mode;    /* enum ntp_mode */
	uint8_t stratum;
	int8_t poll_log2_s;
	int8_t precision_log2_s;
	uint32_t root_delay;      /* NTP short format, unsigned */
	uint32_t root_dispersion; /* NTP short format, unsigned */
	uint8_t refid[4];
	struct ntp_ts reference;
	struct ntp_ts origin;
	struct ntp_ts receive;
	struct ntp_ts transmit;
};

/* `buf` has room for NTP_HEADER_OCTETS. */
void ntp_header_write(const struct ntp_header *header, uint8_t *buf);
void ntp_header_read(const uint8_t *buf, struct ntp_header *ret);

/* A client request: leap 0, mode 3, all else zero except the precision (0x20) and the
 * transmit stamp, a random cookie without information about the local clock.  `buf` has
 * room for NTP_HEADER_OCTETS, which is returned. */
size_t ntp_request_write(uint8_t version, struct ntp_ts cookie, uint8_t *buf);

/* Result of the checks of a reply, in their order. */
enum ntp_verdict {
	NTP_ACCEPTED,
	NTP_WRONG_ORIGIN,   /* without our cookie: late, replayed, forged, or not for us */
	NTP_TOO_SHORT,      /* below the 48-octet header, RFC 5905 figure 8 */
	NTP_WRONG_VERSION,  /* 0, 5, 6, 7: format unknown */
	NTP_WRONG_MODE,     /* not 4, server; version 1 has no mode field: 0 is accepted */
	NTP_BAD_LENGTH,     /* not a multiple of 4, or longer than NTP_PACKET_SIZE */
	NTP_BAD_EXTENSION,  /* malformed extension fields, RFC 7822 */
	NTP_CRYPTO_NAK,     /* rejects a key, but none was sent */
	NTP_KISS,           /* stratum 0; `refid` holds the kiss code, section 7.4 */
	NTP_NO_TIME,        /* receive or transmit timestamp is zero */
	NTP_UNSYNCHRONISED, /* leap 3 */
	NTP_BAD_STRATUM,    /* above 15 */
	NTP_BAD_PRECISION,  /* outside [-40, 4] log2 s */
	NTP_ROOT_TOO_FAR,   /* root delay / 2 + root dispersion of 16 s or more */
	NTP_FUTURE_REFERENCE, /* nonzero reference timestamp after the transmit timestamp */
	NTP_VERDICT_COUNT
};

/* Checks `len` octets as a reply to a request with `cookie`, in any version from 1 to 4,
 * as older servers answer in their own.  `*ret` is written only for NTP_ACCEPTED and for
 * every verdict from NTP_KISS on. */
MUST_USE enum ntp_verdict ntp_reply_parse(const uint8_t *buf, size_t len,
                                          struct ntp_ts cookie, struct ntp_header *ret);

/* True when the datagram carries our cookie: it comes from the server, or from an
 * attacker on the path.  False: it must not change the caller's state. */
bool ntp_verdict_is_ours(enum ntp_verdict verdict);

/* True when it is also complete and so ends the request, with a time or a reason.  A
 * datagram that is ours but no answer is damaged. */
bool ntp_verdict_is_answer(enum ntp_verdict verdict);

/* Text for messages: "wrong origin timestamp".  Never NULL. */
const char *ntp_verdict_text(enum ntp_verdict verdict);

enum ntp_kiss {
	NTP_KISS_NONE, /* stratum 0 without a known kiss code as reference id */
	NTP_KISS_DENY, /* stop forever */
	NTP_KISS_RSTR, /* stop forever */
	NTP_KISS_RATE, /* too many requests: slow down */
};
enum ntp_kiss ntp_kiss_from_refid(const uint8_t refid[4]);

/* Result of the server's checks of a datagram, in their order.  Only
 * NTP_REQUEST_ACCEPTED gets an answer. */
enum ntp_request_verdict {
	NTP_REQUEST_ACCEPTED,
	NTP_REQUEST_TOO_SHORT,
	NTP_REQUEST_BAD_LENGTH,
	NTP_REQUEST_WRONG_VERSION, /* 0, 5, 6, 7 */
	NTP_REQUEST_WRONG_MODE,    /* not 3; version 1 has no mode field: 0 is accepted */
	NTP_REQUEST_BAD_EXTENSION, /* malformed, or a MAC, which is not supported */
	NTP_REQUEST_VERDICT_COUNT
};
MUST_USE enum ntp_request_verdict ntp_request_parse(const uint8_t *buf, size_t len,
                                                    struct ntp_header *ret);
const char *ntp_request_verdict_text(enum ntp_request_verdict verdict);

/* State of the server's clock in its answers. */
struct ntp_server_state {
	enum ntp_leap leap; /* NTP_LEAP_UNSYNCHRONISED: stratum is sent as 0 */
	uint8_t stratum;    /* 1..15; 16 and above are sent as 0 */
	int8_t precision_log2_s;
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	uint8_t refid[4];
	/* Last time the clock was set or confirmed; {0}: never, sent as zero. */
	struct instant reference;
};

/* Writes the 48-octet answer to an accepted request; version and poll are
 * copied, origin is the request's transmit stamp bit for bit: RFC 5905 figure
 * 31.  A `received` or reference later than `departs` is written as `departs`. */
size_t ntp_reply_write(const struct ntp_header *request,
                       const struct ntp_server_state *state, struct instant received,
                       struct instant departs, uint8_t *buf);

/* A kiss-o'-death for an accepted request: leap 3, stratum 0, `code` four ASCII letters,
 * origin copied, receive and transmit equal to the request's transmit, so the packet
 * carries no time: RFC 5905 section 7.4. */
size_t ntp_kiss_write(const struct ntp_header *request, const char code[4], uint8_t *buf);

#endif
