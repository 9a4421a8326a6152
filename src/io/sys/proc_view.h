/* SPDX-License-Identifier: MIT */
#ifndef IO_SYS_PROC_VIEW_H
#define IO_SYS_PROC_VIEW_H

/* How much of the machine's processes can be seen. */
enum proc_view {
	PROC_VIEW_ALL,
	PROC_VIEW_NONE, /* no process file system there */
	PROC_VIEW_OWN,  /* only some: hidepid= of the mount, ProtectProc= of the unit */
	PROC_VIEW_CONTAINER, /* those of our own PID namespace, which is not the machine's */
};

/* As seen below `proc` ("/proc") by this process now.  What a kernel does not tell (of namespaces)
 * counts as not being there. */
enum proc_view proc_view_look(const char *proc);
/* "/proc is not mounted": why processes may be there unseen.  Never NULL. */
const char *proc_view_text(enum proc_view view);

#endif
