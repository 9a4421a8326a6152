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

void prometheus_begin(struct prometheus *out, const char *name)
{
	text_format(&out->text, "%s_%s", out->prefix, name);
	out->has_labels = false;
	if (out->verb) {
		prometheus_label(out, "verb", out->verb);
	}
}

void prometheus_label(struct prometheus *out, const char *label, const char *value)
{
	text_format(&out->text, "%c%s=\"", out->has_labels ? ',' : '{', label);
	for (const char *at = value; *at; at++) {
		const unsigned char octet = (unsigned char)*at;

		if (octet == '\n') {
			text_put(&out->text, "\\n");
		} else if (octet == '\\' || octet == '"') {
			text_format(&out->text, "\\%c", octet);
		} else if (octet < ' ' || octet > '~') {
			/* Prometheus rejects a file with an octet that is not UTF-8. */
			text_format(&out->text, "\\\\x%02x", octet);
		} else {
			text_octets(&out->text, at, 1);
		}
	}
	text_put(&out->text, "\"");
	out->has_labels = true;
}

static void end_labels(struct prometheus *out)
{
	text_put(&out->text, out->has_labels ? "} " : " ");
}

void prometheus_end(struct prometheus *out, uint64_t number)
{
	end_labels(out);
	text_format(&out->text, "%" PRIu64 "\n", number);
}

void prometheus_end_billionths(struct prometheus *out, int64_t value)
{
	char number[THRESHOLD_TEXT_SIZE];

	threshold_format_seconds(value, number);
	end_labels(out);
	text_format(&out->text, "%s\n", number);
}

void prometheus_sample(struct prometheus *out, const char *name, const char *label,
                       const char *value, uint64_t number)
{
	prometheus_begin(out, name);
	if (label) {
		prometheus_label(out, label, value);
	}
	prometheus_end(out, number);
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
	prometheus_head(out, name, "gauge", help);
	prometheus_begin(out, name);
	prometheus_end_billionths(out, value);
}
