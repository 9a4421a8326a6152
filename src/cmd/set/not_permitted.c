/* SPDX-License-Identifier: MIT
 *
 * Advice where the right to set the clock is missing, for the environment of this process.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cli/command.h"
#include "cmd/set/set_private.h"

/* Two ways to start the program with the capability. */
static const char start_with_it[] =
	"  container:      --cap-add SYS_TIME, and root in it\n"
	"  systemd unit:   AmbientCapabilities=CAP_SYS_TIME, and the same in "
	"CapabilityBoundingSet=\n";

static bool has_timer(void)
{
	static const char *const folders[] = { "/etc/systemd/system",
		                               "/usr/local/lib/systemd/system",
		                               "/usr/lib/systemd/system",
		                               "/lib/systemd/system" };
	char path[64];

	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		snprintf(path, sizeof(path), "%s/reqtime.timer", folders[i]);
		if (access(path, F_OK) == 0) {
			return true;
		}
	}
	return false;
}

static void complain_to_user(void)
{
	char path[PATH_MAX], quoted[COMMAND_QUOTE_SIZE];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len > 0 ? len : 0] = '\0';
	command_complain(
		"not permitted to set the clock: CAP_SYS_TIME is missing. As root: "
		"sudo reqtime set");
	if (has_timer()) {
		fputs("  each hour:      sudo systemctl enable --now reqtime.timer\n",
		      stderr);
	}
	fprintf(stderr,
	        "  systemd unit:   AmbientCapabilities=CAP_SYS_TIME\n"
	        "  for all users:  sudo setcap cap_sys_time=p %s\n",
	        len > 0 ? command_quote(path, quoted) : "PROGRAM");
}

void set_complain_not_permitted(const struct set_settings *set)
{
	switch (set->right) {
	case TIME_RIGHT_NAMESPACE:
		command_complain("not permitted to set the clock: in a user namespace (a "
		                 "rootless container) even root may not; set it on the "
		                 "host: sudo reqtime set");
		break;
	case TIME_RIGHT_BOUNDED:
		command_complain(
			"not permitted to set the clock: this container or unit "
			"was started without CAP_SYS_TIME, so root and sudo do not "
			"have it either. On the host: sudo reqtime set; or start "
			"this with:");
		fputs(start_with_it, stderr);
		break;
	case TIME_RIGHT_NO_NEW:
		command_complain("not permitted to set the clock: CAP_SYS_TIME is missing, "
		                 "and NoNewPrivileges keeps sudo and setcap from giving "
		                 "it. Start it with:");
		fputs(start_with_it, stderr);
		break;
	case TIME_RIGHT_ROOT:
		command_complain("not permitted to set the clock: root was started without "
		                 "CAP_SYS_TIME. Start it with:");
		fputs(start_with_it, stderr);
		break;
	case TIME_RIGHT_PERMITTED:
		command_complain("not permitted to set the clock: CAP_SYS_TIME is held, "
		                 "but a system call filter forbids it. Start it with:");
		fputs("  container:      a seccomp profile that allows clock_adjtime\n"
		      "  systemd unit:   ProtectClock=no\n",
		      stderr);
		break;
	case TIME_RIGHT_USER:
		complain_to_user();
		break;
	}
	fputs("  Without it, \"reqtime set --dry-run\" shows what would be done.\n",
	      stderr);
}
