/* SPDX-License-Identifier: MIT
 *
 * The caller's side of the history process.
 */
#include "app/history/history_client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/history/history_private.h"
#include "io/store/history.h"
#include "io/sys/child.h"
#include "io/sys/monotonic.h"

struct history_client {
	struct child child;
	struct history_client_limits limits;
	uint32_t ticket; /* of the last STORE: a late answer to an earlier one is ignored */
};

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, HISTORY_CLIENT_WARNING_SIZE, format, args);
	va_end(args);
}

static bool text_ends(const char *text, size_t buf_size)
{
	return memchr(text, '\0', buf_size) != NULL;
}

int history_client_start(const char *state_dir,
                         const struct history_client_settings *settings,
                         struct history_client **ret)
{
	struct history_process_settings process = { .state_dir = state_dir,
		                                    .how = *settings };
	const struct child_ops ops = { .prepare = history_process_prepare,
		                       .run = history_process_main,
		                       .ctx = &process };
	struct history_client *client;
	int r;

	client = calloc(1, sizeof(*client));
	if (!client) {
		return -ENOMEM;
	}
	client->limits = settings->limits;
	r = child_start(&ops, &client->child);
	if (r < 0) {
		free(client);
		return r;
	}
	*ret = client;
	return 0;
}

/* 0, -EAGAIN: no message yet, -EPIPE: the history process has ended, -EPROTO. */
static int take_message(const struct history_client *client, struct message *ret)
{
	const ssize_t len = recv(client->child.fd, ret, sizeof(*ret), MSG_DONTWAIT);

	if (len < 0) {
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
	}
	if (len == 0) {
		return -EPIPE;
	}
	return message_is_whole(ret, len) ? 0 : -EPROTO;
}

static int await_message(const struct history_client *client, struct message *ret,
                         int64_t deadline_ns)
{
	int r;

	do {
		r = child_wait(&client->child, POLLIN, deadline_ns);
		if (r == 0) {
			r = take_message(client, ret);
		}
	} while (r == -EAGAIN);
	return r;
}

/* While it waits for room it reads what arrives: a view too late for history_client_load(),
 * which the history process must get rid of before it can receive. */
static int put_message(const struct history_client *client, const struct message *message,
                       int64_t deadline_ns)
{
	const size_t size = message_size((enum message_kind)message->kind);
	struct message late;
	ssize_t len;
	int r;

	for (;;) {
		len = send(client->child.fd, message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (len == (ssize_t)size) {
			return 0;
		}
		if (len < 0 && errno != EAGAIN && errno != EINTR) {
			return -EPIPE;
		}
		r = child_wait(&client->child, POLLIN | POLLOUT, deadline_ns);
		if (r == 0) {
			r = take_message(client, &late);
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
		say(warning, "the history process has ended");
	} else {
		say(warning, "the history process failed: %s", strerror(-error));
	}
}

/* The head of the view; 0 or -EPROTO. */
static int take_head(const struct message *message, struct history_view *view)
{
	const struct message_head *head = &message->u.head;

	if (message->kind != MESSAGE_HEAD || head->use > HISTORY_UNUSABLE ||
	    head->has_replay > 1 || head->kiss_count > HISTORY_CLIENT_KISSES_MAX ||
	    head->silent_count > HISTORY_CLIENT_SILENT_MAX ||
	    head->source_count > HISTORY_SOURCES_PER_RUN_MAX ||
	    !text_ends(head->boot_id, sizeof(head->boot_id)) ||
	    !text_ends(head->warning, sizeof(head->warning))) {
		return -EPROTO;
	}
	view->kisses = calloc(head->kiss_count + 1, sizeof(*view->kisses));
	view->sources = calloc(head->source_count + 1, sizeof(*view->sources));
	if (!view->kisses || !view->sources) {
		return -ENOMEM;
	}
	view->use = (enum history_use)head->use;
	memcpy(view->boot_id, head->boot_id, sizeof(view->boot_id));
	memcpy(view->warning, head->warning, sizeof(view->warning));
	for (size_t i = 0; i < head->silent_count; i++) {
		if (!silent_server_is_valid(&head->silent[i])) {
			return -EPROTO;
		}
		view->silent[view->silent_count++] = head->silent[i];
	}
	return 0;
}

/* 0, or -errno; -EPROTO for a message of another kind. */
static int await_kind(const struct history_client *client, enum message_kind kind,
                      struct message *ret, int64_t deadline_ns)
{
	const int r = await_message(client, ret, deadline_ns);

	return r < 0 ? r : ret->kind == (uint32_t)kind ? 0 : -EPROTO;
}

static int take_kisses(const struct history_client *client, struct history_view *view,
                       uint32_t count, int64_t deadline_ns)
{
	struct message message;

	while (view->kiss_count < count) {
		int r = await_kind(client, MESSAGE_KISS, &message, deadline_ns);

		if (r == 0 && !kod_holdoff_is_valid(&message.u.kiss)) {
			r = -EPROTO;
		}
		if (r < 0) {
			return r;
		}
		view->kisses[view->kiss_count++] = message.u.kiss;
	}
	return 0;
}

static int take_sources(const struct history_client *client, struct history_view *view,
                        uint32_t count, int64_t deadline_ns)
{
	struct message message;

	while (view->source_count < count) {
		int r = await_kind(client, MESSAGE_SOURCE, &message, deadline_ns);

		if (r == 0 && !source_record_is_valid(&message.u.source)) {
			r = -EPROTO;
		}
		if (r < 0) {
			return r;
		}
		view->sources[view->source_count++] = message.u.source;
	}
	return 0;
}

static int take_view(const struct history_client *client, struct history_view *view,
                     int64_t deadline_ns)
{
	struct message message;
	struct message_head head;
	int r;

	r = await_message(client, &message, deadline_ns);
	if (r == 0) {
		r = take_head(&message, view);
	}
	if (r < 0) {
		return r;
	}
	head = message.u.head;
	if (head.has_replay) {
		r = await_kind(client, MESSAGE_REPLAY, &message, deadline_ns);
		if (r == 0 && !replay_state_is_valid(&message.u.replay)) {
			r = -EPROTO;
		}
		if (r < 0) {
			return r;
		}
		view->replay = message.u.replay;
	}
	r = take_kisses(client, view, head.kiss_count, deadline_ns);
	return r < 0 ? r : take_sources(client, view, head.source_count, deadline_ns);
}

void history_client_load(struct history_client *client, struct history_view *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	replay_state_init(&ret->replay);
	r = take_view(client, ret, ns_add(monotonic_now_ns(), client->limits.load_ns));
	if (r < 0) {
		history_view_free(ret);
		ret->use = HISTORY_UNUSABLE;
		explain(r, ret->warning);
	}
}

void history_view_free(struct history_view *view)
{
	free(view->kisses);
	free(view->sources);
	memset(view, 0, sizeof(*view));
	replay_state_init(&view->replay);
}

static int put_run(const struct history_client *client, const struct run_record *run,
                   const struct source_record *sources, size_t count, int64_t deadline_ns)
{
	struct message message;
	int r;

	message_init(&message, MESSAGE_STORE);
	message.u.store.run = *run;
	message.u.store.source_count = (uint32_t)count;
	message.u.store.ticket = client->ticket;
	r = put_message(client, &message, deadline_ns);
	for (size_t i = 0; r == 0 && i < count; i++) {
		message_init(&message, MESSAGE_SOURCE);
		message.u.source = sources[i];
		r = put_message(client, &message, deadline_ns);
	}
	return r;
}

/* The answer of the latest request: its error and warning.  Keys before it are added to
 * `keys`, which may be NULL.  0, or -errno when none came. */
static int await_answer(struct history_client *client, struct nts_store *keys,
                        int *ret_error, char *warning, int64_t deadline_ns)
{
	struct message message;
	int r;

	for (;;) {
		r = await_message(client, &message, deadline_ns);
		if (r < 0) {
			return r;
		}
		if (message.kind == MESSAGE_KEYS && keys) {
			if (keys->count == NTS_STORED_MAX ||
			    !nts_stored_is_valid(&message.u.keys, boottime_now_ns())) {
				return -EPROTO;
			}
			keys->items[keys->count++] = message.u.keys;
			explicit_bzero(&message, sizeof(message));
		} else if (message.kind == MESSAGE_ANSWER &&
		           message.u.answer.ticket == client->ticket) {
			break;
		}
	}
	if (message.u.answer.error > 0 ||
	    !text_ends(message.u.answer.warning, HISTORY_CLIENT_WARNING_SIZE)) {
		return -EPROTO;
	}
	memcpy(warning, message.u.answer.warning, HISTORY_CLIENT_WARNING_SIZE);
	*ret_error = message.u.answer.error;
	return 0;
}

int history_client_store(struct history_client *client, const struct run_record *run,
                         const struct source_record *sources, size_t count, char *warning)
{
	const int64_t deadline_ns = ns_add(monotonic_now_ns(), client->limits.store_ns);
	int r, error = 0;

	warning[0] = '\0';
	if (count > HISTORY_SOURCES_PER_RUN_MAX) {
		count = HISTORY_SOURCES_PER_RUN_MAX;
	}
	client->ticket++;
	r = put_run(client, run, sources, count, deadline_ns);
	if (r == 0) {
		r = await_answer(client, NULL, &error, warning, deadline_ns);
	}
	if (r < 0) {
		explain(r, warning);
		return r;
	}
	return error;
}

static int put_ticket(struct history_client *client, enum message_kind kind,
                      int64_t deadline_ns)
{
	struct message message;

	message_init(&message, kind);
	message.u.ticket.ticket = ++client->ticket;
	return put_message(client, &message, deadline_ns);
}

void history_client_take_keys(struct history_client *client, struct nts_store *ret,
                              char *warning)
{
	const int64_t deadline_ns = ns_add(monotonic_now_ns(), client->limits.load_ns);
	int r, error;

	warning[0] = '\0';
	ret->count = 0;
	r = put_ticket(client, MESSAGE_TAKE, deadline_ns);
	if (r == 0) {
		r = await_answer(client, ret, &error, warning, deadline_ns);
	}
	if (r < 0) {
		ret->count = 0;
		explain(r, warning);
	}
}

void history_client_put_keys(struct history_client *client, const struct nts_store *keys,
                             char *warning)
{
	const int64_t deadline_ns = ns_add(monotonic_now_ns(), client->limits.store_ns);
	struct message message;
	int r = 0, error;

	warning[0] = '\0';
	for (size_t i = 0; r == 0 && i < keys->count; i++) {
		message_init(&message, MESSAGE_KEYS);
		message.u.keys = keys->items[i];
		r = put_message(client, &message, deadline_ns);
		explicit_bzero(&message, sizeof(message));
	}
	if (r == 0) {
		r = put_ticket(client, MESSAGE_PUT, deadline_ns);
	}
	if (r == 0) {
		r = await_answer(client, NULL, &error, warning, deadline_ns);
	}
	if (r < 0) {
		explain(r, warning);
	}
}

void history_client_stop(struct history_client *client)
{
	const int64_t begin_ns = monotonic_now_ns();

	if (!client) {
		return;
	}
	/* Closing ends the process normally; the signal ends one that hangs. */
	child_close(&client->child);
	if (!child_ends_by(&client->child, ns_add(begin_ns, client->limits.stop_ns / 2))) {
		child_kill(&client->child);
		(void)child_ends_by(&client->child,
		                    ns_add(begin_ns, client->limits.stop_ns));
	}
	child_forget(&client->child);
	free(client);
}
