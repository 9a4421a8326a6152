/* SPDX-License-Identifier: MIT
 *
 * SERVER on the command line: [scheme://]host[:port].
 */
#ifndef CORE_NTP_SERVER_SPEC_H
#define CORE_NTP_SERVER_SPEC_H

#include <stdbool.h>

#include "core/base/base.h"

enum scheme {
	SCHEME_NTP,         /* 123/udp, the default */
	SCHEME_REQTIME,     /* 9191/udp */
	SCHEME_REQTIME_TCP, /* 9191/tcp */
	SCHEME_TIME,        /* 37/udp, RFC 868 */
	SCHEME_TIME_TCP,    /* 37/tcp */
	SCHEME_DAYTIME,     /* 13/udp, RFC 867: only shown */
	SCHEME_DAYTIME_TCP, /* 13/tcp */
	SCHEME_NTS,         /* 4460/tcp for the keys, then authenticated NTP, RFC 8915 */
	SCHEME_COUNT
};

const char *scheme_name(enum scheme scheme); /* "reqtime+tcp" */
uint16_t scheme_port(enum scheme scheme);
/* RFC 5905, RFC 868, RFC 867, RFC 8915; 9191 is our own. */
enum {
	NTP_PORT = 123,
	TIME_PORT = 37,
	DAYTIME_PORT = 13,
	NTS_PORT = 4460,
	REQTIME_PORT = 9191
};
bool scheme_is_tcp(enum scheme scheme);

enum { SERVER_HOST_SIZE = 256 };

struct server_spec {
	enum scheme scheme;
	uint16_t port;               /* 1..65535; by default that of the scheme */
	char host[SERVER_HOST_SIZE]; /* without brackets; %zone after a link-local one */
};

enum server_spec_verdict {
	SERVER_SPEC_OK,
	SERVER_SPEC_EMPTY,
	SERVER_SPEC_UNKNOWN_SCHEME,
	/* The first reason why it is not a host: */
	SERVER_SPEC_NOT_ASCII,
	SERVER_SPEC_SEVERAL,  /* a blank, comma or semicolon in it */
	SERVER_SPEC_PATH,     /* a slash */
	SERVER_SPEC_BAD_ZONE, /* `%`, but not IPV6%INTERFACE of a link-local address */
	SERVER_SPEC_BAD_IPV6, /* two colons or more */
	SERVER_SPEC_BAD_IPV4, /* digits and dots, but not four numbers to 255 */
	SERVER_SPEC_NUMBER,   /* its last label is a number */
	SERVER_SPEC_DASH,     /* a label begins with `-` */
	SERVER_SPEC_BAD_DOTS, /* an empty label */
	SERVER_SPEC_TOO_LONG, /* a label over 63, a name over 253 octets */
	SERVER_SPEC_BAD_HOST, /* other octets than letters, digits, '.', '-', '_' */
	SERVER_SPEC_BAD_PORT, /* not 1..65535 */
	SERVER_SPEC_BAD_BRACKETS,
};

/* A host with two colons or more and no brackets is an IPv6 literal without a
 * port.  `*ret` is written only for SERVER_SPEC_OK. */
MUST_USE enum server_spec_verdict server_spec_parse(const char *text,
                                                    struct server_spec *ret);
const char *server_spec_verdict_text(enum server_spec_verdict verdict);

/* Text of the reason: server_spec_verdict_text(), with a suggestion for an unknown
 * scheme. */
enum { SERVER_SPEC_REFUSAL_SIZE = 160 };
const char *server_spec_refusal(const char *text, enum server_spec_verdict verdict,
                                char buf[SERVER_SPEC_REFUSAL_SIZE]);

/* ADDR[:PORT] as --listen takes it: a numeric address, "*" for all of both families
 * (host becomes "*"), brackets for IPv6 with a port, ":PORT" for all addresses. */
MUST_USE enum server_spec_verdict listen_spec_parse(const char *text, uint16_t default_port,
                                                    struct server_spec *ret);

#endif
