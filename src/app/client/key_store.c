/* SPDX-License-Identifier: MIT
 *
 * Keys between runs: takes those of an earlier run, and keeps what the next one can use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/client/measure_private.h"
#include "core/base/text_time.h"

static int64_t boot_now_ns(const struct measurement *m)
{
	return ns_add(m->now_mono_ns, m->boot_minus_mono_ns);
}

static struct nts_stored *stored_of(const struct measurement *m, size_t i)
{
	return m->settings->store
	               ? nts_store_find(m->settings->store, m->run->sources[i].name,
	                                &m->sources[i].key_address)
	               : NULL;
}

/* The server may have renewed its certificate since.  Where only a wrong clock holds it for
 * expired, keys are not exchanged anew in each run. */
static bool is_outdated(const struct measurement *m, const struct nts_stored *stored)
{
	const struct instant now = certificate_clock(m);

	return !certificate_may_be_valid(m, &stored->window) ||
	       (nts_trust_at(&stored->window, now, now) == NTS_TRUST_EXPIRED &&
	        boot_now_ns(m) - stored->obtained_ns > NTS_BACKOFF_MAX_NS);
}

bool key_store_take(struct measurement *m, size_t i)
{
	struct nts_stored *stored = stored_of(m, i);
	struct source_nts *nts = &m->run->sources[i].nts;
	struct source *s = &m->sources[i];

	if (!m->ports->aead || !stored || stored->cookies.count == 0 ||
	    is_outdated(m, stored) ||
	    (m->settings->family != ADDRESS_NONE &&
	     m->settings->family != stored->address.family)) {
		return false;
	}
	s->keys = calloc(1, sizeof(*s->keys));
	if (!s->keys) {
		return false; /* then the keys are exchanged */
	}
	s->keys->keys = stored->keys;
	s->keys->cookies = stored->cookies;
	s->keys->obtained_ns = stored->obtained_ns;
	memset(&stored->cookies, 0, sizeof(stored->cookies));
	nts->has_keys = true;
	nts->key_exchange_ns = -1;
	nts->window = stored->window;
	nts->cookie_count = s->keys->cookies.count;
	memcpy(nts->subject, stored->subject, sizeof(nts->subject));
	hosts_find(m, i, &stored->address);
	return true;
}

bool key_store_is_due(const struct measurement *m, size_t i)
{
	const struct nts_stored *stored = stored_of(m, i);

	return !stored || stored->failure_count == 0 ||
	       stored->next_attempt_ns <= boot_now_ns(m);
}

bool key_store_may_exchange(struct measurement *m, size_t i)
{
	const struct nts_stored *stored = stored_of(m, i);
	const int64_t now_ns = boot_now_ns(m);
	char reason[SOURCE_REASON_SIZE];
	struct civil at;

	if (!stored || key_store_is_due(m, i)) {
		return true;
	}
	at = civil_from_instant(instant_add_ns(
		(struct instant){ m->now_mono_ns },
		ns_add(m->wall_minus_mono_ns, stored->next_attempt_ns - now_ns)));
	snprintf(reason, sizeof(reason),
	         "key exchange: failed %u time%s, not tried before %02d:%02d:%02d UTC; to "
	         "try it now: reqtime query --state-dir /dev/null",
	         (unsigned)stored->failure_count, stored->failure_count == 1 ? "" : "s",
	         at.hour, at.minute, at.second);
	source_decline(m, i, reason);
	return false;
}

/* The server was reached and has failed, or its keys brought no answer that can be used: the
 * wait becomes longer until one has (RFC 8915 section 4.2). */
static bool has_failed(const struct measurement *m, size_t i)
{
	const struct run_source *shown = &m->run->sources[i];
	const struct source *s = &m->sources[i];
	const bool is_over = m->now_mono_ns >= m->deadline_mono_ns;

	if (s->has_key_failure || s->phase == PHASE_KEYS) {
		return s->has_key_failure;
	}
	if (s->kiss || s->has_plain_kiss) {
		return false; /* its keys may be good */
	}
	return s->keys && shown->nts.key_exchange_ns >= 0 && !shown->nts.is_authenticated &&
	       (s->has_declined ||
	        (shown->sent > 0 && (is_over || s->phase == PHASE_DONE)));
}

static void put_keys(const struct measurement *m, size_t i, struct nts_stored *stored)
{
	const struct run_source *shown = &m->run->sources[i];
	const struct source_keys *keys = m->sources[i].keys;

	stored->address = shown->address;
	stored->obtained_ns = keys->obtained_ns;
	stored->keys = keys->keys;
	stored->window = shown->nts.window;
	stored->cookies = keys->cookies;
	memcpy(stored->subject, shown->nts.subject, sizeof(stored->subject));
}

/* Once for a server that is named twice. */
static void put_failure(struct nts_stored *stored, int64_t now_ns)
{
	if (stored->failure_count > 0 && stored->next_attempt_ns > now_ns) {
		return;
	}
	/* Keys grow old all the same. */
	stored->obtained_ns = stored->cookies.count > 0 ? stored->obtained_ns : now_ns;
	stored->failure_count += stored->failure_count < UINT32_MAX;
	stored->next_attempt_ns = ns_add(now_ns, nts_backoff_ns(stored->failure_count));
}

static void put_source(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];
	const struct run_source *shown = &m->run->sources[i];
	const bool is_failed = has_failed(m, i);
	const bool has_cookies =
		s->has_ntp_address && s->keys && s->keys->cookies.count > 0 && !s->has_nak;
	struct nts_stored *stored =
		has_cookies || is_failed
			? nts_store_claim(m->settings->store, shown->name, &s->key_address)
			: stored_of(m, i);

	if (!stored) {
		return;
	}
	if (has_cookies) {
		put_keys(m, i, stored);
	}
	if (is_failed) {
		put_failure(stored, boot_now_ns(m));
	} else if (shown->nts.is_authenticated) {
		stored->failure_count = 0;
	}
}

void key_store_put(struct measurement *m)
{
	for (size_t i = 0; m->settings->store && i < m->run->source_count; i++) {
		if (m->run->sources[i].scheme == SCHEME_NTS) {
			put_source(m, i);
		}
	}
}
