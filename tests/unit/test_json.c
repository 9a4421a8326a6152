/* SPDX-License-Identifier: MIT
 *
 * JSON against the specification in reqtime(1), parsed again, and once octet by octet.
 */
#include "cmd/cli/json.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const source_keys[] = {
	"name",
	"address",
	"port",
	"scheme",
	"status",
	"reason",
	"stratum",
	"refid",
	"offset_ns",
	"bound_ns",
	"delay_ns",
	"root_delay_ns",
	"root_dispersion_ns",
	"sent",
	"received",
	"authentication",
	"nts",
};

static struct run_source answered(void)
{
	return (struct run_source){
		.name = "time.example",
		.scheme = SCHEME_NTP,
		.address = { .family = ADDRESS_IPV4,
		             .octets = { 192, 0, 2, 1 },
		             .port = 123 },
		.port = 123,
		.status = SOURCE_SELECTED,
		.sent = 2,
		.received = 1,
		.has_header = true,
		.stratum = 1,
		.refid = { 'G', 'P', 'S', 0 },
		.root_delay_ns = 0,
		.root_dispersion_ns = 15,
		.has_estimate = true,
		.offset_ns = -1234567890123456789,
		.bound_ns = 7,
		.delay_ns = 0,
	};
}

static struct run_source unresolved(void)
{
	return (struct run_source){ .name = "nosuch.example",
		                    .scheme = SCHEME_REQTIME_TCP,
		                    .port = 9191,
		                    .status = SOURCE_UNREACHABLE,
		                    .reason = "no such \\x1b name" };
}

static struct run run_of(struct run_source *sources, size_t count)
{
	return (struct run){ .status = RUN_OK,
		             .at = { INT64_C(1795401744000000005) },
		             .has_answer = true,
		             .offset_ns = -5,
		             .bound_ns = 0,
		             .delay_ns = 3,
		             .leap = 1,
		             .sources = sources,
		             .source_count = count };
}

/* Renders, parses again: one line of ASCII. */
static json_t *render(const struct json_report *report)
{
	char *text = json_render(report);
	json_t *root;
	size_t i;

	assert_non_null(text);
	for (i = 0; text[i]; i++) {
		assert_true(text[i] >= ' ' && text[i] <= '~');
	}
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	assert_non_null(root);
	return root;
}

static void whole_line(void **state)
{
	struct run_source source = answered();
	struct run run = run_of(&source, 1);
	const struct plan plan = { PLAN_STEP, PLAN_ASKED_STEP, -5 };
	const struct json_report report = { .verb = "set",
		                            .run = &run,
		                            .plan = &plan,
		                            .has_applied = true,
		                            .is_applied = true,
		                            .applied = PLAN_STEP,
		                            .applied_ns = -5 };
	char *text = json_render(&report);

	(void)state;
	assert_non_null(text);
	assert_string_equal(
		text,
		"{\"program\":\"reqtime\",\"version\":\"" REQTIME_VERSION
		"\",\"verb\":\"set\",\"time\":\"2026-11-23T02:42:24.000000005Z\","
		"\"status\":\"ok\",\"offset_ns\":-5,\"bound_ns\":0,\"delay_ns\":3,\"leap\":"
		"1,\"authenticated\":false,"
		"\"sources\":[{\"name\":\"time.example\",\"address\":\"192.0.2.1\","
		"\"port\":123,"
		"\"scheme\":\"ntp\",\"status\":\"selected\",\"reason\":null,\"stratum\":1,"
		"\"refid\":\"GPS\",\"offset_ns\":-1234567890123456789,\"bound_ns\":7,"
		"\"delay_ns\":0,\"root_delay_ns\":0,\"root_dispersion_ns\":15,\"sent\":2,"
		"\"received\":1,\"authentication\":null,\"nts\":null}],\"plan\":{"
		"\"action\":\"step\",\"by_ns\":-5,\"reason\":"
		"\"--step was "
		"given\",\"lasts_ns\":null},\"held_back\":null,\"applied\":{\"action\":"
		"\"step\",\"by_ns\":-5,"
		"\"lasts_ns\":null,\"ends\":null},\"learnt\":null}");
	free(text);
}

/* An unknown value is null, never 0, and every key exists. */
static void unknown_is_null(void **state)
{
	static const char *const nulls[] = { "address",        "stratum",
		                             "refid",          "offset_ns",
		                             "bound_ns",       "delay_ns",
		                             "root_delay_ns",  "root_dispersion_ns",
		                             "authentication", "nts" };
	static const char *const top_nulls[] = { "offset_ns", "bound_ns", "delay_ns",
		                                 "leap",      "plan",     "held_back" };
	struct run_source source = unresolved();
	struct run run = run_of(&source, 1);
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root, *shown;
	size_t i;

	(void)state;
	run.status = RUN_NO_ANSWER;
	run.has_answer = false;
	root = render(&report);
	shown = json_array_get(json_object_get(root, "sources"), 0);
	assert_int_equal(json_object_size(shown), COUNT_OF(source_keys));
	for (i = 0; i < COUNT_OF(source_keys); i++) {
		assert_non_null(json_object_get(shown, source_keys[i]));
	}
	for (i = 0; i < COUNT_OF(nulls); i++) {
		assert_true(json_is_null(json_object_get(shown, nulls[i])));
	}
	for (i = 0; i < COUNT_OF(top_nulls); i++) {
		assert_true(json_is_null(json_object_get(root, top_nulls[i])));
	}
	assert_string_equal(json_string_value(json_object_get(shown, "reason")),
	                    "no such \\x1b name");
	assert_string_equal(json_string_value(json_object_get(shown, "scheme")),
	                    "reqtime+tcp");
	assert_int_equal(json_integer_value(json_object_get(shown, "sent")), 0);
	/* `query` applies nothing and has no such key. */
	assert_null(json_object_get(root, "applied"));
	assert_int_equal(json_object_size(root), 13);
	json_decref(root);
}

static void set_without_an_action(void **state)
{
	struct run run = run_of(NULL, 0);
	const struct json_report report = { .verb = "set",
		                            .run = &run,
		                            .has_applied = true };
	json_t *root;

	(void)state;
	run.status = RUN_NOT_PERMITTED;
	root = render(&report);
	assert_true(json_is_null(json_object_get(root, "applied")));
	assert_int_equal(json_array_size(json_object_get(root, "sources")), 0);
	assert_string_equal(json_string_value(json_object_get(root, "status")),
	                    "not-permitted");
	json_decref(root);
}

static void check_has_its_state(void **state)
{
	struct run run = run_of(NULL, 0);
	const struct check_result check_result = { .state = CHECK_WARNING,
		                                   .is_inconclusive = true };
	const struct json_report report = { .verb = "check",
		                            .run = &run,
		                            .check_result = &check_result };
	json_t *root = render(&report), *check = json_object_get(root, "check");

	(void)state;
	assert_int_equal(json_object_size(root), 14);
	assert_int_equal(json_object_size(check), 3);
	assert_string_equal(json_string_value(json_object_get(check, "state")), "warning");
	assert_int_equal(json_integer_value(json_object_get(check, "exit_status")), 1);
	assert_true(json_is_true(json_object_get(check, "inconclusive")));
	json_decref(root);
}

static void order_is_kept(void **state)
{
	struct run_source sources[] = { unresolved(), answered(), unresolved() };
	struct run run = run_of(sources, COUNT_OF(sources));
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root, *array;

	(void)state;
	root = render(&report);
	array = json_object_get(root, "sources");
	assert_int_equal(json_array_size(array), 3);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(array, 1), "name")),
		"time.example");
	json_decref(root);
}

/* The words of the specification. */
struct word_row {
	const char *name;
	enum run_status status;
};

static const struct word_row word_rows[] = {
	{ "ok", RUN_OK },
	{ "no-answer", RUN_NO_ANSWER },
	{ "no-majority", RUN_NO_MAJORITY },
	{ "unsynchronised", RUN_UNSYNCHRONISED },
	{ "refused", RUN_REFUSED },
	{ "not-permitted", RUN_NOT_PERMITTED },
	{ "busy", RUN_BUSY },
	{ "error", RUN_ERROR },
};

static void status_word(void **state)
{
	const struct word_row *row = *state;
	struct run run = run_of(NULL, 0);
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root;

	run.status = row->status;
	root = render(&report);
	assert_string_equal(json_string_value(json_object_get(root, "status")), row->name);
	json_decref(root);
}

/* The refid of a secondary server is an address, not letters. */
static void refid_of_stratum_2(void **state)
{
	struct run_source source = answered();
	struct run run = run_of(&source, 1);
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root, *shown;

	(void)state;
	source.stratum = 2;
	root = render(&report);
	shown = json_array_get(json_object_get(root, "sources"), 0);
	assert_string_equal(json_string_value(json_object_get(shown, "refid")),
	                    "71.80.83.0");
	json_decref(root);
}

/* With --verbose: the timestamps, and what was discarded. */
static void samples_of_a_source(void **state)
{
	static const struct run_exchange exchanges[] = {
		{ .t1 = { 1795401744000000001 },
		  .t2 = { 1795401744000000012 },
		  .t3 = { 1795401744000000013 },
		  .t4 = { 1795401744000000024 },
		  .t1_stamp = STAMP_KERNEL,
		  .t4_stamp = STAMP_USER,
		  .has_server = true,
		  .is_accepted = true,
		  .offset_ns = -1,
		  .bound_ns = 12,
		  .delay_ns = 22 },
		{ .t1 = { 5 },
		  .t4 = { 6 },
		  .t1_stamp = STAMP_USER,
		  .t4_stamp = STAMP_KERNEL,
		  .offset_ns = 99, /* not known */
		  .reason = "kiss \"RATE\"" },
	};
	struct run_source source = answered();
	char *text;

	(void)state;
	text = json_render_source(&source);
	assert_null(strstr(text, "samples"));
	free(text);
	source.exchanges = exchanges;
	text = json_render_source(&source);
	assert_non_null(strstr(text, ",\"samples\":[]}"));
	free(text);
	source.exchange_count = COUNT_OF(exchanges);
	text = json_render_source(&source);
	assert_string_equal(
		strstr(text, ",\"samples\""),
		",\"samples\":[{\"t1_ns\":1795401744000000001,"
		"\"t2_ns\":1795401744000000012,\"t3_ns\":1795401744000000013,"
		"\"t4_ns\":1795401744000000024,\"t1_stamp\":\"kernel\","
		"\"t4_stamp\":\"user\",\"offset_ns\":-1,\"bound_ns\":12,"
		"\"delay_ns\":22,\"discarded\":null},{\"t1_ns\":5,\"t2_ns\":null,"
		"\"t3_ns\":null,\"t4_ns\":6,\"t1_stamp\":\"user\","
		"\"t4_stamp\":\"kernel\",\"offset_ns\":null,\"bound_ns\":null,"
		"\"delay_ns\":null,\"discarded\":\"kiss \\\"RATE\\\"\"}]}");
	free(text);
}

/* A line of --json-lines is the element that --json has in `sources`. */
static void source_alone(void **state)
{
	struct run_source sources[] = { answered(), unresolved() };
	struct run run = run_of(sources, COUNT_OF(sources));
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root, *array, *alone;
	char *text;
	size_t i;

	(void)state;
	root = render(&report);
	array = json_object_get(root, "sources");
	for (i = 0; i < COUNT_OF(sources); i++) {
		text = json_render_source(&sources[i]);
		assert_non_null(text);
		assert_null(strchr(text, '\n'));
		alone = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		assert_true(json_equal(alone, json_array_get(array, i)));
		json_decref(alone);
		free(text);
	}
	json_decref(root);
}

/* ... and the object after the lines has all keys, with null for `sources`. */
static void no_sources(void **state)
{
	struct run_source source = answered();
	struct run run = run_of(&source, 1);
	const struct json_report report = { .verb = "query",
		                            .run = &run,
		                            .has_no_sources = true };
	json_t *root;

	(void)state;
	root = render(&report);
	assert_true(json_is_null(json_object_get(root, "sources")));
	assert_int_equal(json_object_size(root), 13);
	json_decref(root);
}

static void ascii_only(void **state)
{
	struct run_source source = answered();
	struct run run = run_of(&source, 1);
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root, *shown;

	(void)state;
	memcpy(source.reason, "z\xc3\xbcrich", sizeof("z\xc3\xbcrich"));
	root = render(&report);
	shown = json_array_get(json_object_get(root, "sources"), 0);
	assert_string_equal(json_string_value(json_object_get(shown, "reason")),
	                    "z\xc3\xbcrich");
	json_decref(root);
}

/* The duration of a slew, and `learnt`; each unknown value is null. */
static void slew_and_learned(void **state)
{
	struct discipline_report discipline_report = { .state = DISCIPLINE_LOCKED,
		                                       .frequency_ppb = -50012,
		                                       .frequency_sd_ppb = 13,
		                                       .has_phase = true,
		                                       .phase_ns = 220000,
		                                       .phase_sd_ns = 85000,
		                                       .has_bound = true,
		                                       .bound_ns = 1500000,
		                                       .ahead_ns = 3600 * NS_PER_S,
		                                       .rate_missing_ppb = 1200,
		                                       .drag = { .has_long_term = true,
		                                                 .long_term_ppb = -49000,
		                                                 .corrected_ns = -77 } };
	const struct plan plan = { PLAN_SLEW, PLAN_ADVISED, 220000 };
	const struct held_back held_back = { { INT64_C(1795350896) * NS_PER_S },
		                             { INT64_C(1795351196) * NS_PER_S },
		                             -5 };
	const struct run run = { .status = RUN_OK };
	struct json_report report = { .verb = "set",
		                      .run = &run,
		                      .plan = &plan,
		                      .has_applied = true,
		                      .is_applied = true,
		                      .applied = PLAN_SLEW,
		                      .applied_ns = 220000,
		                      .slew_lasts_ns = 440 * NS_PER_MS,
		                      .slew_ends = { INT64_C(1795350896) * NS_PER_S },
		                      .discipline_report = &discipline_report };
	char *text;

	(void)state;
	text = json_render(&report);
	assert_non_null(strstr(text, "\"lasts_ns\":440000000},\"held_back\":null,"
	                             "\"applied\":{\"action\":\"slew\","
	                             "\"by_ns\":220000,\"lasts_ns\":440000000,"
	                             "\"ends\":\"2026-11-22T12:34:56.000000000Z\"},"
	                             "\"learnt\":{\"state\":\"steady\","
	                             "\"frequency_ppb\":-50012,\"frequency_sd_ppb\":13,"
	                             "\"phase_ns\":220000,\"phase_sd_ns\":85000,"
	                             "\"bound_ns\":1500000,\"ahead_ns\":3600000000000,"
	                             "\"long_term_ppb\":-49000,\"corrected_day_ns\":-77,"
	                             "\"rate_missing_ppb\":1200}}"));
	free(text);
	report.held_back = &held_back;
	text = json_render(&report);
	assert_non_null(strstr(text, "\"held_back\":{"
	                             "\"first_seen\":\"2026-11-22T12:34:56.000000000Z\","
	                             "\"confirm_after\":\"2026-11-22T12:39:56.000000000Z\","
	                             "\"by_ns\":-5}"));
	free(text);
	discipline_report.has_phase = false;
	discipline_report.has_bound = false;
	discipline_report.drag.has_long_term = false;
	text = json_render(&report);
	assert_non_null(strstr(text, "\"phase_ns\":null,\"phase_sd_ns\":null,"
	                             "\"bound_ns\":null,\"ahead_ns\":null,"
	                             "\"long_term_ppb\":null,"));
	free(text);
	discipline_report.state = DISCIPLINE_UNSET;
	text = json_render(&report);
	assert_non_null(strstr(text, "\"learnt\":null}"));
	free(text);
}

static void ipv6_address(void **state)
{
	struct run_source source = answered();
	struct run run = run_of(&source, 1);
	const struct json_report report = { .verb = "query", .run = &run };
	json_t *root, *shown;

	(void)state;
	source.address = (struct address){ .family = ADDRESS_IPV6,
		                           .octets = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	root = render(&report);
	shown = json_array_get(json_object_get(root, "sources"), 0);
	assert_string_equal(json_string_value(json_object_get(shown, "address")),
	                    "2001:db8::1");
	json_decref(root);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(whole_line),
		cmocka_unit_test(unknown_is_null),
		cmocka_unit_test(set_without_an_action),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(refid_of_stratum_2),
		cmocka_unit_test(ipv6_address),
		cmocka_unit_test(ascii_only),
		cmocka_unit_test(source_alone),
		cmocka_unit_test(samples_of_a_source),
		cmocka_unit_test(no_sources),
		cmocka_unit_test(check_has_its_state),
		cmocka_unit_test(no_sources),
		cmocka_unit_test(slew_and_learned),
	};
	struct CMUnitTest tests[COUNT_OF(word_rows) + COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(word_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = word_rows[i].name,
			                     .test_func = status_word,
			                     .initial_state = (void *)&word_rows[i] };
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
