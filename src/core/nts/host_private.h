/* SPDX-License-Identifier: MIT
 *
 * Hosts that come as untrusted text: of a Server record, and between processes.
 */
#ifndef CORE_NTS_HOST_PRIVATE_H
#define CORE_NTS_HOST_PRIVATE_H

#include "core/ntp/server_spec.h"

/* The body of a Server record: a host name or a numeric address, and nothing else: no port,
 * scheme, brackets or zone (RFC 8915 section 4.1.7).  A final dot of a name is removed.
 * False, and `ret` unchanged, when it is neither. */
MUST_USE bool nts_host_read(const uint8_t *octets, size_t len, char ret[SERVER_HOST_SIZE]);

/* A host as nts_host_read() or server_spec_parse() leave it, also with a zone, and without a
 * final dot.  For any octets. */
bool nts_host_is_valid(const char host[SERVER_HOST_SIZE]);

#endif
