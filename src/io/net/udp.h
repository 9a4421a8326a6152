/* SPDX-License-Identifier: MIT
 *
 * A UDP channel to one server address.
 *
 *   open -> (send -> receive)* -> close
 *
 * The local port is random and lives as long as the channel (RFC 9109); the socket is
 * connected, so the kernel drops datagrams from other addresses.  Not thread safe. Transmit
 * and receive times are kernel stamps where the kernel gives them (SO_TIMESTAMPING).
 */
#ifndef IO_NET_UDP_H
#define IO_NET_UDP_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/address.h"
#include "core/base/ntp_time.h"

struct udp_channel;

struct udp_arrival {
	bool is_truncated;
	bool has_left;    /* transmit stamp of the latest send */
	bool has_arrived; /* receive stamp of this datagram */
	struct instant left;
	struct instant arrived;
};

/* On 0 `*ret` is the caller's until udp_close().  Else -errno, `*ret` untouched. */
MUST_USE int udp_open(const struct address *server, struct udp_channel **ret);
int udp_fd(const struct udp_channel *ch); /* to poll for POLLIN (and POLLERR) */
MUST_USE int udp_send(struct udp_channel *ch, const void *buf, size_t len);
/* Never blocks.  Reads the error queue first: transmit stamps are kept, an ICMP error is
 * returned as -errno.  Else the length of a datagram (0..size, truncated ones are marked),
 * or -EAGAIN.  `*ret` is set only when the result is >= 0. */
MUST_USE ssize_t udp_receive(struct udp_channel *ch, void *buf, size_t size,
                             struct udp_arrival *ret);
void udp_close(struct udp_channel *ch); /* NULL is fine */

/* The kernel stamps arrivals only while some socket asks for it, and takes a moment to
 * begin.  Returns a descriptor that keeps stamping on while channels come and go, to be
 * closed by the caller; a failure (-errno) is no reason to stop. */
MUST_USE int udp_hold_stamps(void);

#endif
