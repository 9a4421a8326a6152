/* SPDX-License-Identifier: MIT
 *
 * The servers of a run of sim_lives: SERVERs with several addresses, the interval of each, and the
 * combined answer.  Intervals, not packets.
 */
#ifndef SIM_ANSWERS_H
#define SIM_ANSWERS_H

#include "core/select/run.h"

enum { ANSWERS_SERVERS = 4, ANSWERS_ADDRESSES = 8 };
enum { ANSWERS_SLOTS = ANSWERS_SERVERS * ANSWERS_ADDRESSES };

struct server_list {
	size_t server_count;
	size_t address_count[ANSWERS_SERVERS]; /* of each */
};

/* The most address pairs that a name can have so that no minority of the SERVERs has half of them. */
size_t server_list_cap(const struct server_list *list);
size_t server_list_pairs(const struct server_list *list, size_t server);

struct said {
	bool is_silent;
	int64_t offset_ns; /* server - local */
	int64_t bound_ns;
};

struct answer {
	enum run_status status;
	int64_t offset_ns;
	int64_t bound_ns;
	size_t asked_count;
	size_t agreeing_count;
	size_t agreeing_server_count;
};

/* `said[server][address pair]`. */
void answer_make(const struct server_list *list,
                 const struct said said[ANSWERS_SERVERS][ANSWERS_ADDRESSES],
                 struct answer *ret);

#endif
