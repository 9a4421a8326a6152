/* SPDX-License-Identifier: MIT
 *
 * The anchor's two files: opening, reading, writing.
 */
#include "io/store/anchor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/state_dir.h"

#define STATE_NAME "anchor"
#define RUN_NAME "reqtime.anchor"
enum { ANCHOR_MODE = 0644, ANCHOR_SIZE_MAX = 65536 };

static int open_in(const char *dir, const char *name)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct stat st;
	int dir_fd, fd;

	dir_fd = dir ? state_dir_open_of(dir, false, &uid, &gid) : -1;
	if (dir_fd < 0) {
		return -1;
	}
	fd = state_dir_open_file_as(dir_fd, name, O_RDWR | O_CREAT, ANCHOR_MODE,
	                            ANCHOR_SIZE_MAX, uid, gid);
	if (fd < 0) {
		fd = state_dir_open_file(dir_fd, name, O_RDONLY, 0, ANCHOR_SIZE_MAX);
	}
	/* Readable whatever the umask is: `query` must decide as `set` does. */
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) != ANCHOR_MODE) {
		(void)fchmod(fd, ANCHOR_MODE);
	}
	close(dir_fd);
	return fd < 0 ? -1 : fd;
}

void anchor_file_open(const char *state_dir, const char *run_dir, struct anchor_file *ret)
{
	ret->fds[0] = open_in(state_dir, STATE_NAME);
	ret->fds[1] = open_in(run_dir, RUN_NAME);
}

void anchor_file_read(const struct anchor_file *file, const char *boot_id,
                      struct instant release, struct anchor *ret)
{
	uint8_t octets[ANCHOR_OCTETS + 1];
	struct anchor anchor;
	bool has_one = false;

	anchor_init(ret);
	for (size_t i = 0; i < COUNT_OF(file->fds); i++) {
		ssize_t len = file->fds[i] < 0
		                      ? -1
		                      : pread(file->fds[i], octets, sizeof(octets), 0);

		if (len > 0 && anchor_unpack(octets, (size_t)len, release, &anchor) &&
		    (!has_one || anchor_is_newer(&anchor, ret, boot_id))) {
			*ret = anchor;
			has_one = true;
		}
	}
}

bool anchor_file_write(const struct anchor_file *file, const struct anchor *anchor)
{
	uint8_t octets[ANCHOR_OCTETS];

	anchor_pack(anchor, octets);
	for (size_t i = 0; i < COUNT_OF(file->fds); i++) {
		if (file->fds[i] >= 0 && pwrite(file->fds[i], octets, sizeof(octets), 0) ==
		                                 (ssize_t)sizeof(octets)) {
			return true;
		}
	}
	return false;
}

void anchor_file_close(struct anchor_file *file)
{
	for (size_t i = 0; i < COUNT_OF(file->fds); i++) {
		if (file->fds[i] >= 0) {
			close(file->fds[i]);
		}
		file->fds[i] = -1;
	}
}

static int look_in(const char *dir, const char *name)
{
	int dir_fd = dir ? state_dir_look(dir) : -1;
	int fd;

	if (dir_fd < 0) {
		return -1;
	}
	fd = state_dir_look_file(dir_fd, name, ANCHOR_SIZE_MAX);
	close(dir_fd);
	return fd < 0 ? -1 : fd;
}

void anchor_file_look(const char *state_dir, const char *run_dir, const char *boot_id,
                      struct instant release, struct anchor *ret)
{
	struct anchor_file file = { .fds = { look_in(state_dir, STATE_NAME),
		                             look_in(run_dir, RUN_NAME) } };

	anchor_file_read(&file, boot_id, release, ret);
	anchor_file_close(&file);
}
