/* SPDX-License-Identifier: MIT
 *
 * The rounds of a measurement: whom to ask when, and when to stop.
 */
#include "app/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text_time.h"
#include "meter.h"

/* Once the answer stands, so long the others are still heard out: it lets in those that
 * are about as far away, at a cost nobody notices. */
#define GRACE_NS (3 * NS_PER_MS)
/* A server this near can be asked all its samples at once: it costs next to nothing and
 * sharpens the answer. */
#define NEAR_DELAY_NS NS_PER_MS
enum { NEAR_SOURCES_MAX = 64 };
/* First requests go out in flights of so many, one each millisecond: thousands at once
 * would overrun the queues of the network and of who answers.  What has come in is read
 * before the next one, but who floods us with replies cannot put that off for long. */
#define FLIGHT_NS NS_PER_MS
#define FLIGHT_PATIENCE_NS (10 * NS_PER_MS)
enum { FLIGHT_SOURCES = 32 };
#define PROGRESS_TICK_NS (200 * NS_PER_MS)
/* A new count is due when 1/32 of the answers are new. */
enum { TALLY_SHARE = 32 };

struct measure_settings measure_defaults(void)
{
	return (struct measure_settings){
		.samples = 4,
		.pool = 4,
		.timeout_ns = 5 * NS_PER_S,
		.target_ns = 100 * NS_PER_MS,
		.root_distance_max_ns = SAMPLE_ROOT_DISTANCE_MAX_NS,
		.local_drift_ppb = 500000,
		.local_precision_ns = 100,
	};
}

static int grow(void **array, size_t count, size_t size)
{
	void *bigger = reallocarray(*array, count, size);

	if (!bigger) {
		return -ENOMEM;
	}
	*array = bigger;
	return 0;
}

/* All arrays that have an element per source, in step. */
static int grow_sources(struct meter *m, size_t room)
{
	const struct {
		void **array;
		size_t size;
	} arrays[] = {
		{ (void **)&m->run->sources, sizeof(*m->run->sources) },
		{ (void **)&m->sources, sizeof(*m->sources) },
		{ (void **)&m->samples, sizeof(*m->samples) * m->settings->samples },
		{ (void **)&m->electors, sizeof(*m->electors) },
		{ (void **)&m->votes, sizeof(*m->votes) },
		{ (void **)&m->vote_of, sizeof(*m->vote_of) },
		{ (void **)&m->standing, sizeof(*m->standing) },
		{ (void **)&m->scratch, sizeof(*m->scratch) * 2 },
	};

	for (size_t k = 0; k < COUNT_OF(arrays); k++) {
		int r = grow(arrays[k].array, room, arrays[k].size);

		if (r < 0) {
			return r;
		}
	}
	m->source_room = room;
	return 0;
}

/* Adds a source for servers[server]; its index, or -errno. */
static ssize_t add_source(struct meter *m, size_t server, size_t slot)
{
	const struct server_spec *spec = &m->settings->servers[server];
	size_t i = m->run->source_count;

	if (i == MEASURE_SOURCES_MAX) {
		return -E2BIG;
	}
	if (i == m->source_room) {
		int r = grow_sources(m, i > 0 ? 2 * i : 8);

		if (r < 0) {
			return r;
		}
	}
	m->run->sources[i] = (struct run_source){
		.scheme = spec->scheme,
		.port = spec->port,
		.status = SOURCE_UNREACHABLE,
	};
	memcpy(m->run->sources[i].name, spec->host, sizeof(spec->host));
	m->sources[i] =
		(struct source){ .phase = PHASE_NAMED, .server = server, .slot = slot };
	m->phase_count[PHASE_NAMED]++;
	m->run->source_count++;
	return (ssize_t)i;
}

static void refuse_source(struct meter *m, size_t i, const char *reason)
{
	m->sources[i].has_abstained = true;
	snprintf(m->run->sources[i].reason, RUN_REASON_ROOM, "%s", reason);
	exchange_finish(m, i);
}

/* FNV-1a: the published constants. */
static uint32_t *bucket_of(struct meter *m, const struct address *address)
{
	uint32_t key = UINT32_C(2166136261) ^ address->port;

	for (size_t k = 0; k < sizeof(address->octets); k++) {
		key = (key ^ address->octets[k]) * UINT32_C(16777619);
	}
	return &m->buckets[(key ^ key >> 16) % METER_BUCKETS];
}

/* The kiss code of an earlier run that still holds for `source`, or NULL. */
static const struct kiss_record *kiss_of(const struct meter *m,
                                         const struct run_source *source)
{
	const struct instant now =
		instant_add_ns((struct instant){ m->now_mono_ns }, m->wall_minus_mono_ns);

	if (source->scheme != SCHEME_NTP) {
		return NULL; /* the others know no such code */
	}
	for (size_t k = 0; k < m->settings->kiss_count; k++) {
		const struct kiss_record *kiss = &m->settings->kisses[k];

		if (address_equal(&kiss->address, &source->address) &&
		    kiss_record_holds(kiss, now)) {
			return kiss;
		}
	}
	return NULL;
}

static const char *kiss_name(uint32_t kiss)
{
	switch (kiss) {
	case NTP_KISS_DENY:
		return "DENY";
	case NTP_KISS_RSTR:
		return "RSTR";
	default:
		return "RATE";
	}
}

/* It asked for it, so its silence is no vote: it abstains. */
static void spare_source(struct meter *m, size_t i, const struct kiss_record *kiss)
{
	struct instant until = instant_add_ns(kiss->since, KISS_MOST_NS);
	struct civil at;
	char reason[RUN_REASON_ROOM];

	if (kiss->until.unix_ns < until.unix_ns) {
		until = kiss->until;
	}
	at = civil_from_instant(until);
	snprintf(reason, sizeof(reason),
	         "asked to be left alone (kiss code %s) until %02d:%02d UTC",
	         kiss_name(kiss->code), at.hour, at.minute);
	refuse_source(m, i, reason);
}

/* Gives source `i` its address: from now on it can be asked, unless another has the same. */
static void place_source(struct meter *m, size_t i, const struct address *address)
{
	struct run_source *shown = &m->run->sources[i];
	const struct kiss_record *kiss;
	char reason[RUN_REASON_ROOM];
	uint32_t *bucket;

	shown->address = *address;
	shown->address.port = shown->port;
	bucket = bucket_of(m, &shown->address);
	for (uint32_t k = *bucket; k != 0; k = m->sources[k - 1].next_in_bucket) {
		const struct run_source *other = &m->run->sources[k - 1];

		if (other->scheme == shown->scheme &&
		    address_equal(&other->address, &shown->address)) {
			snprintf(reason, sizeof(reason),
			         "the same address as %.60s: one vote", other->name);
			refuse_source(m, i, reason);
			return;
		}
	}
	m->sources[i].next_in_bucket = *bucket;
	*bucket = (uint32_t)i + 1;
	kiss = kiss_of(m, shown);
	if (kiss) {
		spare_source(m, i, kiss);
		return;
	}
	enter_phase(m, i, PHASE_READY);
}

static int start_server(struct meter *m, size_t server)
{
	const struct server_spec *spec = &m->settings->servers[server];
	struct address address;
	ssize_t i = add_source(m, server, m->slot_count++);
	int r;

	if (i < 0) {
		return (int)i;
	}
	if (address_parse(spec->host, &address)) {
		if (m->settings->family != ADDRESS_NONE &&
		    m->settings->family != address.family) {
			refuse_source(m, (size_t)i, "not of the address family asked for");
		} else {
			place_source(m, (size_t)i, &address);
		}
		return 0;
	}
	if (spec->is_bracketed) {
		refuse_source(m, (size_t)i, "not a numeric IPv6 address");
		return 0;
	}
	r = m->ports->resolve(m->ports->ctx, server, spec->host, m->settings->family);
	if (r < 0) {
		snprintf(m->run->sources[i].reason, RUN_REASON_ROOM,
		         "cannot be resolved: %s", strerror(-r));
		exchange_finish(m, (size_t)i);
	}
	return 0;
}

static bool is_localhost(const char *host)
{
	return strcasecmp(host, "localhost") == 0;
}

/* A name must not lead to ourselves or to everybody: such an address comes from a
 * broken or hostile resolver. */
static bool is_acceptable(const struct address *address, const char *host)
{
	switch (address_reach(address)) {
	case ADDRESS_LOOPBACK:
		return is_localhost(host);
	case ADDRESS_UNSPECIFIED:
	case ADDRESS_MULTICAST:
		return false;
	default:
		return true;
	}
}

static size_t named_source(const struct meter *m, size_t server)
{
	for (size_t i = 0; i < m->run->source_count; i++) {
		if (m->sources[i].server == server && m->sources[i].phase == PHASE_NAMED) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* The n-th address of each family shares a slot: two ways to one place. */
static int take_addresses(struct meter *m, const struct port_event *event)
{
	const char *host = m->settings->servers[event->name].host;
	size_t i = named_source(m, event->name);
	size_t taken[ADDRESS_IPV6 + 1] = { 0 };
	size_t slot_base, total = 0;

	if (i == SIZE_MAX) {
		return 0;
	}
	slot_base = m->slot_count;
	m->slot_count += m->settings->pool;
	for (size_t k = 0; k < event->address_count; k++) {
		const struct address *address = &event->addresses[k];
		ssize_t at = (ssize_t)i;

		if (!is_acceptable(address, host) ||
		    taken[address->family] == m->settings->pool) {
			continue;
		}
		if (total++ > 0) {
			at = add_source(m, event->name, 0);
			if (at < 0) {
				return (int)at;
			}
		}
		m->sources[at].slot = slot_base + taken[address->family]++;
		place_source(m, (size_t)at, address);
	}
	if (total == 0) {
		refuse_source(m, i, "its name leads to a loopback or multicast address");
	}
	return 0;
}

static void lose_name(struct meter *m, const struct port_event *event)
{
	size_t i = named_source(m, event->name);

	if (i != SIZE_MAX) {
		snprintf(m->run->sources[i].reason, RUN_REASON_ROOM, "%s",
		         event->error_text);
		exchange_finish(m, i);
	}
}

/* Sources whose next word we are waiting for, and those not yet asked at all. */
static size_t outstanding(const struct meter *m)
{
	return m->phase_count[PHASE_NAMED] + m->phase_count[PHASE_ASKED] +
	       m->phase_count[PHASE_REFUSED] + (m->run->source_count - m->next_unasked);
}

static bool is_good_enough(const struct meter *m)
{
	return tally_is_decided(m) && m->selection.bound_ns <= m->settings->target_ns;
}

/* Whether a source that has answered is worth another request. */
static bool is_more_wanted(const struct meter *m, size_t i)
{
	const struct source *s = &m->sources[i];
	const struct run_source *shown = &m->run->sources[i];
	const struct sample *latest;

	if (shown->sent >= m->settings->samples + s->voids) {
		return false;
	}
	if (s->sample_count == 0) {
		return true; /* its exchange was void */
	}
	latest = &samples_of(m, i)[s->sample_count - 1];
	if (latest->delay_ns < NEAR_DELAY_NS && m->run->source_count <= NEAR_SOURCES_MAX &&
	    address_reach(&shown->address) != ADDRESS_PUBLIC) {
		return true;
	}
	/* Another exchange can shorten the path, never the server's own distance. */
	return tally_is_decided(m) && !is_good_enough(m) &&
	       latest->root_distance_ns < m->settings->target_ns;
}

static bool has_window(const struct meter *m)
{
	return m->settings->window == 0 || m->open_count < m->settings->window;
}

/* Not all can be open at once: whoever has not been asked yet goes before the others. */
static bool is_crowded(const struct meter *m)
{
	return m->settings->window != 0 && m->run->source_count > m->settings->window;
}

static bool has_place(const struct meter *m)
{
	return has_window(m) && (!is_crowded(m) || m->next_unasked == m->run->source_count);
}

/* First requests, in order, as far as the window and the flight allow. */
static void ask_new(struct meter *m)
{
	unsigned asked = 0;

	if (m->now_mono_ns <
	    m->next_flight_mono_ns + (m->has_read_all ? 0 : FLIGHT_PATIENCE_NS)) {
		return;
	}
	while (m->next_unasked < m->run->source_count) {
		size_t i = m->next_unasked;

		if (m->sources[i].phase == PHASE_READY) {
			if (!has_window(m)) {
				return;
			}
			if (asked++ == FLIGHT_SOURCES) {
				m->next_flight_mono_ns = m->now_mono_ns + FLIGHT_NS;
				return;
			}
			exchange_ask(m, i);
			if (m->sources[i].due_mono_ns < m->earliest_due_ns) {
				m->earliest_due_ns = m->sources[i].due_mono_ns;
			}
		}
		m->next_unasked++;
	}
}

/* Silence: once more, or leave the place to those who have none. */
static bool attend_silent(struct meter *m, size_t i)
{
	struct source *s = &m->sources[i];
	bool may_ask = m->run->sources[i].sent < m->settings->samples + s->voids;

	if (is_crowded(m) && !has_place(m)) {
		if (may_ask) {
			exchange_yield(m, i);
			return true;
		}
		exchange_finish(m, i);
		return false;
	}
	if (may_ask) {
		exchange_ask(m, i);
	} else {
		s->due_mono_ns = m->deadline_mono_ns; /* the last may come late */
	}
	return s->phase == PHASE_ASKED;
}

/* One source whose time has come; true when it is still to be looked at later. */
static bool attend(struct meter *m, size_t i)
{
	struct source *s = &m->sources[i];
	bool is_due = s->due_mono_ns <= m->now_mono_ns;

	switch (s->phase) {
	case PHASE_READY:
		if (!is_more_wanted(m, i)) {
			return false;
		}
		if (is_due && has_place(m)) {
			exchange_ask(m, i);
		} else if (is_due) {
			s->due_mono_ns = m->now_mono_ns + FLIGHT_NS;
		}
		return true;
	case PHASE_REFUSED:
		if (is_due) {
			exchange_finish(m, i);
		}
		return !is_due;
	case PHASE_ASKED:
		return !is_due || attend_silent(m, i);
	default:
		return false;
	}
}

/* Everything that is due: retries of what was lost, further rounds. */
static void ask_due(struct meter *m)
{
	if (m->now_mono_ns >= m->earliest_due_ns) {
		m->earliest_due_ns = INT64_MAX;
		for (size_t i = 0; i < m->next_unasked; i++) {
			if (attend(m, i) &&
			    m->sources[i].due_mono_ns < m->earliest_due_ns) {
				m->earliest_due_ns = m->sources[i].due_mono_ns;
			}
		}
	}
	ask_new(m);
}

/* Counting is O(n log n): with thousands of sources not after every event, but after the
 * last. */
static void count_votes(struct meter *m)
{
	size_t rest = m->answered_count / TALLY_SHARE +
	              m->run->source_count / (TALLY_SHARE * TALLY_SHARE);

	if (m->uncounted++ < rest && outstanding(m) > 0) {
		return;
	}
	tally(m);
	m->earliest_due_ns = m->now_mono_ns; /* what is wanted may have changed */
	if (!is_good_enough(m)) {
		m->decided_mono_ns = INT64_MAX;
	} else if (m->decided_mono_ns == INT64_MAX) {
		m->decided_mono_ns = m->now_mono_ns;
	}
}

static bool is_over(struct meter *m)
{
	if (m->signal != 0 || m->now_mono_ns >= m->deadline_mono_ns) {
		return true;
	}
	if (outstanding(m) == 0 && m->earliest_due_ns == INT64_MAX) {
		return true;
	}
	if (m->settings->ask_all) {
		return false;
	}
	if (m->decided_mono_ns != INT64_MAX) {
		return m->now_mono_ns - m->decided_mono_ns >= GRACE_NS;
	}
	return m->selection.verdict != SELECT_OK && m->answered_count > 0 &&
	       m->uncounted == 0 && !tally_can_help(m);
}

static int64_t next_wake(const struct meter *m)
{
	int64_t wake_ns = m->deadline_mono_ns;

	if (m->earliest_due_ns < wake_ns) {
		wake_ns = m->earliest_due_ns;
	}
	if (!m->settings->ask_all && m->decided_mono_ns != INT64_MAX &&
	    m->decided_mono_ns + GRACE_NS < wake_ns) {
		wake_ns = m->decided_mono_ns + GRACE_NS;
	}
	if (m->next_unasked < m->run->source_count && has_window(m) &&
	    m->next_flight_mono_ns < wake_ns) {
		wake_ns = m->next_flight_mono_ns;
	}
	if (m->ports->progress && m->now_mono_ns + PROGRESS_TICK_NS < wake_ns) {
		wake_ns = m->now_mono_ns + PROGRESS_TICK_NS;
	}
	return wake_ns;
}

/* An event has changed when source `i` is to be looked at. */
static void note_due(struct meter *m, size_t i)
{
	const struct source *s = &m->sources[i];

	if (s->phase != PHASE_DONE && (s->phase != PHASE_READY || is_more_wanted(m, i)) &&
	    s->due_mono_ns < m->earliest_due_ns) {
		m->earliest_due_ns = s->due_mono_ns;
	}
}

static int handle(struct meter *m, const struct port_event *event)
{
	int r = 0;

	switch (event->kind) {
	case PORT_REPLY:
		exchange_reply(m, event);
		note_due(m, event->source);
		break;
	case PORT_FAILED:
		exchange_failed(m, event->source, event->error);
		note_due(m, event->source);
		break;
	case PORT_NAME:
		r = take_addresses(m, event);
		m->earliest_due_ns = m->now_mono_ns;
		break;
	case PORT_NAME_FAILED:
		lose_name(m, event);
		break;
	case PORT_SIGNAL:
		m->signal = event->signal;
		break;
	case PORT_TIMEOUT:
		break;
	}
	count_votes(m);
	return r;
}

static int run_rounds(struct meter *m)
{
	for (;;) {
		struct port_event event;
		struct reading now;
		int r;

		ask_due(m);
		if (is_over(m)) {
			return 0;
		}
		if (m->ports->progress) {
			m->ports->progress(m->ports->watch_ctx, m->run, m->answered_count,
			                   outstanding(m));
		}
		r = m->ports->wait(m->ports->ctx, next_wake(m), &event);
		if (r < 0) {
			return r;
		}
		if (event.kind == PORT_REPLY) {
			now = event.after;
		} else {
			r = m->ports->now(m->ports->ctx, &now);
			if (r < 0) {
				return r;
			}
		}
		exchange_watch_clock(m, &now);
		m->has_read_all = event.kind == PORT_TIMEOUT;
		r = handle(m, &event);
		if (r < 0) {
			return r;
		}
	}
}

static void meter_free(struct meter *m)
{
	for (size_t i = 0; i < m->run->source_count; i++) {
		exchange_finish(m, i);
	}
	free(m->sources);
	free(m->samples);
	free(m->electors);
	free(m->votes);
	free(m->vote_of);
	free(m->standing);
	free(m->scratch);
}

int measure(const struct measure_settings *settings, const struct ports *ports,
            struct run *ret)
{
	struct run run = { 0 };
	struct meter m = {
		.settings = settings,
		.ports = ports,
		.run = &run,
		.earliest_due_ns = INT64_MAX,
		.decided_mono_ns = INT64_MAX,
		.selection = { .verdict = SELECT_NO_ANSWER },
	};
	struct reading now;
	int r;

	r = ports->now(ports->ctx, &now);
	if (r < 0) {
		return r;
	}
	m.now_mono_ns = now.mono_ns;
	m.wall_minus_mono_ns = instant_diff_ns(now.wall, (struct instant){ now.mono_ns });
	m.deadline_mono_ns = ns_add(now.mono_ns, settings->timeout_ns);
	for (size_t k = 0; k < settings->server_count && r >= 0; k++) {
		r = start_server(&m, k);
	}
	if (r >= 0) {
		r = run_rounds(&m);
	}
	if (r >= 0) {
		tally_report(&m);
		*ret = run;
	}
	meter_free(&m);
	if (r < 0) {
		free(run.sources);
	}
	return r < 0 ? r : 0;
}

void measure_free(struct run *run)
{
	free(run->sources);
	run->sources = NULL;
	run->source_count = 0;
}
