/* SPDX-License-Identifier: MIT
 *
 * A past run as its readers see it: time, verb, action and status.
 */
#include "core/history/run_view.h"

#include <stdio.h>
#include <string.h>

#include "core/base/ntp_time.h"
#include "core/base/text.h"
#include "core/base/text_time.h"

struct instant run_record_at(const struct run_record *run)
{
	return run->has_answer ? instant_add_ns(run->at, run->offset_ns) : run->at;
}

bool run_record_is_trusted(const struct run_record *run)
{
	return run->has_answer && run->status != RUN_REFUSED;
}

bool run_record_is_failure(const struct run_record *run)
{
	return run->status != RUN_OK;
}

bool run_record_is_reboot(const struct run_record *before, const struct run_record *run)
{
	return before && before->boot_id[0] != '\0' && run->boot_id[0] != '\0' &&
	       strcmp(before->boot_id, run->boot_id) != 0;
}

const char *run_record_verb_text(const struct run_record *run)
{
	return run->verb == RUN_VERB_SET && run->is_dry
	               ? "dry"
	               : run_verb_name((enum run_verb)run->verb);
}

const char *run_record_action_name(const struct run_record *run)
{
	if (run->verb != RUN_VERB_SET || run->is_dry) {
		return NULL;
	}
	return run->applied_action == PLAN_NONE && run->status == RUN_REFUSED
	               ? plan_action_name(PLAN_REFUSE)
	               : plan_action_name((enum plan_action)run->applied_action);
}

void source_record_view(const struct source_record *record, struct run_source *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->name, record->name, sizeof(ret->name));
	ret->scheme = (enum scheme)record->scheme;
	ret->address = record->address;
	ret->port = (uint16_t)record->port;
	ret->status = (enum source_status)record->status;
	text_escape((const uint8_t *)record->reason, strlen(record->reason), ret->reason,
	            sizeof(ret->reason));
	ret->sent = record->sent_count;
	ret->received = record->received_count;
	ret->nts.is_authenticated = record->authentication != RECORD_PLAIN;
	ret->nts.is_told = record->authentication == RECORD_NTS_TOLD;
	ret->has_header = record->has_header;
	ret->leap = record->leap;
	ret->stratum = record->stratum;
	memcpy(ret->refid, record->refid, sizeof(ret->refid));
	ret->root_delay_ns = record->root_delay_ns;
	ret->root_dispersion_ns = record->root_dispersion_ns;
	ret->has_estimate = record->has_estimate;
	ret->offset_ns = record->offset_ns;
	ret->bound_ns = record->bound_ns;
	ret->delay_ns = record->delay_ns;
}

void run_format_ppm(int64_t ppb, char *buf)
{
	const uint64_t size = ns_magnitude(ppb);

	snprintf(buf, RUN_PPM_SIZE, "%s%llu.%03llu", ppb < 0 ? "-" : "+",
	         (unsigned long long)(size / 1000), (unsigned long long)(size % 1000));
}

void run_format_time(struct instant at, bool has_seconds, char *buf)
{
	const int64_t half_ns = (has_seconds ? 1 : 60) * NS_PER_S / 2;
	const struct civil c = civil_from_instant(instant_add_ns(at, half_ns));
	char seconds[8] = "";

	if (has_seconds) {
		snprintf(seconds, sizeof(seconds), ":%02u", (unsigned)c.second % 100);
	}
	snprintf(buf, RUN_TIME_SIZE, "%04u-%02u-%02u %02u:%02u%s", (unsigned)c.year % 10000,
	         (unsigned)c.month % 100, (unsigned)c.day % 100, (unsigned)c.hour % 100,
	         (unsigned)c.minute % 100, seconds);
}
