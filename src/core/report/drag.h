/* SPDX-License-Identifier: MIT
 *
 * The warning of a slow drag: servers or the crystal lead the clock away in small
 * corrections.
 */
#ifndef CORE_REPORT_DRAG_H
#define CORE_REPORT_DRAG_H

#include <stddef.h>

#include "core/discipline/discipline.h"

enum { REPORT_DRAG_SIZE = 400 };

/* Whether there is a reason to warn. */
bool report_has_drag(const struct discipline_drag *drag);
/* A line without a line feed, "" without a warning.  Returns its whole length. */
size_t report_drag(const struct discipline_drag *drag, char *buf, size_t size);

#endif
