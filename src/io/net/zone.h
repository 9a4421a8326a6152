/* SPDX-License-Identifier: MIT
 *
 * Interface names and indexes, for link-local addresses: people use names, sockets use
 * indexes.
 */
#ifndef IO_NET_ZONE_H
#define IO_NET_ZONE_H

#include "core/base/address.h"

/* -ENODEV: no interface has this name. */
MUST_USE int zone_find(const char *name, uint32_t *ret_index);
/* Sets the index of an address that has only the name; 0 for addresses without either. */
MUST_USE int zone_complete(struct address *address);
/* Sets the name of an address that has only the index, if the interface still exists. */
void zone_add_name(struct address *address);

/* From here on zone_find() uses the interfaces of now, in this process and its children:
 * behind a system call filter the kernel cannot be asked. */
void zone_remember_all(void);
bool zone_is_remembered(void);

#endif
