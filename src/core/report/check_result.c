/* SPDX-License-Identifier: MIT
 *
 * The line of a monitoring plugin, by the Monitoring Plugins Development Guidelines: text,
 * `|`, performance data.  Unknown values are not printed, and all figures are integers
 * until they are text, so that NaN cannot occur.
 */
#include "core/report/check_result.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/report/drag.h"
#include "core/report/report.h"

enum { FALSETICKERS_NAMED_MAX = 3 };

static const struct quantity {
	const char *label; /* of the performance data */
	const char *words;
	enum threshold_unit unit;
	const char *least_and_most; /* `;min;max` */
} quantities[CHECK_QUANTITY_COUNT] = {
	[CHECK_OFFSET] = { "offset", "offset", THRESHOLD_SPAN, "" },
	[CHECK_BOUND] = { "bound", "bound", THRESHOLD_LENGTH, ";0" },
	[CHECK_ROOT_DISTANCE] = { "root_distance", "root distance", THRESHOLD_LENGTH,
	                          ";0" },
	[CHECK_STRATUM] = { "stratum", "stratum", THRESHOLD_COUNT, ";0;16" },
};

static const char *const state_names[] = {
	[CHECK_OK] = "OK",
	[CHECK_WARNING] = "WARNING",
	[CHECK_CRITICAL] = "CRITICAL",
	[CHECK_UNKNOWN] = "UNKNOWN",
};

static size_t count_of(const struct run *run, enum source_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		count += run->sources[i].status == status;
	}
	return count;
}

static void lower(struct check_finding *finding, int64_t value)
{
	if (!finding->is_known || value < finding->value) {
		finding->value = value;
	}
	finding->is_known = true;
}

static void find(const struct run *run, struct check_result *check_result)
{
	lower(&check_result->of[CHECK_OFFSET], run->offset_ns);
	lower(&check_result->of[CHECK_BOUND], run->bound_ns);
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];

		if (source->status == SOURCE_SELECTED && source->has_header) {
			lower(&check_result->of[CHECK_STRATUM], source->stratum);
			lower(&check_result->of[CHECK_ROOT_DISTANCE],
			      ns_add(source->root_delay_ns / 2,
			             source->root_dispersion_ns));
		}
	}
}

/* By the true time, which the answer tells. */
static void find_expiring(const struct run *run, struct check_result *check_result)
{
	const int64_t now_ns = ns_add(run->at.unix_ns, run->offset_ns);
	const int64_t last_s = INT64_MAX / NS_PER_S;

	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];
		const int64_t left_ns = ns_sub(
			ns_clamp(source->nts.window.until_s, 0, last_s) * NS_PER_S, now_ns);

		if (source->nts.is_authenticated &&
		    (source->status == SOURCE_SELECTED ||
		     source->status == SOURCE_AGREEING) &&
		    (!check_result->expiring || left_ns < check_result->expires_in_ns)) {
			check_result->expiring = source;
			check_result->expires_in_ns = left_ns;
		}
	}
}

/* Needs `expiring`. */
static void check_authentication(const struct run *run, const struct check_limits *limits,
                                 struct check_result *check_result)
{
	check_result->is_expiring =
		check_result->expiring &&
		check_result->expires_in_ns < limits->certificate_warning_ns;
	check_result->lacks_authentication =
		limits->requires_authenticated && !run->is_authenticated;
}

void check_result_make(const struct run *run, const struct check_limits *limits,
                       struct check_result *ret)
{
	struct check_result check_result = { .state = CHECK_UNKNOWN };
	bool is_warning = false, is_critical = false, is_unknown = false;

	if (run->status != RUN_OK || !run->has_answer) {
		*ret = check_result;
		return;
	}
	find(run, &check_result);
	for (int i = 0; i < CHECK_QUANTITY_COUNT; i++) {
		const struct check_limit *limit = &limits->of[i];
		struct check_finding *finding = &check_result.of[i];
		const int64_t bound_ns = i == CHECK_OFFSET ? run->bound_ns : 0;

		if (!finding->is_known) {
			is_unknown |= limit->warning.is_set || limit->critical.is_set;
			continue;
		}
		finding->warning =
			threshold_side_of(&limit->warning, finding->value, bound_ns);
		finding->critical =
			threshold_side_of(&limit->critical, finding->value, bound_ns);
		is_critical |= finding->critical == THRESHOLD_BEYOND;
		is_warning |= finding->warning != THRESHOLD_WITHIN ||
		              finding->critical == THRESHOLD_INCONCLUSIVE;
		check_result.is_inconclusive |=
			finding->warning == THRESHOLD_INCONCLUSIVE ||
			finding->critical == THRESHOLD_INCONCLUSIVE;
	}
	find_expiring(run, &check_result);
	check_authentication(run, limits, &check_result);
	is_critical |= check_result.lacks_authentication;
	is_warning |= check_result.is_expiring;
	check_result.state = is_critical  ? CHECK_CRITICAL
	                     : is_warning ? CHECK_WARNING
	                     : is_unknown ? CHECK_UNKNOWN
	                                  : CHECK_OK;
	check_result.is_inconclusive &= !is_critical;
	*ret = check_result;
}

void check_result_note_drag(struct check_result *check_result,
                            const struct discipline_drag *drag)
{
	check_result->drag = *drag;
	if (report_has_drag(drag) && check_result->state == CHECK_OK) {
		check_result->state = CHECK_WARNING;
	}
}

static void put_safe(struct text *out, const char *words, char kept)
{
	static const char hex[] = "0123456789abcdef";

	for (; *words; words++) {
		const unsigned char octet = (unsigned char)*words;
		const char escaped[] = { '\\', 'x', hex[octet >> 4], hex[octet & 15] };

		if ((octet >= 0x20 && octet < 0x7f && octet != '|') || *words == kept) {
			text_octets(out, words, 1);
		} else {
			text_octets(out, escaped, sizeof(escaped));
		}
	}
}

size_t check_result_escape(const char *words, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

	put_safe(&out, words, '\n');
	return out.len;
}

static void put_side(struct text *out, enum threshold_side side, const char *name,
                     const struct threshold *threshold, enum threshold_unit unit)
{
	char range[THRESHOLD_TEXT_SIZE];

	text_format(out, " (%s the %s range ",
	            side == THRESHOLD_BEYOND ? "beyond" : "inconclusive for", name);
	if (threshold->given) {
		put_safe(out, threshold->given, ' ');
		text_put(out, ")");
	} else {
		threshold_format(threshold, unit, range);
		text_format(out, "%s%s)", range, unit == THRESHOLD_COUNT ? "" : " s");
	}
}

/* The more severe limit that is not kept; if that is "beyond", the other adds nothing. */
static void put_sides(struct text *out, const struct check_finding *finding,
                      const struct check_limit *limit, enum threshold_unit unit)
{
	if (finding->critical != THRESHOLD_WITHIN) {
		put_side(out, finding->critical, "critical", &limit->critical, unit);
	}
	if (finding->warning != THRESHOLD_WITHIN && finding->critical != THRESHOLD_BEYOND) {
		put_side(out, finding->warning, "warning", &limit->warning, unit);
	}
}

/* The offset with its bound always; the stratum if known; another value only if its limit
 * is not kept. */
static void put_findings(struct text *out, const struct run *run,
                         const struct check_limits *limits,
                         const struct check_result *check_result)
{
	char figure[REPORT_FIGURE_SIZE], bound[REPORT_FIGURE_SIZE];

	for (int i = 0; i < CHECK_QUANTITY_COUNT; i++) {
		const struct check_finding *finding = &check_result->of[i];
		const struct check_limit *limit = &limits->of[i];

		if (i == CHECK_OFFSET) {
			report_figures(run->offset_ns, run->bound_ns, false, figure, bound);
			text_format(out, "offset %s +/- %s", figure, bound);
		} else if (!finding->is_known) {
			if (limit->warning.is_set || limit->critical.is_set) {
				text_format(out, ", %s unknown", quantities[i].words);
			}
		} else if (quantities[i].unit == THRESHOLD_COUNT) {
			text_format(out, ", %s %" PRId64, quantities[i].words,
			            finding->value);
		} else if (finding->warning != THRESHOLD_WITHIN ||
		           finding->critical != THRESHOLD_WITHIN) {
			span_format(finding->value, 0, figure);
			text_format(out, ", %s %s", quantities[i].words, figure);
		}
		put_sides(out, finding, limit, quantities[i].unit);
	}
}

/* With the address: a name may stand for several servers. */
static void put_server(struct text *out, const struct run_source *source)
{
	char label[REPORT_LABEL_SIZE], address[ADDRESS_TEXT_SIZE];

	report_label(source, label, sizeof(label));
	put_safe(out, label, ' ');
	if (source->address.family != ADDRESS_NONE) {
		address_format(&source->address, address);
		if (strcmp(address, source->name) != 0) {
			text_format(out, " (%s)", address);
		}
	}
}

static void put_agreeing(struct text *out, const struct run *run)
{
	const size_t false_count = count_of(run, SOURCE_FALSETICKER);
	size_t named = 0;

	if (run->asked_count <= 1) {
		text_put(out, ", a single server");
	} else {
		text_format(out, ", %zu of %zu servers agree", run->agreeing_count,
		            run->asked_count);
	}
	for (size_t i = 0; i < run->source_count && named < FALSETICKERS_NAMED_MAX; i++) {
		if (run->sources[i].status == SOURCE_FALSETICKER) {
			text_put(out, named == 0 ? ", falseticker: " : ", ");
			put_server(out, &run->sources[i]);
			named++;
		}
	}
	if (false_count > named) {
		text_format(out, " and %zu more", false_count - named);
	}
}

static void put_authentication(struct text *out, const struct check_result *check_result)
{
	char left[SPAN_TEXT_SIZE];

	if (check_result->lacks_authentication) {
		text_put(out, ", not authenticated");
	}
	if (check_result->is_expiring) {
		span_format(check_result->expires_in_ns, 0, left);
		text_put(out, ", the certificate of ");
		put_server(out, check_result->expiring);
		text_format(out, " expires in %s", left);
	}
}

/* With the reason of the first server that has one; -v shows the others. */
static void put_no_answer(struct text *out, const struct run *run)
{
	char reason[RUN_REASON_SIZE];

	report_reason(run, reason);
	text_put(out, "no trusted time: ");
	put_safe(out, reason, ' ');
	for (size_t i = 0; i < run->source_count; i++) {
		if (run->sources[i].reason[0] != '\0' &&
		    !strstr(reason, run->sources[i].reason)) {
			text_put(out, " (");
			put_server(out, &run->sources[i]);
			text_put(out, ": ");
			put_safe(out, run->sources[i].reason, ' ');
			text_put(out, ")");
			break;
		}
	}
}

static void put_threshold(struct text *out, const struct threshold *threshold,
                          enum threshold_unit unit)
{
	char range[THRESHOLD_TEXT_SIZE];

	text_put(out, ";");
	/* "~:" sets no limit. */
	if (threshold->is_set &&
	    (threshold->has_low || threshold->has_high || threshold->is_inside)) {
		threshold_format(threshold, unit, range);
		text_put(out, range);
	}
}

static void put_performance(struct text *out, const struct run *run,
                            const struct check_limits *limits,
                            const struct check_result *check_result)
{
	char seconds[THRESHOLD_TEXT_SIZE];

	for (int i = 0; i < CHECK_QUANTITY_COUNT; i++) {
		const struct quantity *quantity = &quantities[i];

		if (!check_result->of[i].is_known) {
			continue;
		}
		if (quantity->unit == THRESHOLD_COUNT) {
			text_format(out, "%s=%" PRId64, quantity->label,
			            check_result->of[i].value);
		} else {
			threshold_format_seconds(check_result->of[i].value, seconds);
			text_format(out, "%s=%ss", quantity->label, seconds);
		}
		put_threshold(out, &limits->of[i].warning, quantity->unit);
		put_threshold(out, &limits->of[i].critical, quantity->unit);
		text_format(out, "%s ", quantity->least_and_most);
	}
	if (check_result->of[CHECK_OFFSET].is_known) {
		threshold_format_seconds(run->delay_ns, seconds);
		text_format(out, "delay=%ss;;;0 ", seconds);
	}
	if (check_result->expiring) {
		threshold_format_seconds(check_result->expires_in_ns / NS_PER_S * NS_PER_S,
		                         seconds);
		text_format(out, "certificate=%ss", seconds);
		if (limits->certificate_warning_ns > 0) {
			threshold_format_seconds(limits->certificate_warning_ns, seconds);
			text_format(out, ";%s:", seconds);
		}
		text_put(out, " ");
	}
	text_format(out, "sources=%zu;;;0 agreeing=%zu;;;0 falsetickers=%zu;;;0",
	            run->asked_count, run->agreeing_count,
	            count_of(run, SOURCE_FALSETICKER));
}

size_t check_result_line(const struct run *run, const struct check_limits *limits,
                         const struct check_result *check_result, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char drag[REPORT_DRAG_SIZE];

	text_format(&out, "REQTIME %s: ", state_names[check_result->state]);
	if (check_result->of[CHECK_OFFSET].is_known) {
		put_findings(&out, run, limits, check_result);
		put_agreeing(&out, run);
		put_authentication(&out, check_result);
		if (report_drag(&check_result->drag, drag, sizeof(drag)) > 0) {
			text_format(&out, "; %s", drag);
		}
	} else {
		put_no_answer(&out, run);
	}
	text_put(&out, "|");
	put_performance(&out, run, limits, check_result);
	return out.len;
}

size_t check_result_unknown_line(const char *reason, char *buf, size_t size)
{
	struct text out = text_to(buf, size);

	text_put(&out, "REQTIME UNKNOWN: ");
	put_safe(&out, reason, ' ');
	return out.len;
}
