/* SPDX-License-Identifier: MIT
 *
 * io/tls/session: a key exchange with a server of this test, in a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/nts/record.h"
#include "io/sys/monotonic.h"
#include "io/tls/session.h"
#include "nts_server.h"
#include "scratch.h"

#define HOST "time.example"
static struct certificate root, own, stranger, slow;
static struct trust_store *store;
static struct tls_client *client;

static unsigned export_count; /* of keys, by the client */

int __real_gnutls_prf_rfc5705(gnutls_session_t tls, size_t label_len, const char *label,
                              size_t context_len, const char *context, size_t len,
                              char *ret);
int __wrap_gnutls_prf_rfc5705(gnutls_session_t tls, size_t label_len, const char *label,
                              size_t context_len, const char *context, size_t len,
                              char *ret);
int __wrap_gnutls_prf_rfc5705(gnutls_session_t tls, size_t label_len, const char *label,
                              size_t context_len, const char *context, size_t len,
                              char *ret)
{
	export_count++;
	return __real_gnutls_prf_rfc5705(tls, label_len, label, context_len, context, len,
	                                 ret);
}

/* False when it has no result within ten seconds. */
static bool run_session(struct tls_session *session, struct nts_answer *ret)
{
	const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_S;
	struct pollfd p = { .fd = tls_session_fd(session) };

	while (!tls_session_step(session, ret)) {
		p.events = tls_session_events(session);
		if (monotonic_now_ns() > until_ns || poll(&p, 1, 10000) <= 0) {
			return false;
		}
	}
	return true;
}

struct session_row {
	const char *name;
	struct server_plan server;
	const char *host;
	enum nts_failure failure;
	uint32_t response; /* of NTS_FAILURE_RESPONSE */
};

#define NORMAL "NORMAL"
#define OLD "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define OF "ntske/1"

static const struct session_row rows[] = {
	/* clang-format off */
	{ "good", { NORMAL, OF, ANSWERS, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "AES-256, P-384", { "NORMAL:-CIPHER-ALL:+AES-256-GCM:-GROUP-ALL:+GROUP-SECP384R1", OF, ANSWERS, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "by its address", { NORMAL, OF, ANSWERS, GOOD }, "192.0.2.7", NTS_FAILURE_NONE, 0 },
	{ "NK38 stays open", { NORMAL, OF, HOLDS, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK38 closes without good bye", { NORMAL, OF, HANGS_UP, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK36 octet by octet", { NORMAL, OF, SPLITS, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK37 before our request", { NORMAL, OF, HURRIES, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK35 65536 octets", { NORMAL, OF, HOLDS, EXACTLY_FULL }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK35 70000 octets", { NORMAL, OF, ANSWERS, TOO_LONG }, HOST, NTS_FAILURE_TOO_LONG, 0 },
	{ "NK36 65536 octets, each in a record", { NORMAL, OF, SPLITS, EXACTLY_FULL }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK39 updates of keys", { NORMAL, OF, UPDATES_KEYS, GOOD }, HOST, NTS_FAILURE_TOO_LONG, 0 },
	{ "records full of padding", { NORMAL, OF, PADS, GOOD }, HOST, NTS_FAILURE_TOO_LONG, 0 },
	{ "NK5 closes at once", { NORMAL, OF, CLOSES_AT_ONCE, GOOD }, HOST, NTS_FAILURE_CLOSED, 0 },
	{ "NK5 closes at our hello", { NORMAL, OF, CLOSES_ON_HELLO, GOOD }, HOST, NTS_FAILURE_CLOSED, 0 },
	{ "NK5 closes after the handshake", { NORMAL, OF, CLOSES_SILENT, GOOD }, HOST, NTS_FAILURE_CLOSED, 0 },
	{ "NK15 no end, and it stays", { NORMAL, OF, HANGS_UP, WITHOUT_END }, HOST, NTS_FAILURE_RESPONSE, NTS_RESPONSE_INCOMPLETE },
	{ "NK15 no end", { NORMAL, OF, ANSWERS, WITHOUT_END }, HOST, NTS_FAILURE_RESPONSE, NTS_RESPONSE_INCOMPLETE },
	{ "NK22 an error", { NORMAL, OF, HOLDS, WITH_ERROR }, HOST, NTS_FAILURE_RESPONSE, NTS_RESPONSE_ERROR },
	{ "NK6 TLS 1.2", { OLD, OF, ANSWERS, GOOD }, HOST, NTS_FAILURE_TLS, 0 },
	{ "NK6 a hello of TLS 1.2", { OLD, OF, SPEAKS_OLD_TLS, GOOD }, HOST, NTS_FAILURE_TLS_VERSION, 0 },
	{ "NK7 no ALPN", { NORMAL, NULL, ANSWERS, GOOD }, HOST, NTS_FAILURE_NO_NTS, 0 },
	{ "NK7 other ALPN", { NORMAL, "http/1.1", ANSWERS, GOOD }, HOST, NTS_FAILURE_NO_NTS, 0 },
	{ "not TLS", { NORMAL, OF, SPEAKS_SSH, GOOD }, HOST, NTS_FAILURE_TLS, 0 },
	{ "a group for which the server asks again", { "NORMAL:-GROUP-ALL:+GROUP-SECP521R1", OF, ANSWERS, GOOD }, HOST, NTS_FAILURE_NONE, 0 },
	{ "NK8 another authority", { NORMAL, OF, ANSWERS, GOOD }, HOST, NTS_FAILURE_NOT_TRUSTED, 0 },
	{ "a key that takes long, before anything is verified with it", { NORMAL, OF, ANSWERS, GOOD }, HOST, NTS_FAILURE_CERTIFICATE, 0 },
	{ "NK9 another name", { NORMAL, OF, ANSWERS, GOOD }, "other.example", NTS_FAILURE_NAME, 0 },
	{ "NK10 another address", { NORMAL, OF, ANSWERS, GOOD }, "192.0.2.8", NTS_FAILURE_NAME, 0 },
	/* clang-format on */
};

static struct tls_session *open_session(const char *host, int fd)
{
	struct nts_question question = { .source = 5, .ticket = 7 };
	struct tls_session *session = NULL;

	snprintf(question.host, sizeof(question.host), "%s", host);
	assert_int_equal(tls_session_open(client, &question, fd, &session), 0);
	return session;
}

static void check_success(const struct nts_answer *answer, int tell_fd)
{
	uint8_t keys[2 * NTS_KEY_OCTETS];

	assert_true(nts_answer_is_valid(answer));
	assert_string_equal(answer->subject, HOST);
	assert_int_equal(answer->window.from_s, NTS_TEST_EPOCH);
	assert_int_equal(answer->window.until_s, NTS_TEST_EPOCH + 100 * NTS_TEST_DAY_S);
	assert_int_equal(answer->cookies.count, 8);
	assert_int_equal(answer->cookies.items[7].len, SERVER_COOKIE_OCTETS);
	assert_int_equal(answer->cookies.items[7].octets[SERVER_COOKIE_OCTETS - 1], 7);
	assert_int_equal(answer->port, 123);
	assert_string_equal(answer->server, "");
	assert_int_equal(answer->keys.aead, NTS_AEAD_SIV_CMAC_256);
	assert_int_equal(read(tell_fd, keys, sizeof(keys)), sizeof(keys));
	assert_memory_equal(answer->keys.c2s, keys, NTS_KEY_OCTETS);
	assert_memory_equal(answer->keys.s2c, keys + NTS_KEY_OCTETS, NTS_KEY_OCTETS);
}

static void exchange_row(void **state)
{
	static const struct nts_keys no_keys;
	const struct session_row *row = *state;
	struct nts_answer answer;
	struct tls_session *session;
	char octet = 0;
	int ends[2], tell[2];
	bool has_ended;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe(tell), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		server_run(&row->server,
		           row->failure == NTS_FAILURE_NOT_TRUSTED   ? &stranger
		           : row->failure == NTS_FAILURE_CERTIFICATE ? &slow
		                                                     : &own,
		           ends[1], tell[1]);
	}
	close(ends[1]);
	close(tell[1]);
	session = open_session(row->host, ends[0]);
	memset(&answer, 0xa5, sizeof(answer));
	export_count = 0;
	has_ended = run_session(session, &answer);
	tls_session_close(session);
	if (row->server.conduct == HOLDS) {
		kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(has_ended);
	if (answer.failure != (uint32_t)row->failure) {
		print_message("# error %d, response %u, %s\n", (int)answer.error,
		              (unsigned)answer.response, answer.detail);
	}
	assert_int_equal(answer.failure, row->failure);
	assert_int_equal(answer.source, 5);
	assert_int_equal(answer.ticket, 7);
	assert_true(nts_answer_is_valid(&answer));
	if (row->failure == NTS_FAILURE_NONE) {
		check_success(&answer, tell[0]);
		assert_int_equal(export_count, 2); /* one of each direction */
	} else {
		assert_memory_equal(&answer.keys, &no_keys, sizeof(no_keys));
		assert_int_equal(answer.response, row->response);
	}
	if (row->failure == NTS_FAILURE_NONE && row->server.conduct == ANSWERS) {
		assert_int_equal(read(tell[0], &octet, 1), 1);
		assert_int_equal(octet, 'b');
	}
	close(tell[0]);
}

/* NK2: nothing happens, and nothing waits. */
static void silence(void **state)
{
	struct tls_session *session;
	struct nts_answer answer;
	uint8_t octets[4096];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	session = open_session(HOST, ends[0]);
	for (int i = 0; i < 3; i++) {
		assert_false(tls_session_step(session, &answer));
		assert_int_equal(tls_session_events(session), POLLIN);
	}
	assert_true(recv(ends[1], octets, sizeof(octets), MSG_DONTWAIT) > 100);
	assert_true(recv(ends[1], octets, sizeof(octets), MSG_DONTWAIT) < 0);
	tls_session_close(session);
	close(ends[1]);
}

/* The hello has the name, but never a numeric address. */
static void server_name(void **state)
{
	static const char *const hosts[] = { HOST, "192.0.2.7", "2001:db8::7",
		                             "fe80::1%eth0" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct tls_session *session;
		struct nts_answer answer;
		uint8_t octets[4096];
		ssize_t n;
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
		                 0);
		session = open_session(hosts[i], ends[0]);
		assert_false(tls_session_step(session, &answer));
		n = recv(ends[1], octets, sizeof(octets), MSG_DONTWAIT);
		assert_true(n > 0);
		assert_true(memmem(octets, (size_t)n, "ntske/1", 7));
		assert_int_equal(!!memmem(octets, (size_t)n, hosts[i], strlen(hosts[i])),
		                 i == 0);
		tls_session_close(session);
		close(ends[1]);
	}
}

static int set_up(void **state)
{
	static const char *const files[] = { "root.pem" };
	static const struct certificate_plan root_plan = { "Root", NULL,
		                                           NULL,   -10,
		                                           1000,   .is_authority = true };
	static const struct certificate_plan own_plan = { HOST, NULL, "192.0.2.7",
		                                          0,    100,  .kind = KEY_ECDSA };
	static const struct certificate_plan slow_plan = {
		HOST, NULL, NULL, 0, 100, .kind = KEY_RSA_LONG_EXPONENT
	};
	char why[NTS_DETAIL_SIZE];

	(void)state;
	root = certificate_make(&root_plan, NULL, NULL);
	own = certificate_make(&own_plan, &root, NULL);
	slow = certificate_make(&slow_plan, &root, NULL);
	stranger = certificate_make(&own_plan, NULL, NULL);
	if (!scratch_enter()) {
		return -1;
	}
	certificate_append(&root, files[0]);
	return trust_store_open(files, 1, why, &store) == 0 &&
	                       tls_client_open(store, &client) == 0
	               ? 0
	               : -1;
}

static int tear_down(void **state)
{
	(void)state;
	tls_client_close(client);
	trust_store_close(store);
	certificate_free(&root);
	certificate_free(&own);
	certificate_free(&stranger);
	certificate_free(&slow);
	return scratch_leave();
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 2];
	size_t n = 0;

	memset(tests, 0, sizeof(tests));
	for (; n < COUNT_OF(rows); n++) {
		tests[n].name = rows[n].name;
		tests[n].test_func = exchange_row;
		tests[n].initial_state = (void *)(uintptr_t)&rows[n];
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(silence);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(server_name);
	return cmocka_run_group_tests_name("nts_session", tests, set_up, tear_down);
}
