/* SPDX-License-Identifier: MIT
 *
 * The server's metrics as Prometheus text.
 */
#include "app/server/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct page {
	char *buf;
	size_t size;
	size_t len;
	bool is_full;
};

static void put(struct page *p, const char *format, ...) PRINTF_LIKE(2, 3);
static void put(struct page *p, const char *format, ...)
{
	va_list arguments;
	int n;

	if (p->is_full) {
		return;
	}
	va_start(arguments, format);
	n = vsnprintf(p->buf + p->len, p->size - p->len, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= p->size - p->len) {
		p->is_full = true;
		return;
	}
	p->len += (size_t)n;
}

static void put_head(struct page *p, const char *name, const char *type, const char *help)
{
	put(p, "# HELP reqtimed_%s %s\n# TYPE reqtimed_%s %s\n", name, help, name, type);
}

static void put_counter(struct page *p, const char *name, const char *help, uint64_t value)
{
	put_head(p, name, "counter", help);
	put(p, "reqtimed_%s %" PRIu64 "\n", name, value);
}

static void put_gauge(struct page *p, const char *name, const char *help, int64_t value)
{
	put_head(p, name, "gauge", help);
	put(p, "reqtimed_%s %" PRId64 "\n", name, value);
}

/* Nanoseconds as seconds; none of these is negative. */
static void put_seconds(struct page *p, const char *name, const char *help, int64_t ns)
{
	put_head(p, name, "gauge", help);
	put(p, "reqtimed_%s %" PRId64 ".%09" PRId64 "\n", name, ns / NS_PER_S,
	    ns % NS_PER_S);
}

/* Label values are fixed words: letters and blanks. */
static void put_datagrams(struct page *p, const struct serve_counts *c)
{
	uint64_t all = 0;

	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		all += c->by_verdict[i];
	}
	put_counter(p, "requests_total", "Datagrams received.", all);
	put_counter(p, "answers_total", "Datagrams answered with the time.",
	            c->by_verdict[SERVE_ANSWER]);
	put_head(p, "dropped_total", "counter", "Datagrams not answered, by reason.");
	for (size_t i = SERVE_ANSWER + 1; i < SERVE_VERDICT_COUNT; i++) {
		if (i != SERVE_KISSED) {
			put(p, "reqtimed_dropped_total{reason=\"%s\"} %" PRIu64 "\n",
			    serve_verdict_text((enum serve_verdict)i), c->by_verdict[i]);
		}
	}
	put_counter(p, "kisses_total", "Requests answered with the kiss code RATE.",
	            c->by_verdict[SERVE_KISSED]);
	put_counter(p, "lucky_total",
	            "Requests beyond the rate that were answered by chance.",
	            c->counters[SERVE_LEAKED]);
	put_counter(p, "clients_total",
	            "Addresses (IPv6: /64) not seen before, or not recently.",
	            c->counters[SERVE_SOURCES]);
	put_counter(p, "interleaved_total", "Answers in interleaved mode.",
	            c->counters[SERVE_INTERLEAVED]);
}

static void put_batches(struct page *p, const struct serve_counts *c)
{
	uint64_t sum = 0, all = 0;

	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		sum += c->by_verdict[i];
	}
	put_head(p, "batch_size", "histogram", "Datagrams read by one system call.");
	for (unsigned i = 0; i < SERVE_BATCH_SIZES; i++) {
		all += c->batches[i];
		put(p, "reqtimed_batch_size_bucket{le=\"%u\"} %" PRIu64 "\n", 1U << i, all);
	}
	put(p, "reqtimed_batch_size_bucket{le=\"+Inf\"} %" PRIu64 "\n", all);
	put(p, "reqtimed_batch_size_sum %" PRIu64 "\n", sum);
	put(p, "reqtimed_batch_size_count %" PRIu64 "\n", all);
}

static void put_clock(struct page *p, const struct serve_metrics *m)
{
	static const char *const bases[] = { [SERVE_BY_LOCAL] = "itself",
		                             [SERVE_BY_KERNEL] = "kernel",
		                             [SERVE_BY_SYNC_SOURCE] = "run" };
	const struct ntp_server_state *ntp = &m->view.ntp;

	put_gauge(p, "clock_synchronised", "Whether the time is served as synchronised.",
	          ntp->leap != NTP_LEAP_UNSYNCHRONISED);
	put_gauge(p, "clock_after_step",
	          "Whether the clock was stepped within the last 10 s.",
	          m->view.is_after_step);
	put_gauge(p, "clock_stratum", "Stratum in the answers, 16: none.", ntp->stratum);
	put_gauge(p, "clock_leap", "Leap indicator in the answers.", ntp->leap);
	put_seconds(p, "clock_root_delay_seconds", "Root delay in the answers.",
	            ntp->root_delay_ns);
	put_seconds(p, "clock_root_dispersion_seconds", "Root dispersion in the answers.",
	            ntp->root_dispersion_ns);
	put_head(p, "clock_basis", "gauge", "Basis of the answers: 1 for the current one.");
	for (unsigned i = 0; i < COUNT_OF(bases); i++) {
		put(p, "reqtimed_clock_basis{basis=\"%s\"} %d\n", bases[i],
		    i == (unsigned)m->view.basis);
	}
	put_seconds(p, "clock_reference_timestamp_seconds",
	            "When the clock was last set, as in the answers; 0: unknown.",
	            ntp->reference.unix_ns);
	put_seconds(p, "send_latency_seconds",
	            "Added to the transmit stamp: the least time an answer takes to leave.",
	            m->counts.tx_lead_ns);
	put_counter(p, "departures_total", "Answers with a transmit time from the kernel.",
	            m->counts.counters[SERVE_TX_STAMPS]);
	put_counter(p, "departures_early_total",
	            "Of these, answers that left before their transmit stamp.",
	            m->counts.counters[SERVE_TOO_EARLY]);
	put_seconds(p, "start_time_seconds", "When the server started, since 1970.",
	            m->started.unix_ns);
}

size_t serve_metrics_write(const struct serve_metrics *metrics, char *buf, size_t size)
{
	const struct serve_tcp_counts *tcp = &metrics->counts.tcp;
	struct page p = { .buf = buf, .size = size };

	put_datagrams(&p, &metrics->counts);
	put_batches(&p, &metrics->counts);
	put_head(&p, "connections_total", "counter", "TCP connections, by outcome.");
	put(&p, "reqtimed_connections_total{end=\"answered\"} %" PRIu64 "\n",
	    tcp->answered);
	put(&p, "reqtimed_connections_total{end=\"dropped\"} %" PRIu64 "\n", tcp->dropped);
	put(&p, "reqtimed_connections_total{end=\"refused\"} %" PRIu64 "\n", tcp->refused);
	put(&p, "reqtimed_connections_total{end=\"denied\"} %" PRIu64 "\n", tcp->denied);
	put_clock(&p, metrics);
	return p.is_full ? 0 : p.len;
}
