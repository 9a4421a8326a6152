/* SPDX-License-Identifier: MIT
 *
 * What people see, read by eye once; and that nothing foreign or longer than 80 columns
 * gets out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
	char text[TRACE_TEXT_BLOCK_ROOM];

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
	char text[TRACE_TEXT_BLOCK_ROOM];

	(void)state;
	trace_text_packet(&packet, text, sizeof(text));
	assert_string_equal(text, "    7    0.000000000  not IP\n");
}

static void an_exchange(void **state)
{
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_ROOM];

	(void)state;
	trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(
		text, "       exchange 1 (1, 2): offset +4.995 s, delay 70 ms\n"
		      "         T1 2026-11-23T00:00:00.000000000Z  capture: request (1)\n"
		      "         T2 2026-11-23T00:00:05.030000000Z  server: request came\n"
		      "         T3 2026-11-23T00:00:05.031000000Z  server: answer went\n"
		      "         T4 2026-11-23T00:00:00.071000000Z  capture: answer (2)\n");
	exchange.has_stamps = false;
	exchange.has_result = false;
	exchange.is_late = true;
	exchange.complaint = "asked too often";
	trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(
		text,
		"       exchange 1 (1, 2): no offset to be had, LATE; not to be used: "
		"asked too\n       often\n"
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
"  T2 - T1 = +5.030000000 s   the offset, plus the way there\n"
"  T3 - T4 = +4.960000000 s   the offset, minus the way back\n"
"  offset = ((T2 - T1) + (T3 - T4)) / 2 = +4.995000000 s\n"
"  delay  = (T4 - T1) - (T3 - T2)       = 0.070000000 s\n"
"\n"
"T1 and T4 are by the clock of the machine that captured, at the place where it\n"
"captured; the others by the server's clock.  The offset is what the first is\n"
"behind the second.  It is wrong by half of what the two ways differ, which no\n"
"stamp tells: by half the delay at most.\n";
/* clang-format on */

static void a_ladder(void **state)
{
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_ROOM];

	(void)state;
	trace_text_ladder(&exchange, &STYLE_PLAIN, text, sizeof(text));
	assert_string_equal(text, LADDER);
}

/* On a terminal that can: the same ladder, in as many columns, and what is amiss in colour. */
static void a_ladder_on_a_terminal(void **state)
{
	const struct style style = { .columns = 80, .has_utf8 = true, .has_color = true };
	struct trace_exchange exchange = ntp_exchange();
	char plain[TRACE_TEXT_BLOCK_ROOM], shown[TRACE_TEXT_BLOCK_ROOM];
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
	char text[TRACE_TEXT_BLOCK_ROOM];

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

/* The longest of everything, in all combinations of note, role and protocol. */
static void the_longest_fits(void **state)
{
	struct trace_packet packet = ntp_packet();
	struct trace_exchange exchange = ntp_exchange();
	char text[TRACE_TEXT_BLOCK_ROOM];

	(void)state;
	memset(packet.frame.source.octets, 0xab, 16);
	packet.frame.source.family = ADDRESS_IPV6;
	packet.frame.source.port = 65535;
	packet.frame.destination = packet.frame.source;
	packet.number = UINT32_MAX;
	packet.related = UINT32_MAX;
	packet.stream = UINT32_MAX - 1;
	packet.since_first_ns = INT64_MIN;
	packet.complaint = "receive or transmit timestamp is zero";
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
	exchange.complaint = "crypto-NAK: the server does not accept the key";
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
	char text[TRACE_TEXT_BLOCK_ROOM];
	char words[200];

	(void)state;
	packet.role = TRACE_REQUEST;
	for (size_t first = 1; first < 90; first++) {
		for (size_t second = 1; second < 90; second++) {
			memset(words, 'x', sizeof(words));
			memset(words + first + 1, 'y', second);
			words[first] = ' ';
			words[first + 1 + second] = '\0';
			packet.complaint = words;
			trace_text_packet(&packet, text, sizeof(text));
			assert_fits(text);
			/* What fits into a line is not broken. */
			assert_int_equal(strstr(text, words + first + 1) != NULL,
			                 second <= TRACE_TEXT_COLUMNS - 7);
		}
	}
}

static void foreign_octets_are_escaped(void **state)
{
	struct trace_packet packet = ntp_packet();
	char text[TRACE_TEXT_BLOCK_ROOM];

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

/* As snprintf() has it. */
static void room_is_kept(void **state)
{
	struct trace_packet packet = ntp_packet();
	char whole[TRACE_TEXT_BLOCK_ROOM];
	char part[TRACE_TEXT_BLOCK_ROOM];
	size_t len = trace_text_packet(&packet, whole, sizeof(whole));

	(void)state;
	assert_int_equal(len, strlen(whole));
	for (size_t room = 0; room <= len; room++) {
		memset(part, 0x5a, sizeof(part));
		assert_int_equal(trace_text_packet(&packet, part, room), len);
		assert_int_equal(part[room], 0x5a);
		if (room > 0) {
			assert_int_equal(strlen(part), room - 1);
			assert_memory_equal(part, whole, room - 1);
		}
	}
}

static void the_counts(void **state)
{
	const struct trace_counts counts = { 9, 8, 3, 2, 2, 1, 1, 4 };
	char text[TRACE_TEXT_BLOCK_ROOM];

	(void)state;
	trace_text_summary(&counts, text, sizeof(text));
	assert_string_equal(text,
	                    "Frames: 9, of time protocols: 8\n"
	                    "Requests: 3, without an answer: 1\n"
	                    "Answers: 2, exchanges: 2, late: 1\n"
	                    "Packets with a remark: 4\n"
	                    "Offsets are server - capture: it is the clock of the machine "
	                    "that captured which\nis compared, not the client's.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet),
		cmocka_unit_test(a_frame_of_another_kind),
		cmocka_unit_test(an_exchange),
		cmocka_unit_test(a_ladder),
		cmocka_unit_test(a_ladder_on_a_terminal),
		cmocka_unit_test(a_silence),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(words_of_every_length_fit),
		cmocka_unit_test(foreign_octets_are_escaped),
		cmocka_unit_test(room_is_kept),
		cmocka_unit_test(the_counts),
	};

	return cmocka_run_group_tests_name("trace_text", tests, NULL, NULL);
}
