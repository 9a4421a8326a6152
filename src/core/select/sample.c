/* SPDX-License-Identifier: MIT
 *
 * Offset, delay and correctness interval of one exchange, and the reasons to reject it.
 */
#include "core/select/sample.h"

#include <stdio.h>

#include "core/base/span.h"

/* Above any true value; a few of them add up without overflow. */
#define SPAN_CAP_NS INT64_C(1000000000000000000)

/* ns * ppb / 1e9, rounded up, for spans of less than 292 years. */
static int64_t drift_ns(int64_t span_ns, int64_t drift_ppb)
{
	span_ns = ns_max(span_ns, 0);
	return span_ns / NS_PER_S * drift_ppb +
	       (span_ns % NS_PER_S * drift_ppb) / NS_PER_S + 1;
}

static int64_t non_negative(int64_t ns)
{
	return ns_clamp(ns, 0, SPAN_CAP_NS);
}

static bool is_beyond(int64_t offset_ns)
{
	return ns_abs(offset_ns) > SAMPLE_OFFSET_MAX_NS;
}

/* The interval [lo, hi] widened by `slack_ns` on both sides, as middle and half width. */
static void sample_from_interval(int64_t lo_ns, int64_t hi_ns, int64_t slack_ns,
                                 struct sample *ret)
{
	ret->offset_ns = ns_middle(lo_ns, hi_ns);
	ret->bound_ns = ns_add(ns_sub(hi_ns, ret->offset_ns), slack_ns);
}

static int64_t root_distance_ns(const struct exchange *x)
{
	return non_negative(x->root_delay_ns) / 2 + non_negative(x->root_dispersion_ns);
}

enum sample_verdict sample_from_exchange(const struct exchange *x,
                                         int64_t root_distance_max_ns, struct sample *ret)
{
	int64_t away_ns = instant_diff_ns(x->t4, x->t1);
	int64_t held_ns = instant_diff_ns(x->t3, x->t2);
	int64_t there_ns = instant_diff_ns(x->t2, x->t1); /* >= server - local */
	int64_t back_ns = instant_diff_ns(x->t3, x->t4);  /* <= server - local */
	int64_t local_precision_ns = non_negative(x->local_precision_ns);
	int64_t precision_ns = non_negative(x->server_precision_ns) + local_precision_ns;
	int64_t distance_ns = root_distance_ns(x);
	int64_t ahead_max_ns =
		ns_min(non_negative(x->root_dispersion_ns), SAMPLE_T3_AHEAD_MAX_NS);
	int64_t delay_ns, slack_ns;

	if (away_ns < 0) {
		return SAMPLE_LOCAL_BACKWARDS;
	}
	if (held_ns < 0) {
		return SAMPLE_SERVER_BACKWARDS;
	}
	if (held_ns > SAMPLE_SERVER_MAX_NS) {
		return SAMPLE_SERVER_SLOW;
	}
	delay_ns = away_ns - held_ns;
	if (delay_ns < -(precision_ns + ahead_max_ns)) {
		return SAMPLE_NEGATIVE_DELAY;
	}
	if (distance_ns > root_distance_max_ns) {
		return SAMPLE_ROOT_TOO_FAR;
	}
	if (is_beyond(there_ns) || is_beyond(back_ns)) {
		return SAMPLE_BEYOND;
	}
	if (delay_ns < 0) {
		/* A negative delay within the error of the stamps: the ends are swapped. */
		int64_t swap_ns = there_ns;

		there_ns = back_ns;
		back_ns = swap_ns;
	}
	slack_ns = distance_ns + precision_ns + drift_ns(away_ns, x->drift_ppb);
	sample_from_interval(back_ns, there_ns, slack_ns, ret);
	ret->spread_ns = ns_add(away_ns / 2, slack_ns);
	ret->delay_ns = ns_max(delay_ns, local_precision_ns);
	ret->at_mono_ns = x->t4_mono_ns;
	ret->root_distance_ns = distance_ns;
	return SAMPLE_OK;
}

enum sample_verdict sample_from_reading(struct instant t1, struct instant server,
                                        struct instant t4, int64_t t4_mono_ns,
                                        int64_t resolution_ns, int64_t drift_ppb,
                                        struct sample *ret)
{
	int64_t away_ns = instant_diff_ns(t4, t1);
	int64_t hi_ns, lo_ns;

	if (away_ns < 0) {
		return SAMPLE_LOCAL_BACKWARDS;
	}
	/* The true server time was in [server, server + resolution] when it was read. */
	hi_ns = ns_add(instant_diff_ns(server, t1), non_negative(resolution_ns));
	lo_ns = instant_diff_ns(server, t4);
	if (is_beyond(hi_ns) || is_beyond(lo_ns)) {
		return SAMPLE_BEYOND;
	}
	sample_from_interval(lo_ns, hi_ns, drift_ns(away_ns, drift_ppb), ret);
	ret->spread_ns = ret->bound_ns;
	ret->delay_ns = away_ns;
	ret->at_mono_ns = t4_mono_ns;
	ret->root_distance_ns = 0;
	return SAMPLE_OK;
}

const char *sample_verdict_text(enum sample_verdict verdict)
{
	static const char *const texts[] = {
		[SAMPLE_OK] = "accepted",
		[SAMPLE_SERVER_BACKWARDS] = "its reply left before the request arrived",
		[SAMPLE_SERVER_SLOW] = "it held the request for more than 4 s",
		[SAMPLE_NEGATIVE_DELAY] = "negative delay",
		[SAMPLE_LOCAL_BACKWARDS] = "the local clock was set back meanwhile",
		[SAMPLE_ROOT_TOO_FAR] = "root distance above the limit",
		[SAMPLE_BEYOND] =
			"more than 255 years from the local clock: set it first (date -s)",
	};

	return (size_t)verdict < COUNT_OF(texts) ? texts[verdict] : "unknown";
}

void sample_refusal_format(enum sample_verdict verdict, const struct exchange *x,
                           int64_t root_distance_max_ns, char *buf)
{
	int64_t held_ns = instant_diff_ns(x->t3, x->t2);
	char found[SPAN_TEXT_SIZE], limit[SPAN_TEXT_SIZE];

	switch (verdict) {
	case SAMPLE_SERVER_BACKWARDS:
		span_format(ns_sub(0, held_ns), 0, found);
		snprintf(buf, SAMPLE_REFUSAL_SIZE,
		         "its reply left %s before the request arrived", found);
		break;
	case SAMPLE_SERVER_SLOW:
		span_format(held_ns, 0, found);
		snprintf(buf, SAMPLE_REFUSAL_SIZE,
		         "it held the request for %s: more than 4 s", found);
		break;
	case SAMPLE_NEGATIVE_DELAY:
		span_format(ns_sub(instant_diff_ns(x->t4, x->t1), held_ns), 0, found);
		snprintf(buf, SAMPLE_REFUSAL_SIZE,
		         "negative delay of %s: it claims to have held the request longer",
		         found);
		break;
	case SAMPLE_ROOT_TOO_FAR:
		span_format(root_distance_ns(x), 0, found);
		span_format(root_distance_max_ns, 0, limit);
		snprintf(buf, SAMPLE_REFUSAL_SIZE,
		         "root distance of %s above the limit of %s (--root-distance)",
		         found, limit);
		break;
	default:
		snprintf(buf, SAMPLE_REFUSAL_SIZE, "%s", sample_verdict_text(verdict));
		break;
	}
}
