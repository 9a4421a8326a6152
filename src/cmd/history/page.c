/* SPDX-License-Identifier: MIT
 *
 * Writes past runs as an HTML page.
 */
#include "cmd/history/history_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/command.h"
#include "core/history/page.h"

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		const ssize_t part = write(fd, text, len);

		if (part < 0 && errno != EINTR) {
			return -errno;
		}
		if (part > 0) {
			text += part;
			len -= (size_t)part;
		}
	}
	return 0;
}

/* The sources of the latest run with an answer; else those of the latest run. */
static int find_sources(struct history_runs *runs, struct page_input *input)
{
	size_t at = runs->count - 1;

	for (size_t i = runs->count; i > 0; i--) {
		if (run_record_is_trusted(&runs->runs[i - 1])) {
			at = i - 1;
			break;
		}
	}
	input->sources = runs->sources;
	input->source_run = at;
	return history_get_sources(runs, at, &input->source_count);
}

static int write_page(const struct page_input *input, int fd)
{
	const size_t size = page_render(input, NULL, 0) + 1;
	char *text = malloc(size);
	int r;

	if (!text) {
		return command_complain_memory();
	}
	page_render(input, text, size);
	r = write_all(fd, text, size - 1);
	free(text);
	if (r < 0) {
		command_complain("cannot write the page: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

int history_show_page(struct history_runs *runs, const char *host, struct instant made_at,
                      int fd)
{
	struct page_input input = {
		.host = host,
		.made_at = made_at,
		.runs = runs->runs,
		.count = runs->count,
		.summary = &runs->summary,
	};
	struct chart_point *points = NULL;
	struct chart chart;
	int status;

	status = find_sources(runs, &input);
	if (status == 0) {
		status = history_make_chart(runs, &points, &chart);
	}
	if (status == 0) {
		input.chart = &chart;
		status = write_page(&input, fd);
	}
	free(points);
	return status;
}
