/* SPDX-License-Identifier: MIT
 *
 * Why this process may not set the clock, so that the message can name the way out.
 */
#ifndef IO_SYS_TIME_RIGHT_H
#define IO_SYS_TIME_RIGHT_H

#include <stdbool.h>

#include "core/base/base.h"

enum time_right {
	TIME_RIGHT_USER,      /* an ordinary user, who may become root */
	TIME_RIGHT_NAMESPACE, /* a user namespace: no process in it may set the clock */
	TIME_RIGHT_BOUNDED,   /* not in the bounding set: not even root has it */
	TIME_RIGHT_NO_NEW,    /* no_new_privs: sudo and file capabilities have no effect */
	TIME_RIGHT_ROOT,      /* root, started without the capability */
	TIME_RIGHT_PERMITTED, /* it has the capability: a filter forbids the call */
};

struct time_right_facts {
	bool is_first_namespace; /* user namespace */
	bool is_permitted;       /* CAP_SYS_TIME ... */
	bool is_bounded;         /* ... is in the bounding set */
	bool has_no_new_privs;
	bool is_root;
};

/* The first reason that applies: those that cannot be changed from within come first. */
enum time_right time_right_from(const struct time_right_facts *facts);

/* The state now: to be asked before privileges are dropped.  Reads /proc/self/uid_map; if
 * that is unreadable, assumes the first namespace. */
enum time_right time_right_now(void);

#endif
