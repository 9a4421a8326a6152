/* SPDX-License-Identifier: MIT
 *
 * Whether something about the network has changed, told by the kernel (rtnetlink): an
 * interface, an address, a route.   netlink_open -> poll(), netlink_drain* -> close()
 *
 * What has changed is not looked at: whoever waits tries again.
 */
#ifndef IO_NET_NETLINK_H
#define IO_NET_NETLINK_H

#include "core/base/base.h"

/* A descriptor (O_CLOEXEC, never blocks), or -errno. */
MUST_USE int netlink_open(void);
void netlink_drain(int fd);

#endif
