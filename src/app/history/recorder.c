/* SPDX-License-Identifier: MIT */
#include "app/history/recorder.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/history/recorder_private.h"
#include "io/store/history.h"
#include "io/sys/child.h"

struct recorder {
	struct child child;
	struct recorder_limits limits;
	uint32_t
		ticket; /* of the last STORE: an answer that was too late is none to the next */
};

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, RECORDER_WARNING_ROOM, format, args);
	va_end(args);
}

static bool text_ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

int recorder_start(const char *state_dir, const struct recorder_settings *settings,
                   struct recorder **ret)
{
	struct keeper_settings keeper = { .state_dir = state_dir, .how = *settings };
	const struct child_duties duties = { .prepare = recorder_keeper_prepare,
		                             .run = recorder_keeper_main,
		                             .ctx = &keeper };
	struct recorder *recorder;
	int r;

	recorder = calloc(1, sizeof(*recorder));
	if (!recorder) {
		return -ENOMEM;
	}
	recorder->limits = settings->limits;
	r = child_start(&duties, &recorder->child);
	if (r < 0) {
		free(recorder);
		return r;
	}
	*ret = recorder;
	return 0;
}

/* 0, -EAGAIN when nothing is there, -EPIPE when the recorder has ended, -EPROTO. */
static int take_message(const struct recorder *recorder, struct message *ret)
{
	const ssize_t len = recv(recorder->child.fd, ret, sizeof(*ret), MSG_DONTWAIT);

	if (len < 0) {
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
	}
	if (len == 0) {
		return -EPIPE;
	}
	return message_is_whole(ret, len) ? 0 : -EPROTO;
}

static int await_message(const struct recorder *recorder, struct message *ret,
                         int64_t deadline_ns)
{
	int r;

	do {
		r = child_wait(&recorder->child, POLLIN, deadline_ns);
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
	const size_t size = message_size((enum message_kind)message->kind);
	struct message late;
	ssize_t len;
	int r;

	for (;;) {
		len = send(recorder->child.fd, message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (len == (ssize_t)size) {
			return 0;
		}
		if (len < 0 && errno != EAGAIN && errno != EINTR) {
			return -EPIPE;
		}
		r = child_wait(&recorder->child, POLLIN | POLLOUT, deadline_ns);
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
	    head->has_past > 1 || head->kiss_count > RECORDER_KISSES_MAX ||
	    head->silent_count > RECORDER_SILENT_MAX ||
	    !text_ends(head->boot_id, sizeof(head->boot_id)) ||
	    !text_ends(head->warning, sizeof(head->warning))) {
		return -EPROTO;
	}
	view->kisses = calloc(head->kiss_count + 1, sizeof(*view->kisses));
	if (!view->kisses) {
		return -ENOMEM;
	}
	view->standing = (enum history_standing)head->standing;
	memcpy(view->boot_id, head->boot_id, sizeof(view->boot_id));
	memcpy(view->warning, head->warning, sizeof(view->warning));
	for (size_t i = 0; i < head->silent_count; i++) {
		if (!silent_server_is_sane(&head->silent[i])) {
			return -EPROTO;
		}
		view->silent[view->silent_count++] = head->silent[i];
	}
	return 0;
}

static int take_view(const struct recorder *recorder, struct history_view *view,
                     int64_t deadline_ns)
{
	struct message message;
	uint32_t has_past, kiss_count;
	int r;

	r = await_message(recorder, &message, deadline_ns);
	if (r == 0) {
		r = take_head(&message, view);
	}
	if (r < 0) {
		return r;
	}
	has_past = message.u.head.has_past;
	kiss_count = message.u.head.kiss_count;
	if (has_past) {
		r = await_message(recorder, &message, deadline_ns);
		if (r < 0) {
			return r;
		}
		if (message.kind != MESSAGE_PAST || !learn_past_is_sane(&message.u.past)) {
			return -EPROTO;
		}
		view->past = message.u.past;
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
	learn_past_init(&ret->past);
	r = take_view(recorder, ret, ns_add(child_now_ns(), recorder->limits.load_ns));
	if (r < 0) {
		recorder_view_free(ret);
		ret->standing = HISTORY_UNUSABLE;
		explain(r, ret->warning);
	}
}

void recorder_view_free(struct history_view *view)
{
	free(view->kisses);
	memset(view, 0, sizeof(*view));
	learn_past_init(&view->past);
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
	const int64_t deadline_ns = ns_add(child_now_ns(), recorder->limits.store_ns);
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

void recorder_stop(struct recorder *recorder)
{
	const int64_t begin_ns = child_now_ns();

	if (!recorder) {
		return;
	}
	/* That ends it, in order; the signal ends one that hangs. */
	child_hang_up(&recorder->child);
	if (!child_ends_by(&recorder->child,
	                   ns_add(begin_ns, recorder->limits.stop_ns / 2))) {
		child_kill(&recorder->child);
		(void)child_ends_by(&recorder->child,
		                    ns_add(begin_ns, recorder->limits.stop_ns));
	}
	child_forget(&recorder->child);
	free(recorder);
}

void recorder_forget(struct recorder *recorder)
{
	if (!recorder) {
		return;
	}
	child_forget(&recorder->child);
	free(recorder);
}
