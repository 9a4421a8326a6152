/* SPDX-License-Identifier: MIT
 *
 * reqtimed: options -> sockets -> nothing left to give up -> serve until told to end.
 */
#include "app/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "core/server_spec.h"
#include "io/notify.h"
#include "io/priv.h"
#include "io/sandbox.h"
#include "io/signals.h"

/* The state is worked out that often: RFC 5905 lets the dispersion grow by 15 us in it. */
#define REFRESH_EVERY_NS NS_PER_S

enum {
	PLACE_TEXT_ROOM = ADDRESS_TEXT_ROOM + 32,
	SUMMARY_ROOM = 512,
	PORT_NTP = 123,
	PORT_REQTIME = 9191,
	PORT_TIME = 37,
	PORT_DAYTIME = 13,
	PRIVILEGED_PORTS = 1024,
};

struct serve_options {
	struct option_texts listen;
	struct option_texts text_listen;
	struct option_texts time_listen;
	struct option_texts daytime_listen;
	unsigned local_stratum;
	unsigned threads;
	const char *user;
};

struct endpoints {
	struct serve_endpoint items[SERVE_ENDPOINTS_MAX];
	size_t count;
};

static const struct option_row serve_rows[] = {
	{ "listen", 0, OPT_TEXTS, offsetof(struct serve_options, listen), 0, 0,
	  "ADDR[:PORT]",
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
};

static void serve_defaults(void *settings)
{
	struct serve_options *options = settings;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	options->user = "nobody";
	options->threads = processors < 1 ? 1 : (unsigned)processors;
	if (options->threads > SERVE_THREADS_MAX) {
		options->threads = SERVE_THREADS_MAX;
	}
}

/* ADDR:0 lets the kernel choose a port, which is no port that a server can be asked on,
 * so listen_spec_parse() knows nothing of it.  The text before ":0", or NULL. */
static const char *before_port_zero(const char *text, char *buf, size_t room)
{
	size_t len = strlen(text);
	const char *colon = strrchr(text, ':');

	if (!colon || strcmp(colon, ":0") != 0 || len - 2 >= room) {
		return NULL;
	}
	/* "::0" is an address, "[::]:0" is one with a port. */
	if (strchr(text, ':') != colon && colon[-1] != ']') {
		return NULL;
	}
	memcpy(buf, text, len - 2);
	buf[len - 2] = '\0';
	return len == 2 ? "*" : buf;
}

static bool endpoint_add(struct endpoints *endpoints, struct serve_endpoint endpoint)
{
	if (endpoints->count == COUNT_OF(endpoints->items)) {
		command_complain("more than %zu addresses to listen on",
		                 COUNT_OF(endpoints->items));
		return false;
	}
	endpoints->items[endpoints->count++] = endpoint;
	return true;
}

static bool endpoints_add_all(struct endpoints *endpoints, enum serve_service service,
                              uint16_t port)
{
	struct serve_endpoint v4 = { .service = service,
		                     .at = { .family = ADDRESS_IPV4, .port = port } };
	struct serve_endpoint v6 = { .service = service,
		                     .at = { .family = ADDRESS_IPV6, .port = port },
		                     .is_twin = true };

	return endpoint_add(endpoints, v4) && endpoint_add(endpoints, v6);
}

static bool endpoints_add(struct endpoints *endpoints, enum serve_service service,
                          const char *option, const char *text, uint16_t default_port)
{
	char quoted[COMMAND_QUOTE_ROOM];
	char without_port[SERVER_HOST_ROOM];
	const char *bare = before_port_zero(text, without_port, sizeof(without_port));
	struct serve_endpoint endpoint = { .service = service };
	enum server_spec_verdict verdict;
	struct server_spec spec;

	verdict = bare ? listen_spec_parse(bare, 0, &spec)
	               : listen_spec_parse(text, default_port, &spec);
	if (verdict == SERVER_SPEC_OK && strcmp(spec.host, "*") == 0) {
		return endpoints_add_all(endpoints, service, spec.port);
	}
	if (verdict == SERVER_SPEC_OK && !address_parse(spec.host, &endpoint.at)) {
		verdict = SERVER_SPEC_BAD_HOST;
	}
	if (verdict == SERVER_SPEC_BAD_HOST) {
		command_complain(
			"--%s %s: not an address of this host: give it in numbers, "
			"or \"*\" for all",
			option, command_quote(text, quoted));
		return false;
	}
	if (verdict != SERVER_SPEC_OK) {
		command_complain("--%s %s: %s", option, command_quote(text, quoted),
		                 server_spec_verdict_text(verdict));
		return false;
	}
	endpoint.at.port = spec.port;
	return endpoint_add(endpoints, endpoint);
}

static bool endpoints_from(const struct serve_options *options, struct endpoints *ret)
{
	const struct {
		const struct option_texts *texts;
		enum serve_service service;
		const char *option;
		uint16_t port;
	} lists[] = {
		{ &options->listen, SERVE_NTP, "listen", PORT_NTP },
		{ &options->text_listen, SERVE_REQTIME, "text-listen", PORT_REQTIME },
		{ &options->time_listen, SERVE_TIME, "time-listen", PORT_TIME },
		{ &options->daytime_listen, SERVE_DAYTIME, "daytime-listen", PORT_DAYTIME },
	};

	ret->count = 0;
	if (options->listen.count == 0 && !endpoints_add_all(ret, SERVE_NTP, PORT_NTP)) {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		for (size_t k = 0; k < lists[i].texts->count; k++) {
			if (!endpoints_add(ret, lists[i].service, lists[i].option,
			                   lists[i].texts->items[k], lists[i].port)) {
				return false;
			}
		}
	}
	return true;
}

/* "text udp 127.0.0.1:9191"; NTP is UDP and says so by being NTP. */
static const char *place_text(const struct serve_place *place, char buf[PLACE_TEXT_ROOM])
{
	const char *transport = place->is_tcp ? " tcp" : " udp";
	bool is_ipv6 = place->at.family == ADDRESS_IPV6;
	char address[ADDRESS_TEXT_ROOM];

	(void)address_format(&place->at, address);
	snprintf(buf, PLACE_TEXT_ROOM, "%s%s %s%s%s:%u", serve_service_name(place->service),
	         place->service == SERVE_NTP ? "" : transport, is_ipv6 ? "[" : "", address,
	         is_ipv6 ? "]" : "", place->at.port);
	return buf;
}

static const char *bind_advice(const struct serve_place *place, int error)
{
	if (error == EACCES && place->at.port < PRIVILEGED_PORTS) {
		return ": ports below 1024 need root or CAP_NET_BIND_SERVICE, or give "
		       "another port";
	}
	if (error == EADDRINUSE) {
		return ": another program has this port; ss -lnptu shows which";
	}
	if (error == EADDRNOTAVAIL) {
		return ": no interface of this host has this address";
	}
	return "";
}

static int complain_of_open(const struct serve_place *failed, int error)
{
	char text[PLACE_TEXT_ROOM];

	if (failed->service == SERVE_SERVICE_COUNT) {
		command_complain("cannot start: %s", strerror(error));
	} else {
		command_complain("cannot listen on %s: %s%s", place_text(failed, text),
		                 strerror(error), bind_advice(failed, error));
	}
	return EXIT_SYSTEM;
}

static int give_up_privileges(const char *user)
{
	char quoted[COMMAND_QUOTE_ROOM];
	int r = priv_become(user);

	if (r == -ENOENT) {
		command_complain("--user %s: there is no such user",
		                 command_quote(user, quoted));
		return EXIT_USAGE;
	}
	if (r < 0) {
		command_complain("cannot become %s without any privilege: %s",
		                 command_quote(user, quoted), strerror(-r));
		return EXIT_SYSTEM;
	}
	return 0;
}

/* After this nothing can be opened, by any thread. */
static int confine(struct serve *serve)
{
	int r = serve_start(serve);

	if (r < 0) {
		command_complain("cannot start the threads: %s", strerror(-r));
		return EXIT_SYSTEM;
	}
	r = sandbox_enter(SANDBOX_SERVE);
	if (r == -ENOSYS || r == -EINVAL) {
		command_complain("no system call filter here (%s): serving without",
		                 strerror(-r));
	} else if (r < 0) {
		command_complain("cannot enter the sandbox: %s", strerror(-r));
		return EXIT_SYSTEM;
	}
	return 0;
}

static void say_state(const struct notify *notify, const struct serve_view *view)
{
	if (view->may_tell) {
		(void)notify_send(notify, "STATUS=Serving time");
	} else {
		command_complain("this clock is not synchronised: NTP answers say so, the "
		                 "text services are silent; --local-stratum serves it "
		                 "all the same");
		(void)notify_send(notify, "STATUS=Clock not synchronised");
	}
}

/* Until a signal comes; returns it. */
static int watch(struct serve *serve, const struct notify *notify, int signals_fd,
                 bool could_tell)
{
	int64_t every_ns = REFRESH_EVERY_NS;
	struct serve_view view;
	int signal_number;

	if (notify->watchdog_ns > 0 && notify->watchdog_ns / 2 < every_ns) {
		every_ns = notify->watchdog_ns / 2;
	}
	for (;;) {
		signal_number = signals_wait(signals_fd, every_ns);
		if (signal_number != 0) {
			return signal_number;
		}
		if (serve_refresh(serve, &view) == 0 && view.may_tell != could_tell) {
			could_tell = view.may_tell;
			if (could_tell) {
				command_complain("this clock is synchronised now");
			}
			say_state(notify, &view);
		}
		if (notify->watchdog_ns > 0) {
			(void)notify_send(notify, "WATCHDOG=1");
		}
	}
}

static void say_counts(const struct serve_counts *counts)
{
	char reasons[SUMMARY_ROOM] = "";
	uint64_t dropped = 0;
	size_t at = 0;

	for (size_t v = SERVE_ANSWER + 1; v < SERVE_VERDICT_COUNT; v++) {
		if (counts->by_verdict[v] == 0) {
			continue;
		}
		at += (size_t)snprintf(reasons + at, sizeof(reasons) - at, "%s%s %llu",
		                       dropped > 0 ? ", " : " (",
		                       serve_verdict_text((enum serve_verdict)v),
		                       (unsigned long long)counts->by_verdict[v]);
		dropped += counts->by_verdict[v];
	}
	command_complain(
		"ended: answered %llu, dropped %llu%s%s; connections answered %llu, "
		"dropped %llu, refused %llu",
		(unsigned long long)counts->by_verdict[SERVE_ANSWER],
		(unsigned long long)dropped, reasons, dropped > 0 ? ")" : "",
		(unsigned long long)counts->tcp.answered,
		(unsigned long long)counts->tcp.dropped,
		(unsigned long long)counts->tcp.refused);
}

/* All is bound and there is no right left to lose: serve.  On failure `serve` must not be
 * closed, the process is to end: threads may stand waiting in it. */
static int serve_bound(struct serve *serve, const struct notify *notify, int signals_fd)
{
	char text[PLACE_TEXT_ROOM];
	struct serve_counts counts;
	struct serve_place place;
	struct serve_view view;
	int signal_number;
	int r = confine(serve);

	if (r != 0) {
		return r;
	}
	/* In the sandbox already: should it forbid what is needed every second, that shows
	 * before anybody counts on us. */
	r = serve_refresh(serve, &view);
	if (r < 0) {
		command_complain("cannot read the kernel's clock state: %s", strerror(-r));
		return EXIT_SYSTEM;
	}
	for (size_t i = 0; i < serve_place_count(serve); i++) {
		place = serve_place(serve, i);
		command_complain("%s", place_text(&place, text));
	}
	serve_go(serve);
	(void)notify_send(notify, "READY=1");
	say_state(notify, &view);
	command_complain("ready");

	signal_number = watch(serve, notify, signals_fd, view.may_tell);
	(void)notify_send(notify, "STOPPING=1");
	serve_stop(serve, &counts);
	say_counts(&counts);
	return signal_number < 0 ? EXIT_SYSTEM : 0;
}

static int serve_run(const void *settings, const char *const *operands,
                     size_t operand_count)
{
	static const int ending_signals[] = { SIGTERM, SIGINT };
	const struct serve_options *options = settings;
	struct notify notify = { .fd = -1 };
	struct serve *serve = NULL;
	struct serve_place failed;
	struct endpoints endpoints;
	struct admit_rules rules = { 0 };
	int signals_fd;
	int status;
	int r;

	(void)operands;
	(void)operand_count;
	if (!endpoints_from(options, &endpoints)) {
		return EXIT_USAGE;
	}
	signals_fd = signals_open(ending_signals, COUNT_OF(ending_signals));
	if (signals_fd < 0) {
		command_complain("cannot wait for signals: %s", strerror(-signals_fd));
		return EXIT_SYSTEM;
	}
	r = notify_open(&notify);
	if (r < 0) {
		command_complain("cannot reach the service manager ($NOTIFY_SOCKET): %s",
		                 strerror(-r));
	}
	r = serve_open(&(struct serve_settings){ .endpoints = endpoints.items,
	                                         .endpoint_count = endpoints.count,
	                                         .threads = options->threads,
	                                         .rules = &rules,
	                                         .local_stratum = options->local_stratum },
	               &serve, &failed);
	if (r < 0) {
		status = complain_of_open(&failed, -r);
		goto out;
	}
	status = give_up_privileges(options->user);
	if (status != 0) {
		serve_close(serve);
		goto out;
	}
	status = serve_bound(serve, &notify, signals_fd);
	if (status == 0) {
		serve_close(serve);
	}
out:
	notify_close(&notify);
	signals_close(signals_fd);
	return status;
}

const struct command command_serve = {
	.name = "serve",
	.summary = "serve this machine's time",
	.options = serve_rows,
	.option_count = COUNT_OF(serve_rows),
	.settings_size = sizeof(struct serve_options),
	.defaults = serve_defaults,
	.run = serve_run,
};
