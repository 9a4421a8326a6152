/* SPDX-License-Identifier: MIT
 *
 * struct ports on the kernel: one poll() for all channels, the resolver and the signals.
 *
 *   ports_open -> (measure) -> ports_close
 */
#ifndef IO_NET_PORTS_H
#define IO_NET_PORTS_H

#include "core/select/ports.h"

struct kernel_ports;

struct kernel_ports_settings {
	size_t source_max; /* sources are 0 .. source_max - 1 */
	size_t name_max;
	/* Key exchanges are possible; trusted certificates as for nts_helper_start(). */
	bool has_keys;
	const char *const *authorities;
	size_t authority_count;
	const int *signals; /* these arrive as PORT_SIGNAL (signalfd); the caller need not
		          * block them */
	size_t signal_count;
};

/* Starts the resolver process when name_max > 0 and reqtime-nts when has_keys (before any
 * sandbox), and opens what it needs.  On 0 `*ret` is the caller's until ports_close().  Else -errno. */
MUST_USE int ports_open(const struct kernel_ports_settings *settings,
                        struct kernel_ports **ret);
const struct ports *ports_of(struct kernel_ports *ports);
/* Sockets that may be open at the same time within this process' limit (RLIMIT_NOFILE,
 * raised to its hard limit first): the value for measure_settings.window. */
size_t ports_window(const struct kernel_ports *ports);
/* Key exchanges will be needed: lets reqtime-nts prepare for them. */
void ports_expect_keys(struct kernel_ports *ports);
/* The socket to reqtime-nts, over which connections are passed; -1: none. */
int ports_passing_fd(const struct kernel_ports *ports);
/* Kills and reaps the helper processes, closes everything; NULL is fine. */
void ports_close(struct kernel_ports *ports);

#endif
