/* SPDX-License-Identifier: MIT
 *
 * The exporter: a process that writes the metrics file.
 *
 *      caller                        exporter
 *      NOTE, SKIP ->
 *      END     --->                  reads the old file, writes the new one
 *              <---  int32_t         0 or -errno
 */
#include "app/history/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/file_replace.h"
#include "io/sys/file_read.h"
#include "io/sys/landlock.h"
#include "io/sys/monotonic.h"
#include "io/sys/sandbox.h"

enum message_kind { MESSAGE_NOTE = 0x4d71, MESSAGE_SKIP, MESSAGE_END };

struct message {
	uint32_t kind;
	struct metrics metrics;
};

/* ---- the exporter's process ---- */

/* The folder, not the file: the file is replaced by another of the same name. */
static int confine(const char *path)
{
	char copy[PATH_MAX];
	struct landlock_folder folder = { .may_read = true, .may_write = true };
	int r;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		return -ENAMETOOLONG;
	}
	folder.path = dirname(copy);
	r = landlock_enter(&folder, 1);
	if (r == 0 || r == -ENOSYS || r == -EPERM) {
		r = sandbox_enter(SANDBOX_FILE_HELPER);
		r = r == -ENOSYS ? 0 : r;
	}
	return r;
}

/* A previous file that is not ours contributes nothing; a pipe must not block. */
static int32_t export(const char *path, const struct metrics *metrics)
{
	static char text[METRICS_SIZE];
	struct metrics_previous previous;

	(void)file_read(AT_FDCWD, path, O_NOFOLLOW, text, sizeof(text));
	previous =
		metrics_read_previous(text, (enum run_verb)metrics->verb, metrics->ended);
	return file_replace(path, text, metrics_write(metrics, &previous, text));
}

/* False when the caller has ended or sends an invalid message. */
static bool receive(int fd, struct message *message)
{
	ssize_t len;

	do {
		len = recv(fd, message, sizeof(*message), 0);
	} while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(*message) && metrics_are_valid(&message->metrics);
}

static void run(void *ctx, int fd)
{
	const char *path = ctx;
	int32_t error = confine(path);
	struct metrics noted;
	struct message message;
	bool is_skipped = false;

	memset(&noted, 0, sizeof(noted));
	while (receive(fd, &message)) {
		if (message.kind == MESSAGE_SKIP) {
			is_skipped = true;
		} else if (message.kind == MESSAGE_NOTE) {
			noted = message.metrics;
			is_skipped = false;
		} else if (message.kind == MESSAGE_END) {
			noted.verb = message.metrics.verb;
			noted.exit_status = message.metrics.exit_status;
			noted.ended = message.metrics.ended;
			noted.duration_ns = message.metrics.duration_ns;
			if (error == 0 && !is_skipped) {
				error = export(path, &noted);
			}
			(void)send(fd, &error, sizeof(error), MSG_NOSIGNAL);
			return;
		}
	}
}

/* ---- the caller's side ---- */

int exporter_start(const char *path, struct exporter *ret)
{
	const struct child_ops ops = { .run = run, .ctx = (void *)path };

	return child_start(&ops, &ret->child);
}

static int put(const struct exporter *exporter, enum message_kind kind,
               const struct metrics *metrics)
{
	struct message message;
	ssize_t len;

	memset(&message, 0, sizeof(message));
	message.kind = (uint32_t)kind;
	if (metrics) {
		message.metrics = *metrics;
	}
	do {
		len = send(exporter->child.fd, &message, sizeof(message),
		           MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : 0;
}

void exporter_note(const struct exporter *exporter, const struct metrics *metrics)
{
	(void)put(exporter, MESSAGE_NOTE, metrics);
}

void exporter_skip(const struct exporter *exporter)
{
	(void)put(exporter, MESSAGE_SKIP, NULL);
}

int exporter_end(struct exporter *exporter, const struct metrics *metrics)
{
	const int64_t deadline_ns = ns_add(monotonic_now_ns(), EXPORTER_END_NS);
	int32_t error = -EPIPE;
	int r = put(exporter, MESSAGE_END, metrics);

	if (r == 0) {
		r = child_wait(&exporter->child, POLLIN, deadline_ns);
	}
	if (r == 0 && (recv(exporter->child.fd, &error, sizeof(error), MSG_DONTWAIT) !=
	                       (ssize_t)sizeof(error) ||
	               error > 0)) {
		error = -EPIPE;
	}
	if (r == 0) {
		r = error;
	}
	child_close(&exporter->child);
	if (r < 0) {
		child_kill(&exporter->child);
	}
	(void)child_ends_by(&exporter->child, deadline_ns);
	child_forget(&exporter->child);
	return r;
}
