/* SPDX-License-Identifier: MIT
 *
 * Why this process has no right to set the clock, so that the message can say what gives it.
 */
#ifndef IO_SYS_TIME_RIGHT_H
#define IO_SYS_TIME_RIGHT_H

#include <stdbool.h>

#include "core/base/base.h"

enum time_right {
	TIME_RIGHT_USER,      /* an ordinary user, who may become root */
	TIME_RIGHT_NAMESPACE, /* a user namespace: no process in it may set the clock */
	TIME_RIGHT_BOUNDED,   /* outside of the bounding set: root has it neither */
	TIME_RIGHT_NO_NEW,    /* no_new_privs: sudo and file capabilities give nothing */
	TIME_RIGHT_ROOT,      /* root, started without the capability */
	TIME_RIGHT_PERMITTED, /* it has the capability: a filter forbids the call */
};

struct time_right_facts {
	bool is_first_namespace; /* of users */
	bool is_permitted;       /* CAP_SYS_TIME ... */
	bool is_bounded;         /* ... is in the bounding set */
	bool has_no_new_privs;
	bool is_root;
};

/* What holds first: what cannot be changed from within goes before what can. */
enum time_right time_right_from(const struct time_right_facts *facts);

/* As things are now: to be asked before rights are given up.  Reads /proc/self/uid_map; where that cannot be
 * read it is taken for the first namespace. */
enum time_right time_right_now(void);

#endif
