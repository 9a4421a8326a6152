/* SPDX-License-Identifier: MIT
 *
 * Runs that follow each other 0.3 to 60 s apart, while the kernel still slews: what they give the
 * kernel for a frequency.  Each life begins with nothing learnt and a clock up to 0.4 s off, either
 * way; others step it now and then; the kernel's state is read, the order given and looked at
 * some milliseconds after the measurement, at times half a second.
 *
 *   sim_slews [SEED]
 *
 * TAP; the same seed gives the same figures.
 */
#include "core/discipline/discipline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_clock.h"

enum { LIVES = 500, RUNS = 20, LONG_LIVES = 20, LONG_RUNS = 500 };

#define LEAST_S 0.3
#define MOST_S 60.0
#define WALK_PPB 1.0
#define STEP_SHARE 0.1 /* of the intervals, in which others step the clock */
#define SLOW_SHARE 0.05
#define PPM_MOST 2.0
#define SETTLED_AFTER_S 3600.0

struct life {
	struct fake_clock clock;
	struct discipline discipline;
	struct discipline_advice advice;
	struct discipline_forecast forecast;
	int64_t forecast_at_ns;
	double noise_ns;
	uint64_t rng;
};

struct score {
	unsigned runs, beyond_2_ppm, beyond_3_sd;
	unsigned looks, beyond_bound;
	double worst_ppm;
};

/* Any length alike. */
static double log_between(uint64_t *rng, double least, double most)
{
	return least * pow(most / least, rng_unit(rng));
}

static double either_way(uint64_t *rng, double size)
{
	return rng_unit(rng) < 0.5 ? -size : size;
}

static void go(struct life *l, double s)
{
	fake_clock_go(&l->clock, llround(s * 1e9));
	l->clock.crystal_ppb += WALK_PPB * sqrt(s) * rng_normal(&l->rng);
}

/* As long as a program takes from one of its steps to the next. */
static void pause_a_little(struct life *l)
{
	bool is_slow = rng_unit(&l->rng) < SLOW_SHARE;

	go(l, is_slow ? 0.5 * rng_unit(&l->rng) : log_between(&l->rng, 1e-4, 1e-2));
}

static struct discipline_observation observe(struct life *l)
{
	double out_ns = rng_exponential(&l->rng, l->noise_ns);
	double back_ns = rng_exponential(&l->rng, l->noise_ns);
	struct discipline_observation found = {
		.at.unix_ns = fake_clock_local_ns(&l->clock),
		.monotonic_ns = llround(l->clock.monotonic_ns),
		.boottime_ns = llround(l->clock.monotonic_ns),
		.has_kernel = true,
		.is_trusted = true,
		.offset_ns = llround(l->clock.offset_ns + (out_ns - back_ns) / 2.0),
		.bound_ns = llround(ceil(2e6 + (out_ns + back_ns) / 2.0)),
		.delay_ns = llround(4e6 + out_ns + back_ns),
		.sample_count = 1,
	};

	pause_a_little(l);
	found.frequency_ppb = llround(l->clock.kernel_ppb);
	found.slew_left_ns = l->clock.rest_ns;
	return found;
}

static void run(struct life *l)
{
	struct discipline_observation found = observe(l);
	struct discipline_action did = { 0 };

	discipline_observe(&l->discipline, &found);
	l->advice = discipline_advise(&l->discipline);
	pause_a_little(l);
	l->clock.kernel_ppb = (double)l->advice.frequency_ppb;
	fake_clock_slew(&l->clock, (double)(l->advice.phase_ns - l->advice.in_flight_ns));
	did.frequency_ppb = l->advice.frequency_ppb;
	did.slew_given_ns = l->clock.rest_ns;
	pause_a_little(l);
	did.slew_ns = l->clock.rest_ns;
	did.after.unix_ns = fake_clock_local_ns(&l->clock);
	discipline_apply(&l->discipline, &did);
	l->forecast = discipline_forecast(&l->discipline);
	l->forecast_at_ns = l->clock.true_ns;
}

static void wait(struct life *l, struct score *score)
{
	double s = log_between(&l->rng, LEAST_S, MOST_S);
	bool is_stepped = rng_unit(&l->rng) < STEP_SHARE;

	for (double part = s / 4.0; s > part / 2.0; s -= part) {
		go(l, part);
		score->looks++;
		score->beyond_bound +=
			fabs(l->clock.offset_ns) >
			(double)discipline_bound_ns(&l->forecast,
		                                    l->clock.true_ns - l->forecast_at_ns);
	}
	if (is_stepped) {
		fake_clock_step(&l->clock,
		                either_way(&l->rng, log_between(&l->rng, 1e6, 50e6)));
		go(l, 0.001);
	}
}

static void add_score(const struct life *l, struct score *score)
{
	double error_ppb = fabs(l->clock.kernel_ppb - l->clock.crystal_ppb);

	score->runs++;
	score->worst_ppm = fmax(score->worst_ppm, error_ppb / 1e3);
	score->beyond_2_ppm += error_ppb > PPM_MOST * 1e3;
	score->beyond_3_sd += error_ppb > 3.0 * (double)l->advice.frequency_sd_ppb;
}

/* `kernel_ppb`: what the kernel has, off the crystal's. */
static void live(uint64_t seed, double kernel_ppb, unsigned runs, double scored_from_s,
                 struct score *score)
{
	static struct life l;

	memset(&l, 0, sizeof(l));
	l.rng = seed;
	l.noise_ns = log_between(&l.rng, 10e3, 1e6);
	l.clock.monotonic_ns = 5e9 + 1e9 * rng_unit(&l.rng);
	l.clock.crystal_ppb = 20e3 * rng_normal(&l.rng);
	l.clock.kernel_ppb = round(l.clock.crystal_ppb + kernel_ppb);
	l.clock.offset_ns = either_way(&l.rng, log_between(&l.rng, 1e6, 400e6));
	discipline_init(&l.discipline);
	for (unsigned i = 0; i < runs; i++) {
		run(&l);
		if ((double)l.clock.true_ns * 1e-9 >= scored_from_s) {
			add_score(&l, score);
		}
		wait(&l, score);
	}
}

static int claim(bool is_met, const char *what, unsigned number)
{
	printf("%s %u - %s\n", is_met ? "ok" : "not ok", number, what);
	return !is_met;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	struct score right = { 0 }, wrong = { 0 };
	int missed = 0;

	for (unsigned i = 0; i < LIVES; i++) {
		live(seed * 1000003 + i, 0.0, RUNS, 0.0, &right);
	}
	for (unsigned i = 0; i < LONG_LIVES; i++) {
		live(seed * 1000003 + LIVES + i, i % 2 ? 60e3 : -60e3, LONG_RUNS,
		     SETTLED_AFTER_S, &wrong);
	}
	printf("# seed %llu; kernel right at first: %u runs, worst %.3f ppm, %u beyond 3 "
	       "sd, %u of %u looks beyond the bound\n",
	       (unsigned long long)seed, right.runs, right.worst_ppm, right.beyond_3_sd,
	       right.beyond_bound, right.looks);
	printf("# wrong by 60 ppm, an hour later: %u runs, worst %.3f ppm, %u beyond 3 sd, "
	       "%u of %u looks beyond the bound\n",
	       wrong.runs, wrong.worst_ppm, wrong.beyond_3_sd, wrong.beyond_bound,
	       wrong.looks);
	missed += claim(right.beyond_2_ppm == 0,
	                "a right frequency stays within 2 ppm of the truth", 1);
	missed += claim(right.beyond_3_sd * 370 <= right.runs,
	                "... and within 3 of the sd claimed", 2);
	missed += claim(right.beyond_bound * 1000 <= right.looks,
	                "... and the promised bound holds", 3);
	missed += claim(wrong.beyond_2_ppm == 0,
	                "a wrong one is within 2 ppm after an hour of such runs", 4);
	missed += claim(wrong.beyond_3_sd * 370 <= wrong.runs,
	                "... and within 3 of the sd claimed", 5);
	missed += claim(wrong.beyond_bound * 1000 <= wrong.looks,
	                "... and the promised bound holds", 6);
	printf("1..6\n");
	return missed > 0;
}
