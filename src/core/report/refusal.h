/* SPDX-License-Identifier: MIT
 *
 * Why the clock was not set, on one line: the value, the limit, when that ends, and the
 * command that sets it now.
 */
#ifndef CORE_REPORT_REFUSAL_H
#define CORE_REPORT_REFUSAL_H

#include "core/select/decide.h"

struct report_refusal {
	const struct decision *decision; /* refused, held back, or followed in part */
	int64_t bound_ns;                /* of the measurement */
	int64_t refuse_above_ns;
	int64_t refuse_back_above_ns;
	size_t agreeing_server_count;
	size_t server_count;
	struct instant release;
};

/* "held back: the clock would jump by +5.002 s, which ...", "refused: ...", "moved by ...",
 * without a line feed.  Like snprintf(). */
enum { REPORT_REFUSAL_SIZE = 640 };
size_t report_refusal(const struct report_refusal *refusal, char *buf, size_t size);

/* For programs, by the local clock of the decision.  False if nothing is held back. */
struct held_back {
	struct instant first_seen;
	struct instant confirm_after;
	int64_t by_ns;
};
bool report_held_back(const struct decision *decision, struct held_back *ret);

#endif
