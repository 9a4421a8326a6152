/* SPDX-License-Identifier: MIT
 *
 * A world in virtual time for app/measure.
 */
#include "world.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../unit/toy_aead.h"
#include "core/ntp/packet.h"

static uint64_t next_random(struct world *w)
{
	/* splitmix64: the published constants. */
	uint64_t z = (w->seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

double world_uniform(struct world *w)
{
	return (double)(next_random(w) >> 11) / 9007199254740992.0;
}

int64_t world_between(struct world *w, int64_t lo, int64_t hi)
{
	return lo + (int64_t)(world_uniform(w) * (double)(hi - lo + 1));
}

bool world_chance(struct world *w, double probability)
{
	return world_uniform(w) < probability;
}

double world_exponential(struct world *w, double mean)
{
	return -mean * log(1.0 - world_uniform(w));
}

static int64_t local_ns(const struct world *w)
{
	return w->now_ns + (int64_t)((double)w->now_ns * w->local_drift);
}

struct instant world_wall(const struct world *w)
{
	int64_t ns = w->wall_base_ns + local_ns(w);

	return (struct instant){ w->now_ns >= w->step_at_ns ? ns + w->step_by_ns : ns };
}

static void look(const struct world *w, struct reading *ret)
{
	/* The local monotonic clock did not start with the world. */
	*ret = (struct reading){ .wall = world_wall(w),
		                 .mono_ns = local_ns(w) + 1000 * NS_PER_S,
		                 .boot_ns = local_ns(w) + WORLD_BOOTED_NS,
		                 .gap_ns = 100 };
}

static int world_now(void *ctx, struct reading *ret)
{
	look(ctx, ret);
	return 0;
}

static int world_random(void *ctx, void *buf, size_t len)
{
	uint8_t *octets = buf;

	for (size_t i = 0; i < len; i++) {
		octets[i] = (uint8_t)next_random(ctx);
	}
	return 0;
}

static int world_resolve(void *ctx, size_t name, const char *host,
                         enum address_family family)
{
	const struct world *w = ctx;

	(void)host, (void)family;
	return name < w->name_count && w->names[name].is_name ? 0 : -ENOSYS;
}

/* The next word of the resolver until `until_ns`, of which name and family; false: none. */
static bool next_name(const struct world *w, int64_t until_ns, size_t *ret_name,
                      size_t *ret_family)
{
	bool has_one = false;

	for (size_t k = 0; k < w->name_count; k++) {
		for (size_t f = 0; f < COUNT_OF(w->names[k].at_ns); f++) {
			const struct world_name *name = &w->names[k];

			if (name->is_name && !name->is_told[f] &&
			    name->at_ns[f] <= until_ns) {
				until_ns = name->at_ns[f];
				*ret_name = k;
				*ret_family = f;
				has_one = true;
			}
		}
	}
	return has_one;
}

static void tell_name(struct world *w, size_t k, size_t f, struct port_event *ret)
{
	static const enum address_family families[] = { ADDRESS_IPV4, ADDRESS_IPV6 };
	struct world_name *name = &w->names[k];

	name->is_told[f] = true;
	w->now_ns = name->at_ns[f] > w->now_ns ? name->at_ns[f] : w->now_ns;
	*ret = (struct port_event){ .kind = PORT_NAME_FAILED,
		                    .name = k,
		                    .family = families[f],
		                    .is_last = name->is_told[1 - f],
		                    .addresses = w->told,
		                    .error_text = "no address" };
	for (size_t i = 0; i < name->count; i++) {
		const struct address *address = &w->servers[name->servers[i]].address;

		if (address->family == families[f]) {
			w->told[ret->address_count++] = *address;
			ret->kind = PORT_NAME;
		}
	}
}

static void post(struct world *w, size_t source, const uint8_t *octets, size_t len,
                 int64_t at_ns)
{
	const struct world_server *server = &w->servers[w->server_of[source]];
	int copies = world_chance(w, server->twice) ? 2 : 1;

	while (copies-- > 0 && w->packet_count < WORLD_PACKETS_MAX) {
		struct world_packet *packet = &w->packets[w->packet_count];
		double jitter = world_exponential(w, (double)server->jitter_ns);

		if (world_chance(w, server->loss)) {
			continue;
		}
		packet->at_ns = at_ns + server->back_ns + (int64_t)jitter;
		packet->source = source;
		packet->generation = w->generation[source];
		packet->len = len;
		memcpy(packet->octets, octets, len);
		w->packet_count++;
	}
}

/* The time that the server sends at true time `at_ns`. */
static struct instant server_clock(struct world *w, struct world_server *server,
                                   int64_t at_ns)
{
	int64_t ns = w->utc_base_ns + at_ns;

	switch (server->conduct) {
	case CONDUCT_HONEST:
		return (struct instant){ ns + server->error_ns +
			                 (int64_t)((double)at_ns * server->drift) };
	case CONDUCT_RANDOM:
		return (struct instant){ ns +
			                 world_between(w, -10 * NS_PER_S, 10 * NS_PER_S) };
	case CONDUCT_STEP:
		return (struct instant){ server->asked > 1 ? ns + server->error_ns : ns };
	default:
		return (struct instant){ ns + server->error_ns };
	}
}

/* Seals the answer; what others send in its place comes first. */
static size_t seal(struct world *w, size_t source, const struct nts_peer_request *request,
                   int64_t at_ns, uint8_t *octets)
{
	const struct world_server *server = &w->servers[w->server_of[source]];
	struct world_server *issuer = &w->servers[w->keys_of[source]];
	size_t len;

	if (server->nts.is_intercepted) {
		uint8_t lie[WORLD_PACKET_SIZE];

		memcpy(lie, octets, NTP_HEADER_OCTETS);
		lie[35] ^= 0x10; /* 16 s, in T2 and T3 */
		lie[43] ^= 0x10;
		len = world_chance(w, 0.5)
		              ? NTP_HEADER_OCTETS
		              : nts_peer_mark(request->unique_id, lie, sizeof(lie));
		post(w, source, lie, len, at_ns - 1000);
	}
	if (issuer != server && !(issuer->nts.is_liar && server->nts.is_liar)) {
		octets[1] = 0; /* stratum: it cannot read the cookie */
		memcpy(octets + 12, "NTSN", 4);
		return nts_peer_mark(request->unique_id, octets, WORLD_PACKET_SIZE);
	}
	if (issuer->nts.is_forgetful) {
		issuer->nts.is_forgetful = false;
		octets[1] = 0;
		memcpy(octets + 12, "NTSN", 4);
		return nts_peer_mark(request->unique_id, octets, WORLD_PACKET_SIZE);
	}
	return nts_peer_seal(&issuer->nts.peer, request, 1 + request->placeholder_count,
	                     octets, WORLD_PACKET_SIZE);
}

/* `sealed`: with NTS, the request's fields; else NULL. */
static void answer(struct world *w, size_t source, const struct ntp_header *request,
                   const struct nts_peer_request *sealed, int64_t at_ns)
{
	struct world_server *server = &w->servers[w->server_of[source]];
	int64_t held_ns = world_between(w, 1000, 200000);
	int64_t claimed_ns = server->conduct == CONDUCT_LIE_HOLD
	                             ? (server->out_ns + server->back_ns) / 2
	                             : 0;
	struct ntp_header h = {
		.version = request->version,
		.mode = NTP_MODE_SERVER,
		.stratum = server->conduct == CONDUCT_KISS ? 0 : 2,
		.leap = server->conduct == CONDUCT_UNSYNC ? NTP_LEAP_UNSYNCHRONISED
		                                          : NTP_LEAP_NONE,
		.precision_log2_s = -20,
		.root_delay = ntp_short_from_ns(server->root_delay_ns),
		.root_dispersion = ntp_short_from_ns(server->root_dispersion_ns),
		.reference = server->reference,
		.origin = request->transmit,
		.receive = ntp_from_instant(
			instant_add_ns(server_clock(w, server, at_ns), -claimed_ns)),
		.transmit = ntp_from_instant(instant_add_ns(
			server_clock(w, server, at_ns + held_ns), claimed_ns)),
	};
	uint8_t octets[WORLD_PACKET_SIZE];
	size_t len = NTP_HEADER_OCTETS;

	memcpy(h.refid,
	       server->conduct == CONDUCT_KISS ? "RATE" : (const char *)server->refid, 4);
	if (server->conduct == CONDUCT_REPLAY) {
		h.origin = w->cookies[(source + 1) % WORLD_SOURCES_MAX];
	}
	ntp_header_write(&h, octets);
	if (server->conduct == CONDUCT_GARBAGE) {
		bool keeps_cookie = world_chance(w, 0.5);

		world_random(w, octets, keeps_cookie ? 24 : NTP_HEADER_OCTETS);
		octets[0] = keeps_cookie ? 0x24 : octets[0];
	}
	if (sealed) {
		len = seal(w, source, sealed, at_ns + held_ns, octets);
	}
	post(w, source, octets, len, at_ns + held_ns);
}

static size_t server_at(const struct world *w, const struct address *address)
{
	for (size_t i = 0; i < w->count; i++) {
		if (address_is_same_host(&w->servers[i].address, address)) {
			return i;
		}
	}
	return 0;
}

/* A request to a server with NTS, whatever its fate. */
static void check_sealed(struct world *w, size_t source, const uint8_t *buf, size_t len,
                         struct nts_peer_request *ret)
{
	struct nts_peer *peer = &w->servers[w->keys_of[source]].nts.peer;
	const enum nts_peer_verdict verdict = nts_peer_read(peer, buf, len, ret);

	if (verdict != NTS_PEER_GOOD) {
		w->fault =
			verdict == NTS_PEER_REUSED ? "a cookie is sent twice" : ret->fault;
	}
}

static int world_exchange_keys(void *ctx, size_t source, const struct address *to,
                               const char *host)
{
	struct world *w = ctx;
	const size_t server = server_at(w, to);

	(void)host;
	w->keys_of[source] = server;
	w->keys_at_ns[source] = w->servers[server].nts.is_silent
	                                ? 0
	                                : w->now_ns + w->servers[server].nts.keys_after_ns;
	return 0;
}

static void tell_keys(struct world *w, size_t source, struct port_event *ret)
{
	struct world_nts *nts = &w->servers[w->keys_of[source]].nts;

	w->now_ns = w->keys_at_ns[source] > w->now_ns ? w->keys_at_ns[source] : w->now_ns;
	w->keys_at_ns[source] = 0;
	if (nts->has_no_keys) {
		w->keys = (struct nts_answer){ .failure = NTS_FAILURE_CLOSED };
	} else {
		nts_peer_exchange(&nts->peer, NTS_COOKIES_MAX, &w->keys);
		w->keys.window = nts->window;
		if (nts->leads_to != SIZE_MAX) {
			address_format(&w->servers[nts->leads_to].address, w->keys.server);
		}
	}
	*ret = (struct port_event){ .kind = PORT_KEYS, .source = source, .keys = &w->keys };
}

/* The source whose key exchange ends next, until `*until_ns`, which gets the time. */
static size_t next_keys(const struct world *w, int64_t *until_ns)
{
	size_t next = SIZE_MAX;

	for (size_t i = 0; i < WORLD_SOURCES_MAX; i++) {
		if (w->keys_at_ns[i] != 0 && w->keys_at_ns[i] <= *until_ns) {
			*until_ns = w->keys_at_ns[i];
			next = i;
		}
	}
	return next;
}

static int world_ask(void *ctx, size_t source, const struct address *to,
                     enum port_transport transport, const uint8_t *buf, size_t len)
{
	struct world *w = ctx;
	struct world_server *server = &w->servers[server_at(w, to)];
	struct nts_peer_request sealed;
	struct ntp_header request;

	(void)transport;
	w->server_of[source] = (size_t)(server - w->servers);
	w->generation[source]++;
	w->is_open[source] = true;
	w->sent++;
	look(w, &w->before[source]);
	if (server->nts.is_given) {
		check_sealed(w, source, buf, len, &sealed);
		if (w->fault) {
			return -EPROTO;
		}
	}
	if ((len != NTP_HEADER_OCTETS && !server->nts.is_given) ||
	    ntp_request_parse(buf, len, &request)) {
		return -EPROTO;
	}
	w->cookies[source] = request.transmit;
	server->asked++;
	w->now_ns += world_between(w, 1000, 20000); /* asking takes a moment */
	if (!world_chance(w, server->loss) && server->conduct != CONDUCT_SILENT) {
		int64_t out_ns = server->out_ns +
		                 (int64_t)world_exponential(w, (double)server->jitter_ns);

		answer(w, source, &request, server->nts.is_given ? &sealed : NULL,
		       w->now_ns + out_ns);
	}
	return 0;
}

static void world_close_channel(void *ctx, size_t source)
{
	struct world *w = ctx;

	w->is_open[source] = false;
}

static int64_t mono_to_true(const struct world *w, int64_t mono_ns)
{
	int64_t local = mono_ns - 1000 * NS_PER_S;

	return (int64_t)((double)local / (1.0 + w->local_drift)) + 1;
}

static int world_wait(void *ctx, int64_t deadline_mono_ns, struct port_event *ret)
{
	struct world *w = ctx;
	int64_t deadline_ns = mono_to_true(w, deadline_mono_ns);

	for (;;) {
		size_t first = 0, name = 0, family = 0, keys;
		struct world_packet packet;
		int64_t until_ns = deadline_ns;

		for (size_t i = 1; i < w->packet_count; i++) {
			if (w->packets[i].at_ns < w->packets[first].at_ns) {
				first = i;
			}
		}
		if (w->packet_count > 0 && w->packets[first].at_ns < deadline_ns) {
			until_ns = w->packets[first].at_ns;
		}
		keys = next_keys(w, &until_ns);
		if (next_name(w, until_ns, &name, &family)) {
			tell_name(w, name, family, ret);
			return 0;
		}
		if (keys != SIZE_MAX) {
			tell_keys(w, keys, ret);
			return 0;
		}
		if (w->packet_count == 0 || w->packets[first].at_ns > deadline_ns) {
			/* Time always advances, or rounding could stop it forever. */
			w->now_ns =
				w->now_ns < deadline_ns ? deadline_ns : w->now_ns + 1000;
			*ret = (struct port_event){ .kind = PORT_TIMEOUT };
			return 0;
		}
		packet = w->packets[first];
		w->packets[first] = w->packets[--w->packet_count];
		if (packet.at_ns > w->now_ns) {
			w->now_ns = packet.at_ns;
		}
		if (!w->is_open[packet.source] ||
		    packet.generation != w->generation[packet.source]) {
			continue; /* that port is closed by now */
		}
		memcpy(w->delivered, packet.octets, packet.len);
		*ret = (struct port_event){ .kind = PORT_REPLY,
			                    .source = packet.source,
			                    .octets = w->delivered,
			                    .len = packet.len,
			                    .before = w->before[packet.source] };
		look(w, &ret->after);
		return 0;
	}
}

struct ports world_ports(struct world *w)
{
	return (struct ports){ .ctx = w,
		               .now = world_now,
		               .random = world_random,
		               .resolve = world_resolve,
		               .ask = world_ask,
		               .exchange_keys = world_exchange_keys,
		               .aead = &toy_aead,
		               .close_channel = world_close_channel,
		               .wait = world_wait };
}
