/* SPDX-License-Identifier: MIT
 *
 * System calls that the C library would answer itself or make differently, with the
 * kernel's time layouts: where `long` has 32 bits, the library's struct timespec and
 * timeval are not those of its older calls.
 */
#ifndef IO_SYS_BARE_CALL_H
#define IO_SYS_BARE_CALL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "core/base/base.h"

/* The kernel's own clock, never the page that the vDSO reads.  0 or -errno. */
MUST_USE int bare_clock_gettime(clockid_t clock, struct timespec *ret);

/* Rounds down to a microsecond.  0 or -errno; -EOVERFLOW where the call has 32 bits for a
 * time that needs more (from 2038 on), -ENOSYS where the machine has no such call. */
MUST_USE int bare_settimeofday(const struct timespec *to);

/* socket(2), setsockopt(2), getsockopt(2) and sendmsg(2) as direct calls, whose arguments a filter can
 * see (io/sys/filter_private.h): on a machine with socketcall() the C library uses that
 * one.  Like the library's: a result, or -1 and errno. */
MUST_USE int bare_socket(int family, int type, int protocol);
int bare_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int bare_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
MUST_USE ssize_t bare_sendmsg(int fd, const struct msghdr *message, int flags);
/* Whether the kernel has them: machines with socketcall() got them in Linux 4.3. */
bool bare_socket_is_direct(void);

#endif
