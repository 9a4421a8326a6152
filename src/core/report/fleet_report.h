/* SPDX-License-Identifier: MIT
 *
 * Servers judged one by one, or in pairs (core/select/fleet.h), for people and as CSV.
 * All functions write into the caller's buffer like snprintf(): see core/report/report.h.
 */
#ifndef CORE_REPORT_FLEET_REPORT_H
#define CORE_REPORT_FLEET_REPORT_H

#include "core/base/style.h"
#include "core/select/fleet.h"

/* --only, in the order of the words. */
enum fleet_only {
	FLEET_ONLY_AUTO,
	FLEET_ONLY_ALL,
	FLEET_ONLY_OFF,
	FLEET_ONLY_SILENT,
	FLEET_ONLY_UNSURE,
	FLEET_ONLY_OK
};
#define FLEET_ONLY_WORDS "auto|all|off|silent|unsure|ok"

enum {
	FLEET_ROWS_FEW =
		20, /* FLEET_ONLY_AUTO shows as many rows whatever their verdict, ... */
	FLEET_ROWS_MAX = 40, /* ... else those that are not ok, and no more than this */
};

/* Whether the row is wanted; FLEET_ONLY_AUTO: whether the table may show it. */
bool fleet_is_shown(const struct fleet *fleet, enum fleet_only only,
                    const struct fleet_row *row);

/* "9 servers against this machine's clock, tolerance 10 ms: 1 off, 8 ok; worst: +3.500 s
 * +/- 1.2 ms, ntp3.example.", without a line feed.  Or why nothing is judged. */
enum { FLEET_SUMMARY_SIZE = 1024 };
size_t fleet_summary(const struct fleet *fleet, const struct style *style, char *buf,
                     size_t size);

/* The summary; the reference, or of pairs the silent servers with their reasons; a line
 * for each row shown, as they are sorted, and the number of those left out.  It fits the
 * columns of `style` (at least 60). */
size_t fleet_table(const struct fleet *fleet, enum fleet_only only,
                   const struct style *style, char *buf, size_t size);

/* A header and a line for each row that is wanted.  Unknown values are empty. */
size_t fleet_csv(const struct fleet *fleet, enum fleet_only only, struct instant at,
                 char *buf, size_t size);

#endif
