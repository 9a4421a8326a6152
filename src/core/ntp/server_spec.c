/* SPDX-License-Identifier: MIT
 *
 * What people name servers by, judged before anything is looked up.
 */
#include "core/ntp/server_spec.h"

#include <string.h>

#include "core/base/address.h"

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
	[SCHEME_NTP] = { "ntp", 123, false },
	[SCHEME_REQTIME] = { "reqtime", 9191, false },
	[SCHEME_REQTIME_TCP] = { "reqtime+tcp", 9191, true },
	[SCHEME_TIME] = { "time", 37, false },
	[SCHEME_TIME_TCP] = { "time+tcp", 37, true },
	[SCHEME_DAYTIME] = { "daytime", 13, false },
	[SCHEME_DAYTIME_TCP] = { "daytime+tcp", 13, true },
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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name_char(char c)
{
	char lower = to_lower(c);

	return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '-' || c == '_';
}

/* Schemes are the same in any case: RFC 3986 section 3.1. */
static bool is_word(const char *text, size_t len, const char *word)
{
	size_t i;

	if (strlen(word) != len) {
		return false;
	}
	for (i = 0; i < len; i++) {
		if (to_lower(text[i]) != word[i]) {
			return false;
		}
	}
	return true;
}

static enum server_spec_verdict scheme_parse(const char *text, size_t len, enum scheme *ret)
{
	size_t i;

	for (i = 0; i < SCHEME_COUNT; i++) {
		if (is_word(text, len, schemes[i].name)) {
			*ret = (enum scheme)i;
			return SERVER_SPEC_OK;
		}
	}
	return is_word(text, len, "nts") ? SERVER_SPEC_LATER_SCHEME
	                                 : SERVER_SPEC_UNKNOWN_SCHEME;
}

static bool is_ipv6(const char *host)
{
	struct address address;

	return address_parse(host, &address) && address.family == ADDRESS_IPV6;
}

static bool is_ipv4(const char *host)
{
	struct address address;

	return address_parse(host, &address) && address.family == ADDRESS_IPV4;
}

/* A name as resolvers take it; one dot may end it. */
static bool is_name(const char *host)
{
	size_t len = strlen(host);
	size_t label_start = 0;
	size_t last_label_digits = 0;
	size_t i;

	if (len > 0 && host[len - 1] == '.') {
		len--;
	}
	if (len == 0 || len > NAME_MAX_OCTETS) {
		return false;
	}
	for (i = 0; i <= len; i++) {
		if (i == len || host[i] == '.') {
			if (i == label_start || i - label_start > LABEL_MAX ||
			    (i == len && last_label_digits == i - label_start)) {
				return false; /* ends in a number: a broken IPv4 address */
			}
			label_start = i + 1;
			last_label_digits = 0;
			continue;
		}
		if (!is_name_char(host[i]) || (i == label_start && host[i] == '-')) {
			return false;
		}
		last_label_digits += is_digit(host[i]);
	}
	return true;
}

static bool port_parse(const char *text, uint16_t *ret)
{
	unsigned value = 0;
	size_t i;

	for (i = 0; text[i] != '\0'; i++) {
		if (!is_digit(text[i]) || i == PORT_DIGITS_MAX) {
			return false;
		}
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value == 0 || value > UINT16_MAX) {
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

/* Cuts host[:port] apart and takes the port; what the host may be is the caller's. */
static enum server_spec_verdict host_port_parse(const char *text, struct server_spec *spec)
{
	const char *colon, *end, *port;

	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':') ||
		    !host_copy(spec, text + 1, (size_t)(end - text - 1)) ||
		    !is_ipv6(spec->host)) {
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
			return SERVER_SPEC_BAD_HOST;
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
	spec.port = schemes[spec.scheme].port;
	verdict = host_port_parse(text, &spec);
	if (verdict != SERVER_SPEC_OK) {
		return verdict;
	}
	if (!is_ipv6(spec.host) && !is_ipv4(spec.host) && !is_name(spec.host)) {
		return SERVER_SPEC_BAD_HOST;
	}
	*ret = spec;
	return SERVER_SPEC_OK;
}

const char *server_spec_verdict_text(enum server_spec_verdict verdict)
{
	switch (verdict) {
	case SERVER_SPEC_OK:
		return "a server";
	case SERVER_SPEC_EMPTY:
		return "no host was given";
	case SERVER_SPEC_UNKNOWN_SCHEME:
		return "unknown scheme: known are ntp, reqtime, reqtime+tcp, time, "
		       "time+tcp, "
		       "daytime and daytime+tcp";
	case SERVER_SPEC_LATER_SCHEME:
		return "nts is not supported yet: use ntp";
	case SERVER_SPEC_BAD_HOST:
		return "not a host name or address (an IPv6 address with a port needs "
		       "brackets)";
	case SERVER_SPEC_BAD_PORT:
		return "the port is not a number from 1 to 65535";
	case SERVER_SPEC_BAD_BRACKETS:
		return "brackets must hold an IPv6 address, with at most :PORT after them";
	}
	return "not a server";
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
	if (verdict != SERVER_SPEC_OK) {
		return verdict;
	}
	if (spec.host[0] == '\0') {
		memcpy(spec.host, "*", sizeof("*"));
	}
	if (strcmp(spec.host, "*") != 0 && !is_ipv4(spec.host) && !is_ipv6(spec.host)) {
		return SERVER_SPEC_BAD_HOST;
	}
	*ret = spec;
	return SERVER_SPEC_OK;
}
