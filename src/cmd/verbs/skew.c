/* SPDX-License-Identifier: MIT
 *
 * `reqtime skew`: how far the clocks of servers are apart, pair by pair.
 */
#include <stdlib.h>

#include "cmd/cli/command.h"
#include "cmd/cli/parse.h"
#include "cmd/cli/repeat.h"
#include "cmd/verbs/fleet_private.h"

struct skew_settings {
	struct measure_cli_settings measurement; /* first: offsets of the shared options */
	struct fleet_settings fleet;
};
_Static_assert(offsetof(struct skew_settings, measurement) == 0, "shared options");

/* 32640 pairs. */
enum { SKEW_SERVERS_MAX = 256 };

#define AT(field) offsetof(struct skew_settings, fleet.field)

/* clang-format off */
static const struct option_row skew_options[] = {
	{ "tolerance", 0, OPT_SPAN_NS, AT(tolerance_ns), 1, FLEET_TOLERANCE_MAX_NS, "SPAN",
	  "a pair farther apart than SPAN is off: exit status 1" },
	{ "only", 0, OPT_WORD, AT(only), 0, 0, FLEET_ONLY_WORDS,
	  "show the pairs with this verdict (auto: all of few, else the worst)" },
	{ "strict", 0, OPT_FLAG, AT(is_strict), 0, 0, NULL, FLEET_STRICT_HELP },
};
/* clang-format on */

static void skew_defaults(void *settings)
{
	struct skew_settings *skew = settings;

	measure_cli_defaults(&skew->measurement);
}

struct skew_job {
	const struct skew_settings *settings;
	struct repeat_settings when;
	struct server_spec *servers;
	struct fleet_job fleet;
	struct parse again; /* owns `settings` after a SIGHUP */
};

/* 0, or the exit status with a line on stderr; the caller frees `*servers` in both cases. */
static int take_servers(const struct skew_settings *settings, const char *const *operands,
                        size_t operand_count, struct server_spec **servers,
                        struct fleet_job *ret)
{
	size_t count = operand_count;
	int status;

	*servers = NULL;
	*ret = (struct fleet_job){ .verb = "skew",
		                   .has_pairs = true,
		                   .measurement = &settings->measurement,
		                   .fleet = &settings->fleet };
	if (settings->measurement.format == MEASURE_CLI_NTPDATE) {
		command_complain("--format ntpdate has no place for pairs: use table, "
		                 "json, csv or line");
		return REQTIME_EXIT_USAGE;
	}
	if (count > SKEW_SERVERS_MAX) {
		command_complain("skew compares each pair of at most %d servers; thousands "
		                 "are judged against one by reqtime query --tolerance "
		                 "SPAN --reference SERVER",
		                 SKEW_SERVERS_MAX);
		return REQTIME_EXIT_USAGE;
	}
	status = measure_cli_servers(operands, count, servers);
	if (status == 0) {
		status = fleet_take_servers(ret, servers, &count);
	}
	if (status == 0 && count < 2) {
		command_complain("skew needs two different servers or more");
		status = REQTIME_EXIT_USAGE;
	}
	return status;
}

static int skew_once(void *ctx, bool is_try)
{
	const struct skew_job *job = ctx;

	(void)is_try;
	return fleet_once(&job->fleet);
}

/* After an error the previous settings stay in force. */
static void skew_reread(void *ctx)
{
	struct skew_job *job = ctx;
	struct server_spec *servers;
	struct fleet_job fleet;
	struct parse again;

	if (command_parse_again(&again) != 0) {
		return;
	}
	if (take_servers(again.settings, again.operands, again.operand_count, &servers,
	                 &fleet) != 0) {
		free(servers);
		parse_close(&again);
		return;
	}
	free(job->servers);
	parse_close(&job->again);
	job->again = again;
	job->settings = again.settings;
	job->servers = servers;
	job->fleet = fleet;
	job->when.every_ns = job->settings->measurement.every_ns;
}

static int skew_run(const void *settings, const char *const *operands, size_t operand_count)
{
	struct skew_job job = { .settings = settings };
	const struct repeat_job repeat = { .ctx = &job,
		                           .once = skew_once,
		                           .reread = skew_reread };
	int status;

	job.when.every_ns = job.settings->measurement.every_ns;
	status = take_servers(job.settings, operands, operand_count, &job.servers,
	                      &job.fleet);
	if (status == 0) {
		status = repeat_run(&job.when, &repeat);
	}
	free(job.servers);
	parse_close(&job.again);
	return status;
}

const struct command command_skew = {
	.name = "skew",
	.summary = "compare the clocks of servers, pair by pair",
	.examples =
		"    reqtime skew db1 db2 db3                  how far are they apart?\n"
		"    reqtime skew --tolerance 1ms db1 db2 db3  exit 1 if a pair is off\n",
	.groups = measure_cli_groups,
	.exit_statuses = "  0  each pair is known, and none is off\n"
			 "  1  a pair is off, or not known: a server is silent\n"
			 "  2  wrong usage or configuration\n"
			 "  6  system error\n",
	.operands = "[SERVER]...",
	.operand_option = "server",
	.check_operand = measure_cli_check_server,
	.config_default = COMMAND_CONFIG_DEFAULT,
	.config_folder = COMMAND_CONFIG_FOLDER,
	.options = skew_options,
	.option_count = COUNT_OF(skew_options),
	.shared_options = measure_cli_options,
	.shared_option_count = MEASURE_CLI_SKEW_OPTION_COUNT,
	.settings_size = sizeof(struct skew_settings),
	.defaults = skew_defaults,
	.run = skew_run,
};
