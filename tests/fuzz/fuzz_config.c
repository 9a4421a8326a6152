/* SPDX-License-Identifier: MIT
 *
 * Configuration files: for any content, each entry has a name and its line number, in
 * order, no control character comes through, and a refusal has a reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	unsigned line;
	unsigned line_max;
	unsigned count;
	unsigned stop_at; /* the entry that the callback refuses; 0: none */
};

enum { NOT_WANTED = -77 };

static void check(int is_true)
{
	if (!is_true) {
		abort();
	}
}

static void check_text(const char *text)
{
	check(strlen(text) <= CONFIG_LINE_MAX);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		check(c >= ' ' || c == '\t' || c == '\r');
		check(c != 0x7f);
	}
}

static int take(void *ctx, const struct config_entry *entry)
{
	struct seen *seen = ctx;

	check_text(entry->section);
	if (entry->key) { /* else a section begins */
		check_text(entry->key);
	}
	check_text(entry->value);
	check(entry->line > seen->line && entry->line <= seen->line_max);
	seen->line = entry->line;
	check(seen->stop_at == 0 || seen->count < seen->stop_at);
	return ++seen->count == seen->stop_at ? NOT_WANTED : 0;
}

static int read_as(const char *path, struct seen *seen, struct config_error *ret)
{
	*ret = (struct config_error){ .line = 0 };
	return config_read(path, take, seen, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .line_max = 1 }, again;
	struct config_error error;
	char path[64];
	int fd = memfd_create("config", 0);
	int r;

	check(fd >= 0 && fchmod(fd, 0600) == 0);
	check(write(fd, data, size) == (ssize_t)size);
	for (size_t i = 0; i < size; i++) {
		seen.line_max += data[i] == '\n';
	}
	again = seen;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = read_as(path, &seen, &error);
	check(r == 0 || (r < 0 && error.reason[0] != '\0' && error.line <= seen.line_max));
	/* A callback that refuses an entry gets none after it, and its own return value
	 * back. */
	again.stop_at = (seen.count + 1) / 2;
	if (again.stop_at > 0) {
		check(read_as(path, &again, &error) == NOT_WANTED);
		check(again.count == again.stop_at);
	}
	close(fd);
	return 0;
}
