/* SPDX-License-Identifier: MIT
 *
 * Batches of datagrams: recvmmsg() and sendmmsg(), arrival stamps, packet info.
 */
#include "io/net/udp_listen_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/net/control.h"

int udp_batch_new(struct udp_batch **ret)
{
	struct udp_batch *batch = calloc(1, sizeof(*batch));

	if (!batch) {
		return -ENOMEM;
	}
	for (int i = 0; i < UDP_BATCH; i++) {
		batch->in_iov[i] = (struct iovec){ batch->octets[i], UDP_LISTEN_SIZE };
		batch->out_iov[i] = (struct iovec){ batch->answers[i], 0 };
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->names[i],
			.msg_namelen = sizeof(batch->names[i]),
			.msg_iov = &batch->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->control_in[i].octets,
			.msg_controllen = CONTROL_IN_SIZE,
		};
		batch->out[i].msg_hdr = (struct msghdr){
			.msg_iov = &batch->out_iov[i],
			.msg_iovlen = 1,
		};
	}
	*ret = batch;
	return 0;
}

void udp_batch_free(struct udp_batch *batch)
{
	free(batch);
}

/* A datagram's destination and the interface it arrived on. */
static void read_packet_info(const struct cmsghdr *c, struct destination *ret,
                             unsigned *ret_link)
{
	struct in_pktinfo v4;
	struct in6_pktinfo v6;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&v4, CMSG_DATA(c), sizeof(v4));
		if (v4.ipi_ifindex == 0) {
			return; /* arrived before packet info was enabled */
		}
		*ret_link = (unsigned)v4.ipi_ifindex;
		ret->is_known = true;
		ret->address = (struct address){ .family = ADDRESS_IPV4 };
		memcpy(ret->address.octets, &v4.ipi_addr, sizeof(v4.ipi_addr));
		/* The two differ when the destination is a broadcast or multicast address;
		 * the second is the source address of an answer. */
		ret->is_unicast = v4.ipi_addr.s_addr == v4.ipi_spec_dst.s_addr;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&v6, CMSG_DATA(c), sizeof(v6));
		*ret_link = v6.ipi6_ifindex;
		ret->is_known = true;
		ret->address = (struct address){ .family = ADDRESS_IPV6 };
		memcpy(ret->address.octets, &v6.ipi6_addr, sizeof(v6.ipi6_addr));
		if (IN6_IS_ADDR_LINKLOCAL(&v6.ipi6_addr)) {
			ret->address.scope = v6.ipi6_ifindex;
		}
		ret->is_unicast = !IN6_IS_ADDR_MULTICAST(&v6.ipi6_addr);
	}
}

/* Whether an answer goes to one host that is not this very socket. */
static bool is_answerable(const struct udp_listen_socket *socket,
                          const struct address *from, const struct destination *to)
{
	enum address_reach reach = address_reach(from);

	if (from->port == 0 || reach == ADDRESS_UNSPECIFIED || reach == ADDRESS_MULTICAST ||
	    !to->is_known || !to->is_unicast) {
		return false;
	}
	return from->port != socket->bound.port ||
	       memcmp(from->octets, to->address.octets, sizeof(from->octets)) != 0;
}

static void mark_answerable(const struct udp_listen_socket *socket, struct udp_batch *batch,
                            int i)
{
	struct msghdr *msg = &batch->in[i].msg_hdr;
	struct udp_listen_datagram *d = &batch->datagrams[i];
	struct destination *to = &batch->destinations[i];
	struct scm_timestamping stamps;

	*d = (struct udp_listen_datagram){ .octets = batch->octets[i],
		                           .len = batch->in[i].msg_len,
		                           .is_cut = (msg->msg_flags & MSG_TRUNC) != 0 };
	*to = (struct destination){ .is_known = socket->is_single,
		                    .is_unicast = socket->is_single,
		                    .address = socket->bound };
	for (struct cmsghdr *c = control_first(msg); c; c = control_next(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
			d->arrived = instant_from_timespec(stamps.ts[0]);
			d->has_arrived = d->arrived.unix_ns != 0;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&stamps.ts[0], CMSG_DATA(c), sizeof(stamps.ts[0]));
			d->arrived = instant_from_timespec(stamps.ts[0]);
			d->has_arrived = true;
		} else {
			read_packet_info(c, to, &d->link);
		}
	}
	if (msg->msg_namelen > 0) {
		d->from = sockaddr_to_address(&batch->names[i]);
	}
	d->is_answerable = is_answerable(socket, &d->from, to);
}

int udp_listen_receive(struct udp_listen_socket *socket, struct udp_batch *batch,
                       bool may_wait)
{
	int count;

	batch->out_count = 0;
	batch->is_wildcard = socket->is_wildcard;
	batch->has_stamps = socket->stamp_error == 0;
	/* The kernel has overwritten only the entries that it filled. */
	for (int i = 0; i < batch->in_used; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->names[i]);
		batch->in[i].msg_hdr.msg_controllen = CONTROL_IN_SIZE;
	}
	batch->in_used = 0;
	count = recvmmsg(socket->fd, batch->in, UDP_BATCH,
	                 may_wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	if (count < 0) {
		return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	batch->in_used = count;
	for (int i = 0; i < count; i++) {
		mark_answerable(socket, batch, i);
	}
	return count;
}

void udp_listen_datagram(const struct udp_batch *batch, int i,
                         struct udp_listen_datagram *ret)
{
	*ret = batch->datagrams[i];
}

/* The answer leaves from the address that the request was sent to.  No interface is named
 * for IPv4 and for global IPv6 addresses: the routing table chooses the way back. */
static void control_add_source(struct msghdr *msg, const struct address *source)
{
	struct in_pktinfo v4 = { 0 };
	struct in6_pktinfo v6 = { 0 };

	if (source->family == ADDRESS_IPV4) {
		memcpy(&v4.ipi_spec_dst, source->octets, sizeof(v4.ipi_spec_dst));
		control_add(msg, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
		return;
	}
	memcpy(&v6.ipi6_addr, source->octets, sizeof(v6.ipi6_addr));
	v6.ipi6_ifindex = source->scope;
	control_add(msg, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
}

uint8_t *udp_listen_answer(struct udp_batch *batch, int i, size_t len)
{
	unsigned slot = batch->out_count++;
	struct msghdr *msg = &batch->out[slot].msg_hdr;

	batch->tokens[slot] = 0;
	batch->out_iov[slot].iov_len = len;
	msg->msg_name = &batch->names[i];
	msg->msg_namelen = batch->in[i].msg_hdr.msg_namelen;
	msg->msg_control = batch->control_out[slot].octets;
	msg->msg_controllen = 0;
	if (batch->is_wildcard) {
		control_add_source(msg, &batch->destinations[i].address);
	}
	return batch->answers[slot];
}

int udp_listen_send(struct udp_listen_socket *socket, struct udp_batch *batch)
{
	unsigned at = 0;
	int sent = 0;
	int r;

	while (at < batch->out_count) {
		r = sendmmsg(socket->fd, batch->out + at, batch->out_count - at,
		             MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r > 0) {
			udp_listen_number_stamps(socket, batch, at, at + (unsigned)r);
			sent += r;
			at += (unsigned)r;
		} else if (r == 0 || errno != EINTR) {
			/* The first of them failed: unreachable, filtered, no buffer.  It
			 * is lost, the others are not. */
			if (batch->tokens[at] != 0) {
				udp_listen_renumber_stamps(socket);
			}
			at++;
		}
	}
	batch->out_count = 0;
	return sent;
}
