/* SPDX-License-Identifier: MIT
 *
 * Metrics in the text format of Prometheus (exposition format 0.0.4).
 */
#ifndef CORE_REPORT_PROMETHEUS_H
#define CORE_REPORT_PROMETHEUS_H

#include "core/base/text.h"

struct prometheus {
	struct text text;
	const char *prefix; /* of all names: "reqtime" */
	const char *verb;   /* a label of all samples; NULL: none */
};

/* `type` is "gauge", "counter" or "histogram"; neither needs escaping.  The samples follow. */
void prometheus_head(struct prometheus *out, const char *name, const char *type,
                     const char *help);
/* One sample, with a label more unless `label` is NULL.  `value` is words of our own: letters, digits, blanks. */
void prometheus_sample(struct prometheus *out, const char *name, const char *label,
                       const char *value, uint64_t number);

/* A head and one sample. */
void prometheus_number(struct prometheus *out, const char *name, const char *type,
                       const char *help, uint64_t number);
/* The same for a gauge in billionths, the unit of spans (ns) and of frequencies (ppb). */
void prometheus_billionths(struct prometheus *out, const char *name, const char *help,
                           int64_t value);

#endif
