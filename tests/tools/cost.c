/* SPDX-License-Identifier: MIT
 *
 * Wall time and peak memory of a command, as "MILLISECONDS KIBIBYTES".
 *
 *   cost FILE COMMAND...
 *
 * Exits as COMMAND does.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	int64_t began_ms = now_ms();
	struct rusage usage;
	FILE *to;
	int status;
	pid_t pid;

	if (argc < 3) {
		return 2;
	}
	pid = fork();
	if (pid < 0) {
		return 6;
	}
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid) {
		return 6;
	}
	to = fopen(argv[1], "w");
	if (!to) {
		return 6;
	}
	fprintf(to, "%lld %ld\n", (long long)(now_ms() - began_ms), usage.ru_maxrss);
	fclose(to);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
