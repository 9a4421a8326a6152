/* SPDX-License-Identifier: MIT
 *
 * The client side of reqtime-nts.
 */
#ifndef CMD_NTS_CLIENT_PRIVATE_H
#define CMD_NTS_CLIENT_PRIVATE_H

#include "io/tls/session.h"

struct client_settings {
	int fd;                          /* the socket pair */
	const struct tls_client *client; /* NULL: `no_authorities` */
	char no_authorities[NTS_DETAIL_SIZE];
};

/* Answers questions until the other end is closed: 0; or it misbehaves: -EPROTO. */
int nts_client_run(const struct client_settings *settings);

#endif
