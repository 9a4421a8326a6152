/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of this module: ports.c opens channels and sends requests,
 * ports_wait.c waits, ports_slots.c keeps the table that poll() reads.
 */
#ifndef IO_NET_PORTS_PRIVATE_H
#define IO_NET_PORTS_PRIVATE_H

#include <poll.h>
#include <signal.h>

#include "io/net/ports.h"
#include "io/net/resolve.h"
#include "io/net/tcp.h"
#include "io/net/udp.h"
#include "io/nts/helper.h"

enum {
	/* Larger than any valid answer; a longer one is truncated and marked. */
	DATAGRAM_SIZE = 2048,
	FIRST_SLOT = 3,
	SLOT_SIGNAL = 0,
	SLOT_RESOLVER = 1,
	SLOT_KEYS = 2,
};

#define NO_SLOT SIZE_MAX

struct channel {
	struct udp_channel *udp; /* at most one of the two */
	struct tcp_channel *tcp;
	size_t slot; /* in `polled`; NO_SLOT: nothing is open */
	struct reading before;
	uint32_t keys_ticket; /* of the key exchange under way; 0: none */
};

/* The latest question for a name. */
struct name_asked {
	uint32_t ticket;
	unsigned answers_due; /* answers still to come */
};

struct kernel_ports {
	struct ports ports;
	size_t source_max;
	size_t name_max;
	size_t window;
	struct channel *channels; /* [source_max] */

	/* [0] to [2]: signals, the resolver, reqtime-nts; then the channels without a gap. */
	struct pollfd *polled;
	size_t *owners; /* the source of each slot */
	size_t slot_count;
	size_t slot_size;

	/* Sources that the last poll() found ready; as large as the slots. */
	size_t *ready;
	size_t ready_at;
	size_t ready_count;
	unsigned turn; /* datagrams served to the source at ready_at */
	bool signal_is_ready;
	bool resolver_is_ready;
	bool keys_are_ready;
	bool has_polled;
	int64_t polled_mono_ns;

	int stamp_fd;  /* udp_hold_stamps(); < 0: none */
	int signal_fd; /* -1: none */
	sigset_t old_mask;

	struct resolver *resolver; /* NULL: none, or ended */
	struct name_asked *names;  /* [name_max] */
	size_t names_lost_at;      /* after the resolver has ended: names below this one
	                            * have been reported */
	struct resolve_answer answer;

	struct nts_helper *helper; /* NULL: none, or ended */
	bool has_aead;
	uint32_t keys_tickets;
	size_t keys_lost_at; /* like names_lost_at, for sources with a keys_ticket */
	struct nts_answer keys;
	uint8_t octets[DATAGRAM_SIZE];
};

/* Makes room for one more channel: 0 or -ENOMEM. */
int ports_grow_slots(struct kernel_ports *kp);
void ports_take_slot(struct kernel_ports *kp, size_t source, int fd, short events);

/* Members of struct ports; `ctx` is a struct kernel_ports. */
void ports_close_channel(void *ctx, size_t source);
int ports_wait(void *ctx, int64_t deadline_mono_ns, struct port_event *ret);
int ports_exchange_keys(void *ctx, size_t source, const struct address *to,
                        const char *host);

/* --- ports_keys.c --- */

/* Starts reqtime-nts.  Where it is missing each key exchange fails with that reason: 0 or
 * -errno. */
int ports_open_keys(struct kernel_ports *kp, const struct kernel_ports_settings *settings);
/* 1: `*ret` is the end of a key exchange.  0: none now. */
int ports_serve_keys(struct kernel_ports *kp, struct port_event *ret);
/* The same once reqtime-nts has ended: every key exchange under way has failed. */
int ports_serve_lost_keys(struct kernel_ports *kp, struct port_event *ret);

#endif
