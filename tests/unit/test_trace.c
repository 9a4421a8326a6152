/* SPDX-License-Identifier: MIT
 *
 * Scripted traffic: each row is a packet and its expected analysis.  Sources: RFC 5905
 * (modes, origin, section 8 for the sums), RFC 9769 (interleaved), RFC 868 and 867,
 * RFC 9293 (sequence numbers).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/octets.h"
#include "core/trace/text.h"
#include "core/trace/trace.h"

enum { STEPS_MAX = 12, PACKET_SIZE = 1200 };

/* 2026-11-23 00:00:00 UTC */
#define START_NS INT64_C(1795392000000000000)

/* Source and destination of a packet. */
enum path {
	END,    /* of the steps */
	ASK,    /* 192.0.2.1:40001 > 198.51.100.7 */
	TELL,   /* back */
	ASK_2,  /* the same client, another server */
	TELL_2, /* that server, to the same client */
	ASK_B,  /* another port of the client */
	TELL_B,
	GROUP, /* the same client, a multicast group */
};

struct step {
	enum path path;
	int at_ms;
	/* NTP: */
	uint8_t version, mode, stratum;
	uint32_t origin, receive, transmit; /* 0: zero; n: a timestamp unique to n */
	size_t len;                         /* 0: 48 */
	size_t captured;                    /* 0: all */
	/* Text protocols: */
	const char *text;
	/* TCP: */
	uint8_t flags;
	uint32_t sequence;
	/* Expected: */
	enum trace_role role;
	enum trace_note note;
	unsigned related;
	bool completes;
};

struct scenario {
	const char *name;
	enum trace_protocol protocol;
	struct step steps[STEPS_MAX];
	unsigned silent;
};

#define V4 4, NTP_MODE_CLIENT, 0
#define S4 4, NTP_MODE_SERVER, 2
#define REQ TRACE_REQUEST
#define ANS TRACE_ANSWER
#define OTH TRACE_OTHER
#define OK TRACE_NOTE_NONE
#define SYN FRAME_TCP_SYN
#define SYNACK (FRAME_TCP_SYN | FRAME_TCP_ACK)
#define ACK FRAME_TCP_ACK
#define FIN (FRAME_TCP_FIN | FRAME_TCP_ACK)
#define RST (FRAME_TCP_RST | FRAME_TCP_ACK)
#define NTP(path, at, head, origin, receive, transmit, role, note, related, done)          \
	{                                                                                  \
		path, at, head, origin, receive, transmit, 0, 0, NULL, 0, 0, role, note,   \
			related, done                                                      \
	}
#define SIZED(path, at, head, len, captured, role, note, related, done)                    \
	{                                                                                  \
		path, at, head, 0, 0, 1, len, captured, NULL, 0, 0, role, note, related,   \
			done                                                               \
	}
#define TEXT(path, at, text, role, note, related, done)                                    \
	{                                                                                  \
		path, at, 0, 0, 0, 0, 0, 0, 0, 0, text, 0, 0, role, note, related, done    \
	}
#define TCP(path, at, flags, sequence, text, role, note, related, done)                    \
	{                                                                                  \
		path, at, 0, 0, 0, 0, 0, 0, 0, 0, text, flags, sequence, role, note,       \
			related, done                                                      \
	}
#define LINE "2026-11-23T00:00:00.250000000Z\n"

/* clang-format off */
static const struct scenario scenarios[] = {
	{ "request and answer", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 1, 2, 3, ANS, OK, 1, true) }, 0 },
	{ "no answer", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false) }, 1 },
	{ "a duplicate answer", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 1, 2, 3, ANS, OK, 1, true),
		NTP(TELL, 6, S4, 1, 2, 3, ANS, TRACE_NOTE_DUPLICATE, 1, false) }, 0 },
	{ "just in time", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5000, S4, 1, 2, 3, ANS, OK, 1, true) }, 0 },
	{ "a late answer is no silence", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5001, S4, 1, 2, 3, ANS, TRACE_NOTE_LATE, 1, true) }, 0 },
	{ "the wrong origin", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 9, 2, 3, ANS, TRACE_NOTE_MISMATCH, 1, false) }, 1 },
	{ "a zero origin answers nothing", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 0, 2, 3, ANS, TRACE_NOTE_MISMATCH, 1, false) }, 1 },
	{ "an answer without request", TRACE_NTP, {
		NTP(TELL, 5, S4, 1, 2, 3, ANS, TRACE_NOTE_UNASKED, 0, false) }, 0 },
	{ "from another server", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL_2, 5, S4, 1, 2, 3, ANS, TRACE_NOTE_ELSEWHERE, 1, false),
		NTP(TELL, 6, S4, 1, 2, 3, ANS, OK, 1, true) }, 0 },
	{ "to another port", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL_B, 5, S4, 1, 2, 3, ANS, TRACE_NOTE_UNASKED, 0, false) }, 1 },
	{ "a group answers by one of its own", TRACE_NTP, {
		NTP(GROUP, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 1, 2, 3, ANS, OK, 1, true) }, 0 },
	{ "interleaved", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 1, 2, 3, ANS, OK, 1, true),
		NTP(ASK, 1000, V4, 2, 7, 8, REQ, OK, 0, false),
		NTP(TELL, 1005, S4, 7, 10, 11, ANS, TRACE_NOTE_INTERLEAVED, 3, true) }, 0 },
	{ "the same request again", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(ASK, 1, V4, 0, 0, 1, REQ, TRACE_NOTE_AGAIN, 1, false),
		NTP(TELL, 5, S4, 1, 2, 3, ANS, OK, 1, true),
		NTP(TELL, 6, S4, 1, 2, 3, ANS, TRACE_NOTE_DUPLICATE, 1, false) }, 0 },
	{ "answers cross", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(ASK, 1, V4, 0, 0, 2, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 2, 4, 5, ANS, OK, 2, true),
		NTP(TELL, 6, S4, 1, 6, 7, ANS, OK, 1, true) }, 0 },
	{ "two servers, one client", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(ASK_2, 0, V4, 0, 0, 2, REQ, OK, 0, false),
		NTP(TELL_2, 5, S4, 2, 4, 5, ANS, OK, 2, true),
		NTP(TELL, 6, S4, 1, 6, 7, ANS, OK, 1, true) }, 0 },
	{ "a client without a stamp", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 0, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 0, 2, 3, ANS, OK, 1, true) }, 0 },
	{ "a zero stamp matches nothing", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 0, REQ, OK, 0, false),
		NTP(TELL_2, 5, S4, 0, 2, 3, ANS, TRACE_NOTE_UNASKED, 0, false) }, 1 },
	{ "two of them", TRACE_NTP, {
		NTP(ASK, 0, V4, 0, 0, 0, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 0, 2, 3, ANS, OK, 1, true),
		NTP(ASK, 9, V4, 0, 0, 0, REQ, OK, 0, false),
		NTP(TELL, 12, S4, 0, 4, 5, ANS, OK, 3, true) }, 0 },
	{ "version 1 has no modes", TRACE_NTP, {
		{ ASK, 0, 1, 0, 0, 0, 0, 1, 0, 0, NULL, 0, 0, REQ, OK, 0, false } }, 1 },
	{ "symmetric, passive", TRACE_NTP, {
		{ ASK, 0, 4, 1, 2, 0, 0, 1, 0, 0, NULL, 0, 0, REQ, OK, 0, false },
		{ TELL, 5, 4, 2, 2, 1, 2, 3, 0, 0, NULL, 0, 0, ANS, OK, 1, true } }, 0 },
	{ "symmetric, both active", TRACE_NTP, {
		{ ASK, 0, 4, 1, 2, 0, 0, 1, 0, 0, NULL, 0, 0, REQ, OK, 0, false },
		{ TELL, 5, 4, 1, 2, 1, 2, 3, 0, 0, NULL, 0, 0, REQ, OK, 1, true },
		{ ASK, 9000, 4, 1, 2, 3, 4, 5, 0, 0, NULL, 0, 0, REQ, OK, 2, true } }, 0 },
	{ "broadcast", TRACE_NTP, {
		{ TELL, 0, 4, 5, 2, 0, 0, 1, 0, 0, NULL, 0, 0, OTH, OK, 0, false } }, 0 },
	{ "control", TRACE_NTP, {
		{ ASK, 0, 2, 6, 2, 0, 0, 1, 12, 0, NULL, 0, 0, OTH, OK, 0, false },
		{ TELL, 0, 2, 6, 2, 0, 0, 1, 12, 0, NULL, 0, 0, OTH, OK, 0, false } }, 0 },
	{ "private", TRACE_NTP, {
		{ ASK, 0, 2, 7, 2, 0, 0, 1, 8, 0, NULL, 0, 0, OTH, OK, 0, false } }, 0 },
	{ "47 octets", TRACE_NTP, {
		SIZED(ASK, 0, V4, 47, 0, OTH, TRACE_NOTE_MALFORMED, 0, false) }, 0 },
	{ "one octet", TRACE_NTP, {
		SIZED(TELL, 0, S4, 1, 0, OTH, TRACE_NOTE_MALFORMED, 0, false) }, 0 },
	{ "the header is enough of a capture", TRACE_NTP, {
		SIZED(ASK, 0, V4, 120, 48, REQ, OK, 0, false),
		{ TELL, 5, 4, 4, 2, 1, 2, 3, 120, 48, NULL, 0, 0, ANS, OK, 1, true } }, 0 },
	{ "cut in the header", TRACE_NTP, {
		SIZED(ASK, 0, V4, 48, 40, OTH, TRACE_NOTE_CUT, 0, false) }, 0 },
	{ "nothing but UDP's header was captured", TRACE_NTP, {
		SIZED(ASK, 0, V4, 47, 1, OTH, TRACE_NOTE_CUT, 0, false) }, 0 },

	{ "reqtime", TRACE_REQTIME, {
		TEXT(ASK, 0, "reqtime\n", REQ, OK, 0, false),
		TEXT(TELL, 5, LINE, ANS, OK, 1, true) }, 0 },
	{ "reqtime, by order", TRACE_REQTIME, {
		TEXT(ASK, 0, "reqtime", REQ, OK, 0, false),
		TEXT(ASK_B, 1, "reqtime\r\n", REQ, OK, 0, false),
		TEXT(ASK, 2, "reqtime\npadding", REQ, OK, 0, false),
		TEXT(TELL, 5, LINE, ANS, OK, 1, true),
		TEXT(TELL_B, 6, LINE, ANS, OK, 2, true),
		TEXT(TELL, 7, LINE, ANS, OK, 3, true),
		TEXT(TELL, 8, LINE, ANS, TRACE_NOTE_DUPLICATE, 3, false),
		TEXT(TELL_2, 9, LINE, ANS, TRACE_NOTE_UNASKED, 0, false) }, 0 },
	{ "reqtime, another word", TRACE_REQTIME, {
		TEXT(ASK, 0, "what time\n", REQ, TRACE_NOTE_MALFORMED, 0, false) }, 1 },
	{ "reqtime, no time in the answer", TRACE_REQTIME, {
		TEXT(ASK, 0, "reqtime\n", REQ, OK, 0, false),
		TEXT(TELL, 5, "later\n", ANS, TRACE_NOTE_MALFORMED, 1, true) }, 0 },
	{ "time", TRACE_TIME, {
		TEXT(ASK, 0, "", REQ, OK, 0, false),
		TEXT(TELL, 5, "\xee\xae\x22\xcd", ANS, OK, 1, true) }, 0 },
	{ "time, five octets", TRACE_TIME, {
		TEXT(ASK, 0, "", REQ, OK, 0, false),
		TEXT(TELL, 5, "\xee\xae\x22\xcd\x01", ANS, TRACE_NOTE_MALFORMED, 1, true) }, 0 },
	{ "daytime", TRACE_DAYTIME, {
		TEXT(ASK, 0, "", REQ, OK, 0, false),
		TEXT(TELL, 5, "high noon\r\n", ANS, OK, 1, true) }, 0 },

	{ "reqtime over TCP", TRACE_REQTIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, SYNACK, 500, "", OTH, OK, 0, false),
		TCP(ASK, 2, ACK, 101, "", OTH, OK, 0, false),
		TCP(ASK, 3, ACK, 101, "reqtime\n", REQ, OK, 0, false),
		TCP(TELL, 4, ACK, 501, LINE, ANS, OK, 4, true),
		TCP(TELL, 5, FIN, 532, "", OTH, OK, 0, false) }, 0 },
	{ "reqtime over TCP, in pieces", TRACE_REQTIME, {
		TCP(ASK, 0, SYN, 0xfffffffd, "", OTH, OK, 0, false),
		TCP(TELL, 1, SYNACK, 0xfffffff0, "", OTH, OK, 0, false),
		TCP(ASK, 2, ACK, 0xfffffffe, "req", OTH, OK, 0, false),
		TCP(ASK, 3, ACK, 1, "time\n", REQ, OK, 0, false),
		TCP(TELL, 4, ACK, 0xfffffff1, "2026-11-23T00:00:00.", OTH, OK, 0, false),
		TCP(TELL, 5, ACK, 5, "25Z\n", ANS, OK, 4, true) }, 0 },
	{ "TCP, retransmission and overlap", TRACE_REQTIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(ASK, 1, SYN, 100, "", OTH, TRACE_NOTE_RETRANSMISSION, 1, false),
		TCP(TELL, 2, SYNACK, 500, "", OTH, OK, 0, false),
		TCP(ASK, 3, ACK, 101, "reqt", OTH, OK, 0, false),
		TCP(ASK, 4, ACK, 101, "reqt", OTH, TRACE_NOTE_RETRANSMISSION, 0, false),
		TCP(ASK, 5, ACK, 103, "qtime\n", REQ, OK, 0, false),
		TCP(TELL, 6, ACK, 501, LINE, ANS, OK, 6, true) }, 0 },
	{ "TCP, a segment is missing", TRACE_REQTIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(ASK, 3, ACK, 105, "ime\n", OTH, TRACE_NOTE_GAP, 0, false) }, 0 },
	{ "TCP, an answer without its request", TRACE_REQTIME, {
		TCP(TELL, 4, ACK, 501, LINE, ANS, TRACE_NOTE_UNASKED, 0, false) }, 0 },
	{ "TCP, closed without an answer", TRACE_REQTIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, SYNACK, 500, "", OTH, OK, 0, false),
		TCP(ASK, 3, ACK, 101, "reqtime\n", REQ, OK, 0, false),
		TCP(TELL, 4, FIN, 501, "", OTH, OK, 0, false) }, 1 },
	{ "TCP, the answer ends with the connection", TRACE_DAYTIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, SYNACK, 500, "", OTH, OK, 0, false),
		TCP(ASK, 2, ACK, 101, "", REQ, OK, 0, false),
		TCP(TELL, 3, ACK, 501, "noon", OTH, OK, 0, false),
		TCP(TELL, 4, FIN, 505, "", ANS, OK, 3, true) }, 0 },
	{ "time over TCP", TRACE_TIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, SYNACK, 500, "", OTH, OK, 0, false),
		TCP(ASK, 2, ACK, 101, "", REQ, OK, 0, false),
		TCP(TELL, 3, ACK, 501, "\xee\xae\x22\xcd", ANS, OK, 3, true) }, 0 },
	{ "TCP, refused", TRACE_TIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, RST, 0, "", OTH, TRACE_NOTE_REFUSED, 1, false) }, 1 },
	{ "TCP, the same ports again", TRACE_TIME, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, SYNACK, 500, "", OTH, OK, 0, false),
		TCP(ASK, 2, ACK, 101, "", REQ, OK, 0, false),
		TCP(TELL, 3, FIN, 501, "\xee\xae\x22\xcd", ANS, OK, 3, true),
		TCP(ASK, 4, SYN, 9100, "", OTH, OK, 0, false),
		TCP(TELL, 5, SYNACK, 9500, "", OTH, OK, 0, false),
		TCP(ASK, 6, ACK, 9101, "", REQ, OK, 0, false),
		TCP(TELL, 7, ACK, 9501, "\xee\xae\x22\xcd", ANS, OK, 7, true) }, 0 },
	{ "TCP on the port of NTP is something else", TRACE_NTP, {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false) }, 0 },
};
/* clang-format on */

static struct trace trace; /* too large for a stack */

static struct ntp_ts stamp(uint32_t n)
{
	return (struct ntp_ts){ n ? 0xeeae0000 + n : 0, n ? n << 16 : 0 };
}

static size_t put_payload(const struct step *step, uint8_t *buf)
{
	struct ntp_header header = {
		.version = step->version,
		.mode = step->mode,
		.stratum = step->stratum,
		.reference = stamp(step->mode == NTP_MODE_SERVER ? 1 : 0),
		.origin = stamp(step->origin),
		.receive = stamp(step->receive),
		.transmit = stamp(step->transmit),
	};

	memset(buf, 0, 200);
	if (step->text) {
		memcpy(buf, step->text, strlen(step->text));
		return strlen(step->text);
	}
	ntp_header_write(&header, buf);
	return step->len ? step->len : NTP_HEADER_OCTETS;
}

static uint16_t port_of(enum trace_protocol protocol)
{
	for (size_t i = 0; i < TRACE_STANDARD_PORTS; i++) {
		if (trace_standard_ports[i].protocol == protocol) {
			return trace_standard_ports[i].port;
		}
	}
	return 0;
}

/* A raw IPv4 packet; returns its length, *ret_head that of its headers. */
static size_t put_packet(const struct step *step, enum trace_protocol protocol,
                         uint8_t *buf, size_t *ret_head)
{
	const uint8_t client[4] = { 192, 0, 2, 1 };
	const uint8_t servers[3][4] = { { 198, 51, 100, 7 },
		                        { 198, 51, 100, 8 },
		                        { 224, 0, 1, 1 } };
	const bool is_back =
		step->path == TELL || step->path == TELL_2 || step->path == TELL_B;
	const uint8_t *server = servers[step->path == ASK_2 || step->path == TELL_2 ? 1
	                                : step->path == GROUP                       ? 2
	                                                                            : 0];
	uint16_t client_port = step->path == ASK_B || step->path == TELL_B ? 40002 : 40001;
	bool is_tcp = step->flags != 0;
	size_t head = is_tcp ? 40 : 28;
	size_t len = put_payload(step, buf + head);
	struct octets_writer out = octets_write_to(buf, head);

	octets_put_u16(&out, 0x4500);
	octets_put_u16(&out, (uint16_t)(head + len));
	octets_put_u32(&out, 0);
	octets_put_u16(&out, is_tcp ? 0x4006 : 0x4011);
	octets_put_u16(&out, 0);
	octets_put(&out, is_back ? server : client, 4);
	octets_put(&out, is_back ? client : server, 4);
	octets_put_u16(&out, is_back ? port_of(protocol) : client_port);
	octets_put_u16(&out, is_back ? client_port : port_of(protocol));
	if (is_tcp) {
		octets_put_u32(&out, step->sequence);
		octets_put_u32(&out, 0);
		octets_put_u16(&out, (uint16_t)(0x5000 | step->flags));
		octets_put_u16(&out, 0xffff);
		octets_put_u32(&out, 0);
	} else {
		octets_put_u16(&out, (uint16_t)(8 + len));
		octets_put_u16(&out, 0);
	}
	assert_false(out.failed);
	*ret_head = head;
	return head + len;
}

/* The time of the first frame. */
static int64_t capture_ns = START_NS;

static bool play(const struct step *step, enum trace_protocol protocol, uint64_t number,
                 struct trace_packet *ret, struct trace_exchange *ret_exchange)
{
	uint8_t buf[PACKET_SIZE];
	size_t head = 0;
	size_t len = put_packet(step, protocol, buf, &head);
	size_t captured = step->captured ? head + step->captured : len;
	uint8_t *octets = malloc(captured);
	struct trace_input in = {
		.number = number,
		.at = { capture_ns + step->at_ms * NS_PER_MS },
		.link = FRAME_LINK_RAW_IP,
		.octets = octets,
		.captured = captured,
		.wire = len,
	};
	bool is_complete;

	assert_non_null(octets);
	memcpy(octets, buf, captured);
	is_complete = trace_frame(&trace, &in, ret, ret_exchange);
	free(octets);
	ret->frame.payload = NULL;
	return is_complete;
}

static unsigned count_silences(int64_t now_ns)
{
	struct trace_silence silence;
	unsigned count = 0;

	while (trace_next_silence(&trace, (struct instant){ now_ns }, &silence)) {
		count++;
	}
	return count;
}

static void play_scenario(void **state)
{
	const struct scenario *scenario = *state;
	struct trace_packet packet;
	struct trace_exchange exchange;
	unsigned completed = 0;

	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (unsigned i = 0; i < STEPS_MAX && scenario->steps[i].path != END; i++) {
		const struct step *step = &scenario->steps[i];

		(void)count_silences(START_NS + step->at_ms * NS_PER_MS);
		assert_int_equal(play(step, scenario->protocol, i + 1, &packet, &exchange),
		                 step->completes);
		assert_int_equal(packet.number, i + 1);
		assert_int_equal(packet.role, step->role);
		assert_int_equal(packet.note, step->note);
		assert_int_equal(packet.related, step->related);
		if (step->completes) {
			completed++;
			assert_int_equal(exchange.number, completed);
			assert_int_equal(exchange.request_frame, step->related);
			assert_int_equal(exchange.answer_frame, i + 1);
			assert_true(exchange.t4.unix_ns == packet.at.unix_ns);
			if (step->note == TRACE_NOTE_INTERLEAVED) {
				assert_false(exchange.has_stamps || exchange.has_result);
			} else if (step->mode == NTP_MODE_SERVER) {
				assert_true(exchange.has_stamps && exchange.has_result);
				assert_string_equal(exchange.complaint, "");
			}
			assert_int_equal(exchange.is_late,
			                 exchange.t4.unix_ns - exchange.t1.unix_ns >
			                                 5 * NS_PER_S &&
			                         step->note == TRACE_NOTE_LATE);
		}
	}
	(void)count_silences(INT64_MAX);
	assert_int_equal(trace.counts.exchanges, completed);
	assert_int_equal(trace.counts.silent, scenario->silent);
}

/* Section 8 of RFC 5905, in numbers: 30 ms to the server, 40 ms back, 1 ms held, and a
 * clock 5 s behind. */
static void sums_of(int64_t server_ns)
{
	const struct trace_port port = { TRACE_NTP, 123 };
	struct trace_packet packet;
	struct trace_exchange exchange;
	struct step ask = NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false);
	uint8_t buf[PACKET_SIZE];
	size_t head = 0;
	size_t len;
	struct ntp_header reply = {
		.version = 4,
		.mode = NTP_MODE_SERVER,
		.stratum = 1,
		.origin = stamp(1),
		.reference = ntp_from_instant((struct instant){ server_ns }),
		.receive =
			ntp_from_instant((struct instant){ server_ns + 5030 * NS_PER_MS }),
		.transmit =
			ntp_from_instant((struct instant){ server_ns + 5031 * NS_PER_MS }),
	};
	struct step tell = NTP(TELL, 71, S4, 1, 2, 3, ANS, OK, 1, true);
	struct trace_input in = { .number = 2, .link = FRAME_LINK_RAW_IP, .octets = buf };

	trace_init(&trace, &port, 1);
	assert_false(play(&ask, TRACE_NTP, 1, &packet, &exchange));
	len = put_packet(&tell, TRACE_NTP, buf, &head);
	ntp_header_write(&reply, buf + head);
	in.at.unix_ns = capture_ns + 71 * NS_PER_MS;
	in.captured = len;
	in.wire = len;
	assert_true(trace_frame(&trace, &in, &packet, &exchange));
	assert_true(exchange.has_result && exchange.has_stamps);
	assert_string_equal(exchange.complaint, "");
	assert_true(llabs(exchange.offset_ns - (server_ns - capture_ns) -
	                  4995 * NS_PER_MS) <= 1);
	assert_true(llabs(exchange.delay_ns - 70 * NS_PER_MS) <= 2);
	assert_true(packet.since_first_ns == 71 * NS_PER_MS);
}

static void sums(void **state)
{
	static const int64_t starts[][2] = {
		{ START_NS, START_NS },
		/* 2015 and 2001: the clock of the capture decides the era. */
		{ INT64_C(1435708800) * NS_PER_S, INT64_C(1435708800) * NS_PER_S },
		{ INT64_C(1435708800) * NS_PER_S, INT64_C(978307200) * NS_PER_S },
		{ INT64_C(1000) * NS_PER_S, START_NS },
		/* 2199: the release date does. */
		{ INT64_C(7226582400) * NS_PER_S, START_NS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		capture_ns = starts[i][0];
		sums_of(starts[i][1]);
	}
	capture_ns = START_NS;
}

static void last_exchange(enum trace_protocol protocol, const struct step *steps,
                          size_t count, struct trace_packet *packet,
                          struct trace_exchange *exchange)
{
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(play(&steps[i], protocol, i + 1, packet, exchange),
		                 i + 1 == count);
	}
}

/* reqtime(7): offset = T - (T1 + T4) / 2. */
static void sums_of_a_reading(void **state)
{
	const struct step reqtime[] = {
		TEXT(ASK, 0, "reqtime\n", REQ, OK, 0, false),
		TEXT(TELL, 100, LINE, ANS, OK, 1, true),
	};
	const struct step seconds[] = {
		TEXT(ASK, 0, "", REQ, OK, 0, false),
		TEXT(TELL, 100, "\xee\xae\x01\x82", ANS, OK, 1, true),
	};
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	last_exchange(TRACE_REQTIME, reqtime, 2, &packet, &exchange);
	assert_true(exchange.has_result && exchange.has_reading && !exchange.has_stamps);
	assert_true(llabs(exchange.offset_ns - 200 * NS_PER_MS) <= 1);
	assert_true(exchange.delay_ns == 100 * NS_PER_MS);
	/* 258 s later, cut to a second: half a second more on average. */
	last_exchange(TRACE_TIME, seconds, 2, &packet, &exchange);
	assert_true(packet.reading.unix_ns == START_NS + 258 * NS_PER_S);
	assert_true(exchange.has_result);
	assert_true(exchange.offset_ns == 258450 * NS_PER_MS);
	assert_true(exchange.resolution_ns == NS_PER_S);
}

/* No time in these, so no offset but a reason. */
static void answers_without_a_time(void **state)
{
	struct step steps[] = {
		NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false),
		NTP(TELL, 5, S4, 1, 1, 1, ANS, OK, 1, true),
	};
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	steps[1].stratum = 0;
	last_exchange(TRACE_NTP, steps, 2, &packet, &exchange);
	assert_false(exchange.has_result);
	assert_string_equal(exchange.complaint,
	                    "stratum 0 without a kiss code: it is not synchronised");
}

static void silence_is_told_after_its_time(void **state)
{
	const struct step ask = NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false);
	const struct step last = NTP(ASK, 0, V4, 0, 0, 2, REQ, OK, 0, false);
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	play(&ask, TRACE_NTP, 1, &packet, &exchange);
	assert_int_equal(count_silences(START_NS + 5 * NS_PER_S), 0);
	assert_int_equal(count_silences(START_NS + 5 * NS_PER_S + 1), 1);
	assert_int_equal(count_silences(INT64_MAX), 0);
	/* At the end all are reported, even a request at the end of time. */
	play(&ask, TRACE_NTP, 2, &packet, &exchange);
	play(&last, TRACE_NTP, 3, &packet, &exchange);
	trace.pending[1].at.unix_ns = INT64_MAX;
	assert_int_equal(count_silences(INT64_MAX), 1);
}

static void who_refused_is_told(void **state)
{
	const struct step steps[] = {
		TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false),
		TCP(TELL, 1, RST, 0, "", OTH, TRACE_NOTE_REFUSED, 1, false),
	};
	struct trace_silence silence;
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	play(&steps[0], TRACE_TIME, 1, &packet, &exchange);
	play(&steps[1], TRACE_TIME, 2, &packet, &exchange);
	assert_true(trace_next_silence(&trace, (struct instant){ INT64_MAX }, &silence));
	assert_int_equal(silence.request_frame, 1);
	assert_int_equal(silence.refused_by, 2);
	assert_true(silence.is_tcp);
	assert_int_equal(silence.protocol, TRACE_TIME);
}

/* More requests than the ring holds: the oldest are reported as they leave it, none twice,
 * and the newest are still matched. */
static void forgotten_requests_are_told(void **state)
{
	struct trace_packet packet;
	struct trace_exchange exchange;
	const uint32_t total = TRACE_PENDING_MAX + 100;
	struct step step = NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false);
	unsigned told = 0;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (uint32_t i = 1; i <= total; i++) {
		told += count_silences(START_NS);
		step.transmit = i;
		assert_false(play(&step, TRACE_NTP, i, &packet, &exchange));
	}
	assert_int_equal(told, 100);
	step = (struct step)NTP(TELL, 1, S4, total - TRACE_PENDING_MAX + 1, 2, 3, ANS, OK,
	                        1, true);
	assert_true(play(&step, TRACE_NTP, total + 1, &packet, &exchange));
	assert_int_equal(packet.related, total - TRACE_PENDING_MAX + 1);
	step.origin = total - TRACE_PENDING_MAX;
	assert_false(play(&step, TRACE_NTP, total + 2, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_MISMATCH);
	told += count_silences(INT64_MAX);
	assert_int_equal(told, total - 1);
	assert_int_equal(trace.counts.silent, total - 1);
}

/* More connections than are followed: the one idle for longest is dropped. */
static void connections_are_bounded(void **state)
{
	struct trace_packet packet;
	struct trace_exchange exchange;
	uint8_t buf[PACKET_SIZE];
	size_t head = 0;
	struct step step = TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false);
	struct trace_input in = { .link = FRAME_LINK_RAW_IP, .octets = buf };

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (unsigned i = 0; i < 2 * TRACE_STREAMS_MAX; i++) {
		in.captured = put_packet(&step, TRACE_REQTIME, buf, &head);
		in.wire = in.captured;
		in.number = i + 1;
		buf[20] = (uint8_t)(i >> 8);
		buf[21] = (uint8_t)i;
		assert_false(trace_frame(&trace, &in, &packet, &exchange));
		assert_int_equal(packet.stream, i + 1);
	}
	/* The last still has its first frame, the first does not. */
	step.flags = ACK;
	step.sequence = 101;
	in.captured = put_packet(&step, TRACE_REQTIME, buf, &head);
	buf[20] = (uint8_t)((2 * TRACE_STREAMS_MAX - 1) >> 8);
	buf[21] = (uint8_t)(2 * TRACE_STREAMS_MAX - 1);
	in.number = 9999;
	assert_false(trace_frame(&trace, &in, &packet, &exchange));
	assert_int_equal(packet.stream, 2 * TRACE_STREAMS_MAX);
	buf[20] = 0;
	buf[21] = 0;
	assert_false(trace_frame(&trace, &in, &packet, &exchange));
	assert_int_equal(packet.stream, 9999);
}

/* Times of any value in a file. */
static void extreme_times(void **state)
{
	const int64_t times[] = { INT64_MIN, -1, 0, INT64_MAX };
	struct step ask = NTP(ASK, 0, V4, 0, 0, 1, REQ, OK, 0, false);
	struct step tell = NTP(TELL, 0, S4, 1, 2, 3, ANS, OK, 1, true);
	uint8_t request[PACKET_SIZE], answer[PACKET_SIZE];
	struct trace_packet packet;
	struct trace_exchange exchange;
	char text[TRACE_TEXT_BLOCK_SIZE];
	size_t head = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(times) * COUNT_OF(times); i++) {
		struct trace_input in = { .number = 1, .link = FRAME_LINK_RAW_IP };

		trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
		in.octets = request;
		in.captured = put_packet(&ask, TRACE_NTP, request, &head);
		in.wire = in.captured;
		in.at.unix_ns = times[i / COUNT_OF(times)];
		assert_false(trace_frame(&trace, &in, &packet, &exchange));
		(void)count_silences(times[i % COUNT_OF(times)]);
		in.octets = answer;
		in.captured = put_packet(&tell, TRACE_NTP, answer, &head);
		in.number = 2;
		in.at.unix_ns = times[i % COUNT_OF(times)];
		assert_true(trace_frame(&trace, &in, &packet, &exchange));
		trace_text_packet(&packet, text, sizeof(text));
		trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
		trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text));
		(void)count_silences(INT64_MAX);
		assert_int_equal(trace.counts.silent, 0);
	}
}

static const struct {
	const char *text;
	bool is_good;
	struct trace_port want;
} port_rows[] = {
	{ "123", true, { TRACE_NTP, 123 } },
	{ "11123", true, { TRACE_NTP, 11123 } },
	{ "9191", true, { TRACE_REQTIME, 9191 } },
	{ "37", true, { TRACE_TIME, 37 } },
	{ "13", true, { TRACE_DAYTIME, 13 } },
	{ "ntp:9191", true, { TRACE_NTP, 9191 } },
	{ "reqtime:1", true, { TRACE_REQTIME, 1 } },
	{ "time:65535", true, { TRACE_TIME, 65535 } },
	{ "daytime:1013", true, { TRACE_DAYTIME, 1013 } },
	{ "", false, { 0, 0 } },
	{ "0", false, { 0, 0 } },
	{ "65536", false, { 0, 0 } },
	{ "4294967419", false, { 0, 0 } },
	{ "18446744073709551739", false, { 0, 0 } },
	{ "-1", false, { 0, 0 } },
	{ "+1", false, { 0, 0 } },
	{ " 1", false, { 0, 0 } },
	{ "1 ", false, { 0, 0 } },
	{ "ntp:", false, { 0, 0 } },
	{ ":123", false, { 0, 0 } },
	{ "none:123", false, { 0, 0 } },
	{ "nt:123", false, { 0, 0 } },
	{ "NTP:123", false, { 0, 0 } },
	{ "ntp:123:1", false, { 0, 0 } },
};

static void ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(port_rows); i++) {
		struct trace_port got = { TRACE_DAYTIME, 77 };

		assert_int_equal(trace_port_parse(port_rows[i].text, &got),
		                 port_rows[i].is_good);
		assert_int_equal(got.protocol, port_rows[i].is_good
		                                       ? port_rows[i].want.protocol
		                                       : TRACE_DAYTIME);
		assert_int_equal(got.port,
		                 port_rows[i].is_good ? port_rows[i].want.port : 77);
	}
}

/* A port of the command line may be a standard one: the first entry decides. */
static void first_port_wins(void **state)
{
	const struct trace_port given[] = { { TRACE_REQTIME, 123 }, { TRACE_NTP, 123 } };
	const struct step ask = TEXT(ASK, 0, "reqtime\n", REQ, OK, 0, false);
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	trace_init(&trace, given, 2);
	play(&ask, TRACE_NTP, 1, &packet, &exchange);
	assert_int_equal(packet.protocol, TRACE_REQTIME);
	assert_int_equal(packet.role, TRACE_REQUEST);
}

static void ntp_is_not_spoken_over_tcp(void **state)
{
	const struct step syn = TCP(ASK, 0, SYN, 100, "", OTH, OK, 0, false);
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	play(&syn, TRACE_NTP, 1, &packet, &exchange);
	assert_int_equal(packet.protocol, TRACE_NONE);
	assert_int_equal(trace.counts.packets, 0);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(scenarios) + 11] = {
		cmocka_unit_test(sums),
		cmocka_unit_test(sums_of_a_reading),
		cmocka_unit_test(answers_without_a_time),
		cmocka_unit_test(silence_is_told_after_its_time),
		cmocka_unit_test(who_refused_is_told),
		cmocka_unit_test(forgotten_requests_are_told),
		cmocka_unit_test(connections_are_bounded),
		cmocka_unit_test(extreme_times),
		cmocka_unit_test(ports),
		cmocka_unit_test(first_port_wins),
		cmocka_unit_test(ntp_is_not_spoken_over_tcp),
	};

	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		tests[i + 11] = (struct CMUnitTest){
			.name = scenarios[i].name,
			.test_func = play_scenario,
			.initial_state = (void *)(uintptr_t)&scenarios[i],
		};
	}
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
