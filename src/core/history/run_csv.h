/* SPDX-License-Identifier: MIT
 *
 * Past runs, or their sources, as CSV: RFC 4180, so lines end in CR LF.  All functions
 * write into the caller's buffer like snprintf(): see core/report/report.h.  Unknown values
 * are empty fields.  Untrusted text is escaped and cannot begin like a formula.
 */
#ifndef CORE_HISTORY_RUN_CSV_H
#define CORE_HISTORY_RUN_CSV_H

#include "core/history/run_view.h"

size_t run_csv_run_heading(char *buf, size_t size);
size_t run_csv_run(const struct run_record *run, char *buf, size_t size);

/* Each source with the time, the verb and the status of its run. */
size_t run_csv_source_heading(char *buf, size_t size);
size_t run_csv_source(const struct run_record *run, const struct run_source *source,
                      char *buf, size_t size);

#endif
