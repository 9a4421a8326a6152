/* SPDX-License-Identifier: MIT
 *
 * Fleets and pairs in every format, for fixed runs, against tests/data/golden/fleet-*.txt.
 * People reviewed those files; GOLDEN_WRITE=1 rewrites them, and the difference needs a
 * review.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cli/json_fleet.h"
#include "golden_file.h"

#define US NS_PER_US
#define MS NS_PER_MS
#define S NS_PER_S

enum { OUTPUT_SIZE = 1 << 17, SERVERS_MAX = 120, DRIFT_PPB = 500000 };

static const struct server {
	const char *name, *address, *reason;
	size_t server;
	uint16_t port;
	unsigned stratum;
	int64_t offset_ns, bound_ns; /* bound 0: silent */
} mixed[] = {
	/* clang-format off */
	{ "ntp1.example", "192.0.2.1", "", 0, 123, 1, 345678, 1512345 },
	{ "2001:db8:12::7", "2001:db8:12::7", "", 1, 1123, 2, -50 * MS - 345678, 912345 },
	{ "a-very-long-name-of-a-server.in-some-department.example.org", "192.0.2.3", "", 2, 123, 3,
	  817087057 * S + 542900000, 212 * US },
	{ "back.example", "192.0.2.4", "", 3, 123, 2, -3 * S - 500123456, 12345678 },
	{ "wide.example", "192.0.2.5", "", 4, 123, 9, 9 * MS, 250 * MS },
	{ "dead.example", "192.0.2.6", "no answer", 5, 123, 0, 0, 0 },
	{ "lost.example", "192.0.2.7", "leap indicator 3: it is not synchronised", 6, 123, 3, 0, 0 },
	{ "kiss.example", "192.0.2.8",
	  "asked to be left alone (kiss code RATE) until 11:26 UTC; to ask it now: reqtime query --state-dir /dev/null",
	  7, 123, 0, 0, 0 },
	{ "odd\x1b[31mname", "", "Name or service not known", 8, 123, 0, 0, 0 },
	{ "pool.example", "192.0.2.9", "", 9, 123, 2, 5 * US, 2 * MS },
	{ "pool.example", "2001:db8:9::1", "", 9, 123, 2, 77 * MS, 3 * MS },
	{ "edge.example", "fe80::1%eth0", "", 10, 123, 1, 0, 10 * MS },
	/* clang-format on */
};

static struct run_source sources[SERVERS_MAX];
static struct fleet_row rows[FLEET_PAIRS(SERVERS_MAX)];
static struct keyed scratch[FLEET_PAIRS(SERVERS_MAX)];
static char output[OUTPUT_SIZE];
static struct text all;

static void fill(struct run_source *source, const struct server *server)
{
	*source = (struct run_source){
		.server = server->server,
		.port = server->port,
		.status = server->bound_ns > 0 ? SOURCE_SELECTED : SOURCE_UNREACHABLE,
		.sent = 1,
		.received = server->bound_ns > 0,
		.has_header = server->stratum > 0,
		.stratum = (uint8_t)server->stratum,
		.has_estimate = server->bound_ns > 0,
		.offset_ns = server->offset_ns,
		.bound_ns = server->bound_ns,
		.delay_ns = server->bound_ns,
		.at_mono_ns = 1000 * S,
	};
	snprintf(source->name, sizeof(source->name), "%s", server->name);
	snprintf(source->reason, sizeof(source->reason), "%s", server->reason);
	if (server->address[0] != '\0') {
		assert_true(address_parse(server->address, &source->address));
		source->address.port = server->port;
	}
}

static struct run mixed_run(void)
{
	for (size_t i = 0; i < COUNT_OF(mixed); i++) {
		fill(&sources[i], &mixed[i]);
	}
	return (struct run){ .at = { INT64_C(1795610096789012345) },
		             .sources = sources,
		             .source_count = COUNT_OF(mixed) };
}

/* 60 are off by more and more, 20 unsure, 20 silent, 20 ok. */
static struct run large_run(void)
{
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		char name[32], address[32];
		const struct server server = {
			.name = name,
			.address = address,
			.reason = i >= 80 && i < 100 ? "no answer" : "",
			.server = i,
			.port = 123,
			.stratum = 2,
			.offset_ns = i < 60   ? (int64_t)(i + 20) * MS
			             : i < 80 ? 10 * MS
			                      : -(int64_t)i * US,
			.bound_ns = i >= 80 && i < 100 ? 0 : MS,
		};

		snprintf(name, sizeof(name), "host%03zu.example", i);
		snprintf(address, sizeof(address), "198.51.100.%zu", i);
		fill(&sources[i], &server);
	}
	return (struct run){ .at = { INT64_C(1795610096789012345) },
		             .sources = sources,
		             .source_count = SERVERS_MAX };
}

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

static void put_table(const struct fleet *fleet, enum fleet_only only, const char *title,
                      const struct style *style)
{
	static char buf[OUTPUT_SIZE];

	assert_true(fleet_table(fleet, only, style, buf, sizeof(buf)) < sizeof(buf));
	text_format(&all, "== %s\n", title);
	put_visible(buf);
}

static void put_json(char *text)
{
	assert_non_null(text);
	put_visible(text);
	text_put(&all, "\n");
	free(text);
}

static void put_formats(const struct run *run, const struct fleet *fleet)
{
	static char buf[OUTPUT_SIZE];
	const struct json_fleet report = { .run = run, .fleet = fleet };

	put_table(fleet, FLEET_ONLY_AUTO, "80 columns", &STYLE_PLAIN);
	put_table(fleet, FLEET_ONLY_AUTO, "a pipe", &STYLE_UNWRAPPED);
	put_table(fleet, FLEET_ONLY_ALL, "120 columns, UTF-8, --only all",
	          &(struct style){ .columns = 120, .has_utf8 = true });
	put_table(fleet, FLEET_ONLY_AUTO, "60 columns, UTF-8, colours",
	          &(struct style){ .columns = 60, .has_utf8 = true, .has_color = true });
	fleet_csv(fleet, FLEET_ONLY_AUTO, run->at, buf, sizeof(buf));
	text_put(&all, "== csv\n");
	put_visible(buf);
	text_put(&all, "== json\n");
	put_json(fleet->servers ? json_render_skew(&report) : json_render_fleet(&report));
}

static void put_mixed(void)
{
	struct run run = mixed_run();
	struct fleet fleet;

	fleet_judge(&run, NULL, 10 * MS, DRIFT_PPB, rows, &fleet);
	fleet.repeated_count = 2;
	fleet_sort(&fleet, scratch);
	put_formats(&run, &fleet);
	put_table(&fleet, FLEET_ONLY_OFF, "--only off", &STYLE_PLAIN);
	put_table(&fleet, FLEET_ONLY_SILENT, "--only silent", &STYLE_PLAIN);
	put_table(&fleet, FLEET_ONLY_UNSURE, "--only unsure", &STYLE_PLAIN);
	put_table(&fleet, FLEET_ONLY_OK, "--only ok", &STYLE_PLAIN);
}

static void put_reference(void)
{
	struct run run = mixed_run();
	struct fleet fleet;

	run.source_count = 5;
	sources[1].at_mono_ns += 2 * S; /* 1 ms of drift */
	fleet_judge(&run, fleet_choose(&run, 0, DRIFT_PPB), 50 * MS, DRIFT_PPB, rows,
	            &fleet);
	fleet_sort(&fleet, scratch);
	put_formats(&run, &fleet);
	/* The one at the address of another name is no second server, and has no answer. */
	run = mixed_run();
	run.source_count = 6;
	fleet_judge(&run, fleet_choose(&run, 5, DRIFT_PPB), 50 * MS, DRIFT_PPB, rows,
	            &fleet);
	fleet_sort(&fleet, scratch);
	run.status = RUN_NO_ANSWER;
	put_formats(&run, &fleet);
}

static void put_large(void)
{
	struct run run = large_run();
	struct fleet fleet;

	fleet_judge(&run, NULL, 10 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_table(&fleet, FLEET_ONLY_AUTO, "80 columns", &STYLE_PLAIN);
	put_table(&fleet, FLEET_ONLY_UNSURE, "--only unsure", &STYLE_PLAIN);
	/* 30 servers, of which 10 are not ok: only those. */
	run.sources = sources + 90;
	run.source_count = 30;
	fleet_judge(&run, NULL, 10 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_table(&fleet, FLEET_ONLY_AUTO, "those that are ok are only counted",
	          &STYLE_PLAIN);
	/* All of 30 are ok: a line. */
	run = large_run();
	for (size_t i = 0; i < 30; i++) {
		sources[i].offset_ns = (int64_t)i;
	}
	run.source_count = 30;
	fleet_judge(&run, NULL, 10 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_table(&fleet, FLEET_ONLY_AUTO, "all are ok", &STYLE_PLAIN);
}

static void put_pairs(void)
{
	static const size_t servers_at[] = { 0, 1, 2, 5 };
	const struct run_source *servers[SERVERS_MAX];
	struct run run = mixed_run();
	struct fleet fleet;

	for (size_t i = 0; i < COUNT_OF(servers_at); i++) {
		servers[i] = &sources[servers_at[i]];
	}
	fleet_pair(servers, COUNT_OF(servers_at), 0, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_formats(&run, &fleet);
	fleet_pair(servers, COUNT_OF(servers_at), 60 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_formats(&run, &fleet);
	(void)large_run();
	for (size_t i = 0; i < 30; i++) {
		servers[i] = &sources[i];
	}
	fleet_pair(servers, 30, 0, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_table(&fleet, FLEET_ONLY_AUTO, "435 pairs, without a tolerance", &STYLE_PLAIN);
	fleet_pair(servers, 30, 25 * MS, DRIFT_PPB, rows, &fleet);
	fleet_sort(&fleet, scratch);
	put_table(&fleet, FLEET_ONLY_AUTO, "435 pairs, with one", &STYLE_PLAIN);
}

static const struct golden {
	const char *name;
	void (*put)(void);
} goldens[] = {
	{ "fleet-mixed", put_mixed },
	{ "fleet-reference", put_reference },
	{ "fleet-large", put_large },
	{ "fleet-pairs", put_pairs },
};

/* Text is at most 80 columns wide where a person reads it at 80. */
static void check_width(const char *text)
{
	bool is_plain = false;

	while (*text) {
		const size_t len = strcspn(text, "\n");

		if (strncmp(text, "== ", 3) == 0) {
			is_plain = strncmp(text, "== 80", 5) == 0 ||
			           strncmp(text, "== --only", 9) == 0;
		} else if (is_plain && len > 80) {
			fail_msg("%zu columns: %.*s", len, (int)len, text);
		}
		text += len + (text[len] == '\n');
	}
}

static void golden_row(void **state)
{
	const struct golden *golden = *state;

	all = text_to(output, sizeof(output));
	golden->put();
	assert_true(all.len < sizeof(output));
	check_width(output);
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
	return cmocka_run_group_tests_name("fleet report", tests, NULL, NULL);
}
