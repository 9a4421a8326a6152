/* SPDX-License-Identifier: MIT
 *
 * UDP server sockets, read and answered in batches.
 *
 *   udp_listen_open -> (udp_listen_receive -> udp_listen_answer* -> udp_listen_send)* ->
 *   udp_listen_close
 *
 * Receive times are the kernel's where it has them (SO_TIMESTAMPING), and so are the
 * transmit times that were asked for.  An answer leaves from the address that the request
 * was sent to.  One batch and one socket belong to one thread; nothing is allocated after
 * udp_batch_new().
 */
#ifndef IO_NET_UDP_LISTEN_H
#define IO_NET_UDP_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/address.h"
#include "core/base/ntp_time.h"

enum {
	UDP_BATCH = 32,         /* datagrams read by one system call */
	UDP_LISTEN_SIZE = 1024, /* octets kept of each; a longer one is marked as
	                         * truncated */
	UDP_ANSWER_SIZE = 64,   /* octets of an answer */
	UDP_LISTEN_STAMPS = 64, /* pending transmit times of a socket, at most */
};

struct udp_listen_socket;
struct udp_batch;

/* Binds to `at`; port 0 lets the kernel choose.  An address that this host does not have,
 * or not yet (IPv6 duplicate address detection), is bound all the same (IP_FREEBIND): see
 * udp_listen_is_absent().  The first socket of an address is bound exclusively, so that a
 * second server on the same port gets -EADDRINUSE; after udp_listen_share() of it
 * `is_another` joins it, and the kernel spreads the clients over them.  On 0 `*ret` is the
 * caller's until udp_listen_close(). Else -errno. */
MUST_USE int udp_listen_open(const struct address *at, bool is_another,
                             struct udp_listen_socket **ret);
/* Lets other sockets share the port (SO_REUSEPORT).  The kernel checks only that they have
 * the same owner, so udp_listen_own() gives the socket, where allowed, to a user without
 * other servers. */
MUST_USE int udp_listen_share(struct udp_listen_socket *socket);
void udp_listen_own(struct udp_listen_socket *socket, uid_t uid);
/* Lets no further socket share the port; for a socket that has its address alone. */
void udp_listen_close_to_others(struct udp_listen_socket *socket);
/* Whether this host did not have the address when it was bound. */
bool udp_listen_is_absent(const struct udp_listen_socket *socket);
/* 0, or the errno of SO_TIMESTAMPING: then there are no transmit times, and receive times
 * only where the kernel has the older SO_TIMESTAMPNS. */
int udp_listen_stamp_error(const struct udp_listen_socket *socket);
/* Adopts a bound UDP socket that the service manager opened and keeps (socket activation).
 * Changes to it are never undone, so it is left in a state that the next server can use.
 * On 0 `fd` is the udp_listen_socket's.  Else -errno, and `fd` remains the caller's:
 * -ENOTSOCK, -EPROTOTYPE, -EAFNOSUPPORT for another kind, -EPROTONOSUPPORT for an IPv6
 * socket that takes IPv4 too, for which broadcasts cannot be told from other datagrams. */
MUST_USE int udp_listen_adopt(int fd, struct udp_listen_socket **ret);
int udp_listen_fd(const struct udp_listen_socket *socket); /* to poll for POLLIN */
/* Where it is bound, with the port that the kernel chose. */
struct address udp_listen_address(const struct udp_listen_socket *socket);
/* Called by another thread: permanently wakes every waiter in poll() or
 * udp_listen_receive(). A lent socket cannot be woken for this process alone: it never
 * waits for longer than UDP_LISTEN_LENT_MS, and poll() must not either. */
enum { UDP_LISTEN_LENT_MS = 250 };
void udp_listen_interrupt(struct udp_listen_socket *socket);
bool udp_listen_is_lent(const struct udp_listen_socket *socket);
void udp_listen_close(struct udp_listen_socket *socket); /* NULL is fine */

struct udp_listen_datagram {
	const uint8_t *octets; /* live until the next udp_listen_receive() */
	size_t len;            /* 0..UDP_LISTEN_SIZE */
	bool is_cut;
	bool has_arrived; /* a kernel stamp came with it */
	struct instant arrived;
	/* Sent to a unicast address, from one, and not from our own address and port: an
	 * answer cannot start an echo loop. */
	bool is_answerable;
	struct address from;
	unsigned link; /* index of the interface that it arrived on; 0: not known */
};

MUST_USE int udp_batch_new(struct udp_batch **ret);
void udp_batch_free(struct udp_batch *batch); /* NULL is fine */

/* Reads the waiting datagrams, at most UDP_BATCH; with `may_wait` blocks for the first.
 * Returns the count, -EAGAIN for no datagram or a signal, or another -errno, after which
 * the caller goes on: ICMP errors come this way. */
MUST_USE int udp_listen_receive(struct udp_listen_socket *socket, struct udp_batch *batch,
                                bool may_wait);
/* 0 <= i < count of the last udp_listen_receive(). */
void udp_listen_datagram(const struct udp_batch *batch, int i,
                         struct udp_listen_datagram *ret);

/* Queues an answer of `len` octets to datagram `i` and returns where to write them before
 * udp_listen_send(). */
MUST_USE uint8_t *udp_listen_answer(struct udp_batch *batch, int i, size_t len);
/* Asks the kernel for the transmit time of the answer queued last, where possible;
 * udp_listen_tx_stamp() returns it.  `token` is not zero. */
void udp_listen_stamp(struct udp_batch *batch, uint64_t token);

/* Sends what is queued and empties the queue.  Never blocks; an answer that cannot be sent
 * is lost.  Returns the number sent. */
int udp_listen_send(struct udp_listen_socket *socket, struct udp_batch *batch);

/* Transmit times still to come.  Some never do: that depends on the network card. */
unsigned udp_listen_tx_stamps_due(const struct udp_listen_socket *socket);
/* The next transmit time from the kernel; false: none yet.  Costs a system call. */
bool udp_listen_tx_stamp(struct udp_listen_socket *socket, uint64_t *ret_token,
                         struct instant *ret_at);

#endif
