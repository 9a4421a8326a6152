/* SPDX-License-Identifier: MIT
 *
 * Messages of one size over a SOCK_SEQPACKET pair:
 *
 *      caller                        recorder
 *              <---  HEAD            standing, warning, how many follow
 *              <---  RUN...
 *              <---  KISS...
 *      STORE   --->                  how many sources follow
 *      SOURCE...  ->
 *              <---  ANSWER          an error or 0, warning
 *
 * Both sides look at what they get as at a stranger's: each has parsed what the other
 * must not trust.
 */
#include "app/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/history.h"
#include "io/priv.h"

enum { CHILD_FD = 3 };

enum message_kind {
	MESSAGE_HEAD = 0x5271, /* no small number: zeros are no message */
	MESSAGE_RUN,
	MESSAGE_KISS,
	MESSAGE_STORE,
	MESSAGE_SOURCE,
	MESSAGE_ANSWER,
};

struct message_head {
	uint32_t standing;
	uint32_t run_count;
	uint32_t kiss_count;
	uint32_t has_floor;
	int64_t floor_ns;
	char boot_id[RECORD_BOOT_ID_ROOM];
	char warning[RECORDER_WARNING_ROOM];
};

struct message_store {
	struct run_record run;
	uint32_t source_count;
	uint32_t ticket;
};

struct message_answer {
	int32_t error;   /* 0 or -errno */
	uint32_t ticket; /* of the STORE */
	char warning[RECORDER_WARNING_ROOM];
};

struct message {
	uint32_t kind;
	union {
		struct message_head head;
		struct run_record run;
		struct kiss_record kiss;
		struct message_store store;
		struct source_record source;
		struct message_answer answer;
	} u;
};

struct recorder {
	int fd;
	int pidfd; /* -1 on a kernel before 5.3 */
	pid_t pid;
	uint32_t
		ticket; /* of the last STORE: an answer that was too late is none to the next */
};

/* ---- both sides ---- */

static int64_t mono_now_ns(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, RECORDER_WARNING_ROOM, format, args);
	va_end(args);
}

static void message_init(struct message *message, enum message_kind kind)
{
	memset(message, 0, sizeof(*message));
	message->kind = (uint32_t)kind;
}

static bool text_ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

/* ---- the recorder's process ---- */

struct keeper {
	const char *state_dir;
	struct history_settings settings;
	bool wants_runs;
	struct history *history; /* NULL: there is none to be used */
	enum history_standing standing;
	int error; /* why not */
	char boot_id[RECORD_BOOT_ID_ROOM];
	char warning[RECORDER_WARNING_ROOM];
	struct run_record *runs;
	size_t run_count;
	struct kiss_record *kisses;
	size_t kiss_count;
	bool has_floor;
	struct instant floor;
};

static int leave_parent(pid_t parent, int fd)
{
	sigset_t all;
	int null_fd;

	if (fd != CHILD_FD && dup2(fd, CHILD_FD) < 0) {
		return -errno;
	}
	(void)close_range(CHILD_FD + 1, ~0U, 0);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0) {
		return -errno;
	}
	for (int i = 0; i < CHILD_FD; i++) {
		(void)dup2(null_fd, i);
	}
	close(null_fd);
	/* Ctrl-C is for the run, which then may still have something to record; so is the
	 * limit on file sizes, which SQLite is told as an error. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	umask(022);
	if (priv_drop_all() < 0) {
		return -EPERM;
	}
	/* After the capabilities: giving up rights may clear it. */
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L) < 0) {
		return -errno;
	}
	return getppid() == parent ? 0 : -ESRCH;
}

static void boot_id_read(char *boot_id)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0) {
		return;
	}
	len = read(fd, boot_id, RECORD_BOOT_ID_ROOM - 1);
	close(fd);
	boot_id[len > 0 ? len : 0] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
}

static bool message_send(const struct message *message)
{
	ssize_t len;

	do {
		len = send(CHILD_FD, message, sizeof(*message), MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(*message);
}

/* False when the other side is gone, or talks nonsense: then it is not the one we serve. */
static bool message_receive(struct message *message, enum message_kind kind)
{
	ssize_t len;

	do {
		len = recv(CHILD_FD, message, sizeof(*message), 0);
	} while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(*message) && message->kind == (uint32_t)kind;
}

static int load_all(struct keeper *keeper)
{
	struct timespec now;
	int r;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0) {
		return -errno;
	}
	r = keeper->wants_runs
	            ? history_load_set_runs(keeper->history, keeper->runs,
	                                    RECORDER_RUNS_MAX, &keeper->run_count)
	            : 0;
	if (r == 0) {
		const struct instant at = { .unix_ns = (int64_t)now.tv_sec * NS_PER_S +
			                               now.tv_nsec };

		r = history_load_kisses(keeper->history, at, keeper->kisses,
		                        RECORDER_KISSES_MAX, &keeper->kiss_count);
	}
	if (r == 0) {
		r = history_load_floor(keeper->history, &keeper->floor);
		keeper->has_floor = r == 0;
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

/* The history turned out to be damaged.  Returns 0 when there is one to go on with. */
static int begin_anew(struct keeper *keeper)
{
	int r;

	r = history_reset(keeper->history);
	keeper->run_count = 0;
	keeper->kiss_count = 0;
	keeper->has_floor = false;
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

static void keeper_open(struct keeper *keeper)
{
	char warning[HISTORY_WARNING_ROOM];
	int r;

	boot_id_read(keeper->boot_id);
	r = history_open(keeper->state_dir, &keeper->settings, &keeper->history, warning);
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
		keeper->run_count = 0;
		keeper->kiss_count = 0;
		keeper->has_floor = false;
		keeper->standing = r == -ENOENT ? HISTORY_ABSENT : HISTORY_UNUSABLE;
		keeper->error = r;
	}
}

static bool view_send(const struct keeper *keeper)
{
	struct message message;

	message_init(&message, MESSAGE_HEAD);
	message.u.head.standing = (uint32_t)keeper->standing;
	message.u.head.run_count = (uint32_t)keeper->run_count;
	message.u.head.kiss_count = (uint32_t)keeper->kiss_count;
	message.u.head.has_floor = keeper->has_floor;
	message.u.head.floor_ns = keeper->has_floor ? keeper->floor.unix_ns : 0;
	memcpy(message.u.head.boot_id, keeper->boot_id, sizeof(keeper->boot_id));
	memcpy(message.u.head.warning, keeper->warning, sizeof(keeper->warning));
	if (!message_send(&message)) {
		return false;
	}
	for (size_t i = 0; i < keeper->run_count; i++) {
		message_init(&message, MESSAGE_RUN);
		message.u.run = keeper->runs[i];
		if (!message_send(&message)) {
			return false;
		}
	}
	for (size_t i = 0; i < keeper->kiss_count; i++) {
		message_init(&message, MESSAGE_KISS);
		message.u.kiss = keeper->kisses[i];
		if (!message_send(&message)) {
			return false;
		}
	}
	return true;
}

static int store(struct keeper *keeper, const struct run_record *run,
                 const struct source_record *sources, size_t count)
{
	int r;

	if (!keeper->history) {
		return keeper->error;
	}
	r = history_store(keeper->history, run, sources, count);
	if (r == -EUCLEAN) {
		r = begin_anew(keeper);
		if (r < 0) {
			history_close(keeper->history);
			keeper->history = NULL;
			keeper->error = r;
			return r;
		}
		r = history_store(keeper->history, run, sources, count);
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
		if (!message_receive(&message, MESSAGE_SOURCE) ||
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
	goes_on = message_send(&message);
out:
	free(sources);
	return goes_on;
}

static _Noreturn void child_main(struct keeper *keeper, int fd, pid_t parent)
{
	struct message message;

	if (leave_parent(parent, fd) < 0) {
		_exit(1);
	}
	keeper->runs = calloc(RECORDER_RUNS_MAX, sizeof(*keeper->runs));
	keeper->kisses = calloc(RECORDER_KISSES_MAX, sizeof(*keeper->kisses));
	if (!keeper->runs || !keeper->kisses) {
		_exit(1);
	}
	keeper_open(keeper);
	if (view_send(keeper)) {
		while (message_receive(&message, MESSAGE_STORE) &&
		       store_request(keeper, &message)) {
		}
	}
	history_close(keeper->history);
	_exit(0);
}

/* ---- the caller's side ---- */

int recorder_start(const char *state_dir, const struct recorder_settings *settings,
                   struct recorder **ret)
{
	struct keeper keeper = { .state_dir = state_dir,
		                 .settings = { .may_write = settings->may_write,
		                               .may_create = settings->may_create,
		                               .keep_ns = settings->keep_ns },
		                 .wants_runs = settings->wants_runs };
	const pid_t parent = getpid();
	struct recorder *recorder;
	int ends[2];
	int r;

	recorder = calloc(1, sizeof(*recorder));
	if (!recorder) {
		return -ENOMEM;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		r = -errno;
		free(recorder);
		return r;
	}
	recorder->pid = fork();
	if (recorder->pid < 0) {
		r = -errno;
		close(ends[0]);
		close(ends[1]);
		free(recorder);
		return r;
	}
	if (recorder->pid == 0) {
		child_main(&keeper, ends[1], parent);
	}
	close(ends[1]);
	recorder->fd = ends[0];
	/* Ending it by this, not by its number, is what the sandbox allows. */
	recorder->pidfd = (int)syscall(SYS_pidfd_open, recorder->pid, 0);
	*ret = recorder;
	return 0;
}

/* Waits for `events`.  0, -ETIMEDOUT or -errno. */
static int wait_until(const struct recorder *recorder, short events, int64_t deadline_ns)
{
	struct pollfd fd = { .fd = recorder->fd, .events = events };
	int64_t left_ns;
	int n;

	for (;;) {
		left_ns = deadline_ns - mono_now_ns();
		if (left_ns <= 0) {
			return -ETIMEDOUT;
		}
		n = poll(&fd, 1, (int)(left_ns / NS_PER_MS) + 1);
		if (n > 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
	}
}

/* 0, -EAGAIN when nothing is there, -EPIPE when the recorder has ended, -EPROTO. */
static int take_message(const struct recorder *recorder, struct message *ret)
{
	const ssize_t len = recv(recorder->fd, ret, sizeof(*ret), MSG_DONTWAIT);

	if (len < 0) {
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
	}
	if (len == 0) {
		return -EPIPE;
	}
	return len == (ssize_t)sizeof(*ret) ? 0 : -EPROTO;
}

static int await_message(const struct recorder *recorder, struct message *ret,
                         int64_t deadline_ns)
{
	int r;

	do {
		r = wait_until(recorder, POLLIN, deadline_ns);
		if (r == 0) {
			r = take_message(recorder, ret);
		}
	} while (r == -EAGAIN);
	return r;
}

/* While it waits for room it takes what comes the other way: a view that was too late for
 * recorder_load(), which the recorder must get rid of before it can listen. */
static int put_message(const struct recorder *recorder, const struct message *message,
                       int64_t deadline_ns)
{
	struct message late;
	ssize_t len;
	int r;

	for (;;) {
		len = send(recorder->fd, message, sizeof(*message),
		           MSG_DONTWAIT | MSG_NOSIGNAL);
		if (len == (ssize_t)sizeof(*message)) {
			return 0;
		}
		if (len < 0 && errno != EAGAIN && errno != EINTR) {
			return -EPIPE;
		}
		r = wait_until(recorder, POLLIN | POLLOUT, deadline_ns);
		if (r == 0) {
			r = take_message(recorder, &late);
		}
		if (r < 0 && r != -EAGAIN) {
			return r;
		}
	}
}

static void explain(int error, char *warning)
{
	if (error == -ETIMEDOUT) {
		say(warning, "the history did not answer in time");
	} else if (error == -EPIPE) {
		say(warning, "the process that keeps the history has ended");
	} else {
		say(warning, "the process that keeps the history failed: %s",
		    strerror(-error));
	}
}

/* The head of the view; 0 or -EPROTO. */
static int take_head(const struct message *message, struct history_view *view)
{
	const struct message_head *head = &message->u.head;

	if (message->kind != MESSAGE_HEAD || head->standing > HISTORY_UNUSABLE ||
	    head->run_count > RECORDER_RUNS_MAX || head->kiss_count > RECORDER_KISSES_MAX ||
	    !text_ends(head->boot_id, sizeof(head->boot_id)) ||
	    !text_ends(head->warning, sizeof(head->warning))) {
		return -EPROTO;
	}
	view->runs = calloc(head->run_count + 1, sizeof(*view->runs));
	view->kisses = calloc(head->kiss_count + 1, sizeof(*view->kisses));
	if (!view->runs || !view->kisses) {
		return -ENOMEM;
	}
	view->standing = (enum history_standing)head->standing;
	view->has_floor = head->has_floor != 0;
	view->floor.unix_ns = head->floor_ns;
	memcpy(view->boot_id, head->boot_id, sizeof(view->boot_id));
	memcpy(view->warning, head->warning, sizeof(view->warning));
	return 0;
}

static int take_view(const struct recorder *recorder, struct history_view *view,
                     int64_t deadline_ns)
{
	struct message message;
	uint32_t run_count, kiss_count;
	int r;

	r = await_message(recorder, &message, deadline_ns);
	if (r == 0) {
		r = take_head(&message, view);
	}
	if (r < 0) {
		return r;
	}
	run_count = message.u.head.run_count;
	kiss_count = message.u.head.kiss_count;
	while (view->run_count < run_count) {
		r = await_message(recorder, &message, deadline_ns);
		if (r < 0) {
			return r;
		}
		if (message.kind != MESSAGE_RUN || !run_record_is_sane(&message.u.run)) {
			return -EPROTO;
		}
		view->runs[view->run_count++] = message.u.run;
	}
	while (view->kiss_count < kiss_count) {
		r = await_message(recorder, &message, deadline_ns);
		if (r < 0) {
			return r;
		}
		if (message.kind != MESSAGE_KISS || !kiss_record_is_sane(&message.u.kiss)) {
			return -EPROTO;
		}
		view->kisses[view->kiss_count++] = message.u.kiss;
	}
	return 0;
}

void recorder_load(struct recorder *recorder, struct history_view *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = take_view(recorder, ret, ns_add(mono_now_ns(), RECORDER_LOAD_NS));
	if (r < 0) {
		recorder_view_free(ret);
		ret->standing = HISTORY_UNUSABLE;
		explain(r, ret->warning);
	}
}

void recorder_view_free(struct history_view *view)
{
	free(view->runs);
	free(view->kisses);
	memset(view, 0, sizeof(*view));
}

static int put_run(const struct recorder *recorder, const struct run_record *run,
                   const struct source_record *sources, size_t count, int64_t deadline_ns)
{
	struct message message;
	int r;

	message_init(&message, MESSAGE_STORE);
	message.u.store.run = *run;
	message.u.store.source_count = (uint32_t)count;
	message.u.store.ticket = recorder->ticket;
	r = put_message(recorder, &message, deadline_ns);
	for (size_t i = 0; r == 0 && i < count; i++) {
		message_init(&message, MESSAGE_SOURCE);
		message.u.source = sources[i];
		r = put_message(recorder, &message, deadline_ns);
	}
	return r;
}

int recorder_store(struct recorder *recorder, const struct run_record *run,
                   const struct source_record *sources, size_t count, char *warning)
{
	const int64_t deadline_ns = ns_add(mono_now_ns(), RECORDER_STORE_NS);
	struct message message;
	int r;

	warning[0] = '\0';
	if (count > HISTORY_SOURCES_PER_RUN_MAX) {
		count = HISTORY_SOURCES_PER_RUN_MAX;
	}
	recorder->ticket++;
	r = put_run(recorder, run, sources, count, deadline_ns);
	if (r == 0) {
		do {
			r = await_message(recorder, &message, deadline_ns);
		} while (r == 0 && (message.kind != MESSAGE_ANSWER ||
		                    message.u.answer.ticket != recorder->ticket));
	}
	if (r == 0 && (message.u.answer.error > 0 ||
	               !text_ends(message.u.answer.warning, RECORDER_WARNING_ROOM))) {
		r = -EPROTO;
	}
	if (r < 0) {
		explain(r, warning);
		return r;
	}
	memcpy(warning, message.u.answer.warning, RECORDER_WARNING_ROOM);
	return message.u.answer.error;
}

/* Whether it has ended by `deadline_ns`; if so, it is reaped. */
static bool ends_by(const struct recorder *recorder, int64_t deadline_ns)
{
	struct pollfd fd = { .fd = recorder->pidfd, .events = POLLIN };

	for (;;) {
		/* An error is ECHILD: where SIGCHLD is ignored, the kernel reaps it. */
		if (waitpid(recorder->pid, NULL, WNOHANG) != 0) {
			return true;
		}
		if (mono_now_ns() >= deadline_ns) {
			return false;
		}
		/* Without a descriptor for it, a short sleep. */
		(void)poll(&fd, 1, 5);
	}
}

void recorder_stop(struct recorder *recorder)
{
	const int64_t begin_ns = mono_now_ns();

	if (!recorder) {
		return;
	}
	/* That ends it, in order; the signal ends one that hangs. */
	close(recorder->fd);
	if (!ends_by(recorder, ns_add(begin_ns, RECORDER_STOP_NS / 2)) &&
	    recorder->pidfd >= 0) {
		(void)syscall(SYS_pidfd_send_signal, recorder->pidfd, SIGKILL, NULL, 0);
		(void)ends_by(recorder, ns_add(begin_ns, RECORDER_STOP_NS));
	}
	if (recorder->pidfd >= 0) {
		close(recorder->pidfd);
	}
	free(recorder);
}

void recorder_forget(struct recorder *recorder)
{
	if (!recorder) {
		return;
	}
	close(recorder->fd);
	if (recorder->pidfd >= 0) {
		close(recorder->pidfd);
	}
	free(recorder);
}
