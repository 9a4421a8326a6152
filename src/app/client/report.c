/* SPDX-License-Identifier: MIT
 *
 * Writes the outcome of a measurement into its run: statuses, reasons, the answer.
 */
#include <stdio.h>
#include <string.h>

#include "app/client/measure_private.h"
#include "core/base/span.h"
#include "core/base/text.h"

/* Servers named in the reason of a run without a majority. */
enum { MISSING_NAMED_MAX = 4 };

static void show_estimate(struct run_source *shown, const struct estimate *estimate)
{
	shown->has_estimate = true;
	shown->offset_ns = estimate->offset_ns;
	shown->bound_ns = estimate->bound_ns;
	shown->at_mono_ns = estimate->at_mono_ns;
	shown->delay_ns = estimate->delay_ns;
	shown->jitter_ns = estimate->jitter_ns;
	shown->sample_count = (unsigned)estimate->sample_count;
}

static void report_interval(const struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	const struct interval *interval = &m->candidates[i].interval;
	char miss[SPAN_TEXT_SIZE];

	show_estimate(shown, &m->sources[i].estimate);
	if (m->interval_of[i] == SIZE_MAX) {
		shown->status = SOURCE_REJECTED;
		snprintf(shown->reason, sizeof(shown->reason),
		         "the addresses of its name contradict each other");
	} else if (m->selection.verdict == SELECT_TOO_FEW) {
		shown->status = SOURCE_AGREEING;
		snprintf(shown->reason, sizeof(shown->reason), "too few others confirm it");
	} else if (m->selection.verdict != SELECT_OK) {
		shown->status = SOURCE_REJECTED;
		snprintf(shown->reason, sizeof(shown->reason), "%s",
		         m->selection.verdict == SELECT_NO_MAJORITY
		                 ? "in dispute: no majority"
		                 : "no majority");
	} else if (m->status_of[m->interval_of[i]] == INTERVAL_FALSETICKER) {
		shown->status = SOURCE_FALSETICKER;
		span_format(select_miss_ns(interval, &m->selection), 1, miss);
		snprintf(shown->reason, sizeof(shown->reason), "misses the majority by %s",
		         miss);
	} else {
		shown->status = m->status_of[m->interval_of[i]] == INTERVAL_SELECTED
		                        ? SOURCE_SELECTED
		                        : SOURCE_AGREEING;
		shown->reason[0] = '\0';
		if (shown->status == SOURCE_AGREEING) {
			snprintf(shown->reason, sizeof(shown->reason),
			         "agrees, but is too unsure to count in the mean");
		}
	}
}

/* Compared with the answer, which others have made. */
static void report_without_vote(const struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	char miss[SPAN_TEXT_SIZE];
	int64_t miss_ns;

	show_estimate(shown, &m->sources[i].estimate);
	if (m->selection.verdict != SELECT_OK) {
		shown->status = SOURCE_REJECTED;
		snprintf(shown->reason, sizeof(shown->reason),
		         "not authenticated: it has no vote");
		return;
	}
	miss_ns = select_miss_ns(&m->candidates[i].interval, &m->selection);
	shown->status = miss_ns == 0 ? SOURCE_AGREEING : SOURCE_FALSETICKER;
	if (miss_ns == 0) {
		snprintf(shown->reason, sizeof(shown->reason),
		         "agrees, but has no vote: it is not authenticated");
	} else {
		span_format(miss_ns, 1, miss);
		snprintf(shown->reason, sizeof(shown->reason), "misses the majority by %s",
		         miss);
	}
}

/* Its keys are there, and no answer came. */
static void report_no_authentic(const struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];

	snprintf(shown->reason, sizeof(shown->reason),
	         "keys accepted, no answer to %zu octets on UDP port %u (a filter of long "
	         "NTP "
	         "packets?)",
	         m->sources[i].keys->request_octets, (unsigned)shown->address.port);
}

static void report_silent(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];
	struct run_source *shown = &m->run->sources[i];
	const char *why = s->phase == PHASE_NAMED  ? "its name is not resolved yet"
	                  : s->phase == PHASE_KEYS ? "the key exchange has not ended"
	                  : shown->sent == 0       ? "not asked"
	                                           : "no answer";
	const bool is_cut_short = m->selection.verdict == SELECT_OK &&
	                          s->phase != PHASE_DONE &&
	                          m->now_mono_ns < m->deadline_mono_ns;

	shown->status =
		s->has_declined || s->has_refused ? SOURCE_REJECTED : SOURCE_UNREACHABLE;
	if (shown->reason[0] != '\0') {
		return;
	}
	if (!is_cut_short && s->phase == PHASE_KEYS) {
		snprintf(shown->reason, sizeof(shown->reason),
		         "key exchange: no answer on TCP port %u (a firewall?)",
		         (unsigned)s->key_address.port);
	} else if (!is_cut_short && s->keys && shown->sent > 0) {
		report_no_authentic(m, i);
	} else {
		snprintf(shown->reason, sizeof(shown->reason), "%s%s", why,
		         is_cut_short ? "; the others were enough" : "");
	}
}

/* The end of its hold-off, and the result if it was asked all the same. */
static void report_hold_off(const struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	char came[SOURCE_REASON_SIZE], until[SOURCE_REASON_SIZE];

	hold_off_format(m->sources[i].kiss, until, sizeof(until));
	if (shown->sent == 0) {
		snprintf(shown->reason, sizeof(shown->reason),
		         "%.56s; to ask it now: reqtime query --state-dir /dev/null",
		         until);
		return;
	}
	snprintf(came, sizeof(came), "%s",
	         m->candidates[i].has_answered       ? "answered"
	         : strcmp(shown->reason, until) == 0 ? "no answer"
	                                             : shown->reason);
	snprintf(shown->reason, sizeof(shown->reason), "%.56s; asked all the same: %.40s",
	         until, came);
}

static void report_source(const struct measurement *m, size_t i)
{
	const struct source *s = &m->sources[i];
	struct run_source *shown = &m->run->sources[i];

	if (s->twin == SIZE_MAX && m->candidates[i].has_answered && !s->has_vote) {
		report_without_vote(m, i);
	} else if (s->twin == SIZE_MAX && m->candidates[i].has_answered) {
		report_interval(m, i);
	} else if (s->sample_count > 0) {
		shown->status = SOURCE_REJECTED;
		snprintf(shown->reason, sizeof(shown->reason),
		         "its own answers contradict each other");
	} else {
		report_silent(m, i);
	}
	if (s->kiss) {
		report_hold_off(m, i);
	}
}

/* "2 servers say +0.0 s, 2 say +100.0 s", and the way out. */
static void report_cliques(struct measurement *m)
{
	struct clique cliques[4];
	char span[SPAN_TEXT_SIZE];
	struct text out = text_to(m->run->reason, sizeof(m->run->reason));
	const size_t count = select_cliques(m->intervals, m->source_groups.interval_count,
	                                    m->scratch, cliques, COUNT_OF(cliques));

	for (size_t i = 0; i < count; i++) {
		span_format(cliques[i].offset_ns, 1, span);
		text_format(&out, "%s%zu%s %s %s", i > 0 ? ", " : "", cliques[i].count,
		            i > 0                   ? ""
		            : cliques[i].count == 1 ? " server"
		                                    : " servers",
		            cliques[i].count == 1 ? "says" : "say", span);
	}
	text_put(&out, "; name one more server, or trust one alone: reqtime set SERVER");
}

static bool is_unsynchronised(const struct run_source *shown)
{
	return shown->has_header &&
	       (shown->leap == NTP_LEAP_UNSYNCHRONISED || shown->stratum == 0 ||
	        shown->stratum > NTP_STRATUM_MAX);
}

static void report_no_answer(struct measurement *m)
{
	struct run *run = m->run;
	size_t unsynchronised = 0, silent = 0, without_vote = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		if (run->sources[i].has_no_vote) {
			without_vote += m->sources[i].sample_count > 0;
			continue;
		}
		silent += !m->sources[i].has_declined && m->sources[i].sample_count == 0;
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
		snprintf(run->reason, sizeof(run->reason), "%s",
		         without_vote > 0
		                 ? "no authenticated server gave a usable answer, and the "
		                   "others have no vote: --authenticated mix gives them one"
		                 : "no server gave a usable answer");
	}
}

enum { LEAP_UNKNOWN = -1 };

/* The leap announcement of more than half of those that agree, if they are more than
 * `liars`. All addresses of an address pair must announce the same. */
static uint8_t agreed_leap(const struct measurement *m)
{
	size_t counts[NTP_LEAP_UNSYNCHRONISED + 1] = { 0 };
	size_t leap_count = 0;

	for (size_t v = 0; v < m->source_groups.interval_count; v++) {
		m->scratch[v].key = LEAP_UNKNOWN;
	}
	for (size_t i = 0; i < m->run->source_count; i++) {
		const struct run_source *shown = &m->run->sources[i];
		struct keyed *pair;

		if ((shown->status != SOURCE_SELECTED &&
		     shown->status != SOURCE_AGREEING) ||
		    shown->has_no_vote) {
			continue;
		}
		pair = &m->scratch[m->interval_of[i]];
		pair->key = pair->key == LEAP_UNKNOWN || pair->key == shown->leap
		                    ? shown->leap
		                    : NTP_LEAP_NONE;
	}
	for (size_t v = 0; v < m->source_groups.interval_count; v++) {
		if (m->scratch[v].key != LEAP_UNKNOWN) {
			counts[m->scratch[v].key & NTP_LEAP_UNSYNCHRONISED]++;
			leap_count++;
		}
	}
	for (uint8_t leap = NTP_LEAP_INSERT; leap <= NTP_LEAP_DELETE; leap++) {
		if (counts[leap] * 2 > leap_count &&
		    counts[leap] > select_liars_max(&m->rule)) {
			return leap;
		}
	}
	return NTP_LEAP_NONE;
}

static bool has_only_authenticated(const struct run *run)
{
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *shown = &run->sources[i];

		if ((shown->status == SOURCE_SELECTED ||
		     shown->status == SOURCE_AGREEING) &&
		    !shown->has_no_vote && !shown->nts.is_authenticated) {
			return false;
		}
	}
	return true;
}

static void report_answer(struct measurement *m)
{
	struct run *run = m->run;
	int64_t spread_ns = INT64_MAX;

	run->status = RUN_OK;
	run->has_answer = true;
	run->offset_ns = m->selection.offset_ns;
	run->bound_ns = m->selection.bound_ns;
	run->leap = agreed_leap(m);
	run->is_authenticated = has_only_authenticated(run);
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *shown = &run->sources[i];

		if (shown->status == SOURCE_SELECTED &&
		    m->sources[i].estimate.spread_ns < spread_ns) {
			spread_ns = m->sources[i].estimate.spread_ns;
			run->delay_ns = shown->delay_ns;
			run->jitter_ns = shown->jitter_ns;
			run->sample_count = shown->sample_count;
		}
	}
}

/* "no majority: 1 of 3 agree, 2 are needed; ntp2: no answer; ..." as far as it fits. */
static void report_missing(struct measurement *m)
{
	struct run *run = m->run;
	size_t named = 0, len;

	len = (size_t)snprintf(run->reason, sizeof(run->reason),
	                       "no majority: %zu of %zu agree, %zu are needed",
	                       run->agreeing_count, run->asked_count, run->needed_count);
	for (size_t i = 0; i < run->source_count && named < MISSING_NAMED_MAX; i++) {
		const struct run_source *shown = &run->sources[i];
		char port[8] = "", why[SOURCE_REASON_SIZE];
		int more;

		if (m->candidates[i].has_answered || m->sources[i].twin != SIZE_MAX ||
		    shown->has_no_vote) {
			continue;
		}
		if (shown->port != scheme_port(shown->scheme)) {
			snprintf(port, sizeof(port), ":%u", (unsigned)shown->port);
		}
		memcpy(why, shown->reason, sizeof(why));
		if (m->sources[i].kiss && shown->sent == 0) { /* without the command */
			hold_off_format(m->sources[i].kiss, why, sizeof(why));
		}
		more = snprintf(run->reason + len, sizeof(run->reason) - len,
		                "; %.60s%s: %s", shown->name, port, why);
		if (more < 0 || (size_t)more >= sizeof(run->reason) - len) {
			run->reason[len] = '\0';
			break;
		}
		len += (size_t)more;
		named++;
	}
}

/* By this machine's clock the certificate has expired, or is not valid yet. */
static void report_in_doubt(struct run *run)
{
	snprintf(run->reason, sizeof(run->reason),
	         "only the server's own time makes its certificate valid: a second server "
	         "must "
	         "agree. Name one more, or trust it alone: reqtime set --any-offset");
}

static void report_no_majority(struct measurement *m)
{
	struct run *run = m->run;

	run->status = RUN_NO_MAJORITY;
	switch (m->selection.verdict) {
	case SELECT_ONE_DAEMON:
		snprintf(run->reason, sizeof(run->reason),
		         "no majority: %zu of %zu agree, but some of them are one machine: "
		         "%zu of %zu machines",
		         run->agreeing_count, run->asked_count, m->daemons.agreeing_count,
		         m->source_groups.daemon_count);
		break;
	case SELECT_LIARS_TOO_MANY:
		snprintf(
			run->reason, sizeof(run->reason),
			"no majority: --liars %zu needs %zu sources or more, %zu are named",
			m->rule.liars, 2 * m->rule.liars + 1, run->asked_count);
		break;
	case SELECT_TOO_FEW:
		if (m->is_in_doubt) {
			report_in_doubt(run);
		} else {
			report_missing(m);
		}
		break;
	default:
		report_cliques(m);
		break;
	}
}

static void report_alone(const struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];

	if (!m->candidates[i].has_answered) {
		report_source(m, i);
		return;
	}
	show_estimate(shown, &m->sources[i].estimate);
	shown->status = SOURCE_SELECTED;
	shown->reason[0] = '\0';
}

/* A machine is asked once for all its names: each of them has its result. */
static void report_as_twin(const struct measurement *m, size_t i)
{
	struct run_source *shown = &m->run->sources[i];
	const struct run_source own = *shown;

	*shown = m->run->sources[m->sources[i].twin];
	memcpy(shown->name, own.name, sizeof(shown->name));
	shown->server = own.server;
	shown->port = own.port;
	shown->sent = 0;
	shown->received = 0;
}

/* There is no answer of all, only those of each. */
static void report_each(struct measurement *m)
{
	bool is_any = false;

	for (size_t i = 0; i < m->run->source_count; i++) {
		if (m->sources[i].twin == SIZE_MAX) {
			report_alone(m, i);
			is_any |= m->run->sources[i].has_estimate;
		}
	}
	for (size_t i = 0; i < m->run->source_count; i++) {
		if (m->sources[i].twin != SIZE_MAX) {
			report_as_twin(m, i);
		}
	}
	m->run->server_count = m->settings->server_count;
	if (is_any) {
		m->run->status = RUN_OK;
	} else {
		report_no_answer(m);
	}
}

static void report_majority(struct measurement *m)
{
	struct run *run = m->run;

	run->agreeing_count = m->selection.agreeing_count;
	run->needed_count = m->selection.needed_count;
	run->asked_count = m->source_groups.asked_count;
	for (size_t i = 0; i < run->source_count; i++) {
		report_source(m, i);
	}
	run->server_count = sources_server_count(m);
	run->agreeing_server_count = selection_agreeing_servers(m);
	switch (m->selection.verdict) {
	case SELECT_OK:
		report_answer(m);
		break;
	case SELECT_NO_ANSWER:
		report_no_answer(m);
		break;
	default:
		report_no_majority(m);
		break;
	}
}

void report_outcome(struct measurement *m)
{
	struct run *run = m->run;

	selection_update(m);
	run->at_mono_ns = m->now_mono_ns;
	run->at = instant_add_ns((struct instant){ m->now_mono_ns }, m->wall_minus_mono_ns);
	if (m->settings->is_each_alone) {
		report_each(m);
	} else {
		report_majority(m);
	}
	exchange_record_hand_over(m);
	sources_put_in_order(m);
	if (m->signal != 0) {
		run->status = RUN_INTERRUPTED;
		run->signal = m->signal;
	}
}
