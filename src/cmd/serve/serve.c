/* SPDX-License-Identifier: MIT
 *
 * reqtimed: options -> file helper -> sockets -> drop privileges -> serve until a signal.
 */
#include "cmd/serve/serve_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/net/clock_moment.h"
#include "io/net/zone.h"
#include "io/sys/landlock.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"
#include "io/sys/signals.h"

/* The history may lie on a slow disk. */
#define FIRST_LOOK_NS (2 * NS_PER_S)

/* Where root may not change its user (a container without CAP_SETUID), it stays root
 * without a capability, unless --user names another user. */
static int give_up_privileges(const struct serve_options *options)
{
	const char *user = options->user;
	char quoted[COMMAND_QUOTE_SIZE];
	int r = priv_become(user);

	if (r > 0 && options->is_user_named) {
		command_complain(
			"--user %s: not permitted to become that user: grant CAP_SETUID "
			"and "
			"CAP_SETGID, or use --user root, which then has no capability",
			command_quote(user, quoted));
		return REQTIME_EXIT_SYSTEM;
	}
	if (r > 0) {
		command_complain("not permitted to become %s (CAP_SETUID, CAP_SETGID): "
		                 "serving as root, "
		                 "without any capability",
		                 command_quote(user, quoted));
		return 0;
	}
	if (r == -ENOENT) {
		command_complain("--user %s: there is no such user",
		                 command_quote(user, quoted));
		return REQTIME_EXIT_USAGE;
	}
	if (r < 0) {
		command_complain("cannot become %s without any privilege: %s",
		                 command_quote(user, quoted), strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

/* After this no thread can open a file. */
static int confine(struct serve *serve)
{
	int r = landlock_enter(NULL, 0);

	/* A second barrier: the filter below also forbids open(). */
	if (r < 0 && r != -ENOSYS && r != -EPERM) {
		command_complain("cannot close off the file system: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = serve_start(serve);
	if (r < 0) {
		command_complain("cannot start the threads: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = sandbox_enter(SANDBOX_SERVE);
	if (r == -ENOSYS || r == -EINVAL) {
		command_complain("no system call filter here (%s): serving without one",
		                 strerror(-r));
	} else if (r < 0) {
		command_complain("cannot enter the sandbox: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

/* Reads the state of the clock before readiness is announced. */
static void serve_look(struct serve_watch *watch, struct serve_view *ret)
{
	struct serve_news news;

	if (watch->watches_sync_source) {
		serve_helper_look(watch->helper);
		file_helper_wait(watch->helper, FIRST_LOOK_NS);
		if (serve_helper_news(watch->helper, &news) && news.has_sync_source) {
			serve_set_sync_source(watch->serve, &news.sync_source);
		}
	}
	serve_refresh(watch->serve, ret);
}

static void say_places(const struct serve *serve)
{
	const int error = serve_stamp_error(serve);
	char text[PLACE_TEXT_SIZE];
	struct serve_place place;

	for (size_t i = 0; i < serve_place_count(serve); i++) {
		place = serve_place(serve, i);
		command_complain("%s", serve_place_text(&place, text));
	}
	for (size_t i = 0; i < serve_place_count(serve); i++) {
		place = serve_place(serve, i);
		/* A text service has two places: report it once. */
		if (place.is_absent && !place.is_tcp) {
			command_complain("warning: %s: no interface of this host has this "
			                 "address now; it is served as soon as one has it",
			                 serve_place_text(&place, text));
		}
	}
	if (error != 0) {
		command_complain(
			"warning: no kernel timestamps here (SO_TIMESTAMPING: %s): this "
			"server's timestamps are less precise, which clients see as delay",
			strerror(error));
	}
}

/* Serves, with all sockets bound and all privileges dropped.  On failure `serve` must not
 * be closed and the process must end: threads may be waiting in it. */
static int serve_bound(struct serve_watch *watch)
{
	struct serve_counts counts;
	struct serve_view view;
	int signal_number;
	int r = confine(watch->serve);

	if (r != 0) {
		return r;
	}
	/* Already in the sandbox: if it forbids a call that is needed every second, that
	 * shows before clients depend on this server. */
	serve_look(watch, &view);
	say_places(watch->serve);
	serve_go(watch->serve);
	(void)notify_send(watch->notify, "READY=1");
	command_complain("ready");

	signal_number = serve_watch(watch, &view);
	(void)notify_send(watch->notify, "STOPPING=1");
	serve_stop(watch->serve, &counts);
	serve_watch_say_counts(&counts);
	return signal_number < 0 ? REQTIME_EXIT_SYSTEM : 0;
}

/* After all names and files are read: binds, drops privileges, serves. */
static int serve_open_and_run(const struct serve_options *options,
                              const struct access_rules *rules,
                              const struct serve_places *places, struct serve_watch *watch)
{
	struct serve_place failed;
	uid_t uid;
	gid_t gid;
	int status;
	int r;

	r = serve_open(&(struct serve_settings){ .endpoints = places->endpoints,
	                                         .endpoint_count = places->endpoint_count,
	                                         .inherited = places->inherited,
	                                         .inherited_count = places->inherited_count,
	                                         .rules = rules,
	                                         .threads = serve_places_have_ntp(places)
	                                                            ? options->threads
	                                                            : 0,
	                                         .local_stratum = options->local_stratum },
	               &watch->serve, &failed);
	if (r < 0) {
		return serve_places_complain(&failed, -r, places->inherited_count > 0);
	}
	if (geteuid() == 0 && priv_find_user(options->user, &uid, &gid) == 0) {
		serve_own(watch->serve, uid);
	}
	status = give_up_privileges(options);
	if (status != 0) {
		serve_close(watch->serve);
		return status;
	}
	status = serve_bound(watch);
	if (status == 0) {
		serve_close(watch->serve);
	}
	return status;
}

static int serve_with(const struct serve_options *options, const struct access_rules *rules,
                      const struct serve_places *places)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct notify notify = { .fd = -1 };
	struct file_helper helper = { .fd = -1 };
	struct serve_watch watch = { .notify = &notify,
		                     .helper = &helper,
		                     .has_config = options->config != NULL,
		                     .has_metrics = options->metrics != NULL,
		                     .started = clock_moment_now().wall };
	int status;
	int r;

	watch.signals_fd = signals_open(signals, COUNT_OF(signals));
	if (watch.signals_fd < 0) {
		command_complain("cannot wait for signals: %s",
		                 strerror(-watch.signals_fd));
		return REQTIME_EXIT_SYSTEM;
	}
	/* The file helper rereads lists, but cannot look up interfaces then. */
	zone_remember_all();
	status = serve_helper_start(options, &helper);
	if (status != 0) {
		goto out;
	}
	r = notify_open(&notify);
	if (r < 0) {
		command_complain("cannot reach the service manager ($NOTIFY_SOCKET): %s",
		                 strerror(-r));
	}
	watch.watches_sync_source = helper.fd >= 0 && options->local_stratum == 0;
	status = serve_open_and_run(options, rules, places, &watch);
out:
	file_helper_close(&helper);
	notify_close(&notify);
	signals_close(watch.signals_fd);
	return status;
}

/* Checks before it listens: the user, and the files that the user may access. */
static int serve_check(const struct serve_options *options)
{
	struct file_helper helper = { .fd = -1 };
	int status = serve_helper_start(options, &helper);

	file_helper_close(&helper);
	if (status == 0) {
		status = give_up_privileges(options);
	}
	if (status == 0) {
		command_complain("options and configuration are valid");
	}
	return status;
}

static int serve_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	struct serve_options options = *(const struct serve_options *)settings;
	struct inherited inherited[INHERIT_MAX];
	struct serve_places places;
	struct access_rules rules;
	int inherited_count;
	int status;

	(void)operands;
	(void)operand_count;
	status = serve_options_complete(&options, &rules);
	if (status != 0) {
		return status;
	}
	inherited_count = inherit_sockets(inherited);
	if (inherited_count < 0) {
		command_complain(
			"cannot use the sockets of the service manager ($LISTEN_FDS): %s",
			strerror(-inherited_count));
		return REQTIME_EXIT_SYSTEM;
	}
	status = serve_places_from(&options, inherited, (size_t)inherited_count, &places);
	if (status == 0 && options.wants_check) {
		status = serve_check(&options);
	} else if (status == 0) {
		status = serve_with(&options, &rules, &places);
	}
	return status;
}

static const char *const command_line_only[] = { "check-config", NULL };

const struct command command_serve = {
	.name = "serve",
	.summary = "serve this machine's time",
	.examples =
		"    sudo reqtimed                            serve NTP on all addresses\n"
		"    sudo reqtimed --allow 192.0.2.0/24       serve one network only\n"
		"    sudo reqtimed --check-config -f FILE     check a configuration\n",
	.lent_descriptors = inherit_count,
	.options = serve_rows,
	.option_count = SERVE_OPTION_COUNT,
	.command_line_only = command_line_only,
	.settings_size = sizeof(struct serve_options),
	.run = serve_run,
};
