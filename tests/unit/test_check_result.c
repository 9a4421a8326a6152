/* SPDX-License-Identifier: MIT
 *
 * The states and the line of `check` for a monitoring system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/check_result.h"

#define MS(ms) (INT64_C(ms) * 1000000)
#define S(seconds) (INT64_C(seconds) * 1000000000)

enum { SOURCES = 8 };

struct world {
	struct run run;
	struct run_source sources[SOURCES];
};

static struct run_source *add(struct world *world, const char *name,
                              enum source_status status, const char *reason)
{
	struct run_source *source = &world->sources[world->run.source_count++];

	snprintf(source->name, sizeof(source->name), "%s", name);
	snprintf(source->reason, sizeof(source->reason), "%s", reason);
	source->status = status;
	source->port = 123;
	source->has_header = status == SOURCE_SELECTED || status == SOURCE_AGREEING;
	source->stratum = 3;
	source->root_delay_ns = MS(20);
	source->root_dispersion_ns = MS(5);
	world->run.asked_count++;
	world->run.agreeing_count += source->has_header;
	return source;
}

/* A server of stratum 3. */
static void begin(struct world *world, int64_t offset_ns, int64_t bound_ns)
{
	memset(world, 0, sizeof(*world));
	world->run.sources = world->sources;
	world->run.status = RUN_OK;
	world->run.has_answer = true;
	world->run.offset_ns = offset_ns;
	world->run.bound_ns = bound_ns;
	world->run.delay_ns = MS(2);
}

static enum threshold_unit unit_of(enum check_quantity quantity)
{
	static const enum threshold_unit units[CHECK_QUANTITY_COUNT] = {
		[CHECK_OFFSET] = THRESHOLD_SPAN,
		[CHECK_BOUND] = THRESHOLD_LENGTH,
		[CHECK_ROOT_DISTANCE] = THRESHOLD_LENGTH,
		[CHECK_STRATUM] = THRESHOLD_COUNT,
	};

	return units[quantity];
}

static void limit(struct check_limits *limits, enum check_quantity quantity,
                  const char *warning, const char *critical)
{
	struct check_limit *of = &limits->of[quantity];

	if (warning) {
		assert_int_equal(threshold_parse(warning, unit_of(quantity), &of->warning),
		                 THRESHOLD_OK);
	}
	if (critical) {
		assert_int_equal(
			threshold_parse(critical, unit_of(quantity), &of->critical),
			THRESHOLD_OK);
	}
}

static void check_and_expect(const struct world *world, const struct check_limits *limits,
                             enum check_state state, const char *line)
{
	struct check_result check_result;
	char buf[4096];
	size_t len;

	check_result_make(&world->run, limits, &check_result);
	assert_int_equal(check_result.state, state);
	len = check_result_line(&world->run, limits, &check_result, buf, sizeof(buf));
	assert_int_equal(len, strlen(buf));
	assert_string_equal(buf, line);
	assert_int_equal(check_result_line(&world->run, limits, &check_result, NULL, 0),
	                 strlen(buf));
	assert_true(check_result.is_inconclusive == (strstr(buf, "inconclusive") != NULL));
}

/* clang-format off */
static const struct offset_row {
	const char *name;
	int64_t offset_ns, bound_ns;
	const char *warning, *critical;
	enum check_state want;
	const char *line;
} offset_rows[] = {
	{ "well", 1234567, 300000, "50ms", "1s", CHECK_OK,
	  "REQTIME OK: offset +1.235 ms +/- 301 us, stratum 3, a single server|"
	  "offset=0.001234567s;0.05;1 bound=0.0003s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "beyond the warning", MS(-60), MS(1), "50ms", "1s", CHECK_WARNING,
	  "REQTIME WARNING: offset -60 ms +/- 1 ms (beyond the warning range 50ms), "
	  "stratum 3, a single server|"
	  "offset=-0.06s;0.05;1 bound=0.001s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "the warning lies inside", MS(49), MS(2), "50ms", "1s", CHECK_WARNING,
	  "REQTIME WARNING: offset +49 ms +/- 2 ms (inconclusive for the warning range "
	  "50ms), stratum 3, a single server|"
	  "offset=0.049s;0.05;1 bound=0.002s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "the critical end lies inside", MS(1100), MS(200), "50ms", "1s", CHECK_WARNING,
	  "REQTIME WARNING: offset +1.1 s +/- 200 ms (inconclusive for the critical range "
	  "1s) (beyond the warning range 50ms), stratum 3, a single server|"
	  "offset=1.1s;0.05;1 bound=0.2s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "all of it beyond", MS(1201), MS(200), "50ms", "1s", CHECK_CRITICAL,
	  "REQTIME CRITICAL: offset +1.201 s +/- 200 ms (beyond the critical range 1s), "
	  "stratum 3, a single server|"
	  "offset=1.201s;0.05;1 bound=0.2s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "without limits", S(86400), 0, NULL, NULL, CHECK_OK,
	  "REQTIME OK: offset +1 d 00:00:00 +/- 0 s, stratum 3, a single server|"
	  "offset=86400s;; bound=0s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "an alarm inside", MS(15), MS(1), "@10ms:20ms", NULL, CHECK_WARNING,
	  "REQTIME WARNING: offset +15 ms +/- 1 ms (beyond the warning range @10ms:20ms), "
	  "stratum 3, a single server|"
	  "offset=0.015s;@0.01:0.02; bound=0.001s;;;0 root_distance=0.015s;;;0 "
	  "stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 agreeing=1;;;0 falsetickers=0;;;0" },
	{ "the largest offset", INT64_MAX, INT64_MAX, "50ms", "1s", CHECK_WARNING,
	  "REQTIME WARNING: offset +106751 d 23:47:17 +/- 106751 d 23:47:17 (inconclusive for "
	  "the critical range 1s) (inconclusive for the warning range 50ms), "
	  "stratum 3, a single server|"
	  "offset=9223372036.854775807s;0.05;1 bound=9223372036.854775807s;;;0 "
	  "root_distance=0.015s;;;0 stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 "
	  "agreeing=1;;;0 falsetickers=0;;;0" },
	{ "the smallest offset", INT64_MIN, 0, "50ms", "1s", CHECK_CRITICAL,
	  "REQTIME CRITICAL: offset -106751 d 23:47:16.854775808 +/- 0 s (beyond the critical range "
	  "1s), stratum 3, a single server|"
	  "offset=-9223372036.854775808s;0.05;1 bound=0s;;;0 "
	  "root_distance=0.015s;;;0 stratum=3;;;0;16 delay=0.002s;;;0 sources=1;;;0 "
	  "agreeing=1;;;0 falsetickers=0;;;0" },
};
/* clang-format on */

static void offset_row(void **state)
{
	const struct offset_row *row = *state;
	struct check_limits limits = { 0 };
	struct world world;

	begin(&world, row->offset_ns, row->bound_ns);
	add(&world, "ntp.example", SOURCE_SELECTED, "");
	limit(&limits, CHECK_OFFSET, row->warning, row->critical);
	check_and_expect(&world, &limits, row->want, row->line);
}

static void no_trusted_time_is_unknown(void **state)
{
	struct check_limits limits = { 0 };
	struct world world;

	(void)state;
	limit(&limits, CHECK_OFFSET, "50ms", "1s");
	begin(&world, 0, 0);
	world.run.status = RUN_NO_ANSWER;
	world.run.has_answer = false;
	add(&world, "192.0.2.1", SOURCE_UNREACHABLE, "no answer");
	add(&world, "192.0.2.2", SOURCE_REJECTED, "kiss code DENY");
	check_and_expect(&world, &limits, CHECK_UNKNOWN,
	                 "REQTIME UNKNOWN: no trusted time: no server gave a usable "
	                 "answer (192.0.2.1: no answer)|"
	                 "sources=2;;;0 agreeing=0;;;0 falsetickers=0;;;0");
	/* An untrusted offset is not used. */
	world.run.status = RUN_REFUSED;
	world.run.has_answer = true;
	snprintf(world.run.reason, sizeof(world.run.reason), "before the build");
	check_and_expect(&world, &limits, CHECK_UNKNOWN,
	                 "REQTIME UNKNOWN: no trusted time: before the build "
	                 "(192.0.2.1: no answer)|"
	                 "sources=2;;;0 agreeing=0;;;0 falsetickers=0;;;0");
}

/* Text from the network or the command line cannot begin performance data or a line. */
static void nothing_is_injected(void **state)
{
	struct check_limits limits = { 0 };
	struct world world;
	char buf[256];

	(void)state;
	begin(&world, 0, 0);
	world.run.status = RUN_NO_ANSWER;
	world.run.has_answer = false;
	snprintf(world.run.reason, sizeof(world.run.reason), "it | said\nso");
	add(&world, "a|b\nc", SOURCE_REJECTED, "x=1|y=2;\r\033[1m\x7f\xff");
	check_and_expect(&world, &limits, CHECK_UNKNOWN,
	                 "REQTIME UNKNOWN: no trusted time: it \\x7c said\\x0aso "
	                 "(a\\x7cb\\x0ac: x=1\\x7cy=2;\\x0d\\x1b[1m\\x7f\\xff)|"
	                 "sources=1;;;0 agreeing=0;;;0 falsetickers=0;;;0");
	check_result_unknown_line("no | such\noption", buf, sizeof(buf));
	assert_string_equal(buf, "REQTIME UNKNOWN: no \\x7c such\\x0aoption");
	assert_int_equal(check_result_escape("a|b\n\tc\n", buf, sizeof(buf)), 13);
	assert_string_equal(buf, "a\\x7cb\n\\x09c\n");
}

static void falsetickers_are_named(void **state)
{
	struct check_limits limits = { 0 };
	struct world world;

	(void)state;
	begin(&world, MS(1), MS(1));
	add(&world, "good", SOURCE_SELECTED, "");
	for (char name[] = "liar0"; name[4] < '5'; name[4]++) {
		add(&world, name, SOURCE_FALSETICKER, "misses it")->port = 1123;
	}
	/* A name may stand for several servers. */
	world.sources[1].address =
		(struct address){ .family = ADDRESS_IPV4, .octets = { 192, 0, 2, 1 } };
	check_and_expect(
		&world, &limits, CHECK_OK,
		"REQTIME OK: offset +1 ms +/- 1 ms, stratum 3, 1 of 6 servers agree, "
		"falseticker: liar0:1123 (192.0.2.1), liar1:1123, liar2:1123 and 2 more|"
		"offset=0.001s;; bound=0.001s;;;0 root_distance=0.015s;;;0 "
		"stratum=3;;;0;16 delay=0.002s;;;0 sources=6;;;0 agreeing=1;;;0 "
		"falsetickers=5;;;0");
}

/* clang-format off */
static const struct other_row {
	const char *name;
	enum check_quantity quantity;
	const char *warning, *critical;
	bool has_header;
	enum check_state want;
	const char *words;
} other_rows[] = {
	{ "stratum well", CHECK_STRATUM, "3", "4", true, CHECK_OK, ", stratum 2, " },
	{ "stratum warning", CHECK_STRATUM, "1", "4", true, CHECK_WARNING,
	  ", stratum 2 (beyond the warning range 1), " },
	{ "stratum critical", CHECK_STRATUM, "0", "1", true, CHECK_CRITICAL,
	  ", stratum 2 (beyond the critical range 1), " },
	{ "stratum too good", CHECK_STRATUM, "3:4", NULL, true, CHECK_WARNING,
	  ", stratum 2 (beyond the warning range 3:4), " },
	{ "stratum not known", CHECK_STRATUM, "3", NULL, false, CHECK_UNKNOWN,
	  ", stratum unknown, " },
	{ "bound well", CHECK_BOUND, "10ms", "1s", true, CHECK_OK, "ms, stratum" },
	{ "bound warning", CHECK_BOUND, "1ms", "1s", true, CHECK_WARNING,
	  ", bound 10 ms (beyond the warning range 1ms), " },
	{ "bound critical", CHECK_BOUND, NULL, "9.999ms", true, CHECK_CRITICAL,
	  ", bound 10 ms (beyond the critical range 9.999ms), " },
	/* the best of the two selected: 8 ms / 2 + 1 ms */
	{ "root distance well", CHECK_ROOT_DISTANCE, "5ms", NULL, true, CHECK_OK,
	  "ms, stratum" },
	{ "root distance warning", CHECK_ROOT_DISTANCE, "4999us", "5s", true, CHECK_WARNING,
	  ", root distance 5 ms (beyond the warning range 4999us), " },
	{ "root distance not known", CHECK_ROOT_DISTANCE, NULL, "5s", false, CHECK_UNKNOWN,
	  ", root distance unknown, " },
};
/* clang-format on */

static void other_row(void **state)
{
	const struct other_row *row = *state;
	struct check_limits limits = { 0 };
	struct run_source *source;
	struct check_result check_result;
	struct world world;
	char buf[1024];

	begin(&world, 0, MS(10));
	add(&world, "far", SOURCE_SELECTED, "")->has_header = row->has_header;
	source = add(&world, "near", SOURCE_SELECTED, "");
	source->has_header = row->has_header;
	source->stratum = 2;
	source->root_delay_ns = MS(8);
	source->root_dispersion_ns = MS(1);
	/* Nearer still, but not selected. */
	source = add(&world, "liar", SOURCE_FALSETICKER, "misses it");
	source->has_header = true;
	source->stratum = 1;
	limit(&limits, row->quantity, row->warning, row->critical);
	check_result_make(&world.run, &limits, &check_result);
	assert_int_equal(check_result.state, row->want);
	check_result_line(&world.run, &limits, &check_result, buf, sizeof(buf));
	if (!strstr(buf, row->words)) {
		fail_msg("no \"%s\" in %s", row->words, buf);
	}
	/* A limit certainly exceeded outweighs an unknown value. */
	limit(&limits, CHECK_OFFSET, NULL, "1s:");
	check_result_make(&world.run, &limits, &check_result);
	assert_int_equal(check_result.state, CHECK_CRITICAL);
}

/* ---- authentication ---- */

#define DAY_S INT64_C(86400)

/* clang-format off */
static const struct authentication_row {
	const char *name;
	int64_t left_s; /* of the certificate, by the true time; 0: not authenticated */
	int64_t warning_s;
	bool requires_authenticated;
	int64_t offset_s; /* of the clock: the certificate is older or younger by it */
	enum check_state want;
	const char *part; /* of the line */
	const char *performance;
} authentication_rows[] = {
	{ "plain", 0, 14 * DAY_S, false, 0, CHECK_OK, "a single server|", NULL },
	{ "plain, and it is required not to be", 0, 0, true, 0, CHECK_CRITICAL, ", not authenticated|", NULL },
	{ "authenticated as required", 30 * DAY_S, 0, true, 0, CHECK_OK, "a single server|", " certificate=2592000s " },
	{ "far from its end", 30 * DAY_S, 14 * DAY_S, false, 0, CHECK_OK, "a single server|", " certificate=2592000s;1209600: " },
	{ "near its end", 13 * DAY_S, 14 * DAY_S, false, 0, CHECK_WARNING, ", the certificate of nts://a expires in ", " certificate=1123200s;1209600: " },
	{ "near its end, without a limit", 13 * DAY_S, 0, false, 0, CHECK_OK, "a single server|", " certificate=1123200s " },
	{ "by the true time, not by this clock", 13 * DAY_S, 14 * DAY_S, false, 5 * DAY_S, CHECK_WARNING, " expires in ", " certificate=1123200s;1209600: " },
};
/* clang-format on */

static void authentication_row(void **state)
{
	const struct authentication_row *row = *state;
	const struct check_limits limits = { .certificate_warning_ns =
		                                     row->warning_s * S(1),
		                             .requires_authenticated =
		                                     row->requires_authenticated };
	const int64_t true_s = 1795610096;
	struct check_result check_result;
	struct run_source *source;
	struct world world;
	char line[512];

	begin(&world, row->offset_s * S(1), MS(1));
	source = add(&world, "a", SOURCE_SELECTED, "");
	world.run.at = (struct instant){ (true_s - row->offset_s) * S(1) };
	if (row->left_s != 0) {
		source->scheme = SCHEME_NTS;
		source->port = NTS_PORT;
		source->nts.has_keys = source->nts.is_authenticated = true;
		source->nts.window = (struct nts_window){ 0, true_s + row->left_s };
		world.run.is_authenticated = true;
	}
	check_result_make(&world.run, &limits, &check_result);
	assert_int_equal(check_result.state, row->want);
	check_result_line(&world.run, &limits, &check_result, line, sizeof(line));
	if (!strstr(line, row->part) ||
	    (row->performance ? !strstr(line, row->performance)
	                      : strstr(line, "certificate=") != NULL)) {
		fail_msg("%s", line);
	}
}

/* A server that does not agree, or is not authenticated, has no say. */
static void the_first_to_expire(void **state)
{
	const struct check_limits limits = { .certificate_warning_ns = 14 * DAY_S * S(1) };
	static const struct {
		enum source_status status;
		bool is_authenticated;
		int64_t left_s;
	} servers[] = { { SOURCE_SELECTED, true, 40 * DAY_S },
		        { SOURCE_AGREEING, true, 20 * DAY_S },
		        { SOURCE_FALSETICKER, true, DAY_S },
		        { SOURCE_SELECTED, false, 2 * DAY_S } };
	struct check_result check_result;
	struct world world;

	(void)state;
	begin(&world, 0, MS(1));
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		struct run_source *source = add(&world, "a", servers[i].status, "");

		source->nts.is_authenticated = servers[i].is_authenticated;
		source->nts.window.until_s = servers[i].left_s;
	}
	check_result_make(&world.run, &limits, &check_result);
	assert_int_equal(check_result.state, CHECK_OK);
	assert_true(check_result.expiring == &world.sources[1]);
	assert_int_equal(check_result.expires_in_ns, 20 * DAY_S * S(1));
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(offset_rows) + COUNT_OF(other_rows) +
	                        COUNT_OF(authentication_rows) + 4];
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(offset_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = offset_rows[i].name,
			                     .test_func = offset_row,
			                     .initial_state = (void *)&offset_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(other_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = other_rows[i].name,
			                     .test_func = other_row,
			                     .initial_state = (void *)&other_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(authentication_rows); i++) {
		tests[count++] = (struct CMUnitTest){
			.name = authentication_rows[i].name,
			.test_func = authentication_row,
			.initial_state = (void *)(uintptr_t)&authentication_rows[i]
		};
	}
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_first_to_expire);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(no_trusted_time_is_unknown);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(nothing_is_injected);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(falsetickers_are_named);
	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
