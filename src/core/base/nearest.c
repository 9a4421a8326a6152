/* SPDX-License-Identifier: MIT
 *
 * Edit distance of short words, and its limits for a misspelling.
 */
#include "core/base/nearest.h"

#include <string.h>

#include "core/base/text.h"

enum { SHORT_WORD = 3, LONG_WORD = 6 };

static bool is_same(char a, char b)
{
	return text_lower(a) == text_lower(b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	/* Distances of prefixes: the row of this letter of `a`, and of the two before
	 * it. */
	size_t rows[3][NEAREST_LETTERS_MAX + 1];
	size_t *row, *above, *above_that;

	if (a_len > NEAREST_LETTERS_MAX || b_len > NEAREST_LETTERS_MAX) {
		return SIZE_MAX;
	}
	for (size_t i = 0; i <= a_len; i++) {
		row = rows[i % 3];
		above = rows[(i + 2) % 3];
		above_that = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t k = 1; k <= b_len; k++) {
			if (i == 0) {
				row[k] = k;
				continue;
			}
			row[k] = least(least(above[k], row[k - 1]) + 1,
			               above[k - 1] + !is_same(a[i - 1], b[k - 1]));
			if (i > 1 && k > 1 && is_same(a[i - 1], b[k - 2]) &&
			    is_same(a[i - 2], b[k - 1])) {
				row[k] = least(row[k], above_that[k - 2] + 1);
			}
		}
	}
	return rows[a_len % 3][b_len];
}

static bool begins_with(const char *whole, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_same(whole[i], word[i])) {
			return false;
		}
	}
	return true;
}

size_t nearest_slips(const char *word, size_t len, const char *meant)
{
	const size_t meant_len = strlen(meant);
	const size_t distance = nearest_distance(word, len, meant, meant_len);

	if (len < SHORT_WORD || distance == 0) {
		return distance == 0 ? 0 : SIZE_MAX;
	}
	if (len < meant_len && begins_with(meant, word, len)) {
		return 1;
	}
	/* "net" is another word, not a slip in "set". */
	if (distance == 1 && meant_len <= SHORT_WORD && len == meant_len &&
	    !is_same(word[0], meant[0]) && is_same(word[1], meant[1])) {
		return SIZE_MAX;
	}
	if (distance == 2 && meant_len >= LONG_WORD && is_same(word[0], meant[0])) {
		return 2;
	}
	return distance == 1 ? 1 : SIZE_MAX;
}
