/* SPDX-License-Identifier: MIT
 *
 * Source groups and selection, by exhaustion.  All worlds of up to four SERVERs with up to three addresses each,
 * every address usable, silent or lying, through source_groups and select: while a minority of
 * the SERVERs is misled no answer is wrong, and when all addresses answer there is one.
 * Also the exact availability of an answer when addresses fail at random.
 *
 *   sim_selection          TAP on standard output
 *   sim_selection table    the availability table (tests/bench/availability)
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/select/source_groups.h"

enum { SERVERS_MAX = 5, ADDRESSES_MAX = 4, CANDIDATES_MAX = 16 };

enum state { USABLE, SILENT, LYING, STATE_COUNT };

struct scene {
	size_t servers;
	unsigned addresses[SERVERS_MAX];
	enum state states[SERVERS_MAX][ADDRESSES_MAX];
	bool has_spare_ways; /* addresses beyond the cap share address pairs; else they are not asked */
};

enum outcome { NO_ANSWER, RIGHT, WRONG };

/* The truth is 0; the liars agree on one lie. */
static struct candidate candidate_of(enum state state, size_t pair, size_t i)
{
	const int64_t at_ns = state == LYING ? 1000 : 0;

	return (struct candidate){
		.has_answered = state != SILENT,
		.pair = pair,
		.asked = i,
		.interval = { .lo_ns = at_ns - 5, .hi_ns = at_ns + 5, .offset_ns = at_ns },
		.stratum = 2,
		.reference = { (uint32_t)i + 1, 1 },
	};
}

static size_t seat(const struct scene *scene, struct candidate *ret)
{
	const size_t cap = source_groups_pairs_max(scene->addresses, scene->servers);
	size_t count = 0, first = 0;

	for (size_t s = 0; s < scene->servers; s++) {
		const unsigned m = scene->addresses[s];
		const size_t pairs = m < cap ? m : cap;

		for (size_t k = 0; k < (scene->has_spare_ways ? m : pairs); k++) {
			ret[count] =
				candidate_of(scene->states[s][k], first + k % cap, count);
			count++;
		}
		first += pairs;
	}
	return count;
}

static enum outcome play(const struct scene *scene)
{
	struct candidate candidates[CANDIDATES_MAX];
	struct keyed scratch[2 * CANDIDATES_MAX];
	struct interval intervals[CANDIDATES_MAX];
	enum interval_status status_of[CANDIDATES_MAX];
	size_t interval_of[CANDIDATES_MAX], daemon_of[CANDIDATES_MAX];
	struct select_rule rule = { .liars = SELECT_LIARS_DEFAULT };
	struct source_groups source_groups;
	struct selection selection;
	struct daemons daemons;

	source_groups_form(candidates, seat(scene, candidates), scratch, intervals,
	                   interval_of, daemon_of, &source_groups);
	rule.asked_count = source_groups.asked_count;
	select_majority(intervals, source_groups.interval_count, &rule, scratch, &selection,
	                status_of);
	if (selection.verdict != SELECT_OK) {
		return NO_ANSWER;
	}
	daemons = source_groups_daemons(&source_groups, daemon_of, status_of, scratch);
	if (!source_groups_confirm(&source_groups, &daemons, &rule)) {
		return NO_ANSWER;
	}
	return selection.lo_ns <= 0 && selection.hi_ns >= 0 ? RIGHT : WRONG;
}

/* --- every world */

enum { MOST_ADDRESSES = 3, ONE_SERVER = 3 + 9 + 27 }; /* worlds of one SERVER */

struct sheet {
	unsigned long worlds, wrong, silent, whole, vetoes;
};

/* World `code` of one SERVER: 1 to 3 addresses, each in one of three states. */
static void furnish(struct scene *scene, size_t server, unsigned code, bool *ret_is_misled,
                    bool *ret_is_whole)
{
	unsigned addresses = 1, worlds = STATE_COUNT;

	while (code >= worlds) {
		code -= worlds;
		worlds *= STATE_COUNT;
		addresses++;
	}
	scene->addresses[server] = addresses;
	for (unsigned k = 0; k < addresses; k++, code /= STATE_COUNT) {
		scene->states[server][k] = (enum state)(code % STATE_COUNT);
		*ret_is_misled = *ret_is_misled || code % STATE_COUNT == LYING;
		*ret_is_whole = *ret_is_whole && code % STATE_COUNT != SILENT;
	}
}

static void count_outcome(const unsigned *codes, size_t servers, struct sheet *sheet)
{
	struct scene scene = { .servers = servers, .has_spare_ways = true };
	size_t misled = 0;
	bool is_whole = true;
	enum outcome outcome;

	for (size_t s = 0; s < servers; s++) {
		bool is_misled = false;

		furnish(&scene, s, codes[s], &is_misled, &is_whole);
		misled += is_misled;
	}
	if (2 * misled >= servers && misled > 0) {
		return;
	}
	outcome = play(&scene);
	sheet->worlds++;
	sheet->wrong += outcome == WRONG;
	sheet->silent += outcome == NO_ANSWER;
	sheet->whole += is_whole;
	sheet->vetoes += is_whole && outcome == NO_ANSWER;
}

/* The order of the SERVERs does not matter: codes that do not descend are enough. */
static void exhaust(unsigned *codes, size_t at, size_t servers, struct sheet *sheet)
{
	if (at == servers) {
		count_outcome(codes, servers, sheet);
		return;
	}
	for (codes[at] = at > 0 ? codes[at - 1] : 0; codes[at] < ONE_SERVER; codes[at]++) {
		exhaust(codes, at + 1, servers, sheet);
	}
}

/* --- how often there is an answer */

static const double fails[] = { 0.01, 0.05, 0.20 };

static const struct list {
	const char *name;
	size_t servers;
	unsigned addresses[SERVERS_MAX];
	/* Percent that are to come out, without and with spare ways, at each of fails[]. */
	double want[2][3];
} lists[] = {
	{ "1 server", 1, { 1 }, { { 99, 95, 80 }, { 99, 95, 80 } } },
	{ "2 servers", 2, { 1, 1 }, { { 99.99, 99.75, 96 }, { 99.99, 99.75, 96 } } },
	{ "3 servers", 3, { 1, 1, 1 }, { { 99.97, 99.27, 89.6 }, { 99.97, 99.27, 89.6 } } },
	{ "4 servers", 4, { 1, 1, 1, 1 }, { { 100, 99.95, 97.3 }, { 100, 99.95, 97.3 } } },
	{ "5 servers",
	  5,
	  { 1, 1, 1, 1, 1 },
	  { { 100, 99.88, 94.2 }, { 100, 99.88, 94.2 } } },
	{ "1 name, 2 addresses", 1, { 2 }, { { 99.99, 99.75, 96 }, { 99.99, 99.75, 96 } } },
	{ "1 pool name (4)", 1, { 4 }, { { 100, 99.95, 97.3 }, { 100, 99.95, 97.3 } } },
	{ "3 pool names (12)", 3, { 4, 4, 4 }, { { 100, 100, 99.6 }, { 100, 100, 99.6 } } },
	{ "own, own, pool (4)",
	  3,
	  { 1, 1, 4 },
	  { { 99.97, 99.27, 89.6 }, { 99.99, 99.75, 95.9 } } },
};

/* Percent of all outcomes that have an answer, each address failing with `p`. */
static double availability(const struct list *list, bool has_spare_ways, double p)
{
	struct scene scene = { .servers = list->servers, .has_spare_ways = has_spare_ways };
	unsigned total = 0;
	double sum = 0;

	for (size_t s = 0; s < list->servers; s++) {
		scene.addresses[s] = list->addresses[s];
		total += list->addresses[s];
	}
	for (unsigned world = 0; world < 1U << total; world++) {
		double probability = 100;
		unsigned bits = world;

		for (size_t s = 0; s < list->servers; s++) {
			for (unsigned k = 0; k < list->addresses[s]; k++, bits >>= 1) {
				scene.states[s][k] = bits & 1 ? SILENT : USABLE;
				probability *= bits & 1 ? p : 1 - p;
			}
		}
		sum += play(&scene) == RIGHT ? probability : 0;
	}
	return sum;
}

static void print_table(void)
{
	printf("%% of runs with an answer, each address failing (in whatever way) with 1, "
	       "5, "
	       "20 %%\n%-22s%-26s%s\n",
	       "list", "without spare ways", "with spare ways");
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		printf("%-22s", lists[i].name);
		for (unsigned spare = 0; spare < 2; spare++) {
			for (size_t k = 0; k < COUNT_OF(fails); k++) {
				printf("%-8.2f", availability(&lists[i], spare, fails[k]));
			}
			printf("  ");
		}
		printf("\n");
	}
}

static bool is_as_wanted(const struct list *list)
{
	for (unsigned spare = 0; spare < 2; spare++) {
		for (size_t k = 0; k < COUNT_OF(fails); k++) {
			const double got = availability(list, spare, fails[k]);

			if (fabs(got - list->want[spare][k]) > 0.06) {
				printf("# %s at %.0f %%: %.2f\n", list->name,
				       100 * fails[k], got);
				return false;
			}
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct sheet sheet = { 0 };
	unsigned codes[SERVERS_MAX] = { 0 };
	bool is_available = true;

	if (argc > 1 && strcmp(argv[1], "table") == 0) {
		print_table();
		return 0;
	}
	for (size_t servers = 1; servers <= 4; servers++) {
		exhaust(codes, 0, servers, &sheet);
	}
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		is_available = is_as_wanted(&lists[i]) && is_available;
	}
	printf("# %lu worlds with a minority of the SERVERs misled: %lu wrong, %lu without "
	       "an "
	       "answer; all answer in %lu: %lu of them without one\n",
	       sheet.worlds, sheet.wrong, sheet.silent, sheet.whole, sheet.vetoes);
	printf("%s 1 - no answer is wrong while a minority of the SERVERs is misled\n",
	       sheet.wrong == 0 ? "ok" : "not ok");
	printf("%s 2 - no minority can veto when all answer\n",
	       sheet.vetoes == 0 ? "ok" : "not ok");
	printf("%s 3 - a third of these worlds and more have an answer\n",
	       3 * sheet.silent < 2 * sheet.worlds ? "ok" : "not ok");
	printf("%s 4 - answers are as frequent as the table has it\n",
	       is_available ? "ok" : "not ok");
	printf("1..4\n");
	return sheet.wrong > 0 || sheet.vetoes > 0 ||
	       3 * sheet.silent >= 2 * sheet.worlds || !is_available;
}
