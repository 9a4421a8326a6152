/* SPDX-License-Identifier: MIT
 *
 * System calls made directly; the layouts are those of linux/time_types.h.
 *
 * musl has other names for the numbers of the 32-bit time calls.
 */
#include "io/sys/bare_call.h"

#include <errno.h>
#include <linux/time_types.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(SYS_settimeofday) && defined(SYS_settimeofday_time32)
#define SYS_settimeofday SYS_settimeofday_time32
#endif
#if !defined(SYS_clock_gettime) && defined(SYS_clock_gettime32)
#define SYS_clock_gettime SYS_clock_gettime32
#endif

#ifdef SYS_clock_gettime
/* Seconds have the width of `long`. */
static int gettime_of_long(clockid_t clock, struct timespec *ret)
{
	struct {
		__kernel_long_t tv_sec;
		__kernel_long_t tv_nsec;
	} at;

	if (syscall(SYS_clock_gettime, (long)clock, &at) < 0) {
		return -errno;
	}
	*ret = (struct timespec){ .tv_sec = at.tv_sec, .tv_nsec = at.tv_nsec };
	return 0;
}
#endif

int bare_clock_gettime(clockid_t clock, struct timespec *ret)
{
#ifdef SYS_clock_gettime64
	struct __kernel_timespec at;

	if (syscall(SYS_clock_gettime64, (long)clock, &at) == 0) {
		*ret = (struct timespec){ .tv_sec = at.tv_sec,
			                  .tv_nsec = (long)at.tv_nsec };
		return 0;
	}
	if (errno != ENOSYS) { /* before Linux 5.1 */
		return -errno;
	}
#endif
#ifdef SYS_clock_gettime
	return gettime_of_long(clock, ret);
#else
	return -ENOSYS;
#endif
}

int bare_settimeofday(const struct timespec *to)
{
#ifdef SYS_settimeofday
	struct {
		__kernel_long_t tv_sec;
		__kernel_long_t tv_usec;
	} tv;

	tv.tv_sec = (__kernel_long_t)to->tv_sec;
	tv.tv_usec = (__kernel_long_t)(to->tv_nsec / 1000);
	if (tv.tv_sec != to->tv_sec) {
		return -EOVERFLOW;
	}
	return syscall(SYS_settimeofday, &tv, NULL) < 0 ? -errno : 0;
#else
	(void)to;
	return -ENOSYS;
#endif
}

/* Without socketcall() the library's calls are direct already. */
#if defined(SYS_socketcall) && defined(SYS_socket)
bool bare_socket_is_direct(void)
{
	return syscall(SYS_socket, -1L, 0L, 0L) >= 0 || errno != ENOSYS;
}

int bare_socket(int family, int type, int protocol)
{
	long r = syscall(SYS_socket, (long)family, (long)type, (long)protocol);

	return r < 0 && errno == ENOSYS ? socket(family, type, protocol) : (int)r;
}

int bare_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	long r = syscall(SYS_setsockopt, (long)fd, (long)level, (long)name, value,
	                 (long)len);

	return r < 0 && errno == ENOSYS ? setsockopt(fd, level, name, value, len) : (int)r;
}

int bare_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	long r = syscall(SYS_getsockopt, (long)fd, (long)level, (long)name, value, len);

	return r < 0 && errno == ENOSYS ? getsockopt(fd, level, name, value, len) : (int)r;
}

ssize_t bare_sendmsg(int fd, const struct msghdr *message, int flags)
{
	long r = syscall(SYS_sendmsg, (long)fd, message, (long)flags);

	return r < 0 && errno == ENOSYS ? sendmsg(fd, message, flags) : (ssize_t)r;
}
#else
bool bare_socket_is_direct(void)
{
#ifdef SYS_socketcall
	return false;
#else
	return true;
#endif
}

int bare_socket(int family, int type, int protocol)
{
	return socket(family, type, protocol);
}

int bare_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, level, name, value, len);
}

int bare_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return getsockopt(fd, level, name, value, len);
}

ssize_t bare_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return sendmsg(fd, message, flags);
}
#endif
