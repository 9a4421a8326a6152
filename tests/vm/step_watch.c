/* SPDX-License-Identifier: MIT
 *
 * For tests/vm/serve_guest.sh: steps the clock of the guest by an hour, there and back,
 * while an NTP server on this host has requests in its queue, and checks the answers.
 *
 *   step_watch PORT STEPS
 *        prints "STEPPED ANSWERED TORN": TORN counts answers with stamps of both sides of a
 *        step, which are not within half a second in the order of time
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 32, EACH = 8, OCTETS = 48, STEP_S = 3600 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int connected(int port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		                    .sin_port = htons((uint16_t)port),
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		die("connect");
	}
	return fd;
}

static void step(long seconds)
{
	struct timex tx = { .modes = ADJ_SETOFFSET, .time = { .tv_sec = seconds } };

	if (adjtimex(&tx) < 0) {
		die("adjtimex");
	}
}

static void ask(const int *fds)
{
	uint8_t request[OCTETS] = { 0x23 };

	for (int k = 0; k < EACH; k++) {
		for (int i = 0; i < SOCKETS; i++) {
			(void)send(fds[i], request, sizeof(request), 0);
		}
	}
}

/* Units of 2^-32 s, in a local era: only differences count. */
static int64_t stamp(const uint8_t *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++) {
		value = value << 8 | at[i];
	}
	return (int64_t)value;
}

static void take(const int *fds, int wait_ms, long *answered, long *torn)
{
	struct pollfd polls[SOCKETS];
	uint8_t answer[OCTETS + 1];

	for (int i = 0; i < SOCKETS; i++) {
		polls[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	}
	while (poll(polls, SOCKETS, wait_ms) > 0) {
		for (int i = 0; i < SOCKETS; i++) {
			while (recv(fds[i], answer, sizeof(answer), 0) == OCTETS) {
				int64_t took = stamp(answer + 40) - stamp(answer + 32);

				++*answered;
				*torn += took < 0 || took > INT64_C(1) << 31;
			}
		}
	}
}

int main(int argc, char **argv)
{
	const struct timespec moment = { .tv_nsec = 300000 };
	long answered = 0, torn = 0;
	int fds[SOCKETS];
	int steps;

	if (argc != 3) {
		return 2;
	}
	steps = atoi(argv[2]);
	for (int i = 0; i < SOCKETS; i++) {
		fds[i] = connected(atoi(argv[1]));
	}
	for (int n = 0; n < steps; n++) {
		ask(fds);
		/* The server is answering them now. */
		nanosleep(&moment, NULL);
		step(n % 2 == 0 ? STEP_S : -STEP_S);
		ask(fds);
		take(fds, 10, &answered, &torn);
	}
	take(fds, 500, &answered, &torn);
	printf("%d %ld %ld\n", steps, answered, torn);
	return 0;
}
