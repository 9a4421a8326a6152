/* SPDX-License-Identifier: MIT
 *
 * A new process keeps only its own descriptors, however high the others are and whatever
 * the kernel forbids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/descriptors.h"

enum { SKIPPED = 77, FIRST = 20 };

/* From now on close_range() fails as on Linux before 5.9. */
static bool forbid_close_range(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = COUNT_OF(code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 &&
	       prctl(PR_SET_SECCOMP, (unsigned long)SECCOMP_MODE_FILTER, &program, 0L,
	             0L) == 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* A descriptor on each side of a limit that is lowered afterwards. */
static int none_stays_open(bool is_old_kernel)
{
	static const int opened[] = { FIRST - 1, FIRST, FIRST + 1, 200, 1023, 1024, 3000 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max <= 3000) {
		return SKIPPED;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		return SKIPPED;
	}
	for (size_t i = 0; i < COUNT_OF(opened); i++) {
		if (dup2(STDOUT_FILENO, opened[i]) < 0) {
			return 10;
		}
	}
	limit.rlim_cur = 64;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    (is_old_kernel && !forbid_close_range())) {
		return SKIPPED;
	}
	descriptors_close_from(FIRST);
	if (!is_open(FIRST - 1)) {
		return 11;
	}
	for (size_t i = 1; i < COUNT_OF(opened); i++) {
		if (is_open(opened[i])) {
			return 12;
		}
	}
	return 0;
}

static void row(void **state)
{
	const bool is_old_kernel = *state != NULL;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(none_stays_open(is_old_kernel));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		print_message("# no limit to lower, or no filter here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static int old_kernel;
	const struct CMUnitTest tests[] = {
		{ .name = "none stays open", .test_func = row },
		{ .name = "none stays open: no close_range()",
		  .test_func = row,
		  .initial_state = &old_kernel },
	};

	return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
