/* SPDX-License-Identifier: MIT
 *
 * Reads a configuration file through libinih, with line numbers in errors.
 */
#include "io/store/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/text.h"
#include "io/store/config_private.h"

/* The text that the parser reads: libinih itself does not report line numbers. */
struct source {
	const char *at;
	const char *end;
	unsigned line;
	int (*take)(void *ctx, const struct config_entry *entry);
	void *ctx;
	int result;
};

int config_refuse(struct config_error *ret, unsigned line, const char *reason)
{
	ret->line = line;
	snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
	return -EINVAL;
}

int config_refuse_errno(struct config_error *ret, int error)
{
	(void)config_refuse(ret, 0, strerror(error));
	return -error;
}

/* libinih reports only keys: a section without one needs this. */
static void take_section(struct source *s, const char *line)
{
	char name[CONFIG_LINE_MAX + 1];
	const char *end = line[0] == '[' ? strchr(line, ']') : NULL;
	const struct config_entry entry = { .section = name, .value = "", .line = s->line };

	if (end && (size_t)(end - line) <= sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
		s->result = s->take(s->ctx, &entry);
	}
}

/* Like fgets(). */
static char *next_line(char *buf, int size, void *stream)
{
	struct source *s = stream;
	const char *feed = memchr(s->at, '\n', (size_t)(s->end - s->at));
	size_t len = (size_t)((feed ? feed + 1 : s->end) - s->at);

	/* libinih takes an indented line for a continuation of the value before. */
	for (; len > 0 && (*s->at == ' ' || *s->at == '\t'); len--) {
		s->at++;
	}
	if (len == 0 || s->result != 0) {
		return NULL;
	}
	if (len >= (size_t)size) {
		len = (size_t)size - 1;
	}
	memcpy(buf, s->at, len);
	buf[len] = '\0';
	s->at += len;
	s->line++;
	take_section(s, buf);
	return s->result == 0 ? buf : NULL;
}

/* Returns nonzero for success, as libinih requires. */
static int take_entry(void *user, const char *section, const char *key, const char *value)
{
	struct source *s = user;
	const struct config_entry entry = {
		.section = section, .key = key, .value = value ? value : "", .line = s->line
	};

	if (s->result == 0) {
		s->result = s->take(s->ctx, &entry);
	}
	return 1;
}

/* All of it must be text, and no line longer than libinih's buffer. */
static int check_text(const char *text, size_t len, struct config_error *ret)
{
	unsigned line = 1;
	size_t column = 0;

	if (text_is_utf16(text, len)) {
		return config_refuse(ret, 0, "it is UTF-16: save it as UTF-8");
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n') {
			line++;
			column = 0;
			continue;
		}
		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
			return config_refuse(ret, line,
			                     "a control character: not a text file");
		}
		if (++column > CONFIG_LINE_MAX) {
			return config_refuse(ret, line, "the line is too long");
		}
	}
	return 0;
}

int config_check_owner(const struct stat *st, struct config_error *ret)
{
	if (st->st_uid != 0 && st->st_uid != getauxval(AT_UID)) {
		return config_refuse(ret, 0, "it belongs to another user: chown root");
	}
	if (st->st_mode & S_IWOTH) {
		return config_refuse(ret, 0, "everybody may write to it: chmod o-w");
	}
	if ((st->st_mode & S_IWGRP) && st->st_gid != getauxval(AT_GID)) {
		return config_refuse(ret, 0, "another group may write to it: chmod g-w");
	}
	return 0;
}

static int check_file(int fd, struct config_error *ret)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0) {
		return config_refuse_errno(ret, errno);
	}
	/* /dev/null is the usual way to ask for no file. */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
		return 0;
	}
	if (!S_ISREG(st.st_mode)) {
		return config_refuse(ret, 0, "not a regular file");
	}
	r = config_check_owner(&st, ret);
	if (r < 0) {
		return r;
	}
	if (st.st_size > CONFIG_OCTETS_MAX) {
		return config_refuse(ret, 0, "the file is too long");
	}
	return 0;
}

/* The octets of the file, to be freed by the caller, or NULL. */
static char *read_all(const char *path, size_t *ret_len, int *ret_r,
                      struct config_error *ret)
{
	char *text = NULL;
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		*ret_r = config_refuse_errno(ret, errno);
		return NULL;
	}
	*ret_r = check_file(fd, ret);
	if (*ret_r < 0) {
		goto out;
	}
	text = malloc(CONFIG_OCTETS_MAX + 1);
	if (!text) {
		*ret_r = config_refuse_errno(ret, ENOMEM);
		goto out;
	}
	/* Reads one octet beyond the limit: the file may have grown since fstat(). */
	while (len <= CONFIG_OCTETS_MAX &&
	       (n = read(fd, text + len, CONFIG_OCTETS_MAX + 1 - len)) > 0) {
		len += (size_t)n;
	}
	if (n < 0) {
		*ret_r = config_refuse_errno(ret, errno);
	} else if (len > CONFIG_OCTETS_MAX) {
		*ret_r = config_refuse(ret, 0, "the file is too long");
	}
	*ret_len = len;
out:
	close(fd);
	if (*ret_r < 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/* Quotes the line. */
static int refuse_line(struct config_error *ret, const char *text, size_t len,
                       unsigned line)
{
	const char *at = text + text_mark_len(text, len), *end = text + len, *feed;
	char quoted[CONFIG_REASON_SIZE / 2];
	char reason[CONFIG_REASON_SIZE];

	for (unsigned i = 1; i < line && at < end; i++) {
		feed = memchr(at, '\n', (size_t)(end - at));
		at = feed ? feed + 1 : end;
	}
	feed = memchr(at, '\n', (size_t)(end - at));
	end = feed ? feed : end;
	while (end > at && (end[-1] == '\r' || end[-1] == ' ')) {
		end--;
	}
	text_escape((const uint8_t *)at, (size_t)(end - at), quoted, sizeof(quoted));
	snprintf(reason, sizeof(reason),
	         "neither \"key = value\" nor \"[section]\": \"%s\"", quoted);
	return config_refuse(ret, line, reason);
}

int config_read(const char *path, int (*take)(void *ctx, const struct config_entry *entry),
                void *ctx, struct config_error *ret_error)
{
	struct source s = { .take = take, .ctx = ctx };
	size_t len = 0;
	int r = 0;
	char *text = read_all(path, &len, &r, ret_error);

	if (!text) {
		return r;
	}
	r = check_text(text, len, ret_error);
	if (r == 0) {
		s.at = text + text_mark_len(text, len);
		s.end = text + len;
		r = ini_parse_stream(next_line, &s, take_entry, &s);
		if (s.result != 0) {
			r = s.result;
		} else if (r != 0) {
			r = refuse_line(ret_error, text, len, r > 0 ? (unsigned)r : 0);
		}
	}
	free(text);
	return r;
}
