/* SPDX-License-Identifier: MIT
 *
 * A page that other programs read: opened or made, and mapped.
 */
#include "io/store/page_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/state_dir.h"
#include "io/sys/priv.h"

/* The pages of this process.  A child drops them as it begins to run: MADV_DONTFORK would do,
 * but the kernel of user-mode Linux 6.1 leaves such a page under the next mapping at its address. */
static struct {
	void *page; /* NULL: free */
	bool is_shared;
} pages[PAGE_FILE_OPEN_MAX];

static void drop_in_child(void)
{
	for (size_t i = 0; i < PAGE_FILE_OPEN_MAX; i++) {
		if (pages[i].page && !pages[i].is_shared) {
			page_file_close(pages[i].page);
		}
	}
}

/* -ENOMEM: no place is left. */
static int note(void *page)
{
	static bool has_handler;

	if (!has_handler && pthread_atfork(NULL, NULL, drop_in_child) != 0) {
		return -ENOMEM;
	}
	has_handler = true;
	for (size_t i = 0; i < PAGE_FILE_OPEN_MAX; i++) {
		if (!pages[i].page) {
			pages[i].page = page;
			pages[i].is_shared = false;
			return 0;
		}
	}
	return -ENOMEM;
}

struct place {
	int dir;
	uid_t uid; /* the directory's user */
	gid_t gid;
	const char *name;
};

static int place_open(const char *path, bool may_create_dir, struct place *ret)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";

	ret->name = slash ? slash + 1 : path;
	ret->uid = geteuid();
	ret->gid = getegid();
	if (ret->name[0] == '\0') {
		return -EISDIR;
	}
	if (slash) {
		const size_t len = slash == path ? 1 : (size_t)(slash - path);

		if (len >= sizeof(dir)) {
			return -ENAMETOOLONG;
		}
		memcpy(dir, path, len);
		dir[len] = '\0';
	}
	ret->dir = state_dir_open_of(dir, may_create_dir, &ret->uid, &ret->gid);
	return ret->dir < 0 ? ret->dir : 0;
}

static int map(int fd, void **ret)
{
	void *page =
		mmap(NULL, PAGE_FILE_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		return -errno;
	}
	*ret = page;
	return note(page);
}

/* Whether a file may be replaced: -ENOENT if so.  Never one of another program, which was
 * named by mistake. */
static int look(const struct place *place, const struct page_file_format *format)
{
	uint8_t page[PAGE_FILE_OCTETS];
	const int fd = state_dir_look_file(place->dir, place->name, PAGE_FILE_OCTETS);
	ssize_t len;

	if (fd < 0) {
		return fd == -EFBIG ? -EMEDIUMTYPE : fd;
	}
	len = pread(fd, page, sizeof(page), 0);
	close(fd);
	if (len < 0) {
		return -EIO;
	}
	return len == 0 || (len == sizeof(page) && format->is_usable(page)) ? -ENOENT
	                                                                    : -EMEDIUMTYPE;
}

/* -ENOENT: no file that can be written in place. */
static int open_present(const struct place *place, const struct page_file_format *format,
                        void **ret)
{
	struct stat st;
	int r, fd = state_dir_open_file_as(place->dir, place->name, O_RDWR, 0,
	                                   PAGE_FILE_OCTETS, place->uid, place->gid);

	if (fd == -EPERM || fd == -EACCES || fd == -EFBIG) {
		return look(place, format);
	}
	if (fd < 0) {
		return fd;
	}
	r = fstat(fd, &st) < 0              ? -errno
	    : st.st_size < PAGE_FILE_OCTETS ? look(place, format)
	                                    : map(fd, ret);
	close(fd);
	if (r == 0 && !format->is_usable(*ret)) {
		page_file_close(*ret);
		return -EMEDIUMTYPE;
	}
	return r;
}

/* As the directory's user. */
static int make_here(const struct place *place, const char *temporary,
                     const struct page_file_format *format, void **ret)
{
	int r, fd;

	(void)unlinkat(place->dir, temporary, 0); /* of a killed process with this id */
	fd = state_dir_open_file(place->dir, temporary, O_RDWR | O_CREAT | O_EXCL, 0644,
	                         PAGE_FILE_OCTETS);
	if (fd < 0) {
		return fd;
	}
	r = fchmod(fd, 0644) < 0 || ftruncate(fd, PAGE_FILE_OCTETS) < 0 ? -errno
	                                                                : map(fd, ret);
	close(fd);
	if (r == 0) {
		memcpy(*ret, format->initial, format->size);
		if (renameat(place->dir, temporary, place->dir, place->name) == 0) {
			return 0;
		}
		r = -errno;
		page_file_close(*ret);
	}
	(void)unlinkat(place->dir, temporary, 0);
	return r;
}

static int make(const struct place *place, const struct page_file_format *format,
                void **ret)
{
	char temporary[NAME_MAX + 1];
	const int len = snprintf(temporary, sizeof(temporary), "%s.%ld", place->name,
	                         (long)getpid());
	const bool is_other = place->uid != geteuid();
	int r = 0;

	if (len < 0 || (size_t)len >= sizeof(temporary)) {
		return -ENAMETOOLONG;
	}
	if (is_other) {
		r = priv_act_as(place->uid, place->gid);
	}
	if (r == 0) {
		r = make_here(place, temporary, format, ret);
	}
	if (is_other) {
		priv_act_as_self();
	}
	return r;
}

int page_file_open(const char *path, bool may_create_dir,
                   const struct page_file_format *format, void **ret)
{
	struct place place;
	int r = place_open(path, may_create_dir, &place);

	if (r < 0) {
		return r;
	}
	r = open_present(&place, format, ret);
	if (r == -ENOENT) {
		r = make(&place, format, ret);
	}
	close(place.dir);
	return r;
}

void page_file_share(void *page, bool is_shared)
{
	for (size_t i = 0; i < PAGE_FILE_OPEN_MAX; i++) {
		if (pages[i].page == page) {
			pages[i].is_shared = is_shared;
		}
	}
}

void page_file_close(void *page)
{
	for (size_t i = 0; i < PAGE_FILE_OPEN_MAX; i++) {
		if (page && pages[i].page == page) {
			munmap(page, PAGE_FILE_OCTETS);
			pages[i].page = NULL;
		}
	}
}
