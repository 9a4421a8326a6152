/* SPDX-License-Identifier: MIT
 *
 * bare PORT: the least work that an NTP server on loopback can do.  Reads batches with
 * receive timestamps and returns each datagram as an answer, without parsing it, reading
 * the clock or checking the sender.  Its CPU time is the kernel's share; the rest of a
 * server's is its own.
 */
#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 32, SIZE = 1024, CONTROL = 128, OCTETS = 48, SERVER_MODE = 0x24 };

static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_iov[BATCH], out_iov[BATCH];
static struct sockaddr_in names[BATCH];
static uint8_t requests[BATCH][SIZE], answers[BATCH][OCTETS];
static _Alignas(struct cmsghdr) uint8_t controls[BATCH][CONTROL];

static int bound(const char *port)
{
	const int stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	const int size = 1 << 20;
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0) {
		perror("bare");
		exit(1);
	}
	return fd;
}

static void prepare(int i)
{
	in_iov[i] = (struct iovec){ requests[i], SIZE };
	out_iov[i] = (struct iovec){ answers[i], OCTETS };
	in[i].msg_hdr = (struct msghdr){ .msg_name = &names[i],
		                         .msg_namelen = sizeof(names[i]),
		                         .msg_iov = &in_iov[i],
		                         .msg_iovlen = 1,
		                         .msg_control = controls[i],
		                         .msg_controllen = CONTROL };
	out[i].msg_hdr = (struct msghdr){ .msg_name = &names[i],
		                          .msg_namelen = sizeof(names[i]),
		                          .msg_iov = &out_iov[i],
		                          .msg_iovlen = 1 };
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: bare PORT\n");
		return 2;
	}
	fd = bound(argv[1]);
	for (int i = 0; i < BATCH; i++) {
		prepare(i);
	}
	for (;;) {
		int count = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < count; i++) {
			memcpy(answers[i], requests[i], OCTETS);
			memcpy(answers[i] + 24, requests[i] + 40, 8);
			answers[i][0] = SERVER_MODE;
			in[i].msg_hdr.msg_namelen = sizeof(names[i]);
			in[i].msg_hdr.msg_controllen = CONTROL;
		}
		if (count > 0) {
			(void)!sendmmsg(fd, out, (unsigned)count, MSG_DONTWAIT);
		}
	}
}
