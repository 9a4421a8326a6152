/* SPDX-License-Identifier: MIT
 *
 * io/store/state_dir: what may be opened and what may not.  Fault rows 67 and 68.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/store/state_dir.h"
#include "io/sys/priv.h"
#include "scratch.h"

enum { STRANGER = 65533, SIZE_MAX_HERE = 1000 };

static int set_up(void **state)
{
	(void)state;
	umask(022);
	return scratch_enter() && mkdir("d", 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_leave();
}

static void make_file(const char *path, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void nothing(void)
{
}

static void a_file(void)
{
	make_file("d/f", SIZE_MAX_HERE);
}

static void too_large(void)
{
	make_file("d/f", SIZE_MAX_HERE + 1);
}

static void sparse_gibibyte(void)
{
	make_file("d/f", (off_t)1 << 30);
}

static void a_link(void)
{
	make_file("target", 1);
	assert_int_equal(symlink("../target", "d/f"), 0);
}

static void a_dangling_link(void)
{
	assert_int_equal(symlink("../nowhere", "d/f"), 0);
}

static void a_fifo(void)
{
	assert_int_equal(mkfifo("d/f", 0600), 0);
}

static void a_directory(void)
{
	assert_int_equal(mkdir("d/f", 0755), 0);
}

static void world_writable(void)
{
	a_file();
	assert_int_equal(chmod("d/f", 0666), 0);
}

static void foreign_group(void)
{
	a_file();
	if (chown("d/f", (uid_t)-1, STRANGER) < 0) {
		skip();
	}
	assert_int_equal(chmod("d/f", 0664), 0);
}

static void second_name(void)
{
	a_file();
	assert_int_equal(link("d/f", "other"), 0);
}

static void foreign_owner(void)
{
	a_file();
	if (chown("d/f", STRANGER, (gid_t)-1) < 0) {
		skip();
	}
}

struct row {
	const char *name;
	void (*prepare)(void);
	int want; /* 0: opened */
};

static const struct row file_rows[] = {
	{ "68 file: regular", a_file, 0 },
	{ "68 file: missing is made", nothing, 0 },
	{ "68 file: one octet too large", too_large, -EFBIG },
	{ "68 file: 1 GiB", sparse_gibibyte, -EFBIG },
	{ "68 file: symbolic link", a_link, -ELOOP },
	{ "68 file: dangling symbolic link", a_dangling_link, -ELOOP },
	{ "68 file: FIFO", a_fifo, -EMEDIUMTYPE },
	{ "68 file: directory", a_directory, -EMEDIUMTYPE },
	{ "68 file: world-writable", world_writable, -EPERM },
	{ "68 file: writable by a foreign group", foreign_group, -EPERM },
	{ "68 file: second name", second_name, -EPERM },
	{ "68 file: foreign owner", foreign_owner, -EPERM },
};

static void file_row(void **state)
{
	const struct row *row = *state;
	struct stat st;
	int dir_fd, fd;

	row->prepare();
	dir_fd = state_dir_open("d", false);
	assert_true(dir_fd >= 0);
	fd = state_dir_open_file(dir_fd, "f", O_RDWR | O_CREAT, 0644, SIZE_MAX_HERE);
	if (row->want == 0) {
		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	} else {
		assert_int_equal(fd, row->want);
		assert_true(strlen(state_dir_error_text(fd)) > 0);
	}
	/* A reader accepts any owner; all other rules hold. */
	fd = state_dir_look_file(dir_fd, "f", SIZE_MAX_HERE);
	if (row->want == 0 || row->want == -EPERM) {
		assert_true(fd >= 0);
		assert_int_equal(write(fd, "x", 1), -1);
		close(fd);
	} else {
		assert_int_equal(fd, row->want);
	}
	assert_int_equal(lstat("nowhere", &st), -1); /* no link was followed to create it */
	close(dir_fd);
}

static void dir_missing(void)
{
	assert_int_equal(rmdir("d"), 0);
}

static void dir_is_file(void)
{
	dir_missing();
	make_file("d", 0);
}

static void dir_world_writable(void)
{
	assert_int_equal(chmod("d", 01777), 0);
}

static void dir_foreign_owner(void)
{
	if (chown("d", STRANGER, STRANGER) < 0) {
		skip();
	}
}

static void dir_own_link(void)
{
	assert_int_equal(rename("d", "real"), 0);
	assert_int_equal(symlink("real", "d"), 0);
}

static void dir_foreign_link(void)
{
	dir_own_link();
	if (lchown("d", STRANGER, STRANGER) < 0) {
		skip();
	}
}

static void dir_link_to_nowhere(void)
{
	dir_missing();
	assert_int_equal(symlink("nowhere", "d"), 0);
}

static const struct row dir_rows[] = {
	{ "67 directory: there", nothing, 0 },
	{ "67 directory: missing", dir_missing, -ENOENT },
	{ "67 directory: a file", dir_is_file, -ENOTDIR },
	{ "67 directory: world-writable", dir_world_writable, -EPERM },
	{ "67 directory: foreign owner", dir_foreign_owner, -EPERM },
	{ "67 directory: link of our own", dir_own_link, 0 },
	{ "67 directory: link of another user", dir_foreign_link, -ELOOP },
	{ "67 directory: link to nowhere", dir_link_to_nowhere, -ENOENT },
};

static void dir_row(void **state)
{
	const struct row *row = *state;
	int fd;

	row->prepare();
	fd = state_dir_open("d", false);
	if (row->want == 0) {
		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	} else {
		assert_int_equal(fd, row->want);
	}
	fd = state_dir_look("d");
	if (row->want == 0 || row->want == -EPERM || row->want == -ELOOP) {
		assert_true(fd >= 0);
		close(fd);
	} else {
		assert_int_equal(fd, row->want);
	}
}

/* A server reads files of another user's client, and none that a third user put there. */
static void read_of_another_user(void **state)
{
	(void)state;
	make_file("d/f", 1);
	make_file("d/g", 1);
	make_file("d/h", 1);
	if (chown("d/f", STRANGER, STRANGER) < 0 || chown("d", STRANGER, STRANGER) < 0 ||
	    chown("d/g", STRANGER + 1, STRANGER + 1) < 0) {
		skip();
	}
	assert_int_equal(state_dir_open("d", false), -EPERM);
	assert_int_equal(state_dir_is_its_owners("d", "f"), 0);
	assert_int_equal(state_dir_is_its_owners("d", "h"), 0); /* root's */
	assert_int_equal(state_dir_is_its_owners("d", "g"), -EPERM);
	assert_int_equal(state_dir_is_its_owners("d", "i"), -ENOENT);
	assert_int_equal(state_dir_is_its_owners("e", "f"), -ENOENT);
	assert_int_equal(chmod("d/f", 0646), 0);
	assert_int_equal(state_dir_is_its_owners("d", "f"), -EPERM);
	assert_int_equal(chmod("d/f", 0644), 0);
	assert_int_equal(chmod("d", 0757), 0);
	assert_int_equal(state_dir_is_its_owners("d", "f"), -EPERM);
	assert_int_equal(chmod("d", 0755), 0);
	dir_foreign_link();
	assert_int_equal(state_dir_is_its_owners("d", "f"), -EPERM);
}

static int open_of(uid_t *uid, gid_t *gid)
{
	*uid = geteuid();
	*gid = getegid();
	return state_dir_open_of("d", false, uid, gid);
}

/* Root uses, as that user, a directory that root has given to another user. */
static void given_by_root(void **state)
{
	static const struct {
		mode_t above, dir;
		uid_t above_owner;
		gid_t group, want_group;
		int want;
	} given[] = {
		{ 0755, 0755, 0, STRANGER, STRANGER, 0 },
		{ 0700, 0700, 0, STRANGER, STRANGER, 0 },
		{ 0755, 0755, 0, 0, 65534, 0 }, /* root's group is not used */
		{ 0755, 0775, 0, STRANGER, 0, -EPERM },
		{ 0755, 0757, 0, STRANGER, 0, -EPERM },
		{ 01777, 0755, 0, STRANGER, 0, -EPERM },
		{ 0775, 0755, 0, STRANGER, 0, -EPERM },
		{ 0755, 0755, STRANGER, STRANGER, 0, -EPERM },
	};
	uid_t uid;
	gid_t gid;
	int fd;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		assert_int_equal(chmod(".", given[i].above), 0);
		assert_int_equal(chown(".", given[i].above_owner, 0), 0);
		assert_int_equal(chown("d", STRANGER, given[i].group), 0);
		assert_int_equal(chmod("d", given[i].dir), 0);
		fd = open_of(&uid, &gid);
		if (given[i].want == 0) {
			assert_true(fd >= 0);
			assert_int_equal(uid, STRANGER);
			assert_int_equal(gid, given[i].want_group);
			close(fd);
		} else {
			assert_int_equal(fd, given[i].want);
			assert_int_equal(uid, 0);
		}
		assert_int_equal(state_dir_open("d", false), -EPERM);
	}
}

static void made_when_missing(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	umask(077);
	fd = state_dir_open("new", true);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755); /* whatever the umask is */
	assert_int_equal(state_dir_open("no/parent", true), -ENOENT);
	assert_int_equal(state_dir_open("", true), -ENOENT);
}

static int open_as(uid_t uid)
{
	int dir_fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = state_dir_open_file_as(dir_fd, "f", O_RDWR | O_CREAT, 0644, SIZE_MAX_HERE,
	                                uid, uid);

	close(dir_fd);
	return fd;
}

/* priv_act_as() drops rights permanently, so it runs in a process of its own.  0:
 * success. */
static int in_a_process(int (*what)(void))
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(what());
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : 1;
}

static int opens_as_stranger(void)
{
	struct stat st;
	int fd = open_as(STRANGER);

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == STRANGER && geteuid() == 0
	               ? 0
	               : 1;
}

static int opens_without_the_right(void)
{
	return priv_drop_all() == 0 && open_as(STRANGER) == -EPERM ? 0 : 1;
}

/* As the owner of the directory, or not at all: never as root instead. */
static void as_another_or_not_at_all(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	fd = open_as(geteuid());
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unlink("d/f"), 0);
	if (geteuid() != 0 || chown("d", STRANGER, STRANGER) < 0) {
		skip();
	}
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(in_a_process(opens_as_stranger), 0);
	assert_int_equal(unlink("d/f"), 0);
	assert_int_equal(chmod("d", 0777), 0);
	assert_int_equal(in_a_process(opens_without_the_right), 0);
	assert_int_equal(lstat("d/f", &st), -1);
}

/* systemd separates several with colons; one that is too long for a path is ignored. */
static void default_directory(void **state)
{
	char buf[STATE_DIR_SIZE];
	char name[STATE_DIR_SIZE + 1];

	(void)state;
	assert_int_equal(setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1), 0);
	assert_string_equal(state_dir_default(buf), "/var/lib/a");
	assert_int_equal(setenv("STATE_DIRECTORY", "", 1), 0);
	assert_string_equal(state_dir_default(buf), STATE_DIR_DEFAULT);
	memset(name, 'x', sizeof(name));
	for (size_t len = STATE_DIR_SIZE - 1; len <= STATE_DIR_SIZE; len++) {
		name[len] = '\0';
		assert_int_equal(setenv("STATE_DIRECTORY", name, 1), 0);
		assert_string_equal(state_dir_default(buf),
		                    len < STATE_DIR_SIZE ? name : STATE_DIR_DEFAULT);
		name[len] = 'x';
	}
	assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
	assert_string_equal(state_dir_default(buf), STATE_DIR_DEFAULT);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(file_rows) + COUNT_OF(dir_rows) + 5];
	struct CMUnitTest *t = tests;

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < COUNT_OF(file_rows); i++, t++) {
		t->name = file_rows[i].name;
		t->test_func = file_row;
		t->initial_state = (void *)(uintptr_t)&file_rows[i];
	}
	for (size_t i = 0; i < COUNT_OF(dir_rows); i++, t++) {
		t->name = dir_rows[i].name;
		t->test_func = dir_row;
		t->initial_state = (void *)(uintptr_t)&dir_rows[i];
	}
	t->name = "67 directory: made when missing";
	t->test_func = made_when_missing;
	t++;
	t->name = "68 directory of another user, who is trusted";
	t->test_func = read_of_another_user;
	t++;
	t->name = "68 directory of another user, assigned by root";
	t->test_func = given_by_root;
	t++;
	t->name = "a file as another user, or not at all";
	t->test_func = as_another_or_not_at_all;
	t++;
	t->name = "the default directory";
	t->test_func = default_directory;
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		tests[i].setup_func = set_up;
		tests[i].teardown_func = tear_down;
	}
	return cmocka_run_group_tests_name("state_dir", tests, NULL, NULL);
}
