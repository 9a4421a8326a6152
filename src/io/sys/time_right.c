/* SPDX-License-Identifier: MIT */
#include "io/sys/time_right.h"

#include <fcntl.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/select/other_daemon.h"
#include "io/sys/file_read.h"

enum { MAP_SIZE = 256 };

/* The first namespace maps every id to itself (user_namespaces(7)). */
static bool is_first_namespace(void)
{
	char map[MAP_SIZE];
	const size_t len = file_read(AT_FDCWD, "/proc/self/uid_map", 0, map, sizeof(map));

	return len == 0 || other_daemon_shares_namespace(map, len, NULL, 0);
}

static bool is_permitted(void)
{
	cap_flag_value_t has = CAP_CLEAR;
	cap_t caps = cap_get_proc();
	bool is = caps && cap_get_flag(caps, CAP_SYS_TIME, CAP_PERMITTED, &has) == 0 &&
	          has == CAP_SET;

	cap_free(caps);
	return is;
}

enum time_right time_right_from(const struct time_right_facts *facts)
{
	if (!facts->is_first_namespace) {
		return TIME_RIGHT_NAMESPACE;
	}
	if (facts->is_permitted) {
		return TIME_RIGHT_PERMITTED;
	}
	if (!facts->is_bounded) {
		return TIME_RIGHT_BOUNDED;
	}
	if (facts->is_root) {
		return TIME_RIGHT_ROOT;
	}
	return facts->has_no_new_privs ? TIME_RIGHT_NO_NEW : TIME_RIGHT_USER;
}

enum time_right time_right_now(void)
{
	const struct time_right_facts facts = {
		.is_first_namespace = is_first_namespace(),
		.is_permitted = is_permitted(),
		.is_bounded = prctl(PR_CAPBSET_READ, CAP_SYS_TIME, 0, 0, 0) != 0,
		.has_no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
		.is_root = geteuid() == 0,
	};

	return time_right_from(&facts);
}
