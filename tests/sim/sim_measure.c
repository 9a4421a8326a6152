/* SPDX-License-Identifier: MIT
 *
 * Can the answer be bent?  Many random worlds with up to floor((n-1)/2) liars of every
 * kind: an answer whose bound does not hold the truth is a failure, printed with its
 * seed.  A second kind of world has no honest majority and liars who
 * do not agree: there, no answer may be given.
 *
 *   sim_measure [WORLDS [SEED]]      TAP on standard output
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* What the local clock may be told to drift in these worlds; the servers' drift is
 * in their root dispersion. */
#define LOCAL_DRIFT_MAX 500e-6

struct tally_sheet {
	uint64_t worlds, answers, wrong, sent;
	uint64_t none_worlds, none_answers;
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
		size_t whom = (size_t)world_between(w, 0, (int64_t)i - 1);

		s->reference = w->servers[whom].reference;
		memcpy(s->refid, w->servers[whom].refid, 4);
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

static void specs_of(const struct world *w, bool is_private, struct server_spec *ret)
{
	memset(ret, 0, sizeof(*ret) * w->count);
	for (size_t i = 0; i < w->count; i++) {
		ret[i].port = 123;
		snprintf(ret[i].host, sizeof(ret[i].host), "%s.%zu",
		         is_private ? "10.0.0" : "203.0.113", i + 1);
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

static int play(struct world *w, struct run *ret)
{
	struct server_spec specs[WORLD_SOURCES_MAX];
	struct measure_settings settings = measure_defaults();
	struct ports ports = world_ports(w);

	specs_of(w, world_chance(w, 0.5), specs);
	settings.servers = specs;
	settings.server_count = w->count;
	settings.ask_all = world_chance(w, 0.1);
	settings.target_ns = world_chance(w, 0.3) ? 0 : settings.target_ns;
	settings.samples = (unsigned)world_between(w, 1, 4);
	return measure(&settings, &ports, ret);
}

static void liars_in_minority(uint64_t seed, struct tally_sheet *sheet)
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
		int64_t error_ns = run.offset_ns - true_offset_ns(&w, &run);

		error_ns = error_ns < 0 ? -error_ns : error_ns;
		sheet->answers++;
		sheet->tightness_sum += (double)error_ns / ((double)run.bound_ns + 1);
		if (error_ns > run.bound_ns) {
			sheet->wrong++;
			printf("# seed %" PRIu64 ": off by %" PRId64 " ns, bound %" PRId64
			       " ns\n",
			       seed, error_ns, run.bound_ns);
		}
	}
	measure_free(&run);
}

/* The honest are at most half, every liar says something of its own. */
static void no_honest_majority(uint64_t seed, struct tally_sheet *sheet)
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

int main(int argc, char **argv)
{
	struct tally_sheet sheet = { 0 };
	uint64_t worlds = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261122;

	printf("# %" PRIu64 " worlds from seed %" PRIu64 "\n", worlds, seed);
	for (uint64_t i = 0; i < worlds; i++) {
		liars_in_minority(seed + i, &sheet);
		if (i % 4 == 0) {
			no_honest_majority(seed + i, &sheet);
		}
	}
	printf("# answers %" PRIu64 " of %" PRIu64 ", wrong %" PRIu64
	       ", mean |error|/bound %.3f, requests a world %.1f\n",
	       sheet.answers, sheet.worlds, sheet.wrong,
	       sheet.tightness_sum / ((double)sheet.answers + 1e-9),
	       (double)sheet.sent / (double)sheet.worlds);
	printf("# no honest majority: %" PRIu64 " worlds, %" PRIu64 " answers\n",
	       sheet.none_worlds, sheet.none_answers);
	printf("%s 1 - no answer is wrong and every bound holds\n",
	       sheet.wrong == 0 ? "ok" : "not ok");
	printf("%s 2 - no answer without an honest majority\n",
	       sheet.none_answers == 0 ? "ok" : "not ok");
	/* A sim that never gets an answer would prove nothing. */
	printf("%s 3 - most worlds are answered\n",
	       sheet.answers * 10 > sheet.worlds * 6 ? "ok" : "not ok");
	printf("1..3\n");
	return sheet.wrong > 0 || sheet.none_answers > 0 ||
	       sheet.answers * 10 <= sheet.worlds * 6;
}
