/* SPDX-License-Identifier: MIT
 *
 * Heads and samples of metrics.
 */
#include "core/report/prometheus.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/report/threshold.h"

void prometheus_head(struct prometheus *out, const char *name, const char *type,
                     const char *help)
{
	text_format(&out->text, "# HELP %s_%s %s\n# TYPE %s_%s %s\n", out->prefix, name,
	            help, out->prefix, name, type);
}

static void put_name(struct prometheus *out, const char *name, const char *label,
                     const char *value)
{
	const char *between = "{";

	text_format(&out->text, "%s_%s", out->prefix, name);
	if (out->verb) {
		text_format(&out->text, "{verb=\"%s\"", out->verb);
		between = ",";
	}
	if (label) {
		text_format(&out->text, "%s%s=\"%s\"", between, label, value);
	}
	text_put(&out->text, out->verb || label ? "} " : " ");
}

void prometheus_sample(struct prometheus *out, const char *name, const char *label,
                       const char *value, uint64_t number)
{
	put_name(out, name, label, value);
	text_format(&out->text, "%" PRIu64 "\n", number);
}

void prometheus_number(struct prometheus *out, const char *name, const char *type,
                       const char *help, uint64_t number)
{
	prometheus_head(out, name, type, help);
	prometheus_sample(out, name, NULL, NULL, number);
}

void prometheus_billionths(struct prometheus *out, const char *name, const char *help,
                           int64_t value)
{
	char number[THRESHOLD_TEXT_SIZE];

	prometheus_head(out, name, "gauge", help);
	threshold_format_seconds(value, number);
	put_name(out, name, NULL, NULL);
	text_format(&out->text, "%s\n", number);
}
