/* SPDX-License-Identifier: MIT
 *
 * --overdue: a clock that has not been set for long.
 */
#include "cmd/set/set_private.h"

#include "core/base/span.h"
#include "io/sys/kernel_clock.h"

/* How long ago the clock was last set; without a record of that, how long ago the machine was
 * started.  -1 when this is the first run. */
static int64_t unset_for_ns(const struct memory *memory)
{
	const struct run_record *last = memory_last_set(memory);
	struct reading now;
	int64_t age_ns = last ? memory_age_ns(memory, last) : -1;

	if (age_ns < 0 && (last || memory->view.past.has_last) &&
	    kernel_clock_now(&now) == 0) {
		age_ns = now.boot_ns;
	}
	return age_ns;
}

void set_overdue_judge(struct set_settings *set, const struct memory *memory, int status)
{
	char age[SPAN_TEXT_ROOM], limit[SPAN_TEXT_ROOM];
	int64_t age_ns;

	if (set->overdue_ns == 0 || set->is_dry || status == REQTIME_EXIT_OK ||
	    status > 128 || (set->is_try && status == REQTIME_EXIT_NOTHING)) {
		return;
	}
	age_ns = unset_for_ns(memory);
	if (age_ns < set->overdue_ns) {
		return;
	}
	set->is_overdue = true;
	span_format(age_ns / NS_PER_S * NS_PER_S, 0, age);
	span_format(set->overdue_ns, 0, limit);
	command_complain("the clock has not been set for %s; --overdue is %s", age, limit);
}

void set_overdue_judge_alone(struct set_settings *set, int status)
{
	struct memory memory;

	if (set->overdue_ns != 0) {
		memory_open(&set->measuring, MEMORY_LOOKS, true, &memory);
		memory_load(&memory);
		set_overdue_judge(set, &memory, status);
		memory_close(&memory);
	}
}
