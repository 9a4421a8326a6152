/* SPDX-License-Identifier: MIT
 *
 * Which of the machine's processes this one can see.
 */
#ifndef IO_SYS_PROC_VIEW_H
#define IO_SYS_PROC_VIEW_H

/* Which processes are visible. */
enum proc_view {
	PROC_VIEW_ALL,
	PROC_VIEW_NONE, /* no process file system there */
	PROC_VIEW_OWN,  /* only some: hidepid= of the mount, ProtectProc= of the unit */
	PROC_VIEW_CONTAINER, /* those of our own PID namespace, which is not the
	                      * machine's */
};

/* The view of this process below `proc` ("/proc") now.  A kernel that reports no namespace
 * is taken to have no other. */
enum proc_view proc_view_look(const char *proc);
/* Why processes may be hidden, such as "/proc is not mounted".  Never NULL. */
const char *proc_view_text(enum proc_view view);

#endif
