/* SPDX-License-Identifier: MIT
 *
 * The requests of a measurement: which source is asked when, and how often.
 */
#include <string.h>

#include "app/client/measure_private.h"

/* A server this near gets all its requests at once: cheap, and narrows the bound. */
#define NEAR_DELAY_NS NS_PER_MS
enum { NEAR_SOURCES_MAX = 64 };
/* First requests are sent in flights of this many, one flight per millisecond: thousands at
 * once would overrun the queues of the network and of the servers.  Pending replies are
 * read before the next flight, but a flood of replies cannot postpone that for long. */
#define FLIGHT_NS NS_PER_MS
#define FLIGHT_WAIT_NS (10 * NS_PER_MS)
enum { FLIGHT_SOURCES = 32 };

/* Requests per source, at most: a server in hold-off gets one. */
static unsigned requests_max(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];
	/* The request that was answered by NTSN has given no sample. */
	const unsigned most =
		(s->kiss ? 1 : m->settings->samples + s->voids) + s->has_renewed;

	if (!s->keys || s->wants_keys) {
		return most;
	}
	/* Each request needs a cookie of its own. */
	return (unsigned)ns_min(most, m->run->sources[i].sent + s->keys->cookies.count);
}

/* Whether another exchange could show on which side of the tolerance the source is. */
static bool is_undecided(const struct measurement *m, const struct sample *latest)
{
	const int64_t limit_ns = m->settings->tolerance_ns;
	const int64_t offset_ns = ns_abs(latest->offset_ns);

	if (limit_ns == 0) {
		return latest->bound_ns > m->settings->target_ns &&
		       latest->root_distance_ns < m->settings->target_ns;
	}
	return latest->root_distance_ns < limit_ns &&
	       ns_add(offset_ns, latest->bound_ns) > limit_ns &&
	       ns_sub(offset_ns, latest->bound_ns) <= limit_ns;
}

/* Whether a source that has answered is worth another request. */
static bool is_more_wanted(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];
	const struct run_source *shown = &m->run->sources[i];
	const struct sample *latest;

	if (shown->sent >= requests_max(m, i)) {
		return false;
	}
	if (s->sample_count == 0) {
		return true; /* its exchange was void */
	}
	latest = &samples_of(m, i)[s->sample_count - 1];
	if (latest->delay_ns < NEAR_DELAY_NS && m->run->source_count <= NEAR_SOURCES_MAX &&
	    address_reach(&shown->address) != ADDRESS_PUBLIC) {
		return true;
	}
	if (m->settings->is_each_alone) {
		return is_undecided(m, latest);
	}
	/* Another exchange can shorten the path, never the server's own distance. */
	return selection_is_decided(m) && !selection_is_good_enough(m) &&
	       latest->root_distance_ns < m->settings->target_ns;
}

static bool has_window(const struct measurement *m)
{
	return m->settings->window == 0 || m->open_count < m->settings->window;
}

/* Not all sources can be open at once: those not yet asked go first. */
static bool is_crowded(const struct measurement *m)
{
	return m->settings->window != 0 && m->run->source_count > m->settings->window;
}

static bool has_place(const struct measurement *m)
{
	return has_window(m) && (!is_crowded(m) || m->next_unasked == m->run->source_count);
}

/* Key exchanges have a limit of their own. */
static bool has_key_window(const struct measurement *m)
{
	return m->phase_count[PHASE_KEYS] < NTS_UNDERWAY_MAX;
}

static bool needs_keys(const struct measurement *m, size_t i)
{
	return m->run->sources[i].scheme == SCHEME_NTS &&
	       (!m->sources[i].keys || m->sources[i].wants_keys);
}

static bool may_exchange_keys(const struct measurement *m, size_t i)
{
	return !needs_keys(m, i) || has_key_window(m);
}

/* With NTS, keys come before the first request. */
static void ask(struct measurement *m, size_t i)
{
	const bool has_none = !m->sources[i].keys;

	if (needs_keys(m, i) && !(has_none && key_store_take(m, i))) {
		key_exchange_start(m, i);
	} else if (m->sources[i].phase == PHASE_READY ||
	           m->sources[i].phase == PHASE_ASKED) {
		exchange_ask(m, i);
	}
}

/* Sends first requests, in order, as far as the window and the flight allow. */
static void ask_new(struct measurement *m)
{
	unsigned asked = 0;

	if (m->now_mono_ns <
	    m->next_flight_mono_ns + (m->has_read_all ? 0 : FLIGHT_WAIT_NS)) {
		return;
	}
	while (m->next_unasked < m->run->source_count) {
		size_t i = m->next_unasked;

		if (m->sources[i].phase == PHASE_READY) {
			if (!has_window(m) || !may_exchange_keys(m, i)) {
				return;
			}
			if (asked++ == FLIGHT_SOURCES) {
				m->next_flight_mono_ns = m->now_mono_ns + FLIGHT_NS;
				return;
			}
			ask(m, i);
			if (m->sources[i].due_mono_ns < m->earliest_due_ns) {
				m->earliest_due_ns = m->sources[i].due_mono_ns;
			}
		}
		m->next_unasked++;
	}
}

/* A server that has lost the keys of an earlier run may say so with NTSN, or be silent.  On
 * a private network the first retry comes early, and the path may just be long. */
static bool has_forgotten_keys(const struct measurement *m, size_t i)
{
	const struct run_source *shown = &m->run->sources[i];
	const bool is_early =
		shown->sent < 2 && address_reach(&shown->address) != ADDRESS_PUBLIC;

	return shown->nts.has_keys && shown->nts.key_exchange_ns < 0 &&
	       !m->sources[i].has_renewed && shown->received == 0 && !is_early;
}

/* When there is just time for one more answer. */
static int64_t probe_at(const struct measurement *m)
{
	return m->deadline_mono_ns - ns_min(NS_PER_S, m->settings->timeout_ns / 4);
}

static bool is_to_be_probed(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];

	return m->settings->may_probe && s->keys && !s->has_probed &&
	       m->run->sources[i].received == 0 && !s->has_refused;
}

/* No reply: ask again, or free the channel for sources not yet asked. */
static bool attend_silent(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	char reason[SOURCE_REASON_SIZE];
	bool may_ask = !s->has_probed && m->run->sources[i].sent < requests_max(m, i);

	if (s->has_nak || (has_forgotten_keys(m, i) && key_store_is_due(m, i))) {
		return key_exchange_again(m, i, !s->has_nak);
	}
	if (s->has_plain_kiss) {
		memcpy(reason, m->run->sources[i].reason, sizeof(reason));
		source_decline(m, i, reason);
		return false;
	}
	if (is_to_be_probed(m, i) && (!may_ask || m->now_mono_ns >= probe_at(m))) {
		exchange_probe(m, i);
		return true;
	}

	if (is_crowded(m) && !has_place(m)) {
		if (may_ask) {
			exchange_yield(m, i);
			return true;
		}
		source_finish(m, i);
		return false;
	}
	if (may_ask) {
		ask(m, i);
	} else {
		s->due_mono_ns = m->deadline_mono_ns; /* the last reply may come late */
	}
	if (is_to_be_probed(m, i)) {
		s->due_mono_ns = ns_min(s->due_mono_ns, probe_at(m));
	}
	return s->phase == PHASE_ASKED;
}

/* Handles a source that is due; true when it must be handled again later. */
static bool attend(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	bool is_due = s->due_mono_ns <= m->now_mono_ns;

	switch (s->phase) {
	case PHASE_READY:
		if (!is_more_wanted(m, i)) {
			return false;
		}
		if (is_due && has_place(m) && may_exchange_keys(m, i)) {
			ask(m, i);
		} else if (is_due) {
			s->due_mono_ns = m->now_mono_ns + FLIGHT_NS;
		}
		return true;
	case PHASE_REFUSED:
		if (is_due) {
			source_finish(m, i);
		}
		return !is_due;
	case PHASE_KEYS:
		return !is_due;
	case PHASE_ASKED:
		return !is_due || attend_silent(m, i);
	default:
		return false;
	}
}

/* Handles all sources that are due: retries of lost requests, further rounds. */
void requests_send_due(struct measurement *m)
{
	if (m->now_mono_ns >= m->earliest_due_ns) {
		m->earliest_due_ns = INT64_MAX;
		for (size_t i = 0; i < m->next_unasked; i++) {
			if (attend(m, i) &&
			    m->sources[i].due_mono_ns < m->earliest_due_ns) {
				m->earliest_due_ns = m->sources[i].due_mono_ns;
			}
		}
	}
	ask_new(m);
}

void requests_note_due(struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];

	if (s->phase != PHASE_DONE && (s->phase != PHASE_READY || is_more_wanted(m, i)) &&
	    s->due_mono_ns < m->earliest_due_ns) {
		m->earliest_due_ns = s->due_mono_ns;
	}
}

int64_t requests_next_ns(const struct measurement *m)
{
	const bool is_next_possible = m->next_unasked < m->run->source_count &&
	                              has_window(m) &&
	                              may_exchange_keys(m, m->next_unasked);

	return is_next_possible ? ns_min(m->earliest_due_ns, m->next_flight_mono_ns)
	                        : m->earliest_due_ns;
}
