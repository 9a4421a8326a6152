/* SPDX-License-Identifier: MIT
 *
 * io/net/udp_listen on the loopback interface, both families.
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

#include "io/net/clock_moment.h"
#include "io/net/sockaddr.h"
#include "io/net/udp_listen.h"
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
	struct udp_listen_datagram datagram;
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	union sockaddr_any name;
	struct clock_moment now;
	socklen_t len = sizeof(name);
	struct address from;
	char buf[64];
	int fd;

	if (udp_listen_open(&at, false, &socket) == -EAFNOSUPPORT) {
		print_message("# this host has no such address family\n");
		skip();
	}
	assert_int_equal(udp_batch_new(&batch), 0);
	to.port = udp_listen_address(socket).port;
	assert_true(to.port > 0);
	if (family == ADDRESS_IPV4) {
		to.octets[3] = 77; /* all of 127.0.0.0/8 is this host */
	}
	assert_int_equal(udp_listen_receive(socket, batch, false), -EAGAIN);
	fd = client(to, "question", 8, 3);
	assert_int_equal(udp_listen_receive(socket, batch, true), 3);
	now = clock_moment_now();
	for (int i = 0; i < 3; i++) {
		udp_listen_datagram(batch, i, &datagram);
		assert_int_equal(datagram.len, 8);
		assert_memory_equal(datagram.octets, "question", 8);
		assert_false(datagram.is_cut);
		assert_true(datagram.is_answerable);
		assert_int_equal(datagram.from.family, family);
		assert_int_equal(datagram.link, if_nametoindex("lo"));
		assert_true(datagram.has_arrived);
		assert_in_range(instant_diff_ns(now.wall, datagram.arrived), 0, NS_PER_S);
	}
	memcpy(udp_listen_answer(batch, 0, 3), "one", 3);
	memcpy(udp_listen_answer(batch, 2, 5), "three", 5);
	assert_int_equal(udp_listen_send(socket, batch), 2);
	assert_int_equal(udp_listen_send(socket, batch), 0);
	assert_int_equal(recvfrom(fd, buf, sizeof(buf), 0, &name.any, &len), 3);
	from = sockaddr_to_address(&name);
	assert_true(address_equal(&from, &to));
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "three", 5);
	close(fd);
	udp_batch_free(batch);
	udp_listen_close(socket);
}

static void long_datagrams_are_cut(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	static const uint8_t octets[UDP_LISTEN_SIZE + 1];
	struct udp_listen_datagram datagram;
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	int fd;

	(void)state;
	assert_int_equal(udp_listen_open(&at, false, &socket), 0);
	assert_int_equal(udp_batch_new(&batch), 0);
	fd = client(udp_listen_address(socket), octets, UDP_LISTEN_SIZE, 1);
	assert_int_equal(udp_listen_receive(socket, batch, true), 1);
	udp_listen_datagram(batch, 0, &datagram);
	assert_false(datagram.is_cut);
	assert_int_equal(datagram.len, UDP_LISTEN_SIZE);
	/* Also known on a socket with one address. */
	assert_int_equal(datagram.link, if_nametoindex("lo"));
	close(fd);
	fd = client(udp_listen_address(socket), octets, UDP_LISTEN_SIZE + 1, 1);
	assert_int_equal(udp_listen_receive(socket, batch, true), 1);
	udp_listen_datagram(batch, 0, &datagram);
	assert_true(datagram.is_cut);
	assert_int_equal(datagram.len, UDP_LISTEN_SIZE);
	close(fd);
	udp_batch_free(batch);
	udp_listen_close(socket);
}

static void a_batch_has_an_end(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	int fd;

	(void)state;
	assert_int_equal(udp_listen_open(&at, false, &socket), 0);
	assert_int_equal(udp_batch_new(&batch), 0);
	fd = client(udp_listen_address(socket), "x", 1, UDP_BATCH + 3);
	assert_int_equal(udp_listen_receive(socket, batch, true), UDP_BATCH);
	assert_int_equal(udp_listen_receive(socket, batch, true), 3);
	assert_int_equal(udp_listen_receive(socket, batch, false), -EAGAIN);
	close(fd);
	udp_batch_free(batch);
	udp_listen_close(socket);
}

/* An answer that cannot be sent does not take the others with it. */
static void a_lost_answer_is_only_itself(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	char buf[8];
	int fd;

	(void)state;
	assert_int_equal(udp_listen_open(&at, false, &socket), 0);
	assert_int_equal(udp_batch_new(&batch), 0);
	fd = client(udp_listen_address(socket), "x", 1, 3);
	assert_int_equal(udp_listen_receive(socket, batch, true), 3);
	memcpy(udp_listen_answer(batch, 0, 1), "a", 1);
	assert_non_null(udp_listen_answer(batch, 1, 100000)); /* larger than any datagram */
	memcpy(udp_listen_answer(batch, 2, 1), "c", 1);
	assert_int_equal(udp_listen_send(socket, batch), 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 1);
	assert_int_equal(buf[0], 'a');
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 1);
	assert_int_equal(buf[0], 'c');
	close(fd);
	udp_batch_free(batch);
	udp_listen_close(socket);
}

static void a_port_is_shared_by_invitation_only(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct udp_listen_socket *first, *another, *stranger;

	(void)state;
	assert_int_equal(udp_listen_open(&at, false, &first), 0);
	at = udp_listen_address(first);
	/* Exclusive until udp_listen_share(): also against a socket that would share. */
	assert_int_equal(udp_listen_open(&at, true, &stranger), -EADDRINUSE);
	assert_int_equal(udp_listen_share(first), 0);
	assert_int_equal(udp_listen_open(&at, true, &another), 0);
	assert_int_equal(udp_listen_address(another).port, at.port);
	assert_int_equal(udp_listen_open(&at, false, &stranger), -EADDRINUSE);
	udp_listen_close(another);
	udp_listen_close_to_others(first);
	assert_int_equal(udp_listen_open(&at, true, &stranger), -EADDRINUSE);
	udp_listen_close(first);
}

/* Given to another user, who alone may then share it. */
static void a_socket_given_away_is_not_shared(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct udp_listen_socket *first, *another, *stranger;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root\n");
		skip();
	}
	assert_int_equal(udp_listen_open(&at, false, &first), 0);
	at = udp_listen_address(first);
	assert_int_equal(udp_listen_share(first), 0);
	assert_int_equal(udp_listen_open(&at, true, &another), 0);
	udp_listen_own(first, 65534);
	udp_listen_own(another, 65534);
	assert_int_equal(udp_listen_open(&at, true, &stranger), -EADDRINUSE);
	udp_listen_close(another);
	udp_listen_close(first);
}

/* 192.0.2.1 and 2001:db8::1 are documentation addresses: no host has them. */
static void an_absent_address_is_bound(void **state)
{
	static const struct address absent[] = {
		{ .family = ADDRESS_IPV4, .octets = { 192, 0, 2, 1 } },
		{ .family = ADDRESS_IPV6, .octets = { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
	};
	const struct address here = loopback(ADDRESS_IPV4);
	struct udp_listen_socket *socket;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(absent); i++) {
		int r = udp_listen_open(&absent[i], false, &socket);

		if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
			print_message("# this host has no IPv6\n");
			continue;
		}
		assert_int_equal(r, 0);
		assert_true(udp_listen_is_absent(socket));
		udp_listen_close(socket);
	}
	assert_int_equal(udp_listen_open(&here, false, &socket), 0);
	assert_false(udp_listen_is_absent(socket));
	assert_int_equal(udp_listen_stamp_error(socket), 0);
	udp_listen_close(socket);
}

/* A socket that sends to itself. */
static void own_address_is_not_answerable(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = loopback(family), to;
	struct udp_listen_datagram datagram;
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	union sockaddr_any name;
	socklen_t len;

	if (udp_listen_open(&at, false, &socket) < 0) {
		print_message("# this host has no such address family\n");
		skip();
	}
	assert_int_equal(udp_batch_new(&batch), 0);
	to = udp_listen_address(socket);
	len = sockaddr_from_address(&to, &name);
	assert_int_equal(sendto(udp_listen_fd(socket), "x", 1, 0, &name.any, len), 1);
	assert_int_equal(udp_listen_receive(socket, batch, true), 1);
	udp_listen_datagram(batch, 0, &datagram);
	assert_false(datagram.is_answerable);
	udp_batch_free(batch);
	udp_listen_close(socket);
}

static void *interrupter(void *arg)
{
	usleep(50000);
	udp_listen_interrupt(arg);
	return NULL;
}

static void interrupt_wakes_a_reader(void **state)
{
	struct address at = loopback(ADDRESS_IPV4);
	struct udp_listen_datagram datagram;
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	pthread_t thread;

	(void)state;
	assert_int_equal(udp_listen_open(&at, false, &socket), 0);
	assert_int_equal(udp_batch_new(&batch), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupter, socket), 0);
	assert_int_equal(udp_listen_receive(socket, batch, true), 1);
	udp_listen_datagram(batch, 0, &datagram);
	assert_int_equal(datagram.len, 0);
	assert_false(datagram.is_answerable);
	pthread_join(thread, NULL);
	udp_batch_free(batch);
	udp_listen_close(socket);
}

static void clocks(void **state)
{
	struct clock_moment a = clock_moment_now(), b = clock_moment_now();

	(void)state;
	assert_true(b.mono_ns >= a.mono_ns);
	assert_true(b.wall.unix_ns > INT64_C(1700000000) * NS_PER_S);
	assert_true(clock_stamps_fit());
}

/* The transmit time from the kernel is between the clock's readings before and after
 * sending, and each comes with its own token, whatever the order of asking. */
static void tx_stamps_are_reported(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = loopback(family), to;
	struct clock_moment before, after;
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	struct instant transmitted;
	uint64_t token;
	int fd;

	if (udp_listen_open(&at, false, &socket) < 0) {
		print_message("# this host has no such address family\n");
		skip();
	}
	assert_int_equal(udp_batch_new(&batch), 0);
	to = udp_listen_address(socket);
	assert_int_equal(udp_listen_tx_stamps_due(socket), 0);
	assert_false(udp_listen_tx_stamp(socket, &token, &transmitted));
	for (uint64_t round = 1; round <= 200; round++) {
		fd = client(to, "question", 8, 3);
		assert_int_equal(udp_listen_receive(socket, batch, true), 3);
		memcpy(udp_listen_answer(batch, 0, 3), "one", 3);
		memcpy(udp_listen_answer(batch, 1, 3), "two", 3);
		udp_listen_stamp(batch, 10 * round);
		memcpy(udp_listen_answer(batch, 2, 5), "three", 5);
		if (round % 2 == 0) {
			udp_listen_stamp(batch, 10 * round + 1);
		}
		before = clock_moment_now();
		assert_int_equal(udp_listen_send(socket, batch), 3);
		for (uint64_t i = 0; i <= (round % 2 == 0); i++) {
			if (udp_listen_tx_stamps_due(socket) == 0 ||
			    !udp_listen_tx_stamp(socket, &token, &transmitted)) {
				print_message("# this kernel has no transmit timestamps\n");
				skip();
			}
			after = clock_moment_now();
			assert_int_equal(token, 10 * round + i);
			assert_true(instant_diff_ns(transmitted, before.wall) >= 0);
			assert_true(instant_diff_ns(after.wall, transmitted) >= 0);
		}
		assert_int_equal(udp_listen_tx_stamps_due(socket), 0);
		close(fd);
	}
	udp_batch_free(batch);
	udp_listen_close(socket);
}

static void a_socket_of_others_is_taken_over(void **state)
{
	struct address at = loopback(ADDRESS_IPV4), to;
	int flags = SOCK_DGRAM | SOCK_NONBLOCK;
	int fd = socket(AF_INET, flags, 0);
	struct udp_listen_datagram datagram;
	struct udp_listen_socket *socket;
	struct udp_batch *batch;
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(&at, &name);
	int sender;

	(void)state;
	assert_int_equal(bind(fd, &name.any, len), 0);
	assert_int_equal(udp_listen_adopt(fd, &socket), 0);
	assert_int_equal(udp_batch_new(&batch), 0);
	to = udp_listen_address(socket);
	assert_true(to.port > 0);
	sender = client(to, "question", 8, 1);
	assert_int_equal(udp_listen_receive(socket, batch, true), 1);
	udp_listen_datagram(batch, 0, &datagram);
	assert_true(datagram.has_arrived);
	assert_true(datagram.is_answerable);
	memcpy(udp_listen_answer(batch, 0, 3), "one", 3);
	assert_int_equal(udp_listen_send(socket, batch), 1);
	close(sender);
	udp_batch_free(batch);
	udp_listen_close(socket); /* and with it `fd` */
	assert_int_equal(close(fd), -1);
}

static void not_every_descriptor_is_taken_over(void **state)
{
	struct udp_listen_socket *socket_taken = NULL;
	const int off = 0;
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	int local = socket(AF_UNIX, SOCK_DGRAM, 0);
	int both = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(udp_listen_adopt(tcp, &socket_taken), -EPROTOTYPE);
	assert_int_equal(udp_listen_adopt(local, &socket_taken), -EAFNOSUPPORT);
	assert_int_equal(udp_listen_adopt(STDIN_FILENO, &socket_taken), -ENOTSOCK);
	if (both >= 0) {
		(void)setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		assert_int_equal(udp_listen_adopt(both, &socket_taken), -EPROTONOSUPPORT);
		close(both);
	}
	assert_null(socket_taken);
	close(tcp);
	close(local);
}

/* An attacker cannot inject a fragment into an answer, nor have it fragmented by a forged
 * ICMP message. */
static void answers_are_not_cut(void **state)
{
	enum address_family family = *(const enum address_family *)*state;
	struct address at = loopback(family);
	int want = family == ADDRESS_IPV4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE;
	struct udp_listen_socket *socket;
	socklen_t len = sizeof(int);
	int is = -1;

	assert_int_equal(udp_listen_open(&at, false, &socket), 0);
	if (family == ADDRESS_IPV4) {
		assert_int_equal(getsockopt(udp_listen_fd(socket), IPPROTO_IP,
		                            IP_MTU_DISCOVER, &is, &len),
		                 0);
	} else {
		assert_int_equal(getsockopt(udp_listen_fd(socket), IPPROTO_IPV6,
		                            IPV6_MTU_DISCOVER, &is, &len),
		                 0);
	}
	assert_int_equal(is, want);
	udp_listen_close(socket);
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
		cmocka_unit_test_prestate(tx_stamps_are_reported, IPV4),
		cmocka_unit_test_prestate(tx_stamps_are_reported, IPV6),
		cmocka_unit_test(a_socket_of_others_is_taken_over),
		cmocka_unit_test(not_every_descriptor_is_taken_over),
	};

	return cmocka_run_group_tests_name("listen", tests, stamps_wait, NULL);
}
