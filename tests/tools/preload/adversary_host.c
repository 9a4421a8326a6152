/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: preloaded, it makes a call of the C library fail as on a failing
 * host.  (strace could, but an injected error looks like a forbidden system call to the
 * sandbox.)
 *
 *   FAIL_CALL   malloc (and its kin), poll, recvmsg, send, getrandom, socket, bind, connect
 *   FAIL_ERROR  the errno, as a number
 *   FAIL_AT     the call that fails first: 1, 2, ...
 *   FAIL_EVERY  0: no other; else every so many calls after it
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static const char *failing_call = "";
static int error;
static long left, every;

static int (*real_poll)(struct pollfd *polls, nfds_t count, int timeout);
static ssize_t (*real_recvmsg)(int fd, struct msghdr *msg, int flags);
static ssize_t (*real_send)(int fd, const void *buf, size_t len, int flags);
static ssize_t (*real_getrandom)(void *buf, size_t len, unsigned flags);
static int (*real_socket)(int family, int type, int protocol);
static int (*real_bind)(int fd, const struct sockaddr *name, socklen_t len);
static int (*real_connect)(int fd, const struct sockaddr *name, socklen_t len);

static long number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

/* Before main(): later the sandbox might not allow the library to be searched. */
__attribute__((constructor)) static void begin(void)
{
	const char *call = getenv("FAIL_CALL");

	*(void **)&real_poll = dlsym(RTLD_NEXT, "poll");
	*(void **)&real_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
	*(void **)&real_send = dlsym(RTLD_NEXT, "send");
	*(void **)&real_getrandom = dlsym(RTLD_NEXT, "getrandom");
	*(void **)&real_socket = dlsym(RTLD_NEXT, "socket");
	*(void **)&real_bind = dlsym(RTLD_NEXT, "bind");
	*(void **)&real_connect = dlsym(RTLD_NEXT, "connect");
	error = (int)number("FAIL_ERROR");
	left = number("FAIL_AT");
	every = number("FAIL_EVERY");
	failing_call = call ? call : "";
}

static bool fails(const char *call)
{
	if (left <= 0 || strcmp(call, failing_call) != 0 || --left > 0) {
		return false;
	}
	left = every;
	errno = error;
	return true;
}

void *malloc(size_t size)
{
	return fails("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails("malloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails("malloc") ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t octets;

	if (__builtin_mul_overflow(count, size, &octets)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, octets);
}

int poll(struct pollfd *polls, nfds_t count, int timeout)
{
	return fails("poll") ? -1 : real_poll(polls, count, timeout);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	return fails("recvmsg") ? -1 : real_recvmsg(fd, msg, flags);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return fails("send") ? -1 : real_send(fd, buf, len, flags);
}

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
	return fails("getrandom") ? -1 : real_getrandom(buf, len, flags);
}

int socket(int family, int type, int protocol)
{
	return fails("socket") ? -1 : real_socket(family, type, protocol);
}

int bind(int fd, const struct sockaddr *name, socklen_t len)
{
	return fails("bind") ? -1 : real_bind(fd, name, len);
}

int connect(int fd, const struct sockaddr *name, socklen_t len)
{
	return fails("connect") ? -1 : real_connect(fd, name, len);
}
