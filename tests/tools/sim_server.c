/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: the NTP server of a simulated world, and commands that change that
 * world.
 *
 *   sim_server [PATH_MS JITTER_MS [DRAG_PPM FROM_S]]
 *   sim_server PATH_MS JITTER_MS LIE_S   its time is ahead by LIE_S
 *   sim_server look             prints how often the clock was stepped, and how far behind it is, ms
 *   sim_server behind SECONDS   sets the clock behind by this, as `date -s` does
 *   sim_server pause SECONDS    the machine is suspended for so long
 *   sim_server skip SECONDS     so much time passes
 *   sim_server silence FROM_S FOR_S     no server answers in that time from now
 *
 * The NTP server has the true time of sim_clock.h, over a path with a fixed delay of
 * PATH_MS and an exponential one of JITTER_MS on average each way; from FROM_S after the
 * start its time gains DRAG_PPM.  Prints its port, runs until it is killed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sim_clock.h"

#define UNIX_IN_NTP UINT64_C(2208988800)

static void put_stamp(uint8_t *at, int64_t ns)
{
	const uint64_t seconds = (uint64_t)(ns / NS) + UNIX_IN_NTP;
	const uint64_t fraction = ((uint64_t)(ns % NS) << 32) / (uint64_t)NS;

	for (int i = 0; i < 4; i++) {
		at[i] = (uint8_t)(seconds >> (24 - 8 * i));
		at[4 + i] = (uint8_t)(fraction >> (24 - 8 * i));
	}
}

static double path_ns, jitter_ns, drag_ppm, drag_from_s, lie_s;

static int64_t server_ns(const struct sim *sim)
{
	const int64_t ns = sim_true_ns(sim);
	const double dragged_s = (double)(ns - SIM_START_NS) * 1e-9 - drag_from_s;

	return ns + (int64_t)(lie_s * 1e9) +
	       (dragged_s > 0.0 ? (int64_t)(dragged_s * drag_ppm * 1e3) : 0);
}

static void travel(uint64_t *random)
{
	const int64_t ns = (int64_t)(path_ns + jitter_ns * sim_exponential(random));
	const int64_t to_ns = sim_real_ns(CLOCK_MONOTONIC) + ns;
	const struct timespec to = { to_ns / NS, to_ns % NS };

	while (ns > 0 && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &to, NULL) != 0) {
	}
}

static void answer(const struct sim *sim, uint64_t *random, uint8_t *packet)
{
	uint8_t reply[48] = { 0x24, 1, 6, (uint8_t)-20 };
	int64_t ns;

	memcpy(reply + 12, "SIM", 3);
	memcpy(reply + 24, packet + 40,
	       8); /* the client's transmit stamp comes back as origin */
	travel(random);
	ns = server_ns(sim);
	put_stamp(reply + 16, ns - NS);
	put_stamp(reply + 32, ns);
	put_stamp(reply + 40, server_ns(sim));
	travel(random);
	memcpy(packet, reply, sizeof(reply));
}

static int64_t behind_ns(const struct sim *sim)
{
	return sim->at_ns - sim->mono_ns - sim->ahead_ns;
}

/* 1 after a command, 0 for the server. */
static int look_or_put(struct sim *sim, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "look") == 0) {
		printf("%ld %.0f\n", sim->steps, (double)behind_ns(sim) * 1e-6);
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "behind") == 0) {
		sim->ahead_ns += behind_ns(sim) - (int64_t)(strtod(argv[2], NULL) * 1e9);
		sim->steps = 0;
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "pause") == 0) {
		atomic_fetch_add(&sim->skipped_ns, (int64_t)(strtod(argv[2], NULL) * 1e9));
		sim->at_ns += (int64_t)(strtod(argv[2], NULL) * 1e9);
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "skip") == 0) {
		atomic_fetch_add(&sim->skipped_ns, (int64_t)(strtod(argv[2], NULL) * 1e9));
		return 1;
	}
	if (argc == 4 && strcmp(argv[1], "silence") == 0) {
		const int64_t from_ns =
			sim_true_ns(sim) + (int64_t)(strtod(argv[2], NULL) * 1e9);

		sim->silent_from_ns = from_ns;
		sim->silent_to_ns = from_ns + (int64_t)(strtod(argv[3], NULL) * 1e9);
		return 1;
	}
	return 0;
}

static bool is_silent(const struct sim *sim)
{
	const int64_t now_ns = sim_true_ns(sim);

	return now_ns >= sim->silent_from_ns && now_ns < sim->silent_to_ns;
}

int main(int argc, char **argv)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(name);
	struct sim *sim = sim_open();
	uint64_t random = UINT64_C(2463534242);
	uint8_t packet[48];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sim && look_or_put(sim, argc, argv)) {
		return 0;
	}
	if (argc >= 3) {
		path_ns = strtod(argv[1], NULL) * 1e6;
		jitter_ns = strtod(argv[2], NULL) * 1e6;
	}
	if (argc == 4) {
		lie_s = strtod(argv[3], NULL);
	}
	if (argc == 5) {
		drag_ppm = strtod(argv[3], NULL);
		drag_from_s = strtod(argv[4], NULL);
	}
	if (!sim || fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &len) < 0) {
		perror("sim_server");
		return 1;
	}
	printf("%u\n", (unsigned)ntohs(name.sin_port));
	fflush(stdout);
	for (;;) {
		len = sizeof(name);
		if (recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&name,
		             &len) == (ssize_t)sizeof(packet) &&
		    !is_silent(sim)) {
			answer(sim, &random, packet);
			sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&name,
			       len);
		}
	}
}
