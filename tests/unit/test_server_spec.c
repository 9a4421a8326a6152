/* SPDX-License-Identifier: MIT
 *
 * SERVER as written on the command line: each form, each error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/server_spec.h"

#define OCTETS_9 "abcdefghi"
#define LABEL_63 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9
#define LABEL_61 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 "abcdefg"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61
#define LABEL_255 LABEL_63 LABEL_63 LABEL_63 LABEL_63 "abc"

/* clang-format off */
static const struct row {
	const char *text;
	enum server_spec_verdict want;
	const char *host;
	uint16_t port;
	enum scheme scheme;
} rows[] = {
	{ "ntp.example.net",         SERVER_SPEC_OK, "ntp.example.net", 123, SCHEME_NTP },
	{ "host:123",                SERVER_SPEC_OK, "host", 123, SCHEME_NTP },
	{ "host:1",                  SERVER_SPEC_OK, "host", 1, SCHEME_NTP },
	{ "host:65535",              SERVER_SPEC_OK, "host", 65535, SCHEME_NTP },
	{ "host.",                   SERVER_SPEC_OK, "host.", 123, SCHEME_NTP },
	{ "h",                       SERVER_SPEC_OK, "h", 123, SCHEME_NTP },
	{ "my_host-2.3com.example",  SERVER_SPEC_OK, "my_host-2.3com.example", 123, SCHEME_NTP },
	{ "xn--bcher-kva.example",   SERVER_SPEC_OK, "xn--bcher-kva.example", 123, SCHEME_NTP },
	{ "192.0.2.1",               SERVER_SPEC_OK, "192.0.2.1", 123, SCHEME_NTP },
	{ "192.0.2.1:9123",          SERVER_SPEC_OK, "192.0.2.1", 9123, SCHEME_NTP },
	{ "::1",                     SERVER_SPEC_OK, "::1", 123, SCHEME_NTP },
	{ "::",                      SERVER_SPEC_OK, "::", 123, SCHEME_NTP },
	{ "2001:db8::1:123",         SERVER_SPEC_OK, "2001:db8::1:123", 123, SCHEME_NTP },
	{ "fe80::1%eth0",            SERVER_SPEC_OK, "fe80::1%eth0", 123, SCHEME_NTP },
	{ "[::1]",                   SERVER_SPEC_OK, "::1", 123, SCHEME_NTP },
	{ "[fe80::1%2]:99",          SERVER_SPEC_OK, "fe80::1%2", 99, SCHEME_NTP },
	{ "[fe80::1%br-lan]",        SERVER_SPEC_OK, "fe80::1%br-lan", 123, SCHEME_NTP },
	{ "ntp://[fe80::1%eth0]",    SERVER_SPEC_OK, "fe80::1%eth0", 123, SCHEME_NTP },
	{ "[fe80::1%wlp2s0.100]:99", SERVER_SPEC_OK, "fe80::1%wlp2s0.100", 99, SCHEME_NTP },
	{ "ntp://[::1]:123",         SERVER_SPEC_OK, "::1", 123, SCHEME_NTP },
	{ "ntp://::1",               SERVER_SPEC_OK, "::1", 123, SCHEME_NTP },
	{ "NTP://host",              SERVER_SPEC_OK, "host", 123, SCHEME_NTP },
	{ "reqtime://h",             SERVER_SPEC_OK, "h", 9191, SCHEME_REQTIME },
	{ "reqtime+tcp://h",         SERVER_SPEC_OK, "h", 9191, SCHEME_REQTIME_TCP },
	{ "time://h",                SERVER_SPEC_OK, "h", 37, SCHEME_TIME },
	{ "time+tcp://h",            SERVER_SPEC_OK, "h", 37, SCHEME_TIME_TCP },
	{ "daytime://h",             SERVER_SPEC_OK, "h", 13, SCHEME_DAYTIME },
	{ "daytime+tcp://h:14",      SERVER_SPEC_OK, "h", 14, SCHEME_DAYTIME_TCP },
	{ LABEL_63,                  SERVER_SPEC_OK, LABEL_63, 123, SCHEME_NTP },
	{ NAME_253,                  SERVER_SPEC_OK, NAME_253, 123, SCHEME_NTP },
	{ NAME_253 ".:9",            SERVER_SPEC_OK, NAME_253 ".", 9, SCHEME_NTP },

	{ "",                        SERVER_SPEC_EMPTY, NULL, 0, 0 },
	{ "ntp://",                  SERVER_SPEC_EMPTY, NULL, 0, 0 },
	{ ":123",                    SERVER_SPEC_EMPTY, NULL, 0, 0 },
	{ "ntp://:123",              SERVER_SPEC_EMPTY, NULL, 0, 0 },

	{ "http://host",             SERVER_SPEC_UNKNOWN_SCHEME, NULL, 0, 0 },
	{ "://host",                 SERVER_SPEC_UNKNOWN_SCHEME, NULL, 0, 0 },
	{ "nt://host",               SERVER_SPEC_UNKNOWN_SCHEME, NULL, 0, 0 },
	{ "ntpx://host",             SERVER_SPEC_UNKNOWN_SCHEME, NULL, 0, 0 },
	{ "ntp+tcp://host",          SERVER_SPEC_UNKNOWN_SCHEME, NULL, 0, 0 },
	{ "ntp ://host",             SERVER_SPEC_UNKNOWN_SCHEME, NULL, 0, 0 },
	{ "nts://host",              SERVER_SPEC_OK, "host", 4460, SCHEME_NTS },
	{ "NTS://host:123",          SERVER_SPEC_OK, "host", 123, SCHEME_NTS },

	{ "-x",                      SERVER_SPEC_DASH, NULL, 0, 0 },
	{ "--step",                  SERVER_SPEC_DASH, NULL, 0, 0 },
	{ "ntp://-x",                SERVER_SPEC_DASH, NULL, 0, 0 },
	{ "a.-b",                    SERVER_SPEC_DASH, NULL, 0, 0 },
	{ ".",                       SERVER_SPEC_BAD_DOTS, NULL, 0, 0 },
	{ ".a",                      SERVER_SPEC_BAD_DOTS, NULL, 0, 0 },
	{ "a..b",                    SERVER_SPEC_BAD_DOTS, NULL, 0, 0 },
	{ "a..",                     SERVER_SPEC_BAD_DOTS, NULL, 0, 0 },
	{ "b\xc3\xbc" "cher.example", SERVER_SPEC_NOT_ASCII, NULL, 0, 0 },
	{ "host\x80",                SERVER_SPEC_NOT_ASCII, NULL, 0, 0 },
	{ "host\n",                  SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "host\x1b[1m",             SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "host\x1b",                SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "ho st",                   SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ " host",                   SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "host/",                   SERVER_SPEC_PATH, NULL, 0, 0 },
	{ "user@host",               SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "host%eth0",               SERVER_SPEC_BAD_ZONE, NULL, 0, 0 },
	{ "*",                       SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ LABEL_63 "a",              SERVER_SPEC_TOO_LONG, NULL, 0, 0 },
	{ LABEL_255,                 SERVER_SPEC_TOO_LONG, NULL, 0, 0 },
	{ LABEL_255 LABEL_255,       SERVER_SPEC_TOO_LONG, NULL, 0, 0 },
	{ "a" NAME_253,              SERVER_SPEC_TOO_LONG, NULL, 0, 0 },
	{ NAME_253 "a",              SERVER_SPEC_TOO_LONG, NULL, 0, 0 },
	{ NAME_253 "..",             SERVER_SPEC_TOO_LONG, NULL, 0, 0 },
	{ "256.0.2.1",               SERVER_SPEC_BAD_IPV4, NULL, 0, 0 },
	{ "192.0.2",                 SERVER_SPEC_BAD_IPV4, NULL, 0, 0 },
	{ "192.0.2.1.5",             SERVER_SPEC_BAD_IPV4, NULL, 0, 0 },
	{ "12345",                   SERVER_SPEC_NUMBER, NULL, 0, 0 },
	{ "host:1:2",                SERVER_SPEC_BAD_IPV6, NULL, 0, 0 },
	{ ":::",                     SERVER_SPEC_BAD_IPV6, NULL, 0, 0 },
	{ "1::2::3",                 SERVER_SPEC_BAD_IPV6, NULL, 0, 0 },
	{ "fe80::1%",                SERVER_SPEC_BAD_ZONE, NULL, 0, 0 },
	{ "fe80::1%a/b",             SERVER_SPEC_PATH, NULL, 0, 0 },
	{ "fe80::1%sixteen_octets_x", SERVER_SPEC_BAD_ZONE, NULL, 0, 0 },
	{ "2001:db8::1%eth0",        SERVER_SPEC_BAD_ZONE, NULL, 0, 0 },
	{ "300.1.2.3",               SERVER_SPEC_BAD_IPV4, NULL, 0, 0 },
	{ "1.2.3.",                  SERVER_SPEC_BAD_IPV4, NULL, 0, 0 },
	{ "11123",                   SERVER_SPEC_NUMBER, NULL, 0, 0 },
	{ "host.123",                SERVER_SPEC_NUMBER, NULL, 0, 0 },
	{ "host.123.",               SERVER_SPEC_NUMBER, NULL, 0, 0 },
	{ "11123:123",               SERVER_SPEC_NUMBER, NULL, 0, 0 },
	{ "192.0.2.0/24",            SERVER_SPEC_PATH, NULL, 0, 0 },
	{ "ntp://host/pool",         SERVER_SPEC_PATH, NULL, 0, 0 },
	{ "ntp1,ntp2",               SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "192.0.2.1:123,192.0.2.2", SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "[::1]:123 [::2]:123",     SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "host:123/pool",           SERVER_SPEC_PATH, NULL, 0, 0 },
	{ "ntp1;ntp2",               SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "ntp1 ntp2",               SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "\xe2\x80\x93" "step",    SERVER_SPEC_NOT_ASCII, NULL, 0, 0 },
	{ "fe80:::1",                SERVER_SPEC_BAD_IPV6, NULL, 0, 0 },
	{ "12345::1",                SERVER_SPEC_BAD_IPV6, NULL, 0, 0 },

	{ "host:",                   SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:0",                  SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:65536",              SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:4294967419",         SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:123456789012345678901234567890", SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:-1",                 SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:+1",                 SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host: 1",                 SERVER_SPEC_SEVERAL, NULL, 0, 0 },
	{ "host:12x",                SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:0x7b",               SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "host:ntp",                SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "[::1]:",                  SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "[::1]:0",                 SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "[::1]:65536",             SERVER_SPEC_BAD_PORT, NULL, 0, 0 },

	{ "[::1",                    SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "::1]",                    SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[::1]9",                  SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[::1]]",                  SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[[::1]]",                 SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[]",                      SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[]:123",                  SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[host]",                  SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[192.0.2.1]:123",         SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[" LABEL_255 "]",         SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[fe80::1%" LABEL_255 "]", SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "x[::1]",                  SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
};

/* The default port is 4123. */
static const struct row listen_rows[] = {
	{ "*",               SERVER_SPEC_OK, "*", 4123, SCHEME_NTP },
	{ "*:123",           SERVER_SPEC_OK, "*", 123, SCHEME_NTP },
	{ ":123",            SERVER_SPEC_OK, "*", 123, SCHEME_NTP },
	{ "0.0.0.0",         SERVER_SPEC_OK, "0.0.0.0", 4123, SCHEME_NTP },
	{ "127.0.0.1:99",    SERVER_SPEC_OK, "127.0.0.1", 99, SCHEME_NTP },
	{ "::",              SERVER_SPEC_OK, "::", 4123, SCHEME_NTP },
	{ "[::]:99",         SERVER_SPEC_OK, "::", 99, SCHEME_NTP },
	{ "[fe80::1%eth0]",  SERVER_SPEC_OK, "fe80::1%eth0", 4123, SCHEME_NTP },
	{ "",                SERVER_SPEC_EMPTY, NULL, 0, 0 },
	{ "localhost",       SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "localhost:99",    SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "192.0.2",         SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "**",              SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ "99",              SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ LABEL_255,         SERVER_SPEC_BAD_HOST, NULL, 0, 0 },
	{ ":",               SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "*:",              SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "*:0",             SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "*:70000",         SERVER_SPEC_BAD_PORT, NULL, 0, 0 },
	{ "[*]:123",         SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
	{ "[]:123",          SERVER_SPEC_BAD_BRACKETS, NULL, 0, 0 },
};
/* clang-format on */

static void check(const struct row *row, enum server_spec_verdict verdict,
                  const struct server_spec *spec)
{
	struct server_spec untouched;

	assert_int_equal(verdict, row->want);
	if (row->want != SERVER_SPEC_OK) {
		memset(&untouched, 0xa5, sizeof(untouched));
		assert_memory_equal(spec, &untouched, sizeof(untouched));
		return;
	}
	assert_string_equal(spec->host, row->host);
	assert_int_equal(spec->port, row->port);
	assert_int_equal(spec->scheme, row->scheme);
}

static void server_row(void **state)
{
	const struct row *row = *state;
	struct server_spec spec;

	memset(&spec, 0xa5, sizeof(spec));
	check(row, server_spec_parse(row->text, &spec), &spec);
}

static void listen_row(void **state)
{
	const struct row *row = *state;
	struct server_spec spec;

	memset(&spec, 0xa5, sizeof(spec));
	check(row, listen_spec_parse(row->text, 4123, &spec), &spec);
}

/* Every octet that no host name has is refused, wherever it stands. */
static void every_octet(void **state)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	struct server_spec spec;
	char text[] = "a?c";
	unsigned octet;

	(void)state;
	for (octet = 1; octet < 256; octet++) {
		text[1] = (char)octet;
		assert_int_equal(server_spec_parse(text, &spec) == SERVER_SPEC_OK,
		                 strchr(good, (int)octet) != NULL);
	}
}

static void schemes(void **state)
{
	(void)state;
	assert_string_equal(scheme_name(SCHEME_REQTIME_TCP), "reqtime+tcp");
	assert_string_equal(scheme_name(SCHEME_NTP), "ntp");
	assert_non_null(scheme_name(SCHEME_COUNT));
	assert_int_equal(scheme_port(SCHEME_REQTIME), 9191);
	assert_false(scheme_is_tcp(SCHEME_NTP));
	assert_false(scheme_is_tcp(SCHEME_REQTIME));
	assert_true(scheme_is_tcp(SCHEME_REQTIME_TCP));
	assert_false(scheme_is_tcp(SCHEME_TIME));
	assert_true(scheme_is_tcp(SCHEME_TIME_TCP));
	assert_false(scheme_is_tcp(SCHEME_DAYTIME));
	assert_true(scheme_is_tcp(SCHEME_DAYTIME_TCP));
	assert_false(scheme_is_tcp(SCHEME_COUNT));
}

static void verdicts_have_texts_of_their_own(void **state)
{
	int a, b;

	(void)state;
	for (a = SERVER_SPEC_OK; a <= SERVER_SPEC_BAD_BRACKETS; a++) {
		for (b = SERVER_SPEC_OK; b < a; b++) {
			assert_string_not_equal(
				server_spec_verdict_text((enum server_spec_verdict)a),
				server_spec_verdict_text((enum server_spec_verdict)b));
		}
	}
}

/* clang-format off */
static const struct {
	const char *text;
	const char *hint; /* NULL: none */
} hints[] = {
	{ "ntps://host",    "; did you mean ntp://?" },
	{ "Nttp://host",    "; did you mean ntp://?" },
	{ "reqtime+udp://host", NULL },
	{ "req://host",     "; did you mean reqtime://?" },
	{ "dyatime://host", "; did you mean daytime://?" },
	{ "http://host",    NULL },
	{ "://host",        NULL },
	{ "ntp:host",       "; did you mean ntp://?" },
	{ "time:/host",     "; did you mean time://?" },
	{ "host:ntp",       NULL },
	{ "h:0",            NULL },
	{ "300.1.2.3",      NULL },
};
/* clang-format on */

static void what_is_meant_perhaps(void **state)
{
	struct server_spec spec;
	char buf[SERVER_SPEC_REFUSAL_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hints); i++) {
		const enum server_spec_verdict verdict =
			server_spec_parse(hints[i].text, &spec);
		const char *reason = server_spec_verdict_text(verdict);

		assert_int_not_equal(verdict, SERVER_SPEC_OK);
		assert_ptr_equal(server_spec_refusal(hints[i].text, verdict, buf), buf);
		assert_memory_equal(buf, reason, strlen(reason));
		assert_string_equal(buf + strlen(reason),
		                    hints[i].hint ? hints[i].hint : "");
	}
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(every_octet),
		cmocka_unit_test(schemes),
		cmocka_unit_test(verdicts_have_texts_of_their_own),
		cmocka_unit_test(what_is_meant_perhaps),
	};
	static struct CMUnitTest
		tests[COUNT_OF(rows) + COUNT_OF(listen_rows) + COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[count++] = (struct CMUnitTest){ .name = rows[i].text,
			                              .test_func = server_row,
			                              .initial_state = (void *)&rows[i] };
	}
	for (i = 0; i < COUNT_OF(listen_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = listen_rows[i].text,
			                     .test_func = listen_row,
			                     .initial_state = (void *)&listen_rows[i] };
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("server_spec", tests, NULL, NULL);
}
