/* SPDX-License-Identifier: MIT
 *
 * From servers to sources: names to addresses, duplicates, whom a kiss code spares.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/client/measure_private.h"
#include "core/base/text_time.h"

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

/* Only the user knows on which link the server is. */
static void lose_without_zone(struct meter *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	char text[ADDRESS_TEXT_ROOM];

	address_format(&shown->address, text);
	snprintf(shown->reason, sizeof(shown->reason),
	         "%.39s is link-local: add the interface, %.39s%%eth0", text, text);
	exchange_finish(m, i);
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
	if (address_lacks_zone(address)) {
		lose_without_zone(m, i);
		return;
	}
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

int sources_start(struct meter *m, size_t server)
{
	const struct server_spec *spec = &m->settings->servers[server];
	struct named_server *name = &m->names[server];
	struct address address;
	ssize_t i = add_source(m, server, m->slot_count++);
	bool is_address;
	int r;

	if (i < 0) {
		return (int)i;
	}
	is_address = address_parse(spec->host, &address);
	if (is_address && m->settings->family != ADDRESS_NONE &&
	    m->settings->family != address.family) {
		refuse_source(m, (size_t)i, "not of the address family asked for");
		return 0;
	}
	if (is_address && address.zone[0] == '\0') {
		place_source(m, (size_t)i, &address);
		return 0;
	}
	r = m->ports->resolve(m->ports->ctx, server, spec->host, m->settings->family);
	if (r < 0) {
		snprintf(m->run->sources[i].reason, RUN_REASON_ROOM,
		         "cannot be resolved: %s", strerror(-r));
		exchange_finish(m, (size_t)i);
		return 0;
	}
	*name = (struct named_server){ .source = (size_t)i,
		                       .first_slot = SIZE_MAX,
		                       .is_pending = true };
	m->pending_count++;
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

/* Nothing more follows for the name: it is what it is by now. */
static void close_name(struct meter *m, struct named_server *name)
{
	name->is_pending = false;
	m->pending_count--;
	if (name->has_address) {
		return;
	}
	if (name->leads_astray) {
		refuse_source(m, name->source,
		              "its name leads to a loopback or multicast address");
	} else {
		exchange_finish(m, name->source);
	}
}

/* The source of the next address of a name: the one that stood for the name, then new ones. */
static ssize_t next_source(struct meter *m, size_t server)
{
	struct named_server *name = &m->names[server];

	if (name->has_address) {
		return add_source(m, server, 0);
	}
	name->has_address = true;
	m->run->sources[name->source].reason[0] = '\0';
	return (ssize_t)name->source;
}

/* The n-th address of each family shares a slot: two ways to one place. */
int sources_take_addresses(struct meter *m, const struct port_event *event)
{
	struct named_server *name = &m->names[event->name];
	const char *host = m->settings->servers[event->name].host;
	size_t taken[ADDRESS_IPV6 + 1] = { 0 };

	if (!name->is_pending) {
		return 0;
	}
	if (name->first_slot == SIZE_MAX) {
		name->first_slot = m->slot_count;
		m->slot_count += m->settings->pool;
	}
	for (size_t k = 0; k < event->address_count; k++) {
		const struct address *address = &event->addresses[k];
		ssize_t at;

		if (!is_acceptable(address, host)) {
			name->leads_astray = true;
			continue;
		}
		if (taken[address->family] == m->settings->pool) {
			continue;
		}
		at = next_source(m, event->name);
		if (at < 0) {
			return (int)at;
		}
		m->sources[at].slot = name->first_slot + taken[address->family]++;
		place_source(m, (size_t)at, address);
	}
	if (event->is_last) {
		close_name(m, name);
	}
	return 0;
}

/* "why", or "IPv4: why; IPv6: why not" where the two have failed in different ways. */
static void add_why(char *reason, const struct port_event *event)
{
	const char *family = event->family == ADDRESS_IPV4 ? "IPv4" : "IPv6";
	char before[RUN_REASON_ROOM];
	const char *colon = strstr(reason, ": ");

	snprintf(before, sizeof(before), "%s", reason);
	if (event->family == ADDRESS_NONE || (before[0] == '\0' && event->is_last) ||
	    (colon && strcmp(colon + 2, event->error_text) == 0)) {
		snprintf(reason, RUN_REASON_ROOM, "%s", event->error_text);
	} else if (before[0] == '\0') {
		snprintf(reason, RUN_REASON_ROOM, "%s: %s", family, event->error_text);
	} else if (event->family == ADDRESS_IPV4) {
		snprintf(reason, RUN_REASON_ROOM, "%s: %s; %.60s", family,
		         event->error_text, before);
	} else {
		snprintf(reason, RUN_REASON_ROOM, "%.60s; %s: %s", before, family,
		         event->error_text);
	}
}

void sources_lose_name(struct meter *m, const struct port_event *event)
{
	struct named_server *name = &m->names[event->name];

	if (!name->is_pending) {
		return;
	}
	if (!name->has_address) {
		add_why(m->run->sources[name->source].reason, event);
	}
	if (event->is_last) {
		close_name(m, name);
	}
}

/* Server by server, of each the ways to its first place, then those to its second. */
static struct keyed place_of(const struct meter *m, size_t i)
{
	bool is_ipv6 = m->run->sources[i].address.family == ADDRESS_IPV6;

	return (struct keyed){ .key = (int64_t)m->sources[i].server,
		               .tie = (int64_t)m->sources[i].slot * 2 + is_ipv6,
		               .at = i };
}

void sources_put_in_order(struct meter *m)
{
	struct run_source *sources = m->run->sources;
	struct keyed *order = m->scratch;

	for (size_t i = 0; i < m->run->source_count; i++) {
		order[i] = place_of(m, i);
	}
	keyed_sort(order, m->run->source_count);
	for (size_t i = 0; i < m->run->source_count; i++) {
		struct run_source first = sources[i];
		size_t to = i, from;

		/* A cycle of places: each takes what belongs there from the next. */
		while ((from = order[to].at) != i) {
			sources[to] = sources[from];
			order[to].at = to;
			to = from;
		}
		if (to != i) {
			sources[to] = first;
		}
		order[to].at = to;
	}
}
