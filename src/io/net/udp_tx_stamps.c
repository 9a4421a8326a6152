/* SPDX-License-Identifier: MIT
 *
 * Transmit times of answers: requested with the answer, read from the socket's error queue.
 */
#include "io/net/udp_listen_private.h"

#include <string.h>

#include "io/net/control.h"

enum {
	CONTROL_ERROR_SIZE =
		CMSG_SPACE(sizeof(struct scm_timestamping)) +
		CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)),
};

void udp_listen_stamp(struct udp_batch *batch, uint64_t token)
{
	const uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;
	unsigned slot = batch->out_count - 1;

	if (!batch->has_stamps) {
		return;
	}
	batch->tokens[slot] = token;
	control_add(&batch->out[slot].msg_hdr, SOL_SOCKET, SO_TIMESTAMPING, &flags,
	            sizeof(flags));
}

void udp_listen_number_stamps(struct udp_listen_socket *socket,
                              const struct udp_batch *batch, unsigned from, unsigned to)
{
	uint64_t *place;

	for (unsigned i = from; i < to; i++) {
		if (batch->tokens[i] != 0) {
			place = &socket->tokens[socket->next_number++ % UDP_LISTEN_STAMPS];
			socket->due_count += *place == 0;
			*place = batch->tokens[i];
		}
	}
}

void udp_listen_renumber_stamps(struct udp_listen_socket *socket)
{
	memset(socket->tokens, 0, sizeof(socket->tokens));
	socket->due_count = 0;
	socket->next_number = 0;
	(void)udp_listen_set_timestamping(socket->fd,
	                                  TIMESTAMPING & ~SOF_TIMESTAMPING_OPT_ID);
	(void)udp_listen_set_timestamping(socket->fd, TIMESTAMPING);
}

unsigned udp_listen_tx_stamps_due(const struct udp_listen_socket *socket)
{
	return socket->due_count;
}

/* Reads one message of the error queue.  False for any other message than a transmit
 * stamp. */
static bool read_tx_stamp(struct msghdr *msg, uint32_t *ret_number, struct instant *ret_at)
{
	struct scm_timestamping stamps;
	struct sock_extended_err error;
	bool has_stamp = false, has_number = false;

	for (struct cmsghdr *c = control_first(msg); c; c = control_next(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
			*ret_at = instant_from_timespec(stamps.ts[0]);
			has_stamp = ret_at->unix_ns != 0;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		           (c->cmsg_level == IPPROTO_IPV6 &&
		            c->cmsg_type == IPV6_RECVERR)) {
			memcpy(&error, CMSG_DATA(c), sizeof(error));
			*ret_number = error.ee_data;
			has_number = error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING &&
			             error.ee_info == SCM_TSTAMP_SND;
		}
	}
	return has_stamp && has_number;
}

bool udp_listen_tx_stamp(struct udp_listen_socket *socket, uint64_t *ret_token,
                         struct instant *ret_at)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_ERROR_SIZE];
	struct msghdr msg;
	uint32_t number = 0;
	uint64_t *place;

	for (;;) {
		msg = (struct msghdr){ .msg_control = control,
			               .msg_controllen = sizeof(control) };
		if (recvmsg(socket->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			return false;
		}
		/* A number may be from an earlier numbering, or replaced by newer ones. */
		if (!read_tx_stamp(&msg, &number, ret_at) ||
		    socket->next_number - number - 1 >= UDP_LISTEN_STAMPS) {
			continue;
		}
		place = &socket->tokens[number % UDP_LISTEN_STAMPS];
		if (*place != 0) {
			*ret_token = *place;
			*place = 0;
			socket->due_count--;
			return true;
		}
	}
}
