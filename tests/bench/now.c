/* SPDX-License-Identifier: MIT
 *
 * The cost of a read of the bound file beside clock_gettime(), in turn: medians of rounds.
 *
 *   now FILE [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>

#include "reqtime/now.h"

enum { ROUNDS = 101, CALLS = 20000, ROUNDS_MAX = 10000 };

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	static double clocks[ROUNDS_MAX], reads[ROUNDS_MAX], ratios[ROUNDS_MAX];
	size_t rounds = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : ROUNDS;
	struct reqtime_now_reader reader;
	struct reqtime_now now;
	struct timespec at;

	if (argc < 2 || rounds == 0 || rounds > ROUNDS_MAX ||
	    reqtime_now_open(argv[1], &reader) != 0) {
		fprintf(stderr, "usage: now FILE [ROUNDS]\n");
		return 2;
	}
	for (size_t i = 0; i < rounds; i++) {
		const int64_t begin_ns = reqtime_now_clock(CLOCK_MONOTONIC);
		int64_t between_ns, end_ns;

		for (int k = 0; k < CALLS; k++) {
			clock_gettime(CLOCK_REALTIME, &at);
		}
		between_ns = reqtime_now_clock(CLOCK_MONOTONIC);
		for (int k = 0; k < CALLS; k++) {
			if (reqtime_now_read(&reader, &now) != REQTIME_NOW_OK) {
				fprintf(stderr, "the time is not known\n");
				return 1;
			}
		}
		end_ns = reqtime_now_clock(CLOCK_MONOTONIC);
		clocks[i] = (double)(between_ns - begin_ns) / CALLS;
		reads[i] = (double)(end_ns - between_ns) / CALLS;
		ratios[i] = reads[i] / clocks[i];
	}
	printf("clock_gettime() %.1f ns, reqtime_now_read() %.1f ns: %.2f times (4 "
	       "wanted)\n",
	       median(clocks, rounds), median(reads, rounds), median(ratios, rounds));
	return 0;
}
