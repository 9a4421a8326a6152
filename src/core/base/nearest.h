/* SPDX-License-Identifier: MIT
 *
 * Whether a word is another one with a slip of the finger in it.
 */
#ifndef CORE_BASE_NEAREST_H
#define CORE_BASE_NEAREST_H

#include <stdbool.h>

#include "core/base/base.h"

/* Longer words are like nothing. */
enum { NEAREST_LETTERS_MAX = 32 };

/* Letters to insert, delete, replace or swap with their neighbour until the first `a_len` octets of
 * `a` are the first `b_len` of `b`, whatever their case (optimal string alignment).  SIZE_MAX where
 * one of them is longer than NEAREST_LETTERS_MAX. */
size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* How far the first `len` octets of `word` are from `meant`: 0 is the same but for case, 1 a
 * beginning of it of three letters or more or one slip, 2 two slips in a word of six letters or more
 * that begins alike.  SIZE_MAX: it is another word. */
size_t nearest_slips(const char *word, size_t len, const char *meant);

#endif
