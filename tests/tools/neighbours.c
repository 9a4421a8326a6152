/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: a server's neighbours on the test's own network, which delay its
 * answers, and a near client that sees whether this harms anyone.
 *
 *   neighbours late INTERFACE SERVER FIRST COUNT ASKS DELAY_US...
 *        COUNT hosts, the IPv4 addresses from FIRST on: each sends ASKS requests to port 123 of
 *        SERVER, and answers the ARP request for it DELAY_US later, one of them after the other.
 *        Prints "ASKED RESOLVED"
 *   neighbours near ADDR PORT COUNT PAUSE_US
 *        exchanges of four kernel stamps with a server whose clock is this machine's: the
 *        true offset is 0.  Prints "ANSWERED OUTSIDE LOST LATE MEDIAN_ABS_NS": OUTSIDE:
 *        0 is not in the bound; LOST: the delay is below zero by more than precision and
 *        dispersion explain; LATE: T3 after the arrival
 *   neighbours flood FROM ADDR PORT TEXT PER_S SECONDS
 *        that many datagrams of TEXT a second from the address FROM; prints "SENT"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define NTP_UNIX_S UINT32_C(2208988800)
/* The clock's precision here, and the drift of a short exchange. */
#define OWN_PRECISION_NS 100
/* As in core/select/sample.h. */
#define AHEAD_MAX_NS 100000
enum { OCTETS = 48, COUNT_MAX = 200000, WAIT_MS = 100 };

static void die(const char *what)
{
	fprintf(stderr, "neighbours: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t number(const char *text, int64_t most)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || value < 0 || value > most) {
		fprintf(stderr, "neighbours: %s: not a number up to %lld\n", text,
		        (long long)most);
		exit(2);
	}
	return value;
}

static int64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* --- late --- */

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t ntp[OCTETS];
} __attribute__((packed));

struct arp_frame {
	struct ether_header ether;
	struct ether_arp {
		struct arphdr head;
		uint8_t sender[ETH_ALEN], sender_ip[4], target[ETH_ALEN], target_ip[4];
	} __attribute__((packed)) arp;
} __attribute__((packed));

struct segment {
	int fd;
	uint8_t own[ETH_ALEN];
	uint8_t server[ETH_ALEN];
	struct in_addr server_ip;
};

static uint16_t checksum(const void *octets, size_t len)
{
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i + 1 < len; i += 2) {
		memcpy(&word, (const uint8_t *)octets + i, 2);
		sum += word;
	}
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void segment_open(struct segment *s, const char *interface, const char *server)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		                  .sll_protocol = htons(ETH_P_ARP) };
	struct ifreq request = { 0 };

	memset(s->server, 0xff, sizeof(s->server));
	s->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
	at.sll_ifindex = (int)if_nametoindex(interface);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (s->fd < 0 || at.sll_ifindex == 0 ||
	    bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    ioctl(s->fd, SIOCGIFHWADDR, &request) < 0 ||
	    inet_pton(AF_INET, server, &s->server_ip) != 1) {
		die(interface);
	}
	memcpy(s->own, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

static void send_request(const struct segment *s, struct in_addr from)
{
	struct frame f = { 0 };

	memcpy(f.ether.ether_dhost, s->server, ETH_ALEN);
	memcpy(f.ether.ether_shost, s->own, ETH_ALEN);
	f.ether.ether_type = htons(ETHERTYPE_IP);
	f.ip = (struct iphdr){ .version = 4,
		               .ihl = 5,
		               .tot_len = htons(sizeof(f) - sizeof(f.ether)),
		               .ttl = 64,
		               .protocol = IPPROTO_UDP,
		               .saddr = from.s_addr,
		               .daddr = s->server_ip.s_addr };
	f.ip.check = checksum(&f.ip, sizeof(f.ip));
	f.udp.source = htons(40000);
	f.udp.dest = htons(123);
	f.udp.len = htons(sizeof(f.udp) + sizeof(f.ntp));
	f.ntp[0] = 0x23;
	memset(f.ntp + 40, 0x5a, 8);
	if (send(s->fd, &f, sizeof(f), 0) < 0) {
		die("send");
	}
}

/* Waits for the ARP request for `wanted`; false when none comes. */
static bool await_arp(struct segment *s, struct in_addr wanted)
{
	const int64_t until_ns = mono_ns() + 5 * NS_PER_S / 1000;
	struct pollfd wait = { .fd = s->fd, .events = POLLIN };
	struct arp_frame in;

	while (mono_ns() < until_ns) {
		if (poll(&wait, 1, 1) > 0 &&
		    recv(s->fd, &in, sizeof(in), 0) == (ssize_t)sizeof(in) &&
		    in.arp.head.ar_op == htons(ARPOP_REQUEST) &&
		    memcmp(in.arp.target_ip, &wanted, 4) == 0) {
			memcpy(s->server, in.arp.sender, ETH_ALEN);
			return true;
		}
	}
	return false;
}

static void answer_arp(const struct segment *s, struct in_addr as)
{
	struct arp_frame out = { 0 };

	memcpy(out.ether.ether_dhost, s->server, ETH_ALEN);
	memcpy(out.ether.ether_shost, s->own, ETH_ALEN);
	out.ether.ether_type = htons(ETHERTYPE_ARP);
	out.arp.head = (struct arphdr){ .ar_hrd = htons(ARPHRD_ETHER),
		                        .ar_pro = htons(ETHERTYPE_IP),
		                        .ar_hln = ETH_ALEN,
		                        .ar_pln = 4,
		                        .ar_op = htons(ARPOP_REPLY) };
	memcpy(out.arp.sender, s->own, ETH_ALEN);
	memcpy(out.arp.sender_ip, &as, 4);
	memcpy(out.arp.target, s->server, ETH_ALEN);
	memcpy(out.arp.target_ip, &s->server_ip, 4);
	if (send(s->fd, &out, sizeof(out), 0) < 0) {
		die("send");
	}
}

static int be_late(int argc, char **argv)
{
	const int64_t count = number(argv[3], COUNT_MAX), asks = number(argv[4], 3);
	int64_t resolved = 0, due_ns;
	struct in_addr first, from;
	struct segment s;

	segment_open(&s, argv[0], argv[1]);
	if (inet_pton(AF_INET, argv[2], &first) != 1) {
		die(argv[2]);
	}
	for (int64_t i = 0; i < count; i++) {
		due_ns = number(argv[5 + i % (argc - 5)], 10000) * 1000;
		from.s_addr = htonl(ntohl(first.s_addr) + (uint32_t)i);
		for (int64_t k = 0; k < asks; k++) {
			send_request(&s, from);
		}
		if (!await_arp(&s, from)) {
			continue;
		}
		due_ns += mono_ns();
		while (mono_ns() < due_ns) {
		}
		answer_arp(&s, from);
		resolved++;
	}
	printf("%lld %lld\n", (long long)(count * asks), (long long)resolved);
	return 0;
}

/* --- near --- */

static int64_t stamp_of(struct msghdr *msg)
{
	struct scm_timestamping stamps;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
			return stamps.ts[0].tv_sec * NS_PER_S + stamps.ts[0].tv_nsec;
		}
	}
	return 0;
}

/* 0 without a timestamp, or when nothing comes within WAIT_MS. */
static int64_t receive_stamped(int fd, uint8_t *buf, int flags)
{
	const int64_t until_ns = mono_ns() + WAIT_MS * (NS_PER_S / 1000);
	char control[512];

	while (mono_ns() < until_ns) {
		struct iovec vector = { buf, OCTETS };
		struct msghdr msg = { .msg_iov = &vector,
			              .msg_iovlen = 1,
			              .msg_control = control,
			              .msg_controllen = sizeof(control) };
		struct pollfd wait = { .fd = fd, .events = flags ? 0 : POLLIN };

		if (recvmsg(fd, &msg, flags | MSG_DONTWAIT) >= 0) {
			return stamp_of(&msg);
		}
		(void)poll(&wait, 1, 1);
	}
	return 0;
}

static uint32_t word_of(const uint8_t *octets)
{
	uint32_t word;

	memcpy(&word, octets, 4);
	return ntohl(word);
}

static int64_t ntp_ns(const uint8_t *octets)
{
	return (int64_t)(word_of(octets) - NTP_UNIX_S) * NS_PER_S +
	       (int64_t)(((uint64_t)word_of(octets + 4) * NS_PER_S) >> 32);
}

static int64_t short_ns(const uint8_t *octets)
{
	return (int64_t)(((uint64_t)word_of(octets) * NS_PER_S) >> 16);
}

struct seen {
	int64_t answered, outside, lost, late;
	int64_t *sizes;
};

/* The interval that the stamps and the server's fields leave for the offset, which is 0. */
static void count_exchange(struct seen *seen, const uint8_t *reply, int64_t t1_ns,
                           int64_t t4_ns)
{
	const int64_t t2_ns = ntp_ns(reply + 32), t3_ns = ntp_ns(reply + 40);
	const int64_t dispersion_ns = short_ns(reply + 8);
	const int precision_log2_s = (int8_t)reply[3];
	const int64_t precision_ns =
		OWN_PRECISION_NS +
		(precision_log2_s < -29 ? 1 : NS_PER_S >> -precision_log2_s);
	const int64_t slack_ns = short_ns(reply + 4) / 2 + dispersion_ns + precision_ns;
	const int64_t offset_ns = ((t2_ns - t1_ns) + (t3_ns - t4_ns)) / 2;
	const int64_t delay_ns = (t4_ns - t1_ns) - (t3_ns - t2_ns);
	const int64_t bound_ns = llabs(delay_ns) / 2 + slack_ns;

	seen->sizes[seen->answered++] = llabs(offset_ns);
	seen->late += t3_ns > t4_ns;
	seen->lost += delay_ns <
	              -precision_ns -
	                      (dispersion_ns < AHEAD_MAX_NS ? dispersion_ns : AHEAD_MAX_NS);
	if (llabs(offset_ns) > bound_ns) {
		seen->outside++;
		fprintf(stderr, "offset %lld +/- %lld, delay %lld, dispersion %lld\n",
		        (long long)offset_ns, (long long)bound_ns, (long long)delay_ns,
		        (long long)dispersion_ns);
	}
}

static int connected(const char *host, const char *port)
{
	const int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	                  SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)number(port, 65535)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		die(host);
	}
	return fd;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int be_near(char **argv)
{
	const int64_t count = number(argv[2], COUNT_MAX),
		      pause_us = number(argv[3], 1000000);
	struct seen seen = { .sizes = calloc((size_t)count + 1, sizeof(int64_t)) };
	int fd = connected(argv[0], argv[1]);
	int64_t t1_ns, t4_ns;

	for (int64_t i = 1; i <= count && seen.sizes; i++) {
		uint8_t request[OCTETS] = { 0x23 }, reply[OCTETS] = { 0 };

		memcpy(request + 40, &i, sizeof(i));
		if (send(fd, request, OCTETS, 0) != OCTETS) {
			die("send");
		}
		t1_ns = receive_stamped(fd, reply, MSG_ERRQUEUE);
		/* A late answer to the previous request is skipped. */
		do {
			t4_ns = receive_stamped(fd, reply, 0);
		} while (t4_ns != 0 && memcmp(reply + 24, &i, sizeof(i)) != 0);
		if (t1_ns != 0 && t4_ns != 0 && reply[1] != 0) {
			count_exchange(&seen, reply, t1_ns, t4_ns);
		}
		usleep((useconds_t)pause_us);
	}
	qsort(seen.sizes, (size_t)seen.answered, sizeof(*seen.sizes), by_value);
	printf("%lld %lld %lld %lld %lld\n", (long long)seen.answered,
	       (long long)seen.outside, (long long)seen.lost, (long long)seen.late,
	       (long long)seen.sizes[seen.answered / 2]);
	free(seen.sizes);
	close(fd);
	return 0;
}

/* --- flood --- */

static int be_flood(char **argv)
{
	const int64_t per_s = number(argv[4], 100000), seconds = number(argv[5], 60);
	const int64_t began_ns = mono_ns();
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)number(argv[2], 65535)) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char answer[64];
	int64_t sent = 0;

	if (fd < 0 || inet_pton(AF_INET, argv[0], &from.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		die(argv[0]);
	}
	while (mono_ns() - began_ns < seconds * NS_PER_S) {
		const int64_t due = (mono_ns() - began_ns) / 1000 * per_s / 1000000;

		for (; sent < due; sent++) {
			(void)send(fd, argv[3], strlen(argv[3]), 0);
		}
		while (recv(fd, answer, sizeof(answer), 0) >= 0) {
		}
		usleep(1000);
	}
	printf("%lld\n", (long long)sent);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 8 && strcmp(argv[1], "late") == 0) {
		return be_late(argc - 2, argv + 2);
	}
	if (argc == 6 && strcmp(argv[1], "near") == 0) {
		return be_near(argv + 2);
	}
	if (argc == 8 && strcmp(argv[1], "flood") == 0) {
		return be_flood(argv + 2);
	}
	fprintf(stderr, "usage: the first lines of neighbours.c\n");
	return 2;
}
