/* SPDX-License-Identifier: MIT
 *
 * Interface names and indexes, asked of the kernel or remembered.
 */
#include "io/net/zone.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

/* NULL: ask the kernel. */
static struct if_nameindex *remembered;

void zone_remember_all(void)
{
	if (!remembered) {
		remembered = if_nameindex();
	}
}

bool zone_is_remembered(void)
{
	return remembered != NULL;
}

int zone_find(const char *name, uint32_t *ret_index)
{
	unsigned index = 0;

	if (!remembered) {
		index = if_nametoindex(name);
		if (index == 0 && errno != ENODEV && errno != ENXIO) {
			return -errno;
		}
	}
	for (size_t i = 0; remembered && remembered[i].if_index != 0; i++) {
		if (strcmp(remembered[i].if_name, name) == 0) {
			index = remembered[i].if_index;
		}
	}
	if (index == 0) {
		return -ENODEV;
	}
	*ret_index = index;
	return 0;
}

int zone_complete(struct address *address)
{
	if (address->zone[0] == '\0' || address->scope != 0) {
		return 0;
	}
	return zone_find(address->zone, &address->scope);
}

void zone_add_name(struct address *address)
{
	char name[IF_NAMESIZE];

	_Static_assert(IF_NAMESIZE == ADDRESS_ZONE_SIZE, "room for a name");
	if (address->scope == 0 || address->zone[0] != '\0' ||
	    !if_indextoname(address->scope, name) || !address_zone_is_name(name)) {
		return;
	}
	memcpy(address->zone, name, strlen(name) + 1);
}
