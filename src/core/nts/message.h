/* SPDX-License-Identifier: MIT
 *
 * Messages between the measuring process and reqtime-nts, which speaks TLS: one question and
 * one answer for each key exchange, of fixed size, over a SOCK_SEQPACKET socket pair.  Each
 * side checks what the other has sent.
 */
#ifndef CORE_NTS_MESSAGE_H
#define CORE_NTS_MESSAGE_H

#include "core/ntp/server_spec.h"
#include "core/nts/nts.h"
#include "core/nts/trust.h"

enum {
	/* Key exchanges at a time. */
	NTS_UNDERWAY_MAX = 64,
	NTS_SUBJECT_SIZE = 96,
	NTS_DETAIL_SIZE = 80,
};

/* The TCP socket to the server, which may still be connecting, comes with it by
 * SCM_RIGHTS. */
struct nts_question {
	uint32_t source;
	uint32_t ticket;             /* copied to the answer */
	char host[SERVER_HOST_SIZE]; /* name or numeric address: the certificate must have
	                              * it.  Without a final dot. */
};

enum nts_failure {
	NTS_FAILURE_NONE,
	NTS_FAILURE_CONNECT,     /* `error` is an errno */
	NTS_FAILURE_CLOSED,      /* it closed the connection */
	NTS_FAILURE_TLS_VERSION, /* it has no TLS 1.3 */
	NTS_FAILURE_NO_NTS,      /* it did not choose ntske/1 (ALPN) */
	NTS_FAILURE_TLS,         /* `detail` */
	NTS_FAILURE_NOT_TRUSTED, /* its certificate comes from no authority that we trust */
	NTS_FAILURE_NAME,        /* its certificate is for another name or address */
	NTS_FAILURE_CERTIFICATE, /* else bad; `detail` */
	NTS_FAILURE_RESPONSE, /* `response`: an enum nts_response_verdict; `error` its code */
	NTS_FAILURE_TOO_LONG, /* more than NTS_RESPONSE_SIZE octets, or endless TLS records */
	NTS_FAILURE_NO_CA,    /* the trusted certificates cannot be read: `detail` */
	NTS_FAILURE_NO_PROGRAM, /* reqtime-nts is missing or ended */
	NTS_FAILURE_COUNT
};

/* All but the dates of the certificate has been checked, which are in `window`. */
struct nts_answer {
	uint32_t source;
	uint32_t ticket;
	uint32_t failure; /* enum nts_failure */
	int32_t error;
	uint32_t response;
	char detail[NTS_DETAIL_SIZE]; /* printable ASCII */
	/* Only for NTS_FAILURE_NONE: */
	char subject[NTS_SUBJECT_SIZE]; /* of the server's certificate; printable ASCII */
	struct nts_window window;
	struct nts_keys keys;
	char server[SERVER_HOST_SIZE]; /* as in struct nts_response */
	uint16_t port;
	struct nts_cookies cookies; /* at least one */
};

/* Whether it ends within `size` and is printable ASCII, for what is shown to people. */
bool nts_text_is_printable(const char *text, size_t size);
bool nts_question_is_valid(const struct nts_question *question);
bool nts_answer_is_valid(const struct nts_answer *answer);

/* "key exchange: connection refused", for the reason of a source; printable ASCII.
 * `error_text` is strerror() of `error`; used for NTS_FAILURE_CONNECT alone. */
enum { NTS_FAILURE_TEXT_SIZE = 120 };
void nts_failure_format(const struct nts_answer *answer, const char *error_text,
                        char buf[NTS_FAILURE_TEXT_SIZE]);

#endif
