/* SPDX-License-Identifier: MIT
 *
 * The stored record of a run: filling, checks, conversion for the discipline; hold-off.
 */
#include "core/discipline/run_record.h"

#include <string.h>

/* 2^7 * 15 min is more than a day. */
enum { RATE_COUNT_MAX = 8 };

const char *run_verb_name(enum run_verb verb)
{
	static const char *const names[RUN_VERB_COUNT] = {
		[RUN_VERB_QUERY] = "query",
		[RUN_VERB_SET] = "set",
		[RUN_VERB_CHECK] = "check",
	};

	return (unsigned)verb < RUN_VERB_COUNT ? names[verb] : NULL;
}

static void text_copy(char *to, const char *from, size_t size)
{
	const size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

void run_record_init(struct run_record *ret, enum run_verb verb, const struct run *run)
{
	memset(ret, 0, sizeof(*ret));
	ret->at = run->at;
	ret->mono_ns = run->at_mono_ns;
	ret->verb = (uint32_t)verb;
	ret->status = (uint32_t)run->status;
	ret->exit_status = (uint32_t)run_status_exit(run->status);
	ret->agreeing_count = (uint32_t)run->agreeing_count;
	ret->asked_count = (uint32_t)run->asked_count;
	ret->has_answer = run->has_answer;
	if (run->has_answer) {
		ret->leap = run->leap;
		ret->offset_ns = run->offset_ns;
		ret->bound_ns = run->bound_ns;
		ret->delay_ns = run->delay_ns;
		ret->jitter_ns = run->jitter_ns;
		ret->sample_count = run->sample_count;
	}
}

void source_record_init(struct source_record *ret, const struct run_source *source)
{
	memset(ret, 0, sizeof(*ret));
	text_copy(ret->name, source->name, sizeof(ret->name));
	text_copy(ret->reason, source->reason, sizeof(ret->reason));
	ret->address.family = source->address.family;
	memcpy(ret->address.octets, source->address.octets, sizeof(ret->address.octets));
	ret->address.scope = source->address.scope;
	memcpy(ret->address.zone, source->address.zone, sizeof(ret->address.zone));
	ret->address.port = source->port;
	ret->port = source->port;
	ret->scheme = (uint32_t)source->scheme;
	ret->status = (uint32_t)source->status;
	ret->sent_count = source->sent;
	ret->received_count = source->received;
	ret->authentication = !source->nts.is_authenticated ? RECORD_PLAIN
	                      : source->nts.is_told         ? RECORD_NTS_TOLD
	                                                    : RECORD_NTS;
	ret->has_header = source->has_header;
	if (source->has_header) {
		ret->leap = source->leap;
		ret->stratum = source->stratum;
		memcpy(ret->refid, source->refid, sizeof(ret->refid));
		ret->root_delay_ns = source->root_delay_ns;
		ret->root_dispersion_ns = source->root_dispersion_ns;
		if (source->stratum == 0) {
			ret->kiss = (uint32_t)ntp_kiss_from_refid(source->refid);
		}
	}
	ret->has_estimate = source->has_estimate;
	if (source->has_estimate) {
		ret->offset_ns = source->offset_ns;
		ret->bound_ns = source->bound_ns;
		ret->delay_ns = source->delay_ns;
	}
}

static bool text_ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_flag(uint8_t octet)
{
	return octet <= 1;
}

bool run_record_is_valid(const struct run_record *record)
{
	if (!text_ends(record->boot_id, sizeof(record->boot_id)) ||
	    !text_ends(record->version, sizeof(record->version)) ||
	    !is_flag(record->is_dry) || !is_flag(record->has_answer) ||
	    !is_flag(record->has_plan) || !is_flag(record->has_kernel)) {
		return false;
	}
	if (record->verb >= RUN_VERB_COUNT || record->status > RUN_INTERRUPTED ||
	    record->exit_status > 255 || record->applied_action > PLAN_STEP ||
	    record->plan_action > PLAN_REFUSE || record->plan_reason >= PLAN_REASON_COUNT ||
	    record->kernel_flags > RECORD_KERNEL_ALL) {
		return false;
	}
	return !record->has_answer ||
	       (record->leap <= NTP_LEAP_UNSYNCHRONISED && record->bound_ns >= 0 &&
	        record->delay_ns >= 0 && record->jitter_ns >= 0);
}

/* The enumeration is read as an integer: its octets may hold any value. */
static bool address_is_valid(const struct address *address)
{
	uint32_t family;

	_Static_assert(sizeof(family) == sizeof(address->family),
	               "an enumeration is an int");
	memcpy(&family, &address->family, sizeof(family));
	return family <= ADDRESS_IPV6 &&
	       (address->zone[0] == '\0' || address_zone_is_name(address->zone));
}

bool source_record_is_valid(const struct source_record *record)
{
	if (!text_ends(record->name, sizeof(record->name)) ||
	    !text_ends(record->reason, sizeof(record->reason)) ||
	    !address_is_valid(&record->address) || !is_flag(record->has_header) ||
	    !is_flag(record->has_estimate)) {
		return false;
	}
	return record->port <= UINT16_MAX && record->port == record->address.port &&
	       record->scheme < SCHEME_COUNT && record->status <= SOURCE_UNREACHABLE &&
	       record->kiss <= NTP_KISS_RATE && record->authentication <= RECORD_NTS_TOLD &&
	       record->leap <= NTP_LEAP_UNSYNCHRONISED && record->bound_ns >= 0;
}

struct discipline_observation run_record_observation(const struct run_record *record,
                                                     const struct run_record *before)
{
	return (struct discipline_observation){
		.at = record->at,
		.monotonic_ns = record->mono_ns,
		.boottime_ns = record->boot_ns,
		.is_new_boot = before && strcmp(before->boot_id, record->boot_id) != 0,
		.has_kernel = record->has_kernel,
		.frequency_ppb = record->frequency_before_ppb,
		.slew_left_ns = record->slew_before_ns,
		.is_trusted = record->has_answer,
		.offset_ns = record->offset_ns,
		.bound_ns = record->bound_ns,
		.delay_ns = record->delay_ns,
		.jitter_ns = record->jitter_ns,
		.sample_count = record->sample_count,
	};
}

/* The argument of adjtime(). */
static int64_t rounded_to_us(int64_t ns)
{
	int64_t half_ns = ns < 0 ? -NS_PER_US / 2 : NS_PER_US / 2;

	return ns_add(ns, half_ns) / NS_PER_US * NS_PER_US;
}

struct discipline_action run_record_action(const struct run_record *record)
{
	const bool is_step = record->applied_action == PLAN_STEP;

	return (struct discipline_action){
		.step_ns = is_step ? record->applied_by_ns : 0,
		.slew_ns = record->slew_after_ns,
		.slew_given_ns = record->applied_action == PLAN_SLEW
		                         ? rounded_to_us(record->applied_by_ns)
		                         : 0,
		.after = record->after,
		.frequency_ppb = record->frequency_after_ppb,
	};
}

bool run_record_is_held_back(const struct run_record *record)
{
	const struct plan plan = { .action = (enum plan_action)record->plan_action,
		                   .reason = (enum plan_reason)record->plan_reason };

	return record->has_plan && plan_is_held_back(&plan);
}

struct instant run_record_end(const struct run_record *record)
{
	return instant_add_ns(record->at, run_record_action(record).step_ns);
}

bool silent_server_is_valid(const struct silent_server *silent)
{
	return silent->name[0] != '\0' && text_ends(silent->name, sizeof(silent->name)) &&
	       silent->port <= UINT16_MAX;
}

bool kod_holdoff_is_valid(const struct kod_holdoff *kiss)
{
	return address_is_valid(&kiss->address) && kiss->address.family != ADDRESS_NONE &&
	       kiss->code > NTP_KISS_NONE && kiss->code <= NTP_KISS_RATE;
}

bool kod_holdoff_holds(const struct kod_holdoff *kiss, struct instant now)
{
	const int64_t age_ns = instant_diff_ns(now, kiss->since);

	return age_ns >= 0 && age_ns < KOD_HOLDOFF_MAX_NS &&
	       now.unix_ns < kiss->until.unix_ns;
}

bool kod_holdoff_may_ask(const struct kod_holdoff *kiss, struct instant now)
{
	return instant_diff_ns(now, kiss->since) >= KOD_HOLDOFF_FIRST_NS;
}

void kod_holdoff_renew(struct kod_holdoff *kiss, struct instant now)
{
	const struct instant last = instant_add_ns(kiss->since, KOD_HOLDOFF_MAX_NS);

	kiss->until = kiss->until.unix_ns < last.unix_ns ? kiss->until : last;
	kiss->since = now;
}

static int64_t hold_off_ns(enum ntp_kiss code, uint32_t rate_count)
{
	int64_t ns = KOD_HOLDOFF_FIRST_NS;

	if (code != NTP_KISS_RATE) {
		return KOD_HOLDOFF_MAX_NS;
	}
	for (uint32_t i = 1; i < rate_count && ns < KOD_HOLDOFF_MAX_NS; i++) {
		ns *= 2;
	}
	return ns_min(ns, KOD_HOLDOFF_MAX_NS);
}

bool kod_holdoff_next(const struct kod_holdoff *known, const struct source_record *source,
                      struct instant now, struct kod_holdoff *ret)
{
	struct kod_holdoff next;

	memset(&next, 0, sizeof(next));
	if (known) {
		next = *known;
	}
	if (source->kiss != NTP_KISS_NONE) {
		next.address = source->address;
		next.code = source->kiss;
		if (source->kiss == NTP_KISS_RATE && next.rate_count < RATE_COUNT_MAX) {
			next.rate_count++;
		}
		next.since = now;
		next.until = instant_add_ns(
			now, hold_off_ns((enum ntp_kiss)next.code, next.rate_count));
		*ret = next;
		return true;
	}
	if (!known) {
		return false;
	}
	/* A usable answer cancels one RATE only: else the server would be asked too
	 * often again tomorrow. */
	if (source->has_estimate) {
		if (next.rate_count <= 1) {
			return false;
		}
		next.rate_count--;
	}
	if (source->sent_count > 0 && kod_holdoff_holds(&next, now)) {
		kod_holdoff_renew(&next, now);
	}
	*ret = next;
	return true;
}
