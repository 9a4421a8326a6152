/* SPDX-License-Identifier: MIT
 *
 * The end of a source: closes its channel, and notes why it cannot be used.
 */
#include <stdio.h>

#include "app/client/measure_private.h"

void source_close_channel(struct measurement *m, size_t i)
{
	if (m->sources[i].is_open) {
		m->ports->close_channel(m->ports->ctx, i);
		m->sources[i].is_open = false;
		m->open_count--;
	}
}

void source_finish(struct measurement *m, size_t i)
{
	source_close_channel(m, i);
	enter_phase(m, i, PHASE_DONE);
}

void source_decline(struct measurement *m, size_t i, const char *reason)
{
	struct run_source *shown = &m->run->sources[i];

	m->sources[i].has_declined = m->sources[i].sample_count == 0;
	shown->status = SOURCE_REJECTED;
	snprintf(shown->reason, sizeof(shown->reason), "%s", reason);
	source_finish(m, i);
}
