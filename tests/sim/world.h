/* SPDX-License-Identifier: MIT
 *
 * A world in virtual time for app/measure: servers honest and lying, a network that
 * delays, loses, doubles and reorders, a local clock that drifts and is stepped.
 * Everything follows from the seed.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "../unit/nts_peer.h"
#include "app/client/measure.h"

/* CLOCK_BOOTTIME when a world begins. */
#define WORLD_BOOTED_NS (2000 * NS_PER_S)

enum {
	WORLD_SOURCES_MAX = 16,
	WORLD_PACKETS_MAX = 256,
	WORLD_NAMES_MAX = 6,
	WORLD_ADDRESSES_MAX = 4,
	WORLD_PACKET_SIZE = 304, /* of NTS, with the shortest cookies */
};

/* Behaviour of a server of the world. */
enum conduct {
	CONDUCT_HONEST,
	CONDUCT_LIE,       /* says a time of its own, always the same lie */
	CONDUCT_LIE_SHARP, /* ... and claims to be certain of it */
	CONDUCT_LIE_EDGE,  /* just outside what it could get away with */
	CONDUCT_LIE_COPY,  /* ... with all that an honest one says of itself */
	CONDUCT_LIE_HOLD,  /* ... and claims to have held the request for the whole way */
	CONDUCT_RANDOM,    /* a new time with each reply */
	CONDUCT_STEP,      /* honest at first, then a lie */
	CONDUCT_GARBAGE,   /* random octets, right cookie at times */
	CONDUCT_REPLAY,    /* answers with the cookie of another server */
	CONDUCT_KISS,
	CONDUCT_UNSYNC,
	CONDUCT_SILENT,
	CONDUCT_COUNT
};

/* A server with NTS: exchanges keys, and answers by its conduct, sealed. */
struct world_nts {
	bool is_given;
	bool has_no_keys, is_silent; /* the key exchange fails, or never ends */
	int64_t keys_after_ns;
	struct nts_window window;
	size_t leads_to;     /* the server that its key exchange names, or SIZE_MAX */
	bool is_intercepted; /* a false answer that is not sealed comes first */
	bool is_forgetful;   /* the first request gets NTSN */
	bool is_liar;        /* shares its keys with all other liars */
	struct nts_peer peer;
};

struct world_server {
	struct address address;
	enum conduct conduct;
	int64_t error_ns; /* its clock - UTC */
	double drift;     /* of its clock */
	int64_t root_delay_ns, root_dispersion_ns;
	int64_t out_ns, back_ns, jitter_ns; /* smallest delays, exponential on top */
	double loss, twice;                 /* probabilities per packet */
	struct ntp_ts reference;
	uint8_t refid[4];
	unsigned asked;
	struct world_nts nts;
};

/* The resolver's answer for servers[i] if that is a name.  Each family is one event. */
struct world_name {
	bool is_name;     /* else the address of its first server stands in its place */
	int64_t at_ns[2]; /* IPv4, IPv6; INT64_MAX: never */
	bool is_told[2];
	size_t servers[WORLD_ADDRESSES_MAX]; /* indexes into world.servers */
	size_t count;
};

struct world_packet {
	int64_t at_ns; /* true time of its arrival */
	size_t source;
	unsigned generation;
	size_t len;
	uint8_t octets[WORLD_PACKET_SIZE];
};

struct world {
	uint64_t seed;       /* state of the generator */
	int64_t now_ns;      /* true time since the start */
	int64_t utc_base_ns; /* UTC = utc_base + now */
	int64_t wall_base_ns;
	double local_drift;
	int64_t step_at_ns, step_by_ns; /* the local wall clock is stepped then */
	size_t count;
	struct world_server servers[WORLD_SOURCES_MAX]; /* found by their addresses */
	struct world_name names[WORLD_NAMES_MAX];
	size_t name_count;
	struct address told[WORLD_ADDRESSES_MAX];
	/* By source, as they come up. */
	size_t server_of[WORLD_SOURCES_MAX];
	unsigned generation[WORLD_SOURCES_MAX];
	struct reading before[WORLD_SOURCES_MAX];
	bool is_open[WORLD_SOURCES_MAX];
	struct ntp_ts cookies[WORLD_SOURCES_MAX];
	struct world_packet packets[WORLD_PACKETS_MAX];
	size_t packet_count;
	uint8_t delivered[WORLD_PACKET_SIZE];
	unsigned sent;
	/* By source with NTS: the end of its key exchange, 0 for none; and its server. */
	int64_t keys_at_ns[WORLD_SOURCES_MAX];
	size_t keys_of[WORLD_SOURCES_MAX];
	struct nts_answer keys;
	const char *fault; /* a rule of NTS that the client has broken; NULL: none */
};

double world_uniform(struct world *w);                          /* [0, 1) */
int64_t world_between(struct world *w, int64_t lo, int64_t hi); /* [lo, hi] */
bool world_chance(struct world *w, double probability);
double world_exponential(struct world *w, double mean);

struct instant world_wall(const struct world *w);
struct ports world_ports(struct world *w);

#endif
