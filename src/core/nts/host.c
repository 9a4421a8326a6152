/* SPDX-License-Identifier: MIT
 *
 * Hosts of key exchange and NTP, checked by the rules for servers on the command line.
 */
#include "core/nts/host_private.h"

#include <string.h>

/* A host alone: what the parser takes for a scheme, a port or brackets is not in its host. */
static bool is_host(const char *text)
{
	struct server_spec spec;

	return server_spec_parse(text, &spec) == SERVER_SPEC_OK &&
	       strcmp(spec.host, text) == 0;
}

bool nts_host_read(const uint8_t *octets, size_t len, char ret[SERVER_HOST_SIZE])
{
	char text[SERVER_HOST_SIZE];

	if (len == 0 || len >= sizeof(text) || memchr(octets, '\0', len) ||
	    memchr(octets, '%', len)) {
		return false;
	}
	memcpy(text, octets, len);
	text[len] = '\0';
	if (!is_host(text)) {
		return false;
	}
	if (text[len - 1] == '.') {
		text[len - 1] = '\0';
	}
	memcpy(ret, text, sizeof(text));
	return true;
}

bool nts_host_is_valid(const char host[SERVER_HOST_SIZE])
{
	const char *end = memchr(host, '\0', SERVER_HOST_SIZE);

	return end && end > host && end[-1] != '.' && is_host(host);
}
