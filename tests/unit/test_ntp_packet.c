/* SPDX-License-Identifier: MIT
 *
 * Octets recorded from other programs, changed one fault at a time; the files are
 * in tests/data.  Rows come from RFC 5905, RFC 7822 and the contract in the header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/packet.h"

/* clang-format off */
/* chronyd 4.3 (Debian 12) -Q asks; chronyd-4.3-plain.pcap, packet 1 */
static const uint8_t CHRONYD_REQUEST[] = {
	0x23, 0x00, 0x06, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x8d, 0xd1, 0xd4, 0x22, 0x7a, 0x76, 0xf7, 0xf8,
};

/* chronyd 4.3 (Debian 12) with `local stratum 1` answers it; packet 2 */
static const uint8_t CHRONYD_REPLY[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xcd, 0x9b, 0x69, 0xf7, 0x18, 0x8d, 0xd1, 0xd4, 0x22, 0x7a, 0x76, 0xf7, 0xf8,
	0xee, 0xae, 0x22, 0xcf, 0x22, 0xc6, 0xbc, 0x65, 0xee, 0xae, 0x22, 0xcf, 0x22, 0xd0, 0xf8, 0x1e,
};

/* chronyd 4.3 (Debian 12) to a request of version 1, mode 0; chronyd-4.3-versions.pcap, packet 2 */
static const uint8_t CHRONYD_REPLY_V1[] = {
	0x0c, 0x01, 0x00, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xcd, 0x9b, 0x69, 0xf7, 0x18, 0xea, 0x2c, 0x63, 0x68, 0x68, 0x9c, 0x0b, 0x1d,
	0xee, 0xae, 0x22, 0xd2, 0x08, 0xdf, 0x40, 0xa5, 0xee, 0xae, 0x22, 0xd2, 0x08, 0xe3, 0x20, 0xbc,
};

/* chronyd 4.3 (Debian 12), version 2; packet 6 */
static const uint8_t CHRONYD_REPLY_V2[] = {
	0x14, 0x01, 0x00, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xcd, 0x9b, 0x69, 0xf7, 0x18, 0x03, 0x7f, 0xfe, 0xf9, 0x72, 0x08, 0xb2, 0x66,
	0xee, 0xae, 0x22, 0xd2, 0x09, 0x04, 0x8d, 0x8d, 0xee, 0xae, 0x22, 0xd2, 0x09, 0x06, 0x26, 0x08,
};

/* chronyd 4.3 (Debian 12), version 3; packet 8 */
static const uint8_t CHRONYD_REPLY_V3[] = {
	0x1c, 0x01, 0x00, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xcd, 0x9b, 0x69, 0xf7, 0x18, 0xc1, 0x9d, 0x80, 0x41, 0x32, 0x65, 0x7a, 0x30,
	0xee, 0xae, 0x22, 0xd2, 0x09, 0x1b, 0x4f, 0xf3, 0xee, 0xae, 0x22, 0xd2, 0x09, 0x1c, 0xe3, 0x2a,
};

/* chronyd 4.3 (Debian 12) without a source; chronyd-4.3-unsynchronised.pcap, packet 2 */
static const uint8_t CHRONYD_UNSYNCHRONISED[] = {
	0xe4, 0x00, 0x06, 0xe6, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x3b, 0x2d, 0x9f, 0xb8, 0x82, 0x45, 0xce,
	0xee, 0xae, 0x22, 0xef, 0xe1, 0xe2, 0x1a, 0x85, 0xee, 0xae, 0x22, 0xef, 0xe1, 0xe9, 0x95, 0xd6,
};

/* chronyd 4.3 (Debian 12), key of type MD5; chronyd-4.3-keyed.pcap, packet 1 */
static const uint8_t CHRONYD_REQUEST_MD5[] = {
	0x23, 0x00, 0x06, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa0, 0xc0, 0xf6, 0x62, 0x89, 0xd1, 0x08, 0xf6,
	0x00, 0x00, 0x00, 0x01, 0xbe, 0xbd, 0xb2, 0xa1, 0x6b, 0xfb, 0x3e, 0x2e, 0x8e, 0xab, 0xe4, 0x9d,
	0x9c, 0x92, 0x56, 0xe9,
};

/* The answer to it; packet 2 */
static const uint8_t CHRONYD_REPLY_MD5[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xda, 0xb6, 0xd3, 0xee, 0xff, 0xa0, 0xc0, 0xf6, 0x62, 0x89, 0xd1, 0x08, 0xf6,
	0xee, 0xae, 0x22, 0xdb, 0xbb, 0xf4, 0xee, 0x53, 0xee, 0xae, 0x22, 0xdb, 0xbb, 0xfc, 0x3c, 0xaa,
	0x00, 0x00, 0x00, 0x01, 0x39, 0x9a, 0x0b, 0x33, 0x60, 0x58, 0x9e, 0xe2, 0x54, 0x2b, 0x1b, 0x62,
	0x79, 0x5e, 0xfa, 0xbd,
};

/* chronyd 4.3 (Debian 12), key of type SHA1; packet 5 */
static const uint8_t CHRONYD_REQUEST_SHA1[] = {
	0x23, 0x00, 0x06, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe3, 0x6d, 0x3a, 0xa5, 0xa9, 0xcb, 0x47, 0xaf,
	0x00, 0x00, 0x00, 0x02, 0xa1, 0x6b, 0x3a, 0xea, 0x57, 0xf7, 0x9c, 0x90, 0x1a, 0xcf, 0x7d, 0x19,
	0xfc, 0xe1, 0x74, 0x9f, 0xf0, 0x23, 0xd3, 0x14,
};

/* The answer to it; packet 6 */
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

/* chronyd 4.3 (Debian 12), key of type SHA512, sent in version 3; packet 13 */
static const uint8_t CHRONYD_REQUEST_SHA512[] = {
	0x1b, 0x00, 0x06, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd0, 0x4d, 0xfd, 0xaa, 0x64, 0x28, 0x73, 0x0d,
	0x00, 0x00, 0x00, 0x04, 0x82, 0x0b, 0xb6, 0x7f, 0xa2, 0x7f, 0xe6, 0x7c, 0xfa, 0x31, 0x17, 0xcb,
	0xe5, 0x0b, 0xe7, 0x92, 0xb9, 0xfb, 0x71, 0xb3, 0x45, 0x26, 0x6f, 0xc6, 0xd0, 0x7a, 0x4b, 0x77,
	0x0e, 0x7c, 0xa2, 0x33, 0xa8, 0x7d, 0xf0, 0xca, 0x23, 0x5f, 0xf5, 0x0e, 0x96, 0xa4, 0x84, 0x04,
	0xba, 0xe7, 0xab, 0x25, 0xfd, 0x72, 0x30, 0x39, 0x23, 0x5c, 0x9a, 0xac, 0x8f, 0x3d, 0x81, 0x50,
	0x25, 0xdc, 0x79, 0xef,
};

/* The answer to it; packet 14 */
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

/* chronyd 4.3 (Debian 12) with `extfield F323`; chronyd-4.3-field.pcap, packet 1 */
static const uint8_t CHRONYD_REQUEST_FIELD[] = {
	0x23, 0x00, 0x06, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf9, 0x56, 0xb0, 0xfc, 0xc8, 0x73, 0x38, 0x40,
	0xf3, 0x23, 0x00, 0x1c, 0xf5, 0xbe, 0xdd, 0x9a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* The answer to it; packet 2 */
static const uint8_t CHRONYD_REPLY_FIELD[] = {
	0x24, 0x01, 0x06, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xee, 0xae, 0x22, 0xcd, 0x9b, 0x69, 0xf7, 0x18, 0xf9, 0x56, 0xb0, 0xfc, 0xc8, 0x73, 0x38, 0x40,
	0xee, 0xae, 0x22, 0xd5, 0xcb, 0x51, 0x2e, 0x91, 0xee, 0xae, 0x22, 0xd5, 0xcb, 0x58, 0x56, 0x04,
	0xf3, 0x23, 0x00, 0x1c, 0xf5, 0xbe, 0xdd, 0x9a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xee, 0xae, 0x22, 0xd5, 0xcb, 0x51, 0x2e, 0xa0, 0xba, 0x70, 0x0b, 0xb3,
};

/* chronyd 4.3 (Debian 12) under libfaketime, 2036-02-07 06:28:15.73; chronyd-4.3-year-2036.pcap, packet 2 */
static const uint8_t CHRONYD_REPLY_2036_ROLLS[] = {
	0x24, 0x01, 0x00, 0xe8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xff, 0xff, 0xff, 0xfe, 0x96, 0x71, 0x92, 0x58, 0xa0, 0xd7, 0xff, 0xcb, 0x25, 0x15, 0x59, 0xa4,
	0xff, 0xff, 0xff, 0xff, 0xbb, 0xc3, 0x1f, 0x0d, 0xff, 0xff, 0xff, 0xff, 0xbb, 0xc8, 0xee, 0xe8,
};

/* The same at 06:28:16.13; packet 4 */
static const uint8_t CHRONYD_REPLY_2036_AFTER[] = {
	0x24, 0x01, 0x00, 0xe8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01, 0x01,
	0xff, 0xff, 0xff, 0xfe, 0x96, 0x71, 0x92, 0x58, 0x84, 0x20, 0xe1, 0x77, 0xf9, 0x3d, 0x08, 0xe4,
	0x00, 0x00, 0x00, 0x00, 0x22, 0x51, 0x1a, 0x4d, 0x00, 0x00, 0x00, 0x00, 0x22, 0x52, 0x62, 0x46,
};

/* ntpd of ntpsec 1.2.2 (Debian 12), not yet synchronised; ntpsec-1.2.2-kiss.pcap, packet 2 */
static const uint8_t NTPD_INIT[] = {
	0xe4, 0x00, 0x00, 0xe8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x49, 0x4e, 0x49, 0x54,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x35, 0x0e, 0x61, 0x0c, 0x5a, 0x21, 0x60, 0x89,
	0xee, 0xae, 0x23, 0x13, 0x63, 0x81, 0x92, 0xa9, 0xee, 0xae, 0x23, 0x13, 0x63, 0x86, 0x4a, 0x70,
};

/* The same, asked too often with `restrict default kod limited`; packet 4 */
static const uint8_t NTPD_RATE[] = {
	0xe4, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x52, 0x41, 0x54, 0x45,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x73, 0x80, 0xbb, 0x06, 0xb6, 0x62, 0x14, 0xd6,
	0x73, 0x80, 0xbb, 0x06, 0xb6, 0x62, 0x14, 0xd6, 0x73, 0x80, 0xbb, 0x06, 0xb6, 0x62, 0x14, 0xd6,
};
/* clang-format on */

/* A change of a recorded packet before its check. */
struct edit {
	size_t at;
	size_t len; /* 0 ends the list */
	uint8_t with[8];
};

enum { EDITS_MAX = 4, NAME_SIZE = 64, PACKET_SIZE = 2048 };

struct reply_row {
	char name[NAME_SIZE];
	const uint8_t *base;
	size_t base_len;
	size_t len; /* 0: that of `base`; more than `base` has is filled with zeros */
	struct edit edits[EDITS_MAX];
	enum ntp_verdict want;
};

#define REPLY CHRONYD_REPLY, sizeof(CHRONYD_REPLY)
#define FIELD CHRONYD_REPLY_FIELD, sizeof(CHRONYD_REPLY_FIELD)
#define MD5 CHRONYD_REPLY_MD5, sizeof(CHRONYD_REPLY_MD5)
#define RATE NTPD_RATE, sizeof(NTPD_RATE)

/* clang-format off */
static const struct reply_row reply_rows[] = {
	/* As they came. */
	{ "chronyd reply",                      REPLY, 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, version 1",           CHRONYD_REPLY_V1, sizeof(CHRONYD_REPLY_V1), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, version 2",           CHRONYD_REPLY_V2, sizeof(CHRONYD_REPLY_V2), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, version 3",           CHRONYD_REPLY_V3, sizeof(CHRONYD_REPLY_V3), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, 2036, rolling over",  CHRONYD_REPLY_2036_ROLLS, sizeof(CHRONYD_REPLY_2036_ROLLS), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, 2036, rolled over",   CHRONYD_REPLY_2036_AFTER, sizeof(CHRONYD_REPLY_2036_AFTER), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, unknown field",       FIELD, 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, MD5",                 MD5, 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, CMAC",                CHRONYD_REPLY_CMAC, sizeof(CHRONYD_REPLY_CMAC), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, SHA1",                CHRONYD_REPLY_SHA1, sizeof(CHRONYD_REPLY_SHA1), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd reply, SHA512, version 3",   CHRONYD_REPLY_SHA512, sizeof(CHRONYD_REPLY_SHA512), 0, { { 0 } }, NTP_ACCEPTED },
	{ "chronyd unsynchronised",             CHRONYD_UNSYNCHRONISED, sizeof(CHRONYD_UNSYNCHRONISED), 0, { { 0 } }, NTP_KISS },
	{ "ntpd kiss INIT",                     NTPD_INIT, sizeof(NTPD_INIT), 0, { { 0 } }, NTP_KISS },
	{ "ntpd kiss RATE",                     RATE, 0, { { 0 } }, NTP_KISS },

	/* Length and what follows the header. */
	{ "49 octets",                          REPLY, 49, { { 0 } }, NTP_BAD_LENGTH },
	{ "50 octets",                          REPLY, 50, { { 0 } }, NTP_BAD_LENGTH },
	{ "51 octets",                          REPLY, 51, { { 0 } }, NTP_BAD_LENGTH },
	{ "crypto-NAK",                         REPLY, 52, { { 0 } }, NTP_CRYPTO_NAK },
	{ "crypto-NAK with a key id",           REPLY, 52, { { 51, 1, { 1 } } }, NTP_CRYPTO_NAK },
	{ "crypto-NAK, version 3",              CHRONYD_REPLY_V3, sizeof(CHRONYD_REPLY_V3), 52, { { 0 } }, NTP_CRYPTO_NAK },
	{ "8 octets too many",                  REPLY, 56, { { 0 } }, NTP_BAD_EXTENSION },
	{ "MAC cut by 8 octets",                MD5, 60, { { 0 } }, NTP_BAD_EXTENSION },
	{ "field length 0",                     FIELD, 0, { { 50, 2, { 0, 0 } } }, NTP_BAD_EXTENSION },
	{ "field length 3",                     FIELD, 0, { { 50, 2, { 0, 3 } } }, NTP_BAD_EXTENSION },
	{ "field length 0xffff",                FIELD, 0, { { 50, 2, { 0xff, 0xff } } }, NTP_BAD_EXTENSION },
	{ "field length 4 too long",            FIELD, 0, { { 50, 2, { 0, 32 } } }, NTP_BAD_EXTENSION },
	{ "last field of 16",                   FIELD, 64, { { 50, 2, { 0, 16 } } }, NTP_BAD_EXTENSION },
	{ "field, then crypto-NAK",             FIELD, 80, { { 0 } }, NTP_CRYPTO_NAK },
	{ "field, then MAC",                    FIELD, 96, { { 0 } }, NTP_ACCEPTED },
	{ "largest room, one field",            FIELD, 1024, { { 50, 2, { 0x03, 0xd0 } } }, NTP_ACCEPTED },
	{ "4 octets above the room",            FIELD, 1028, { { 50, 2, { 0x03, 0xd4 } } }, NTP_BAD_LENGTH },
	{ "1400 octets",                        FIELD, 1400, { { 50, 2, { 0x05, 0x48 } } }, NTP_BAD_LENGTH },

	/* The origin matches a reply to its request. */
	{ "origin zero",                        REPLY, 0, { { 24, 8, { 0 } } }, NTP_WRONG_ORIGIN },
	{ "origin is the server's own receive stamp", REPLY, 0, { { 24, 8, { 0xee, 0xae, 0x22, 0xcf, 0x22, 0xc6, 0xbc, 0x65 } } }, NTP_WRONG_ORIGIN },
	{ "origin with its halves swapped",     REPLY, 0, { { 24, 8, { 0x7a, 0x76, 0xf7, 0xf8, 0x8d, 0xd1, 0xd4, 0x22 } } }, NTP_WRONG_ORIGIN },
	{ "kiss RATE with a wrong origin",      RATE, 0, { { 24, 1, { 0x77 } } }, NTP_WRONG_ORIGIN },
	{ "kiss RATE with origin zero",         RATE, 0, { { 24, 8, { 0 } } }, NTP_WRONG_ORIGIN },

	/* Kiss before all that judges a time. */
	{ "stratum 0",                          REPLY, 0, { { 1, 1, { 0 } } }, NTP_KISS },
	{ "stratum 0, all stamps zero",         REPLY, 0, { { 1, 1, { 0 } }, { 16, 8, { 0 } }, { 32, 8, { 0 } }, { 40, 8, { 0 } } }, NTP_KISS },
	{ "stratum 0, DENY",                    REPLY, 0, { { 1, 1, { 0 } }, { 12, 4, { 'D', 'E', 'N', 'Y' } } }, NTP_KISS },
	{ "stratum 0, version 3",               REPLY, 0, { { 0, 2, { 0x1c, 0 } } }, NTP_KISS },
	{ "stratum 0, version 5",               REPLY, 0, { { 0, 2, { 0x2c, 0 } } }, NTP_WRONG_VERSION },
	{ "stratum 0, client mode",             REPLY, 0, { { 0, 2, { 0x23, 0 } } }, NTP_WRONG_MODE },

	/* No time. */
	{ "receive zero",                       REPLY, 0, { { 32, 8, { 0 } } }, NTP_NO_TIME },
	{ "transmit zero",                      REPLY, 0, { { 40, 8, { 0 } } }, NTP_NO_TIME },
	{ "both zero",                          REPLY, 0, { { 32, 8, { 0 } }, { 40, 8, { 0 } } }, NTP_NO_TIME },
	{ "both zero, leap 3",                  REPLY, 0, { { 0, 1, { 0xe4 } }, { 32, 8, { 0 } }, { 40, 8, { 0 } } }, NTP_NO_TIME },
	{ "receive of one unit is a time",      REPLY, 0, { { 32, 8, { 0, 0, 0, 0, 0, 0, 0, 1 } } }, NTP_ACCEPTED },

	/* Leap and stratum. */
	{ "leap 1",                             REPLY, 0, { { 0, 1, { 0x64 } } }, NTP_ACCEPTED },
	{ "leap 2",                             REPLY, 0, { { 0, 1, { 0xa4 } } }, NTP_ACCEPTED },
	{ "leap 3",                             REPLY, 0, { { 0, 1, { 0xe4 } } }, NTP_UNSYNCHRONISED },
	{ "leap 3, stratum 16",                 REPLY, 0, { { 0, 2, { 0xe4, 16 } } }, NTP_UNSYNCHRONISED },
	{ "stratum 2",                          REPLY, 0, { { 1, 1, { 2 } } }, NTP_ACCEPTED },
	{ "stratum 15",                         REPLY, 0, { { 1, 1, { 15 } } }, NTP_ACCEPTED },
	{ "stratum 16",                         REPLY, 0, { { 1, 1, { 16 } } }, NTP_BAD_STRATUM },
	{ "stratum 17",                         REPLY, 0, { { 1, 1, { 17 } } }, NTP_BAD_STRATUM },
	{ "stratum 128",                        REPLY, 0, { { 1, 1, { 128 } } }, NTP_BAD_STRATUM },
	{ "stratum 255",                        REPLY, 0, { { 1, 1, { 255 } } }, NTP_BAD_STRATUM },
	{ "stratum 16, precision 127",          REPLY, 0, { { 1, 1, { 16 } }, { 3, 1, { 127 } } }, NTP_BAD_STRATUM },

	/* Precision. */
	{ "precision 4",                        REPLY, 0, { { 3, 1, { 4 } } }, NTP_ACCEPTED },
	{ "precision 5",                        REPLY, 0, { { 3, 1, { 5 } } }, NTP_BAD_PRECISION },
	{ "precision 127",                      REPLY, 0, { { 3, 1, { 127 } } }, NTP_BAD_PRECISION },
	{ "precision 0",                        REPLY, 0, { { 3, 1, { 0 } } }, NTP_ACCEPTED },
	{ "precision -1",                       REPLY, 0, { { 3, 1, { 0xff } } }, NTP_ACCEPTED },
	{ "precision -40",                      REPLY, 0, { { 3, 1, { 0xd8 } } }, NTP_ACCEPTED },
	{ "precision -41",                      REPLY, 0, { { 3, 1, { 0xd7 } } }, NTP_BAD_PRECISION },
	{ "precision -128",                     REPLY, 0, { { 3, 1, { 0x80 } } }, NTP_BAD_PRECISION },
	{ "precision 5, root delay 100 s",      REPLY, 0, { { 3, 3, { 5, 0, 100 } } }, NTP_BAD_PRECISION },

	/* Root delay / 2 + root dispersion, limit 16 s. */
	{ "root delay 4 s",                     REPLY, 0, { { 4, 4, { 0, 4, 0, 0 } } }, NTP_ACCEPTED },
	{ "root delay a unit below 32 s",       REPLY, 0, { { 4, 4, { 0, 31, 0xff, 0xff } }, { 8, 4, { 0 } } }, NTP_ACCEPTED },
	{ "root delay 32 s",                    REPLY, 0, { { 4, 4, { 0, 32, 0, 0 } }, { 8, 4, { 0 } } }, NTP_ROOT_TOO_FAR },
	{ "root delay 100 s",                   REPLY, 0, { { 4, 4, { 0, 100, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "root delay with the top bit, no sign", REPLY, 0, { { 4, 4, { 0x80, 0, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "root delay all ones, not -1 unit",   REPLY, 0, { { 4, 4, { 0xff, 0xff, 0xff, 0xff } } }, NTP_ROOT_TOO_FAR },
	{ "root dispersion a unit below 16 s",  REPLY, 0, { { 4, 8, { 0, 0, 0, 0, 0, 15, 0xff, 0xff } } }, NTP_ACCEPTED },
	{ "root dispersion 16 s",               REPLY, 0, { { 4, 8, { 0, 0, 0, 0, 0, 16, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "root dispersion 32 s",               REPLY, 0, { { 4, 8, { 0, 0, 0, 0, 0, 32, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "root dispersion with the top bit",   REPLY, 0, { { 4, 8, { 0, 0, 0, 0, 0x80, 0, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "root dispersion all ones",           REPLY, 0, { { 4, 8, { 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff } } }, NTP_ROOT_TOO_FAR },
	{ "both all ones do not wrap",          REPLY, 0, { { 4, 8, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } }, NTP_ROOT_TOO_FAR },
	{ "16 s and -16 s do not cancel",       REPLY, 0, { { 4, 8, { 0xff, 0xf0, 0, 0, 0, 8, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "8 s + 8 s",                          REPLY, 0, { { 4, 8, { 0, 16, 0, 0, 0, 8, 0, 0 } } }, NTP_ROOT_TOO_FAR },
	{ "8 s + 8 s less half a unit",         REPLY, 0, { { 4, 8, { 0, 15, 0xff, 0xff, 0, 8, 0, 0 } } }, NTP_ACCEPTED },
	{ "too far and no reference",           REPLY, 0, { { 4, 1, { 1 } }, { 16, 8, { 0 } } }, NTP_ROOT_TOO_FAR },

	/* Reference; the transmit stamp is eeae22cf.22d0f81e. */
	{ "reference zero",                     REPLY, 0, { { 16, 8, { 0 } } }, NTP_ACCEPTED },
	{ "reference equal to transmit",        REPLY, 0, { { 16, 8, { 0xee, 0xae, 0x22, 0xcf, 0x22, 0xd0, 0xf8, 0x1e } } }, NTP_ACCEPTED },
	{ "reference 60 ns later",              REPLY, 0, { { 16, 8, { 0xee, 0xae, 0x22, 0xcf, 0x22, 0xd0, 0xf9, 0x1e } } }, NTP_FUTURE_REFERENCE },
	{ "reference a second later",           REPLY, 0, { { 16, 8, { 0xee, 0xae, 0x22, 0xd0, 0x22, 0xd0, 0xf8, 0x1e } } }, NTP_FUTURE_REFERENCE },
	{ "reference of the next era",          REPLY, 0, { { 16, 8, { 0, 0, 0, 1, 0, 0, 0, 0 } } }, NTP_FUTURE_REFERENCE },
	{ "reference long ago",                 REPLY, 0, { { 16, 8, { 0x98, 0, 0, 0, 0, 0, 0, 0 } } }, NTP_ACCEPTED },
	{ "reference of 2036 before the rollover", CHRONYD_REPLY_2036_AFTER, sizeof(CHRONYD_REPLY_2036_AFTER), 0, { { 16, 8, { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 } } }, NTP_ACCEPTED },
	{ "reference of 2036 after, transmit before", CHRONYD_REPLY_2036_ROLLS, sizeof(CHRONYD_REPLY_2036_ROLLS), 0, { { 16, 8, { 0, 0, 0, 0, 0, 0, 0, 1 } } }, NTP_FUTURE_REFERENCE },

	/* Without our cookie nothing else is looked at; then the order of the checks, where a
	 * packet has two faults. */
	{ "cookie before length, short",        REPLY, 47, { { 24, 1, { 0 } } }, NTP_WRONG_ORIGIN },
	{ "cookie before length, odd",          REPLY, 49, { { 24, 1, { 0 } } }, NTP_WRONG_ORIGIN },
	{ "cookie before version",              REPLY, 0, { { 0, 1, { 0x2c } }, { 24, 1, { 0 } } }, NTP_WRONG_ORIGIN },
	{ "cookie before mode",                 REPLY, 0, { { 0, 1, { 0x23 } }, { 24, 1, { 0 } } }, NTP_WRONG_ORIGIN },
	{ "cookie before extension",            FIELD, 0, { { 24, 1, { 0 } }, { 50, 2, { 0, 0 } } }, NTP_WRONG_ORIGIN },
	{ "cookie before leap 3",               REPLY, 0, { { 0, 1, { 0xe4 } }, { 24, 1, { 0 } } }, NTP_WRONG_ORIGIN },
	{ "header before version",              REPLY, 40, { { 0, 1, { 0x2c } } }, NTP_TOO_SHORT },
	{ "version before mode",                REPLY, 0, { { 0, 1, { 0x2b } } }, NTP_WRONG_VERSION },
	{ "version before length",              REPLY, 49, { { 0, 1, { 0x04 } } }, NTP_WRONG_VERSION },
	{ "version before extension",           FIELD, 0, { { 0, 1, { 0x2c } }, { 50, 2, { 0, 0 } } }, NTP_WRONG_VERSION },
	{ "mode before length",                 REPLY, 49, { { 0, 1, { 0x23 } } }, NTP_WRONG_MODE },
	{ "odd length before extension",        FIELD, 75, { { 50, 2, { 0, 0 } } }, NTP_BAD_LENGTH },
	{ "extension before stratum 0",         FIELD, 0, { { 1, 1, { 0 } }, { 50, 2, { 0, 0 } } }, NTP_BAD_EXTENSION },
	{ "no reference after leap 3",          REPLY, 0, { { 0, 1, { 0xe4 } }, { 16, 8, { 0 } } }, NTP_UNSYNCHRONISED },
	{ "version 1 without a mode field",     REPLY, 0, { { 0, 1, { 0x08 } } }, NTP_ACCEPTED },
	{ "version 2 with mode 0",              REPLY, 0, { { 0, 1, { 0x10 } } }, NTP_WRONG_MODE },
	{ "version 3 has no extension fields",  FIELD, 0, { { 0, 1, { 0x1c } } }, NTP_ACCEPTED },
};

struct request_row {
	char name[NAME_SIZE];
	const uint8_t *base;
	size_t base_len;
	size_t len;
	struct edit edits[EDITS_MAX];
	enum ntp_request_verdict want;
};

#define ASKED CHRONYD_REQUEST, sizeof(CHRONYD_REQUEST)
#define ASKED_FIELD CHRONYD_REQUEST_FIELD, sizeof(CHRONYD_REQUEST_FIELD)

static const struct request_row request_rows[] = {
	{ "request: chronyd",                    ASKED, 0, { { 0 } }, NTP_REQUEST_ACCEPTED },
	{ "request: chronyd, field",             ASKED_FIELD, 0, { { 0 } }, NTP_REQUEST_ACCEPTED },
	{ "request: transmit zero",              ASKED, 0, { { 40, 8, { 0 } } }, NTP_REQUEST_ACCEPTED },
	{ "request: chronyd, MD5",               CHRONYD_REQUEST_MD5, sizeof(CHRONYD_REQUEST_MD5), 0, { { 0 } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: chronyd, SHA1",              CHRONYD_REQUEST_SHA1, sizeof(CHRONYD_REQUEST_SHA1), 0, { { 0 } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: chronyd, SHA512, version 3", CHRONYD_REQUEST_SHA512, sizeof(CHRONYD_REQUEST_SHA512), 0, { { 0 } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: 49 octets",                  ASKED, 49, { { 0 } }, NTP_REQUEST_BAD_LENGTH },
	{ "request: 50 octets",                  ASKED, 50, { { 0 } }, NTP_REQUEST_BAD_LENGTH },
	{ "request: 51 octets",                  ASKED, 51, { { 0 } }, NTP_REQUEST_BAD_LENGTH },
	{ "request: crypto-NAK",                 ASKED, 52, { { 0 } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: field length 0",             ASKED_FIELD, 0, { { 50, 2, { 0, 0 } } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: field length 3",             ASKED_FIELD, 0, { { 50, 2, { 0, 3 } } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: field length 0xffff",        ASKED_FIELD, 0, { { 50, 2, { 0xff, 0xff } } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: last field of 16",           ASKED_FIELD, 64, { { 50, 2, { 0, 16 } } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: field, then MAC",            ASKED_FIELD, 96, { { 0 } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: field in version 3",         ASKED_FIELD, 0, { { 0, 1, { 0x1b } } }, NTP_REQUEST_BAD_EXTENSION },
	{ "request: largest room",               ASKED_FIELD, 1024, { { 50, 2, { 0x03, 0xd0 } } }, NTP_REQUEST_ACCEPTED },
	{ "request: 4 octets above the room",    ASKED_FIELD, 1028, { { 50, 2, { 0x03, 0xd4 } } }, NTP_REQUEST_BAD_LENGTH },
	{ "request: odd length before version",  ASKED, 49, { { 0, 1, { 0x2b } } }, NTP_REQUEST_BAD_LENGTH },
	{ "request: version before mode",        ASKED, 0, { { 0, 1, { 0x2c } } }, NTP_REQUEST_WRONG_VERSION },
	{ "request: mode before extension",      ASKED_FIELD, 0, { { 0, 1, { 0x24 } }, { 50, 2, { 0, 0 } } }, NTP_REQUEST_WRONG_MODE },
	{ "request: our own reply",              REPLY, 0, { { 0 } }, NTP_REQUEST_WRONG_MODE },
};
/* clang-format on */

static struct ntp_ts ts_at(const uint8_t *at)
{
	return (struct ntp_ts){
		.seconds = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		           (uint32_t)at[2] << 8 | at[3],
		.fraction = (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 |
		            (uint32_t)at[6] << 8 | at[7],
	};
}

/* The edited packet in a block of exactly its length, so that a read past its end
 * is caught.  To be freed. */
static uint8_t *make_packet(const uint8_t *base, size_t base_len, const struct edit *edits,
                            size_t len)
{
	uint8_t size[PACKET_SIZE] = { 0 };
	uint8_t *packet = malloc(len > 0 ? len : 1);

	assert_non_null(packet);
	assert_true(base_len <= sizeof(size) && len <= sizeof(size));
	memcpy(size, base, base_len);
	for (size_t i = 0; i < EDITS_MAX && edits[i].len > 0; i++) {
		memcpy(size + edits[i].at, edits[i].with, edits[i].len);
	}
	memcpy(packet, size, len);
	return packet;
}

/* The 48 octets of the header say what `header` says; read here octet by octet. */
static void assert_header_is(const struct ntp_header *header, const uint8_t *octets)
{
	assert_int_equal(header->leap, octets[0] / 64);
	assert_int_equal(header->version, octets[0] / 8 % 8);
	assert_int_equal(header->mode, octets[0] % 8);
	assert_int_equal(header->stratum, octets[1]);
	assert_int_equal(header->poll_log2_s,
	                 octets[2] < 128 ? octets[2] : octets[2] - 256);
	assert_int_equal(header->precision_log2_s,
	                 octets[3] < 128 ? octets[3] : octets[3] - 256);
	assert_int_equal(header->root_delay, ts_at(octets + 4).seconds);
	assert_int_equal(header->root_dispersion, ts_at(octets + 4).fraction);
	assert_memory_equal(header->refid, octets + 12, 4);
	assert_true(ntp_ts_equal(header->reference, ts_at(octets + 16)));
	assert_true(ntp_ts_equal(header->origin, ts_at(octets + 24)));
	assert_true(ntp_ts_equal(header->receive, ts_at(octets + 32)));
	assert_true(ntp_ts_equal(header->transmit, ts_at(octets + 40)));
}

static void check_reply(const uint8_t *packet, size_t len, struct ntp_ts cookie,
                        enum ntp_verdict want)
{
	struct ntp_header reply;
	struct ntp_header before;

	memset(&reply, 0xa5, sizeof(reply));
	before = reply;
	assert_int_equal(ntp_reply_parse(packet, len, cookie, &reply), want);
	if (want == NTP_ACCEPTED || want >= NTP_KISS) {
		assert_header_is(&reply, packet);
	} else {
		assert_memory_equal(&reply, &before, sizeof(reply));
	}
}

static void parse_reply(void **state)
{
	const struct reply_row *row = *state;
	size_t len = row->len ? row->len : row->base_len;
	uint8_t *packet = make_packet(row->base, row->base_len, row->edits, len);

	check_reply(packet, len, ts_at(row->base + 24), row->want);
	free(packet);
}

static void parse_request(void **state)
{
	const struct request_row *row = *state;
	size_t len = row->len ? row->len : row->base_len;
	uint8_t *packet = make_packet(row->base, row->base_len, row->edits, len);
	struct ntp_header request;
	struct ntp_header before;

	memset(&request, 0xa5, sizeof(request));
	before = request;
	assert_int_equal(ntp_request_parse(packet, len, &request), row->want);
	if (row->want == NTP_REQUEST_ACCEPTED) {
		assert_header_is(&request, packet);
	} else {
		assert_memory_equal(&request, &before, sizeof(request));
	}
	free(packet);
}

/* Rows that are counted through rather than written down. */
enum {
	CUT_COUNT = 48,          /* lengths 0..47 */
	BIT_COUNT = 64,          /* of the cookie */
	FIRST_OCTET_COUNT = 256, /* leap, version, mode */
};

static const struct edit no_edits[EDITS_MAX];

struct counted {
	char name[NAME_SIZE];
	unsigned int n;
};

static void cut_reply(void **state)
{
	const struct counted *row = *state;
	uint8_t *packet = make_packet(REPLY, no_edits, row->n);

	/* The origin ends at octet 32: what is shorter carries no cookie. */
	check_reply(packet, row->n, ts_at(CHRONYD_REPLY + 24),
	            row->n < 32 ? NTP_WRONG_ORIGIN : NTP_TOO_SHORT);
	free(packet);
}

static void cut_request(void **state)
{
	const struct counted *row = *state;
	uint8_t *packet = make_packet(ASKED, no_edits, row->n);
	struct ntp_header request;

	assert_int_equal(ntp_request_parse(packet, row->n, &request),
	                 NTP_REQUEST_TOO_SHORT);
	free(packet);
}

static void flip_cookie_bit(void **state)
{
	const struct counted *row = *state;
	uint8_t *packet = make_packet(REPLY, no_edits, sizeof(CHRONYD_REPLY));

	packet[24 + row->n / 8] ^= (uint8_t)(0x80 >> row->n % 8);
	check_reply(packet, sizeof(CHRONYD_REPLY), ts_at(CHRONYD_REPLY + 24),
	            NTP_WRONG_ORIGIN);
	/* The same bit of the cookie instead. */
	check_reply(CHRONYD_REPLY, sizeof(CHRONYD_REPLY), ts_at(packet + 24),
	            NTP_WRONG_ORIGIN);
	free(packet);
}

/* Every leap, version and mode. */
static void first_octet_of_reply(void **state)
{
	const struct counted *row = *state;
	unsigned int version = row->n / 8 % 8;
	unsigned int mode = row->n % 8;
	enum ntp_verdict want = row->n / 64 == 3 ? NTP_UNSYNCHRONISED : NTP_ACCEPTED;
	uint8_t *packet = make_packet(REPLY, no_edits, sizeof(CHRONYD_REPLY));

	packet[0] = (uint8_t)row->n;
	/* RFC 1059 had no mode field: zeros there are a server of version 1. */
	if (mode != 4 && !(version == 1 && mode == 0)) {
		want = NTP_WRONG_MODE;
	}
	if (version < 1 || version > 4) {
		want = NTP_WRONG_VERSION;
	}
	check_reply(packet, sizeof(CHRONYD_REPLY), ts_at(CHRONYD_REPLY + 24), want);
	free(packet);
}

static void first_octet_of_request(void **state)
{
	const struct counted *row = *state;
	unsigned int version = row->n / 8 % 8;
	unsigned int mode = row->n % 8;
	enum ntp_request_verdict want = NTP_REQUEST_ACCEPTED;
	uint8_t *packet = make_packet(ASKED, no_edits, sizeof(CHRONYD_REQUEST));
	struct ntp_header request;

	/* RFC 1059 had no mode field: zeros there are a client of version 1. */
	if (mode != 3 && !(version == 1 && mode == 0)) {
		want = NTP_REQUEST_WRONG_MODE;
	}
	if (version < 1 || version > 4) {
		want = NTP_REQUEST_WRONG_VERSION;
	}
	packet[0] = (uint8_t)row->n;
	assert_int_equal(ntp_request_parse(packet, sizeof(CHRONYD_REQUEST), &request),
	                 want);
	free(packet);
}

static void zero_cookie_never_matches(void **state)
{
	const struct edit zero_origin[EDITS_MAX] = { { 24, 8, { 0 } } };
	uint8_t *packet = make_packet(REPLY, zero_origin, sizeof(CHRONYD_REPLY));

	(void)state;
	check_reply(packet, sizeof(CHRONYD_REPLY), (struct ntp_ts){ 0, 0 },
	            NTP_WRONG_ORIGIN);
	packet[1] = 0; /* nor for a kiss */
	check_reply(packet, sizeof(CHRONYD_REPLY), (struct ntp_ts){ 0, 0 },
	            NTP_WRONG_ORIGIN);
	free(packet);
}

/* The output of tshark 4.0 for the same packet. */
static void reads_as_others_do(void **state)
{
	struct ntp_header header;

	(void)state;
	ntp_header_read(CHRONYD_REPLY, &header);
	assert_int_equal(header.leap, NTP_LEAP_NONE);
	assert_int_equal(header.version, 4);
	assert_int_equal(header.mode, NTP_MODE_SERVER);
	assert_int_equal(header.stratum, 1);
	assert_int_equal(header.poll_log2_s, 6);
	assert_int_equal(header.precision_log2_s, -26);
	assert_int_equal(header.root_delay, 0);
	assert_int_equal(header.refid[0], 127);
	assert_int_equal(header.refid[1], 127);
	assert_int_equal(header.refid[2], 1);
	assert_int_equal(header.refid[3], 1);
	/* 2026-11-23 02:26:21.607085650, 02:26:23.135844969, 02:26:23.136001117; the
	 * first has .79 ns more, which is shown cut and read here rounded. */
	assert_true(instant_from_ntp(header.reference).unix_ns ==
	            INT64_C(1795400781607085651));
	assert_true(instant_from_ntp(header.receive).unix_ns ==
	            INT64_C(1795400783135844969));
	assert_true(instant_from_ntp(header.transmit).unix_ns ==
	            INT64_C(1795400783136001117));
}

/* Read and written again, each recorded header is what it was. */
static void writes_what_it_read(void **state)
{
	const uint8_t *const packets[] = { CHRONYD_REQUEST,   CHRONYD_REPLY,
		                           CHRONYD_REPLY_V1,  CHRONYD_UNSYNCHRONISED,
		                           CHRONYD_REPLY_MD5, CHRONYD_REPLY_2036_ROLLS,
		                           NTPD_INIT,         NTPD_RATE };
	/* A single bit each time, so that no field can hide in another. */
	uint8_t one[NTP_HEADER_OCTETS] = { 0 };
	uint8_t out[NTP_HEADER_OCTETS + 1];
	struct ntp_header header;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		memset(out, 0xa5, sizeof(out));
		ntp_header_read(packets[i], &header);
		assert_header_is(&header, packets[i]);
		ntp_header_write(&header, out);
		assert_memory_equal(out, packets[i], NTP_HEADER_OCTETS);
		assert_int_equal(out[NTP_HEADER_OCTETS], 0xa5);
	}
	for (size_t bit = 0; bit < 8 * sizeof(one); bit++) {
		one[bit / 8] = (uint8_t)(1 << bit % 8);
		ntp_header_read(one, &header);
		assert_header_is(&header, one);
		ntp_header_write(&header, out);
		assert_memory_equal(out, one, sizeof(one));
		one[bit / 8] = 0;
	}
}

/* Fields wider than their bits must not spill into their neighbours. */
static void write_masks_the_first_octet(void **state)
{
	const struct ntp_header header = { .leap = 4, .version = 8, .mode = 8 };
	uint8_t out[NTP_HEADER_OCTETS];

	(void)state;
	ntp_header_write(&header, out);
	assert_int_equal(out[0], 0);
}

/* The one octet in which ours and chronyd's request may differ is the poll
 * exponent: chronyd says when it will come again, we do not come again. */
static void request_looks_like_any_other(void **state)
{
	uint8_t want[NTP_HEADER_OCTETS];
	uint8_t out[NTP_HEADER_OCTETS + 1];

	(void)state;
	memcpy(want, CHRONYD_REQUEST, sizeof(want));
	want[2] = 0;
	memset(out, 0xa5, sizeof(out));
	assert_int_equal(ntp_request_write(4, ts_at(CHRONYD_REQUEST + 40), out), 48);
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(out[NTP_HEADER_OCTETS], 0xa5);
	for (uint8_t version = 1; version <= 4; version++) {
		struct ntp_header header;

		assert_int_equal(ntp_request_write(version, (struct ntp_ts){ 1, 2 }, out),
		                 48);
		assert_int_equal(out[0], version << 3 | 3);
		assert_int_equal(ntp_request_parse(out, 48, &header), NTP_REQUEST_ACCEPTED);
	}
}

static void verdicts_that_are_answers(void **state)
{
	(void)state;
	for (int verdict = 0; verdict < NTP_VERDICT_COUNT; verdict++) {
		bool want = verdict == NTP_ACCEPTED || verdict == NTP_KISS ||
		            verdict == NTP_UNSYNCHRONISED || verdict == NTP_BAD_STRATUM ||
		            verdict == NTP_BAD_PRECISION || verdict == NTP_ROOT_TOO_FAR ||
		            verdict == NTP_FUTURE_REFERENCE;

		assert_int_equal(ntp_verdict_is_answer((enum ntp_verdict)verdict), want);
		assert_int_equal(ntp_verdict_is_ours((enum ntp_verdict)verdict),
		                 verdict != NTP_WRONG_ORIGIN);
	}
	assert_false(ntp_verdict_is_ours(NTP_VERDICT_COUNT));
	assert_false(ntp_verdict_is_answer(NTP_VERDICT_COUNT));
}

static void texts_are_distinct(void **state)
{
	(void)state;
	for (int i = 0; i < NTP_VERDICT_COUNT; i++) {
		assert_non_null(ntp_verdict_text((enum ntp_verdict)i));
		assert_true(strlen(ntp_verdict_text((enum ntp_verdict)i)) > 5);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(ntp_verdict_text((enum ntp_verdict)i),
			                        ntp_verdict_text((enum ntp_verdict)j));
		}
	}
	for (int i = 0; i < NTP_REQUEST_VERDICT_COUNT; i++) {
		assert_non_null(ntp_request_verdict_text((enum ntp_request_verdict)i));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
				ntp_request_verdict_text((enum ntp_request_verdict)i),
				ntp_request_verdict_text((enum ntp_request_verdict)j));
		}
	}
	assert_string_equal(ntp_verdict_text(NTP_WRONG_ORIGIN), "wrong origin timestamp");
	assert_non_null(ntp_verdict_text(NTP_VERDICT_COUNT));
	assert_non_null(ntp_verdict_text((enum ntp_verdict)12345));
	assert_non_null(ntp_request_verdict_text(NTP_REQUEST_VERDICT_COUNT));
	assert_non_null(ntp_request_verdict_text((enum ntp_request_verdict)12345));
}

static void kiss_codes(void **state)
{
	const uint8_t lower[4] = { 'r', 'a', 't', 'e' };
	const uint8_t escape[4] = { 0x1b, '[', '2', 'J' };
	const uint8_t zero[4] = { 0 };

	(void)state;
	assert_int_equal(ntp_kiss_from_refid(NTPD_RATE + 12), NTP_KISS_RATE);
	assert_int_equal(ntp_kiss_from_refid(NTPD_INIT + 12), NTP_KISS_NONE);
	assert_int_equal(ntp_kiss_from_refid(CHRONYD_UNSYNCHRONISED + 12), NTP_KISS_NONE);
	assert_int_equal(ntp_kiss_from_refid((const uint8_t *)"DENY"), NTP_KISS_DENY);
	assert_int_equal(ntp_kiss_from_refid((const uint8_t *)"RSTR"), NTP_KISS_RSTR);
	assert_int_equal(ntp_kiss_from_refid((const uint8_t *)"RATX"), NTP_KISS_NONE);
	assert_int_equal(ntp_kiss_from_refid((const uint8_t *)"XATE"), NTP_KISS_NONE);
	assert_int_equal(ntp_kiss_from_refid(lower), NTP_KISS_NONE);
	assert_int_equal(ntp_kiss_from_refid(escape), NTP_KISS_NONE);
	assert_int_equal(ntp_kiss_from_refid(zero), NTP_KISS_NONE);
}

/* The state in which the recorded chronyd answered, and when. */
static const struct ntp_server_state chronyd_state = {
	.leap = NTP_LEAP_NONE,
	.stratum = 1,
	.precision_log2_s = -26,
	.root_delay_ns = 0,
	.root_dispersion_ns = 0,
	.refid = { 127, 127, 1, 1 },
	.reference = { INT64_C(1795400781607085650) },
};
static const struct instant chronyd_received = { INT64_C(1795400783135844969) };
static const struct instant chronyd_departs = { INT64_C(1795400783136001117) };

static struct ntp_header chronyd_request(void)
{
	struct ntp_header request;

	assert_int_equal(
		ntp_request_parse(CHRONYD_REQUEST, sizeof(CHRONYD_REQUEST), &request),
		NTP_REQUEST_ACCEPTED);
	return request;
}

/* In the same state, ours is chronyd's answer to the same request; the low octet
 * of the three stamps is finer than the nanoseconds they are known to here. */
static void answers_as_chronyd_does(void **state)
{
	const struct ntp_header request = chronyd_request();
	uint8_t out[NTP_HEADER_OCTETS + 1];

	(void)state;
	memset(out, 0xa5, sizeof(out));
	assert_int_equal(ntp_reply_write(&request, &chronyd_state, chronyd_received,
	                                 chronyd_departs, out),
	                 48);
	assert_int_equal(out[NTP_HEADER_OCTETS], 0xa5);
	assert_memory_equal(out, CHRONYD_REPLY, 23);
	assert_memory_equal(out + 24, CHRONYD_REPLY + 24, 15);
	assert_memory_equal(out + 40, CHRONYD_REPLY + 40, 7);
	assert_in_range(out[23], 0x18 - 5, 0x18);
	assert_in_range(out[39], 0x65 - 5, 0x65);
	assert_in_range(out[47], 0x1e - 5, 0x1e);
}

/* Each answer is checked at the offsets of its row. */
struct answer_row {
	const char *name;
	struct ntp_server_state state;
	int64_t received_ns;
	int64_t departs_ns;
	uint8_t first;      /* the request's first octet */
	int8_t poll_log2_s; /* the request's */
	struct edit want;   /* these octets, there */
};

#define GOOD_AT(leap_, stratum_, delay_, dispersion_, reference_)                          \
	{                                                                                  \
		.leap = (leap_), .stratum = (stratum_), .precision_log2_s = -20,           \
		.root_delay_ns = (delay_), .root_dispersion_ns = (dispersion_),            \
		.refid = { 'G', 'P', 'S', 0 }, .reference = {                              \
			(reference_)                                                       \
		}                                                                          \
	}
#define GOOD GOOD_AT(NTP_LEAP_NONE, 1, 0, 0, NOW)
#define NOW INT64_C(1795400783000000000) /* eeae22cf on the wire */
#define ROLL INT64_C(2085978496000000000)

/* clang-format off */
static const struct answer_row answer_rows[] = {
	{ "answer: version 1 with mode",     GOOD, NOW, NOW, 0x0b, 6, { 0, 1, { 0x0c } } },
	{ "answer: version 1 without mode",  GOOD, NOW, NOW, 0x08, 6, { 0, 1, { 0x0c } } },
	{ "answer: version 2",               GOOD, NOW, NOW, 0x13, 6, { 0, 1, { 0x14 } } },
	{ "answer: version 3",               GOOD, NOW, NOW, 0x1b, 6, { 0, 1, { 0x1c } } },
	{ "answer: version 4",               GOOD, NOW, NOW, 0x23, 6, { 0, 1, { 0x24 } } },
	{ "answer: the asker's leap is not copied", GOOD, NOW, NOW, 0xe3, 6, { 0, 1, { 0x24 } } },
	{ "answer: poll copied",             GOOD, NOW, NOW, 0x23, 17, { 2, 1, { 17 } } },
	{ "answer: negative poll copied",    GOOD, NOW, NOW, 0x23, -6, { 2, 1, { 0xfa } } },
	{ "answer: precision",               GOOD, NOW, NOW, 0x23, 6, { 3, 1, { 0xec } } },
	{ "answer: refid",                   GOOD, NOW, NOW, 0x23, 6, { 12, 4, { 'G', 'P', 'S', 0 } } },
	{ "answer: leap 1",  GOOD_AT(NTP_LEAP_INSERT, 1, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0x64, 1 } } },
	{ "answer: leap 2",  GOOD_AT(NTP_LEAP_DELETE, 1, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0xa4, 1 } } },
	{ "answer: leap 3 gives stratum 0", GOOD_AT(NTP_LEAP_UNSYNCHRONISED, 1, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0xe4, 0 } } },
	{ "answer: stratum 15",             GOOD_AT(NTP_LEAP_NONE, 15, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0x24, 15 } } },
	{ "answer: stratum 16 goes out as 0, leap 3", GOOD_AT(NTP_LEAP_NONE, 16, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0xe4, 0 } } },
	{ "answer: stratum 255 goes out as 0, leap 3", GOOD_AT(NTP_LEAP_NONE, 255, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0xe4, 0 } } },
	{ "answer: stratum 0 gives leap 3", GOOD_AT(NTP_LEAP_NONE, 0, 0, 0, NOW), NOW, NOW, 0x23, 6, { 0, 2, { 0xe4, 0 } } },
	{ "answer: root delay rounded up",  GOOD_AT(NTP_LEAP_NONE, 2, NS_PER_S + 1, 0, NOW), NOW, NOW, 0x23, 6, { 4, 4, { 0, 1, 0, 1 } } },
	{ "answer: root dispersion rounded up", GOOD_AT(NTP_LEAP_NONE, 2, 0, 1, NOW), NOW, NOW, 0x23, 6, { 8, 4, { 0, 0, 0, 1 } } },
	{ "answer: root dispersion beyond the field", GOOD_AT(NTP_LEAP_NONE, 2, 0, INT64_MAX, NOW), NOW, NOW, 0x23, 6, { 8, 4, { 0xff, 0xff, 0xff, 0xff } } },
	{ "answer: reference",              GOOD_AT(NTP_LEAP_NONE, 1, 0, 0, NOW - NS_PER_S), NOW, NOW, 0x23, 6, { 16, 8, { 0xee, 0xae, 0x22, 0xce } } },
	{ "answer: reference never later than transmit", GOOD_AT(NTP_LEAP_NONE, 1, 0, 0, NOW + 1), NOW, NOW, 0x23, 6, { 16, 8, { 0xee, 0xae, 0x22, 0xcf } } },
	{ "answer: never set is reference zero", GOOD_AT(NTP_LEAP_UNSYNCHRONISED, 0, 0, 0, 0), NOW, NOW, 0x23, 6, { 16, 8, { 0 } } },
	{ "answer: receive",                GOOD, NOW - NS_PER_S, NOW, 0x23, 6, { 32, 8, { 0xee, 0xae, 0x22, 0xce } } },
	{ "answer: transmit",               GOOD, NOW - NS_PER_S, NOW, 0x23, 6, { 40, 8, { 0xee, 0xae, 0x22, 0xcf } } },
	{ "answer: received later than it departs", GOOD, NOW + NS_PER_S, NOW, 0x23, 6, { 32, 8, { 0xee, 0xae, 0x22, 0xcf } } },
	{ "answer: received and transmitted are two stamps", GOOD, NOW, NOW, 0x23, 6, { 40, 8, { 0xee, 0xae, 0x22, 0xcf, 0, 0, 0, 1 } } },
	{ "answer: ... with a fraction, the first is before", GOOD, NOW + NS_PER_S / 2, NOW + NS_PER_S / 2, 0x23, 6, { 32, 8, { 0xee, 0xae, 0x22, 0xcf, 0x7f, 0xff, 0xff, 0xff } } },
	{ "answer: departs when it says",   GOOD, NOW + NS_PER_S, NOW, 0x23, 6, { 40, 8, { 0xee, 0xae, 0x22, 0xcf, 0, 0, 0, 1 } } },
	{ "answer: receive, last second of era 0", GOOD, ROLL - NS_PER_S, ROLL, 0x23, 6, { 32, 8, { 0xff, 0xff, 0xff, 0xff } } },
	{ "answer: transmit, start of era 1 is not zero", GOOD, ROLL - NS_PER_S, ROLL, 0x23, 6, { 40, 8, { 0, 0, 0, 0, 0, 0, 0, 1 } } },
	{ "answer: receive, start of era 1 is not zero", GOOD, ROLL, ROLL + NS_PER_S, 0x23, 6, { 32, 8, { 0, 0, 0, 0, 0, 0, 0, 1 } } },
	{ "answer: transmit, second of era 1", GOOD, ROLL, ROLL + NS_PER_S, 0x23, 6, { 40, 8, { 0, 0, 0, 1 } } },
};
/* clang-format on */

static void writes_answer(void **state)
{
	const struct answer_row *row = *state;
	uint8_t asked[NTP_HEADER_OCTETS];
	uint8_t out[NTP_HEADER_OCTETS];
	struct ntp_header request;

	memcpy(asked, CHRONYD_REQUEST, sizeof(asked));
	asked[0] = row->first;
	asked[2] = (uint8_t)row->poll_log2_s;
	assert_int_equal(ntp_request_parse(asked, sizeof(asked), &request),
	                 NTP_REQUEST_ACCEPTED);
	assert_int_equal(ntp_reply_write(&request, &row->state,
	                                 (struct instant){ row->received_ns },
	                                 (struct instant){ row->departs_ns }, out),
	                 48);
	assert_memory_equal(out + row->want.at, row->want.with, row->want.len);
	assert_memory_equal(out + 24, asked + 40, 8);
}

/* The origin is a copy, whatever it is. */
static void answer_copies_any_cookie(void **state)
{
	const uint8_t cookies[][8] = {
		{ 0 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x80, 0, 0, 0, 0, 0, 0, 1 },
		{ 0, 0, 0, 0, 0, 0, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		struct ntp_header request = chronyd_request();
		uint8_t out[NTP_HEADER_OCTETS];

		request.transmit = ts_at(cookies[i]);
		assert_int_equal(ntp_reply_write(&request, &chronyd_state, chronyd_received,
		                                 chronyd_departs, out),
		                 48);
		assert_memory_equal(out + 24, cookies[i], 8);
		assert_int_equal(ntp_kiss_write(&request, "RATE", out), 48);
		assert_memory_equal(out + 24, cookies[i], 8);
	}
}

/* Client and server of ours understand each other, in each version. */
static void own_answer_is_accepted(void **state)
{
	const struct ntp_ts cookie = { 0x12345678, 0x9abcdef0 };

	(void)state;
	for (uint8_t version = 1; version <= 4; version++) {
		uint8_t buf[NTP_HEADER_OCTETS];
		struct ntp_header header;
		size_t len = ntp_request_write(version, cookie, buf);

		assert_int_equal(ntp_request_parse(buf, len, &header),
		                 NTP_REQUEST_ACCEPTED);
		len = ntp_reply_write(&header, &chronyd_state, chronyd_received,
		                      chronyd_departs, buf);
		assert_int_equal(ntp_reply_parse(buf, len, cookie, &header), NTP_ACCEPTED);
		assert_true(instant_from_ntp(header.transmit).unix_ns ==
		            chronyd_departs.unix_ns);
	}
}

/* ntpd's kiss for the same request, but for what tells time or its own state:
 * precision, root dispersion and stamps. */
static void kiss_is_as_ntpd_sends_it(void **state)
{
	struct ntp_header request = { .version = 4, .mode = NTP_MODE_CLIENT };
	struct ntp_header got;
	uint8_t out[NTP_HEADER_OCTETS + 1];

	(void)state;
	request.transmit = ts_at(NTPD_RATE + 24);
	memset(out, 0xa5, sizeof(out));
	assert_int_equal(ntp_kiss_write(&request, "RATE", out), 48);
	assert_int_equal(out[NTP_HEADER_OCTETS], 0xa5);
	assert_memory_equal(out, NTPD_RATE, 3);
	assert_memory_equal(out + 12, NTPD_RATE + 12, 20);
	assert_memory_equal(out + 32, NTPD_RATE + 24, 8);
	assert_memory_equal(out + 40, NTPD_RATE + 24, 8);
	assert_int_equal(ntp_reply_parse(out, 48, request.transmit, &got), NTP_KISS);
	assert_int_equal(ntp_kiss_from_refid(got.refid), NTP_KISS_RATE);
	request.version = 1;
	request.mode = NTP_MODE_RESERVED;
	request.poll_log2_s = -6;
	assert_int_equal(ntp_kiss_write(&request, "DENY", out), 48);
	assert_int_equal(out[0], 0xcc);
	assert_int_equal(out[1], 0);
	assert_int_equal(out[2], 0xfa);
	assert_memory_equal(out + 12, "DENY", 4);
}

static struct CMUnitTest tests[1500];
static size_t test_count;

static void add(const char *name, CMUnitTestFunction run, const void *row)
{
	assert_true(test_count < COUNT_OF(tests));
	tests[test_count++] = (struct CMUnitTest){ .name = name,
		                                   .test_func = run,
		                                   .initial_state = (void *)row };
}

static void add_counted(struct counted *counted, size_t count, const char *what,
                        CMUnitTestFunction run)
{
	for (size_t i = 0; i < count; i++) {
		counted[i].n = (unsigned int)i;
		(void)snprintf(counted[i].name, sizeof(counted[i].name), "%s %zu", what, i);
		add(counted[i].name, run, &counted[i]);
	}
}

int main(void)
{
	static struct counted cuts[CUT_COUNT];
	static struct counted request_cuts[CUT_COUNT];
	static struct counted bits[BIT_COUNT];
	static struct counted firsts[FIRST_OCTET_COUNT];
	static struct counted request_firsts[FIRST_OCTET_COUNT];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(zero_cookie_never_matches),
		cmocka_unit_test(reads_as_others_do),
		cmocka_unit_test(writes_what_it_read),
		cmocka_unit_test(write_masks_the_first_octet),
		cmocka_unit_test(request_looks_like_any_other),
		cmocka_unit_test(verdicts_that_are_answers),
		cmocka_unit_test(texts_are_distinct),
		cmocka_unit_test(kiss_codes),
		cmocka_unit_test(answers_as_chronyd_does),
		cmocka_unit_test(answer_copies_any_cookie),
		cmocka_unit_test(own_answer_is_accepted),
		cmocka_unit_test(kiss_is_as_ntpd_sends_it),
	};

	for (size_t i = 0; i < COUNT_OF(reply_rows); i++) {
		add(reply_rows[i].name, parse_reply, &reply_rows[i]);
	}
	for (size_t i = 0; i < COUNT_OF(request_rows); i++) {
		add(request_rows[i].name, parse_request, &request_rows[i]);
	}
	for (size_t i = 0; i < COUNT_OF(answer_rows); i++) {
		add(answer_rows[i].name, writes_answer, &answer_rows[i]);
	}
	add_counted(cuts, COUNT_OF(cuts), "reply cut to", cut_reply);
	add_counted(request_cuts, COUNT_OF(request_cuts), "request cut to", cut_request);
	add_counted(bits, COUNT_OF(bits), "cookie bit", flip_cookie_bit);
	add_counted(firsts, COUNT_OF(firsts), "reply, first octet", first_octet_of_reply);
	add_counted(request_firsts, COUNT_OF(request_firsts), "request, first octet",
	            first_octet_of_request);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[test_count++] = others[i];
	}
	/* cmocka passes over the rows that were left empty. */
	return cmocka_run_group_tests_name("ntp_packet", tests, NULL, NULL);
}
