/* SPDX-License-Identifier: MIT
 *
 * io/net/udp on the loopback interface, both families: stamps, truncated datagrams, ICMP
 * errors and strangers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/net/sockaddr.h"
#include "io/net/udp.h"
#include "stamps.h"

struct family_row {
	const char *name;
	enum address_family family;
};

static const struct family_row families[] = {
	{ "IPv4", ADDRESS_IPV4 },
	{ "IPv6", ADDRESS_IPV6 },
};

static struct address loopback(enum address_family family, uint16_t port)
{
	struct address a = { .family = family, .port = port };

	if (family == ADDRESS_IPV4) {
		a.octets[0] = 127;
		a.octets[3] = 1;
	} else {
		a.octets[15] = 1;
	}
	return a;
}

/* A plain UDP socket on a port that the kernel chooses; -1 where the family is missing. */
static int server_open(enum address_family family, struct address *ret_at)
{
	const struct address any_port = loopback(family, 0);
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(&any_port, &name);
	int fd;

	fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	if (bind(fd, &name.any, len) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, &name.any, &len), 0);
	*ret_at = sockaddr_to_address(&name);
	return fd;
}

static int64_t wall_ns(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &ts), 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Takes one datagram at the server and answers it with `len` octets. */
static void answer(int server, const void *octets, size_t len)
{
	union sockaddr_any from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[64];

	assert_true(recvfrom(server, buf, sizeof(buf), 0, &from.any, &from_len) >= 0);
	assert_int_equal(sendto(server, octets, len, 0, &from.any, from_len), len);
}

static ssize_t receive_within(struct udp_channel *ch, int ms, void *buf, size_t size,
                              struct udp_arrival *ret)
{
	struct pollfd p = { .fd = udp_fd(ch), .events = POLLIN };
	const int64_t end_ns = wall_ns() + ms * NS_PER_MS;
	ssize_t r = -EAGAIN;

	while (r == -EAGAIN && wall_ns() < end_ns) {
		(void)poll(&p, 1, 10);
		r = udp_receive(ch, buf, size, ret);
	}
	return r;
}

static void exchange_has_both_stamps(void **state)
{
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival got;
	struct address at;
	uint8_t buf[64];
	int64_t before_ns, between_ns, after_ns;
	int server = server_open(row->family, &at);

	if (server < 0) {
		skip();
	}
	assert_int_equal(udp_open(&at, &ch), 0);
	for (int i = 0; i < 3; i++) {
		before_ns = wall_ns();
		assert_int_equal(udp_send(ch, "ping", 4), 0);
		between_ns = wall_ns();
		answer(server, "pong!", 5);
		assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 5);
		after_ns = wall_ns();
		assert_memory_equal(buf, "pong!", 5);
		assert_false(got.is_truncated);
		assert_true(got.has_left);
		assert_true(got.has_arrived);
		/* The stamp belongs to this send, not to the previous one. */
		assert_true(got.left.unix_ns >= before_ns);
		assert_true(got.left.unix_ns <= between_ns);
		assert_true(got.arrived.unix_ns >= got.left.unix_ns);
		assert_true(got.arrived.unix_ns <= after_ns);
	}
	udp_close(ch);
	close(server);
}

static void second_answer_keeps_the_tx_stamp(void **state)
{
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival first, second;
	struct address at;
	union sockaddr_any from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[64];
	int server = server_open(row->family, &at);

	if (server < 0) {
		skip();
	}
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	assert_true(recvfrom(server, buf, sizeof(buf), 0, &from.any, &from_len) == 4);
	assert_int_equal(sendto(server, "bad", 3, 0, &from.any, from_len), 3);
	assert_int_equal(sendto(server, "good", 4, 0, &from.any, from_len), 4);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &first), 3);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &second), 4);
	assert_true(first.has_left && second.has_left);
	assert_true(first.left.unix_ns == second.left.unix_ns);
	assert_true(second.arrived.unix_ns >= first.arrived.unix_ns);
	udp_close(ch);
	close(server);
}

static void latest_send_only(void **state)
{
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival got;
	struct address at;
	uint8_t buf[64];
	int64_t second_ns;
	int server = server_open(row->family, &at);

	if (server < 0) {
		skip();
	}
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "one", 3), 0);
	second_ns = wall_ns();
	assert_int_equal(udp_send(ch, "two", 3), 0);
	answer(server, "late", 4);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 4);
	assert_true(got.has_left);
	assert_true(got.left.unix_ns >= second_ns);
	udp_close(ch);
	close(server);
}

/* No stamp is better than that of an earlier send, whether that is still in the queue or
 * was read before. */
static void failed_send_has_no_tx_stamp(void **state)
{
	static const uint8_t too_large[70000];
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival got;
	struct address at;
	uint8_t buf[64];
	int server = server_open(row->family, &at);

	if (server < 0) {
		skip();
	}
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	assert_int_equal(udp_send(ch, too_large, sizeof(too_large)), -EMSGSIZE);
	answer(server, "pong", 4);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 4);
	assert_false(got.has_left);
	udp_close(ch);

	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	answer(server, "pong", 4);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 4);
	assert_true(got.has_left);
	assert_int_equal(udp_send(ch, too_large, sizeof(too_large)), -EMSGSIZE);
	answer(server, "pong", 4);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 4);
	assert_false(got.has_left);
	assert_true(got.has_arrived);
	udp_close(ch);
	close(server);
}

struct size_row {
	const char *name;
	size_t sent;
	size_t size;
	ssize_t want;
	bool is_truncated;
};

static const struct size_row sizes[] = {
	/* name                     sent   room  want  cut */
	{ "empty datagram", 0, 64, 0, false },
	{ "one octet", 1, 64, 1, false },
	{ "as large as the room", 64, 64, 64, false },
	{ "one octet too large", 65, 64, 64, true },
	{ "1400 octets", 1400, 64, 64, true },
	{ "no room at all", 48, 0, 0, true },
};

static void size_is_told(void **state)
{
	const struct size_row *row = *state;
	const uint8_t big[1400] = { 1 };
	struct udp_channel *ch = NULL;
	struct udp_arrival got;
	struct address at;
	uint8_t buf[64];
	int server = server_open(ADDRESS_IPV4, &at);

	assert_true(server >= 0);
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	answer(server, big, row->sent);
	assert_int_equal(receive_within(ch, 1000, buf, row->size, &got), row->want);
	assert_int_equal(got.is_truncated, row->is_truncated);
	udp_close(ch);
	close(server);
}

static void closed_port_is_refused(void **state)
{
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival got;
	struct address at;
	uint8_t buf[64];
	int server = server_open(row->family, &at);

	if (server < 0) {
		skip();
	}
	close(server);
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), -ECONNREFUSED);
	/* Reported once; then there is nothing, and the channel still works. */
	assert_int_equal(udp_receive(ch, buf, sizeof(buf), &got), -EAGAIN);
	udp_close(ch);
}

static void answer_after_an_icmp_error(void **state)
{
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival got;
	struct address at;
	union sockaddr_any name;
	socklen_t len;
	uint8_t buf[64];
	int server = server_open(row->family, &at);

	if (server < 0) {
		skip();
	}
	close(server);
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), -ECONNREFUSED);
	len = sockaddr_from_address(&at, &name);
	server = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, &name.any, len), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	answer(server, "pong", 4);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 4);
	assert_true(got.has_left && got.has_arrived);
	udp_close(ch);
	close(server);
}

static void stranger_is_not_heard(void **state)
{
	const struct family_row *row = *state;
	struct udp_channel *ch = NULL;
	struct udp_arrival got, before;
	struct address at, stranger_at;
	union sockaddr_any name;
	socklen_t len = sizeof(name);
	uint8_t buf[64];
	int server = server_open(row->family, &at);
	int stranger;

	if (server < 0) {
		skip();
	}
	stranger = server_open(row->family, &stranger_at);
	assert_true(stranger >= 0);
	assert_int_equal(udp_open(&at, &ch), 0);
	assert_int_equal(udp_send(ch, "ping", 4), 0);
	assert_int_equal(getsockname(udp_fd(ch), &name.any, &len), 0);
	(void)sendto(stranger, "lie", 3, 0, &name.any, len);
	memset(&got, 0xa5, sizeof(got));
	before = got;
	assert_int_equal(receive_within(ch, 50, buf, sizeof(buf), &got), -EAGAIN);
	assert_memory_equal(&got, &before, sizeof(got));
	answer(server, "truth", 5);
	assert_int_equal(receive_within(ch, 1000, buf, sizeof(buf), &got), 5);
	udp_close(ch);
	close(stranger);
	close(server);
}

/* No port twice, none privileged, and drawn from the whole range: the kernel's own choice
 * would be above 32768 every time. */
static void ports_are_random(void **state)
{
	enum { CHANNELS = 64 };
	struct udp_channel *ch[CHANNELS];
	uint16_t ports[CHANNELS];
	size_t low_count = 0;

	(void)state;
	for (size_t i = 0; i < CHANNELS; i++) {
		const struct address at = loopback(ADDRESS_IPV4, 9);
		union sockaddr_any name;
		socklen_t len = sizeof(name);

		assert_int_equal(udp_open(&at, &ch[i]), 0);
		assert_int_equal(getsockname(udp_fd(ch[i]), &name.any, &len), 0);
		ports[i] = ntohs(name.v4.sin_port);
		assert_true(ports[i] >= 1024);
		low_count += ports[i] < 32768;
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(ports[i], ports[k]);
		}
	}
	/* Binomial, 64 throws at 0.49: below 8 or above 56 once in 10^9. */
	assert_in_range(low_count, 8, 56);
	for (size_t i = 0; i < CHANNELS; i++) {
		udp_close(ch[i]);
	}
}

static void no_family_is_refused(void **state)
{
	const struct address none = { .family = ADDRESS_NONE };
	struct udp_channel *const mark = (struct udp_channel *)(void *)&none;
	struct udp_channel *ch = mark;

	(void)state;
	assert_int_equal(udp_open(&none, &ch), -EAFNOSUPPORT);
	assert_ptr_equal(ch, mark);
}

static void broadcast_is_refused(void **state)
{
	const struct address at = { .family = ADDRESS_IPV4,
		                    .octets = { 255, 255, 255, 255 },
		                    .port = 123 };
	struct udp_channel *ch = NULL;

	(void)state;
	assert_true(udp_open(&at, &ch) < 0); /* broadcast: EACCES, or ENETUNREACH */
	assert_null(ch);
}

static void close_of_nothing(void **state)
{
	(void)state;
	udp_close(NULL);
}

struct family_test {
	const char *name;
	CMUnitTestFunction run;
};

static const struct family_test family_tests[] = {
	{ "exchange has both kernel stamps", exchange_has_both_stamps },
	{ "a second answer keeps the departure", second_answer_keeps_the_tx_stamp },
	{ "the stamp is that of the latest send", latest_send_only },
	{ "a failed send has no departure", failed_send_has_no_tx_stamp },
	{ "a closed port is ECONNREFUSED, once", closed_port_is_refused },
	{ "an answer after an ICMP error", answer_after_an_icmp_error },
	{ "a stranger is not heard", stranger_is_not_heard },
};

int main(void)
{
	static char names[COUNT_OF(family_tests) * COUNT_OF(families)][80];
	struct CMUnitTest tests[COUNT_OF(names) + COUNT_OF(sizes) + 4];
	size_t n = 0;

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < COUNT_OF(family_tests); i++) {
		for (size_t k = 0; k < COUNT_OF(families); k++) {
			snprintf(names[n], sizeof(names[n]), "%s, %s", family_tests[i].name,
			         families[k].name);
			tests[n].name = names[n];
			tests[n].test_func = family_tests[i].run;
			tests[n].initial_state = (void *)(uintptr_t)&families[k];
			n++;
		}
	}
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		tests[n].name = sizes[i].name;
		tests[n].test_func = size_is_told;
		tests[n].initial_state = (void *)(uintptr_t)&sizes[i];
		n++;
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(ports_are_random);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(no_family_is_refused);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(broadcast_is_refused);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(close_of_nothing);
	return cmocka_run_group_tests_name("udp", tests, stamps_wait, NULL);
}
