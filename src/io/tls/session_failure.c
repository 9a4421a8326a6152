/* SPDX-License-Identifier: MIT
 *
 * From an error of GnuTLS or of the socket to the reason that people see.
 */
#include "io/tls/session_private.h"

#include <errno.h>
#include <stdio.h>

/* A server that does not know TLS 1.3 takes our hello for one of TLS 1.2 without a cipher
 * in common, and refuses before any hello of its own; one that has no certificate for the
 * name may refuse in the same way. */
static bool is_refused_hello(gnutls_session_t tls, gnutls_alert_description_t alert)
{
	return alert == GNUTLS_A_HANDSHAKE_FAILURE &&
	       (int)gnutls_handshake_get_last_in(tls) < 0;
}

/* Words of GnuTLS for an alert are constants: nothing in them is from the network. */
static void alert_failure(gnutls_session_t tls, struct nts_answer *answer)
{
	const gnutls_alert_description_t alert = gnutls_alert_get(tls);
	const char *name = gnutls_alert_get_name(alert);
	char text[NTS_DETAIL_SIZE];

	switch ((int)alert) {
	case GNUTLS_A_PROTOCOL_VERSION:
		answer->failure = NTS_FAILURE_TLS_VERSION;
		return;
	case GNUTLS_A_NO_APPLICATION_PROTOCOL:
		answer->failure = NTS_FAILURE_NO_NTS;
		return;
	case GNUTLS_A_CLOSE_NOTIFY:
		answer->failure = NTS_FAILURE_CLOSED;
		return;
	default:
		answer->failure = NTS_FAILURE_TLS;
		snprintf(text, sizeof(text), "it sent the alert %d (%s)%s", (int)alert,
		         name ? name : "unknown",
		         is_refused_hello(tls, alert) ? ": no TLS 1.3, or not for this name"
		                                      : "");
		tls_text(answer->detail, sizeof(answer->detail), text);
	}
}

static void socket_failure(const struct session_end *end, struct nts_answer *answer)
{
	const bool is_closed =
		end->error == 0 || end->error == EPIPE || end->error == ECONNRESET;

	answer->failure = is_closed ? NTS_FAILURE_CLOSED : NTS_FAILURE_CONNECT;
	answer->error = is_closed ? 0 : end->error;
}

void session_failure(const struct session_end *end, struct nts_answer *answer)
{
	switch (end->result) {
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_SESSION_EOF:
		socket_failure(end, answer);
		return;
	case GNUTLS_E_WARNING_ALERT_RECEIVED:
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		alert_failure(end->tls, answer);
		return;
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		answer->failure = NTS_FAILURE_TLS_VERSION;
		return;
	case GNUTLS_E_NO_APPLICATION_PROTOCOL:
		answer->failure = NTS_FAILURE_NO_NTS;
		return;
	case GNUTLS_E_TOO_MANY_EMPTY_PACKETS:
	case GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS:
	case GNUTLS_E_HANDSHAKE_TOO_LARGE:
		answer->failure = NTS_FAILURE_TOO_LONG;
		return;
	default:
		answer->failure = NTS_FAILURE_TLS;
		tls_text(answer->detail, sizeof(answer->detail),
		         gnutls_strerror(end->result));
	}
}
