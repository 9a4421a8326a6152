/* SPDX-License-Identifier: MIT
 *
 * Key exchanges: connects, hands the connection to reqtime-nts, and reports its answers.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/net/ports_private.h"
#include "io/nts/aead.h"

int ports_open_keys(struct kernel_ports *kp, const struct kernel_ports_settings *settings)
{
	int r;

	kp->keys_lost_at = kp->source_max;
	if (!settings->has_keys) {
		return 0;
	}
	r = nts_helper_start(settings->authorities, settings->authority_count, &kp->helper);
	if (r < 0 && r != -ENOENT && r != -EACCES) {
		return r;
	}
	/* The library of the packets is also one of the program's, and missing with it. */
	kp->has_aead = nts_aead_load() == 0;
	if (!kp->has_aead) {
		nts_helper_stop(kp->helper);
		kp->helper = NULL;
	}
	return 0;
}

void ports_expect_keys(struct kernel_ports *kp)
{
	if (kp->helper) {
		nts_helper_wake(kp->helper);
	}
}

/* The program is missing or has ended: reported for each source that asks. */
static void lose_helper(struct kernel_ports *kp)
{
	nts_helper_stop(kp->helper);
	kp->helper = NULL;
	kp->polled[SLOT_KEYS].fd = -1;
	kp->keys_are_ready = false;
}

int ports_exchange_keys(void *ctx, size_t source, const struct address *to,
                        const char *host)
{
	struct kernel_ports *kp = ctx;
	struct nts_question question;
	int fd, r;

	assert(source < kp->source_max);
	if (++kp->keys_tickets == 0) {
		kp->keys_tickets = 1;
	}
	memset(&question, 0, sizeof(question));
	question.source = (uint32_t)source;
	question.ticket = kp->keys_tickets;
	memcpy(question.host, host, strnlen(host, sizeof(question.host) - 1));
	if (kp->helper) {
		fd = tcp_connect(to);
		if (fd < 0) {
			return fd;
		}
		r = nts_helper_ask(kp->helper, &question, fd);
		close(fd);
		if (r < 0 && r != -EPIPE) {
			return r;
		}
		if (r == -EPIPE) {
			lose_helper(kp);
		}
	}
	kp->channels[source].keys_ticket = question.ticket;
	if (!kp->helper) {
		kp->keys_lost_at = 0;
	}
	return 0;
}

int ports_serve_lost_keys(struct kernel_ports *kp, struct port_event *ret)
{
	while (kp->keys_lost_at < kp->source_max) {
		const size_t source = kp->keys_lost_at++;

		if (kp->channels[source].keys_ticket != 0) {
			kp->channels[source].keys_ticket = 0;
			memset(&kp->keys, 0, sizeof(kp->keys));
			kp->keys.source = (uint32_t)source;
			kp->keys.failure = NTS_FAILURE_NO_PROGRAM;
			*ret = (struct port_event){ .kind = PORT_KEYS,
				                    .source = source,
				                    .keys = &kp->keys };
			return 1;
		}
	}
	return 0;
}

int ports_serve_keys(struct kernel_ports *kp, struct port_event *ret)
{
	struct channel *ch;
	int r;

	for (;;) {
		r = nts_helper_receive(kp->helper, &kp->keys);
		if (r == 0) {
			kp->keys_are_ready = false;
			return 0;
		}
		if (r < 0) {
			lose_helper(kp);
			kp->keys_lost_at = 0;
			return ports_serve_lost_keys(kp, ret);
		}
		/* It may belong to an earlier measurement: then it is dropped. */
		ch = kp->keys.source < kp->source_max ? &kp->channels[kp->keys.source]
		                                      : NULL;
		if (ch && ch->keys_ticket != 0 && ch->keys_ticket == kp->keys.ticket) {
			ch->keys_ticket = 0;
			*ret = (struct port_event){ .kind = PORT_KEYS,
				                    .source = kp->keys.source,
				                    .keys = &kp->keys };
			return 1;
		}
	}
}
