/* SPDX-License-Identifier: MIT
 *
 * The page: its head, tiles and tables.
 */
#include "core/history/page.h"

#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/history/page_private.h"
#include "core/report/report.h"

enum { SENTENCE_SIZE = 512 };

static const struct style utf8 = { .has_utf8 = true };

/* ---- the head and the figures ---- */

static void put_head(struct text *out, const struct page_input *input)
{
	text_put(out,
	         "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
	         "'none'; style-src 'unsafe-inline'; img-src data:\">\n"
	         "<meta name=\"viewport\" content=\"width=device-width, "
	         "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
	         "<meta name=\"generator\" content=\"reqtime " REQTIME_VERSION "\">\n"
	         "<link rel=\"icon\" href=\"data:,\">\n<title>Clock of ");
	page_put_untrusted(out, input->host);
	text_put(out, "</title>\n<style>\n");
	text_put(out, page_style);
	text_put(out, "</style>\n</head>\n<body>\n");
}

/* No line break between a figure and its unit. */
static void put_sentence(struct text *out, const char *sentence)
{
	for (const char *at = sentence; *at; at++) {
		if (at > sentence && *at == ' ' && at[-1] >= '0' && at[-1] <= '9' &&
		    strchr("nms\xc2", at[1])) {
			text_put(out, "&nbsp;");
		} else {
			text_octets(out, at, 1);
		}
	}
}

static void put_heading(struct text *out, const struct page_input *input)
{
	char first[RUN_TIME_SIZE], last[RUN_TIME_SIZE], sentence[SENTENCE_SIZE];

	run_format_time(input->summary->first_at, false, first);
	run_format_time(input->summary->last_at, false, last);
	run_summary_sentence(input->summary, &utf8, sentence, sizeof(sentence));
	text_put(out, "<header>\n<h1>Clock of ");
	page_put_untrusted(out, input->host);
	text_format(out,
	            "</h1>\n<p class=\"dim\">%s%s%s UTC, as measured by reqtime</p>\n"
	            "<p class=\"lead\">",
	            first, strcmp(first, last) != 0 ? " to " : "",
	            strcmp(first, last) != 0 ? last : "");
	put_sentence(out, sentence);
	text_put(out, "</p>\n</header>\n<main>\n");
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void put_last_tile(struct text *out, const struct run_record *run)
{
	char at[RUN_TIME_SIZE];

	run_format_time(run_record_at(run), false, at);
	text_format(out, "<div><dt>Last run</dt><dd%s>%s</dd><dd>%s",
	            run_record_is_failure(run) ? " class=\"fail\"" : "",
	            run_status_name((enum run_status)run->status), at);
	if (run->has_answer) {
		text_put(out, "<br>");
		page_put_figures(out, run->offset_ns, run->bound_ns);
	}
	text_put(out, "</dd></div>\n");
}

static void put_offset_tile(struct text *out, const struct run_summary *summary)
{
	char median[PAGE_FIGURE_SIZE], rms[PAGE_FIGURE_SIZE], largest[PAGE_FIGURE_SIZE];
	char at[RUN_TIME_SIZE];

	if (summary->trusted_count == 0) {
		text_put(out, "<div><dt>Offset, median</dt><dd>&ndash;</dd>"
		              "<dd>no run has an answer</dd></div>\n");
		return;
	}
	page_format_span(summary->median_ns, false, median);
	page_format_span(summary->rms_ns, false, rms);
	page_format_span(summary->largest_ns, true, largest);
	run_format_time(summary->largest_at, false, at);
	text_format(
		out,
		"<div><dt>Offset, median</dt><dd>%s</dd><dd>rms %s<br>largest %s, %s</dd>"
		"</div>\n",
		median, rms, largest, at);
}

static void put_tiles(struct text *out, const struct page_input *input)
{
	const struct run_summary *summary = input->summary;
	char ppm[RUN_PPM_SIZE] = "";

	text_put(out, "<dl class=\"tiles\">\n");
	put_last_tile(out, &input->runs[input->count - 1]);
	put_offset_tile(out, summary);
	if (summary->has_frequency) {
		run_format_ppm(summary->frequency_ppb, ppm);
		text_format(out,
		            "<div><dt>Frequency now</dt><dd>%s ppm</dd><dd>of the kernel's "
		            "clock</dd></div>\n",
		            ppm);
	}
	text_format(
		out,
		"<div><dt>Runs</dt><dd>%zu</dd><dd>%zu ok, <span%s>%zu failed</span></dd>"
		"</div>\n",
		summary->run_count, summary->run_count - summary->failure_count,
		summary->failure_count > 0 ? " class=\"fail\"" : "",
		summary->failure_count);
	text_format(out,
	            "<div><dt>Clock moved</dt><dd>%zu step%s</dd><dd>%zu slew%s, "
	            "%zu reboot%s</dd></div>\n</dl>\n",
	            summary->step_count, plural(summary->step_count), summary->slew_count,
	            plural(summary->slew_count), summary->reboot_count,
	            plural(summary->reboot_count));
}

/* ---- the tables ---- */

static void put_table_begin(struct text *out, const char *title, const char *remark,
                            const char *id)
{
	text_format(
		out,
		"<section>\n<h2 id=\"%s\">%s <small>%s</small></h2>\n<div class=\"scroll\" "
		"tabindex=\"0\" role=\"region\" aria-labelledby=\"%s\">\n<table>\n<thead>"
		"<tr>",
		id, title, remark, id);
}

static void put_span_cell(struct text *out, bool is_known, int64_t ns, bool has_sign)
{
	char figure[PAGE_FIGURE_SIZE] = "&ndash;";

	if (is_known) {
		page_format_span(ns, has_sign, figure);
	}
	text_format(out, "<td class=\"n\">%s</td>", figure);
}

static void put_offset_cells(struct text *out, bool is_known, int64_t offset_ns,
                             int64_t bound_ns)
{
	char offset[PAGE_FIGURE_SIZE] = "&ndash;", bound[PAGE_FIGURE_SIZE] = "&ndash;";

	if (is_known) {
		report_figures(offset_ns, bound_ns, true, offset, bound);
		style_units(&utf8, offset);
		style_units(&utf8, bound);
	}
	text_format(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td>", offset, bound);
}

/* The most important columns come first: a narrow screen shows only the beginning. */
static void put_run(struct text *out, const struct run_record *run)
{
	const char *action = run_record_action_name(run);
	char at[RUN_TIME_SIZE], ppm[RUN_PPM_SIZE] = "&ndash;";
	int minutes;

	if (run->has_kernel) {
		run_format_ppm(run->frequency_after_ppb, ppm);
	}
	run_format_time(run_record_at(run), true, at);
	/* A narrow screen hides the seconds. */
	minutes = (int)(strlen(at) - strlen(":00"));
	text_format(out, "<tr><td>%.*s<span class=\"s\">%s</span></td>", minutes, at,
	            at + minutes);
	put_offset_cells(out, run->has_answer, run->offset_ns, run->bound_ns);
	text_format(out, "<td%s>%s</td><td%s>%s</td><td>%s</td>",
	            run_record_is_failure(run) ? " class=\"fail\"" : "",
	            run_status_name((enum run_status)run->status),
	            run->applied_action == PLAN_STEP ? " class=\"moved\"" : "",
	            action ? action : "&ndash;", run_record_verb_text(run));
	put_span_cell(out, run->has_answer, run->delay_ns, false);
	text_format(out, "<td class=\"n\">%u/%u</td><td class=\"n\">%s</td></tr>\n",
	            (unsigned)run->agreeing_count, (unsigned)run->asked_count, ppm);
}

static void put_runs(struct text *out, const struct page_input *input)
{
	const size_t shown =
		input->count < PAGE_TABLE_RUNS ? input->count : PAGE_TABLE_RUNS;

	put_table_begin(out, "Latest runs", "newest first, times in UTC", "runs");
	text_format(
		out,
		"<th scope=\"col\">Time</th><th scope=\"col\" class=\"n\">Offset</th><th "
		"scope=\"col\" class=\"n\">%s</th><th scope=\"col\">Status</th><th "
		"scope=\"col\">Action</th><th scope=\"col\">Verb</th><th scope=\"col\" "
		"class=\"n\">Delay</th><th scope=\"col\" class=\"n\">Agree</th><th "
		"scope=\"col\" class=\"n\">Frequency/ppm</th></tr></thead>\n<tbody>\n",
		style_plus_minus(&utf8));
	for (size_t i = 0; i < shown; i++) {
		put_run(out, &input->runs[input->count - 1 - i]);
	}
	text_put(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

static void put_source(struct text *out, const struct run_source *source)
{
	char stratum[16] = "&ndash;";

	if (source->has_header) {
		snprintf(stratum, sizeof(stratum), "%u", (unsigned)source->stratum);
	}
	text_put(out, "<tr><td class=\"w\">");
	page_put_untrusted(out, source->name);
	text_put(out, "</td>");
	put_offset_cells(out, source->has_estimate, source->offset_ns, source->bound_ns);
	text_format(out, "<td%s>%s</td>",
	            source->status == SOURCE_SELECTED || source->status == SOURCE_AGREEING
	                    ? ""
	                    : " class=\"fail\"",
	            source_status_name(source->status));
	put_span_cell(out, source->has_estimate, source->delay_ns, false);
	text_format(out, "<td class=\"n\">%s</td><td class=\"w\">", stratum);
	page_put_untrusted(out, source->reason);
	text_put(out, "</td></tr>\n");
}

static void put_sources(struct text *out, const struct page_input *input)
{
	const size_t shown = input->source_count < PAGE_TABLE_SOURCES ? input->source_count
	                                                              : PAGE_TABLE_SOURCES;
	char at[RUN_TIME_SIZE], remark[RUN_TIME_SIZE + 80], others[40] = "";

	if (input->source_count == 0) {
		return;
	}
	run_format_time(run_record_at(&input->runs[input->source_run]), true, at);
	if (shown < input->source_count) {
		snprintf(others, sizeof(others), ", the first %zu of %zu", shown,
		         input->source_count);
	}
	snprintf(remark, sizeof(remark), "in the run of %s%s", at, others);
	put_table_begin(out, "Result per server", remark, "sources");
	text_format(
		out,
		"<th scope=\"col\">Server</th><th scope=\"col\" class=\"n\">Offset</th><th "
		"scope=\"col\" class=\"n\">%s</th><th scope=\"col\">Verdict</th><th "
		"scope=\"col\" class=\"n\">Delay</th><th scope=\"col\" class=\"n\">Stratum"
		"</th><th scope=\"col\">Reason</th></tr></thead>\n<tbody>\n",
		style_plus_minus(&utf8));
	for (size_t i = 0; i < shown; i++) {
		put_source(out, &input->sources[i]);
	}
	text_put(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

size_t page_render(const struct page_input *input, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	char made_at[RUN_TIME_SIZE];

	put_head(&out, input);
	put_heading(&out, input);
	put_tiles(&out, input);
	page_put_charts(&out, input->chart);
	put_runs(&out, input);
	put_sources(&out, input);
	run_format_time(input->made_at, true, made_at);
	text_format(&out,
	            "</main>\n<footer>Made at %s UTC by reqtime " REQTIME_VERSION
	            ".</footer>\n</body>\n</html>\n",
	            made_at);
	return out.len;
}
