/* SPDX-License-Identifier: MIT
 *
 * Past runs, or their sources, as CSV: RFC 4180, so lines end in CR LF.  All of these write
 * into the caller's buffer like snprintf(): see core/report/report.h.  What is not known is an
 * empty field.  Text from elsewhere is escaped, and cannot begin as a formula does.
 */
#ifndef CORE_HISTORY_PAST_CSV_H
#define CORE_HISTORY_PAST_CSV_H

#include "core/history/past.h"

size_t past_csv_run_heading(char *buf, size_t room);
size_t past_csv_run(const struct run_record *run, char *buf, size_t room);

/* Each source with the time, the verb and the status of its run. */
size_t past_csv_source_heading(char *buf, size_t room);
size_t past_csv_source(const struct run_record *run, const struct run_source *source,
                       char *buf, size_t room);

#endif
