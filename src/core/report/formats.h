/* SPDX-License-Identifier: MIT
 *
 * A run in the forms that other programs read; JSON is in cmd/cli/json.h.  Into the caller's
 * buffer, as in core/report/report.h.
 */
#ifndef CORE_REPORT_FORMATS_H
#define CORE_REPORT_FORMATS_H

#include "core/select/run.h"

/* A header; a line for each source, of kind "source"; and one of kind "answer", with what is
 * planned or was done, if `plan`.  What is not known is empty. */
size_t report_csv(const struct run *run, const struct plan *plan, char *buf, size_t size);

/* As `ntpdate -q` had it: a line for each source, zeros for what did not answer, and the line of the
 * log (in UTC).  `plan` decides between "adjust" and "step"; without a plan, or where it
 * refuses, the offset does, as it did there.  `has_log_line`: else none. */
size_t report_ntpdate(const struct run *run, const struct plan *plan, int pid,
                      bool has_log_line, char *buf, size_t size);

/* One line for a journal: what was done, or would be; offset and bound, how many agree, and who; why
 * nothing was done.  Without an answer the reason, and what became of each server.  A few names at most;
 * `done` and `why_not` are "" where there is nothing to say. */
size_t report_line(const struct run *run, const char *done, const char *why_not, char *buf,
                   size_t size);

#endif
