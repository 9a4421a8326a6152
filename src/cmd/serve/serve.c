/* SPDX-License-Identifier: MIT
 *
 * reqtimed: options -> file helper -> sockets -> nothing left to give up -> serve until told to end.
 */
#include "cmd/serve/serve_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/metrics_file.h"
#include "io/net/clock_moment.h"
#include "io/net/zone.h"
#include "io/sys/landlock.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"
#include "io/sys/signals.h"

/* A gateway with six thousand clients that ask every minute stays below it. */
#define DEFAULT_RATE "100"
/* A store on a slow disk. */
#define FIRST_LOOK_NS (2 * NS_PER_S)

static const struct option_row serve_rows[] = {
	{ "listen", 0, OPT_TEXTS, offsetof(struct serve_options, listen), 0, 0,
	  "ADDR[:PORT]|none",
	  "answer NTP there (port 123); again for more; default: all addresses" },
	{ "text-listen", 0, OPT_TEXTS, offsetof(struct serve_options, text_listen), 0, 0,
	  "ADDR[:PORT]", "answer the line \"reqtime\" there, UDP and TCP (port 9191)" },
	{ "time-listen", 0, OPT_TEXTS, offsetof(struct serve_options, time_listen), 0, 0,
	  "ADDR[:PORT]", "time protocol, RFC 868, UDP and TCP (port 37)" },
	{ "daytime-listen", 0, OPT_TEXTS, offsetof(struct serve_options, daytime_listen), 0,
	  0, "ADDR[:PORT]", "daytime, RFC 867, UDP and TCP (port 13)" },
	{ "local-stratum", 0, OPT_COUNT, offsetof(struct serve_options, local_stratum), 1,
	  NTP_STRATUM_MAX, "N", "serve this clock as it is, synchronised or not" },
	{ "threads", 0, OPT_COUNT, offsetof(struct serve_options, threads), 1,
	  SERVE_THREADS_MAX, "N", "threads that answer NTP; default: one a processor" },
	{ "user", 0, OPT_TEXT, offsetof(struct serve_options, user), 0, 0, "NAME",
	  "become this user once the sockets are bound; default: nobody" },
	{ "allow", 0, OPT_TEXTS, offsetof(struct serve_options, allow), 0, 0, "CIDR",
	  "answer these, and no others; the longest match decides" },
	{ "deny", 0, OPT_TEXTS, offsetof(struct serve_options, deny), 0, 0, "CIDR",
	  "do not answer these; the longest match decides" },
	{ "rate", 0, OPT_TEXT, offsetof(struct serve_options, rate), 0, 0, "N[:BURST]",
	  "requests a second of one address; default: " DEFAULT_RATE "; 0: no limit" },
	{ "metrics", 0, OPT_TEXT, offsetof(struct serve_options, metrics), 0, 0, "FILE",
	  "write metrics for Prometheus there every 15 s" },
	{ "state-dir", 0, OPT_TEXT, offsetof(struct serve_options, state_dir), 0, 0, "DIR",
	  "where `reqtime set` records its runs; default: /var/lib/reqtime" },
	{ "config", 'f', OPT_TEXT, offsetof(struct serve_options, config), 0, 0, "FILE",
	  "read options from there; SIGHUP reads lists and rate again" },
	{ "check-config", 0, OPT_FLAG, offsetof(struct serve_options, wants_check), 0, 0,
	  NULL, "say whether options and file are right, and exit" },
};

/* Finds the interface in a prefix that has the name of one. */
static bool find_zone(const char *option, const char *text, const char *zone,
                      struct cidr *prefix)
{
	char quoted[COMMAND_QUOTE_SIZE];
	int r = zone[0] != '\0' ? zone_find(zone, &prefix->scope) : 0;

	if (r == -ENODEV) {
		command_complain("%s %s: no interface %s%s", option,
		                 command_quote(text, quoted), zone,
		                 zone_is_remembered() ? " when reqtimed started: restart it"
		                                      : "");
	} else if (r < 0) {
		command_complain("%s %s: interface %s: %s", option,
		                 command_quote(text, quoted), zone, strerror(-r));
	}
	return r == 0;
}

static bool add_prefixes(const struct option_texts *texts, const char *option,
                         bool is_allow, struct cidr_list *list)
{
	char quoted[COMMAND_QUOTE_SIZE];
	char zone[ADDRESS_ZONE_SIZE];
	enum cidr_verdict verdict;
	struct cidr prefix;

	for (size_t i = 0; i < texts->count; i++) {
		verdict = cidr_parse(texts->items[i], &prefix, zone);
		if (verdict != CIDR_OK) {
			command_complain("%s %s: %s", option,
			                 command_quote(texts->items[i], quoted),
			                 cidr_verdict_text(verdict));
			return false;
		}
		if (!find_zone(option, texts->items[i], zone, &prefix)) {
			return false;
		}
		if (!cidr_list_add(list, &prefix, is_allow)) {
			command_complain("more than %d prefixes", CIDR_LIST_MAX);
			return false;
		}
	}
	return true;
}

static int rules_from(const struct serve_options *options, struct access_rules *ret)
{
	char quoted[COMMAND_QUOTE_SIZE];

	memset(ret, 0, sizeof(*ret));
	if (!rate_limit_parse(options->rate, &ret->limits)) {
		command_complain("--rate %s: not N or N:BURST, up to %d each",
		                 command_quote(options->rate, quoted), RATE_PER_S_MAX);
		return REQTIME_EXIT_USAGE;
	}
	if (!add_prefixes(&options->allow, "--allow", true, &ret->list) ||
	    !add_prefixes(&options->deny, "--deny", false, &ret->list)) {
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

int serve_options_complete(struct serve_options *options, struct access_rules *ret_rules)
{
	long processors;

	options->is_user_named = options->user != NULL;
	if (!options->user) {
		options->user = "nobody";
	}
	if (!options->metrics) {
		options->metrics = metrics_file_default();
	}
	if (!options->rate) {
		options->rate = DEFAULT_RATE;
	}
	if (options->threads == 0) {
		processors = sysconf(_SC_NPROCESSORS_ONLN);
		options->threads = processors < 1 ? 1 : (unsigned)processors;
		if (options->threads > SERVE_THREADS_MAX) {
			options->threads = SERVE_THREADS_MAX;
		}
	}
	return rules_from(options, ret_rules);
}

/* Where root may not change its user (a container without CAP_SETUID) it stays, without a
 * capability, unless another one was asked for. */
static int give_up_privileges(const struct serve_options *options)
{
	const char *user = options->user;
	char quoted[COMMAND_QUOTE_SIZE];
	int r = priv_become(user);

	if (r > 0 && options->is_user_named) {
		command_complain(
			"--user %s: no right to become that user (CAP_SETUID, CAP_SETGID): "
			"grant both, or take --user root, which has no capability then",
			command_quote(user, quoted));
		return REQTIME_EXIT_SYSTEM;
	}
	if (r > 0) {
		command_complain(
			"no right to become %s (CAP_SETUID, CAP_SETGID): serving as root, "
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

/* After this nothing can be opened, by any thread. */
static int confine(struct serve *serve)
{
	int r = landlock_enter(NULL, 0);

	/* The second lock on the same door: the filter below forbids to open anything. */
	if (r < 0 && r != -ENOSYS && r != -EPERM) {
		command_complain("cannot close the file system off: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = serve_start(serve);
	if (r < 0) {
		command_complain("cannot start the threads: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = sandbox_enter(SANDBOX_SERVE);
	if (r == -ENOSYS || r == -EINVAL) {
		command_complain("no system call filter here (%s): serving without",
		                 strerror(-r));
	} else if (r < 0) {
		command_complain("cannot enter the sandbox: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

/* What is known of the clock, before anybody is told that we are here. */
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
		/* Of the two of a text service one is enough. */
		if (place.is_absent && !place.is_tcp) {
			command_complain("warning: %s: no interface of this host has this "
			                 "address now; it is served as soon as one has it",
			                 serve_place_text(&place, text));
		}
	}
	if (error != 0) {
		command_complain(
			"warning: no kernel timestamps here (SO_TIMESTAMPING: %s): those "
			"of this server are less precise, which clients see as delay",
			strerror(error));
	}
}

/* All is bound and there is no right left to lose: serve.  On failure `serve` must not be
 * closed, the process is to end: threads may stand waiting in it. */
static int serve_bound(struct serve_watch *watch)
{
	struct serve_counts counts;
	struct serve_view view;
	int signal_number;
	int r = confine(watch->serve);

	if (r != 0) {
		return r;
	}
	/* In the sandbox already: should it forbid what is needed every second, that shows
	 * before anybody counts on us. */
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

/* With everything in hand that needs a name or a file: binds, gives up, serves. */
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
	/* The file helper reads lists again, and can ask the kernel for no interface then. */
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

/* All that a start would find wrong before it listens: the user, and what that one may reach. */
static int serve_check(const struct serve_options *options)
{
	struct file_helper helper = { .fd = -1 };
	int status = serve_helper_start(options, &helper);

	file_helper_close(&helper);
	if (status == 0) {
		status = give_up_privileges(options);
	}
	if (status == 0) {
		command_complain("options and configuration are right");
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
		command_complain("the sockets of the service manager ($LISTEN_FDS): %s",
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
	.lent_descriptors = inherit_count,
	.options = serve_rows,
	.option_count = COUNT_OF(serve_rows),
	.command_line_only = command_line_only,
	.settings_size = sizeof(struct serve_options),
	.run = serve_run,
};
