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
	bool has_labels;    /* the sample that is being written has one */
};

/* `type` is "gauge", "counter" or "histogram"; no argument may need escaping, and no name
 * of a metric or a label below.  The samples follow. */
void prometheus_head(struct prometheus *out, const char *name, const char *type,
                     const char *help);
/* A sample is begin, label*, end.  Any octets may be in `value`: other than printable ASCII
 * they become \xNN. */
void prometheus_begin(struct prometheus *out, const char *name);
void prometheus_label(struct prometheus *out, const char *label, const char *value);
void prometheus_end(struct prometheus *out, uint64_t number);
void prometheus_end_billionths(struct prometheus *out, int64_t value);

/* A sample, with one more label unless `label` is NULL. */
void prometheus_sample(struct prometheus *out, const char *name, const char *label,
                       const char *value, uint64_t number);

/* A head and one sample. */
void prometheus_number(struct prometheus *out, const char *name, const char *type,
                       const char *help, uint64_t number);
/* The same for a gauge in billionths, the unit of spans (ns) and of frequencies (ppb). */
void prometheus_billionths(struct prometheus *out, const char *name, const char *help,
                           int64_t value);

#endif
