/* SPDX-License-Identifier: MIT
 *
 * Checks of the messages between the measuring process and reqtime-nts, and the reason in
 * words why a key exchange failed.
 */
#include "core/nts/message.h"

#include <string.h>

#include "core/base/text.h"
#include "core/nts/host_private.h"
#include "core/nts/record.h"

bool nts_text_is_printable(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			return text[i] == '\0';
		}
	}
	return false; /* not terminated */
}

bool nts_question_is_valid(const struct nts_question *question)
{
	return nts_host_is_valid(question->host);
}

static bool server_is_valid(const char server[SERVER_HOST_SIZE])
{
	return server[0] == '\0' || (nts_host_is_valid(server) && !strchr(server, '%'));
}

static bool success_is_valid(const struct nts_answer *answer)
{
	return nts_text_is_printable(answer->subject, sizeof(answer->subject)) &&
	       nts_window_is_valid(&answer->window) &&
	       answer->keys.aead == NTS_AEAD_SIV_CMAC_256 &&
	       server_is_valid(answer->server) && answer->port != 0 &&
	       answer->cookies.count > 0 && nts_cookies_are_valid(&answer->cookies);
}

/* A code of 16 bits, and a reason to refuse. */
static bool response_is_valid(const struct nts_answer *answer)
{
	return answer->response < NTS_RESPONSE_VERDICT_COUNT &&
	       answer->response != NTS_RESPONSE_ACCEPTED && answer->error >= 0 &&
	       answer->error <= UINT16_MAX;
}

bool nts_answer_is_valid(const struct nts_answer *answer)
{
	if (answer->failure >= NTS_FAILURE_COUNT ||
	    !nts_text_is_printable(answer->detail, sizeof(answer->detail))) {
		return false;
	}
	switch ((enum nts_failure)answer->failure) {
	case NTS_FAILURE_NONE:
		return success_is_valid(answer);
	case NTS_FAILURE_CONNECT:
		return answer->error > 0;
	case NTS_FAILURE_RESPONSE:
		return response_is_valid(answer);
	case NTS_FAILURE_CLOSED:
	case NTS_FAILURE_TLS_VERSION:
	case NTS_FAILURE_NO_NTS:
	case NTS_FAILURE_TLS:
	case NTS_FAILURE_NOT_TRUSTED:
	case NTS_FAILURE_NAME:
	case NTS_FAILURE_CERTIFICATE:
	case NTS_FAILURE_TOO_LONG:
	case NTS_FAILURE_NO_CA:
	case NTS_FAILURE_NO_PROGRAM:
	case NTS_FAILURE_COUNT:
		break;
	}
	return true;
}

/* "Connection refused" in the middle of a sentence, "TLS" as it is. */
static void put_lowered(struct text *out, const char *words)
{
	const char first = text_lower(words[0]);

	if (words[0] != '\0' && words[1] == text_lower(words[1])) {
		text_octets(out, &first, 1);
		words++;
	}
	text_put(out, words);
}

/* The codes of an Error record: RFC 8915 section 4.1.3. */
static void put_error_code(struct text *out, int32_t code)
{
	static const char *const meanings[] = { "unrecognised critical record",
		                                "bad request", "internal server error" };

	if (code >= 0 && (size_t)code < COUNT_OF(meanings)) {
		text_format(out, " %d (%s)", (int)code, meanings[code]);
	} else {
		text_format(out, " %d", (int)code);
	}
}

static void put_response(struct text *out, const struct nts_answer *answer)
{
	const enum nts_response_verdict verdict =
		(enum nts_response_verdict)answer->response;

	text_put(out, nts_response_text(verdict));
	if (verdict == NTS_RESPONSE_ERROR) {
		put_error_code(out, answer->error);
	} else if (verdict == NTS_RESPONSE_WARNING || verdict == NTS_RESPONSE_UNKNOWN) {
		text_format(out, " %d", (int)answer->error);
	}
}

static const char *failure_text(enum nts_failure failure)
{
	static const char *const texts[NTS_FAILURE_COUNT] = {
		[NTS_FAILURE_NONE] = "done",
		[NTS_FAILURE_CONNECT] = "",
		[NTS_FAILURE_CLOSED] = "the server closed the connection",
		[NTS_FAILURE_TLS_VERSION] =
			"no TLS 1.3: the server is too old, or no TLS server",
		[NTS_FAILURE_NO_NTS] = "not an NTS server: TLS works, ALPN ntske/1 does "
				       "not (wrong port?)",
		[NTS_FAILURE_TLS] = "TLS failed",
		[NTS_FAILURE_NOT_TRUSTED] = "certificate from an authority that is not "
					    "trusted (see --nts-ca)",
		[NTS_FAILURE_NAME] =
			"the certificate is for another name: use the name that it has",
		[NTS_FAILURE_CERTIFICATE] = "bad certificate",
		[NTS_FAILURE_RESPONSE] = "",
		[NTS_FAILURE_TOO_LONG] = "the server does not stop sending",
		[NTS_FAILURE_NO_CA] = "cannot read the trusted certificates",
		[NTS_FAILURE_NO_PROGRAM] = "nts:// needs reqtime-nts (package "
					   "reqtime-nts): not installed, of another "
					   "version, or it ended",
	};

	return (unsigned)failure < NTS_FAILURE_COUNT ? texts[failure] : "failed";
}

void nts_failure_format(const struct nts_answer *answer, const char *error_text,
                        char buf[NTS_FAILURE_TEXT_SIZE])
{
	const enum nts_failure failure = (enum nts_failure)answer->failure;
	struct text out = text_to(buf, NTS_FAILURE_TEXT_SIZE);

	/* These two happen before any server is asked. */
	if (failure != NTS_FAILURE_NO_CA && failure != NTS_FAILURE_NO_PROGRAM) {
		text_put(&out, "key exchange: ");
	}
	text_put(&out, failure_text(failure));
	if (failure == NTS_FAILURE_CONNECT) {
		put_lowered(&out, error_text);
	} else if (failure == NTS_FAILURE_RESPONSE) {
		put_response(&out, answer);
	} else if ((failure == NTS_FAILURE_TLS || failure == NTS_FAILURE_CERTIFICATE ||
	            failure == NTS_FAILURE_NO_CA) &&
	           answer->detail[0] != '\0') {
		text_format(&out, ": %s", answer->detail);
	}
}
