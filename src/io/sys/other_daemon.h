/* SPDX-License-Identifier: MIT */
#ifndef IO_SYS_OTHER_DAEMON_H
#define IO_SYS_OTHER_DAEMON_H

#include "core/select/other_daemon.h"

/* The first process below `proc` ("/proc") that keeps the clock; OTHER_NONE when there is
 * none, or where processes cannot be seen: see io/sys/proc_view.h. */
enum other_daemon other_daemon_look(const char *proc);

#endif
