/* SPDX-License-Identifier: MIT
 *
 * Other programs that discipline the same clock.  Two programs that correct each other keep
 * worse time than either alone.
 */
#ifndef CORE_SELECT_OTHER_DAEMON_H
#define CORE_SELECT_OTHER_DAEMON_H

#include <stdbool.h>

#include "core/base/base.h"

enum other_daemon {
	OTHER_NONE,
	OTHER_KERNEL_PLL, /* another program drives the kernel PLL */
	OTHER_FREQUENCY,  /* another program changed the frequency since the last run */
	OTHER_CHRONYD,
	OTHER_NTPD,
	OTHER_NTPD_RS,
	OTHER_TIMESYNCD,
	OTHER_PHC2SYS,
	OTHER_COUNT
};
/* Text for messages: "chronyd is running".  Never NULL. */
const char *other_daemon_text(enum other_daemon other_daemon);

/* By the name of a process (/proc/PID/comm, with or without its line feed). */
enum other_daemon other_daemon_by_comm(const char *comm, size_t len);

/* Whether a process is in a user namespace that can set the clock as we can: its
 * /proc/PID/uid_map equals our own, `own`.  If ours is unknown (length 0) it must be the
 * initial one, which maps all ids to themselves: in any other CAP_SYS_TIME has no
 * effect, and any user can create one, but without privilege none that maps all ids.
 * True if the process's map is unknown: a kernel without user namespaces has no such
 * file. */
MUST_USE bool other_daemon_shares_namespace(const char *uid_map, size_t len,
                                            const char *own, size_t own_len);

/* Whether such a process can move the clock.  `status` is /proc/PID/status: a process
 * without CAP_SYS_TIME cannot, nor can a zombie.  `cmdline` is /proc/PID/cmdline, words
 * that end in NUL: `chronyd -x` and `-Q` do not touch the clock.  True for what is
 * unknown (length 0). */
MUST_USE bool other_daemon_moves_clock(enum other_daemon other_daemon, const char *status,
                                       size_t status_len, const char *cmdline,
                                       size_t cmdline_len);

#endif
