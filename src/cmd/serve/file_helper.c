/* SPDX-License-Identifier: MIT
 *
 * The file helper of reqtimed: rereads the configuration, writes the metrics and looks at the past runs
 * of reqtime, which the process that talks to the network cannot, for it can open no file.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/parse.h"
#include "cmd/serve/serve_private.h"
#include "io/store/file_replace.h"
#include "io/store/state_dir.h"
#include "io/sys/landlock.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"

enum { PATH_SIZE = 1024 };
enum request_kind { REQUEST_REREAD = 1, REQUEST_METRICS, REQUEST_LOOK };

struct request {
	uint32_t kind; /* enum request_kind */
	struct serve_metrics metrics;
};

enum reply_kind { REPLY_RULES = 1, REPLY_SYNC_SOURCE };

struct reply {
	uint32_t kind; /* enum reply_kind */
	uint32_t is_good;
	struct access_rules rules;
	struct sync_source sync_source;
};
_Static_assert(sizeof(struct request) <= FILE_HELPER_SIZE, "an order fits");
_Static_assert(sizeof(struct reply) <= FILE_HELPER_SIZE, "a reply fits");

struct helper_state {
	const struct serve_options *options;
	int said_error; /* of the metrics: each kind of trouble is said once */
	struct sync_source_watch source_watch;
};

static void folder_of(const char *path, char *buf, size_t size)
{
	char copy[PATH_SIZE];

	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(buf, size, "%s", dirname(copy));
}

/* `folder` cannot be written to, by errno.  A unit has one that can: RuntimeDirectory=. */
static int complain_of_metrics(const char *folder)
{
	const char *own = getenv("RUNTIME_DIRECTORY"), *why = strerror(errno);
	char quoted[COMMAND_QUOTE_SIZE], quoted_own[COMMAND_QUOTE_SIZE];

	if (own && strcmp(own, folder) != 0) {
		command_complain("--metrics: the folder %s: %s; this service may write to "
		                 "%s: --metrics %s/reqtimed.prom",
		                 command_quote(folder, quoted), why,
		                 command_quote(own, quoted_own), quoted_own);
	} else {
		command_complain("--metrics: the folder %s: %s",
		                 command_quote(folder, quoted), why);
	}
	return REQTIME_EXIT_USAGE;
}

/* The folders, not the files: both are replaced by others of the same name. */
static int confine_files(const struct helper_state *state)
{
	char config[PATH_SIZE], metrics[PATH_SIZE];
	struct landlock_folder folders[3];
	size_t count = 0;
	int r;

	if (state->options->config) {
		folder_of(state->options->config, config, sizeof(config));
		folders[count++] =
			(struct landlock_folder){ .path = config, .may_read = true };
	}
	if (state->options->metrics) {
		folder_of(state->options->metrics, metrics, sizeof(metrics));
		if (access(metrics, W_OK | X_OK) < 0) {
			return complain_of_metrics(metrics);
		}
		folders[count++] =
			(struct landlock_folder){ .path = metrics, .may_write = true };
	}
	/* One that is not there now is not looked at later on either. */
	if (state->source_watch.dir && access(state->source_watch.dir, R_OK | X_OK) == 0) {
		folders[count++] =
			(struct landlock_folder){ .path = state->source_watch.dir,
			                          .may_read = true };
	}
	r = landlock_enter(folders, count);
	if (r == -ENOENT || r == -EACCES || r == -ENOTDIR) {
		command_complain("--config: its folder: %s", strerror(-r));
		return REQTIME_EXIT_USAGE;
	}
	return r == 0 || r == -ENOSYS || r == -EPERM ? 0 : r;
}

static int not_confined(int r)
{
	command_complain("cannot confine the process that reads and writes files: %s",
	                 strerror(-r));
	return REQTIME_EXIT_SYSTEM;
}

static int become(void *ctx)
{
	const struct helper_state *state = ctx;
	char quoted[COMMAND_QUOTE_SIZE];
	const int r = priv_become(state->options->user);

	if (r == -ENOENT) {
		command_complain("--user %s: there is no such user",
		                 command_quote(state->options->user, quoted));
		return REQTIME_EXIT_USAGE;
	}
	/* 1: it stays root without a capability, of which the server has the word. */
	return r >= 0 ? 0 : not_confined(r);
}

static int begin(void *ctx)
{
	int r = confine_files(ctx);

	if (r == 0) {
		r = sandbox_enter(SANDBOX_FILE_HELPER);
	}
	if (r > 0) {
		return r;
	}
	return r == 0 || r == -ENOSYS || r == -EINVAL ? 0 : not_confined(r);
}

static size_t reread(uint8_t *out)
{
	struct serve_options options;
	struct reply reply;
	struct parse parse;

	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_RULES;
	if (command_parse_again(&parse) == 0) {
		options = *(const struct serve_options *)parse.settings;
		reply.is_good = serve_options_complete(&options, &reply.rules) == 0;
		parse_close(&parse);
	}
	memcpy(out, &reply, sizeof(reply));
	return sizeof(reply);
}

static size_t look(struct helper_state *state, uint8_t *out)
{
	struct reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_SYNC_SOURCE;
	if (!sync_source_look(&state->source_watch, &reply.sync_source)) {
		return 0;
	}
	memcpy(out, &reply, sizeof(reply));
	return sizeof(reply);
}

static void write_metrics(struct helper_state *state, const struct serve_metrics *metrics)
{
	static char text[SERVE_METRICS_SIZE];
	char quoted[COMMAND_QUOTE_SIZE];
	size_t len = serve_metrics_write(metrics, text, sizeof(text));
	int r = len > 0 ? file_replace(state->options->metrics, text, len) : -EMSGSIZE;

	if (r < 0 && state->said_error != -r) {
		command_complain("--metrics %s: %s",
		                 command_quote(state->options->metrics, quoted),
		                 file_replace_error_text(r));
	} else if (r == 0 && state->said_error != 0) {
		command_complain("metrics are written again");
	}
	state->said_error = -r;
}

static size_t work(void *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
	struct helper_state *state = ctx;
	struct request request;

	if (len != sizeof(request)) {
		return 0;
	}
	memcpy(&request, in, sizeof(request));
	if (request.kind == REQUEST_REREAD && state->options->config) {
		return reread(out);
	}
	if (request.kind == REQUEST_LOOK && state->source_watch.dir) {
		return look(state, out);
	}
	if (request.kind == REQUEST_METRICS && state->options->metrics) {
		write_metrics(state, &request.metrics);
	}
	return 0;
}

int serve_helper_start(const struct serve_options *options, struct file_helper *ret)
{
	char buf[STATE_DIR_SIZE];
	struct helper_state state = { .options = options };
	const struct file_helper_ops ops = {
		.become = become, .begin = begin, .work = work, .ctx = &state
	};
	int r;

	/* A clock that is served as it is goes by nothing else. */
	if (options->local_stratum == 0) {
		state.source_watch.dir =
			options->state_dir ? options->state_dir : state_dir_default(buf);
		state.source_watch.is_named = options->state_dir != NULL;
		if (!state.source_watch.is_named &&
		    access(state.source_watch.dir, F_OK) < 0) {
			state.source_watch.dir = NULL;
		}
	}
	if (!options->config && !options->metrics && !state.source_watch.dir) {
		return 0;
	}
	if (options->metrics && strlen(options->metrics) >= PATH_SIZE) {
		command_complain("--metrics: the name is too long");
		return REQTIME_EXIT_USAGE;
	}
	r = file_helper_start(&ops, ret);
	if (r < 0) {
		command_complain("cannot start the process that reads and writes files: %s",
		                 strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return r;
}

static void send_request(const struct file_helper *helper, enum request_kind kind,
                         const struct serve_metrics *metrics)
{
	struct request request;

	memset(&request, 0, sizeof(request));
	request.kind = kind;
	if (metrics) {
		request.metrics = *metrics;
	}
	(void)file_helper_send(helper, &request, sizeof(request));
}

void serve_helper_reread(const struct file_helper *helper)
{
	send_request(helper, REQUEST_REREAD, NULL);
}

void serve_helper_metrics(const struct file_helper *helper,
                          const struct serve_metrics *metrics)
{
	send_request(helper, REQUEST_METRICS, metrics);
}

void serve_helper_look(const struct file_helper *helper)
{
	send_request(helper, REQUEST_LOOK, NULL);
}

/* Whoever parses files is not to be believed blindly by who faces the network. */
static bool take_reply(const struct reply *reply, struct serve_news *ret)
{
	if (reply->kind == REPLY_SYNC_SOURCE) {
		ret->has_sync_source = sync_source_is_valid(&reply->sync_source);
		ret->sync_source = reply->sync_source;
		return ret->has_sync_source;
	}
	if (reply->kind != REPLY_RULES) {
		return false;
	}
	if (reply->is_good == 0 || !access_rules_are_valid(&reply->rules)) {
		command_complain("the lists and limits stay what they were");
		return false;
	}
	ret->has_rules = true;
	ret->rules = reply->rules;
	return true;
}

bool serve_helper_news(struct file_helper *helper, struct serve_news *ret)
{
	struct reply reply;
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	for (;;) {
		n = file_helper_receive(helper, &reply, sizeof(reply));
		if (n == -EPIPE || n == -ECONNRESET) {
			command_complain(
				"the process that reads and writes files is gone: no "
				"metrics, no news of reqtime's runs, and no rereading, "
				"until the next start");
			file_helper_close(helper);
			return false;
		}
		if (n < 0) {
			return false;
		}
		if (n == (ssize_t)sizeof(reply) && take_reply(&reply, ret)) {
			return true;
		}
	}
}
