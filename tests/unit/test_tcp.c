/* SPDX-License-Identifier: MIT
 *
 * io/net/tcp against a server simulated by this process, on loopback: where an answer ends,
 * and the errors when it does not come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/net/sockaddr.h"
#include "io/net/tcp.h"
#include "io/sys/kernel_clock.h"

static struct address loopback(enum address_family family)
{
	struct address a = { .family = family };

	if (family == ADDRESS_IPV4) {
		a.octets[0] = 127;
		a.octets[3] = 1;
	} else {
		a.octets[15] = 1;
	}
	return a;
}

static int listener_open(enum address_family family, struct address *ret_at)
{
	const struct address at = loopback(family);
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(&at, &name);
	int fd = socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -1;
	}
	if (bind(fd, &name.any, len) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, &name.any, &len), 0);
	*ret_at = sockaddr_to_address(&name);
	return fd;
}

static ssize_t advance_within(struct tcp_channel *ch, int ms, const uint8_t **ret_octets,
                              struct reading *ret_sent)
{
	struct reading now, start;
	ssize_t r;

	assert_int_equal(kernel_clock_now(&start), 0);
	do {
		struct pollfd p = { .fd = tcp_fd(ch), .events = tcp_poll_events(ch) };

		(void)poll(&p, 1, 10);
		r = tcp_advance(ch, ret_octets, ret_sent);
		assert_int_equal(kernel_clock_now(&now), 0);
	} while (r == -EAGAIN && now.mono_ns - start.mono_ns < ms * NS_PER_MS);
	return r;
}

struct answer_row {
	const char *name;
	enum address_family family;
	const char *request;
	const char *parts[3]; /* the server's data, in order */
	size_t lens[3];
	bool does_close;
	ssize_t want; /* octets of the answer, or -errno */
};

#define LINE "2026-11-22T12:34:56.123456789Z\n"

static char flood[700];

static const struct answer_row answers[] = {
	{ "line, left open", ADDRESS_IPV4, "reqtime\n", { LINE }, { 31 }, false, 31 },
	{ "line over IPv6", ADDRESS_IPV6, "reqtime\n", { LINE }, { 31 }, false, 31 },
	{ "line and close", ADDRESS_IPV4, "reqtime\n", { LINE }, { 31 }, true, 31 },
	{ "line in parts",
	  ADDRESS_IPV4,
	  "reqtime\n",
	  { "2026-11-22T12:", "34:56.123456789", "Z\n" },
	  { 14, 15, 2 },
	  false,
	  31 },
	{ "no line end, closed", ADDRESS_IPV4, "reqtime\n", { "hello" }, { 5 }, true, 5 },
	{ "no line end, left open",
	  ADDRESS_IPV4,
	  "reqtime\n",
	  { "hello" },
	  { 5 },
	  false,
	  -EAGAIN },
	{ "no request: daytime", ADDRESS_IPV4, "", { LINE }, { 31 }, true, 31 },
	{ "four octets, one of them 0x0a",
	  ADDRESS_IPV4,
	  "",
	  { "\x0a\x0a", "\x0a\x01" },
	  { 2, 2 },
	  true,
	  4 },
	{ "closed without a word", ADDRESS_IPV4, "reqtime\n", { NULL }, { 0 }, true, 0 },
	{ "silence", ADDRESS_IPV4, "reqtime\n", { NULL }, { 0 }, false, -EAGAIN },
	{ "a flood ends at the room",
	  ADDRESS_IPV4,
	  "reqtime\n",
	  { flood },
	  { sizeof(flood) },
	  false,
	  TCP_ANSWER_SIZE },
};

static void answer_ends(void **state)
{
	const struct answer_row *row = *state;
	const size_t request_len = strlen(row->request);
	struct tcp_channel *ch = NULL;
	const uint8_t *octets = NULL;
	struct reading before, sent, after;
	struct address at;
	char buf[64];
	size_t total = 0;
	int listener = listener_open(row->family, &at);
	int peer;
	ssize_t r;

	if (listener < 0) {
		skip();
	}
	assert_int_equal(kernel_clock_now(&before), 0);
	assert_int_equal(tcp_open(&at, row->request, request_len, &ch), 0);
	assert_int_equal(tcp_poll_events(ch), POLLOUT);
	assert_int_equal(advance_within(ch, 20, &octets, &sent), -EAGAIN);
	assert_int_equal(tcp_poll_events(ch), POLLIN);
	assert_int_equal(kernel_clock_now(&after), 0);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	if (request_len > 0) {
		assert_int_equal(recv(peer, buf, sizeof(buf), 0), request_len);
		assert_memory_equal(buf, row->request, request_len);
	}
	for (size_t i = 0; i < 3 && row->lens[i] > 0; i++) {
		assert_int_equal(send(peer, row->parts[i], row->lens[i], MSG_NOSIGNAL),
		                 row->lens[i]);
		if (i < 2 && row->lens[i + 1] > 0) {
			assert_int_equal(advance_within(ch, 20, &octets, &sent), -EAGAIN);
		}
	}
	if (row->does_close) {
		close(peer);
	}
	r = advance_within(ch, row->want == -EAGAIN ? 50 : 1000, &octets, &sent);
	assert_int_equal(r, row->want);
	for (size_t i = 0; r > 0 && i < 3 && total < (size_t)r; i++) {
		size_t n =
			row->lens[i] < (size_t)r - total ? row->lens[i] : (size_t)r - total;

		assert_memory_equal(octets + total, row->parts[i], n);
		total += n;
	}
	if (r >= 0) {
		assert_true(sent.mono_ns >= before.mono_ns);
		assert_true(sent.mono_ns <= after.mono_ns);
	}
	tcp_close(ch);
	if (!row->does_close) {
		close(peer);
	}
	close(listener);
}

static void closed_port_is_refused(void **state)
{
	struct tcp_channel *ch = NULL;
	const uint8_t *octets;
	struct reading sent;
	struct address at;
	int listener = listener_open(ADDRESS_IPV4, &at);
	int r;

	(void)state;
	close(listener);
	r = tcp_open(&at, "reqtime\n", 8, &ch);
	if (r == 0) {
		r = (int)advance_within(ch, 1000, &octets, &sent);
	}
	assert_int_equal(r, -ECONNREFUSED);
	tcp_close(ch);
}

static void reset_is_told(void **state)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	struct tcp_channel *ch = NULL;
	const uint8_t *octets;
	struct reading sent;
	struct address at;
	int listener = listener_open(ADDRESS_IPV4, &at);
	int peer;

	(void)state;
	assert_int_equal(tcp_open(&at, "reqtime\n", 8, &ch), 0);
	assert_int_equal(advance_within(ch, 20, &octets, &sent), -EAGAIN);
	peer = accept(listener, NULL, NULL);
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
	                 0);
	close(peer);
	assert_int_equal(advance_within(ch, 1000, &octets, &sent), -ECONNRESET);
	tcp_close(ch);
	close(listener);
}

static void too_long_a_request(void **state)
{
	const struct address at = loopback(ADDRESS_IPV4);
	struct tcp_channel *ch = NULL;

	(void)state;
	assert_int_equal(tcp_open(&at, flood, 65, &ch), -EMSGSIZE);
	assert_null(ch);
	tcp_close(NULL);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(answers) + 3];
	size_t n = 0;

	memset(flood, 'x', sizeof(flood));
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		tests[n++] = (struct CMUnitTest){
			.name = answers[i].name,
			.test_func = answer_ends,
			.initial_state = (void *)(uintptr_t)&answers[i],
		};
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(closed_port_is_refused);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(reset_is_told);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(too_long_a_request);
	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
