/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: a name server with scripted answers, over UDP and TCP.
 *
 *   adversary_dns [-u|-s] ADDR NAME=WHAT[|WHAT]...
 *
 * WHAT: addresses with commas between; or nxdomain, servfail, refused, empty (the name
 * exists, no address does), silent, many (1000 addresses from 10.66.1.0 on).  Prefixes, in
 * this order: "slow:MS:", the answer is delayed; "odd:", every first, third ... question is
 * lost; "cut:", over UDP the answer is marked truncated, with its records.  With a second
 * WHAT the first is for A only and the second for AAAA.  NAME "*" is any name not listed;
 * without it those do not exist.  -u: TCP is refused; -s: TCP connects, without an answer.
 * Prints "ready", and a line "asked NAME TYPE" for each question.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
	PORT = 53,
	HEADER = 12,
	ANSWER_MAX = 65535,
	UDP_MAX = 512,
	TYPE_A = 1,
	TYPE_AAAA = 28,
	CODE_SERVFAIL = 2,
	CODE_NXDOMAIN = 3,
	CODE_REFUSED = 5,
	MANY = 1000,
	LATE_MAX = 256,
};

static char **told;
static int told_count;
static unsigned *asked; /* for each name: questions, [2i] A, [2i + 1] AAAA */

/* Delayed answers. */
static struct late {
	int64_t due_ms;
	struct sockaddr_storage to;
	size_t len;
	uint8_t octets[UDP_MAX];
} late[LATE_MAX];
static size_t late_count;

struct conduct {
	const char *what;
	int slow_ms;
	bool is_cut;
	bool is_lost;
};

static void die(const char *what)
{
	fprintf(stderr, "adversary_dns: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The question's name with dots; returns its length in octets, 0 when it is malformed. */
static size_t read_name(const uint8_t *at, size_t len, char *ret, size_t size)
{
	size_t used = 0, out = 0;

	while (used < len && at[used] != 0) {
		size_t label = at[used];

		if (label > 63 || used + 1 + label >= len || out + label + 2 > size) {
			return 0;
		}
		memcpy(ret + out, at + used + 1, label);
		out += label;
		ret[out++] = '.';
		used += label + 1;
	}
	ret[out ? out - 1 : 0] = '\0';
	return used + 1;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool has_prefix(const char **text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*text, prefix, len) != 0) {
		return false;
	}
	*text += len;
	return true;
}

static int told_of(const char *name)
{
	size_t len = strlen(name);
	int any = -1;

	for (int i = 0; i < told_count; i++) {
		if (strncasecmp(told[i], name, len) == 0 && told[i][len] == '=') {
			return i;
		}
		if (strncmp(told[i], "*=", 2) == 0) {
			any = i;
		}
	}
	return any;
}

/* `ret` must have room for the records of one name. */
static struct conduct conduct_of(const char *name, uint16_t type, char *ret, size_t size)
{
	struct conduct conduct = { .what = "nxdomain" };
	int i = told_of(name);
	const char *text, *bar;
	char *end;

	if (i < 0) {
		return conduct;
	}
	text = strchr(told[i], '=') + 1;
	bar = strchr(text, '|');
	if (bar && type == TYPE_AAAA) {
		text = bar + 1;
		bar = NULL;
	}
	snprintf(ret, size, "%.*s", (int)(bar ? (size_t)(bar - text) : strlen(text)), text);
	text = ret;
	if (has_prefix(&text, "slow:")) {
		conduct.slow_ms = (int)strtol(text, &end, 10);
		text = end + (*end == ':');
	}
	conduct.is_lost =
		has_prefix(&text, "odd:") && asked[2 * i + (type == TYPE_AAAA)]++ % 2 == 0;
	conduct.is_cut = has_prefix(&text, "cut:");
	conduct.what = text;
	return conduct;
}

static size_t add_record(uint8_t *at, uint16_t type, const void *address, uint16_t len)
{
	/* The name of the question, class IN, a minute. */
	uint8_t head[12] = { 0xc0, HEADER, 0, (uint8_t)type, 0, 1, 0, 0,
		             0,    60,     0, (uint8_t)len };

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), address, len);
	return sizeof(head) + len;
}

static unsigned add_addresses(uint8_t *answer, size_t *len, const char *what, uint16_t type)
{
	char list[1024], *state = NULL;
	uint8_t address[16];
	unsigned count = 0;

	if (strcmp(what, "many") == 0) {
		for (unsigned i = 0; i < MANY && type == TYPE_A; i++) {
			const uint8_t one[4] = { 10, 66, (uint8_t)(1 + i / 250),
				                 (uint8_t)(1 + i % 250) };

			*len += add_record(answer + *len, type, one, 4);
			count++;
		}
		return count;
	}
	snprintf(list, sizeof(list), "%s", what);
	for (char *one = strtok_r(list, ",", &state); one;
	     one = strtok_r(NULL, ",", &state)) {
		int family = type == TYPE_A ? AF_INET : AF_INET6;

		if (inet_pton(family, one, address) == 1) {
			*len += add_record(answer + *len, type, address,
			                   type == TYPE_A ? 4 : 16);
			count++;
		}
	}
	return count;
}

/* The answer's length; 0: silence. */
static size_t answer_write(const uint8_t *query, size_t len, bool is_udp, uint8_t *answer,
                           int *ret_slow_ms)
{
	char name[256], size[1024];
	struct conduct conduct;
	size_t name_len, question_len;
	unsigned count = 0, code = 0;
	uint16_t type;

	if (len < HEADER + 5) {
		return 0;
	}
	name_len = read_name(query + HEADER, len - HEADER, name, sizeof(name));
	question_len = HEADER + name_len + 4;
	if (name_len == 0 || question_len > len) {
		return 0;
	}
	type = (uint16_t)(query[HEADER + name_len] << 8 | query[HEADER + name_len + 1]);
	conduct = conduct_of(name, type, size, sizeof(size));
	printf("asked %s %s\n", name,
	       type == TYPE_A      ? "A"
	       : type == TYPE_AAAA ? "AAAA"
	                           : "?");
	fflush(stdout);
	if (conduct.is_lost || strcmp(conduct.what, "silent") == 0) {
		return 0;
	}
	*ret_slow_ms = conduct.slow_ms;
	memcpy(answer, query, question_len);
	len = question_len;
	if (strcmp(conduct.what, "nxdomain") == 0) {
		code = CODE_NXDOMAIN;
	} else if (strcmp(conduct.what, "servfail") == 0) {
		code = CODE_SERVFAIL;
	} else if (strcmp(conduct.what, "refused") == 0) {
		code = CODE_REFUSED;
	} else {
		count = add_addresses(answer, &len, conduct.what, type);
	}
	answer[2] = 0x84 | (query[2] & 1); /* an authoritative answer */
	answer[3] = (uint8_t)(0x80 | code);
	if (is_udp && (conduct.is_cut || len > UDP_MAX)) {
		answer[2] |= 2; /* truncated: ask over TCP */
	}
	if (is_udp && len > UDP_MAX) {
		len = question_len;
		count = 0;
	}
	answer[6] = (uint8_t)(count >> 8);
	answer[7] = (uint8_t)count;
	memset(answer + 8, 0, 4);
	return len;
}

static void serve_udp(int fd)
{
	static uint8_t answer[ANSWER_MAX];
	uint8_t query[1024];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t got = recvfrom(fd, query, sizeof(query), MSG_DONTWAIT,
	                       (struct sockaddr *)&from, &from_len);
	int slow_ms = 0;
	size_t len = got > 0 ? answer_write(query, (size_t)got, true, answer, &slow_ms) : 0;

	if (len == 0) {
		return;
	}
	if (slow_ms > 0 && late_count < LATE_MAX) {
		late[late_count] = (struct late){ .due_ms = now_ms() + slow_ms,
			                          .to = from,
			                          .len = len };
		memcpy(late[late_count++].octets, answer, len);
		return;
	}
	(void)sendto(fd, answer, len, 0, (struct sockaddr *)&from, from_len);
}

/* Sends the delayed answers that are due; returns the time until the next one, -1: none. */
static int serve_late(int fd)
{
	int64_t next_ms = INT64_MAX;
	size_t left = 0;

	for (size_t i = 0; i < late_count; i++) {
		int64_t wait_ms = late[i].due_ms - now_ms();

		if (wait_ms <= 0) {
			(void)sendto(fd, late[i].octets, late[i].len, 0,
			             (struct sockaddr *)&late[i].to,
			             sizeof(struct sockaddr_in));
			continue;
		}
		next_ms = wait_ms < next_ms ? wait_ms : next_ms;
		late[left++] = late[i];
	}
	late_count = left;
	return left > 0 ? (int)next_ms : -1;
}

static void serve_tcp(int listener)
{
	static uint8_t answer[2 + ANSWER_MAX];
	const struct timeval patience = { .tv_sec = 1 };
	uint8_t query[2 + 1024];
	int slow_ms; /* ignored over TCP */
	int fd = accept(listener, NULL, NULL);

	if (fd < 0) {
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* Two questions at most on a connection: A and AAAA. */
	for (int i = 0; i < 2; i++) {
		size_t len;

		if (recv(fd, query, 2, MSG_WAITALL) != 2) {
			break;
		}
		len = (size_t)(query[0] << 8 | query[1]);
		if (len > sizeof(query) - 2 ||
		    recv(fd, query + 2, len, MSG_WAITALL) != (ssize_t)len) {
			break;
		}
		len = answer_write(query + 2, len, false, answer + 2, &slow_ms);
		answer[0] = (uint8_t)(len >> 8);
		answer[1] = (uint8_t)len;
		if (len == 0 || send(fd, answer, len + 2, MSG_NOSIGNAL) < 0) {
			break;
		}
	}
	close(fd);
}

static int open_socket(int type, const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	const int on = 1;
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1) {
		die(address);
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) < 0)) {
		die(address);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd polls[2] = { 0 };
	bool has_tcp = true, is_stuck = false;

	if (argc > 1 && argv[1][0] == '-') {
		has_tcp = strcmp(argv[1], "-u") != 0;
		is_stuck = strcmp(argv[1], "-s") == 0;
		argc--;
		argv++;
	}
	if (argc < 2) {
		fprintf(stderr, "adversary_dns: usage: see the head of its source\n");
		return 2;
	}
	told = argv + 2;
	told_count = argc - 2;
	asked = calloc((size_t)told_count * 2 + 1, sizeof(*asked));
	polls[0] =
		(struct pollfd){ .fd = open_socket(SOCK_DGRAM, argv[1]), .events = POLLIN };
	polls[1].fd = -1;
	if (has_tcp) {
		polls[1] = (struct pollfd){ .fd = open_socket(SOCK_STREAM, argv[1]),
			                    .events = is_stuck ? 0 : POLLIN };
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		(void)poll(polls, 2, serve_late(polls[0].fd));
		if (polls[0].revents != 0) {
			serve_udp(polls[0].fd);
		}
		if (polls[1].revents != 0) {
			serve_tcp(polls[1].fd);
		}
	}
}
