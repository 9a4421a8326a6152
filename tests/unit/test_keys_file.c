/* SPDX-License-Identifier: MIT
 *
 * The file of keys: taken once, by one run, of this boot, and not readable by others.  Rows NS
 * of tests/faults.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/store/keys_file.h"
#include "io/store/state_dir.h"
#include "scratch.h"

#define NOW (INT64_C(30) * 86400 * NS_PER_S)
#define BOOT "0f7d1f6e-53a5-4dd5-9a53-6cf2a62e5b4d"

static struct nts_stored items[NTS_STORED_MAX];
static struct nts_store taken = { .items = items };
static int dir_fd = -1;

static int set_up(void **state)
{
	(void)state;
	umask(0); /* the mode of a file is its own */
	if (!scratch_enter()) {
		return -1;
	}
	dir_fd = state_dir_open(".", false);
	if (dir_fd < 0 && chmod(".", 0755) == 0) {
		dir_fd = state_dir_open(".", false);
	}
	memset(items, 0, sizeof(items));
	taken.count = 0;
	return dir_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(dir_fd);
	return scratch_leave();
}

static struct nts_stored a_stored(unsigned number)
{
	struct nts_stored stored = { .obtained_ns = NOW - NS_PER_S,
		                     .keys = { .aead = NTS_AEAD_SIV_CMAC_256 },
		                     .window = { 1700000000, 1800000000 },
		                     .subject = "CN=time.example" };

	snprintf(stored.host, sizeof(stored.host), "time%u.example", number);
	assert_true(address_parse("192.0.2.1", &stored.key_address));
	stored.key_address.port = 4460;
	stored.address = stored.key_address;
	for (unsigned i = 0; i < NTS_COOKIES_MAX; i++) {
		struct nts_cookie cookie = { .len = 100 };

		memcpy(cookie.octets, &number, sizeof(number));
		cookie.octets[sizeof(number)] = (uint8_t)i;
		nts_cookies_add(&stored.cookies, &cookie);
	}
	return stored;
}

/* Items `from`..`from + count - 1`. */
static int put_of(const char *boot_id, unsigned from, size_t count)
{
	struct nts_store store = { .items = calloc(count + 1, sizeof(*store.items)),
		                   .count = count };
	int r;

	assert_non_null(store.items);
	for (unsigned i = 0; i < count; i++) {
		store.items[i] = a_stored(from + i);
	}
	r = keys_file_put(boot_id, &store);
	free(store.items);
	return r;
}

static void put(size_t count)
{
	assert_int_equal(put_of(BOOT, 0, count), 0);
}

static int take(void)
{
	return keys_file_take(dir_fd, BOOT, NOW, &taken);
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* Names in the folder. */
static unsigned names(void)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		count += entry->d_name[0] != '.';
	}
	closedir(dir);
	return count;
}

/* ---- its purpose ---- */

static void from_run_to_run(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 0);
	put(3);
	assert_int_equal(stat(KEYS_FILE, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct nts_stored want = a_stored(i);

		assert_memory_equal(&items[i], &want, sizeof(want));
	}
	/* Once. */
	assert_int_equal(names(), 0);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 0);
}

static void full(void **state)
{
	(void)state;
	put(NTS_STORED_MAX);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, NTS_STORED_MAX);
	assert_string_equal(items[NTS_STORED_MAX - 1].host, "time63.example");
}

static void without_items_no_file(void **state)
{
	(void)state;
	put(0);
	assert_int_equal(names(), 0);
	/* And that of another run stays. */
	put(2);
	put(0);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 2);
}

static void the_later_run_replaces(void **state)
{
	(void)state;
	put(5);
	assert_int_equal(put_of(BOOT, 70, 1), 0);
	assert_int_equal(names(), 1);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 1);
	assert_string_equal(items[0].host, "time70.example");
}

/* ---- whose keys they are ---- */

static void of_another_boot(void **state)
{
	(void)state;
	assert_int_equal(put_of("11111111-53a5-4dd5-9a53-6cf2a62e5b4d", 0, 2), 0);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 0);
	assert_int_equal(names(), 0); /* nor by a later run */
	/* A boot without an id has no keys. */
	assert_int_equal(put_of("", 0, 2), 0);
	assert_int_equal(names(), 0);
	put(2);
	assert_int_equal(keys_file_take(dir_fd, "", NOW, &taken), 0);
	assert_int_equal(taken.count, 0);
	assert_int_equal(names(), 0);
	/* The start of an id is not the id. */
	assert_int_equal(put_of("0f7d1f6e", 0, 2), 0);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 0);
}

static void from_the_future(void **state)
{
	(void)state;
	put(2);
	assert_int_equal(keys_file_take(dir_fd, BOOT, NOW - 2 * NS_PER_S, &taken), 0);
	assert_int_equal(taken.count, 0);
	assert_int_equal(names(), 0);
}

static void older_than_a_day(void **state)
{
	(void)state;
	put(2);
	assert_int_equal(keys_file_take(dir_fd, BOOT, NOW + NTS_STORED_AGE_NS, &taken), 0);
	assert_int_equal(taken.count, 0);
}

static void copy(const char *from, const char *to)
{
	static char octets[400000];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t len = read(in, octets, sizeof(octets));

	assert_true(len > 0);
	assert_int_equal(write(out, octets, (size_t)len), len);
	close(in);
	close(out);
}

/* Such as one from a backup: its cookies have been sent. */
static void a_copy(void **state)
{
	(void)state;
	put(2);
	copy(KEYS_FILE, "copy");
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 2);
	put(1); /* so that the inode is in use */
	assert_int_equal(rename("copy", KEYS_FILE), 0);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 0);
	assert_int_equal(names(), 0);
}

/* ---- damage ---- */

static void change(off_t at, uint8_t by)
{
	int fd = open(KEYS_FILE, O_RDWR);
	uint8_t octet;

	assert_int_equal(pread(fd, &octet, 1, at), 1);
	octet ^= by;
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	close(fd);
}

static off_t size_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return st.st_size;
}

static void each_octet_changed(void **state)
{
	const struct nts_stored want = a_stored(0);
	off_t size;

	(void)state;
	put(1);
	size = size_of(KEYS_FILE);
	for (off_t at = 0; at < size; at++) {
		int r;

		put(1);
		change(at, (uint8_t)(1U << (at % 8)));
		r = take();
		assert_true(r == 0 || r == -EUCLEAN);
		assert_int_equal(taken.count, 0);
		assert_false(is_there(KEYS_FILE));
	}
	put(1);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 1);
	assert_memory_equal(&items[0], &want, sizeof(want));
}

static void cut_at_each_length(void **state)
{
	off_t size;

	(void)state;
	put(1);
	size = size_of(KEYS_FILE);
	for (off_t len = 0; len < size; len += len < 200 ? 1 : 97) {
		put(1);
		assert_int_equal(truncate(KEYS_FILE, len), 0);
		assert_int_equal(take(), -EUCLEAN);
		assert_int_equal(taken.count, 0);
		assert_false(is_there(KEYS_FILE));
	}
}

static void too_large(void **state)
{
	(void)state;
	put(1);
	assert_int_equal(truncate(KEYS_FILE, INT64_C(1) << 40), 0);
	assert_int_equal(take(), -EFBIG);
	assert_int_equal(taken.count, 0);
	put(1); /* and the next run has its own again */
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 1);
}

/* ---- what is no file of ours ---- */

static void make_link(void)
{
	put(1);
	assert_int_equal(rename(KEYS_FILE, "other"), 0);
	assert_int_equal(symlink("other", KEYS_FILE), 0);
}
static void make_dangling_link(void)
{
	assert_int_equal(symlink("nowhere", KEYS_FILE), 0);
}
static void make_fifo(void)
{
	assert_int_equal(mkfifo(KEYS_FILE, 0600), 0);
}
static void make_folder(void)
{
	assert_int_equal(mkdir(KEYS_FILE, 0700), 0);
}
static void make_readable(void)
{
	put(1);
	assert_int_equal(chmod(KEYS_FILE, 0644), 0);
}
static void make_readable_by_group(void)
{
	put(1);
	assert_int_equal(chmod(KEYS_FILE, 0640), 0);
}
static void make_writable(void)
{
	put(1);
	assert_int_equal(chmod(KEYS_FILE, 0602), 0);
}
static void make_second_name(void)
{
	put(1);
	assert_int_equal(link(KEYS_FILE, "other"), 0);
}
static void make_foreign(void)
{
	put(1);
	if (geteuid() != 0) {
		return;
	}
	assert_int_equal(chown(KEYS_FILE, 12345, 12345), 0);
}

struct foreign_row {
	const char *name;
	void (*make)(void);
	int want;
	int want_put;
	bool needs_root;
};

/* clang-format off */
static const struct foreign_row foreign_rows[] = {
	{ "NS3 a symbolic link",             make_link,              -ELOOP,       -EMEDIUMTYPE, false },
	{ "NS3 a symbolic link to nothing",  make_dangling_link,     -ELOOP,       -EMEDIUMTYPE, false },
	{ "NS3 a FIFO",                      make_fifo,              -EMEDIUMTYPE, -EMEDIUMTYPE, false },
	{ "NS3 a folder",                    make_folder,            -EMEDIUMTYPE, -EISDIR,      false },
	{ "NS3 others may read it",          make_readable,          -EKEYREVOKED, 0,            false },
	{ "NS3 its group may read it",       make_readable_by_group, -EKEYREVOKED, 0,            false },
	{ "NS3 others may write to it",      make_writable,          -EPERM,       0,            false },
	{ "NS3 it has a second name",        make_second_name,       -EPERM,       0,            false },
	{ "NS3 another user owns it",        make_foreign,           -EPERM,       0,            true },
};
/* clang-format on */

static void what_is_not_ours(void **state)
{
	for (size_t i = 0; i < COUNT_OF(foreign_rows); i++) {
		const struct foreign_row *row = &foreign_rows[i];

		if (row->needs_root && geteuid() != 0) {
			continue;
		}
		print_message("  %s\n", row->name);
		row->make();
		alarm(10);
		assert_int_equal(take(), row->want);
		assert_int_equal(taken.count, 0);
		assert_true(is_there(KEYS_FILE));
		/* A file is replaced, and anything else is left alone. */
		assert_int_equal(put_of(BOOT, 0, 1), row->want_put);
		alarm(0);
		assert_int_equal(take(), row->want_put == 0 ? 0 : row->want);
		assert_int_equal(taken.count, row->want_put == 0);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* ---- disks ---- */

/* The process may write `limit` octets of a file: what a full disk says, and how much of a
 * write it still takes. */
static void a_disk_that_fills_up(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	for (rlim_t limit = 0; limit < 12000; limit += 1500) {
		put(1);
		pid = fork();
		if (pid == 0) {
			const struct rlimit most = { limit, limit };
			int r;

			signal(SIGXFSZ, SIG_IGN);
			(void)setrlimit(RLIMIT_FSIZE, &most);
			r = put_of(BOOT, 70, 8);
			_exit(r == -EFBIG ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		/* The former is as it was, and nothing is left of the new one. */
		assert_int_equal(names(), 1);
		assert_int_equal(take(), 0);
		assert_int_equal(taken.count, 1);
		assert_string_equal(items[0].host, "time0.example");
	}
}

static void a_folder_that_may_not_be_changed(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	put(1);
	assert_int_equal(chown(KEYS_FILE, 65534, 65534), 0);
	pid = fork();
	if (pid == 0) {
		/* Root's folder, the user's file: it cannot be removed, so it is not
		 * used. */
		_exit(setgid(65534) < 0 || setuid(65534) < 0 ? 2
		      : take() != -EACCES || taken.count != 0 || !is_there(KEYS_FILE) ||
		                      put_of(BOOT, 0, 1) != -EACCES
		              ? 1
		              : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- several at once ---- */

enum { PUTTERS = 3, TAKERS = 3, ROUNDS = 400 };

/* How often each file was taken. */
static unsigned char *counts;

/* Each in a folder that all of them share; a putter's files have numbers of its own. */
static void putter(unsigned number)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (put_of(BOOT, number * ROUNDS + i, 1) < 0) {
			_exit(1);
		}
	}
	_exit(0);
}

static void taker(const volatile unsigned char *is_over)
{
	bool is_last;

	do {
		is_last = *is_over;
		if (take() < 0 || taken.count > 1) {
			_exit(2);
		}
		if (taken.count == 1) {
			unsigned number;

			memcpy(&number, items[0].cookies.items[0].octets, sizeof(number));
			__atomic_fetch_add(&counts[number], 1, __ATOMIC_SEQ_CST);
		}
	} while (!is_last);
	_exit(0);
}

static void no_cookie_is_taken_twice(void **state)
{
	const size_t size = PUTTERS * ROUNDS + 1;
	pid_t pids[PUTTERS + TAKERS];
	unsigned once = 0;
	int status;

	(void)state;
	counts =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(counts, MAP_FAILED);
	for (unsigned i = 0; i < PUTTERS + TAKERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0 && i < PUTTERS) {
			putter(i);
		} else if (pids[i] == 0) {
			taker(&counts[size - 1]);
		}
	}
	for (unsigned i = 0; i < PUTTERS + TAKERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		counts[size - 1] = i + 1 >= PUTTERS;
	}
	for (size_t i = 0; i + 1 < size; i++) {
		assert_true(counts[i] <= 1);
		once += counts[i];
	}
	assert_true(once > 10);
	assert_int_equal(names(), 0);
	munmap(counts, size);
}

/* The run that has the lock is stopped; the others neither wait for it nor take the file. */
static void a_run_that_stands_still(void **state)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ends[2], fd;
	char octet = 0;
	pid_t pid;

	(void)state;
	put(1);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		fd = open(KEYS_FILE, O_RDWR);
		(void)!fcntl(fd, F_SETLK, &whole);
		(void)!write(ends[1], &octet, 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &octet, 1), 1);
	alarm(10);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 0);
	assert_true(is_there(KEYS_FILE));
	/* Another run's are beside it. */
	assert_int_equal(put_of(BOOT, 70, 1), 0);
	assert_int_equal(take(), 0);
	assert_int_equal(taken.count, 1);
	alarm(0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
}

#define TEST(text, function)                                                               \
	{                                                                                  \
		.name = (text), .test_func = (function), .setup_func = set_up,             \
		.teardown_func = tear_down                                                 \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("from run to run", from_run_to_run),
		TEST("full", full),
		TEST("without items no file", without_items_no_file),
		TEST("the later run replaces", the_later_run_replaces),
		TEST("of another boot", of_another_boot),
		TEST("NS6 from the future", from_the_future),
		TEST("older than a day", older_than_a_day),
		TEST("a copy", a_copy),
		TEST("NS2 each octet changed", each_octet_changed),
		TEST("NS2 cut at each length", cut_at_each_length),
		TEST("NS2 too large", too_large),
		TEST("NS3 what is not ours", what_is_not_ours),
		TEST("a disk that fills up", a_disk_that_fills_up),
		TEST("NS5 a folder that may not be changed",
		     a_folder_that_may_not_be_changed),
		TEST("NS4 no cookie is taken twice", no_cookie_is_taken_twice),
		TEST("NS4 a run that stands still", a_run_that_stands_still),
	};

	return cmocka_run_group_tests_name("keys_file", tests, NULL, NULL);
}
