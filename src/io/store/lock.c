/* SPDX-License-Identifier: MIT
 *
 * The locks of runs: flock() on files.
 */
#include "io/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/state_dir.h"

/* A user who can open the file can hold the lock without end: no other user may, not even
 * for reading. */
enum { LOCK_MODE = 0600 };
/* The file is never read. */
#define LOCK_SIZE_MAX INT64_MAX

/* As the owner of the directory, so that the file belongs to that user, whose own runs take
 * the lock too. */
static int lock_open(int dir_fd, const char *name, uid_t uid, gid_t gid)
{
	struct stat st;
	int fd = state_dir_open_file_as(dir_fd, name, O_RDWR | O_CREAT, LOCK_MODE,
	                                LOCK_SIZE_MAX, uid, gid);

	/* The file may exist from before the file system became read-only. */
	if (fd == -EROFS) {
		fd = state_dir_open_file_as(dir_fd, name, O_RDONLY, 0, LOCK_SIZE_MAX, uid,
		                            gid);
	}
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) != LOCK_MODE) {
		(void)fchmod(fd, LOCK_MODE);
	}
	return fd;
}

/* Returns a descriptor or -errno. */
static int lock_one(const char *dir, bool may_create, const char *name)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int dir_fd, fd, r;

	dir_fd = state_dir_open_of(dir, may_create, &uid, &gid);
	if (dir_fd < 0) {
		return dir_fd;
	}
	fd = lock_open(dir_fd, name, uid, gid);
	close(dir_fd);
	if (fd < 0) {
		return fd;
	}
	do {
		r = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
	} while (r == -EINTR);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int lock_take(enum lock_purpose purpose, const char *state_dir, const char *run_dir,
              struct lock *ret)
{
	static const struct {
		const char *in_state_dir, *in_run_dir;
	} names[LOCK_PURPOSE_COUNT] = {
		[LOCK_RUN] = { "lock", "reqtime.lock" },
		[LOCK_CONFIRM] = { "confirm", "reqtime.confirm" },
	};
	struct lock lock = { .fds = { -1, -1 } };

	lock.fds[0] = lock_one(state_dir, true, names[purpose].in_state_dir);
	if (lock.fds[0] != -EWOULDBLOCK && run_dir) {
		lock.fds[1] = lock_one(run_dir, false, names[purpose].in_run_dir);
	}
	if (lock.fds[0] == -EWOULDBLOCK || lock.fds[1] == -EWOULDBLOCK) {
		lock_forget(&lock);
		return -EWOULDBLOCK;
	}
	if (lock.fds[0] < 0 && lock.fds[1] < 0) {
		return lock.fds[0];
	}
	*ret = lock;
	return 0;
}

void lock_forget(struct lock *lock)
{
	for (size_t i = 0; i < COUNT_OF(lock->fds); i++) {
		if (lock->fds[i] >= 0) {
			close(lock->fds[i]);
		}
		lock->fds[i] = -1;
	}
}

void lock_release(struct lock *lock)
{
	for (size_t i = 0; i < COUNT_OF(lock->fds); i++) {
		if (lock->fds[i] >= 0) {
			(void)flock(lock->fds[i], LOCK_UN);
		}
	}
	lock_forget(lock);
}
