/* SPDX-License-Identifier: MIT
 *
 * For the sweeps of tests/system and tests/vm: a program with all its processes under
 * ptrace, with its system calls counted over all of them, and the process that makes the
 * Nth killed.
 */
#ifndef TRACED_H
#define TRACED_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRACED_PROCESSES_MAX = 64 };

struct traced {
	long kill_at; /* -1: none */
	/* Called before each system call, when not NULL; `number` is the call's. */
	void (*look)(struct traced *traced, pid_t pid, long number);
	long seen;  /* for `look` to use */
	long calls; /* up to the kill, or all */
	int status; /* of the first process, as from wait() */
	struct traced_process {
		pid_t pid;
		int is_in_call; /* -1: not seen yet */
	} processes[TRACED_PROCESSES_MAX];
};

static struct traced_process *traced_process_of(struct traced *traced, pid_t pid)
{
	struct traced_process *free_one = NULL;

	for (int i = 0; i < TRACED_PROCESSES_MAX; i++) {
		if (traced->processes[i].pid == pid) {
			return &traced->processes[i];
		}
		if (!free_one && traced->processes[i].pid == 0) {
			free_one = &traced->processes[i];
		}
	}
	if (!free_one) {
		fprintf(stderr, "too many processes\n");
		exit(99);
	}
	*free_one = (struct traced_process){ pid, -1 };
	return free_one;
}

/* The signal to pass on. */
static int traced_stop(struct traced *traced, struct traced_process *process, int status)
{
	const int signal = WSTOPSIG(status);

	if (signal == (SIGTRAP | 0x80)) {
		process->is_in_call = process->is_in_call != 1;
		if (process->is_in_call && traced->kill_at != 0) {
			traced->calls++;
			if (traced->look) {
				traced->look(traced, process->pid, traced->calls);
			}
			if (traced->calls == traced->kill_at) {
				kill(process->pid, SIGKILL);
				traced->kill_at = 0; /* only this one */
			}
		}
		return 0;
	}
	/* New processes, the end of execve, and the first stop of a new process. */
	if (status >> 16 != 0 || (signal == SIGSTOP && process->is_in_call < 0)) {
		return 0;
	}
	return signal;
}

/* `start` makes the first process, which calls ptrace(PTRACE_TRACEME) and execve. */
static void traced_run(struct traced *traced, pid_t first)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
	                     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	int status, is_set_up = 0;
	pid_t pid;

	traced->calls = 0;
	traced->status = -1;
	memset(traced->processes, 0, sizeof(traced->processes));
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct traced_process *process = traced_process_of(traced, pid);
		int signal = 0;

		if (!WIFSTOPPED(status)) {
			process->pid = 0;
			traced->status = pid == first ? status : traced->status;
			continue;
		}
		if (!is_set_up) {
			ptrace(PTRACE_SETOPTIONS, first, 0, (void *)options);
			is_set_up = 1;
		} else {
			signal = traced_stop(traced, process, status);
		}
		/* After the kill nothing is counted. */
		ptrace(traced->kill_at == 0 ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0,
		       (void *)(long)signal);
	}
}

#endif
