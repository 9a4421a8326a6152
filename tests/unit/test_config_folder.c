/* SPDX-License-Identifier: MIT
 *
 * Folders of configuration files: which files are listed, in which order, and which folders
 * are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/config_folder.h"
#include "scratch.h"

static const char *folder;

static int setup(void **state)
{
	(void)state;
	folder = scratch_enter();
	return folder ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return scratch_leave();
}

static void touch(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

/* The names listed, each with a blank after it. */
static const char *names_of(const struct config_folder *found, char buf[2048])
{
	const size_t len = strlen(folder);
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < found->count; i++) {
		assert_int_equal(strncmp(found->paths[i], folder, len), 0);
		used += (size_t)snprintf(buf + used, 2048 - used, "%s ",
		                         found->paths[i] + len + 1);
	}
	return buf;
}

static void test_lists_conf_files_by_name(void **state)
{
	static const char *const names[] = {
		"20-b.conf", "10-z.conf",  "a.conf", "B.conf", ".hidden.conf",
		".conf",     "10-z.conf~", "README", "conf",   "10-z.conf.dpkg-old"
	};
	struct config_folder found = { .count = 0 };
	struct config_error error;
	char buf[2048];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		touch(names[i]);
	}
	assert_int_equal(config_folder_open(folder, &found, &error), 0);
	assert_string_equal(names_of(&found, buf), "10-z.conf 20-b.conf B.conf a.conf ");
	config_folder_close(&found);
	assert_int_equal(found.count, 0);
}

static void test_none(void **state)
{
	struct config_folder found = { .count = 0 };
	struct config_error error;

	(void)state;
	assert_int_equal(config_folder_open("/nonexistent/conf.d", &found, &error), 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(config_folder_open(folder, &found, &error), 0);
	assert_int_equal(found.count, 0);
	config_folder_close(&found);
}

static void test_bound(void **state)
{
	struct config_folder found = { .count = 0 };
	struct config_error error;
	char name[32];

	(void)state;
	for (int i = 0; i < CONFIG_FOLDER_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		touch(name);
	}
	assert_int_equal(config_folder_open(folder, &found, &error), 0);
	assert_int_equal(found.count, CONFIG_FOLDER_FILES_MAX);
	config_folder_close(&found);
	touch("more.conf");
	assert_int_equal(config_folder_open(folder, &found, &error), -EINVAL);
	assert_string_equal(error.reason, "more than 64 files: join some of them");
	config_folder_close(&found);
}

static void test_refused(void **state)
{
	struct config_folder found = { .count = 0 };
	struct config_error error;

	(void)state;
	touch("a.conf");
	assert_int_equal(chmod(folder, 0757), 0);
	assert_int_equal(config_folder_open(folder, &found, &error), -EINVAL);
	assert_non_null(strstr(error.reason, "everybody may write to it"));
	config_folder_close(&found);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(config_folder_open("/dev/null", &found, &error), -ENOTDIR);
	assert_int_equal(found.count, 0);
	if (getuid() == 0) {
		assert_int_equal(chown(folder, 65534, 65534), 0);
		assert_int_equal(config_folder_open(folder, &found, &error), -EINVAL);
		assert_non_null(strstr(error.reason, "belongs to another user"));
		config_folder_close(&found);
		assert_int_equal(chown(folder, 0, 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lists_conf_files_by_name, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("config_folder", tests, NULL, NULL);
}
