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
 * In a fourth kind a minority of the SERVERs with NTS is misled, or lies with certificates that
 * are valid or have run out; the local clock may be wrong by years, key exchanges fail, packets
 * are sent in their place; and SERVERs without NTS, which have no vote, lie as they like.  The same
 * two rules hold.
 *
 *   sim_measure [WORLDS [SEED]]      TAP on standard output
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "furnish.h"

struct results {
	uint64_t worlds, answers, wrong, sent;
	uint64_t none_worlds, none_answers;
	uint64_t named_worlds, named_answers, named_wrong;
	uint64_t whole_worlds,
		whole_vetoes; /* of them those in which all honest ones answer */
	uint64_t nts_worlds, nts_answers, nts_told, nts_wrong;
	uint64_t nts_whole, nts_vetoes;
	double tightness_sum, nts_tightness_sum; /* |error| / bound */
};

static void specs_of(struct world *w, bool is_private, struct server_spec *ret)
{
	memset(ret, 0, sizeof(*ret) * w->count);
	for (size_t i = 0; i < w->count; i++) {
		ret[i].port = 123;
		snprintf(ret[i].host, sizeof(ret[i].host), "%s.%zu",
		         is_private ? "10.0.0" : "203.0.113", i + 1);
		furnish_address(ret[i].host, &w->servers[i].address);
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
                     double *tightness_sum)
{
	int64_t error_ns = run->offset_ns - true_offset_ns(w, run);

	error_ns = error_ns < 0 ? -error_ns : error_ns;
	*tightness_sum += (double)error_ns / ((double)run->bound_ns + 1);
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

	furnish_world(&w, seed);
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
		sheet->wrong += !is_right(&w, &run, seed, &sheet->tightness_sum);
	}
	measure_free(&run);
}

/* The honest are at most half, every liar says something of its own. */
static void no_honest_majority(uint64_t seed, struct results *sheet)
{
	struct world w;
	struct run run;
	size_t honest;

	furnish_world(&w, seed);
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

static int play_names(struct world *w, const struct kod_holdoff *kisses, size_t kiss_count,
                      struct run *ret)
{
	struct server_spec specs[WORLD_NAMES_MAX];
	struct measure_settings settings = settings_of(w);
	struct ports ports = world_ports(w);

	furnish_specs(w, specs);
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

	furnish_world(&w, seed);
	servers = (size_t)world_between(&w, 1, 5);
	misled = (size_t)world_between(&w, 0, (int64_t)(servers - 1) / 2);
	furnish_names(&w, servers, misled, world_between(&w, -NS_PER_S, NS_PER_S));
	if (is_whole) {
		for (size_t i = 0; i < w.count; i++) {
			w.servers[i].loss = 0;
		}
		for (size_t k = 0; k < servers - misled; k++) {
			w.names[k].at_ns[1] = 0;
		}
		w.step_at_ns = INT64_MAX;
	} else {
		furnish_ills(&w, w.names[servers - misled - 1].servers[0] + 1,
		             world_uniform(&w) * 0.5);
		kiss_count = furnish_kisses(&w, world_uniform(&w) * 0.5, kisses);
	}
	sheet->named_worlds++;
	if (play_names(&w, kisses, kiss_count, &run) < 0) {
		sheet->named_wrong++;
		return;
	}
	if (run.status == RUN_OK) {
		sheet->named_answers++;
		sheet->named_wrong += !is_right(&w, &run, seed, &sheet->tightness_sum);
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

/* SERVERs without NTS after the others, honest or not; as far as there is room. */
static void add_plain(struct world *w, size_t most)
{
	size_t sources = 0;

	for (size_t k = 0; k < w->name_count; k++) {
		sources += w->names[k].count;
	}
	while (most-- > 0 && w->name_count < WORLD_NAMES_MAX &&
	       w->count < WORLD_SOURCES_MAX && sources++ < WORLD_SOURCES_MAX) {
		struct world_name *name = &w->names[w->name_count++];

		name->servers[name->count++] = furnish_another(
			w, world_chance(w, 0.7), world_between(w, -NS_PER_S, NS_PER_S));
	}
}

static struct measure_settings settings_with_nts(struct world *w, bool is_whole)
{
	struct measure_settings settings = settings_of(w);
	int64_t lag_ns = 0;

	settings.may_trust_one = world_chance(w, 0.5);
	settings.is_certificate_strict = !is_whole && world_chance(w, 0.1);
	settings.may_probe = false;
	settings.is_time_known = world_chance(w, 0.3);
	if (world_chance(w, 0.3)) { /* the machine was paused */
		lag_ns = world_between(w, 0, 300) * 86400 * NS_PER_S;
	}
	settings.known_booted_ns = w->utc_base_ns - lag_ns - WORLD_BOOTED_NS;
	return settings;
}

/* Whether each of these servers may be used by the clock alone. */
static bool has_doubt(const struct run *run)
{
	for (size_t i = 0; i < run->source_count; i++) {
		if (run->sources[i].nts.is_told) {
			return true;
		}
	}
	return false;
}

static void check_nts(struct world *w, const struct run *run, bool is_whole, bool may_veto,
                      uint64_t seed, struct results *sheet)
{
	if (w->fault) {
		printf("# seed %" PRIu64 ": %s\n", seed, w->fault);
		sheet->nts_wrong++;
	}
	if (run->status == RUN_OK) {
		sheet->nts_answers++;
		sheet->nts_told += has_doubt(run);
		sheet->nts_wrong += !is_right(w, run, seed, &sheet->nts_tightness_sum) ||
		                    !run->is_authenticated;
	} else if (is_whole && !(may_veto && has_doubt(run))) {
		sheet->nts_vetoes++;
		printf("# seed %" PRIu64 ": NTS, all honest ones answer, and yet: %s\n",
		       seed, run->reason);
	}
}

static void nts_misled(uint64_t seed, struct results *sheet)
{
	struct server_spec specs[WORLD_NAMES_MAX];
	struct kod_holdoff kisses[WORLD_SOURCES_MAX];
	const bool is_whole = seed % 4 == 0;
	struct measure_settings settings;
	size_t servers, misled, honest;
	struct ports ports;
	struct world w;
	struct run run;

	furnish_world(&w, seed);
	servers = (size_t)world_between(&w, 1, 4);
	misled = (size_t)world_between(&w, 0, (int64_t)(servers - 1) / 2);
	furnish_names(&w, servers, misled, world_between(&w, -NS_PER_S, NS_PER_S));
	honest = w.names[servers - misled - 1].servers[0] + 1;
	furnish_nts(&w, w.count, is_whole ? 0 : world_uniform(&w) * 0.5);
	settings = settings_with_nts(&w, is_whole);
	if (is_whole) {
		for (size_t i = 0; i < w.count; i++) {
			w.servers[i].loss = 0;
		}
		for (size_t k = 0; k < servers - misled; k++) {
			w.names[k].at_ns[1] = 0;
		}
		w.step_at_ns = INT64_MAX;
	} else {
		furnish_ills(&w, honest, world_uniform(&w) * 0.3);
		settings.kiss_count = furnish_kisses(&w, world_uniform(&w) * 0.3, kisses);
	}
	add_plain(&w, (size_t)world_between(&w, 0, 2));
	furnish_specs(&w, specs);
	settings.servers = specs;
	settings.server_count = w.name_count;
	settings.kisses = kisses;
	ports = world_ports(&w);
	sheet->nts_worlds++;
	sheet->nts_whole += is_whole;
	if (measure(&settings, &ports, &run) < 0) {
		sheet->nts_wrong++;
		return;
	}
	check_nts(&w, &run, is_whole, servers == 1 && !settings.may_trust_one, seed, sheet);
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
		} else {
			nts_misled(seed + i / 2, &sheet);
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
	printf("# NTS: answers %" PRIu64 " of %" PRIu64
	       ", with a certificate in doubt %" PRIu64 ", wrong %" PRIu64
	       ", mean |error|/bound %.3f; all honest ones answer: %" PRIu64
	       " worlds, %" PRIu64 " without an answer\n",
	       sheet.nts_answers, sheet.nts_worlds, sheet.nts_told, sheet.nts_wrong,
	       sheet.nts_tightness_sum / ((double)sheet.nts_answers + 1e-9),
	       sheet.nts_whole, sheet.nts_vetoes);
	printf("%s 6 - NTS: no answer is wrong while a minority of the SERVERs is misled\n",
	       sheet.nts_wrong == 0 ? "ok" : "not ok");
	printf("%s 7 - NTS: with all honest ones answering there is an answer\n",
	       sheet.nts_vetoes == 0 && sheet.nts_answers * 2 > sheet.nts_worlds
	               ? "ok"
	               : "not ok");
	printf("1..7\n");
	return sheet.wrong > 0 || sheet.none_answers > 0 || sheet.named_wrong > 0 ||
	       sheet.whole_vetoes > 0 || sheet.nts_wrong > 0 || sheet.nts_vetoes > 0 ||
	       sheet.nts_answers * 2 <= sheet.nts_worlds ||
	       sheet.answers * 10 <= sheet.worlds * 6;
}
