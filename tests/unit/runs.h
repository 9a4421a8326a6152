/* SPDX-License-Identifier: MIT
 *
 * Past runs for the tests that draw them.
 */
#ifndef TESTS_UNIT_RUNS_H
#define TESTS_UNIT_RUNS_H

#include <stddef.h>

#include "core/discipline/run_record.h"

/* 2026-11-25 12:00:00 UTC, in seconds since 1970. */
#define RUNS_NOON_S INT64_C(1795608000)

/* Hourly from noon on, the offset going up and down by a millisecond, the bound 2 ms. */
void runs_fill(struct run_record *runs, size_t count);

/* Puts the largest and smallest numbers that a file can hold into the times, offsets, bounds, delays,
 * frequencies and steps of `count` runs; each variant puts others. */
void runs_make_extreme(struct run_record *runs, size_t count, size_t variant);

#endif
