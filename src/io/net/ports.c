/* SPDX-License-Identifier: MIT
 *
 * The kernel's side of struct ports: opens channels, sends requests, closes.
 */
#include "io/net/ports.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/net/ports_private.h"
#include "io/nts/aead.h"
#include "io/sys/entropy.h"
#include "io/sys/kernel_clock.h"

/* Descriptors kept free beyond the channels: the C library may need one briefly. */
enum { SPARE_FDS = 4 };

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
	r = resolver_ask(kp->resolver, (uint32_t)name, host, family,
	                 &kp->names[name].ticket);
	/* wait() notices that the resolver has ended and fails all names alike. */
	if (r < 0 && r != -EPIPE) {
		return r;
	}
	kp->names[name].answers_due = r < 0 ? 1 : (unsigned)r;
	return 0;
}

static int ask_udp(struct channel *ch, const struct address *to, const uint8_t *buf,
                   size_t len)
{
	int r = udp_open(to, &ch->udp);

	if (r < 0) {
		return r;
	}
	/* No work between the reading and the send. */
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

	ports_close_channel(kp, source);
	r = ports_grow_slots(kp);
	if (r < 0) {
		return r;
	}
	if (transport == PORT_UDP) {
		r = ask_udp(ch, to, buf, len);
		if (r == 0) {
			ports_take_slot(kp, source, udp_fd(ch->udp), POLLIN);
		}
	} else {
		r = tcp_open(to, buf, len, &ch->tcp);
		if (r == 0) {
			ports_take_slot(kp, source, tcp_fd(ch->tcp),
			                tcp_poll_events(ch->tcp));
		}
	}
	return r;
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
	/* Signals wait to be read only while blocked; ports_close() restores the mask. */
	if (sigprocmask(SIG_BLOCK, &wanted, &kp->old_mask) < 0) {
		close(kp->signal_fd);
		kp->signal_fd = -1;
		return -errno;
	}
	return 0;
}

/* How many channels may be open: the limit, raised as far as allowed, less what is in
 * use. */
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
	kp->names = calloc(kp->name_max ? kp->name_max : 1, sizeof(*kp->names));
	if (!kp->channels || !kp->names || ports_grow_slots(kp) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < kp->source_max; i++) {
		kp->channels[i].slot = NO_SLOT;
	}
	return 0;
}

int ports_open(const struct kernel_ports_settings *settings, struct kernel_ports **ret)
{
	int r;
	struct kernel_ports *kp = calloc(1, sizeof(*kp));

	if (!kp) {
		return -ENOMEM;
	}
	kp->signal_fd = -1;
	kp->stamp_fd = -1;
	kp->source_max = settings->source_max;
	kp->name_max = settings->name_max;
	r = open_tables(kp);
	/* Before anything else is opened, so that the child inherits as little as
	 * possible. */
	if (r == 0 && kp->name_max > 0) {
		r = resolver_start(&kp->resolver);
	}
	if (r == 0) {
		r = ports_open_keys(kp, settings);
	}
	if (r == 0) {
		kp->stamp_fd = udp_hold_stamps();
		r = open_signals(kp, settings->signals, settings->signal_count);
	}
	if (r < 0) {
		ports_close(kp);
		return r;
	}
	kp->polled[SLOT_SIGNAL] = (struct pollfd){ .fd = kp->signal_fd, .events = POLLIN };
	kp->polled[SLOT_RESOLVER] = (struct pollfd){
		.fd = kp->resolver ? resolver_fd(kp->resolver) : -1,
		.events = POLLIN,
	};
	kp->polled[SLOT_KEYS] =
		(struct pollfd){ .fd = ports_passing_fd(kp), .events = POLLIN };
	kp->slot_count = FIRST_SLOT;
	kp->names_lost_at = kp->name_max;
	kp->window = find_window(kp->source_max);
	kp->ports = (struct ports){
		.ctx = kp,
		.now = ports_now,
		.random = ports_random,
		.resolve = ports_resolve,
		.ask = ports_ask,
		.exchange_keys = ports_exchange_keys,
		.aead = kp->has_aead ? &nts_aead_siv : NULL,
		.close_channel = ports_close_channel,
		.wait = ports_wait,
	};
	*ret = kp;
	return 0;
}

const struct ports *ports_of(struct kernel_ports *kp)
{
	return &kp->ports;
}

int ports_passing_fd(const struct kernel_ports *kp)
{
	return kp->helper ? nts_helper_fd(kp->helper) : -1;
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
			ports_close_channel(kp, i);
		}
	}
	nts_helper_kill(kp->helper); /* so that both end at once */
	resolver_stop(kp->resolver);
	nts_helper_stop(kp->helper);
	if (kp->stamp_fd >= 0) {
		close(kp->stamp_fd);
	}
	if (kp->signal_fd >= 0) {
		close(kp->signal_fd);
		(void)sigprocmask(SIG_SETMASK, &kp->old_mask, NULL);
	}
	free(kp->channels);
	free(kp->names);
	free(kp->polled);
	free(kp->owners);
	free(kp->ready);
	free(kp);
}
