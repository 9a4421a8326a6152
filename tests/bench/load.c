/* SPDX-License-Identifier: MIT
 *
 * Load for an NTP server on loopback, and on no other interface: bounded in count and time.
 *
 *   load rate ADDR PORT PER_S SECONDS
 *        that many requests a second from 32 sockets, evenly; a request that could not be
 *        sent within a millisecond is dropped, for a burst would be another load.  Prints
 *        "SENT ANSWERED LOST_PERCENT PER_S MEDIAN_US P99_US" (PER_S: the rate really sent;
 *        times until the kernel has the answer)
 *   load flight ADDR PORT AT_ONCE SECONDS
 *        that many requests always outstanding; prints the same
 *   load burst ADDR PORT COUNT WAIT_MS
 *        that many requests at once; prints "SENT ANSWERED"
 *   load probe ADDR PORT COUNT PAUSE_US
 *        one request after the other, all four stamps from the kernels; prints
 *        "ANSWERED MEDIAN_ABS_NS P90_ABS_NS WORST_ABS_NS MEDIAN_NS THERE_NS BACK_NS EARLY"
 *        (EARLY: transmit stamps later than the packet's arrival)
 *   load abuse ADDR PORT COUNT SEED
 *        random and mutated requests; prints "SENT LEGAL ANSWERED WRONG" and what was wrong
 */
#include "load.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <stdbool.h>

enum { COUNT_MAX = 10 * 1000 * 1000, LATENCIES_MAX = 1 << 20, UNANSWERED = 256 };
#define NTP_UNIX_S UINT32_C(2208988800)

struct run {
	int fds[SOCKETS];
	struct pollfd polls[SOCKETS];
	struct batch out, in;
	uint64_t sent, answered;
	uint32_t *latencies_ns;
	size_t latency_count;
	int64_t last_answer_ns;
};

static void send_some(struct run *r, int fd, int count)
{
	int64_t now_ns = clock_ns(CLOCK_REALTIME);
	int n;

	for (int i = 0; i < count; i++) {
		request_write(r->out.octets[i], now_ns);
	}
	n = sendmmsg(fd, r->out.messages, (unsigned)count, 0);
	if (n > 0) {
		r->sent += (uint64_t)n;
	}
}

/* When the kernel received datagram `i` of the batch; `now_ns` without a kernel stamp. */
static int64_t arrival_ns(struct batch *b, int i, int64_t now_ns)
{
	struct msghdr *msg = &b->messages[i].msg_hdr;
	struct cmsghdr *c = msg->msg_controllen > 0 ? CMSG_FIRSTHDR(msg) : NULL;
	struct timespec ts;

	msg->msg_controllen = CONTROL;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) {
		return now_ns;
	}
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static unsigned take_answers(struct run *r, int wait_ms)
{
	unsigned taken = 0;

	if (poll(r->polls, SOCKETS, wait_ms) <= 0) {
		return 0;
	}
	for (int s = 0; s < SOCKETS; s++) {
		int64_t now_ns, sent_ns, arrived_ns;
		int n;

		if (!r->polls[s].revents) {
			continue;
		}
		n = recvmmsg(r->fds[s], r->in.messages, BATCH, MSG_DONTWAIT, NULL);
		now_ns = clock_ns(CLOCK_MONOTONIC);
		for (int i = 0; i < n; i++) {
			memcpy(&sent_ns, r->in.octets[i] + 24, sizeof(sent_ns));
			arrived_ns = arrival_ns(&r->in, i, clock_ns(CLOCK_REALTIME));
			if (r->in.messages[i].msg_len != OCTETS || sent_ns > arrived_ns) {
				continue;
			}
			taken++;
			r->last_answer_ns = now_ns;
			if (r->latency_count < LATENCIES_MAX) {
				r->latencies_ns[r->latency_count++] =
					(uint32_t)(arrived_ns - sent_ns);
			}
		}
	}
	r->answered += taken;
	return taken;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void run_open(struct run *r, char **argv)
{
	const int on = 1;

	memset(r, 0, sizeof(*r));
	for (int i = 0; i < SOCKETS; i++) {
		r->fds[i] = connected(argv[0], argv[1]);
		(void)setsockopt(r->fds[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
		r->polls[i] = (struct pollfd){ .fd = r->fds[i], .events = POLLIN };
	}
	batch_init(&r->out, OCTETS);
	batch_init(&r->in, SIZE);
	for (int i = 0; i < BATCH; i++) {
		r->in.messages[i].msg_hdr.msg_control = r->in.control[i];
		r->in.messages[i].msg_hdr.msg_controllen = CONTROL;
	}
	r->latencies_ns = calloc(LATENCIES_MAX, sizeof(*r->latencies_ns));
	if (!r->latencies_ns) {
		die("memory");
	}
}

static int run_report(struct run *r, int64_t took_ns)
{
	int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + NS_PER_S / 5;
	size_t n;

	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		(void)take_answers(r, 20);
	}
	n = r->latency_count;
	qsort(r->latencies_ns, n, sizeof(*r->latencies_ns), by_size);
	printf("%llu %llu %.3f %.0f %.1f %.1f\n", (unsigned long long)r->sent,
	       (unsigned long long)r->answered,
	       r->sent ? 100.0 * (double)(r->sent - r->answered) / (double)r->sent : 0.0,
	       (double)r->sent * 1e9 / (double)took_ns,
	       n ? r->latencies_ns[n / 2] / 1e3 : 0.0,
	       n ? r->latencies_ns[n - n / 100 - 1] / 1e3 : 0.0);
	return 0;
}

static int load_rate(char **argv)
{
	static struct run r;
	int64_t per_s = number(argv[2], 2000000), due, most;
	int64_t span_ns = number(argv[3], SECONDS_MAX) * NS_PER_S, began_ns, now_ns;
	unsigned turn = 0;

	run_open(&r, argv);
	began_ns = clock_ns(CLOCK_MONOTONIC);
	while ((now_ns = clock_ns(CLOCK_MONOTONIC)) < began_ns + span_ns &&
	       r.sent < COUNT_MAX) {
		due = (int64_t)((double)(now_ns - began_ns) * (double)per_s / 1e9) -
		      (int64_t)r.sent;
		if (due > 0) {
			send_some(&r, r.fds[turn++ % SOCKETS],
			          due > BATCH ? BATCH : (int)due);
		}
		if (due < BATCH) {
			(void)take_answers(&r, 0);
		}
		/* A request that is late is dropped: the rate is a rate. */
		most = BATCH + per_s / 1000;
		if (due > most) {
			began_ns += (int64_t)(1e9 * (double)(due - BATCH) / (double)per_s);
			span_ns -= (int64_t)(1e9 * (double)(due - BATCH) / (double)per_s);
		}
	}
	return run_report(&r, now_ns - began_ns);
}

static int load_flight(char **argv)
{
	static struct run r;
	int64_t at_once = number(argv[2], 4096);
	int64_t span_ns = number(argv[3], SECONDS_MAX) * NS_PER_S, began_ns, now_ns;
	uint64_t lost = 0;
	unsigned turn = 0;

	run_open(&r, argv);
	began_ns = clock_ns(CLOCK_MONOTONIC);
	r.last_answer_ns = began_ns;
	while ((now_ns = clock_ns(CLOCK_MONOTONIC)) < began_ns + span_ns &&
	       r.sent < COUNT_MAX) {
		int64_t due = at_once - (int64_t)(r.sent - r.answered - lost);

		for (; due > 0; due -= BATCH) {
			send_some(&r, r.fds[turn++ % SOCKETS],
			          due > BATCH ? BATCH : (int)due);
		}
		if (take_answers(&r, 10) == 0 &&
		    now_ns - r.last_answer_ns > NS_PER_S / 100) {
			lost = r.sent - r.answered;
		}
	}
	return run_report(&r, now_ns - began_ns);
}

static int load_burst(char **argv)
{
	static struct run r;
	uint64_t count = (uint64_t)number(argv[2], 100000);
	int64_t wait_ns = number(argv[3], 60000) * 1000000, end_ns;
	unsigned turn = 0;

	run_open(&r, argv);
	while (r.sent < count) {
		uint64_t left = count - r.sent;

		send_some(&r, r.fds[turn++ % SOCKETS], left > BATCH ? BATCH : (int)left);
	}
	end_ns = clock_ns(CLOCK_MONOTONIC) + wait_ns;
	while (r.answered < r.sent && clock_ns(CLOCK_MONOTONIC) < end_ns) {
		(void)take_answers(&r, 20);
	}
	printf("%llu %llu\n", (unsigned long long)r.sent, (unsigned long long)r.answered);
	return 0;
}

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

static int64_t receive_stamped(int fd, uint8_t *buf, int flags, ssize_t *ret_len)
{
	char control[512];
	struct iovec vector = { buf, SIZE };
	struct msghdr msg = { .msg_iov = &vector,
		              .msg_iovlen = 1,
		              .msg_control = control,
		              .msg_controllen = sizeof(control) };
	struct pollfd wait = { .fd = fd, .events = flags ? 0 : POLLIN };

	/* POLLERR is there at once: our own transmit time. */
	for (int tries = 0; tries < 1000000; tries++) {
		*ret_len = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
		if (*ret_len >= 0) {
			return stamp_of(&msg);
		}
		if (poll(&wait, 1, 100) <= 0) {
			break;
		}
	}
	return 0;
}

static int64_t ntp_ns(const uint8_t *octets)
{
	uint32_t seconds, fraction;

	memcpy(&seconds, octets, 4);
	memcpy(&fraction, octets + 4, 4);
	return (int64_t)(uint32_t)(ntohl(seconds) - NTP_UNIX_S) * NS_PER_S +
	       (int64_t)(((uint64_t)ntohl(fraction) * NS_PER_S) >> 32);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t median(int64_t *values, int64_t count, int64_t percent)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return count > 0 ? values[(count - 1) * percent / 100] : 0;
}

static int load_probe(char **argv)
{
	const int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	                  SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
	int64_t count = number(argv[2], 1000000), pause_us = number(argv[3], 1000000);
	int64_t *all = calloc((size_t)count * 4 + 4, sizeof(*all));
	int64_t *sizes = all + count, *there = sizes + count, *back = there + count;
	int64_t n = 0, early = 0;
	int64_t middle;

	for (int64_t i = 0; i < count; i++) {
		int fd = connected(argv[0], argv[1]);
		uint8_t buf[SIZE];
		int64_t t1, t2, t3, t4;
		ssize_t len = 0, none;

		if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) <
		    0) {
			die("SO_TIMESTAMPING");
		}
		request_write(buf, i + 1);
		if (send(fd, buf, OCTETS, 0) != OCTETS) {
			die("send");
		}
		t1 = receive_stamped(fd, buf, MSG_ERRQUEUE, &none);
		t4 = receive_stamped(fd, buf, 0, &len);
		close(fd);
		if (pause_us > 0) {
			usleep((useconds_t)pause_us);
		}
		if (!t1 || !t4 || len != OCTETS) {
			continue;
		}
		t2 = ntp_ns(buf + 32);
		t3 = ntp_ns(buf + 40);
		there[n] = t2 - t1;
		back[n] = t4 - t3;
		all[n] = (there[n] - back[n]) / 2;
		sizes[n] = all[n] < 0 ? -all[n] : all[n];
		early += t3 > t4;
		n++;
	}
	middle = median(sizes, n, 50);
	printf("%lld %lld %lld %lld", (long long)n, (long long)middle,
	       (long long)median(sizes, n, 90), (long long)median(sizes, n, 100));
	printf(" %lld %lld %lld %lld\n", (long long)median(all, n, 50),
	       (long long)median(there, n, 50), (long long)median(back, n, 50),
	       (long long)early);
	free(all);
	return 0;
}

static uint64_t throw(uint64_t * state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Which requests a server may answer, derived from the octets and not by the server's own
 * code. Only a request of the plain length is surely legal; whether a longer one is
 * well-formed is for the server's parser, so it may be answered. */
static bool may_be_legal(const uint8_t *buf, size_t len)
{
	unsigned version = buf[0] >> 3 & 7, mode = buf[0] & 7;

	if (len < OCTETS || len > 1024 || len % 4 != 0) {
		return false;
	}
	return version >= 1 && version <= 4 && (mode == 3 || (version == 1 && mode == 0));
}

/* Kinds: noise, noise with a valid first octet, a mutated request, a reply. */
static size_t abuse_write(uint8_t *buf, uint64_t *seed)
{
	static const uint16_t lengths[] = {
		0, 1, 4, 12, 47, 48, 49, 52, 64, 68, 72, 96, 256
	};
	uint64_t kind = throw(seed) % 4;
	size_t len = kind == 2 ? OCTETS : lengths[throw(seed) % 13];

	for (size_t i = 0; i < len; i++) {
		buf[i] = kind < 2 ? (uint8_t)(throw(seed) >> 32) : 0;
	}
	if (len == 0) {
		return 0;
	}
	if (kind == 1 || kind == 2) {
		buf[0] = 0x23;
	}
	if (kind == 2) {
		buf[throw(seed) % OCTETS] ^= (uint8_t)(1U << throw(seed) % 8);
	}
	if (kind == 3) {
		buf[0] = (uint8_t)(0x20 | throw(seed) % 8); /* each mode */
	}
	return len;
}

/* The cookie identifies the request: a number, the length, whether it may be answered. */
static void cookie_write(uint8_t *buf, size_t len, uint64_t number, bool is_legal)
{
	uint64_t cookie = number << 16 | (uint64_t)len << 1 | is_legal;

	if (len >= OCTETS) {
		memcpy(buf + 40, &cookie, sizeof(cookie));
	}
}

static uint64_t check_answers(struct run *r, uint64_t *wrong)
{
	uint64_t got = 0;

	for (;;) {
		int n = recvmmsg(r->fds[0], r->in.messages, BATCH, MSG_DONTWAIT, NULL);

		for (int i = 0; i < n; i++) {
			const uint8_t *buf = r->in.octets[i];
			uint64_t cookie;

			got++;
			memcpy(&cookie, buf + 24, sizeof(cookie));
			if (r->in.messages[i].msg_len != OCTETS || (buf[0] & 7) != 4 ||
			    !(cookie & 1) || (cookie >> 1 & 0x7fff) < OCTETS) {
				printf("wrong: %u octets, first %02x, asked with %llu\n",
				       r->in.messages[i].msg_len, buf[0],
				       (unsigned long long)(cookie >> 1 & 0x7fff));
				++*wrong;
			}
		}
		if (n < BATCH) {
			return got;
		}
	}
}

static bool wait_readable(const struct run *r)
{
	struct pollfd fd = { .fd = r->fds[0], .events = POLLIN };

	return poll(&fd, 1, 1000) > 0;
}

static int load_abuse(char **argv)
{
	static struct run r;
	uint64_t count = (uint64_t)number(argv[2], COUNT_MAX);
	uint64_t seed = (uint64_t)number(argv[3], INT64_MAX) | 1;
	uint64_t legal = 0, wrong = 0, plain = 0, lost = 0;

	run_open(&r, argv);
	for (uint64_t at = 0; at < count; at += BATCH) {
		for (int i = 0; i < BATCH; i++) {
			uint8_t *buf = r.out.octets[i];
			size_t len = abuse_write(buf, &seed);
			bool is_legal = len > 0 && may_be_legal(buf, len);

			legal += is_legal;
			plain += is_legal && len == OCTETS;
			cookie_write(buf, len, at + (uint64_t)i, is_legal);
			r.out.vectors[i].iov_len = len;
		}
		r.sent += (uint64_t)sendmmsg(r.fds[0], r.out.messages, BATCH, 0);
		/* At the server's pace, so that no queue drops one: each is checked. */
		do {
			r.answered += check_answers(&r, &wrong);
		} while (plain > r.answered + lost + UNANSWERED && wait_readable(&r));
		if (plain > r.answered + lost + UNANSWERED) {
			lost = plain - r.answered;
		}
	}
	while (wait_readable(&r)) {
		r.answered += check_answers(&r, &wrong);
	}
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)r.sent,
	       (unsigned long long)legal, (unsigned long long)r.answered,
	       (unsigned long long)wrong, (unsigned long long)plain);
	return wrong > 0 || r.answered > legal;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **argv);
	} verbs[] = {
		{ "rate", load_rate },   { "flight", load_flight }, { "burst", load_burst },
		{ "probe", load_probe }, { "abuse", load_abuse },
	};

	for (size_t i = 0; argc == 6 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0) {
			return verbs[i].run(argv + 2);
		}
	}
	fprintf(stderr, "load: usage: see the head of its source\n");
	return 2;
}
