/* SPDX-License-Identifier: MIT
 *
 * An exchange with one source: sends the request and evaluates the reply.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/client/measure_private.h"
#include "core/base/span.h"
#include "core/base/text.h"
#include "core/base/text_time.h"
#include "core/select/reply.h"

/* A request without an answer by then counts as lost.  Public servers are never asked more
 * often than every 2 s (RFC 5905 section 13.2 spaces a burst so); on the local network a
 * lost request is repeated sooner, with growing delays. */
#define PUBLIC_SPACING_NS (2 * NS_PER_S)
#define PRIVATE_RETRY_NS (250 * NS_PER_MS)
/* ... and after a send for which the kernel had no buffer, the retry comes this soon. */
#define PASSING_NS (50 * NS_PER_MS)
/* How long a real reply may still follow an ICMP error, which anyone can forge. */
#define REFUSED_GRACE_NS (250 * NS_PER_MS)
/* Beyond the time that two readings took, the clocks may differ by this much. */
#define LOOK_SLACK_NS (20 * NS_PER_US)
#define SUSPEND_SLACK_NS NS_PER_MS
/* How far a server's own clock may drift meanwhile: RFC 5905 PHI. */
#define SERVER_DRIFT_PPB 15000

static bool is_public(const struct address *address)
{
	return address_reach(address) == ADDRESS_PUBLIC;
}

/* The length, or -errno. */
static ssize_t request_write(struct measurement *m, size_t i, uint8_t *buf, size_t size)
{
	const struct ntp_ts cookie = m->sources[i].cookie;

	switch (m->run->sources[i].scheme) {
	case SCHEME_NTP:
		return (ssize_t)ntp_request_write(NTP_VERSION, cookie, buf);
	case SCHEME_NTS:
		ntp_request_write(NTP_VERSION, cookie, buf);
		return authentic_seal(m, i, buf, size);
	case SCHEME_REQTIME:
	case SCHEME_REQTIME_TCP:
		memcpy(buf, TEXT_TIME_REQUEST, strlen(TEXT_TIME_REQUEST));
		return strlen(TEXT_TIME_REQUEST);
	default:
		return 0; /* RFC 867 and 868: connecting, or an empty datagram, is the
		           * request */
	}
}

static int64_t retry_span(const struct measurement *m, const struct source *s,
                          const struct address *to)
{
	int64_t span_ns = s->retry_ns;

	if (m->settings->interval_ns > 0) {
		span_ns = m->settings->interval_ns;
	}
	return is_public(to) && span_ns < PUBLIC_SPACING_NS ? PUBLIC_SPACING_NS : span_ns;
}

/* Errors of sending that may be gone a moment later. */
static bool is_passing(int r)
{
	return r == -ENOBUFS || r == -ENOMEM || r == -EAGAIN;
}

/* Writes the request and sends it.  0 or -errno. */
static int send_request(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	const struct run_source *shown = &m->run->sources[i];
	uint8_t buf[NTP_PACKET_SIZE];
	ssize_t len;
	int r = m->ports->random(m->ports->ctx, &s->cookie, sizeof(s->cookie));

	if (r < 0) {
		return r;
	}
	len = request_write(m, i, buf, sizeof(buf));
	if (len < 0) {
		return (int)len;
	}
	return m->ports->ask(m->ports->ctx, i, &shown->address,
	                     scheme_is_tcp(shown->scheme) ? PORT_TCP : PORT_UDP, buf,
	                     (size_t)len);
}

void exchange_ask(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	struct run_source *shown = &m->run->sources[i];
	int r;

	r = send_request(m, i);
	if (s->is_open && r < 0) {
		s->is_open = false;
		m->open_count--;
	} else if (!s->is_open && r >= 0) {
		s->is_open = true;
		m->open_count++;
	}
	if (r < 0) {
		snprintf(shown->reason, sizeof(shown->reason), "cannot be asked: %s",
		         strerror(-r));
		if (is_passing(r) && ++s->voids <= VOIDS_MAX) {
			enter_phase(m, i, PHASE_READY);
			s->due_mono_ns = m->now_mono_ns + PASSING_NS;
		} else {
			source_finish(m, i);
		}
		return;
	}
	if (s->retry_ns == 0) {
		s->retry_ns = PRIVATE_RETRY_NS;
	}
	s->is_received = false;
	s->asked_mono_ns = m->now_mono_ns;
	s->due_mono_ns = s->asked_mono_ns + retry_span(m, s, &shown->address);
	s->retry_ns *= 2;
	enter_phase(m, i, PHASE_ASKED);
	shown->sent++;
}

void exchange_probe(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	uint8_t buf[NTP_HEADER_OCTETS];

	s->has_probed = true;
	s->due_mono_ns = m->deadline_mono_ns;
	if (m->ports->random(m->ports->ctx, &s->cookie, sizeof(s->cookie)) < 0) {
		return;
	}
	ntp_request_write(NTP_VERSION, s->cookie, buf);
	source_close_channel(m, i);
	if (m->ports->ask(m->ports->ctx, i, &m->run->sources[i].address, PORT_UDP, buf,
	                  sizeof(buf)) == 0) {
		s->is_open = true;
		m->open_count++;
	}
}

static void probe_answered(struct measurement *m, size_t i)
{
	char reason[SOURCE_REASON_SIZE];

	snprintf(
		reason, sizeof(reason),
		"no answer to %zu octets with NTS, but to 48 without: something on the way "
		"drops long NTP packets",
		m->sources[i].keys->request_octets);
	source_decline(m, i, reason);
}

void exchange_yield(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];

	source_close_channel(m, i);
	enter_phase(m, i, PHASE_READY);
	s->due_mono_ns = m->now_mono_ns + retry_span(m, s, &m->run->sources[i].address);
}

/* The behaviour of reqtimed towards denied clients, and of many servers towards addresses
 * that they do not serve. */
static const char closed_without_answer[] =
	"it closed the connection without an answer: perhaps it denies this address";

void exchange_failed(struct measurement *m, size_t i, int error)
{
	struct source *s = &m->sources[i];
	struct run_source *shown = &m->run->sources[i];

	if (s->phase != PHASE_ASKED) {
		return;
	}
	snprintf(shown->reason, sizeof(shown->reason), "%s",
	         error == ECONNRESET ? closed_without_answer : strerror(error));
	if (scheme_is_tcp(shown->scheme)) {
		source_finish(m, i);
		return;
	}
	enter_phase(m, i, PHASE_REFUSED);
	s->due_mono_ns = m->now_mono_ns;
	if (address_reach(&shown->address) != ADDRESS_LOOPBACK) {
		s->due_mono_ns += REFUSED_GRACE_NS;
	}
}

/* Whether the local clocks ran evenly between the two readings of an exchange. */
static bool is_undisturbed(const struct reading *before, const struct reading *after)
{
	int64_t mono_ns = after->mono_ns - before->mono_ns;
	int64_t slack_ns = before->gap_ns + after->gap_ns + LOOK_SLACK_NS;

	return ns_abs(instant_diff_ns(after->wall, before->wall) - mono_ns) <= slack_ns &&
	       ns_abs(after->boot_ns - before->boot_ns - mono_ns) <=
	               slack_ns + SUSPEND_SLACK_NS;
}

void exchange_watch_clock(struct measurement *m, const struct reading *now)
{
	int64_t skew_ns = instant_diff_ns(now->wall, (struct instant){ now->mono_ns });
	int64_t step_ns = skew_ns - m->wall_minus_mono_ns;

	m->now_mono_ns = now->mono_ns;
	m->boot_minus_mono_ns = now->boot_ns - now->mono_ns;
	if (ns_abs(step_ns) <= now->gap_ns + LOOK_SLACK_NS) {
		return;
	}
	/* Samples measured against the old clock are shifted to the new one. */
	m->wall_minus_mono_ns = skew_ns;
	for (size_t i = 0; i < m->run->source_count; i++) {
		for (unsigned k = 0; k < m->sources[i].sample_count; k++) {
			struct sample *sample = &samples_of(m, i)[k];

			sample->offset_ns = ns_add(sample->offset_ns, -step_ns);
		}
		exchange_record_step(m, i, step_ns);
	}
}

/* T1 and T4 of an exchange, and how they were taken. */
struct stamps {
	struct instant t1, t4;
	bool has_kernel_t1, has_kernel_t4;
};

/* A kernel stamp is used only when it lies between our own two readings of the clock: with
 * a faked or just stepped clock it would not. */
static struct stamps choose_stamps(const struct port_event *event)
{
	bool has_t1 = event->has_left &&
	              event->left.unix_ns >= event->before.wall.unix_ns &&
	              event->left.unix_ns <= event->after.wall.unix_ns;
	bool has_t4 = event->has_arrived &&
	              event->arrived.unix_ns >= event->before.wall.unix_ns &&
	              event->arrived.unix_ns <= event->after.wall.unix_ns;

	if (has_t1 && has_t4 && event->left.unix_ns > event->arrived.unix_ns) {
		has_t1 = false;
	}
	return (struct stamps){
		.t1 = has_t1 ? event->left : event->before.wall,
		.t4 = has_t4 ? event->arrived : event->after.wall,
		.has_kernel_t1 = has_t1,
		.has_kernel_t4 = has_t4,
	};
}

static void record_stamps(struct run_exchange *record, const struct stamps *stamps)
{
	record->t1 = stamps->t1;
	record->t4 = stamps->t4;
	record->t1_stamp = stamps->has_kernel_t1 ? STAMP_KERNEL : STAMP_USER;
	record->t4_stamp = stamps->has_kernel_t4 ? STAMP_KERNEL : STAMP_USER;
}

static void show_stamps(struct run_source *shown, const struct stamps *stamps)
{
	if (shown->sent_stamp != STAMP_USER) {
		shown->sent_stamp = stamps->has_kernel_t1 ? STAMP_KERNEL : STAMP_USER;
	}
	if (shown->received_stamp != STAMP_USER) {
		shown->received_stamp = stamps->has_kernel_t4 ? STAMP_KERNEL : STAMP_USER;
	}
}

static void show_header(struct run_source *shown, const struct ntp_header *header)
{
	shown->has_header = true;
	shown->leap = header->leap;
	shown->stratum = header->stratum;
	memcpy(shown->refid, header->refid, sizeof(shown->refid));
	shown->root_delay_ns = ntp_short_to_ns(header->root_delay);
	shown->root_dispersion_ns = ntp_short_to_ns(header->root_dispersion);
	shown->reference = header->reference;
}

/* Counts the first reply to the latest request: however many replies carry its cookie, a
 * request was answered once. */
static void count_reply(struct measurement *m, size_t i)
{
	m->run->sources[i].received += !m->sources[i].is_received;
	m->sources[i].is_received = true;
}

/* A packet that carries our cookie and cannot be used.  Off the path an attacker does not
 * know the cookie, 64 random bits for one request from a random port; on the path an
 * attacker may also send a valid answer first.  So no such packet proves to come from the
 * server, and:
 *
 * - a complete reply settles the request: a time, or the reason for its absence (a kiss
 *   code, not synchronised, ...), after which the source is not asked again.  Later replies
 *   are ignored.
 * - a malformed one (its version, mode, length, extension fields, a stamp of zero) settles
 *   nothing.  Its reason is shown if nothing better comes, and until the request counts as
 *   lost a real reply with the same cookie is accepted: a middlebox that garbles a copy, or
 *   an attacker who can write to the path but not cut it, must not be able to exclude a
 *   good server. */
static void refuse_reply(struct measurement *m, size_t i, const struct reply *reply)
{
	struct run_source *shown = &m->run->sources[i];

	if (reply->outcome == REPLY_REFUSED) {
		source_decline(m, i, reply->reason);
	} else {
		m->sources[i].has_refused = true;
		snprintf(shown->reason, sizeof(shown->reason), "%s", reply->reason);
	}
}

static int64_t drift_ppb(const struct measurement *m)
{
	return m->settings->local_drift_ppb + SERVER_DRIFT_PPB;
}

enum outcome {
	OUTCOME_NONE, /* ignored, or its source is finished */
	OUTCOME_VOID, /* a valid answer, but the local clock was disturbed meanwhile */
	OUTCOME_SAMPLE,
};

/* `record` gets the stamps of a complete reply. */
static enum outcome sample_ntp(struct measurement *m, const struct port_event *event,
                               struct run_exchange *record, struct sample *ret)
{
	struct source *s = &m->sources[event->source];
	struct run_source *shown = &m->run->sources[event->source];
	const struct reply_packet packet = {
		.octets = event->octets,
		.len = shown->scheme == SCHEME_NTS
		               ? nts_sealed_octets(event->octets, event->len)
		               : event->len,
		.is_cut = event->is_truncated,
		.cookie = s->cookie,
		.has_last = s->sample_count > 0,
		.last_transmit = s->last_transmit,
	};
	const struct stamps stamps = choose_stamps(event);
	const struct reply_times times = {
		.t1 = stamps.t1,
		.t4 = stamps.t4,
		.t4_mono_ns = event->after.mono_ns,
		.local_precision_ns = m->settings->local_precision_ns,
		.drift_ppb = drift_ppb(m),
		.root_distance_max_ns = m->settings->root_distance_max_ns,
	};
	char reason[REPLY_REASON_SIZE];
	struct reply reply;

	reply_read(&packet, &reply);
	if (reply.outcome == REPLY_FOREIGN || reply.outcome == REPLY_REPEATED) {
		return OUTCOME_NONE;
	}
	if (s->has_probed) {
		probe_answered(m, event->source);
		return OUTCOME_NONE;
	}
	count_reply(m, event->source);
	if (shown->scheme == SCHEME_NTS && !authentic_open(m, event, &reply)) {
		return OUTCOME_NONE;
	}
	if (ntp_verdict_is_answer(reply.verdict)) {
		show_header(shown, &reply.header);
		record_stamps(record, &stamps);
		exchange_record_server(record, &reply.header);
	}
	if (reply.outcome != REPLY_USABLE) {
		refuse_reply(m, event->source, &reply);
		return OUTCOME_NONE;
	}
	s->last_transmit = reply.header.transmit;
	if (!is_undisturbed(&event->before, &event->after)) {
		return OUTCOME_VOID;
	}
	show_stamps(shown, &stamps);
	if (reply_sample(&reply.header, &times, ret, reason) != SAMPLE_OK) {
		source_decline(m, event->source, reason);
		return OUTCOME_NONE;
	}
	if (shown->scheme == SCHEME_NTS &&
	    !certificate_is_in_time(m, event->source, ret, stamps.t4)) {
		if (!key_exchange_after_renewal(m, event->source)) {
			certificate_decline_time(m, event->source, ret, stamps.t4);
		}
		return OUTCOME_NONE;
	}
	return OUTCOME_SAMPLE;
}

/* Over TCP no other host can have sent it. */
static void decline_not_a_time(struct measurement *m, const struct port_event *event)
{
	char reason[SOURCE_REASON_SIZE], said[SOURCE_REASON_SIZE / 2];

	if (event->len == 0) {
		source_decline(m, event->source, closed_without_answer);
		return;
	}
	text_escape(event->octets, event->len, said, sizeof(said));
	snprintf(reason, sizeof(reason), REPLY_NOT_A_TIME ": \"%s\"", said);
	source_decline(m, event->source, reason);
}

static enum outcome sample_text(struct measurement *m, const struct port_event *event,
                                struct run_exchange *record, struct sample *ret)
{
	struct run_source *shown = &m->run->sources[event->source];
	bool is_868 = shown->scheme == SCHEME_TIME || shown->scheme == SCHEME_TIME_TCP;
	const struct stamps stamps = choose_stamps(event);
	struct instant server;
	bool is_parsed;

	if (shown->scheme == SCHEME_DAYTIME || shown->scheme == SCHEME_DAYTIME_TCP) {
		size_t len = event->len;

		while (len > 0 &&
		       (event->octets[len - 1] == '\n' || event->octets[len - 1] == '\r')) {
			len--;
		}
		if (event->len == 0 && scheme_is_tcp(shown->scheme)) {
			source_decline(m, event->source, closed_without_answer);
			return OUTCOME_NONE;
		}
		shown->received++;
		record_stamps(record, &stamps);
		text_escape(event->octets, len, shown->text, sizeof(shown->text));
		source_decline(m, event->source, REPLY_DAYTIME);
		return OUTCOME_NONE;
	}
	is_parsed = is_868 ? text_time_868_parse(event->octets, event->len, &server)
	                   : text_time_answer_parse(event->octets, event->len, &server);
	if (!is_parsed) {
		if (!scheme_is_tcp(shown->scheme)) {
			return OUTCOME_NONE;
		}
		decline_not_a_time(m, event);
		return OUTCOME_NONE;
	}
	shown->received++;
	record_stamps(record, &stamps);
	record->has_server = true;
	record->t2 = record->t3 = server;
	if (!is_undisturbed(&event->before, &event->after)) {
		return OUTCOME_VOID;
	}
	show_stamps(shown, &stamps);
	/* The text protocols carry no error of the server: the bound is that of its
	 * clock. */
	if (sample_from_reading(stamps.t1, server, stamps.t4, event->after.mono_ns,
	                        is_868 ? NS_PER_S : 1, drift_ppb(m), ret) != SAMPLE_OK) {
		return OUTCOME_NONE;
	}
	return OUTCOME_SAMPLE;
}

/* Ready for the next exchange; public servers only after the minimum interval. */
static void rest(struct measurement *m, size_t i)
{
	struct source *s = &m->sources[i];
	int64_t spacing_ns = m->settings->interval_ns;

	if (is_public(&m->run->sources[i].address) && spacing_ns < PUBLIC_SPACING_NS) {
		spacing_ns = PUBLIC_SPACING_NS;
	}
	enter_phase(m, i, PHASE_READY);
	s->due_mono_ns = s->asked_mono_ns + spacing_ns;
	s->retry_ns = 0;
}

void exchange_reply(struct measurement *m, const struct port_event *event)
{
	struct source *s = &m->sources[event->source];
	struct run_source *shown = &m->run->sources[event->source];
	const bool is_ntp = shown->scheme == SCHEME_NTP || shown->scheme == SCHEME_NTS;
	struct run_exchange record = { .t1_stamp = STAMP_NONE };
	struct sample sample;
	enum outcome outcome;

	if ((s->phase != PHASE_ASKED && s->phase != PHASE_REFUSED) ||
	    (event->is_truncated && !is_ntp)) {
		return;
	}
	outcome = is_ntp ? sample_ntp(m, event, &record, &sample)
	                 : sample_text(m, event, &record, &sample);
	if (outcome == OUTCOME_NONE) {
		if (record.t1_stamp != STAMP_NONE) {
			exchange_record_put(m, event->source, &record, NULL, shown->reason);
		}
		return;
	}
	/* A request has a single reply: later ones with the same cookie are ignored. */
	source_close_channel(m, event->source);
	rest(m, event->source);
	if (outcome == OUTCOME_VOID) {
		/* A step of the clock or a suspend: the stamps are of two clocks. */
		snprintf(shown->reason, sizeof(shown->reason),
		         "the local clock was disturbed meanwhile");
		exchange_record_put(m, event->source, &record, NULL, shown->reason);
		if (++s->voids > VOIDS_MAX) {
			source_finish(m, event->source);
		}
		return;
	}
	shown->reason[0] = '\0';
	exchange_record_put(m, event->source, &record, &sample, "");
	samples_of(m, event->source)[s->sample_count++] = sample;
	m->answered_count += s->sample_count == 1;
}
