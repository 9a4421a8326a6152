/* SPDX-License-Identifier: MIT
 *
 * A reply that carried our cookie and cannot be used, in words: what it says that it should
 * not, and what it may say.  One place, so that all who refuse give the same reason.
 */
#ifndef CORE_NTP_REFUSAL_H
#define CORE_NTP_REFUSAL_H

#include "core/ntp/packet.h"

enum { REFUSAL_SIZE = 120 };

/* `octets` are what ntp_reply_parse() gave the verdict for; `is_cut` when the datagram had more
 * than these.  Room for REFUSAL_SIZE; plain ASCII, whatever is in the packet. */
void ntp_refusal_format(enum ntp_verdict verdict, const uint8_t *octets, size_t len,
                        bool is_cut, char *buf);

#endif
