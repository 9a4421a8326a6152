/* SPDX-License-Identifier: MIT
 *
 * The clerk of reqtimed: rereads the configuration, writes the metrics and looks at the past runs
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

enum { PATH_ROOM = 1024 };
enum order_kind { ORDER_REREAD = 1, ORDER_METRICS, ORDER_LOOK };

struct order {
	uint32_t kind; /* enum order_kind */
	struct serve_metrics metrics;
};

enum reply_kind { REPLY_RULES = 1, REPLY_TRUSTED };

struct reply {
	uint32_t kind; /* enum reply_kind */
	uint32_t is_good;
	struct admit_rules rules;
	struct serve_trusted trusted;
};
_Static_assert(sizeof(struct order) <= CLERK_ROOM, "an order fits");
_Static_assert(sizeof(struct reply) <= CLERK_ROOM, "a reply fits");

struct desk {
	const struct serve_options *options;
	int said_error; /* of the metrics: each kind of trouble is said once */
	struct serve_trust trust;
};

static void folder_of(const char *path, char *buf, size_t room)
{
	char copy[PATH_ROOM];

	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(buf, room, "%s", dirname(copy));
}

/* `folder` cannot be written to, by errno.  A unit has one that can: RuntimeDirectory=. */
static int complain_of_metrics(const char *folder)
{
	const char *own = getenv("RUNTIME_DIRECTORY"), *why = strerror(errno);
	char quoted[COMMAND_QUOTE_ROOM], quoted_own[COMMAND_QUOTE_ROOM];

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
static int confine_files(const struct desk *desk)
{
	char config[PATH_ROOM], metrics[PATH_ROOM];
	struct landlock_folder folders[3];
	size_t count = 0;
	int r;

	if (desk->options->config) {
		folder_of(desk->options->config, config, sizeof(config));
		folders[count++] =
			(struct landlock_folder){ .path = config, .may_read = true };
	}
	if (desk->options->metrics) {
		folder_of(desk->options->metrics, metrics, sizeof(metrics));
		if (access(metrics, W_OK | X_OK) < 0) {
			return complain_of_metrics(metrics);
		}
		folders[count++] =
			(struct landlock_folder){ .path = metrics, .may_write = true };
	}
	/* One that is not there now is not looked at later on either. */
	if (desk->trust.dir && access(desk->trust.dir, R_OK | X_OK) == 0) {
		folders[count++] = (struct landlock_folder){ .path = desk->trust.dir,
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
	const struct desk *desk = ctx;
	char quoted[COMMAND_QUOTE_ROOM];
	const int r = priv_become(desk->options->user);

	if (r == -ENOENT) {
		command_complain("--user %s: there is no such user",
		                 command_quote(desk->options->user, quoted));
		return REQTIME_EXIT_USAGE;
	}
	/* 1: it stays root without a capability, of which the server has the word. */
	return r >= 0 ? 0 : not_confined(r);
}

static int begin(void *ctx)
{
	int r = confine_files(ctx);

	if (r == 0) {
		r = sandbox_enter(SANDBOX_CLERK);
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

static size_t look(struct desk *desk, uint8_t *out)
{
	struct reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_TRUSTED;
	if (!serve_trust_look(&desk->trust, &reply.trusted)) {
		return 0;
	}
	memcpy(out, &reply, sizeof(reply));
	return sizeof(reply);
}

static void write_metrics(struct desk *desk, const struct serve_metrics *metrics)
{
	static char text[SERVE_METRICS_ROOM];
	char quoted[COMMAND_QUOTE_ROOM];
	size_t len = serve_metrics_write(metrics, text, sizeof(text));
	int r = len > 0 ? file_replace(desk->options->metrics, text, len) : -EMSGSIZE;

	if (r < 0 && desk->said_error != -r) {
		command_complain("--metrics %s: %s",
		                 command_quote(desk->options->metrics, quoted),
		                 strerror(-r));
	} else if (r == 0 && desk->said_error != 0) {
		command_complain("metrics are written again");
	}
	desk->said_error = -r;
}

static size_t work(void *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
	struct desk *desk = ctx;
	struct order order;

	if (len != sizeof(order)) {
		return 0;
	}
	memcpy(&order, in, sizeof(order));
	if (order.kind == ORDER_REREAD && desk->options->config) {
		return reread(out);
	}
	if (order.kind == ORDER_LOOK && desk->trust.dir) {
		return look(desk, out);
	}
	if (order.kind == ORDER_METRICS && desk->options->metrics) {
		write_metrics(desk, &order.metrics);
	}
	return 0;
}

int serve_clerk_start(const struct serve_options *options, struct clerk *ret)
{
	char buf[STATE_DIR_ROOM];
	struct desk desk = { .options = options };
	const struct clerk_duties duties = {
		.become = become, .begin = begin, .work = work, .ctx = &desk
	};
	int r;

	/* A clock that is served as it is goes by nothing else. */
	if (options->local_stratum == 0) {
		desk.trust.dir =
			options->state_dir ? options->state_dir : state_dir_default(buf);
		desk.trust.is_told = options->state_dir != NULL;
		if (!desk.trust.is_told && access(desk.trust.dir, F_OK) < 0) {
			desk.trust.dir = NULL;
		}
	}
	if (!options->config && !options->metrics && !desk.trust.dir) {
		return 0;
	}
	if (options->metrics && strlen(options->metrics) >= PATH_ROOM) {
		command_complain("--metrics: the name is too long");
		return REQTIME_EXIT_USAGE;
	}
	r = clerk_start(&duties, ret);
	if (r < 0) {
		command_complain("cannot start the process that reads and writes files: %s",
		                 strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return r;
}

static void send_order(const struct clerk *clerk, enum order_kind kind,
                       const struct serve_metrics *metrics)
{
	struct order order;

	memset(&order, 0, sizeof(order));
	order.kind = kind;
	if (metrics) {
		order.metrics = *metrics;
	}
	(void)clerk_send(clerk, &order, sizeof(order));
}

void serve_clerk_reread(const struct clerk *clerk)
{
	send_order(clerk, ORDER_REREAD, NULL);
}

void serve_clerk_metrics(const struct clerk *clerk, const struct serve_metrics *metrics)
{
	send_order(clerk, ORDER_METRICS, metrics);
}

void serve_clerk_look(const struct clerk *clerk)
{
	send_order(clerk, ORDER_LOOK, NULL);
}

/* Whoever parses files is not to be believed blindly by who faces the network. */
static bool take_reply(const struct reply *reply, struct serve_news *ret)
{
	if (reply->kind == REPLY_TRUSTED) {
		ret->has_trusted = serve_trusted_is_sane(&reply->trusted);
		ret->trusted = reply->trusted;
		return ret->has_trusted;
	}
	if (reply->kind != REPLY_RULES) {
		return false;
	}
	if (reply->is_good == 0 || !admit_rules_are_sane(&reply->rules)) {
		command_complain("the lists and limits stay what they were");
		return false;
	}
	ret->has_rules = true;
	ret->rules = reply->rules;
	return true;
}

bool serve_clerk_news(struct clerk *clerk, struct serve_news *ret)
{
	struct reply reply;
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	for (;;) {
		n = clerk_receive(clerk, &reply, sizeof(reply));
		if (n == -EPIPE || n == -ECONNRESET) {
			command_complain(
				"the process that reads and writes files is gone: no "
				"metrics, no news of reqtime's runs, and no rereading, "
				"until the next start");
			clerk_close(clerk);
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
