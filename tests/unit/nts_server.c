/* SPDX-License-Identifier: MIT
 *
 * A server of key exchanges for a test.
 */
#include "nts_server.h"

#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/nts/record.h"

enum { LARGE = 70000 };

/* Protocol NTPv4, AEAD 15; then End of message. */
static const uint8_t beginning[] = { 0x80, 1, 0, 2, 0, 0, 0x80, 4, 0, 2, 0, 15 };
static const uint8_t end[] = { 0x80, 0, 0, 0 };

static size_t put(uint8_t *buf, const uint8_t *octets, size_t len)
{
	memcpy(buf, octets, len);
	return len;
}

/* Records that a client skips, `len` octets in all. */
static size_t put_filling(uint8_t *buf, size_t len)
{
	for (size_t at = 0; at < len; at += 1024) {
		const size_t body = (len - at < 1024 ? len - at : 1024) - 4;

		memset(buf + at, 0, body + 4);
		buf[at] = 0x7f;
		buf[at + 2] = (uint8_t)(body >> 8);
		buf[at + 3] = (uint8_t)body;
	}
	return len;
}

static size_t make_response(enum response response, uint8_t buf[LARGE])
{
	static const uint8_t error[] = { 0x80, 2, 0, 2, 0, 1 };
	const uint8_t cookie[4 + SERVER_COOKIE_OCTETS] = { 0, 5, 0, SERVER_COOKIE_OCTETS };
	size_t len = put(buf, beginning, sizeof(beginning));

	for (uint8_t i = 0; i < 8; i++) {
		len += put(buf + len, cookie, sizeof(cookie));
		buf[len - 1] = i;
	}
	switch (response) {
	case GOOD:
		return len + put(buf + len, end, sizeof(end));
	case WITHOUT_END:
		return len;
	case WITH_ERROR:
		len += put(buf + len, error, sizeof(error));
		return len + put(buf + len, end, sizeof(end));
	case EXACTLY_FULL:
		len += put_filling(buf + len, NTS_RESPONSE_SIZE - sizeof(end) - len);
		return len + put(buf + len, end, sizeof(end));
	case TOO_LONG:
		return len + put_filling(buf + len, LARGE - len);
	}
	return 0;
}

static void respond(gnutls_session_t tls, const struct server_plan *server)
{
	static uint8_t octets[LARGE];
	const size_t len = make_response(server->response, octets);
	const size_t piece = server->conduct == SPLITS || server->conduct == PADS ? 1 : len;
	const size_t padding = server->conduct == PADS ? 16000 : 0;
	size_t at = 0;
	ssize_t n = 1;

	while (at < len && n > 0) {
		n = gnutls_record_send2(tls, octets + at,
		                        len - at < piece ? len - at : piece, padding, 0);
		at += n > 0 ? (size_t)n : 0;
	}
}

/* Tells its keys as the client should have them. */
static void tell_keys(gnutls_session_t tls, int tell_fd)
{
	uint8_t keys[2 * NTS_KEY_OCTETS];

	for (int i = 0; i < 2; i++) {
		const char context[] = { 0, 0, 0, 15, (char)i };

		if (gnutls_prf_rfc5705(tls, 30, "EXPORTER-network-time-security", 5,
		                       context, NTS_KEY_OCTETS,
		                       (char *)keys + (size_t)i * NTS_KEY_OCTETS) < 0) {
			return;
		}
	}
	(void)!write(tell_fd, keys, sizeof(keys));
}

static bool read_request(gnutls_session_t tls)
{
	static const uint8_t want[] = { 0x80, 1, 0, 2,  0,    0, 0x80, 4,
		                        0,    2, 0, 15, 0x80, 0, 0,    0 };
	uint8_t got[sizeof(want) + 1];

	return gnutls_record_recv(tls, got, sizeof(got)) == (ssize_t)sizeof(want) &&
	       memcmp(got, want, sizeof(want)) == 0;
}

static void after_handshake(gnutls_session_t tls, const struct server_plan *server,
                            int tell_fd)
{
	char octet;

	tell_keys(tls, tell_fd);
	if (server->conduct == CLOSES_SILENT) {
		return;
	}
	while (server->conduct == UPDATES_KEYS && gnutls_session_key_update(tls, 0) == 0) {
	}
	if (server->conduct == HURRIES) {
		respond(tls, server);
	}
	if (!read_request(tls)) {
		return;
	}
	if (server->conduct != HURRIES) {
		respond(tls, server);
	}
	if (server->conduct == HOLDS) {
		pause();
	}
	if (server->conduct != HANGS_UP) {
		(void)gnutls_bye(tls, GNUTLS_SHUT_WR);
		/* The client's own good bye. */
		(void)!write(tell_fd, gnutls_record_recv(tls, &octet, 1) == 0 ? "b" : "-",
		             1);
	}
}

static bool speaks_plainly(const struct server_plan *server, int fd)
{
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
	static const uint8_t old[] = { 0x16, 3,  3, 0, 42,          2,    0,
		                       0,    38, 3, 3, [45] = 0xc0, 0x2f, 0 };
	char hello[4096];

	switch (server->conduct) {
	case CLOSES_AT_ONCE:
		return true;
	case CLOSES_ON_HELLO:
		(void)!read(fd, hello, sizeof(hello));
		return true;
	case SPEAKS_SSH:
		(void)!write(fd, ssh, sizeof(ssh) - 1);
		(void)!read(fd, hello, sizeof(hello));
		return true;
	case SPEAKS_OLD_TLS:
		(void)!read(fd, hello, sizeof(hello));
		(void)!write(fd, old, sizeof(old));
		(void)!read(fd, hello, sizeof(hello));
		return true;
	case STAYS_SILENT:
		pause();
		return true;
	default:
		return false;
	}
}

void server_run(const struct server_plan *server, const struct certificate *certificate,
                int fd, int tell_fd)
{
	gnutls_datum_t protocol = { .data = (unsigned char *)(uintptr_t)server->alpn };
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t tls;
	gnutls_x509_crt_t crt = certificate->crt;
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	if (speaks_plainly(server, fd)) {
		_exit(0);
	}
	if (gnutls_certificate_allocate_credentials(&credentials) < 0) {
		_exit(1);
	}
	/* A certificate may have another key than the server: it cannot sign with it. */
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	if (gnutls_certificate_set_x509_key(credentials, &crt, 1, certificate->key) < 0 ||
	    gnutls_init(&tls, GNUTLS_SERVER) < 0 ||
	    gnutls_priority_set_direct(tls, server->priority, NULL) < 0 ||
	    gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials) < 0) {
		_exit(1);
	}
	if (server->alpn) {
		protocol.size = (unsigned)strlen(server->alpn);
		(void)gnutls_alpn_set_protocols(tls, &protocol, 1, GNUTLS_ALPN_MANDATORY);
	}
	gnutls_transport_set_int(tls, fd);
	do {
		r = gnutls_handshake(tls);
	} while (r < 0 && !gnutls_error_is_fatal(r));
	if (r < 0) {
		gnutls_alert_send_appropriate(tls, r);
	} else {
		after_handshake(tls, server, tell_fd);
	}
	_exit(0);
}
