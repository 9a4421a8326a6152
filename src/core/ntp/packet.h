/* SPDX-License-Identifier: MIT
 *
 * NTP packets, versions 1 to 4, read and written octet by octet: RFC 5905
 * section 7.3.  Both directions: what a client sends and accepts, what a server
 * accepts and sends.  Every refusal has a name.
 */
#ifndef CORE_NTP_PACKET_H
#define CORE_NTP_PACKET_H

#include "core/base/ntp_time.h"

enum {
	NTP_HEADER_OCTETS = 48,
	NTP_PACKET_SIZE = 1024, /* larger datagrams are no answer to a plain request */
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

/* A client request: leap 0, mode 3, all else zero but the precision (0x20) and
 * the transmit stamp, which is a random cookie and says nothing about the local
 * clock.  `buf` has room for NTP_HEADER_OCTETS, which is what is returned. */
size_t ntp_request_write(uint8_t version, struct ntp_ts cookie, uint8_t *buf);

/* Why a datagram was or was not accepted.  Order = order of the checks. */
enum ntp_verdict {
	NTP_ACCEPTED,
	NTP_WRONG_ORIGIN,  /* without our cookie: late, replayed, forged, or not for us */
	NTP_TOO_SHORT,     /* below the 48-octet header, RFC 5905 figure 8 */
	NTP_WRONG_VERSION, /* 0, 5, 6, 7: nobody knows how to read it */
	NTP_WRONG_MODE, /* not 4, server; version 1 has no mode field: 0 is taken there */
	NTP_BAD_LENGTH, /* not a multiple of 4, or longer than NTP_PACKET_SIZE */
	NTP_BAD_EXTENSION,  /* extension fields that do not add up, RFC 7822 */
	NTP_CRYPTO_NAK,     /* refuses a key, and none was offered */
	NTP_KISS,           /* stratum 0; `refid` holds the kiss code, section 7.4 */
	NTP_NO_TIME,        /* receive or transmit timestamp is zero */
	NTP_UNSYNCHRONISED, /* leap 3 */
	NTP_BAD_STRATUM,    /* above 15 */
	NTP_BAD_PRECISION,  /* outside [-40, 4] log2 s */
	NTP_ROOT_TOO_FAR,   /* root delay / 2 + root dispersion of 16 s and more */
	NTP_FUTURE_REFERENCE, /* reference timestamp, unless it is zero, after the transmit timestamp */
	NTP_VERDICT_COUNT
};

/* Judges `len` octets as a reply to a request with `cookie`, of whatever version from 1 to 4:
 * servers that know less than the asker answer in what they know.  `*ret` is written for
 * NTP_ACCEPTED and for every verdict from NTP_KISS on, else left alone. */
MUST_USE enum ntp_verdict ntp_reply_parse(const uint8_t *buf, size_t len,
                                          struct ntp_ts cookie, struct ntp_header *ret);

/* True when the datagram carries our cookie, so that it comes from the server asked, or from
 * somebody who sees what is sent to it.  False: it must change no state of the caller. */
bool ntp_verdict_is_ours(enum ntp_verdict verdict);

/* True when it also is whole, and so settles the request: with a time, or by saying why there
 * is none.  What is ours and no answer is broken, and worth a word alone. */
bool ntp_verdict_is_answer(enum ntp_verdict verdict);

/* A few words, for people: "wrong origin timestamp".  Never NULL. */
const char *ntp_verdict_text(enum ntp_verdict verdict);

enum ntp_kiss {
	NTP_KISS_NONE, /* stratum 0 whose reference id is no kiss code known here */
	NTP_KISS_DENY, /* stop for good */
	NTP_KISS_RSTR, /* stop for good */
	NTP_KISS_RATE, /* too often: slow down */
};
enum ntp_kiss ntp_kiss_from_refid(const uint8_t refid[4]);

/* What a server makes of a datagram on its port.  Order = order of the checks.
 * All but NTP_REQUEST_ACCEPTED are met with silence. */
enum ntp_request_verdict {
	NTP_REQUEST_ACCEPTED,
	NTP_REQUEST_TOO_SHORT,
	NTP_REQUEST_BAD_LENGTH,
	NTP_REQUEST_WRONG_VERSION, /* 0, 5, 6, 7 */
	NTP_REQUEST_WRONG_MODE, /* not 3; version 1 has no mode field: 0 is taken there */
	NTP_REQUEST_BAD_EXTENSION, /* malformed, or a MAC that nobody here can check */
	NTP_REQUEST_VERDICT_COUNT
};
MUST_USE enum ntp_request_verdict ntp_request_parse(const uint8_t *buf, size_t len,
                                                    struct ntp_header *ret);
const char *ntp_request_verdict_text(enum ntp_request_verdict verdict);

/* What a server knows of its own clock when it answers. */
struct ntp_server_state {
	enum ntp_leap leap; /* NTP_LEAP_UNSYNCHRONISED: stratum goes out as 0 */
	uint8_t stratum;    /* 1..15; 16 and above go out as 0 */
	int8_t precision_log2_s;
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	uint8_t refid[4];
	/* When the clock was last set or confirmed; {0} = never: goes out as zero. */
	struct instant reference;
};

/* Writes the 48-octet answer to an accepted request; version and poll are
 * copied, origin is the request's transmit stamp bit for bit: RFC 5905 figure
 * 31.  A `received` or reference later than `departs` is written as `departs`. */
size_t ntp_reply_write(const struct ntp_header *request,
                       const struct ntp_server_state *state, struct instant received,
                       struct instant departs, uint8_t *buf);

/* A kiss-o'-death for an accepted request: leap 3, stratum 0, `code` four ASCII
 * letters, origin copied, receive and transmit equal to the request's transmit
 * so that the packet tells no time: RFC 5905 section 7.4. */
size_t ntp_kiss_write(const struct ntp_header *request, const char code[4], uint8_t *buf);

#endif
