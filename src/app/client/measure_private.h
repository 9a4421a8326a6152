/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of a measurement: measure.c runs the rounds, sources.c makes sources
 * of servers, hold_off.c handles servers that sent a kiss code, exchange.c asks one source
 * and evaluates its reply, selection.c counts intervals.
 */
#ifndef APP_CLIENT_MEASURE_PRIVATE_H
#define APP_CLIENT_MEASURE_PRIVATE_H

#include "app/client/measure.h"
#include "core/select/filter.h"
#include "core/select/source_groups.h"

enum source_phase {
	PHASE_NAMED,   /* its name is being resolved, no address yet */
	PHASE_HELD,    /* in hold-off: asked only when there is no majority without it */
	PHASE_READY,   /* to be asked at `due_mono_ns` */
	PHASE_ASKED,   /* a request is outstanding; lost at `due_mono_ns` */
	PHASE_REFUSED, /* ICMP error: a real reply counts until `due_mono_ns` */
	PHASE_DONE,    /* it is not asked any more */
	PHASE_COUNT
};

/* The state of a source in measure.c, beyond its results (struct run_source). */
struct source {
	enum source_phase phase;
	size_t server; /* index into settings->servers */
	size_t place;  /* its index among the server's addresses of its family, from 0 */
	size_t twin;   /* source of its address that is asked; SIZE_MAX: none */
	uint32_t next_in_bucket;        /* see measurement.buckets */
	const struct kod_holdoff *kiss; /* its hold-off; NULL: none */
	bool has_declined;              /* by its answer or its kind it cannot be used */
	bool is_open;                   /* has a channel: counts against the window */
	bool is_received; /* the latest request: a packet with its cookie has come */
	bool has_refused; /* ... to any request: a malformed reply */
	unsigned voids;   /* exchanges void because the local clock was disturbed */
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
	bool is_agreeing;  /* for selection_report() */
};

enum { MEASUREMENT_BUCKETS = 4096 };

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
	size_t open_count;
	size_t phase_count[PHASE_COUNT]; /* how many sources are in each */
	int64_t deadline_mono_ns;
	int64_t held_mono_ns; /* from then on servers in hold-off are asked, too */
	int64_t now_mono_ns;
	int64_t wall_minus_mono_ns;  /* a jump of it is a step of the local clock */
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
	m->phase_count[m->sources[i].phase]--;
	m->phase_count[phase]++;
	m->sources[i].phase = phase;
}

/* --- sources.c: 0 or -ENOMEM; an error of a server goes into its reason --- */

/* A numeric host becomes a source at once; a name or a host%interface when resolved. */
MUST_USE int sources_start(struct measurement *m, size_t server);
MUST_USE int sources_take_addresses(struct measurement *m, const struct port_event *event);
void sources_lose_name(struct measurement *m, const struct port_event *event);
/* Gives each server its address pairs, from what is resolved so far. */
void sources_assign_pairs(struct measurement *m);
/* The address pair of a source, after sources_assign_pairs(). */
size_t sources_pair(const struct measurement *m, size_t i);
/* Servers that count: not those with exactly the addresses of another. */
size_t sources_server_count(const struct measurement *m);
/* Sorts run->sources into an order that does not depend on the order of the answers.
 * Afterwards their indexes are not those of m->sources any more. */
void sources_put_in_order(struct measurement *m);

/* --- hold_off.c --- */

/* The kiss code of an earlier run that still holds for `source`, or NULL. */
const struct kod_holdoff *hold_off_find(const struct measurement *m,
                                        const struct run_source *source);
/* Source `i` may be asked only when there is no majority without it, and its last request
 * is long enough ago. */
void hold_off_begin(struct measurement *m, size_t i, const struct kod_holdoff *kiss);
/* "asked to be left alone (kiss code RATE) until 13:12 UTC" */
void hold_off_format(const struct kod_holdoff *kiss, char *buf, size_t size);

/* --- exchange.c --- */

/* Sends the next request of source `i`.  Errors go into its reason. */
void exchange_ask(struct measurement *m, size_t i);
/* Frees its channel for another source; asked again later, a late reply is lost. */
void exchange_yield(struct measurement *m, size_t i);
/* Evaluates a reply: a sample, an unusable answer, or nothing. */
void exchange_reply(struct measurement *m, const struct port_event *event);
/* An ICMP or connection error of source `i`. */
void exchange_failed(struct measurement *m, size_t i, int error);
/* Ends the requests to `i` and closes its channel. */
void exchange_finish(struct measurement *m, size_t i);
/* Detects a step of the local clock between two readings and shifts all samples. */
void exchange_watch_clock(struct measurement *m, const struct reading *now);

/* --- selection.c --- */

/* Counts the intervals as of m->now_mono_ns into m->selection. */
void selection_update(struct measurement *m);
/* Whether the outstanding sources and `more` unasked pairs could make a majority. */
bool selection_can_change(const struct measurement *m, size_t more);
/* Whether the answer stands whatever the outstanding sources report. */
bool selection_is_decided(const struct measurement *m);
/* Writes the outcome into m->run: statuses, reasons, answer. */
void selection_report(struct measurement *m);

#endif
