/* SPDX-License-Identifier: MIT
 *
 * For the test scripts: runs a program with system calls forbidden, as hardened units and
 * the filters of containers do.
 *
 *   forbid CALL[,CALL...] EPERM|ENOSYS|... COMMAND...
 *        these system calls fail with this error, from the start and in all children; for
 *        setsockopt one option alone can be named: "SO_TIMESTAMPING"
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CODE_MAX = 128 };

static struct sock_filter code[CODE_MAX];
static unsigned short code_len;

static void put(struct sock_filter instruction)
{
	if (code_len == CODE_MAX) {
		fprintf(stderr, "forbid: too many calls\n");
		exit(2);
	}
	code[code_len++] = instruction;
}

static void put_load(size_t offset)
{
	put((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void put_refusal(int error)
{
	put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	                                 SECCOMP_RET_ERRNO | (uint32_t)error));
}

/* Skips `count` instructions unless the loaded value is `value`. */
static void put_if(uint32_t value, uint8_t count)
{
	put((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
}

static void put_option(uint32_t option, int error)
{
	put_load(offsetof(struct seccomp_data, nr));
	put_if(SYS_setsockopt, 5);
	put_load(offsetof(struct seccomp_data, args) + sizeof(uint64_t));
	put_if(SOL_SOCKET, 3);
	put_load(offsetof(struct seccomp_data, args) + 2 * sizeof(uint64_t));
	put_if(option, 1);
	put_refusal(error);
}

static void put_call(const char *name, int error)
{
	int number = seccomp_syscall_resolve_name(name);

	if (strcmp(name, "SO_TIMESTAMPING") == 0) {
		put_option(SO_TIMESTAMPING, error);
		return;
	}
	if (number == __NR_SCMP_ERROR) {
		fprintf(stderr, "forbid: %s: not a known call\n", name);
		exit(2);
	}
	put_load(offsetof(struct seccomp_data, nr));
	put_if((uint32_t)number, 1);
	put_refusal(error);
}

static int error_from(const char *name)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = { { "EPERM", EPERM },
		       { "ENOSYS", ENOSYS },
		       { "EINVAL", EINVAL },
		       { "EACCES", EACCES },
		       { "ENOPROTOOPT", ENOPROTOOPT } };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(errors[i].name, name) == 0) {
			return errors[i].error;
		}
	}
	fprintf(stderr, "forbid: %s: not a known error\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sock_fprog program = { .filter = code };

	if (argc < 4) {
		fprintf(stderr, "usage: forbid CALL[,CALL...] ERROR COMMAND...\n");
		return 2;
	}
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
		put_call(name, error_from(argv[2]));
	}
	put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	program.len = code_len;
	/* Root does not need it, and without it a program with file capabilities still
	 * gains them. */
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0) {
		perror("forbid: no_new_privs");
		return 1;
	}
	if (prctl(PR_SET_SECCOMP, (unsigned long)SECCOMP_MODE_FILTER, &program, 0L, 0L) <
	    0) {
		perror("forbid: seccomp");
		return 1;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
