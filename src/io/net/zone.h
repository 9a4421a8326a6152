/* SPDX-License-Identifier: MIT
 *
 * Interfaces by name and by index, for addresses that hold on one link alone: people give and read
 * names, sockets take and give indexes.
 */
#ifndef IO_NET_ZONE_H
#define IO_NET_ZONE_H

#include "core/base/address.h"

/* -ENODEV: there is no interface of this name. */
MUST_USE int zone_find(const char *name, uint32_t *ret_index);
/* Finds the index where an address has only the name; 0 for addresses without either. */
MUST_USE int zone_complete(struct address *address);
/* Adds the name where an address has only the index, and the interface is still there. */
void zone_add_name(struct address *address);

/* From here on zone_find() answers, in this process and in what it forks, by the interfaces that are
 * there now: behind a system call filter none can be asked for. */
void zone_remember_all(void);
bool zone_is_remembered(void);

#endif
