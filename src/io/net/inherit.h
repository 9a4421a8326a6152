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
	char name[INHERIT_NAME_SIZE]; /* as in the unit; "" when there is none */
	bool is_stream;
	struct address at; /* ADDRESS_NONE: no IP socket */
};

/* The count, 0 when there are none for this process; -ENOBUFS for more than INHERIT_MAX, -EINVAL
 * when the variables make no sense, -EBADF when what they promise is not there.  The
 * variables are removed, the descriptors are closed on exec. */
MUST_USE int inherit_sockets(struct inherited ret[INHERIT_MAX]);

/* How many there may be, from the first descriptor after the standard ones on: not to be closed before. */
int inherit_count(void);

#endif
