/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: a time server that speaks NTS (RFC 8915), honest unless told otherwise.  It
 * shares no code with the programs, so a mistake there is not repeated here.
 *
 *   nts_server OPTION...
 *
 *   --certificate FILE --key FILE   PEM, a chain and its key
 *   --ke ADDR[:PORT] --ntp ADDR[:PORT]   where it listens (127.0.0.1 and any port); may be repeated
 *   --offset SECONDS --time UNIX    its clock's error; the time that it has at the start
 *   --steady                        its clock goes on when that of the machine is set
 *   --stratum N --leap N --root-delay SECONDS --root-dispersion SECONDS
 *   --delay-ms MS                   round trip of both; --ke-delay-ms, --ntp-delay-ms of one: each
 *                                   flight of TLS and each reply waits for it
 *   --server-record NAME --port-record N   instead of none, and of its own port
 *   --cookie-key TEXT               its cookies outlive it (random)
 *   --cookie-length N               100 or more
 *   --mode NAME                     misbehaves; may be repeated.  `--modes` lists them
 *   --from N                        the modes and scripts after it begin with the Nth exchange or reply
 *   --exchange SCRIPT --reply SCRIPT     as in nts_script.h
 *   --no-plain                      requests without NTS get no reply
 *   --log FILE                      one line for each event (stderr)
 *
 * Prints "ready KE-PORT NTP-PORT".  The log:
 *
 *   ke-begin N CLIENT
 *   ke N CLIENT sni=NAME request=OCTETS verdict=ok response=OCTETS
 *   ke-end N CLIENT done|reset|silent|closed|...
 *   ntp N CLIENT len=228 verdict=ok uid=HEX cookie=HEX cookie-len=100 is-reused=no placeholders=0 replies=1
 *
 * `cookie` is the start of it, its nonce, which no other cookie has; verdict: ok, plain, bad-cookie,
 * forged (both answered by NTSN), or what is wrong (not answered).
 */
#include "nts_exchange.h"
#include "nts_reply.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>

enum {
	LISTENERS_MAX = 8,
	QUEUE_MAX = 4096,
	COOKIES_SEEN_MAX = 65536,
	BURST = 64, /* datagrams sent before a pause, so that a socket buffer can hold them */
};

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct listener {
	int fd;
	bool is_exchange;
	unsigned port;
};

struct pending {
	int64_t due_ns;
	int fd;
	union name to;
	size_t len;
	uint8_t *octets;
};

static struct exchange_settings settings = { .cookie_len = COOKIE_OCTETS,
	                                     .record_port = 0,
	                                     .log_fd = 2 };
static struct clock_settings own_clock = { .stratum = 2, .root_dispersion = 7 };
static struct script reply_script;
static int64_t ntp_delay_ns;
static bool is_without_plain;
static clockid_t base_clock = CLOCK_REALTIME;
static struct listener listeners[LISTENERS_MAX];
static size_t listener_count;
static struct pending queue[QUEUE_MAX];
static size_t queue_len;
static uint8_t cookies_seen[COOKIES_SEEN_MAX][COOKIE_NONCE_OCTETS];
static size_t cookies_seen_count;
static struct octets last_reply;
static long exchange_count, reply_count, request_count;

/* ---- sockets ---- */

static socklen_t name_len(const union name *name)
{
	return name->any.sa_family == AF_INET ? sizeof(name->v4) : sizeof(name->v6);
}

/* "1.2.3.4", "1.2.3.4:5", "[::1]", "[::1]:5" */
static void name_from(const char *text, union name *ret)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *end, *port;

	memset(ret, 0, sizeof(*ret));
	end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
	end = end ? end : text + strlen(text);
	text += text[0] == '[';
	snprintf(host, sizeof(host), "%.*s", (int)(end - text), text);
	port = strrchr(end, ':');
	port = port ? port + 1 : "0";
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)number(port));
	} else if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)number(port));
	} else {
		errno = 0;
		die("address", text);
	}
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

static void listen_at(const char *text, bool is_exchange)
{
	struct listener *l = &listeners[listener_count++];
	const int on = 1;
	union name name;
	socklen_t len;

	if (listener_count > LISTENERS_MAX) {
		errno = E2BIG;
		die("listen", text);
	}
	name_from(text, &name);
	len = name_len(&name);
	l->is_exchange = is_exchange;
	l->fd = socket(
		name.any.sa_family,
		(is_exchange ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (name.any.sa_family == AF_INET6) {
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (l->fd < 0 || bind(l->fd, &name.any, len) < 0 ||
	    (is_exchange && listen(l->fd, 64) < 0) ||
	    getsockname(l->fd, &name.any, &len) < 0) {
		die("listen", text);
	}
	l->port = ntohs(name.v4.sin_port);
}

static unsigned first_port(bool is_exchange)
{
	for (size_t i = 0; i < listener_count; i++) {
		if (listeners[i].is_exchange == is_exchange) {
			return listeners[i].port;
		}
	}
	listen_at("127.0.0.1:0", is_exchange);
	return listeners[listener_count - 1].port;
}

/* ---- key exchange ---- */

static void start_exchange(const struct listener *l)
{
	static struct exchange x;
	union name client;
	socklen_t len = sizeof(client);
	int fd = accept(l->fd, &client.any, &len);
	pid_t pid;

	if (fd < 0) {
		return;
	}
	exchange_count++;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGALRM, SIG_DFL);
		memset(&x, 0, sizeof(x));
		x.settings = &settings;
		x.fd = fd;
		x.number = exchange_count;
		print_name(&client, x.client, sizeof(x.client));
		for (size_t i = 0; i < listener_count; i++) {
			close(listeners[i].fd);
		}
		exchange(&x);
	}
	close(fd);
}

/* ---- NTP ---- */

static void later(int64_t due_ns, int fd, const union name *to, const uint8_t *octets,
                  size_t len)
{
	struct pending *p;

	if (queue_len >= QUEUE_MAX) {
		return;
	}
	p = &queue[queue_len++];
	*p = (struct pending){ .due_ns = due_ns, .fd = fd, .to = *to, .len = len };
	p->octets = malloc(len + 1);
	if (!p->octets) {
		die("malloc", "");
	}
	memcpy(p->octets, octets, len);
}

static void send_due(void)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t kept = 0, sent = 0;

	for (size_t i = 0; i < queue_len; i++) {
		struct pending *p = &queue[i];

		if (p->due_ns > now || sent >= BURST) {
			queue[kept++] = *p;
			continue;
		}
		sendto(p->fd, p->octets, p->len, 0, &p->to.any, name_len(&p->to));
		free(p->octets);
		sent++;
	}
	queue_len = kept;
	if (sent >= BURST) {
		sleep_ms(2);
	}
}

static bool is_cookie_reused(const struct request *q)
{
	if (q->cookie_len < COOKIE_NONCE_OCTETS) {
		return false;
	}
	for (size_t i = 0; i < cookies_seen_count; i++) {
		if (memcmp(cookies_seen[i], q->cookie, COOKIE_NONCE_OCTETS) == 0) {
			return true;
		}
	}
	if (cookies_seen_count < COOKIES_SEEN_MAX) {
		memcpy(cookies_seen[cookies_seen_count++], q->cookie, COOKIE_NONCE_OCTETS);
	}
	return false;
}

/* The octets of the reply at that time; each with one bit flipped when the words have it so. */
static void send_copies(const struct words *words, int64_t due_ns, int fd,
                        const union name *to, struct octets *o)
{
	const char *bits = value_in(words, "bits");
	int64_t first, last;

	if (bits && strchr(bits, '-')) {
		first = number(bits);
		last = number(strchr(bits, '-') + 1);
		for (int64_t bit = first; bit <= last && bit / 8 < (int64_t)o->len; bit++) {
			o->at[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			later(due_ns, fd, to, o->at, o->len);
			o->at[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		}
		return;
	}
	for (int64_t copies = number_in(words, "again", 1); copies > 0; copies--) {
		later(due_ns, fd, to, o->at, o->len);
	}
}

static void reply_to(const struct request *q, const char *step, int fd,
                     const union name *to, int64_t came_mono_ns)
{
	static struct reply reply;
	/* The delay is the same both ways: the stamps lie in its middle. */
	int64_t time_ns = clock_ns(base_clock) + own_clock.shift_ns + ntp_delay_ns / 2;
	struct words words;

	for (size_t i = 0; i < parts_in(step, '/'); i++) {
		int64_t due_ns = came_mono_ns + ntp_delay_ns;

		part_of(step, '/', i, &words);
		split_words(&words);
		if (value_in(&words, "silent")) {
			continue;
		}
		due_ns += number_in(&words, "wait", 0) * NS_PER_MS;
		reply.request = q;
		reply.words = &words;
		if (value_in(&words, "replay") && last_reply.len > 0) {
			copy(&reply.packet, &last_reply);
		} else {
			reply_make(&reply, &own_clock, time_ns);
			copy(&last_reply, &reply.packet);
		}
		send_copies(&words, due_ns, fd, to, &reply.packet);
	}
}

static const char *step_for(const char *verdict)
{
	static struct words step;

	if (strcmp(verdict, "ok") == 0) {
		part_of(reply_script.text, ';', (size_t)reply_count++, &step);
		return step.text;
	}
	if (strcmp(verdict, "bad-cookie") == 0 || strcmp(verdict, "forged") == 0) {
		return "ntsn";
	}
	return strcmp(verdict, "plain") == 0 && !is_without_plain ? "none" : "silent";
}

static void receive(const struct listener *l)
{
	static uint8_t packet[65536];
	struct request q = { .packet = packet };
	union name client;
	socklen_t len = sizeof(client);
	ssize_t got = recvfrom(l->fd, packet, sizeof(packet), 0, &client.any, &len);
	int64_t came_ns = clock_ns(CLOCK_MONOTONIC);
	char who[64], uid[129], cookie[2 * COOKIE_NONCE_OCTETS + 1];
	const char *verdict;
	size_t queued = queue_len;

	if (got < 0) {
		return;
	}
	q.len = (size_t)got;
	verdict = request_read(&q);
	reply_to(&q, step_for(verdict), l->fd, &client, came_ns);
	print_name(&client, who, sizeof(who));
	to_hex(q.uid, q.uid ? q.uid_len : 0, uid, sizeof(uid));
	to_hex(q.cookie, q.cookie ? q.cookie_len : 0, cookie, sizeof(cookie));
	log_line(settings.log_fd,
	         "ntp %ld %s len=%zu verdict=%s uid=%s cookie=%s cookie-len=%zu "
	         "is-reused=%s "
	         "placeholders=%zu replies=%zu",
	         ++request_count, who, q.len, verdict, uid, cookie, q.cookie_len,
	         is_cookie_reused(&q) ? "yes" : "no", q.placeholder_count,
	         queue_len - queued);
}

static void serve(void)
{
	struct pollfd pollers[LISTENERS_MAX];
	struct timespec ts;

	for (;;) {
		int64_t wait_ns = 3600 * NS_PER_S, now = clock_ns(CLOCK_MONOTONIC);

		for (size_t i = 0; i < queue_len; i++) {
			int64_t left = queue[i].due_ns > now ? queue[i].due_ns - now : 0;

			wait_ns = left < wait_ns ? left : wait_ns;
		}
		for (size_t i = 0; i < listener_count; i++) {
			pollers[i] = (struct pollfd){ listeners[i].fd, POLLIN, 0 };
		}
		ts = (struct timespec){ wait_ns / NS_PER_S, wait_ns % NS_PER_S };
		if (ppoll(pollers, listener_count, &ts, NULL) < 0 && errno != EINTR) {
			die("poll", "");
		}
		for (size_t i = 0; i < listener_count; i++) {
			if ((pollers[i].revents & POLLIN) && listeners[i].is_exchange) {
				start_exchange(&listeners[i]);
			} else if (pollers[i].revents & POLLIN) {
				receive(&listeners[i]);
			}
		}
		send_due();
	}
}

/* ---- command line ---- */

static double decimal(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end) {
		errno = 0;
		die("number", text);
	}
	return value;
}

static void set_cookie_key(const char *text)
{
	random_octets(cookie_key, sizeof(cookie_key));
	if (text) {
		memset(cookie_key, 0, sizeof(cookie_key));
		memcpy(cookie_key, text, strnlen(text, sizeof(cookie_key)));
	}
}

enum {
	OPTION_CERTIFICATE = 1,
	OPTION_KEY,
	OPTION_KE,
	OPTION_NTP,
	OPTION_OFFSET,
	OPTION_TIME,
	OPTION_STEADY,
	OPTION_STRATUM,
	OPTION_LEAP,
	OPTION_ROOT_DELAY,
	OPTION_ROOT_DISPERSION,
	OPTION_DELAY_MS,
	OPTION_KE_DELAY_MS,
	OPTION_NTP_DELAY_MS,
	OPTION_SERVER_RECORD,
	OPTION_PORT_RECORD,
	OPTION_COOKIE_KEY,
	OPTION_COOKIE_LENGTH,
	OPTION_MODE,
	OPTION_MODES,
	OPTION_FROM,
	OPTION_EXCHANGE,
	OPTION_REPLY,
	OPTION_NO_PLAIN,
	OPTION_LOG,
};

static const struct option options[] = {
	{ "certificate", 1, NULL, OPTION_CERTIFICATE },
	{ "key", 1, NULL, OPTION_KEY },
	{ "ke", 1, NULL, OPTION_KE },
	{ "ntp", 1, NULL, OPTION_NTP },
	{ "offset", 1, NULL, OPTION_OFFSET },
	{ "time", 1, NULL, OPTION_TIME },
	{ "steady", 0, NULL, OPTION_STEADY },
	{ "stratum", 1, NULL, OPTION_STRATUM },
	{ "leap", 1, NULL, OPTION_LEAP },
	{ "root-delay", 1, NULL, OPTION_ROOT_DELAY },
	{ "root-dispersion", 1, NULL, OPTION_ROOT_DISPERSION },
	{ "delay-ms", 1, NULL, OPTION_DELAY_MS },
	{ "ke-delay-ms", 1, NULL, OPTION_KE_DELAY_MS },
	{ "ntp-delay-ms", 1, NULL, OPTION_NTP_DELAY_MS },
	{ "server-record", 1, NULL, OPTION_SERVER_RECORD },
	{ "port-record", 1, NULL, OPTION_PORT_RECORD },
	{ "cookie-key", 1, NULL, OPTION_COOKIE_KEY },
	{ "cookie-length", 1, NULL, OPTION_COOKIE_LENGTH },
	{ "mode", 1, NULL, OPTION_MODE },
	{ "modes", 0, NULL, OPTION_MODES },
	{ "from", 1, NULL, OPTION_FROM },
	{ "exchange", 1, NULL, OPTION_EXCHANGE },
	{ "reply", 1, NULL, OPTION_REPLY },
	{ "no-plain", 0, NULL, OPTION_NO_PLAIN },
	{ "log", 1, NULL, OPTION_LOG },
	{ NULL, 0, NULL, 0 },
};

/* Options that are neither a number of the clock nor a file. */
static void set_behaviour(int option, const char *value)
{
	static long from = 1;

	switch (option) {
	case OPTION_KE:
	case OPTION_NTP:
		listen_at(value, option == OPTION_KE);
		break;
	case OPTION_SERVER_RECORD:
		settings.server = value;
		break;
	case OPTION_PORT_RECORD:
		settings.record_port = (unsigned)number(value);
		break;
	case OPTION_COOKIE_KEY:
		set_cookie_key(value);
		break;
	case OPTION_COOKIE_LENGTH:
		settings.cookie_len = (size_t)number(value);
		break;
	case OPTION_MODE:
		add_mode(&settings.script, &reply_script, value, from);
		break;
	case OPTION_MODES:
		list_modes();
		exit(0);
	case OPTION_FROM:
		from = (long)number(value);
		break;
	case OPTION_EXCHANGE:
		add_to_script(&settings.script, value, from);
		break;
	case OPTION_REPLY:
		add_to_script(&reply_script, value, from);
		break;
	case OPTION_NO_PLAIN:
		is_without_plain = true;
		break;
	default:
		fprintf(stderr, "nts_server: its source begins with the options\n");
		exit(2);
	}
}

static void set_clock(int option, const char *value)
{
	switch (option) {
	case OPTION_OFFSET:
		own_clock.shift_ns += (int64_t)(decimal(value) * 1e9);
		break;
	case OPTION_TIME:
		own_clock.shift_ns += number(value) * NS_PER_S - clock_ns(base_clock);
		break;
	case OPTION_STEADY:
		own_clock.shift_ns += clock_ns(base_clock) - clock_ns(CLOCK_MONOTONIC);
		base_clock = CLOCK_MONOTONIC;
		break;
	case OPTION_STRATUM:
		own_clock.stratum = number(value);
		break;
	case OPTION_LEAP:
		own_clock.leap = number(value);
		break;
	case OPTION_ROOT_DELAY:
		own_clock.root_delay = (uint32_t)(decimal(value) * 65536);
		break;
	case OPTION_ROOT_DISPERSION:
		own_clock.root_dispersion = (uint32_t)(decimal(value) * 65536);
		break;
	case OPTION_DELAY_MS:
		settings.delay_ms = number(value);
		ntp_delay_ns = number(value) * NS_PER_MS;
		break;
	case OPTION_KE_DELAY_MS:
		settings.delay_ms = number(value);
		break;
	case OPTION_NTP_DELAY_MS:
		ntp_delay_ns = number(value) * NS_PER_MS;
		break;
	default:
		set_behaviour(option, value);
	}
}

static void load_certificate(const char *certificate, const char *key)
{
	int r;

	gnutls_certificate_allocate_credentials(&settings.credentials);
	if (!certificate || !key) {
		errno = 0;
		die("certificate and key", "");
	}
	r = gnutls_certificate_set_x509_key_file(settings.credentials, certificate, key,
	                                         GNUTLS_X509_FMT_PEM);
	if (r < 0) {
		fprintf(stderr, "nts_server: %s: %s\n", certificate, gnutls_strerror(r));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	const char *certificate = NULL, *key = NULL;
	unsigned ke_port, ntp_port;
	int option;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	set_cookie_key(NULL);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_CERTIFICATE) {
			certificate = optarg;
		} else if (option == OPTION_KEY) {
			key = optarg;
		} else if (option == OPTION_LOG) {
			settings.log_fd = open(
				optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
			if (settings.log_fd < 0) {
				die("log", optarg);
			}
		} else {
			set_clock(option, optarg);
		}
	}
	load_certificate(certificate, key);
	ke_port = first_port(true);
	ntp_port = first_port(false);
	settings.record_port = settings.record_port ? settings.record_port : ntp_port;
	memcpy(own_clock.refid,
	       (uint8_t[4]){ 10, 0, (uint8_t)(ntp_port >> 8), (uint8_t)ntp_port }, 4);
	printf("ready %u %u\n", ke_port, ntp_port);
	fflush(stdout);
	serve();
}
