/* SPDX-License-Identifier: MIT
 *
 * The rounds of a measurement: handles what arrives, and when to stop.
 */
#include "app/client/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/client/measure_private.h"

/* Once the answer is decided, replies are awaited for this long: that includes servers at
 * about the same distance, at a negligible cost. */
#define GRACE_NS (3 * NS_PER_MS)
/* By then a public server has been asked three times. */
#define HELD_AFTER_NS (5 * NS_PER_S)
#define PROGRESS_TICK_NS (200 * NS_PER_MS)
/* Intervals are counted again when 1/32 of the answers are new. */
enum { RECOUNT_SHARE = 32 };

struct measure_settings measure_defaults(void)
{
	return (struct measure_settings){
		.samples = 4,
		.pool = 4,
		.liars = SELECT_LIARS_DEFAULT,
		.timeout_ns = 5 * NS_PER_S,
		.target_ns = 100 * NS_PER_MS,
		.root_distance_max_ns = SAMPLE_ROOT_DISTANCE_MAX_NS,
		.local_drift_ppb = 500000,
		.local_precision_ns = 100,
	};
}

/* Sources with a reply outstanding, and those not yet asked at all. */
static size_t outstanding(const struct measurement *m)
{
	return m->pending_count + m->phase_count[PHASE_ASKED] + m->phase_count[PHASE_KEYS] +
	       m->phase_count[PHASE_REFUSED] + (m->run->source_count - m->next_unasked);
}

/* O(n log n): with thousands of sources only after the last event, not after each. */
static void count_intervals(struct measurement *m)
{
	size_t rest = m->answered_count / RECOUNT_SHARE +
	              m->run->source_count / (RECOUNT_SHARE * RECOUNT_SHARE);

	if (m->uncounted++ < rest && outstanding(m) > 0) {
		return;
	}
	selection_update(m);
	m->earliest_due_ns = m->now_mono_ns; /* more requests may be wanted now */
	if (!selection_is_good_enough(m)) {
		m->decided_mono_ns = INT64_MAX;
	} else if (m->decided_mono_ns == INT64_MAX) {
		m->decided_mono_ns = m->now_mono_ns;
	}
}

/* Servers in hold-off are asked when the others cannot make a majority, or have not after
 * half of the time or HELD_AFTER_NS, and these can.  All at once: a second round would come
 * too late.  True when some are to be asked now. */
static bool ask_held(struct measurement *m)
{
	bool is_any = false;

	if (m->phase_count[PHASE_HELD] == 0 || m->settings->is_each_alone ||
	    m->signal != 0 || m->now_mono_ns >= m->deadline_mono_ns ||
	    m->selection.verdict == SELECT_OK ||
	    (m->now_mono_ns < m->held_mono_ns && selection_can_change(m, 0)) ||
	    !selection_can_change(m, m->source_groups.held_count)) {
		return false;
	}
	for (size_t i = 0; i < m->run->source_count; i++) {
		if (m->sources[i].phase == PHASE_HELD && m->interval_of[i] == SIZE_MAX) {
			m->sources[i].due_mono_ns = m->now_mono_ns;
			enter_phase(m, i, PHASE_READY);
			is_any = true;
		}
	}
	if (is_any) {
		m->earliest_due_ns = m->now_mono_ns;
		selection_update(m); /* more requests are outstanding now */
	}
	return is_any;
}

static bool hears_all(const struct measurement *m)
{
	return m->settings->ask_all || m->settings->is_each_alone || m->is_surprised;
}

static bool is_over(struct measurement *m)
{
	if (m->signal != 0 || m->now_mono_ns >= m->deadline_mono_ns) {
		return true;
	}
	if (outstanding(m) == 0 && m->earliest_due_ns == INT64_MAX) {
		return true;
	}
	if (hears_all(m)) {
		return false;
	}
	if (m->decided_mono_ns != INT64_MAX) {
		if (m->now_mono_ns - m->decided_mono_ns < GRACE_NS) {
			return false;
		}
		m->is_surprised = m->settings->is_surprising && outstanding(m) > 0 &&
		                  m->settings->is_surprising(m->settings->surprise_ctx,
		                                             m->selection.offset_ns,
		                                             m->selection.bound_ns);
		return !m->is_surprised;
	}
	return m->selection.verdict != SELECT_OK && m->answered_count > 0 &&
	       m->uncounted == 0 && !selection_can_change(m, 0);
}

static int64_t next_wake(const struct measurement *m)
{
	int64_t wake_ns = ns_min(m->deadline_mono_ns, requests_next_ns(m));

	if (!hears_all(m) && m->decided_mono_ns != INT64_MAX &&
	    m->decided_mono_ns + GRACE_NS < wake_ns) {
		wake_ns = m->decided_mono_ns + GRACE_NS;
	}
	if (m->phase_count[PHASE_HELD] > 0 && m->selection.verdict != SELECT_OK &&
	    m->held_mono_ns > m->now_mono_ns && m->held_mono_ns < wake_ns) {
		wake_ns = m->held_mono_ns;
	}
	if (m->ports->progress && m->now_mono_ns + PROGRESS_TICK_NS < wake_ns) {
		wake_ns = m->now_mono_ns + PROGRESS_TICK_NS;
	}
	return wake_ns;
}

static int handle(struct measurement *m, const struct port_event *event)
{
	int r = 0;

	switch (event->kind) {
	case PORT_REPLY:
		exchange_reply(m, event);
		requests_note_due(m, event->source);
		break;
	case PORT_FAILED:
		exchange_failed(m, event->source, event->error);
		requests_note_due(m, event->source);
		break;
	case PORT_KEYS:
		r = key_exchange_end(m, event);
		requests_note_due(m, event->source);
		break;
	case PORT_NAME:
		if (event->name >= m->settings->server_count) {
			key_exchange_take_address(m, event);
		} else {
			r = sources_take_addresses(m, event);
		}
		m->earliest_due_ns = m->now_mono_ns;
		break;
	case PORT_NAME_FAILED:
		if (event->name >= m->settings->server_count) {
			key_exchange_lose_name(m, event);
		} else {
			sources_lose_name(m, event);
		}
		break;
	case PORT_SIGNAL:
		m->signal = event->signal;
		break;
	case PORT_TIMEOUT:
		break;
	}
	count_intervals(m);
	return r;
}

static int run_rounds(struct measurement *m)
{
	for (;;) {
		struct port_event event;
		struct reading now;
		int r;

		requests_send_due(m);
		if (is_over(m)) {
			if (m->phase_count[PHASE_HELD] > 0) {
				selection_update(m); /* sources have been given up */
			}
			if (!ask_held(m)) {
				return 0;
			}
			continue;
		}
		if (m->uncounted == 0 && ask_held(m)) {
			continue;
		}
		if (m->ports->progress) {
			m->ports->progress(m->ports->watch_ctx, m->run, m->answered_count,
			                   outstanding(m));
		}
		r = m->ports->wait(m->ports->ctx, next_wake(m), &event);
		if (r < 0) {
			return r;
		}
		if (event.kind == PORT_REPLY) {
			now = event.after;
		} else {
			r = m->ports->now(m->ports->ctx, &now);
			if (r < 0) {
				return r;
			}
		}
		exchange_watch_clock(m, &now);
		m->has_read_all = event.kind == PORT_TIMEOUT;
		r = handle(m, &event);
		if (r < 0) {
			return r;
		}
	}
}

static void measurement_free(struct measurement *m)
{
	for (size_t i = 0; i < m->run->source_count; i++) {
		source_finish(m, i);
		if (m->sources[i].keys) {
			explicit_bzero(m->sources[i].keys, sizeof(*m->sources[i].keys));
			free(m->sources[i].keys);
		}
	}
	free(m->sources);
	free(m->names);
	free(m->address_counts);
	free(m->samples);
	free(m->exchanges);
	free(m->candidates);
	free(m->intervals);
	free(m->interval_of);
	free(m->daemon_of);
	free(m->status_of);
	free(m->scratch);
}

int measure(const struct measure_settings *settings, const struct ports *ports,
            struct run *ret)
{
	struct run run = { 0 };
	struct measurement m = {
		.settings = settings,
		.ports = ports,
		.run = &run,
		.earliest_due_ns = INT64_MAX,
		.decided_mono_ns = INT64_MAX,
		.selection = { .verdict = SELECT_NO_ANSWER },
	};
	struct reading now;
	int r;

	r = ports->now(ports->ctx, &now);
	if (r < 0) {
		return r;
	}
	m.now_mono_ns = now.mono_ns;
	m.boot_minus_mono_ns = now.boot_ns - now.mono_ns;
	m.wall_minus_mono_ns = instant_diff_ns(now.wall, (struct instant){ now.mono_ns });
	m.deadline_mono_ns = ns_add(now.mono_ns, settings->timeout_ns);
	m.held_mono_ns = ns_add(now.mono_ns, settings->timeout_ns / 2 < HELD_AFTER_NS
	                                             ? settings->timeout_ns / 2
	                                             : HELD_AFTER_NS);
	m.names = calloc(settings->server_count, sizeof(*m.names));
	m.address_counts = calloc(settings->server_count, sizeof(*m.address_counts));
	if ((!m.names || !m.address_counts) && settings->server_count > 0) {
		free(m.names);
		free(m.address_counts);
		return -ENOMEM;
	}
	for (size_t k = 0; k < settings->server_count; k++) {
		m.has_authenticated |= !settings->is_mixed && !settings->is_each_alone &&
		                       settings->servers[k].scheme == SCHEME_NTS;
	}
	for (size_t k = 0; k < settings->server_count && r >= 0; k++) {
		r = sources_start(&m, k);
	}
	if (r >= 0) {
		selection_update(&m); /* the sources outstanding */
		r = run_rounds(&m);
	}
	if (r >= 0) {
		key_store_put(&m);
		report_outcome(&m);
		*ret = run;
	}
	measurement_free(&m);
	if (r < 0) {
		measure_free(&run);
	}
	return r < 0 ? r : 0;
}

void measure_free(struct run *run)
{
	free(run->sources);
	free(run->exchanges);
	run->sources = NULL;
	run->exchanges = NULL;
	run->source_count = 0;
}
