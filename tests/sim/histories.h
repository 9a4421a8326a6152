/* SPDX-License-Identifier: MIT
 *
 * Disturbances of a machine in sim_lives before its calm: one at a time, of eleven groups.
 */
#ifndef SIM_HISTORIES_H
#define SIM_HISTORIES_H

#include "life.h"

enum history_group {
	HISTORY_PAUSES,
	HISTORY_BOOTS,
	HISTORY_STEPS,
	HISTORY_LIES,
	HISTORY_ATTACKERS,
	HISTORY_NAMES,
	HISTORY_STORES,
	HISTORY_RATES,
	HISTORY_LEAPS,
	HISTORY_CHILD,
	HISTORY_FLAGS,
	HISTORY_GROUPS
};
const char *history_group_name(enum history_group group);

/* A new machine with SERVERs of some shape, that has run for a while. */
void history_begin(struct life *l);
void history_disturb(struct life *l, enum history_group group);
/* No more of it: honest SERVERs, a majority of them answers. */
void history_end(struct life *l);

#endif
