/* SPDX-License-Identifier: MIT
 *
 * The text services: the reqtime line, the time protocol (RFC 868), daytime (RFC 867).
 *
 * Over UDP a plain request is smaller than its answer (7 to 31 octets, 0 to 4, 0 to about
 * 45).  The protocols are what they are; so that nobody can be flooded by way of
 * them, each service sends at most SERVE_TEXT_PER_S answers a second to others than this
 * host, and none to a port below 1024, where services live that answer whatever comes.
 *
 * No two servers can be made to talk to each other by a forged datagram: no answer of a service
 * is a request of this one or another.  RFC 868 and RFC 867 are asked by an empty datagram (the
 * first says so), and what they answer is not empty; no answer is the line "reqtime".
 */
#ifndef APP_SERVER_TEXT_H
#define APP_SERVER_TEXT_H

#include "app/server/ntp.h"
#include "core/base/text_time.h"

enum serve_service {
	SERVE_NTP,
	SERVE_REQTIME,
	SERVE_TIME,
	SERVE_DAYTIME,
	SERVE_SERVICE_COUNT
};
const char *serve_service_name(enum serve_service service); /* "ntp", "text", ... */

enum {
	SERVE_TEXT_PER_S = 1000,
	SERVE_TEXT_BURST = 200,
	SERVE_TEXT_SIZE = TEXT_TIME_867_SIZE,
	SERVE_LINE_MAX = 64, /* octets of a request line over TCP */
	/* No client asks from a port below it over UDP. */
	SERVE_TEXT_PORT_MIN = 1024,
};
_Static_assert(SERVE_TEXT_SIZE <= (int)UDP_ANSWER_SIZE, "an answer fits its room");

/* How many answers may still be sent now.  Starts as zeros. */
struct serve_budget {
	bool is_started;
	int64_t tokens_ns; /* one answer costs a second / SERVE_TEXT_PER_S */
	int64_t mono_ns;
};

/* One datagram on the UDP port of a text service.  A reqtime request is the line, and
 * whatever comes after its '\n' is padding; that of the other two is empty. */
enum serve_verdict serve_text_check(enum serve_service service,
                                    const struct udp_listen_datagram *datagram,
                                    const struct serve_view *view);
/* What becomes of a request of `from` after the rules have looked at it: the client's own limit
 * first, then what is shared by all.  There is no way to tell a client to slow down. */
enum serve_verdict serve_text_access(enum access_verdict verdict,
                                     const struct address *from,
                                     struct serve_budget *budget, int64_t mono_ns);

/* The answer of a text service.  `buf` has SERVE_TEXT_SIZE; returns the length. */
size_t serve_text_write(enum serve_service service, struct instant now, uint8_t *buf);

/* What has been read so far of a TCP connection to the reqtime service. */
enum serve_line {
	SERVE_LINE_PART,    /* may still become the request */
	SERVE_LINE_REQUEST, /* "reqtime", whatever ends the line: a client that sends no
	                       line end is not left waiting for one */
	SERVE_LINE_OTHER,
};
enum serve_line serve_line_check(const uint8_t *buf, size_t len, bool is_end);

#endif
