/* SPDX-License-Identifier: MIT
 *
 * Scripted ports for a measurement with NTS.
 */
#include "nts_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toy_aead.h"

#define MS NS_PER_MS
#define S NS_PER_S
#define MONO_NS (1000 * S)
#define LIE_NS (3600 * S)   /* of all that is not authentic */
#define BEHIND_NS (20 * MS) /* the authentic answer after a false one */

static void blame(struct nts_world *w, const char *fault)
{
	w->fault = w->fault ? w->fault : fault;
}

struct instant nts_world_wall(const struct nts_world *w)
{
	return (struct instant){ NTS_WORLD_UTC_S * S + w->scene->clock_ns + w->now_ns };
}

static struct reading look(const struct nts_world *w)
{
	return (struct reading){
		.wall = nts_world_wall(w),
		.mono_ns = MONO_NS + w->now_ns,
		.boot_ns = NTS_WORLD_BOOT_NS + w->now_ns,
		.gap_ns = 100,
	};
}

static int world_now(void *ctx, struct reading *ret)
{
	*ret = look(ctx);
	return 0;
}

static int world_random(void *ctx, void *buf, size_t len)
{
	struct nts_world *w = ctx;
	uint8_t *octets = buf;

	for (size_t i = 0; i < len; i++) {
		w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407;
		octets[i] = (uint8_t)(w->random >> 56);
	}
	return 0;
}

static struct address parsed(const char *text)
{
	struct address address;

	if (!address_parse(text, &address)) {
		fprintf(stderr, "no address: %s\n", text);
		abort();
	}
	return address;
}

static size_t machine_at(const struct nts_world *w, const struct address *address)
{
	if (w->scene->many > 0) {
		return 0;
	}
	for (size_t k = 0; k < NTS_WORLD_MACHINES_MAX; k++) {
		const struct nts_machine *machine = &w->scene->machines[k];
		struct address its;

		if (machine->address) {
			its = parsed(machine->address);
			if (address_is_same_host(&its, address)) {
				return k;
			}
		}
	}
	return SIZE_MAX;
}

static struct nts_world_event *add_event(struct nts_world *w, int64_t after_ns,
                                         enum port_event_kind kind, size_t source)
{
	struct nts_world_event *event = &w->events[w->event_count];

	if (++w->event_count == NTS_WORLD_EVENTS_MAX) {
		abort();
	}
	*event = (struct nts_world_event){ .at_ns = w->now_ns + after_ns,
		                           .event = { .kind = kind, .source = source } };
	return event;
}

/* ---- names ---- */

static void tell(struct nts_world *w, size_t name, const struct nts_told *told,
                 bool is_last)
{
	struct nts_world_event *event = add_event(
		w, told->after_ns, told->addresses ? PORT_NAME : PORT_NAME_FAILED, 0);
	char list[128] = "", *state = NULL;

	event->event.name = name;
	event->event.family = told->family == ADDRESS_NONE ? ADDRESS_IPV4 : told->family;
	event->event.is_last = is_last;
	event->event.error_text = told->why;
	snprintf(list, sizeof(list), "%s", told->addresses ? told->addresses : "");
	for (char *one = strtok_r(list, " ", &state); one;
	     one = strtok_r(NULL, " ", &state)) {
		event->addresses[event->event.address_count++] = parsed(one);
	}
}

static int world_resolve(void *ctx, size_t name, const char *host,
                         enum address_family family)
{
	struct nts_world *w = ctx;
	const struct nts_told *last = NULL;

	if (w->scene->many > 0) {
		struct nts_world_event *event = add_event(w, MS, PORT_NAME, 0);

		event->event.name = name;
		event->event.is_last = true;
		event->event.family = ADDRESS_IPV4;
		event->event.address_count = 1;
		event->addresses[0] = parsed("10.9.0.1");
		event->addresses[0].octets[3] = (uint8_t)(name + 1);
		return 0;
	}
	for (int pass = 0; pass < 2; pass++) {
		for (size_t k = 0; k < NTS_WORLD_TOLD_MAX; k++) {
			const struct nts_told *told = &w->scene->told[k];
			const enum address_family its =
				told->family == ADDRESS_NONE ? ADDRESS_IPV4 : told->family;

			if (!told->host || strcmp(told->host, host) != 0 ||
			    (family != ADDRESS_NONE && family != its)) {
				continue;
			}
			if (pass == 1) {
				tell(w, name, told, told == last);
			} else if (!last || told->after_ns >= last->after_ns) {
				last = told;
			}
		}
	}
	return 0;
}

/* ---- key exchange ---- */

static uint32_t issuer_of(const struct nts_world *w, size_t machine)
{
	const uint32_t shared = w->scene->machines[machine].cookie_keys;

	return shared ? shared : 100 + (uint32_t)machine;
}

static void put_keys(struct nts_world *w, size_t source)
{
	struct nts_world_source *s = &w->sources[source];
	const struct nts_machine *machine = &w->scene->machines[s->machine];
	struct nts_world_event *event =
		add_event(w, machine->keys_after_ns ? machine->keys_after_ns : 30 * MS,
	                  PORT_KEYS, source);
	struct nts_peer *peer = &w->peers[s->machine];
	const bool is_again = s->keys_count > 1;
	const enum nts_failure failure = is_again && machine->failure_again
	                                         ? machine->failure_again
	                                         : machine->failure;
	const char *server =
		is_again && machine->server_again ? machine->server_again : machine->server;
	const uint16_t port =
		is_again && machine->port_again ? machine->port_again : machine->port;

	if (failure != NTS_FAILURE_NONE) {
		event->keys.failure = (uint32_t)failure;
		event->keys.error = machine->error;
		return;
	}
	peer->issuer = issuer_of(w, s->machine);
	peer->cookie_len = machine->cookie_len ? machine->cookie_len : 100;
	nts_peer_exchange(peer,
	                  machine->key_cookies ? machine->key_cookies : NTS_COOKIES_MAX,
	                  &event->keys);
	s->session = peer->session;
	event->keys.window = (struct nts_window){
		.from_s = machine->from_s ? machine->from_s : NTS_WORLD_FROM_S,
		.until_s = machine->until_s ? machine->until_s : NTS_WORLD_UNTIL_S,
	};
	if (is_again && machine->until_again_s != 0) {
		event->keys.window.until_s = machine->until_again_s;
	}
	event->keys.port = port ? port : NTP_PORT;
	snprintf(event->keys.server, sizeof(event->keys.server), "%s",
	         server ? server : "");
	if (!nts_answer_is_valid(&event->keys)) {
		blame(w, "the scene has an answer that the real ports would refuse");
	}
}

static int world_exchange_keys(void *ctx, size_t source, const struct address *to,
                               const char *host)
{
	struct nts_world *w = ctx;
	struct nts_world_source *s = &w->sources[source];
	struct nts_question question = { .source = (uint32_t)source };

	snprintf(question.host, sizeof(question.host), "%s", host);
	if (!nts_question_is_valid(&question)) {
		blame(w, "a host that reqtime-nts would refuse");
	}
	if (w->keys_underway == NTS_UNDERWAY_MAX) {
		return -EAGAIN;
	}
	if (s->keys_count > 0 &&
	    (!address_equal(to, &s->key_address) || strcmp(host, s->host) != 0)) {
		blame(w, "the second key exchange goes elsewhere");
	}
	w->keys_underway++;
	if (w->keys_underway > w->keys_underway_max) {
		w->keys_underway_max = w->keys_underway;
	}
	s->keys_count++;
	s->keys_at_ns = w->now_ns;
	s->machine = machine_at(w, to);
	s->key_address = *to;
	memcpy(s->host, question.host, sizeof(s->host));
	if (s->machine == SIZE_MAX) {
		blame(w, "a key exchange with an address where no machine is");
		s->machine = 0;
	}
	if (!w->scene->machines[s->machine].is_silent && source >= w->scene->silent_count) {
		put_keys(w, source);
	}
	return 0;
}

/* ---- packets ---- */

struct question {
	size_t source, machine;
	struct ntp_ts origin;
	struct nts_peer_request request;
};

/* At the client `late_ns` after the answer of the machine would be. */
static void post(struct nts_world *w, const struct question *q, int64_t late_ns,
                 const uint8_t *octets, size_t len)
{
	const int64_t way_ns = w->scene->machines[q->machine].way_ns;
	struct nts_world_event *event = add_event(
		w, 2 * (way_ns ? way_ns : 10 * MS) + late_ns, PORT_REPLY, q->source);

	memcpy(event->octets, octets, len);
	event->event.len = len;
}

static void write_header(const struct nts_world *w, const struct question *q,
                         int64_t shift_ns, char letter, uint8_t *buf)
{
	const struct nts_machine *machine = &w->scene->machines[q->machine];
	const int64_t way_ns = machine->way_ns ? machine->way_ns : 10 * MS;
	const struct instant t2 = { NTS_WORLD_UTC_S * S + w->now_ns + way_ns +
		                    machine->shift_ns + shift_ns };
	const bool is_kiss = strchr("kKnwdNW", letter) != NULL;
	struct ntp_header h = {
		.version = NTP_VERSION,
		.mode = letter == 'b' ? NTP_MODE_CLIENT : NTP_MODE_SERVER,
		.stratum = is_kiss ? 0 : 2,
		.leap = letter == 'x' || is_kiss ? NTP_LEAP_UNSYNCHRONISED : NTP_LEAP_NONE,
		.precision_log2_s = -24,
		.root_dispersion = ntp_short_from_ns(machine->root_dispersion_ns),
		.refid = { 10, 0, (uint8_t)q->machine, (uint8_t)q->source },
		.reference = ntp_from_instant(
			machine->is_same ? (struct instant){ NTS_WORLD_FROM_S * S }
					 : instant_add_ns(t2, -S)),
		.origin = q->origin,
		.receive = ntp_from_instant(t2),
		.transmit = ntp_from_instant(t2),
	};

	if (machine->is_same) {
		memset(h.refid, 45, sizeof(h.refid));
	}
	if (is_kiss) {
		memcpy(h.refid,
		       strchr("nwNW", letter) ? "NTSN"
		       : letter == 'd'        ? "DENY"
		                              : "RATE",
		       4);
	}
	ntp_header_write(&h, buf);
}

/* By the machine itself: sealed. */
static void post_authentic(struct nts_world *w, const struct question *q, int64_t late_ns,
                           char letter)
{
	struct nts_world_source *s = &w->sources[q->source];
	struct nts_peer *peer = &w->peers[s->machine];
	uint8_t buf[NTS_WORLD_PACKET_SIZE];
	size_t cookies = 1 + q->request.placeholder_count;
	size_t len;

	cookies = letter == 'c'   ? 0
	          : letter == 'b' ? 1
	          : letter == 'l' ? cookies + 2
	                          : cookies;
	if (w->scene->machines[s->machine].cookie_len_later != 0) {
		peer->cookie_len = w->scene->machines[s->machine].cookie_len_later;
	}
	write_header(w, q, late_ns / 2, letter, buf);
	len = nts_peer_seal(peer, &q->request, cookies, buf, sizeof(buf));
	post(w, q, late_ns, buf, len);
	if (letter == 'b') {
		post(w, q, late_ns + MS, buf, len);
		post(w, q, late_ns + 2 * MS, buf, len);
		return;
	}
	memcpy(s->last, buf, len);
	s->last_len = len;
}

/* By somebody on the path, who knows the request and no key. */
static void post_false(struct nts_world *w, const struct question *q, char letter)
{
	struct nts_world_source *s = &w->sources[q->source];
	uint8_t unique_id[NTS_UNIQUE_ID_OCTETS], buf[NTS_WORLD_PACKET_SIZE];
	size_t len = NTP_HEADER_OCTETS;

	memcpy(unique_id, q->request.unique_id, sizeof(unique_id));
	write_header(w, q, LIE_NS, letter, buf);
	switch (letter) {
	case 'u':
	case 'w':
		unique_id[31] ^= 1;
		/* fall through */
	case 'm':
	case 'n':
	case 'K':
		len = nts_peer_mark(unique_id, buf, sizeof(buf));
		break;
	case 'f':
		len = nts_peer_seal(&w->peers[s->machine], &q->request, 1, buf,
		                    sizeof(buf));
		buf[len - 1] ^= 1;
		break;
	case 'r':
		memcpy(buf, s->last, s->last_len);
		len = s->last_len;
		break;
	default:
		break;
	}
	post(w, q, 0, buf, len);
}

static void answer(struct nts_world *w, const struct question *q, char letter)
{
	switch (letter) {
	case '.':
	case ':':
		break;
	case 'i':
		add_event(w, MS, PORT_FAILED, q->source)->event.error = ECONNREFUSED;
		break;
	case 'p':
	case 'm':
	case 'u':
	case 'f':
	case 'n':
	case 'w':
	case 'K':
		post_false(w, q, letter);
		break;
	case 'R':
		post_false(w, q, 'r');
		break;
	case 'P':
	case 'M':
	case 'U':
	case 'F':
	case 'N':
	case 'W':
	case 'r':
		post_false(w, q, (char)(letter | 0x20));
		post_authentic(w, q, BEHIND_NS, 'a');
		break;
	case 'Q':
		post_false(w, q, 'K');
		post_authentic(w, q, BEHIND_NS, 'a');
		break;
	case 'b':
		post_authentic(w, q, 0, 'b');
		post_authentic(w, q, BEHIND_NS, 'a');
		break;
	default:
		post_authentic(w, q, 0, letter);
		break;
	}
}

/* The packet is checked at any machine. */
static void ask_authentic(struct nts_world *w, struct question *q, char letter,
                          const uint8_t *buf, size_t len, uint16_t port)
{
	struct nts_world_source *s = &w->sources[q->source];
	const struct nts_machine *named = &w->scene->machines[s->machine];
	const uint16_t its_port =
		s->keys_count > 1 && named->port_again ? named->port_again : named->port;
	const enum nts_peer_verdict verdict =
		nts_peer_read(&w->peers[s->machine], buf, len, &q->request);

	if (verdict != NTS_PEER_GOOD) {
		blame(w, verdict == NTS_PEER_REUSED ? "a cookie is sent twice"
		                                    : q->request.fault);
		return;
	}
	if (!w->scene->has_store && q->request.session != s->session) {
		blame(w, "a cookie of the first key exchange after the second");
	}
	if (port != (its_port ? its_port : NTP_PORT)) {
		blame(w, "a request to another port than the key exchange gave");
	}
	if (q->request.placeholder_count > s->placeholders_max) {
		s->placeholders_max = q->request.placeholder_count;
	}
	/* With cookie keys of others it cannot read the request. */
	answer(w, q, issuer_of(w, q->machine) == issuer_of(w, s->machine) ? letter : 'n');
}

/* To a server that is given without nts://, or to find out why there is no answer. */
static void ask_plain(struct nts_world *w, struct question *q, char letter, size_t len)
{
	struct nts_world_source *s = &w->sources[q->source];
	const bool is_probe = s->keys_count > 0 && w->scene->may_probe && !s->has_probed;
	uint8_t buf[NTP_HEADER_OCTETS];

	s->has_probed = s->has_probed || is_probe;
	if ((!w->is_plain_wanted[q->machine] && !is_probe) || len != NTP_HEADER_OCTETS) {
		blame(w, "a plain packet to a server that was given as nts://");
	} else if (letter != '.') {
		write_header(w, q, is_probe ? LIE_NS : 0, letter == 'x' ? 'x' : 'a', buf);
		post(w, q, 0, buf, sizeof(buf));
	}
}

static void world_close_channel(void *ctx, size_t source)
{
	struct nts_world *w = ctx;
	size_t left = 0;

	for (size_t i = 0; i < w->event_count; i++) {
		const struct port_event *event = &w->events[i].event;

		if ((event->kind != PORT_REPLY && event->kind != PORT_FAILED) ||
		    event->source != source) {
			w->events[left++] = w->events[i];
		}
	}
	w->event_count = left;
}

static int world_ask(void *ctx, size_t source, const struct address *to,
                     enum port_transport transport, const uint8_t *buf, size_t len)
{
	struct nts_world *w = ctx;
	struct nts_world_source *s = &w->sources[source];
	struct question q = { .source = source, .machine = machine_at(w, to) };
	const char *turns;
	struct ntp_header header;

	(void)transport;
	world_close_channel(w, source);
	if (q.machine == SIZE_MAX) {
		blame(w, "a request to an address where no machine is");
		return 0;
	}
	ntp_header_read(buf, &header);
	q.origin = header.transmit;
	s->before = look(w);
	s->address = *to;
	s->asked_at_ns = w->now_ns;
	turns = w->scene->machines[q.machine].turns;
	turns = turns ? turns : "a";
	turns += s->asked_count < strlen(turns) ? s->asked_count : strlen(turns) - 1;
	s->asked_count++;
	if (s->keys_count > 0 && len > NTP_HEADER_OCTETS) {
		ask_authentic(w, &q, *turns, buf, len, to->port);
	} else {
		ask_plain(w, &q, *turns, len);
	}
	return 0;
}

static int world_wait(void *ctx, int64_t deadline_mono_ns, struct port_event *ret)
{
	struct nts_world *w = ctx;
	const int64_t deadline_ns = deadline_mono_ns - MONO_NS;
	size_t first = 0;

	for (size_t i = 1; i < w->event_count; i++) {
		if (w->events[i].at_ns < w->events[first].at_ns) {
			first = i;
		}
	}
	if (w->event_count == 0 ||
	    (w->events[first].at_ns > deadline_ns && w->events[first].at_ns > w->now_ns)) {
		w->idle = deadline_ns > w->now_ns ? 0 : w->idle + 1;
		if (w->idle > 10) {
			blame(w, "it waits for the past: a busy loop");
			w->now_ns += MS;
		}
		w->now_ns = deadline_mono_ns - MONO_NS > w->now_ns
		                    ? deadline_mono_ns - MONO_NS
		                    : w->now_ns;
		*ret = (struct port_event){ .kind = PORT_TIMEOUT };
		return 0;
	}
	w->delivered = w->events[first];
	w->events[first] = w->events[--w->event_count];
	w->now_ns = w->delivered.at_ns > w->now_ns ? w->delivered.at_ns : w->now_ns;
	*ret = w->delivered.event;
	ret->keys = &w->delivered.keys;
	ret->addresses = w->delivered.addresses;
	ret->octets = w->delivered.octets;
	ret->before = w->sources[ret->source].before;
	ret->after = look(w);
	w->keys_underway -= ret->kind == PORT_KEYS;
	return 0;
}

/* ---- the servers ---- */

static void want_plain(struct nts_world *w, const char *text)
{
	struct address address;
	size_t k;

	if (address_parse(text, &address)) {
		k = machine_at(w, &address);
		if (k != SIZE_MAX) {
			w->is_plain_wanted[k] = true;
		}
	}
}

static void read_servers(struct nts_world *w)
{
	for (size_t k = 0; k < NTS_WORLD_SERVERS_MAX && w->scene->servers[k]; k++) {
		struct server_spec *spec = &w->specs[w->spec_count++];

		if (server_spec_parse(w->scene->servers[k], spec) != SERVER_SPEC_OK) {
			abort();
		}
		if (spec->scheme == SCHEME_NTS) {
			continue;
		}
		want_plain(w, spec->host);
		for (size_t i = 0; i < NTS_WORLD_TOLD_MAX && w->scene->told[i].host; i++) {
			if (strcmp(w->scene->told[i].host, spec->host) == 0 &&
			    w->scene->told[i].addresses) {
				want_plain(w, w->scene->told[i].addresses);
			}
		}
	}
}

void nts_world_begin(struct nts_world *w, const struct nts_scene *scene)
{
	memset(w, 0, sizeof(*w));
	w->scene = scene;
	w->random = 20261130;
	read_servers(w);
	for (size_t k = 0; k < scene->many; k++) {
		struct server_spec *spec = &w->specs[w->spec_count++];

		spec->scheme = SCHEME_NTS;
		spec->port = NTS_PORT;
		snprintf(spec->host, sizeof(spec->host),
		         scene->is_many_named ? "s%zu.test" : "10.9.0.%zu", k + 1);
	}
}

void nts_world_calm(struct nts_world *w, int64_t pause_ns)
{
	w->now_ns += pause_ns;
	w->event_count = 0;
	w->keys_underway = 0;
}

struct ports nts_world_ports(struct nts_world *w)
{
	return (struct ports){
		.ctx = w,
		.now = world_now,
		.random = world_random,
		.resolve = world_resolve,
		.ask = world_ask,
		.exchange_keys = world_exchange_keys,
		.aead = &toy_aead,
		.close_channel = world_close_channel,
		.wait = world_wait,
	};
}
