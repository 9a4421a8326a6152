/* SPDX-License-Identifier: MIT
 *
 * Sockets that a service manager has bound for this process: LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES of sd_listen_fds(3).
 */
#ifndef IO_NET_INHERIT_H
#define IO_NET_INHERIT_H

#include <stdbool.h>

#include "core/base/address.h"

enum { INHERIT_MAX = 64, INHERIT_NAME_SIZE = 64 };

struct inherited {
	int fd;
	char name[INHERIT_NAME_SIZE]; /* as in the unit; "": no name */
	bool is_stream;
	struct address at; /* ADDRESS_NONE: not an IP socket */
};

/* The count, 0: no sockets for this process; -ENOBUFS for more than INHERIT_MAX, -EINVAL
 * for malformed variables, -EBADF for a descriptor that is not open.  The variables are
 * removed, the descriptors are closed on exec. */
MUST_USE int inherit_sockets(struct inherited ret[INHERIT_MAX]);

/* Number of descriptors after the standard ones that may be inherited: not to be closed
 * before. */
int inherit_count(void);

#endif
