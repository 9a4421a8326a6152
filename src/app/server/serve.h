/* SPDX-License-Identifier: MIT
 *
 * The server: its sockets, its threads, its state.
 *
 *   serve_open (binds) -> [privileges are dropped] -> serve_start (threads, which wait)
 *     -> [sandbox] -> serve_go -> serve_refresh every second -> serve_stop -> serve_close
 *
 * serve_counts() and serve_replace_rules() at any time in between.
 *
 * NTP is answered by `threads` threads, each with its own socket for each address; the text
 * services over UDP share one thread, those over TCP another.
 */
#ifndef APP_SERVER_SERVE_H
#define APP_SERVER_SERVE_H

#include "app/server/shared_rules.h"
#include "app/server/tcp.h"
#include "app/server/text.h"

enum { SERVE_THREADS_MAX = 64, SERVE_ENDPOINTS_MAX = 256 };

struct serve_endpoint {
	enum serve_service service;
	struct address at; /* port 0: the kernel chooses */
	/* The IPv6 half of the wildcard address: takes the port of the endpoint before it,
	 * and is left out where this host has no IPv6. */
	bool is_twin;
};

/* A socket bound by the service manager (socket activation). */
struct serve_inherited {
	enum serve_service service;
	bool is_tcp;
	int fd;
};

struct serve_settings {
	const struct serve_endpoint *endpoints;
	size_t endpoint_count; /* at most SERVE_ENDPOINTS_MAX */
	/* Each is for one thread, in turn: if several threads waited on one socket, the
	 * kernel would spread its datagrams, and their transmit stamps would mix. */
	const struct serve_inherited *inherited;
	size_t inherited_count; /* at most SERVE_ENDPOINTS_MAX */
	const struct access_rules *rules;
	unsigned threads; /* 1..SERVE_THREADS_MAX; 0: no NTP service */
	unsigned local_stratum;
};

struct serve;

/* An address at which a service answers. */
struct serve_place {
	enum serve_service service;
	bool is_tcp;
	bool is_absent; /* this host did not have the address when it was bound */
	struct address at;
};

/* On 0 all is bound and `*ret` is the caller's until serve_close().  Else -errno and the
 * endpoint that failed (any other failure: service SERVE_SERVICE_COUNT). */
MUST_USE int serve_open(const struct serve_settings *settings, struct serve **ret,
                        struct serve_place *ret_failed);
size_t serve_place_count(const struct serve *serve);
struct serve_place serve_place(const struct serve *serve, size_t i);

/* Before privileges are dropped: gives the sockets to `uid`, so that no other user's server
 * shares their ports (io/net/udp_listen.h). */
void serve_own(struct serve *serve, uid_t uid);
/* 0, or the errno with which the kernel refuses to stamp datagrams here. */
int serve_stamp_error(const struct serve *serve);

/* Creates the threads and returns when all of them wait for serve_go(): changes to the
 * process in between apply to all.  0, or -errno: then some threads may wait without end,
 * and the process must end. */
MUST_USE int serve_start(struct serve *serve);
void serve_go(struct serve *serve);

/* The sync source from the next serve_refresh() on; called by the same thread. */
void serve_set_sync_source(struct serve *serve, const struct sync_source *sync_source);

/* Recomputes the state.  Called every second, by one thread. */
void serve_refresh(struct serve *serve, struct serve_view *ret);

/* Counters beyond the verdicts. */
enum serve_counter {
	SERVE_LEAKED,      /* answered beyond the rate, by chance */
	SERVE_SOURCES,     /* not seen before, or not recently */
	SERVE_INTERLEAVED, /* answers in interleaved mode */
	SERVE_TX_STAMPS,   /* answers with a transmit time from the kernel */
	SERVE_TOO_EARLY,   /* of these, those that left before their transmit stamp */
	SERVE_BATCHES,
	SERVE_COUNTER_COUNT
};

enum { SERVE_BATCH_SIZES = 6 }; /* 1, 2, 3..4, 5..8, 9..16, 17..32 datagrams */

struct serve_counts {
	uint64_t by_verdict[SERVE_VERDICT_COUNT]; /* datagrams */
	uint64_t counters[SERVE_COUNTER_COUNT];
	uint64_t batches[SERVE_BATCH_SIZES];
	uint32_t tx_lead_ns; /* added to the transmit stamp: the maximum of all threads */
	struct serve_tcp_counts tcp;
};
void serve_counts(const struct serve *serve, struct serve_counts *ret);

/* The rules apply from the next batch of each thread on.  False: not yet, try again. */
MUST_USE bool serve_replace_rules(struct serve *serve, const struct access_rules *rules);

/* Ends the threads; queued answers are sent. */
void serve_stop(struct serve *serve, struct serve_counts *ret);
void serve_close(struct serve *serve); /* NULL is fine; after serve_stop() */

#endif
