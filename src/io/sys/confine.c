/* SPDX-License-Identifier: MIT
 *
 * Confinement of each kind of process: Landlock, then the system call filter.
 */
#include "io/sys/confine.h"

#include <errno.h>

#include "io/sys/landlock.h"
#include "io/sys/sandbox.h"

static int enter(const struct landlock_reach *reach, enum sandbox_role role, int passing_fd,
                 struct confinement *ret)
{
	int r = landlock_enter_reach(reach);

	ret->has_landlock = r == 0;
	/* EPERM: a container's own filter may forbid the calls. */
	if (r < 0 && r != -ENOSYS && r != -EPERM) {
		return r;
	}
	r = role == SANDBOX_MEASURE ? sandbox_enter_measure(passing_fd)
	                            : sandbox_enter(role);
	ret->has_filter = r == 0;
	return r == -ENOSYS ? 0 : r;
}

int confine_measurer(const uint16_t *tcp_ports, size_t count, int passing_fd,
                     struct confinement *ret)
{
	const struct landlock_reach reach = { .tcp_ports = tcp_ports,
		                              .tcp_port_count = count };

	return enter(&reach, SANDBOX_MEASURE, passing_fd, ret);
}

int confine_resolver(void)
{
	static const struct landlock_folder all = { .path = "/", .may_read = true };
	const struct landlock_reach reach = { .folders = &all,
		                              .folder_count = 1,
		                              .may_connect = true };
	struct confinement ignored;

	return enter(&reach, SANDBOX_RESOLVE, -1, &ignored);
}

int confine_tracer(void)
{
	const struct landlock_reach nothing = { .folders = NULL };
	struct confinement ignored;

	return enter(&nothing, SANDBOX_TRACE, -1, &ignored);
}

int confine_nts(void)
{
	const struct landlock_reach nothing = { .folders = NULL };
	struct confinement ignored;

	return enter(&nothing, SANDBOX_NTS, -1, &ignored);
}

int confine_history(bool may_write)
{
	const struct landlock_folder here = { .path = ".",
		                              .may_read = true,
		                              .may_write = may_write };
	const struct landlock_reach reach = { .folders = &here, .folder_count = 1 };
	struct confinement ignored;

	return enter(&reach, SANDBOX_HISTORY, -1, &ignored);
}
