/* SPDX-License-Identifier: MIT
 *
 * Gathers the sources of a run by server, and writes the metrics of each.
 */
#include "core/report/metrics_servers.h"

#include <string.h>

#include "core/report/report.h"

/* ---- from the run ---- */

static void format_name(const struct run_source *source, char *buf)
{
	char label[REPORT_LABEL_SIZE];
	struct text out = text_to(buf, METRICS_SERVER_NAME_SIZE);

	report_label(source, label, sizeof(label));
	text_put(&out, label);
}

/* Its index, or `count`. */
static uint32_t server_find(const struct metrics_servers *servers, const char *name)
{
	uint32_t i = 0;

	while (i < servers->count && strcmp(servers->of[i].name, name) != 0) {
		i++;
	}
	return i;
}

static bool is_better(const struct run_source *a, const struct run_source *b)
{
	if (a->status != b->status) {
		return a->status < b->status;
	}
	if (a->has_estimate != b->has_estimate) {
		return a->has_estimate;
	}
	return a->has_estimate && a->bound_ns < b->bound_ns;
}

static void take_values(struct metrics_server *server, const struct run_source *best)
{
	server->has_estimate = best->has_estimate;
	if (best->has_estimate) {
		server->offset_ns = best->offset_ns;
		server->bound_ns = best->bound_ns;
		server->delay_ns = best->delay_ns;
	}
	server->has_stratum = best->has_header;
	if (best->has_header) {
		server->stratum = best->stratum;
	}
}

void metrics_servers_note(struct metrics_servers *servers, const struct run *run)
{
	const struct run_source *best[METRICS_SERVERS_MAX];
	char name[METRICS_SERVER_NAME_SIZE], left_out[METRICS_SERVER_NAME_SIZE] = "";

	memset(servers, 0, sizeof(*servers));
	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];
		uint32_t at;

		format_name(source, name);
		at = server_find(servers, name);
		if (at == METRICS_SERVERS_MAX) {
			/* The sources of a server follow each other. */
			servers->left_out += strcmp(left_out, name) != 0;
			memcpy(left_out, name, sizeof(name));
			continue;
		}
		if (at == servers->count) {
			servers->count++;
			memcpy(servers->of[at].name, name, sizeof(name));
			best[at] = source;
		} else if (is_better(source, best[at])) {
			best[at] = source;
		}
		servers->of[at].status_counts[source->status]++;
	}
	for (uint32_t i = 0; i < servers->count; i++) {
		take_values(&servers->of[i], best[i]);
	}
}

bool metrics_servers_are_valid(const struct metrics_servers *servers)
{
	if (servers->count > METRICS_SERVERS_MAX) {
		return false;
	}
	for (uint32_t i = 0; i < servers->count; i++) {
		const struct metrics_server *server = &servers->of[i];

		if (!memchr(server->name, '\0', sizeof(server->name)) ||
		    server->has_estimate > 1 || server->has_stratum > 1) {
			return false;
		}
	}
	return true;
}

/* ---- as text: Prometheus wants the samples of a metric together ---- */

static void put_status(struct prometheus *out, const struct metrics_servers *servers)
{
	if (servers->count > 0) {
		prometheus_head(out, "server_status", "gauge",
		                "Addresses of the server, by their status.");
	}
	for (uint32_t i = 0; i < servers->count; i++) {
		const struct metrics_server *server = &servers->of[i];

		for (int k = 0; k < SOURCE_STATUS_COUNT; k++) {
			prometheus_begin(out, "server_status");
			prometheus_label(out, "server", server->name);
			prometheus_label(out, "status",
			                 source_status_name((enum source_status)k));
			prometheus_end(out, server->status_counts[k]);
		}
	}
}

/* Only servers with a sample of their own: the unknown is left out, head and all. */
static void put_span(struct prometheus *out, const struct metrics_servers *servers,
                     const char *name, const char *help, size_t at)
{
	bool has_head = false;

	for (uint32_t i = 0; i < servers->count; i++) {
		const struct metrics_server *server = &servers->of[i];
		int64_t value;

		if (!server->has_estimate) {
			continue;
		}
		if (!has_head) {
			prometheus_head(out, name, "gauge", help);
			has_head = true;
		}
		memcpy(&value, (const char *)server + at, sizeof(value));
		prometheus_begin(out, name);
		prometheus_label(out, "server", server->name);
		prometheus_end_billionths(out, value);
	}
}

static void put_stratum(struct prometheus *out, const struct metrics_servers *servers)
{
	bool has_head = false;

	for (uint32_t i = 0; i < servers->count; i++) {
		const struct metrics_server *server = &servers->of[i];

		if (!server->has_stratum) {
			continue;
		}
		if (!has_head) {
			prometheus_head(out, "server_stratum", "gauge",
			                "Stratum that the server states.");
			has_head = true;
		}
		prometheus_begin(out, "server_stratum");
		prometheus_label(out, "server", server->name);
		prometheus_end(out, server->stratum);
	}
}

void metrics_servers_write(struct prometheus *out, const struct metrics_servers *servers)
{
	put_status(out, servers);
	put_span(out, servers, "server_offset_seconds",
	         "Server minus local clock, as measured with this server.",
	         offsetof(struct metrics_server, offset_ns));
	put_span(out, servers, "server_bound_seconds",
	         "The true offset of this server is within its offset +- bound.",
	         offsetof(struct metrics_server, bound_ns));
	put_span(out, servers, "server_delay_seconds",
	         "Smallest round trip to this server.",
	         offsetof(struct metrics_server, delay_ns));
	put_stratum(out, servers);
	prometheus_number(
		out, "servers_left_out", "gauge",
		"Servers without metrics of their own: those beyond the first 64.",
		servers->left_out);
}
