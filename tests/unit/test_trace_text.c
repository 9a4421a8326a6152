/* SPDX-License-Identifier: MIT
 *
 * A trace as people see it, reviewed by eye; and that no untrusted octets and no lines
 * above 80 columns are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/trace/text.h"

static struct trace_packet ntp_packet(void)
{
	struct trace_packet packet = {
		.number = 2,
		.since_first_ns = 123456,
		.frame = {
			.source = { .family = ADDRESS_IPV4, .octets = { 192, 0, 2, 1 }, .port = 123 },
			.destination = { .family = ADDRESS_IPV4, .octets = { 192, 0, 2, 9 },
			                 .port = 40000 },
		},
		.protocol = TRACE_NTP,
		.role = TRACE_ANSWER,
		.related = 1,
		.has_mode = true,
		.has_header = true,
		.ntp = { .version = 4, .mode = NTP_MODE_SERVER, .stratum = 1 },
	};

	return packet;
}

static struct trace_exchange ntp_exchange(void)
{
	/* 2026-11-23 00:00:00 */
	const int64_t start_ns = INT64_C(1795392000000000000);

	return (struct trace_exchange){
		.number = 1,
		.protocol = TRACE_NTP,
		.client = { .family = ADDRESS_IPV4,
		            .octets = { 192, 0, 2, 9 },
		            .port = 40000 },
		.server = { .family = ADDRESS_IPV4,
		            .octets = { 192, 0, 2, 1 },
		            .port = 123 },
		.request_frame = 1,
		.answer_frame = 2,
		.t1 = { start_ns },
		.t2 = { start_ns + 5030 * NS_PER_MS },
		.t3 = { start_ns + 5031 * NS_PER_MS },
		.t4 = { start_ns + 71 * NS_PER_MS },
		.has_stamps = true,
		.has_result = true,
		.offset_ns = 4995 * NS_PER_MS,
		.delay_ns = 70 * NS_PER_MS,
	};
}

static void a_packet(void **state)
{
	struct trace_packet packet = ntp_packet();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_packet(&packet, text, sizeof(text));
	assert_string_equal(text, "    2    0.000123456  192.0.2.1:123 > 192.0.2.9:40000\n"
	                          "       NTPv4 server, stratum 1, answers 1\n");
	packet.role = TRACE_REQUEST;
	packet.related = 0;
	packet.ntp.mode = NTP_MODE_CLIENT;
	packet.since_first_ns = -1;
	trace_text_packet(&packet, text, sizeof(text));
	assert_string_equal(text, "    2   -0.000000001  192.0.2.1:123 > 192.0.2.9:40000  "
	                          "NTPv4 client, request\n");
}

static void a_frame_of_another_kind(void **state)
{
	struct trace_packet packet = { .number = 7, .verdict = FRAME_NOT_IP };
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_packet(&packet, text, sizeof(text));
	assert_string_equal(text, "    7    0.000000000  not IP\n");
}

static void an_exchange(void **state)
{
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(
		text,
		"       exchange 1 (1, 2): offset +4.995 s, delay 70 ms\n"
		"         T1 2026-11-23T00:00:00.000000000Z  capture: request (1)\n"
		"         T2 2026-11-23T00:00:05.030000000Z  server: request received\n"
		"         T3 2026-11-23T00:00:05.031000000Z  server: answer sent\n"
		"         T4 2026-11-23T00:00:00.071000000Z  capture: answer (2)\n");
	exchange.has_stamps = false;
	exchange.has_result = false;
	exchange.is_late = true;
	snprintf(exchange.complaint, sizeof(exchange.complaint),
	         "kiss code RATE: it wants fewer requests");
	trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(
		text,
		"       exchange 1 (1, 2): no offset, LATE; unusable: kiss code RATE: it "
		"wants\n       fewer requests\n"
		"         T1 2026-11-23T00:00:00.000000000Z  capture: request (1)\n"
		"         T4 2026-11-23T00:00:00.071000000Z  capture: answer (2)\n");
}

/* clang-format off */
static const char LADDER[] =
"Exchange 1, ntp over UDP: the client 192.0.2.9:40000 asks the server\n"
"       192.0.2.1:123\n"
"\n"
"        capture                                                       server\n"
"        |                                                                  |\n"
"   T1   o 2026-11-23T00:00:00.000000000Z                                   |\n"
"        |`----.  the request, frame 1                                      |\n"
"        |     `----------------------------------------------------------->|\n"
"        |                                   2026-11-23T00:00:05.030000000Z o T2\n"
"        |                                     the server holds it for 1 ms |\n"
"        |                                   2026-11-23T00:00:05.031000000Z o T3\n"
"        |     .------------------------------------------------------------|\n"
"        |<----'  the answer, frame 2                                       |\n"
"   T4   o 2026-11-23T00:00:00.071000000Z                                   |\n"
"        |                                                                  |\n"
"  T2 - T1 = +5.030000000 s   the offset plus the outbound delay\n"
"  T3 - T4 = +4.960000000 s   the offset minus the return delay\n"
"  offset = ((T2 - T1) + (T3 - T4)) / 2 = +4.995000000 s\n"
"  delay  = (T4 - T1) - (T3 - T2)       = 0.070000000 s\n"
"\n"
"T1 and T4 are by the clock of the machine that captured (the client, if it\n"
"captured itself), T2 and T3 by the server's clock.\n"
"\n"
"The client's clock is 4.995 s behind the server's if the delay is the same both\n"
"ways; otherwise up to 35 ms more or less.\n";

static const char NARROW[] =
"Exchange 1, ntp over UDP: the client\n"
"       192.0.2.9:40000 asks the server\n"
"       192.0.2.1:123\n"
"\n"
"   capture                     server\n"
"   |                                |\n"
"T1 o 2026-11-23T00:00:00.000000000Z |\n"
"   |`----.  request, frame 1        |\n"
"   |     `------------------------->|\n"
"   | 2026-11-23T00:00:05.030000000Z o T2\n"
"   |                  held for 1 ms |\n"
"   | 2026-11-23T00:00:05.031000000Z o T3\n"
"   |     .--------------------------|\n"
"   |<----'  answer, frame 2         |\n"
"T4 o 2026-11-23T00:00:00.071000000Z |\n"
"   |                                |\n"
"  T2 - T1 = +5.030000000 s\n"
"      the offset plus the outbound delay\n"
"  T3 - T4 = +4.960000000 s\n"
"      the offset minus the return delay\n"
"  offset = ((T2 - T1) + (T3 - T4)) / 2\n"
"         = +4.995000000 s\n"
"  delay  = (T4 - T1) - (T3 - T2)\n"
"         = 0.070000000 s\n"
"\n"
"T1 and T4 are by the clock of the\n"
"machine that captured (the client, if it\n"
"captured itself), T2 and T3 by the\n"
"server's clock.\n"
"\n"
"The client's clock is 4.995 s behind the\n"
"server's if the delay is the same both\n"
"ways; otherwise up to 35 ms more or\n"
"less.\n";
/* clang-format on */

static void a_ladder(void **state)
{
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(text, LADDER);
}

static void a_narrow_ladder(void **state)
{
	const struct style style = { .columns = 40 };
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_ladder(&exchange, &style, text, sizeof(text));
	assert_string_equal(text, NARROW);
}

/* No line wraps and the rails stay straight at any width. */
static void assert_ladder(const struct trace_exchange *exchange, const struct style *style)
{
	const size_t columns = style->columns < 40   ? 40
	                       : style->columns > 80 ? 80
	                                             : style->columns;
	char text[TRACE_TEXT_BLOCK_SIZE];
	char *next = text, *line;
	size_t rail = 0;

	assert_true(trace_text_ladder(exchange, style, text, sizeof(text)) < sizeof(text));
	while ((line = strsep(&next, "\n")) != NULL) {
		char *server = strstr(line, "server");

		if (style_columns(line) > columns) {
			fail_msg("%u columns: %s", style->columns, line);
		}
		if (strstr(line, " capture  ") && server) {
			rail = (size_t)(server - line) + strlen("server") - 1;
			/* With " T2" after it, and one column free if the ladder is
			 * wide. */
			assert_in_range(rail + 4, columns - 1, columns);
		} else if (rail > 0 && strstr(line, " = ")) {
			return;
		} else if (rail > 0 && !style->has_utf8) {
			assert_true(strlen(line) > rail);
			assert_non_null(strchr("|o", line[rail]));
		}
	}
	assert_true(rail > 0);
}

static void a_ladder_of_any_width(void **state)
{
	static const unsigned widths[] = { 1,  20, 39, 40, 41, 50, 59, 60,  63, 64,
		                           65, 70, 77, 78, 79, 80, 81, 100, 200 };
	struct trace_exchange exchange = ntp_exchange();
	struct style style = { .columns = 80 };

	(void)state;
	for (int i = 0; i < 3 * 2 * 2; i++) {
		exchange.has_stamps = i % 3 == 0;
		exchange.has_reading = i % 3 != 0;
		exchange.reading = exchange.t2;
		exchange.resolution_ns = i % 3 == 1 ? 1 : NS_PER_S;
		style.has_utf8 = i / 3 % 2 == 1;
		exchange.offset_ns = i < 6 ? 4995 * NS_PER_MS : INT64_MIN;
		exchange.request_frame = i < 6 ? 1 : UINT64_MAX;
		exchange.answer_frame = i < 6 ? 2 : UINT64_MAX;
		for (size_t k = 0; k < COUNT_OF(widths); k++) {
			style.columns = widths[k];
			assert_ladder(&exchange, &style);
		}
	}
}

static const struct {
	int64_t offset_ns, delay_ns;
	int64_t resolution_ns; /* 0: four timestamps */
	const char *want;
} conclusions[] = {
	{ -3200, 6400, 0,
	  "The client's clock is 3.2 us ahead of the server's if the delay is the same "
	  "both\nways; otherwise up to 3.2 us more or less.\n" },
	{ 3200, 6401, 0,
	  "The client's clock is 3.2 us behind the server's if the delay is the same "
	  "both\nways; otherwise up to 3.201 us more or less.\n" },
	{ 0, 1000, 0,
	  "The client's clock shows the server's time if the delay is the same both "
	  "ways;\notherwise it may be up to 500 ns off.\n" },
	{ 20, 0, 0,
	  "The client's clock is 20 ns behind the server's if the delay is the same "
	  "both\nways; otherwise up to 0 s more or less.\n" },
	{ 20000, 2000, 1,
	  "The client's clock is 20 us behind the server's if the delay is the same "
	  "both\nways; otherwise up to 1 us more or less.\n" },
	{ NS_PER_S, 2 * NS_PER_S, NS_PER_S,
	  "The client's clock is 1 s behind the server's if the delay is the same "
	  "both\nways; otherwise up to 1.5 s more or less.\n" },
};

static void the_conclusion_has_the_numbers(void **state)
{
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(conclusions); i++) {
		struct trace_exchange exchange = ntp_exchange();
		char *last;

		exchange.offset_ns = conclusions[i].offset_ns;
		exchange.delay_ns = conclusions[i].delay_ns;
		exchange.has_stamps = conclusions[i].resolution_ns == 0;
		exchange.has_reading = !exchange.has_stamps;
		exchange.resolution_ns = conclusions[i].resolution_ns;
		trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text));
		last = strstr(text, "The client's clock");
		assert_non_null(last);
		assert_string_equal(last, conclusions[i].want);
	}
}

/* Times that contradict each other are drawn, without a conclusion. */
static void a_ladder_without_an_offset(void **state)
{
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	exchange.has_result = false;
	exchange.t4.unix_ns = exchange.t1.unix_ns - 160 * NS_PER_S;
	snprintf(exchange.complaint, sizeof(exchange.complaint),
	         "the local clock was set back meanwhile");
	trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_non_null(strstr(text, "\nA client would not use the answer: the local clock "
	                             "was set back meanwhile.\n"));
	assert_non_null(strstr(text, " = -160.001000000 s\n"));
	assert_null(strstr(text, "offset ="));
	assert_null(strstr(text, "The client's clock"));
	assert_non_null(strstr(text, "\nNo offset: these times contradict each other.\n"));
	exchange.has_stamps = false;
	trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_null(strstr(text, "T1   o"));
	assert_non_null(strstr(text, "holds no time"));
}

/* With UTF-8 and colours: the same ladder in the same columns, faults in colour. */
static void a_ladder_on_a_terminal(void **state)
{
	const struct style style = { .columns = 80, .has_utf8 = true, .has_color = true };
	struct trace_exchange exchange = ntp_exchange();
	char plain[TRACE_TEXT_BLOCK_SIZE], shown[TRACE_TEXT_BLOCK_SIZE];
	char *plain_line, *shown_line, *plain_next = plain, *shown_next = shown;

	(void)state;
	trace_text_ladder(&exchange, &STYLE_PLAIN, plain, sizeof(plain));
	assert_true(trace_text_ladder(&exchange, &style, shown, sizeof(shown)) <
	            sizeof(shown));
	assert_non_null(
		strstr(shown, "\u2502\u2570\u2500\u2500\u2500\u2500\u256e  the request"));
	assert_non_null(strstr(shown, "\u2500\u25b6\u2502\n"));
	assert_non_null(strstr(shown, "\u25cf T2\n"));
	while ((plain_line = strsep(&plain_next, "\n")) != NULL) {
		shown_line = strsep(&shown_next, "\n");
		assert_non_null(shown_line);
		assert_int_equal(style_columns(shown_line), strlen(plain_line));
	}
	exchange.is_late = true;
	trace_text_exchange(&exchange, &style, shown, sizeof(shown));
	assert_non_null(strstr(shown, ", \033[33mLATE\033[0m\n"));
}

static void a_silence(void **state)
{
	struct trace_silence silence = {
		.protocol = TRACE_TIME,
		.is_tcp = true,
		.client = { .family = ADDRESS_IPV6, .octets = { [15] = 1 }, .port = 40000 },
		.server = { .family = ADDRESS_IPV4,
		            .octets = { 192, 0, 2, 1 },
		            .port = 37 },
		.request_frame = 12,
		.refused_by = 13,
	};
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_silence(&silence, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(text, "       NO ANSWER to 12: [::1]:40000 asked 192.0.2.1:37 "
	                          "(time+tcp); refused by 13\n");
}

/* Printable ASCII and line feeds, no line above 80 columns. */
static void assert_fits(const char *text)
{
	size_t column = 0;

	for (; *text; text++) {
		if (*text == '\n') {
			column = 0;
			continue;
		}
		assert_in_range(*text, ' ', '~');
		column++;
		if (column > TRACE_TEXT_COLUMNS) {
			fail_msg("too long: ...%s", text - TRACE_TEXT_COLUMNS);
		}
	}
}

/* The longest fields, in all combinations of note, role and protocol. */
static void the_longest_fits(void **state)
{
	struct trace_packet packet = ntp_packet();
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	memset(packet.frame.source.octets, 0xab, 16);
	packet.frame.source.family = ADDRESS_IPV6;
	packet.frame.source.port = 65535;
	packet.frame.destination = packet.frame.source;
	packet.number = UINT32_MAX;
	packet.related = UINT32_MAX;
	packet.stream = UINT32_MAX - 1;
	packet.since_first_ns = INT64_MIN;
	memset(packet.complaint, 'c', sizeof(packet.complaint) - 1);
	packet.is_assumed = true;
	packet.captured = SIZE_MAX;
	packet.wire = SIZE_MAX;
	packet.frame.tunnel_count = FRAME_TUNNELS_MAX;
	for (size_t i = 0; i < FRAME_TUNNELS_MAX; i++) {
		packet.frame.tunnels[i] = FRAME_TUNNEL_ETHERIP;
	}
	packet.mac_octets = 72;
	packet.key_id = UINT32_MAX;
	packet.extension_count = 60;
	packet.is_cut = true;
	packet.frame.tcp_flags = 0xff;
	packet.frame.wire_octets = SIZE_MAX;
	packet.ntp.stratum = 0;
	memset(packet.ntp.refid, 0xff, 4);
	memset(packet.text, 0xff, sizeof(packet.text));
	packet.text_octets = sizeof(packet.text);
	for (int i = 0; i < TRACE_NOTE_COUNT * 3 * TRACE_PROTOCOL_COUNT * 2 * 8; i++) {
		packet.note = (enum trace_note)(i % TRACE_NOTE_COUNT);
		packet.role = (enum trace_role)(i / TRACE_NOTE_COUNT % 3);
		packet.protocol = (enum trace_protocol)(i / TRACE_NOTE_COUNT / 3 %
		                                        TRACE_PROTOCOL_COUNT);
		packet.frame.is_tcp = i / TRACE_NOTE_COUNT / 3 / TRACE_PROTOCOL_COUNT % 2;
		packet.ntp.mode =
			(uint8_t)(i / TRACE_NOTE_COUNT / 3 / TRACE_PROTOCOL_COUNT / 2);
		assert_true(trace_text_packet(&packet, text, sizeof(text)) < sizeof(text));
		assert_fits(text);
	}
	exchange.client = packet.frame.source;
	exchange.server = packet.frame.source;
	exchange.number = UINT32_MAX;
	exchange.request_frame = UINT32_MAX;
	exchange.answer_frame = UINT32_MAX;
	exchange.t1.unix_ns = INT64_MIN;
	exchange.offset_ns = INT64_MIN;
	exchange.delay_ns = INT64_MAX;
	memset(exchange.complaint, 'c', sizeof(exchange.complaint) - 1);
	exchange.is_assumed = true;
	assert_true(trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text)) <
	            sizeof(text));
	assert_fits(text);
	assert_true(trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text)) <
	            sizeof(text));
	assert_fits(text);
	exchange.has_stamps = false;
	exchange.has_reading = true;
	exchange.resolution_ns = NS_PER_S;
	assert_true(trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text)) <
	            sizeof(text));
	assert_fits(text);
}

/* A line may be full to its last column. */
static void words_of_every_length_fit(void **state)
{
	struct trace_packet packet = ntp_packet();
	char text[TRACE_TEXT_BLOCK_SIZE];
	char *const words = packet.complaint;

	(void)state;
	packet.role = TRACE_REQUEST;
	for (size_t first = 1; first < 35; first++) {
		for (size_t second = 1; second < 80; second++) {
			memset(words, 'x', sizeof(packet.complaint));
			memset(words + first + 1, 'y', second);
			words[first] = ' ';
			words[first + 1 + second] = '\0';
			trace_text_packet(&packet, text, sizeof(text));
			assert_fits(text);
			/* Text that fits a line is not broken. */
			assert_int_equal(strstr(text, words + first + 1) != NULL,
			                 second <= TRACE_TEXT_COLUMNS - 7);
		}
	}
}

static void foreign_octets_are_escaped(void **state)
{
	struct trace_packet packet = ntp_packet();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	packet.protocol = TRACE_DAYTIME;
	memcpy(packet.text, "\033[2J\\noon", 9);
	packet.text_octets = 9;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "daytime answer \"\\x1b[2J\\\\noon\", answers 1");
	packet.protocol = TRACE_NTP;
	packet.ntp.stratum = 0;
	memcpy(packet.ntp.refid, "\033[2J", 4);
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "NTPv4 server, kiss \\x1b[2J, answers 1");
}

/* As with snprintf(). */
static void room_is_kept(void **state)
{
	struct trace_packet packet = ntp_packet();
	char whole[TRACE_TEXT_BLOCK_SIZE];
	char part[TRACE_TEXT_BLOCK_SIZE];
	size_t len = trace_text_packet(&packet, whole, sizeof(whole));

	(void)state;
	assert_int_equal(len, strlen(whole));
	for (size_t size = 0; size <= len; size++) {
		memset(part, 0x5a, sizeof(part));
		assert_int_equal(trace_text_packet(&packet, part, size), len);
		assert_int_equal(part[size], 0x5a);
		if (size > 0) {
			assert_int_equal(strlen(part), size - 1);
			assert_memory_equal(part, whole, size - 1);
		}
	}
}

static void the_counts(void **state)
{
	struct trace_counts counts = { 9, 8, 3, 2, 2, 1, 1, 4, 0, 0, 0, 0, { { 0 } }, 0 };
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	trace_text_summary(&counts, text, sizeof(text));
	assert_string_equal(text,
	                    "Frames: 9, of time protocols: 8\n"
	                    "Requests: 3, without an answer: 1\n"
	                    "Answers: 2, exchanges: 2, late: 1\n"
	                    "Packets with a remark: 4\n"
	                    "Offsets are server - capture: T1 and T4 are by the clock of "
	                    "the machine that\ncaptured, not of the client.\n");
	counts.exchanges = 0;
	counts.assumed = 2;
	counts.cut = 3;
	trace_text_summary(&counts, text, sizeof(text));
	assert_string_equal(text, "Frames: 9, of time protocols: 8\n"
	                          "Requests: 3, without an answer: 1\n"
	                          "Answers: 2, exchanges: 0, late: 1\n"
	                          "Packets with a remark: 4\n"
	                          "Packets assumed to be NTP: 2\n"
	                          "Packets cut short by the capture: 3; a snap length of "
	                          "2048 keeps them whole\n");
}

static void what_is_remarkable(void **state)
{
	struct trace_packet packet = ntp_packet();
	char text[TRACE_TEXT_BLOCK_SIZE];

	(void)state;
	packet.frame.tunnels[0] = FRAME_TUNNEL_GRE;
	packet.frame.tunnels[1] = FRAME_TUNNEL_VXLAN;
	packet.frame.tunnel_count = 2;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "NTPv4 server, stratum 1, answers 1, inside GRE > VXLAN");
	packet.frame.tunnel_count = 0;
	packet.is_assumed = true;
	trace_text_packet(&packet, text, sizeof(text));
	assert_string_equal(text,
	                    "    2    0.000123456  192.0.2.1:123 > 192.0.2.9:40000\n"
	                    "       NTPv4 server, stratum 1, answers 1\n"
	                    "       assumed to be NTP: the answer returns the request's "
	                    "cookie\n");
	packet.is_assumed = false;
	packet.has_header = false;
	packet.is_cut = true;
	packet.note = TRACE_NOTE_CUT;
	packet.role = TRACE_OTHER;
	packet.related = 0;
	packet.captured = 68;
	packet.wire = 90;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text,
	                    "NTPv4 server, cut short by the capture (68 of 90 octets)");
	packet.verdict = FRAME_CUT;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "cut short by the capture (68 of 90 octets)");
	packet.verdict = FRAME_OTHER_PROTOCOL;
	packet.frame.code = 50;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "neither UDP nor TCP: ESP, encrypted (IP protocol 50)");
	packet.verdict = FRAME_NOT_IP;
	packet.frame.code = 0x88b5;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "not IP: EtherType 0x88b5");
	packet.verdict = FRAME_OK;
	packet.protocol = TRACE_NONE;
	packet.frame.source.port = 51820;
	trace_text_info(&packet, text, sizeof(text));
	assert_string_equal(text, "UDP, not decoded: WireGuard, encrypted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet),
		cmocka_unit_test(a_frame_of_another_kind),
		cmocka_unit_test(an_exchange),
		cmocka_unit_test(a_ladder),
		cmocka_unit_test(a_narrow_ladder),
		cmocka_unit_test(a_ladder_of_any_width),
		cmocka_unit_test(the_conclusion_has_the_numbers),
		cmocka_unit_test(a_ladder_without_an_offset),
		cmocka_unit_test(a_ladder_on_a_terminal),
		cmocka_unit_test(a_silence),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(words_of_every_length_fit),
		cmocka_unit_test(foreign_octets_are_escaped),
		cmocka_unit_test(room_is_kept),
		cmocka_unit_test(the_counts),
		cmocka_unit_test(what_is_remarkable),
	};

	return cmocka_run_group_tests_name("trace_text", tests, NULL, NULL);
}
