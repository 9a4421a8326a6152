/* SPDX-License-Identifier: MIT
 *
 * Whether the network has changed: an interface, an address or a route (rtnetlink).
 *
 *   netlink_open -> poll(), netlink_drain* -> close()
 *
 * The messages are not parsed: any change is a reason to retry.
 */
#ifndef IO_NET_NETLINK_H
#define IO_NET_NETLINK_H

#include "core/base/base.h"

/* A descriptor (O_CLOEXEC, never blocks), or -errno. */
MUST_USE int netlink_open(void);
void netlink_drain(int fd);

#endif
