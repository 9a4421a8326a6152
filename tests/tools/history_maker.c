/* SPDX-License-Identifier: MIT
 *
 * Fabricates a history of RUNS hourly runs of `set` through io/store/history.c, the last one at
 * 2026-11-25 12:00 UTC; the same words make the same runs.
 *
 *   history_maker DIR [RUNS [WORD...]]
 *
 *   first-step   the first run finds the clock 3.21 s behind and steps it
 *   steps        a step of 0.7 s each 97 runs
 *   failures     each 11th run gets no answer, each 29th no majority
 *   reboots      the boot id changes each 150 runs; the first run after it fails at 1970
 *   spike        one run is 40 ms off: every picture must show it
 *   gaps         three days without a run each 200 runs
 *   months       four months without a run in the middle
 *   silent       no run gets an answer
 *   decades      the first run finds the clock at 1970 and steps it
 *   always       each run steps the clock by its offset
 *   constant     the same offset and frequency in all runs
 *   queries      each 5th run is a query, each 7th a dry run
 *   hostile      names and reasons that are markup, formulas and control codes
 *   extreme      offsets, bounds and times at the ends of 64 bits
 *   wal          the writer is killed: the latest runs are only in the -wal file
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/store/history.h"

#define HOUR_NS (3600 * NS_PER_S)
#define LAST_NS (INT64_C(1795608000) * NS_PER_S) /* 2026-11-25 12:00 UTC */

enum { RUNS_DEFAULT = 200, SOURCES = 4 };

static const char *const *words;
static size_t word_count;

static bool is_wanted(const char *word)
{
	for (size_t i = 0; i < word_count; i++) {
		if (strcmp(words[i], word) == 0) {
			return true;
		}
	}
	return false;
}

/* -1..1, a function of `n` alone. */
static double noise(uint64_t n)
{
	n = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ (n >> 31)) * UINT64_C(0xbf58476d1ce4e5b9);
	n ^= n >> 29;
	return (double)(n % 2000001) / 1e6 - 1;
}

static void text_set(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void fill_answer(struct run_record *run, size_t i)
{
	const double day = sin((double)i * 2 * M_PI / 24), wander = noise(i);
	const int64_t quiet_ns = (int64_t)(day * 120000 + wander * 90000);

	run->has_answer = 1;
	run->sample_count = 4;
	run->offset_ns = is_wanted("constant") ? 25000 : quiet_ns;
	run->bound_ns = 2400000 + (int64_t)(noise(i * 3) * 700000);
	run->delay_ns = 4100000 + (int64_t)(fabs(noise(i * 7)) * 1900000);
	run->jitter_ns = 30000;
	run->agreeing_count = SOURCES;
	run->has_plan = 1;
	run->plan_action = PLAN_SLEW;
	run->plan_reason = PLAN_ADVISED;
	run->plan_by_ns = run->offset_ns;
	run->applied_action = PLAN_SLEW;
	run->applied_by_ns = run->offset_ns;
}

static void fail(struct run_record *run, enum run_status status, uint32_t exit_status)
{
	run->has_answer = 0;
	run->has_plan = 0;
	run->status = (uint32_t)status;
	run->exit_status = exit_status;
	run->agreeing_count = status == RUN_NO_MAJORITY ? 2 : 0;
	run->applied_action = PLAN_NONE;
	run->applied_by_ns = 0;
}

static void step(struct run_record *run, int64_t offset_ns)
{
	run->offset_ns = offset_ns;
	run->at = instant_add_ns(run->at, -offset_ns); /* the clock was wrong by it */
	run->plan_action = PLAN_STEP;
	run->plan_reason = PLAN_LARGE;
	run->plan_by_ns = offset_ns;
	run->applied_action = PLAN_STEP;
	run->applied_by_ns = offset_ns;
}

static void fill_extreme(struct run_record *run, size_t i)
{
	static const int64_t values[] = { INT64_MIN, INT64_MAX, INT64_MIN + 1, 0, -1, 1 };

	run->status = RUN_BUSY; /* else all others would be too old */
	run->exit_status = 5;
	run->offset_ns = values[i % COUNT_OF(values)];
	run->bound_ns = i % 2 ? INT64_MAX : 0;
	run->delay_ns = i % 3 ? INT64_MAX : 0;
	run->frequency_after_ppb = values[(i + 3) % COUNT_OF(values)];
	if (i % 4 == 0) {
		run->at.unix_ns = values[i % 3];
	}
}

static void fill_run(struct run_record *run, size_t i, size_t count)
{
	const int64_t gaps_ns =
		is_wanted("gaps") ? (int64_t)((count - 1 - i) / 200) * 72 * HOUR_NS : 0;
	const size_t boot = is_wanted("reboots") ? i / 150 : 0;
	const int64_t months_ns =
		is_wanted("months") && i < count / 2 ? 120 * 24 * HOUR_NS : 0;

	memset(run, 0, sizeof(*run));
	run->at.unix_ns =
		LAST_NS - (int64_t)(count - 1 - i) * HOUR_NS - gaps_ns - months_ns;
	run->boot_ns = (int64_t)i * HOUR_NS;
	run->mono_ns = run->boot_ns;
	snprintf(run->boot_id, sizeof(run->boot_id), "00000000-0000-4000-8000-%012u",
	         (unsigned)(boot & 0xffff));
	text_set(run->version, sizeof(run->version),
	         is_wanted("hostile") ? "<b>0.1&\"0\x1b[2J" : "0.1.0");
	run->verb = RUN_VERB_SET;
	run->asked_count = SOURCES;
	run->has_kernel = 1;
	run->frequency_before_ppb = is_wanted("constant")
	                                    ? 12345
	                                    : 12345 + (int64_t)(800 * sin((double)i / 60) +
	                                                        150 * noise(i * 11));
	run->frequency_after_ppb = run->frequency_before_ppb;
	run->max_error_ns = 2500000;
	run->estimated_error_ns = 80000;
	fill_answer(run, i);
	if (is_wanted("spike") && i == count / 3) {
		run->offset_ns = 40 * NS_PER_MS;
	}
	if (is_wanted("first-step") && i == 0) {
		step(run, INT64_C(3210) * NS_PER_MS);
	}
	if (is_wanted("decades") && i == 0) {
		step(run, run->at.unix_ns - 20 * NS_PER_S);
	}
	if (is_wanted("always")) {
		step(run, run->offset_ns);
	}
	if (is_wanted("silent")) {
		fail(run, RUN_NO_ANSWER, 1);
	}
	if (is_wanted("steps") && i % 97 == 96) {
		step(run, i % 2 ? -700 * NS_PER_MS : 700 * NS_PER_MS);
	}
	if (is_wanted("failures") && i % 11 == 10) {
		fail(run, RUN_NO_ANSWER, 1);
	}
	if (is_wanted("failures") && i % 29 == 28) {
		fail(run, RUN_NO_MAJORITY, 1);
	}
	if (is_wanted("reboots") && i > 0 && i % 150 == 0) {
		fail(run, RUN_NO_ANSWER, 1);
		run->at.unix_ns = 20 * NS_PER_S;
	}
	if (is_wanted("queries") && (i % 5 == 4 || i % 7 == 6)) {
		run->verb = i % 5 == 4 ? RUN_VERB_QUERY : RUN_VERB_SET;
		run->is_dry = i % 5 != 4;
		run->applied_action = PLAN_NONE;
		run->applied_by_ns = 0;
	}
	if (is_wanted("extreme")) {
		fill_extreme(run, i);
	}
}

static const char *name_of(size_t i)
{
	static const char *const quiet[SOURCES] = { "time.example.org", "ntp1.example.net",
		                                    "ntp2.example.net", "2001:db8::7" };
	static const char *const hostile[SOURCES] = {
		"<script>alert(1)</script>", "=HYPERLINK(\"http://x\",\"y\")",
		"a,\"b\"\r\nc\x1b]0;owned\x07\xff", "&lt;img src=x onerror=alert(2)&gt;"
	};

	return is_wanted("hostile") ? hostile[i] : quiet[i];
}

static void fill_source(struct source_record *source, const struct run_record *run,
                        size_t run_at, size_t i)
{
	memset(source, 0, sizeof(*source));
	text_set(source->name, sizeof(source->name), name_of(i));
	source->address.family = ADDRESS_IPV4;
	memcpy(source->address.octets, (const uint8_t[4]){ 192, 0, 2, (uint8_t)(i + 1) },
	       4);
	source->address.port = 123;
	source->port = 123;
	source->scheme = SCHEME_NTP;
	source->sent_count = 4;
	if (!run->has_answer) {
		source->status = SOURCE_UNREACHABLE;
		text_set(source->reason, sizeof(source->reason),
		         is_wanted("hostile") ? "</td><script>alert(3)</script>\x1b[31m"
		                              : "no answer");
		return;
	}
	source->status = i == 0 ? SOURCE_SELECTED : SOURCE_AGREEING;
	source->received_count = 4;
	source->has_header = 1;
	source->stratum = (uint8_t)(i == 0 ? 1 : 2);
	memcpy(source->refid, i == 0 ? "GPS" : "\xc0\x00\x02\x01", 4);
	source->root_delay_ns = i == 0 ? 0 : 900000;
	source->root_dispersion_ns = 400000;
	source->has_estimate = 1;
	source->offset_ns = run->offset_ns / 2 + (int64_t)(noise(run_at * 4 + i) * 50000);
	source->bound_ns = 3100000;
	source->delay_ns = run->delay_ns / 2;
}

static int store_all(struct history *history, size_t count)
{
	struct source_record sources[SOURCES];
	struct run_record run;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		fill_run(&run, i, count);
		for (size_t s = 0; s < SOURCES; s++) {
			fill_source(&sources[s], &run, i, s);
		}
		r = history_store(history, &run, sources, SOURCES, NULL);
	}
	return r;
}

int main(int argc, char **argv)
{
	const struct history_settings settings = { .may_write = true,
		                                   .may_create = true,
		                                   .keep_ns = 20000 * HOUR_NS };
	const size_t count =
		argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : (size_t)RUNS_DEFAULT;
	char warning[HISTORY_WARNING_SIZE];
	struct history *history = NULL;
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: history_maker DIR [RUNS [WORD...]]\n");
		return 2;
	}
	words = (const char *const *)argv + 3;
	word_count = argc > 3 ? (size_t)argc - 3 : 0;
	r = history_open(argv[1], &settings, &history, warning);
	if (r == 0) {
		r = store_all(history, count);
	}
	if (r < 0) {
		fprintf(stderr, "history_maker: %s %s\n", strerror(-r), warning);
		return 1;
	}
	if (is_wanted("wal")) {
		fflush(NULL);
		raise(SIGKILL);
	}
	history_close(history);
	return 0;
}
