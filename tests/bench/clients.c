/* SPDX-License-Identifier: MIT
 *
 * Many clients of an NTP server on loopback: bounded in count and time.
 *
 *   clients interleaved ADDR PORT PER_S SECONDS
 *        32 clients that ask for interleaved mode (RFC 9769) in turn; prints
 *        "SENT ANSWERED INTERLEAVED"
 *   clients soak ADDR PORT COUNT SOURCES
 *        COUNT requests from SOURCES addresses of 10.0.0.0/8 in turn, which must be
 *        local in this namespace (ip route add local 10.0.0.0/8 dev lo); for
 *        SOAK_SECONDS_MAX at most; prints "SENT ANSWERED SOURCES PER_S"
 */
#include "load.h"

#include <netinet/in.h>
#include <poll.h>

enum {
	SOAK_COUNT_MAX = 1000 * 1000 * 1000,
	SOAK_SECONDS_MAX = 1700,
	SOAK_AT_ONCE = 512,
	SOAK_SOURCES_MAX = 1 << 24,
};

/* State of a client in interleaved mode: the server's receive stamp of the previous
 * answer. */
struct interleaved {
	uint8_t origin[8];
	uint64_t receive, transmit;
};

static void ask_interleaved(int fd, struct interleaved *client, uint64_t number)
{
	uint8_t buf[OCTETS] = { 0x23 };

	client->receive = number << 1 | 1;
	client->transmit = number << 1;
	memcpy(buf + 24, client->origin, 8);
	memcpy(buf + 32, &client->receive, 8);
	memcpy(buf + 40, &client->transmit, 8);
	(void)!send(fd, buf, sizeof(buf), 0);
}

/* 1: an interleaved answer, 0: a basic one, -1: no answer. */
static int take_interleaved(int fd, struct interleaved *client)
{
	uint8_t buf[SIZE];

	if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) != OCTETS) {
		return -1;
	}
	memcpy(client->origin, buf + 32, 8);
	return memcmp(buf + 24, &client->receive, 8) == 0;
}

static int clients_interleaved(char **argv)
{
	static struct interleaved clients[SOCKETS];
	uint64_t sent = 0, answered = 0;
	int fds[SOCKETS];
	int64_t per_s = number(argv[2], 100000), interleaved = 0;
	int64_t end_ns =
		clock_ns(CLOCK_MONOTONIC) + number(argv[3], SECONDS_MAX) * NS_PER_S;

	for (int i = 0; i < SOCKETS; i++) {
		fds[i] = connected(argv[0], argv[1]);
	}
	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		unsigned i = sent % SOCKETS;
		int got = take_interleaved(fds[i], &clients[i]);

		answered += got >= 0;
		interleaved += got > 0;
		ask_interleaved(fds[i], &clients[i], ++sent);
		usleep((useconds_t)(1000000 / (per_s > 0 ? per_s : 1)));
	}
	printf("%llu %llu %lld\n", (unsigned long long)sent, (unsigned long long)answered,
	       (long long)interleaved);
	return 0;
}

/* A single socket sends from all addresses: each datagram names its own. */
struct soak {
	int fd;
	struct batch out, in;
	uint64_t sent, answered;
	struct sockaddr_in to;
	_Alignas(struct cmsghdr)
		uint8_t control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void soak_open(struct soak *s, char **argv)
{
	const int size = 4 << 20;

	memset(s, 0, sizeof(*s));
	close(connected(argv[0], argv[1])); /* for its message about a wrong address */
	s->to = (struct sockaddr_in){ .sin_family = AF_INET,
		                      .sin_port = htons((uint16_t)number(argv[1], 65535)) };
	(void)inet_pton(AF_INET, argv[0], &s->to.sin_addr);
	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (s->fd < 0) {
		die("socket");
	}
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	batch_init(&s->out, OCTETS);
	batch_init(&s->in, SIZE);
	for (int i = 0; i < BATCH; i++) {
		struct msghdr *msg = &s->out.messages[i].msg_hdr;
		struct cmsghdr *c = (struct cmsghdr *)(void *)s->control[i];

		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)),
			               .cmsg_level = IPPROTO_IP,
			               .cmsg_type = IP_PKTINFO };
		msg->msg_name = &s->to;
		msg->msg_namelen = sizeof(s->to);
		msg->msg_control = c;
		msg->msg_controllen = sizeof(s->control[i]);
	}
}

/* Consecutive requests come from different networks. */
static uint32_t soak_source(uint64_t number, uint64_t sources)
{
	uint32_t host = (uint32_t)(number % sources) * UINT32_C(0x9e3779b1);

	return htonl(UINT32_C(10) << 24 | host >> 8);
}

static void soak_send(struct soak *s, uint64_t sources)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int n;

	for (int i = 0; i < BATCH; i++) {
		struct in_pktinfo info = { .ipi_spec_dst.s_addr = soak_source(
						   s->sent + (uint64_t)i, sources) };

		memcpy(s->control[i] + CMSG_LEN(0), &info, sizeof(info));
		request_write(s->out.octets[i], now_ns);
	}
	n = sendmmsg(s->fd, s->out.messages, BATCH, 0);
	if (n <= 0) {
		die("send: is 10.0.0.0/8 local here?");
	}
	s->sent += (uint64_t)n;
}

static int clients_soak(char **argv)
{
	static struct soak s;
	uint64_t count = (uint64_t)number(argv[2], SOAK_COUNT_MAX), lost = 0;
	uint64_t sources = (uint64_t)number(argv[3], SOAK_SOURCES_MAX);
	int64_t began_ns = clock_ns(CLOCK_MONOTONIC), took_ns;
	struct pollfd wait;

	soak_open(&s, argv);
	wait = (struct pollfd){ .fd = s.fd, .events = POLLIN };
	do {
		int n = 0;

		took_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
		while (s.sent < count && s.sent - s.answered - lost < SOAK_AT_ONCE) {
			soak_send(&s, sources);
		}
		if (poll(&wait, 1, 100) > 0) {
			n = recvmmsg(s.fd, s.in.messages, BATCH, MSG_DONTWAIT, NULL);
		}
		if (n > 0) {
			s.answered += (uint64_t)n;
		} else {
			lost = s.sent - s.answered;
		}
	} while (s.answered + lost < count && took_ns < SOAK_SECONDS_MAX * NS_PER_S);
	printf("%llu %llu %llu %.0f\n", (unsigned long long)s.sent,
	       (unsigned long long)s.answered,
	       (unsigned long long)(s.sent < sources ? s.sent : sources),
	       (double)s.sent * 1e9 / (double)took_ns);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **argv);
	} verbs[] = {
		{ "interleaved", clients_interleaved },
		{ "soak", clients_soak },
	};

	for (size_t i = 0; argc == 6 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0) {
			return verbs[i].run(argv + 2);
		}
	}
	fprintf(stderr, "clients: usage: see the head of its source\n");
	return 2;
}
