/* SPDX-License-Identifier: MIT
 *
 * Lists of servers: accepted lines, refused ones, and the messages.
 */
#include "cmd/cli/servers_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/reqtime-servers.XXXXXX";
static char said_path[] = "/tmp/reqtime-said.XXXXXX";

/* clang-format off */
#define TEXT(text) text, sizeof(text) - 1
#define LINE_256 \
	"################################################################" \
	"################################################################" \
	"################################################################" \
	"################################################################"

static const struct file_row {
	const char *name;
	const char *text;
	size_t len;
	size_t had, max;
	int want;
	const char *want_hosts; /* host:port, joined */
	const char *want_said;  /* after the file's name */
} file_rows[] = {
	{ "one per line", TEXT("a\nb:1123\n"), 0, 9, 0, "a:123 b:1123", "" },
	{ "no line feed at the end", TEXT("a\nb"), 0, 9, 0, "a:123 b:123", "" },
	{ "carriage returns", TEXT("a\r\nb\r\n\r\n"), 0, 9, 0, "a:123 b:123", "" },
	{ "comments and blank lines", TEXT("# list\n\n \t\n  a  # the first\n#b\n\tb\t\n"), 0, 9, 0,
	  "a:123 b:123", "" },
	{ "schemes and brackets", TEXT("reqtime://[::1]:99\n::1\n"), 0, 9, 0, "::1:99 ::1:123", "" },
	{ "behind what is there", TEXT("a\nb\n"), 2, 9, 0, "had:1 had:1 a:123 b:123", "" },
	{ "as many as may be", TEXT("a\nb\n"), 1, 3, 0, "had:1 a:123 b:123", "" },
	{ "one too many", TEXT("a\n\nb\n"), 2, 3, 2, "had:1 had:1 a:123", ":3: more than 3 servers\n" },
	{ "nothing", TEXT(""), 0, 9, 2, "", ": no server in it; write one per line\n" },
	{ "nothing new", TEXT("# all gone\n"), 1, 9, 2, "had:1", ": no server in it; write one per line\n" },
	{ "no server", TEXT("a\n# x\nh:0\nb\n"), 0, 9, 2, "a:123",
	  ":3: server \"h:0\": the port is not a number from 1 to 65535\n" },
	{ "two on a line", TEXT("a b\n"), 0, 9, 2, "",
	  ":1: server \"a b\": one word is one server, without a blank, comma or semicolon in it\n" },
	{ "a byte order mark", TEXT("\xef\xbb\xbf" "a\nb\n"), 0, 9, 0, "a:123 b:123", "" },
	{ "a byte order mark and a comment", TEXT("\xef\xbb\xbf# list\r\na\r\n"), 0, 9, 0, "a:123", "" },
	{ "a mark in the second line is no mark", TEXT("a\n\xef\xbb\xbf" "b\n"), 0, 9, 2, "a:123",
	  ":2: server \"\\xef\\xbb\\xbfb\": not ASCII: write the name in its xn-- form, and dashes as \"-\"\n" },
	{ "UTF-16", TEXT("\xff\xfe" "a\0\n\0"), 0, 9, 2, "", ":1: the file is UTF-16: save it as UTF-8\n" },
	{ "UTF-16, most significant octet first", TEXT("\xfe\xff\0a\0\n"), 0, 9, 2, "", ":1: the file is UTF-16: save it as UTF-8\n" },
	{ "control octets", TEXT("a\n\x1b[2J\n"), 0, 9, 2, "a:123",
	  ":2: server \"\\x1b[2J\": brackets must hold an IPv6 address, with at most :PORT after them\n" },
	{ "a NUL", TEXT("a\nb\0c\n"), 0, 9, 2, "a:123", ":2: not a text file: it has a NUL octet\n" },
	{ "a NUL in a comment", TEXT("# \0\n"), 0, 9, 2, "", ":1: not a text file: it has a NUL octet\n" },
	{ "a long comment", TEXT("a\n" LINE_256 LINE_256 LINE_256 LINE_256 "\n"), 0, 9, 2, "a:123",
	  ":2: the line is too long\n" },
	{ "a comment that just fits", TEXT("#" LINE_256 LINE_256 LINE_256 "\na\n"), 0, 9, 0, "a:123", "" },
};
/* clang-format on */

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static size_t read_said(char *buf, size_t size)
{
	FILE *file = fopen(said_path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(buf, 1, size - 1, file);
	buf[len] = '\0';
	fclose(file);
	return len;
}

/* servers_file_read() with stderr in a file. */
static int read_saying(const char *from, size_t max, struct server_spec **servers,
                       size_t *count)
{
	int saved = dup(STDERR_FILENO);
	int to = open(said_path, O_WRONLY | O_TRUNC);
	int status;

	assert_true(saved >= 0 && to >= 0);
	fflush(stderr);
	dup2(to, STDERR_FILENO);
	status = servers_file_read(from, max, servers, count);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(to);
	close(saved);
	return status;
}

static void file_row(void **state)
{
	const struct file_row *row = *state;
	struct server_spec *servers = row->had ? calloc(row->had, sizeof(*servers)) : NULL;
	char hosts[256] = "", want_said[256] = "", said[512];
	size_t count = row->had;
	size_t i, len = 0;

	for (i = 0; i < row->had; i++) {
		servers[i] = (struct server_spec){ .port = 1, .host = "had" };
	}
	write_file(row->text, row->len);
	assert_int_equal(read_saying(path, row->max, &servers, &count), row->want);
	for (i = 0; i < count; i++) {
		len += (size_t)snprintf(hosts + len, sizeof(hosts) - len, "%s%s:%u",
		                        i > 0 ? " " : "", servers[i].host,
		                        (unsigned)servers[i].port);
	}
	free(servers);
	assert_string_equal(hosts, row->want_hosts);
	if (row->want_said[0]) {
		snprintf(want_said, sizeof(want_said), "reqtime: %s%s", path,
		         row->want_said);
	}
	read_said(said, sizeof(said));
	assert_string_equal(said, want_said);
}

static void line_limit_is_exact(void **state)
{
	char text[SERVERS_FILE_LINE_MAX + 4];
	struct server_spec *servers = NULL;
	size_t count = 0;

	(void)state;
	memset(text, '#', sizeof(text));
	text[SERVERS_FILE_LINE_MAX] = '\n';
	text[SERVERS_FILE_LINE_MAX + 1] = 'a';
	write_file(text, SERVERS_FILE_LINE_MAX + 2);
	assert_int_equal(read_saying(path, 9, &servers, &count), 0);
	assert_int_equal(count, 1);
	text[SERVERS_FILE_LINE_MAX] = '#';
	text[SERVERS_FILE_LINE_MAX + 1] = '\n';
	text[SERVERS_FILE_LINE_MAX + 2] = 'a';
	write_file(text, SERVERS_FILE_LINE_MAX + 3);
	assert_int_equal(read_saying(path, 9, &servers, &count), 2);
	free(servers);
}

static void an_endless_file_ends(void **state)
{
	struct server_spec *servers = NULL;
	size_t count = 0;
	char said[512];
	FILE *file = fopen(path, "w");
	size_t i;

	(void)state;
	assert_non_null(file);
	for (i = 0; i <= SERVERS_FILE_OCTETS_MAX; i++) {
		putc_unlocked('\n', file);
	}
	fclose(file);
	assert_int_equal(read_saying(path, 9, &servers, &count), 2);
	read_said(said, sizeof(said));
	assert_non_null(strstr(said, ": the file is too long\n"));
	free(servers);
}

static void many(void **state)
{
	struct server_spec *servers = NULL;
	FILE *file = fopen(path, "w");
	size_t count = 0;
	size_t i;

	(void)state;
	assert_non_null(file);
	for (i = 0; i < 65536; i++) {
		fprintf(file, "h%zu\n", i);
	}
	fclose(file);
	assert_int_equal(read_saying(path, 65536, &servers, &count), 0);
	assert_int_equal(count, 65536);
	assert_string_equal(servers[0].host, "h0");
	assert_string_equal(servers[65535].host, "h65535");
	free(servers);
}

static void unreadable(void **state)
{
	struct server_spec *servers = NULL;
	size_t count = 0;
	char said[512];

	(void)state;
	assert_int_equal(read_saying("/nonexistent/list", 9, &servers, &count), 2);
	read_said(said, sizeof(said));
	assert_string_equal(
		said,
		"reqtime: /nonexistent/list: No such file or directory (--servers-file)\n");
	assert_int_equal(read_saying("/", 9, &servers, &count), 2);
	read_said(said, sizeof(said));
	assert_string_equal(said, "reqtime: /: Is a directory (--servers-file)\n");
	free(servers);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(line_limit_is_exact),
		cmocka_unit_test(an_endless_file_ends),
		cmocka_unit_test(many),
		cmocka_unit_test(unreadable),
	};
	struct CMUnitTest tests[COUNT_OF(file_rows) + COUNT_OF(others)];
	size_t count = 0;
	size_t i;
	int failed;

	close(mkstemp(path));
	close(mkstemp(said_path));
	for (i = 0; i < COUNT_OF(file_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = file_rows[i].name,
			                     .test_func = file_row,
			                     .initial_state = (void *)&file_rows[i] };
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	failed = cmocka_run_group_tests_name("servers_file", tests, NULL, NULL);
	unlink(path);
	unlink(said_path);
	return failed;
}
