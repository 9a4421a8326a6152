/* SPDX-License-Identifier: MIT
 *
 * Takes and writes the file of keys.
 */
#include "io/store/keys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/siphash.h"
#include "io/store/file_replace.h"
#include "io/store/state_dir.h"

enum { MAGIC = 0x5271b002, BOOT_ID_OCTETS = 40, VERSION_OCTETS = 24 };

struct head {
	uint32_t magic;
	uint32_t item_octets;
	uint32_t count;
	uint32_t unused;
	/* Another file with this content is a copy, whose cookies the original has as
	 * well. */
	uint64_t inode;
	char boot_id[BOOT_ID_OCTETS];
	char version[VERSION_OCTETS]; /* another may store them in another way */
	uint64_t checksum;            /* of the items */
};

#define FILE_SIZE_MAX                                                                      \
	((off_t)(sizeof(struct head) + NTS_STORED_MAX * sizeof(struct nts_stored)))

/* Against torn writes and bad disks, not against an attacker: not secret. */
static const struct siphash_key checksum_key = { UINT64_C(0x72657174696d6520),
	                                         UINT64_C(0x6e74732e6b657973) };

static bool read_whole(int fd, void *ret, size_t len)
{
	ssize_t got;

	do {
		got = read(fd, ret, len);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)len;
}

/* A disk that is nearly full takes a part, and then none. */
static int write_whole(int fd, const void *from, size_t len)
{
	const uint8_t *next = from;

	while (len > 0) {
		const ssize_t put = write(fd, next, len);

		if (put == 0 || (put < 0 && errno != EINTR)) {
			return put < 0 ? -errno : -EIO;
		}
		next += put > 0 ? put : 0;
		len -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static void head_init(const char *boot_id, uint64_t inode, size_t count, struct head *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->magic = MAGIC;
	ret->item_octets = sizeof(struct nts_stored);
	ret->count = (uint32_t)count;
	ret->inode = inode;
	memcpy(ret->boot_id, boot_id, strnlen(boot_id, sizeof(ret->boot_id) - 1));
	snprintf(ret->version, sizeof(ret->version), "%s", REQTIME_VERSION);
}

static uint64_t checksum_of(const struct nts_stored *items, size_t count)
{
	return siphash(checksum_key, (const uint8_t *)items, count * sizeof(*items));
}

/* Removes the file from its name.  Only the run that holds the lock on a file that still
 * has its name may use it: another one may have opened it before it was removed. */
static int claim(int dir_fd, int fd, uint64_t *ret_inode)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;

	if (fcntl(fd, F_SETLK, &whole) < 0) {
		return errno == EACCES || errno == EAGAIN ? -ENOENT : -errno;
	}
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (st.st_nlink == 0) {
		return -ENOENT;
	}
	if ((st.st_mode & 077) != 0) {
		return -EKEYREVOKED;
	}
	*ret_inode = st.st_ino;
	return unlinkat(dir_fd, KEYS_FILE, 0) < 0 ? -errno : 0;
}

static int read_items(int fd, const char *boot_id, uint64_t inode, int64_t now_ns,
                      struct nts_store *ret)
{
	struct head head, want;
	size_t kept = 0;

	if (!read_whole(fd, &head, sizeof(head)) || head.magic != MAGIC ||
	    head.count > NTS_STORED_MAX) {
		return -EUCLEAN;
	}
	head_init(boot_id, inode, head.count, &want);
	if (memcmp(head.version, want.version, sizeof(head.version)) != 0) {
		return 0;
	}
	if (head.item_octets != want.item_octets ||
	    !read_whole(fd, ret->items, head.count * sizeof(*ret->items)) ||
	    head.checksum != checksum_of(ret->items, head.count)) {
		return -EUCLEAN;
	}
	if (boot_id[0] == '\0' ||
	    memcmp(&head, &want, offsetof(struct head, checksum)) != 0) {
		return 0;
	}
	for (size_t i = 0; i < head.count; i++) {
		if (nts_stored_is_valid(&ret->items[i], now_ns) &&
		    nts_stored_is_fresh(&ret->items[i], now_ns)) {
			ret->items[kept++] = ret->items[i];
		}
	}
	ret->count = kept;
	return 0;
}

int keys_file_take(int dir_fd, const char *boot_id, int64_t now_ns, struct nts_store *ret)
{
	int fd = state_dir_open_file(dir_fd, KEYS_FILE, O_RDWR, 0, FILE_SIZE_MAX);
	uint64_t inode = 0;
	int r;

	ret->count = 0;
	if (fd < 0) {
		return fd == -ENOENT ? 0 : fd;
	}
	r = claim(dir_fd, fd, &inode);
	if (r == 0) {
		r = read_items(fd, boot_id, inode, now_ns, ret);
	}
	close(fd);
	return r == -ENOENT ? 0 : r;
}

static int write_all(int fd, const char *boot_id, const struct nts_store *store)
{
	struct head head;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	head_init(boot_id, st.st_ino, store->count, &head);
	head.checksum = checksum_of(store->items, store->count);
	r = write_whole(fd, &head, sizeof(head));
	return r < 0 ? r
	             : write_whole(fd, store->items, store->count * sizeof(*store->items));
}

int keys_file_put(const char *boot_id, const struct nts_store *store)
{
	struct file_replace file;
	int ended, r;

	if (boot_id[0] == '\0' || store->count == 0) {
		return 0;
	}
	/* From the start: a process that has it open could read it later, whatever its mode
	 * is by then. */
	r = file_replace_begin_as(KEYS_FILE, 0600, &file);
	if (r < 0) {
		return r;
	}
	r = write_all(file.fd, boot_id, store);
	ended = file_replace_end(&file, r == 0, false);
	return r < 0 ? r : ended;
}
