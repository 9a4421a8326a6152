/* SPDX-License-Identifier: MIT
 *
 * Shared by the files that write a trace as text.
 */
#ifndef CORE_TRACE_TEXT_PRIVATE_H
#define CORE_TRACE_TEXT_PRIVATE_H

#include "core/base/text.h"
#include "core/trace/text.h"

enum {
	TRACE_TEXT_INFO_SIZE = 640,
	TRACE_TEXT_INDENT = 7 /* of lines below a numbered line */
};

/* style_wrap() for TRACE_TEXT_COLUMNS and TRACE_TEXT_INDENT. */
void trace_text_wrapped(struct text *out, const char *line, size_t column);
/* With all digits, so that a reader can add them up. */
void trace_text_seconds(struct text *out, int64_t ns, const char *plus);

#endif
