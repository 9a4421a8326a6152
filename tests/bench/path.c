/* SPDX-License-Identifier: MIT
 *
 * A path between two network namespaces, for kernels without netem: a TUN device at
 * each end, packets delayed in between by a fixed delay and an exponential one.
 *
 *   path PID DELAY_US JITTER_US LOSS_PERCENT
 *
 * The near end, path0 with 10.78.0.1, is in the namespace it is started in; the far end,
 * path0 with 10.78.0.2 and up, in that of process PID.  Prints "ready" and carries packets
 * until it is ended.  The same delay, jitter and loss apply each way.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE_MAX = 4096, PACKET_SIZE = 2048 };

struct packet {
	int64_t due_ns;
	ssize_t len;
	unsigned char octets[PACKET_SIZE];
};

struct direction {
	int from, to;
	int64_t last_due_ns;
	size_t count; /* sorted by due time: a path does not reorder */
	size_t first;
	struct packet packets[QUEUE_MAX];
};

static int64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set_address(int sock, unsigned long request, const char *address)
{
	struct ifreq ifr;
	struct sockaddr_in in = { .sin_family = AF_INET };
	unsigned a, b, c, d;

	if (sscanf(address, "%u.%u.%u.%u", &a, &b, &c, &d) != 4) {
		errx(1, "%s", address);
	}
	in.sin_addr.s_addr = htonl(a << 24 | b << 16 | c << 8 | d);
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, "path0", 6);
	memcpy(&ifr.ifr_addr, &in, sizeof(in));
	if (ioctl(sock, request, &ifr) < 0) {
		err(1, "path0 %s", address);
	}
}

/* A TUN device in the current namespace, with its address, up. */
static int end_open(const char *own, const char *peer)
{
	struct ifreq ifr;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || sock < 0) {
		err(1, "/dev/net/tun");
	}
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, "path0", 6);
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		err(1, "TUNSETIFF");
	}
	set_address(sock, SIOCSIFADDR, own);
	set_address(sock, SIOCSIFDSTADDR, peer);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr) < 0) {
		err(1, "path0 up");
	}
	close(sock);
	return fd;
}

static int end_open_in(const char *pid)
{
	char path[64];
	int here, there, fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0) {
		err(1, "%s", path);
	}
	fd = end_open("10.78.0.2", "10.78.0.1");
	if (setns(here, CLONE_NEWNET) < 0) {
		err(1, "setns");
	}
	close(here);
	close(there);
	return fd;
}

static void take(struct direction *way, int64_t delay_ns, double jitter_ns, double loss)
{
	for (;;) {
		struct packet *packet =
			&way->packets[(way->first + way->count) % QUEUE_MAX];

		if (way->count == QUEUE_MAX) {
			return;
		}
		packet->len = read(way->from, packet->octets, sizeof(packet->octets));
		if (packet->len <= 0) {
			return;
		}
		if (drand48() < loss) {
			continue;
		}
		packet->due_ns =
			mono_ns() + delay_ns - (int64_t)(jitter_ns * log(1 - drand48()));
		if (packet->due_ns < way->last_due_ns) {
			packet->due_ns = way->last_due_ns;
		}
		way->last_due_ns = packet->due_ns;
		way->count++;
	}
}

/* Delivers the packets that are due; returns when the next is due, or -1. */
static int64_t give(struct direction *way)
{
	while (way->count > 0) {
		struct packet *packet = &way->packets[way->first];

		if (packet->due_ns > mono_ns()) {
			return packet->due_ns;
		}
		if (write(way->to, packet->octets, (size_t)packet->len) < 0 &&
		    errno != EIO) {
			warn("write");
		}
		way->first = (way->first + 1) % QUEUE_MAX;
		way->count--;
	}
	return -1;
}

int main(int argc, char **argv)
{
	static struct direction ways[2];
	int64_t delay_ns;
	double jitter_ns, loss;

	if (argc != 5) {
		errx(2, "usage: path PID DELAY_US JITTER_US LOSS_PERCENT");
	}
	delay_ns = strtoll(argv[2], NULL, 10) * 1000;
	jitter_ns = strtod(argv[3], NULL) * 1000;
	loss = strtod(argv[4], NULL) / 100;
	ways[0].from = ways[1].to = end_open("10.78.0.1", "10.78.0.2");
	ways[1].from = ways[0].to = end_open_in(argv[1]);
	srand48(20261122);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pollfd fds[2] = { { ways[0].from, POLLIN, 0 },
			                 { ways[1].from, POLLIN, 0 } };
		int64_t next_ns = -1;
		struct timespec wait, *until = NULL;

		for (int i = 0; i < 2; i++) {
			int64_t due_ns = give(&ways[i]);

			if (due_ns >= 0 && (next_ns < 0 || due_ns < next_ns)) {
				next_ns = due_ns;
			}
		}
		if (next_ns >= 0) {
			int64_t left_ns = next_ns - mono_ns();

			left_ns = left_ns < 0 ? 0 : left_ns;
			wait = (struct timespec){ left_ns / 1000000000,
				                  left_ns % 1000000000 };
			until = &wait;
		}
		if (ppoll(fds, 2, until, NULL) < 0 && errno != EINTR) {
			err(1, "ppoll");
		}
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)) {
				return 0; /* a namespace is gone */
			}
			take(&ways[i], delay_ns, jitter_ns, loss);
		}
	}
}
