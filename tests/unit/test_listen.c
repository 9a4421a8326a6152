/* SPDX-License-Identifier: MIT
 *
 * io/listen on the loopback interface, both families.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/net/listen.h"
#include "io/net/listen_clock.h"
#include "io/net/sockaddr.h"
#include "stamps.h"

static const enum address_family ipv4 = ADDRESS_IPV4, ipv6 = ADDRESS_IPV6;
#define IPV4 (void *)(uintptr_t)&ipv4
#define IPV6 (void *)(uintptr_t)&ipv6

static struct address loopback(enum address_family family)
{
	struct address at = { .family = family };

	at.octets[family == ADDRESS_IPV4 ? 0 : 15] = family == ADDRESS_IPV4 ? 127 : 1;
	if (family == ADDRESS_IPV4) {
		at.octets[3] = 1;
	}
	return at;
}

/* A client's socket that has sent `len` octets `count` times. */
static int client(struct address to, const void *octets, size_t len, int count)
{
	union sockaddr_any name;
	socklen_t name_len = sockaddr_from_address(&to, &name);
	int fd = socket(name.any.sa_family, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	for (int i = 0; i < count; i++) {
		assert_int_equal(sendto(fd, octets, len, 0, &name.any, name_len),
		                 (ssize_t)len);
	}
	return fd;
}

static void answers_come_from_the_address_asked(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = { .family = family }, to = loopback(family);
	struct listen_datagram datagram;
	struct listen_socket *socket;
	struct listen_batch *batch;
	union sockaddr_any name;
	struct listen_moment now;
	socklen_t len = sizeof(name);
	struct address from;
	char buf[64];
	int fd;

	if (listen_open(&at, false, &socket) == -EAFNOSUPPORT) {
		print_message("# this host has no such address family\n");
		skip();
	}
	assert_int_equal(listen_batch_new(&batch), 0);
	to.port = listen_address(socket).port;
	assert_true(to.port > 0);
	if (family == ADDRESS_IPV4) {
		to.octets[3] = 77; /* all of 127.0.0.0/8 is this host */
	}
	assert_int_equal(listen_receive(socket, batch, false), -EAGAIN);
	fd = client(to, "question", 8, 3);
	assert_int_equal(listen_receive(socket, batch, true), 3);
	now = listen_now();
	for (int i = 0; i < 3; i++) {
		listen_datagram(batch, i, &datagram);
		assert_int_equal(datagram.len, 8);
		assert_memory_equal(datagram.octets, "question", 8);
		assert_false(datagram.is_cut);
		assert_true(datagram.is_answerable);
		assert_int_equal(datagram.from.family, family);
		assert_int_equal(datagram.link, if_nametoindex("lo"));
		assert_true(datagram.has_arrived);
		assert_in_range(instant_diff_ns(now.wall, datagram.arrived), 0, NS_PER_S);
	}
	memcpy(listen_answer(batch, 0, 3), "one", 3);
	memcpy(listen_answer(batch, 2, 5), "three", 5);
	assert_int_equal(listen_send(socket, batch), 2);
	assert_int_equal(listen_send(socket, batch), 0);
	assert_int_equal(recvfrom(fd, buf, sizeof(buf), 0, &name.any, &len), 3);
	from = sockaddr_to_address(&name);
	assert_true(address_equal(&from, &to));
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "three", 5);
	close(fd);
	listen_batch_free(batch);
	listen_close(socket);
}

static void long_datagrams_are_cut(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	static const uint8_t octets[LISTEN_ROOM + 1];
	struct listen_datagram datagram;
	struct listen_socket *socket;
	struct listen_batch *batch;
	int fd;

	(void)state;
	assert_int_equal(listen_open(&at, false, &socket), 0);
	assert_int_equal(listen_batch_new(&batch), 0);
	fd = client(listen_address(socket), octets, LISTEN_ROOM, 1);
	assert_int_equal(listen_receive(socket, batch, true), 1);
	listen_datagram(batch, 0, &datagram);
	assert_false(datagram.is_cut);
	assert_int_equal(datagram.len, LISTEN_ROOM);
	/* Also known on a socket of one address. */
	assert_int_equal(datagram.link, if_nametoindex("lo"));
	close(fd);
	fd = client(listen_address(socket), octets, LISTEN_ROOM + 1, 1);
	assert_int_equal(listen_receive(socket, batch, true), 1);
	listen_datagram(batch, 0, &datagram);
	assert_true(datagram.is_cut);
	assert_int_equal(datagram.len, LISTEN_ROOM);
	close(fd);
	listen_batch_free(batch);
	listen_close(socket);
}

static void a_batch_has_an_end(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct listen_socket *socket;
	struct listen_batch *batch;
	int fd;

	(void)state;
	assert_int_equal(listen_open(&at, false, &socket), 0);
	assert_int_equal(listen_batch_new(&batch), 0);
	fd = client(listen_address(socket), "x", 1, LISTEN_BATCH + 3);
	assert_int_equal(listen_receive(socket, batch, true), LISTEN_BATCH);
	assert_int_equal(listen_receive(socket, batch, true), 3);
	assert_int_equal(listen_receive(socket, batch, false), -EAGAIN);
	close(fd);
	listen_batch_free(batch);
	listen_close(socket);
}

/* One that cannot be sent does not take the others with it. */
static void a_lost_answer_is_only_itself(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct listen_socket *socket;
	struct listen_batch *batch;
	char buf[8];
	int fd;

	(void)state;
	assert_int_equal(listen_open(&at, false, &socket), 0);
	assert_int_equal(listen_batch_new(&batch), 0);
	fd = client(listen_address(socket), "x", 1, 3);
	assert_int_equal(listen_receive(socket, batch, true), 3);
	memcpy(listen_answer(batch, 0, 1), "a", 1);
	assert_non_null(listen_answer(batch, 1, 100000)); /* more than a datagram can be */
	memcpy(listen_answer(batch, 2, 1), "c", 1);
	assert_int_equal(listen_send(socket, batch), 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 1);
	assert_int_equal(buf[0], 'a');
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 1);
	assert_int_equal(buf[0], 'c');
	close(fd);
	listen_batch_free(batch);
	listen_close(socket);
}

static void a_port_is_shared_by_invitation_only(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct listen_socket *first, *another, *stranger;

	(void)state;
	assert_int_equal(listen_open(&at, false, &first), 0);
	at = listen_address(first);
	/* Alone until listen_share(): also for a socket that would share. */
	assert_int_equal(listen_open(&at, true, &stranger), -EADDRINUSE);
	assert_int_equal(listen_share(first), 0);
	assert_int_equal(listen_open(&at, true, &another), 0);
	assert_int_equal(listen_address(another).port, at.port);
	assert_int_equal(listen_open(&at, false, &stranger), -EADDRINUSE);
	listen_close(another);
	listen_close_to_others(first);
	assert_int_equal(listen_open(&at, true, &stranger), -EADDRINUSE);
	listen_close(first);
}

/* Given away to another user, who alone may then share. */
static void a_socket_given_away_is_not_shared(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct listen_socket *first, *another, *stranger;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root\n");
		skip();
	}
	assert_int_equal(listen_open(&at, false, &first), 0);
	at = listen_address(first);
	assert_int_equal(listen_share(first), 0);
	assert_int_equal(listen_open(&at, true, &another), 0);
	listen_own(first, 65534);
	listen_own(another, 65534);
	assert_int_equal(listen_open(&at, true, &stranger), -EADDRINUSE);
	listen_close(another);
	listen_close(first);
}

/* 192.0.2.1 and 2001:db8::1 are documentation's: no host has them. */
static void an_absent_address_is_bound(void **state)
{
	static const struct address absent[] = {
		{ .family = ADDRESS_IPV4, .octets = { 192, 0, 2, 1 } },
		{ .family = ADDRESS_IPV6, .octets = { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
	};
	const struct address here = loopback(ADDRESS_IPV4);
	struct listen_socket *socket;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(absent); i++) {
		int r = listen_open(&absent[i], false, &socket);

		if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
			print_message("# this host has no IPv6\n");
			continue;
		}
		assert_int_equal(r, 0);
		assert_true(listen_is_absent(socket));
		listen_close(socket);
	}
	assert_int_equal(listen_open(&here, false, &socket), 0);
	assert_false(listen_is_absent(socket));
	assert_int_equal(listen_stamp_error(socket), 0);
	listen_close(socket);
}

/* A socket that sends to itself. */
static void own_address_is_not_answerable(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = loopback(family), to;
	struct listen_datagram datagram;
	struct listen_socket *socket;
	struct listen_batch *batch;
	union sockaddr_any name;
	socklen_t len;

	if (listen_open(&at, false, &socket) < 0) {
		print_message("# this host has no such address family\n");
		skip();
	}
	assert_int_equal(listen_batch_new(&batch), 0);
	to = listen_address(socket);
	len = sockaddr_from_address(&to, &name);
	assert_int_equal(sendto(listen_fd(socket), "x", 1, 0, &name.any, len), 1);
	assert_int_equal(listen_receive(socket, batch, true), 1);
	listen_datagram(batch, 0, &datagram);
	assert_false(datagram.is_answerable);
	listen_batch_free(batch);
	listen_close(socket);
}

static void *interrupter(void *arg)
{
	usleep(50000);
	listen_interrupt(arg);
	return NULL;
}

static void interrupt_wakes_a_reader(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct listen_datagram datagram;
	struct listen_socket *socket;
	struct listen_batch *batch;
	pthread_t thread;

	(void)state;
	assert_int_equal(listen_open(&at, false, &socket), 0);
	assert_int_equal(listen_batch_new(&batch), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupter, socket), 0);
	assert_int_equal(listen_receive(socket, batch, true), 1);
	listen_datagram(batch, 0, &datagram);
	assert_int_equal(datagram.len, 0);
	assert_false(datagram.is_answerable);
	pthread_join(thread, NULL);
	listen_batch_free(batch);
	listen_close(socket);
}

static void clocks(void **state)
{
	struct listen_moment a = listen_now(), b = listen_now();

	(void)state;
	assert_true(b.mono_ns >= a.mono_ns);
	assert_true(b.wall.unix_ns > INT64_C(1700000000) * NS_PER_S);
	assert_true(listen_stamps_fit());
}

/* The departure that the kernel tells lies between the clock before and after the sending, and
 * each comes with its own token, whatever the order of asking. */
static void departures_are_told(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = loopback(family), to;
	struct listen_moment before, after;
	struct listen_socket *socket;
	struct listen_batch *batch;
	struct instant departed;
	uint64_t token;
	int fd;

	if (listen_open(&at, false, &socket) < 0) {
		print_message("# this host has no such address family\n");
		skip();
	}
	assert_int_equal(listen_batch_new(&batch), 0);
	to = listen_address(socket);
	assert_int_equal(listen_departures_due(socket), 0);
	assert_false(listen_departure(socket, &token, &departed));
	for (uint64_t round = 1; round <= 200; round++) {
		fd = client(to, "question", 8, 3);
		assert_int_equal(listen_receive(socket, batch, true), 3);
		memcpy(listen_answer(batch, 0, 3), "one", 3);
		memcpy(listen_answer(batch, 1, 3), "two", 3);
		listen_stamp(batch, 10 * round);
		memcpy(listen_answer(batch, 2, 5), "three", 5);
		if (round % 2 == 0) {
			listen_stamp(batch, 10 * round + 1);
		}
		before = listen_now();
		assert_int_equal(listen_send(socket, batch), 3);
		for (uint64_t i = 0; i <= (round % 2 == 0); i++) {
			if (listen_departures_due(socket) == 0 ||
			    !listen_departure(socket, &token, &departed)) {
				print_message("# this kernel stamps no departures\n");
				skip();
			}
			after = listen_now();
			assert_int_equal(token, 10 * round + i);
			assert_true(instant_diff_ns(departed, before.wall) >= 0);
			assert_true(instant_diff_ns(after.wall, departed) >= 0);
		}
		assert_int_equal(listen_departures_due(socket), 0);
		close(fd);
	}
	listen_batch_free(batch);
	listen_close(socket);
}

static void a_socket_of_others_is_taken_over(void **state)
{
	struct address at = loopback(ADDRESS_IPV4), to;
	int flags = SOCK_DGRAM | SOCK_NONBLOCK;
	int fd = socket(AF_INET, flags, 0);
	struct listen_datagram datagram;
	struct listen_socket *socket;
	struct listen_batch *batch;
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(&at, &name);
	int sender;

	(void)state;
	assert_int_equal(bind(fd, &name.any, len), 0);
	assert_int_equal(listen_adopt(fd, &socket), 0);
	assert_int_equal(listen_batch_new(&batch), 0);
	to = listen_address(socket);
	assert_true(to.port > 0);
	sender = client(to, "question", 8, 1);
	assert_int_equal(listen_receive(socket, batch, true), 1);
	listen_datagram(batch, 0, &datagram);
	assert_true(datagram.has_arrived);
	assert_true(datagram.is_answerable);
	memcpy(listen_answer(batch, 0, 3), "one", 3);
	assert_int_equal(listen_send(socket, batch), 1);
	close(sender);
	listen_batch_free(batch);
	listen_close(socket); /* and with it `fd` */
	assert_int_equal(close(fd), -1);
}

static void not_every_descriptor_is_taken_over(void **state)
{
	struct listen_socket *socket_taken = NULL;
	const int off = 0;
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	int local = socket(AF_UNIX, SOCK_DGRAM, 0);
	int both = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(listen_adopt(tcp, &socket_taken), -EPROTOTYPE);
	assert_int_equal(listen_adopt(local, &socket_taken), -EAFNOSUPPORT);
	assert_int_equal(listen_adopt(STDIN_FILENO, &socket_taken), -ENOTSOCK);
	if (both >= 0) {
		(void)setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		assert_int_equal(listen_adopt(both, &socket_taken), -EPROTONOSUPPORT);
		close(both);
	}
	assert_null(socket_taken);
	close(tcp);
	close(local);
}

/* Nobody can put a fragment of his own into an answer, or make it be cut by a forged ICMP
 * message. */
static void answers_are_not_cut(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = loopback(family);
	int want = family == ADDRESS_IPV4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE;
	struct listen_socket *socket;
	socklen_t len = sizeof(int);
	int is = -1;

	assert_int_equal(listen_open(&at, false, &socket), 0);
	if (family == ADDRESS_IPV4) {
		assert_int_equal(getsockopt(listen_fd(socket), IPPROTO_IP, IP_MTU_DISCOVER,
		                            &is, &len),
		                 0);
	} else {
		assert_int_equal(getsockopt(listen_fd(socket), IPPROTO_IPV6,
		                            IPV6_MTU_DISCOVER, &is, &len),
		                 0);
	}
	assert_int_equal(is, want);
	listen_close(socket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(answers_come_from_the_address_asked, IPV4),
		cmocka_unit_test_prestate(answers_come_from_the_address_asked, IPV6),
		cmocka_unit_test_prestate(answers_are_not_cut, IPV4),
		cmocka_unit_test_prestate(answers_are_not_cut, IPV6),
		cmocka_unit_test_prestate(own_address_is_not_answerable, IPV4),
		cmocka_unit_test_prestate(own_address_is_not_answerable, IPV6),
		cmocka_unit_test(long_datagrams_are_cut),
		cmocka_unit_test(a_batch_has_an_end),
		cmocka_unit_test(a_lost_answer_is_only_itself),
		cmocka_unit_test(a_port_is_shared_by_invitation_only),
		cmocka_unit_test(a_socket_given_away_is_not_shared),
		cmocka_unit_test(an_absent_address_is_bound),
		cmocka_unit_test(interrupt_wakes_a_reader),
		cmocka_unit_test(clocks),
		cmocka_unit_test_prestate(departures_are_told, IPV4),
		cmocka_unit_test_prestate(departures_are_told, IPV6),
		cmocka_unit_test(a_socket_of_others_is_taken_over),
		cmocka_unit_test(not_every_descriptor_is_taken_over),
	};

	return cmocka_run_group_tests_name("listen", tests, stamps_wait, NULL);
}
