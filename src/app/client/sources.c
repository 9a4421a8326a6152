/* SPDX-License-Identifier: MIT
 *
 * From servers to sources: resolves names, and pairs addresses that several servers have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/client/measure_private.h"

/* Grows all arrays with an element per source together. */
static int grow_sources(struct measurement *m, size_t buf_size)
{
	const struct {
		void **array;
		size_t size;
	} arrays[] = {
		{ (void **)&m->run->sources, sizeof(*m->run->sources) },
		{ (void **)&m->sources, sizeof(*m->sources) },
		{ (void **)&m->samples, sizeof(*m->samples) * m->settings->samples },
		{ (void **)&m->exchanges, m->settings->keeps_exchanges
		                                  ? sizeof(*m->exchanges) * exchanges_max(m)
		                                  : 0 },
		{ (void **)&m->candidates, sizeof(*m->candidates) },
		{ (void **)&m->intervals, sizeof(*m->intervals) },
		{ (void **)&m->interval_of, sizeof(*m->interval_of) },
		{ (void **)&m->daemon_of, sizeof(*m->daemon_of) },
		{ (void **)&m->status_of, sizeof(*m->status_of) },
		{ (void **)&m->scratch, sizeof(*m->scratch) * 2 },
	};

	for (size_t k = 0; k < COUNT_OF(arrays); k++) {
		void *bigger;

		if (arrays[k].size == 0) {
			continue;
		}
		bigger = reallocarray(*arrays[k].array, buf_size, arrays[k].size);
		if (!bigger) {
			return -ENOMEM;
		}
		*arrays[k].array = bigger;
	}
	m->source_size = buf_size;
	return 0;
}

static bool has_vote(const struct measurement *m, size_t server)
{
	return !m->has_authenticated || m->settings->servers[server].scheme == SCHEME_NTS;
}

/* Adds a source for servers[server]; its index, or -errno. */
static ssize_t add_source(struct measurement *m, size_t server)
{
	const struct server_spec *spec = &m->settings->servers[server];
	size_t i = m->run->source_count;

	if (i == MEASURE_SOURCES_MAX) {
		return -E2BIG;
	}
	if (i == m->source_size) {
		int r = grow_sources(m, i > 0 ? 2 * i : 8);

		if (r < 0) {
			return r;
		}
	}
	m->run->sources[i] = (struct run_source){
		.server = server,
		.scheme = spec->scheme,
		.port = spec->port,
		.status = SOURCE_UNREACHABLE,
	};
	memcpy(m->run->sources[i].name, spec->host, sizeof(spec->host));
	m->sources[i] = (struct source){
		.phase = PHASE_NAMED,
		.server = server,
		.twin = SIZE_MAX,
		.host = i,
		.has_vote = has_vote(m, server),
	};
	m->run->sources[i].has_no_vote = !m->sources[i].has_vote;
	m->phase_count[PHASE_NAMED]++;
	m->nameless_count += m->sources[i].has_vote;
	m->run->source_count++;
	return (ssize_t)i;
}

/* Only the user knows the link that the server is on. */
static void lose_without_zone(struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	char text[ADDRESS_TEXT_SIZE];

	address_format(&shown->address, text);
	snprintf(shown->reason, sizeof(shown->reason),
	         "%.39s is link-local: add the interface, %.39s%%eth0", text, text);
	source_finish(m, i);
}

/* The source that already has this address for the server of `i`; SIZE_MAX: none. */
static size_t same_way(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];

	if (s->twin == SIZE_MAX || m->sources[s->twin].server == s->server) {
		return s->twin;
	}
	for (size_t k = 0; m->names[s->server].twin_count > 0 && k < i; k++) {
		if (m->sources[k].server == s->server && m->sources[k].twin == s->twin) {
			return k;
		}
	}
	return SIZE_MAX;
}

/* Counts the address of source `i` among those of its server. */
static void assign_pair(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	struct named_server *name = &m->names[s->server];
	const size_t same = same_way(m, i);

	if (same != SIZE_MAX) {
		s->place = m->sources[same].place;
		return;
	}
	s->place = name->address_counts[m->run->sources[i].address.family]++;
	if (s->twin != SIZE_MAX) {
		const size_t twin = m->sources[s->twin].server;

		name->twin = name->twin_count == 0 || name->twin == twin ? twin : SIZE_MAX;
		name->twin_count++;
	}
}

/* Sets the address: source `i` can be asked now, unless another source has the same.  With
 * NTS it is the address of the key exchange, which gives the other. */
static void find_way(struct measurement *m, size_t i, const struct address *address)
{
	struct run_source *shown = &m->run->sources[i];
	const struct kod_holdoff *kiss;

	shown->address = *address;
	shown->address.port = shown->port;
	if (address_lacks_zone(address)) {
		lose_without_zone(m, i);
		return;
	}
	if (shown->scheme != SCHEME_NTS) {
		hosts_find(m, i, &shown->address);
		return;
	}
	shown->nts.key_port = shown->port;
	m->sources[i].key_address = shown->address;
	kiss = hold_off_find(m, shown);
	if (kiss) {
		hold_off_begin(m, i, kiss);
		return;
	}
	enter_phase(m, i, PHASE_READY);
}

static void place_source(struct measurement *m, size_t i, const struct address *address)
{
	find_way(m, i, address);
	assign_pair(m, i);
}

int sources_start(struct measurement *m, size_t server)
{
	const struct server_spec *spec = &m->settings->servers[server];
	struct named_server *name = &m->names[server];
	struct address address;
	ssize_t i = add_source(m, server);
	bool is_address;
	int r;

	if (i < 0) {
		return (int)i;
	}
	is_address = address_parse(spec->host, &address);
	if (is_address && m->settings->family != ADDRESS_NONE &&
	    m->settings->family != address.family) {
		source_decline(m, (size_t)i,
		               address.family == ADDRESS_IPV4
		                       ? "an IPv4 address, and --ipv6 was given"
		                       : "an IPv6 address, and --ipv4 was given");
		return 0;
	}
	if (is_address && address.zone[0] == '\0') {
		place_source(m, (size_t)i, &address);
		return 0;
	}
	r = m->ports->resolve(m->ports->ctx, server, spec->host, m->settings->family);
	if (r < 0) {
		snprintf(m->run->sources[i].reason, SOURCE_REASON_SIZE,
		         "cannot be resolved: %s", strerror(-r));
		source_finish(m, (size_t)i);
		return 0;
	}
	*name = (struct named_server){ .source = (size_t)i, .is_pending = true };
	m->pending_count++;
	return 0;
}

/* A name for loopback or multicast comes from a broken or hostile resolver. */
static bool is_acceptable(const struct address *address, const char *host)
{
	switch (address_reach(address)) {
	case ADDRESS_LOOPBACK:
		return strcasecmp(host, "localhost") == 0;
	case ADDRESS_UNSPECIFIED:
	case ADDRESS_MULTICAST:
		return false;
	default:
		return true;
	}
}

/* Debian gives a machine's own name 127.0.1.1. */
static void refuse_astray(struct measurement *m, const struct named_server *name)
{
	char address[ADDRESS_TEXT_SIZE], reason[SOURCE_REASON_SIZE];

	address_format(&name->astray, address);
	if (address_reach(&name->astray) == ADDRESS_LOOPBACK) {
		snprintf(reason, sizeof(reason),
		         "its name leads to this machine: name another server, or %.39s to "
		         "ask this one",
		         address);
	} else {
		snprintf(reason, sizeof(reason),
		         "its name leads to %.39s, which is no server's address", address);
	}
	source_decline(m, name->source, reason);
}

/* No more answers will come for the name: its addresses are final. */
static void close_name(struct measurement *m, struct named_server *name)
{
	name->is_pending = false;
	m->pending_count--;
	if (name->has_address) {
		return;
	}
	if (name->astray.family != ADDRESS_NONE) {
		refuse_astray(m, name);
	} else {
		source_finish(m, name->source);
	}
}

/* The next address of a name: first for the source of the name, then for new ones. */
static ssize_t next_source(struct measurement *m, size_t server)
{
	struct named_server *name = &m->names[server];

	if (name->has_address) {
		return add_source(m, server);
	}
	name->has_address = true;
	m->run->sources[name->source].reason[0] = '\0';
	return (ssize_t)name->source;
}

int sources_take_addresses(struct measurement *m, const struct port_event *event)
{
	struct named_server *name = &m->names[event->name];
	const char *host = m->settings->servers[event->name].host;

	if (!name->is_pending) {
		return 0;
	}
	for (size_t k = 0; k < event->address_count; k++) {
		const struct address *address = &event->addresses[k];
		ssize_t at;

		if (!is_acceptable(address, host)) {
			if (name->astray.family == ADDRESS_NONE) {
				name->astray = *address;
			}
			continue;
		}
		if (name->address_counts[address->family] == m->settings->pool) {
			continue;
		}
		at = next_source(m, event->name);
		if (at < 0) {
			return (int)at;
		}
		place_source(m, (size_t)at, address);
	}
	if (event->is_last) {
		close_name(m, name);
	}
	return 0;
}

/* "why", or "IPv4: why; IPv6: why not" where the two have failed differently. */
static void add_why(char *reason, const struct port_event *event)
{
	const char *family = event->family == ADDRESS_IPV4 ? "IPv4" : "IPv6";
	char before[SOURCE_REASON_SIZE];
	const char *colon = strstr(reason, ": ");

	snprintf(before, sizeof(before), "%s", reason);
	if (event->family == ADDRESS_NONE || (before[0] == '\0' && event->is_last) ||
	    (colon && strcmp(colon + 2, event->error_text) == 0)) {
		snprintf(reason, SOURCE_REASON_SIZE, "%s", event->error_text);
	} else if (before[0] == '\0') {
		snprintf(reason, SOURCE_REASON_SIZE, "%s: %s", family, event->error_text);
	} else if (event->family == ADDRESS_IPV4) {
		snprintf(reason, SOURCE_REASON_SIZE, "%s: %s; %.60s", family,
		         event->error_text, before);
	} else {
		snprintf(reason, SOURCE_REASON_SIZE, "%.60s; %s: %s", before, family,
		         event->error_text);
	}
}

void sources_lose_name(struct measurement *m, const struct port_event *event)
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

static unsigned addresses_of(const struct named_server *name)
{
	return name->address_counts[ADDRESS_IPV4] + name->address_counts[ADDRESS_IPV6];
}

/* Two servers with exactly the same addresses are one SERVER named twice.  With any
 * difference each counts separately, or a name redirected to the addresses of others could
 * reduce their weight. */
static bool is_named_twice(const struct measurement *m, const struct named_server *name)
{
	return name->twin_count > 0 && name->twin != SIZE_MAX &&
	       name->twin_count == addresses_of(name) &&
	       addresses_of(&m->names[name->twin]) == addresses_of(name);
}

/* A name without an address counts like an address that is silent. */
static unsigned pairs_wanted(const struct named_server *name)
{
	const unsigned v4 = name->address_counts[ADDRESS_IPV4];
	const unsigned v6 = name->address_counts[ADDRESS_IPV6];

	return v4 == 0 && v6 == 0 ? 1 : v4 > v6 ? v4 : v6;
}

void sources_assign_pairs(struct measurement *m)
{
	size_t pairs = 0;

	for (size_t k = 0; k < m->settings->server_count; k++) {
		m->address_counts[k] = !has_vote(m, k) || is_named_twice(m, &m->names[k])
		                               ? 0
		                               : pairs_wanted(&m->names[k]);
	}
	m->cap = source_groups_pairs_max(m->address_counts, m->settings->server_count);
	for (size_t k = 0; k < m->settings->server_count; k++) {
		m->names[k].first_pair = pairs;
		pairs += m->address_counts[k] < m->cap ? m->address_counts[k] : m->cap;
	}
}

size_t sources_pair(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];

	if (!s->has_vote) {
		return SOURCES_NO_PAIR;
	}
	if (m->address_counts[s->server] == 0) {
		s = &m->sources[s->twin];
	}
	return m->names[s->server].first_pair + s->place % m->cap;
}

size_t sources_server_count(const struct measurement *m)
{
	size_t count = 0;

	for (size_t k = 0; k < m->settings->server_count; k++) {
		count += m->address_counts[k] > 0;
	}
	return count;
}

void sources_put_in_order(struct measurement *m)
{
	struct run_source *sources = m->run->sources;
	struct keyed *order = m->scratch;

	/* Server by server: the sources of its first place, then those of its second. */
	for (size_t i = 0; i < m->run->source_count; i++) {
		const bool is_ipv6 = sources[i].address.family == ADDRESS_IPV6;

		order[i].key = (int64_t)m->sources[i].server;
		order[i].tie = (int64_t)m->sources[i].place * 2 + is_ipv6;
		order[i].at = i;
	}
	keyed_sort(order, m->run->source_count);
	for (size_t i = 0; i < m->run->source_count; i++) {
		struct run_source first = sources[i];
		size_t to = i, from;

		/* Along a cycle of the permutation each place takes its next source. */
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
