/* SPDX-License-Identifier: MIT
 *
 * Recognises other time daemons by what /proc shows of a process.
 */
#include "core/select/other_daemon.h"

#include <string.h>

/* Bit 25 of the sets in /proc/PID/status (linux/capability.h). */
enum { CAP_SYS_TIME_BIT = 25 };

static const struct {
	const char *comm; /* cut to the 15 octets that the kernel keeps */
	const char *text;
} other_daemons[OTHER_COUNT] = {
	[OTHER_NONE] = { NULL, "no other program disciplines the clock" },
	[OTHER_KERNEL_PLL] = { NULL, "another program is driving the kernel PLL" },
	[OTHER_FREQUENCY] = { NULL,
	                      "another program changed the clock's frequency since the "
	                      "last run" },
	[OTHER_CHRONYD] = { "chronyd", "chronyd is running" },
	[OTHER_NTPD] = { "ntpd", "ntpd is running" },
	[OTHER_NTPD_RS] = { "ntp-daemon", "ntpd-rs is running" },
	[OTHER_TIMESYNCD] = { "systemd-timesyn", "systemd-timesyncd is running" },
	[OTHER_PHC2SYS] = { "phc2sys", "phc2sys is running" },
};

const char *other_daemon_text(enum other_daemon other_daemon)
{
	return other_daemons[(unsigned)other_daemon < OTHER_COUNT ? other_daemon
	                                                          : OTHER_NONE]
	        .text;
}

enum other_daemon other_daemon_by_comm(const char *comm, size_t len)
{
	if (len > 0 && comm[len - 1] == '\n') {
		len--;
	}
	for (unsigned i = 0; i < OTHER_COUNT; i++) {
		if (other_daemons[i].comm && strlen(other_daemons[i].comm) == len &&
		    memcmp(other_daemons[i].comm, comm, len) == 0) {
			return (enum other_daemon)i;
		}
	}
	return OTHER_NONE;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Index of the value in the line that begins with `key`, or `len`. */
static size_t value_at(const char *status, size_t len, const char *key)
{
	const size_t key_len = strlen(key);
	size_t at = 0;

	while (at + key_len <= len && memcmp(status + at, key, key_len) != 0) {
		at++;
	}
	if (at + key_len > len) {
		return len;
	}
	for (at += key_len; at < len && is_blank(status[at]); at++) {
	}
	return at;
}

/* CapPrm has 16 digits.  True also without such a line. */
static bool may_set_time(const char *status, size_t len)
{
	size_t at = value_at(status, len, "\nCapPrm:");
	uint64_t caps = 0;

	if (at == len) {
		return true;
	}
	for (; at < len && hex_value(status[at]) >= 0; at++) {
		caps = caps << 4 | (uint64_t)hex_value(status[at]);
	}
	return caps >> CAP_SYS_TIME_BIT & 1;
}

/* Compared by words, since the kernel pads the columns of the file. */
static size_t next_word(const char *text, size_t len, size_t at, size_t *ret_end)
{
	while (at < len && (is_blank(text[at]) || text[at] == '\n')) {
		at++;
	}
	*ret_end = at;
	while (*ret_end < len && !is_blank(text[*ret_end]) && text[*ret_end] != '\n') {
		(*ret_end)++;
	}
	return at;
}

static bool words_are_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t a_at = 0, b_at = 0, a_end, b_end;

	do {
		a_at = next_word(a, a_len, a_at, &a_end);
		b_at = next_word(b, b_len, b_at, &b_end);
		if (a_end - a_at != b_end - b_at ||
		    memcmp(a + a_at, b + b_at, a_end - a_at) != 0) {
			return false;
		}
		a_at = a_end;
		b_at = b_end;
	} while (a_at < a_len && b_at < b_len);
	return next_word(a, a_len, a_at, &a_end) == a_len &&
	       next_word(b, b_len, b_at, &b_end) == b_len;
}

bool other_daemon_shares_namespace(const char *uid_map, size_t len, const char *own,
                                   size_t own_len)
{
	static const char all[] = "0 0 4294967295";

	if (len == 0) {
		return true;
	}
	return own_len > 0 ? words_are_equal(uid_map, len, own, own_len)
	                   : words_are_equal(uid_map, len, all, sizeof(all) - 1);
}

/* An option word of chronyd with the letter `x` (no control of the clock) or `Q`
 * (measure and print). */
static bool has_harmless_word(const char *words, size_t len)
{
	size_t at = strnlen(words, len) + 1; /* behind the program's name */

	while (at < len) {
		const char *word = words + at;
		size_t word_len = strnlen(word, len - at);

		if (word_len >= 2 && word[0] == '-' && word[1] != '-' &&
		    (memchr(word, 'x', word_len) || memchr(word, 'Q', word_len))) {
			return true;
		}
		at += word_len + 1;
	}
	return false;
}

bool other_daemon_moves_clock(enum other_daemon other_daemon, const char *status,
                              size_t status_len, const char *cmdline, size_t cmdline_len)
{
	const size_t state_at = value_at(status, status_len, "\nState:");

	/* A zombie still has its name and its capabilities. */
	if (!may_set_time(status, status_len) ||
	    (state_at < status_len &&
	     (status[state_at] == 'Z' || status[state_at] == 'X'))) {
		return false;
	}
	return other_daemon != OTHER_CHRONYD || !has_harmless_word(cmdline, cmdline_len);
}
