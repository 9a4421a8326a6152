/* SPDX-License-Identifier: MIT
 *
 * What the parts of a measurement share: measure.c runs the rounds, sources.c makes sources of
 * servers, hold_off.c leaves alone those that sent a kiss code, exchange.c asks one source and judges
 * its reply, selection.c counts intervals.
 */
#ifndef APP_CLIENT_MEASURE_PRIVATE_H
#define APP_CLIENT_MEASURE_PRIVATE_H

#include "app/client/measure.h"
#include "core/select/filter.h"
#include "core/select/source_groups.h"

enum source_phase {
	PHASE_NAMED,   /* its name is being resolved, and has no address yet */
	PHASE_HELD,    /* in hold-off: asked only where there is no majority without it */
	PHASE_READY,   /* to be asked at `due_mono_ns` */
	PHASE_ASKED,   /* a request is out; given up for lost at `due_mono_ns` */
	PHASE_REFUSED, /* an ICMP error came: a real reply still counts until `due_mono_ns` */
	PHASE_DONE,    /* nothing more is asked of it */
	PHASE_COUNT
};

/* What measure.c knows of a source beside what is shown of it (struct run_source). */
struct source {
	enum source_phase phase;
	size_t server; /* index into settings->servers */
	size_t place;  /* among the addresses of its family that the server has, from 0 */
	size_t twin; /* the source that has the same address and is asked; SIZE_MAX: none */
	uint32_t next_in_bucket;        /* see meter.buckets */
	const struct kod_holdoff *kiss; /* its hold-off; NULL: none */
	bool has_declined; /* it said itself, or by what it is, that it cannot be used */
	bool is_open;      /* holds a channel: counts against the window */
	bool is_received;  /* the latest request: something came with its cookie */
	bool has_refused;  /* ... to some request: a reply that is broken */
	unsigned voids;    /* exchanges that a disturbance of the local clock spoilt */
	struct ntp_ts cookie;
	struct ntp_ts last_transmit; /* of the latest accepted reply */
	int64_t asked_mono_ns;       /* the latest request */
	int64_t due_mono_ns;
	int64_t retry_ns; /* how long the next request may stay unanswered */
	unsigned sample_count;
	struct estimate estimate;
};

/* One of settings->servers.  Where it was given by name, or its interface was, its addresses of one
 * family come apart from those of the other, and each is used as soon as it is there. */
struct named_server {
	size_t source; /* stands for it until there is an address, and becomes the first one */
	bool is_pending; /* an answer is still to come */
	bool has_address;
	struct address astray; /* the first address that is loopback or multicast, if any */
	unsigned address_counts[ADDRESS_IPV6 + 1]; /* different ones, by family */
	/* Of its addresses those that another server has, and which one; SIZE_MAX: several. */
	size_t twin_count;
	size_t twin;
	size_t first_pair; /* as of the latest selection */
	bool is_agreeing;  /* for selection_report() */
};

enum { MEASUREMENT_BUCKETS = 4096 };

struct measurement {
	const struct measure_settings *settings;
	const struct ports *ports;
	struct run *run; /* run->sources[i] is what is shown of sources[i] */
	struct source *sources;
	size_t source_size;
	struct named_server *names; /* [settings->server_count] */
	unsigned *
		address_counts; /* [settings->server_count]: see source_groups_pairs_max() */
	size_t pending_count;   /* of them with an answer still to come */
	/* Sources by address, each bucket a chain of indexes + 1; 0 ends it. */
	uint32_t buckets[MEASUREMENT_BUCKETS];
	struct sample
		*samples; /* settings->samples for each of source_size: see samples_of() */
	size_t open_count;
	size_t phase_count[PHASE_COUNT]; /* how many sources are in each */
	int64_t deadline_mono_ns;
	int64_t held_mono_ns; /* from here on servers in hold-off are asked, too */
	int64_t now_mono_ns;
	int64_t wall_minus_mono_ns;  /* a jump of it is a step of the local clock */
	size_t next_unasked;         /* sources below it have been asked at least once */
	int64_t next_flight_mono_ns; /* no first request before */
	bool has_read_all;           /* the latest wait() had nothing more to tell */
	int64_t earliest_due_ns;     /* no source is due before */
	/* selection */
	struct candidate *candidates; /* each with room for source_size */
	struct interval *intervals;
	size_t *interval_of;
	size_t *daemon_of;
	enum interval_status *status_of;
	struct keyed *scratch; /* 2 * source_size */
	size_t cap;            /* address pairs of a SERVER, at most */
	struct select_rule rule;
	struct source_groups source_groups;
	struct selection selection;
	struct daemons daemons; /* unless there are too few intervals */
	size_t answered_count;  /* sources with a sample */
	size_t uncounted;       /* events since the last selection */
	bool is_surprised;      /* by the answer: as if all had been asked for */
	int64_t decided_mono_ns; /* since when the answer is good enough; INT64_MAX: it is not */
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

/* --- sources.c: 0 or -ENOMEM; what is wrong with a server ends up in its reason --- */

/* A numeric host is a source at once, a name or one with an interface's name when that is
 * resolved. */
MUST_USE int sources_start(struct measurement *m, size_t server);
MUST_USE int sources_take_addresses(struct measurement *m, const struct port_event *event);
void sources_lose_name(struct measurement *m, const struct port_event *event);
/* Gives each server its address pairs, by what is resolved so far. */
void sources_assign_pairs(struct measurement *m);
/* The address pair of a source, after sources_assign_pairs(). */
size_t sources_pair(const struct measurement *m, size_t i);
/* Servers that count: not those that have the addresses of another. */
size_t sources_server_count(const struct measurement *m);
/* Puts run->sources in an order that does not depend on whose answers came first.  From then on
 * they are not those of m->sources any more. */
void sources_put_in_order(struct measurement *m);

/* --- hold_off.c --- */

/* The kiss code of an earlier run that still holds for `source`, or NULL. */
const struct kod_holdoff *hold_off_find(const struct measurement *m,
                                        const struct run_source *source);
/* Source `i` may be asked only when there is no majority without it, if the last request is long enough
 * ago. */
void hold_off_begin(struct measurement *m, size_t i, const struct kod_holdoff *kiss);
/* "asked to be left alone (kiss code RATE) until 13:12 UTC" */
void hold_off_format(const struct kod_holdoff *kiss, char *buf, size_t size);

/* --- exchange.c --- */

/* Sends the next request of source `i`.  Failures end up in its reason. */
void exchange_ask(struct measurement *m, size_t i);
/* Leaves its channel to another source and will be asked again later: a late reply is lost. */
void exchange_yield(struct measurement *m, size_t i);
/* Judges a reply: a sample, an answer that cannot be used, or nothing at all. */
void exchange_reply(struct measurement *m, const struct port_event *event);
/* An ICMP or connection error of source `i`. */
void exchange_failed(struct measurement *m, size_t i, int error);
/* Nothing more is asked of `i`; closes its channel. */
void exchange_finish(struct measurement *m, size_t i);
/* Sees a step of the local clock between two readings of it and moves all samples along. */
void exchange_watch_clock(struct measurement *m, const struct reading *now);

/* --- selection.c --- */

/* Counts the intervals as of m->now_mono_ns into m->selection. */
void selection_update(struct measurement *m);
/* Whether those still out could lead to a majority that there is not yet; and `more` address pairs that are
 * not asked yet. */
bool selection_can_change(const struct measurement *m, size_t more);
/* Whether the answer stands whatever those still out will say. */
bool selection_is_decided(const struct measurement *m);
/* Writes the outcome into m->run: statuses, reasons, answer. */
void selection_report(struct measurement *m);

#endif
