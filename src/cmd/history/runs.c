/* SPDX-License-Identifier: MIT
 *
 * The sources of one run and the chart of all, for each way to show a history.
 */
#include "cmd/history/history_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/clock/discipline_replay.h"
#include "cmd/cli/command.h"
#include "core/history/chart.h"

int history_get_sources(struct history_runs *runs, size_t at, size_t *ret_count)
{
	size_t count = 0;
	int r;

	r = history_load_run_sources(runs->history, runs->numbers[at], runs->source_records,
	                             HISTORY_SOURCES_PER_RUN_MAX, &count);
	if (r < 0) {
		command_complain("cannot read the sources of a run: %s",
		                 r == -EUCLEAN ? "the history is damaged" : strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	for (size_t i = 0; i < count; i++) {
		source_record_view(&runs->source_records[i], &runs->sources[i]);
	}
	*ret_count = count;
	return 0;
}

int history_make_chart(const struct history_runs *runs, struct chart_point **ret_points,
                       struct chart *ret)
{
	struct keyed *scratch = calloc(runs->count, sizeof(*scratch));
	int64_t *predictions = calloc(runs->count, sizeof(*predictions));
	int status = 0;

	*ret_points = calloc(runs->count, sizeof(**ret_points));
	if (scratch && predictions && *ret_points) {
		discipline_replay_bounds(runs->runs, runs->count, predictions);
		chart_make(runs->runs, runs->count, predictions, scratch, *ret_points, ret);
	} else {
		status = command_complain_memory();
	}
	free(predictions);
	free(scratch);
	return status;
}
