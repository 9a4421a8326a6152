/* SPDX-License-Identifier: MIT
 *
 * The key exchange with one server over TLS 1.3, on a socket that is never waited for.
 *
 *   open -> step (when the socket is ready)* -> close
 */
#ifndef IO_TLS_SESSION_H
#define IO_TLS_SESSION_H

#include <stdbool.h>

#include "core/nts/message.h"
#include "io/tls/trust_store.h"

/* Shared by all sessions. */
struct tls_client;

/* `store` remains the caller's, and outlives it.  0 or -ENOMEM. */
MUST_USE int tls_client_open(const struct trust_store *store, struct tls_client **ret);
void tls_client_close(struct tls_client *client); /* NULL is fine */

struct tls_session;

/* `fd`, connected or connecting, belongs to the session from now on, also on failure.  0 or
 * -ENOMEM. */
MUST_USE int tls_session_open(const struct tls_client *client,
                              const struct nts_question *question, int fd,
                              struct tls_session **ret);
int tls_session_fd(const struct tls_session *session);
short tls_session_events(const struct tls_session *session); /* for poll() */
/* Goes on as far as the socket allows.  True when it has ended, with `*ret`; the session is
 * only to be closed then. */
MUST_USE bool tls_session_step(struct tls_session *session, struct nts_answer *ret);
/* Wipes the keys.  NULL is fine. */
void tls_session_close(struct tls_session *session);

#endif
