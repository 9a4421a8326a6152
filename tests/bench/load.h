/* SPDX-License-Identifier: MIT
 *
 * Shared by the load generators: loopback only, batches, requests.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 32, BATCH = 32, OCTETS = 48, SECONDS_MAX = 60, SIZE = 2048, CONTROL = 64 };
#define NS_PER_S INT64_C(1000000000)

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	uint8_t octets[BATCH][SIZE];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL];
};

static inline void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static inline int64_t number(const char *text, int64_t most)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end || value < 0 || value > most) {
		fprintf(stderr, "load: not a number up to %lld: %s\n", (long long)most,
		        text);
		exit(2);
	}
	return value;
}

static inline int connected(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const int size = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_port = htons((uint16_t)number(port, 65535));
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    ntohl(to.sin_addr.s_addr) >> 24 != 127) {
		fprintf(stderr, "load: loopback only: 127.x.x.x\n");
		exit(2);
	}
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		die("socket");
	}
	return fd;
}

static inline void batch_init(struct batch *b, size_t size)
{
	for (int i = 0; i < BATCH; i++) {
		b->vectors[i] = (struct iovec){ b->octets[i], size };
		b->messages[i].msg_hdr =
			(struct msghdr){ .msg_iov = &b->vectors[i], .msg_iovlen = 1 };
	}
}

/* A plain request whose transmit stamp is the time of sending: it comes back as origin. */
static inline void request_write(uint8_t *buf, int64_t now_ns)
{
	memset(buf, 0, OCTETS);
	buf[0] = 0x23;
	memcpy(buf + 40, &now_ns, sizeof(now_ns));
}

#endif
