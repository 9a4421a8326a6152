/* SPDX-License-Identifier: MIT
 *
 * Parses SERVER words and checks host names before any lookup.
 */
#include "core/ntp/server_spec.h"

#include <string.h>

#include "core/base/address.h"
#include "core/base/nearest.h"
#include "core/base/text.h"

enum {
	LABEL_MAX = 63, /* RFC 1035 section 2.3.4 */
	NAME_MAX_OCTETS = 253,
	PORT_DIGITS_MAX = 5,
};

static const struct scheme_row {
	const char *name;
	uint16_t port;
	bool is_tcp;
} schemes[SCHEME_COUNT] = {
	[SCHEME_NTP] = { "ntp", NTP_PORT, false },
	[SCHEME_REQTIME] = { "reqtime", REQTIME_PORT, false },
	[SCHEME_REQTIME_TCP] = { "reqtime+tcp", REQTIME_PORT, true },
	[SCHEME_TIME] = { "time", TIME_PORT, false },
	[SCHEME_TIME_TCP] = { "time+tcp", TIME_PORT, true },
	[SCHEME_DAYTIME] = { "daytime", DAYTIME_PORT, false },
	[SCHEME_DAYTIME_TCP] = { "daytime+tcp", DAYTIME_PORT, true },
	[SCHEME_NTS] = { "nts", NTS_PORT, false },
};

const char *scheme_name(enum scheme scheme)
{
	return (unsigned)scheme < SCHEME_COUNT ? schemes[scheme].name : "unknown";
}

uint16_t scheme_port(enum scheme scheme)
{
	return (unsigned)scheme < SCHEME_COUNT ? schemes[scheme].port : 0;
}

bool scheme_is_tcp(enum scheme scheme)
{
	return (unsigned)scheme < SCHEME_COUNT && schemes[scheme].is_tcp;
}

static bool is_name_char(char c)
{
	char lower = text_lower(c);

	return (lower >= 'a' && lower <= 'z') || text_is_digit(c) || c == '-' || c == '_';
}

/* Schemes are case-insensitive: RFC 3986 section 3.1. */
static bool is_word(const char *text, size_t len, const char *word)
{
	if (strlen(word) != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (text_lower(text[i]) != word[i]) {
			return false;
		}
	}
	return true;
}

static enum server_spec_verdict scheme_parse(const char *text, size_t len, enum scheme *ret)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++) {
		if (is_word(text, len, schemes[i].name)) {
			*ret = (enum scheme)i;
			return SERVER_SPEC_OK;
		}
	}
	return SERVER_SPEC_UNKNOWN_SCHEME;
}

static bool is_literal(const char *host, enum address_family family)
{
	struct address address;

	return address_parse(host, &address) && address.family == family;
}

/* Labels of a name of `len` octets, without a final dot. */
static enum server_spec_verdict labels_check(const char *host, size_t len)
{
	size_t start = 0, label_len;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && host[i] != '.') {
			if (!is_name_char(host[i])) {
				return SERVER_SPEC_BAD_HOST;
			}
			continue;
		}
		label_len = i - start;
		if (label_len == 0) {
			return SERVER_SPEC_BAD_DOTS;
		}
		if (label_len > LABEL_MAX) {
			return SERVER_SPEC_TOO_LONG;
		}
		if (host[start] == '-') {
			return SERVER_SPEC_DASH;
		}
		if (i == len && strspn(host + start, "0123456789") == label_len) {
			return SERVER_SPEC_NUMBER; /* or a broken IPv4 address */
		}
		start = i + 1;
	}
	return SERVER_SPEC_OK;
}

/* A host that is not an address: OK for a name, else the reason. */
static enum server_spec_verdict host_check(const char *host)
{
	const char *colon = strchr(host, ':');
	size_t len = strlen(host);

	for (const char *octet = host; *octet; octet++) {
		if ((unsigned char)*octet >= 0x80) {
			return SERVER_SPEC_NOT_ASCII;
		}
	}
	if (strchr(host, '%')) {
		return SERVER_SPEC_BAD_ZONE;
	}
	if (colon && strchr(colon + 1, ':')) {
		return SERVER_SPEC_BAD_IPV6;
	}
	if (strchr(host, '.') && host[0] != '.' && strspn(host, "0123456789.") == len) {
		return SERVER_SPEC_BAD_IPV4;
	}
	/* A name as resolvers accept it, with or without a final dot. */
	if (len > 1 && host[len - 1] == '.') {
		len--;
	}
	return len > NAME_MAX_OCTETS ? SERVER_SPEC_TOO_LONG : labels_check(host, len);
}

static bool port_parse(const char *text, uint16_t *ret)
{
	const size_t len = strlen(text);
	uint64_t value;

	if (len > PORT_DIGITS_MAX || !text_decimal(text, len, 1, UINT16_MAX, &value)) {
		return false;
	}
	*ret = (uint16_t)value;
	return true;
}

static bool host_copy(struct server_spec *spec, const char *host, size_t len)
{
	if (len > sizeof(spec->host) - 1) {
		return false;
	}
	memcpy(spec->host, host, len);
	spec->host[len] = '\0';
	return true;
}

/* Splits host[:port] and parses the port; the caller checks the host. */
static enum server_spec_verdict host_port_parse(const char *text, struct server_spec *spec)
{
	const char *colon, *end, *port;

	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':') ||
		    !host_copy(spec, text + 1, (size_t)(end - text - 1)) ||
		    !is_literal(spec->host, ADDRESS_IPV6)) {
			return SERVER_SPEC_BAD_BRACKETS;
		}
		port = end[1] == ':' ? end + 2 : NULL;
	} else {
		if (strchr(text, '[') || strchr(text, ']')) {
			return SERVER_SPEC_BAD_BRACKETS;
		}
		colon = strchr(text, ':');
		end = colon && !strchr(colon + 1, ':') ? colon : text + strlen(text);
		if (!host_copy(spec, text, (size_t)(end - text))) {
			return SERVER_SPEC_TOO_LONG;
		}
		port = *end == ':' ? end + 1 : NULL;
	}
	if (port && !port_parse(port, &spec->port)) {
		return SERVER_SPEC_BAD_PORT;
	}
	return SERVER_SPEC_OK;
}

enum server_spec_verdict server_spec_parse(const char *text, struct server_spec *ret)
{
	struct server_spec spec = { .scheme = SCHEME_NTP };
	enum server_spec_verdict verdict;
	const char *separator;

	separator = strstr(text, "://");
	if (separator) {
		verdict = scheme_parse(text, (size_t)(separator - text), &spec.scheme);
		if (verdict != SERVER_SPEC_OK) {
			return verdict;
		}
		text = separator + 3;
	}
	if (text[0] == '\0' || (text[0] == ':' && !strchr(text + 1, ':'))) {
		return SERVER_SPEC_EMPTY;
	}
	/* Before host and port, as it may be in either. */
	if (text[strcspn(text, " \t,;")] != '\0') {
		return SERVER_SPEC_SEVERAL;
	}
	if (strchr(text, '/')) {
		return SERVER_SPEC_PATH;
	}
	spec.port = schemes[spec.scheme].port;
	verdict = host_port_parse(text, &spec);
	if (verdict != SERVER_SPEC_OK) {
		return verdict;
	}
	if (!is_literal(spec.host, ADDRESS_IPV6) && !is_literal(spec.host, ADDRESS_IPV4)) {
		verdict = host_check(spec.host);
		if (verdict != SERVER_SPEC_OK) {
			return verdict;
		}
	}
	*ret = spec;
	return SERVER_SPEC_OK;
}

const char *server_spec_verdict_text(enum server_spec_verdict verdict)
{
	static const char *const texts[] = {
		[SERVER_SPEC_OK] = "a server",
		[SERVER_SPEC_EMPTY] =
			"no host was given: a server is [SCHEME://]HOST[:PORT]",
		[SERVER_SPEC_UNKNOWN_SCHEME] =
			"unknown scheme: known are ntp, nts, reqtime, reqtime+tcp, time, "
			"time+tcp, daytime and daytime+tcp",
		[SERVER_SPEC_NOT_ASCII] =
			"not ASCII: write the name in its xn-- form, and dashes as \"-\"",
		[SERVER_SPEC_SEVERAL] =
			"one word is one server, without a blank, comma or semicolon in it",
		[SERVER_SPEC_PATH] =
			"a server has no path and no prefix length: [SCHEME://]HOST[:PORT]",
		[SERVER_SPEC_BAD_ZONE] = "\"%\" belongs between a link-local address and "
					 "its interface, as in fe80::1%eth0",
		[SERVER_SPEC_BAD_IPV6] = "not an IPv6 address; with a port it is "
					 "[ADDRESS]:PORT, a name is NAME:PORT",
		[SERVER_SPEC_BAD_IPV4] =
			"not an IPv4 address: four numbers from 0 to 255, as in 192.0.2.1",
		[SERVER_SPEC_NUMBER] = "a host name does not end in a number; a port "
				       "follows a colon, as in HOST:123",
		[SERVER_SPEC_DASH] = "no part of a host name begins with \"-\"; options "
				     "stand before \"--\"",
		[SERVER_SPEC_BAD_DOTS] =
			"a part of the host name between two dots is empty",
		[SERVER_SPEC_TOO_LONG] =
			"too long: a host name has at most 253 octets, each part of it 63",
		[SERVER_SPEC_BAD_HOST] = "not a host name or address: a name has letters, "
					 "digits, \"-\", \"_\" and dots",
		[SERVER_SPEC_BAD_PORT] = "the port is not a number from 1 to 65535",
		[SERVER_SPEC_BAD_BRACKETS] =
			"brackets must hold an IPv6 address, with at most :PORT after them",
	};

	return (size_t)verdict < COUNT_OF(texts) ? texts[verdict] : "not a server";
}

const char *server_spec_refusal(const char *text, enum server_spec_verdict verdict,
                                char buf[SERVER_SPEC_REFUSAL_SIZE])
{
	const size_t len = strcspn(text, ":");
	struct text out = text_to(buf, SERVER_SPEC_REFUSAL_SIZE);

	text_put(&out, server_spec_verdict_text(verdict));
	if (verdict != SERVER_SPEC_UNKNOWN_SCHEME && verdict != SERVER_SPEC_BAD_PORT &&
	    verdict != SERVER_SPEC_PATH) {
		return buf;
	}
	for (size_t i = 0; i < SCHEME_COUNT; i++) {
		const size_t slips = nearest_slips(text, len, schemes[i].name);

		/* "ntps://host", and "ntp:host" or "ntp:/host" */
		if (verdict == SERVER_SPEC_UNKNOWN_SCHEME ? slips <= 1 : slips == 0) {
			text_format(&out, "; did you mean %s://?", schemes[i].name);
			break;
		}
	}
	return buf;
}

enum server_spec_verdict listen_spec_parse(const char *text, uint16_t default_port,
                                           struct server_spec *ret)
{
	struct server_spec spec = { .scheme = SCHEME_NTP, .port = default_port };
	enum server_spec_verdict verdict;

	if (text[0] == '\0') {
		return SERVER_SPEC_EMPTY;
	}
	verdict = host_port_parse(text, &spec);
	if (verdict == SERVER_SPEC_TOO_LONG) {
		return SERVER_SPEC_BAD_HOST; /* no address is so long */
	}
	if (verdict != SERVER_SPEC_OK) {
		return verdict;
	}
	if (spec.host[0] == '\0') {
		memcpy(spec.host, "*", sizeof("*"));
	}
	if (strcmp(spec.host, "*") != 0 && !is_literal(spec.host, ADDRESS_IPV6) &&
	    !is_literal(spec.host, ADDRESS_IPV4)) {
		return SERVER_SPEC_BAD_HOST;
	}
	*ret = spec;
	return SERVER_SPEC_OK;
}
