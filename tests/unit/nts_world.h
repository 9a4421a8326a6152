/* SPDX-License-Identifier: MIT
 *
 * A measurement with NTS against scripted ports, in virtual time and without TLS: machines
 * that exchange keys and answer as their script says, and a resolver.
 */
#ifndef TESTS_UNIT_NTS_WORLD_H
#define TESTS_UNIT_NTS_WORLD_H

#include "app/client/measure.h"
#include "nts_peer.h"

#define NTS_WORLD_UTC_S INT64_C(1795000000) /* 2026-11-18, when a run begins */
/* The dates of a certificate unless given: 2026-10-01 to 2026-12-30. */
#define NTS_WORLD_FROM_S INT64_C(1790812800)
#define NTS_WORLD_UNTIL_S INT64_C(1798588800)
#define NTS_WORLD_BOOT_NS (2000 * NS_PER_S)

enum {
	NTS_WORLD_SERVERS_MAX = 6,
	NTS_WORLD_MACHINES_MAX = 6,
	NTS_WORLD_TOLD_MAX = 8,
	NTS_WORLD_SOURCES_MAX = 160,
	NTS_WORLD_EVENTS_MAX = 512,
	NTS_WORLD_PACKET_SIZE = 1200,
};

struct nts_machine {
	const char *address; /* of the key exchange and of NTP */
	/* Its answer to each request; the last letter repeats.  NULL: "a".
	 *   a authentic answer          . none              i port unreachable
	 *   : none, but a plain request would get one
	 *   x ... not synchronised      c ... without a new cookie
	 *   l ... with two cookies more than the request asks for
	 *   k ... kiss code RATE        d ... kiss code DENY
	 * By another on the path, with a false time:
	 *   p a plain answer            m ... with the identifier, not sealed
	 *   u identifier of another request, not sealed
	 *   f the answer with a changed octet
	 *   n NTSN                      K RATE, both with the identifier
	 *   w NTSN with another         R the last answer once more
	 * followed by the authentic answer:
	 *   P M U F N W r, Q (K first), and
	 *   b an authentic answer in client mode, three times */
	const char *turns;
	int64_t shift_ns; /* its clock less UTC */
	int64_t root_dispersion_ns;
	bool is_same;   /* it shows the same daemon as all others with this flag */
	int64_t way_ns; /* there, and back; 0: 10 ms */
	/* key exchange */
	bool is_silent;                          /* it never ends */
	enum nts_failure failure, failure_again; /* ... in the second key exchange */
	int error;
	int64_t keys_after_ns;    /* 0: 30 ms */
	const char *server;       /* of the Server record; NULL: none */
	const char *server_again; /* ... in the second key exchange; NULL: the same */
	uint16_t port;            /* of the Port record; 0: none */
	uint16_t port_again;
	int64_t from_s, until_s; /* of its certificate; 0: the default */
	int64_t until_again_s;   /* ... from the second key exchange on; 0: the same */
	size_t key_cookies;      /* 0: 8 */
	size_t cookie_len;       /* 0: 100 */
	size_t cookie_len_later; /* ... of those in answers; 0: the same */
	uint32_t cookie_keys;    /* machines that share them; 0: its own */
};

/* An answer of the resolver. */
struct nts_told {
	const char *host;
	const char *addresses; /* separated by blanks; NULL: none, for the reason `why` */
	const char *why;
	int64_t after_ns;
	enum address_family family; /* ADDRESS_NONE: IPv4 */
};

struct nts_scene {
	const char *servers[NTS_WORLD_SERVERS_MAX]; /* as on the command line */
	struct nts_machine machines[NTS_WORLD_MACHINES_MAX];
	struct nts_told told[NTS_WORLD_TOLD_MAX];
	int64_t clock_ns; /* the local clock less UTC */
	/* Instead of `servers`: so many nts:// servers, 10.9.0.1 and so on, all like the
	 * first machine, except that the first `silent_count` never end a key exchange. */
	size_t many, silent_count;
	bool is_many_named; /* they are given by name */
	bool has_store;     /* keys may come from an earlier run */
	bool may_probe;     /* one plain request to a server with keys is allowed */
};

struct nts_world {
	const struct nts_scene *scene;
	int64_t now_ns;    /* true time since the start */
	const char *fault; /* the first rule that the client has broken; NULL: none */
	size_t keys_underway, keys_underway_max;
	struct nts_world_source {
		struct nts_peer peer;
		size_t machine;   /* of its key exchange */
		uint32_t session; /* the latest */
		bool has_probed;
		size_t keys_count, asked_count, placeholders_max;
		int64_t keys_at_ns, asked_at_ns; /* the latest */
		char host[SERVER_HOST_SIZE];     /* as the TLS program sees it */
		struct address key_address, address;
		struct reading before;
		size_t last_len;
		uint8_t last[NTS_WORLD_PACKET_SIZE]; /* its latest authentic answer */
	} sources[NTS_WORLD_SOURCES_MAX];
	struct nts_world_event {
		int64_t at_ns;
		struct port_event event;
		struct nts_answer keys;
		struct address addresses[4];
		uint8_t octets[NTS_WORLD_PACKET_SIZE];
	} events[NTS_WORLD_EVENTS_MAX], delivered;
	size_t event_count;
	struct nts_peer peers[NTS_WORLD_MACHINES_MAX];
	/* A server without nts:// leads to it. */
	bool is_plain_wanted[NTS_WORLD_MACHINES_MAX];
	struct server_spec specs[NTS_WORLD_SOURCES_MAX];
	size_t spec_count;
	unsigned idle; /* waits in a row without any time passing */
	uint64_t random;
};

/* Reads the servers of the scene into `specs`. */
void nts_world_begin(struct nts_world *w, const struct nts_scene *scene);
struct ports nts_world_ports(struct nts_world *w);
/* Forgets what is still under way, and lets time pass: for a second run. */
void nts_world_calm(struct nts_world *w, int64_t pause_ns);
/* The local clock. */
struct instant nts_world_wall(const struct nts_world *w);

#endif
