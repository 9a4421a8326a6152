/* SPDX-License-Identifier: MIT
 *
 * The options of a measurement, its sandbox and its run over the kernel's ports.
 */
#include "cmd/cli/measure_cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/dhcp_servers.h"
#include "cmd/cli/terminal.h"
#include "core/select/sample.h"
#include "core/select/source_groups.h"
#include "io/net/ports.h"
#include "io/store/history.h"
#include "io/sys/clock_error.h"
#include "io/sys/confine.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/priv.h"
#include "reqtime/now.h"

#define AT(field) offsetof(struct measure_cli_settings, field)
#define HOUR_NS (3600 * NS_PER_S)

/* clang-format off */
const struct option_row measure_cli_options[MEASURE_CLI_OPTION_COUNT] = {
	{ "server", 'H', OPT_TEXTS, AT(servers), 0, 0, "SERVER",
	  "server to ask; may be repeated (for configuration files)" },
	{ "dhcp-servers", 0, OPT_WORD, AT(dhcp_servers), 0, 0, DHCP_SERVERS_WORDS,
	  "ask servers that DHCP named: if no other is named, or beside them (never)" },
	{ "config", 'f', OPT_TEXT, AT(config), 0, 0, "FILE",
	  "configuration file (" COMMAND_CONFIG_DEFAULT ")" },
	{ "ipv4", '4', OPT_CHOICE, AT(family), 0, ADDRESS_IPV4, NULL, "use IPv4 only" },
	{ "ipv6", '6', OPT_CHOICE, AT(family), 0, ADDRESS_IPV6, NULL, "use IPv6 only" },
	{ "samples", 'n', OPT_COUNT, AT(samples), 1, MEASURE_SAMPLES_MAX, "N",
	  "requests per source, at most (4)" },
	{ "interval", 'i', OPT_SPAN_NS, AT(interval_ns), NS_PER_MS, HOUR_NS, "SPAN",
	  "minimum time between requests to one source (2s for public addresses)" },
	{ "timeout", 't', OPT_SPAN_NS, AT(timeout_ns), NS_PER_MS, HOUR_NS, "SPAN",
	  "deadline of the whole run, names included (5s)" },
	{ "pool", 0, OPT_COUNT, AT(pool), 1, SOURCE_GROUPS_ADDRESSES_MAX, "N",
	  "addresses to ask per name and address family, at most (4)" },
	{ "min-sources", 0, OPT_COUNT, AT(min_sources), 1, MEASURE_SOURCES_MAX, "N",
	  "require that at least this many sources agree" },
	{ "liars", 0, OPT_COUNT, AT(liars), 0, MEASURE_SOURCES_MAX, "N",
	  "sources that may be wrong; N + 1 must agree (default: fewer than half)" },
	{ "target", 0, OPT_SPAN_NS, AT(target_ns), 1, HOUR_NS, "SPAN",
	  "ask again while the bound is wider than this (100ms)" },
	{ "root-distance", 0, OPT_SPAN_NS, AT(root_distance_max_ns), 1, 16 * NS_PER_S, "SPAN",
	  "reject servers farther than this from their reference (1.5s)" },
	{ "all", 0, OPT_FLAG, AT(ask_all), 0, 0, NULL,
	  "wait for every source, even after a majority is reached" },
	{ "nts-ca", 0, OPT_TEXTS, AT(authorities), 0, 0, "FILE",
	  "trust only these certificates for nts:// (file, directory or \"system\")" },
	{ "certificate-time", 0, OPT_WORD, AT(certificate_time), 0, 0,
	  MEASURE_CLI_CERTIFICATE_TIME_WORDS,
	  "check certificates at the time that the servers tell, or by this clock too (told)" },
	{ "authenticated", 0, OPT_WORD, AT(authenticated), 0, 0, MEASURE_CLI_AUTHENTICATED_WORDS,
	  "once an nts:// server is named: other servers have no vote, or have one (require)" },
	{ "state-dir", 0, OPT_TEXT, AT(state_dir), 0, 0, "DIR",
	  "directory of the history (/var/lib/reqtime)" },
	{ "keep", 0, OPT_SPAN_NS, AT(keep_ns), HOUR_NS, 100 * 365 * 24 * HOUR_NS, "SPAN",
	  "drop runs older than this from the history (90d)" },
	{ "json", 0, OPT_CHOICE, AT(format), 0, MEASURE_CLI_JSON, NULL,
	  "print one line of JSON" },
	{ "metrics", 0, OPT_TEXT, AT(metrics), 0, 0, "FILE",
	  "write Prometheus metrics of the run to FILE" },
	{ "verbose", 'v', OPT_LEVEL, AT(verbosity), 0, 0, NULL,
	  "show the details of each source" },
	/* `check` does not have the rows from here on. */
	{ "log-to", 0, OPT_TEXT, AT(log_to), 0, 0, "FILE",
	  "log a line per run and message to FILE, syslog or stderr" },
	{ "every", 0, OPT_SPAN_NS, AT(every_ns), NS_PER_S, 100 * 365 * 24 * HOUR_NS, "SPAN",
	  "repeat at this interval until stopped by a signal" },
	{ "format", 0, OPT_WORD, AT(format), 0, 0, MEASURE_CLI_FORMAT_WORDS,
	  "output format (table)" },
	{ "quiet", 'q', OPT_FLAG, AT(is_quiet), 0, 0, NULL,
	  "print nothing when all is well; check the exit status" },
	{ "color", 0, OPT_WORD, AT(color), 0, 0, TERMINAL_COLOR_WORDS,
	  "colour the output (auto: on a terminal, unless NO_COLOR is set)" },
	/* `skew` does not have the rows from here on. */
	{ "bound-file", 0, OPT_TEXT, AT(bound_file), 0, 0, "FILE",
	  "file for reqtime now and status (" REQTIME_NOW_FILE ")" },
	{ "clockbound", 0, OPT_TEXT, AT(clockbound), 0, 0, "FILE",
	  "also write the bound for clients of ClockBound" },
	{ "max-drift", 0, OPT_COUNT, AT(max_drift_ppm), 1, 500, "PPM",
	  "by which the bound grows, beside what past runs have found (50)" },
};
/* clang-format on */

const struct option_group measure_cli_groups[] = {
	{ "Limits", " warning critical stratum-warning stratum-critical bound-warning "
	            "bound-critical root-distance-warning root-distance-critical "
	            "certificate-warning require-authenticated " },
	{ "Judging each server", " tolerance reference only strict " },
	{ "Measuring", " server servers-file dhcp-servers ipv4 ipv6 samples interval "
	               "timeout pool target "
	               "root-distance all " },
	{ "Authentication", " nts-ca certificate-time authenticated " },
	{ "Deciding", " min-sources liars step slew step-above refuse-above "
	              "refuse-back-above any-offset "
	              "boot force no-discipline rtc dry-run " },
	{ "Output",
	  " verbose quiet json json-lines format color metrics bound-file clockbound "
	  "max-drift log-to " },
	{ "Running",
	  " every min-interval splay wait confirm overdue config state-dir keep " },
	{ NULL, NULL },
};

void measure_cli_defaults(struct measure_cli_settings *ret)
{
	struct measure_settings defaults = measure_defaults();

	ret->family = (int)defaults.family;
	ret->samples = defaults.samples;
	ret->pool = defaults.pool;
	ret->min_sources = 0;
	ret->liars = MEASURE_CLI_LIARS_UNSET;
	ret->max_drift_ppm = REQTIME_NOW_MAX_DRIFT_PPM;
	ret->interval_ns = defaults.interval_ns;
	ret->timeout_ns = defaults.timeout_ns;
	ret->target_ns = defaults.target_ns;
	ret->root_distance_max_ns = defaults.root_distance_max_ns;
	ret->keep_ns = HISTORY_KEEP_NS;
}

static int server_from(const char *where, const char *word, struct server_spec *ret)
{
	enum server_spec_verdict verdict = server_spec_parse(word, ret);
	char quoted[COMMAND_QUOTE_SIZE], reason[SERVER_SPEC_REFUSAL_SIZE];

	if (verdict != SERVER_SPEC_OK) {
		command_complain("%sserver \"%s\": %s", where, command_quote(word, quoted),
		                 server_spec_refusal(word, verdict, reason));
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

int measure_cli_check_server(const char *where, const char *word)
{
	struct server_spec server;

	return server_from(where, word, &server);
}

int measure_cli_servers(const char *const *words, size_t count, struct server_spec **ret)
{
	struct server_spec *servers;
	size_t i;

	if (count > MEASURE_SOURCES_MAX) {
		command_complain("more than %d servers", MEASURE_SOURCES_MAX);
		return REQTIME_EXIT_USAGE;
	}
	servers = calloc(count > 0 ? count : 1, sizeof(servers[0]));
	if (!servers) {
		return command_complain_memory();
	}
	for (i = 0; i < count; i++) {
		if (server_from("", words[i], &servers[i]) != 0) {
			free(servers);
			return REQTIME_EXIT_USAGE;
		}
	}
	*ret = servers;
	return 0;
}

/* The maximum number of sources and of names to resolve. */
static struct kernel_ports_settings ports_size(const struct measure_cli_settings *settings,
                                               const struct measure_settings *measure)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct kernel_ports_settings size = { .authorities = settings->authorities.items,
		                              .authority_count =
		                                      settings->authorities.count,
		                              .signals = signals,
		                              .signal_count = COUNT_OF(signals) };
	const size_t families = measure->family == ADDRESS_NONE ? 2 : 1;
	struct address literal;
	size_t i;

	for (i = 0; i < measure->server_count; i++) {
		bool is_address = address_parse(measure->servers[i].host, &literal);

		size.source_max += is_address ? 1 : measure->pool * families;
		/* The resolver also finds the interface of an address. */
		if (!is_address || literal.zone[0] != '\0') {
			size.name_max = measure->server_count;
		}
		size.has_keys |= measure->servers[i].scheme == SCHEME_NTS;
	}
	if (size.source_max > MEASURE_SOURCES_MAX) {
		size.source_max = MEASURE_SOURCES_MAX;
	}
	/* A key exchange may name another server. */
	if (size.has_keys) {
		size.name_max = measure->server_count + size.source_max;
	}
	return size;
}

static struct measure_settings measure_from(const struct measure_cli_settings *settings,
                                            const struct server_spec *servers, size_t count)
{
	struct measure_settings measure = measure_defaults();
	struct kernel_clock_state state;

	measure.servers = servers;
	measure.server_count = count;
	measure.family = (enum address_family)settings->family;
	measure.samples = settings->samples;
	measure.pool = settings->pool;
	measure.min_sources = settings->min_sources;
	if (settings->liars != MEASURE_CLI_LIARS_UNSET) {
		measure.liars = settings->liars;
	}
	measure.interval_ns = settings->interval_ns;
	measure.timeout_ns = settings->timeout_ns;
	measure.target_ns = settings->target_ns;
	measure.root_distance_max_ns = settings->root_distance_max_ns;
	measure.ask_all = settings->ask_all;
	measure.may_probe = settings->verbosity > 0;
	measure.keeps_exchanges =
		settings->verbosity > 0 && settings->format == MEASURE_CLI_JSON;
	measure.is_mixed = settings->authenticated == MEASURE_CLI_MIX;
	measure.is_certificate_strict = settings->certificate_time == MEASURE_CLI_STRICT;
	/* Some containers forbid even reading it; then the default stays. */
	if (kernel_clock_state(&state) == 0 &&
	    state.precision_ns > measure.local_precision_ns) {
		measure.local_precision_ns = state.precision_ns;
	}
	return measure;
}

/* Only with --verbose: a timer would repeat it each hour. */
static void say_what_is_missing(const struct confinement *has, bool is_root)
{
	if (is_root) {
		command_complain(
			"cannot become another user (CAP_SETUID is missing): measuring as "
			"root, without any capability");
	}
	if (!has->has_filter) {
		command_complain("this kernel has no seccomp filters: measuring without "
		                 "one");
	}
	if (!has->has_landlock) {
		command_complain("this kernel has no Landlock: measuring without it");
	}
}

static int enter_sandbox(const struct measure_cli *measurement, bool is_root)
{
	const struct measure_settings *measure = &measurement->measure;
	uint16_t *tcp_ports = calloc(measure->server_count + 1, sizeof(*tcp_ports));
	struct confinement has;
	size_t count = 0;
	int r;

	for (size_t i = 0; tcp_ports && i < measure->server_count; i++) {
		if (scheme_is_tcp(measure->servers[i].scheme) ||
		    measure->servers[i].scheme == SCHEME_NTS) {
			tcp_ports[count++] = measure->servers[i].port;
		}
	}
	r = tcp_ports ? confine_measurer(tcp_ports, count,
	                                 ports_passing_fd(measurement->ports), &has)
	              : -ENOMEM;
	free(tcp_ports);
	if (r < 0) {
		command_complain("cannot enter the sandbox: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	if (measurement->verbosity > 0) {
		say_what_is_missing(&has, is_root);
	}
	return 0;
}

/* Privileges are dropped first, the resolver must start before the sandbox is entered, and
 * no packet may be sent before both. */
static int process_confine(const struct measure_cli_settings *settings,
                           struct measure_cli *measurement)
{
	/* With our own buffer stdio makes no system calls about the descriptor inside the
	 * sandbox. */
	static char output[1 << 15];
	struct kernel_ports_settings size;
	bool is_root;
	int r;

	r = priv_drop_to(PRIV_NOBODY, PRIV_NOBODY);
	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	is_root = r > 0;
	size = ports_size(settings, &measurement->measure);
	r = ports_open(&size, &measurement->ports);
	if (r < 0) {
		command_complain("cannot prepare the network: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	measurement->measure.window = ports_window(measurement->ports);
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	return enter_sandbox(measurement, is_root);
}

int measure_cli_open(const struct measure_cli_settings *settings,
                     const struct server_spec *servers, size_t count,
                     struct measure_cli *ret)
{
	struct measure_cli measurement = { .ports = NULL };
	int status;

	measurement.measure = measure_from(settings, servers, count);
	measurement.style =
		terminal_style(settings->is_quiet ? STDERR_FILENO : STDOUT_FILENO,
	                       (enum terminal_color)settings->color);
	measurement.verbosity = settings->verbosity;
	measurement.is_repeated = settings->every_ns > 0;
	measurement.format = (enum measure_cli_format)settings->format;
	if (!settings->is_quiet) {
		progress_open(&measurement.progress);
	}
	status = process_confine(settings, &measurement);
	if (status) {
		ports_close(measurement.ports);
		return status;
	}
	*ret = measurement;
	return 0;
}

/* Whether a server has no keys of an earlier run. */
static bool needs_keys(const struct measure_settings *measure)
{
	for (size_t i = 0; i < measure->server_count; i++) {
		bool has_keys = measure->servers[i].scheme != SCHEME_NTS;

		for (size_t k = 0; !has_keys && measure->store && k < measure->store->count;
		     k++) {
			const struct nts_stored *stored = &measure->store->items[k];

			has_keys = stored->cookies.count > 0 &&
			           stored->trust == measure->store->trust &&
			           strcmp(stored->host, measure->servers[i].host) == 0;
		}
		if (!has_keys) {
			return true;
		}
	}
	return false;
}

int measure_cli_run(const struct measure_cli *measurement, int64_t timeout_ns,
                    struct run *ret)
{
	struct measure_settings measure_settings = measurement->measure;
	const struct ports *ports = ports_of(measurement->ports);
	struct progress progress = measurement->progress;
	struct ports watched;
	int r;

	measure_settings.timeout_ns = timeout_ns;
	if (needs_keys(&measure_settings)) {
		ports_expect_keys(measurement->ports);
	}
	if (progress.is_wanted) {
		progress_begin(&progress);
		watched = *ports;
		watched.watch_ctx = &progress;
		watched.progress = progress_look;
		ports = &watched;
	}
	r = measure(&measure_settings, ports, ret);
	progress_erase(&progress);
	if (r < 0) {
		command_complain("cannot measure with this machine's clock: %s",
		                 clock_error_text(r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

void measure_cli_close(struct measure_cli *measurement)
{
	ports_close(measurement->ports);
	measurement->ports = NULL;
}
