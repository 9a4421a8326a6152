/* SPDX-License-Identifier: MIT
 *
 * A key exchange over TLS 1.3: handshake, request, response, keys.
 */
#include "io/tls/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/nts/record.h"
#include "io/sys/bare_call.h"
#include "io/tls/chain.h"
#include "io/tls/session_private.h"

/* Octets that a server may send in all: a response of the largest size, each octet in a
 * record of its own, and a handshake with the largest chain. */
enum { TLS_OCTETS_MAX = 2 << 20 };

/* TLS 1.3 is a must (RFC 8915 section 3).  Elliptic curves only: a server could ask for a
 * finite field of 8192 bits, and the others would wait for that. */
#define TLS_PRIORITY                                                                       \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-FFDHE2048:-GROUP-FFDHE3072:"                 \
	"-GROUP-FFDHE4096:-GROUP-FFDHE6144:-GROUP-FFDHE8192"

struct tls_client {
	const struct trust_store *store;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
};

enum session_phase { SESSION_HANDSHAKE, SESSION_REQUEST, SESSION_RESPONSE };

struct tls_session {
	const struct tls_client *client;
	gnutls_session_t tls;
	int fd;
	enum session_phase phase;
	bool is_checked;    /* the certificates; the result is in `answer` */
	bool is_flooded;    /* TLS_OCTETS_MAX */
	bool is_sending;    /* the request, in part */
	int error;          /* errno of the socket */
	size_t octet_count; /* received */
	char host[SERVER_HOST_SIZE];
	struct nts_answer answer;
	uint8_t response[NTS_RESPONSE_SIZE];
	size_t response_len;
};

/* ---- what GnuTLS calls ---- */

static ssize_t pull(gnutls_transport_ptr_t ctx, void *buf, size_t len)
{
	struct tls_session *session = ctx;
	const size_t left = TLS_OCTETS_MAX - session->octet_count;
	ssize_t n;

	if (left == 0) {
		session->is_flooded = true;
		errno = EMSGSIZE;
		return -1;
	}
	n = recv(session->fd, buf, len < left ? len : left, MSG_DONTWAIT);
	if (n >= 0) {
		session->octet_count += (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		session->error = errno;
	}
	return n;
}

static ssize_t push(gnutls_transport_ptr_t ctx, const void *buf, size_t len)
{
	struct tls_session *session = ctx;
	const ssize_t n = send(session->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		session->error = errno;
	}
	return n;
}

/* GnuTLS asks before it reads: pull() never waits. */
static int pull_timeout(gnutls_transport_ptr_t ctx, unsigned ms)
{
	(void)ctx;
	(void)ms;
	return 1;
}

static int certificates_check(gnutls_session_t tls)
{
	struct tls_session *session = gnutls_session_get_ptr(tls);
	const gnutls_datum_t *sent;
	unsigned count = 0;

	if (!session->is_checked) {
		sent = gnutls_certificate_type_get(tls) == GNUTLS_CRT_X509
		               ? gnutls_certificate_get_peers(tls, &count)
		               : NULL;
		session->answer.failure =
			chain_check(session->client->store, sent, sent ? count : 0,
		                    session->host, &session->answer);
		session->is_checked = true;
	}
	return session->answer.failure == NTS_FAILURE_NONE ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* Before the signature of the server is verified: its key may be one that takes long. */
static int before_signature(gnutls_session_t tls, unsigned type, unsigned when,
                            unsigned is_incoming, const gnutls_datum_t *message)
{
	(void)type;
	(void)when;
	(void)is_incoming;
	(void)message;
	return certificates_check(tls);
}

/* ---- client ---- */

int tls_client_open(const struct trust_store *store, struct tls_client **ret)
{
	struct tls_client *client = calloc(1, sizeof(*client));

	if (!client) {
		return -ENOMEM;
	}
	client->store = store;
	if (gnutls_certificate_allocate_credentials(&client->credentials) < 0 ||
	    gnutls_priority_init(&client->priority, TLS_PRIORITY, NULL) < 0) {
		tls_client_close(client);
		return -ENOMEM;
	}
	gnutls_certificate_set_verify_function(client->credentials, certificates_check);
	*ret = client;
	return 0;
}

void tls_client_close(struct tls_client *client)
{
	if (!client) {
		return;
	}
	if (client->priority) {
		gnutls_priority_deinit(client->priority);
	}
	if (client->credentials) {
		gnutls_certificate_free_credentials(client->credentials);
	}
	free(client);
}

/* ---- session ---- */

/* A numeric address is no server name (RFC 6066 section 3). */
static int name_set(gnutls_session_t tls, const char *host)
{
	struct address address;

	return address_parse(host, &address)
	               ? 0
	               : gnutls_server_name_set(tls, GNUTLS_NAME_DNS, host, strlen(host));
}

static int set_up(struct tls_session *session)
{
	static const gnutls_datum_t protocol = { .data = (unsigned char *)"ntske/1",
		                                 .size = 7 };
	gnutls_session_t tls;
	int r = gnutls_init(&session->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
	                                           GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL);

	if (r < 0) {
		session->tls = NULL;
		return r;
	}
	tls = session->tls;
	gnutls_session_set_ptr(tls, session);
	gnutls_transport_set_ptr(tls, session);
	gnutls_transport_set_pull_function(tls, pull);
	gnutls_transport_set_pull_timeout_function(tls, pull_timeout);
	gnutls_transport_set_push_function(tls, push);
	gnutls_handshake_set_hook_function(tls, GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY,
	                                   GNUTLS_HOOK_POST, before_signature);
	r = gnutls_priority_set(tls, session->client->priority);
	if (r == 0) {
		r = gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
		                           session->client->credentials);
	}
	if (r == 0) {
		r = gnutls_alpn_set_protocols(tls, &protocol, 1, GNUTLS_ALPN_MANDATORY);
	}
	return r == 0 ? name_set(tls, session->host) : r;
}

int tls_session_open(const struct tls_client *client, const struct nts_question *question,
                     int fd, struct tls_session **ret)
{
	const int on = 1;
	struct tls_session *session = calloc(1, sizeof(*session));

	if (!session) {
		close(fd);
		return -ENOMEM;
	}
	session->client = client;
	session->fd = fd;
	session->answer.source = question->source;
	session->answer.ticket = question->ticket;
	memcpy(session->host, question->host, sizeof(session->host));
	if (set_up(session) < 0) {
		tls_session_close(session);
		return -ENOMEM;
	}
	/* Request and acknowledgement would wait for each other: 40 ms. */
	(void)bare_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*ret = session;
	return 0;
}

int tls_session_fd(const struct tls_session *session)
{
	return session->fd;
}

short tls_session_events(const struct tls_session *session)
{
	return gnutls_record_get_direction(session->tls) == 1 ? POLLOUT : POLLIN;
}

static void fail(struct tls_session *session, enum nts_failure failure)
{
	session->answer.failure = failure;
}

/* Each of the phases: 0 goes on with the next, 1 waits for the socket, -1 has failed. */
enum { STEP_DONE, STEP_WAIT, STEP_FAILED = -1 };

static int tls_failed(struct tls_session *session, int result)
{
	const struct session_end end = { .tls = session->tls,
		                         .result = result,
		                         .error = session->error };

	if (session->is_flooded) {
		fail(session, NTS_FAILURE_TOO_LONG);
	} else if (!session->is_checked || session->answer.failure == NTS_FAILURE_NONE) {
		session_failure(&end, &session->answer);
	}
	return STEP_FAILED;
}

static int step_handshake(struct tls_session *session)
{
	gnutls_datum_t protocol;
	int r;

	do {
		r = gnutls_handshake(session->tls);
		if (r == GNUTLS_E_AGAIN) {
			return STEP_WAIT;
		}
	} while (r < 0 && !gnutls_error_is_fatal(r));
	if (r < 0) {
		return tls_failed(session, r);
	}
	if (gnutls_protocol_get_version(session->tls) != GNUTLS_TLS1_3) {
		fail(session, NTS_FAILURE_TLS_VERSION);
		return STEP_FAILED;
	}
	/* "mandatory" lets a server choose nothing. */
	if (gnutls_alpn_get_selected_protocol(session->tls, &protocol) < 0) {
		fail(session, NTS_FAILURE_NO_NTS);
		return STEP_FAILED;
	}
	if (!session->is_checked) {
		fail(session, NTS_FAILURE_NOT_TRUSTED);
		return STEP_FAILED;
	}
	session->phase = SESSION_REQUEST;
	return STEP_DONE;
}

static int step_request(struct tls_session *session)
{
	uint8_t octets[NTS_REQUEST_OCTETS];
	ssize_t n;

	nts_request_write(octets);
	do {
		/* GnuTLS keeps what could not be sent. */
		n = gnutls_record_send(session->tls, session->is_sending ? NULL : octets,
		                       session->is_sending ? 0 : sizeof(octets));
		session->is_sending = true;
		if (n == GNUTLS_E_AGAIN) {
			return STEP_WAIT;
		}
	} while (n < 0 && !gnutls_error_is_fatal((int)n));
	if (n < 0) {
		return tls_failed(session, (int)n);
	}
	session->phase = SESSION_RESPONSE;
	return STEP_DONE;
}

static int keys_export(struct tls_session *session, uint16_t aead)
{
	uint8_t context[NTS_EXPORTER_CONTEXT_OCTETS];
	struct nts_keys *keys = &session->answer.keys;
	uint8_t *const both[] = { keys->c2s, keys->s2c };
	int r = 0;

	keys->aead = aead;
	for (size_t i = 0; i < COUNT_OF(both) && r == 0; i++) {
		nts_exporter_context(aead, i == 1, context);
		r = gnutls_prf_rfc5705(session->tls, strlen(NTS_EXPORTER_LABEL),
		                       NTS_EXPORTER_LABEL, sizeof(context),
		                       (const char *)context, NTS_KEY_OCTETS,
		                       (char *)both[i]);
	}
	return r;
}

/* The response so far.  `is_all`: no more will come. */
static int response_check(struct tls_session *session, bool is_all)
{
	struct nts_response response = { .error_code = 0 };
	struct nts_answer *answer = &session->answer;
	const enum nts_response_verdict verdict =
		nts_response_parse(session->response, session->response_len, &response);
	int r;

	if (verdict == NTS_RESPONSE_INCOMPLETE && !is_all) {
		return STEP_WAIT;
	}
	if (verdict != NTS_RESPONSE_ACCEPTED) {
		fail(session, NTS_FAILURE_RESPONSE);
		answer->response = verdict;
		answer->error = response.error_code;
		return STEP_FAILED;
	}
	r = keys_export(session, response.aead);
	if (r < 0) {
		return tls_failed(session, r);
	}
	memcpy(answer->server, response.server, sizeof(answer->server));
	answer->port = response.port;
	answer->cookies = response.cookies;
	return STEP_DONE;
}

static int step_response(struct tls_session *session)
{
	size_t left = sizeof(session->response) - session->response_len;
	ssize_t n = 1;
	int r;

	while (left > 0 && n != 0) {
		n = gnutls_record_recv(session->tls,
		                       session->response + session->response_len, left);
		if (n == GNUTLS_E_AGAIN) {
			return response_check(session, false);
		}
		if (n == GNUTLS_E_PREMATURE_TERMINATION && session->response_len > 0) {
			n = 0; /* complete or not, the response tells */
		}
		if (n < 0 && gnutls_error_is_fatal((int)n)) {
			return tls_failed(session, (int)n);
		}
		session->response_len += n > 0 ? (size_t)n : 0;
		left = sizeof(session->response) - session->response_len;
	}
	if (session->response_len == 0) {
		fail(session, NTS_FAILURE_CLOSED);
		return STEP_FAILED;
	}
	r = response_check(session, left > 0);
	if (r == STEP_WAIT) {
		fail(session, NTS_FAILURE_TOO_LONG);
		return STEP_FAILED;
	}
	return r;
}

bool tls_session_step(struct tls_session *session, struct nts_answer *ret)
{
	int r = STEP_DONE;

	if (session->phase == SESSION_HANDSHAKE) {
		r = step_handshake(session);
	}
	if (r == STEP_DONE && session->phase == SESSION_REQUEST) {
		r = step_request(session);
	}
	if (r == STEP_DONE && session->phase == SESSION_RESPONSE) {
		r = step_response(session);
	}
	if (r == STEP_WAIT) {
		return false;
	}
	if (session->phase != SESSION_HANDSHAKE) {
		(void)gnutls_bye(session->tls, GNUTLS_SHUT_WR);
	}
	if (r == STEP_FAILED) {
		/* The parts for success may be half written. */
		explicit_bzero(&session->answer.keys, sizeof(session->answer.keys));
		memset(&session->answer.cookies, 0, sizeof(session->answer.cookies));
	}
	*ret = session->answer;
	return true;
}

void tls_session_close(struct tls_session *session)
{
	if (!session) {
		return;
	}
	if (session->tls) {
		gnutls_deinit(session->tls);
	}
	close(session->fd);
	explicit_bzero(session, sizeof(*session));
	free(session);
}
