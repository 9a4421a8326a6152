/* SPDX-License-Identifier: MIT
 *
 * Verdicts about servers that are judged one by one: each against this machine's clock or
 * against a reference server, or each pair of them.  No majority is sought.
 *
 *   fleet_choose (an address of each SERVER) -> fleet_judge or fleet_pair -> fleet_sort
 */
#ifndef CORE_SELECT_FLEET_H
#define CORE_SELECT_FLEET_H

#include "core/base/keyed_sort.h"
#include "core/select/run.h"

/* Worst first. */
enum fleet_verdict {
	FLEET_OFF,    /* all of offset +- bound lies outside the tolerance */
	FLEET_UNSURE, /* a limit lies inside offset +- bound */
	FLEET_SILENT, /* no usable answer: `source->reason` has the reason */
	FLEET_OK,     /* all of it lies within the tolerance, ends included */
	FLEET_VERDICT_COUNT
};
const char *fleet_verdict_name(enum fleet_verdict verdict); /* as in JSON */

/* `tolerance_ns` and `bound_ns` >= 0. */
enum fleet_verdict fleet_verdict_of(int64_t offset_ns, int64_t bound_ns,
                                    int64_t tolerance_ns);

/* A server, or a pair of them. */
struct fleet_row {
	/* The address of the server that decides; of a pair its second server, B. */
	const struct run_source *source;
	const struct run_source *from; /* of a pair its first server, A; else NULL */
	size_t address_count;          /* of the server */
	enum fleet_verdict verdict;
	bool is_known; /* the next two */
	/* The server's clock less the local one, or less the reference's; B less A. */
	int64_t offset_ns;
	int64_t bound_ns;
};

struct fleet {
	int64_t tolerance_ns; /* 0, of pairs only: none, and what is known is OK */
	const struct run_source *reference; /* NULL: this machine's clock, or pairs */
	bool is_judged; /* else the reference gave no usable answer: no row is known */
	const struct run_source *const *servers; /* of pairs, else NULL */
	size_t server_count;
	struct fleet_row *rows;
	size_t count;
	size_t counts[FLEET_VERDICT_COUNT];
	const struct fleet_row *worst; /* the largest |offset|; NULL: none is known */
	size_t repeated_count;         /* SERVERs that were named again, and left out */
};

/* B less A: two estimates of one run, each against the local clock at a moment of its own.
 * A constant error of the local clock cancels; the bounds add up, with the drift of the
 * local clock between the two moments.  Both have an estimate. */
void fleet_between(const struct run_source *a, const struct run_source *b,
                   int64_t drift_ppb, int64_t *ret_offset_ns, int64_t *ret_bound_ns);

/* The address of the SERVER `server` that stands for it: that with the narrowest bound, or
 * the first one if none has answered.  If the answers of two have no common point, it loses
 * its estimate, and has a reason.  NULL: the run has no such source. */
const struct run_source *fleet_choose(struct run *run, size_t server, int64_t drift_ppb);

/* `reference`: from fleet_choose(); its SERVER is not judged itself, nor is another name of
 * its address.  NULL: this machine's clock.  A SERVER has the verdict of its worst address
 * that has answered.  `rows` has room for run->source_count; the sources are in the order of
 * their servers. */
void fleet_judge(const struct run *run, const struct run_source *reference,
                 int64_t tolerance_ns, int64_t drift_ppb, struct fleet_row *rows,
                 struct fleet *ret);

/* Each pair of `count` servers, A before B in their order; `servers` must outlive `*ret`.  `rows` has room for
 * FLEET_PAIRS(count). */
#define FLEET_PAIRS(count) ((count) * ((count)-1) / 2)
void fleet_pair(const struct run_source *const *servers, size_t count, int64_t tolerance_ns,
                int64_t drift_ppb, struct fleet_row *rows, struct fleet *ret);

/* Whether all is well: no row is off, and there is an answer from a server, or from each
 * server of all pairs; `is_strict`: each row is ok.  Without a reference it never is. */
bool fleet_is_well(const struct fleet *fleet, bool is_strict);

/* Worst first: by verdict, then by |offset|, then as they were.  `scratch` has room for
 * `fleet->count`. */
void fleet_sort(struct fleet *fleet, struct keyed *scratch);

#endif
