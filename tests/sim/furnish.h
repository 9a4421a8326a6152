/* SPDX-License-Identifier: MIT
 *
 * Fills random worlds with servers and names, for sim_measure.
 */
#ifndef SIM_FURNISH_H
#define SIM_FURNISH_H

#include "world.h"

/* Clears the world: UTC, the local clock and how many servers there are. */
void furnish_world(struct world *w, uint64_t seed);
/* Server `i` and its path, without an address.  A liar has any conduct; `common_lie_ns` is
 * what most of them say. */
void furnish_server(struct world *w, size_t i, bool is_liar, int64_t common_lie_ns);
/* ... one more, with an address.  Its index. */
size_t furnish_another(struct world *w, bool is_liar, int64_t lie_ns);
void furnish_address(const char *text, struct address *ret);

/* SERVERs 0 .. count - 1, most of them names, and their servers; the last `misled` lead to
 * liars, or to the servers of others. */
void furnish_names(struct world *w, size_t count, size_t misled, int64_t lie_ns);
/* So many of the servers 0 .. count - 1 cannot be used, in every way there is. */
void furnish_ills(struct world *w, size_t count, double share);
/* Servers of any kind in hold-off since up to a day ago.  How many. */
size_t furnish_kisses(struct world *w, double share, struct kod_holdoff *ret);
/* NTS for the servers 0 .. count - 1, of which those with an error of years have a
 * certificate of then; `ills`: the share of those that are honest and cannot be used. */
void furnish_nts(struct world *w, size_t count, double ills);
void furnish_specs(const struct world *w, struct server_spec *ret);

#endif
