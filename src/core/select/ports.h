/* SPDX-License-Identifier: MIT
 *
 * All that a measurement may ask of the outside.  io/net/ports.c fills it with the
 * kernel, tests/sim with a virtual world of delays, losses, liars and steps.
 * One thread, one caller; nothing here blocks but wait().
 */
#ifndef CORE_SELECT_PORTS_H
#define CORE_SELECT_PORTS_H

#include "core/base/address.h"
#include "core/base/ntp_time.h"
#include "core/select/reading.h"
#include "core/select/run.h"

enum port_event_kind {
	PORT_TIMEOUT,     /* the deadline of wait() has come */
	PORT_REPLY,       /* octets from `source` */
	PORT_FAILED,      /* `source`: `error` is an errno; ICMP errors come as these */
	PORT_NAME,        /* `name` has `addresses`, all of one family */
	PORT_NAME_FAILED, /* `name` has none of a family: `error_text` says why */
	PORT_SIGNAL,      /* `signal` wants the run to end */
};

struct port_event {
	enum port_event_kind kind;
	size_t source; /* PORT_REPLY, PORT_FAILED: as given to ask() */
	int error;
	/* PORT_REPLY.  `octets` live until the next call of wait(). */
	const uint8_t *octets;
	size_t len;        /* as received; */
	bool is_truncated; /* ... but the datagram was longer */
	bool has_left;     /* kernel stamp of the transmit time of the latest request */
	bool has_arrived;  /* kernel stamp of the arrival */
	struct instant left;
	struct instant arrived;
	struct reading before; /* just before the latest request was handed over */
	struct reading after;  /* just after the reply was received */
	/* PORT_NAME, PORT_NAME_FAILED */
	size_t name;
	enum address_family family; /* whose question this answers; ADDRESS_NONE: all */
	bool is_last;               /* nothing more follows for `name` */
	const struct address *addresses; /* live until the next wait(); ports are 0 */
	size_t address_count;
	const char *error_text;
	int signal;
};

enum port_transport { PORT_UDP, PORT_TCP };

struct ports {
	void *ctx;
	int (*now)(void *ctx, struct reading *ret);
	int (*random)(void *ctx, void *buf, size_t len);
	/* Starts to resolve a name, or the interface in "fe80::1%eth0"; a PORT_NAME or PORT_NAME_FAILED follows for each family, as soon as
	 * it is known.  -errno when it cannot start.  `family` is ADDRESS_NONE for both. */
	int (*resolve)(void *ctx, size_t name, const char *host,
	               enum address_family family);
	/* Sends `len` octets to `to` from a fresh random port, in place of what `source` had
	 * open.  -EMFILE and the like when it cannot: nothing is open then. */
	int (*ask)(void *ctx, size_t source, const struct address *to,
	           enum port_transport transport, const uint8_t *buf, size_t len);
	/* Closes what `source` has open; fine when nothing is. */
	void (*close_channel)(void *ctx, size_t source);
	/* The next event, or PORT_TIMEOUT at `deadline_mono_ns`.  -errno on a system error. */
	int (*wait)(void *ctx, int64_t deadline_mono_ns, struct port_event *ret);
	/* Who looks on; the run goes the same way without.  `progress` may be NULL; it is called
	 * with `watch_ctx` whenever something has changed, and every 200 ms. */
	void *watch_ctx;
	void (*progress)(void *watch_ctx, const struct run *run, size_t answered,
	                 size_t outstanding);
};

#endif
