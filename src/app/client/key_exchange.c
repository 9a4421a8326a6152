/* SPDX-License-Identifier: MIT
 *
 * The key exchange of a source with NTS (RFC 8915 section 4): keys and cookies, and the
 * address at which it answers NTP.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/client/measure_private.h"
#include "core/base/text_time.h"

static const char prefix[] = "key exchange: ";

static void refuse(struct measurement *m, size_t i, const char *why)
{
	char reason[SOURCE_REASON_SIZE];

	snprintf(reason, sizeof(reason), "%s%.100s", prefix, why);
	source_decline(m, i, reason);
}

/* Without the interface of a link-local address and a final dot: the name in the
 * certificate. */
static void server_name(const char *host, char ret[SERVER_HOST_SIZE])
{
	size_t len = strcspn(host, "%");

	while (len > 1 && host[len - 1] == '.') {
		len--;
	}
	snprintf(ret, SERVER_HOST_SIZE, "%.*s", (int)len, host);
}

void key_exchange_start(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	char name[SERVER_HOST_SIZE];
	int r;

	if (!key_store_may_exchange(m, i)) {
		return;
	}
	/* A second one, too, goes to the server that the user has named, not to where the
	 * first has led. */
	server_name(m->run->sources[i].name, name);
	s->wants_keys = false;
	r = m->ports->exchange_keys(m->ports->ctx, i, &s->key_address, name);
	if (r < 0) {
		snprintf(m->run->sources[i].reason, SOURCE_REASON_SIZE,
		         "%scannot start: %s", prefix, strerror(-r));
		source_finish(m, i);
		return;
	}
	m->run->sources[i].reason[0] = '\0';
	s->has_refused = false;
	s->keys_asked_mono_ns = m->now_mono_ns;
	s->due_mono_ns = m->deadline_mono_ns;
	enter_phase(m, i, PHASE_KEYS);
}

bool key_exchange_again(struct measurement *m, size_t i, bool keeps_cookies)
{
	struct source *s = &m->sources[i];

	if (!keeps_cookies) {
		s->keys->cookies.count = 0;
	}
	if (s->has_renewed && m->run->sources[i].nts.key_exchange_ns < 0) {
		source_decline(m, i,
		               "its cookie keys have changed (NTSN), and the key exchange "
		               "for new ones has failed");
		return false;
	}
	if (s->has_renewed) {
		s->has_key_failure = true;
		source_decline(
			m, i,
			"it does not accept its own new cookies (NTSN): its machines "
			"have different keys, or something forges NTSN");
		return false;
	}
	s->has_renewed = true;
	s->wants_keys = true;
	s->has_nak = false;
	source_close_channel(m, i);
	enter_phase(m, i, PHASE_READY);
	s->due_mono_ns = m->now_mono_ns;
	return true;
}

bool key_exchange_after_renewal(struct measurement *m, size_t i)
{
	return m->run->sources[i].nts.key_exchange_ns < 0 && key_store_is_due(m, i) &&
	       key_exchange_again(m, i, false);
}

/* A server may send us to another one, but not to this machine or its network: unless the
 * user has named a server there. */
static bool is_acceptable_address(const struct address *address,
                                  const struct address *key_address)
{
	switch (address_reach(address)) {
	case ADDRESS_UNSPECIFIED:
	case ADDRESS_MULTICAST:
		return false;
	case ADDRESS_LOOPBACK:
		return address_reach(key_address) == ADDRESS_LOOPBACK;
	case ADDRESS_LINK_LOCAL:
		return address_is_same_host(address, key_address);
	default:
		return true;
	}
}

static void use_address(struct measurement *m, size_t i, const struct address *address)
{
	struct source *s = &m->sources[i];
	char text[ADDRESS_TEXT_SIZE], why[SOURCE_REASON_SIZE];
	struct address to = *address;

	to.port = s->ntp_port;
	if (!is_acceptable_address(address, &s->key_address)) {
		address_format(address, text);
		snprintf(why, sizeof(why), "it names %.46s, which cannot be its NTP server",
		         text);
		refuse(m, i, why);
	} else if (m->settings->family != ADDRESS_NONE &&
	           m->settings->family != address->family) {
		refuse(m, i, "it names an NTP server of the other address family");
	} else {
		hosts_find(m, i, &to);
	}
}

/* Finds out where the server answers NTP. */
static void find_server(struct measurement *m, size_t i, const char *server)
{
	const struct source *s = &m->sources[i];
	char why[SOURCE_REASON_SIZE], absolute[SERVER_HOST_SIZE + 1];
	struct address address;
	int r;

	if (server[0] == '\0') {
		use_address(m, i, &s->key_address);
		return;
	}
	if (address_parse(server, &address)) {
		use_address(m, i, &address);
		return;
	}
	/* A fully qualified name (section 4.1.7); the same family as the key exchange, which
	 * has worked. */
	snprintf(absolute, sizeof(absolute), "%s.", server);
	r = m->ports->resolve(m->ports->ctx, m->settings->server_count + i, absolute,
	                      s->key_address.family);
	if (r < 0) {
		snprintf(why, sizeof(why), "its NTP server cannot be resolved: %s",
		         strerror(-r));
		refuse(m, i, why);
		return;
	}
	snprintf(m->run->sources[i].reason, SOURCE_REASON_SIZE,
	         "its NTP server %.80s is not resolved yet", server);
}

/* The server was reached and could not do it: only then is it left alone for a while.  A
 * network that is not up yet must not delay the run that follows. */
static bool is_of_server(uint32_t failure)
{
	return failure != NTS_FAILURE_CONNECT && failure != NTS_FAILURE_NO_CA &&
	       failure != NTS_FAILURE_NO_PROGRAM;
}

/* Nothing has been heard that could be used. */
static bool is_silence(uint32_t failure)
{
	return failure == NTS_FAILURE_CONNECT || failure == NTS_FAILURE_CLOSED ||
	       failure == NTS_FAILURE_NO_CA || failure == NTS_FAILURE_NO_PROGRAM;
}

static void take_failure(struct measurement *m, size_t i, const struct nts_answer *answer)
{
	struct source *s = &m->sources[i];
	char reason[NTS_FAILURE_TEXT_SIZE];

	s->has_key_failure = is_of_server(answer->failure);
	nts_failure_format(answer, strerror(answer->error), reason);
	source_decline(m, i, reason);
	s->has_declined = !is_silence(answer->failure);
	/* A request was lost, perhaps no more than that: the cookies that are left may do. */
	if (s->keys && s->keys->cookies.count > 0) {
		s->has_declined = false;
		s->due_mono_ns = m->now_mono_ns;
		enter_phase(m, i, PHASE_READY);
	}
}

int key_exchange_end(struct measurement *m, const struct port_event *event)
{
	const size_t i = event->source;
	const struct nts_answer *answer = event->keys;
	struct run_source *shown = &m->run->sources[i];
	struct source *s = &m->sources[i];

	if (s->phase != PHASE_KEYS) {
		return 0;
	}
	if (answer->failure != NTS_FAILURE_NONE) {
		take_failure(m, i, answer);
		return 0;
	}
	if (!s->keys) {
		s->keys = calloc(1, sizeof(*s->keys));
		if (!s->keys) {
			return -ENOMEM;
		}
	}
	s->keys->obtained_ns = ns_add(m->now_mono_ns, m->boot_minus_mono_ns);
	s->keys->keys = answer->keys;
	s->keys->cookies = answer->cookies;
	shown->nts.has_keys = true;
	shown->nts.key_exchange_ns = m->now_mono_ns - s->keys_asked_mono_ns;
	shown->nts.window = answer->window;
	shown->nts.cookie_count = answer->cookies.count;
	memcpy(shown->nts.subject, answer->subject, sizeof(shown->nts.subject));
	shown->reason[0] = '\0';
	if (certificate_is_acceptable(m, i, &answer->window)) {
		s->ntp_port = answer->port;
		s->has_ntp_address = false;
		find_server(m, i, answer->server);
	}
	return 0;
}

/* The source that waits for the name of `event`; SIZE_MAX: none. */
static size_t source_of(const struct measurement *m, const struct port_event *event)
{
	const size_t i = event->name - m->settings->server_count;

	return i < m->run->source_count && m->sources[i].phase == PHASE_KEYS ? i : SIZE_MAX;
}

void key_exchange_take_address(struct measurement *m, const struct port_event *event)
{
	const size_t i = source_of(m, event);

	if (i != SIZE_MAX && event->address_count > 0) {
		m->run->sources[i].reason[0] = '\0';
		use_address(m, i, &event->addresses[0]);
	}
}

void key_exchange_lose_name(struct measurement *m, const struct port_event *event)
{
	const size_t i = source_of(m, event);
	char why[SOURCE_REASON_SIZE];

	if (i != SIZE_MAX) {
		snprintf(why, sizeof(why), "its NTP server cannot be resolved: %.60s",
		         event->error_text);
		refuse(m, i, why);
	}
}
