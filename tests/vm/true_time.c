/* SPDX-License-Identifier: MIT
 *
 * For tests/vm/days_guest.sh and heals_guest.sh: the true time, in a world in which this
 * machine's crystal is slow.  It shares no code with the programs.
 *
 *   true_time serve PORT [FILE]   an NTP server on 127.0.0.1, with the path to it; its
 *                           clock is ahead by the seconds in FILE
 *   true_time offset        microseconds that CLOCK_REALTIME is behind the truth
 *
 * True time is CLOCK_MONOTONIC_RAW, which no program can adjust, at its own rate: 50 ppm
 * faster than the crystal, plus a daily temperature cycle that changes the crystal's rate
 * by 0.1 ppm.  A pure function, so that both commands agree on it. Each way takes 10 ms and
 * an exponential 1 ms on average.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define WIRE_1970 UINT64_C(2208988800)
#define START_S INT64_C(1795000000) /* 2026-11-18: the truth when RAW began */
#define CRYSTAL_PPM 50.0
#define WAVE_PPM 0.1
#define DAY_S 86400.0
enum { HEADER = 48, WAY_NS = 10000000, JITTER_NS = 1000000, AWAKE_NS = 500000000 };

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t truth_ns(void)
{
	const double turn = 2.0 * 3.14159265358979 / DAY_S;
	int64_t raw_ns = clock_ns(CLOCK_MONOTONIC_RAW);
	double raw_s = (double)raw_ns / 1e9;
	/* The integral of the rate, in microseconds. */
	double gained_us =
		CRYSTAL_PPM * raw_s + WAVE_PPM * (1.0 - cos(turn * raw_s)) / turn;

	return START_S * NS_PER_S + raw_ns + (int64_t)(gained_us * 1e3);
}

static const char *lie_file;

static int64_t served_ns(void)
{
	FILE *file = lie_file ? fopen(lie_file, "r") : NULL;
	double ahead_s = 0.0;

	if (file) {
		if (fscanf(file, "%lf", &ahead_s) != 1) {
			ahead_s = 0.0;
		}
		fclose(file);
	}
	return truth_ns() + (int64_t)(ahead_s * 1e9);
}

static void put_wire(uint8_t *at, int64_t ns)
{
	uint32_t seconds = htonl((uint32_t)((uint64_t)(ns / NS_PER_S) + WIRE_1970));
	uint32_t fraction = htonl((uint32_t)(((uint64_t)(ns % NS_PER_S) << 32) / NS_PER_S));

	memcpy(at, &seconds, 4);
	memcpy(at + 4, &fraction, 4);
}

static void travel(void)
{
	double jitter_ns = -log(1.0 - drand48()) * JITTER_NS;
	struct timespec ts = { .tv_nsec =
		                       WAY_NS + (long)(jitter_ns < 5e8 ? jitter_ns : 5e8) };

	nanosleep(&ts, NULL);
}

/* An idle kernel without wakeups does not update its clock for minutes: no real machine is
 * that idle.  The signal is ignored, so this is only an interrupt. */
static void keep_awake(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec often = { .it_value.tv_nsec = AWAKE_NS,
		                    .it_interval.tv_nsec = AWAKE_NS };
	timer_t timer;

	signal(SIGUSR1, SIG_IGN);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &often, NULL) < 0) {
		perror("timer");
		exit(1);
	}
}

static int serve(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t buf[HEADER], origin[8];
	socklen_t len = sizeof(at);

	srand48(4);
	keep_awake();
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0) {
		perror("bind");
		return 1;
	}
	for (;;) {
		if (recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&at, &len) !=
		    HEADER) {
			continue;
		}
		memcpy(origin, buf + 40, sizeof(origin));
		travel();
		memset(buf, 0, sizeof(buf));
		buf[0] = 0x24; /* no leap second, version 4, a server */
		buf[1] = 1;
		buf[3] = (uint8_t)-20;
		memcpy(buf + 12, "TRUE", 4);
		memcpy(buf + 24, origin, sizeof(origin));
		put_wire(buf + 16, served_ns() - NS_PER_S);
		put_wire(buf + 32, served_ns());
		put_wire(buf + 40, served_ns());
		travel();
		(void)sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&at, len);
	}
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "serve") == 0) {
		lie_file = argv[3];
		return serve((int)strtol(argv[2], NULL, 10));
	}
	printf("%lld\n", (long long)((truth_ns() - clock_ns(CLOCK_REALTIME)) / 1000));
	return 0;
}
