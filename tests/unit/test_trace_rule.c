/* SPDX-License-Identifier: MIT
 *
 * The same rule in client and trace: each reason why `reqtime query` does not use an
 * answer, in the client's own words, and no offset if the timestamps contradict each
 * other.  Also how a request and its answer are matched: on any port, in either order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/octets.h"
#include "core/select/reply.h"
#include "core/trace/text.h"
#include "core/trace/trace.h"

enum { SIZE = 1400, EXTRA = 1100 };

/* 2026-11-23 00:00:00 UTC */
#define START_NS INT64_C(1795392000000000000)
#define MS NS_PER_MS

static struct trace trace; /* too large for a stack */

static const struct ntp_ts COOKIE = { 0x1b2c3d4e, 0x5f607182 };

static struct ntp_ts ts(int64_t since_start_ns)
{
	return ntp_from_instant((struct instant){ START_NS + since_start_ns });
}

/* A UDP packet over IPv4: 10.0.0.HOST:PORT. */
struct end {
	uint8_t host;
	uint16_t port;
};

static void put_end(struct octets_writer *out, struct end end)
{
	octets_put_u32(out, UINT32_C(0x0a000000) | end.host);
}

static size_t put_udp(uint8_t *buf, struct end from, struct end to, const uint8_t *payload,
                      size_t len)
{
	struct octets_writer out = octets_write_to(buf, SIZE);

	octets_put_u16(&out, 0x4500);
	octets_put_u16(&out, (uint16_t)(28 + len));
	octets_put_u32(&out, 0);
	octets_put_u16(&out, 0x4011);
	octets_put_u16(&out, 0);
	put_end(&out, from);
	put_end(&out, to);
	octets_put_u16(&out, from.port);
	octets_put_u16(&out, to.port);
	octets_put_u16(&out, (uint16_t)(8 + len));
	octets_put_u16(&out, 0);
	octets_put(&out, payload, len);
	assert_false(out.failed);
	return 28 + len;
}

static size_t kept; /* octets of the payload captured; 0: all */

static bool feed(uint64_t number, int64_t at_ns, struct end from, struct end to,
                 const uint8_t *payload, size_t len, struct trace_packet *packet,
                 struct trace_exchange *exchange)
{
	uint8_t buf[SIZE];
	size_t whole = put_udp(buf, from, to, payload, len);
	uint8_t *octets = malloc(whole);
	const struct trace_input in = { .number = number,
		                        .at = { START_NS + at_ns },
		                        .link = FRAME_LINK_RAW_IP,
		                        .octets = octets,
		                        .captured = kept ? 28 + kept : whole,
		                        .wire = whole };
	bool is_complete;

	assert_non_null(octets);
	memcpy(octets, buf, whole);
	is_complete = trace_frame(&trace, &in, packet, exchange);
	free(octets);
	return is_complete;
}

/* The field of a good answer that a row changes. */
enum field {
	NONE,
	LEAP,
	VERSION,
	MODE,
	STRATUM,
	PRECISION,
	ROOT_DELAY,
	ROOT_DISPERSION,
	REFID,
	REFERENCE,
	ORIGIN,
	RECEIVE,
	TRANSMIT,
	LENGTH,
	EXTENSION, /* LENGTH, and an extension field of that length */
	T4,
};

static struct ntp_header good(void)
{
	return (struct ntp_header){
		.version = 4,
		.mode = NTP_MODE_SERVER,
		.stratum = 2,
		.precision_log2_s = -20,
		.root_delay = 0x100,
		.root_dispersion = 0x100,
		.refid = { 192, 0, 2, 1 },
		.reference = ts(-30 * NS_PER_S),
		.origin = COOKIE,
		.receive = ts(5010 * MS),
		.transmit = ts(5011 * MS),
	};
}

struct rule_row {
	const char *name;
	struct {
		enum field field;
		int64_t value;
	} changes[3];
	bool has_offset;
	const char *complaint; /* in the client's words; "": it uses the answer */
};

/* clang-format off */
static const struct rule_row rules[] = {
	{ "usable", { { NONE, 0 } }, true, "" },
	{ "version 1, mode 0", { { VERSION, 1 }, { MODE, 0 } }, true, "" },
	{ "version 3", { { VERSION, 3 } }, true, "" },
	{ "a MAC without its key", { { LENGTH, 68 } }, true, "" },
	/* the packet */
	{ "version 0", { { VERSION, 0 } }, true, "version 0 of NTP: known are 1 to 4" },
	{ "version 5", { { VERSION, 5 } }, true, "version 5 of NTP: known are 1 to 4" },
	{ "version 7", { { VERSION, 7 } }, true, "version 7 of NTP: known are 1 to 4" },
	{ "mode 0 of version 4", { { MODE, 0 } }, true, "mode 0, reserved mode: an answer has mode 4, server" },
	{ "mode 2 to a client", { { MODE, 2 } }, true, "mode 2, symmetric passive: an answer has mode 4, server" },
	{ "mode 3: an echo", { { MODE, 3 } }, true, "mode 3, client: an answer has mode 4, server" },
	{ "mode 5", { { MODE, 5 } }, true, "mode 5, broadcast: an answer has mode 4, server" },
	{ "mode 6", { { MODE, 6 } }, false, "mode 6, control: an answer has mode 4, server" },
	{ "mode 7", { { MODE, 7 } }, false, "mode 7, private: an answer has mode 4, server" },
	{ "50 octets", { { LENGTH, 50 } }, true, "50 octets: not a multiple of four" },
	{ "1028 octets", { { LENGTH, 1028 } }, true, "1028 octets: no answer has more than 1024" },
	{ "malformed extension field", { { LENGTH, 80 }, { EXTENSION, 200 } }, true,
		"malformed extension field: says it has 200 octets, 32 are left" },
	{ "crypto-NAK", { { LENGTH, 52 } }, true, "crypto-NAK: the server does not accept the key" },
	{ "kiss RATE", { { STRATUM, 0 }, { REFID, 0x52415445 } }, true, "kiss code RATE: it wants fewer requests" },
	{ "kiss DENY", { { STRATUM, 0 }, { REFID, 0x44454e59 } }, true, "kiss code DENY: it refuses to serve us" },
	{ "kiss RSTR", { { STRATUM, 0 }, { REFID, 0x52535452 } }, true, "kiss code RSTR: it refuses to serve us" },
	{ "kiss INIT", { { STRATUM, 0 }, { REFID, 0x494e4954 } }, true, "kiss code INIT: it is not synchronised" },
	{ "stratum 0 without a code", { { STRATUM, 0 }, { REFID, 0 } }, true,
		"stratum 0 without a kiss code: it is not synchronised" },
	{ "no receive timestamp", { { RECEIVE, INT64_MIN } }, false, "receive timestamp is zero" },
	{ "no transmit timestamp", { { TRANSMIT, INT64_MIN } }, false, "transmit timestamp is zero" },
	{ "leap 3", { { LEAP, 3 } }, true, "leap 3: it is not synchronised" },
	{ "stratum 16", { { STRATUM, 16 } }, true, "stratum 16: above 15 it is not synchronised" },
	{ "stratum 255", { { STRATUM, 255 } }, true, "stratum 255: above 15 it is not synchronised" },
	{ "precision 2^5 s", { { PRECISION, 5 } }, true, "precision of 2^5 s: none is outside 2^-40 to 2^4 s" },
	{ "precision 2^-41 s", { { PRECISION, -41 } }, true, "precision of 2^-41 s: none is outside 2^-40 to 2^4 s" },
	{ "root dispersion 16 s", { { ROOT_DISPERSION, 0x100000 } }, true,
		"root distance of 16.00 s: from 16 s on it has lost its reference" },
	{ "reference timestamp 0: never synchronised, and the dispersion says how far off", { { REFERENCE, INT64_MIN } }, true, "" },
	{ "a reference in the future", { { REFERENCE, 7011 * MS } }, true,
		"reference timestamp 2 s after its transmit timestamp" },
	/* the four timestamps */
	{ "T4 before T1", { { T4, -160 * NS_PER_S } }, false, "the local clock was set back meanwhile" },
	{ "T4 37 s before T1: TAI", { { T4, 20 * MS - 37 * NS_PER_S } }, false,
		"the local clock was set back meanwhile" },
	{ "T3 before T2", { { TRANSMIT, 4000 * MS } }, false, "its reply left 1.01 s before the request arrived" },
	{ "T4 at T1, and held", { { T4, 0 } }, false,
		"negative delay of -1 ms: it claims to have held the request longer" },
	{ "held longer than it was away", { { TRANSMIT, 5041 * MS } }, false,
		"negative delay of -11 ms: it claims to have held the request longer" },
	{ "a delay below 0 within the precisions", { { TRANSMIT, 5030 * MS + 1500 } }, true, "" },
	{ "held for an hour", { { TRANSMIT, 3605010 * MS } }, false, "it held the request for 1 h 00:00: more than 4 s" },
	{ "held for 5 s, and away for as long", { { TRANSMIT, 10010 * MS }, { T4, 5020 * MS } }, true,
		"it held the request for 5 s: more than 4 s" },
	{ "root distance 10 s", { { ROOT_DISPERSION, 0xa0000 } }, true,
		"root distance of 10.00 s above the limit of 1.5 s (--root-distance)" },
	{ "root delay 3 s and more", { { ROOT_DELAY, 0x30100 } }, true,
		"root distance of 1.506 s above the limit of 1.5 s (--root-distance)" },
};
/* clang-format on */

static struct ntp_ts changed_ts(int64_t value)
{
	return value == INT64_MIN ? (struct ntp_ts){ 0, 0 } : ts(value);
}

static void change(struct ntp_header *header, enum field field, int64_t value)
{
	switch (field) {
	case LEAP:
		header->leap = (uint8_t)value;
		break;
	case VERSION:
		header->version = (uint8_t)value;
		break;
	case MODE:
		header->mode = (uint8_t)value;
		break;
	case STRATUM:
		header->stratum = (uint8_t)value;
		break;
	case PRECISION:
		header->precision_log2_s = (int8_t)value;
		break;
	case ROOT_DELAY:
		header->root_delay = (uint32_t)value;
		break;
	case ROOT_DISPERSION:
		header->root_dispersion = (uint32_t)value;
		break;
	case REFID:
		for (int i = 0; i < 4; i++) {
			header->refid[i] = (uint8_t)(value >> (24 - 8 * i));
		}
		break;
	case REFERENCE:
		header->reference = changed_ts(value);
		break;
	case RECEIVE:
		header->receive = changed_ts(value);
		break;
	case TRANSMIT:
		header->transmit = changed_ts(value);
		break;
	default:
		break;
	}
}

/* The answer of a row, and its capture time. */
static size_t put_answer(const struct rule_row *row, uint8_t buf[EXTRA], int64_t *ret_t4_ns)
{
	struct ntp_header header = good();
	size_t len = NTP_HEADER_OCTETS;

	memset(buf, 0, EXTRA);
	*ret_t4_ns = 20 * MS;
	for (size_t i = 0; i < COUNT_OF(row->changes); i++) {
		change(&header, row->changes[i].field, row->changes[i].value);
	}
	ntp_header_write(&header, buf);
	for (size_t i = 0; i < COUNT_OF(row->changes); i++) {
		const int64_t value = row->changes[i].value;

		if (row->changes[i].field == LENGTH) {
			len = (size_t)value;
			buf[49] = 4; /* a field type, or a key */
			buf[51] = (uint8_t)(len == 68 ? 7 : 0);
		} else if (row->changes[i].field == EXTENSION) {
			buf[51] = (uint8_t)value;
		} else if (row->changes[i].field == T4) {
			*ret_t4_ns = value;
		}
	}
	return len;
}

static const struct end CLIENT = { 1, 40001 };
static const struct end SERVER = { 2, 123 };

static void put_request(struct ntp_ts cookie, uint8_t buf[NTP_HEADER_OCTETS])
{
	(void)ntp_request_write(4, cookie, buf);
}

static void rule_holds(void **state)
{
	const struct rule_row *row = *state;
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	char text[TRACE_TEXT_BLOCK_SIZE];
	int64_t t4_ns;
	size_t len = put_answer(row, answer, &t4_ns);

	put_request(COOKIE, request);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(
		feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange));
	assert_true(feed(2, t4_ns, SERVER, CLIENT, answer, len, &packet, &exchange));
	assert_int_equal(packet.related, 1);
	assert_string_equal(exchange.complaint, row->complaint);
	assert_int_equal(exchange.has_result, row->has_offset);
	if (exchange.has_result) {
		assert_true(exchange.delay_ns >= 0);
	}
	trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_int_equal(strstr(text, "unusable: ") != NULL, row->complaint[0] != '\0');
	assert_int_equal(strstr(text, "offset +") != NULL, row->has_offset);
}

static bool has_mode_of_an_answer(const uint8_t *octets)
{
	const unsigned mode = octets[0] & 7;

	return mode == NTP_MODE_SERVER || mode == NTP_MODE_ACTIVE ||
	       mode == NTP_MODE_PASSIVE;
}

/* Either may be captured first.  A packet of another mode is an answer only after a request
 * with the cookie it returns; before the request it is ignored. */
static void rule_holds_in_reverse(void **state)
{
	const struct rule_row *row = *state;
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	int64_t t4_ns;
	size_t len = put_answer(row, answer, &t4_ns);

	put_request(COOKIE, request);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(feed(1, t4_ns, SERVER, CLIENT, answer, len, &packet, &exchange));
	assert_int_equal(
		feed(2, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange),
		has_mode_of_an_answer(answer));
	if (!has_mode_of_an_answer(answer)) {
		return;
	}
	assert_int_equal(packet.related, 1);
	assert_string_equal(exchange.complaint, row->complaint);
	assert_int_equal(exchange.has_result, row->has_offset);
}

/* The same octets and timestamps, as app/client gives them to the rule. */
static void client_says_the_same(void **state)
{
	const struct rule_row *row = *state;
	uint8_t answer[EXTRA];
	int64_t t4_ns;
	size_t len = put_answer(row, answer, &t4_ns);
	const struct reply_packet packet = { .octets = answer,
		                             .len = len,
		                             .cookie = COOKIE };
	const struct reply_times times = {
		.t1 = { START_NS },
		.t4 = { START_NS + t4_ns },
		.local_precision_ns = 1000,
		.root_distance_max_ns = SAMPLE_ROOT_DISTANCE_MAX_NS,
	};
	char reason[REPLY_REASON_SIZE] = "";
	struct sample sample;
	struct reply reply;

	reply_read(&packet, &reply);
	if (reply.outcome == REPLY_USABLE) {
		assert_int_equal(reply_sample(&reply.header, &times, &sample, reason) ==
		                         SAMPLE_OK,
		                 row->complaint[0] == '\0');
		assert_string_equal(reason, row->complaint);
	} else {
		assert_string_equal(reply.reason, row->complaint);
	}
}

/* A reply that is too short is reported, but does not end the exchange, as in the client: a
 * later one still counts. */
static void too_short_settles_nothing(void **state)
{
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(
		feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange));
	assert_false(feed(2, 5 * MS, SERVER, CLIENT, answer, 40, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_MALFORMED);
	assert_int_equal(packet.related, 1);
	assert_string_equal(packet.complaint, "40 octets: a packet of NTP has at least 48");
	assert_true(feed(3, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_string_equal(exchange.complaint, "");
}

/* ... the same for one that is broken otherwise. */
static void broken_settles_nothing(void **state)
{
	static const struct rule_row broken = { .changes = { { VERSION, 6 } } };
	static const struct rule_row denied = { .changes = { { STRATUM, 0 },
		                                             { REFID, 0x44454e59 } } };
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(
		feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange));
	(void)put_answer(&broken, answer, &t4_ns);
	assert_true(feed(2, 5 * MS, SERVER, CLIENT, answer, 48, &packet, &exchange));
	(void)put_answer(&rules[0], answer, &t4_ns);
	assert_true(feed(3, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_string_equal(exchange.complaint, "");
	assert_false(feed(4, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_DUPLICATE);
	/* A complete reply ends it, whatever its contents. */
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(
		feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange));
	(void)put_answer(&denied, answer, &t4_ns);
	assert_true(feed(2, 5 * MS, SERVER, CLIENT, answer, 48, &packet, &exchange));
	(void)put_answer(&rules[0], answer, &t4_ns);
	assert_false(feed(3, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_DUPLICATE);
}

/* The next request, from another port as clients do it, gets the time of the previous
 * one. */
static void same_time_twice(void **state)
{
	const struct ntp_ts other = { 0x99887766, 0x55443322 };
	const struct end again = { 1, 40002 }, neighbour = { 3, 40002 };
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	struct ntp_header header = good();
	int64_t t4_ns;

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct end second = i == 0 ? again : neighbour;

		put_request(COOKIE, request);
		(void)put_answer(&rules[0], answer, &t4_ns);
		trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
		feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange);
		assert_true(feed(2, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
		put_request(other, request);
		header.origin = other;
		ntp_header_write(&header, answer);
		feed(3, 0, second, SERVER, request, sizeof(request), &packet, &exchange);
		assert_true(feed(4, t4_ns, SERVER, second, answer, 48, &packet, &exchange));
		assert_string_equal(exchange.complaint,
		                    i == 0 ? "it repeats the transmit timestamp of the "
		                             "last reply"
		                           : "");
	}
}

static void client_takes_no_time_twice(void **state)
{
	uint8_t answer[EXTRA];
	int64_t t4_ns;
	struct reply_packet packet = { .octets = answer, .len = 48, .cookie = COOKIE };
	struct reply reply;

	(void)state;
	(void)put_answer(&rules[0], answer, &t4_ns);
	packet.last_transmit = good().transmit;
	reply_read(&packet, &reply);
	assert_int_equal(reply.outcome, REPLY_USABLE);
	packet.has_last = true;
	reply_read(&packet, &reply);
	assert_int_equal(reply.outcome, REPLY_REPEATED);
	assert_string_equal(reply.reason, REPLY_REPEATS);
	packet.last_transmit.fraction ^= 1;
	reply_read(&packet, &reply);
	assert_int_equal(reply.outcome, REPLY_USABLE);
	packet.cookie.fraction ^= 1;
	reply_read(&packet, &reply);
	assert_int_equal(reply.outcome, REPLY_FOREIGN);
}

/* Octets cut away are not checked, the length is. */
static void cut_answers(void **state)
{
	static const struct {
		size_t len, kept;
		const char *want;
	} rows[] = {
		{ 120, 48, "" },
		{ 120, 60, "" },
		{ 50, 48, "50 octets: not a multiple of four" },
		{ 1028, 100, "1028 octets: no answer has more than 1024" },
		{ 1052, 1030, "more than 1028 octets: no answer has more than 1024" },
	};
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
		feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange);
		kept = rows[i].kept;
		assert_true(feed(2, t4_ns, SERVER, CLIENT, answer, rows[i].len, &packet,
		                 &exchange));
		kept = 0;
		assert_string_equal(exchange.complaint, rows[i].want);
		assert_true(exchange.has_result);
	}
	feed(3, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange);
	kept = 47;
	assert_false(feed(4, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	kept = 0;
	assert_int_equal(packet.note, TRACE_NOTE_CUT);
	assert_int_equal(trace.counts.cut, 1);
}

static void foreign_answers(void **state)
{
	const struct end elsewhere = { 9, 123 };
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	struct ntp_header header = good();
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange);
	assert_false(feed(2, 1, elsewhere, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_ELSEWHERE);
	assert_string_equal(packet.complaint, "wrong origin timestamp");
	header.origin.fraction ^= 1;
	ntp_header_write(&header, answer);
	assert_false(feed(3, 1, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_MISMATCH);
	assert_string_equal(packet.complaint, "wrong origin timestamp");
}

/* The text protocols have reasons, too. */
static void readings_by_the_rule(void **state)
{
	static const char DAY[] = "noon\r\n", LINE[] = "2026-11-23T00:00:00.250000000Z\n";
	const struct end day = { 2, 13 }, line = { 2, 9191 };
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	feed(1, 0, CLIENT, day, NULL, 0, &packet, &exchange);
	assert_true(feed(2, 1, day, CLIENT, (const uint8_t *)DAY, strlen(DAY), &packet,
	                 &exchange));
	assert_string_equal(exchange.complaint, REPLY_DAYTIME);
	feed(3, 0, CLIENT, line, (const uint8_t *)"reqtime\n", 8, &packet, &exchange);
	assert_true(
		feed(4, 1, line, CLIENT, (const uint8_t *)"late\n", 5, &packet, &exchange));
	assert_string_equal(exchange.complaint, REPLY_NOT_A_TIME);
	feed(5, 100, CLIENT, line, (const uint8_t *)"reqtime\n", 8, &packet, &exchange);
	assert_true(feed(6, -1, line, CLIENT, (const uint8_t *)LINE, strlen(LINE), &packet,
	                 &exchange));
	assert_false(exchange.has_result);
	assert_string_equal(exchange.complaint,
	                    sample_verdict_text(SAMPLE_LOCAL_BACKWARDS));
}

/* ---- in either order ---- */

static void answer_before_its_request(void **state)
{
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(feed(1, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_UNASKED);
	assert_string_equal(packet.complaint, "");
	assert_true(
		feed(2, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange));
	assert_int_equal(packet.role, TRACE_REQUEST);
	assert_int_equal(packet.note, TRACE_NOTE_AFTER);
	assert_int_equal(packet.related, 1);
	assert_int_equal(exchange.request_frame, 2);
	assert_int_equal(exchange.answer_frame, 1);
	assert_true(exchange.has_result);
	assert_true(llabs(exchange.offset_ns - 5000500 * NS_PER_US) <= 1);
	assert_string_equal(exchange.complaint, "");
	/* It is answered once. */
	assert_false(feed(3, 30 * MS, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_DUPLICATE);
	assert_false(trace_next_silence(&trace, (struct instant){ INT64_MAX },
	                                &(struct trace_silence){ 0 }));
	assert_int_equal(trace.counts.silent, 0);
	assert_int_equal(trace.counts.exchanges, 1);
}

/* With another request of the same client still pending. */
static void early_answer_beside_another_request(void **state)
{
	const struct ntp_ts other = { 0x99887766, 0x55443322 };
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	int64_t t4_ns;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	put_request(other, request);
	feed(1, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange);
	(void)put_answer(&rules[0], answer, &t4_ns);
	assert_false(feed(2, t4_ns, SERVER, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(packet.note, TRACE_NOTE_MISMATCH);
	put_request(COOKIE, request);
	assert_true(
		feed(3, 0, CLIENT, SERVER, request, sizeof(request), &packet, &exchange));
	assert_int_equal(exchange.answer_frame, 2);
}

/* Without a cookie the timestamps must be in order. */
static void early_answer_of_the_line(void **state)
{
	static const char LINE[] = "2026-11-23T00:00:00.250000000Z\n";
	const struct end line = { 2, 9191 };
	struct trace_packet packet;
	struct trace_exchange exchange;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	feed(1, 5, line, CLIENT, (const uint8_t *)LINE, strlen(LINE), &packet, &exchange);
	assert_int_equal(packet.note, TRACE_NOTE_UNASKED);
	assert_true(feed(2, 0, CLIENT, line, (const uint8_t *)"reqtime\n", 8, &packet,
	                 &exchange));
	assert_int_equal(exchange.answer_frame, 1);
	/* It answers one request only. */
	assert_false(feed(3, 1, CLIENT, line, (const uint8_t *)"reqtime\n", 8, &packet,
	                  &exchange));
	/* An answer from before the request belongs to an older one, which was not
	 * captured. */
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	feed(1, 0, line, CLIENT, (const uint8_t *)LINE, strlen(LINE), &packet, &exchange);
	assert_false(feed(2, 5, CLIENT, line, (const uint8_t *)"reqtime\n", 8, &packet,
	                  &exchange));
}

/* ---- refused ---- */

static const struct icmp_row {
	const char *name;
	bool is_ipv6;
	struct {
		size_t at;
		uint8_t with;
	} change;    /* {0, 0}: none */
	size_t less; /* octets cut off */
	bool is_refused;
} icmps[] = {
	{ "ICMP: port unreachable", false, { 0, 0 }, 0, true },
	{ "ICMPv6: port unreachable", true, { 0, 0 }, 0, true },
	{ "ICMP: an echo", false, { 20, 8 }, 0, false },
	{ "ICMPv6: too big", true, { 40, 2 }, 0, false },
	{ "ICMP: too big", false, { 21, 4 }, 0, false },
	{ "ICMP: forbidden by a filter", false, { 21, 13 }, 0, true },
	{ "ICMP: of another server", false, { 20 + 8 + 19, 9 }, 0, false },
	{ "ICMP: of another port", false, { 20 + 8 + 20 + 3, 9 }, 0, false },
	{ "ICMP: of no UDP", false, { 20 + 8 + 9, 47 }, 0, false },
	{ "ICMP: of TCP", false, { 20 + 8 + 9, 6 }, 0, false },
	{ "ICMP: a header of 60 octets, of which 20 are there",
	  false,
	  { 20 + 8, 0x4f },
	  0,
	  false },
	{ "ICMP: a header of 0 octets", false, { 20 + 8, 0x40 }, 0, false },
	{ "ICMP: cut before the ports", false, { 0, 0 }, 5, false },
	{ "ICMPv6: cut before the ports", true, { 0, 0 }, 5, false },
};

/* IP of `protocol` between 10.0.0.1 and 10.0.0.2 or fd00::1 and fd00::2, there or back. */
static size_t put_ip(uint8_t *buf, bool is_ipv6, bool is_back, uint8_t protocol,
                     const uint8_t *octets, size_t len)
{
	const size_t head = is_ipv6 ? 40 : 20;

	memset(buf, 0, head);
	buf[0] = is_ipv6 ? 0x60 : 0x45;
	if (is_ipv6) {
		buf[5] = (uint8_t)len;
		buf[6] = protocol;
		buf[8] = buf[24] = 0xfd;
		buf[23] = is_back ? 2 : 1;
		buf[39] = is_back ? 1 : 2;
	} else {
		buf[3] = (uint8_t)(head + len);
		buf[9] = protocol;
		buf[12] = buf[16] = 10;
		buf[15] = is_back ? 2 : 1;
		buf[19] = is_back ? 1 : 2;
	}
	memcpy(buf + head, octets, len);
	return head + len;
}

static void refused_by_icmp(void **state)
{
	const struct icmp_row *row = *state;
	uint8_t udp[8 + NTP_HEADER_OCTETS] = { 0x9c, 0x41, 0, 123, 0, 56, 0, 0 };
	uint8_t request[200], icmp[200] = { row->is_ipv6 ? 1 : 3, row->is_ipv6 ? 4 : 3 },
			      error[300];
	struct trace_input in = { .number = 1,
		                  .link = FRAME_LINK_RAW_IP,
		                  .octets = request };
	struct trace_packet packet;
	struct trace_exchange exchange;
	struct trace_silence silence;
	uint8_t *octets;

	put_request(COOKIE, udp + 8);
	in.captured = put_ip(request, row->is_ipv6, false, 17, udp, sizeof(udp));
	in.wire = in.captured;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(trace_frame(&trace, &in, &packet, &exchange));
	/* As much of it as RFC 792 requires: eight octets after the header. */
	memcpy(icmp + 8, request, row->is_ipv6 ? 48 : 28);
	in.captured = put_ip(error, row->is_ipv6, true, row->is_ipv6 ? 58 : 1, icmp,
	                     row->is_ipv6 ? 56 : 36);
	in.wire = in.captured;
	if (row->change.at != 0) {
		error[row->change.at] = row->change.with;
	}
	in.captured -= row->less;
	octets = malloc(in.captured);
	assert_non_null(octets);
	memcpy(octets, error, in.captured);
	in.octets = octets;
	in.number = 2;
	assert_false(trace_frame(&trace, &in, &packet, &exchange));
	free(octets);
	assert_int_equal(packet.verdict, FRAME_OTHER_PROTOCOL);
	assert_int_equal(
		packet.frame.has_quote && !packet.frame.is_tcp &&
			packet.frame.quoted_destination.port == 123 &&
			packet.frame.quoted_destination.octets[row->is_ipv6 ? 15 : 3] == 2,
		row->is_refused);
	assert_true(trace_next_silence(&trace, (struct instant){ INT64_MAX }, &silence));
	assert_int_equal(silence.refused_by, row->is_refused ? 2 : 0);
}

/* ---- on any port ---- */

static const struct end STRANGE = { 2, 31234 };

static void ntp_on_any_port(void **state)
{
	const struct ntp_ts other = { 0x99887766, 0x55443322 };
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet, assumed;
	struct trace_exchange exchange;
	char text[TRACE_TEXT_BLOCK_SIZE];
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	assert_false(
		feed(1, 0, CLIENT, STRANGE, request, sizeof(request), &packet, &exchange));
	assert_int_equal(packet.protocol, TRACE_NONE);
	assert_false(trace_next_assumed(&trace, &assumed));
	assert_int_equal(trace.counts.other_udp, 1);
	assert_true(feed(2, t4_ns, STRANGE, CLIENT, answer, 48, &packet, &exchange));
	assert_true(packet.is_assumed && exchange.is_assumed);
	assert_int_equal(packet.related, 1);
	assert_int_equal(exchange.request_frame, 1);
	assert_true(exchange.has_result);
	assert_true(trace_next_assumed(&trace, &assumed));
	assert_int_equal(assumed.number, 1);
	assert_int_equal(assumed.role, TRACE_REQUEST);
	trace_text_info(&assumed, text, sizeof(text));
	assert_string_equal(text, "NTPv4 client, request, assumed to be NTP: the answer "
	                          "returns the request's cookie");
	assert_false(trace_next_assumed(&trace, &assumed));
	assert_int_equal(trace.counts.other_udp, 0);
	assert_int_equal(trace.counts.packets, 2);
	assert_int_equal(trace.counts.assumed, 2);
	/* From now on the server is known: silence is reported as well, for any client. */
	put_request(other, request);
	feed(3, 0, (struct end){ 7, 50000 }, STRANGE, request, sizeof(request), &packet,
	     &exchange);
	assert_int_equal(packet.role, TRACE_REQUEST);
	assert_true(packet.is_assumed);
	assert_true(trace_next_silence(&trace, (struct instant){ INT64_MAX },
	                               &(struct trace_silence){ 0 }));
}

/* Requests before the answered one are reported as well. */
static void ntp_on_any_port_with_silences(void **state)
{
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet, assumed;
	struct trace_exchange exchange;
	struct trace_silence silence;
	int64_t t4_ns;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	put_request((struct ntp_ts){ 0x99887766, 0x55443322 }, request);
	feed(1, 0, CLIENT, STRANGE, request, sizeof(request), &packet, &exchange);
	put_request(COOKIE, request);
	feed(2, 0, CLIENT, STRANGE, request, sizeof(request), &packet, &exchange);
	(void)put_answer(&rules[0], answer, &t4_ns);
	assert_true(feed(3, t4_ns, STRANGE, CLIENT, answer, 48, &packet, &exchange));
	assert_int_equal(exchange.request_frame, 2);
	assert_true(trace_next_assumed(&trace, &assumed));
	assert_int_equal(assumed.number, 1);
	assert_true(trace_next_assumed(&trace, &assumed));
	assert_int_equal(assumed.number, 2);
	assert_false(trace_next_assumed(&trace, &assumed));
	assert_true(trace_next_silence(&trace, (struct instant){ INT64_MAX }, &silence));
	assert_int_equal(silence.request_frame, 1);
	assert_false(trace_next_silence(&trace, (struct instant){ INT64_MAX }, &silence));
}

static void ntp_on_any_port_in_reverse(void **state)
{
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet, assumed;
	struct trace_exchange exchange;
	int64_t t4_ns;

	(void)state;
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	feed(1, t4_ns, STRANGE, CLIENT, answer, 48, &packet, &exchange);
	assert_int_equal(packet.protocol, TRACE_NONE);
	assert_true(
		feed(2, 0, CLIENT, STRANGE, request, sizeof(request), &packet, &exchange));
	assert_true(trace_next_assumed(&trace, &assumed));
	assert_int_equal(assumed.number, 1);
	assert_int_equal(assumed.role, TRACE_ANSWER);
	assert_int_equal(exchange.answer_frame, 1);
	assert_true(exchange.has_result);
}

/* Packets that are no exchange: nothing is assumed to be NTP. */
static const struct guess_row {
	const char *name;
	struct end from, to;  /* of the answer */
	struct ntp_ts cookie; /* of both */
	uint32_t flip;        /* in the answer's origin */
	uint8_t asked, told;  /* modes */
	size_t len;           /* of the answer; 0: 48 */
} guesses[] = {
	{ "another cookie",
	  { 2, 31234 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  1,
	  3,
	  4,
	  0 },
	{ "from another port",
	  { 2, 31235 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  3,
	  4,
	  0 },
	{ "from another host",
	  { 3, 31234 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  3,
	  4,
	  0 },
	{ "to another port",
	  { 2, 31234 },
	  { 1, 40002 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  3,
	  4,
	  0 },
	{ "not asked in mode 3",
	  { 2, 31234 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  5,
	  4,
	  0 },
	{ "not reported in mode 4",
	  { 2, 31234 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  3,
	  5,
	  0 },
	{ "an echo", { 2, 31234 }, { 1, 40001 }, { 0x1b2c3d4e, 0x5f607182 }, 0, 3, 3, 0 },
	{ "no cookie", { 2, 31234 }, { 1, 40001 }, { 0, 0 }, 0, 3, 4, 0 },
	{ "filling", { 2, 31234 }, { 1, 40001 }, { 0x20202020, 0x20202020 }, 0, 3, 4, 0 },
	{ "47 octets",
	  { 2, 31234 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  3,
	  4,
	  47 },
	{ "49 octets",
	  { 2, 31234 },
	  { 1, 40001 },
	  { 0x1b2c3d4e, 0x5f607182 },
	  0,
	  3,
	  4,
	  49 },
};

static void nothing_is_assumed(void **state)
{
	const struct guess_row *row = *state;
	struct ntp_header ask = { .version = 4,
		                  .mode = row->asked,
		                  .transmit = row->cookie };
	struct ntp_header tell = good();
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA] = { 0 };
	struct trace_packet packet;
	struct trace_exchange exchange;

	tell.mode = row->told;
	tell.origin = row->cookie;
	tell.origin.fraction ^= row->flip;
	ntp_header_write(&ask, request);
	ntp_header_write(&tell, answer);
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	feed(1, 0, CLIENT, STRANGE, request, sizeof(request), &packet, &exchange);
	assert_false(feed(2, 20 * MS, row->from, row->to, answer, row->len ? row->len : 48,
	                  &packet, &exchange));
	assert_int_equal(trace.counts.packets, 0);
	assert_int_equal(trace.counts.other_udp, 2);
	assert_false(trace_next_assumed(&trace, &packet));
}

/* A flood of packets that resemble NTP gives no false match, and a real exchange is still
 * found. */
static void no_false_find_in_a_flood(void **state)
{
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet;
	struct trace_exchange exchange;
	struct ntp_header header = good();
	uint64_t random = 88172645463325252u;
	uint64_t number = 0;
	int64_t t4_ns;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (int i = 0; i < 20000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		put_request((struct ntp_ts){ (uint32_t)(random >> 32), (uint32_t)random },
		            request);
		feed(++number, 0, CLIENT, STRANGE, request, sizeof(request), &packet,
		     &exchange);
		header.origin =
			(struct ntp_ts){ (uint32_t)random, (uint32_t)(random >> 32) };
		ntp_header_write(&header, answer);
		feed(++number, 0, STRANGE, CLIENT, answer, 48, &packet, &exchange);
	}
	assert_int_equal(trace.counts.packets, 0);
	put_request(COOKIE, request);
	(void)put_answer(&rules[0], answer, &t4_ns);
	feed(++number, 0, CLIENT, STRANGE, request, sizeof(request), &packet, &exchange);
	assert_true(feed(++number, t4_ns, STRANGE, CLIENT, answer, 48, &packet, &exchange));
}

/* More servers than the table holds: the latest stay, and all exchanges are still found. */
static void many_servers_on_strange_ports(void **state)
{
	uint8_t request[NTP_HEADER_OCTETS], answer[EXTRA];
	struct trace_packet packet, assumed;
	struct trace_exchange exchange;
	struct ntp_header header = good();
	uint64_t number = 0;

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (unsigned i = 0; i < 3 * TRACE_KNOWN_SERVERS_MAX; i++) {
		const struct end server = { 2, (uint16_t)(20000 + i) };

		header.origin = (struct ntp_ts){ 0x1b2c3d4e, 0x5f600000 + i };
		put_request(header.origin, request);
		ntp_header_write(&header, answer);
		feed(++number, 0, CLIENT, server, request, sizeof(request), &packet,
		     &exchange);
		assert_true(feed(++number, 20 * MS, server, CLIENT, answer, 48, &packet,
		                 &exchange));
		assert_true(trace_next_assumed(&trace, &assumed));
		assert_int_equal(assumed.number, number - 1);
		assert_false(trace_next_assumed(&trace, &assumed));
	}
	assert_int_equal(trace.counts.exchanges, 3 * TRACE_KNOWN_SERVERS_MAX);
	assert_int_equal(trace.counts.silent, 0);
}

/* Frames that are not decoded are counted by name. */
static void unread_frames_have_names(void **state)
{
	static const uint8_t ARP[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1 };
	static const uint8_t LEN1[] = { 2, 0, 0, 0, 0,  1,    2,    0, 0,
		                        0, 0, 2, 0, 38, 0x42, 0x42, 3, 0 };
	static const uint8_t LEN2[] = { 2, 0, 0, 0, 0,  1,    2,    0, 0,
		                        0, 0, 2, 0, 39, 0x42, 0x42, 3, 0 };
	const struct {
		const uint8_t *octets;
		size_t len, wire;
	} frames[] = {
		{ ARP, sizeof(ARP), 60 },
		{ LEN1, sizeof(LEN1), 60 },
		{ LEN2, sizeof(LEN2), 60 },
		{ ARP, sizeof(ARP), 60 },
		{ ARP, 13, 60 },
	};
	struct trace_packet packet;
	struct trace_exchange exchange;
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		const struct trace_input in = { .number = i + 1,
			                        .octets = frames[i].octets,
			                        .captured = frames[i].len,
			                        .wire = frames[i].wire };

		assert_false(trace_frame(&trace, &in, &packet, &exchange));
	}
	feed(9, 0, CLIENT, (struct end){ 2, 4500 }, (const uint8_t *)"x", 1, &packet,
	     &exchange);
	feed(10, 0, CLIENT, (struct end){ 2, 4501 }, (const uint8_t *)"x", 1, &packet,
	     &exchange);
	trace_text_summary(&trace.counts, text, sizeof(text));
	assert_string_equal(
		text,
		"Frames: 7, of time protocols: 0\n"
		"Requests: 0, without an answer: 0\n"
		"Answers: 0, exchanges: 0, late: 0\n"
		"Packets with a remark: 0\n"
		"UDP packets of no known time protocol: 2\n"
		"       (--all shows them, --port [PROTO:]N sets the protocol of a port)\n"
		"Not decoded: 6\n"
		"      2  ARP (EtherType 0x0806)\n"
		"      2  IEEE 802.3 without SNAP\n"
		"      1  cut short by the capture\n"
		"      1  IPsec, encrypted (UDP port 4500)\n");
}

/* More kinds than the table holds: the sum stays right. */
static void unread_kinds_are_bounded(void **state)
{
	uint8_t frame[16] = { 0 };
	struct trace_packet packet;
	struct trace_exchange exchange;
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	for (unsigned i = 0; i < TRACE_UNREAD_MAX + 5; i++) {
		const struct trace_input in = {
			.number = i + 1, .octets = frame, .captured = 16, .wire = 16
		};

		frame[12] = 0x99;
		frame[13] = (uint8_t)i;
		assert_false(trace_frame(&trace, &in, &packet, &exchange));
	}
	assert_true(trace_text_summary(&trace.counts, text, sizeof(text)) < sizeof(text));
	assert_non_null(strstr(text, "Not decoded: 37\n"));
	assert_non_null(strstr(text, "\n      5  of other kinds\n"));
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(too_short_settles_nothing),
		cmocka_unit_test(broken_settles_nothing),
		cmocka_unit_test(same_time_twice),
		cmocka_unit_test(client_takes_no_time_twice),
		cmocka_unit_test(cut_answers),
		cmocka_unit_test(foreign_answers),
		cmocka_unit_test(readings_by_the_rule),
		cmocka_unit_test(answer_before_its_request),
		cmocka_unit_test(early_answer_beside_another_request),
		cmocka_unit_test(early_answer_of_the_line),
		cmocka_unit_test(ntp_on_any_port),
		cmocka_unit_test(ntp_on_any_port_with_silences),
		cmocka_unit_test(ntp_on_any_port_in_reverse),
		cmocka_unit_test(no_false_find_in_a_flood),
		cmocka_unit_test(many_servers_on_strange_ports),
		cmocka_unit_test(unread_frames_have_names),
		cmocka_unit_test(unread_kinds_are_bounded),
	};
	static struct CMUnitTest tests[COUNT_OF(single) + 3 * COUNT_OF(rules) +
	                               COUNT_OF(guesses) + COUNT_OF(icmps)];
	static char names[COUNT_OF(rules)][80], reversed[COUNT_OF(rules)][80];
	size_t count = COUNT_OF(single);

	memcpy(tests, single, sizeof(single));
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		snprintf(names[i], sizeof(names[i]), "client: %s", rules[i].name);
		tests[count++] =
			(struct CMUnitTest){ .name = rules[i].name,
			                     .test_func = rule_holds,
			                     .initial_state =
			                             (void *)(uintptr_t)&rules[i] };
		tests[count++] =
			(struct CMUnitTest){ .name = names[i],
			                     .test_func = client_says_the_same,
			                     .initial_state =
			                             (void *)(uintptr_t)&rules[i] };
		snprintf(reversed[i], sizeof(reversed[i]), "in reverse: %s", rules[i].name);
		tests[count++] =
			(struct CMUnitTest){ .name = reversed[i],
			                     .test_func = rule_holds_in_reverse,
			                     .initial_state =
			                             (void *)(uintptr_t)&rules[i] };
	}
	for (size_t i = 0; i < COUNT_OF(guesses); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = guesses[i].name,
			                     .test_func = nothing_is_assumed,
			                     .initial_state =
			                             (void *)(uintptr_t)&guesses[i] };
	}
	for (size_t i = 0; i < COUNT_OF(icmps); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = icmps[i].name,
			                     .test_func = refused_by_icmp,
			                     .initial_state =
			                             (void *)(uintptr_t)&icmps[i] };
	}
	return cmocka_run_group_tests_name("trace_rule", tests, NULL, NULL);
}
