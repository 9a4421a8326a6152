/* SPDX-License-Identifier: MIT
 *
 * core/ntp/refusal: each refused reply is named with what was found in it, in plain ASCII.
 */
#include "core/ntp/refusal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A good reply; rows change some octets of it. */
static const uint8_t GOOD[NTP_HEADER_OCTETS] = {
	0x24, 2,    6,    0xe8, 0, 0, 1, 0, 0,    0,    1,    0,    10,   0,    0,    1,
	0xee, 0xae, 0x22, 0xce, 0, 0, 0, 0, 0x77, 0x76, 0x75, 0x74, 0x73, 0x72, 0x71, 0x70,
	0xee, 0xae, 0x22, 0xcf, 0, 0, 0, 0, 0xee, 0xae, 0x22, 0xcf, 0x80, 0,    0,    0,
};
static const struct ntp_ts COOKIE = { 0x77767574, 0x73727170 };

struct row {
	const char *name;
	size_t len;
	size_t at; /* these octets are changed */
	size_t count;
	uint8_t with[8];
	const char *want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "32 octets",     32, 0, 0, { 0 }, "32 octets: a packet of NTP has at least 48" },
	{ "47 octets",     47, 0, 0, { 0 }, "47 octets: a packet of NTP has at least 48" },
	{ "50 octets",     50, 0, 0, { 0 }, "50 octets: not a multiple of four" },
	{ "1028 octets",   1028, 0, 0, { 0 }, "1028 octets: no answer has more than 1024" },
	{ "1400 octets",   1400, 0, 0, { 0 }, "1400 octets: no answer has more than 1024" },
	{ "version 0",     48, 0, 1, { 0x04 }, "version 0 of NTP: known are 1 to 4" },
	{ "version 7",     48, 0, 1, { 0x3c }, "version 7 of NTP: known are 1 to 4" },
	{ "mode 3",        48, 0, 1, { 0x23 }, "mode 3, client: an answer has mode 4, server" },
	{ "mode 6",        48, 0, 1, { 0x26 }, "mode 6, control: an answer has mode 4, server" },
	{ "crypto-NAK",    52, 0, 0, { 0 }, "crypto-NAK: the server does not accept the key" },
	{ "field of 3",    76, 48, 4, { 1, 4, 0, 3 }, "malformed extension field: says it has 3 octets, 28 are left" },
	{ "last too short", 64, 48, 4, { 1, 4, 0, 16 }, "malformed extension field: says it has 16 octets, 16 are left" },
	{ "8 octets, v3",  56, 0, 1, { 0x1c }, "8 octets after the header: no authenticator of version 3" },
	{ "kiss",          48, 1, 1, { 0 }, "stratum 0, and 10.0.0.1 is no kiss code: it is not synchronised" },
	{ "no kiss code",  48, 12, 4, { 0, 0, 0, 0 }, NULL },
	{ "receive zero",  48, 32, 8, { 0 }, "receive timestamp is zero" },
	{ "transmit zero", 48, 40, 8, { 0 }, "transmit timestamp is zero" },
	{ "leap 3",        48, 0, 1, { 0xe4 }, "leap 3: it is not synchronised" },
	{ "stratum 17",    48, 1, 1, { 17 }, "stratum 17: above 15 it is not synchronised" },
	{ "precision 5",   48, 3, 1, { 5 }, "precision of 2^5 s: none is outside 2^-40 to 2^4 s" },
	{ "precision -41", 48, 3, 1, { 0xd7 }, "precision of 2^-41 s: none is outside 2^-40 to 2^4 s" },
	{ "root delay",    48, 4, 8, { 0, 64, 0, 0, 0, 0, 0, 0 }, "root distance of 32 s: from 16 s on it has lost its reference" },
	{ "reference",     48, 16, 8, { 0xee, 0xae, 0x22, 0xd1, 0, 0, 0, 0 }, "reference timestamp 1.5 s after its transmit timestamp" },
	{ "good",          48, 0, 0, { 0 }, "accepted" },
};
/* clang-format on */

static void is_named(void **state)
{
	const struct row *row = *state;
	uint8_t *octets = calloc(1, row->len);
	char text[REFUSAL_SIZE];
	struct ntp_header header;
	enum ntp_verdict verdict;

	assert_non_null(octets);
	memcpy(octets, GOOD, row->len < sizeof(GOOD) ? row->len : sizeof(GOOD));
	memcpy(octets + row->at, row->with, row->count);
	if (!row->want) {
		octets[1] = 0;
	}
	verdict = ntp_reply_parse(octets, row->len, COOKIE, &header);
	ntp_refusal_format(verdict, octets, row->len, false, text);
	assert_string_equal(text, row->want ? row->want
	                                    : "stratum 0 without a kiss code: it is not "
	                                      "synchronised");
	free(octets);
}

static void names_each_kiss_code(void **state)
{
	static const char *const wants[][2] = {
		{ "DENY", "kiss code DENY: it refuses to serve us" },
		{ "RSTR", "kiss code RSTR: it refuses to serve us" },
		{ "RATE", "kiss code RATE: it wants fewer requests" },
		{ "INIT", "kiss code INIT: it is not synchronised" },
		{ "XY  ", "kiss code XY: it is not synchronised" },
		{ "    ", "stratum 0 without a kiss code: it is not synchronised" },
		{ "X Y ",
		  "stratum 0, and 88.32.89.32 is no kiss code: it is not synchronised" },
		{ "\xff\xfe\xfd\x80", "stratum 0, and 255.254.253.128 is no kiss code: it "
		                      "is not synchronised" },
	};
	uint8_t octets[sizeof(GOOD)];
	char text[REFUSAL_SIZE];

	(void)state;
	memcpy(octets, GOOD, sizeof(GOOD));
	octets[1] = 0;
	for (size_t i = 0; i < COUNT_OF(wants); i++) {
		memcpy(octets + 12, wants[i][0], 4);
		ntp_refusal_format(NTP_KISS, octets, sizeof(octets), false, text);
		assert_string_equal(text, wants[i][1]);
	}
}

static void what_was_cut_had_more(void **state)
{
	static const uint8_t octets[2048];
	char text[REFUSAL_SIZE];

	(void)state;
	ntp_refusal_format(NTP_BAD_LENGTH, octets, sizeof(octets), true, text);
	assert_string_equal(text, "more than 2048 octets: no answer has more than 1024");
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 2] = {
		cmocka_unit_test(names_each_kiss_code),
		cmocka_unit_test(what_was_cut_had_more),
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i + 2] = (struct CMUnitTest){ .name = rows[i].name,
			                            .test_func = is_named,
			                            .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
