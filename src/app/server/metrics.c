/* SPDX-License-Identifier: MIT */
#include "app/server/metrics.h"

#include <stdio.h>

#include "core/report/prometheus.h"

static void put_counter(struct prometheus *p, const char *name, const char *help,
                        uint64_t number)
{
	prometheus_number(p, name, "counter", help, number);
}

static void put_gauge(struct prometheus *p, const char *name, const char *help,
                      uint64_t number)
{
	prometheus_number(p, name, "gauge", help, number);
}

static void put_datagrams(struct prometheus *p, const struct serve_counts *c)
{
	uint64_t all = 0;

	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		all += c->by_verdict[i];
	}
	put_counter(p, "requests_total", "Datagrams received.", all);
	put_counter(p, "answers_total", "Datagrams answered with the time.",
	            c->by_verdict[SERVE_ANSWER]);
	prometheus_head(p, "dropped_total", "counter",
	                "Datagrams not answered, by reason.");
	for (size_t i = SERVE_ANSWER + 1; i < SERVE_VERDICT_COUNT; i++) {
		if (i != SERVE_KISSED) {
			prometheus_sample(p, "dropped_total", "reason",
			                  serve_verdict_text((enum serve_verdict)i),
			                  c->by_verdict[i]);
		}
	}
	put_counter(p, "kisses_total", "Requests answered with the kiss code RATE.",
	            c->by_verdict[SERVE_KISSED]);
	put_counter(p, "lucky_total",
	            "Requests beyond the rate that were answered by chance.",
	            c->counters[SERVE_LEAKED]);
	put_counter(p, "clients_total",
	            "Addresses (IPv6: /64) not seen before, or not lately.",
	            c->counters[SERVE_SOURCES]);
	put_counter(p, "interleaved_total", "Answers in interleaved mode.",
	            c->counters[SERVE_INTERLEAVED]);
}

static void put_batches(struct prometheus *p, const struct serve_counts *c)
{
	uint64_t sum = 0, all = 0;
	char size[12];

	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		sum += c->by_verdict[i];
	}
	prometheus_head(p, "batch_size", "histogram", "Datagrams read by one system call.");
	for (unsigned i = 0; i < SERVE_BATCH_SIZES; i++) {
		all += c->batches[i];
		snprintf(size, sizeof(size), "%u", 1U << i);
		prometheus_sample(p, "batch_size_bucket", "le", size, all);
	}
	prometheus_sample(p, "batch_size_bucket", "le", "+Inf", all);
	prometheus_sample(p, "batch_size_sum", NULL, NULL, sum);
	prometheus_sample(p, "batch_size_count", NULL, NULL, all);
}

static void put_clock(struct prometheus *p, const struct serve_metrics *m)
{
	static const char *const bases[] = { [SERVE_BY_LOCAL] = "itself",
		                             [SERVE_BY_KERNEL] = "kernel",
		                             [SERVE_BY_SYNC_SOURCE] = "run" };
	const struct ntp_server_state *ntp = &m->view.ntp;

	put_gauge(p, "clock_synchronised", "Whether the time is served as good.",
	          ntp->leap != NTP_LEAP_UNSYNCHRONISED);
	put_gauge(p, "clock_after_step", "Whether the clock was stepped just now.",
	          m->view.is_after_step);
	put_gauge(p, "clock_stratum", "Stratum in the answers, 16: none.", ntp->stratum);
	put_gauge(p, "clock_leap", "Leap indicator in the answers.", ntp->leap);
	prometheus_billionths(p, "clock_root_delay_seconds", "Root delay in the answers.",
	                      ntp->root_delay_ns);
	prometheus_billionths(p, "clock_root_dispersion_seconds",
	                      "Root dispersion in the answers.", ntp->root_dispersion_ns);
	prometheus_head(p, "clock_basis", "gauge", "What the answers go by: 1 for that.");
	for (unsigned i = 0; i < COUNT_OF(bases); i++) {
		prometheus_sample(p, "clock_basis", "basis", bases[i],
		                  i == (unsigned)m->view.basis);
	}
	prometheus_billionths(p, "clock_reference_timestamp_seconds",
	                      "When the clock was last set, as in the answers; 0: unknown.",
	                      ntp->reference.unix_ns);
	prometheus_billionths(
		p, "send_latency_seconds",
		"Added to the transmit stamp: the least it takes an answer to leave.",
		m->counts.tx_lead_ns);
	put_counter(p, "departures_total", "Answers whose departure the kernel told.",
	            m->counts.counters[SERVE_TX_STAMPS]);
	put_counter(p, "departures_early_total",
	            "Of these, answers that left before their transmit stamp.",
	            m->counts.counters[SERVE_TOO_EARLY]);
	prometheus_billionths(p, "start_time_seconds",
	                      "When the server started, since 1970.", m->started.unix_ns);
}

size_t serve_metrics_write(const struct serve_metrics *metrics, char *buf, size_t size)
{
	const struct serve_tcp_counts *tcp = &metrics->counts.tcp;
	struct prometheus p = { .text = text_to(buf, size), .prefix = "reqtimed" };

	put_datagrams(&p, &metrics->counts);
	put_batches(&p, &metrics->counts);
	prometheus_head(&p, "connections_total", "counter",
	                "TCP connections, by what became of them.");
	prometheus_sample(&p, "connections_total", "end", "answered", tcp->answered);
	prometheus_sample(&p, "connections_total", "end", "dropped", tcp->dropped);
	prometheus_sample(&p, "connections_total", "end", "refused", tcp->refused);
	prometheus_sample(&p, "connections_total", "end", "denied", tcp->denied);
	put_clock(&p, metrics);
	return p.text.len < size ? p.text.len : 0;
}
