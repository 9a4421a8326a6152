/* SPDX-License-Identifier: MIT
 *
 * Hold-off: a server that sent a kiss code in an earlier run (RFC 5905 section 7.4) is not
 * asked, unless there is no majority without it.
 */
#include <stdio.h>

#include "app/client/measure_private.h"
#include "core/base/text_time.h"

static struct instant wall_now(const struct measurement *m)
{
	return instant_add_ns((struct instant){ m->now_mono_ns }, m->wall_minus_mono_ns);
}

const struct kod_holdoff *hold_off_find(const struct measurement *m,
                                        const struct run_source *source)
{
	const struct instant now = wall_now(m);

	if (source->scheme != SCHEME_NTP && source->scheme != SCHEME_NTS) {
		return NULL; /* only NTP has kiss codes */
	}
	for (size_t k = 0; k < m->settings->kiss_count; k++) {
		const struct kod_holdoff *kiss = &m->settings->kisses[k];

		/* A run is recorded with the port that was named: with NTS that of the key
		 * exchange. */
		if (address_is_same_host(&kiss->address, &source->address) &&
		    kiss->address.port == source->port && kod_holdoff_holds(kiss, now)) {
			return kiss;
		}
	}
	return NULL;
}

static const char *kiss_name(uint32_t kiss)
{
	switch (kiss) {
	case NTP_KISS_DENY:
		return "DENY";
	case NTP_KISS_RSTR:
		return "RSTR";
	default:
		return "RATE";
	}
}

void hold_off_format(const struct kod_holdoff *kiss, char *buf, size_t size)
{
	struct instant until = instant_add_ns(kiss->since, KOD_HOLDOFF_MAX_NS);
	struct civil at;

	if (kiss->until.unix_ns < until.unix_ns) {
		until = kiss->until;
	}
	at = civil_from_instant(until);
	snprintf(buf, size, "asked to be left alone (kiss code %s) until %02d:%02d UTC",
	         kiss_name(kiss->code), at.hour, at.minute);
}

void hold_off_begin(struct measurement *m, size_t i, const struct kod_holdoff *kiss)
{
	struct run_source *shown = &m->run->sources[i];

	m->sources[i].kiss = kiss;
	m->sources[i].has_declined = true;
	hold_off_format(kiss, shown->reason, sizeof(shown->reason));
	if (kod_holdoff_may_ask(kiss, wall_now(m))) {
		enter_phase(m, i, PHASE_HELD);
	} else {
		source_finish(m, i);
	}
}
