/* SPDX-License-Identifier: MIT
 *
 * Sorting without allocation: the C library's qsort() may call malloc().
 */
#ifndef CORE_BASE_KEYED_SORT_H
#define CORE_BASE_KEYED_SORT_H

#include "core/base/base.h"

struct keyed {
	int64_t key;
	int64_t tie; /* orders equal keys */
	size_t at;   /* the caller's own index */
};

/* Ascending by key, then tie, then at.  O(n log n) in the worst case, in place. */
void keyed_sort(struct keyed *items, size_t count);

#endif
