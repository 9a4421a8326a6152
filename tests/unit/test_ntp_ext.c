/* SPDX-License-Identifier: MIT
 *
 * The rules are those of RFC 7822 (fields of 16 octets and more, a multiple of 4,
 * the last one without MAC of 28 and more) and of RFC 5906 section 10 (what is
 * left is a MAC when it is 4, 20 or 24 octets long).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/ext.h"

enum {
	HEADER_OCTETS = 48,
	TAIL_SIZE = 1200,
};

/* clang-format off */
/* chronyd 4.3 (Debian 12) as client, `extfield F323`; chronyd-4.3-field.pcap, packet 1 */
static const uint8_t CHRONYD_REQUEST_FIELD[] = {
	0x23, 0x00, 0x06, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf9, 0x56, 0xb0, 0xfc, 0xc8, 0x73, 0x38, 0x40,
	0xf3, 0x23, 0x00, 0x1c, 0xf5, 0xbe, 0xdd, 0x9a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* chronyd 4.3 (Debian 12) as server, the answer; packet 2 */
static const uint8_t CHRONYD_REPLY_FIELD[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xcd, 0x9b, 0x69, 0xf7, 0x18, 0xf9, 0x56, 0xb0, 0xfc, 0xc8, 0x73, 0x38, 0x40,
	0xee, 0xae, 0x22, 0xd5, 0xcb, 0x51, 0x2e, 0x91, 0xee, 0xae, 0x22, 0xd5, 0xcb, 0x58, 0x56, 0x04,
	0xf3, 0x23, 0x00, 0x1c, 0xf5, 0xbe, 0xdd, 0x9a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xee, 0xae, 0x22, 0xd5, 0xcb, 0x51, 0x2e, 0xa0, 0xba, 0x70, 0x0b, 0xb3,
};

/* chronyd 4.3 (Debian 12), key of type MD5; chronyd-4.3-keyed.pcap, packet 2 */
static const uint8_t CHRONYD_REPLY_MD5[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xda, 0xb6, 0xd3, 0xee, 0xff, 0xa0, 0xc0, 0xf6, 0x62, 0x89, 0xd1, 0x08, 0xf6,
	0xee, 0xae, 0x22, 0xdb, 0xbb, 0xf4, 0xee, 0x53, 0xee, 0xae, 0x22, 0xdb, 0xbb, 0xfc, 0x3c, 0xaa,
	0x00, 0x00, 0x00, 0x01, 0x39, 0x9a, 0x0b, 0x33, 0x60, 0x58, 0x9e, 0xe2, 0x54, 0x2b, 0x1b, 0x62,
	0x79, 0x5e, 0xfa, 0xbd,
};

/* chronyd 4.3 (Debian 12), key of type SHA1; packet 6 */
static const uint8_t CHRONYD_REPLY_SHA1[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xda, 0xb6, 0xd3, 0xee, 0xff, 0xe3, 0x6d, 0x3a, 0xa5, 0xa9, 0xcb, 0x47, 0xaf,
	0xee, 0xae, 0x22, 0xe0, 0x79, 0x1d, 0x69, 0x85, 0xee, 0xae, 0x22, 0xe0, 0x79, 0x26, 0xa0, 0x14,
	0x00, 0x00, 0x00, 0x02, 0xa3, 0xfc, 0xf6, 0x85, 0xff, 0xab, 0xad, 0xd2, 0x73, 0x1b, 0xfd, 0x42,
	0xed, 0xf2, 0x09, 0xaf, 0x3b, 0xa3, 0x99, 0x61,
};

/* chronyd 4.3 (Debian 12), key of type AES128; packet 10 */
static const uint8_t CHRONYD_REPLY_CMAC[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xda, 0xb6, 0xd3, 0xee, 0xff, 0x12, 0xe4, 0xd7, 0x4e, 0x69, 0xf6, 0x0f, 0x3d,
	0xee, 0xae, 0x22, 0xe5, 0x35, 0x86, 0xe6, 0xf3, 0xee, 0xae, 0x22, 0xe5, 0x35, 0x8f, 0x63, 0xc4,
	0x00, 0x00, 0x00, 0x03, 0x52, 0xdd, 0x54, 0x85, 0xd8, 0x20, 0x57, 0xb6, 0x90, 0x65, 0x83, 0x39,
	0x7a, 0x3d, 0x35, 0xda,
};

/* chronyd 4.3 (Debian 12), key of type SHA512, which it sends in version 3; packet 14 */
static const uint8_t CHRONYD_REPLY_SHA512[] = {
	0x1c, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xda, 0xb6, 0xd3, 0xee, 0xff, 0xd0, 0x4d, 0xfd, 0xaa, 0x64, 0x28, 0x73, 0x0d,
	0xee, 0xae, 0x22, 0xe9, 0xf1, 0xbf, 0x9a, 0xd1, 0xee, 0xae, 0x22, 0xe9, 0xf1, 0xc5, 0xe7, 0xda,
	0x00, 0x00, 0x00, 0x04, 0xbd, 0xb7, 0x8a, 0x9c, 0x43, 0x95, 0x9f, 0x4a, 0xae, 0xeb, 0x7d, 0xae,
	0x3c, 0xb5, 0xe9, 0xc4, 0x91, 0x25, 0x02, 0xed, 0xa8, 0x86, 0x7a, 0xd1, 0x15, 0x58, 0x6f, 0x04,
	0xd1, 0x71, 0x4d, 0xf4, 0x6b, 0x06, 0x87, 0xac, 0x4e, 0xe0, 0x2b, 0xf1, 0x39, 0xf2, 0x25, 0x2a,
	0xbb, 0xbe, 0x3b, 0x86, 0xe3, 0x24, 0xdd, 0x03, 0x54, 0x9e, 0x40, 0xf4, 0x3f, 0x92, 0xfb, 0x34,
	0x37, 0xa4, 0x4f, 0xd4,
};

/* After the header: fields, and rests that are not fields. */
struct part {
	uint16_t length; /* what it says of itself */
	uint16_t laid;   /* octets that are really there; 0 ends the list */
};

struct row {
	const char *name;
	uint8_t version;
	struct part parts[4];
	size_t want_fields;
	enum ntp_ext_result want;
};

static const struct row rows[] = {
	{ "nothing",                      4, { { 0, 0 } },                            0, NTP_EXT_END },
	{ "one field of 28",              4, { { 28, 28 } },                          1, NTP_EXT_END },
	{ "one field of 32",              4, { { 32, 32 } },                          1, NTP_EXT_END },
	{ "one field of 1024",            4, { { 1024, 1024 } },                      1, NTP_EXT_END },
	{ "16 before 28",                 4, { { 16, 16 }, { 28, 28 } },              2, NTP_EXT_END },
	{ "16, 16 before 28",             4, { { 16, 16 }, { 16, 16 }, { 28, 28 } },  3, NTP_EXT_END },
	{ "28 before 28",                 4, { { 28, 28 }, { 28, 28 } },              2, NTP_EXT_END },
	{ "20 before 28",                 4, { { 20, 20 }, { 28, 28 } },              2, NTP_EXT_END },
	{ "MAC of 20",                    4, { { 0, 20 } },                           0, NTP_EXT_MAC },
	{ "MAC of 24",                    4, { { 0, 24 } },                           0, NTP_EXT_MAC },
	{ "crypto-NAK",                   4, { { 0, 4 } },                            0, NTP_EXT_MAC },
	{ "a lone field of 20 is a MAC",  4, { { 20, 20 } },                          0, NTP_EXT_MAC },
	{ "a lone field of 24 is a MAC",  4, { { 24, 24 } },                          0, NTP_EXT_MAC },
	{ "16 before a MAC of 20",        4, { { 16, 16 }, { 0, 20 } },               1, NTP_EXT_MAC },
	{ "16 before a MAC of 24",        4, { { 16, 16 }, { 0, 24 } },               1, NTP_EXT_MAC },
	{ "28 before a MAC of 20",        4, { { 28, 28 }, { 0, 20 } },               1, NTP_EXT_MAC },
	{ "28 before a crypto-NAK",       4, { { 28, 28 }, { 0, 4 } },                1, NTP_EXT_MAC },
	{ "last field of 16",             4, { { 16, 16 } },                          0, NTP_EXT_MALFORMED },
	{ "last field of 16 after 28",    4, { { 28, 28 }, { 16, 16 } },              1, NTP_EXT_MALFORMED },
	{ "length 0",                     4, { { 0, 28 } },                           0, NTP_EXT_MALFORMED },
	{ "length 0 after a good one",    4, { { 28, 28 }, { 0, 28 } },               1, NTP_EXT_MALFORMED },
	{ "length 3",                     4, { { 3, 28 } },                           0, NTP_EXT_MALFORMED },
	{ "length 4",                     4, { { 4, 28 } },                           0, NTP_EXT_MALFORMED },
	{ "length 12",                    4, { { 12, 40 } },                          0, NTP_EXT_MALFORMED },
	{ "length 12 before 28",          4, { { 12, 12 }, { 28, 28 } },              0, NTP_EXT_MALFORMED },
	{ "length 17",                    4, { { 17, 40 } },                          0, NTP_EXT_MALFORMED },
	{ "length 29 of 32",              4, { { 29, 32 } },                          0, NTP_EXT_MALFORMED },
	{ "length 30 of 32",              4, { { 30, 32 } },                          0, NTP_EXT_MALFORMED },
	{ "4 past the end",               4, { { 32, 28 } },                          0, NTP_EXT_MALFORMED },
	{ "0xffff",                       4, { { 0xffff, 28 } },                      0, NTP_EXT_MALFORMED },
	{ "0xfffc",                       4, { { 0xfffc, 28 } },                      0, NTP_EXT_MALFORMED },
	{ "0xfffc after a good one",      4, { { 16, 16 }, { 0xfffc, 28 } },          1, NTP_EXT_MALFORMED },
	{ "8 octets left",                4, { { 0, 8 } },                            0, NTP_EXT_MALFORMED },
	{ "12 octets left",               4, { { 0, 12 } },                           0, NTP_EXT_MALFORMED },
	{ "1 octet left",                 4, { { 0, 1 } },                            0, NTP_EXT_MALFORMED },
	{ "2 octets left",                4, { { 0, 2 } },                            0, NTP_EXT_MALFORMED },
	{ "3 octets left",                4, { { 0, 3 } },                            0, NTP_EXT_MALFORMED },
	{ "8 octets left after a field",  4, { { 28, 28 }, { 0, 8 } },                1, NTP_EXT_MALFORMED },
	{ "12 octets left after a field", 4, { { 16, 16 }, { 0, 12 } },               1, NTP_EXT_MALFORMED },
	{ "version 3, nothing",           3, { { 0, 0 } },                            0, NTP_EXT_END },
	{ "version 3 knows no fields",    3, { { 28, 28 } },                          0, NTP_EXT_MAC },
	{ "version 3, crypto-NAK",        3, { { 0, 4 } },                            0, NTP_EXT_MAC },
	{ "version 3, 8 octets",          3, { { 0, 8 } },                            0, NTP_EXT_MALFORMED },
	{ "version 3, MAC of 12",         3, { { 0, 12 } },                           0, NTP_EXT_MAC },
	{ "version 3, MAC of 20",         3, { { 0, 20 } },                           0, NTP_EXT_MAC },
	{ "version 3, MAC of 68",         3, { { 0, 68 } },                           0, NTP_EXT_MAC },
	{ "version 3, MAC of 72",         3, { { 0, 72 } },                           0, NTP_EXT_MAC },
	{ "version 3, 76 octets",         3, { { 76, 76 } },                          0, NTP_EXT_MALFORMED },
	{ "version 3, 21 octets",         3, { { 0, 21 } },                           0, NTP_EXT_MALFORMED },
	{ "version 1, MAC of 20",         1, { { 0, 20 } },                           0, NTP_EXT_MAC },
};
/* clang-format on */

static size_t lay_out(const struct row *row, uint8_t *buf)
{
	size_t len = HEADER_OCTETS;

	memset(buf, 0, HEADER_OCTETS);
	buf[0] = (uint8_t)(row->version << 3 | 4);
	for (size_t i = 0; i < 4 && row->parts[i].laid > 0; i++) {
		const struct part *part = &row->parts[i];
		/* The type tells the fields apart, the rest is what a field may hold. */
		const uint8_t head[4] = { 0x7e, (uint8_t)i, (uint8_t)(part->length >> 8),
			                  (uint8_t)part->length };

		memset(buf + len, 0xee, part->laid);
		memcpy(buf + len, head, part->laid < 4 ? part->laid : 4);
		len += part->laid;
	}
	return len;
}

/* A copy that ends where the packet ends, so that reading on is caught. */
static uint8_t *exact_copy(const uint8_t *buf, size_t len)
{
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, buf, len);
	return copy;
}

static void walks(void **state)
{
	const struct row *row = *state;
	uint8_t size[HEADER_OCTETS + TAIL_SIZE];
	size_t len = lay_out(row, size);
	uint8_t *packet = exact_copy(size, len);
	size_t at = HEADER_OCTETS;
	size_t found = 0;
	enum ntp_ext_result result;

	for (;;) {
		struct ntp_ext_field field = { 0xa5a5, NULL, 0xa5 };
		size_t before = at;

		result = ntp_ext_next(packet, len, &at, &field);
		if (result != NTP_EXT_FIELD) {
			assert_int_equal(at, before);
			assert_int_equal(field.type, 0xa5a5);
			assert_null(field.body);
			break;
		}
		assert_true(found < row->want_fields);
		assert_int_equal(field.type, 0x7e00 + found);
		assert_ptr_equal(field.body, packet + before + 4);
		assert_int_equal(field.body_octets, row->parts[found].length - 4);
		assert_int_equal(at, before + row->parts[found].length);
		found++;
	}
	assert_int_equal(result, row->want);
	assert_int_equal(found, row->want_fields);
	assert_int_equal(ntp_ext_check(packet, len), row->want);
	free(packet);
}

struct recorded_row {
	const char *name;
	const uint8_t *packet;
	size_t len;
	enum ntp_ext_result want;
};

/* clang-format off */
static const struct recorded_row recorded_rows[] = {
	{ "recorded: request with field", CHRONYD_REQUEST_FIELD, sizeof(CHRONYD_REQUEST_FIELD), NTP_EXT_END },
	{ "recorded: reply with field", CHRONYD_REPLY_FIELD, sizeof(CHRONYD_REPLY_FIELD), NTP_EXT_END },
	{ "recorded: reply with MD5", CHRONYD_REPLY_MD5, sizeof(CHRONYD_REPLY_MD5), NTP_EXT_MAC },
	{ "recorded: reply with CMAC", CHRONYD_REPLY_CMAC, sizeof(CHRONYD_REPLY_CMAC), NTP_EXT_MAC },
	{ "recorded: reply with SHA1", CHRONYD_REPLY_SHA1, sizeof(CHRONYD_REPLY_SHA1), NTP_EXT_MAC },
	{ "recorded: reply with SHA512", CHRONYD_REPLY_SHA512, sizeof(CHRONYD_REPLY_SHA512), NTP_EXT_MAC },
};
/* clang-format on */

static void checks_recorded(void **state)
{
	const struct recorded_row *row = *state;
	uint8_t *packet = exact_copy(row->packet, row->len);

	assert_int_equal(ntp_ext_check(packet, row->len), row->want);
	free(packet);
}

/* chronyd's own field: type 0xF323, 24 octets that begin with its magic number. */
static void reads_recorded_field(void **state)
{
	const uint8_t magic[4] = { 0xf5, 0xbe, 0xdd, 0x9a };
	struct ntp_ext_field field;
	size_t at = HEADER_OCTETS;

	(void)state;
	assert_int_equal(
		ntp_ext_next(CHRONYD_REPLY_FIELD, sizeof(CHRONYD_REPLY_FIELD), &at, &field),
		NTP_EXT_FIELD);
	assert_int_equal(field.type, 0xf323);
	assert_int_equal(field.body_octets, 24);
	assert_memory_equal(field.body, magic, sizeof(magic));
	assert_int_equal(at, HEADER_OCTETS + 28);
}

/* Each length that a packet can be cut to: no read past the end, and only the
 * whole one is a field. */
static void every_cut_of_a_field(void **state)
{
	(void)state;
	for (size_t len = HEADER_OCTETS; len <= sizeof(CHRONYD_REPLY_FIELD); len++) {
		uint8_t *packet = exact_copy(CHRONYD_REPLY_FIELD, len);
		size_t tail = len - HEADER_OCTETS;
		enum ntp_ext_result want = NTP_EXT_MALFORMED;

		if (tail == 0 || tail == 28) {
			want = NTP_EXT_END;
		} else if (tail == 4 || tail == 20 || tail == 24) {
			want = NTP_EXT_MAC;
		}
		assert_int_equal(ntp_ext_check(packet, len), want);
		free(packet);
	}
}

/* As many fields as the longest datagram holds: each is visited once. */
static void a_thousand_fields(void **state)
{
	const size_t count = 4000;
	const size_t len = HEADER_OCTETS + count * 16 + 28;
	uint8_t *packet = calloc(1, len);
	struct ntp_ext_field field;
	size_t at = HEADER_OCTETS;
	size_t found = 0;

	(void)state;
	assert_non_null(packet);
	packet[0] = 0x24;
	for (size_t i = 0; i < count; i++) {
		packet[HEADER_OCTETS + i * 16 + 3] = 16;
	}
	packet[HEADER_OCTETS + count * 16 + 3] = 28;
	while (ntp_ext_next(packet, len, &at, &field) == NTP_EXT_FIELD) {
		found++;
	}
	assert_int_equal(found, count + 1);
	assert_int_equal(at, len);
	assert_int_equal(ntp_ext_check(packet, len), NTP_EXT_END);
	free(packet);
}

static void start_outside_the_tail(void **state)
{
	uint8_t packet[HEADER_OCTETS + 28] = { 0x24 };
	struct ntp_ext_field field;
	size_t at = 0;

	(void)state;
	/* The header would pass for a field if read as one. */
	packet[3] = 48;
	packet[HEADER_OCTETS - 4 + 3] = 32;
	packet[HEADER_OCTETS + 3] = 28;
	assert_int_equal(ntp_ext_next(packet, sizeof(packet), &at, &field),
	                 NTP_EXT_MALFORMED);
	at = HEADER_OCTETS - 4;
	assert_int_equal(ntp_ext_next(packet, sizeof(packet), &at, &field),
	                 NTP_EXT_MALFORMED);
	at = sizeof(packet) + 1;
	assert_int_equal(ntp_ext_next(packet, sizeof(packet), &at, &field),
	                 NTP_EXT_MALFORMED);
	at = SIZE_MAX;
	assert_int_equal(ntp_ext_next(packet, sizeof(packet), &at, &field),
	                 NTP_EXT_MALFORMED);
	assert_int_equal(ntp_ext_check(packet, 0), NTP_EXT_MALFORMED);
	assert_int_equal(ntp_ext_check(packet, HEADER_OCTETS - 1), NTP_EXT_MALFORMED);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(recorded_rows) + 4];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(reads_recorded_field),
		cmocka_unit_test(every_cut_of_a_field),
		cmocka_unit_test(a_thousand_fields),
		cmocka_unit_test(start_outside_the_tail),
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[count++] = (struct CMUnitTest){ .name = rows[i].name,
			                              .test_func = walks,
			                              .initial_state = (void *)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(recorded_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = recorded_rows[i].name,
			                     .test_func = checks_recorded,
			                     .initial_state = (void *)&recorded_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("ntp_ext", tests, NULL, NULL);
}
