/* SPDX-License-Identifier: MIT
 *
 * Messages between the measuring process and reqtime-nts: each is checked as if the other
 * side were hostile, and each failure has a reason in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/nts/message.h"
#include "core/nts/record.h"

#define LONGEST_DETAIL                                                                     \
	"/etc/reqtime/certificates/of-the-authorities-that-are-trusted-here.pem: no file"

static struct nts_answer good_answer(void)
{
	struct nts_answer answer = {
		.source = 3,
		.ticket = 4,
		.failure = NTS_FAILURE_NONE,
		.subject = "CN=time.example.net",
		.window = { 1788220800, 1795996799 },
		.keys.aead = NTS_AEAD_SIV_CMAC_256,
		.server = "ntp.example.net",
		.port = 4123,
		.cookies.count = 1,
	};

	answer.cookies.items[0].len = 100;
	return answer;
}

struct host_row {
	const char *name;
	const char *host;
	bool want_question, want_server;
};

/* clang-format off */
#define LABEL_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define NAME_253 LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50 "." "abcdefghijklmnopqrstuvwxyz0123456789.abcdefghijkl"

static const struct host_row host_rows[] = {
	{ "a name",                      "time.example.net", true, true },
	{ "a short name",                "h", true, true },
	{ "the longest name",            NAME_253, true, true },
	{ "an IPv4 address",             "192.0.2.7", true, true },
	{ "an IPv6 address",             "2001:db8::7", true, true },
	{ "a link-local address, which a server cannot name", "fe80::1%eth0", true, false },
	{ "no host: the same server",    "", false, true },
	{ "NK43 a final dot",            "time.example.net.", false, false },
	{ "NK43 a dot alone",            ".", false, false },
	{ "NK44 an address in brackets", "[2001:db8::7]", false, false },
	{ "a name with a port",          "h:123", false, false },
	{ "a name with a scheme",        "nts://h", false, false },
	{ "... of another protocol",     "ntp://h", false, false },
	{ "a name that is too long",     "a" NAME_253, false, false },
	{ "a space",                     "a b", false, false },
	{ "an escape",                   "a\x1b[1m", false, false },
	{ "a line feed",                 "a\n", false, false },
	{ "not ASCII",                   "\xc3\xa4", false, false },
	{ "an option",                   "--step", false, false },
	{ "a number",                    "123", false, false },
	{ "all addresses",               "*", false, false },
};
/* clang-format on */

static void checks_host(void **state)
{
	const struct host_row *row = *state;
	struct nts_question question = { .source = 1 };
	struct nts_answer answer = good_answer();

	memset(question.host, 'x', sizeof(question.host));
	memcpy(question.host, row->host, strlen(row->host) + 1);
	memset(answer.server, 'x', sizeof(answer.server));
	memcpy(answer.server, row->host, strlen(row->host) + 1);
	assert_int_equal(nts_question_is_valid(&question), row->want_question);
	assert_int_equal(nts_answer_is_valid(&answer), row->want_server);
}

static void unterminated(void **state)
{
	struct nts_question question = { .source = 1 };
	struct nts_answer answer = good_answer();

	(void)state;
	memset(question.host, 'x', sizeof(question.host));
	assert_false(nts_question_is_valid(&question));
	assert_true(nts_answer_is_valid(&answer));
	memset(answer.server, 'x', sizeof(answer.server));
	assert_false(nts_answer_is_valid(&answer));
	answer = good_answer();
	memset(answer.subject, 'x', sizeof(answer.subject));
	assert_false(nts_answer_is_valid(&answer));
	answer = good_answer();
	memset(answer.detail, 'x', sizeof(answer.detail));
	assert_false(nts_answer_is_valid(&answer));
	answer.failure = NTS_FAILURE_TLS;
	assert_false(nts_answer_is_valid(&answer));
	answer.detail[sizeof(answer.detail) - 1] = '\0';
	assert_true(nts_answer_is_valid(&answer));
}

/* Rows change one thing of a good answer. */
static void no_cookie(struct nts_answer *answer)
{
	answer->cookies.count = 0;
}

static void eight_cookies(struct nts_answer *answer)
{
	answer->cookies.count = 8;
	for (size_t i = 0; i < 8; i++) {
		answer->cookies.items[i].len = 12;
	}
}

static void nine_cookies(struct nts_answer *answer)
{
	eight_cookies(answer);
	answer->cookies.count = 9;
}

static void many_cookies(struct nts_answer *answer)
{
	answer->cookies.count = UINT32_MAX;
}

static void empty_cookie(struct nts_answer *answer)
{
	answer->cookies.items[0].len = 0;
}

static void odd_cookie(struct nts_answer *answer)
{
	answer->cookies.items[0].len = 101;
}

static void long_cookie(struct nts_answer *answer)
{
	answer->cookies.items[0].len = 516;
}

static void second_cookie_bad(struct nts_answer *answer)
{
	answer->cookies.count = 2;
	answer->cookies.items[1].len = 65532;
}

static void other_aead(struct nts_answer *answer)
{
	answer->keys.aead = 30;
}

static void no_aead(struct nts_answer *answer)
{
	answer->keys.aead = 0;
}

static void port_0(struct nts_answer *answer)
{
	answer->port = 0;
}

static void backwards_window(struct nts_answer *answer)
{
	answer->window.until_s = answer->window.from_s - 1;
}

static void moment_window(struct nts_answer *answer)
{
	answer->window.until_s = answer->window.from_s;
}

static void subject_escape(struct nts_answer *answer)
{
	answer->subject[0] = '\x1b';
}

static void subject_delete(struct nts_answer *answer)
{
	answer->subject[0] = '\x7f';
}

static void subject_high(struct nts_answer *answer)
{
	answer->subject[0] = (char)0x80;
}

static void no_subject(struct nts_answer *answer)
{
	answer->subject[0] = '\0';
}

static void behind_the_end(struct nts_answer *answer)
{
	answer->subject[sizeof(answer->subject) - 1] = '\n';
	answer->detail[sizeof(answer->detail) - 1] = '\n';
}

static void detail_line(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_TLS;
	memcpy(answer->detail, "a\nb", 4);
}

static void failure_count(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_COUNT;
}

static void failure_highest(struct nts_answer *answer)
{
	answer->failure = UINT32_MAX;
}

static void connect_no_error(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_CONNECT;
}

static void connect_negative(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_CONNECT;
	answer->error = -111;
}

static void connect_refused(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_CONNECT;
	answer->error = 111;
}

static void response_accepted(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_RESPONSE;
	answer->response = NTS_RESPONSE_ACCEPTED;
}

static void response_count(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_RESPONSE;
	answer->response = NTS_RESPONSE_VERDICT_COUNT;
}

static void response_error(struct nts_answer *answer)
{
	answer->failure = NTS_FAILURE_RESPONSE;
	answer->response = NTS_RESPONSE_ERROR;
	answer->error = 65535;
}

static void response_error_long(struct nts_answer *answer)
{
	response_error(answer);
	answer->error = 65536;
}

static void response_error_negative(struct nts_answer *answer)
{
	response_error(answer);
	answer->error = -1;
}

static void failure_with_rubbish(struct nts_answer *answer)
{
	memset(answer, 0xff, sizeof(*answer));
	answer->failure = NTS_FAILURE_CLOSED;
	answer->detail[0] = '\0';
}

struct answer_row {
	const char *name;
	void (*change)(struct nts_answer *answer);
	bool want;
};

/* clang-format off */
static const struct answer_row answer_rows[] = {
	{ "NK26 no cookie",                       no_cookie, false },
	{ "eight cookies",                        eight_cookies, true },
	{ "NK28 nine cookies",                    nine_cookies, false },
	{ "NK28 2^32 - 1 cookies",                many_cookies, false },
	{ "NK29 a cookie of 0 octets",            empty_cookie, false },
	{ "NK30 a cookie of 101 octets",          odd_cookie, false },
	{ "NK31 a cookie of 516 octets",          long_cookie, false },
	{ "NK31 the second of 65532 octets",      second_cookie_bad, false },
	{ "NK21 another AEAD",                    other_aead, false },
	{ "NK21 no AEAD",                         no_aead, false },
	{ "NK34 port 0",                          port_0, false },
	{ "a window that ends before it starts",  backwards_window, false },
	{ "a window of one second",               moment_window, true },
	{ "an escape in the subject",             subject_escape, false },
	{ "DEL in the subject",                   subject_delete, false },
	{ "not ASCII in the subject",             subject_high, false },
	{ "no subject",                           no_subject, true },
	{ "rubbish behind the end of a text",     behind_the_end, true },
	{ "a line feed in the detail",            detail_line, false },
	{ "an unknown failure",                   failure_count, false },
	{ "the highest failure",                  failure_highest, false },
	{ "NK1 refused",                          connect_refused, true },
	{ "NK1 refused, without errno",           connect_no_error, false },
	{ "NK1 refused, with a negative errno",   connect_negative, false },
	{ "a refused response that was accepted", response_accepted, false },
	{ "a response of unknown verdict",        response_count, false },
	{ "NK22 Error 65535",                     response_error, true },
	{ "NK22 Error 65536",                     response_error_long, false },
	{ "NK22 Error -1",                        response_error_negative, false },
	{ "a failure: the rest does not count",   failure_with_rubbish, true },
};
/* clang-format on */

static void checks_answer(void **state)
{
	const struct answer_row *row = *state;
	struct nts_answer answer = good_answer();

	assert_true(nts_answer_is_valid(&answer));
	row->change(&answer);
	assert_int_equal(nts_answer_is_valid(&answer), row->want);
}

struct text_row {
	const char *name;
	enum nts_failure failure;
	enum nts_response_verdict response;
	int32_t error;
	const char *detail; /* for a connection: strerror() */
	const char *want;
};

#define RESPONSE(verdict, error) NTS_FAILURE_RESPONSE, NTS_RESPONSE_##verdict, error, ""
#define FAILURE(failure, detail) NTS_FAILURE_##failure, NTS_RESPONSE_ACCEPTED, 0, detail

/* clang-format off */
static const struct text_row text_rows[] = {
	{ "NK1 refused", NTS_FAILURE_CONNECT, NTS_RESPONSE_ACCEPTED, 111, "Connection refused", "key exchange: connection refused" },
	{ "NK1 no route", NTS_FAILURE_CONNECT, NTS_RESPONSE_ACCEPTED, 113, "No route to host", "key exchange: no route to host" },
	{ "NK1 an errno in capitals", NTS_FAILURE_CONNECT, NTS_RESPONSE_ACCEPTED, 1, "RPC failed", "key exchange: RPC failed" },
	{ "NK1 an errno without a text", NTS_FAILURE_CONNECT, NTS_RESPONSE_ACCEPTED, 1, "", "key exchange: " },
	{ "NK5 closed", FAILURE(CLOSED, ""), "key exchange: the server closed the connection" },
	{ "NK6 TLS 1.2 only", FAILURE(TLS_VERSION, ""), "key exchange: no TLS 1.3: the server is too old, or no TLS server" },
	{ "NK7 no ALPN", FAILURE(NO_NTS, ""), "key exchange: not an NTS server: TLS works, ALPN ntske/1 does not (wrong port?)" },
	{ "NK39 TLS", FAILURE(TLS, "unexpected message"), "key exchange: TLS failed: unexpected message" },
	{ "NK39 TLS, no detail", FAILURE(TLS, ""), "key exchange: TLS failed" },
	{ "NK8 unknown issuer", FAILURE(NOT_TRUSTED, ""), "key exchange: certificate from an authority that is not trusted (see --nts-ca)" },
	{ "NK9 wrong name", FAILURE(NAME, ""), "key exchange: the certificate is for another name: use the name that it has" },
	{ "NK11 clientAuth only", FAILURE(CERTIFICATE, "not for servers"), "key exchange: bad certificate: not for servers" },
	{ "NK35 too long", FAILURE(TOO_LONG, ""), "key exchange: the server does not stop sending" },
	{ "NK41 no program", FAILURE(NO_PROGRAM, ""), "nts:// needs reqtime-nts (package reqtime-nts): not installed, of another version, or it ended" },
	{ "NK42 no CA file", FAILURE(NO_CA, "/etc/x.pem: No such file or directory"), "cannot read the trusted certificates: /etc/x.pem: No such file or directory" },
	{ "NK42 the longest detail", FAILURE(NO_CA, LONGEST_DETAIL), "cannot read the trusted certificates: " LONGEST_DETAIL },
	{ "NK15 no End", RESPONSE(INCOMPLETE, 0), "key exchange: the response ends too early" },
	{ "NK20 malformed", RESPONSE(MALFORMED, 0), "key exchange: the response is malformed" },
	{ "NK22 Error 0", RESPONSE(ERROR, 0), "key exchange: the server reports error 0 (unrecognised critical record)" },
	{ "NK22 Error 1", RESPONSE(ERROR, 1), "key exchange: the server reports error 1 (bad request)" },
	{ "NK22 Error 2", RESPONSE(ERROR, 2), "key exchange: the server reports error 2 (internal server error)" },
	{ "NK22 Error 3", RESPONSE(ERROR, 3), "key exchange: the server reports error 3" },
	{ "NK22 Error 65535", RESPONSE(ERROR, 65535), "key exchange: the server reports error 65535" },
	{ "NK23 Warning 7", RESPONSE(WARNING, 7), "key exchange: the server sends unknown warning 7" },
	{ "NK24 unknown critical record", RESPONSE(UNKNOWN, 1024), "key exchange: the response has unknown critical record 1024" },
	{ "NK20 no NTP", RESPONSE(NO_NTP, 0), "key exchange: the server has no NTPv4" },
	{ "NK21 no AEAD", RESPONSE(NO_AEAD, 0), "key exchange: the server has no AEAD_AES_SIV_CMAC_256" },
	{ "NK26 no cookie", RESPONSE(NO_COOKIE, 0), "key exchange: the server sent no cookie that fits a packet" },
	{ "NK32 bad server", RESPONSE(BAD_SERVER, 0), "key exchange: the server names an NTP server that is no host" },
	{ "NK34 bad port", RESPONSE(BAD_PORT, 0), "key exchange: the server names NTP port 0" },
};
/* clang-format on */

static void formats(void **state)
{
	const struct text_row *row = *state;
	const bool is_connect = row->failure == NTS_FAILURE_CONNECT;
	struct nts_answer answer = {
		.failure = row->failure,
		.response = row->response,
		.error = row->error,
	};
	char buf[NTS_FAILURE_TEXT_SIZE];

	memset(buf, 'x', sizeof(buf));
	if (!is_connect) {
		assert_true(strlen(row->detail) < sizeof(answer.detail));
		memcpy(answer.detail, row->detail, strlen(row->detail) + 1);
	}
	assert_true(nts_answer_is_valid(&answer));
	nts_failure_format(&answer, is_connect ? row->detail : NULL, buf);
	assert_string_equal(buf, row->want);
}

/* The longest texts of all fit, and an unknown failure has a text as well. */
static void all_fit(void **state)
{
	char buf[NTS_FAILURE_TEXT_SIZE];

	(void)state;
	for (uint32_t failure = 0; failure <= NTS_FAILURE_COUNT; failure++) {
		for (uint32_t response = 0; response < NTS_RESPONSE_VERDICT_COUNT;
		     response++) {
			struct nts_answer answer = { .failure = failure,
				                     .response = response,
				                     .error = 65535 };

			memset(answer.detail, 'd', sizeof(answer.detail) - 1);
			nts_failure_format(&answer, "Error", buf);
			assert_true(strlen(buf) < sizeof(buf) - 1);
			assert_true(strlen(buf) > strlen("key exchange: "));
		}
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(host_rows) + COUNT_OF(answer_rows) +
	                               COUNT_OF(text_rows) + 2];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(unterminated),
		cmocka_unit_test(all_fit),
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(host_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = host_rows[i].name,
			                     .test_func = checks_host,
			                     .initial_state = (void *)&host_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(answer_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = answer_rows[i].name,
			                     .test_func = checks_answer,
			                     .initial_state = (void *)&answer_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(text_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = text_rows[i].name,
			                     .test_func = formats,
			                     .initial_state = (void *)&text_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("nts_message", tests, NULL, NULL);
}
