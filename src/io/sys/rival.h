/* SPDX-License-Identifier: MIT */
#ifndef IO_SYS_RIVAL_H
#define IO_SYS_RIVAL_H

#include "core/select/rival.h"

/* The first process below `proc` ("/proc") that keeps the clock; RIVAL_NONE when there is
 * none, or where processes cannot be seen: see io/sys/proc_view.h. */
enum rival rival_look(const char *proc);

#endif
