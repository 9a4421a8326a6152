/* SPDX-License-Identifier: MIT
 *
 * The bound file (include/reqtime/now.h), and ClockBound's segment beside it: opened or
 * made, and written in place under their sequence counters.
 *
 *   open (before the sandbox) -> write* -> close
 */
#ifndef IO_STORE_BOUND_FILE_H
#define IO_STORE_BOUND_FILE_H

#include <stdbool.h>

#include "core/base/base.h"
#include "reqtime/now.h"

/* Pages as from page_file_open(): which see for the arguments and errors. */
MUST_USE int bound_file_open(const char *path, bool may_create_dir,
                             struct reqtime_now_page **ret);
/* Makes no system call.  Of two programs that write at once one waits for the other; one
 * that was stopped halfway is passed by after some microseconds. */
void bound_file_write(struct reqtime_now_page *page, const struct reqtime_now_page *from);

struct clockbound_segment;
MUST_USE int clockbound_file_open(const char *path, struct clockbound_segment **ret);
void clockbound_file_write(struct clockbound_segment *segment,
                           const struct clockbound_segment *from);

#endif
