/* SPDX-License-Identifier: MIT
 *
 * A run on one line for a journal: action, offset, bound, and the servers that agree.
 */
#include <string.h>

#include "core/report/formats.h"
#include "core/report/report_private.h"

/* The most names on a line: a pool may have thousands. */
enum { NAMES_MAX = 4 };

static bool is_agreeing(const struct run_source *source)
{
	return source->status == SOURCE_SELECTED || source->status == SOURCE_AGREEING;
}

static bool is_falseticker(const struct run_source *source)
{
	return source->status == SOURCE_FALSETICKER;
}

static bool is_missing(const struct run_source *source)
{
	return !is_agreeing(source) && !is_falseticker(source);
}

typedef bool source_test(const struct run_source *source);

/* `before` and the names of those sources; nothing if there are none.  The addresses of a
 * name are adjacent, and the name is printed once. */
static void put_names(struct text *out, const struct run *run, const char *before,
                      source_test *is_one, bool has_reasons)
{
	char label[REPORT_LABEL_SIZE];
	size_t count = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		const struct run_source *source = &run->sources[i];
		const struct run_source *last = i > 0 ? source - 1 : NULL;
		const bool is_named = last && is_one(last) && last->port == source->port &&
		                      last->scheme == source->scheme &&
		                      strcmp(last->name, source->name) == 0;

		if (!is_one(source) || is_named || count++ >= NAMES_MAX) {
			continue;
		}
		report_label(source, label, sizeof(label));
		text_format(out, "%s%s", count == 1 ? before : ", ", label);
		if (has_reasons && source->reason[0] != '\0') {
			text_format(out, " (%s)", source->reason);
		}
	}
	if (count > NAMES_MAX) {
		text_format(out, " and %zu more", count - NAMES_MAX);
	}
}

static void put_figures(struct text *out, const struct run *run)
{
	char offset[REPORT_FIGURE_SIZE], bound[REPORT_FIGURE_SIZE];

	report_figures(run->offset_ns, run->bound_ns, false, offset, bound);
	text_format(out, "offset %s +/- %s, %zu of %zu %s", offset, bound,
	            run->agreeing_count, run->asked_count,
	            run->asked_count == 1 ? "server agrees" : "servers agree");
	put_names(out, run, ": ", is_agreeing, false);
	put_names(out, run, "; falseticker: ", is_falseticker, false);
}

size_t report_line(const struct run *run, const char *done, const char *why_not, char *buf,
                   size_t size)
{
	struct text out = text_to(buf, size);
	char reason[RUN_REASON_SIZE];

	if (run->has_answer) {
		text_format(&out, "%s%s", done, done[0] != '\0' ? "; " : "");
		put_figures(&out, run);
		text_format(&out, "%s%s", why_not[0] != '\0' ? "; " : "", why_not);
	} else {
		report_reason(run, reason);
		text_format(&out, "no trusted time: %s", reason);
		if (run->status != RUN_NO_MAJORITY) { /* its reason names them */
			put_names(&out, run, "; falseticker: ", is_falseticker, false);
			put_names(&out, run, "; not used: ", is_missing, true);
		}
	}
	text_put(&out, "\n");
	return out.len;
}
