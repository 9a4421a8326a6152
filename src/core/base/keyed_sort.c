/* SPDX-License-Identifier: MIT
 *
 * Sorts without allocation.
 */
#include "core/base/keyed_sort.h"

#include <stdbool.h>

static bool is_before(const struct keyed *a, const struct keyed *b)
{
	if (a->key != b->key) {
		return a->key < b->key;
	}
	if (a->tie != b->tie) {
		return a->tie < b->tie;
	}
	return a->at < b->at;
}

static void sift_down(struct keyed *items, size_t root, size_t count)
{
	struct keyed moving = items[root];
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && is_before(&items[child], &items[child + 1])) {
			child++;
		}
		if (!is_before(&moving, &items[child])) {
			break;
		}
		items[root] = items[child];
		root = child;
	}
	items[root] = moving;
}

void keyed_sort(struct keyed *items, size_t count)
{
	for (size_t root = count / 2; root > 0; root--) {
		sift_down(items, root - 1, count);
	}
	for (size_t last = count; last > 1; last--) {
		struct keyed top = items[0];

		items[0] = items[last - 1];
		items[last - 1] = top;
		sift_down(items, 0, last - 1);
	}
}
