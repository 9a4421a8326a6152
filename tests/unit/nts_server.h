/* SPDX-License-Identifier: MIT
 *
 * A server of key exchanges for a test, good or bad.
 */
#ifndef TESTS_UNIT_NTS_SERVER_H
#define TESTS_UNIT_NTS_SERVER_H

#include "nts_certificates.h"

/* Eight cookies of this length, the last octet of each is its number. */
enum { SERVER_COOKIE_OCTETS = 100 };

enum conduct {
	ANSWERS,         /* and says good bye */
	HOLDS,           /* ... and stays: the client must not wait for it */
	SPLITS,          /* each octet in a record of its own */
	HURRIES,         /* its response comes before the request */
	HANGS_UP,        /* after the response, without a word */
	CLOSES_AT_ONCE,  /* ... */
	CLOSES_ON_HELLO, /* ... */
	CLOSES_SILENT,   /* after the handshake */
	SPEAKS_SSH,      /* plain text */
	SPEAKS_OLD_TLS,  /* a hello of TLS 1.2 */
	UPDATES_KEYS,    /* and nothing else */
	PADS,            /* one octet in each record of 16 KiB */
	STAYS_SILENT,
};

enum response {
	GOOD,
	WITHOUT_END,
	WITH_ERROR,   /* 1 */
	EXACTLY_FULL, /* 65536 octets */
	TOO_LONG,     /* without an end */
};

struct server_plan {
	const char *priority;
	const char *alpn;
	enum conduct conduct;
	enum response response;
};

/* On a connected socket, in a process of its own.  Writes to `tell_fd` the keys that the
 * client should have, and "b" when the client has ended the session in order. */
_Noreturn void server_run(const struct server_plan *server,
                          const struct certificate *certificate, int fd, int tell_fd);

#endif
