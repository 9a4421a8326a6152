/* SPDX-License-Identifier: MIT
 *
 * Finds another time daemon among the running processes.
 */
#ifndef IO_SYS_OTHER_DAEMON_H
#define IO_SYS_OTHER_DAEMON_H

#include "core/select/other_daemon.h"

/* The first process below `proc` ("/proc") that disciplines the clock; OTHER_NONE when no
 * such process exists or processes are hidden: see io/sys/proc_view.h. */
enum other_daemon other_daemon_look(const char *proc);

#endif
