/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: NTP servers that behave as no honest server does.  They share no
 * code with the programs, so a mistake there is not repeated here.
 *
 *   adversary [-s SEED] (ADDR[:PORT] SCRIPT)...        IPv6 in brackets
 *
 * Prints "server N ADDR:PORT" for each and "ready"; then for each request
 * "asked N MS PORT HEX" (milliseconds since the start, the client's port, the octets).
 *
 * SCRIPT: the replies to the first request; to the second; ... The last is repeated. `/`
 * separates the datagrams for one request; each is given by the words in which it differs
 * from a good reply:
 *
 *   "leap=3"                  each request is answered by one reply with leap 3
 *   "len=47 / wait=20"        47 octets, and 20 ms after the request a good reply
 *   "silent; good"            the first request is lost
 *
 *   good  silent                         a good reply; no reply
 *   leap= version= mode= stratum= poll= precision= rootdelay= rootdisp= (raw fields)
 *   refid=HEX8                           default: one that differs per server
 *   refage=MS refat=WIRESECONDS          reference before T3 (1000); absolute
 *   zero=ref|rec|xmt|stamps|origin       this field zero
 *   flip=BIT                             this bit (0..63) of the origin inverted
 *   flip=all                             64 datagrams, each with another bit inverted
 *   origin=random|server|last|before|N   random; our last transmit stamp; the origin of the last
 *                                        reply; of the request before; of server N's last request
 *   shift=MS at=WIRESECONDS t2=MS t3=MS  time of both stamps; of one stamp only
 *   hold=MS wait=MS                      delay on the way out, on the way back
 *   len=N tail=HEX raw=HEX               cut or padded; more octets; only these octets
 *   again=N                              that many copies (random: each its own)
 *   freeze                               stamps of the first reply
 *   loss=PERCENT                         of the requests, at random
 *   from=ADDR from=port                  sent from another address; from another port
 *   icmp=CODE                            instead: ICMP unreachable (raw socket)
 *   sum=bad sum=good                     sent raw, with that UDP checksum
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SERVERS_MAX = 128,
	REQUESTS_MAX = 8,
	DATAGRAMS_MAX = 4,
	QUEUE_MAX = 4096,
	BURST = 64, /* copies sent before the next check for requests */
	HEADER = 48,
	DATAGRAM_MAX = 65507,
	WIRE_1970 = 2208988800,
};
#define NS_PER_MS INT64_C(1000000)
#define UNSET INT64_MIN

enum { ZERO_REF = 1, ZERO_REC = 2, ZERO_XMT = 4, ZERO_ORIGIN = 8 };
enum origin {
	ORIGIN_RIGHT,
	ORIGIN_RANDOM,
	ORIGIN_OWN,
	ORIGIN_LAST,
	ORIGIN_BEFORE,
	ORIGIN_OF
};
enum { FLIP_ALL = 64 };

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct datagram {
	bool is_silent, is_frozen, is_raw;
	int64_t leap, version, mode, stratum, poll, precision, rootdelay, rootdisp;
	int64_t refid, refage, refat, shift, at, t2, t3, hold, wait, len, again, flip, loss;
	int64_t icmp;
	unsigned zero;
	enum origin origin;
	int64_t origin_of;
	int sum; /* 0: the kernel's; 1: a raw good one; 2: a raw bad one */
	uint8_t tail[1500];
	size_t tail_len;
	int fd; /* the socket to send from; -1: the server's own */
};

struct server {
	int fd;
	union name name;
	struct datagram script[REQUESTS_MAX][DATAGRAMS_MAX];
	size_t datagram_count[REQUESTS_MAX];
	size_t request_count;
	size_t asked;
	uint8_t cookie[8], cookie_before[8];
	uint8_t last_origin[8], last_transmit[8];
	bool has_frozen;
	int64_t frozen_ns;
};

struct pending {
	int64_t due_ns, stamp_ns; /* monotonic; stamp_ns: when T2 and T3 are read */
	uint64_t order;
	struct server *server;
	const struct datagram *what;
	union name to;
	socklen_t to_len;
	uint8_t version, poll;
	uint8_t cookie[8], cookie_before[8];
	bool is_stamped;
	int64_t time_ns; /* Unix; T2 = T3 */
	int64_t left;    /* copies */
};

static struct server servers[SERVERS_MAX];
static size_t server_count;
static struct pending queue[QUEUE_MAX];
static size_t queue_len;
static uint64_t queue_order;
static uint64_t random_state = 20261122;

static void die(const char *what, const char *which)
{
	fprintf(stderr, "adversary: %s %s: %s\n", what, which,
	        errno ? strerror(errno) : "not understood");
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 * NS_PER_MS + ts.tv_nsec;
}

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- reading the command line ---- */

static int64_t number(const char *text, int base)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, base);
	if (errno != 0 || end == text || *end != '\0') {
		die("number", text);
	}
	return value;
}

static size_t octets_from(const char *hex, uint8_t *ret, size_t size)
{
	size_t len = 0;
	unsigned value;

	for (; hex[0] && hex[1] && len < size; hex += 2) {
		if (sscanf(hex, "%2x", &value) != 1) {
			die("hex", hex);
		}
		ret[len++] = (uint8_t)value;
	}
	return len;
}

/* "1.2.3.4", "1.2.3.4:5", "[::1]", "[::1]:5" */
static socklen_t name_from(const char *text, union name *ret)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *end, *port;

	memset(ret, 0, sizeof(*ret));
	end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
	end = end ? end : text + strlen(text);
	if (text[0] == '[') {
		text++;
	}
	snprintf(host, sizeof(host), "%.*s", (int)(end - text), text);
	port = strrchr(end, ':');
	port = port ? port + 1 : "0";
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)number(port, 10));
		return sizeof(ret->v4);
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) != 1) {
		die("address", text);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t)number(port, 10));
	return sizeof(ret->v6);
}

static int bound_socket(const char *text, union name *ret)
{
	socklen_t len = name_from(text, ret);
	int fd = socket(ret->any.sa_family, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, &ret->any, len) < 0 ||
	    getsockname(fd, &ret->any, &len) < 0) {
		die("bind", text);
	}
	return fd;
}

static void print_name(const union name *name, char *buf, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (name->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &name->v4.sin_addr, text, sizeof(text));
		snprintf(buf, size, "%s:%u", text, ntohs(name->v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &name->v6.sin6_addr, text, sizeof(text));
		snprintf(buf, size, "[%s]:%u", text, ntohs(name->v6.sin6_port));
	}
}

/* Another socket of the same server: ADDR with its port, or its address with any port. */
static int other_socket(const struct server *server, const char *where)
{
	char text[INET6_ADDRSTRLEN + 16];
	union name name;

	print_name(&server->name, text, sizeof(text));
	if (strcmp(where, "port") == 0) {
		*strrchr(text, ':') = '\0';
	} else {
		snprintf(text, sizeof(text), "%s:%u", where,
		         ntohs(server->name.v4.sin_port));
	}
	return bound_socket(text, &name);
}

static void parse_origin(struct datagram *d, const char *value)
{
	static const char *const words[] = { "right", "random", "server", "last",
		                             "before" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			d->origin = (enum origin)i;
			return;
		}
	}
	d->origin = ORIGIN_OF;
	d->origin_of = number(value, 10) - 1;
}

static void parse_zero(struct datagram *d, const char *value)
{
	d->zero |= strcmp(value, "ref") == 0      ? ZERO_REF
	           : strcmp(value, "rec") == 0    ? ZERO_REC
	           : strcmp(value, "xmt") == 0    ? ZERO_XMT
	           : strcmp(value, "origin") == 0 ? ZERO_ORIGIN
	           : strcmp(value, "stamps") == 0 ? ZERO_REC | ZERO_XMT
	                                          : (die("zero", value), 0U);
}

static bool parse_number(struct datagram *d, const char *key, const char *value)
{
	const struct {
		const char *key;
		int64_t *at;
	} keys[] = {
		{ "leap", &d->leap },
		{ "version", &d->version },
		{ "mode", &d->mode },
		{ "stratum", &d->stratum },
		{ "poll", &d->poll },
		{ "precision", &d->precision },
		{ "rootdelay", &d->rootdelay },
		{ "rootdisp", &d->rootdisp },
		{ "refage", &d->refage },
		{ "refat", &d->refat },
		{ "shift", &d->shift },
		{ "at", &d->at },
		{ "t2", &d->t2 },
		{ "t3", &d->t3 },
		{ "hold", &d->hold },
		{ "wait", &d->wait },
		{ "len", &d->len },
		{ "again", &d->again },
		{ "loss", &d->loss },
		{ "icmp", &d->icmp },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i].key) == 0) {
			*keys[i].at = number(value, 0);
			return true;
		}
	}
	return false;
}

static void parse_word(struct server *server, struct datagram *d, char *word)
{
	char *value = strchr(word, '=');

	if (!value) {
		d->is_silent |= strcmp(word, "silent") == 0;
		d->is_frozen |= strcmp(word, "freeze") == 0;
		if (!d->is_silent && !d->is_frozen && strcmp(word, "good") != 0) {
			die("word", word);
		}
		return;
	}
	*value++ = '\0';
	if (parse_number(d, word, value)) {
		return;
	}
	if (strcmp(word, "origin") == 0) {
		parse_origin(d, value);
	} else if (strcmp(word, "zero") == 0) {
		parse_zero(d, value);
	} else if (strcmp(word, "flip") == 0) {
		d->flip = strcmp(value, "all") == 0 ? FLIP_ALL : number(value, 10);
		d->again = d->flip == FLIP_ALL ? 64 : d->again;
	} else if (strcmp(word, "refid") == 0) {
		d->refid = number(value, 16);
	} else if (strcmp(word, "tail") == 0 || strcmp(word, "raw") == 0) {
		d->is_raw |= word[0] == 'r';
		d->tail_len = octets_from(value, d->tail, sizeof(d->tail));
	} else if (strcmp(word, "from") == 0) {
		d->fd = other_socket(server, value);
	} else if (strcmp(word, "sum") == 0) {
		d->sum = strcmp(value, "bad") == 0 ? 2 : 1;
	} else {
		die("word", word);
	}
}

static void parse_datagram(struct server *server, size_t request, char *text)
{
	size_t index = server->datagram_count[request]++;
	struct datagram *d = &server->script[request][index];
	char *state = NULL;

	if (index >= DATAGRAMS_MAX) {
		die("too many datagrams", text);
	}
	*d = (struct datagram){
		.version = UNSET,
		.mode = 4,
		.stratum = 2,
		.poll = UNSET,
		.precision = -20,
		.rootdisp = 7, /* about 0.1 ms */
		.refid = 0x0a000001 + (server - servers) * 256,
		.refage =
			1000 +
			(server -
		         servers), /* differs per server: they must not look like one daemon */
		.at = UNSET,
		.refat = UNSET,
		.len = -1,
		.again = 1,
		.flip = -1,
		.icmp = -1,
		.fd = -1,
	};
	for (char *word = strtok_r(text, " \t\n", &state); word;
	     word = strtok_r(NULL, " \t\n", &state)) {
		parse_word(server, d, word);
	}
}

static void parse_script(struct server *server, char *script)
{
	char *request_state = NULL;

	errno = 0;
	for (char *request = strtok_r(script, ";", &request_state); request;
	     request = strtok_r(NULL, ";", &request_state)) {
		char *state = NULL;

		if (server->request_count >= REQUESTS_MAX) {
			die("too many requests", request);
		}
		for (char *one = strtok_r(request, "/", &state); one;
		     one = strtok_r(NULL, "/", &state)) {
			parse_datagram(server, server->request_count, one);
		}
		server->request_count++;
	}
	if (server->request_count == 0) {
		die("script", "empty");
	}
}

/* ---- building a datagram ---- */

static void put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, 4);
}

/* Rounded up, so that a stamp is never earlier than the clock that it was read from:
 * an early T3 would give a negative delay. */
static void put_time(uint8_t *at, int64_t unix_ns)
{
	int64_t s = unix_ns / (1000 * NS_PER_MS), ns = unix_ns % (1000 * NS_PER_MS);

	if (ns < 0) {
		ns += 1000 * NS_PER_MS;
		s--;
	}
	put32(at, (uint32_t)(s + WIRE_1970));
	put32(at + 4, (uint32_t)((((uint64_t)ns << 32) + 999999999) / 1000000000));
}

static void put_origin(const struct pending *p, uint8_t *at)
{
	const struct datagram *d = p->what;
	uint64_t random = next_random();

	switch (d->origin) {
	case ORIGIN_RIGHT:
		memcpy(at, p->cookie, 8);
		break;
	case ORIGIN_RANDOM:
		memcpy(at, &random, 8);
		break;
	case ORIGIN_OWN:
		memcpy(at, p->server->last_transmit, 8);
		break;
	case ORIGIN_LAST:
		memcpy(at, p->server->last_origin, 8);
		break;
	case ORIGIN_BEFORE:
		memcpy(at, p->cookie_before, 8);
		break;
	case ORIGIN_OF:
		memcpy(at, servers[d->origin_of].cookie, 8);
		break;
	}
	if (d->flip >= 0) {
		int64_t bit = d->flip == FLIP_ALL ? p->left - 1 : d->flip;

		at[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
	if (d->zero & ZERO_ORIGIN) {
		memset(at, 0, 8);
	}
}

static int64_t told_ns(struct pending *p)
{
	const struct datagram *d = p->what;
	int64_t ns = p->time_ns + d->shift * NS_PER_MS;

	if (d->at != UNSET) {
		ns = (d->at - WIRE_1970) * 1000 * NS_PER_MS;
	}
	if (d->is_frozen) {
		if (!p->server->has_frozen) {
			p->server->frozen_ns = ns;
			p->server->has_frozen = true;
		}
		ns = p->server->frozen_ns;
	}
	return ns;
}

static size_t build(struct pending *p, uint8_t *buf)
{
	const struct datagram *d = p->what;
	int64_t ns = told_ns(p);
	size_t len = HEADER;

	if (d->is_raw) {
		memcpy(buf, d->tail, d->tail_len);
		return d->tail_len;
	}
	buf[0] = (uint8_t)((d->leap & 3) << 6 |
	                   ((d->version == UNSET ? p->version : d->version) & 7) << 3 |
	                   (d->mode & 7));
	buf[1] = (uint8_t)d->stratum;
	buf[2] = (uint8_t)(d->poll == UNSET ? p->poll : d->poll);
	buf[3] = (uint8_t)d->precision;
	put32(buf + 4, (uint32_t)d->rootdelay);
	put32(buf + 8, (uint32_t)d->rootdisp);
	put32(buf + 12, (uint32_t)d->refid);
	put_time(buf + 16, ns - d->refage * NS_PER_MS);
	put_origin(p, buf + 24);
	put_time(buf + 32, ns + d->t2 * NS_PER_MS);
	put_time(buf + 40, ns + d->t3 * NS_PER_MS);
	if (d->refat != UNSET) {
		put_time(buf + 16, (d->refat - WIRE_1970) * 1000 * NS_PER_MS);
	}
	if (d->zero & ZERO_REF) {
		memset(buf + 16, 0, 8);
	}
	if (d->zero & ZERO_REC) {
		memset(buf + 32, 0, 8);
	}
	if (d->zero & ZERO_XMT) {
		memset(buf + 40, 0, 8);
	}
	memcpy(p->server->last_origin, buf + 24, 8);
	memcpy(p->server->last_transmit, buf + 40, 8);
	memcpy(buf + len, d->tail, d->tail_len);
	len += d->tail_len;
	if (d->len >= 0) {
		if ((size_t)d->len > len) {
			memset(buf + len, 0, (size_t)d->len - len);
		}
		len = (size_t)d->len;
	}
	return len;
}

/* ---- sending ---- */

static uint16_t checksum(const uint8_t *octets, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += (uint32_t)octets[i] << (i % 2 ? 0 : 8);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void send_raw(int protocol, const struct pending *p, const uint8_t *octets,
                     size_t len)
{
	union name from = p->server->name, to = p->to;
	int fd = socket(AF_INET, SOCK_RAW, protocol);

	from.v4.sin_port = 0;
	to.v4.sin_port = 0;
	if (fd < 0 || bind(fd, &from.any, sizeof(from.v4)) < 0 ||
	    sendto(fd, octets, len, 0, &to.any, sizeof(to.v4)) < 0) {
		die("raw", "send");
	}
	close(fd);
}

static void send_icmp(const struct pending *p)
{
	uint8_t m[8 + 20 + 8] = { 3, (uint8_t)p->what->icmp };
	uint8_t *ip = m + 8, *udp = ip + 20;
	uint16_t sum;

	ip[0] = 0x45;
	ip[3] = 20 + 8 + HEADER;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &p->to.v4.sin_addr, 4);
	memcpy(ip + 16, &p->server->name.v4.sin_addr, 4);
	memcpy(udp, &p->to.v4.sin_port, 2);
	memcpy(udp + 2, &p->server->name.v4.sin_port, 2);
	udp[5] = 8 + HEADER;
	sum = htons(checksum(m, sizeof(m), 0));
	memcpy(m + 2, &sum, 2);
	send_raw(IPPROTO_ICMP, p, m, sizeof(m));
}

static void send_summed(const struct pending *p, const uint8_t *octets, size_t len)
{
	uint8_t m[12 + 8 + 1500] = { 0 }; /* the pseudo header of RFC 768 first */
	uint16_t sum, udp_len = htons((uint16_t)(8 + len));

	memcpy(m, &p->server->name.v4.sin_addr, 4);
	memcpy(m + 4, &p->to.v4.sin_addr, 4);
	m[9] = IPPROTO_UDP;
	memcpy(m + 10, &udp_len, 2);
	memcpy(m + 12, &p->server->name.v4.sin_port, 2);
	memcpy(m + 14, &p->to.v4.sin_port, 2);
	memcpy(m + 16, &udp_len, 2);
	memcpy(m + 20, octets, len);
	sum = checksum(m, 20 + len, 0);
	sum = htons(p->what->sum == 2 ? sum ^ 0x0101 : sum);
	memcpy(m + 18, &sum, 2);
	send_raw(IPPROTO_UDP, p, m + 12, 8 + len);
}

static void send_one(struct pending *p)
{
	static uint8_t buf[DATAGRAM_MAX + 1500];
	size_t len;

	if (p->what->icmp >= 0) {
		send_icmp(p);
		return;
	}
	len = build(p, buf);
	if (p->what->sum != 0) {
		send_summed(p, buf, len);
		return;
	}
	/* A full queue and a client that is gone are ordinary network losses. */
	(void)sendto(p->what->fd >= 0 ? p->what->fd : p->server->fd, buf, len, 0,
	             &p->to.any, p->to_len);
}

static int64_t next_ns(const struct pending *p)
{
	return p->is_stamped ? p->due_ns : p->stamp_ns;
}

static struct pending *earliest(void)
{
	struct pending *first = NULL;

	for (size_t i = 0; i < queue_len; i++) {
		if (!first || next_ns(&queue[i]) < next_ns(first) ||
		    (next_ns(&queue[i]) == next_ns(first) &&
		     queue[i].order < first->order)) {
			first = &queue[i];
		}
	}
	return first;
}

/* Sends the datagrams that are due, a limited number at a time; returns the milliseconds
 * until the next. */
static int work(void)
{
	for (int i = 0; i < BURST; i++) {
		struct pending *p = earliest();
		int64_t left_ns;

		if (!p) {
			return -1;
		}
		left_ns = next_ns(p) - clock_ns(CLOCK_MONOTONIC);
		if (left_ns > 0) {
			return (int)(left_ns / NS_PER_MS) + 1;
		}
		if (!p->is_stamped) {
			p->time_ns = clock_ns(CLOCK_REALTIME);
			p->is_stamped = true;
			continue;
		}
		send_one(p);
		if (--p->left == 0) {
			*p = queue[--queue_len];
		}
	}
	return 0;
}

/* ---- receiving ---- */

static void note(const struct server *server, const union name *from, const uint8_t *buf,
                 size_t len, int64_t now_ns)
{
	static int64_t start_ns;

	start_ns = start_ns ? start_ns : now_ns;
	printf("asked %zu %lld %u ", (size_t)(server - servers) + 1,
	       (long long)((now_ns - start_ns) / NS_PER_MS), ntohs(from->v4.sin_port));
	for (size_t i = 0; i < len; i++) {
		printf("%02x", buf[i]);
	}
	printf("\n");
	fflush(stdout);
}

static void take_request(struct server *server)
{
	uint8_t buf[1024] = { 0 };
	union name from;
	socklen_t from_len = sizeof(from);
	ssize_t len =
		recvfrom(server->fd, buf, sizeof(buf), MSG_DONTWAIT, &from.any, &from_len);
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	size_t request;

	if (len < 0) {
		return;
	}
	note(server, &from, buf, (size_t)len, now_ns);
	request = server->asked < server->request_count ? server->asked
	                                                : server->request_count - 1;
	server->asked++;
	memcpy(server->cookie_before, server->cookie, 8);
	memcpy(server->cookie, buf + 40, 8);
	for (size_t i = 0; i < server->datagram_count[request]; i++) {
		const struct datagram *d = &server->script[request][i];

		if (d->is_silent || queue_len == QUEUE_MAX ||
		    (int64_t)(next_random() >> 11) % 100 < d->loss) {
			continue;
		}
		queue[queue_len] = (struct pending){
			.stamp_ns = now_ns + d->hold * NS_PER_MS,
			.due_ns = now_ns + (d->hold + d->wait) * NS_PER_MS,
			.order = queue_order++,
			.server = server,
			.what = d,
			.to = from,
			.to_len = from_len,
			.version = buf[0] >> 3 & 7,
			.poll = buf[2],
			.left = d->again,
		};
		memcpy(queue[queue_len].cookie, server->cookie, 8);
		memcpy(queue[queue_len].cookie_before, server->cookie_before, 8);
		queue_len++;
	}
}

int main(int argc, char **argv)
{
	static struct pollfd polls[SERVERS_MAX];
	char text[INET6_ADDRSTRLEN + 16];
	int wait_ms = -1, i = 1;

	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		random_state = (uint64_t)number(argv[2], 10);
		i = 3;
	}
	for (; i + 1 < argc && server_count < SERVERS_MAX; i += 2) {
		struct server *server = &servers[server_count];

		server->fd = bound_socket(argv[i], &server->name);
		parse_script(server, argv[i + 1]);
		polls[server_count] = (struct pollfd){ .fd = server->fd, .events = POLLIN };
		print_name(&server->name, text, sizeof(text));
		printf("server %zu %s\n", ++server_count, text);
	}
	if (i != argc || server_count == 0) {
		fprintf(stderr, "adversary: usage: see the head of its source\n");
		return 2;
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		(void)poll(polls, (nfds_t)server_count, wait_ms);
		for (size_t k = 0; k < server_count; k++) {
			if (polls[k].revents != 0) {
				take_request(&servers[k]);
			}
		}
		wait_ms = work();
	}
}
