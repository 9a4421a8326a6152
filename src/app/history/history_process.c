/* SPDX-License-Identifier: MIT
 *
 * The history process: loads the view, stores runs.
 */
#include "app/history/history_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/store/history.h"
#include "io/store/state_dir.h"
#include "io/sys/boot_id.h"
#include "io/sys/confine.h"

struct history_process {
	int fd;                /* to the caller */
	const char *state_dir; /* for messages */
	int dir_fd;            /* or -errno */
	struct history_settings settings;
	bool wants_replay;
	struct history *history; /* NULL: no usable history */
	enum history_use use;
	int error; /* its error */
	char boot_id[RECORD_BOOT_ID_SIZE];
	char warning[HISTORY_CLIENT_WARNING_SIZE];
	struct replay_state replay;
	struct kod_holdoff *kisses;
	size_t kiss_count;
	struct silent_server silent[HISTORY_CLIENT_SILENT_MAX];
	size_t silent_count;
};

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, HISTORY_CLIENT_WARNING_SIZE, format, args);
	va_end(args);
}

static bool message_send(const struct history_process *process,
                         const struct message *message)
{
	const size_t size = message_size((enum message_kind)message->kind);
	ssize_t len;

	do {
		len = send(process->fd, message, size, MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len == (ssize_t)size;
}

/* False when the caller has ended, or an invalid message shows that it is another. */
static bool message_receive(const struct history_process *process, struct message *message,
                            enum message_kind kind)
{
	ssize_t len;

	do {
		len = recv(process->fd, message, sizeof(*message), 0);
	} while (len < 0 && errno == EINTR);
	return message_is_whole(message, len) && message->kind == (uint32_t)kind;
}

static int load_all(struct history_process *process)
{
	struct timespec now;
	int r;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0) {
		return -errno;
	}
	r = process->wants_replay ? history_replay_load(process->history, &process->replay)
	                          : 0;
	if (r == 0) {
		const struct instant at = instant_from_unix(now.tv_sec, now.tv_nsec);

		r = history_load_kisses(process->history, at, process->kisses,
		                        HISTORY_CLIENT_KISSES_MAX, &process->kiss_count);
		if (r == 0) {
			r = history_load_silent(process->history, at, process->silent,
			                        HISTORY_CLIENT_SILENT_MAX,
			                        &process->silent_count);
		}
	}
	return r;
}

static void forget(struct history_process *process)
{
	replay_state_init(&process->replay);
	process->kiss_count = 0;
	process->silent_count = 0;
}

/* The history is damaged.  Returns 0 when a new one can be used. */
static int begin_anew(struct history_process *process)
{
	int r;

	r = history_reset(process->history);
	forget(process);
	if (r == 0) {
		say(process->warning,
		    "%.100s/" HISTORY_FILE
		    " was damaged: it was moved to " HISTORY_CORRUPT_FILE
		    " and a new one created",
		    process->state_dir);
		return 0;
	}
	say(process->warning, "%.100s/" HISTORY_FILE " is damaged and is not used: %s",
	    process->state_dir, strerror(-r));
	return r;
}

/* From here on it reaches only its directory, with the calls that SQLite needs. */
static int history_process_confine(const struct history_process *process)
{
	if (process->dir_fd < 0) {
		return 0; /* and no file will be opened */
	}
	history_prepare();
	return fchdir(process->dir_fd) < 0 ? -errno : confine_history();
}

static void history_process_open(struct history_process *process)
{
	char warning[HISTORY_WARNING_SIZE];
	int r;

	boot_id_read(process->boot_id);
	r = history_process_confine(process);
	if (r < 0) {
		process->use = HISTORY_UNUSABLE;
		process->error = r;
		say(process->warning,
		    "the history is not used: its process cannot be confined: %s",
		    strerror(-r));
		return;
	}
	r = history_open_here(process->dir_fd, process->state_dir, &process->settings,
	                      &process->history, warning);
	say(process->warning, "%s", warning);
	if (r == 0) {
		r = load_all(process);
		if (r == -EUCLEAN) {
			r = begin_anew(process);
		} else if (r < 0) {
			say(process->warning, "%.100s/" HISTORY_FILE " cannot be read: %s",
			    process->state_dir, strerror(-r));
		}
	}
	if (r < 0) {
		history_close(process->history);
		process->history = NULL;
		forget(process);
		process->use = r == -ENOENT ? HISTORY_ABSENT : HISTORY_UNUSABLE;
		process->error = r;
	}
}

static bool view_send(const struct history_process *process)
{
	struct message message;

	message_init(&message, MESSAGE_HEAD);
	message.u.head.use = (uint32_t)process->use;
	message.u.head.has_replay = process->wants_replay;
	message.u.head.kiss_count = (uint32_t)process->kiss_count;
	message.u.head.silent_count = (uint32_t)process->silent_count;
	memcpy(message.u.head.silent, process->silent, sizeof(process->silent));
	memcpy(message.u.head.boot_id, process->boot_id, sizeof(process->boot_id));
	memcpy(message.u.head.warning, process->warning, sizeof(process->warning));
	if (!message_send(process, &message)) {
		return false;
	}
	if (process->wants_replay) {
		message_init(&message, MESSAGE_REPLAY);
		message.u.replay = process->replay;
		if (!message_send(process, &message)) {
			return false;
		}
	}
	for (size_t i = 0; i < process->kiss_count; i++) {
		message_init(&message, MESSAGE_KISS);
		message.u.kiss = process->kisses[i];
		if (!message_send(process, &message)) {
			return false;
		}
	}
	return true;
}

static int store_once(struct history_process *process, const struct run_record *run,
                      const struct source_record *sources, size_t count)
{
	/* A caller that did not load the past adds nothing to it. */
	return process->wants_replay
	               ? history_replay_store(process->history, run, sources, count,
	                                      &process->replay)
	               : history_store(process->history, run, sources, count, NULL);
}

static int store(struct history_process *process, const struct run_record *run,
                 const struct source_record *sources, size_t count)
{
	int r;

	if (!process->history) {
		return process->error;
	}
	r = store_once(process, run, sources, count);
	if (r == -EUCLEAN) {
		r = begin_anew(process);
		if (r < 0) {
			history_close(process->history);
			process->history = NULL;
			process->error = r;
			return r;
		}
		r = store_once(process, run, sources, count);
	}
	return r;
}

/* Handles a request.  False when this caller is finished. */
static bool store_request(struct history_process *process, const struct message *request)
{
	const uint32_t count = request->u.store.source_count;
	struct source_record *sources = NULL;
	struct run_record run = request->u.store.run;
	struct message message;
	bool goes_on = false;
	int r;

	if (count > HISTORY_SOURCES_PER_RUN_MAX || !run_record_is_valid(&run)) {
		return false;
	}
	sources = calloc(count + 1, sizeof(*sources));
	if (!sources) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!message_receive(process, &message, MESSAGE_SOURCE) ||
		    !source_record_is_valid(&message.u.source)) {
			goto out;
		}
		sources[i] = message.u.source;
	}
	if (run.boot_id[0] == '\0') {
		memcpy(run.boot_id, process->boot_id, sizeof(run.boot_id));
	}
	if (run.version[0] == '\0') {
		snprintf(run.version, sizeof(run.version), "%s", REQTIME_VERSION);
	}
	process->warning[0] = '\0';
	r = store(process, &run, sources, count);
	if (r < 0 && process->warning[0] == '\0') {
		say(process->warning, "this run is not recorded in %.100s: %s",
		    process->state_dir, strerror(-r));
	}
	message_init(&message, MESSAGE_ANSWER);
	message.u.answer.error = r;
	message.u.answer.ticket = request->u.store.ticket;
	memcpy(message.u.answer.warning, process->warning, sizeof(process->warning));
	goes_on = message_send(process, &message);
out:
	free(sources);
	return goes_on;
}

void history_process_prepare(void *ctx, uid_t *uid, gid_t *gid)
{
	struct history_process_settings *settings = ctx;

	settings->dir_fd = state_dir_open_of(
		settings->state_dir, settings->how.may_write && settings->how.may_create,
		uid, gid);
}

void history_process_main(void *ctx, int fd)
{
	const struct history_process_settings *settings = ctx;
	struct history_process process = { .fd = fd,
		                           .state_dir = settings->state_dir,
		                           .dir_fd = settings->dir_fd,
		                           .settings = { .may_write =
		                                                 settings->how.may_write,
		                                         .keep_ns = settings->how.keep_ns },
		                           .wants_replay = settings->how.wants_replay };
	struct message message;

	umask(022);
	replay_state_init(&process.replay);
	process.kisses = calloc(HISTORY_CLIENT_KISSES_MAX, sizeof(*process.kisses));
	if (process.kisses) {
		history_process_open(&process);
		if (view_send(&process)) {
			while (message_receive(&process, &message, MESSAGE_STORE) &&
			       store_request(&process, &message)) {
			}
		}
		history_close(process.history);
	}
	free(process.kisses);
}
