/* SPDX-License-Identifier: MIT
 *
 * For nts_server.c: a key exchange, in a process of its own.
 */
#ifndef NTS_EXCHANGE_H
#define NTS_EXCHANGE_H

#include "nts_script.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 16384, EXCHANGE_LIMIT_S = 120, NTP_PORT = 123 };

/* Needed by all exchanges. */
struct exchange_settings {
	gnutls_certificate_credentials_t credentials;
	struct script script;
	int64_t delay_ms;
	size_t cookie_len;
	const char *server;   /* Server record; NULL: none */
	unsigned record_port; /* Port record; NTP_PORT: none */
	int log_fd;
};

struct exchange {
	const struct exchange_settings *settings;
	int fd;
	long number; /* 1.. */
	char client[64];
	struct words words;
	gnutls_session_t session;
	struct octets out; /* until the other side is waited for: a flight is one write */
	struct octets request, response;
	struct keys keys;
	bool is_established;
	bool is_answered; /* the client may leave now */
	char sni[256];
};

/* A line in one write: several processes share the file. */
__attribute__((format(printf, 2, 3))) static void log_line(int fd, const char *format, ...)
{
	char line[8192];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2) {
		len = (int)sizeof(line) - 2;
	}
	line[len++] = '\n';
	if (write(fd, line, (size_t)len) != len) {
		perror("nts_server: log");
	}
}

/* ---- the end ---- */

__attribute__((noreturn)) static void leave(struct exchange *x, const char *how)
{
	log_line(x->settings->log_fd, "ke-end %ld %s %s", x->number, x->client, how);
	_exit(0);
}

static void wait_until_closed(struct exchange *x, int limit_ms)
{
	uint8_t rest[4096];
	struct pollfd poller = { .fd = x->fd, .events = POLLIN };

	while (poll(&poller, 1, limit_ms) > 0 && recv(x->fd, rest, sizeof(rest), 0) > 0) {
	}
}

static void reset(struct exchange *x)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(x->fd);
}

static void flush(struct exchange *x);

static bool is_stage(const struct exchange *x, const char *action, const char *stage)
{
	const char *value = value_in(&x->words, action);

	return value && strcmp(value, stage) == 0;
}

/* Ends here when the script has it so. */
static void at_stage(struct exchange *x, const char *stage)
{
	if (is_stage(x, "silent", stage)) {
		flush(x);
		wait_until_closed(x, EXCHANGE_LIMIT_S * 1000);
		leave(x, "silent");
	} else if (is_stage(x, "reset", stage)) {
		flush(x);
		reset(x);
		leave(x, "reset");
	} else if (is_stage(x, "close", stage)) {
		flush(x);
		close(x->fd);
		leave(x, "closed");
	}
}

static bool ends_at(const struct exchange *x, const char *stage)
{
	return is_stage(x, "silent", stage) || is_stage(x, "reset", stage) ||
	       is_stage(x, "close", stage);
}

/* ---- octets under TLS ---- */

static void send_all(struct exchange *x, const uint8_t *octets, size_t len)
{
	ssize_t sent;

	while (len > 0) {
		sent = send(x->fd, octets, len, MSG_NOSIGNAL);
		if (sent <= 0) {
			leave(x, x->is_answered ? "done" : "cannot-send");
		}
		octets += sent;
		len -= (size_t)sent;
	}
}

static void flush(struct exchange *x)
{
	int64_t pause_ms = number_in(&x->words, "slow", 0);
	size_t len = x->out.len;

	if (len == 0) {
		return;
	}
	x->out.len = 0;
	sleep_ms(x->settings->delay_ms);
	if (!x->is_established && ends_at(x, "flight") && len > 200) {
		send_all(x, x->out.at, len / 2);
		at_stage(x, "flight");
	}
	if (pause_ms == 0 && !value_in(&x->words, "split")) {
		send_all(x, x->out.at, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		send_all(x, x->out.at + i, 1);
		sleep_ms(pause_ms);
	}
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *octets, size_t len)
{
	struct exchange *x = ptr;

	put(&x->out, octets, len);
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t size)
{
	struct exchange *x = ptr;

	flush(x);
	return recv(x->fd, buf, size, 0);
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	struct exchange *x = ptr;
	struct pollfd poller = { .fd = x->fd, .events = POLLIN };

	flush(x);
	return poll(&poller, 1, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms);
}

static void failed(struct exchange *x, const char *where, int r)
{
	const char *alert = value_in(&x->words, "tls12");
	char text[128];

	/* Servers without TLS 1.3 say so by this alert; GnuTLS has another. */
	if (alert) {
		gnutls_alert_send(x->session, GNUTLS_AL_FATAL,
		                  *alert ? (gnutls_alert_description_t)number(alert)
		                         : GNUTLS_A_PROTOCOL_VERSION);
	} else {
		gnutls_alert_send_appropriate(x->session, r);
	}
	flush(x);
	snprintf(text, sizeof(text), "%s: %s", where, gnutls_strerror(r));
	for (char *c = text; *c; c++) {
		*c = *c == ' ' ? '_' : *c;
	}
	shutdown(x->fd, SHUT_WR);
	wait_until_closed(x, 1000);
	leave(x, text);
}

/* ---- handshake ---- */

static void set_alpn(struct exchange *x)
{
	const char *other = value_in(&x->words, "alpn");
	const char *name = other ? other : "ntske/1";
	gnutls_datum_t protocol = { (uint8_t *)(uintptr_t)name, (unsigned)strlen(name) };

	if (!value_in(&x->words, "no-alpn")) {
		gnutls_alpn_set_protocols(x->session, &protocol, 1, GNUTLS_ALPN_MANDATORY);
	}
}

static void handshake(struct exchange *x)
{
	const char *group = value_in(&x->words, "group");
	char priority[128];
	size_t size = sizeof(x->sni);
	gnutls_datum_t ticket_key;
	unsigned type;
	int r;

	gnutls_init(&x->session, GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET);
	snprintf(priority, sizeof(priority), "NORMAL:-VERS-ALL:+VERS-TLS1.%d%s%s",
	         value_in(&x->words, "tls12") ? 2 : 3, group ? ":-GROUP-ALL:+GROUP-" : "",
	         group ? group : "");
	gnutls_priority_set_direct(x->session, priority, NULL);
	if (value_in(&x->words, "ask")) {
		gnutls_certificate_server_set_request(x->session, GNUTLS_CERT_REQUEST);
	}
	gnutls_credentials_set(x->session, GNUTLS_CRD_CERTIFICATE,
	                       x->settings->credentials);
	gnutls_handshake_set_timeout(x->session, EXCHANGE_LIMIT_S * 1000);
	set_alpn(x);
	if (value_in(&x->words, "tickets")) {
		gnutls_session_ticket_key_generate(&ticket_key);
		gnutls_session_ticket_enable_server(x->session, &ticket_key);
	}
	gnutls_transport_set_ptr(x->session, x);
	gnutls_transport_set_push_function(x->session, push);
	gnutls_transport_set_pull_function(x->session, pull);
	gnutls_transport_set_pull_timeout_function(x->session, pull_timeout);
	do {
		r = gnutls_handshake(x->session);
	} while (r < 0 && !gnutls_error_is_fatal(r));
	if (gnutls_server_name_get(x->session, x->sni, &size, &type, 0) < 0) {
		snprintf(x->sni, sizeof(x->sni), "-");
	}
	if (r < 0) {
		failed(x, "handshake", r);
	}
	flush(x);
	x->is_established = true;
}

static void export_keys(struct exchange *x)
{
	static const char label[] = "EXPORTER-network-time-security";
	/* NTPv4, AES-SIV-CMAC-256, direction: RFC 8915 section 5.1. */
	char context[5] = { 0, 0, 0, 15, 0 };

	gnutls_prf_rfc5705(x->session, sizeof(label) - 1, label, sizeof(context), context,
	                   KEY_OCTETS, (char *)x->keys.c2s);
	context[4] = 1;
	gnutls_prf_rfc5705(x->session, sizeof(label) - 1, label, sizeof(context), context,
	                   KEY_OCTETS, (char *)x->keys.s2c);
}

/* ---- request ---- */

static bool lists(const uint8_t *body, size_t len, unsigned value)
{
	for (size_t i = 0; i + 2 <= len; i += 2) {
		if (get_16(body + i) == value) {
			return true;
		}
	}
	return false;
}

/* NULL: not complete. */
static const char *request_verdict(const struct octets *o)
{
	bool has_next = false, has_aead = false, is_ntp = false, is_siv = false;
	const char *verdict = "ok";
	unsigned type;
	size_t len;

	for (size_t at = 0; at + 4 <= o->len; at += 4 + len) {
		const uint8_t *body = o->at + at + 4;

		type = get_16(o->at + at);
		len = get_16(o->at + at + 2);
		if (at + 4 + len > o->len) {
			return NULL;
		}
		switch (type & 0x7fff) {
		case 0:
			if (type != 0x8000 || len > 0 || !has_next ||
			    at + 4 + len != o->len || (is_ntp && !has_aead)) {
				return "bad-request";
			}
			return strcmp(verdict, "ok") != 0 ? verdict
			       : !is_ntp                  ? "no-protocol"
			       : !is_siv                  ? "no-aead"
			                                  : verdict;
		case 1:
			verdict = has_next || type != 0x8001 || len == 0 || len % 2
			                  ? "bad-request"
			                  : verdict;
			has_next = true;
			is_ntp = lists(body, len, 0);
			break;
		case 4:
			verdict = has_aead || len == 0 || len % 2 ? "bad-request" : verdict;
			has_aead = true;
			is_siv = lists(body, len, 15);
			break;
		case 6:
		case 7:
			break;
		default:
			if (type & 0x8000) {
				verdict = "unknown-critical";
			}
		}
	}
	return NULL;
}

static const char *read_request(struct exchange *x)
{
	const char *verdict = NULL;
	uint8_t buf[REQUEST_MAX];
	ssize_t len;

	while (!verdict && x->request.len < REQUEST_MAX) {
		len = gnutls_record_recv(x->session, buf, sizeof(buf));
		if (len < 0 && !gnutls_error_is_fatal((int)len)) {
			continue;
		} else if (len < 0) {
			failed(x, "request", (int)len);
		} else if (len == 0) {
			return "cut";
		}
		put(&x->request, buf, (size_t)len);
		verdict = request_verdict(&x->request);
	}
	return verdict ? verdict : "too-long";
}

/* ---- response ---- */

static void put_record(struct octets *o, unsigned type, const char *hex)
{
	size_t at = o->len;

	put_16(o, type);
	put_16(o, 0);
	put_hex(o, hex);
	set_16(o->at + at + 2, (unsigned)(o->len - at - 4));
}

static void put_cookies(struct exchange *x, const char *value)
{
	for (int64_t i = value ? number(value) : 8; i > 0; i--) {
		put_16(&x->response, 5);
		put_16(&x->response, (unsigned)x->settings->cookie_len);
		put_cookie(&x->response, &x->keys, x->settings->cookie_len);
	}
}

static void put_random_cookies(struct octets *o, const char *value)
{
	for (size_t times = times_of(value); times > 0; times--) {
		put_16(o, 5);
		put_16(o, (unsigned)number(value));
		put_random(o, (size_t)number(value));
	}
}

static void put_filling(struct octets *o, size_t total)
{
	while (o->len + 4 < total) {
		size_t left = total - 4 - o->len;
		size_t body = left < 4 ? 0 : left > 8000 ? 8000 - 4 : left - 4;

		/* No rest that is too small for a record. */
		body -= left - 4 > body && left - 4 - body < 4 ? 4 : 0;
		put_16(o, 0x4001);
		put_16(o, (unsigned)body);
		put_zeros(o, body);
	}
}

/* False: not a word for a record. */
static bool put_word(struct exchange *x, const char *word)
{
	struct octets *o = &x->response;
	const char *value = value_of(word);
	char port[8];

	if (is_word(word, "next")) {
		put_record(o, 0x8001, value ? value : "0000");
	} else if (is_word(word, "aead")) {
		put_record(o, 0x8004, value ? value : "000f");
	} else if (is_word(word, "end")) {
		put_record(o, 0x8000, value ? value : "");
	} else if (is_word(word, "port")) {
		if (x->settings->record_port != NTP_PORT) {
			snprintf(port, sizeof(port), "%04x", x->settings->record_port);
			put_record(o, 7, port);
		}
	} else if (is_word(word, "server")) {
		if (x->settings->server) {
			put_16(o, 6);
			put_16(o, (unsigned)strlen(x->settings->server));
			put(o, x->settings->server, strlen(x->settings->server));
		}
	} else if (is_word(word, "cookies")) {
		put_cookies(x, value);
	} else if (is_word(word, "cookie") && value) {
		put_random_cookies(o, value);
	} else if (is_word(word, "rec") && value) {
		put_record(o, (unsigned)strtoul(value, NULL, 16),
		           strchr(value, ':') ? strchr(value, ':') + 1 : "");
	} else if (is_word(word, "raw") && value) {
		put_hex(o, value);
	} else if (is_word(word, "fill") && value) {
		put_filling(o, (size_t)number(value));
	} else {
		return strcmp(word, "nothing") == 0;
	}
	return true;
}

static void make_response(struct exchange *x, const char *verdict)
{
	bool has_records = false;
	struct words honest;

	x->response.len = 0;
	for (size_t i = 0; i < x->words.count; i++) {
		has_records |= put_word(x, x->words.word[i]);
	}
	if (has_records) {
		return;
	}
	snprintf(honest.text, sizeof(honest.text), "%s",
	         strcmp(verdict, "unknown-critical") == 0 ? "rec=8002:0000 end"
	         : strcmp(verdict, "no-protocol") == 0    ? "next= end"
	         : strcmp(verdict, "no-aead") == 0        ? "next aead= end"
	         : strcmp(verdict, "ok") == 0             ? HONEST
	                                                  : "rec=8002:0001 end");
	split_words(&honest);
	for (size_t i = 0; i < honest.count; i++) {
		put_word(x, honest.word[i]);
	}
}

static void flood(struct exchange *x)
{
	for (int64_t i = number_in(&x->words, "updates", 0); i > 0; i--) {
		gnutls_session_key_update(x->session, 0);
		flush(x);
	}
	for (int64_t i = number_in(&x->words, "tickets", 0); i > 0; i--) {
		gnutls_session_ticket_send(x->session, 1, 0);
		flush(x);
	}
}

static void send_response(struct exchange *x, const char *verdict)
{
	size_t chunk = (size_t)number_in(&x->words, "records", 16384);
	size_t len = ends_at(x, "response") ? x->response.len / 2 : x->response.len;
	ssize_t sent;

	for (size_t at = 0; at < len; at += (size_t)sent) {
		sent = gnutls_record_send(x->session, x->response.at + at,
		                          len - at < chunk ? len - at : chunk);
		if (sent < 0) {
			failed(x, "response", (int)sent);
		}
		if (x->out.len > OCTETS_SIZE / 2) {
			flush(x);
		}
	}
	at_stage(x, "response");
	x->is_answered = true;
	log_line(x->settings->log_fd,
	         "ke %ld %s sni=%s request=%zu verdict=%s response=%zu", x->number,
	         x->client, x->sni, x->request.len, verdict, x->response.len);
	if (!value_in(&x->words, "no-bye") && !value_in(&x->words, "rude")) {
		gnutls_bye(x->session, GNUTLS_SHUT_WR);
	}
	flush(x);
}

/* ---- all of it ---- */

static void prepare(struct exchange *x)
{
	const int on = 1;

	part_of(x->settings->script.text, ';', (size_t)x->number - 1, &x->words);
	split_words(&x->words);
	setsockopt(x->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(x->fd, F_SETFL, fcntl(x->fd, F_GETFL) & ~O_NONBLOCK);
	alarm(EXCHANGE_LIMIT_S);
	log_line(x->settings->log_fd, "ke-begin %ld %s", x->number, x->client);
}

static void wait_for_octets(struct exchange *x)
{
	struct pollfd poller = { .fd = x->fd, .events = POLLIN };
	uint8_t hello[4096];

	if (ends_at(x, "hello") && poll(&poller, 1, -1) > 0) {
		/* Read: else a close would be a reset. */
		if (recv(x->fd, hello, sizeof(hello), 0) <= 0) {
			leave(x, "closed-by-client");
		}
		at_stage(x, "hello");
	}
}

__attribute__((noreturn)) static void exchange(struct exchange *x)
{
	const char *verdict = "ok"; /* of one that has not come yet, too */

	prepare(x);
	/* The connection itself takes a round trip, which the kernel has answered already. */
	sleep_ms(x->settings->delay_ms);
	at_stage(x, "accept");
	wait_for_octets(x);
	handshake(x);
	at_stage(x, "handshake");
	export_keys(x);
	if (!value_in(&x->words, "early")) {
		verdict = read_request(x);
	}
	at_stage(x, "request");
	sleep_ms(number_in(&x->words, "wait", 0));
	flood(x);
	make_response(x, verdict);
	send_response(x, verdict);
	if (value_in(&x->words, "no-bye")) {
		wait_until_closed(x, EXCHANGE_LIMIT_S * 1000);
	}
	shutdown(x->fd, SHUT_WR);
	wait_until_closed(x, 5000);
	leave(x, "done");
}

#endif
