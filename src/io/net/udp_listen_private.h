/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of this module: udp_listen.c opens the sockets, udp_batch.c reads and
 * answers, udp_tx_stamps.c reads transmit times.
 */
#ifndef IO_NET_UDP_LISTEN_PRIVATE_H
#define IO_NET_UDP_LISTEN_PRIVATE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

/* linux/errqueue.h needs the declarations of time.h. */
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "io/net/sockaddr.h"
#include "io/net/udp_listen.h"

enum {
	CONTROL_IN_SIZE = CMSG_SPACE(sizeof(struct scm_timestamping)) +
	                  CMSG_SPACE(sizeof(struct in6_pktinfo)),
	CONTROL_OUT_SIZE =
		CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)),
	/* Receive times of all datagrams; transmit times only of those that ask for it,
	 * each numbered by the kernel, without a copy of the datagram. */
	TIMESTAMPING = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	               SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY,
};

struct udp_listen_socket {
	int fd;
	struct address bound;
	bool is_wildcard; /* only then must an answer name its source address */
	/* Bound to one unicast address: every datagram was sent to it, including those that
	 * arrived before packet info was enabled. */
	bool is_single;
	bool is_lent; /* the service manager keeps it for the next process */
	bool is_absent;
	int stamp_error;
	/* The kernel numbers the stamped datagrams of a socket from 0 on; a token's index
	 * is its number modulo UDP_LISTEN_STAMPS.  0: nothing due. */
	uint32_t next_number;
	unsigned due_count;
	uint64_t tokens[UDP_LISTEN_STAMPS];
};

/* A datagram's destination, from packet info. */
struct destination {
	bool is_known;
	bool is_unicast;
	struct address address;
};

struct control_in {
	_Alignas(struct cmsghdr) uint8_t octets[CONTROL_IN_SIZE];
};

struct control_out {
	_Alignas(struct cmsghdr) uint8_t octets[CONTROL_OUT_SIZE];
};

struct udp_batch {
	struct mmsghdr in[UDP_BATCH];
	struct mmsghdr out[UDP_BATCH];
	int in_used; /* of `in`, by the last udp_listen_receive() */
	unsigned out_count;
	bool is_wildcard;           /* the socket of the last udp_listen_receive() */
	bool has_stamps;            /* the same */
	uint64_t tokens[UDP_BATCH]; /* of the answers; 0: no stamp */
	struct iovec in_iov[UDP_BATCH];
	struct iovec out_iov[UDP_BATCH];
	union sockaddr_any names[UDP_BATCH];
	struct control_in control_in[UDP_BATCH];
	struct control_out control_out[UDP_BATCH];
	struct udp_listen_datagram datagrams[UDP_BATCH];
	struct destination destinations[UDP_BATCH];
	uint8_t octets[UDP_BATCH][UDP_LISTEN_SIZE];
	uint8_t answers[UDP_BATCH][UDP_ANSWER_SIZE];
};

static inline struct instant instant_from_timespec(struct timespec ts)
{
	return (struct instant){ (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

/* --- udp_listen.c --- */

/* 0 or -errno. */
int udp_listen_set_timestamping(int fd, int flags);

/* --- udp_tx_stamps.c --- */

/* The answers from `from` to before `to` were sent: the kernel has numbered those to be
 * stamped. */
void udp_listen_number_stamps(struct udp_listen_socket *socket,
                              const struct udp_batch *batch, unsigned from, unsigned to);
/* After a failed send it is unknown whether the kernel used a number: both sides restart at
 * 0. */
void udp_listen_renumber_stamps(struct udp_listen_socket *socket);

#endif
