/* SPDX-License-Identifier: MIT
 *
 * Fills random worlds with servers and names, from the generator of the world.
 */
#include "furnish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Drift of the local clock in these worlds; the servers' drift is
 * in their root dispersion. */
#define LOCAL_DRIFT_MAX 500e-6

void furnish_server(struct world *w, size_t i, bool is_liar, int64_t common_lie_ns)
{
	struct world_server *s = &w->servers[i];
	int64_t sure_ns;

	*s = (struct world_server){
		.root_delay_ns = world_between(w, 0, 80 * NS_PER_MS),
		.root_dispersion_ns = world_between(w, NS_PER_US, 30 * NS_PER_MS),
		.out_ns = world_between(w, 20 * NS_PER_US, 5 * NS_PER_MS),
		.back_ns = world_between(w, 20 * NS_PER_US, 5 * NS_PER_MS),
		.jitter_ns = world_between(w, 1000, 10 * NS_PER_MS),
		.loss = world_chance(w, 0.5) ? 0 : world_uniform(w) * 0.6,
		.twice = world_chance(w, 0.2) ? 0.3 : 0,
		.reference = { (uint32_t)world_between(w, 3900000000, 3900001000),
		               (uint32_t)world_between(w, 1, INT64_C(4294967295)) },
		.refid = { 10, 0, 0, (uint8_t)i },
	};
	if (world_chance(w, 0.5)) { /* an asymmetric path */
		*(world_chance(w, 0.5) ? &s->out_ns : &s->back_ns) +=
			world_between(w, 0, 300 * NS_PER_MS);
	}
	sure_ns = s->root_delay_ns / 2 + s->root_dispersion_ns;
	if (!is_liar) {
		/* Honest: its error, drift over the run included, is inside its claim. */
		s->drift = (world_uniform(w) - 0.5) * 2 * (double)sure_ns / 4 / 10e9;
		if (s->drift > 500e-6 || s->drift < -500e-6) {
			s->drift = 0;
		}
		s->error_ns = world_between(w, -sure_ns * 3 / 4, sure_ns * 3 / 4);
		if (world_chance(w, 0.3)) { /* right at the edge of it */
			s->error_ns = world_chance(w, 0.5) ? sure_ns : -sure_ns;
			s->drift = 0;
		}
		return;
	}
	s->conduct = (enum conduct)world_between(w, CONDUCT_LIE, CONDUCT_COUNT - 1);
	s->error_ns = world_chance(w, 0.6) ? common_lie_ns
	                                   : world_between(w, -NS_PER_S, NS_PER_S);
	if (s->conduct == CONDUCT_LIE_SHARP) {
		s->root_delay_ns = 0;
		s->root_dispersion_ns = 1000;
	} else if (s->conduct == CONDUCT_LIE_EDGE) {
		s->error_ns = sure_ns + world_between(w, 0, 2 * (s->out_ns + s->back_ns));
		s->error_ns = world_chance(w, 0.5) ? s->error_ns : -s->error_ns;
	} else if (s->conduct == CONDUCT_LIE_COPY && i > 0) {
		size_t upstream = (size_t)world_between(w, 0, (int64_t)i - 1);

		s->reference = w->servers[upstream].reference;
		memcpy(s->refid, w->servers[upstream].refid, 4);
		s->root_delay_ns = w->servers[upstream].root_delay_ns;
		s->root_dispersion_ns = w->servers[upstream].root_dispersion_ns;
	}
}

void furnish_world(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->utc_base_ns = INT64_C(1795000000) * NS_PER_S;
	w->wall_base_ns = w->utc_base_ns;
	w->wall_base_ns += world_chance(w, 0.3)
	                           ? world_between(w, -INT64_C(800000000) * NS_PER_S,
	                                           INT64_C(800000000) * NS_PER_S)
	                           : world_between(w, -NS_PER_S, NS_PER_S);
	w->local_drift = (world_uniform(w) - 0.5) * 2 * LOCAL_DRIFT_MAX;
	w->step_at_ns = INT64_MAX;
	if (world_chance(w, 0.1)) {
		w->step_at_ns = world_between(w, 0, 3 * NS_PER_S);
		w->step_by_ns = world_between(w, -5 * NS_PER_S, 5 * NS_PER_S);
	}
	w->count = (size_t)world_between(w, 3, 9);
}

void furnish_address(const char *text, struct address *ret)
{
	if (!address_parse(text, ret)) {
		abort();
	}
}

/* Adds an address to name `k`: of a server of its own, or of one that is there. */
static void add_address(struct world *w, size_t k, size_t server)
{
	w->names[k].servers[w->names[k].count++] = server;
}

size_t furnish_another(struct world *w, bool is_liar, int64_t lie_ns)
{
	char text[ADDRESS_TEXT_SIZE];
	const size_t i = w->count++;

	furnish_server(w, i, is_liar, lie_ns);
	snprintf(text, sizeof(text), world_chance(w, 0.5) ? "10.0.0.%zu" : "fd00::%zu",
	         i + 1);
	furnish_address(text, &w->servers[i].address);
	return i;
}

/* SERVERs 0 .. count - 1, of which the last `misled` are. */
void furnish_names(struct world *w, size_t count, size_t misled, int64_t lie_ns)
{
	w->count = 0;
	w->name_count = count;
	for (size_t k = 0; k < count; k++) {
		struct world_name *name = &w->names[k];
		const bool is_misled = k >= count - misled;
		const size_t most = (WORLD_SOURCES_MAX - w->count) / (count - k);
		size_t addresses =
			(size_t)world_between(w, 1, most < 4 ? (int64_t)most : 4);

		name->is_name = world_chance(w, 0.8);
		name->at_ns[0] = world_between(w, 0, 50 * NS_PER_MS);
		name->at_ns[1] = world_chance(w, 0.1) ? world_between(w, 0, 6 * NS_PER_S)
		                                      : world_between(w, 0, 50 * NS_PER_MS);
		while (name->count < addresses) {
			add_address(
				w, k,
				is_misled && w->count > 0 && world_chance(w, 0.2)
					? (size_t)world_between(w, 0, (int64_t)w->count - 1)
					: furnish_another(w, is_misled, lie_ns));
			if (!name->is_name) {
				break;
			}
		}
	}
}

/* Some honest ones cannot be used, in every way there is. */
void furnish_ills(struct world *w, size_t count, double share)
{
	static const enum conduct ills[] = { CONDUCT_KISS, CONDUCT_UNSYNC, CONDUCT_SILENT };

	for (size_t i = 0; i < count; i++) {
		if (world_chance(w, share)) {
			w->servers[i].conduct =
				ills[world_between(w, 0, COUNT_OF(ills) - 1)];
		}
	}
}

/* Servers of any kind in hold-off since up to a day ago. */
size_t furnish_kisses(struct world *w, double share, struct kod_holdoff *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++) {
		const int64_t age_ns =
			world_between(w, 0,
		                      world_chance(w, 0.5) ? 1200 * NS_PER_S
		                                           : KOD_HOLDOFF_MAX_NS - NS_PER_S);

		if (!world_chance(w, share)) {
			continue;
		}
		ret[count] = (struct kod_holdoff){
			.address = w->servers[i].address,
			.code = world_chance(w, 0.7) ? NTP_KISS_RATE : NTP_KISS_DENY,
			.since = instant_add_ns(world_wall(w), -age_ns),
			.until = instant_add_ns(world_wall(w),
			                        world_between(w, 10, 3600) * NS_PER_S),
		};
		ret[count++].address.port = 123;
	}
	return count;
}

#define DAY_S INT64_C(86400)

/* Valid now; of an honest one that is ill, perhaps not any more. */
static struct nts_window window_of(struct world *w, bool is_ill)
{
	const int64_t utc_s = w->utc_base_ns / NS_PER_S;
	const int64_t until_s = utc_s + world_between(w, 1, 90) * DAY_S;

	return (struct nts_window){
		.from_s = utc_s - world_between(w, 101, 200) * DAY_S,
		.until_s = is_ill ? utc_s - world_between(w, 1, 100) * DAY_S : until_s,
	};
}

/* A liar may have the key of a certificate that has run out two years ago, and tell a time
 * of then; or lead to any server. */
static void make_liar(struct world *w, struct world_server *s)
{
	const int64_t utc_s = w->utc_base_ns / NS_PER_S;

	s->nts.is_liar = true;
	if (world_chance(w, 0.3)) {
		s->conduct = CONDUCT_LIE;
		s->error_ns = (-900 * DAY_S + world_between(w, -1, 1)) * NS_PER_S;
		s->nts.window = (struct nts_window){ .from_s = utc_s - 1000 * DAY_S,
			                             .until_s = utc_s - 800 * DAY_S };
	}
	if (world_chance(w, 0.3)) {
		s->nts.leads_to = (size_t)world_between(w, 0, (int64_t)w->count - 1);
	}
}

void furnish_nts(struct world *w, size_t count, double ills)
{
	for (size_t i = 0; i < count; i++) {
		struct world_server *s = &w->servers[i];
		const bool is_ill = s->conduct == CONDUCT_HONEST && world_chance(w, ills);

		s->nts = (struct world_nts){
			.is_given = true,
			.has_no_keys = is_ill && world_chance(w, 0.3),
			.is_silent = is_ill && world_chance(w, 0.3),
			.keys_after_ns = world_between(w, 100 * NS_PER_US, 100 * NS_PER_MS),
			.window = window_of(w, is_ill && world_chance(w, 0.5)),
			.leads_to = SIZE_MAX,
			.is_intercepted = world_chance(w, 0.2),
			.is_forgetful = world_chance(w, 0.1),
			.peer = { .issuer = (uint32_t)i + 1,
			          .cookie_len = NTS_PEER_COOKIE_OCTETS_MIN },
		};
		if (is_ill && world_chance(w, 0.3)) {
			s->nts.keys_after_ns = world_between(w, 0, 6 * NS_PER_S);
		}
		if (s->conduct != CONDUCT_HONEST) {
			make_liar(w, s);
		}
	}
}

void furnish_specs(const struct world *w, struct server_spec *ret)
{
	memset(ret, 0, sizeof(*ret) * w->name_count);
	for (size_t k = 0; k < w->name_count; k++) {
		const bool is_nts = w->servers[w->names[k].servers[0]].nts.is_given;

		ret[k].port = is_nts ? NTS_PORT : NTP_PORT;
		ret[k].scheme = is_nts ? SCHEME_NTS : SCHEME_NTP;
		if (w->names[k].is_name) {
			snprintf(ret[k].host, sizeof(ret[k].host), "s%zu.test", k);
		} else {
			(void)address_format(&w->servers[w->names[k].servers[0]].address,
			                     ret[k].host);
		}
	}
}
