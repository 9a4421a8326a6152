/* SPDX-License-Identifier: MIT
 *
 * Writes and erases the progress line of a run on a terminal.
 */
#include "cmd/cli/progress.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cli/terminal.h"
#include "core/base/text.h"
#include "io/sys/kernel_clock.h"

enum { COLUMNS_MIN = 20, COLUMNS_DEFAULT = 80 };

/* Carriage return, and clear to the end of the line: known to all terminals but "dumb". */
static const char erase[] = "\r\033[K";

/* A background job must not overwrite what the user types. */
static bool is_in_background(void)
{
	pid_t foreground = tcgetpgrp(STDERR_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

void progress_open(struct progress *ret)
{
	struct winsize size = { 0 };

	*ret = (struct progress){ .columns = COLUMNS_DEFAULT };
	ret->is_wanted = isatty(STDERR_FILENO) && terminal_is_able() && !is_in_background();
	if (ret->is_wanted && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col > 0) {
		ret->columns = size.ws_col;
	}
}

void progress_begin(struct progress *progress)
{
	struct reading now;

	if (kernel_clock_now(&now) < 0) {
		progress->is_wanted = false;
		return;
	}
	progress->began_mono_ns = now.mono_ns;
	progress->shown_mono_ns = now.mono_ns;
}

static size_t format_name(const struct run_source *source, char *buf, size_t buf_size)
{
	const bool has_port = source->port != scheme_port(source->scheme);
	const bool has_colon = strchr(source->name, ':') != NULL;
	char name[4 * SERVER_HOST_SIZE];
	int len;

	text_escape((const uint8_t *)source->name, strlen(source->name), name,
	            sizeof(name));
	if (!has_port) {
		len = snprintf(buf, buf_size, "%s", name);
	} else {
		len = snprintf(buf, buf_size, has_colon ? "[%s]:%u" : "%s:%u", name,
		               (unsigned)source->port);
	}
	return len > 0 ? (size_t)len : 0;
}

/* Appends as many names as fit into `buf_size` columns; ", ..." for the rest. */
static size_t put_names(const struct run *run, size_t len, size_t buf_size, char *buf)
{
	static const char more[] = ", ...";
	char name[4 * SERVER_HOST_SIZE + 16];
	const char *before = ": ";
	size_t name_len, i;

	for (i = 0; i < run->source_count; i++) {
		if (run->sources[i].received > 0 || run->sources[i].reason[0] != '\0') {
			continue; /* an answer or an error has arrived */
		}
		name_len = format_name(&run->sources[i], name, sizeof(name));
		if (len + 2 + name_len + sizeof(more) - 1 > buf_size) {
			if (before[0] == ',' && len + sizeof(more) - 1 <= buf_size) {
				len += (size_t)snprintf(buf + len, PROGRESS_LINE_SIZE - len,
				                        "%s", more);
			}
			break;
		}
		len += (size_t)snprintf(buf + len, PROGRESS_LINE_SIZE - len, "%s%s", before,
		                        name);
		before = ", ";
	}
	return len;
}

size_t progress_line(const struct run *run, size_t outstanding, int64_t took_ns,
                     unsigned columns, char buf[PROGRESS_LINE_SIZE])
{
	char took[32];
	size_t buf_size, len, took_len;

	/* The last column stays free: some terminals wrap there. */
	buf_size = columns > COLUMNS_MIN ? columns - 1 : COLUMNS_MIN - 1;
	buf_size = buf_size < PROGRESS_LINE_SIZE ? buf_size : PROGRESS_LINE_SIZE - 1;
	took_len = (size_t)snprintf(took, sizeof(took), "  %lld.%lld s",
	                            (long long)(took_ns / NS_PER_S),
	                            (long long)(took_ns % NS_PER_S / (100 * NS_PER_MS)));
	len = (size_t)snprintf(buf, PROGRESS_LINE_SIZE, "waiting for %zu of %zu server%s",
	                       outstanding, run->source_count,
	                       run->source_count == 1 ? "" : "s");
	if (len + took_len <= buf_size) {
		len = put_names(run, len, buf_size - took_len, buf);
		memcpy(buf + len, took, took_len + 1);
		return len + took_len;
	}
	len = len < buf_size ? len : buf_size;
	buf[len] = '\0';
	return len;
}

/* Without waiting: a stopped terminal (^S) must not delay the measurement. */
static void put(const char *text, size_t len)
{
	struct pollfd terminal = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t written;

	if (poll(&terminal, 1, 0) == 1 && (terminal.revents & POLLOUT)) {
		written = write(STDERR_FILENO, text, len);
		(void)written; /* a lost line does no harm */
	}
}

void progress_look(void *watch_ctx, const struct run *run, size_t answered,
                   size_t outstanding)
{
	struct progress *progress = watch_ctx;
	char text[sizeof(erase) + PROGRESS_LINE_SIZE];
	struct reading now;
	size_t len;

	(void)answered;
	if (!progress->is_wanted || outstanding == 0 || kernel_clock_now(&now) < 0 ||
	    now.mono_ns - progress->began_mono_ns < PROGRESS_AFTER_NS ||
	    now.mono_ns - progress->shown_mono_ns < PROGRESS_EVERY_NS) {
		return;
	}
	memcpy(text, erase, sizeof(erase));
	len = sizeof(erase) - 1;
	len += progress_line(run, outstanding, now.mono_ns - progress->began_mono_ns,
	                     progress->columns, text + len);
	put(text, len);
	progress->is_shown = true;
	progress->shown_mono_ns = now.mono_ns;
}

void progress_erase(struct progress *progress)
{
	if (progress->is_shown) {
		put(erase, sizeof(erase) - 1);
		progress->is_shown = false;
	}
}
