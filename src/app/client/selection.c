/* SPDX-License-Identifier: MIT
 *
 * Counts the intervals of a measurement: is there a majority, and can it still change?
 */
#include <string.h>

#include "app/client/measure_private.h"

/* The moment for which the samples of a source are combined. */
static int64_t moment_of(const struct measurement *m, size_t i)
{
	const unsigned count = m->sources[i].sample_count;

	return m->settings->is_each_alone && count > 0
	               ? samples_of(m, i)[count - 1].at_mono_ns
	               : m->now_mono_ns;
}

/* The error of a server is in its root dispersion; the drift since is the local clock's. */
static void make_candidate(struct measurement *m, size_t i, struct candidate *ret)
{
	struct source *s = &m->sources[i];
	const struct run_source *shown = &m->run->sources[i];

	ret->is_outstanding = s->phase != PHASE_HELD && s->twin == SIZE_MAX &&
	                      (s->phase != PHASE_DONE || m->names[s->server].is_pending);
	ret->is_held = s->phase == PHASE_HELD;
	/* Answers without a common point: the source or its path is wrong. */
	ret->has_answered =
		filter_samples(samples_of(m, i), s->sample_count, moment_of(m, i),
	                       m->settings->local_drift_ppb, &s->estimate) == FILTER_OK;
	if (!ret->has_answered) {
		return;
	}
	ret->interval = (struct interval){
		.lo_ns = ns_add(s->estimate.offset_ns, -s->estimate.bound_ns),
		.hi_ns = ns_add(s->estimate.offset_ns, s->estimate.bound_ns),
		.offset_ns = s->estimate.offset_ns,
		.spread_ns = s->estimate.spread_ns,
	};
	ret->heard_mono_ns = samples_of(m, i)[s->sample_count - 1].at_mono_ns;
	if (shown->has_header) {
		ret->stratum = shown->stratum;
		ret->reference = shown->reference;
		memcpy(ret->refid, shown->refid, sizeof(ret->refid));
		ret->root_delay_ns = shown->root_delay_ns;
		ret->root_dispersion_ns = shown->root_dispersion_ns;
	}
}

/* A server whose certificate is valid only by its own time does not decide alone. */
static bool is_in_doubt(const struct measurement *m)
{
	for (size_t i = 0; i < m->run->source_count; i++) {
		if (m->sources[i].has_vote && m->sources[i].sample_count > 0 &&
		    m->run->sources[i].nts.is_told) {
			return !m->settings->may_trust_one;
		}
	}
	return false;
}

static bool is_agreeing(const struct measurement *m, size_t i)
{
	const size_t interval = m->interval_of[i];

	return m->candidates[i].has_answered && interval != SIZE_MAX &&
	       m->address_counts[m->sources[i].server] > 0 &&
	       (m->selection.verdict == SELECT_TOO_FEW ||
	        (m->selection.verdict == SELECT_OK &&
	         m->status_of[interval] != INTERVAL_FALSETICKER));
}

size_t selection_agreeing_servers(struct measurement *m)
{
	size_t count = 0;

	for (size_t k = 0; k < m->settings->server_count; k++) {
		m->names[k].is_agreeing = false;
	}
	for (size_t v = 0; v < m->source_groups.interval_count; v++) {
		m->scratch[v].tie = 0; /* by daemon, which stands for a SERVER */
	}
	for (size_t i = 0; i < m->run->source_count; i++) {
		struct named_server *name = &m->names[m->sources[i].server];
		struct keyed *daemon;

		if (name->is_agreeing || !is_agreeing(m, i)) {
			continue;
		}
		daemon = &m->scratch[m->daemon_of[m->interval_of[i]]];
		name->is_agreeing = daemon->tie == 0;
		count += name->is_agreeing;
		daemon->tie = 1;
	}
	return count;
}

/* The majority is there.  Is it enough?  Where a certificate is in doubt, two SERVERs are
 * needed: all addresses of one have the same certificate, and a forged DNS answer can give
 * its name several. */
static void confirm(struct measurement *m)
{
	m->daemons = source_groups_daemons(&m->source_groups, m->daemon_of, m->status_of,
	                                   m->scratch);
	if (!source_groups_confirm(&m->source_groups, &m->daemons, &m->rule)) {
		m->selection.verdict = SELECT_ONE_DAEMON;
	} else if (is_in_doubt(m) && selection_agreeing_servers(m) < 2) {
		m->is_in_doubt = true;
		m->selection.verdict = SELECT_TOO_FEW;
		m->selection.needed_count =
			m->selection.needed_count < 2 ? 2 : m->selection.needed_count;
	}
}

void selection_update(struct measurement *m)
{
	size_t count = m->run->source_count;

	sources_assign_pairs(m);
	for (size_t i = 0; i < count; i++) {
		m->candidates[i] =
			(struct candidate){ .has_no_vote = !m->sources[i].has_vote,
			                    .pair = sources_pair(m, i),
			                    .asked = m->sources[i].host };
		make_candidate(m, i, &m->candidates[i]);
	}
	if (m->settings->is_each_alone) {
		m->uncounted = 0;
		return;
	}
	/* An address of two servers is asked once, and the answer counts for both; a second
	 * server with the same addresses as the first has no address pair of its own. */
	for (size_t i = 0; i < count; i++) {
		if (m->sources[i].twin != SIZE_MAX) {
			const struct candidate own = m->candidates[i];

			m->candidates[i] = m->candidates[m->sources[i].twin];
			m->candidates[i].pair = own.pair;
			m->candidates[i].has_no_vote = own.has_no_vote;
		}
	}
	source_groups_form(m->candidates, count, m->scratch, m->intervals, m->interval_of,
	                   m->daemon_of, &m->source_groups);
	m->uncounted = 0;
	m->rule = (struct select_rule){ .asked_count = m->source_groups.asked_count,
		                        .liars = m->settings->liars,
		                        .min_agreeing = m->settings->min_sources };
	select_majority(m->intervals, m->source_groups.interval_count, &m->rule, m->scratch,
	                &m->selection, m->status_of);
	m->is_in_doubt = false;
	if (m->selection.verdict == SELECT_OK) {
		confirm(m);
	}
}

bool selection_can_change(const struct measurement *m, size_t more)
{
	const size_t liars_max = select_liars_max(&m->rule);
	const size_t agreeing =
		m->selection.deepest_count + m->source_groups.outstanding_count + more;

	/* Names without an address may bring more address pairs than they have now. */
	if (m->nameless_count > 0) {
		return true;
	}
	if (!select_can_be_met(&m->rule)) {
		return false;
	}
	if (m->is_in_doubt) {
		return m->source_groups.outstanding_count + more > 0;
	}
	if (m->selection.verdict == SELECT_ONE_DAEMON) {
		struct daemons daemons = m->daemons;

		daemons.agreeing_count += m->source_groups.outstanding_count + more;
		return source_groups_confirm(&m->source_groups, &daemons, &m->rule);
	}
	/* Those that dissent cannot come to agree any more: intervals only shrink. */
	return m->selection.deepest_count + liars_max >= m->source_groups.interval_count &&
	       agreeing > liars_max && agreeing >= m->rule.min_agreeing;
}

bool selection_is_decided(const struct measurement *m)
{
	/* The rule must hold even if all outstanding sources dissent, and if each name
	 * without an address gets as many address pairs as any other has. */
	const size_t more = m->nameless_count * (m->cap - 1);
	struct source_groups source_groups = m->source_groups;
	struct select_rule rule = m->rule;
	struct daemons daemons = m->daemons;
	size_t out;

	if (m->selection.verdict != SELECT_OK) {
		return false;
	}
	out = source_groups.outstanding_count + more;
	rule.asked_count += more;
	source_groups.daemon_count += more;
	daemons.dissenting_count += out;
	return m->selection.deepest_count + select_liars_max(&rule) >=
	               source_groups.interval_count + out &&
	       source_groups_confirm(&source_groups, &daemons, &rule);
}

bool selection_is_good_enough(const struct measurement *m)
{
	return selection_is_decided(m) && m->selection.bound_ns <= m->settings->target_ns;
}
