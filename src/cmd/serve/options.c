/* SPDX-License-Identifier: MIT
 *
 * The options of reqtimed, their defaults, and the access rules that they make.
 */
#include "cmd/serve/serve_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli/metrics_file.h"
#include "io/net/zone.h"

/* Enough for a gateway with six thousand clients that ask every minute. */
#define DEFAULT_RATE "100"
const struct option_row serve_rows[SERVE_OPTION_COUNT] = {
	{ "listen", 0, OPT_TEXTS, offsetof(struct serve_options, listen), 0, 0,
	  "ADDR[:PORT]|none",
	  "address for NTP; may be repeated (all addresses, port 123)" },
	{ "text-listen", 0, OPT_TEXTS, offsetof(struct serve_options, text_listen), 0, 0,
	  "ADDR[:PORT]", "address for the reqtime text protocol, UDP and TCP (port 9191)" },
	{ "time-listen", 0, OPT_TEXTS, offsetof(struct serve_options, time_listen), 0, 0,
	  "ADDR[:PORT]", "address for the time protocol (RFC 868), UDP and TCP (port 37)" },
	{ "daytime-listen", 0, OPT_TEXTS, offsetof(struct serve_options, daytime_listen), 0,
	  0, "ADDR[:PORT]", "address for daytime (RFC 867), UDP and TCP (port 13)" },
	{ "local-stratum", 0, OPT_COUNT, offsetof(struct serve_options, local_stratum), 1,
	  NTP_STRATUM_MAX, "N", "serve this clock at stratum N, synchronised or not" },
	{ "threads", 0, OPT_COUNT, offsetof(struct serve_options, threads), 1,
	  SERVE_THREADS_MAX, "N", "NTP threads (default: one per CPU)" },
	{ "user", 0, OPT_TEXT, offsetof(struct serve_options, user), 0, 0, "NAME",
	  "run as this user once the sockets are bound (nobody)" },
	{ "allow", 0, OPT_TEXTS, offsetof(struct serve_options, allow), 0, 0, "CIDR",
	  "answer only these clients; the longest prefix decides; may be repeated" },
	{ "deny", 0, OPT_TEXTS, offsetof(struct serve_options, deny), 0, 0, "CIDR",
	  "do not answer these clients; may be repeated" },
	{ "rate", 0, OPT_TEXT, offsetof(struct serve_options, rate), 0, 0, "N[:BURST]",
	  "requests per second from one address (" DEFAULT_RATE "); 0: no limit" },
	{ "metrics", 0, OPT_TEXT, offsetof(struct serve_options, metrics), 0, 0, "FILE",
	  "write Prometheus metrics to FILE every 15 s" },
	{ "state-dir", 0, OPT_TEXT, offsetof(struct serve_options, state_dir), 0, 0, "DIR",
	  "directory of the history of reqtime set (/var/lib/reqtime)" },
	{ "config", 'f', OPT_TEXT, offsetof(struct serve_options, config), 0, 0, "FILE",
	  "configuration file; SIGHUP rereads allow, deny and rate" },
	{ "check-config", 0, OPT_FLAG, offsetof(struct serve_options, wants_check), 0, 0,
	  NULL, "check the options and the configuration file, and exit" },
};

/* Finds the interface of a prefix with a zone. */
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
		command_complain("--rate %s: must be N or N:BURST, at most %d each",
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
