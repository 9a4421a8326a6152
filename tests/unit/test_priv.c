/* SPDX-License-Identifier: MIT
 *
 * io/sys/priv, each row in its own child: the remaining capabilities are read from the
 * kernel.  No clock is touched: where CAP_SYS_TIME is unavailable, a user namespace gives
 * one that moves none.  Rows that need root are skipped without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/priv.h"

enum { SKIPPED = 77 };

static bool has(cap_value_t cap, cap_flag_t set)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	if (!caps || cap_get_flag(caps, cap, set, &value) < 0) {
		_exit(3);
	}
	cap_free(caps);
	return value == CAP_SET;
}

static bool holds_nothing_but(cap_value_t kept)
{
	for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++) {
		if (cap != kept &&
		    (has(cap, CAP_PERMITTED) || has(cap, CAP_EFFECTIVE) ||
		     has(cap, CAP_INHERITABLE) || cap_get_ambient(cap) > 0)) {
			return false;
		}
	}
	return true;
}

static bool bounds_nothing_but(cap_value_t kept)
{
	int is_bound;

	for (cap_value_t cap = 0; (is_bound = cap_get_bound(cap)) >= 0; cap++) {
		if (is_bound != (cap == kept)) {
			return false;
		}
	}
	return true;
}

/* In its own namespace a process holds every capability, and none over the clock. */
static bool can_hold_time(void)
{
	return has(CAP_SYS_TIME, CAP_PERMITTED) ||
	       (unshare(CLONE_NEWUSER) == 0 && has(CAP_SYS_TIME, CAP_PERMITTED));
}

/* As a service manager passes them on: inheritable and ambient. */
static bool make_ambient(cap_value_t cap)
{
	cap_t caps = cap_get_proc();
	bool is_done;

	is_done = caps && cap_set_flag(caps, CAP_INHERITABLE, 1, &cap, CAP_SET) == 0 &&
	          cap_set_proc(caps) == 0 && cap_set_ambient(cap, CAP_SET) == 0;
	cap_free(caps);
	return is_done && cap_get_ambient(cap) == 1;
}

/* 0: success.  SKIPPED: cannot be tried here.  Else the step that failed. */
static int keep_raise_clear_drop(void)
{
	if (!can_hold_time()) {
		return SKIPPED;
	}
	if (priv_keep_time() < 0 || !holds_nothing_but(CAP_SYS_TIME) ||
	    !has(CAP_SYS_TIME, CAP_PERMITTED) || has(CAP_SYS_TIME, CAP_EFFECTIVE) ||
	    has(CAP_SYS_TIME, CAP_INHERITABLE) || !bounds_nothing_but(CAP_SYS_TIME)) {
		return 10;
	}
	if (priv_raise_time() < 0 || !has(CAP_SYS_TIME, CAP_EFFECTIVE) ||
	    !holds_nothing_but(CAP_SYS_TIME)) {
		return 11;
	}
	if (priv_clear_time() < 0 || has(CAP_SYS_TIME, CAP_EFFECTIVE) ||
	    !has(CAP_SYS_TIME, CAP_PERMITTED)) {
		return 12;
	}
	if (priv_drop_all() < 0 || !holds_nothing_but(-1)) {
		return 13;
	}
	return priv_raise_time() < 0 ? 0 : 14;
}

/* The next program would hold the ambient capabilities. */
static int keep_leaves_nothing_ambient(void)
{
	if (!can_hold_time() || !make_ambient(CAP_SYS_TIME) || !make_ambient(CAP_NET_RAW)) {
		return SKIPPED;
	}
	if (priv_keep_time() < 0 || !holds_nothing_but(CAP_SYS_TIME) ||
	    cap_get_ambient(CAP_SYS_TIME) != 0 || has(CAP_SYS_TIME, CAP_INHERITABLE)) {
		return 10;
	}
	return has(CAP_SYS_TIME, CAP_PERMITTED) ? 0 : 11;
}

static int drop_leaves_nothing_ambient(void)
{
	if (!can_hold_time() || !make_ambient(CAP_NET_RAW)) {
		return SKIPPED;
	}
	return priv_drop_all() == 0 && holds_nothing_but(-1) && bounds_nothing_but(-1) ? 0
	                                                                               : 10;
}

static int keep_what_is_not_there(void)
{
	if (priv_drop_all() < 0) {
		return 10;
	}
	return priv_keep_time() == -EPERM ? 0 : 11;
}

static int drop_is_for_good(void)
{
	const bool was_able = has(CAP_SETPCAP, CAP_PERMITTED);

	if (priv_drop_all() < 0 || !holds_nothing_but(-1)) {
		return 10;
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1) {
		return 11;
	}
	for (cap_value_t cap = 0; was_able && cap_get_bound(cap) >= 0; cap++) {
		if (cap_get_bound(cap) != 0) {
			return 12;
		}
	}
	return priv_drop_all() == 0 ? 0 : 13; /* a second time is harmless */
}

static int become_nobody(void)
{
	/* The groups of a logged-in user. */
	static const gid_t groups[] = { 4, 24, 27 };
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (geteuid() != 0 || !has(CAP_SETUID, CAP_EFFECTIVE) ||
	    !has(CAP_SETGID, CAP_EFFECTIVE) || setgroups(COUNT_OF(groups), groups) < 0) {
		return SKIPPED;
	}
	if (priv_become("nobody") != 0) {
		return 10;
	}
	if (getresuid(&r, &e, &s) < 0 || r == 0 || e != r || s != r ||
	    getresgid(&rg, &eg, &sg) < 0 || rg == 0 || eg != rg || sg != rg ||
	    getgroups(0, NULL) != 0) {
		return 11;
	}
	if (!holds_nothing_but(-1) || cap_get_bound(CAP_SYS_TIME) != 0) {
		return 12;
	}
	return setuid(0) < 0 ? 0 : 13;
}

/* A process that must end with its parent still does. */
static int become_and_die_with_the_parent(void)
{
	int signal = 0;

	if (geteuid() != 0 || !has(CAP_SETUID, CAP_EFFECTIVE) ||
	    !has(CAP_SETGID, CAP_EFFECTIVE)) {
		return SKIPPED;
	}
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L) < 0 ||
	    priv_become("nobody") != 0) {
		return 10;
	}
	return prctl(PR_GET_PDEATHSIG, &signal, 0L, 0L, 0L) == 0 && signal == SIGKILL ? 0
	                                                                              : 11;
}

static int become_nobody_that_exists(void)
{
	if (geteuid() != 0) {
		return SKIPPED;
	}
	return priv_become("no-such-user-here") == -ENOENT ? 0 : 10;
}

static int root_without(int (*become)(void))
{
	static const gid_t groups[] = { 4, 24, 27 };

	if (geteuid() != 0) {
		return SKIPPED;
	}
	/* With the right to, root's own groups are dropped as well. */
	if (has(CAP_SETGID, CAP_EFFECTIVE) && setgroups(COUNT_OF(groups), groups) < 0) {
		return SKIPPED;
	}
	if (become() != 0 || !holds_nothing_but(-1)) {
		return 10;
	}
	return getgroups(0, NULL) == 0 ? 0 : 11;
}

static int by_name(void)
{
	return priv_become("root");
}

static int by_number(void)
{
	return priv_drop_to(0, 0);
}

static int become_root_without_capabilities(void)
{
	return root_without(by_name);
}

static int drop_to_root_without_capabilities(void)
{
	return root_without(by_number);
}

/* For one file, and back: without a capability in between and afterwards, but permitted to
 * do it again. */
static int act_as_another(void)
{
	cap_t now;
	int r = 0;

	if (geteuid() != 0 || !has(CAP_SETUID, CAP_EFFECTIVE) ||
	    !has(CAP_SETGID, CAP_EFFECTIVE)) {
		return SKIPPED;
	}
	if (priv_act_as(0, 0) != -EPERM) {
		return 10;
	}
	for (int i = 0; i < 2 && r == 0; i++) {
		if (priv_act_as(65534, 65534) < 0) {
			return 11;
		}
		if (geteuid() != 65534 || getegid() != 65534 ||
		    open("/etc/shadow", O_RDONLY) >= 0) {
			return 12;
		}
		priv_act_as_self();
		if (geteuid() != 0 || getegid() != 0) {
			return 13;
		}
		now = cap_get_proc();
		for (cap_value_t cap = 0; now && cap_get_bound(cap) >= 0; cap++) {
			cap_flag_value_t value = CAP_CLEAR;

			(void)cap_get_flag(now, cap, CAP_EFFECTIVE, &value);
			r = value == CAP_SET ? 14 : r;
		}
		cap_free(now);
	}
	return r;
}

static int become_as_somebody_else(void)
{
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0) {
		return SKIPPED;
	}
	return priv_become("root") == 0 && geteuid() != 0 && holds_nothing_but(-1) ? 0 : 10;
}

struct priv_row {
	const char *name;
	int (*run)(void);
};

static const struct priv_row rows[] = {
	{ "keep, raise, clear, drop", keep_raise_clear_drop },
	{ "keep: nothing is ambient", keep_leaves_nothing_ambient },
	{ "drop: nothing is ambient", drop_leaves_nothing_ambient },
	{ "nothing to keep is -EPERM", keep_what_is_not_there },
	{ "drop is for good", drop_is_for_good },
	{ "become nobody", become_nobody },
	{ "become nobody: ends with its parent", become_and_die_with_the_parent },
	{ "no such user", become_nobody_that_exists },
	{ "root without capabilities", become_root_without_capabilities },
	{ "root by number, without capabilities", drop_to_root_without_capabilities },
	{ "not root: only drops", become_as_somebody_else },
	{ "act as another, and back", act_as_another },
};

static void in_a_child(void **state)
{
	const struct priv_row *row = *state;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(row->run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		print_message("# needs root, or a user namespace\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = in_a_child,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests_name("priv", tests, NULL, NULL);
}
