/* SPDX-License-Identifier: MIT
 *
 * Interface of a measurement to the outside.  io/net/ports.c implements it with the kernel,
 * tests/sim with a virtual world of delays, losses, wrong servers and steps.  One thread,
 * one caller; only wait() blocks.
 */
#ifndef CORE_SELECT_PORTS_H
#define CORE_SELECT_PORTS_H

#include "core/base/address.h"
#include "core/base/ntp_time.h"
#include "core/nts/fields.h"
#include "core/nts/message.h"
#include "core/select/reading.h"
#include "core/select/run.h"

enum port_event_kind {
	PORT_TIMEOUT,     /* the deadline of wait() has passed */
	PORT_REPLY,       /* octets from `source` */
	PORT_FAILED,      /* `source`: `error` is an errno; ICMP errors come as these */
	PORT_NAME,        /* `name` has `addresses`, all of one family */
	PORT_NAME_FAILED, /* `name` has no address of a family; reason: `error_text` */
	PORT_KEYS,        /* the key exchange of `source` has ended: `keys` */
	PORT_SIGNAL,      /* `signal` asks the run to end */
};

struct port_event {
	enum port_event_kind kind;
	size_t source; /* PORT_REPLY, PORT_FAILED, PORT_KEYS: as given to ask() */
	int error;
	/* PORT_REPLY.  `octets` are valid until the next wait(). */
	const uint8_t *octets;
	size_t len;        /* as received */
	bool is_truncated; /* the datagram was longer */
	bool has_left;     /* kernel stamp of the transmit time of the latest request */
	bool has_arrived;  /* kernel stamp of the arrival */
	struct instant left;
	struct instant arrived;
	struct reading before; /* just before the latest request was sent */
	struct reading after;  /* just after the reply was received */
	/* PORT_NAME, PORT_NAME_FAILED */
	size_t name;
	enum address_family family; /* of the query that this answers; ADDRESS_NONE: all */
	bool is_last;               /* the last event for `name` */
	const struct address *addresses; /* valid until the next wait(); ports are 0 */
	size_t address_count;
	const char *error_text;
	const struct nts_answer *keys; /* valid until the next wait() */
	int signal;
};

enum port_transport { PORT_UDP, PORT_TCP };

struct ports {
	void *ctx;
	int (*now)(void *ctx, struct reading *ret);
	int (*random)(void *ctx, void *buf, size_t len);
	/* Starts to resolve a name, or the interface in "fe80::1%eth0"; a PORT_NAME or
	 * PORT_NAME_FAILED follows for each family.  -errno when it cannot start.
	 * `family` is ADDRESS_NONE for both. */
	int (*resolve)(void *ctx, size_t name, const char *host,
	               enum address_family family);
	/* Sends `len` octets to `to` from a new random port and closes the channel that
	 * `source` had.  -errno when it cannot; then no channel is open. */
	int (*ask)(void *ctx, size_t source, const struct address *to,
	           enum port_transport transport, const uint8_t *buf, size_t len);
	/* Starts the key exchange of `source` with `to`, whose certificate must be for
	 * `host` (RFC 8915 section 4); a PORT_KEYS follows.  At most NTS_UNDERWAY_MAX at a
	 * time.  -errno when it cannot start. */
	int (*exchange_keys)(void *ctx, size_t source, const struct address *to,
	                     const char *host);
	/* For the packets of a source with keys.  NULL: no key exchange succeeds. */
	const struct nts_aead *aead;
	/* Closes the channel of `source`, if any. */
	void (*close_channel)(void *ctx, size_t source);
	/* The next event, or PORT_TIMEOUT at `deadline_mono_ns`.  -errno on a system
	 * error. */
	int (*wait)(void *ctx, int64_t deadline_mono_ns, struct port_event *ret);
	/* Observer of the run, without influence on it; may be NULL.  Called with
	 * `watch_ctx` on every change, and every 200 ms. */
	void *watch_ctx;
	void (*progress)(void *watch_ctx, const struct run *run, size_t answered,
	                 size_t outstanding);
};

#endif
