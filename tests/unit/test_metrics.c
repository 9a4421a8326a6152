/* SPDX-License-Identifier: MIT
 *
 * The metrics file of a run, and the counters continued from the previous file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/metrics.h"

#define MS(ms) (INT64_C(ms) * 1000000)
#define S(seconds) (INT64_C(seconds) * 1000000000)

static const struct instant now = { S(1795000000) + 5 };

static void name_source(struct run_source *source, enum scheme scheme, const char *name,
                        uint16_t port)
{
	source->scheme = scheme;
	source->port = port;
	snprintf(source->name, sizeof(source->name), "%s", name);
}

static struct metrics measured(enum run_verb verb)
{
	struct run_source sources[3];
	struct run run = { .status = RUN_OK,
		           .has_answer = true,
		           .offset_ns = -1234567,
		           .bound_ns = 300000,
		           .delay_ns = MS(2),
		           .leap = NTP_LEAP_INSERT,
		           .sources = sources,
		           .source_count = 3 };
	struct run_record record;
	struct metrics metrics;

	memset(&metrics, 0, sizeof(metrics));
	memset(sources, 0, sizeof(sources));
	name_source(&sources[0], SCHEME_NTP, "a.example", 1123);
	sources[0].status = SOURCE_FALSETICKER;
	sources[0].has_estimate = true;
	sources[0].offset_ns = S(7000);
	sources[0].bound_ns = MS(1);
	sources[0].delay_ns = MS(3);
	name_source(&sources[1], SCHEME_NTS, "b.example", NTS_PORT);
	sources[1].status = SOURCE_SELECTED;
	sources[1].has_header = true;
	sources[1].stratum = 2;
	sources[1].root_delay_ns = MS(20);
	sources[1].root_dispersion_ns = MS(5);
	name_source(&sources[2], SCHEME_NTP, "2001:db8::1", NTP_PORT);
	sources[2].status = SOURCE_UNREACHABLE;
	run_record_init(&record, verb, &run);
	record.has_kernel = 1;
	record.frequency_after_ppb = -12345;
	metrics.verb = verb;
	metrics.ended = now;
	metrics.duration_ns = MS(24);
	metrics_note_run(&metrics, &run, &record);
	return metrics;
}

#define STATUS_LINE(name, status, count)                                                   \
	"reqtime_server_status{verb=\"set\",server=\"" name "\",status=\"" status          \
	"\"} " #count "\n"
#define STATUS(name, selected, agreeing, falseticker, rejected, unreachable)               \
	STATUS_LINE(name, "selected", selected)                                            \
	STATUS_LINE(name, "agreeing", agreeing)                                            \
	STATUS_LINE(name, "falseticker", falseticker)                                      \
	STATUS_LINE(name, "rejected", rejected)                                            \
	STATUS_LINE(name, "unreachable", unreachable)

#define INFO                                                                               \
	"# HELP reqtime_info The program that wrote this file.\n"                          \
	"# TYPE reqtime_info gauge\n"

static const char *const set_page = INFO
	"reqtime_info{verb=\"set\",version=\"" REQTIME_VERSION "\"} 1\n"
	"# HELP reqtime_success 1 if the last run had a trusted answer and completed its "
	"task.\n"
	"# TYPE reqtime_success gauge\n"
	"reqtime_success{verb=\"set\"} 1\n"
	"# HELP reqtime_exit_status Exit status of the last run.\n"
	"# TYPE reqtime_exit_status gauge\n"
	"reqtime_exit_status{verb=\"set\"} 0\n"
	"# HELP reqtime_failed_runs Failed runs since the last success.\n"
	"# TYPE reqtime_failed_runs gauge\n"
	"reqtime_failed_runs{verb=\"set\"} 0\n"
	"# HELP reqtime_run_timestamp_seconds End of the last run, in seconds since 1970.\n"
	"# TYPE reqtime_run_timestamp_seconds gauge\n"
	"reqtime_run_timestamp_seconds{verb=\"set\"} 1795000000.000000005\n"
	"# HELP reqtime_last_success_timestamp_seconds End of the last successful "
	"run, in seconds since 1970.\n"
	"# TYPE reqtime_last_success_timestamp_seconds gauge\n"
	"reqtime_last_success_timestamp_seconds{verb=\"set\"} 1795000000.000000005\n"
	"# HELP reqtime_run_duration_seconds Duration of the last run.\n"
	"# TYPE reqtime_run_duration_seconds gauge\n"
	"reqtime_run_duration_seconds{verb=\"set\"} 0.024\n"
	"# HELP reqtime_sources Servers asked, by their status.\n"
	"# TYPE reqtime_sources gauge\n"
	"reqtime_sources{verb=\"set\",status=\"selected\"} 1\n"
	"reqtime_sources{verb=\"set\",status=\"agreeing\"} 0\n"
	"reqtime_sources{verb=\"set\",status=\"falseticker\"} 1\n"
	"reqtime_sources{verb=\"set\",status=\"rejected\"} 0\n"
	"reqtime_sources{verb=\"set\",status=\"unreachable\"} 1\n"
	"# HELP reqtime_source_authenticated Servers whose answer was authenticated.\n"
	"# TYPE reqtime_source_authenticated gauge\n"
	"reqtime_source_authenticated{verb=\"set\"} 0\n"
	"# HELP reqtime_offset_seconds Server minus local clock: above 0 the local clock "
	"is "
	"behind.\n"
	"# TYPE reqtime_offset_seconds gauge\n"
	"reqtime_offset_seconds{verb=\"set\"} -0.001234567\n"
	"# HELP reqtime_bound_seconds The true offset is within offset +- bound.\n"
	"# TYPE reqtime_bound_seconds gauge\n"
	"reqtime_bound_seconds{verb=\"set\"} 0.0003\n"
	"# HELP reqtime_delay_seconds Smallest round trip to a selected server.\n"
	"# TYPE reqtime_delay_seconds gauge\n"
	"reqtime_delay_seconds{verb=\"set\"} 0.002\n"
	"# HELP reqtime_leap Leap second announced: 0 none, 1 inserted, 2 deleted.\n"
	"# TYPE reqtime_leap gauge\n"
	"reqtime_leap{verb=\"set\"} 1\n"
	"# HELP reqtime_remaining_offset_seconds Offset left when the run ended: a step is "
	"done by then, a slew has only begun.\n"
	"# TYPE reqtime_remaining_offset_seconds gauge\n"
	"reqtime_remaining_offset_seconds{verb=\"set\"} -0.001234567\n"
	"# HELP reqtime_earliest_offset_seconds The true time was not earlier than the "
	"clock plus this when the run ended.\n"
	"# TYPE reqtime_earliest_offset_seconds gauge\n"
	"reqtime_earliest_offset_seconds{verb=\"set\"} -0.001534567\n"
	"# HELP reqtime_latest_offset_seconds The true time was not later than the clock "
	"plus this when the run ended.\n"
	"# TYPE reqtime_latest_offset_seconds gauge\n"
	"reqtime_latest_offset_seconds{verb=\"set\"} -0.000934567\n"
	"# HELP reqtime_pending_slew_seconds Part of it that the kernel is still slewing, "
	"at 0.0005 s per second.\n"
	"# TYPE reqtime_pending_slew_seconds gauge\n"
	"reqtime_pending_slew_seconds{verb=\"set\"} -0.0009995\n"
	"# HELP reqtime_authenticated 1 if authenticated servers alone have decided.\n"
	"# TYPE reqtime_authenticated gauge\n"
	"reqtime_authenticated{verb=\"set\"} 0\n"
	"# HELP reqtime_stratum Lowest stratum of the selected servers.\n"
	"# TYPE reqtime_stratum gauge\n"
	"reqtime_stratum{verb=\"set\"} 2\n"
	"# HELP reqtime_root_distance_seconds Root distance of the best selected "
	"server.\n"
	"# TYPE reqtime_root_distance_seconds gauge\n"
	"reqtime_root_distance_seconds{verb=\"set\"} 0.015\n"
	"# HELP reqtime_frequency_ratio Correction of the clock's frequency in the "
	"kernel.\n"
	"# TYPE reqtime_frequency_ratio gauge\n"
	"reqtime_frequency_ratio{verb=\"set\"} -0.000012345\n"
	"# HELP reqtime_server_status Addresses of the server, by their status.\n"
	"# TYPE reqtime_server_status gauge\n" STATUS("a.example:1123", 0, 0, 1, 0, 0)
		STATUS("nts://b.example", 1, 0, 0, 0, 0) STATUS(
			"2001:db8::1", 0, 0, 0, 0,
			1) "# HELP reqtime_server_offset_seconds Server minus local clock, "
			   "as measured with "
			   "this server.\n"
			   "# TYPE reqtime_server_offset_seconds gauge\n"
			   "reqtime_server_offset_seconds{verb=\"set\",server=\"a.example:"
			   "1123\"} 7000\n"
			   "# HELP reqtime_server_bound_seconds The true offset of this "
			   "server is within its "
			   "offset +- bound.\n"
			   "# TYPE reqtime_server_bound_seconds gauge\n"
			   "reqtime_server_bound_seconds{verb=\"set\",server=\"a.example:"
			   "1123\"} 0.001\n"
			   "# HELP reqtime_server_delay_seconds Smallest round trip to "
			   "this server.\n"
			   "# TYPE reqtime_server_delay_seconds gauge\n"
			   "reqtime_server_delay_seconds{verb=\"set\",server=\"a.example:"
			   "1123\"} 0.003\n"
			   "# HELP reqtime_server_stratum Stratum that the server states.\n"
			   "# TYPE reqtime_server_stratum gauge\n"
			   "reqtime_server_stratum{verb=\"set\",server=\"nts://"
			   "b.example\"} 2\n"
			   "# HELP reqtime_servers_left_out Servers without metrics of "
			   "their own: those "
			   "beyond the first 64.\n"
			   "# TYPE reqtime_servers_left_out gauge\n"
			   "reqtime_servers_left_out{verb=\"set\"} 0\n"
			   "# HELP reqtime_action Action of the last run on the clock.\n"
			   "# TYPE reqtime_action gauge\n"
			   "reqtime_action{verb=\"set\",action=\"none\"} 0\n"
			   "reqtime_action{verb=\"set\",action=\"slew\"} 1\n"
			   "reqtime_action{verb=\"set\",action=\"step\"} 0\n"
			   "reqtime_action{verb=\"set\",action=\"refuse\"} 0\n"
			   "# HELP reqtime_held_back 1 while the result of the last run "
			   "needs another run to "
			   "confirm it.\n"
			   "# TYPE reqtime_held_back gauge\n"
			   "reqtime_held_back{verb=\"set\"} 0\n"
			   "# HELP reqtime_adjustment_seconds Correction that the last run "
			   "made or "
			   "began.\n"
			   "# TYPE reqtime_adjustment_seconds gauge\n"
			   "reqtime_adjustment_seconds{verb=\"set\"} -0.001\n";

static void a_page_of_set(void **state)
{
	const struct metrics_previous previous = { .has_success = true, .failed_runs = 7 };
	struct metrics metrics = measured(RUN_VERB_SET);
	char page[METRICS_SIZE];
	size_t len;

	(void)state;
	metrics.run.applied_action = PLAN_SLEW;
	metrics.run.applied_by_ns = MS(-1);
	metrics.run.slew_after_ns = -999500;
	assert_true(metrics_are_valid(&metrics));
	len = metrics_write(&metrics, &previous, page);
	assert_int_equal(len, strlen(page));
	assert_string_equal(page, set_page);
}

static void has(const char *page, const char *line, bool is_there)
{
	if ((strstr(page, line) != NULL) != is_there) {
		fail_msg("%s \"%s\" in\n%s", is_there ? "no" : "there is", line, page);
	}
}

/* The offset left when the run has ended. */
/* clang-format off */
static const struct left_row {
	const char *name;
	enum run_status status;
	enum plan_action applied;
	int64_t offset_ns, by_ns;
	bool has_kernel;
	int64_t slew_ns;
	const char *remaining, *pending; /* NULL: not there */
} left_rows[] = {
	{ "left: stepped by all of it",        RUN_OK, PLAN_STEP, S(30), S(30), true, 0, "0", "0" },
	{ "left: stepped back by most of it",  RUN_OK, PLAN_STEP, S(-30), S(-30) + MS(2), true, 0, "-0.002", "0" },
	{ "left: a slew has only begun",       RUN_OK, PLAN_SLEW, MS(400), MS(400), true, MS(400) - 500000, "0.4", "0.3995" },
	{ "left: a slew, the kernel unread",   RUN_OK, PLAN_SLEW, MS(-400), MS(-400), false, 0, "-0.4", "-0.4" },
	{ "left: a slew of the run before",    RUN_OK, PLAN_NONE, MS(300), 0, true, MS(299), "0.3", "0.299" },
	{ "left: nothing was to be done",      RUN_OK, PLAN_NONE, 1000, 0, true, 0, "0.000001", "0" },
	{ "left: refused",                     RUN_REFUSED, PLAN_NONE, S(7200), 0, true, 0, "7200", "0" },
	{ "left: a part was accepted",         RUN_REFUSED, PLAN_STEP, S(6), S(3), true, 0, "3", "0" },
	{ "left: another program at work",     RUN_BUSY, PLAN_NONE, MS(5), 0, true, 0, "0.005", "0" },
	{ "left: a step that did not come about", RUN_ERROR, PLAN_STEP, S(30), S(30), true, 0, NULL, NULL },
	{ "left: an error before any action",    RUN_ERROR, PLAN_NONE, S(30), 0, true, 0, "30", "0" },
	{ "left: further than can be counted", RUN_OK, PLAN_STEP, INT64_MAX, INT64_MIN, true, 0, "9223372036.854775807", "0" },
};
/* clang-format on */

static void has(const char *page, const char *line, bool is_there);

static void has_figure(const char *page, const char *name, const char *value)
{
	char line[128];

	snprintf(line, sizeof(line), "\nreqtime_%s{verb=\"set\"} %s%s", name,
	         value ? value : "", value ? "\n" : "");
	has(page, line, value != NULL);
}

static void left_row(void **state)
{
	const struct metrics_previous previous = { .failed_runs = 0 };
	const struct left_row *row = *state;
	struct metrics metrics = measured(RUN_VERB_SET);
	char page[METRICS_SIZE];

	metrics.run.status = (uint32_t)row->status;
	metrics.run.applied_action = (uint32_t)row->applied;
	metrics.run.applied_by_ns = row->by_ns;
	metrics.run.offset_ns = row->offset_ns;
	metrics.run.has_kernel = row->has_kernel;
	metrics.run.slew_after_ns = row->slew_ns;
	metrics_write(&metrics, &previous, page);
	has_figure(page, "remaining_offset_seconds", row->remaining);
	has_figure(page, "pending_slew_seconds", row->pending);
	has(page, "\nreqtime_earliest_offset_seconds{", row->remaining != NULL);
	has(page, "\nreqtime_latest_offset_seconds{", row->remaining != NULL);
}

/* Unknown values are left out; earlier counters continue. */
static void a_run_without_answer(void **state)
{
	struct metrics metrics = measured(RUN_VERB_QUERY);
	const struct metrics_previous none = { .failed_runs = 0 };
	struct metrics_previous previous;
	char page[METRICS_SIZE];

	(void)state;
	metrics_write(&metrics, &none, page);
	previous = metrics_read_previous(page, RUN_VERB_QUERY, now);
	assert_true(previous.has_success);
	assert_true(previous.success.unix_ns == now.unix_ns);
	assert_int_equal(previous.failed_runs, 0);
	assert_false(previous.has_failing_since);
	has(page, "failing_since", false);

	metrics.run.status = RUN_NO_ANSWER;
	metrics.run.has_answer = 0;
	metrics.has_server = 0;
	for (uint32_t i = 0; i < metrics.servers.count; i++) {
		metrics.servers.of[i].has_estimate = 0;
		metrics.servers.of[i].has_stratum = 0;
	}
	metrics.run.has_kernel = 0;
	metrics.exit_status = 1;
	metrics.ended = instant_add_ns(now, S(3600));
	for (unsigned i = 1; i < 4; i++) {
		char failed[64];

		metrics_write(&metrics, &previous, page);
		has(page, "\nreqtime_success{verb=\"query\"} 0\n", true);
		has(page, "\nreqtime_exit_status{verb=\"query\"} 1\n", true);
		has(page,
		    "\nreqtime_last_success_timestamp_seconds{verb=\"query\"} "
		    "1795000000.000000005\n",
		    true);
		snprintf(failed, sizeof(failed),
		         "\nreqtime_failed_runs{verb=\"query\"} %u\n", i);
		has(page, failed, true);
		has(page, "status=\"unreachable\"} 1\n", true);
		has(page,
		    "\nreqtime_failing_since_timestamp_seconds{verb=\"query\"} "
		    "1795003600.000000005\n",
		    true);
		metrics.ended = instant_add_ns(metrics.ended, S(3600));
		previous = metrics_read_previous(page, RUN_VERB_QUERY, metrics.ended);
	}
	has(page, "offset", false);
	has(page, "bound", false);
	has(page, "delay", false);
	has(page, "stratum", false);
	has(page, "frequency", false);
	has(page, "reqtime_action", false);
	has(page, "check_state", false);
	previous.has_success = false;
	metrics_write(&metrics, &previous, page);
	has(page, "last_success", false);
}

static void a_run_that_measured_nothing(void **state)
{
	const struct metrics_previous previous = { .failed_runs = UINT32_MAX };
	struct metrics metrics;
	char page[METRICS_SIZE];

	(void)state;
	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = RUN_VERB_SET;
	metrics.exit_status = 4;
	metrics_write(&metrics, &previous, page);
	has(page, "\nreqtime_exit_status{verb=\"set\"} 4\n", true);
	has(page, "\nreqtime_success{verb=\"set\"} 0\n", true);
	has(page, "action=\"none\"} 1\n", true);
	has(page, "reqtime_sources", false);
	has(page, "reqtime_failed_runs{verb=\"set\"} 4294967295\n", true);
}

static void a_refusal_and_a_check(void **state)
{
	const struct metrics_previous previous = { .failed_runs = 0 };
	struct metrics metrics = measured(RUN_VERB_SET);
	char page[METRICS_SIZE];

	(void)state;
	metrics.run.status = RUN_REFUSED;
	metrics.run.has_plan = 1;
	metrics.run.plan_action = PLAN_REFUSE;
	metrics_write(&metrics, &previous, page);
	has(page, "action=\"refuse\"} 1\n", true);
	has(page, "reqtime_success{verb=\"set\"} 0\n", true);
	has(page, "reqtime_offset_seconds{verb=\"set\"} -0.001234567\n", true);

	/* The offset was corrected, but the frequency could not be set. */
	metrics = measured(RUN_VERB_SET);
	metrics.exit_status = 6;
	metrics_write(&metrics, &previous, page);
	has(page, "reqtime_success{verb=\"set\"} 0\n", true);
	has(page, "reqtime_failed_runs{verb=\"set\"} 1\n", true);
	/* A value beyond a range is no failure of the check. */
	metrics = measured(RUN_VERB_CHECK);
	metrics.exit_status = 2;
	metrics_write(&metrics, &previous, page);
	has(page, "reqtime_success{verb=\"check\"} 1\n", true);

	metrics = measured(RUN_VERB_CHECK);
	metrics.has_check = 1;
	metrics.check_state = CHECK_CRITICAL;
	metrics_write(&metrics, &previous, page);
	has(page, "\nreqtime_check_state{verb=\"check\"} 2\n", true);
}

/* Every figure at its longest. */
static void the_longest_page_fits(void **state)
{
	const struct metrics_previous previous = { .has_success = true,
		                                   .success = { INT64_MIN },
		                                   .failed_runs = UINT64_MAX };
	struct metrics metrics = measured(RUN_VERB_SET);
	char page[METRICS_SIZE];

	(void)state;
	metrics.ended.unix_ns = INT64_MIN;
	metrics.duration_ns = INT64_MAX;
	metrics.run.offset_ns = INT64_MIN;
	metrics.run.bound_ns = INT64_MAX;
	metrics.run.delay_ns = INT64_MAX;
	metrics.run.frequency_after_ppb = INT64_MIN;
	metrics.run.applied_by_ns = INT64_MIN;
	metrics.root_distance_ns = INT64_MAX;
	metrics.has_check = 1;
	memset(metrics.source_counts, 0xff, sizeof(metrics.source_counts));
	memset(&metrics.servers, 0, sizeof(metrics.servers));
	assert_true(metrics_write(&metrics, &previous, page) <
	            METRICS_SIZE - METRICS_SERVERS_SIZE);
	metrics.servers.count = METRICS_SERVERS_MAX;
	metrics.servers.left_out = UINT32_MAX;
	for (size_t i = 0; i < METRICS_SERVERS_MAX; i++) {
		struct metrics_server *server = &metrics.servers.of[i];

		memset(server, 0xff, sizeof(*server));
		memset(server->name, '"', sizeof(server->name) - 1);
		server->name[sizeof(server->name) - 1] = '\0';
		server->has_estimate = server->has_stratum = 1;
		server->offset_ns = server->bound_ns = server->delay_ns = INT64_MIN;
	}
	assert_true(metrics_write(&metrics, &previous, page) < METRICS_SIZE);
	assert_true(metrics_are_valid(&metrics));
	has(page, "reqtime_offset_seconds{verb=\"set\"} -9223372036.854775808\n", true);
}

/* A name with several addresses is one server, and its best address speaks for it. */
static void the_addresses_of_a_name(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		enum source_status status;
		int64_t bound_ns; /* 0: no estimate */
	} rows[] = {
		{ "pool", SOURCE_FALSETICKER, 1 },
		{ "pool", SOURCE_SELECTED, MS(20) },
		{ "pool", SOURCE_SELECTED, MS(10) },
		{ "pool", SOURCE_SELECTED, MS(30) },
		{ "pool", SOURCE_UNREACHABLE, 0 },
		{ "late", SOURCE_REJECTED, 0 },
		{ "late", SOURCE_REJECTED, MS(1) },
		{ "pool", SOURCE_UNREACHABLE, 0 }, /* named twice */
	};
	/* clang-format on */
	struct run_source sources[COUNT_OF(rows)];
	const struct run run = { .sources = sources, .source_count = COUNT_OF(rows) };
	struct metrics_servers servers;

	(void)state;
	memset(sources, 0, sizeof(sources));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		name_source(&sources[i], SCHEME_NTP, rows[i].name, NTP_PORT);
		sources[i].status = rows[i].status;
		sources[i].has_estimate = rows[i].bound_ns > 0;
		sources[i].bound_ns = rows[i].bound_ns;
	}
	metrics_servers_note(&servers, &run);
	assert_int_equal(servers.count, 2);
	assert_int_equal(servers.left_out, 0);
	assert_int_equal(servers.of[0].status_counts[SOURCE_SELECTED], 3);
	assert_int_equal(servers.of[0].status_counts[SOURCE_FALSETICKER], 1);
	assert_int_equal(servers.of[0].status_counts[SOURCE_UNREACHABLE], 2);
	assert_int_equal(servers.of[0].bound_ns, MS(10));
	assert_int_equal(servers.of[1].has_estimate, 1);
	assert_int_equal(servers.of[1].bound_ns, MS(1));
}

/* 70 servers, of which the last six have two addresses. */
static void more_servers_than_fit(void **state)
{
	enum { SERVERS = METRICS_SERVERS_MAX + 6 };
	static struct run_source sources[SERVERS + 6];
	struct run run = { .sources = sources };
	struct metrics_servers servers;
	char name[16];

	(void)state;
	for (int i = 0; i < SERVERS; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		name_source(&sources[run.source_count++], SCHEME_NTP, name, NTP_PORT);
		if (i >= METRICS_SERVERS_MAX) {
			name_source(&sources[run.source_count++], SCHEME_NTP, name,
			            NTP_PORT);
		}
	}
	metrics_servers_note(&servers, &run);
	assert_int_equal(servers.count, METRICS_SERVERS_MAX);
	assert_string_equal(servers.of[METRICS_SERVERS_MAX - 1].name, "s63");
	assert_int_equal(servers.left_out, 6);
}

/* No name of a server is such, and no label may depend on that. */
static void labels_are_escaped(void **state)
{
	char page[256];
	struct prometheus out = { .text = text_to(page, sizeof(page)), .prefix = "p" };

	(void)state;
	prometheus_begin(&out, "m");
	prometheus_label(&out, "a", "x\"} 1\ny\\z");
	prometheus_label(&out, "b", "\xc3\xa9\xff\t\x7f");
	prometheus_end(&out, 5);
	assert_string_equal(page, "p_m{a=\"x\\\"} 1\\ny\\\\z\","
	                          "b=\"\\\\xc3\\\\xa9\\\\xff\\\\x09\\\\x7f\"} 5\n");
}

static void invalid_values(void **state)
{
	struct metrics metrics = measured(RUN_VERB_SET);

	(void)state;
	metrics.verb = RUN_VERB_COUNT;
	assert_false(metrics_are_valid(&metrics));
	metrics = measured(RUN_VERB_SET);
	metrics.run.status = 99;
	assert_false(metrics_are_valid(&metrics));
	metrics.is_measured = 0;
	assert_true(metrics_are_valid(&metrics));
	metrics.duration_ns = -1;
	assert_false(metrics_are_valid(&metrics));
	metrics = measured(RUN_VERB_SET);
	metrics.check_state = CHECK_UNKNOWN + 1;
	assert_false(metrics_are_valid(&metrics));
	metrics = measured(RUN_VERB_SET);
	metrics.servers.count = METRICS_SERVERS_MAX + 1;
	assert_false(metrics_are_valid(&metrics));
	metrics = measured(RUN_VERB_SET);
	memset(metrics.servers.of[0].name, 'x', METRICS_SERVER_NAME_SIZE);
	assert_false(metrics_are_valid(&metrics));
}

/* clang-format off */
#define L "\nreqtime_last_success_timestamp_seconds{verb=\"set\"} "
#define F "\nreqtime_failed_runs{verb=\"set\"} "
#define B "\nreqtime_failing_since_timestamp_seconds{verb=\"set\"} "
static const struct view_row {
	const char *text;
	bool has_success;
	int64_t success_ns;
	uint64_t failed_runs;
	int64_t failing_since_ns; /* 0: not known */
} view_rows[] = {
	{ L "1700000000.5\n" F "3\n", true, S(1700000000) + 500000000, 3, 0 },
	{ L "0\n" F "0\n",            true, 0, 0, 0 },
	{ L "1.000000001\n",          true, S(1) + 1, 0, 0 },
	{ L "1795000000.000000005\n", true, S(1795000000) + 5, 0, 0 },
	{ L "1795000000.000000006\n", false, 0, 0, 0 }, /* after now */
	{ "",                         false, 0, 0, 0 },
	{ L,                          false, 0, 0, 0 },
	{ L "1700000000",             false, 0, 0, 0 }, /* cut off */
	{ L "NaN\n" F "NaN\n",        false, 0, 0, 0 },
	{ L "+Inf\n" F "-1\n",        false, 0, 0, 0 },
	{ L "1e9\n",                  false, 0, 0, 0 },
	{ L "\n" F ".5\n",            false, 0, 0, 0 },
	{ L "1.0000000001\n",         false, 0, 0, 0 },
	{ L "1 \n",                   false, 0, 0, 0 },
	{ L "9223372036.854775808\n", false, 0, 0, 0 },
	{ L "99999999999999999999999999999\n" F "99999999999999999999999999999\n", false, 0, 0, 0 },
	{ "\nreqtime_last_success_timestamp_seconds{verb=\"check\"} 1\n", false, 0, 0, 0 },
	{ "\nreqtime_failed_runs 3\n", false, 0, 0, 0 },
	{ F "3\n" B "1700000000.5\n", false, 0, 3, S(1700000000) + 500000000 },
	{ B "1795000000.000000006\n", false, 0, 0, 0 }, /* after now */
	{ B "NaN\n",                  false, 0, 0, 0 },
};
/* clang-format on */

static void view_row(void **state)
{
	const struct view_row *row = *state;
	struct metrics_previous previous =
		metrics_read_previous(row->text, RUN_VERB_SET, now);

	assert_int_equal(previous.has_success, row->has_success);
	assert_true(!row->has_success || previous.success.unix_ns == row->success_ns);
	assert_int_equal(previous.failed_runs, row->failed_runs);
	assert_int_equal(previous.has_failing_since, row->failing_since_ns != 0);
	assert_true(!previous.has_failing_since ||
	            previous.failing_since.unix_ns == row->failing_since_ns);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_page_of_set),
		cmocka_unit_test(a_run_without_answer),
		cmocka_unit_test(a_run_that_measured_nothing),
		cmocka_unit_test(a_refusal_and_a_check),
		cmocka_unit_test(the_longest_page_fits),
		cmocka_unit_test(the_addresses_of_a_name),
		cmocka_unit_test(more_servers_than_fit),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(invalid_values),
	};
	struct CMUnitTest
		tests[COUNT_OF(others) + COUNT_OF(view_rows) + COUNT_OF(left_rows)];
	size_t count = COUNT_OF(others);

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT_OF(view_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = "past",
			                     .test_func = view_row,
			                     .initial_state = (void *)&view_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(left_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = left_rows[i].name,
			                     .test_func = left_row,
			                     .initial_state = (void *)&left_rows[i] };
	}
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
