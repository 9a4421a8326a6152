/* SPDX-License-Identifier: MIT
 *
 * Packets with NTS (RFC 8915 section 5): seals a request, checks that a reply is authentic.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/client/measure_private.h"

/* How long an authentic reply may still follow a kiss code without authentication, such as
 * NTSN, which anyone on the path can forge. */
#define KISS_GRACE_NS (100 * NS_PER_MS)

ssize_t authentic_seal(struct measurement *m, size_t i, uint8_t *buf, size_t size)
{
	struct source_keys *keys = m->sources[i].keys;
	struct nts_request request;
	size_t len;
	int r;

	if (!nts_cookies_spend(&keys->cookies, &request.cookie)) {
		return -ENOKEY;
	}
	m->run->sources[i].nts.cookie_count = keys->cookies.count;
	request.placeholder_count =
		nts_placeholders(keys->cookies.count, request.cookie.len);
	r = m->ports->random(m->ports->ctx, request.unique_id, sizeof(request.unique_id));
	if (r >= 0) {
		r = m->ports->random(m->ports->ctx, request.nonce, sizeof(request.nonce));
	}
	if (r < 0) {
		return r;
	}
	memcpy(keys->unique_id, request.unique_id, sizeof(keys->unique_id));
	len = nts_request_seal(&request, &keys->keys, m->ports->aead, buf, size);
	keys->request_octets = len;
	return len > 0 ? (ssize_t)len : -EMSGSIZE;
}

static void await_authentic(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];

	if (!s->has_nak && !s->has_plain_kiss) {
		s->due_mono_ns = ns_min(s->due_mono_ns, m->now_mono_ns + KISS_GRACE_NS);
	}
}

/* It is obeyed for this run, which ends no worse than if the answer had been cut off, and
 * not remembered. */
static void note_plain_kiss(struct measurement *m, size_t i,
                            const struct ntp_header *header)
{
	await_authentic(m, i);
	m->sources[i].has_plain_kiss = true;
	snprintf(m->run->sources[i].reason, SOURCE_REASON_SIZE,
	         "asked to be left alone (kiss code %.4s), without authentication",
	         (const char *)header->refid);
}

bool authentic_open(struct measurement *m, const struct port_event *event,
                    const struct reply *reply)
{
	const size_t i = event->source;
	struct source_keys *keys = m->sources[i].keys;
	struct run_source *shown = &m->run->sources[i];
	struct nts_reply opened;
	enum nts_reply_verdict verdict =
		event->is_truncated
			? NTS_REPLY_MALFORMED
			: nts_reply_open(event->octets, event->len, keys->unique_id,
	                                 &keys->keys, m->ports->aead, &opened);

	switch (verdict) {
	case NTS_REPLY_AUTHENTIC:
		m->sources[i].has_nak = m->sources[i].has_plain_kiss = false;
		/* A broken answer does not end the request: if it comes a second time, its
		 * cookies must not be there twice. */
		for (size_t k = 0;
		     k < opened.cookies.count && reply->outcome != REPLY_BROKEN; k++) {
			nts_cookies_add(&keys->cookies, &opened.cookies.items[k]);
		}
		shown->nts.cookie_count = keys->cookies.count;
		return true;
	case NTS_REPLY_NAK:
		await_authentic(m, i);
		m->sources[i].has_nak = true;
		break;
	case NTS_REPLY_UNSEALED:
		if (reply->verdict == NTP_KISS &&
		    ntp_kiss_from_refid(reply->header.refid) != NTP_KISS_NONE) {
			note_plain_kiss(m, i, &reply->header);
			return false;
		}
		break;
	default:
		break;
	}
	m->sources[i].has_refused = true;
	snprintf(shown->reason, sizeof(shown->reason), "%s", nts_reply_text(verdict));
	return false;
}
