/* SPDX-License-Identifier: MIT
 *
 * A run that judges servers one by one or in pairs, from its options to its report.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/decide_cli.h"
#include "cmd/cli/json_fleet.h"
#include "cmd/cli/metrics_file.h"
#include "cmd/cli/run_log.h"
#include "cmd/verbs/fleet_private.h"

/* The rows, and the memory that they need. */
struct judgement {
	struct fleet fleet;
	struct fleet_row *rows;
	struct keyed *scratch;
	const struct run_source **servers; /* of pairs: the address that stands for each */
};

static void judgement_free(struct judgement *judgement)
{
	free(judgement->rows);
	free(judgement->scratch);
	free(judgement->servers);
}

static int judge(const struct fleet_job *job, int64_t drift_ppb, struct run *run,
                 struct judgement *ret)
{
	const size_t servers = job->server_count;
	const size_t rows = job->has_pairs ? FLEET_PAIRS(servers) : run->source_count;

	*ret = (struct judgement){ 0 };
	ret->rows = calloc(rows + 1, sizeof(*ret->rows));
	ret->scratch = calloc(rows + 1, sizeof(*ret->scratch));
	ret->servers = calloc(servers + 1, sizeof(*ret->servers));
	if (!ret->rows || !ret->scratch || !ret->servers) {
		judgement_free(ret);
		return command_complain_memory();
	}
	if (job->has_pairs) {
		for (size_t k = 0; k < servers; k++) {
			ret->servers[k] = fleet_choose(run, k, drift_ppb);
		}
		fleet_pair(ret->servers, servers, job->fleet->tolerance_ns, drift_ppb,
		           ret->rows, &ret->fleet);
	} else {
		fleet_judge(run,
		            job->reference != SIZE_MAX
		                    ? fleet_choose(run, job->reference, drift_ppb)
		                    : NULL,
		            job->fleet->tolerance_ns, drift_ppb, ret->rows, &ret->fleet);
	}
	ret->fleet.repeated_count = job->repeated_count;
	fleet_sort(&ret->fleet, ret->scratch);
	/* Without a reference none has a verdict, whatever the servers have answered. */
	if (!ret->fleet.is_judged) {
		run->status = RUN_NO_ANSWER;
	}
	return 0;
}

static int print_json(const struct fleet_job *job, const struct run *run,
                      const struct fleet *fleet)
{
	const struct json_fleet report = {
		.run = run,
		.fleet = fleet,
		.only = (enum fleet_only)job->fleet->only,
		.has_no_sources = job->is_json_lines,
	};
	int status;

	if (job->has_pairs) {
		return command_print(json_render_skew(&report));
	}
	for (size_t i = 0; job->is_json_lines && i < fleet->count; i++) {
		if (json_fleet_has(&report, &fleet->rows[i])) {
			status = command_print(
				json_render_fleet_row(fleet, &fleet->rows[i]));
			if (status) {
				return status;
			}
		}
	}
	return command_print(json_render_fleet(&report));
}

static int report(const struct fleet_job *job, const struct measure_cli *measurement,
                  const struct run *run, const struct fleet *fleet)
{
	const bool is_well = fleet_is_well(fleet, job->fleet->is_strict);
	FILE *to = job->measurement->is_quiet ? stderr : stdout;
	char summary[FLEET_SUMMARY_SIZE];
	int status;

	fleet_summary(fleet, &STYLE_UNWRAPPED, summary, sizeof(summary));
	run_log_verdict(job->verb, is_well, summary);
	if (is_well && job->measurement->is_quiet) {
		return 0;
	}
	if (measurement->format == MEASURE_CLI_JSON || job->is_json_lines) {
		status = print_json(job, run, fleet);
	} else if (measurement->format == MEASURE_CLI_LINE) {
		fprintf(to, "%s\n", summary);
		status = 0;
	} else {
		status = measure_cli_print_fleet(measurement, run, fleet,
		                                 (enum fleet_only)job->fleet->only, to);
	}
	return status ? status : is_well ? REQTIME_EXIT_OK : REQTIME_EXIT_NOTHING;
}

/* The servers are those under test, so the run teaches nothing about this clock and is not
 * recorded; but a server that asks to be left alone is obeyed by later runs. */
static void store_kisses(struct session *session, const struct run *run)
{
	struct run kissed = *run;
	struct source_record source;
	struct run_record record;

	kissed.status = RUN_NO_ANSWER;
	kissed.source_count = 0;
	kissed.sources = calloc(run->source_count + 1, sizeof(*kissed.sources));
	if (!kissed.sources) {
		return;
	}
	for (size_t i = 0; i < run->source_count; i++) {
		source_record_init(&source, &run->sources[i]);
		if (source.kiss != NTP_KISS_NONE && run->sources[i].received > 0) {
			kissed.sources[kissed.source_count++] = run->sources[i];
		}
	}
	if (kissed.source_count > 0) {
		run_record_init(&record, RUN_VERB_QUERY, &kissed);
		history_session_note_before(session, &record);
		history_session_store(session, &record, &kissed);
	}
	free(kissed.sources);
}

/* Each server for itself; asked again while that can change its verdict. */
static void prepare(const struct fleet_job *job, struct measure_settings *ret)
{
	const int64_t tolerance_ns = job->fleet->tolerance_ns;

	ret->is_each_alone = true;
	if (!job->has_pairs && job->reference == SIZE_MAX) {
		ret->tolerance_ns = tolerance_ns;
	} else if (tolerance_ns > 0) {
		ret->target_ns = ns_min(ret->target_ns, ns_max(tolerance_ns / 4, 1));
	}
}

static int measure_once(const struct fleet_job *job, struct measure_cli *measurement,
                        const struct decide_view *view, struct session *session)
{
	struct judgement judgement;
	struct run run;
	int status;

	history_session_load(session);
	decide_prepare(view, &session->view, &measurement->measure);
	prepare(job, &measurement->measure);
	history_session_take_keys(session, &measurement->measure);
	status = measure_cli_run(measurement, job->measurement->timeout_ns, &run);
	if (status) {
		return status;
	}
	if (run.status == RUN_INTERRUPTED) {
		status = 128 + run.signal;
	} else {
		status = judge(job, measurement->measure.local_drift_ppb, &run, &judgement);
		if (status == 0) {
			status = report(job, measurement, &run, &judgement.fleet);
			command_flush(); /* before the disk is written */
			judgement_free(&judgement);
			store_kisses(session, &run);
		}
	}
	history_session_put_keys(session);
	measure_free(&run);
	return status;
}

int fleet_once(const struct fleet_job *job)
{
	const struct measure_cli_settings *settings = job->measurement;
	struct decide_settings of_set;
	struct decide_view view;
	struct measure_cli measurement;
	struct session session;
	int status;

	run_log_open(settings);
	if (settings->metrics && !settings->is_quiet) {
		command_complain("warning: --metrics: servers that are judged one by one "
		                 "have no metrics; the file is left as it is");
	}
	history_session_open(settings, HISTORY_SESSION_READS, true, &session);
	of_set = decide_settings_of_set(settings);
	decide_look(settings, &of_set, &view);
	status = measure_cli_open(settings, job->servers, job->server_count, &measurement);
	if (status == 0) {
		status = measure_once(job, &measurement, &view, &session);
		measure_cli_close(&measurement);
	}
	history_session_close(&session);
	run_log_end(job->verb, status);
	run_log_close();
	return status;
}
