/* SPDX-License-Identifier: MIT
 *
 * The warning of a slow drag of the clock.
 */
#include "core/report/drag.h"

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/report/report_private.h"

bool report_has_drag(const struct discipline_drag *drag)
{
	return drag->is_frequency_off || drag->is_much_corrected;
}

size_t report_drag(const struct discipline_drag *drag, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char span[SPAN_TEXT_SIZE];

	if (!report_has_drag(drag)) {
		text_put(&out, "");
		return 0;
	}
	if (drag->is_frequency_off) {
		text_put(&out, "the estimated frequency has moved by ");
		report_put_ppm(&out, drag->off_ppb, true);
		text_put(&out, " ppm from its long-term value, ");
		report_put_ppm(&out, drag->long_term_ppb, true);
		text_put(&out, " ppm");
	}
	if (drag->is_much_corrected) {
		span_format(drag->corrected_ns, 1, span);
		text_format(&out,
		            "%sthe corrections of the last day add up to %s, more than a "
		            "drift of 50 ppm explains",
		            drag->is_frequency_off ? ", and " : "", span);
	}
	text_put(&out, ": the crystal has changed, or the servers drag the clock away; "
	               "compare with other servers: reqtime query SERVER");
	return out.len;
}
