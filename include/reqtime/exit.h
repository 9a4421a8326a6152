/* SPDX-License-Identifier: MIT
 *
 * Exit statuses of reqtime and reqtimed, for programs that start them.  Their meaning never
 * changes.  A program that a signal ended exits with 128 plus the number of the signal.
 */
#ifndef REQTIME_EXIT_H
#define REQTIME_EXIT_H

/* Every command except `check`. */
enum reqtime_exit {
	/* There is a trusted answer; `set`: the clock follows it, or needed nothing. */
	REQTIME_EXIT_OK = 0,
	/* No trusted time: no usable answer, no majority, or no server is synchronised.
	 * `trace` and `history`: there is nothing to show. */
	REQTIME_EXIT_NOTHING = 1,
	/* The command line or the configuration file is wrong. */
	REQTIME_EXIT_USAGE = 2,
	/* Refused: the offset is beyond a limit, or the time is before the last confirmed
	 * time or the release of the program. */
	REQTIME_EXIT_REFUSED = 3,
	/* Not permitted to set the clock; `trace`: to capture; `history`: to read. */
	REQTIME_EXIT_NOT_PERMITTED = 4,
	/* Busy: another run holds the lock, or another program disciplines this clock. */
	REQTIME_EXIT_BUSY = 5,
	/* A system call failed, or the output cannot be written. */
	REQTIME_EXIT_SYSTEM = 6,
};

/* `check`, as monitoring plugins. */
enum reqtime_check_exit {
	REQTIME_CHECK_OK = 0,
	REQTIME_CHECK_WARNING =
		1, /* beyond its limit, or a limit inside offset +/- bound */
	REQTIME_CHECK_CRITICAL = 2,
	REQTIME_CHECK_UNKNOWN = 3, /* no trusted time, or wrong usage */
};

#endif
