/* SPDX-License-Identifier: MIT
 *
 * Past runs for the tests that draw them.
 */
#include <string.h>

#include "core/base/base.h"
#include "core/base/ntp_time.h"
#include "runs.h"

void runs_fill(struct run_record *runs, size_t count)
{
	static const int64_t wave_ns[] = { 0, 500000,  1000000,  500000,
		                           0, -500000, -1000000, -500000 };

	memset(runs, 0, count * sizeof(*runs));
	for (size_t i = 0; i < count; i++) {
		runs[i].verb = RUN_VERB_SET;
		runs[i].has_answer = 1;
		runs[i].offset_ns = wave_ns[i % COUNT_OF(wave_ns)];
		runs[i].bound_ns = 2000000;
		runs[i].delay_ns = 5000000;
		runs[i].has_kernel = 1;
		runs[i].frequency_after_ppb = 12000 + (int64_t)(i % 10) * 10;
		runs[i].at.unix_ns =
			(RUNS_NOON_S + (int64_t)i * 3600) * NS_PER_S - runs[i].offset_ns;
	}
}

void runs_make_extreme(struct run_record *runs, size_t count, size_t variant)
{
	static const int64_t values[] = { INT64_MIN, INT64_MAX, INT64_MIN + 1, 0, -1, 1 };

	for (size_t i = 0; i < count; i++) {
		const size_t n = variant * 7 + i * (variant % 5 + 1);

		runs[i].offset_ns = values[n % COUNT_OF(values)];
		runs[i].bound_ns = n % 3 ? INT64_MAX : 0;
		runs[i].delay_ns = n % 4 ? 0 : INT64_MAX;
		runs[i].frequency_after_ppb = values[(n + 1) % COUNT_OF(values)];
		runs[i].at.unix_ns = values[(n / 2) % COUNT_OF(values)];
		runs[i].has_answer = n % 7 != 0;
		runs[i].has_kernel = n % 5 != 0;
		runs[i].applied_action = n % 4 ? PLAN_NONE : PLAN_STEP;
		runs[i].applied_by_ns = values[(n + 2) % COUNT_OF(values)];
	}
}
