/* SPDX-License-Identifier: MIT
 *
 * A lookup of a name with getaddrinfo(), in a thread of the resolver's child.
 */
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/net/resolve_private.h"
#include "io/net/sockaddr.h"
#include "io/net/zone.h"

static void add_address(const struct addrinfo *ai, struct resolve_answer *answer)
{
	union sockaddr_any name;
	struct address found;

	if (answer->address_count == RESOLVE_ADDRESSES_MAX ||
	    ai->ai_addrlen > sizeof(name)) {
		return;
	}
	memset(&name, 0, sizeof(name));
	memcpy(&name, ai->ai_addr, ai->ai_addrlen);
	found = sockaddr_to_address(&name);
	found.port = 0;
	zone_add_name(&found);
	if (found.family != answer->family) {
		return;
	}
	for (uint32_t i = 0; i < answer->address_count; i++) {
		if (address_equal(&answer->addresses[i], &found)) {
			return;
		}
	}
	answer->addresses[answer->address_count++] = found;
}

/* The families that a line of /etc/hosts gives `host`: bit 0 IPv4, bit 1 IPv6. */
static unsigned families_in_line(char *line, const char *host)
{
	char *state = NULL, *word;
	struct address address;

	line[strcspn(line, "#\n")] = '\0';
	word = strtok_r(line, " \t\r", &state);
	if (!word || !address_parse(word, &address)) {
		return 0;
	}
	while ((word = strtok_r(NULL, " \t\r", &state))) {
		if (strcasecmp(word, host) == 0) {
			return 1U << resolve_lane(address.family);
		}
	}
	return 0;
}

/* Whether /etc/hosts gives `host` an address of the other family only.  A lookup of both
 * families at once stops there; a lookup of this family alone would go on to the name
 * servers, which must not override the administrator. */
static bool is_settled_by_hosts(const struct question *q)
{
	unsigned families = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *f;

	if (!q->is_of_a_pair) {
		return false;
	}
	f = fopen("/etc/hosts", "re");
	if (!f) {
		return false;
	}
	while (getline(&line, &size, f) >= 0) {
		families |= families_in_line(line, q->host);
	}
	free(line);
	fclose(f);
	return families != 0 && (families & 1U << resolve_lane(q->family)) == 0;
}

static int ask_library(const struct question *q, struct resolve_answer *answer)
{
	/* No AI_ADDRCONFIG: it hides `localhost` on a host that has only loopback.  One
	 * socket type, else every address comes three times. */
	const struct addrinfo hints = {
		.ai_family = q->family == ADDRESS_IPV4 ? AF_INET : AF_INET6,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list = NULL;
	int error = getaddrinfo(q->host, NULL, &hints, &list);

	if (error == 0) {
		for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
			add_address(ai, answer);
		}
		freeaddrinfo(list);
	}
	return error;
}

/* The resolver state is per thread; res_init() resets it from resolv.conf and
 * RES_OPTIONS. */
static int ask_with_timeout(const struct question *q, int timeout_s,
                            struct resolve_answer *answer)
{
	int error;

	if (res_init() == 0) {
		_res.retrans = timeout_s;
		/* A truncated answer is better than no answer where TCP is blocked. */
		_res.options |= RES_IGNTC;
	}
	error = ask_library(q, answer);
	(void)res_init();
	return error;
}

/* An address with an interface name: no name server can resolve it. */
static void find_zone(const struct question *q, struct resolve_answer *answer)
{
	struct address *address = &answer->addresses[0];
	int r;

	if (!address_parse(q->host, address) || address->family != q->family) {
		snprintf(answer->error, sizeof(answer->error), "not an address");
		return;
	}
	r = zone_complete(address);
	if (r == -ENODEV) {
		snprintf(answer->error, sizeof(answer->error), "no interface %s",
		         address->zone);
	} else if (r < 0) {
		snprintf(answer->error, sizeof(answer->error), "interface %s: %s",
		         address->zone, strerror(-r));
	} else {
		answer->address_count = 1;
	}
}

int resolve_look_up(const struct question *q, int timeout_s, struct resolve_answer *answer)
{
	const char *why = "no address";
	int error = EAI_NODATA;

	memset(answer, 0, sizeof(*answer));
	answer->name = q->name;
	answer->ticket = q->ticket;
	answer->family = q->family;
	if (strchr(q->host, '%')) {
		find_zone(q, answer);
		return 0;
	}
	if (!is_settled_by_hosts(q)) {
		error = timeout_s == 0 ? ask_library(q, answer)
		                       : ask_with_timeout(q, timeout_s, answer);
	}
	if (error != 0) {
		why = error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
	}
	if (answer->address_count == 0) {
		snprintf(answer->error, sizeof(answer->error), "%s",
		         why ? why : "unknown error");
	}
	return error;
}
