/* SPDX-License-Identifier: MIT
 *
 * Finds the word that a misspelt word was meant to be.
 */
#ifndef CORE_BASE_NEAREST_H
#define CORE_BASE_NEAREST_H

#include <stdbool.h>

#include "core/base/base.h"

/* Longer words match nothing. */
enum { NEAREST_LETTERS_MAX = 32 };

/* Edit distance (optimal string alignment, ignoring case) between the first `a_len`
 * octets of `a` and the first `b_len` of `b`: letters to insert, delete, replace or swap
 * with their neighbour.  SIZE_MAX if either is longer than NEAREST_LETTERS_MAX. */
size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* Distance of the first `len` octets of `word` from `meant`.  0: equal except for case.
 * 1: its first three or more letters, or one slip.  2: two slips in a word of six
 * letters or more with the same beginning.  SIZE_MAX: another word. */
size_t nearest_slips(const char *word, size_t len, const char *meant);

#endif
