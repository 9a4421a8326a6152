/* SPDX-License-Identifier: MIT
 *
 * Basics for all modules: a few macros and the units of a second.
 */
#ifndef CORE_BASE_BASE_H
#define CORE_BASE_BASE_H

#include <stddef.h>
#include <stdint.h>

/* The program must work beyond 2038. */
_Static_assert(sizeof(intmax_t) >= 8, "64-bit integers are needed");

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at)                                                   \
	__attribute__((format(printf, format_at, first_at)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)

#endif
