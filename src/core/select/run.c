/* SPDX-License-Identifier: MIT
 *
 * Status names and exit statuses of a run, on which scripts depend.
 */
#include "core/select/run.h"

#include "reqtime/exit.h"

const char *source_status_name(enum source_status status)
{
	switch (status) {
	case SOURCE_SELECTED:
		return "selected";
	case SOURCE_AGREEING:
		return "agreeing";
	case SOURCE_FALSETICKER:
		return "falseticker";
	case SOURCE_REJECTED:
		return "rejected";
	case SOURCE_UNREACHABLE:
		return "unreachable";
	case SOURCE_STATUS_COUNT:
		break;
	}
	return "rejected";
}

const char *run_status_name(enum run_status status)
{
	switch (status) {
	case RUN_OK:
		return "ok";
	case RUN_NO_ANSWER:
		return "no-answer";
	case RUN_NO_MAJORITY:
		return "no-majority";
	case RUN_UNSYNCHRONISED:
		return "unsynchronised";
	case RUN_REFUSED:
		return "refused";
	case RUN_NOT_PERMITTED:
		return "not-permitted";
	case RUN_BUSY:
		return "busy";
	case RUN_ERROR:
		return "error";
	case RUN_INTERRUPTED:
		return "interrupted";
	}
	return "error";
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
