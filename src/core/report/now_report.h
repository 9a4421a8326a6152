/* SPDX-License-Identifier: MIT
 *
 * The true time by the bound file, for people.
 */
#ifndef CORE_REPORT_NOW_REPORT_H
#define CORE_REPORT_NOW_REPORT_H

#include <stdbool.h>

#include "core/base/span.h"
#include "core/base/style.h"
#include "reqtime/now.h"

/* An answer of the bound file, and what this machine adds to it. */
struct now_view {
	enum reqtime_now_status status;
	struct reqtime_now now;
	struct reqtime_now_facts facts; /* zero where there is no file */
	bool is_absent;                 /* there is no file: REQTIME_NOW_UNKNOWN */
	bool is_named;                  /* it is not REQTIME_NOW_FILE */
	const char *error;              /* it cannot be read: why; or NULL */
	bool is_denied;                 /* ... because this user may not */
	/* Another program has changed the kernel's frequency, or slews: the status is
	 * REQTIME_NOW_UNKNOWN. */
	bool is_steered;
};

/* Whether the file's kernel is that of now: the frequency that a run has left, and the rest
 * of its slew. */
MUST_USE bool now_is_steered(const struct reqtime_now_facts *facts, int64_t real_ns,
                             int64_t frequency_ppb, int64_t slew_rest_ns);

/* How far CLOCK_REALTIME may be off: proved, or in 999 of 1000 seconds.  Of
 * REQTIME_NOW_OK. */
int64_t now_error_ns(const struct now_view *view, bool is_proved);

/* Such an error as text, rounded up to what is printed. */
void now_error_text(int64_t ns, char buf[SPAN_TEXT_SIZE]);

/* "ok", "unknown", "stepped" or "expired", as in JSON. */
const char *now_status_name(enum reqtime_now_status status);
/* The reason why there is no answer, one sentence without a full stop; "" with
 * REQTIME_NOW_OK. */
const char *now_reason(const struct now_view *view);

/* The next thing to do: "run: sudo reqtime set"; "" with REQTIME_NOW_OK. */
const char *now_advice(const struct now_view *view);

/* Lines of at most 80 columns, like snprintf(): both intervals, and the sentence; or the
 * reason and what to do, on one line. */
size_t now_report(const struct now_view *view, const struct style *style, char *buf,
                  size_t size);

#endif
