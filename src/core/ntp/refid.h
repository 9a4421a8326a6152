/* SPDX-License-Identifier: MIT
 *
 * The reference id of a client of the server at an address: RFC 5905 section 7.3.
 */
#ifndef CORE_NTP_REFID_H
#define CORE_NTP_REFID_H

#include "core/base/address.h"

enum { REFID_MD5_OCTETS = 16, REFID_MD5_LENGTH_MAX = 55 };

/* The IPv4 address, or the first four octets of the MD5 of an IPv6 address. */
void refid_from_address(const struct address *address, uint8_t ret[4]);

/* RFC 1321, of at most REFID_MD5_LENGTH_MAX octets.  An identifier, not for security. */
void refid_md5(const void *octets, size_t len, uint8_t ret[REFID_MD5_OCTETS]);

/* The reference id as text: at stratum 0 and 1 its letters (escaped), above that four
 * dotted decimals.  Room of 20. */
size_t refid_format(uint8_t stratum, const uint8_t refid[4], char *buf, size_t size);

#endif
