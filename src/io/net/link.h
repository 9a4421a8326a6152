/* SPDX-License-Identifier: MIT
 *
 * Whether something about the network has changed, told by the kernel (rtnetlink): an
 * interface, an address, a route.   link_open -> poll(), link_drain* -> close()
 *
 * What has changed is not looked at: whoever waits tries again.
 */
#ifndef IO_NET_LINK_H
#define IO_NET_LINK_H

#include "core/base/base.h"

/* A descriptor (O_CLOEXEC, never blocks), or -errno. */
MUST_USE int link_open(void);
void link_drain(int fd);

#endif
