/* SPDX-License-Identifier: MIT
 *
 * A run in formats for other programs; JSON is in cmd/cli/json.h.  All functions write into
 * the caller's buffer, as in core/report/report.h.
 */
#ifndef CORE_REPORT_FORMATS_H
#define CORE_REPORT_FORMATS_H

#include "core/select/run.h"

/* A header; a line of kind "source" for each source; and one of kind "answer", with the
 * action planned or done, if `plan`.  Unknown values are empty. */
size_t report_csv(const struct run *run, const struct plan *plan, char *buf, size_t size);

/* As `ntpdate -q` prints it: a line for each source, with zeros if it did not answer, and
 * with `has_log_line` the log line (in UTC).  `plan` decides between "adjust" and "step";
 * without a plan, or if it refuses, the offset decides, as in ntpdate. */
size_t report_ntpdate(const struct run *run, const struct plan *plan, int pid,
                      bool has_log_line, char *buf, size_t size);

/* A line for a journal: the action done or planned; offset and bound, the servers that
 * agree; the reason for no action.  Without an answer the reason, and the status of the
 * servers.  At most a few names; `done` and `why_not` may be "". */
size_t report_line(const struct run *run, const char *done, const char *why_not, char *buf,
                   size_t size);

#endif
