/* SPDX-License-Identifier: MIT
 *
 * Counting the votes of a measurement and saying what came of it.
 */
#include <stdio.h>
#include <string.h>

#include "app/client/measure_private.h"
#include "core/base/span.h"

/* A server's own error is in its root dispersion; what the clocks can have run
 * apart since its samples were taken is the local clock's. */
static enum elector_state elect(struct meter *m, size_t i, struct elector *ret)
{
	struct source *s = &m->sources[i];
	const struct run_source *shown = &m->run->sources[i];

	if (s->has_abstained) {
		return ELECTOR_ABSTAINED;
	}
	switch (filter_samples(samples_of(m, i), s->sample_count, m->now_mono_ns,
	                       m->settings->local_drift_ppb, &s->estimate)) {
	case FILTER_OK:
		break;
	case FILTER_NO_SAMPLE:
		return ELECTOR_SILENT;
	case FILTER_INCONSISTENT:
		return ELECTOR_ABSTAINED; /* it (or its path) has disproved itself */
	}
	ret->vote = (struct vote){
		.lo_ns = ns_add(s->estimate.offset_ns, -s->estimate.bound_ns),
		.hi_ns = ns_add(s->estimate.offset_ns, s->estimate.bound_ns),
		.offset_ns = s->estimate.offset_ns,
	};
	if (shown->has_header) {
		ret->stratum = shown->stratum;
		ret->reference = shown->reference;
		memcpy(ret->refid, shown->refid, sizeof(ret->refid));
	}
	return ELECTOR_ANSWERED;
}

/* It may still answer, or another address of its name may in its stead. */
static bool is_outstanding(const struct meter *m, size_t i)
{
	return m->sources[i].phase != PHASE_DONE ||
	       m->names[m->sources[i].server].is_pending;
}

void tally(struct meter *m)
{
	size_t count = m->run->source_count;

	for (size_t i = 0; i < count; i++) {
		m->electors[i] = (struct elector){ .slot = m->sources[i].slot };
		m->electors[i].state = elect(m, i, &m->electors[i]);
		m->electors[i].is_outstanding = is_outstanding(m, i);
	}
	electorate_form(m->electors, count, m->scratch, m->votes, m->vote_of,
	                &m->electorate);
	m->uncounted = 0;
	select_majority(m->votes, m->electorate.vote_count, m->electorate.asked_count,
	                m->settings->min_sources, m->scratch, &m->selection, m->standing);
}

bool tally_can_help(const struct meter *m)
{
	size_t outstanding = m->electorate.outstanding_count;

	/* Of those still out some may agree and others abstain; what has been
	 * answered cannot come to agree any more: intervals only shrink. */
	for (size_t abstain = 0; abstain <= outstanding; abstain++) {
		size_t asked = m->electorate.asked_count - abstain;
		size_t liars_max = asked > 0 ? (asked - 1) / 2 : 0;
		size_t agree = m->selection.deepest_count + outstanding - abstain;

		if (m->selection.deepest_count + liars_max >= m->electorate.vote_count &&
		    agree > liars_max && agree >= m->settings->min_sources) {
			return true;
		}
	}
	return false;
}

bool tally_is_decided(const struct meter *m)
{
	size_t liars_max = (m->electorate.asked_count - 1) / 2;

	/* Should all those still out dissent, the rule must hold all the same. */
	return m->selection.verdict == SELECT_OK &&
	       m->selection.deepest_count + liars_max >=
	               m->electorate.vote_count + m->electorate.outstanding_count;
}

static void show_estimate(struct run_source *shown, const struct estimate *estimate)
{
	shown->has_estimate = true;
	shown->offset_ns = estimate->offset_ns;
	shown->bound_ns = estimate->bound_ns;
	shown->delay_ns = estimate->delay_ns;
	shown->jitter_ns = estimate->jitter_ns;
	shown->sample_count = (unsigned)estimate->sample_count;
}

static void report_vote(const struct meter *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	const struct vote *vote = &m->electors[i].vote;
	char miss[SPAN_TEXT_ROOM];

	show_estimate(shown, &m->sources[i].estimate);
	if (m->selection.verdict == SELECT_TOO_FEW) {
		shown->status = SOURCE_AGREEING;
		snprintf(shown->reason, sizeof(shown->reason), "too few others confirm it");
	} else if (m->selection.verdict != SELECT_OK) {
		shown->status = SOURCE_REJECTED;
		snprintf(shown->reason, sizeof(shown->reason), "in dispute: no majority");
	} else if (m->standing[m->vote_of[i]] == VOTE_FALSETICKER) {
		shown->status = SOURCE_FALSETICKER;
		span_format(select_miss_ns(vote, &m->selection), 1, miss);
		snprintf(shown->reason, sizeof(shown->reason), "misses the majority by %s",
		         miss);
	} else {
		shown->status = m->standing[m->vote_of[i]] == VOTE_SELECTED
		                        ? SOURCE_SELECTED
		                        : SOURCE_AGREEING;
		shown->reason[0] = '\0';
		if (shown->status == SOURCE_AGREEING) {
			snprintf(shown->reason, sizeof(shown->reason),
			         "agrees, but is too unsure to count in the mean");
		}
	}
}

static void report_source(const struct meter *m, size_t i)
{
	const struct source *s = &m->sources[i];
	struct run_source *shown = &m->run->sources[i];

	if (m->electors[i].state == ELECTOR_ANSWERED) {
		report_vote(m, i);
	} else if (m->electors[i].state == ELECTOR_ABSTAINED) {
		shown->status = SOURCE_REJECTED;
		if (s->sample_count > 0) {
			snprintf(shown->reason, sizeof(shown->reason),
			         "its own answers contradict each other");
		}
	} else {
		shown->status = s->has_refused ? SOURCE_REJECTED : SOURCE_UNREACHABLE;
		if (shown->reason[0] == '\0') {
			const char *why = s->phase == PHASE_NAMED
			                          ? "its name is not resolved yet"
			                  : shown->sent == 0 ? "not asked"
			                                     : "no answer";

			snprintf(shown->reason, sizeof(shown->reason), "%s%s", why,
			         m->selection.verdict == SELECT_OK &&
			                         s->phase != PHASE_DONE &&
			                         m->now_mono_ns < m->deadline_mono_ns
			                 ? "; the others were enough"
			                 : "");
		}
	}
}

/* "2 servers say +0.0 s, 2 say +100.0 s" */
static void report_camps(struct meter *m)
{
	struct camp camps[4];
	char *at = m->run->reason;
	size_t room = sizeof(m->run->reason), count;

	count = select_camps(m->votes, m->electorate.vote_count, m->scratch, camps,
	                     COUNT_OF(camps));
	for (size_t i = 0; i < count; i++) {
		char span[SPAN_TEXT_ROOM];
		int len;

		span_format(camps[i].offset_ns, 1, span);
		len = snprintf(at, room, "%s%zu%s %s %s", i > 0 ? ", " : "", camps[i].count,
		               i > 0                 ? ""
		               : camps[i].count == 1 ? " server"
		                                     : " servers",
		               camps[i].count == 1 ? "says" : "say", span);
		if (len < 0 || (size_t)len >= room) {
			break;
		}
		at += len;
		room -= (size_t)len;
	}
}

static bool is_unsynchronised(const struct run_source *shown)
{
	return shown->has_header &&
	       (shown->leap == NTP_LEAP_UNSYNCHRONISED || shown->stratum == 0 ||
	        shown->stratum > NTP_STRATUM_MAX);
}

static void report_no_answer(struct meter *m)
{
	struct run *run = m->run;
	size_t unsynchronised = 0, silent = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		silent += m->electors[i].state == ELECTOR_SILENT;
		unsynchronised +=
			is_unsynchronised(&run->sources[i]) &&
			ntp_kiss_from_refid(run->sources[i].refid) == NTP_KISS_NONE;
	}
	run->status = RUN_NO_ANSWER;
	if (unsynchronised > 0 && silent == 0) {
		run->status = RUN_UNSYNCHRONISED;
		snprintf(run->reason, sizeof(run->reason),
		         unsynchronised == 1
		                 ? "the server is not synchronised itself"
		                 : "%zu servers are not synchronised themselves",
		         unsynchronised);
	} else {
		snprintf(run->reason, sizeof(run->reason),
		         "no server gave a usable answer");
	}
}

static void report_answer(struct meter *m)
{
	struct run *run = m->run;
	unsigned leaps[NTP_LEAP_UNSYNCHRONISED + 1] = { 0 };
	unsigned voters = 0;

	run->status = RUN_OK;
	run->has_answer = true;
	run->offset_ns = m->selection.offset_ns;
	run->bound_ns = m->selection.bound_ns;
	run->delay_ns = INT64_MAX;
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *shown = &run->sources[i];

		if (shown->status != SOURCE_SELECTED && shown->status != SOURCE_AGREEING) {
			continue;
		}
		if (shown->status == SOURCE_SELECTED && shown->delay_ns < run->delay_ns) {
			run->delay_ns = shown->delay_ns;
			run->jitter_ns = shown->jitter_ns;
			run->sample_count = shown->sample_count;
		}
		leaps[shown->leap & NTP_LEAP_UNSYNCHRONISED]++;
		voters++;
	}
	for (uint8_t leap = NTP_LEAP_INSERT; leap <= NTP_LEAP_DELETE; leap++) {
		if (leaps[leap] * 2 > voters) {
			run->leap = leap;
		}
	}
}

void tally_report(struct meter *m)
{
	struct run *run = m->run;

	tally(m);
	run->at_mono_ns = m->now_mono_ns;
	run->at = instant_add_ns((struct instant){ m->now_mono_ns }, m->wall_minus_mono_ns);
	run->agreeing_count = m->selection.agreeing_count;
	run->needed_count = m->selection.needed_count;
	run->asked_count = m->electorate.asked_count;
	for (size_t i = 0; i < run->source_count; i++) {
		report_source(m, i);
	}
	switch (m->selection.verdict) {
	case SELECT_OK:
		report_answer(m);
		break;
	case SELECT_NO_ANSWER:
		report_no_answer(m);
		break;
	case SELECT_TOO_FEW:
		run->status = RUN_NO_MAJORITY;
		snprintf(run->reason, sizeof(run->reason),
		         "%zu of %zu sources agree, %zu are needed", run->agreeing_count,
		         run->asked_count, run->needed_count);
		break;
	case SELECT_NO_MAJORITY:
		run->status = RUN_NO_MAJORITY;
		report_camps(m);
		break;
	}
	sources_put_in_order(m);
	if (m->signal != 0) {
		run->status = RUN_INTERRUPTED;
		run->signal = m->signal;
	}
}
