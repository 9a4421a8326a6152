/* SPDX-License-Identifier: MIT
 *
 * The screen: the row about the clock, all others, and on a fresh machine the first steps.
 */
#include "core/report/status_report.h"

#include "core/base/span.h"
#include "core/report/report_private.h"
#include "core/report/status_rows_private.h"

#define MINUTE_NS (60 * NS_PER_S)

/* The columns of the headings, and of what follows an arrow. */
enum { INDENT = 12, ADVICE_INDENT = INDENT + 3 };

/* The clock is known, and not right enough. */
static void advise_on_error(const struct status_view *view, struct status_row *row)
{
	const int64_t slew_ns = view->kernel.is_known ? view->kernel.pending_slew_ns : 0;
	char age[STATUS_AGE_SIZE];

	row->row_class = STATUS_BAD;
	if (view->is_proved && now_error_ns(&view->now, false) <= view->within_ns) {
		status_advise(row, "run: sudo reqtime set; the likely bound is right "
		                   "enough: leave out --proved");
	} else if (ns_abs(slew_ns) > view->within_ns / 2) {
		status_advise(row, "wait: the kernel slews the clock for %s more",
		              status_age(plan_slew_lasts_ns(slew_ns), age));
	} else if (view->now.now.age_ns < 2 * MINUTE_NS) {
		status_advise(row, "ask nearer servers, or accept more: --within; the last "
		                   "run found no better time");
	} else {
		status_advise(row, "run: sudo reqtime set");
	}
}

static void clock_row(const struct status_view *view, struct status_row *row)
{
	char asked[SPAN_TEXT_SIZE + 1], other[SPAN_TEXT_SIZE + 1];
	char enough[SPAN_TEXT_SIZE + 1], age[STATUS_AGE_SIZE];

	if (view->now.status != REQTIME_NOW_OK) {
		row->row_class = STATUS_BAD;
		text_format(&row->text, "not known: %s", now_reason(&view->now));
		status_advise(row, "%s", now_advice(&view->now));
		return;
	}
	now_error_text(now_error_ns(&view->now, view->is_proved), asked);
	now_error_text(now_error_ns(&view->now, !view->is_proved), other);
	style_units(row->style, asked);
	style_units(row->style, other);
	span_format(view->within_ns, 0, enough);
	style_units(row->style, enough);
	text_format(&row->text,
	            view->is_within ? "right within %s (%s: %s); %s is enough"
	                            : "off by up to %s (%s: %s), more than %s",
	            asked, view->is_proved ? "likely" : "proved", other, enough);
	if (!view->has_last) {
		text_format(&row->text, "; measured %s ago",
		            status_age(view->now.now.age_ns, age));
	}
	if (view->is_within) {
		row->row_class = STATUS_GOOD;
	} else {
		advise_on_error(view, row);
	}
}

static void put_heading(struct text *out, const struct style *style,
                        const struct status_row *row, const char *heading)
{
	static const enum style_class classes[] = {
		[STATUS_GOOD] = STYLE_GOOD,
		[STATUS_DOUBTFUL] = STYLE_DOUBTFUL,
		[STATUS_BAD] = STYLE_BAD,
	};

	if (row->row_class == STATUS_PLAIN) {
		text_put(out, heading);
	} else {
		style_word(out, style, classes[row->row_class], heading);
	}
	text_blanks(out, INDENT - style_columns(heading));
}

static void put_row(struct text *out, const struct style *style, struct status_row *row,
                    const char *heading, bool has_advice)
{
	if (row->text.len == 0) {
		return;
	}
	put_heading(out, style, row, heading);
	style_wrap(out, row->text.buf, INDENT, INDENT, report_width(style), NULL);
	if (has_advice && row->advice.len > 0) {
		text_blanks(out, INDENT);
		text_put(out, "-> ");
		style_wrap(out, row->advice.buf, ADVICE_INDENT, ADVICE_INDENT,
		           report_width(style), NULL);
	}
}

bool status_is_fresh(const struct status_view *view)
{
	return view->history == STATUS_HISTORY_NONE && view->now.is_absent &&
	       view->other_daemon < OTHER_CHRONYD;
}

static void put_step(struct text *out, unsigned *number, const char *what, const char *how)
{
	text_format(out, "  %u. %-20s %s\n", ++*number, what, how);
}

static void put_first_steps(struct text *out, const struct status_view *view)
{
	unsigned number = 0;

	text_put(out, "\nTo begin:\n");
	if (view->configured_count == 0) {
		text_format(out, "  %u. in %s:\n     server = ntp1.example.org\n", ++number,
		            view->config);
	}
	put_step(out, &number, "set the clock:", "sudo reqtime set");
	if (view->next.timer == STATUS_TIMER_OFF || view->next.timer == STATUS_TIMER_ON) {
		put_step(out, &number, "keep it right:",
		         view->next.timer == STATUS_TIMER_ON && view->next.is_enabled
		                 ? "reqtime.timer does, it is switched on"
		                 : "sudo systemctl enable --now reqtime.timer");
	} else {
		put_step(out, &number,
		         "keep it right:", "each hour, by cron: man reqtime-cookbook");
	}
}

size_t status_report(const struct status_view *view, const struct style *style, char *buf,
                     size_t size)
{
	static const struct {
		const char *heading;
		void (*fill)(const struct status_view *view, struct status_row *row);
	} rows[] = {
		{ "Clock", clock_row },
		{ "Last run", status_last_row },
		{ "Held back", status_held_row },
		{ "Next run", status_next_row },
		{ "Servers", status_servers_row },
		{ "Trust", status_trust_row },
		{ "Frequency", status_frequency_row },
		{ "Kernel", status_kernel_row },
		{ "Others", status_others_row },
	};
	const bool is_fresh = status_is_fresh(view);
	struct text out = text_to(buf, size);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[STATUS_ROW_SIZE] = "", advice[STATUS_ADVICE_SIZE] = "";
		struct status_row row = { .style = style,
			                  .text = text_to(text, sizeof(text)),
			                  .advice = text_to(advice, sizeof(advice)) };

		rows[i].fill(view, &row);
		put_row(&out, style, &row, rows[i].heading, !is_fresh);
	}
	if (is_fresh) {
		put_first_steps(&out, view);
	}
	return out.len;
}
