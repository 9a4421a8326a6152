/* SPDX-License-Identifier: MIT
 *
 * The metrics page: the text format of Prometheus, and the numbers that were given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/server/metrics.h"

static struct serve_metrics example(void)
{
	struct serve_metrics m;

	memset(&m, 0, sizeof(m));
	m.counts.by_verdict[SERVE_ANSWER] = 100;
	m.counts.by_verdict[SERVE_NO_REQUEST] = 20;
	m.counts.by_verdict[SERVE_KISSED] = 3;
	m.counts.counters[SERVE_SOURCES] = 7;
	m.counts.batches[0] = 50;
	m.counts.batches[1] = 10;
	m.counts.batches[5] = 1;
	m.counts.tx_lead_ns = 1234;
	m.counts.tcp.denied = 9;
	m.view.ntp.stratum = 3;
	m.view.ntp.root_dispersion_ns = 1500000001;
	m.view.basis = SERVE_BY_SYNC_SOURCE;
	m.view.ntp.reference.unix_ns = INT64_C(1794999999500000000);
	m.started.unix_ns = INT64_C(1795000000000000001);
	return m;
}

static const char *const lines[] = {
	"reqtimed_requests_total 123",
	"reqtimed_answers_total 100",
	"reqtimed_dropped_total{reason=\"no request\"} 20",
	"reqtimed_dropped_total{reason=\"not allowed\"} 0",
	"reqtimed_kisses_total 3",
	"reqtimed_clients_total 7",
	"reqtimed_batch_size_bucket{le=\"1\"} 50",
	"reqtimed_batch_size_bucket{le=\"2\"} 60",
	"reqtimed_batch_size_bucket{le=\"16\"} 60",
	"reqtimed_batch_size_bucket{le=\"32\"} 61",
	"reqtimed_batch_size_bucket{le=\"+Inf\"} 61",
	"reqtimed_batch_size_sum 123",
	"reqtimed_batch_size_count 61",
	"reqtimed_connections_total{end=\"denied\"} 9",
	"reqtimed_clock_synchronised 1",
	"reqtimed_clock_stratum 3",
	"reqtimed_clock_root_dispersion_seconds 1.500000001",
	"reqtimed_clock_basis{basis=\"itself\"} 0",
	"reqtimed_clock_basis{basis=\"kernel\"} 0",
	"reqtimed_clock_basis{basis=\"run\"} 1",
	"reqtimed_clock_reference_timestamp_seconds 1794999999.5",
	"reqtimed_send_latency_seconds 0.000001234",
	"reqtimed_start_time_seconds 1795000000.000000001",
	"# TYPE reqtimed_batch_size histogram",
};

static void line(void **state)
{
	const struct serve_metrics m = example();
	char page[SERVE_METRICS_SIZE];
	char wanted[256];

	assert_true(serve_metrics_write(&m, page, sizeof(page)) > 0);
	snprintf(wanted, sizeof(wanted), "\n%s\n", (const char *)*state);
	assert_non_null(strstr(page, wanted));
}

static void all_or_nothing(void **state)
{
	const struct serve_metrics m = example();
	char page[SERVE_METRICS_SIZE];
	size_t len = serve_metrics_write(&m, page, sizeof(page));

	(void)state;
	assert_int_equal(strlen(page), len);
	assert_int_equal(page[len - 1], '\n');
	for (size_t size = 1; size <= len; size += 97) {
		assert_int_equal(serve_metrics_write(&m, page, size), 0);
	}
	assert_int_equal(serve_metrics_write(&m, page, len + 1), len);
}

/* The largest numbers there are still fit. */
static void the_largest_page_fits(void **state)
{
	struct serve_metrics m;
	char page[SERVE_METRICS_SIZE];

	(void)state;
	memset(&m, 0x7f, sizeof(m));
	m.view.is_after_step = true;
	m.view.ntp.leap = NTP_LEAP_UNSYNCHRONISED;
	assert_true(serve_metrics_write(&m, page, sizeof(page)) > 0);
	assert_non_null(strstr(page, "reqtimed_clock_synchronised 0\n"));
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(lines) + 2];
	size_t n = 0;

	memset(tests, 0, sizeof(tests));
	for (; n < COUNT_OF(lines); n++) {
		tests[n].name = lines[n];
		tests[n].test_func = line;
		tests[n].initial_state = (void *)(uintptr_t)lines[n];
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(all_or_nothing);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_largest_page_fits);
	return cmocka_run_group_tests_name("serve_metrics", tests, NULL, NULL);
}
