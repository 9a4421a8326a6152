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

#include "io/store/file_replace.h"
#include "io/store/history.h"
#include "io/store/keys_file.h"
#include "io/store/state_dir.h"
#include "io/sys/boot_id.h"
#include "io/sys/confine.h"
#include "io/sys/monotonic.h"
#include "io/sys/priv.h"

struct history_process {
	int fd;                /* to the caller */
	const char *state_dir; /* for messages */
	int dir_fd;            /* or -errno */
	struct history_settings settings;
	bool wants_replay;
	bool wants_sources;      /* of the newest run */
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
	struct source_record *sources;
	size_t source_count;
	struct nts_store keys; /* room for them once they are asked for */
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
static bool message_receive(const struct history_process *process, struct message *message)
{
	ssize_t len;

	do {
		len = recv(process->fd, message, sizeof(*message), 0);
	} while (len < 0 && errno == EINTR);
	return message_is_whole(message, len);
}

static int load_sources(struct history_process *process)
{
	if (!process->wants_sources || !process->replay.has_last) {
		return 0;
	}
	process->sources = calloc(HISTORY_SOURCES_PER_RUN_MAX, sizeof(*process->sources));
	return !process->sources
	               ? -ENOMEM
	               : history_load_sources_of(
				 process->history, &process->replay.last, process->sources,
				 HISTORY_SOURCES_PER_RUN_MAX, &process->source_count);
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
	return r < 0 ? r : load_sources(process);
}

static void forget(struct history_process *process)
{
	replay_state_init(&process->replay);
	process->kiss_count = 0;
	process->silent_count = 0;
	process->source_count = 0;
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
	return fchdir(process->dir_fd) < 0 ? -errno
	                                   : confine_history(!process->wants_sources);
}

/* The history closes it when it cannot be used, and keys still can. */
static int dir_of_history(const struct history_process *process)
{
	const int fd = process->dir_fd < 0 ? -1 : dup(process->dir_fd);

	return fd >= 0 ? fd : process->dir_fd < 0 ? process->dir_fd : -errno;
}

static void history_process_open(struct history_process *process)
{
	char warning[HISTORY_WARNING_SIZE];
	int r;

	boot_id_read(process->boot_id);
	r = history_process_confine(process);
	if (r < 0) {
		/* Its keys are not used either: and perhaps this is another folder. */
		close(process->dir_fd);
		process->dir_fd = r;
		process->use = HISTORY_UNUSABLE;
		process->error = r;
		say(process->warning,
		    "the history is not used: its process cannot be confined: %s",
		    strerror(-r));
		return;
	}
	r = history_open_here(dir_of_history(process), process->state_dir,
	                      &process->settings, &process->history, warning);
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

static bool records_send(const struct history_process *process)
{
	struct message message;

	for (size_t i = 0; i < process->kiss_count; i++) {
		message_init(&message, MESSAGE_KISS);
		message.u.kiss = process->kisses[i];
		if (!message_send(process, &message)) {
			return false;
		}
	}
	for (size_t i = 0; i < process->source_count; i++) {
		message_init(&message, MESSAGE_SOURCE);
		message.u.source = process->sources[i];
		if (!message_send(process, &message)) {
			return false;
		}
	}
	return true;
}

static bool view_send(const struct history_process *process)
{
	struct message message;

	message_init(&message, MESSAGE_HEAD);
	message.u.head.use = (uint32_t)process->use;
	message.u.head.has_replay = process->wants_replay;
	message.u.head.kiss_count = (uint32_t)process->kiss_count;
	message.u.head.silent_count = (uint32_t)process->silent_count;
	message.u.head.source_count = (uint32_t)process->source_count;
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
	return records_send(process);
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

static bool answer_send(const struct history_process *process, int error, uint32_t ticket)
{
	struct message message;

	message_init(&message, MESSAGE_ANSWER);
	message.u.answer.error = error;
	message.u.answer.ticket = ticket;
	memcpy(message.u.answer.warning, process->warning, sizeof(process->warning));
	return message_send(process, &message);
}

/* These handle a request.  False when this caller is finished. */

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
		if (!message_receive(process, &message) || message.kind != MESSAGE_SOURCE ||
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
	goes_on = answer_send(process, r, request->u.store.ticket);
out:
	free(sources);
	return goes_on;
}

static bool has_room_for_keys(struct history_process *process)
{
	if (!process->keys.items) {
		process->keys.items = calloc(NTS_STORED_MAX, sizeof(*process->keys.items));
	}
	return process->keys.items != NULL;
}

static void forget_keys(struct history_process *process)
{
	if (process->keys.items) {
		explicit_bzero(process->keys.items,
		               NTS_STORED_MAX * sizeof(*process->keys.items));
	}
	process->keys.count = 0;
}

static bool take_request(struct history_process *process, const struct message *request)
{
	struct message message;
	int r = process->dir_fd;

	process->warning[0] = '\0';
	process->keys.count = 0;
	if (!has_room_for_keys(process)) {
		return false;
	}
	if (r >= 0 && process->settings.may_write) {
		r = keys_file_take(process->dir_fd, process->boot_id, boottime_now_ns(),
		                   &process->keys);
	}
	if (r < 0 && r != -ENOENT) {
		say(process->warning, "%.100s/" KEYS_FILE " is not used: %s",
		    process->state_dir,
		    r == -EKEYREVOKED ? "others may read it" : state_dir_error_text(r));
	}
	for (size_t i = 0; i < process->keys.count; i++) {
		message_init(&message, MESSAGE_KEYS);
		message.u.keys = process->keys.items[i];
		if (!message_send(process, &message)) {
			return false;
		}
	}
	explicit_bzero(&message, sizeof(message));
	forget_keys(process);
	return answer_send(process, r < 0 ? r : 0, request->u.ticket.ticket);
}

static bool keys_request(struct history_process *process, const struct message *request)
{
	if (!has_room_for_keys(process) || process->keys.count == NTS_STORED_MAX ||
	    !nts_stored_is_valid(&request->u.keys, boottime_now_ns())) {
		return false;
	}
	process->keys.items[process->keys.count++] = request->u.keys;
	return true;
}

static bool put_request(struct history_process *process, const struct message *request)
{
	int r = process->dir_fd;

	process->warning[0] = '\0';
	if (r >= 0 && process->settings.may_write) {
		r = keys_file_put(process->boot_id, &process->keys);
	}
	forget_keys(process);
	if (r < 0) {
		say(process->warning, "%.100s/" KEYS_FILE " cannot be written: %s",
		    process->state_dir, file_replace_error_text(r));
	}
	return answer_send(process, r < 0 ? r : 0, request->u.ticket.ticket);
}

static bool handle(struct history_process *process, const struct message *request)
{
	switch (request->kind) {
	case MESSAGE_STORE:
		return store_request(process, request);
	case MESSAGE_TAKE:
		return take_request(process, request);
	case MESSAGE_KEYS:
		return keys_request(process, request);
	case MESSAGE_PUT:
		return put_request(process, request);
	default:
		return false;
	}
}

void history_process_prepare(void *ctx, uid_t *uid, gid_t *gid)
{
	struct history_process_settings *settings = ctx;

	settings->dir_fd = state_dir_open_of(
		settings->state_dir, settings->how.may_write && settings->how.may_create,
		uid, gid);
	/* A folder that others can change is parsed without any right, and as nobody. */
	if (settings->dir_fd == -EPERM && settings->how.is_to_show) {
		settings->dir_fd = state_dir_look(settings->state_dir);
		*uid = PRIV_NOBODY;
		*gid = PRIV_NOBODY;
	}
}

void history_process_main(void *ctx, int fd)
{
	const struct history_process_settings *settings = ctx;
	struct history_process process = {
		.fd = fd,
		.state_dir = settings->state_dir,
		.dir_fd = settings->dir_fd,
		.settings = { .may_write = settings->how.may_write,
		              .is_anyones = settings->how.is_to_show,
		              .keep_ns = settings->how.keep_ns },
		.wants_replay = settings->how.wants_replay,
		.wants_sources = settings->how.is_to_show
	};
	struct message message;

	umask(022);
	replay_state_init(&process.replay);
	process.kisses = calloc(HISTORY_CLIENT_KISSES_MAX, sizeof(*process.kisses));
	if (process.kisses) {
		history_process_open(&process);
		if (view_send(&process)) {
			while (message_receive(&process, &message) &&
			       handle(&process, &message)) {
			}
		}
		explicit_bzero(&message, sizeof(message));
		history_close(process.history);
	}
	free(process.kisses);
	free(process.sources);
	forget_keys(&process);
	free(process.keys.items);
}
