/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of a measurement: measure.c runs the rounds, sources.c makes sources
 * of servers, hosts.c finds those at one address, hold_off.c handles servers that sent a
 * kiss code, requests.c says which source is asked when, exchange.c asks one source and
 * evaluates its reply, exchange_record.c keeps what came of it, key_exchange.c, key_store.c and authentic.c do so for NTS,
 * selection.c counts intervals, report.c writes the outcome.
 */
#ifndef APP_CLIENT_MEASURE_PRIVATE_H
#define APP_CLIENT_MEASURE_PRIVATE_H

#include <sys/types.h>

#include "app/client/measure.h"
#include "core/select/filter.h"
#include "core/select/reply.h"
#include "core/select/source_groups.h"

enum source_phase {
	PHASE_NAMED,   /* its name is being resolved, no address yet */
	PHASE_KEYS,    /* its key exchange is under way, or the name that this gave */
	PHASE_HELD,    /* in hold-off: asked only when there is no majority without it */
	PHASE_READY,   /* to be asked at `due_mono_ns` */
	PHASE_ASKED,   /* a request is outstanding; lost at `due_mono_ns` */
	PHASE_REFUSED, /* ICMP error: a real reply counts until `due_mono_ns` */
	PHASE_DONE,    /* it is not asked any more */
	PHASE_COUNT
};

/* Keys and cookies of a source with NTS. */
struct source_keys {
	int64_t obtained_ns; /* CLOCK_BOOTTIME */
	struct nts_keys keys;
	struct nts_cookies cookies;
	uint8_t unique_id[NTS_UNIQUE_ID_OCTETS]; /* of the latest request */
	size_t request_octets;                   /* ... its length */
};

/* The state of a source in measure.c, beyond its results (struct run_source). */
struct source {
	enum source_phase phase;
	size_t server; /* index into settings->servers */
	size_t place;  /* its index among the server's addresses of its family, from 0 */
	size_t twin;   /* source of its address that is asked; SIZE_MAX: none */
	size_t host;   /* the first source at its address */
	bool has_vote;
	uint32_t next_in_bucket;        /* see measurement.buckets */
	const struct kod_holdoff *kiss; /* its hold-off; NULL: none */
	bool has_declined;              /* by its answer or its kind it cannot be used */
	bool is_open;                   /* has a channel: counts against the window */
	bool is_received; /* the latest request: a packet with its cookie has come */
	bool has_refused; /* ... to any request: a malformed reply */
	bool has_probed;  /* ... is a plain one: why are the others not answered? */
	bool has_nak; /* ... NTSN: it could not read the cookie, or an attacker sent this */
	bool has_plain_kiss;  /* ... another kiss code without authentication: the same */
	bool has_key_failure; /* a key exchange has failed, or its keys are not accepted */
	bool wants_keys;      /* keys are there, and new ones are to be got */
	bool has_renewed; /* new ones have been asked for, which is done once in a run */
	struct address key_address; /* of the key exchange */
	uint16_t ntp_port;          /* that it gave */
	bool has_ntp_address;       /* that is known, too: run_source.address */
	int64_t keys_asked_mono_ns; /* when it began */
	struct source_keys *keys;   /* NULL: none (yet) */
	unsigned voids; /* exchanges void because the local clock was disturbed */
	struct ntp_ts cookie;
	struct ntp_ts last_transmit; /* of the latest accepted reply */
	int64_t asked_mono_ns;       /* when the latest request was sent */
	int64_t due_mono_ns;
	int64_t retry_ns; /* how long the next request may stay unanswered */
	unsigned sample_count;
	struct estimate estimate;
};

/* An element of settings->servers.  For a name, or an address with an interface name, the
 * addresses of each family come separately, and each is used at once. */
struct named_server {
	size_t source; /* represents it until there is an address, then becomes the first */
	bool is_pending; /* an answer is still to come */
	bool has_address;
	struct address astray; /* the first address that is loopback or multicast, if any */
	unsigned address_counts[ADDRESS_IPV6 + 1]; /* different ones, by family */
	/* Number of its addresses that another server has, and which; SIZE_MAX: several. */
	size_t twin_count;
	size_t twin;
	size_t first_pair; /* as of the latest selection */
	bool is_agreeing;  /* for selection_agreeing_servers() */
};

enum { MEASUREMENT_BUCKETS = 4096 };

/* Exchanges that a disturbed local clock may void before its source is given up. */
enum { VOIDS_MAX = 8 };

struct measurement {
	const struct measure_settings *settings;
	const struct ports *ports;
	struct run *run; /* run->sources[i] holds the results of sources[i] */
	struct source *sources;
	size_t source_size;
	struct named_server *names; /* [settings->server_count] */
	unsigned *address_counts;   /* [server_count]: source_groups_pairs_max() */
	size_t pending_count;       /* names with an answer still to come */
	/* Sources by address: each bucket is a chain of indexes + 1, ended by 0. */
	uint32_t buckets[MEASUREMENT_BUCKETS];
	struct sample
		*samples; /* settings->samples for each of source_size: see samples_of() */
	/* exchanges_max() for each of source_size, or NULL: they are not kept */
	struct run_exchange *exchanges;
	size_t open_count;
	size_t phase_count[PHASE_COUNT]; /* how many sources are in each */
	size_t nameless_count;           /* ... in PHASE_NAMED, with a vote */
	bool has_authenticated;          /* only sources with NTS vote */
	int64_t deadline_mono_ns;
	int64_t held_mono_ns; /* from then on servers in hold-off are asked, too */
	int64_t now_mono_ns;
	int64_t wall_minus_mono_ns; /* a jump of it is a step of the local clock */
	int64_t boot_minus_mono_ns;
	size_t next_unasked;         /* sources below it have been asked at least once */
	int64_t next_flight_mono_ns; /* no first request before */
	bool has_read_all;           /* the latest wait() had no event left */
	int64_t earliest_due_ns;     /* no source is due before */
	/* selection */
	struct candidate *candidates; /* each with room for source_size */
	struct interval *intervals;
	size_t *interval_of;
	size_t *daemon_of;
	enum interval_status *status_of;
	struct keyed *scratch; /* 2 * source_size */
	size_t cap;            /* address pairs per SERVER, at most */
	struct select_rule rule;
	struct source_groups source_groups;
	struct selection selection;
	struct daemons daemons;  /* unless there are too few intervals */
	size_t answered_count;   /* sources with a sample */
	size_t uncounted;        /* events since the last selection */
	bool is_in_doubt;        /* nothing but a second SERVER is missing: see is_told */
	bool is_surprised;       /* the answer is surprising: every source is awaited */
	int64_t decided_mono_ns; /* the answer is good enough since then; or INT64_MAX */
	int signal;
};

static inline struct sample *samples_of(const struct measurement *m, size_t i)
{
	return m->samples + i * m->settings->samples;
}

static inline void enter_phase(struct measurement *m, size_t i, enum source_phase phase)
{
	struct source *s = &m->sources[i];

	m->phase_count[s->phase]--;
	m->phase_count[phase]++;
	m->nameless_count -= s->has_vote && s->phase == PHASE_NAMED;
	m->nameless_count += s->has_vote && phase == PHASE_NAMED;
	s->phase = phase;
}

/* --- finish.c --- */

void source_close_channel(struct measurement *m, size_t i);
/* Ends the requests to `i` and closes its channel. */
void source_finish(struct measurement *m, size_t i);
/* The source cannot be used.  It still counts, like a silent one: otherwise making servers
 * refuse would be a way to choose the majority. */
void source_decline(struct measurement *m, size_t i, const char *reason);

/* --- sources.c: 0 or -ENOMEM; an error of a server goes into its reason --- */

/* A numeric host becomes a source at once; a name or a host%interface when resolved. */
MUST_USE int sources_start(struct measurement *m, size_t server);
MUST_USE int sources_take_addresses(struct measurement *m, const struct port_event *event);
void sources_lose_name(struct measurement *m, const struct port_event *event);
/* Gives each server its address pairs, from what is resolved so far. */
void sources_assign_pairs(struct measurement *m);
/* The address pair of a source, after sources_assign_pairs(); all without a vote have
 * SOURCES_NO_PAIR. */
#define SOURCES_NO_PAIR ((size_t)INT64_MAX)
size_t sources_pair(const struct measurement *m, size_t i);
/* Servers that count: not those with exactly the addresses of another. */
size_t sources_server_count(const struct measurement *m);
/* Sorts run->sources into an order that does not depend on the order of the answers.
 * Afterwards their indexes are not those of m->sources any more. */
void sources_put_in_order(struct measurement *m);

/* --- hosts.c --- */

/* Source `i` can be asked at `address`, whose port is set, unless it is in hold-off. */
void hosts_find(struct measurement *m, size_t i, const struct address *address);

/* --- hold_off.c --- */

/* The kiss code of an earlier run that still holds for `source`, or NULL. */
const struct kod_holdoff *hold_off_find(const struct measurement *m,
                                        const struct run_source *source);
/* Source `i` may be asked only when there is no majority without it, and its last request
 * is long enough ago. */
void hold_off_begin(struct measurement *m, size_t i, const struct kod_holdoff *kiss);
/* "asked to be left alone (kiss code RATE) until 13:12 UTC" */
void hold_off_format(const struct kod_holdoff *kiss, char *buf, size_t size);

/* --- certificate.c --- */

/* Whether the certificate may be used although the local clock lies outside its dates; else
 * source `i` is declined. */
bool certificate_is_acceptable(struct measurement *m, size_t i,
                               const struct nts_window *window);
/* The same without declining it. */
bool certificate_may_be_valid(const struct measurement *m, const struct nts_window *window);
/* Now, as far as it is known without an answer: by a confirmed run, or the local clock. */
struct instant certificate_clock(const struct measurement *m);
/* Whether the certificate is valid at the time that the sample tells.  `t4` is the local
 * time of its arrival. */
bool certificate_is_in_time(struct measurement *m, size_t i, const struct sample *sample,
                            struct instant t4);
/* ... and if it is not, declines the source. */
void certificate_decline_time(struct measurement *m, size_t i, const struct sample *sample,
                              struct instant t4);

/* --- key_exchange.c: RFC 8915 section 4 --- */

/* Starts the key exchange of source `i`, unless the last ones have failed and it is too
 * early for another. */
void key_exchange_start(struct measurement *m, size_t i);
/* The server does not answer to its keys: new ones are to be got.  With `keeps_cookies`
 * the old ones are used if that fails.  False when that has been done in this run: then the
 * source is declined. */
MUST_USE bool key_exchange_again(struct measurement *m, size_t i, bool keeps_cookies);
/* The certificate of an earlier run is not valid any more: the server may have another by
 * now.  False when its keys are of this run. */
MUST_USE bool key_exchange_after_renewal(struct measurement *m, size_t i);
/* 0 or -ENOMEM; an error of the server goes into the reason of its source. */
MUST_USE int key_exchange_end(struct measurement *m, const struct port_event *event);
/* The address of a server that a key exchange has named; event->name is beyond those of
 * settings->servers. */
void key_exchange_take_address(struct measurement *m, const struct port_event *event);
void key_exchange_lose_name(struct measurement *m, const struct port_event *event);

/* --- key_store.c --- */

/* Uses the keys of an earlier run.  False if there are none. */
MUST_USE bool key_store_take(struct measurement *m, size_t i);
/* Whether a key exchange with source `i` may be tried now; if not, may_exchange declines
 * it. */
bool key_store_is_due(const struct measurement *m, size_t i);
bool key_store_may_exchange(struct measurement *m, size_t i);
/* At the end of the run: what the next one can use. */
void key_store_put(struct measurement *m);

/* --- authentic.c: RFC 8915 section 5 --- */

/* Adds the fields to the request in buf[0..NTP_HEADER_OCTETS).  The length, or -errno. */
MUST_USE ssize_t authentic_seal(struct measurement *m, size_t i, uint8_t *buf, size_t size);
/* Whether the reply comes from the server.  If not, it changes no more than the reason. */
bool authentic_open(struct measurement *m, const struct port_event *event,
                    const struct reply *reply);

/* --- requests.c --- */

/* Asks each source that is due: first requests, retries of lost ones, further rounds. */
void requests_send_due(struct measurement *m);
/* After an event: updates the time at which source `i` is due. */
void requests_note_due(struct measurement *m, size_t i);
/* When a source is due next; CLOCK_MONOTONIC, INT64_MAX: none is. */
int64_t requests_next_ns(const struct measurement *m);

/* --- exchange.c --- */

/* Sends the next request of source `i`.  Errors go into its reason. */
void exchange_ask(struct measurement *m, size_t i);
/* A source with keys has not answered: sends one plain request, whose answer only says
 * whether long packets are lost on the way. */
void exchange_probe(struct measurement *m, size_t i);
/* Frees its channel for another source; asked again later, a late reply is lost. */
void exchange_yield(struct measurement *m, size_t i);
/* Evaluates a reply: a sample, an unusable answer, or nothing. */
void exchange_reply(struct measurement *m, const struct port_event *event);
/* An ICMP or connection error of source `i`. */
void exchange_failed(struct measurement *m, size_t i, int error);
/* Detects a step of the local clock between two readings and shifts all samples. */
void exchange_watch_clock(struct measurement *m, const struct reading *now);

/* --- exchange_record.c --- */

/* Replies of one source that are evaluated, at most: its samples, those that are void, and
 * one that ends it or comes after new keys. */
static inline size_t exchanges_max(const struct measurement *m)
{
	return m->settings->samples + VOIDS_MAX + 3;
}
/* T2 and T3 as an NTP server states them, unless one of them is 0. */
void exchange_record_server(struct run_exchange *record, const struct ntp_header *header);
/* The outcome: `sample`, or NULL and the reason. */
void exchange_record_put(struct measurement *m, size_t i, struct run_exchange *record,
                         const struct sample *sample, const char *reason);
/* The local clock was set forward by this much: what was measured by the old one, as the
 * new one would have shown it. */
void exchange_record_step(struct measurement *m, size_t i, int64_t step_ns);
/* At the end: gives them to the run. */
void exchange_record_hand_over(struct measurement *m);

/* --- selection.c --- */

/* Counts the intervals as of m->now_mono_ns into m->selection. */
void selection_update(struct measurement *m);
/* Whether the outstanding sources and `more` unasked pairs could make a majority. */
bool selection_can_change(const struct measurement *m, size_t more);
/* SERVERs with a source that agrees; a daemon shared by several counts once. */
size_t selection_agreeing_servers(struct measurement *m);
/* Whether the answer stands whatever the outstanding sources report. */
bool selection_is_decided(const struct measurement *m);
/* ... and its error bound is small enough. */
bool selection_is_good_enough(const struct measurement *m);

/* --- report.c --- */

/* Writes the outcome into m->run: statuses, reasons, answer. */
void report_outcome(struct measurement *m);

#endif
