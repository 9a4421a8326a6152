/* SPDX-License-Identifier: MIT
 *
 * State messages to the service manager: the protocol of sd_notify(3), without its library.
 *
 *   notify_open -> notify_send* -> notify_close
 */
#ifndef IO_SYS_NOTIFY_H
#define IO_SYS_NOTIFY_H

#include "core/base/base.h"

struct notify {
	int fd;              /* -1: no service manager */
	int64_t watchdog_ns; /* the manager expects WATCHDOG=1 at least this often; 0:
	                      * never */
};

/* Connects to $NOTIFY_SOCKET (a path, or a name in the abstract space after '@') and reads
 * $WATCHDOG_USEC and $WATCHDOG_PID.  Must come before a sandbox: it opens a socket.  0,
 * also without a manager; -errno when the manager cannot be reached: `*ret` then sends
 * nothing. */
MUST_USE int notify_open(struct notify *ret);

/* "READY=1\nSTATUS=serving".  0, or -errno, which must not end the server.  Never
 * blocks. */
int notify_send(const struct notify *notify, const char *assignments);
void notify_close(struct notify *notify);

#endif
