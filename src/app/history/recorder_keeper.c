/* SPDX-License-Identifier: MIT */
#include "app/history/recorder_private.h"

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

struct keeper {
	int fd;                /* to the caller */
	const char *state_dir; /* for messages */
	int dir_fd;            /* or -errno */
	struct history_settings settings;
	bool wants_past;
	struct history *history; /* NULL: there is none to be used */
	enum history_standing standing;
	int error; /* why not */
	char boot_id[RECORD_BOOT_ID_ROOM];
	char warning[RECORDER_WARNING_ROOM];
	struct learn_past past;
	struct kiss_record *kisses;
	size_t kiss_count;
	struct silent_server silent[RECORDER_SILENT_MAX];
	size_t silent_count;
};

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, RECORDER_WARNING_ROOM, format, args);
	va_end(args);
}

static bool message_send(const struct keeper *keeper, const struct message *message)
{
	const size_t size = message_size((enum message_kind)message->kind);
	ssize_t len;

	do {
		len = send(keeper->fd, message, size, MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len == (ssize_t)size;
}

/* False when the other side is gone, or talks nonsense: then it is not the one we serve. */
static bool message_receive(const struct keeper *keeper, struct message *message,
                            enum message_kind kind)
{
	ssize_t len;

	do {
		len = recv(keeper->fd, message, sizeof(*message), 0);
	} while (len < 0 && errno == EINTR);
	return message_is_whole(message, len) && message->kind == (uint32_t)kind;
}

static int load_all(struct keeper *keeper)
{
	struct timespec now;
	int r;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0) {
		return -errno;
	}
	r = keeper->wants_past ? recorder_past_load(keeper->history, &keeper->past) : 0;
	if (r == 0) {
		const struct instant at = instant_from_unix(now.tv_sec, now.tv_nsec);

		r = history_load_kisses(keeper->history, at, keeper->kisses,
		                        RECORDER_KISSES_MAX, &keeper->kiss_count);
		if (r == 0) {
			r = history_load_silent(keeper->history, at, keeper->silent,
			                        RECORDER_SILENT_MAX, &keeper->silent_count);
		}
	}
	return r;
}

static void forget(struct keeper *keeper)
{
	learn_past_init(&keeper->past);
	keeper->kiss_count = 0;
	keeper->silent_count = 0;
}

/* The history turned out to be damaged.  Returns 0 when there is one to go on with. */
static int begin_anew(struct keeper *keeper)
{
	int r;

	r = history_reset(keeper->history);
	forget(keeper);
	if (r == 0) {
		say(keeper->warning,
		    "%.100s/" HISTORY_FILE " was damaged: it is now " HISTORY_CORRUPT_FILE
		    ", and a new one is begun",
		    keeper->state_dir);
		return 0;
	}
	say(keeper->warning, "%.100s/" HISTORY_FILE " is damaged and is not used: %s",
	    keeper->state_dir, strerror(-r));
	return r;
}

/* From here on it reaches its directory alone, and does with it what SQLite needs. */
static int keeper_confine(const struct keeper *keeper)
{
	if (keeper->dir_fd < 0) {
		return 0; /* and nothing is going to be opened */
	}
	history_prepare();
	return fchdir(keeper->dir_fd) < 0 ? -errno : confine_history();
}

static void keeper_open(struct keeper *keeper)
{
	char warning[HISTORY_WARNING_ROOM];
	int r;

	boot_id_read(keeper->boot_id);
	r = keeper_confine(keeper);
	if (r < 0) {
		keeper->standing = HISTORY_UNUSABLE;
		keeper->error = r;
		say(keeper->warning,
		    "the history is not used: its process cannot be confined: %s",
		    strerror(-r));
		return;
	}
	r = history_open_here(keeper->dir_fd, keeper->state_dir, &keeper->settings,
	                      &keeper->history, warning);
	say(keeper->warning, "%s", warning);
	if (r == 0) {
		r = load_all(keeper);
		if (r == -EUCLEAN) {
			r = begin_anew(keeper);
		} else if (r < 0) {
			say(keeper->warning, "%.100s/" HISTORY_FILE " cannot be read: %s",
			    keeper->state_dir, strerror(-r));
		}
	}
	if (r < 0) {
		history_close(keeper->history);
		keeper->history = NULL;
		forget(keeper);
		keeper->standing = r == -ENOENT ? HISTORY_ABSENT : HISTORY_UNUSABLE;
		keeper->error = r;
	}
}

static bool view_send(const struct keeper *keeper)
{
	struct message message;

	message_init(&message, MESSAGE_HEAD);
	message.u.head.standing = (uint32_t)keeper->standing;
	message.u.head.has_past = keeper->wants_past;
	message.u.head.kiss_count = (uint32_t)keeper->kiss_count;
	message.u.head.silent_count = (uint32_t)keeper->silent_count;
	memcpy(message.u.head.silent, keeper->silent, sizeof(keeper->silent));
	memcpy(message.u.head.boot_id, keeper->boot_id, sizeof(keeper->boot_id));
	memcpy(message.u.head.warning, keeper->warning, sizeof(keeper->warning));
	if (!message_send(keeper, &message)) {
		return false;
	}
	if (keeper->wants_past) {
		message_init(&message, MESSAGE_PAST);
		message.u.past = keeper->past;
		if (!message_send(keeper, &message)) {
			return false;
		}
	}
	for (size_t i = 0; i < keeper->kiss_count; i++) {
		message_init(&message, MESSAGE_KISS);
		message.u.kiss = keeper->kisses[i];
		if (!message_send(keeper, &message)) {
			return false;
		}
	}
	return true;
}

static int store_once(struct keeper *keeper, const struct run_record *run,
                      const struct source_record *sources, size_t count)
{
	/* Who did not look at the past has nothing to add to it. */
	return keeper->wants_past
	               ? recorder_past_store(keeper->history, run, sources, count,
	                                     &keeper->past)
	               : history_store(keeper->history, run, sources, count, NULL);
}

static int store(struct keeper *keeper, const struct run_record *run,
                 const struct source_record *sources, size_t count)
{
	int r;

	if (!keeper->history) {
		return keeper->error;
	}
	r = store_once(keeper, run, sources, count);
	if (r == -EUCLEAN) {
		r = begin_anew(keeper);
		if (r < 0) {
			history_close(keeper->history);
			keeper->history = NULL;
			keeper->error = r;
			return r;
		}
		r = store_once(keeper, run, sources, count);
	}
	return r;
}

/* A request is there.  False when there is no more to do for this caller. */
static bool store_request(struct keeper *keeper, const struct message *request)
{
	const uint32_t count = request->u.store.source_count;
	struct source_record *sources = NULL;
	struct run_record run = request->u.store.run;
	struct message message;
	bool goes_on = false;
	int r;

	if (count > HISTORY_SOURCES_PER_RUN_MAX || !run_record_is_sane(&run)) {
		return false;
	}
	sources = calloc(count + 1, sizeof(*sources));
	if (!sources) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!message_receive(keeper, &message, MESSAGE_SOURCE) ||
		    !source_record_is_sane(&message.u.source)) {
			goto out;
		}
		sources[i] = message.u.source;
	}
	if (run.boot_id[0] == '\0') {
		memcpy(run.boot_id, keeper->boot_id, sizeof(run.boot_id));
	}
	if (run.version[0] == '\0') {
		snprintf(run.version, sizeof(run.version), "%s", REQTIME_VERSION);
	}
	keeper->warning[0] = '\0';
	r = store(keeper, &run, sources, count);
	if (r < 0 && keeper->warning[0] == '\0') {
		say(keeper->warning, "this run is not recorded in %.100s: %s",
		    keeper->state_dir, strerror(-r));
	}
	message_init(&message, MESSAGE_ANSWER);
	message.u.answer.error = r;
	message.u.answer.ticket = request->u.store.ticket;
	memcpy(message.u.answer.warning, keeper->warning, sizeof(keeper->warning));
	goes_on = message_send(keeper, &message);
out:
	free(sources);
	return goes_on;
}

void recorder_keeper_prepare(void *ctx, uid_t *uid, gid_t *gid)
{
	struct keeper_settings *settings = ctx;

	settings->dir_fd = state_dir_open_of(
		settings->state_dir, settings->how.may_write && settings->how.may_create,
		uid, gid);
}

void recorder_keeper_main(void *ctx, int fd)
{
	const struct keeper_settings *settings = ctx;
	struct keeper keeper = { .fd = fd,
		                 .state_dir = settings->state_dir,
		                 .dir_fd = settings->dir_fd,
		                 .settings = { .may_write = settings->how.may_write,
		                               .keep_ns = settings->how.keep_ns },
		                 .wants_past = settings->how.wants_past };
	struct message message;

	umask(022);
	learn_past_init(&keeper.past);
	keeper.kisses = calloc(RECORDER_KISSES_MAX, sizeof(*keeper.kisses));
	if (keeper.kisses) {
		keeper_open(&keeper);
		if (view_send(&keeper)) {
			while (message_receive(&keeper, &message, MESSAGE_STORE) &&
			       store_request(&keeper, &message)) {
			}
		}
		history_close(keeper.history);
	}
	free(keeper.kisses);
}
