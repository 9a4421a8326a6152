/* SPDX-License-Identifier: MIT
 *
 * Servers and addresses as people type them: whatever is accepted can be written out in
 * full and is read back as the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/ntp/server_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static void check_same(const struct server_spec *a, const struct server_spec *b)
{
	check(a->scheme == b->scheme && a->port == b->port);
	check(strcmp(a->host, b->host) == 0);
}

static void check_spec(const struct server_spec *spec)
{
	char full[SERVER_HOST_SIZE + 64];
	bool is_ipv6 = strchr(spec->host, ':') != NULL;
	struct server_spec again;
	size_t i;

	check(spec->port != 0 && (unsigned)spec->scheme < SCHEME_COUNT);
	check(spec->host[0] != '\0' && spec->host[0] != '-');
	for (i = 0; spec->host[i] != '\0'; i++) {
		check(spec->host[i] > 0x20 && spec->host[i] < 0x7f);
	}
	snprintf(full, sizeof(full), is_ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
	         scheme_name(spec->scheme), spec->host, (unsigned)spec->port);
	check(server_spec_parse(full, &again) == SERVER_SPEC_OK);
	check_same(spec, &again);
}

static void check_listen(const struct server_spec *spec)
{
	char full[SERVER_HOST_SIZE + 64];
	struct server_spec again;

	snprintf(full, sizeof(full), strchr(spec->host, ':') ? "[%s]:%u" : "%s:%u",
	         spec->host, (unsigned)spec->port);
	check(listen_spec_parse(full, 1, &again) == SERVER_SPEC_OK);
	check_same(spec, &again);
}

static void check_address(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address again;
	size_t len = address_format(address, text);

	check(len == strlen(text) && len < ADDRESS_TEXT_SIZE);
	check(address_parse(text, &again) && address_equal(address, &again));
	check(address_reach(&again) == address_reach(address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char reason[SERVER_SPEC_REFUSAL_SIZE];
	enum server_spec_verdict verdict;
	struct server_spec spec;
	struct address address = { 0 };

	check(text != NULL);
	if (size > 0) {
		memcpy(text, data, size);
	}
	text[size] = '\0';
	verdict = server_spec_parse(text, &spec);
	check(server_spec_refusal(text, verdict, reason) == reason);
	check(strncmp(reason, server_spec_verdict_text(verdict),
	              strlen(server_spec_verdict_text(verdict))) == 0);
	if (verdict == SERVER_SPEC_OK) {
		check_spec(&spec);
	}
	if (listen_spec_parse(text, 9123, &spec) == SERVER_SPEC_OK) {
		check_listen(&spec);
	}
	if (address_parse(text, &address)) {
		check_address(&address);
		/* An address is always a server, too. */
		check(server_spec_parse(text, &spec) == SERVER_SPEC_OK);
	}
	free(text);
	if (size == sizeof(address.octets)) {
		address = (struct address){ .family = ADDRESS_IPV6 };
		memcpy(address.octets, data, size);
		check_address(&address);
	}
	return 0;
}
