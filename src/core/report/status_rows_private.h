/* SPDX-License-Identifier: MIT
 *
 * The rows of the screen: status_report.c prints them, status_runs.c has those about runs,
 * status_machine.c those about this machine, status_text.c what all of them use.
 */
#ifndef CORE_REPORT_STATUS_ROWS_PRIVATE_H
#define CORE_REPORT_STATUS_ROWS_PRIVATE_H

#include "core/report/status_report.h"

enum { STATUS_ROW_SIZE = 800, STATUS_ADVICE_SIZE = 640 };

enum status_class { STATUS_PLAIN, STATUS_GOOD, STATUS_DOUBTFUL, STATUS_BAD };

/* "" is not printed. */
struct status_row {
	const struct style *style;
	enum status_class row_class;
	struct text text;
	struct text advice; /* what to do next */
};

/* Says what to do; the row is in doubt. */
void status_advise(struct status_row *row, const char *format, ...) PRINTF_LIKE(2, 3);

/* "40 s", "12 min", "3 h", "5 days": rounded to what is shown. */
enum { STATUS_AGE_SIZE = 32 };
const char *status_age(int64_t ns, char buf[STATUS_AGE_SIZE]);
/* "+310 us", with the sign of the style. */
void status_put_span(struct status_row *row, int64_t ns, bool has_sign);
/* "22:08:00 UTC", with the date unless it is today. */
void status_put_moment(struct status_row *row, const struct status_view *view,
                       struct instant at);

void status_last_row(const struct status_view *view, struct status_row *row);
void status_held_row(const struct status_view *view, struct status_row *row);
void status_servers_row(const struct status_view *view, struct status_row *row);
void status_trust_row(const struct status_view *view, struct status_row *row);

void status_next_row(const struct status_view *view, struct status_row *row);
void status_frequency_row(const struct status_view *view, struct status_row *row);
void status_kernel_row(const struct status_view *view, struct status_row *row);
void status_others_row(const struct status_view *view, struct status_row *row);

#endif
