/* SPDX-License-Identifier: MIT
 *
 * Status names and exit statuses of a run, on which scripts depend.
 */
#include "core/select/run.h"

#include "reqtime/exit.h"

const char *source_status_name(enum source_status status)
{
	static const char *const names[] = {
		[SOURCE_SELECTED] = "selected",       [SOURCE_AGREEING] = "agreeing",
		[SOURCE_FALSETICKER] = "falseticker", [SOURCE_REJECTED] = "rejected",
		[SOURCE_UNREACHABLE] = "unreachable",
	};

	return (size_t)status < COUNT_OF(names) ? names[status] : "rejected";
}

const char *run_status_name(enum run_status status)
{
	static const char *const names[] = {
		[RUN_OK] = "ok",
		[RUN_NO_ANSWER] = "no-answer",
		[RUN_NO_MAJORITY] = "no-majority",
		[RUN_UNSYNCHRONISED] = "unsynchronised",
		[RUN_REFUSED] = "refused",
		[RUN_NOT_PERMITTED] = "not-permitted",
		[RUN_BUSY] = "busy",
		[RUN_ERROR] = "error",
		[RUN_INTERRUPTED] = "interrupted",
	};

	return (size_t)status < COUNT_OF(names) ? names[status] : "error";
}

int run_status_exit(enum run_status status)
{
	switch (status) {
	case RUN_OK:
		return REQTIME_EXIT_OK;
	case RUN_NO_ANSWER:
	case RUN_NO_MAJORITY:
	case RUN_UNSYNCHRONISED:
		return REQTIME_EXIT_NOTHING;
	case RUN_REFUSED:
		return REQTIME_EXIT_REFUSED;
	case RUN_NOT_PERMITTED:
		return REQTIME_EXIT_NOT_PERMITTED;
	case RUN_BUSY:
		return REQTIME_EXIT_BUSY;
	case RUN_ERROR:
	case RUN_INTERRUPTED: /* the caller exits with 128 + signal */
		return REQTIME_EXIT_SYSTEM;
	}
	return REQTIME_EXIT_SYSTEM;
}
