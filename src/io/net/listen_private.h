/* SPDX-License-Identifier: MIT
 *
 * What the parts of this module share: listen.c opens the sockets, listen_batch.c reads
 * and answers, listen_departures.c asks the kernel when answers left.
 */
#ifndef IO_NET_LISTEN_PRIVATE_H
#define IO_NET_LISTEN_PRIVATE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

/* Of which the first needs what time.h declares. */
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "io/net/listen.h"
#include "io/net/sockaddr.h"

enum {
	CONTROL_IN_ROOM = CMSG_SPACE(sizeof(struct scm_timestamping)) +
	                  CMSG_SPACE(sizeof(struct in6_pktinfo)),
	CONTROL_OUT_ROOM =
		CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)),
	/* Arrivals of all datagrams; departures of those alone that ask for it, each
	 * numbered by the kernel, without a copy of the datagram. */
	TIMESTAMPING = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	               SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY,
};

struct listen_socket {
	int fd;
	struct address bound;
	bool is_wildcard; /* only then must an answer name its source address */
	/* Bound to one unicast address: what arrives was sent to it, also what came before the
	 * socket was asked to say so. */
	bool is_single;
	bool is_lent; /* a service manager keeps it, for who comes after us */
	bool is_absent;
	int stamp_error;
	/* The kernel numbers the stamped datagrams of a socket from 0 on; the tokens
	 * stand where their numbers, modulo LISTEN_STAMPS, say.  0: nothing due. */
	uint32_t next_number;
	unsigned due_count;
	uint64_t tokens[LISTEN_STAMPS];
};

/* What packet info says of where a datagram was sent to. */
struct destination {
	bool is_known;
	bool is_unicast;
	struct address address;
};

struct control_in {
	_Alignas(struct cmsghdr) uint8_t octets[CONTROL_IN_ROOM];
};

struct control_out {
	_Alignas(struct cmsghdr) uint8_t octets[CONTROL_OUT_ROOM];
};

struct listen_batch {
	struct mmsghdr in[LISTEN_BATCH];
	struct mmsghdr out[LISTEN_BATCH];
	int in_used; /* of `in`, by the last listen_receive() */
	unsigned out_count;
	bool is_wildcard;              /* the socket of the last listen_receive() */
	bool has_stamps;               /* the same */
	uint64_t tokens[LISTEN_BATCH]; /* of the answers; 0: no stamp */
	struct iovec in_iov[LISTEN_BATCH];
	struct iovec out_iov[LISTEN_BATCH];
	union sockaddr_any names[LISTEN_BATCH];
	struct control_in control_in[LISTEN_BATCH];
	struct control_out control_out[LISTEN_BATCH];
	struct listen_datagram datagrams[LISTEN_BATCH];
	struct destination destinations[LISTEN_BATCH];
	uint8_t octets[LISTEN_BATCH][LISTEN_ROOM];
	uint8_t answers[LISTEN_BATCH][LISTEN_ANSWER_ROOM];
};

static inline struct instant instant_from_timespec(struct timespec ts)
{
	return (struct instant){ (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

/* --- listen.c --- */

/* 0 or -errno. */
int listen_set_timestamping(int fd, int flags);

/* --- listen_batch.c --- */

/* Puts one control message behind those of `msg`, whose control has the room. */
void listen_control_add(struct msghdr *msg, int level, int type, const void *data,
                        size_t len);

/* --- listen_departures.c --- */

/* The answers from `from` to before `to` went: the kernel has numbered those to be stamped. */
void listen_number_stamps(struct listen_socket *socket, const struct listen_batch *batch,
                          unsigned from, unsigned to);
/* Whether the kernel gave a number to a datagram that could not be sent, nobody knows: both
 * begin anew. */
void listen_renumber_stamps(struct listen_socket *socket);

#endif
