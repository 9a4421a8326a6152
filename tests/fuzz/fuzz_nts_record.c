/* SPDX-License-Identifier: MIT
 *
 * Any octets as the response of a key exchange, whole and in parts.
 */
#include <stdlib.h>
#include <string.h>

#include "core/nts/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

/* From a copy that ends where the octets end. */
static enum nts_response_verdict parse(const uint8_t *data, size_t len,
                                       struct nts_response *ret)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum nts_response_verdict verdict;

	must(copy != NULL);
	if (len > 0) {
		memcpy(copy, data, len);
	}
	verdict = nts_response_parse(copy, len, ret);
	free(copy);
	return verdict;
}

static bool has_code(enum nts_response_verdict verdict)
{
	return verdict == NTS_RESPONSE_ERROR || verdict == NTS_RESPONSE_WARNING ||
	       verdict == NTS_RESPONSE_UNKNOWN;
}

static void check_accepted(const struct nts_response *response, size_t size)
{
	struct server_spec spec;
	const char *end = memchr(response->server, '\0', sizeof(response->server));

	must(size >= 6 + 6 + 16 + 4);
	must(response->aead == NTS_AEAD_SIV_CMAC_256 && response->port > 0);
	must(response->cookies.count > 0 && nts_cookies_are_valid(&response->cookies));
	must(end != NULL);
	if (end == response->server) {
		return;
	}
	must(end[-1] != '.' && !strpbrk(response->server, "% /[]"));
	must(server_spec_parse(response->server, &spec) == SERVER_SPEC_OK);
	must(strcmp(spec.host, response->server) == 0 && spec.port == NTP_PORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* All parts of a short one, some of a long one. */
	const size_t step = size / 200 + 1;
	struct nts_response response, before, part;
	enum nts_response_verdict verdict, so_far = NTS_RESPONSE_INCOMPLETE;

	memset(&response, 0xa5, sizeof(response));
	before = response;
	verdict = parse(data, size, &response);
	must(verdict < NTS_RESPONSE_VERDICT_COUNT);
	must(strlen(nts_response_text(verdict)) > 0);
	if (verdict == NTS_RESPONSE_ACCEPTED) {
		check_accepted(&response, size);
	} else {
		if (has_code(verdict)) {
			before.error_code = response.error_code;
		}
		must(memcmp(&response, &before, sizeof(response)) == 0);
	}
	for (size_t len = 0; len < size; len += step) {
		const enum nts_response_verdict now = parse(data, len, &part);

		must(now == NTS_RESPONSE_INCOMPLETE || now == verdict);
		must(so_far == NTS_RESPONSE_INCOMPLETE || now == so_far);
		if (now == NTS_RESPONSE_ACCEPTED) {
			must(strcmp(part.server, response.server) == 0);
			must(part.port == response.port);
			must(part.cookies.count == response.cookies.count);
		}
		so_far = now;
	}
	return 0;
}
