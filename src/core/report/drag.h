/* SPDX-License-Identifier: MIT
 *
 * The sentence that warns of a clock that is led away slowly.
 */
#ifndef CORE_REPORT_DRAG_H
#define CORE_REPORT_DRAG_H

#include <stddef.h>

#include "core/discipline/discipline.h"

enum { REPORT_DRAG_SIZE = 400 };

/* Whether there is anything to warn of. */
bool report_has_drag(const struct discipline_drag *drag);
/* One line without a line feed, "" when there is nothing.  Returns the length that it has. */
size_t report_drag(const struct discipline_drag *drag, char *buf, size_t size);

#endif
