/* SPDX-License-Identifier: MIT
 *
 * Leaves the result of a run in the bound file.
 */
#include "cmd/cli/bound_cli.h"

#include <errno.h>
#include <string.h>

#include "core/discipline/clockbound.h"
#include "core/discipline/now_page.h"
#include "io/store/bound_file.h"
#include "io/store/page_file.h"
#include "io/store/state_dir.h"
#include "io/sys/boot_id.h"
#include "io/sys/kernel_clock.h"

static struct {
	struct reqtime_now_page *page;         /* NULL: none */
	struct clockbound_segment *clockbound; /* NULL: none */
	char boot_id[ANCHOR_BOOT_ID_SIZE];
} bound_cli;

static void complain(const char *option, const char *path, int error)
{
	char quoted[COMMAND_QUOTE_SIZE];

	command_complain("warning: --%s %s: %s", option, command_quote(path, quoted),
	                 error == -EMEDIUMTYPE
	                         ? "it is a file of another kind; name another one"
	                 : error == -ENOENT ? "its directory does not exist"
	                                    : state_dir_error_text(error));
}

void bound_cli_open(const struct measure_cli_settings *settings, bool by_default)
{
	const char *path = settings->bound_file;
	int r = 0;

	/* A second instance, with a state of its own, leaves that of the first alone. */
	by_default = by_default && !settings->state_dir;
	bound_cli_close();               /* of the run before */
	boot_id_read(bound_cli.boot_id); /* a sandbox could not */
	if (path || by_default) {
		r = bound_file_open(path ? path : REQTIME_NOW_FILE, !path, &bound_cli.page);
	}
	if (r < 0 && path) {
		complain("bound-file", path, r);
	}
	if (settings->clockbound) {
		r = clockbound_file_open(settings->clockbound, &bound_cli.clockbound);
		if (r < 0) {
			complain("clockbound", settings->clockbound, r);
		}
	}
}

bool bound_cli_is_open(void)
{
	return bound_cli.page || bound_cli.clockbound;
}

void bound_cli_share(bool is_shared)
{
	if (bound_cli.page) {
		page_file_share(bound_cli.page, is_shared);
	}
	if (bound_cli.clockbound) {
		page_file_share(bound_cli.clockbound, is_shared);
	}
}

static void put(const struct reqtime_now_page *page)
{
	struct clockbound_segment segment;

	if (bound_cli.page) {
		bound_file_write(bound_cli.page, page);
	}
	if (bound_cli.clockbound) {
		clockbound_make(&page->facts, &segment);
		clockbound_file_write(bound_cli.clockbound, &segment);
	}
}

/* The best one, 0 if none tells its stratum. */
static unsigned stratum_of(const struct run *run)
{
	unsigned best = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];

		if ((source->status == SOURCE_SELECTED ||
		     source->status == SOURCE_AGREEING) &&
		    source->has_header && (best == 0 || source->stratum < best)) {
			best = source->stratum;
		}
	}
	return best;
}

/* Why a run that has measured says nothing about later. */
static enum reqtime_now_reason reason_of(const struct correct_result *result)
{
	if (result->status == CORRECT_BUSY || result->other_daemon != OTHER_NONE) {
		return REQTIME_NOW_OTHER_DAEMON;
	}
	return result->status == CORRECT_REFUSED ||
	                       result->decision.verdict != DECIDE_ACCEPTED
	               ? REQTIME_NOW_HELD_BACK
	               : REQTIME_NOW_WRITTEN;
}

static void put_run(const struct measure_cli_settings *settings, const struct run *run,
                    const struct run_record *record,
                    const struct discipline_forecast *forecast,
                    const struct correct_result *result)
{
	struct now_page_run facts = {
		.measured = { .wall = record->at,
		              .mono_ns = record->mono_ns,
		              .boot_ns = record->boot_ns },
		.offset_ns = run->offset_ns,
		.bound_ns = run->bound_ns,
		.knows_no_leap = run->leap == NTP_LEAP_NONE,
		.had_slew = record->slew_before_ns != 0,
		.max_drift_ppb = (int64_t)settings->max_drift_ppm * 1000,
		.boot_id = bound_cli.boot_id,
		.stratum = stratum_of(run),
		.flags = (run->is_authenticated ? REQTIME_NOW_AUTHENTICATED : 0) |
		         (result->decision.is_confirmed ? REQTIME_NOW_CONFIRMED : 0),
	};
	struct kernel_clock_state state;
	struct reqtime_now_page page;

	if (kernel_clock_state(&state) == 0) {
		facts.has_kernel = true;
		facts.frequency_ppb = state.frequency_ppb;
		facts.slew_rest_ns = state.pending_slew_ns;
	}
	if (kernel_clock_now(&facts.after) < 0) {
		return;
	}
	now_page_make(&facts, forecast, &page);
	put(&page);
}

void bound_cli_run(const struct measure_cli_settings *settings, const struct run *run,
                   const struct run_record *record, const struct discipline *discipline,
                   const struct correct_result *result)
{
	const struct discipline_action action = run_record_action(record);
	struct discipline_forecast forecast = { 0 };
	struct reqtime_now_page page;
	struct discipline then;

	if (!bound_cli_is_open() || !run->has_answer || run->status != RUN_OK) {
		return; /* what an earlier run has left still holds */
	}
	if (reason_of(result) != REQTIME_NOW_WRITTEN) {
		now_page_make_unknown(reason_of(result), &page);
		put(&page);
		return;
	}
	if (result->status != CORRECT_DONE) {
		return;
	}
	if (discipline) {
		then = *discipline;
		discipline_apply(&then, &action);
		forecast = discipline_forecast(&then);
	}
	put_run(settings, run, record, &forecast, result);
}

void bound_cli_close(void)
{
	page_file_close(bound_cli.page);
	page_file_close(bound_cli.clockbound);
	memset(&bound_cli, 0, sizeof(bound_cli));
}
