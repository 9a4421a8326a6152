/* SPDX-License-Identifier: MIT
 *
 * Servers judged one by one, or in pairs, as JSON: see reqtime(1) and reqtime-skew(1).
 */
#ifndef CMD_CLI_JSON_FLEET_H
#define CMD_CLI_JSON_FLEET_H

#include "core/report/fleet_report.h"

struct json_fleet {
	const struct run *run;
	const struct fleet *fleet;
	enum fleet_only only;
	bool has_no_sources; /* they were printed line by line: `sources` is null */
};

/* Whether `only` wants the row; FLEET_ONLY_AUTO: all. */
bool json_fleet_has(const struct json_fleet *report, const struct fleet_row *row);

/* Lines without a line feed; the caller frees them.  NULL: out of memory. */
char *json_render_fleet(const struct json_fleet *report);
char *json_render_fleet_row(const struct fleet *fleet, const struct fleet_row *row);
char *json_render_skew(const struct json_fleet *report);

#endif
