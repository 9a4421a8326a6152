/* SPDX-License-Identifier: MIT
 *
 * A whole measurement against scripted ports, in virtual time: events that no real socket
 * can produce at a given moment.  The rows are those of tests/faults.md.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/client/measure.h"
#include "core/ntp/packet.h"

#define S NS_PER_S
#define MS NS_PER_MS
#define US NS_PER_US
#define HOUR (3600 * NS_PER_S)
#define UTC_NS (INT64_C(1795000000) * NS_PER_S) /* 2026-11-18, when a test begins */
#define MONO_NS (1000 * NS_PER_S)
#define ASKING_NS (20 * NS_PER_US) /* from the reading of the clock to the transmit time */

enum { SERVERS_MAX = 5, TURNS_MAX = 4, ACTIONS_MAX = 20, ARRIVALS_MAX = 64, TOLD_MAX = 6 };

/* The fate of one request. */
enum conduct {
	ANSWER,
	LOST,
	ICMP,              /* an error comes after out_ns, and no reply */
	ICMP_AND_ANSWER,   /* ... 1 ms after the request, and the reply at its normal
	                    * time */
	CANNOT_SEND,       /* sending fails with `error` */
	ANSWER_OLD_COOKIE, /* to the previous request, as the kernel would never deliver
	                    * it */
};

struct turn {
	enum conduct conduct;
	int64_t out_ns, back_ns;
	int64_t shift_ns; /* its clock less UTC */
	int64_t held_ns;  /* T3 - T2 as it claims, without taking it */
	int error;
};

struct server {
	struct turn turns[TURNS_MAX];
	size_t turn_count; /* the last one repeats */
	int64_t drift_ppb; /* its clock runs fast from the beginning */
	int64_t root_delay_ns, root_dispersion_ns;
	uint8_t leap;
	bool is_same;          /* it shows the same daemon as all others with this flag */
	bool has_no_reference; /* its reference timestamp is 0 */
};

/* An event on this machine. */
enum action_kind {
	NO_ACTION,
	STEP,    /* the wall clock is set forward by ... */
	SUSPEND, /* ... ns pass, CLOCK_MONOTONIC stands still */
	STALL,   /* ... ns pass while this process does not run */
};

struct action {
	int64_t at_ns;
	enum action_kind kind;
	int64_t by_ns;
};

/* The resolver's answer for a server that is a name. */
struct told {
	int64_t at_ns;
	size_t name;
	enum address_family family;
	const char *addresses; /* separated by blanks; NULL: none, for the reason `why` */
	const char *why;
};

/* The names of a run. */
struct naming {
	size_t count; /* servers, all of them names: s0.test, s1.test ... */
	struct told told[TOLD_MAX];
	const char *addresses; /* of all sources in the order shown; "-": none */
	size_t asked_count;    /* 0: any */
	size_t server_count, agreeing_count; /* SERVERs; 0: any */
};

/* A server in hold-off. */
struct held {
	uint32_t code; /* enum ntp_kiss; 0: not held */
	int64_t age_ns;
};

struct row {
	const char *name;
	struct server
		servers[SERVERS_MAX]; /* of sources, in the order in which they appear */
	const struct naming *naming;  /* NULL: the servers are addresses */
	struct action actions[ACTIONS_MAX];
	struct held held[SERVERS_MAX];
	size_t liars;           /* --liars and 1; 0: not given */
	const char *run_reason; /* NULL: any; else a part of it */
	bool is_private;        /* addresses of the local network: asked more often */
	bool has_no_left;       /* no kernel stamp of the transmit time */
	bool has_no_arrived;    /* ... of the arrival */
	bool wakes_early;       /* each wait() first ends too soon, without an event */
	unsigned samples;       /* 0: 4 */
	int64_t timeout_ns;     /* 0: 5 s */
	int64_t target_ns;      /* 0: the default */
	bool is_each_alone;
	int64_t tolerance_ns;
	int64_t wall_ns; /* the local clock at the start; 0: UTC_NS */
	int64_t local_drift_ppb;
	/* wanted */
	enum run_status status;
	enum run_status or_status;          /* also right; RUN_OK: none */
	enum source_status first;           /* of the first source */
	const char *reason;                 /* of the first source: a part of it */
	unsigned sent_min, sent_max;        /* of the first source */
	int64_t bound_min_ns, bound_max_ns; /* 0: any */
	int64_t took_min_ns, took_max_ns;   /* 0: any */
	uint8_t leap;
	size_t answered_count; /* with is_each_alone: sources with an estimate, each right */
};

struct arrival {
	int64_t at_ns; /* true time */
	size_t source;
	int error; /* 0: a reply */
	struct reading before;
	struct instant left, arrived;
	uint8_t octets[NTP_HEADER_OCTETS];
};

struct world {
	const struct row *row;
	int64_t now_ns; /* true time since the start */
	int64_t stepped_ns, suspended_ns;
	size_t action_at;
	size_t asked[SERVERS_MAX];
	struct ntp_ts cookie_before[SERVERS_MAX];
	struct arrival arrivals[ARRIVALS_MAX];
	size_t arrival_count;
	struct arrival delivered;
	struct reading before[SERVERS_MAX];
	unsigned waits;
	uint64_t random;
	bool has_woken;
	size_t told_at; /* answers that the resolver has given */
	struct address addresses[4];
};

static int64_t local_ns(const struct world *w)
{
	return w->now_ns + w->now_ns / 1000 * w->row->local_drift_ppb / 1000000;
}

static struct reading look(const struct world *w)
{
	int64_t base_ns = w->row->wall_ns ? w->row->wall_ns : UTC_NS;

	return (struct reading){
		.wall = { base_ns + local_ns(w) + w->stepped_ns },
		.mono_ns = MONO_NS + local_ns(w) - w->suspended_ns,
		.boot_ns = 2 * MONO_NS + local_ns(w),
		.gap_ns = 100,
	};
}

/* Advances to a moment, through the events before it.  False: this process did not run for
 * a while, so it may be later than that. */
static bool pass_until(struct world *w, int64_t at_ns)
{
	while (w->action_at < ACTIONS_MAX) {
		const struct action *a = &w->row->actions[w->action_at];

		if (a->kind == NO_ACTION || a->at_ns > at_ns) {
			break;
		}
		w->action_at++;
		w->now_ns = a->at_ns > w->now_ns ? a->at_ns : w->now_ns;
		switch (a->kind) {
		case STEP:
			w->stepped_ns += a->by_ns;
			break;
		case SUSPEND:
			w->suspended_ns += a->by_ns;
			w->now_ns += a->by_ns;
			return false;
		case STALL:
			w->now_ns += a->by_ns;
			return false;
		case NO_ACTION:
			break;
		}
	}
	w->now_ns = at_ns > w->now_ns ? at_ns : w->now_ns;
	return true;
}

static int fake_now(void *ctx, struct reading *ret)
{
	*ret = look(ctx);
	return 0;
}

static int fake_random(void *ctx, void *buf, size_t len)
{
	struct world *w = ctx;
	uint8_t *octets = buf;

	for (size_t i = 0; i < len; i++) {
		w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407;
		octets[i] = (uint8_t)(w->random >> 56);
	}
	return 0;
}

static int fake_resolve(void *ctx, size_t name, const char *host,
                        enum address_family family)
{
	const struct world *w = ctx;

	(void)host, (void)family;
	return w->row->naming && name < w->row->naming->count ? 0 : -ENOSYS;
}

/* The resolver's next answer, or NULL. */
static const struct told *next_told(const struct world *w)
{
	const struct told *t;

	if (!w->row->naming || w->told_at == TOLD_MAX) {
		return NULL;
	}
	t = &w->row->naming->told[w->told_at];
	return t->family == ADDRESS_NONE ? NULL : t;
}

static void tell(struct world *w, struct port_event *ret)
{
	const struct told *t = &w->row->naming->told[w->told_at++];
	char list[128] = "", *state = NULL;

	*ret = (struct port_event){ .kind = t->addresses ? PORT_NAME : PORT_NAME_FAILED,
		                    .name = t->name,
		                    .family = t->family,
		                    .is_last = false,
		                    .addresses = w->addresses,
		                    .error_text = t->why };
	for (size_t i = 0; i + 1 < w->told_at; i++) {
		ret->is_last = ret->is_last || w->row->naming->told[i].name == t->name;
	}
	snprintf(list, sizeof(list), "%s", t->addresses ? t->addresses : "");
	for (char *one = strtok_r(list, " ", &state); one;
	     one = strtok_r(NULL, " ", &state)) {
		assert_true(address_parse(one, &w->addresses[ret->address_count++]));
	}
}

static const struct turn *turn_of(const struct server *server, size_t asked)
{
	size_t count = server->turn_count ? server->turn_count : 1;

	return &server->turns[asked < count ? asked : count - 1];
}

static struct instant server_clock(const struct server *server, const struct turn *turn,
                                   int64_t at_ns)
{
	return (struct instant){ UTC_NS + at_ns + turn->shift_ns +
		                 at_ns / 1000 * server->drift_ppb / 1000000 };
}

static struct arrival *add_arrival(struct world *w, size_t source, int64_t at_ns)
{
	struct arrival *a = &w->arrivals[w->arrival_count++];

	assert_true(w->arrival_count < ARRIVALS_MAX);
	*a = (struct arrival){ .at_ns = at_ns, .source = source };
	return a;
}

static void answer(struct world *w, size_t source, const struct turn *turn,
                   struct ntp_ts origin)
{
	const struct server *server = &w->row->servers[source];
	int64_t there_ns = w->now_ns + turn->out_ns;
	struct arrival *a = add_arrival(w, source, there_ns + turn->back_ns);
	struct instant t2 = server_clock(server, turn, there_ns);
	struct ntp_header h = {
		.version = NTP_VERSION,
		.mode = NTP_MODE_SERVER,
		.stratum = 2,
		.leap = server->leap,
		.precision_log2_s = -24,
		.root_delay = ntp_short_from_ns(server->root_delay_ns),
		.root_dispersion = ntp_short_from_ns(server->root_dispersion_ns),
		.refid = { 10, 0, 0, server->is_same ? 99 : (uint8_t)source },
		.reference = server->has_no_reference
		                     ? (struct ntp_ts){ 0 }
		                     : ntp_from_instant(server->is_same
		                                                ? (struct instant){ UTC_NS }
		                                                : instant_add_ns(t2, -S)),
		.origin = origin,
		.receive = ntp_from_instant(t2),
		.transmit = ntp_from_instant(instant_add_ns(t2, turn->held_ns)),
	};

	ntp_header_write(&h, a->octets);
}

static int fake_ask(void *ctx, size_t source, const struct address *to,
                    enum port_transport transport, const uint8_t *buf, size_t len)
{
	struct world *w = ctx;
	const struct turn *turn = turn_of(&w->row->servers[source], w->asked[source]++);
	struct ntp_header request;

	(void)to;
	assert_int_equal(transport, PORT_UDP);
	assert_int_equal(len, NTP_HEADER_OCTETS);
	if (turn->conduct == CANNOT_SEND) {
		return -turn->error;
	}
	ntp_header_read(buf, &request);
	w->before[source] = look(w);
	(void)pass_until(w, w->now_ns + ASKING_NS);
	if (turn->conduct == ICMP || turn->conduct == ICMP_AND_ANSWER) {
		add_arrival(w, source, w->now_ns + MS)->error = turn->error;
	}
	if (turn->conduct == ANSWER || turn->conduct == ICMP_AND_ANSWER) {
		answer(w, source, turn, request.transmit);
	} else if (turn->conduct == ANSWER_OLD_COOKIE) {
		answer(w, source, turn, w->cookie_before[source]);
	}
	w->cookie_before[source] = request.transmit;
	return 0;
}

static void fake_close_channel(void *ctx, size_t source)
{
	struct world *w = ctx;
	size_t left = 0;

	for (size_t i = 0; i < w->arrival_count; i++) {
		if (w->arrivals[i].source != source) {
			w->arrivals[left++] = w->arrivals[i];
		}
	}
	w->arrival_count = left;
}

static size_t first_arrival(const struct world *w)
{
	size_t first = 0;

	for (size_t i = 1; i < w->arrival_count; i++) {
		if (w->arrivals[i].at_ns < w->arrivals[first].at_ns) {
			first = i;
		}
	}
	return first;
}

static void deliver(struct world *w, size_t i, struct instant arrived,
                    struct port_event *ret)
{
	size_t source = w->arrivals[i].source;

	w->delivered = w->arrivals[i];
	w->arrivals[i] = w->arrivals[--w->arrival_count];
	if (w->delivered.error != 0) {
		*ret = (struct port_event){ .kind = PORT_FAILED,
			                    .source = source,
			                    .error = w->delivered.error };
		return;
	}
	*ret = (struct port_event){
		.kind = PORT_REPLY,
		.source = source,
		.octets = w->delivered.octets,
		.len = NTP_HEADER_OCTETS,
		.has_left = !w->row->has_no_left,
		.has_arrived = !w->row->has_no_arrived,
		.left = instant_add_ns(w->before[source].wall, ASKING_NS),
		.arrived = arrived,
		.before = w->before[source],
		.after = look(w),
	};
}

static int fake_wait(void *ctx, int64_t deadline_mono_ns, struct port_event *ret)
{
	struct world *w = ctx;

	/* 3 s of nothing but timeouts of 1 ms would be 3000. */
	assert_true(++w->waits < 500);
	*ret = (struct port_event){ .kind = PORT_TIMEOUT };
	if (w->row->wakes_early && !w->has_woken) {
		w->has_woken = true;
		return 0;
	}
	w->has_woken = false;
	for (;;) {
		const struct told *told = next_told(w);
		size_t i = first_arrival(w);
		int64_t deadline_ns =
			w->now_ns + (deadline_mono_ns - look(w).mono_ns) +
			(w->row->local_drift_ppb != 0 ? MS : 0); /* late is allowed */
		struct instant arrived;

		if (told && told->at_ns <= deadline_ns &&
		    (w->arrival_count == 0 || told->at_ns < w->arrivals[i].at_ns)) {
			(void)pass_until(w, told->at_ns);
			tell(w, ret);
			return 0;
		}
		if (w->arrival_count == 0 || (w->arrivals[i].at_ns > deadline_ns &&
		                              w->arrivals[i].at_ns > w->now_ns)) {
			if (pass_until(w, deadline_ns)) {
				return 0;
			}
			continue;
		}
		(void)pass_until(w, w->arrivals[i].at_ns);
		/* The kernel stamps what arrives while this process does not run. */
		arrived = look(w).wall;
		if (w->row->actions[0].kind == STALL && w->now_ns > w->arrivals[i].at_ns) {
			arrived.unix_ns -= w->now_ns - w->arrivals[i].at_ns;
		}
		deliver(w, i, arrived, ret);
		return 0;
	}
}

/* clang-format off */
#define WAY(out, back) .turn_count = 1, .turns = { { ANSWER, out, back, 0, 0, 0 } }
#define HONEST .servers = { { WAY(10 * MS, 10 * MS) } }
#define THREE(...) { __VA_ARGS__, { WAY(11 * MS, 11 * MS) }, { WAY(12 * MS, 12 * MS) } }
/* A disturbance while the first reply is on its way. */
#define MEANWHILE(what, by) .actions = { { 5 * MS, what, by } }

static const struct row rows[] = {
	{ .name = "a good server", HONEST, .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS,
	  .took_max_ns = 30 * MS },
	{ .name = "C20 delay below zero by less than the precisions: clamped",
	  .servers = { { .turn_count = 1, .turns = { { ANSWER, 10, 10, 0, 100, 0 } } } },
	  .sent_min = 1, .sent_max = 4, .bound_max_ns = 300 },
	{ .name = "row 33 delay below zero by more: dropped",
	  .servers = { { .turn_count = 1, .turns = { { ANSWER, 50 * US, 50 * US, 0, 150 * US, 0 } } } },
	  .status = RUN_NO_ANSWER, .first = SOURCE_REJECTED, .reason = "negative delay", .sent_min = 1, .sent_max = 1 },
	/* 20 ms of delay, 4 ms of root delay, 3 ms of root dispersion: 15 ms, and up to
	 * 515 ppm of 20 ms and the precisions. */
	{ .name = "C23 the bound is the sum of all that can be wrong",
	  .servers = { { WAY(10 * MS, 10 * MS), .root_delay_ns = 4 * MS, .root_dispersion_ns = 3 * MS } },
	  .sent_min = 1, .sent_max = 1, .bound_min_ns = 15 * MS + 300, .bound_max_ns = 15 * MS + 32 * US },
	{ .name = "C33 the local clock says 1970", HONEST, .wall_ns = 1, .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS },
	{ .name = "C33 the local clock says 1902", HONEST, .wall_ns = INT64_C(-2145916800) * S, .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS },
	{ .name = "C33 the local clock says 2199", HONEST, .wall_ns = INT64_C(7226582400) * S, .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS },
	{ .name = "C33 the local clock says 2262", HONEST, .wall_ns = INT64_C(9214646400) * S, .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS },
	{ .name = "C33 the local clock says 1700: too far to be computed with", HONEST, .wall_ns = INT64_C(-8520336000) * S,
	  .status = RUN_NO_ANSWER, .first = SOURCE_REJECTED, .reason = "set it first (date -s)", .sent_min = 1, .sent_max = 1 },
	{ .name = "C33 the local clock says 2100", HONEST, .wall_ns = INT64_C(4102444800) * S, .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS },

	{ .name = "row 14 a reply 1 ms before the deadline: used", .servers = { { WAY(10 * MS, 989 * MS - ASKING_NS) } },
	  .samples = 1, .timeout_ns = S, .sent_min = 1, .sent_max = 1, .took_min_ns = 999 * MS, .took_max_ns = S },
	{ .name = "row 14 a reply 1 ms after the deadline: not used", .servers = { { WAY(10 * MS, 991 * MS) } },
	  .samples = 1, .timeout_ns = S, .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE,
	  .sent_min = 1, .sent_max = 1, .took_min_ns = S, .took_max_ns = S },
	{ .name = "row 15 a reply with the nonce of the request before: ignored", .is_private = true,
	  .servers = { { .turn_count = 3, .turns = { { LOST, 0, 0, 0, 0, 0 }, { ANSWER_OLD_COOKIE, MS, MS, 77 * S, 0, 0 }, { ANSWER, MS, MS, 0, 0, 0 } } } },
	  .sent_min = 3, .sent_max = 3, .bound_max_ns = 2 * MS },

	{ .name = "row 43 a server steps by 1 s between two answers: dropped", .target_ns = 1,
	  .servers = { { .turn_count = 2, .turns = { { ANSWER, 200 * US, 200 * US, 0, 0, 0 }, { ANSWER, 200 * US, 200 * US, S, 0, 0 } } } },
	  .is_private = true, .status = RUN_NO_ANSWER, .first = SOURCE_REJECTED, .reason = "contradict", .sent_min = 2, .sent_max = 4 },
	{ .name = "row 43 a server steps by 1 s, two do not: outvoted", .target_ns = 1, .is_private = true,
	  .servers = { { .turn_count = 2, .turns = { { ANSWER, 200 * US, 200 * US, 0, 0, 0 }, { ANSWER, 200 * US, 200 * US, S, 0, 0 } } },
	               { WAY(200 * US, 200 * US) }, { WAY(300 * US, 300 * US) } },
	  .first = SOURCE_REJECTED, .sent_min = 2, .sent_max = 4, .bound_max_ns = MS },
	/* Its bound includes it: 5 s of 500 ppm are 2.5 ms. */
	{ .name = "row 44 a server drifts by +500 ppm", .servers = { { WAY(200 * MS, 200 * MS), .drift_ppb = 500000, .root_dispersion_ns = 3 * MS } },
	  .sent_min = 3, .sent_max = 3, .bound_max_ns = 206 * MS },
	{ .name = "row 44 a server drifts by -500 ppm", .servers = { { WAY(200 * MS, 200 * MS), .drift_ppb = -500000, .root_dispersion_ns = 3 * MS } },
	  .sent_min = 3, .sent_max = 3, .bound_max_ns = 206 * MS },
	{ .name = "row 44 the local clock drifts by +500 ppm", .servers = { { WAY(200 * MS, 200 * MS) } }, .local_drift_ppb = 500000,
	  .sent_min = 3, .sent_max = 3, .bound_max_ns = 204 * MS },
	{ .name = "row 44 the local clock drifts by -500 ppm", .servers = { { WAY(200 * MS, 200 * MS) } }, .local_drift_ppb = -500000,
	  .sent_min = 3, .sent_max = 3, .bound_max_ns = 204 * MS },
	/* Three answers in 4 s, each narrower than the clock's drift from one to the
	 * next. */
	{ .name = "row 44 +500 ppm and a short way: the answers agree", .servers = { { WAY(200 * US, 200 * US) } },
	  .local_drift_ppb = 499000, .target_ns = 100 * US, .sent_min = 3, .sent_max = 3, .bound_max_ns = MS },
	{ .name = "row 44 -500 ppm and a short way: the answers agree", .servers = { { WAY(200 * US, 200 * US) } },
	  .local_drift_ppb = -499000, .target_ns = 100 * US, .sent_min = 3, .sent_max = 3, .bound_max_ns = MS },
	{ .name = "row 45 300 ms on the way out", .servers = { { WAY(301 * MS, MS) } }, .sent_min = 1, .sent_max = 4,
	  .bound_min_ns = 150 * MS, .bound_max_ns = 154 * MS },
	{ .name = "row 45 300 ms on the way back", .servers = { { WAY(MS, 301 * MS) } }, .sent_min = 1, .sent_max = 4,
	  .bound_min_ns = 150 * MS, .bound_max_ns = 154 * MS },

	{ .name = "row 48 ICMP error: fails soon",
	  .servers = { { .turn_count = 1, .turns = { { ICMP, 0, 0, 0, 0, EHOSTUNREACH } } } },
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "No route", .sent_min = 1, .sent_max = 1, .took_max_ns = 400 * MS },
	{ .name = "row 48 ICMP error from one of three: the others decide",
	  .servers = THREE({ .turn_count = 1, .turns = { { ICMP, 0, 0, 0, 0, ECONNREFUSED } } }),
	  .first = SOURCE_UNREACHABLE, .reason = "refused", .sent_min = 1, .sent_max = 1, .took_max_ns = 60 * MS },
	{ .name = "row 49 a forged ICMP error, then the reply: used",
	  .servers = { { .turn_count = 1, .turns = { { ICMP_AND_ANSWER, 60 * MS, 60 * MS, 0, 0, ECONNREFUSED } } } },
	  .sent_min = 1, .sent_max = 4, .bound_max_ns = 62 * MS },
	{ .name = "row 54 waits that end early with nothing: no answer is lost, no spinning", .wakes_early = true, HONEST,
	  .sent_min = 1, .sent_max = 1 },
	{ .name = "row 55 ENOBUFS once: tried again",
	  .servers = { { .turn_count = 2, .turns = { { CANNOT_SEND, 0, 0, 0, 0, ENOBUFS }, { ANSWER, MS, MS, 0, 0, 0 } } } },
	  .sent_min = 1, .sent_max = 4 },
	{ .name = "row 55 ENOMEM once: tried again",
	  .servers = { { .turn_count = 2, .turns = { { CANNOT_SEND, 0, 0, 0, 0, ENOMEM }, { ANSWER, MS, MS, 0, 0, 0 } } } },
	  .sent_min = 1, .sent_max = 4 },
	{ .name = "row 55 ENOBUFS for one of three without end: the others decide",
	  .servers = THREE({ .turn_count = 1, .turns = { { CANNOT_SEND, 0, 0, 0, 0, ENOBUFS } } }),
	  .first = SOURCE_UNREACHABLE, .reason = "No buffer space", .took_max_ns = 60 * MS },
	{ .name = "row 55 ENOBUFS without end: no answer, with the reason",
	  .servers = { { .turn_count = 1, .turns = { { CANNOT_SEND, 0, 0, 0, 0, ENOBUFS } } } },
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "No buffer space", .took_max_ns = 5 * S },
	{ .name = "row 56 EMFILE for one of three: the others decide",
	  .servers = THREE({ .turn_count = 1, .turns = { { CANNOT_SEND, 0, 0, 0, 0, EMFILE } } }),
	  .first = SOURCE_UNREACHABLE, .reason = "Too many open files", .took_max_ns = 60 * MS },
	{ .name = "row 56 EMFILE without end: no answer, with the reason",
	  .servers = { { .turn_count = 1, .turns = { { CANNOT_SEND, 0, 0, 0, 0, EMFILE } } } },
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "Too many open files", .took_max_ns = 5 * S },

	{ .name = "row 58 with kernel stamps a stall of 50 ms does not show", HONEST, MEANWHILE(STALL, 50 * MS), .samples = 1,
	  .sent_min = 1, .sent_max = 1, .bound_max_ns = 11 * MS },
	{ .name = "row 58 without the stamp of the arrival: wider", HONEST, MEANWHILE(STALL, 50 * MS), .samples = 1, .has_no_arrived = true,
	  .sent_min = 1, .sent_max = 1, .bound_min_ns = 27 * MS },
	{ .name = "row 58 without the stamp of the departure: wider", HONEST, .samples = 1, .has_no_left = true,
	  .sent_min = 1, .sent_max = 1, .bound_min_ns = 10 * MS + ASKING_NS / 2 },
	{ .name = "row 58 without any kernel stamp", HONEST, .has_no_left = true, .has_no_arrived = true, .sent_min = 1, .sent_max = 1 },

	{ .name = "row 59 the clock is stepped by +1 h meanwhile: asked again", HONEST, MEANWHILE(STEP, HOUR), .is_private = true,
	  .sent_min = 2, .sent_max = 2, .bound_max_ns = 11 * MS },
	{ .name = "row 59 the clock is stepped by -1 h meanwhile: asked again", HONEST, MEANWHILE(STEP, -HOUR), .is_private = true,
	  .sent_min = 2, .sent_max = 2, .bound_max_ns = 11 * MS },
	{ .name = "row 59 the clock is stepped by 1 ms meanwhile: asked again", HONEST, MEANWHILE(STEP, MS), .is_private = true,
	  .sent_min = 2, .sent_max = 2, .bound_max_ns = 11 * MS },
	{ .name = "row 59 the clock of a public server's client is stepped: asked again in 2 s", HONEST, MEANWHILE(STEP, HOUR),
	  .sent_min = 2, .sent_max = 2, .took_min_ns = 2 * S },
	{ .name = "row 59 stepped without kernel stamps", HONEST, MEANWHILE(STEP, HOUR), .is_private = true, .has_no_left = true,
	  .has_no_arrived = true, .sent_min = 2, .sent_max = 2, .bound_max_ns = 11 * MS },
	{ .name = "row 59 stepped after the first answer: it is moved along",
	  .servers = { { WAY(MS, MS) }, { WAY(100 * MS, 100 * MS) }, { WAY(110 * MS, 110 * MS) } },
	  .actions = { { 50 * MS, STEP, HOUR } }, .is_private = true, .sent_min = 1, .sent_max = 4 },
	{ .name = "row 59 stepped in each exchange: it ends, and is no answer", HONEST, .is_private = true, .timeout_ns = S,
	  .actions = { { 5 * MS, STEP, S }, { 15 * MS, STEP, S }, { 25 * MS, STEP, S }, { 35 * MS, STEP, S }, { 45 * MS, STEP, S },
	               { 55 * MS, STEP, S }, { 65 * MS, STEP, S }, { 75 * MS, STEP, S }, { 85 * MS, STEP, S }, { 95 * MS, STEP, S },
	               { 105 * MS, STEP, S }, { 115 * MS, STEP, S }, { 125 * MS, STEP, S }, { 135 * MS, STEP, S }, { 145 * MS, STEP, S },
	               { 155 * MS, STEP, S }, { 165 * MS, STEP, S }, { 175 * MS, STEP, S }, { 185 * MS, STEP, S }, { 195 * MS, STEP, S } },
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "disturbed", .sent_min = 5, .sent_max = 12, .took_max_ns = S },
	{ .name = "row 61 suspended for 60 s meanwhile: asked again", HONEST, MEANWHILE(SUSPEND, 60 * S), .is_private = true,
	  .sent_min = 2, .sent_max = 2, .bound_max_ns = 11 * MS },
	{ .name = "row 61 suspended for 60 s, a public server: asked again", HONEST, MEANWHILE(SUSPEND, 60 * S),
	  .sent_min = 2, .sent_max = 2, .bound_max_ns = 11 * MS },
	{ .name = "row 62 a stall of 2 s meanwhile, kernel stamps", HONEST, MEANWHILE(STALL, 2 * S), .samples = 1,
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 3 * S },
	{ .name = "row 62 a stall of 2 s meanwhile, no kernel stamps: the bound covers it", HONEST, MEANWHILE(STALL, 2 * S), .samples = 1,
	  .has_no_left = true, .has_no_arrived = true, .sent_min = 1, .sent_max = 1, .bound_min_ns = S },
	{ .name = "row 76 stopped for 10 s, past the deadline: it ends at once", .servers = THREE({ WAY(10 * MS, 10 * MS) }),
	  MEANWHILE(STALL, 10 * S), .or_status = RUN_NO_MAJORITY, .first = SOURCE_SELECTED, .sent_min = 1, .sent_max = 1, .took_max_ns = 11 * S },
#define MINUTE (60 * S)
#define RATE(age) { NTP_KISS_RATE, age }
#define GOOD(way) { WAY(way, way) }
#define DEAD { .turn_count = 1, .turns = { { LOST, 0, 0, 0, 0, 0 } } }
#define NO_PORT { .turn_count = 1, .turns = { { ICMP, 0, 0, 0, 0, ECONNREFUSED } } }
	{ .name = "C26 in hold-off, and a majority without it: not asked", .servers = { GOOD(10 * MS), GOOD(10 * MS), GOOD(11 * MS) },
	  .held = { RATE(20 * MINUTE) }, .first = SOURCE_REJECTED, .reason = "=asked to be left alone (kiss code RATE) until 11:26 UTC; to ask it now: reqtime query --state-dir /dev/null",
	  .sent_min = 0, .sent_max = 0, .took_max_ns = 40 * MS },
	{ .name = "C26 in hold-off, and no majority without it: asked once", .servers = { GOOD(10 * MS), GOOD(10 * MS), NO_PORT },
	  .held = { RATE(20 * MINUTE) }, .reason = "until 11:26 UTC; asked all the same: answered", .sent_min = 1, .sent_max = 1, .took_max_ns = 400 * MS },
	{ .name = "C25 DENY, and no majority without it: asked once", .servers = { GOOD(10 * MS), NO_PORT, GOOD(10 * MS) },
	  .held = { { NTP_KISS_DENY, 20 * MINUTE } }, .reason = "(kiss code DENY)", .sent_min = 1, .sent_max = 1, .took_max_ns = 400 * MS },
	{ .name = "C26 in hold-off for less than 15 minutes: not asked, and it counts", .servers = { GOOD(10 * MS), GOOD(10 * MS), NO_PORT },
	  .held = { RATE(14 * MINUTE) }, .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 0, .sent_max = 0,
	  .run_reason = "no majority: 1 of 3 agree, 2 are needed; 203.0.113.1: asked to be left alone (kiss code RATE) until 11:32 UTC; 203.0.113.3: Connection refused" },
	{ .name = "C26 in hold-off, the only one: asked once, and silent", .servers = { DEAD }, .held = { RATE(20 * MINUTE) }, .is_private = true,
	  .status = RUN_NO_ANSWER, .first = SOURCE_REJECTED, .reason = "until 11:26 UTC; asked all the same: no answer", .sent_min = 1, .sent_max = 1 },
	{ .name = "C26 in hold-off, another is silent: asked when half of the time is over", .servers = { GOOD(10 * MS), GOOD(10 * MS), DEAD },
	  .held = { RATE(20 * MINUTE) }, .sent_min = 1, .sent_max = 1, .took_min_ns = 2500 * MS, .took_max_ns = 2540 * MS },
	{ .name = "C26 in hold-off, two dissent: it could not help, and is not asked",
	  .servers = { GOOD(10 * MS), GOOD(10 * MS), { .turn_count = 1, .turns = { { ANSWER, MS, MS, HOUR, 0, 0 } } },
	               { .turn_count = 1, .turns = { { ANSWER, MS, MS, -HOUR, 0, 0 } } } },
	  .held = { RATE(20 * MINUTE) }, .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 0, .sent_max = 0, .took_max_ns = 40 * MS },
	{ .name = "C31 --liars 0: one is enough", .servers = { GOOD(10 * MS), NO_PORT, NO_PORT }, .liars = 1,
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 400 * MS },
	{ .name = "C31 --liars 2 of four: cannot be met", .servers = { GOOD(10 * MS), GOOD(10 * MS), GOOD(10 * MS), GOOD(10 * MS) }, .liars = 3,
	  .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 1, .sent_max = 1,
	  .run_reason = "=no majority: --liars 2 needs 5 sources or more, 4 are named" },
#define NAMES(...) .naming = &(const struct naming){ __VA_ARGS__ }
#define V4 ADDRESS_IPV4
#define V6 ADDRESS_IPV6
#define NODATA "No address associated with hostname"
#define AGAIN "Temporary failure in name resolution"
	{ .name = "names: the AAAA question is never answered: the run does not wait for it", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, "192.0.2.1", NULL } }, .addresses = "192.0.2.1", .asked_count = 1),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 30 * MS },
	{ .name = "names: the A question is never answered: the run does not wait for it", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V6, "2001:db8::1", NULL } }, .addresses = "2001:db8::1", .asked_count = 1),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 30 * MS },
	{ .name = "names: a failed A question is not the end while AAAA is out", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, NULL, AGAIN }, { 2 * S, 0, V6, "2001:db8::1", NULL } },
	        .addresses = "2001:db8::1", .asked_count = 1),
	  .sent_min = 1, .sent_max = 1, .took_min_ns = 2 * S, .took_max_ns = 2 * S + 30 * MS },
	{ .name = "names: a late second family is another way to the same place",
	  .servers = { { .turn_count = 1, .turns = { { LOST, 0, 0, 0, 0, 0 } } }, { WAY(10 * MS, 10 * MS) } },
	  NAMES(.count = 1, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { S, 0, V6, "2001:db8::1", NULL } },
	        .addresses = "192.0.2.1 2001:db8::1", .asked_count = 1),
	  .first = SOURCE_UNREACHABLE, .sent_min = 1, .sent_max = 1, .took_min_ns = S, .took_max_ns = S + 30 * MS },
	{ .name = "names: the only address is refused: the other family is waited for",
	  .servers = { { .turn_count = 1, .turns = { { ICMP, 0, 0, 0, 0, ECONNREFUSED } } }, { WAY(10 * MS, 10 * MS) } },
	  NAMES(.count = 1, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { 2 * S, 0, V6, "2001:db8::1", NULL } },
	        .addresses = "192.0.2.1 2001:db8::1", .asked_count = 1),
	  .first = SOURCE_UNREACHABLE, .sent_min = 1, .sent_max = 1, .took_min_ns = 2 * S, .took_max_ns = 2 * S + 30 * MS },
	{ .name = "names: the way to the one of two is not known yet: he may dissent, and is waited for",
	  .servers = { { WAY(10 * MS, 10 * MS) }, { .turn_count = 1, .turns = { { ICMP, 0, 0, 0, 0, ECONNREFUSED } } },
	               { .turn_count = 1, .turns = { { ANSWER, MS, MS, HOUR, 0, 0 } } } },
	  NAMES(.count = 2, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { MS, 0, V6, NULL, NODATA },
	                              { MS, 1, V4, "192.0.2.2", NULL }, { S, 1, V6, "2001:db8::2", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 2001:db8::2", .asked_count = 2),
	  .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 1, .sent_max = 4, .took_min_ns = S,
	  .run_reason = "=1 server says 0 s, 1 says +1 h 00:00; name one more server, or trust one alone: reqtime set SERVER" },
	{ .name = "names: a name that fails alike in both families has one reason", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V6, NULL, NODATA }, { 2 * MS, 0, V4, NULL, NODATA } }, .addresses = "-"),
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "=" NODATA, .took_max_ns = 3 * MS },
	{ .name = "names: a name that fails in two ways has both reasons", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, NULL, AGAIN }, { 2 * MS, 0, V6, NULL, NODATA } }, .addresses = "-"),
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "=IPv4: " AGAIN "; IPv6: " NODATA, .took_max_ns = 3 * MS },
	{ .name = "names: two reasons, in the same order whichever comes first", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V6, NULL, NODATA }, { 2 * MS, 0, V4, NULL, AGAIN } }, .addresses = "-"),
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "=IPv4: " AGAIN "; IPv6: " NODATA, .took_max_ns = 3 * MS },
	{ .name = "names: one family has failed, the other is silent until the deadline", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, NULL, AGAIN } }, .addresses = "-"),
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "=IPv4: " AGAIN, .took_min_ns = 5 * S, .took_max_ns = 5 * S },
	{ .name = "names: one family leads to loopback, the other to a server", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, "127.0.0.1", NULL }, { 2 * MS, 0, V6, "2001:db8::1", NULL } }, .addresses = "2001:db8::1"),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 30 * MS },
	{ .name = "names: one family leads to loopback, the other nowhere", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, "127.0.0.1", NULL }, { 2 * MS, 0, V6, NULL, NODATA } }, .addresses = "-"),
	  .status = RUN_NO_ANSWER, .first = SOURCE_REJECTED, .reason = "=its name leads to this machine: name another server, or 127.0.0.1 to ask this one", .took_max_ns = 3 * MS },
	{ .name = "names: a multicast address alone", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, "224.0.1.1", NULL }, { 2 * MS, 0, V6, NULL, NODATA } }, .addresses = "-"),
	  .status = RUN_NO_ANSWER, .first = SOURCE_REJECTED, .reason = "=its name leads to 224.0.1.1, which is no server's address", .took_max_ns = 3 * MS },
	{ .name = "names: a link-local address without its interface is not asked", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V4, NULL, NODATA }, { MS, 0, V6, "fe80::1", NULL } }, .addresses = "fe80::1", .asked_count = 1),
	  .status = RUN_NO_ANSWER, .first = SOURCE_UNREACHABLE, .reason = "=fe80::1 is link-local: add the interface, fe80::1%eth0",
	  .took_max_ns = 3 * MS },
#define LIE(by) { .turn_count = 1, .turns = { { ANSWER, 10 * MS, 10 * MS, by, 0, 0 } } }
	{ .name = "row 51 a name with two false addresses counts once, with two servers",
	  .servers = { LIE(HOUR), GOOD(10 * MS), GOOD(11 * MS), LIE(HOUR) },
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1 192.0.2.2", NULL }, { MS, 0, V6, NULL, NODATA }, { MS, 1, V4, "192.0.2.3", NULL },
	                              { MS, 2, V4, "192.0.2.4", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", .asked_count = 3, .server_count = 3, .agreeing_count = 2),
	  .first = SOURCE_FALSETICKER, .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	{ .name = "row 51 two names: each address counts",
	  .servers = { GOOD(10 * MS), GOOD(10 * MS), GOOD(10 * MS), GOOD(11 * MS) },
	  NAMES(.count = 2, .told = { { MS, 0, V4, "192.0.2.1 192.0.2.2 192.0.2.3", NULL }, { MS, 1, V4, "192.0.2.4", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", .asked_count = 4, .server_count = 2, .agreeing_count = 2),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	{ .name = "row 51 a server by two names is one SERVER",
	  .servers = { GOOD(10 * MS), GOOD(10 * MS) },
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { MS, 1, V4, "192.0.2.2", NULL }, { 2 * MS, 2, V4, "192.0.2.1 192.0.2.1", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.1", .asked_count = 2, .server_count = 2, .agreeing_count = 2),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	/* Otherwise two SERVERs would be left, all addresses would have intervals, and
	 * three of five would be falsetickers. */
	{ .name = "row 51 a misled name cannot swallow a server by leading to it, too",
	  .servers = { GOOD(10 * MS), LIE(S), GOOD(10 * MS), LIE(HOUR), LIE(HOUR) },
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1 192.0.2.2 192.0.2.3", NULL }, { 2 * MS, 1, V4, "192.0.2.1", NULL }, { 2 * MS, 2, V4, "192.0.2.4", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.1 192.0.2.4", .asked_count = 3, .server_count = 3, .agreeing_count = 2),
	  .first = SOURCE_REJECTED, .reason = "contradict", .sent_min = 1, .sent_max = 4 },
	{ .name = "row 51 IPv4 and IPv6 of a name contradict each other: no interval, but counted", .is_private = true,
	  .servers = { GOOD(10 * MS), GOOD(10 * MS), LIE(HOUR) },
	  NAMES(.count = 2, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { MS, 0, V6, "2001:db8::1", NULL }, { MS, 1, V4, "192.0.2.2", NULL }, { MS, 1, V6, NULL, NODATA } },
	        .addresses = "192.0.2.1 2001:db8::1 192.0.2.2", .asked_count = 2, .server_count = 2, .agreeing_count = 1),
	  .first = SOURCE_REJECTED, .reason = "=the addresses of its name contradict each other", .sent_min = 1, .sent_max = 4 },
#define LEAP(way) { WAY(way, way), .leap = NTP_LEAP_INSERT }
#define SAME(way) { WAY(way, way), .is_same = true }
	{ .name = "C34 a leap second by two of three that agree is reported", .servers = { LEAP(10 * MS), LEAP(10 * MS), GOOD(10 * MS) },
	  .leap = NTP_LEAP_INSERT, .sent_min = 1, .sent_max = 1 },
	{ .name = "C34 a leap second by two of five that were named is not", .servers = { LEAP(10 * MS), LEAP(10 * MS), GOOD(10 * MS), NO_PORT, NO_PORT },
	  .sent_min = 1, .sent_max = 1 },
	{ .name = "C34 the addresses of a name have to say the same of a leap second",
	  .servers = { GOOD(10 * MS), LEAP(10 * MS), NO_PORT, LEAP(10 * MS) },
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1 192.0.2.2", NULL }, { MS, 1, V4, "192.0.2.3", NULL }, { MS, 2, V4, "192.0.2.4", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", .asked_count = 3),
	  .sent_min = 1, .sent_max = 1 },
	{ .name = "C31 one daemon by two names is one of the SERVERs that agree", .servers = { SAME(10 * MS), SAME(10 * MS), GOOD(10 * MS) },
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { MS, 1, V4, "192.0.2.2", NULL }, { MS, 2, V4, "192.0.2.3", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3", .asked_count = 3, .server_count = 3, .agreeing_count = 2),
	  .sent_min = 1, .sent_max = 1 },
	{ .name = "C31 one daemon by two names does not outvote another", .servers = { SAME(10 * MS), SAME(10 * MS), LIE(HOUR) },
	  .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 1, .sent_max = 1,
	  .run_reason = "=no majority: 2 of 3 agree, but some of them are one machine: 1 of 2 machines" },
	{ .name = "C31 one address that two SERVERs share is one machine, though its server has no reference timestamp",
	  .servers = { { .turn_count = 1, .turns = { { ANSWER, 10 * MS, 10 * MS, HOUR, 0, 0 } }, .has_no_reference = true }, NO_PORT, GOOD(10 * MS) },
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { MS, 1, V4, "192.0.2.1", NULL }, { MS, 1, V6, "2001:db8::1", NULL }, { MS, 2, V4, "192.0.2.3", NULL } },
	        .addresses = "192.0.2.1 192.0.2.1 2001:db8::1 192.0.2.3", .asked_count = 3),
	  .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 1, .sent_max = 1 },
	{ .name = "names: of two, the one without addresses yet may dissent with all it gets: it is waited for",
	  .servers = { GOOD(10 * MS), LIE(HOUR), GOOD(10 * MS), LIE(HOUR) },
	  NAMES(.count = 2, .told = { { MS, 0, V4, "192.0.2.1 192.0.2.2", NULL }, { S, 1, V4, "192.0.2.3 192.0.2.4", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", .asked_count = 4),
	  .status = RUN_NO_MAJORITY, .first = SOURCE_REJECTED, .sent_min = 1, .sent_max = 1, .took_min_ns = S, .took_max_ns = S + 50 * MS },
	{ .name = "names: a dispute that a name without addresses yet may end: it is waited for",
	  .servers = { GOOD(10 * MS), GOOD(10 * MS), LIE(HOUR), LIE(-HOUR), GOOD(10 * MS) },
	  NAMES(.count = 2, .told = { { MS, 0, V4, "192.0.2.1 192.0.2.2 192.0.2.3", NULL }, { S, 1, V4, "192.0.2.4 192.0.2.5", NULL } },
	        .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5", .asked_count = 5),
	  .sent_min = 1, .sent_max = 4, .took_min_ns = S, .took_max_ns = S + 50 * MS },
	{ .name = "names: the interface of an address is found", HONEST,
	  NAMES(.count = 1, .told = { { MS, 0, V6, "fe80::1%eth0", NULL } }, .addresses = "fe80::1%eth0", .asked_count = 1),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 30 * MS },
	{ .name = "names: one of three names is dead: the others decide", .servers = THREE({ WAY(10 * MS, 10 * MS) }),
	  NAMES(.count = 3, .told = { { MS, 0, V4, "192.0.2.1", NULL }, { MS, 2, V6, "2001:db8::3", NULL } },
	        .addresses = "192.0.2.1 - 2001:db8::3", .asked_count = 3),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	{ .name = "names: the order that is shown is not that of the answers",
	  .servers = { { WAY(10 * MS, 10 * MS) }, { WAY(10 * MS, 10 * MS) }, { WAY(10 * MS, 10 * MS) }, { WAY(10 * MS, 10 * MS) } },
	  NAMES(.count = 2, .told = { { MS, 1, V6, "2001:db8::21", NULL }, { MS, 0, V6, "2001:db8::11 2001:db8::12", NULL }, { MS, 0, V4, "192.0.2.11", NULL } },
	        .addresses = "192.0.2.11 2001:db8::11 2001:db8::12 2001:db8::21", .asked_count = 3),
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 30 * MS },
	/* The bound of 10 ms is that of the exchange: 5 s of 500 ppm would add 2.5 ms. */
	{ .name = "alone: a silent one costs the others no width", .is_each_alone = true,
	  .servers = { GOOD(10 * MS), DEAD, LIE(3 * S) }, .answered_count = 2, .bound_max_ns = 10 * MS + 100 * US,
	  .sent_min = 1, .sent_max = 1, .took_min_ns = 5 * S, .took_max_ns = 5 * S + MS },
	{ .name = "alone: a majority does not end it before the last has answered", .is_each_alone = true,
	  .servers = { GOOD(10 * MS), GOOD(10 * MS), GOOD(10 * MS), { WAY(400 * MS, 400 * MS) } }, .target_ns = S,
	  .answered_count = 4, .bound_max_ns = 401 * MS, .sent_min = 1, .sent_max = 1,
	  .took_min_ns = 800 * MS, .took_max_ns = 810 * MS },
	{ .name = "alone: in dispute, and each has its answer at once", .is_each_alone = true,
	  .servers = { GOOD(10 * MS), LIE(S), LIE(-S), LIE(5 * S) }, .answered_count = 4,
	  .bound_max_ns = 11 * MS, .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	{ .name = "alone: a limit inside its interval: asked again", .is_each_alone = true, .is_private = true,
	  .servers = { LIE(45 * MS) }, .tolerance_ns = 50 * MS, .answered_count = 1, .bound_max_ns = 11 * MS,
	  .sent_min = 4, .sent_max = 4, .took_max_ns = 2 * S },
	{ .name = "alone: inside for certain: asked once", .is_each_alone = true, .is_private = true,
	  .servers = { LIE(35 * MS) }, .tolerance_ns = 50 * MS, .answered_count = 1, .bound_max_ns = 11 * MS,
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	{ .name = "alone: outside for certain: asked once", .is_each_alone = true, .is_private = true,
	  .servers = { LIE(-65 * MS) }, .tolerance_ns = 50 * MS, .answered_count = 1, .bound_max_ns = 11 * MS,
	  .sent_min = 1, .sent_max = 1, .took_max_ns = 40 * MS },
	{ .name = "alone: without a tolerance asked again until the target", .is_each_alone = true, .is_private = true,
	  .servers = { GOOD(10 * MS) }, .target_ns = 5 * MS, .answered_count = 1, .bound_max_ns = 11 * MS,
	  .sent_min = 4, .sent_max = 4, .took_max_ns = 2 * S },
	{ .name = "alone: in hold-off: left alone, whatever the others do", .is_each_alone = true,
	  .servers = { GOOD(10 * MS), DEAD }, .held = { RATE(20 * MINUTE) }, .status = RUN_NO_ANSWER, .timeout_ns = S,
	  .first = SOURCE_REJECTED, .reason = "asked to be left alone (kiss code RATE) until 11:26 UTC; to ask it now",
	  .sent_min = 0, .sent_max = 0 },
	{ .name = "row 76 stopped for 1 s, the deadline far: an answer", .servers = THREE({ WAY(10 * MS, 10 * MS) }),
	  MEANWHILE(STALL, S), .sent_min = 1, .sent_max = 1, .took_max_ns = 2 * S },
};
/* clang-format on */

static void servers_of(const struct row *row, struct server_spec *ret, size_t *ret_count)
{
	size_t n = 0;

	memset(ret, 0, sizeof(*ret) * SERVERS_MAX);
	while (row->naming && n < row->naming->count) {
		ret[n].port = 123;
		snprintf(ret[n].host, sizeof(ret[n].host), "s%zu.test", n);
		n++;
	}
	while (!row->naming && n < SERVERS_MAX && row->servers[n].turn_count > 0) {
		ret[n].port = 123;
		snprintf(ret[n].host, sizeof(ret[n].host), "%s.%zu",
		         row->is_private ? "10.0.0" : "203.0.113", n + 1);
		n++;
	}
	*ret_count = n;
}

static void check_answer(const struct world *w, const struct run *run)
{
	struct reading now = look(w);
	int64_t truth_ns = UTC_NS + w->now_ns - now.wall.unix_ns;
	int64_t error_ns = run->offset_ns - truth_ns;

	assert_true(run->has_answer);
	assert_true(run->bound_ns >= 0);
	if (error_ns > run->bound_ns || error_ns < -run->bound_ns) {
		fail_msg("off by %lld ns, bound %lld ns", (long long)error_ns,
		         (long long)run->bound_ns);
	}
	if (w->row->bound_min_ns != 0) {
		assert_in_range(run->bound_ns, w->row->bound_min_ns, INT64_MAX);
	}
	if (w->row->bound_max_ns != 0) {
		assert_in_range(run->bound_ns, 0, w->row->bound_max_ns);
	}
}

/* Each estimate contains what its server was shifted by, and none is wider than wanted. */
static void check_each(const struct row *row, const struct run *run)
{
	size_t answered = 0;

	assert_false(run->has_answer);
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *shown = &run->sources[i];
		const int64_t shift_ns = row->servers[i].turns[0].shift_ns;

		if (!shown->has_estimate) {
			assert_string_not_equal(shown->reason, "");
			continue;
		}
		answered++;
		assert_int_equal(shown->status, SOURCE_SELECTED);
		assert_string_equal(shown->reason, "");
		assert_int_equal(shown->server, i);
		assert_in_range(ns_abs(shown->offset_ns - shift_ns), 0, shown->bound_ns);
		assert_in_range(shown->bound_ns, 0, row->bound_max_ns);
	}
	assert_int_equal(answered, row->answered_count);
}

static void check_addresses(const struct naming *naming, const struct run *run)
{
	char got[256] = "", one[ADDRESS_TEXT_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		bool has = run->sources[i].address.family != ADDRESS_NONE;

		address_format(&run->sources[i].address, one);
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
		                        i > 0 ? " " : "", has ? one : "-");
	}
	assert_string_equal(got, naming->addresses);
	if (naming->asked_count > 0) {
		assert_int_equal(run->asked_count, naming->asked_count);
	}
	if (naming->server_count > 0) {
		assert_int_equal(run->server_count, naming->server_count);
		assert_int_equal(run->agreeing_server_count, naming->agreeing_count);
	}
}

/* "=TEXT" is all of it, else a part is enough. */
static void check_reason(const char *want, const char *got)
{
	if (want[0] == '=' ? strcmp(want + 1, got) != 0 : !strstr(got, want)) {
		fail_msg("the reason is \"%s\"", got);
	}
}

static size_t kisses_of(const struct row *row, const struct server_spec *specs,
                        struct kod_holdoff *ret)
{
	const struct instant now = { row->wall_ns ? row->wall_ns : UTC_NS };
	size_t count = 0;

	for (size_t i = 0; i < SERVERS_MAX; i++) {
		const struct held *held = &row->held[i];

		if (held->code != NTP_KISS_NONE) {
			ret[count] = (struct kod_holdoff){
				.code = held->code,
				.since = instant_add_ns(now, -held->age_ns),
				.until = instant_add_ns(now, 40 * 60 * S - held->age_ns),
			};
			assert_true(address_parse(specs[i].host, &ret[count].address));
			ret[count++].address.port = 123;
		}
	}
	return count;
}

/* RFC 5905 section 8: offset and delay of an accepted exchange follow from its stamps, also
 * after a step of the local clock; and the source's own offset follows from these. */
static void check_accepted(const struct run *run, const struct run_source *source,
                           const struct run_exchange *x)
{
	const int64_t out_ns = instant_diff_ns(x->t2, x->t1);
	const int64_t back_ns = instant_diff_ns(x->t3, x->t4);
	/* 1000 ppm, more than any clock here drifts in the meantime */
	const int64_t drift_ns = ns_abs(instant_diff_ns(run->at, x->t4)) / 1000;

	assert_true(x->has_server);
	assert_string_equal(x->reason, "");
	/* The sample may be dated by what the exchange took: not more than its bound. */
	assert_true(ns_abs(x->offset_ns - (out_ns / 2 + back_ns / 2)) <= x->bound_ns);
	assert_true(x->delay_ns - (out_ns - back_ns) <= 200 && x->delay_ns > 0);
	if (source->has_estimate) {
		assert_true(ns_abs(x->offset_ns - source->offset_ns) <=
		            x->bound_ns + source->bound_ns + drift_ns);
	}
}

static void check_exchanges(const struct run *run, const struct run_source *source)
{
	unsigned accepted = 0;

	assert_non_null(source->exchanges);
	assert_true(source->exchange_count <= source->received);
	for (unsigned k = 0; k < source->exchange_count; k++) {
		const struct run_exchange *x = &source->exchanges[k];

		assert_true(x->t1_stamp != STAMP_NONE && x->t4_stamp != STAMP_NONE);
		if (x->is_accepted) {
			accepted++;
			check_accepted(run, source, x);
		} else {
			assert_string_not_equal(x->reason, "");
		}
	}
	if (source->has_estimate) {
		assert_int_equal(accepted, source->sample_count);
	}
}

static void play_row(void **state)
{
	const struct row *row = *state;
	struct world w = { .row = row, .random = 20261122 };
	struct ports ports = { .ctx = &w,
		               .now = fake_now,
		               .random = fake_random,
		               .resolve = fake_resolve,
		               .ask = fake_ask,
		               .close_channel = fake_close_channel,
		               .wait = fake_wait };
	struct measure_settings settings = measure_defaults();
	struct server_spec specs[SERVERS_MAX];
	struct kod_holdoff kisses[SERVERS_MAX];
	struct run run;

	servers_of(row, specs, &settings.server_count);
	settings.servers = specs;
	settings.kisses = kisses;
	settings.kiss_count = kisses_of(row, specs, kisses);
	settings.liars = row->liars ? row->liars - 1 : settings.liars;
	settings.samples = row->samples ? row->samples : settings.samples;
	settings.timeout_ns = row->timeout_ns ? row->timeout_ns : settings.timeout_ns;
	settings.target_ns = row->target_ns ? row->target_ns : settings.target_ns;
	settings.is_each_alone = row->is_each_alone;
	settings.tolerance_ns = row->tolerance_ns;
	settings.keeps_exchanges = true;
	assert_int_equal(measure(&settings, &ports, &run), 0);
	if (run.status != row->status &&
	    (row->or_status == RUN_OK || run.status != row->or_status)) {
		fail_msg("%s: %s; first: %s", run_status_name(run.status), run.reason,
		         run.sources[0].reason);
	}
	if (row->is_each_alone) {
		check_each(row, &run);
	} else if (run.status == RUN_OK) {
		check_answer(&w, &run);
	}
	if (run.status == row->status) {
		assert_int_equal(run.sources[0].status, row->first);
	}
	if (row->reason) {
		check_reason(row->reason, run.sources[0].reason);
	}
	assert_int_equal(run.leap, row->leap);
	if (row->run_reason) {
		check_reason(row->run_reason, run.reason);
	}
	if (row->naming) {
		check_addresses(row->naming, &run);
	}
	assert_in_range(run.sources[0].sent, row->sent_min, row->sent_max);
	for (size_t i = 0; i < run.source_count; i++) {
		check_exchanges(&run, &run.sources[i]);
	}
	if (row->took_max_ns != 0) {
		assert_in_range(w.now_ns, row->took_min_ns, row->took_max_ns);
	}
	measure_free(&run);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = play_row,
			                        .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
