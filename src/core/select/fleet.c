/* SPDX-License-Identifier: MIT
 *
 * Judges servers one by one, and pairs of servers.
 */
#include "core/select/fleet.h"

#include <stdio.h>

const char *fleet_verdict_name(enum fleet_verdict verdict)
{
	static const char *const names[] = {
		[FLEET_OFF] = "off",
		[FLEET_UNSURE] = "unsure",
		[FLEET_SILENT] = "silent",
		[FLEET_OK] = "ok",
	};

	return (size_t)verdict < COUNT_OF(names) ? names[verdict] : "silent";
}

enum fleet_verdict fleet_verdict_of(int64_t offset_ns, int64_t bound_ns,
                                    int64_t tolerance_ns)
{
	/* Exact: an end of the interval beyond 64 bits is beyond any tolerance. */
	const uint64_t away_ns = ns_magnitude(offset_ns);
	const uint64_t half_ns = (uint64_t)bound_ns, limit_ns = (uint64_t)tolerance_ns;

	if (away_ns + half_ns <= limit_ns) {
		return FLEET_OK;
	}
	return away_ns > limit_ns && away_ns - limit_ns > half_ns ? FLEET_OFF
	                                                          : FLEET_UNSURE;
}

void fleet_between(const struct run_source *a, const struct run_source *b,
                   int64_t drift_ppb, int64_t *ret_offset_ns, int64_t *ret_bound_ns)
{
	const int64_t apart_ns = ns_abs(ns_sub(a->at_mono_ns, b->at_mono_ns));
	/* No overflow before they are 10^12 s apart; rounded up. */
	const int64_t drift_ns =
		apart_ns / NS_PER_S * drift_ppb +
		(apart_ns % NS_PER_S * drift_ppb + NS_PER_S - 1) / NS_PER_S;

	*ret_offset_ns = ns_sub(b->offset_ns, a->offset_ns);
	*ret_bound_ns = ns_add(ns_add(a->bound_ns, b->bound_ns), drift_ns);
}

static bool is_contradicting(const struct run_source *a, const struct run_source *b,
                             int64_t drift_ppb)
{
	int64_t offset_ns, bound_ns;

	fleet_between(a, b, drift_ppb, &offset_ns, &bound_ns);
	return ns_magnitude(offset_ns) > (uint64_t)bound_ns;
}

const struct run_source *fleet_choose(struct run *run, size_t server, int64_t drift_ppb)
{
	struct run_source *best = NULL;

	for (size_t i = 0; i < run->source_count; i++) {
		struct run_source *source = &run->sources[i];

		if (source->server == server &&
		    (!best ||
		     (source->has_estimate &&
		      (!best->has_estimate || source->bound_ns < best->bound_ns)))) {
			best = source;
		}
	}
	for (size_t i = 0; best && best->has_estimate && i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];

		if (source->server == server && source->has_estimate &&
		    is_contradicting(best, source, drift_ppb)) {
			best->has_estimate = false;
			best->status = SOURCE_REJECTED;
			snprintf(best->reason, sizeof(best->reason),
			         "the addresses of its name contradict each other");
		}
	}
	return best;
}

static void make_row(const struct run_source *source, const struct fleet *fleet,
                     int64_t drift_ppb, struct fleet_row *ret)
{
	*ret = (struct fleet_row){ .source = source, .verdict = FLEET_SILENT };
	if (!source->has_estimate) {
		return;
	}
	if (!fleet->reference) {
		ret->is_known = true;
		ret->offset_ns = source->offset_ns;
		ret->bound_ns = source->bound_ns;
	} else if (fleet->is_judged) {
		ret->is_known = true;
		fleet_between(fleet->reference, source, drift_ppb, &ret->offset_ns,
		              &ret->bound_ns);
	}
	ret->verdict = ret->is_known ? fleet_verdict_of(ret->offset_ns, ret->bound_ns,
	                                                fleet->tolerance_ns)
	                             : FLEET_UNSURE;
}

/* Both are addresses of one server.  A silent address does not count when another answers: a
 * network may have one address family only. */
static bool is_worse(const struct fleet_row *a, const struct fleet_row *b)
{
	if (a->is_known != b->is_known) {
		return a->is_known;
	}
	return a->verdict < b->verdict ||
	       (a->verdict == b->verdict && a->is_known &&
	        ns_magnitude(a->offset_ns) > ns_magnitude(b->offset_ns));
}

static bool is_reference(const struct run_source *reference,
                         const struct run_source *source)
{
	return reference && (source->server == reference->server ||
	                     (source->scheme == reference->scheme &&
	                      source->address.family != ADDRESS_NONE &&
	                      address_equal(&source->address, &reference->address)));
}

static void add_row(struct fleet *fleet, const struct fleet_row *row)
{
	fleet->rows[fleet->count++] = *row;
}

/* Counts the verdicts once the rows are complete. */
static void count_rows(struct fleet *fleet)
{
	fleet->worst = NULL;
	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_row *row = &fleet->rows[i];

		fleet->counts[row->verdict]++;
		if (row->is_known &&
		    (!fleet->worst || ns_magnitude(row->offset_ns) >
		                              ns_magnitude(fleet->worst->offset_ns))) {
			fleet->worst = row;
		}
	}
}

void fleet_judge(const struct run *run, const struct run_source *reference,
                 int64_t tolerance_ns, int64_t drift_ppb, struct fleet_row *rows,
                 struct fleet *ret)
{
	*ret = (struct fleet){ .tolerance_ns = tolerance_ns,
		               .reference = reference,
		               .is_judged = !reference || reference->has_estimate,
		               .rows = rows };
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];
		struct fleet_row row, *last;

		if (is_reference(reference, source)) {
			continue;
		}
		make_row(source, ret, drift_ppb, &row);
		last = ret->count > 0 ? &rows[ret->count - 1] : NULL;
		if (!last || last->source->server != source->server) {
			row.address_count = 1;
			add_row(ret, &row);
			continue;
		}
		row.address_count = last->address_count + 1;
		if (is_worse(&row, last)) {
			*last = row;
		} else {
			last->address_count++;
		}
	}
	ret->server_count = ret->count;
	count_rows(ret);
}

void fleet_pair(const struct run_source *const *servers, size_t count, int64_t tolerance_ns,
                int64_t drift_ppb, struct fleet_row *rows, struct fleet *ret)
{
	*ret = (struct fleet){ .tolerance_ns = tolerance_ns,
		               .is_judged = true,
		               .servers = servers,
		               .server_count = count,
		               .rows = rows };
	for (size_t a = 0; a < count; a++) {
		for (size_t b = a + 1; b < count; b++) {
			struct fleet_row row = { .from = servers[a],
				                 .source = servers[b],
				                 .address_count = 1,
				                 .verdict = FLEET_SILENT };

			if (servers[a]->has_estimate && servers[b]->has_estimate) {
				row.is_known = true;
				fleet_between(servers[a], servers[b], drift_ppb,
				              &row.offset_ns, &row.bound_ns);
				row.verdict = tolerance_ns == 0
				                      ? FLEET_OK
				                      : fleet_verdict_of(row.offset_ns,
				                                         row.bound_ns,
				                                         tolerance_ns);
			}
			add_row(ret, &row);
		}
	}
	count_rows(ret);
}

void fleet_sort(struct fleet *fleet, struct keyed *scratch)
{
	const size_t worst_at =
		fleet->worst ? (size_t)(fleet->worst - fleet->rows) : SIZE_MAX;

	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_row *row = &fleet->rows[i];

		scratch[i] = (struct keyed){
			.key = (int64_t)row->verdict,
			.tie = row->is_known ? -ns_abs(row->offset_ns) : 0,
			.at = i,
		};
	}
	keyed_sort(scratch, fleet->count);
	for (size_t i = 0; i < fleet->count; i++) {
		if (scratch[i].at == worst_at) {
			fleet->worst = &fleet->rows[i];
		}
	}
	/* Along a cycle of the permutation each place takes its next row. */
	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_row first = fleet->rows[i];
		size_t to = i, from;

		while ((from = scratch[to].at) != i) {
			fleet->rows[to] = fleet->rows[from];
			scratch[to].at = to;
			to = from;
		}
		fleet->rows[to] = first;
		scratch[to].at = to;
	}
}

bool fleet_is_well(const struct fleet *fleet, bool is_strict)
{
	const size_t *counts = fleet->counts;
	const bool is_enough = fleet->servers ? counts[FLEET_SILENT] == 0
	                                      : counts[FLEET_SILENT] < fleet->count;

	return fleet->is_judged && counts[FLEET_OFF] == 0 && is_enough &&
	       (!is_strict || counts[FLEET_OK] == fleet->count);
}
