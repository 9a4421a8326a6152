/* SPDX-License-Identifier: MIT
 *
 * Text of the reason why a reply with our cookie is rejected: the bad value, and the valid
 * range.
 */
#ifndef CORE_NTP_REFUSAL_H
#define CORE_NTP_REFUSAL_H

#include "core/ntp/packet.h"

enum { REFUSAL_SIZE = 120 };

/* `verdict` is that of ntp_reply_parse() for `octets`; `is_cut` when the datagram was
 * longer.  Room for REFUSAL_SIZE; always plain ASCII. */
void ntp_refusal_format(enum ntp_verdict verdict, const uint8_t *octets, size_t len,
                        bool is_cut, char *buf);

#endif
