/* SPDX-License-Identifier: MIT
 *
 * A run in the format of `ntpdate -q`.
 */
#include <stdio.h>

#include "core/base/text_time.h"
#include "core/report/formats.h"
#include "core/report/report_private.h"

/* ntpdate steps from this offset on. */
#define STEP_FROM_NS (500 * NS_PER_MS)

/* Seconds with `digits` decimals, 1 to 6, rounded. */
static void put_seconds(struct text *out, int64_t ns, bool has_sign, int digits)
{
	uint64_t unit_ns = (uint64_t)NS_PER_S, units, per_s;

	for (int i = 0; i < digits; i++) {
		unit_ns /= 10;
	}
	per_s = (uint64_t)NS_PER_S / unit_ns;
	units = (ns_magnitude(ns) + unit_ns / 2) / unit_ns;
	text_format(out, "%s%llu.%0*llu",
	            ns < 0     ? "-"
	            : has_sign ? "+"
	                       : "",
	            (unsigned long long)(units / per_s), digits,
	            (unsigned long long)(units % per_s));
}

static const char *address_of(const struct run_source *source, char buf[ADDRESS_TEXT_SIZE])
{
	if (source->address.family == ADDRESS_NONE) {
		return "0.0.0.0"; /* for a name without an address */
	}
	address_format(&source->address, buf);
	return buf;
}

static void put_source(struct text *out, const struct run_source *source)
{
	const bool has = source->has_estimate;
	char address[ADDRESS_TEXT_SIZE];

	text_format(out, "server %s, stratum %u, offset ", address_of(source, address),
	            source->has_header ? (unsigned)source->stratum : 0);
	put_seconds(out, has ? source->offset_ns : 0, true, 6);
	text_put(out, ", delay ");
	put_seconds(out, has ? source->delay_ns : 0, false, 5);
	text_put(out, "\n");
}

/* The best source: the first selected one with the smallest bound. */
static const struct run_source *best_source(const struct run *run)
{
	const struct run_source *best = NULL;

	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];

		if (source->status == SOURCE_SELECTED &&
		    (!best || source->bound_ns < best->bound_ns)) {
			best = source;
		}
	}
	return best;
}

static void put_log_line(struct text *out, const struct run *run, const struct plan *plan,
                         int pid)
{
	const struct civil at = civil_from_instant(run->at);
	const struct run_source *best = best_source(run);
	const bool is_step = plan && plan->action != PLAN_REFUSE
	                             ? plan->action == PLAN_STEP
	                             : ns_magnitude(run->offset_ns) >= STEP_FROM_NS;
	char address[ADDRESS_TEXT_SIZE];

	text_format(out, "%2d %.3s %02d:%02d:%02d ntpdate[%d]: ", at.day,
	            civil_month(at.month), at.hour, at.minute, at.second, pid);
	if (!run->has_answer || !best) {
		text_put(out, "no server suitable for synchronization found\n");
		return;
	}
	text_format(out, "%s time server %s offset ", is_step ? "step" : "adjust",
	            address_of(best, address));
	put_seconds(out, run->offset_ns, true, 6);
	text_put(out, " sec\n");
}

size_t report_ntpdate(const struct run *run, const struct plan *plan, int pid,
                      bool has_log_line, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

	for (size_t i = 0; i < run->source_count; i++) {
		put_source(&out, &run->sources[i]);
	}
	if (has_log_line) {
		put_log_line(&out, run, plan, pid);
	}
	return out.len;
}
