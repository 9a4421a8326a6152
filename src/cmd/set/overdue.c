/* SPDX-License-Identifier: MIT
 *
 * --overdue: warns if the clock has not been set for too long.
 */
#include "cmd/set/set_private.h"

#include "core/base/span.h"
#include "io/sys/kernel_clock.h"

/* Time since the clock was last set, or without a record since boot; -1 in the first run. */
static int64_t unset_for_ns(const struct session *session)
{
	const struct run_record *last = history_session_last_set(session);
	struct reading now;
	int64_t age_ns = last ? history_session_age_ns(session, last) : -1;

	if (age_ns < 0 && (last || session->view.replay.has_last) &&
	    kernel_clock_now(&now) == 0) {
		age_ns = now.boot_ns;
	}
	return age_ns;
}

void set_overdue_check(struct set_settings *set, const struct session *session, int status)
{
	char age[SPAN_TEXT_SIZE], limit[SPAN_TEXT_SIZE];
	int64_t age_ns;

	if (set->overdue_ns == 0 || set->is_dry || status == REQTIME_EXIT_OK ||
	    status > 128 || (set->is_try && status == REQTIME_EXIT_NOTHING)) {
		return;
	}
	age_ns = unset_for_ns(session);
	if (age_ns < set->overdue_ns) {
		return;
	}
	set->is_overdue = true;
	span_format(age_ns / NS_PER_S * NS_PER_S, 0, age);
	span_format(set->overdue_ns, 0, limit);
	command_complain("the clock has not been set for %s; --overdue is %s", age, limit);
}

void set_overdue_check_alone(struct set_settings *set, int status)
{
	struct session session;

	if (set->overdue_ns != 0) {
		history_session_open(&set->measurement, HISTORY_SESSION_READS, true,
		                     &session);
		history_session_load(&session);
		set_overdue_check(set, &session, status);
		history_session_close(&session);
	}
}
