/* SPDX-License-Identifier: MIT
 *
 * How much of /proc is visible to this process.
 */
#include "io/sys/proc_view.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/base/base.h"

/* The number of the initial PID namespace: PROC_PID_INIT_INO of linux/proc_ns.h. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"
enum { LINK_SIZE = 64 };

/* Whether a world-readable file of a process can be read: hidepid=1 shows only the folder,
 * 2 and 4 not even that. */
static bool shows(int proc, const char *name)
{
	char octet;
	int fd = openat(proc, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len;

	if (fd < 0) {
		return false;
	}
	len = read(fd, &octet, 1);
	close(fd);
	return len == 1;
}

static bool is_elsewhere(int proc)
{
	char link[LINK_SIZE];
	ssize_t len = readlinkat(proc, "self/ns/pid", link, sizeof(link));

	return len > 0 && ((size_t)len != strlen(FIRST_PID_NAMESPACE) ||
	                   memcmp(link, FIRST_PID_NAMESPACE, (size_t)len) != 0);
}

enum proc_view proc_view_look(const char *proc)
{
	enum proc_view view = PROC_VIEW_ALL;
	int folder = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		return PROC_VIEW_NONE;
	}
	if (!shows(folder, "self/comm")) {
		view = PROC_VIEW_NONE;
	} else if (!shows(folder, "1/comm")) { /* process 1 always exists */
		view = PROC_VIEW_OWN;
	} else if (is_elsewhere(folder)) {
		view = PROC_VIEW_CONTAINER;
	}
	close(folder);
	return view;
}

const char *proc_view_text(enum proc_view view)
{
	static const char *const texts[] = {
		[PROC_VIEW_ALL] = "all processes are visible",
		[PROC_VIEW_NONE] = "/proc is not mounted",
		[PROC_VIEW_OWN] =
			"/proc hides the processes of others (hidepid=, ProtectProc=)",
		[PROC_VIEW_CONTAINER] = "this is a container, without the host's processes",
	};

	return (size_t)view < COUNT_OF(texts) ? texts[view] : "not known";
}
