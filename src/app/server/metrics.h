/* SPDX-License-Identifier: MIT
 *
 * The state and the counts of the server as metrics, in the Prometheus text format.
 */
#ifndef APP_SERVER_METRICS_H
#define APP_SERVER_METRICS_H

#include "app/server/serve.h"

enum { SERVE_METRICS_SIZE = 16384 };

struct serve_metrics {
	struct serve_counts counts;
	struct serve_view view;
	struct instant started;
};

/* Returns the length, 0 when it does not fit. */
size_t serve_metrics_write(const struct serve_metrics *metrics, char *buf, size_t size);

#endif
