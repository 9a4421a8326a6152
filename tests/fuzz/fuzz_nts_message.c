/* SPDX-License-Identifier: MIT
 *
 * Any octets as a message of reqtime-nts or to it.  An odd first octet makes a question of
 * the rest, an even one an answer; a short one is filled with zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "core/nts/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void check_printable(const char *text, size_t size)
{
	const char *end = memchr(text, '\0', size);

	must(end != NULL);
	for (; text < end; text++) {
		must(*text >= ' ' && *text <= '~');
	}
}

static void check_host(const char host[SERVER_HOST_SIZE])
{
	struct server_spec spec;

	check_printable(host, SERVER_HOST_SIZE);
	must(server_spec_parse(host, &spec) == SERVER_SPEC_OK);
	must(strcmp(spec.host, host) == 0);
	must(host[strlen(host) - 1] != '.');
}

static void check_answer(const struct nts_answer *answer)
{
	char buf[NTS_FAILURE_TEXT_SIZE];

	if (!nts_answer_is_valid(answer)) {
		return;
	}
	must(answer->failure < NTS_FAILURE_COUNT);
	check_printable(answer->detail, sizeof(answer->detail));
	memset(buf, 0xa5, sizeof(buf));
	nts_failure_format(answer, "Connection refused", buf);
	check_printable(buf, sizeof(buf));
	must(strlen(buf) > strlen("key exchange: ") && strlen(buf) < sizeof(buf) - 1);
	if (answer->failure != NTS_FAILURE_NONE) {
		return;
	}
	check_printable(answer->subject, sizeof(answer->subject));
	must(answer->window.from_s <= answer->window.until_s);
	must(answer->keys.aead == NTS_AEAD_SIV_CMAC_256 && answer->port > 0);
	must(answer->cookies.count > 0 && nts_cookies_are_valid(&answer->cookies));
	if (answer->server[0] != '\0') {
		check_host(answer->server);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nts_question question;
	struct nts_answer answer;
	size_t len;

	if (size < 1) {
		return 0;
	}
	len = size - 1;
	if (data[0] & 1) {
		memset(&question, 0, sizeof(question));
		memcpy(&question, data + 1,
		       len < sizeof(question) ? len : sizeof(question));
		if (nts_question_is_valid(&question)) {
			check_host(question.host);
		}
		return 0;
	}
	memset(&answer, 0, sizeof(answer));
	memcpy(&answer, data + 1, len < sizeof(answer) ? len : sizeof(answer));
	check_answer(&answer);
	return 0;
}
