/* SPDX-License-Identifier: MIT
 *
 * The output in every format for every outcome of a run: fixed runs, a fixed clock, fixed
 * ports, against tests/data/golden/CASE.txt.  People reviewed those files; GOLDEN_WRITE=1
 * rewrites them, and the difference needs a review.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cli/json.h"
#include "core/report/formats.h"
#include "core/report/report.h"
#include "golden_file.h"

#define MS(ms) (INT64_C(ms) * 1000000)
#define S(seconds) (INT64_C(seconds) * 1000000000)

enum { OUTPUT_SIZE = 32768, SOURCES_MAX = 5, A_PID = 4711 };

/* clang-format off */
static const struct source_row {
	const char *name, *address, *reason;
	enum source_status status;
	enum scheme scheme;
	uint16_t port;
	unsigned sent, received;
	int stratum; /* -1: no header */
	const char *refid;
	int64_t offset_ns, bound_ns, delay_ns; /* bound 0: no estimate */
}
#define NEAR { "ntp1.example", "192.0.2.1", "", SOURCE_SELECTED, SCHEME_NTP, 123, 1, 1, 1, "GPS", \
	       12345678, 1512345, 2345678 }
#define NEXT { "ntp2.example", "2001:db8:12::7:123", "", SOURCE_SELECTED, SCHEME_NTP, 123, 4, 3, 2, \
	       "\xc0\x00\x02\x01", 12456789, 4020001, 7812345 }
#define OFF  { "ntp3.example", "192.0.2.3", "3.488 s from what the majority agrees on", \
	       SOURCE_FALSETICKER, SCHEME_NTP, 123, 2, 2, 1, "PPS", S(3) + 500123456, 12345678, 23456789 }
#define KISS { "2001:db8::5", "2001:db8::5", "kiss code RATE: asked too often", SOURCE_REJECTED, \
	       SCHEME_NTP, 1123, 1, 1, 0, "RATE", 0, 0, 0 }
#define DEAD { "clock.example", "192.0.2.9", "no answer", SOURCE_UNREACHABLE, SCHEME_REQTIME, 9191, \
	       4, 0, -1, "", 0, 0, 0 }
#define GONE { "nowhere.example", "", "Name or service not known", SOURCE_UNREACHABLE, SCHEME_NTP, \
	       123, 0, 0, -1, "", 0, 0, 0 }
#define LOST { "ntp4.example", "192.0.2.4", "not synchronised", SOURCE_REJECTED, SCHEME_NTP, 123, 1, 1, \
	       0, "INIT", 0, 0, 0 }
#define FAR  { "a-very-long-name-of-a-server.in-some-department.example.org", "192.0.2.1", "", \
	       SOURCE_SELECTED, SCHEME_NTP, 123, 4, 4, 1, "GPS", S(817087057) + 542900000, 212000, 210300 }
#define NTS_1 { "ntp1.example", "192.0.2.1", "", SOURCE_SELECTED, SCHEME_NTS, 4460, 1, 1, 1, "GPS", \
	       12345678, 1512345, 2345678 }
#define NTS_2 { "told.example", "2001:db8:12::7", "", SOURCE_SELECTED, SCHEME_NTS, 4460, 1, 1, 2, \
	       "\xc0\x00\x02\x01", 12456789, 4020001, 7812345 }
#define NTS_3 { "ntp3.example", "192.0.2.3", "key exchange: connection refused", SOURCE_UNREACHABLE, \
	       SCHEME_NTS, 14460, 0, 0, -1, "", 0, 0, 0 }
#define NO_VOTE { "ntp4.example", "192.0.2.4", "agrees, but has no vote: it is not authenticated", \
	       SOURCE_AGREEING, SCHEME_NTP, 123, 1, 1, 1, "PPS", 12400000, 3456789, 4567890 }
mixed[] = { NEAR, NEXT, OFF, KISS, DEAD }, alone[] = { NEAR }, lost[] = { LOST, KISS },
gone[] = { DEAD, GONE }, far[] = { FAR, NEXT }, two[] = { NEAR, OFF }, proved[] = { NTS_1, NTS_2, NTS_3, NO_VOTE };

#define ROWS(rows) (rows), COUNT_OF(rows)

static const struct golden {
	const char *name;
	const struct source_row *sources;
	size_t source_count;
	enum run_status status;
	const char *reason;
	bool has_answer;
	int64_t offset_ns, bound_ns, delay_ns;
	size_t agreeing, asked;
	uint8_t leap;
	bool is_set; /* and it did as planned */
	const struct plan *plan;
} goldens[] = {
	{ "slew", ROWS(mixed), RUN_OK, "", true, 12345678, 1512345, 2345678, 2, 3, 0, false,
	  &(struct plan){ PLAN_SLEW, PLAN_SMALL, 12345678 } },
	{ "agrees", ROWS(alone), RUN_OK, "", true, -512, 1512345, 2345678, 1, 1, 0, false,
	  &(struct plan){ PLAN_NONE, PLAN_WITHIN_BOUND, 0 } },
	{ "step", ROWS(far), RUN_OK, "", true, -S(3) - 500123456, 12345, 210300, 2, 2, NTP_LEAP_INSERT, false,
	  &(struct plan){ PLAN_STEP, PLAN_LARGE, -S(3) - 500123456 } },
	{ "refuse", ROWS(far), RUN_OK, "", true, S(817087057) + 542900000, 212000, 210300, 2, 2, 0, false,
	  &(struct plan){ PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(817087057) + 542900000 } },
	{ "nts", ROWS(proved), RUN_OK, "", true, 12345678, 1512345, 2345678, 2, 3, 0, false,
	  &(struct plan){ PLAN_SLEW, PLAN_SMALL, 12345678 } },
	{ "no-answer", ROWS(gone), RUN_NO_ANSWER, "", false, 0, 0, 0, 0, 2, 0, false, NULL },
	{ "no-majority", ROWS(two), RUN_NO_MAJORITY,
	  "1 server says +12.35 ms, 1 says +3.500 s; name one more server, or trust one alone: reqtime set SERVER",
	  false, 0, 0, 0, 1, 2, 0, false, NULL },
	{ "unsynchronised", ROWS(lost), RUN_UNSYNCHRONISED, "", false, 0, 0, 0, 0, 2, 0, false, NULL },
	{ "set-step", ROWS(alone), RUN_OK, "", true, S(3) + 500123456, 1512345, 2345678, 1, 1, 0, true,
	  &(struct plan){ PLAN_STEP, PLAN_LARGE, S(3) + 500123456 } },
	{ "set-slew", ROWS(alone), RUN_OK, "", true, -3456, 1512345, 2345678, 1, 1, 0, true,
	  &(struct plan){ PLAN_SLEW, PLAN_SMALL, -3456 } },
	{ "set-nothing", ROWS(alone), RUN_OK, "", true, 5, 1512345, 2345678, 1, 1, 0, true,
	  &(struct plan){ PLAN_NONE, PLAN_WITHIN_BOUND, 0 } },
	{ "set-refused", ROWS(far), RUN_REFUSED, "the offset is beyond --refuse-above", true,
	  S(817087057) + 542900000, 212000, 210300, 2, 2, 0, true,
	  &(struct plan){ PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(817087057) + 542900000 } },
	{ "set-busy", NULL, 0, RUN_BUSY, "another run holds the lock", false, 0, 0, 0, 0, 0, 0, true, NULL },
	{ "set-not-permitted", NULL, 0, RUN_NOT_PERMITTED, "CAP_SYS_TIME is missing", false, 0, 0, 0, 0, 0, 0,
	  true, NULL },
	{ "set-error", ROWS(alone), RUN_ERROR, "Invalid argument", true, 12345678, 1512345, 2345678, 1, 1, 0, true,
	  &(struct plan){ PLAN_SLEW, PLAN_SMALL, 12345678 } },
};
/* clang-format on */

static void fill(struct run_source *source, const struct source_row *row)
{
	*source = (struct run_source){
		.scheme = row->scheme,
		.port = row->port,
		.status = row->status,
		.sent = row->sent,
		.received = row->received,
		.has_header = row->stratum >= 0,
		.stratum = (uint8_t)(row->stratum >= 0 ? row->stratum : 0),
		.root_delay_ns = 1234567,
		.root_dispersion_ns = 15259,
		.has_estimate = row->bound_ns != 0,
		.offset_ns = row->offset_ns,
		.bound_ns = row->bound_ns,
		.delay_ns = row->delay_ns,
		.sent_stamp = row->sent > 0 ? STAMP_KERNEL : STAMP_NONE,
		.received_stamp = row->received > 0 ? STAMP_USER : STAMP_NONE,
	};
	snprintf(source->name, sizeof(source->name), "%s", row->name);
	snprintf(source->reason, sizeof(source->reason), "%s", row->reason);
	memcpy(source->refid, row->refid, strnlen(row->refid, 4));
	if (row->refid[0] == '\xc0') {
		memcpy(source->refid, row->refid, 4);
	}
	if (row->address[0] != '\0') {
		assert_true(address_parse(row->address, &source->address));
		source->address.port = row->port;
	}
}

/* The certificate of "told" is valid by the server's time alone. */
static void fill_nts(struct run_source *source)
{
	const bool is_told = strncmp(source->name, "told", 4) == 0;

	source->nts.key_port = source->port;
	source->nts.has_keys = source->has_estimate;
	if (source->nts.has_keys) {
		source->address.port = 123;
		source->nts.is_authenticated = true;
		source->nts.is_told = is_told;
		source->nts.cookie_count = is_told ? 7 : 8;
		source->nts.key_exchange_ns = is_told ? -1 : MS(12);
		source->nts.window = (struct nts_window){ 1793491200, 1801267199 };
		snprintf(source->nts.subject, sizeof(source->nts.subject), "%.60s",
		         source->name);
	}
}

static char output[OUTPUT_SIZE];
static struct text all;

/* Octets that an editor hides or changes are made visible, and the version is replaced. */
static void put_visible(const char *text)
{
	static const char version[] = "\"version\":\"" REQTIME_VERSION "\"";

	for (; *text; text++) {
		if (*text == '\033') {
			text_put(&all, "\\e");
		} else if (*text == '\r') {
			text_put(&all, "\\r");
		} else if (strncmp(text, version, sizeof(version) - 1) == 0) {
			text_put(&all, "\"version\":\"VERSION\"");
			text += sizeof(version) - 2;
		} else {
			text_octets(&all, text, 1);
		}
	}
}

static void put_table(const struct golden *golden, const struct run *run, const char *title,
                      const struct style *style)
{
	static char buf[OUTPUT_SIZE];

	text_format(&all, "== %s\n", title);
	report_table(run, style, buf, sizeof(buf));
	put_visible(buf);
	report_details(run, style, buf, sizeof(buf));
	put_visible(buf);
	/* `set` reports its action instead. */
	report_verdict(run, golden->is_set ? NULL : golden->plan, style, buf, sizeof(buf));
	put_visible(buf);
	if (golden->is_set && run->status == RUN_OK) {
		report_action(&(struct report_action){ .action = golden->plan->action,
		                                       .by_ns = golden->plan->by_ns,
		                                       .lasts_ns = 2 * S(1) / 3,
		                                       .ends = run->at,
		                                       .reason = golden->plan->reason,
		                                       .has_set_hardware_clock = true },
		              style, buf, sizeof(buf));
		put_visible(buf);
	}
}

static void put_json(const struct golden *golden, const struct run *run)
{
	struct json_report report = { .verb = golden->is_set ? "set" : "query",
		                      .run = run,
		                      .plan = golden->plan,
		                      .has_applied = golden->is_set };
	char *text;

	if (golden->is_set && run->status == RUN_OK) {
		report.is_applied = true;
		report.applied = golden->plan->action;
		report.applied_ns = golden->plan->by_ns;
	}
	text = json_render(&report);
	assert_non_null(text);
	text_format(&all, "== json\n");
	put_visible(text);
	text_put(&all, "\n");
	free(text);
}

static void render(const struct golden *golden)
{
	static char buf[OUTPUT_SIZE];
	struct run_source sources[SOURCES_MAX];
	struct run run = {
		.status = golden->status,
		.at = { INT64_C(1795610096789012345) }, /* 2026-11-25T12:34:56.789012345Z */
		.has_answer = golden->has_answer,
		.offset_ns = golden->offset_ns,
		.bound_ns = golden->bound_ns,
		.delay_ns = golden->delay_ns,
		.leap = golden->leap,
		.agreeing_count = golden->agreeing,
		.asked_count = golden->asked,
		.needed_count = golden->asked / 2 + 1,
		.sources = sources,
		.source_count = golden->source_count,
	};

	snprintf(run.reason, sizeof(run.reason), "%s", golden->reason);
	for (size_t i = 0; i < golden->source_count; i++) {
		fill(&sources[i], &golden->sources[i]);
		if (sources[i].scheme == SCHEME_NTS) {
			fill_nts(&sources[i]);
			run.is_authenticated = true;
		}
	}
	all = text_to(output, sizeof(output));
	put_table(golden, &run, "table, 80 columns", &STYLE_PLAIN);
	put_table(golden, &run, "table, 120 columns, UTF-8",
	          &(struct style){ .columns = 120, .has_utf8 = true });
	put_table(golden, &run, "table, 60 columns, UTF-8, colours",
	          &(struct style){ .columns = 60, .has_utf8 = true, .has_color = true });
	text_put(&all, "== csv\n");
	report_csv(&run, golden->plan, buf, sizeof(buf));
	put_visible(buf);
	text_put(&all, "== ntpdate\n");
	report_ntpdate(&run, golden->plan, A_PID,
	               !golden->is_set || golden->status == RUN_OK, buf, sizeof(buf));
	put_visible(buf);
	put_json(golden, &run);
	assert_true(all.len < sizeof(output));
}

static void golden_row(void **state)
{
	const struct golden *golden = *state;

	render(golden);
	golden_file_is(golden->name, output);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(goldens)];

	for (size_t i = 0; i < COUNT_OF(goldens); i++) {
		tests[i] = (struct CMUnitTest){ .name = goldens[i].name,
			                        .test_func = golden_row,
			                        .initial_state = (void *)&goldens[i] };
	}
	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
