/* SPDX-License-Identifier: MIT
 *
 * Keeps the timestamps of each exchange, if the caller wants to show them.
 */
#include <stdio.h>

#include "app/client/measure_private.h"

static struct run_exchange *exchanges_of(const struct measurement *m, size_t i)
{
	return m->exchanges + i * exchanges_max(m);
}

void exchange_record_server(struct run_exchange *record, const struct ntp_header *header)
{
	const struct ntp_ts none = { 0 };

	record->has_server = !ntp_ts_equal(header->receive, none) &&
	                     !ntp_ts_equal(header->transmit, none);
	if (record->has_server) {
		record->t2 = instant_from_ntp(header->receive);
		record->t3 = instant_from_ntp(header->transmit);
	}
}

void exchange_record_put(struct measurement *m, size_t i, struct run_exchange *record,
                         const struct sample *sample, const char *reason)
{
	struct run_source *shown = &m->run->sources[i];

	if (!m->exchanges || shown->exchange_count == exchanges_max(m)) {
		return;
	}
	record->is_accepted = sample != NULL;
	if (sample) {
		record->offset_ns = sample->offset_ns;
		record->bound_ns = sample->bound_ns;
		record->delay_ns = sample->delay_ns;
	} else {
		snprintf(record->reason, sizeof(record->reason), "%s", reason);
	}
	exchanges_of(m, i)[shown->exchange_count++] = *record;
}

void exchange_record_step(struct measurement *m, size_t i, int64_t step_ns)
{
	for (unsigned k = 0; m->exchanges && k < m->run->sources[i].exchange_count; k++) {
		struct run_exchange *record = &exchanges_of(m, i)[k];

		if (record->is_accepted) {
			record->t1 = instant_add_ns(record->t1, step_ns);
			record->t4 = instant_add_ns(record->t4, step_ns);
			record->offset_ns = ns_add(record->offset_ns, -step_ns);
		}
	}
}

void exchange_record_hand_over(struct measurement *m)
{
	for (size_t i = 0; m->exchanges && i < m->run->source_count; i++) {
		m->run->sources[i].exchanges = exchanges_of(m, i);
	}
	m->run->exchanges = m->exchanges;
	m->exchanges = NULL;
}
