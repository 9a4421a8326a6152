/* SPDX-License-Identifier: MIT */
#include "io/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/state_dir.h"
#include "io/sys/priv.h"

/* Whoever may open the file may hold the lock for ever: no other user may, not even
 * for reading. */
enum { LOCK_MODE = 0600 };

/* No more than the note is ever read from it. */
#define LOCK_SIZE_MAX INT64_MAX

static int lock_open(int dir_fd, const char *name)
{
	struct stat st;
	int fd;

	fd = state_dir_open_file(dir_fd, name, O_RDWR | O_CREAT, LOCK_MODE, LOCK_SIZE_MAX);
	/* Left from a time when the file system could be written to. */
	if (fd == -EROFS) {
		fd = state_dir_open_file(dir_fd, name, O_RDONLY, 0, LOCK_SIZE_MAX);
	}
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) != LOCK_MODE) {
		(void)fchmod(fd, LOCK_MODE);
	}
	return fd;
}

/* As the owner of the directory, so that the file is his: his own runs take it, too. */
static int lock_open_as(int dir_fd, const char *name, uid_t uid, gid_t gid)
{
	int fd, r;

	if (uid == geteuid()) {
		return lock_open(dir_fd, name);
	}
	r = priv_act_as(uid, gid);
	if (r < 0) {
		return r;
	}
	fd = lock_open(dir_fd, name);
	priv_act_as_self();
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
	fd = lock_open_as(dir_fd, name, uid, gid);
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

int lock_take(const char *state_dir, const char *run_dir, struct lock *ret)
{
	struct lock lock = { .fds = { -1, -1 } };

	lock.fds[0] = lock_one(state_dir, true, "lock");
	if (lock.fds[0] != -EWOULDBLOCK && run_dir) {
		lock.fds[1] = lock_one(run_dir, false, "reqtime.lock");
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

/* Sixteen octets that say what they are, and are worth nothing when cut short. */
struct note {
	uint64_t magic;
	int64_t value;
};
#define NOTE_MAGIC UINT64_C(0x65746f6e65746f6e)

void lock_note(const struct lock *lock, int64_t value)
{
	const struct note note = { .magic = NOTE_MAGIC, .value = value };

	for (size_t i = 0; i < COUNT_OF(lock->fds); i++) {
		ssize_t len =
			lock->fds[i] < 0 ? 0 : pwrite(lock->fds[i], &note, sizeof(note), 0);

		(void)len; /* a full or read-only disk; the other file may do */
	}
}

bool lock_noted(const struct lock *lock, int64_t *ret)
{
	struct note note;

	/* The one in /run first: it does not outlive the boot, as the frequency does not. */
	for (size_t i = COUNT_OF(lock->fds); i > 0; i--) {
		if (lock->fds[i - 1] >= 0 &&
		    pread(lock->fds[i - 1], &note, sizeof(note), 0) ==
		            (ssize_t)sizeof(note) &&
		    note.magic == NOTE_MAGIC) {
			*ret = note.value;
			return true;
		}
	}
	return false;
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
