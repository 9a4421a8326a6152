/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the sandbox and by landlock.c.
 */
#ifndef IO_SYS_SANDBOX_PRIVATE_H
#define IO_SYS_SANDBOX_PRIVATE_H

#include "io/sys/filter_private.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_POSSIBLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_IS_POSSIBLE 0
#endif
#endif
#ifndef SANDBOX_IS_POSSIBLE
#define SANDBOX_IS_POSSIBLE 1
#endif

/* sandbox_resolve.c: the deny list of SANDBOX_RESOLVE. */
void sandbox_deny(struct filter *filter);

#endif
