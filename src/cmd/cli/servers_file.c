/* SPDX-License-Identifier: MIT
 *
 * Reads a list of servers from a file or standard input.
 */
#include "cmd/cli/servers_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/command.h"
#include "core/base/text.h"
#include "io/store/file_open.h"

#define UTF_16 "the file is UTF-16: save it as UTF-8"

/* A file that is being read into an array. */
struct reader {
	FILE *file;
	const char *name; /* quoted, for messages */
	size_t line;      /* number of the current line */
	size_t octets;
	size_t max;
	struct server_spec *servers;
	size_t count;
	size_t size;
};

static int complain(const struct reader *reader, const char *what)
{
	command_complain("%s:%zu: %s", reader->name, reader->line, what);
	return REQTIME_EXIT_USAGE;
}

/* Reads the next line without its line feed. 1, 0 at the end of the file, or minus the exit
 * status with a line on stderr. */
static int line_read(struct reader *reader, char buf[SERVERS_FILE_LINE_MAX + 1])
{
	size_t len = 0;
	int octet;

	reader->line++;
	for (;;) {
		octet = getc_unlocked(reader->file);
		if (octet == EOF && ferror(reader->file)) {
			command_complain("%s: %s", reader->name, strerror(errno));
			return -REQTIME_EXIT_USAGE;
		}
		if (octet == EOF) {
			break;
		}
		if (++reader->octets > SERVERS_FILE_OCTETS_MAX) {
			return -complain(reader, "the file is too long");
		}
		if (octet == '\n') {
			break;
		}
		if (octet == '\0') {
			return -complain(reader,
			                 reader->line == 1 && text_is_utf16(buf, len)
			                         ? UTF_16
			                         : "not a text file: it has a NUL octet");
		}
		if (len == SERVERS_FILE_LINE_MAX) {
			return -complain(reader, "the line is too long");
		}
		buf[len++] = (char)octet;
	}
	buf[len] = '\0';
	return octet == '\n' || len > 0;
}

/* A line without its comment and the blanks around it. */
static char *line_trim(char *line)
{
	size_t len;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t");
	len = strlen(line);
	while (len > 0 && strchr(" \t\r", line[len - 1])) {
		len--;
	}
	line[len] = '\0';
	return line;
}

static int server_add(struct reader *reader, const char *word)
{
	char quoted[COMMAND_QUOTE_SIZE], reason[SERVER_SPEC_REFUSAL_SIZE];
	enum server_spec_verdict verdict;
	struct server_spec spec, *grown;
	size_t size;

	verdict = server_spec_parse(word, &spec);
	if (verdict != SERVER_SPEC_OK) {
		command_complain("%s:%zu: server \"%s\": %s", reader->name, reader->line,
		                 command_quote(word, quoted),
		                 server_spec_refusal(word, verdict, reason));
		return REQTIME_EXIT_USAGE;
	}
	if (reader->count >= reader->max) {
		command_complain("%s:%zu: more than %zu servers", reader->name,
		                 reader->line, reader->max);
		return REQTIME_EXIT_USAGE;
	}
	if (reader->count >= reader->size) {
		size = reader->size + reader->size / 2 + 64;
		grown = reallocarray(reader->servers, size, sizeof(*grown));
		if (!grown) {
			return command_complain_memory();
		}
		reader->servers = grown;
		reader->size = size;
	}
	reader->servers[reader->count++] = spec;
	return 0;
}

static int lines_read(struct reader *reader)
{
	const size_t count_before = reader->count;
	char line[SERVERS_FILE_LINE_MAX + 1];
	const char *word;
	int r, status;

	for (;;) {
		r = line_read(reader, line);
		if (r < 0) {
			return -r;
		}
		if (r == 0) {
			break;
		}
		if (reader->line == 1 && text_is_utf16(line, strlen(line))) {
			return complain(reader, UTF_16);
		}
		word = line_trim(
			line + (reader->line == 1 ? text_mark_len(line, strlen(line)) : 0));
		status = *word ? server_add(reader, word) : 0;
		if (status) {
			return status;
		}
	}
	/* An empty list is a mistake of its author, not a small fleet. */
	if (reader->count == count_before) {
		command_complain("%s: no server in it; write one per line", reader->name);
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

/* NULL and the errno. */
static FILE *file_from(const char *path, int *ret_error)
{
	int fd = file_open_regular(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	*ret_error = fd < 0 ? -fd : errno;
	if (fd >= 0 && !file) {
		close(fd);
	}
	return file;
}

int servers_file_read(const char *path, size_t max, struct server_spec **servers,
                      size_t *count)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	char quoted[COMMAND_QUOTE_SIZE];
	struct reader reader = {
		.name = is_stdin ? "standard input" : command_quote(path, quoted),
		.max = max,
		.servers = *servers,
		.count = *count,
		.size = *count,
	};
	int error = 0;
	int status;

	reader.file = is_stdin ? stdin : file_from(path, &error);
	if (!reader.file) {
		command_complain("%s: %s (--servers-file)", reader.name,
		                 error == EMEDIUMTYPE
		                         ? "not a regular file; use - for standard input"
		                         : strerror(error));
		return REQTIME_EXIT_USAGE;
	}
	status = lines_read(&reader);
	if (!is_stdin) {
		fclose(reader.file);
	}
	*servers = reader.servers;
	*count = reader.count;
	return status;
}
