/* SPDX-License-Identifier: MIT
 *
 * A measurement: rounds of requests to N sources, decided as early as the rule of
 * core/select/select.h allows, within one monotonic deadline that includes name resolution.
 */
#ifndef APP_CLIENT_MEASURE_H
#define APP_CLIENT_MEASURE_H

#include "core/discipline/run_record.h"
#include "core/nts/stored.h"
#include "core/select/ports.h"
#include "core/select/run.h"
#include "core/select/select.h"

enum { MEASURE_SAMPLES_MAX = 16, MEASURE_SOURCES_MAX = 65536 };

struct measure_settings {
	const struct server_spec *servers;
	size_t server_count;
	enum address_family family; /* ADDRESS_NONE: both */
	unsigned samples;    /* requests per source, 1..MEASURE_SAMPLES_MAX; default 4 */
	unsigned pool;       /* addresses per name, at most; default 4 */
	size_t min_sources;  /* sources that must agree; 0: only the rule */
	size_t liars;        /* falsetickers tolerated; or SELECT_LIARS_DEFAULT */
	int64_t interval_ns; /* between requests to one source; 0: by kind of address */
	int64_t timeout_ns;  /* of the whole run, including names; default 5 s */
	int64_t target_ns;   /* a bound at or below it needs no further round */
	int64_t root_distance_max_ns; /* SAMPLE_ROOT_DISTANCE_MAX_NS */
	int64_t local_drift_ppb;      /* most the local clock may drift */
	int64_t local_precision_ns;   /* of reading the local clock */
	size_t window; /* sources with an open channel at a time, at most; 0: no limit */
	/* Network Time Security: as soon as one server is nts://, only those vote, unless
	 * is_mixed. */
	bool is_mixed;
	/* A certificate must be valid by the local clock, too.  Else the time that an
	 * authentic answer tells decides (RFC 8915 section 8.5), */
	bool is_certificate_strict;
	/* ... unless the true time is known: then by that.  CLOCK_BOOTTIME was 0 at
	 * `known_booted_ns`, in unix ns. */
	bool is_time_known;
	int64_t known_booted_ns;
	/* Keys of earlier runs, in and out: those that are used are taken out, and what can
	 * be used later is in it when the run has ended.  NULL: each run exchanges keys. */
	struct nts_store *store;
	/* A lone source may decide although its certificate is valid only by its own
	 * time. */
	bool may_trust_one;
	/* Find out why a server with keys does not answer, with one plain request that is
	 * never used for time. */
	bool may_probe;
	bool keeps_exchanges; /* run_source.exchanges */
	bool ask_all;         /* await every source, also after a majority is reached */
	/* Each source is measured for itself: no majority is sought, the run has no answer,
	 * and each estimate holds at the moment of its own latest sample, not at the end of
	 * the run, which a silent source delays.  A server in hold-off is not asked. */
	bool is_each_alone;
	/* ... and is asked again while this limit lies inside its interval; 0: while the
	 * bound is wider than `target_ns`. */
	int64_t tolerance_ns;
	/* Whether more servers than the deciding majority should confirm the offset: then
	 * every source is awaited.  NULL: never. */
	bool (*is_surprising)(const void *ctx, int64_t offset_ns, int64_t bound_ns);
	const void *surprise_ctx;
	/* Servers in hold-off: asked only when there is no majority without them, with one
	 * request, and not within 15 minutes of the last. */
	const struct kod_holdoff *kisses;
	size_t kiss_count;
};

struct measure_settings measure_defaults(void);

/* Runs to the end.  On 0 `*ret` holds the run, whatever its status, and is owned by the
 * caller until measure_free().  Else -errno (no memory, no clock). */
MUST_USE int measure(const struct measure_settings *settings, const struct ports *ports,
                     struct run *ret);
void measure_free(struct run *run);

#endif
