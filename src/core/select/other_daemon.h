/* SPDX-License-Identifier: MIT
 *
 * Other programs that keep the same clock.  Two that each correct what the other did
 * make it worse than either would alone.
 */
#ifndef CORE_SELECT_OTHER_DAEMON_H
#define CORE_SELECT_OTHER_DAEMON_H

#include <stdbool.h>

#include "core/base/base.h"

enum other_daemon {
	OTHER_NONE,
	OTHER_KERNEL_PLL, /* the kernel's loop is fed by somebody */
	OTHER_FREQUENCY,  /* somebody changed the frequency since the last run */
	OTHER_CHRONYD,
	OTHER_NTPD,
	OTHER_NTPD_RS,
	OTHER_TIMESYNCD,
	OTHER_PHC2SYS,
	OTHER_COUNT
};
/* "chronyd", "kernel-pll": a short name, as in JSON.  Never NULL; "none". */
/* "chronyd is running": a few words for people. */
const char *other_daemon_text(enum other_daemon other_daemon);

/* By the name of a process (/proc/PID/comm, with or without its line feed). */
enum other_daemon other_daemon_by_comm(const char *comm, size_t len);

/* Whether a process of that user namespace has the power over the clock that we have: its
 * /proc/PID/uid_map is the same as our own, `own`.  Where nothing is known of ours (length 0) it
 * must be the one that the kernel starts with, all ids to themselves: in any other the kernel
 * grants CAP_SYS_TIME in name only, and anybody can make one.  Nobody without a right can make one
 * that maps all ids.  A process of which nothing is known speaks for it: a kernel without user
 * namespaces has no such file. */
MUST_USE bool other_daemon_shares_namespace(const char *uid_map, size_t len,
                                            const char *own, size_t own_len);

/* Whether such a process keeps the clock.  `status` is /proc/PID/status: one that does not
 * hold CAP_SYS_TIME cannot, nor one that has ended and is only waited for.  `cmdline` is /proc/PID/cmdline, words that end in NUL: `chronyd -x` and
 * `-Q` leave the clock alone.  What is not known (length 0) speaks for it. */
MUST_USE bool other_daemon_moves_clock(enum other_daemon other_daemon, const char *status,
                                       size_t status_len, const char *cmdline,
                                       size_t cmdline_len);

#endif
