/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: sends a server what well-behaved clients do not send, and prints
 * the replies.
 *
 *   poke udp [-b ADDR[:PORT]] ADDR PORT WAIT_MS HEX...
 *        each datagram from a socket of its own ("-": an empty one), then waits for all;
 *        lines "N FROM HEX" for each reply, "N silence" for none
 *   poke raw SRC SPORT ADDR PORT HEX
 *        one IPv4 datagram with a forged source (raw socket)
 *   poke tcp [-b ADDR] ADDR PORT (TEXT | +MS | END | RESET)...
 *        sends, pauses, half closes or resets, in this order, then prints what came, in
 *        hex, and the milliseconds until the server closed: "HEX MS" ("-": nothing)
 *   poke hold [-b ADDR] ADDR PORT COUNT SECONDS OCTET_EVERY_MS
 *        keeps COUNT connections open and writes a blank on each now and then (0: never);
 *        prints "CONNECTED CLOSED FIRST_MS LAST_MS": how many the server has closed and when
 *   poke text HEX
 *        the octets themselves
 *   poke activate KIND,... NAMES PROGRAM ARGUMENT...
 *        binds sockets on loopback ("udp", "tcp", "shared": udp with SO_REUSEPORT) and becomes
 *        PROGRAM, which gets them as from a service manager
 *   poke share ADDR PORT
 *        binds a UDP socket with SO_REUSEPORT, as servers do that share a port, and exits:
 *        1 when it is refused
 *   poke word FILE N VALUE
 *        writes VALUE as the N-th long of FILE, which others may have mapped
 *   poke notify NAME SECONDS
 *        binds a service manager's socket and prints what arrives
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS_MAX = 512, DATAGRAM_MAX = 65507 };

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void die(const char *what)
{
	fprintf(stderr, "poke: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static long number(const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		fprintf(stderr, "poke: not a number: %s\n", text);
		exit(1);
	}
	return value;
}

static socklen_t name_from(const char *address, const char *port, union name *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, address, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)number(port));
		return sizeof(ret->v4);
	}
	if (inet_pton(AF_INET6, address, &ret->v6.sin6_addr) != 1) {
		fprintf(stderr, "poke: not an address: %s\n", address);
		exit(1);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t)number(port));
	return sizeof(ret->v6);
}

static void name_print(const union name *name)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (name->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &name->v4.sin_addr, text, sizeof(text));
		printf("%s:%u", text, ntohs(name->v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &name->v6.sin6_addr, text, sizeof(text));
		printf("[%s]:%u", text, ntohs(name->v6.sin6_port));
	}
}

static size_t octets_from(const char *hex, uint8_t *ret)
{
	size_t len = 0;
	unsigned value;

	if (strcmp(hex, "-") == 0) {
		return 0;
	}
	for (; hex[0] && hex[1] && len < DATAGRAM_MAX; hex += 2) {
		if (sscanf(hex, "%2x", &value) != 1) {
			break;
		}
		ret[len++] = (uint8_t)value;
	}
	if (*hex) {
		fprintf(stderr, "poke: not hex: %s\n", hex);
		exit(1);
	}
	return len;
}

static void hex_print(const uint8_t *octets, size_t len)
{
	if (len == 0) {
		putchar('-');
	}
	for (size_t i = 0; i < len; i++) {
		printf("%02x", octets[i]);
	}
}

static int udp_socket(const union name *to, const char *bind_to)
{
	const int on = 1;
	char address[INET6_ADDRSTRLEN] = "";
	const char *port = "0";
	union name from;
	socklen_t len;
	int fd = socket(to->any.sa_family, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0) {
		die("socket");
	}
	if (!bind_to) {
		return fd;
	}
	snprintf(address, sizeof(address), "%s", bind_to);
	if (to->any.sa_family == AF_INET && strchr(address, ':')) {
		*strchr(address, ':') = '\0';
		port = strchr(bind_to, ':') + 1;
	}
	len = name_from(address, port, &from);
	if (bind(fd, &from.any, len) < 0) {
		die("bind");
	}
	return fd;
}

static int poke_udp(int argc, char **argv)
{
	static uint8_t buf[DATAGRAM_MAX];
	static struct pollfd polls[SOCKETS_MAX];
	static bool has_replied[SOCKETS_MAX];
	const char *bind_to = NULL;
	int64_t end_ms;
	union name to, from;
	socklen_t len;

	if (argc > 2 && strcmp(argv[0], "-b") == 0) {
		bind_to = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (argc < 4 || argc - 3 > SOCKETS_MAX) {
		return 2;
	}
	len = name_from(argv[0], argv[1], &to);
	for (int i = 0; i < argc - 3; i++) {
		size_t octets = octets_from(argv[3 + i], buf);

		polls[i] =
			(struct pollfd){ .fd = udp_socket(&to, bind_to), .events = POLLIN };
		if (sendto(polls[i].fd, buf, octets, 0, &to.any, len) < 0) {
			die("sendto");
		}
	}
	end_ms = now_ms() + number(argv[2]);
	while (now_ms() < end_ms) {
		if (poll(polls, (nfds_t)(argc - 3), (int)(end_ms - now_ms())) <= 0) {
			continue;
		}
		for (int i = 0; i < argc - 3; i++) {
			socklen_t from_len = sizeof(from);
			ssize_t n = recvfrom(polls[i].fd, buf, sizeof(buf), MSG_DONTWAIT,
			                     &from.any, &from_len);

			if (n < 0) {
				continue;
			}
			has_replied[i] = true;
			printf("%d ", i + 1);
			name_print(&from);
			putchar(' ');
			hex_print(buf, (size_t)n);
			putchar('\n');
		}
	}
	for (int i = 0; i < argc - 3; i++) {
		if (!has_replied[i]) {
			printf("%d silence\n", i + 1);
		}
	}
	return 0;
}

static int poke_raw(int argc, char **argv)
{
	/* The headers of IP and UDP; the kernel fills in lengths, number and checksum of
	 * the first. */
	enum { IP = 20, HEADERS = IP + 8 };
	static uint8_t packet[HEADERS + 1024] = { 0x45, [8] = 64, [9] = IPPROTO_UDP };
	const int on = 1;
	union name from, to;
	uint16_t field;
	size_t len;
	int fd;

	if (argc != 5 || strlen(argv[4]) > 2048) {
		return 2;
	}
	(void)name_from(argv[0], argv[1], &from);
	(void)name_from(argv[2], argv[3], &to);
	len = HEADERS + octets_from(argv[4], packet + HEADERS);
	memcpy(packet + 12, &from.v4.sin_addr, 4);
	memcpy(packet + 16, &to.v4.sin_addr, 4);
	memcpy(packet + IP, &from.v4.sin_port, 2);
	memcpy(packet + IP + 2, &to.v4.sin_port, 2);
	field = htons((uint16_t)(len - IP));
	memcpy(packet + IP + 4, &field, 2); /* checksum 0: none */

	fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	if (fd < 0) {
		die("raw socket");
	}
	to.v4.sin_port = 0;
	if (setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)) < 0 ||
	    sendto(fd, packet, len, 0, &to.any, sizeof(to.v4)) < 0) {
		die("raw send");
	}
	return 0;
}

static int tcp_connect(const char *bind_to, const char *address, const char *port)
{
	union name from, to;
	socklen_t len = name_from(address, port, &to);
	int fd = socket(to.any.sa_family, SOCK_STREAM, 0);

	if (fd < 0) {
		die("socket");
	}
	if (bind_to && bind(fd, &from.any, name_from(bind_to, "0", &from)) < 0) {
		die("bind");
	}
	if (connect(fd, &to.any, len) < 0) {
		die("connect");
	}
	return fd;
}

static int poke_tcp(int argc, char **argv)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	const char *bind_to = NULL;
	uint8_t got[65536];
	size_t len = 0;
	int64_t begin_ms;
	ssize_t n;
	int fd;

	if (argc > 2 && strcmp(argv[0], "-b") == 0) {
		bind_to = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (argc < 2) {
		return 2;
	}
	fd = tcp_connect(bind_to, argv[0], argv[1]);
	begin_ms = now_ms();
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] == '+') {
			usleep((useconds_t)number(argv[i] + 1) * 1000);
		} else if (strcmp(argv[i], "END") == 0) {
			shutdown(fd, SHUT_WR);
		} else if (strcmp(argv[i], "RESET") == 0) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
			close(fd);
			return 0;
		} else if (send(fd, argv[i], strlen(argv[i]), MSG_NOSIGNAL) < 0) {
			break; /* the server has closed: its output is still to be read */
		}
	}
	while (len < sizeof(got) && (n = recv(fd, got + len, sizeof(got) - len, 0)) > 0) {
		len += (size_t)n;
	}
	hex_print(got, len);
	printf(" %lld\n", (long long)(now_ms() - begin_ms));
	return 0;
}

static int poke_hold(int argc, char **argv)
{
	static struct pollfd polls[SOCKETS_MAX];
	int64_t begin_ms, next_ms, first_ms = 0, last_ms = 0;
	const char *from = NULL;
	long every_ms;
	int count, closed = 0;
	char buf[256];

	if (argc > 2 && strcmp(argv[0], "-b") == 0) {
		from = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (argc != 5) {
		return 2;
	}
	count = (int)number(argv[2]);
	every_ms = number(argv[4]);
	if (count > SOCKETS_MAX) {
		return 2;
	}
	begin_ms = now_ms();
	next_ms = every_ms > 0 ? begin_ms : INT64_MAX;
	for (int i = 0; i < count; i++) {
		polls[i] = (struct pollfd){ .fd = tcp_connect(from, argv[0], argv[1]),
			                    .events = POLLIN };
	}
	while (now_ms() < begin_ms + number(argv[3]) * 1000 && closed < count) {
		(void)poll(polls, (nfds_t)count, 20);
		for (int i = 0; i < count; i++) {
			if (polls[i].fd >= 0 && polls[i].revents != 0 &&
			    recv(polls[i].fd, buf, sizeof(buf), MSG_DONTWAIT) <= 0) {
				close(polls[i].fd);
				polls[i].fd = -1;
				last_ms = now_ms() - begin_ms;
				first_ms = closed++ == 0 ? last_ms : first_ms;
			}
		}
		if (now_ms() < next_ms) {
			continue;
		}
		next_ms += every_ms;
		for (int i = 0; i < count; i++) {
			if (polls[i].fd >= 0) {
				(void)send(polls[i].fd, "r", 1,
				           MSG_NOSIGNAL | MSG_DONTWAIT);
			}
		}
	}
	printf("%d %d %lld %lld\n", count, closed, (long long)first_ms, (long long)last_ms);
	return 0;
}

static int poke_text(int argc, char **argv)
{
	static uint8_t buf[DATAGRAM_MAX];

	if (argc != 1) {
		return 2;
	}
	return fwrite(buf, 1, octets_from(argv[0], buf), stdout) > 0 ? 0 : 1;
}

static void set_shared(int fd)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) {
		die("SO_REUSEPORT");
	}
}

static int poke_share(int argc, char **argv)
{
	union name at;
	socklen_t len;
	int fd;

	if (argc != 2) {
		return 2;
	}
	len = name_from(argv[0], argv[1], &at);
	fd = socket(at.any.sa_family, SOCK_DGRAM, 0);
	if (fd < 0) {
		die("socket");
	}
	set_shared(fd);
	if (bind(fd, &at.any, len) < 0) {
		die("bind");
	}
	close(fd);
	return 0;
}

static int poke_activate(int argc, char **argv)
{
	char number_text[16];
	int fd = 3;

	if (argc < 3) {
		return 2;
	}
	for (char *kind = strtok(argv[0], ","); kind; kind = strtok(NULL, ",")) {
		bool is_tcp = strcmp(kind, "tcp") == 0;
		int s = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM | SOCK_NONBLOCK,
		               0);
		union name at;

		(void)name_from("127.0.0.1", "0", &at);
		if (s >= 0 && strcmp(kind, "shared") == 0) {
			set_shared(s);
		}
		if (s < 0 || bind(s, &at.any, sizeof(at.v4)) < 0 ||
		    (is_tcp && listen(s, 8) < 0) || (s != fd && dup2(s, fd) < 0)) {
			die("activate");
		}
		if (s != fd) {
			close(s);
		}
		fd++;
	}
	snprintf(number_text, sizeof(number_text), "%d", fd - 3);
	setenv("LISTEN_FDS", number_text, 1);
	setenv("LISTEN_FDNAMES", argv[1], 1);
	snprintf(number_text, sizeof(number_text), "%ld", (long)getpid());
	setenv("LISTEN_PID", number_text, 1);
	execv(argv[2], argv + 2);
	die(argv[2]);
	return 1;
}

static int poke_word(int argc, char **argv)
{
	long value;
	int fd;

	if (argc != 3) {
		return 2;
	}
	value = number(argv[2]);
	fd = open(argv[0], O_WRONLY | O_CLOEXEC);
	if (fd < 0 ||
	    pwrite(fd, &value, sizeof(value),
	           (off_t)(number(argv[1]) * (long)sizeof(value))) != sizeof(value)) {
		die(argv[0]);
	}
	close(fd);
	return 0;
}

static int poke_notify(int argc, char **argv)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct pollfd wait = { .events = POLLIN };
	int64_t end_ms;
	char buf[1024];
	ssize_t n;

	if (argc != 2 || strlen(argv[0]) >= sizeof(name.sun_path)) {
		return 2;
	}
	memcpy(name.sun_path, argv[0], strlen(argv[0]));
	if (argv[0][0] == '@') {
		name.sun_path[0] = '\0';
	}
	wait.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (wait.fd < 0 || bind(wait.fd, (const struct sockaddr *)&name,
	                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	                                    strlen(argv[0]))) < 0) {
		die("bind");
	}
	end_ms = now_ms() + number(argv[1]) * 1000;
	while (now_ms() < end_ms) {
		if (poll(&wait, 1, (int)(end_ms - now_ms())) <= 0) {
			continue;
		}
		n = recv(wait.fd, buf, sizeof(buf), 0);
		if (n > 0) {
			printf("%.*s\n", (int)n, buf);
			fflush(stdout);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "udp", poke_udp },           { "raw", poke_raw },
		{ "tcp", poke_tcp },           { "hold", poke_hold },
		{ "notify", poke_notify },     { "text", poke_text },
		{ "activate", poke_activate }, { "word", poke_word },
		{ "share", poke_share },
	};
	int r = 2;

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0) {
			r = verbs[i].run(argc - 2, argv + 2);
		}
	}
	if (r == 2) {
		fprintf(stderr, "poke: usage: see the head of its source\n");
	}
	return r;
}
