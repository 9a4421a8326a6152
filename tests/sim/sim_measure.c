/* SPDX-License-Identifier: MIT
 *
 * Can the answer be bent?  Many random worlds with up to floor((n-1)/2) liars of every
 * kind: an answer whose bound does not hold the truth is a failure, printed with its
 * seed.  A second kind of world has no honest majority and liars who
 * do not agree: there, no answer may be given.
 *
 * In a third kind the SERVERs are names with several addresses, and a minority of the SERVERs is
 * misled: their names lead to liars of every kind, or to the addresses of others.  The honest ones
 * may be silent, refuse with a kiss code, be in hold-off or not synchronised.  No answer may be
 * wrong; and with all of them answering there must be one.
 *
 *   sim_measure [WORLDS [SEED]]      TAP on standard output
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* Drift of the local clock in these worlds; the servers' drift is
 * in their root dispersion. */
#define LOCAL_DRIFT_MAX 500e-6

struct results {
	uint64_t worlds, answers, wrong, sent;
	uint64_t none_worlds, none_answers;
	uint64_t named_worlds, named_answers, named_wrong;
	uint64_t whole_worlds,
		whole_vetoes; /* of them those in which all honest ones answer */
	double tightness_sum; /* |error| / bound */
};

static void furnish_server(struct world *w, size_t i, bool is_liar, int64_t common_lie_ns)
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

static void furnish(struct world *w, uint64_t seed)
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

static void address_of(const char *text, struct address *ret)
{
	if (!address_parse(text, ret)) {
		abort();
	}
}

static void specs_of(struct world *w, bool is_private, struct server_spec *ret)
{
	memset(ret, 0, sizeof(*ret) * w->count);
	for (size_t i = 0; i < w->count; i++) {
		ret[i].port = 123;
		snprintf(ret[i].host, sizeof(ret[i].host), "%s.%zu",
		         is_private ? "10.0.0" : "203.0.113", i + 1);
		address_of(ret[i].host, &w->servers[i].address);
	}
}

/* UTC minus the local clock now, the thing that is measured. */
static int64_t true_offset_ns(struct world *w, const struct run *run)
{
	struct reading now;
	struct ports ports = world_ports(w);
	int64_t since_ns;

	ports.now(w, &now);
	/* The answer is for the moment run->at_mono_ns, a moment ago. */
	since_ns = now.mono_ns - run->at_mono_ns;
	return w->utc_base_ns + w->now_ns - now.wall.unix_ns +
	       (int64_t)((double)since_ns * w->local_drift);
}

static struct measure_settings settings_of(struct world *w)
{
	struct measure_settings settings = measure_defaults();

	settings.ask_all = world_chance(w, 0.1);
	settings.target_ns = world_chance(w, 0.3) ? 0 : settings.target_ns;
	settings.samples = (unsigned)world_between(w, 1, 4);
	return settings;
}

static int play(struct world *w, struct run *ret)
{
	struct server_spec specs[WORLD_SOURCES_MAX];
	struct measure_settings settings;
	struct ports ports = world_ports(w);

	specs_of(w, world_chance(w, 0.5), specs);
	settings = settings_of(w);
	settings.servers = specs;
	settings.server_count = w->count;
	return measure(&settings, &ports, ret);
}

/* Whether the truth is in the bound; `seed` is printed where it is not. */
static bool is_right(struct world *w, const struct run *run, uint64_t seed,
                     struct results *sheet)
{
	int64_t error_ns = run->offset_ns - true_offset_ns(w, run);

	error_ns = error_ns < 0 ? -error_ns : error_ns;
	sheet->tightness_sum += (double)error_ns / ((double)run->bound_ns + 1);
	if (error_ns > run->bound_ns) {
		printf("# seed %" PRIu64 ": off by %" PRId64 " ns, bound %" PRId64 " ns\n",
		       seed, error_ns, run->bound_ns);
	}
	return error_ns <= run->bound_ns;
}

static void liars_in_minority(uint64_t seed, struct results *sheet)
{
	struct world w;
	struct run run;
	size_t liars;
	int64_t common_lie_ns;

	furnish(&w, seed);
	liars = (size_t)world_between(&w, 0, (int64_t)(w.count - 1) / 2);
	common_lie_ns = world_chance(&w, 0.5)
	                        ? world_between(&w, -NS_PER_S, NS_PER_S)
	                        : world_between(&w, -60 * NS_PER_MS, 60 * NS_PER_MS);
	for (size_t i = 0; i < w.count; i++) {
		furnish_server(&w, i, i >= w.count - liars, common_lie_ns);
	}
	sheet->worlds++;
	if (play(&w, &run) < 0) {
		sheet->wrong++;
		return;
	}
	sheet->sent += w.sent;
	if (run.status == RUN_OK) {
		sheet->answers++;
		sheet->wrong += !is_right(&w, &run, seed, sheet);
	}
	measure_free(&run);
}

/* The honest are at most half, every liar says something of its own. */
static void no_honest_majority(uint64_t seed, struct results *sheet)
{
	struct world w;
	struct run run;
	size_t honest;

	furnish(&w, seed);
	honest = (size_t)world_between(&w, 0, (int64_t)w.count / 2);
	for (size_t i = 0; i < w.count; i++) {
		furnish_server(&w, i, false, 0);
		w.servers[i].loss = 0;
		if (i >= honest) {
			w.servers[i].conduct = CONDUCT_LIE;
			w.servers[i].error_ns = (int64_t)(i + 1) * 10 * NS_PER_S;
		}
	}
	sheet->none_worlds++;
	if (play(&w, &run) < 0 || run.status == RUN_OK) {
		sheet->none_answers++;
		printf("# seed %" PRIu64 ": an answer without an honest majority\n", seed);
	}
	measure_free(&run);
}

/* Adds an address to name `k`: of a server of its own, or of one that is there. */
static void add_address(struct world *w, size_t k, size_t server)
{
	w->names[k].servers[w->names[k].count++] = server;
}

static size_t add_server(struct world *w, bool is_liar, int64_t lie_ns)
{
	char text[ADDRESS_TEXT_SIZE];
	const size_t i = w->count++;

	furnish_server(w, i, is_liar, lie_ns);
	snprintf(text, sizeof(text), world_chance(w, 0.5) ? "10.0.0.%zu" : "fd00::%zu",
	         i + 1);
	address_of(text, &w->servers[i].address);
	return i;
}

/* SERVERs 0 .. count - 1, of which the last `misled` are. */
static void name_servers(struct world *w, size_t count, size_t misled, int64_t lie_ns)
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
					: add_server(w, is_misled, lie_ns));
			if (!name->is_name) {
				break;
			}
		}
	}
}

/* Some honest ones cannot be used, in every way there is. */
static void make_ill(struct world *w, size_t count, double share)
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
static size_t remember_kisses(struct world *w, double share, struct kod_holdoff *ret)
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

static void specs_of_names(const struct world *w, struct server_spec *ret)
{
	memset(ret, 0, sizeof(*ret) * w->name_count);
	for (size_t k = 0; k < w->name_count; k++) {
		ret[k].port = 123;
		if (w->names[k].is_name) {
			snprintf(ret[k].host, sizeof(ret[k].host), "s%zu.test", k);
		} else {
			(void)address_format(&w->servers[w->names[k].servers[0]].address,
			                     ret[k].host);
		}
	}
}

static int play_names(struct world *w, const struct kod_holdoff *kisses, size_t kiss_count,
                      struct run *ret)
{
	struct server_spec specs[WORLD_NAMES_MAX];
	struct measure_settings settings = settings_of(w);
	struct ports ports = world_ports(w);

	specs_of_names(w, specs);
	settings.servers = specs;
	settings.server_count = w->name_count;
	settings.kisses = kisses;
	settings.kiss_count = kiss_count;
	return measure(&settings, &ports, ret);
}

static void names_misled(uint64_t seed, struct results *sheet)
{
	struct kod_holdoff kisses[WORLD_SOURCES_MAX];
	const bool is_whole = seed % 4 == 0;
	size_t servers, misled, kiss_count = 0;
	struct world w;
	struct run run;

	furnish(&w, seed);
	servers = (size_t)world_between(&w, 1, 5);
	misled = (size_t)world_between(&w, 0, (int64_t)(servers - 1) / 2);
	name_servers(&w, servers, misled, world_between(&w, -NS_PER_S, NS_PER_S));
	if (is_whole) {
		for (size_t i = 0; i < w.count; i++) {
			w.servers[i].loss = 0;
		}
		for (size_t k = 0; k < servers - misled; k++) {
			w.names[k].at_ns[1] = 0;
		}
		w.step_at_ns = INT64_MAX;
	} else {
		make_ill(&w, w.names[servers - misled - 1].servers[0] + 1,
		         world_uniform(&w) * 0.5);
		kiss_count = remember_kisses(&w, world_uniform(&w) * 0.5, kisses);
	}
	sheet->named_worlds++;
	if (play_names(&w, kisses, kiss_count, &run) < 0) {
		sheet->named_wrong++;
		return;
	}
	if (run.status == RUN_OK) {
		sheet->named_answers++;
		sheet->named_wrong += !is_right(&w, &run, seed, sheet);
	}
	if (is_whole) {
		sheet->whole_worlds++;
		sheet->whole_vetoes += run.status != RUN_OK;
		if (run.status != RUN_OK) {
			printf("# seed %" PRIu64 ": all honest ones answer, and yet: %s\n",
			       seed, run.reason);
		}
	}
	measure_free(&run);
}

int main(int argc, char **argv)
{
	struct results sheet = { 0 };
	uint64_t worlds = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261122;

	printf("# %" PRIu64 " worlds from seed %" PRIu64 "\n", worlds, seed);
	for (uint64_t i = 0; i < worlds; i++) {
		liars_in_minority(seed + i, &sheet);
		if (i % 4 == 0) {
			no_honest_majority(seed + i, &sheet);
		}
		if (i % 2 == 0) {
			names_misled(seed + i / 2, &sheet);
		}
	}
	printf("# answers %" PRIu64 " of %" PRIu64 ", wrong %" PRIu64
	       ", mean |error|/bound %.3f, requests a world %.1f\n",
	       sheet.answers, sheet.worlds, sheet.wrong,
	       sheet.tightness_sum / ((double)(sheet.answers + sheet.named_answers) + 1e-9),
	       (double)sheet.sent / (double)sheet.worlds);
	printf("# no honest majority: %" PRIu64 " worlds, %" PRIu64 " answers\n",
	       sheet.none_worlds, sheet.none_answers);
	printf("# names, a minority misled: answers %" PRIu64 " of %" PRIu64
	       ", wrong %" PRIu64 "; all honest ones answer: %" PRIu64 " worlds, %" PRIu64
	       " without an answer\n",
	       sheet.named_answers, sheet.named_worlds, sheet.named_wrong,
	       sheet.whole_worlds, sheet.whole_vetoes);
	printf("%s 1 - no answer is wrong and every bound holds\n",
	       sheet.wrong == 0 ? "ok" : "not ok");
	printf("%s 2 - no answer without an honest majority\n",
	       sheet.none_answers == 0 ? "ok" : "not ok");
	/* A sim that never gets an answer would prove nothing. */
	printf("%s 3 - most worlds are answered\n",
	       sheet.answers * 10 > sheet.worlds * 6 ? "ok" : "not ok");
	printf("%s 4 - names: no answer is wrong while a minority of the SERVERs is "
	       "misled\n",
	       sheet.named_wrong == 0 ? "ok" : "not ok");
	printf("%s 5 - names: with all honest ones answering there is an answer\n",
	       sheet.whole_vetoes == 0 ? "ok" : "not ok");
	printf("1..5\n");
	return sheet.wrong > 0 || sheet.none_answers > 0 || sheet.named_wrong > 0 ||
	       sheet.whole_vetoes > 0 || sheet.answers * 10 <= sheet.worlds * 6;
}
