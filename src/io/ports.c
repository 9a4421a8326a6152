/* SPDX-License-Identifier: MIT
 *
 * poll() and nothing newer: it is what programs that simulate a clock know how to stand in
 * for.  Each poll() is scanned once; what is ready waits in a queue and is served
 * one event a call, so a thousand answers cost one scan and not a thousand.
 */
#include "io/ports.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/entropy.h"
#include "io/kernel_clock.h"
#include "io/resolve.h"
#include "io/tcp.h"
#include "io/udp.h"

enum {
	/* Larger than any answer that is believed; a longer one is cut and says so. */
	DATAGRAM_ROOM = 2048,
	/* Datagrams of one source before the others have their turn. */
	SOURCE_TURN = 16,
	/* Descriptors beside the channels: the C library may want one for a moment. */
	SPARE_FDS = 4,
	FIRST_SLOT = 2,
	SLOT_SIGNAL = 0,
	SLOT_RESOLVER = 1,
};

#define NO_SLOT SIZE_MAX

_Static_assert((int)TCP_ANSWER_ROOM <= (int)DATAGRAM_ROOM, "an answer must fit");

struct channel {
	struct udp_channel *udp; /* at most one of the two */
	struct tcp_channel *tcp;
	size_t slot; /* in `polled`; NO_SLOT: nothing is open */
	struct reading before;
};

struct kernel_ports {
	struct ports ports;
	size_t source_max;
	size_t name_max;
	size_t window;
	struct channel *channels; /* [source_max] */

	/* [0], [1]: signals and the resolver; then the channels without a gap. */
	struct pollfd *polled;
	size_t *owners; /* the source of each slot */
	size_t slot_count;
	size_t slot_room;

	/* Sources that the last poll() found ready; room for as many as there are slots. */
	size_t *ready;
	size_t ready_at;
	size_t ready_count;
	unsigned turn; /* datagrams served to the source at ready_at */
	bool signal_is_ready;
	bool resolver_is_ready;
	bool has_polled;
	int64_t polled_mono_ns;

	int stamp_fd;  /* udp_hold_stamps(); < 0: none */
	int signal_fd; /* -1: none */
	sigset_t old_mask;

	struct resolver *resolver; /* NULL: none, or gone */
	bool *name_is_asked;       /* [name_max] */
	size_t names_lost_at;      /* once it is gone: those below have been told */
	struct resolve_answer answer;
	uint8_t octets[DATAGRAM_ROOM];
};

/* ---- slots ---- */

static int slots_grow(struct kernel_ports *kp)
{
	const size_t room = kp->slot_room ? kp->slot_room * 2 : 16;
	void *grown;

	if (kp->slot_count < kp->slot_room) {
		return 0;
	}
	grown = reallocarray(kp->polled, room, sizeof(*kp->polled));
	if (!grown) {
		return -ENOMEM;
	}
	kp->polled = grown;
	grown = reallocarray(kp->owners, room, sizeof(*kp->owners));
	if (!grown) {
		return -ENOMEM;
	}
	kp->owners = grown;
	grown = reallocarray(kp->ready, room, sizeof(*kp->ready));
	if (!grown) {
		return -ENOMEM;
	}
	kp->ready = grown;
	kp->slot_room = room;
	return 0;
}

static void slot_take(struct kernel_ports *kp, size_t source, int fd, short events)
{
	const size_t slot = kp->slot_count++;

	assert(slot < kp->slot_room);
	kp->polled[slot] = (struct pollfd){ .fd = fd, .events = events };
	kp->owners[slot] = source;
	kp->channels[source].slot = slot;
}

/* The last one moves into the gap. */
static void slot_give_back(struct kernel_ports *kp, size_t source)
{
	const size_t slot = kp->channels[source].slot;
	const size_t last = --kp->slot_count;

	kp->channels[source].slot = NO_SLOT;
	if (slot != last) {
		kp->polled[slot] = kp->polled[last];
		kp->owners[slot] = kp->owners[last];
		kp->channels[kp->owners[slot]].slot = slot;
	}
}

/* ---- struct ports ---- */

static int ports_now(void *ctx, struct reading *ret)
{
	(void)ctx;
	return kernel_clock_now(ret);
}

static int ports_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	return entropy_fill(buf, len);
}

static int ports_resolve(void *ctx, size_t name, const char *host,
                         enum address_family family)
{
	struct kernel_ports *kp = ctx;
	int r;

	assert(name < kp->name_max);
	if (!kp->resolver) {
		return -EPIPE;
	}
	r = resolver_ask(kp->resolver, (uint32_t)name, host, family);
	/* A resolver that has just died is seen by wait(), for all names alike. */
	if (r < 0 && r != -EPIPE) {
		return r;
	}
	kp->name_is_asked[name] = true;
	return 0;
}

static void ports_hang_up(void *ctx, size_t source)
{
	struct kernel_ports *kp = ctx;
	struct channel *ch = &kp->channels[source];

	assert(source < kp->source_max);
	if (ch->slot == NO_SLOT) {
		return;
	}
	slot_give_back(kp, source);
	udp_close(ch->udp);
	tcp_close(ch->tcp);
	ch->udp = NULL;
	ch->tcp = NULL;
}

static int ask_udp(struct channel *ch, const struct address *to, const uint8_t *buf,
                   size_t len)
{
	int r;

	r = udp_open(to, &ch->udp);
	if (r < 0) {
		return r;
	}
	/* Nothing between the reading and the send. */
	r = kernel_clock_now(&ch->before);
	if (r == 0) {
		r = udp_send(ch->udp, buf, len);
	}
	if (r < 0) {
		udp_close(ch->udp);
		ch->udp = NULL;
	}
	return r;
}

static int ports_ask(void *ctx, size_t source, const struct address *to,
                     enum port_transport transport, const uint8_t *buf, size_t len)
{
	struct kernel_ports *kp = ctx;
	struct channel *ch = &kp->channels[source];
	int r;

	ports_hang_up(kp, source);
	r = slots_grow(kp);
	if (r < 0) {
		return r;
	}
	if (transport == PORT_UDP) {
		r = ask_udp(ch, to, buf, len);
	} else {
		r = tcp_open(to, buf, len, &ch->tcp);
	}
	if (r < 0) {
		return r;
	}
	if (ch->udp) {
		slot_take(kp, source, udp_fd(ch->udp), POLLIN);
	} else {
		slot_take(kp, source, tcp_fd(ch->tcp), tcp_poll_events(ch->tcp));
	}
	return 0;
}

/* ---- waiting ---- */

static int serve_udp(struct kernel_ports *kp, size_t source, struct port_event *ret)
{
	struct channel *ch = &kp->channels[source];
	struct udp_arrival arrival;
	struct reading after;
	ssize_t len;
	int r;

	len = udp_receive(ch->udp, kp->octets, sizeof(kp->octets), &arrival);
	if (len == -EAGAIN) {
		return 0;
	}
	if (len < 0) {
		/* Stays open: anybody can send an ICMP error, the answer may yet come. */
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
	const uint8_t *octets;
	struct reading after;
	ssize_t len;
	int r;

	len = tcp_advance(ch->tcp, &octets, &ch->before);
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
	/* There is nothing more to come. */
	ports_hang_up(kp, source);
	return 1;
}

/* 1: `*ret` is an event.  0: the queue is empty. */
static int serve_ready(struct kernel_ports *kp, struct port_event *ret)
{
	while (kp->ready_at < kp->ready_count) {
		const size_t source = kp->ready[kp->ready_at];
		const struct channel *ch = &kp->channels[source];
		int r = 0;

		/* It may have been hung up, or asked anew, since it was found ready. */
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

/* With the resolver gone every name that was asked for has failed. */
static int serve_lost_name(struct kernel_ports *kp, struct port_event *ret)
{
	while (kp->names_lost_at < kp->name_max) {
		const size_t name = kp->names_lost_at++;

		if (kp->name_is_asked[name]) {
			kp->name_is_asked[name] = false;
			*ret = (struct port_event){
				.kind = PORT_NAME_FAILED,
				.name = name,
				.error_text = "the resolver process ended",
			};
			return 1;
		}
	}
	return 0;
}

static int serve_name(struct kernel_ports *kp, struct port_event *ret)
{
	struct resolve_answer *answer = &kp->answer;
	int r;

	do {
		r = resolver_receive(kp->resolver, answer);
	} while (r > 0 &&
	         (answer->name >= kp->name_max || !kp->name_is_asked[answer->name]));
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
	kp->name_is_asked[answer->name] = false;
	*ret = (struct port_event){
		.kind = answer->address_count > 0 ? PORT_NAME : PORT_NAME_FAILED,
		.name = answer->name,
		.addresses = answer->addresses,
		.address_count = answer->address_count,
		.error_text = answer->error,
	};
	return 1;
}

static int serve(struct kernel_ports *kp, struct port_event *ret)
{
	int r = 0;

	/* A user who wants out goes first; then answers, whose stamps grow old. */
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
	return r;
}

static void queue_ready(struct kernel_ports *kp)
{
	kp->signal_is_ready = kp->polled[SLOT_SIGNAL].revents != 0;
	kp->resolver_is_ready = kp->polled[SLOT_RESOLVER].revents != 0;
	kp->ready_at = 0;
	kp->ready_count = 0;
	kp->turn = 0;
	for (size_t i = FIRST_SLOT; i < kp->slot_count; i++) {
		if (kp->polled[i].revents != 0) {
			kp->ready[kp->ready_count++] = kp->owners[i];
		}
	}
}

/* Milliseconds, rounded up so as not to spin through the last one. */
static int timeout_ms(int64_t left_ns)
{
	int64_t ms;

	if (left_ns <= 0) {
		return 0;
	}
	ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS != 0);
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int64_t left_until(int64_t deadline_ns, int64_t now_ns)
{
	int64_t left_ns;

	return __builtin_sub_overflow(deadline_ns, now_ns, &left_ns) ? INT64_MAX : left_ns;
}

static int ports_wait(void *ctx, int64_t deadline_mono_ns, struct port_event *ret)
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
		/* What came in until the deadline counts, also when we are late: one look
		 * after it.  One only, or a flood would put it off for ever. */
		if (now.mono_ns >= deadline_mono_ns && kp->has_polled &&
		    kp->polled_mono_ns >= deadline_mono_ns) {
			*ret = (struct port_event){ .kind = PORT_TIMEOUT };
			return 0;
		}
		left_ns = left_until(deadline_mono_ns, now.mono_ns);
		kp->has_polled = true;
		kp->polled_mono_ns = now.mono_ns;
		if (poll(kp->polled, kp->slot_count, timeout_ms(left_ns)) >= 0) {
			queue_ready(kp);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

/* ---- opening and closing ---- */

static int open_signals(struct kernel_ports *kp, const int *signals, size_t count)
{
	sigset_t wanted;

	if (count == 0) {
		return 0;
	}
	sigemptyset(&wanted);
	for (size_t i = 0; i < count; i++) {
		if (sigaddset(&wanted, signals[i]) < 0) {
			return -errno;
		}
	}
	kp->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (kp->signal_fd < 0) {
		return -errno;
	}
	/* Only while blocked do they wait to be read; ports_close() puts the mask back. */
	if (sigprocmask(SIG_BLOCK, &wanted, &kp->old_mask) < 0) {
		close(kp->signal_fd);
		kp->signal_fd = -1;
		return -errno;
	}
	return 0;
}

/* How many channels may be open: the limit, raised as far as may be, less what is used. */
static size_t find_window(size_t source_max)
{
	struct rlimit limit;
	size_t most = 256;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
			most = limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur
			                                 : SIZE_MAX;
		}
	}
	fd = dup(STDERR_FILENO);
	if (fd >= 0) {
		most -= most > (size_t)fd + SPARE_FDS ? (size_t)fd + SPARE_FDS : most - 1;
		close(fd);
	} else {
		most = errno == EMFILE ? 1 : most;
	}
	return most < source_max ? most : source_max;
}

static int open_tables(struct kernel_ports *kp)
{
	kp->channels = calloc(kp->source_max ? kp->source_max : 1, sizeof(*kp->channels));
	kp->name_is_asked =
		calloc(kp->name_max ? kp->name_max : 1, sizeof(*kp->name_is_asked));
	if (!kp->channels || !kp->name_is_asked || slots_grow(kp) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < kp->source_max; i++) {
		kp->channels[i].slot = NO_SLOT;
	}
	return 0;
}

int ports_open(const struct kernel_ports_settings *settings, struct kernel_ports **ret)
{
	struct kernel_ports *kp;
	int r;

	kp = calloc(1, sizeof(*kp));
	if (!kp) {
		return -ENOMEM;
	}
	kp->signal_fd = -1;
	kp->stamp_fd = -1;
	kp->source_max = settings->source_max;
	kp->name_max = settings->name_max;
	r = open_tables(kp);
	if (r < 0) {
		goto out;
	}
	/* First of all, so that the child inherits as little as can be. */
	if (kp->name_max > 0) {
		r = resolver_start(&kp->resolver);
		if (r < 0) {
			goto out;
		}
	}
	kp->stamp_fd = udp_hold_stamps();
	r = open_signals(kp, settings->signals, settings->signal_count);
	if (r < 0) {
		goto out;
	}
	kp->polled[SLOT_SIGNAL] = (struct pollfd){ .fd = kp->signal_fd, .events = POLLIN };
	kp->polled[SLOT_RESOLVER] = (struct pollfd){
		.fd = kp->resolver ? resolver_fd(kp->resolver) : -1,
		.events = POLLIN,
	};
	kp->slot_count = FIRST_SLOT;
	kp->names_lost_at = kp->name_max;
	kp->window = find_window(kp->source_max);
	kp->ports = (struct ports){
		.ctx = kp,
		.now = ports_now,
		.random = ports_random,
		.resolve = ports_resolve,
		.ask = ports_ask,
		.hang_up = ports_hang_up,
		.wait = ports_wait,
	};
	*ret = kp;
	kp = NULL;
out:
	ports_close(kp);
	return r;
}

const struct ports *ports_of(struct kernel_ports *kp)
{
	return &kp->ports;
}

size_t ports_window(const struct kernel_ports *kp)
{
	return kp->window;
}

void ports_close(struct kernel_ports *kp)
{
	if (!kp) {
		return;
	}
	for (size_t i = 0; kp->channels && i < kp->source_max; i++) {
		if (kp->slot_count > FIRST_SLOT) {
			ports_hang_up(kp, i);
		}
	}
	resolver_stop(kp->resolver);
	if (kp->stamp_fd >= 0) {
		close(kp->stamp_fd);
	}
	if (kp->signal_fd >= 0) {
		close(kp->signal_fd);
		(void)sigprocmask(SIG_SETMASK, &kp->old_mask, NULL);
	}
	free(kp->channels);
	free(kp->name_is_asked);
	free(kp->polled);
	free(kp->owners);
	free(kp->ready);
	free(kp);
}
