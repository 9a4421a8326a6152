/* SPDX-License-Identifier: MIT
 *
 * The part that `query`, `set` and `check` share: the options of a measurement, its run
 * over the kernel's ports, and its report.
 *
 *   measure_cli_open -> measure_cli_run* -> measure_cli_close
 */
#ifndef CMD_CLI_MEASURE_CLI_H
#define CMD_CLI_MEASURE_CLI_H

#include <limits.h>
#include <stdio.h>

#include "app/client/measure.h"
#include "cmd/cli/command.h"
#include "cmd/cli/progress.h"
#include "core/base/style.h"
#include "core/report/fleet_report.h"
#include "core/select/plan.h"

struct kernel_ports;

/* --format, in the order of the words. */
#define MEASURE_CLI_LIARS_UNSET UINT_MAX

enum measure_cli_format {
	MEASURE_CLI_TABLE,
	MEASURE_CLI_JSON,
	MEASURE_CLI_CSV,
	MEASURE_CLI_NTPDATE,
	MEASURE_CLI_LINE
};
#define MEASURE_CLI_FORMAT_WORDS "table|json|csv|ntpdate|line"

/* --certificate-time and --authenticated, in the order of the words. */
enum measure_cli_certificate_time { MEASURE_CLI_TOLD, MEASURE_CLI_STRICT };
#define MEASURE_CLI_CERTIFICATE_TIME_WORDS "told|strict"
enum measure_cli_authenticated { MEASURE_CLI_REQUIRE, MEASURE_CLI_MIX };
#define MEASURE_CLI_AUTHENTICATED_WORDS "require|mix"

/* The values of the shared options; the settings of a command begin with it. */
struct measure_cli_settings {
	int family; /* enum address_family; ADDRESS_NONE: both */
	unsigned samples;
	unsigned pool;
	unsigned min_sources;
	unsigned liars; /* MEASURE_CLI_LIARS_UNSET: fewer than half */
	int64_t interval_ns;
	int64_t timeout_ns;
	int64_t target_ns;
	int64_t root_distance_max_ns;
	bool ask_all;
	struct option_texts authorities; /* --nts-ca */
	int dhcp_servers;                /* enum dhcp_servers */
	int certificate_time;            /* enum measure_cli_certificate_time */
	int authenticated;               /* enum measure_cli_authenticated */
	const char *state_dir;           /* NULL: see history_dir() */
	const char *log_to;              /* NULL: no log */
	const char *metrics;             /* NULL: no metrics */
	const char *bound_file;          /* NULL: REQTIME_NOW_FILE, by default */
	const char *clockbound;          /* NULL: none */
	unsigned max_drift_ppm;
	int64_t keep_ns;
	int64_t every_ns; /* 0: once */
	int format;       /* enum measure_cli_format */
	int color;        /* enum terminal_color */
	bool is_quiet;
	unsigned verbosity;
	struct option_texts servers; /* more operands: see cmd/cli/command.h */
	const char *config;
};

enum {
	MEASURE_CLI_OPTION_COUNT = 30,
	MEASURE_CLI_CHECK_OPTION_COUNT = 22,
	MEASURE_CLI_SKEW_OPTION_COUNT = 27
};
extern const struct option_row measure_cli_options[MEASURE_CLI_OPTION_COUNT];
/* The groups of `query`, `set` and `check`. */
extern const struct option_group measure_cli_groups[];
void measure_cli_defaults(struct measure_cli_settings *ret);

/* For a command's `check_operand`. */
int measure_cli_check_server(const char *where, const char *word);
/* 0 and `count` servers, freed by the caller, or the exit status with a line on stderr. */
int measure_cli_servers(const char *const *words, size_t count, struct server_spec **ret);

struct measure_cli {
	struct measure_settings measure;
	struct kernel_ports *ports;
	struct progress progress; /* at its beginning */
	enum measure_cli_format format;
	struct style style; /* of the report's destination */
	unsigned verbosity;
	bool is_repeated; /* --every */
};

/* Changes from root to the user nobody, drops every capability, starts the resolver and
 * enters the sandbox: from here on this process only measures and prints.  `servers` must
 * outlive it.  0, or the exit status with a line on stderr. */
int measure_cli_open(const struct measure_cli_settings *settings,
                     const struct server_spec *servers, size_t count,
                     struct measure_cli *ret);
/* Shows the progress on a terminal, unless --quiet, and erases it.  0 and a run to be freed
 * by measure_free(), or the exit status with a line on stderr. */
int measure_cli_run(const struct measure_cli *measurement, int64_t timeout_ns,
                    struct run *ret);
void measure_cli_close(struct measure_cli *measurement);

/* Prints the table, the details of each source with --verbose, and the verdict line
 * (core/report/report.h), after a rule with the time if runs are repeated.  0 or the exit
 * status with a line on stderr; a full device is noticed at the end of the program. */
int measure_cli_print(const struct measure_cli *measurement, const struct run *run,
                      const struct plan *plan, FILE *to);
int measure_cli_print_verdict(const struct measure_cli *measurement, const struct run *run,
                              const struct plan *plan, FILE *to);
/* The formats csv and ntpdate (core/report/formats.h). */
int measure_cli_print_lines(const struct measure_cli *measurement, const struct run *run,
                            const struct plan *plan, bool has_log_line, FILE *to);

/* The formats table and csv of servers that are judged one by one or in pairs. */
int measure_cli_print_fleet(const struct measure_cli *measurement, const struct run *run,
                            const struct fleet *fleet, enum fleet_only only, FILE *to);

/* The format line: see report_line(). */
int measure_cli_print_line(const struct run *run, const char *done, const char *why_not,
                           FILE *to);

#endif
