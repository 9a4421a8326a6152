/* SPDX-License-Identifier: MIT
 *
 * The names and exit statuses that scripts depend on.
 */
#include "core/run.h"

enum {
	EXIT_TRUSTED = 0,
	EXIT_NO_TRUSTED_TIME = 1,
	EXIT_REFUSED = 3,
	EXIT_NOT_PERMITTED = 4,
	EXIT_BUSY = 5,
	EXIT_SYSTEM_ERROR = 6,
};

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
		return EXIT_TRUSTED;
	case RUN_NO_ANSWER:
	case RUN_NO_MAJORITY:
	case RUN_UNSYNCHRONISED:
		return EXIT_NO_TRUSTED_TIME;
	case RUN_REFUSED:
		return EXIT_REFUSED;
	case RUN_NOT_PERMITTED:
		return EXIT_NOT_PERMITTED;
	case RUN_BUSY:
		return EXIT_BUSY;
	case RUN_ERROR:
	case RUN_INTERRUPTED: /* 128 + signal is the caller's, who has the signal */
		return EXIT_SYSTEM_ERROR;
	}
	return EXIT_SYSTEM_ERROR;
}
