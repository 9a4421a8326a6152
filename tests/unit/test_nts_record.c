/* SPDX-License-Identifier: MIT
 *
 * Responses of a key exchange, by RFC 8915 section 4.  Each row is tested whole and in all
 * its parts: a part is INCOMPLETE, or has the verdict of the whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/nts/record.h"

/* clang-format off */
#define PROTOCOL "\x80\x01\x00\x02\x00\x00"
#define AEAD     "\x80\x04\x00\x02\x00\x0f"
#define END      "\x80\x00\x00\x00"
#define O4       "oooo"
#define O12      O4 O4 O4
#define O16      O12 O4
#define O64      O16 O16 O16 O16
#define O100     O64 O16 O16 O4
#define O256     O64 O64 O64 O64
#define O508     O256 O64 O64 O64 O16 O16 O16 O12
#define O512     O256 O256
#define COOKIE   "\x00\x05\x00\x64" O100
#define PLAIN    "\x40\x01\x00\x04" O4 /* unknown, not critical */
#define SERVER(len, host) "\x80\x06\x00" len host
#define PORT     "\x80\x07\x00\x02\x11\xd7" /* 4567 */
#define START    PROTOCOL AEAD
#define GOOD     START COOKIE
#define LABEL_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define NAME_253 LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50 "." "abcdefghijklmnopqrstuvwxyz0123456789.abcdefghijkl"

struct row {
	const char *name;
	const char *octets;
	size_t len;
	enum nts_response_verdict want;
	uint16_t code;
	uint32_t cookies;
	const char *server;
	uint16_t port;
};

#define OCTETS(literal) literal, sizeof(literal) - 1
#define ACCEPTED(cookies) NTS_RESPONSE_ACCEPTED, 0, cookies, "", 123
#define AT(server) NTS_RESPONSE_ACCEPTED, 0, 1, server, 123
#define REFUSED(verdict) NTS_RESPONSE_##verdict, 0, 0, NULL, 0
#define REFUSED_BY(verdict, code) NTS_RESPONSE_##verdict, code, 0, NULL, 0

static const struct row rows[] = {
	{ "a good response", OCTETS(GOOD END), ACCEPTED(1) },
	{ "a usual response", OCTETS(START COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE END), ACCEPTED(8) },
	{ "any order", OCTETS(COOKIE PORT AEAD PROTOCOL END), NTS_RESPONSE_ACCEPTED, 0, 1, "", 4567 },
	{ "AEAD, cookie, server and port are critical or not",
	  OCTETS(PROTOCOL "\x00\x04\x00\x02\x00\x0f" "\x80\x05\x00\x64" O100 "\x00\x06\x00\x01" "h" "\x00\x07\x00\x02\x00\x07" END),
	  NTS_RESPONSE_ACCEPTED, 0, 1, "h", 7 },

	{ "NK15 no End", OCTETS(GOOD), REFUSED(INCOMPLETE) },
	{ "NK16 two Ends: the second lies behind the end", OCTETS(GOOD END END), ACCEPTED(1) },
	{ "NK17 End not critical", OCTETS(GOOD "\x00\x00\x00\x00"), REFUSED(MALFORMED) },
	{ "NK17 End with a body", OCTETS(GOOD "\x80\x00\x00\x02\x00\x00"), REFUSED(MALFORMED) },
	{ "NK17 End with a body of 1 octet", OCTETS(GOOD "\x80\x00\x00\x01\x00"), REFUSED(MALFORMED) },
	{ "NK17 End not last: the rest is ignored", OCTETS(GOOD END COOKIE), ACCEPTED(1) },
	{ "NK17 End not last: an Error behind it", OCTETS(GOOD END "\x80\x02\x00\x02\x00\x01"), ACCEPTED(1) },
	{ "NK17 End not last: half a record behind it", OCTETS(GOOD END "\x80"), ACCEPTED(1) },
	{ "NK17 End first", OCTETS(END GOOD), REFUSED(MALFORMED) },
	{ "NK18 a record cut in its head", OCTETS(GOOD "\x80\x00\x00"), REFUSED(INCOMPLETE) },
	{ "NK18 a record cut in its body", OCTETS(START "\x00\x05\x00\x64" O64), REFUSED(INCOMPLETE) },
	{ "NK18 a record longer than the response", OCTETS(START "\x00\x05\xff\xff" O64 END), REFUSED(INCOMPLETE) },
	{ "NK18 End that promises a body", OCTETS(GOOD "\x80\x00\xff\xff"), REFUSED(INCOMPLETE) },
	{ "NK19 an empty response", OCTETS(""), REFUSED(INCOMPLETE) },
	{ "NK19 a response of End alone", OCTETS(END), REFUSED(MALFORMED) },

	{ "NK20 Next protocol missing", OCTETS(AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol twice", OCTETS(PROTOCOL GOOD END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol empty, then not", OCTETS("\x80\x01\x00\x00" GOOD END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol empty", OCTETS("\x80\x01\x00\x00" AEAD COOKIE END), REFUSED(NO_NTP) },
	{ "NK20 Next protocol empty, nothing else", OCTETS("\x80\x01\x00\x00" END), REFUSED(NO_NTP) },
	{ "NK20 Next protocol unknown", OCTETS("\x80\x01\x00\x02\x00\x01" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol of private use", OCTETS("\x80\x01\x00\x02\x80\x00" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol: NTPv4 and another", OCTETS("\x80\x01\x00\x04\x00\x00\x00\x01" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol: another and NTPv4", OCTETS("\x80\x01\x00\x04\x00\x01\x00\x00" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol: NTPv4 twice", OCTETS("\x80\x01\x00\x04\x00\x00\x00\x00" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol of 1 octet", OCTETS("\x80\x01\x00\x01\x00" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol of 3 octets", OCTETS("\x80\x01\x00\x03\x00\x00\x00" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK20 Next protocol not critical", OCTETS("\x00\x01\x00\x02\x00\x00" AEAD COOKIE END), REFUSED(MALFORMED) },

	{ "NK21 AEAD missing", OCTETS(PROTOCOL COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 AEAD empty", OCTETS(PROTOCOL "\x80\x04\x00\x00" END), REFUSED(NO_AEAD) },
	{ "NK21 AEAD empty, with a cookie", OCTETS(PROTOCOL "\x80\x04\x00\x00" COOKIE END), REFUSED(NO_AEAD) },
	{ "NK21 two AEADs", OCTETS(PROTOCOL "\x80\x04\x00\x04\x00\x0f\x00\x1e" COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 two AEADs, ours last", OCTETS(PROTOCOL "\x80\x04\x00\x04\x00\x1e\x00\x0f" COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 AEAD record twice", OCTETS(START AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 AEAD record twice, first empty", OCTETS(PROTOCOL "\x80\x04\x00\x00" AEAD COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 AEAD not offered", OCTETS(PROTOCOL "\x80\x04\x00\x02\x00\x1e" COOKIE END), REFUSED(NO_AEAD) },
	{ "NK21 AEAD not offered, 0", OCTETS(PROTOCOL "\x80\x04\x00\x02\x00\x00" COOKIE END), REFUSED(NO_AEAD) },
	{ "NK21 AEAD not offered, octets swapped", OCTETS(PROTOCOL "\x80\x04\x00\x02\x0f\x00" COOKIE END), REFUSED(NO_AEAD) },
	{ "NK21 AEAD of 1 octet", OCTETS(PROTOCOL "\x80\x04\x00\x01\x0f" COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 AEAD of 3 octets", OCTETS(PROTOCOL "\x80\x04\x00\x03\x00\x0f\x00" COOKIE END), REFUSED(MALFORMED) },
	{ "NK21 no AEAD without NTPv4", OCTETS("\x80\x01\x00\x00" COOKIE END), REFUSED(NO_NTP) },

	{ "NK22 Error 0", OCTETS("\x80\x02\x00\x02\x00\x00" END), REFUSED_BY(ERROR, 0) },
	{ "NK22 Error 1", OCTETS("\x80\x02\x00\x02\x00\x01" END), REFUSED_BY(ERROR, 1) },
	{ "NK22 Error 2", OCTETS("\x80\x02\x00\x02\x00\x02" END), REFUSED_BY(ERROR, 2) },
	{ "NK22 Error 3, which is not assigned", OCTETS("\x80\x02\x00\x02\x00\x03" END), REFUSED_BY(ERROR, 3) },
	{ "NK22 Error 65535", OCTETS("\x80\x02\x00\x02\xff\xff" END), REFUSED_BY(ERROR, 65535) },
	{ "NK22 Error in a good response", OCTETS(GOOD "\x80\x02\x00\x02\x00\x02" END), REFUSED_BY(ERROR, 2) },
	{ "NK22 Error first", OCTETS("\x80\x02\x00\x02\x00\x01" GOOD END), REFUSED_BY(ERROR, 1) },
	{ "NK22 Error without End", OCTETS(GOOD "\x80\x02\x00\x02\x00\x01"), REFUSED_BY(ERROR, 1) },
	{ "NK22 Error after an empty Next protocol", OCTETS("\x80\x01\x00\x00" "\x80\x02\x00\x02\x00\x01" END), REFUSED_BY(ERROR, 1) },
	{ "NK22 Error not critical", OCTETS(GOOD "\x00\x02\x00\x02\x00\x01" END), REFUSED(MALFORMED) },
	{ "NK22 Error without a code", OCTETS(GOOD "\x80\x02\x00\x00" END), REFUSED(MALFORMED) },
	{ "NK22 Error of 3 octets", OCTETS(GOOD "\x80\x02\x00\x03\x00\x01\x00" END), REFUSED(MALFORMED) },
	{ "NK23 Warning", OCTETS(GOOD "\x80\x03\x00\x02\x00\x00" END), REFUSED_BY(WARNING, 0) },
	{ "NK23 Warning 7", OCTETS(GOOD "\x80\x03\x00\x02\x00\x07" END), REFUSED_BY(WARNING, 7) },
	{ "NK23 Warning not critical", OCTETS(GOOD "\x00\x03\x00\x02\x00\x07" END), REFUSED(MALFORMED) },
	{ "NK23 Warning of 1 octet", OCTETS(GOOD "\x80\x03\x00\x01\x00" END), REFUSED(MALFORMED) },
	{ "NK24 unknown critical record", OCTETS(GOOD "\xc0\x01\x00\x00" END), REFUSED_BY(UNKNOWN, 0x4001) },
	{ "NK24 unknown critical record of the pool draft", OCTETS(GOOD "\x80\x08\x00\x00" END), REFUSED_BY(UNKNOWN, 8) },
	{ "NK24 unknown critical record 32767", OCTETS(GOOD "\xff\xff\x00\x02hi" END), REFUSED_BY(UNKNOWN, 0x7fff) },
	{ "NK25 unknown record", OCTETS(PLAIN GOOD PLAIN PLAIN END), ACCEPTED(1) },
	{ "NK25 unknown record, empty", OCTETS(GOOD "\x7f\xff\x00\x00" END), ACCEPTED(1) },
	{ "NK25 keep-alive of the pool draft", OCTETS(GOOD "\x00\x08\x00\x00" END), ACCEPTED(1) },
	{ "NK25 the record of chrony's exporter, 1024", OCTETS(GOOD "\x04\x00\x00\x00" END), ACCEPTED(1) },
	{ "NK25 End inside an unknown record", OCTETS(GOOD "\x40\x01\x00\x04" END END), ACCEPTED(1) },

	{ "NK26 no cookie", OCTETS(START END), REFUSED(NO_COOKIE) },
	{ "NK27 one cookie", OCTETS(START "\x00\x05\x00\x0c" O12 END), ACCEPTED(1) },
	{ "NK28 nine cookies", OCTETS(START COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE END), ACCEPTED(8) },
	{ "NK29 a cookie of 0 octets", OCTETS(START "\x00\x05\x00\x00" END), REFUSED(NO_COOKIE) },
	{ "NK29 a cookie of 0 octets, then a good one", OCTETS(START "\x00\x05\x00\x00" COOKIE END), ACCEPTED(1) },
	{ "NK30 a cookie of 1 octet", OCTETS(START "\x00\x05\x00\x01" "o" END), REFUSED(NO_COOKIE) },
	{ "NK30 a cookie of 3 octets", OCTETS(START "\x00\x05\x00\x03" "ooo" END), REFUSED(NO_COOKIE) },
	{ "NK30 a cookie of 8 octets", OCTETS(START "\x00\x05\x00\x08" O4 O4 END), REFUSED(NO_COOKIE) },
	{ "NK30 a cookie of 13 octets", OCTETS(START "\x00\x05\x00\x0d" O12 "o" END), REFUSED(NO_COOKIE) },
	{ "NK30 a cookie of 102 octets", OCTETS(START "\x00\x05\x00\x66" O100 "oo" END), REFUSED(NO_COOKIE) },
	{ "NK30 bad ones do not take the place of good ones",
	  OCTETS(START "\x00\x05\x00\x00" "\x00\x05\x00\x01" "o" "\x00\x05\x00\x03" "ooo" COOKIE COOKIE COOKIE COOKIE COOKIE COOKIE "\x00\x05\x00\x01" "o" COOKIE COOKIE END),
	  ACCEPTED(8) },
	{ "NK31 a cookie of 512 octets", OCTETS(START "\x00\x05\x02\x00" O512 END), ACCEPTED(1) },
	{ "NK31 a cookie of 516 octets", OCTETS(START "\x00\x05\x02\x04" O512 O4 END), REFUSED(NO_COOKIE) },
	{ "NK31 a cookie of 513 octets", OCTETS(START "\x00\x05\x02\x01" O512 "o" END), REFUSED(NO_COOKIE) },
	{ "NK31 a cookie of 1024 octets, then a good one", OCTETS(START "\x00\x05\x04\x00" O512 O512 COOKIE END), ACCEPTED(1) },

	{ "a server by name", OCTETS(GOOD SERVER("\x10", "time.example.net") END), AT("time.example.net") },
	{ "a server by name with a final dot", OCTETS(GOOD SERVER("\x11", "time.example.net.") END), AT("time.example.net") },
	{ "a server by IPv4", OCTETS(GOOD SERVER("\x09", "192.0.2.7") END), AT("192.0.2.7") },
	{ "a server by IPv6", OCTETS(GOOD SERVER("\x0b", "2001:db8::7") END), AT("2001:db8::7") },
	{ "a server of 253 octets", OCTETS(GOOD SERVER("\xfd", NAME_253) END), AT(NAME_253) },
	{ "... and a final dot", OCTETS(GOOD SERVER("\xfe", NAME_253 ".") END), AT(NAME_253) },
	{ "another port", OCTETS(GOOD PORT END), NTS_RESPONSE_ACCEPTED, 0, 1, "", 4567 },
	{ "another server and port", OCTETS(GOOD SERVER("\x01", "h") PORT END), NTS_RESPONSE_ACCEPTED, 0, 1, "h", 4567 },
	{ "NK32 server empty", OCTETS(GOOD SERVER("\x00", "") END), REFUSED(BAD_SERVER) },
	{ "NK32 server of a dot", OCTETS(GOOD SERVER("\x01", ".") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with two final dots", OCTETS(GOOD SERVER("\x03", "h..") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a space", OCTETS(GOOD SERVER("\x03", "a b") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a final space", OCTETS(GOOD SERVER("\x02", "a ") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with NUL", OCTETS(GOOD SERVER("\x03", "a\0b") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a final NUL", OCTETS(GOOD SERVER("\x02", "a\0") END), REFUSED(BAD_SERVER) },
	{ "NK32 server of NUL", OCTETS(GOOD SERVER("\x01", "\0") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with ESC", OCTETS(GOOD SERVER("\x03", "a\x1b" "b") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a line feed", OCTETS(GOOD SERVER("\x02", "a\n") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with DEL", OCTETS(GOOD SERVER("\x02", "a\x7f") END), REFUSED(BAD_SERVER) },
	{ "NK32 server not ASCII", OCTETS(GOOD SERVER("\x04", "\xc3\xa4" "bc") END), REFUSED(BAD_SERVER) },
	{ "NK32 server of 254 octets", OCTETS(GOOD SERVER("\xfe", "a" NAME_253) END), REFUSED(BAD_SERVER) },
	{ "NK32 server of 255 octets", OCTETS(GOOD SERVER("\xff", "a" NAME_253 ".") END), REFUSED(BAD_SERVER) },
	{ "NK32 server of 256 octets", OCTETS(GOOD "\x80\x06\x01\x00" O256 END), REFUSED(BAD_SERVER) },
	{ "NK32 server of 512 octets", OCTETS(GOOD "\x80\x06\x02\x00" O512 END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a port", OCTETS(GOOD SERVER("\x05", "h:123") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with an empty port", OCTETS(GOOD SERVER("\x02", "h:") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a scheme", OCTETS(GOOD SERVER("\x07", "ntp://h") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a path", OCTETS(GOOD SERVER("\x03", "h/p") END), REFUSED(BAD_SERVER) },
	{ "NK32 server in brackets", OCTETS(GOOD SERVER("\x05", "[::7]") END), REFUSED(BAD_SERVER) },
	{ "NK32 server in brackets with a port", OCTETS(GOOD SERVER("\x09", "[::7]:123") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a zone", OCTETS(GOOD SERVER("\x0c", "fe80::1%eth0") END), REFUSED(BAD_SERVER) },
	{ "NK32 server with a numeric zone", OCTETS(GOOD SERVER("\x09", "fe80::1%2") END), REFUSED(BAD_SERVER) },
	{ "NK32 server *", OCTETS(GOOD SERVER("\x01", "*") END), REFUSED(BAD_SERVER) },
	{ "NK32 server is an option", OCTETS(GOOD SERVER("\x06", "--step") END), REFUSED(BAD_SERVER) },
	{ "NK32 server is a number", OCTETS(GOOD SERVER("\x0a", "2130706433") END), REFUSED(BAD_SERVER) },
	{ "NK32 server is half an IPv4 address", OCTETS(GOOD SERVER("\x07", "192.0.2") END), REFUSED(BAD_SERVER) },
	{ "NK32 server by IPv4 with a final dot", OCTETS(GOOD SERVER("\x0a", "192.0.2.7.") END), REFUSED(BAD_SERVER) },
	{ "NK32 server by IPv6 with a final dot", OCTETS(GOOD SERVER("\x0c", "2001:db8::7.") END), REFUSED(BAD_SERVER) },
	{ "NK33 two servers", OCTETS(GOOD SERVER("\x01", "a") SERVER("\x01", "b") END), REFUSED(MALFORMED) },
	{ "NK33 the same server twice", OCTETS(GOOD SERVER("\x01", "a") SERVER("\x01", "a") END), REFUSED(MALFORMED) },
	{ "NK33 two ports", OCTETS(GOOD PORT PORT END), REFUSED(MALFORMED) },
	{ "NK34 port 0", OCTETS(GOOD "\x80\x07\x00\x02\x00\x00" END), REFUSED(BAD_PORT) },
	{ "NK34 port of 1 octet", OCTETS(GOOD "\x80\x07\x00\x01\x7b" END), REFUSED(MALFORMED) },
	{ "NK34 port of 4 octets", OCTETS(GOOD "\x80\x07\x00\x04\x00\x7b\x00\x7b" END), REFUSED(MALFORMED) },
	{ "NK34 port empty", OCTETS(GOOD "\x80\x07\x00\x00" END), REFUSED(MALFORMED) },
	{ "port 65535", OCTETS(GOOD "\x80\x07\x00\x02\xff\xff" END), NTS_RESPONSE_ACCEPTED, 0, 1, "", 65535 },

	{ "NK36 the first bad record decides", OCTETS("\x80\x04\x00\x01\x0f" "\x80\x02\x00\x02\x00\x01" END), REFUSED(MALFORMED) },
	{ "HTTP is not a response", OCTETS("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), REFUSED(INCOMPLETE) },
	{ "zeros are not a response", OCTETS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), REFUSED(MALFORMED) },
};
/* clang-format on */

/* The parser's input ends where the memory ends, so that reading on is caught. */
static enum nts_response_verdict parse(const void *octets, size_t len,
                                       struct nts_response *ret)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum nts_response_verdict verdict;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	verdict = nts_response_parse(copy, len, ret);
	free(copy);
	return verdict;
}

static void parses(void **state)
{
	const struct row *row = *state;
	struct nts_response response, before;

	memset(&response, 0xa5, sizeof(response));
	before = response;
	assert_int_equal(parse(row->octets, row->len, &response), row->want);
	if (row->want == NTS_RESPONSE_ACCEPTED) {
		assert_int_equal(response.aead, NTS_AEAD_SIV_CMAC_256);
		assert_int_equal(response.cookies.count, row->cookies);
		assert_true(nts_cookies_are_valid(&response.cookies));
		for (size_t i = 0; i < response.cookies.count; i++) {
			const struct nts_cookie *cookie = &response.cookies.items[i];

			assert_memory_equal(cookie->octets, O512, cookie->len);
		}
		assert_string_equal(response.server, row->server);
		assert_int_equal(response.port, row->port);
		return;
	}
	if (row->want == NTS_RESPONSE_ERROR || row->want == NTS_RESPONSE_WARNING ||
	    row->want == NTS_RESPONSE_UNKNOWN) {
		assert_int_equal(response.error_code, row->code);
		before.error_code = response.error_code;
	}
	assert_memory_equal(&response, &before, sizeof(response));
}

/* clang-format off */
/* chronyd 4.3 (Debian 12): eight cookies of 100 octets, port 11123 */
static const uint8_t CHRONYD_RESPONSE[] = {
	0x80, 0x01, 0x00, 0x02, 0x00, 0x00, 0x80, 0x04, 0x00, 0x02, 0x00, 0x0f, 0x80, 0x07, 0x00, 0x02,
	0x2b, 0x73, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac, 0x7e, 0x13, 0x57, 0x80, 0xc9, 0xa6, 0x5e, 0x99,
	0x70, 0x30, 0xe7, 0xc4, 0x8c, 0xad, 0xbd, 0x9e, 0xc3, 0xb7, 0x53, 0x37, 0xe5, 0xdc, 0x0c, 0xe2,
	0xac, 0xf3, 0xba, 0xb7, 0xe7, 0xb4, 0xd7, 0x8f, 0x96, 0x85, 0x31, 0x4a, 0xec, 0x11, 0xb8, 0x59,
	0x3c, 0xcd, 0x6d, 0x17, 0x90, 0x69, 0xda, 0xa7, 0x96, 0xc8, 0x7c, 0x91, 0x3e, 0x71, 0x55, 0x51,
	0xbc, 0x1d, 0x2f, 0xfd, 0xe3, 0x9e, 0x8b, 0xd9, 0x6e, 0xf7, 0x5f, 0x73, 0x31, 0x23, 0x06, 0x74,
	0x78, 0x7e, 0xff, 0x75, 0x5b, 0xb3, 0x21, 0x3f, 0xc2, 0x14, 0x90, 0x1e, 0x07, 0xee, 0x96, 0x07,
	0x14, 0xb1, 0x27, 0x46, 0xb1, 0x88, 0xa6, 0x6d, 0xf2, 0xd2, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac,
	0x7e, 0x13, 0x22, 0x36, 0xbf, 0x3c, 0xf8, 0xad, 0x21, 0xa3, 0xa4, 0x7b, 0x54, 0xa1, 0x71, 0x69,
	0x67, 0xff, 0x88, 0x9d, 0x1b, 0x48, 0xf6, 0x88, 0xea, 0xb3, 0x9a, 0x38, 0xe8, 0x17, 0xa7, 0x64,
	0x36, 0xd6, 0x95, 0x73, 0x4c, 0xae, 0x7d, 0xe1, 0x5e, 0xe0, 0xa8, 0xb8, 0x38, 0x74, 0x92, 0xe6,
	0x6a, 0x5a, 0x05, 0x46, 0xac, 0x0d, 0x70, 0x90, 0x37, 0xd9, 0xb5, 0xce, 0x6c, 0x45, 0x64, 0xf9,
	0xcf, 0x3a, 0x27, 0x2d, 0x54, 0xc8, 0x99, 0x00, 0x8a, 0x39, 0x92, 0xec, 0x4c, 0x36, 0x41, 0xc2,
	0x8f, 0x8e, 0xd6, 0x02, 0x65, 0xaa, 0xf0, 0x04, 0x44, 0x52, 0x98, 0x98, 0xd1, 0xbc, 0x91, 0xa7,
	0x7a, 0xc4, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac, 0x7e, 0x13, 0x9f, 0xfd, 0xb9, 0x08, 0x04, 0x92,
	0x29, 0x5f, 0x4c, 0x3a, 0xd1, 0x7d, 0x3c, 0x5c, 0x04, 0x1e, 0x15, 0xaf, 0xab, 0x09, 0x72, 0x33,
	0xa3, 0x53, 0x9a, 0x77, 0x83, 0xad, 0xf4, 0xb6, 0x56, 0x5e, 0xeb, 0xfb, 0x42, 0xb6, 0x4f, 0x1d,
	0xda, 0x35, 0x77, 0xc8, 0xbf, 0x77, 0x5c, 0xf6, 0x5c, 0xb1, 0xbe, 0x68, 0x7c, 0x88, 0x07, 0xb1,
	0x13, 0x41, 0x08, 0xfb, 0xe3, 0xf2, 0xae, 0x6a, 0xd6, 0x53, 0xb3, 0xfd, 0xbc, 0xf3, 0x3b, 0xff,
	0x8a, 0x1b, 0xa0, 0x85, 0xcb, 0x4b, 0xad, 0xb8, 0x4a, 0x1b, 0xc4, 0xaf, 0x46, 0xbc, 0x3c, 0x4a,
	0x25, 0xee, 0xb1, 0xff, 0x08, 0x90, 0x85, 0x17, 0x1d, 0x90, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac,
	0x7e, 0x13, 0xe8, 0x02, 0xb6, 0x23, 0xf0, 0xa9, 0x61, 0x64, 0xe6, 0x64, 0x1a, 0xb1, 0xce, 0xbb,
	0x54, 0xe4, 0x4f, 0x98, 0xb0, 0xa9, 0x49, 0xf0, 0x98, 0x8e, 0xb6, 0x7f, 0xc7, 0x12, 0xa0, 0xa5,
	0xab, 0x39, 0x95, 0x9b, 0x9c, 0x64, 0xe9, 0xf7, 0x70, 0x2c, 0x5b, 0x6d, 0xa8, 0x83, 0x9a, 0x83,
	0xb2, 0xd8, 0x6d, 0xb1, 0x0d, 0x95, 0x22, 0xad, 0xe3, 0x24, 0x28, 0x5b, 0xd6, 0x6e, 0xe5, 0x77,
	0xb5, 0x4b, 0xe4, 0x52, 0x01, 0x79, 0xbf, 0x6e, 0x9a, 0x1a, 0xf9, 0xd5, 0x4b, 0x7e, 0xf6, 0x0e,
	0x7f, 0xe5, 0xa2, 0xde, 0x2c, 0xf4, 0xe8, 0xa8, 0xb3, 0x73, 0x18, 0xa2, 0xaa, 0xf3, 0xb8, 0x67,
	0x9b, 0x24, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac, 0x7e, 0x13, 0x50, 0xbe, 0x51, 0x31, 0x9e, 0x2c,
	0x95, 0x91, 0x37, 0xd2, 0x56, 0x2c, 0xd5, 0x09, 0x49, 0xac, 0xb1, 0x0c, 0xab, 0xc7, 0xf3, 0x05,
	0xe8, 0x70, 0x16, 0x2e, 0x07, 0x49, 0x24, 0x6b, 0x57, 0xca, 0x2d, 0x0a, 0x7d, 0x80, 0x06, 0xe7,
	0x2c, 0x70, 0x35, 0xb3, 0x21, 0xe0, 0xd8, 0x3d, 0x7f, 0x4c, 0x32, 0x6c, 0xc6, 0x65, 0x02, 0xf6,
	0xee, 0x3b, 0xc8, 0xfa, 0x74, 0x7c, 0xbe, 0x34, 0x33, 0xc3, 0xd8, 0x5d, 0x81, 0x70, 0xdb, 0xfe,
	0x7f, 0xa4, 0x63, 0x65, 0x6f, 0x6c, 0x9b, 0x1c, 0x15, 0xa1, 0x63, 0x27, 0xad, 0x5b, 0xba, 0x98,
	0x1f, 0x60, 0x3d, 0xa3, 0xb8, 0x45, 0xa7, 0x3c, 0x10, 0x2c, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac,
	0x7e, 0x13, 0x68, 0x65, 0xef, 0x8a, 0xa2, 0x34, 0x13, 0x71, 0xa3, 0x85, 0x79, 0xf5, 0x3e, 0xad,
	0x61, 0x04, 0x95, 0x7c, 0x0e, 0x90, 0x06, 0xde, 0xe0, 0x2b, 0x45, 0x20, 0x08, 0x71, 0x88, 0x76,
	0xc5, 0x1a, 0xb3, 0xfe, 0x34, 0x96, 0x39, 0x50, 0xb9, 0x40, 0x33, 0x26, 0x0c, 0xfa, 0xc4, 0xb9,
	0x34, 0x4e, 0x36, 0xc3, 0x0b, 0x7b, 0x01, 0x86, 0xa9, 0x3e, 0x1d, 0x96, 0xce, 0x5c, 0x77, 0xe5,
	0x7c, 0xba, 0x79, 0xf7, 0x94, 0xbf, 0xb0, 0xfc, 0xe8, 0x53, 0x6e, 0x37, 0x33, 0xd7, 0x56, 0x22,
	0xf3, 0x27, 0x06, 0x6c, 0xf3, 0x60, 0xd4, 0x7e, 0x69, 0x22, 0xeb, 0xd6, 0x52, 0x88, 0x1a, 0x20,
	0x35, 0x6a, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac, 0x7e, 0x13, 0x69, 0x81, 0xfd, 0x3d, 0x23, 0x06,
	0xba, 0xb4, 0x5b, 0x48, 0x28, 0xd4, 0x33, 0x1b, 0xa5, 0xcb, 0x13, 0x51, 0xdc, 0x11, 0x29, 0x5e,
	0xce, 0xd4, 0x96, 0x13, 0xf7, 0x18, 0x0b, 0x73, 0x24, 0x74, 0x84, 0x11, 0xd9, 0x45, 0x91, 0x7a,
	0x56, 0x63, 0x42, 0x11, 0xf8, 0x91, 0x5b, 0x59, 0xd3, 0x15, 0xb7, 0x43, 0x6b, 0x9f, 0xda, 0x26,
	0x79, 0x10, 0x29, 0x30, 0xbc, 0x95, 0x96, 0xb2, 0x34, 0x57, 0x49, 0x83, 0x4a, 0x8b, 0x1a, 0x77,
	0x61, 0x7f, 0xb4, 0x07, 0x11, 0xdf, 0xd4, 0xad, 0x0f, 0x03, 0xbd, 0x6c, 0xb1, 0x3b, 0x62, 0xcb,
	0xc7, 0x37, 0x4a, 0x72, 0x7e, 0x6b, 0x24, 0x3a, 0xbf, 0x6e, 0x00, 0x05, 0x00, 0x64, 0xcd, 0xac,
	0x7e, 0x13, 0x34, 0x31, 0xcf, 0x7c, 0xec, 0x9b, 0x64, 0x4e, 0xa6, 0xea, 0xc6, 0x6a, 0x58, 0x29,
	0x3f, 0x1f, 0x9e, 0x06, 0xfa, 0x88, 0x2c, 0xb0, 0xac, 0x21, 0x5c, 0xc1, 0xf1, 0x1a, 0xd4, 0x81,
	0x0b, 0xf3, 0xc2, 0xab, 0x46, 0x18, 0xe6, 0xe6, 0x77, 0xc3, 0xf4, 0xb8, 0x10, 0x55, 0x02, 0xa3,
	0x2e, 0xbf, 0x5d, 0x9c, 0x90, 0xe9, 0x72, 0x1c, 0xdd, 0xfc, 0x97, 0x41, 0x30, 0xdb, 0x35, 0xc8,
	0xfc, 0x1e, 0x39, 0x3b, 0x4f, 0xea, 0xac, 0x07, 0xa6, 0x3d, 0xe6, 0xd3, 0x95, 0xa9, 0xed, 0x82,
	0x05, 0xa3, 0xb5, 0x08, 0xf3, 0x05, 0xa0, 0xf1, 0x33, 0xa8, 0xf4, 0xf1, 0xf3, 0x31, 0xfc, 0x8c,
	0x74, 0x85, 0x80, 0x00, 0x00, 0x00,
};
/* clang-format on */

static void recorded_response(void **state)
{
	struct nts_response response;

	(void)state;
	for (size_t len = 0; len < sizeof(CHRONYD_RESPONSE); len++) {
		assert_int_equal(parse(CHRONYD_RESPONSE, len, &response),
		                 NTS_RESPONSE_INCOMPLETE);
	}
	assert_int_equal(parse(CHRONYD_RESPONSE, sizeof(CHRONYD_RESPONSE), &response),
	                 NTS_RESPONSE_ACCEPTED);
	assert_string_equal(response.server, "");
	assert_int_equal(response.port, 11123);
	assert_int_equal(response.cookies.count, 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(response.cookies.items[i].len, 100);
		/* After three records of 6 octets. */
		assert_memory_equal(response.cookies.items[i].octets,
		                    CHRONYD_RESPONSE + 18 + 104 * i + 4, 100);
	}
}

/* NK36: the response arrives octet by octet. */
static void parts(void **state)
{
	const struct row *row = *state;
	struct nts_response response;
	enum nts_response_verdict verdict = NTS_RESPONSE_INCOMPLETE;

	for (size_t len = 0; len <= row->len; len++) {
		const enum nts_response_verdict now = parse(row->octets, len, &response);

		/* Final once it is there. */
		assert_true(now == verdict || verdict == NTS_RESPONSE_INCOMPLETE);
		assert_true(now == NTS_RESPONSE_INCOMPLETE || now == row->want);
		verdict = now;
	}
	assert_int_equal(verdict, row->want);
}

/* NK36: accepted when the last octet of End has come, and not before. */
static void accepted_at_the_last_octet(void **state)
{
	static const char octets[] = START SERVER("\x01", "h") PORT COOKIE COOKIE END;
	struct nts_response response;

	(void)state;
	for (size_t len = 0; len < sizeof(octets) - 1; len++) {
		assert_int_equal(parse(octets, len, &response), NTS_RESPONSE_INCOMPLETE);
	}
	assert_int_equal(parse(octets, sizeof(octets) - 1, &response),
	                 NTS_RESPONSE_ACCEPTED);
}

/* NK35: GOOD, unknown records, and an End at the end of `len` octets. */
static uint8_t *long_response(size_t len)
{
	const size_t good = sizeof(GOOD) - 1, end = sizeof(END) - 1;
	uint8_t *octets = calloc(1, len);
	size_t at = good;

	assert_non_null(octets);
	memcpy(octets, GOOD, good);
	while (at < len - end) {
		size_t body = len - end - at - 4;

		/* Each head needs four octets. */
		body = body > 30000 ? 30000 : body;
		octets[at] = 0x40;
		octets[at + 2] = (uint8_t)(body >> 8);
		octets[at + 3] = (uint8_t)body;
		at += 4 + body;
	}
	memcpy(octets + at, END, end);
	return octets;
}

static void response_of_65536(void **state)
{
	struct nts_response response;
	uint8_t *octets = long_response(NTS_RESPONSE_SIZE);

	(void)state;
	assert_int_equal(parse(octets, NTS_RESPONSE_SIZE, &response),
	                 NTS_RESPONSE_ACCEPTED);
	assert_int_equal(response.cookies.count, 1);
	assert_int_equal(parse(octets, NTS_RESPONSE_SIZE - 1, &response),
	                 NTS_RESPONSE_INCOMPLETE);
	free(octets);
}

static void response_of_70000(void **state)
{
	struct nts_response response;
	uint8_t *octets = long_response(70000);

	(void)state;
	assert_int_equal(parse(octets, NTS_RESPONSE_SIZE, &response),
	                 NTS_RESPONSE_INCOMPLETE);
	free(octets);
}

static void a_record_of_65535(void **state)
{
	const size_t len = sizeof(GOOD) - 1 + 4 + 65535 + 4;
	struct nts_response response;
	uint8_t *octets = calloc(1, len);

	(void)state;
	assert_non_null(octets);
	memcpy(octets, GOOD "\x40\x01\xff\xff", sizeof(GOOD) - 1 + 4);
	memcpy(octets + len - 4, END, 4);
	assert_int_equal(parse(octets, len, &response), NTS_RESPONSE_ACCEPTED);
	/* The same as a cookie: too long. */
	octets[sizeof(GOOD) - 1] = 0x00;
	octets[sizeof(GOOD)] = 0x05;
	assert_int_equal(parse(octets, len, &response), NTS_RESPONSE_ACCEPTED);
	assert_int_equal(response.cookies.count, 1);
	free(octets);
}

static void thousands_of_cookies(void **state)
{
	const size_t count = 4000, start = sizeof(START) - 1;
	uint8_t *octets = calloc(1, start + count * 16 + 4);
	struct nts_response response;

	(void)state;
	assert_non_null(octets);
	memcpy(octets, START, start);
	for (size_t i = 0; i < count; i++) {
		uint8_t *at = octets + start + i * 16;

		memcpy(at, "\x00\x05\x00\x0c", 4);
		at[4] = (uint8_t)(i + 1);
	}
	memcpy(octets + start + count * 16, END, 4);
	assert_int_equal(parse(octets, start + count * 16 + 4, &response),
	                 NTS_RESPONSE_ACCEPTED);
	assert_int_equal(response.cookies.count, NTS_COOKIES_MAX);
	for (size_t i = 0; i < NTS_COOKIES_MAX; i++) {
		assert_int_equal(response.cookies.items[i].octets[0], i + 1);
	}
	free(octets);
}

static void request(void **state)
{
	static const uint8_t want[] = { 0x80, 0x01, 0, 2,  0,    0, 0x80, 0x04,
		                        0,    2,    0, 15, 0x80, 0, 0,    0 };
	uint8_t buf[NTS_REQUEST_OCTETS + 1];

	(void)state;
	memset(buf, 0xa5, sizeof(buf));
	nts_request_write(buf);
	assert_int_equal(sizeof(want), NTS_REQUEST_OCTETS);
	assert_memory_equal(buf, want, sizeof(want));
	assert_int_equal(buf[NTS_REQUEST_OCTETS], 0xa5);
}

static void exporter_contexts(void **state)
{
	static const uint8_t c2s[] = { 0, 0, 0, 15, 0 }, s2c[] = { 0, 0, 0, 15, 1 },
			     wide[] = { 0, 0, 0x12, 0x34, 1 };
	uint8_t buf[NTS_EXPORTER_CONTEXT_OCTETS];

	(void)state;
	nts_exporter_context(NTS_AEAD_SIV_CMAC_256, false, buf);
	assert_memory_equal(buf, c2s, sizeof(c2s));
	nts_exporter_context(NTS_AEAD_SIV_CMAC_256, true, buf);
	assert_memory_equal(buf, s2c, sizeof(s2c));
	nts_exporter_context(0x1234, true, buf);
	assert_memory_equal(buf, wide, sizeof(wide));
	assert_string_equal(NTS_EXPORTER_LABEL, "EXPORTER-network-time-security");
	assert_int_equal(strlen(NTS_EXPORTER_LABEL), 30);
}

static void texts(void **state)
{
	(void)state;
	for (int i = 0; i < NTS_RESPONSE_VERDICT_COUNT; i++) {
		const char *text = nts_response_text((enum nts_response_verdict)i);

		assert_true(strlen(text) > 0 && strlen(text) < 60);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
				text, nts_response_text((enum nts_response_verdict)j));
		}
	}
	assert_non_null(nts_response_text(NTS_RESPONSE_VERDICT_COUNT));
	assert_non_null(nts_response_text((enum nts_response_verdict) - 1));
}

int main(void)
{
	static struct CMUnitTest tests[2 * COUNT_OF(rows) + 9];
	static char names[COUNT_OF(rows)][100];
	const struct CMUnitTest others[] = {
		{ "recorded: a response of chronyd", recorded_response, NULL, NULL, NULL },
		{ "NK36 accepted at the last octet", accepted_at_the_last_octet, NULL, NULL,
		  NULL },
		{ "NK35 a response of 65536 octets", response_of_65536, NULL, NULL, NULL },
		{ "NK35 a response of 70000 octets", response_of_70000, NULL, NULL, NULL },
		cmocka_unit_test(a_record_of_65535),
		{ "NK28 thousands of cookies", thousands_of_cookies, NULL, NULL, NULL },
		cmocka_unit_test(request),
		cmocka_unit_test(exporter_contexts),
		cmocka_unit_test(texts),
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[count++] = (struct CMUnitTest){ .name = rows[i].name,
			                              .test_func = parses,
			                              .initial_state = (void *)&rows[i] };
		snprintf(names[i], sizeof(names[i]), "NK36 in parts: %s", rows[i].name);
		tests[count++] = (struct CMUnitTest){ .name = names[i],
			                              .test_func = parts,
			                              .initial_state = (void *)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("nts_record", tests, NULL, NULL);
}
