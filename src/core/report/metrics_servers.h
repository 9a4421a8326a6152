/* SPDX-License-Identifier: MIT
 *
 * The metrics of each server: what a dashboard needs to see which server is wrong.
 *
 * A sample has the server as it was given as its label, not its address: the addresses of a
 * pool's name change from run to run, and each would be a series of its own that never
 * ends.  The sources of a name are one server here.  Servers beyond the limit are only counted.
 */
#ifndef CORE_REPORT_METRICS_SERVERS_H
#define CORE_REPORT_METRICS_SERVERS_H

#include <stddef.h>

#include "core/report/prometheus.h"
#include "core/select/run.h"

enum {
	METRICS_SERVERS_MAX = 64,
	/* "daytime+tcp://[HOST]:65535"; a longer one, escaped, is cut */
	METRICS_SERVER_NAME_SIZE = SERVER_HOST_SIZE + 24,
};

struct metrics_server {
	char name[METRICS_SERVER_NAME_SIZE];
	uint32_t status_counts[SOURCE_STATUS_COUNT]; /* of its addresses */
	/* As measured with its best address, by status, then by bound: */
	uint8_t has_estimate; /* the next three are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;
	uint8_t has_stratum;
	uint32_t stratum;
};

struct metrics_servers {
	uint32_t count;
	uint32_t left_out; /* further servers */
	struct metrics_server of[METRICS_SERVERS_MAX];
};

/* Unused octets are zero. */
void metrics_servers_note(struct metrics_servers *servers, const struct run *run);
MUST_USE bool metrics_servers_are_valid(const struct metrics_servers *servers);

/* All of it is shorter than this. */
enum {
	METRICS_SERVERS_SIZE = 2048 + METRICS_SERVERS_MAX * (SOURCE_STATUS_COUNT + 4) * 700
};
void metrics_servers_write(struct prometheus *out, const struct metrics_servers *servers);

#endif
