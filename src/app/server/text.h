/* SPDX-License-Identifier: MIT
 *
 * The text services: the reqtime line, the time protocol (RFC 868), daytime (RFC 867).
 *
 * Over UDP a plain request is smaller than its answer (7 to 31 octets, 0 to 4, 0 to about
 * 45), and the protocols cannot change.  To be no amplifier, each service sends at most
 * SERVE_TEXT_PER_S answers a second to other hosts, and none to a port below 1024, where
 * services answer anything.
 *
 * A forged datagram cannot make two servers talk to each other: no answer of a service is a
 * request of this one or another.  RFC 868 and RFC 867 requests are empty datagrams, and
 * their answers are not; no answer is the line "reqtime".
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
	/* Over UDP no client uses a port below it. */
	SERVE_TEXT_PORT_MIN = 1024,
};
_Static_assert(SERVE_TEXT_SIZE <= (int)UDP_ANSWER_SIZE, "an answer fits its room");

/* How many answers may still be sent now.  Starts as zeros. */
struct serve_budget {
	bool is_started;
	int64_t tokens_ns; /* one answer costs a second / SERVE_TEXT_PER_S */
	int64_t mono_ns;
};

/* Checks a datagram on the UDP port of a text service.  A reqtime request is the line, and
 * any octets after its '\n' are padding; a request of the other two is empty. */
enum serve_verdict serve_text_check(enum serve_service service,
                                    const struct udp_listen_datagram *datagram,
                                    const struct serve_view *view);
/* The result for a request of `from` after the rules: first the client's own limit, then
 * the shared budget.  The protocols have no way to tell a client to slow down. */
enum serve_verdict serve_text_access(enum access_verdict verdict,
                                     const struct address *from,
                                     struct serve_budget *budget, int64_t mono_ns);

/* Writes the answer of a text service.  `buf` has SERVE_TEXT_SIZE; returns the length. */
size_t serve_text_write(enum serve_service service, struct instant now, uint8_t *buf);

/* The state of a request line read over TCP by the reqtime service. */
enum serve_line {
	SERVE_LINE_PART,    /* may still become the request */
	SERVE_LINE_REQUEST, /* "reqtime", whatever ends the line: a client that sends no
	                     * line end need not wait for a timeout */
	SERVE_LINE_OTHER,
};
enum serve_line serve_line_check(const uint8_t *buf, size_t len, bool is_end);

#endif
