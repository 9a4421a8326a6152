/* SPDX-License-Identifier: MIT
 *
 * io/net/ports as app/client uses it, with servers simulated by this process on loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/net/ports.h"
#include "io/net/sockaddr.h"
#include "stamps.h"

static const int signals[] = { SIGUSR1, SIGTERM };

struct world {
	struct kernel_ports *kp;
	const struct ports *p;
};

static void world_open(struct world *w, size_t source_max, size_t name_max)
{
	const struct kernel_ports_settings settings = {
		.source_max = source_max,
		.name_max = name_max,
		.signals = signals,
		.signal_count = COUNT_OF(signals),
	};

	assert_int_equal(ports_open(&settings, &w->kp), 0);
	w->p = ports_of(w->kp);
}

static int64_t mono_ns(const struct world *w)
{
	struct reading now;

	assert_int_equal(w->p->now(w->p->ctx, &now), 0);
	return now.mono_ns;
}

static int wait_ms(const struct world *w, int64_t ms, struct port_event *ret)
{
	return w->p->wait(w->p->ctx, mono_ns(w) + ms * NS_PER_MS, ret);
}

static int ask(const struct world *w, size_t source, const struct address *to,
               enum port_transport transport)
{
	return w->p->ask(w->p->ctx, source, to, transport, (const uint8_t *)"reqtime\n", 8);
}

static int server_open(int type, struct address *ret_at)
{
	const struct address at = { .family = ADDRESS_IPV4, .octets = { 127, 0, 0, 1 } };
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(&at, &name);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &name.any, len), 0);
	assert_int_equal(getsockname(fd, &name.any, &len), 0);
	*ret_at = sockaddr_to_address(&name);
	if (type == SOCK_STREAM) {
		assert_int_equal(listen(fd, 16), 0);
	}
	return fd;
}

static void take(int server, union sockaddr_any *ret_from)
{
	socklen_t len = sizeof(*ret_from);
	uint8_t buf[64];

	assert_int_equal(recvfrom(server, buf, sizeof(buf), 0, &ret_from->any, &len), 8);
}

static void give(int server, const union sockaddr_any *to, const void *octets, size_t len)
{
	assert_int_equal(sendto(server, octets, len, 0, &to->any, sizeof(to->v4)), len);
}

static void udp_reply(void **state)
{
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	world_open(&w, 3, 0);
	assert_int_equal(ask(&w, 2, &at, PORT_UDP), 0);
	take(server, &from);
	give(server, &from, "pong", 4);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	assert_int_equal(e.source, 2);
	assert_int_equal(e.len, 4);
	assert_memory_equal(e.octets, "pong", 4);
	assert_false(e.is_truncated);
	assert_true(e.has_left && e.has_arrived);
	/* T1 user <= T1 kernel <= T4 kernel <= T4 user, all on the same wall clock. */
	assert_true(e.before.wall.unix_ns <= e.left.unix_ns);
	assert_true(e.left.unix_ns <= e.arrived.unix_ns);
	assert_true(e.arrived.unix_ns <= e.after.wall.unix_ns);
	assert_true(e.before.mono_ns < e.after.mono_ns);
	ports_close(w.kp);
	close(server);
}

static void hung_up_is_not_heard(void **state)
{
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	world_open(&w, 1, 0);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	take(server, &from);
	w.p->close_channel(w.p->ctx, 0);
	w.p->close_channel(w.p->ctx, 0);
	(void)sendto(server, "late", 4, 0, &from.any, sizeof(from.v4));
	assert_int_equal(wait_ms(&w, 30, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
	close(server);
}

/* A second ask() replaces the first: it has another port, and the first one's answer is
 * lost. */
static void ask_anew(void **state)
{
	union sockaddr_any first, second;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	world_open(&w, 1, 0);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	take(server, &first);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	take(server, &second);
	assert_int_not_equal(first.v4.sin_port, second.v4.sin_port);
	(void)sendto(server, "old", 3, 0, &first.any, sizeof(first.v4));
	give(server, &second, "new!", 4);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	assert_int_equal(e.len, 4);
	assert_int_equal(wait_ms(&w, 20, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
	close(server);
}

static void icmp_fails_the_source(void **state)
{
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	close(server);
	world_open(&w, 2, 0);
	assert_int_equal(ask(&w, 1, &at, PORT_UDP), 0);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_FAILED);
	assert_int_equal(e.source, 1);
	assert_int_equal(e.error, ECONNREFUSED);
	assert_int_equal(wait_ms(&w, 20, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
}

static void too_large_is_cut(void **state)
{
	static const uint8_t big[4000];
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	world_open(&w, 1, 0);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	take(server, &from);
	give(server, &from, big, sizeof(big));
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	assert_true(e.is_truncated);
	assert_true(e.len < sizeof(big));
	ports_close(w.kp);
	close(server);
}

static void tcp_reply(void **state)
{
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_STREAM, &at);
	uint8_t buf[16];
	int peer;

	(void)state;
	world_open(&w, 1, 0);
	assert_int_equal(ask(&w, 0, &at, PORT_TCP), 0);
	assert_int_equal(wait_ms(&w, 20, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	peer = accept(server, NULL, NULL);
	assert_int_equal(recv(peer, buf, sizeof(buf), 0), 8);
	assert_int_equal(send(peer, "a line\n", 7, 0), 7);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	assert_int_equal(e.len, 7);
	assert_false(e.has_left || e.has_arrived);
	assert_true(e.before.mono_ns < e.after.mono_ns);
	/* The octets outlive the channel, until the next wait(). */
	w.p->close_channel(w.p->ctx, 0);
	assert_memory_equal(e.octets, "a line\n", 7);
	assert_int_equal(wait_ms(&w, 20, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	close(peer);
	close(server);
	ports_close(w.kp);
}

static void tcp_refused(void **state)
{
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_STREAM, &at);
	int r;

	(void)state;
	close(server);
	world_open(&w, 1, 0);
	r = ask(&w, 0, &at, PORT_TCP);
	if (r == 0) {
		assert_int_equal(wait_ms(&w, 1000, &e), 0);
		assert_int_equal(e.kind, PORT_FAILED);
		r = -e.error;
	}
	assert_int_equal(r, -ECONNREFUSED);
	ports_close(w.kp);
}

struct deadline_row {
	const char *name;
	int64_t ms;
};

static const struct deadline_row deadlines[] = {
	{ "deadline 30 ms ahead", 30 },
	{ "deadline now", 0 },
	{ "deadline a second ago", -1000 },
};

static void deadline_is_kept(void **state)
{
	const struct deadline_row *row = *state;
	const int64_t want_ns = row->ms > 0 ? row->ms * NS_PER_MS : 0;
	struct port_event e;
	struct world w;
	int64_t start_ns, took_ns;

	world_open(&w, 1, 0);
	for (int i = 0; i < 2; i++) {
		start_ns = mono_ns(&w);
		assert_int_equal(wait_ms(&w, row->ms, &e), 0);
		took_ns = mono_ns(&w) - start_ns;
		assert_int_equal(e.kind, PORT_TIMEOUT);
		assert_true(took_ns >= want_ns);
		assert_true(took_ns < want_ns + 50 * NS_PER_MS);
	}
	ports_close(w.kp);
}

/* A reply that arrived before the deadline is still delivered after it, by one more
 * poll(). */
static void answer_in_time_seen_late(void **state)
{
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);
	int64_t deadline_ns;

	(void)state;
	world_open(&w, 1, 0);
	deadline_ns = mono_ns(&w);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	take(server, &from);
	give(server, &from, "pong", 4);
	assert_int_equal(w.p->wait(w.p->ctx, deadline_ns, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	ports_close(w.kp);
	close(server);
}

/* A server that never stops sending cannot hold the caller past its deadline. */
static void flood_ends_at_the_deadline(void **state)
{
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);
	int64_t deadline_ns;
	unsigned late_count = 0;

	(void)state;
	world_open(&w, 1, 0);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	take(server, &from);
	deadline_ns = mono_ns(&w) + 20 * NS_PER_MS;
	do {
		(void)sendto(server, "x", 1, 0, &from.any, sizeof(from.v4));
		(void)sendto(server, "x", 1, 0, &from.any, sizeof(from.v4));
		assert_int_equal(w.p->wait(w.p->ctx, deadline_ns, &e), 0);
		late_count += mono_ns(&w) > deadline_ns;
	} while (e.kind == PORT_REPLY && late_count < 1000);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	assert_true(late_count < 100);
	ports_close(w.kp);
	close(server);
}

/* A flood from one source does not keep the others from being heard. */
static void flood_leaves_the_others_their_turn(void **state)
{
	union sockaddr_any noisy, quiet;
	struct port_event e;
	struct address noisy_at, quiet_at;
	struct world w;
	int noisy_server = server_open(SOCK_DGRAM, &noisy_at);
	int quiet_server = server_open(SOCK_DGRAM, &quiet_at);
	unsigned noise_count = 0;

	(void)state;
	world_open(&w, 2, 0);
	assert_int_equal(ask(&w, 0, &noisy_at, PORT_UDP), 0);
	assert_int_equal(ask(&w, 1, &quiet_at, PORT_UDP), 0);
	take(noisy_server, &noisy);
	take(quiet_server, &quiet);
	give(quiet_server, &quiet, "quiet", 5);
	do {
		(void)sendto(noisy_server, "x", 1, 0, &noisy.any, sizeof(noisy.v4));
		(void)sendto(noisy_server, "x", 1, 0, &noisy.any, sizeof(noisy.v4));
		assert_int_equal(wait_ms(&w, 100, &e), 0);
		assert_int_equal(e.kind, PORT_REPLY);
		noise_count += e.source == 0;
	} while (e.source == 0 && noise_count < 1000);
	assert_int_equal(e.source, 1);
	assert_true(noise_count < 100);
	ports_close(w.kp);
	close(noisy_server);
	close(quiet_server);
}

/* 300 channels, closed as they are served, as measure() does: each is heard once. */
static void many_sources(void **state)
{
	enum { COUNT = 300 };
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	bool seen[COUNT] = { false };
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	world_open(&w, COUNT, 0);
	assert_true(ports_window(w.kp) == COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(ask(&w, i, &at, PORT_UDP), 0);
		take(server, &from);
		give(server, &from, &i, sizeof(i));
	}
	for (size_t i = 0; i < COUNT; i++) {
		size_t said;

		assert_int_equal(wait_ms(&w, 1000, &e), 0);
		assert_int_equal(e.kind, PORT_REPLY);
		assert_int_equal(e.len, sizeof(said));
		memcpy(&said, e.octets, sizeof(said));
		assert_int_equal(said, e.source);
		assert_false(seen[e.source]);
		seen[e.source] = true;
		w.p->close_channel(w.p->ctx, e.source);
	}
	assert_int_equal(wait_ms(&w, 0, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
	close(server);
}

/* Whatever channel is closed, in whatever order, the others stay. */
static void hang_up_leaves_the_others(void **state)
{
	union sockaddr_any from[4];
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);

	(void)state;
	world_open(&w, COUNT_OF(from), 0);
	for (size_t i = 0; i < COUNT_OF(from); i++) {
		assert_int_equal(ask(&w, i, &at, PORT_UDP), 0);
		take(server, &from[i]);
	}
	w.p->close_channel(w.p->ctx, 0);
	w.p->close_channel(w.p->ctx, 3);
	w.p->close_channel(w.p->ctx, 2);
	give(server, &from[1], "pong", 4);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	assert_int_equal(e.source, 1);
	ports_close(w.kp);
	close(server);
}

static void signal_is_an_event(void **state)
{
	struct port_event e;
	struct world w;
	sigset_t before, after;

	(void)state;
	sigemptyset(&before);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	world_open(&w, 1, 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_SIGNAL);
	assert_int_equal(e.signal, SIGUSR1);
	assert_int_equal(wait_ms(&w, 0, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
	/* The mask is restored. */
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &after), 0);
	for (int s = 1; s < 32; s++) {
		assert_int_equal(sigismember(&before, s), sigismember(&after, s));
	}
}

static volatile sig_atomic_t handled;

static void handle(int number)
{
	handled = number;
}

static void *interrupt(void *arg)
{
	const pthread_t *main_thread = arg;

	for (int i = 0; i < 5; i++) {
		usleep(5000);
		pthread_kill(*main_thread, SIGUSR2);
	}
	return NULL;
}

/* A handler of the caller's runs, and the wait goes on to its deadline. */
static void handler_of_the_caller_runs(void **state)
{
	const struct sigaction action = { .sa_handler = handle };
	pthread_t self = pthread_self(), other;
	struct sigaction old;
	struct port_event e;
	struct world w;
	int64_t start_ns;

	(void)state;
	assert_int_equal(sigaction(SIGUSR2, &action, &old), 0);
	world_open(&w, 1, 0);
	assert_int_equal(pthread_create(&other, NULL, interrupt, &self), 0);
	start_ns = mono_ns(&w);
	assert_int_equal(wait_ms(&w, 60, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	assert_true(mono_ns(&w) - start_ns >= 60 * NS_PER_MS);
	assert_int_equal(handled, SIGUSR2);
	pthread_join(other, NULL);
	ports_close(w.kp);
	assert_int_equal(sigaction(SIGUSR2, &old, NULL), 0);
}

struct name_row {
	const char *name;
	const char *host;
	enum address_family family;
	enum port_event_kind want;
};

static const struct name_row names[] = {
	{ "a name is resolved", "localhost", ADDRESS_IPV4, PORT_NAME },
	{ "a name fails", "a..b", ADDRESS_IPV4, PORT_NAME_FAILED },
	{ "a name fails in both families", "a..b", ADDRESS_NONE, PORT_NAME_FAILED },
};

static void name_is_an_event(void **state)
{
	const struct name_row *row = *state;
	const uint8_t loopback[] = { 127, 0, 0, 1 };
	enum address_family first;
	struct port_event e;
	struct world w;

	world_open(&w, 1, 3);
	assert_int_equal(w.p->resolve(w.p->ctx, 2, row->host, row->family), 0);
	assert_int_equal(wait_ms(&w, 20000, &e), 0);
	assert_int_equal(e.is_last, row->family != ADDRESS_NONE);
	if (!e.is_last) {
		first = e.family;
		assert_int_equal(e.kind, row->want);
		assert_int_equal(wait_ms(&w, 20000, &e), 0);
		assert_int_not_equal(e.family, first);
	}
	assert_true(e.is_last);
	assert_int_equal(e.kind, row->want);
	assert_int_equal(e.name, 2);
	if (row->want == PORT_NAME) {
		assert_int_equal(e.address_count, 1);
		assert_memory_equal(e.addresses[0].octets, loopback, sizeof(loopback));
		assert_int_equal(e.addresses[0].port, 0);
	} else {
		assert_true(strlen(e.error_text) > 0);
	}
	assert_int_equal(wait_ms(&w, 0, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
}

/* A name that is asked again gets only the answers to the new question. */
static void late_answer_is_nobodys(void **state)
{
	struct port_event e;
	struct world w;

	(void)state;
	world_open(&w, 1, 1);
	assert_int_equal(w.p->resolve(w.p->ctx, 0, "a..b", ADDRESS_NONE), 0);
	assert_int_equal(w.p->resolve(w.p->ctx, 0, "localhost", ADDRESS_IPV4), 0);
	assert_int_equal(wait_ms(&w, 20000, &e), 0);
	assert_int_equal(e.kind, PORT_NAME);
	assert_true(e.is_last);
	assert_int_equal(wait_ms(&w, 300, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
}

/* After the resolver has ended every pending name fails, once; the caller waits for
 * none. */
static void lost_resolver_fails_the_names(void **state)
{
	struct port_event e;
	struct world w;
	char path[64];
	int pid = 0;
	unsigned seen = 0;
	FILE *f;

	(void)state;
	world_open(&w, 1, 4);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &pid) != 1) {
		print_message("# needs /proc/self/task/*/children\n");
		skip();
	}
	fclose(f);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(w.p->resolve(w.p->ctx, 0, "localhost", ADDRESS_NONE), 0);
	assert_int_equal(w.p->resolve(w.p->ctx, 3, "localhost", ADDRESS_NONE), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wait_ms(&w, 1000, &e), 0);
		assert_int_equal(e.kind, PORT_NAME_FAILED);
		assert_true(e.is_last);
		seen |= 1U << e.name;
	}
	assert_int_equal(seen, 1U << 0 | 1U << 3);
	assert_int_equal(wait_ms(&w, 0, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	assert_true(w.p->resolve(w.p->ctx, 1, "localhost", ADDRESS_NONE) < 0);
	ports_close(w.kp);
}

/* The limit is reported correctly, and open channels go on working. */
static void descriptors_run_out(void **state)
{
	struct rlimit old, few;
	union sockaddr_any from;
	struct port_event e;
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);
	int r = 0;

	(void)state;
	world_open(&w, 64, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)server + 8;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (size_t i = 0; i < 64 && r == 0; i++) {
		r = ask(&w, i, &at, PORT_UDP);
	}
	assert_int_equal(r, -EMFILE);
	take(server, &from);
	give(server, &from, "pong", 4);
	assert_int_equal(wait_ms(&w, 1000, &e), 0);
	assert_int_equal(e.kind, PORT_REPLY);
	assert_int_equal(e.source, 0);
	w.p->close_channel(w.p->ctx, 0);
	assert_int_equal(ask(&w, 0, &at, PORT_UDP), 0);
	ports_close(w.kp);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(server);
}

static void nothing_is_left_open(void **state)
{
	struct address at;
	struct world w;
	int server = server_open(SOCK_DGRAM, &at);
	int first, last;

	(void)state;
	first = dup(server);
	close(first);
	world_open(&w, 8, 1);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(ask(&w, i, &at, PORT_UDP), 0);
	}
	w.p->close_channel(w.p->ctx, 3);
	ports_close(w.kp);
	last = dup(server);
	assert_int_equal(last, first);
	/* The resolver is reaped as well. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	close(last);
	close(server);
	ports_close(NULL);
}

static void unreachable_is_told(void **state)
{
	const struct address broadcast = { .family = ADDRESS_IPV4,
		                           .octets = { 255, 255, 255, 255 },
		                           .port = 9 };
	struct port_event e;
	struct world w;

	(void)state;
	world_open(&w, 1, 0);
	assert_true(ask(&w, 0, &broadcast, PORT_UDP) < 0);
	assert_int_equal(wait_ms(&w, 0, &e), 0);
	assert_int_equal(e.kind, PORT_TIMEOUT);
	ports_close(w.kp);
}

int main(void)
{
	const struct CMUnitTest single[] = {
		cmocka_unit_test(udp_reply),
		cmocka_unit_test(hung_up_is_not_heard),
		cmocka_unit_test(ask_anew),
		cmocka_unit_test(icmp_fails_the_source),
		cmocka_unit_test(too_large_is_cut),
		cmocka_unit_test(tcp_reply),
		cmocka_unit_test(tcp_refused),
		cmocka_unit_test(answer_in_time_seen_late),
		cmocka_unit_test(flood_ends_at_the_deadline),
		cmocka_unit_test(flood_leaves_the_others_their_turn),
		cmocka_unit_test(many_sources),
		cmocka_unit_test(hang_up_leaves_the_others),
		cmocka_unit_test(signal_is_an_event),
		cmocka_unit_test(handler_of_the_caller_runs),
		cmocka_unit_test(late_answer_is_nobodys),
		cmocka_unit_test(lost_resolver_fails_the_names),
		cmocka_unit_test(descriptors_run_out),
		cmocka_unit_test(nothing_is_left_open),
		cmocka_unit_test(unreachable_is_told),
	};
	struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(deadlines) + COUNT_OF(names)];
	size_t n = COUNT_OF(single);

	memcpy(tests, single, sizeof(single));
	for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
		tests[n++] = (struct CMUnitTest){
			.name = deadlines[i].name,
			.test_func = deadline_is_kept,
			.initial_state = (void *)(uintptr_t)&deadlines[i],
		};
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		tests[n++] = (struct CMUnitTest){
			.name = names[i].name,
			.test_func = name_is_an_event,
			.initial_state = (void *)(uintptr_t)&names[i],
		};
	}
	return cmocka_run_group_tests_name("ports", tests, stamps_wait, NULL);
}
