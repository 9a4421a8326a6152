/* SPDX-License-Identifier: MIT
 *
 * The slots of open channels in the table that poll() reads.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "io/net/ports_private.h"

int ports_grow_slots(struct kernel_ports *kp)
{
	const size_t size = kp->slot_size ? kp->slot_size * 2 : 16;
	void *grown;

	if (kp->slot_count < kp->slot_size) {
		return 0;
	}
	grown = reallocarray(kp->polled, size, sizeof(*kp->polled));
	if (!grown) {
		return -ENOMEM;
	}
	kp->polled = grown;
	grown = reallocarray(kp->owners, size, sizeof(*kp->owners));
	if (!grown) {
		return -ENOMEM;
	}
	kp->owners = grown;
	grown = reallocarray(kp->ready, size, sizeof(*kp->ready));
	if (!grown) {
		return -ENOMEM;
	}
	kp->ready = grown;
	kp->slot_size = size;
	return 0;
}

void ports_take_slot(struct kernel_ports *kp, size_t source, int fd, short events)
{
	const size_t slot = kp->slot_count++;

	assert(slot < kp->slot_size);
	kp->polled[slot] = (struct pollfd){ .fd = fd, .events = events };
	kp->owners[slot] = source;
	kp->channels[source].slot = slot;
}

/* The last slot moves into the gap. */
static void release_slot(struct kernel_ports *kp, size_t source)
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

void ports_close_channel(void *ctx, size_t source)
{
	struct kernel_ports *kp = ctx;
	struct channel *ch = &kp->channels[source];

	assert(source < kp->source_max);
	if (ch->slot == NO_SLOT) {
		return;
	}
	release_slot(kp, source);
	udp_close(ch->udp);
	tcp_close(ch->tcp);
	ch->udp = NULL;
	ch->tcp = NULL;
}
