/* SPDX-License-Identifier: MIT
 *
 * Writes the metrics of a run, and reads the counters of the previous file.
 *
 * Each sample has the verb as a label, because the files of `set` and `check` may be in one
 * folder.  Unknown values are left out.
 */
#include "core/report/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/report/prometheus.h"

#define LAST_SUCCESS "last_success_timestamp_seconds"
#define FAILED_RUNS "failed_runs"
#define FAILING_SINCE "failing_since_timestamp_seconds"

void metrics_note_run(struct metrics *metrics, const struct run *run,
                      const struct run_record *record)
{
	const struct check_limits no_limits = { 0 };
	struct check_result check_result;

	metrics->is_measured = 1;
	metrics->run = *record;
	memset(metrics->source_counts, 0, sizeof(metrics->source_counts));
	for (size_t i = 0; i < run->source_count; i++) {
		metrics->source_counts[run->sources[i].status]++;
	}
	metrics_servers_note(&metrics->servers, run);
	metrics->is_authenticated = run->is_authenticated;
	metrics->authenticated_count = 0;
	for (size_t i = 0; i < run->source_count; i++) {
		metrics->authenticated_count += run->sources[i].nts.is_authenticated;
	}
	check_result_make(run, &no_limits, &check_result);
	metrics->has_certificate = check_result.expiring != NULL;
	if (check_result.expiring) {
		metrics->certificate_until_s = check_result.expiring->nts.window.until_s;
	}
	metrics->has_server = check_result.of[CHECK_STRATUM].is_known;
	if (metrics->has_server) {
		metrics->stratum = (uint32_t)check_result.of[CHECK_STRATUM].value;
		metrics->root_distance_ns = check_result.of[CHECK_ROOT_DISTANCE].value;
	}
}

void metrics_note_discipline(struct metrics *metrics,
                             const struct discipline_report *discipline_report)
{
	if (!discipline_report || discipline_report->state == DISCIPLINE_UNSET) {
		return;
	}
	metrics->has_discipline = 1;
	metrics->has_long_term = discipline_report->drag.has_long_term;
	metrics->off_long_term_ppb = discipline_report->drag.off_ppb;
	metrics->corrected_ns = discipline_report->drag.corrected_ns;
	metrics->rate_missing_ppb = discipline_report->rate_missing_ppb;
}

bool metrics_are_valid(const struct metrics *metrics)
{
	if (metrics->verb >= RUN_VERB_COUNT || metrics->exit_status > 255 ||
	    metrics->is_measured > 1 || metrics->duration_ns < 0) {
		return false;
	}
	return !metrics->is_measured ||
	       (metrics->has_server <= 1 && metrics->is_authenticated <= 1 &&
	        metrics->has_certificate <= 1 && metrics->has_check <= 1 &&
	        metrics->has_discipline <= 1 && metrics->has_long_term <= 1 &&
	        metrics->check_state <= CHECK_UNKNOWN &&
	        metrics_servers_are_valid(&metrics->servers) &&
	        run_record_is_valid(&metrics->run));
}

/* ---- the previous file ---- */

/* Digits and at most nine decimals, up to the line feed.  False for anything else. */
static bool seconds_parse(const char *at, int64_t *ret_ns)
{
	int64_t ns = 0, unit = NS_PER_S;
	const char *begin = at;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(ns, 10, &ns) ||
		    __builtin_add_overflow(ns, *at - '0', &ns)) {
			return false;
		}
	}
	if (at == begin || __builtin_mul_overflow(ns, NS_PER_S, &ns)) {
		return false;
	}
	if (*at == '.') {
		for (at++; *at >= '0' && *at <= '9' && unit > 1; at++) {
			unit /= 10;
			if (__builtin_add_overflow(ns, (*at - '0') * unit, &ns)) {
				return false;
			}
		}
	}
	*ret_ns = ns;
	return *at == '\n';
}

/* The value of the sample `name` of this verb, or NULL. */
static const char *sample_find(const char *text, const char *name, const char *verb)
{
	char buf[96];
	struct text start = text_to(buf, sizeof(buf));
	const char *at;

	text_format(&start, "\nreqtime_%s{verb=\"%s\"} ", name, verb);
	at = strstr(text, buf);
	return at ? at + start.len : NULL;
}

/* A time up to `now`; a later one was written by a wrong clock. */
static bool moment_find(const char *text, const char *name, const char *verb,
                        struct instant now, struct instant *ret)
{
	const char *at = sample_find(text, name, verb);

	return at && seconds_parse(at, &ret->unix_ns) && ret->unix_ns <= now.unix_ns;
}

struct metrics_previous metrics_read_previous(const char *text, enum run_verb verb,
                                              struct instant now)
{
	const char *name = run_verb_name(verb);
	struct metrics_previous previous = { .failed_runs = 0 };
	const char *at;
	int64_t value;

	if (!name) {
		return previous;
	}
	previous.has_success =
		moment_find(text, LAST_SUCCESS, name, now, &previous.success);
	previous.has_failing_since =
		moment_find(text, FAILING_SINCE, name, now, &previous.failing_since);
	at = sample_find(text, FAILED_RUNS, name);
	if (at && seconds_parse(at, &value)) {
		previous.failed_runs = (uint64_t)(value / NS_PER_S);
	}
	return previous;
}

/* ---- the new one ---- */

static void put_number(struct prometheus *p, const char *name, const char *help,
                       uint64_t number)
{
	prometheus_number(p, name, "gauge", help, number);
}

static void put_outcome(struct prometheus *p, const struct metrics *m,
                        const struct metrics_previous *previous)
{
	/* `set` exits with 6 if it corrected the offset but could not set the frequency. */
	const bool has_failed = m->verb == RUN_VERB_SET && m->exit_status != 0;
	const bool is_success = m->is_measured && m->run.status == RUN_OK && !has_failed;

	prometheus_head(p, "info", "gauge", "The program that wrote this file.");
	prometheus_sample(p, "info", "version", REQTIME_VERSION, 1);
	put_number(p, "success",
	           "1 if the last run had a trusted answer and completed its task.",
	           is_success);
	put_number(p, "exit_status", "Exit status of the last run.", m->exit_status);
	put_number(p, FAILED_RUNS, "Failed runs since the last success.",
	           is_success                            ? 0
	           : previous->failed_runs >= UINT32_MAX ? UINT32_MAX
	                                                 : previous->failed_runs + 1);
	prometheus_billionths(p, "run_timestamp_seconds",
	                      "End of the last run, in seconds since 1970.",
	                      m->ended.unix_ns);
	if (is_success || previous->has_success) {
		prometheus_billionths(
			p, LAST_SUCCESS,
			"End of the last successful run, in seconds since 1970.",
			is_success ? m->ended.unix_ns : previous->success.unix_ns);
	}
	if (!is_success) {
		prometheus_billionths(p, FAILING_SINCE,
		                      "End of the first failed run since the last success, "
		                      "in seconds since 1970.",
		                      previous->has_failing_since
		                              ? previous->failing_since.unix_ns
		                              : m->ended.unix_ns);
	}
	prometheus_billionths(p, "run_duration_seconds", "Duration of the last run.",
	                      m->duration_ns);
}

static void put_answer(struct prometheus *p, const struct metrics *m)
{
	prometheus_billionths(
		p, "offset_seconds",
		"Server minus local clock: above 0 the local clock is behind.",
		m->run.offset_ns);
	prometheus_billionths(p, "bound_seconds",
	                      "The true offset is within offset +- bound.",
	                      m->run.bound_ns);
	prometheus_billionths(p, "delay_seconds",
	                      "Smallest round trip to a selected server.", m->run.delay_ns);
	put_number(p, "leap", "Leap second announced: 0 none, 1 inserted, 2 deleted.",
	           m->run.leap);
}

/* When the run ends, a step is done but a slew has only begun: two metrics separate the
 * offset left now from the slew still to come.  After a correction that failed half way,
 * neither is known. */
static void put_remaining(struct prometheus *p, const struct metrics *m)
{
	const bool is_step = m->run.applied_action == PLAN_STEP;
	const bool is_slew = m->run.applied_action == PLAN_SLEW;
	const int64_t left_ns =
		ns_sub(m->run.offset_ns, is_step ? m->run.applied_by_ns : 0);

	if (m->run.status == RUN_ERROR && (is_step || is_slew)) {
		return;
	}
	prometheus_billionths(p, "remaining_offset_seconds",
	                      "Offset left when the run ended: a step is done by then, a "
	                      "slew has only begun.",
	                      left_ns);
	prometheus_billionths(p, "earliest_offset_seconds",
	                      "The true time was not earlier than the clock plus this "
	                      "when the run ended.",
	                      ns_sub(left_ns, m->run.bound_ns));
	prometheus_billionths(p, "latest_offset_seconds",
	                      "The true time was not later than the clock plus this when "
	                      "the run ended.",
	                      ns_add(left_ns, m->run.bound_ns));
	prometheus_billionths(
		p, "pending_slew_seconds",
		"Part of it that the kernel is still slewing, at 0.0005 s per second.",
		m->run.has_kernel ? m->run.slew_after_ns
		: is_slew         ? m->run.applied_by_ns
				  : 0);
}

static void put_discipline(struct prometheus *p, const struct metrics *m)
{
	if (m->has_long_term) {
		prometheus_billionths(p, "frequency_off_long_term_ratio",
		                      "Estimated frequency minus its long-term value.",
		                      m->off_long_term_ppb);
	}
	prometheus_billionths(p, "corrections_day_seconds",
	                      "Sum of the corrections of the last day, without jumps.",
	                      m->corrected_ns);
	prometheus_billionths(
		p, "frequency_missing_ratio",
		"Part of the frequency correction that the kernel could not take.",
		m->rate_missing_ppb);
}

static void put_measurement(struct prometheus *p, const struct metrics *m)
{
	prometheus_head(p, "sources", "gauge", "Servers asked, by their status.");
	for (int i = 0; i < SOURCE_STATUS_COUNT; i++) {
		prometheus_sample(p, "sources", "status",
		                  source_status_name((enum source_status)i),
		                  m->source_counts[i]);
	}
	put_number(p, "source_authenticated", "Servers whose answer was authenticated.",
	           m->authenticated_count);
	if (m->run.has_answer) {
		put_answer(p, m);
		put_remaining(p, m);
		put_number(p, "authenticated",
		           "1 if authenticated servers alone have decided.",
		           m->is_authenticated);
	}
	if (m->has_certificate) {
		prometheus_billionths(
			p, "nts_certificate_not_after_seconds",
			"When the first certificate of the agreeing servers expires, in "
			"seconds since 1970.",
			ns_clamp(m->certificate_until_s, 0, INT64_MAX / NS_PER_S) *
				NS_PER_S);
	}
	if (m->has_server) {
		put_number(p, "stratum", "Lowest stratum of the selected servers.",
		           m->stratum);
		prometheus_billionths(p, "root_distance_seconds",
		                      "Root distance of the best selected server.",
		                      m->root_distance_ns);
	}
	if (m->run.has_kernel) {
		prometheus_billionths(p, "frequency_ratio",
		                      "Correction of the clock's frequency in the kernel.",
		                      m->run.frequency_after_ppb);
	}
	if (m->has_discipline) {
		put_discipline(p, m);
	}
	metrics_servers_write(p, &m->servers);
	if (m->has_check) {
		put_number(p, "check_state",
		           "State of check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
		           m->check_state);
	}
}

/* The action of `set`: none if it did not measure. */
static void put_action(struct prometheus *p, const struct metrics *m)
{
	const bool held_back = m->is_measured && run_record_is_held_back(&m->run);
	enum plan_action done = PLAN_NONE;

	/* A run held back needs another one to confirm it; it is not a refusal to alert
	 * on. */
	if (m->is_measured && !held_back) {
		done = m->run.has_plan && m->run.plan_action == PLAN_REFUSE
		               ? PLAN_REFUSE
		               : (enum plan_action)m->run.applied_action;
	}
	prometheus_head(p, "action", "gauge", "Action of the last run on the clock.");
	for (int i = PLAN_NONE; i <= PLAN_REFUSE; i++) {
		prometheus_sample(p, "action", "action",
		                  plan_action_name((enum plan_action)i), (int)done == i);
	}
	put_number(p, "held_back",
	           "1 while the result of the last run needs another run to confirm it.",
	           held_back);
	prometheus_billionths(p, "adjustment_seconds",
	                      "Correction that the last run made or began.",
	                      m->is_measured ? m->run.applied_by_ns : 0);
}

size_t metrics_write(const struct metrics *metrics, const struct metrics_previous *previous,
                     char buf[METRICS_SIZE])
{
	struct prometheus p = { .text = text_to(buf, METRICS_SIZE),
		                .prefix = "reqtime",
		                .verb = run_verb_name((enum run_verb)metrics->verb) };

	put_outcome(&p, metrics, previous);
	if (metrics->is_measured) {
		put_measurement(&p, metrics);
	}
	if (metrics->verb == RUN_VERB_SET) {
		put_action(&p, metrics);
	}
	assert(p.text.len < METRICS_SIZE);
	return p.text.len;
}
