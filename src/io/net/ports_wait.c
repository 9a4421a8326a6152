/* SPDX-License-Identifier: MIT
 *
 * Waiting for events: replies, names, keys, signals, the deadline.
 *
 * poll() and nothing newer: programs that simulate a clock can intercept it.  Each poll()
 * is scanned once; ready sources wait in a queue and are served one event per call, so a
 * thousand answers cost one scan and not a thousand.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/net/ports_private.h"
#include "io/sys/kernel_clock.h"

/* Datagrams served from one source before the next source's turn. */
enum { SOURCE_TURN = 16 };

_Static_assert((int)TCP_ANSWER_SIZE <= (int)DATAGRAM_SIZE, "an answer must fit");

static int serve_udp(struct kernel_ports *kp, size_t source, struct port_event *ret)
{
	struct channel *ch = &kp->channels[source];
	struct udp_arrival arrival;
	struct reading after;
	int r;
	ssize_t len = udp_receive(ch->udp, kp->octets, sizeof(kp->octets), &arrival);

	if (len == -EAGAIN) {
		return 0;
	}
	if (len < 0) {
		/* Stays open: anybody can send an ICMP error, the answer may still come. */
		*ret = (struct port_event){ .kind = PORT_FAILED,
			                    .source = source,
			                    .error = (int)-len };
		return 1;
	}
	r = kernel_clock_now(&after);
	if (r < 0) {
		return r;
	}
	*ret = (struct port_event){
		.kind = PORT_REPLY,
		.source = source,
		.octets = kp->octets,
		.len = (size_t)len,
		.is_truncated = arrival.is_truncated,
		.has_left = arrival.has_left,
		.has_arrived = arrival.has_arrived,
		.left = arrival.left,
		.arrived = arrival.arrived,
		.before = ch->before,
		.after = after,
	};
	return 1;
}

static int serve_tcp(struct kernel_ports *kp, size_t source, struct port_event *ret)
{
	struct channel *ch = &kp->channels[source];
	const uint8_t *octets = NULL;
	struct reading after;
	int r;
	ssize_t len = tcp_advance(ch->tcp, &octets, &ch->before);

	if (len == -EAGAIN) {
		kp->polled[ch->slot].events = tcp_poll_events(ch->tcp);
		return 0;
	}
	r = kernel_clock_now(&after);
	if (r < 0) {
		return r;
	}
	if (len < 0) {
		*ret = (struct port_event){ .kind = PORT_FAILED,
			                    .source = source,
			                    .error = (int)-len };
	} else {
		memcpy(kp->octets, octets, (size_t)len);
		*ret = (struct port_event){
			.kind = PORT_REPLY,
			.source = source,
			.octets = kp->octets,
			.len = (size_t)len,
			.before = ch->before,
			.after = after,
		};
	}
	/* Nothing more will arrive. */
	ports_close_channel(kp, source);
	return 1;
}

/* 1: `*ret` is an event.  0: the queue is empty. */
static int serve_ready(struct kernel_ports *kp, struct port_event *ret)
{
	while (kp->ready_at < kp->ready_count) {
		const size_t source = kp->ready[kp->ready_at];
		const struct channel *ch = &kp->channels[source];
		int r = 0;

		/* It may have been closed, or reopened for a new request, since poll(). */
		if (ch->slot != NO_SLOT && kp->turn < SOURCE_TURN) {
			r = ch->udp ? serve_udp(kp, source, ret)
			            : serve_tcp(kp, source, ret);
		}
		if (r != 0) {
			kp->turn++;
			return r;
		}
		kp->turn = 0;
		kp->ready_at++;
	}
	return 0;
}

static int serve_signal(struct kernel_ports *kp, struct port_event *ret)
{
	struct signalfd_siginfo info;
	ssize_t got;

	kp->signal_is_ready = false;
	do {
		got = read(kp->signal_fd, &info, sizeof(info));
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(info)) {
		return 0;
	}
	*ret = (struct port_event){ .kind = PORT_SIGNAL, .signal = (int)info.ssi_signo };
	return 1;
}

/* When the resolver has ended, every pending name has failed. */
static int serve_lost_name(struct kernel_ports *kp, struct port_event *ret)
{
	while (kp->names_lost_at < kp->name_max) {
		const size_t name = kp->names_lost_at++;

		if (kp->names[name].answers_due > 0) {
			kp->names[name].answers_due = 0;
			*ret = (struct port_event){
				.kind = PORT_NAME_FAILED,
				.name = name,
				.is_last = true,
				.error_text = "the resolver process ended",
			};
			return 1;
		}
	}
	return 0;
}

/* An answer may belong to a question of an earlier measurement: it is dropped. */
static bool is_awaited(const struct kernel_ports *kp, const struct resolve_answer *answer)
{
	return answer->name < kp->name_max && kp->names[answer->name].answers_due > 0 &&
	       kp->names[answer->name].ticket == answer->ticket;
}

static int serve_name(struct kernel_ports *kp, struct port_event *ret)
{
	struct resolve_answer *answer = &kp->answer;
	int r;

	do {
		r = resolver_receive(kp->resolver, answer);
	} while (r > 0 && !is_awaited(kp, answer));
	if (r == 0) {
		kp->resolver_is_ready = false;
		return 0;
	}
	if (r < 0) {
		resolver_stop(kp->resolver);
		kp->resolver = NULL;
		kp->polled[SLOT_RESOLVER].fd = -1;
		kp->resolver_is_ready = false;
		kp->names_lost_at = 0;
		return serve_lost_name(kp, ret);
	}
	*ret = (struct port_event){
		.kind = answer->address_count > 0 ? PORT_NAME : PORT_NAME_FAILED,
		.name = answer->name,
		.family = answer->family,
		.is_last = --kp->names[answer->name].answers_due == 0,
		.addresses = answer->addresses,
		.address_count = answer->address_count,
		.error_text = answer->error,
	};
	return 1;
}

static int serve(struct kernel_ports *kp, struct port_event *ret)
{
	int r = 0;

	/* Signals first, so that the user can stop the run; then answers, whose stamps
	 * age. */
	if (kp->signal_is_ready) {
		r = serve_signal(kp, ret);
	}
	if (r == 0) {
		r = serve_ready(kp, ret);
	}
	if (r == 0 && kp->resolver_is_ready) {
		r = serve_name(kp, ret);
	}
	if (r == 0 && !kp->resolver) {
		r = serve_lost_name(kp, ret);
	}
	if (r == 0 && kp->keys_are_ready) {
		r = ports_serve_keys(kp, ret);
	}
	if (r == 0 && !kp->helper) {
		r = ports_serve_lost_keys(kp, ret);
	}
	return r;
}

static void queue_ready(struct kernel_ports *kp)
{
	kp->signal_is_ready = kp->polled[SLOT_SIGNAL].revents != 0;
	kp->resolver_is_ready = kp->polled[SLOT_RESOLVER].revents != 0;
	kp->keys_are_ready = kp->polled[SLOT_KEYS].revents != 0;
	kp->ready_at = 0;
	kp->ready_count = 0;
	kp->turn = 0;
	for (size_t i = FIRST_SLOT; i < kp->slot_count; i++) {
		if (kp->polled[i].revents != 0) {
			kp->ready[kp->ready_count++] = kp->owners[i];
		}
	}
}

/* Milliseconds, rounded up to avoid spinning in the last one. */
static int timeout_ms(int64_t left_ns)
{
	int64_t ms;

	if (left_ns <= 0) {
		return 0;
	}
	ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS != 0);
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

int ports_wait(void *ctx, int64_t deadline_mono_ns, struct port_event *ret)
{
	struct kernel_ports *kp = ctx;
	struct reading now;
	int64_t left_ns;
	int r;

	for (;;) {
		r = serve(kp, ret);
		if (r != 0) {
			return r < 0 ? r : 0;
		}
		r = kernel_clock_now(&now);
		if (r < 0) {
			return r;
		}
		/* Everything that arrived by the deadline counts, even if this process is
		 * late: one more poll() after it.  Only one, or a flood would postpone the
		 * timeout without end. */
		if (now.mono_ns >= deadline_mono_ns && kp->has_polled &&
		    kp->polled_mono_ns >= deadline_mono_ns) {
			*ret = (struct port_event){ .kind = PORT_TIMEOUT };
			return 0;
		}
		left_ns = ns_sub(deadline_mono_ns, now.mono_ns);
		kp->has_polled = true;
		kp->polled_mono_ns = now.mono_ns;
		if (poll(kp->polled, kp->slot_count, timeout_ms(left_ns)) >= 0) {
			queue_ready(kp);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}
