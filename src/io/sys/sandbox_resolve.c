/* SPDX-License-Identifier: MIT
 *
 * The calls that no library needs to resolve a name.  A call that only an attacker makes
 * ends the process; a call that a library may make in good faith returns an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sys/lifeline.h"
#include "io/sys/sandbox_private.h"

#ifdef __s390__
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

/* Missing in linux/filter.h, netinet/tcp.h and asm/socket.h of older systems. */
enum {
	ATTACH_BPF = 50,
	ATTACH_REUSEPORT_CBPF = 51,
	ATTACH_REUSEPORT_EBPF = 52,
	TCP_LAYER = 31
};

static const char *const attacks[] = {
	/* programs and other processes */
	"execve",
	"execveat",
	"fork",
	"vfork",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"process_mrelease",
	"kcmp",
	"pidfd_open",
	"pidfd_getfd",
	/* signals */
	"kill",
	"tkill",
	"pidfd_send_signal",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	/* privileges */
	"capset",
	"setuid",
	"setuid32",
	"setgid",
	"setgid32",
	"setreuid",
	"setreuid32",
	"setregid",
	"setregid32",
	"setresuid",
	"setresuid32",
	"setresgid",
	"setresgid32",
	"setfsuid",
	"setfsuid32",
	"setfsgid",
	"setfsgid32",
	"setgroups",
	"setgroups32",
	"add_key",
	"keyctl",
	"request_key",
	/* mounts and namespaces */
	"chroot",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"mount",
	"mount_setattr",
	"move_mount",
	"open_tree",
	"pivot_root",
	"setns",
	"umount",
	"umount2",
	"unshare",
	"name_to_handle_at",
	"open_by_handle_at",
	"fanotify_init",
	/* the kernel */
	"acct",
	"bpf",
	"create_module",
	"delete_module",
	"finit_module",
	"init_module",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"perf_event_open",
	"quotactl",
	"quotactl_fd",
	"reboot",
	"setdomainname",
	"sethostname",
	"swapoff",
	"swapon",
	"syslog",
	"userfaultfd",
	"vhangup",
	/* the clock */
	"adjtimex",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_settime",
	"clock_settime64",
	"settimeofday",
	"stime",
};

/* Changes to files and names, and what is shared with other processes. */
static const char *const not_allowed[] = {
	"chmod",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"chown",
	"chown32",
	"fchown",
	"fchown32",
	"fchownat",
	"lchown",
	"lchown32",
	"creat",
	"link",
	"linkat",
	"symlink",
	"symlinkat",
	"mkdir",
	"mkdirat",
	"mknod",
	"mknodat",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"unlink",
	"unlinkat",
	"truncate",
	"truncate64",
	"utime",
	"utimes",
	"futimesat",
	"utimensat",
	"utimensat_time64",
	"setxattr",
	"setxattrat",
	"lsetxattr",
	"fsetxattr",
	"removexattr",
	"removexattrat",
	"lremovexattr",
	"fremovexattr",
	"ioprio_set",
	"migrate_pages",
	"move_pages",
	"sched_setattr",
	"sched_setparam",
	"sched_setscheduler",
	"setpriority",
	"listen",
	"mq_notify",
	"mq_open",
	"mq_unlink",
	"msgget",
	"semget",
	"shmget",
	"personality",
};

/* Their arguments are in memory, out of a filter's reach; libraries fall back to other
 * calls. */
static const char *const not_there[] = {
	"clone3", "io_uring_enter", "io_uring_register", "io_uring_setup", "openat2",
};

static void deny_if(struct filter *filter, uint32_t verdict, const char *call,
                    unsigned argument, enum filter_relation relation, uint32_t mask,
                    uint32_t value)
{
	const struct filter_test test = { argument, relation, mask, value };

	filter_rule(filter, verdict, call, &test, 1);
}

/* No signal to others through a descriptor, no input into a terminal. */
static void deny_commands(struct filter *filter)
{
	static const int commands[] = { F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE,
		                        F_NOTIFY };
	static const unsigned long controls[] = { FIOASYNC, FIOSETOWN, SIOCSPGRP, TIOCSTI,
		                                  TIOCLINUX };
	static const int options[] = { PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_SET_MM,
		                       PR_SET_PTRACER, PR_CAP_AMBIENT };
	static const char *const names[] = { "fcntl", "fcntl64" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		for (size_t k = 0; k < COUNT_OF(commands); k++) {
			deny_if(filter, SECCOMP_RET_KILL_PROCESS, names[i], 1, FILTER_IS,
			        UINT32_MAX, (uint32_t)commands[k]);
		}
		const struct filter_test turns_async[] = {
			{ 1, FILTER_IS, UINT32_MAX, F_SETFL },
			{ 2, FILTER_IS_NOT, O_ASYNC, 0 },
		};
		filter_rule(filter, SECCOMP_RET_KILL_PROCESS, names[i], turns_async,
		            COUNT_OF(turns_async));
	}
	for (size_t i = 0; i < COUNT_OF(controls); i++) {
		deny_if(filter, SECCOMP_RET_KILL_PROCESS, "ioctl", 1, FILTER_IS, UINT32_MAX,
		        (uint32_t)controls[i]);
	}
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		deny_if(filter, SECCOMP_RET_KILL_PROCESS, "prctl", 0, FILTER_IS, UINT32_MAX,
		        (uint32_t)options[i]);
	}
}

/* Read only, also without Landlock. */
static void deny_writing(struct filter *filter)
{
	static const struct {
		const char *name;
		unsigned argument;
	} calls[] = { { "open", 1 }, { "openat", 2 } };

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		deny_if(filter, FILTER_ERROR(EACCES), calls[i].name, calls[i].argument,
		        FILTER_IS_NOT, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	}
}

/* AF_UNIX (nscd, systemd-resolved), UDP, TCP, and netlink for the host's own addresses. */
static void deny_sockets(struct filter *filter)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const uint32_t no_family = FILTER_ERROR(EAFNOSUPPORT);
	const uint32_t no_protocol = FILTER_ERROR(EPROTONOSUPPORT);

	deny_if(filter, no_family, "socket", 0, FILTER_IS_ABOVE, UINT32_MAX, AF_NETLINK);
	for (int family = 0; family < AF_NETLINK; family++) {
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6) {
			deny_if(filter, no_family, "socket", 0, FILTER_IS, UINT32_MAX,
			        (uint32_t)family);
		}
	}
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		const struct filter_test tests[][2] = {
			{ { 0, FILTER_IS, UINT32_MAX, (uint32_t)families[i] },
			  { 1, FILTER_IS_ABOVE, 0xf, SOCK_DGRAM } },
			{ { 0, FILTER_IS, UINT32_MAX, (uint32_t)families[i] },
			  { 2, FILTER_IS_ABOVE, UINT32_MAX, IPPROTO_UDP } },
			{ { 0, FILTER_IS, UINT32_MAX, (uint32_t)families[i] },
			  { 2, FILTER_IS, UINT32_MAX, IPPROTO_ICMP } },
		};

		for (size_t k = 0; k < COUNT_OF(tests); k++) {
			filter_rule(filter, no_protocol, "socket", tests[k], 2);
		}
	}
	const struct filter_test other_netlink[] = {
		{ 0, FILTER_IS, UINT32_MAX, AF_NETLINK },
		{ 2, FILTER_IS_NOT, UINT32_MAX, NETLINK_ROUTE },
	};
	filter_rule(filter, no_protocol, "socket", other_netlink, COUNT_OF(other_netlink));
}

/* Programs attached to sockets, and upper-layer protocols on TCP. */
static void deny_options(struct filter *filter)
{
	static const struct {
		int level, name;
	} options[] = {
		{ SOL_SOCKET, SO_ATTACH_FILTER },
		{ SOL_SOCKET, ATTACH_BPF },
		{ SOL_SOCKET, ATTACH_REUSEPORT_CBPF },
		{ SOL_SOCKET, ATTACH_REUSEPORT_EBPF },
		{ IPPROTO_TCP, TCP_LAYER },
	};

	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const struct filter_test tests[] = {
			{ 1, FILTER_IS, UINT32_MAX, (uint32_t)options[i].level },
			{ 2, FILTER_IS, UINT32_MAX, (uint32_t)options[i].name },
		};

		filter_rule(filter, FILTER_ERROR(EPERM), "setsockopt", tests,
		            COUNT_OF(tests));
	}
}

void sandbox_deny(struct filter *filter)
{
	filter_rules(filter, SECCOMP_RET_KILL_PROCESS, attacks, COUNT_OF(attacks));
	filter_rules(filter, FILTER_ERROR(EACCES), not_allowed, COUNT_OF(not_allowed));
	filter_rules(filter, FILTER_ERROR(ENOSYS), not_there, COUNT_OF(not_there));
	/* Threads but no processes; signals only to itself, for abort(). */
	deny_if(filter, SECCOMP_RET_KILL_PROCESS, "clone", CLONE_FLAGS_ARGUMENT, FILTER_IS,
	        CLONE_THREAD, 0);
	deny_if(filter, SECCOMP_RET_KILL_PROCESS, "tgkill", 0, FILTER_IS_NOT, UINT32_MAX,
	        (uint32_t)getpid());
	/* Limits and CPU affinity of other processes. */
	deny_if(filter, FILTER_ERROR(EPERM), "prlimit64", 0, FILTER_IS_NOT, UINT32_MAX, 0);
	deny_if(filter, FILTER_ERROR(EPERM), "sched_setaffinity", 0, FILTER_IS_NOT,
	        UINT32_MAX, 0);
	if (lifeline_fd() >= 0) {
		deny_if(filter, SECCOMP_RET_KILL_PROCESS, "close", 0, FILTER_IS, UINT32_MAX,
		        (uint32_t)lifeline_fd());
	}
	deny_commands(filter);
	deny_writing(filter);
	deny_sockets(filter);
	deny_options(filter);
}
