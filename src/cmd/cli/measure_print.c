/* SPDX-License-Identifier: MIT
 *
 * Prints the report of a measurement in each format.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cli/measure_cli.h"
#include "core/report/formats.h"
#include "core/report/report.h"

/* The arguments of the functions of core/report. */
struct printing {
	const struct measure_cli *measurement;
	const struct run *run;
	const struct plan *plan;
	const struct fleet *fleet;
	enum fleet_only only;
	bool has_log_line;
	const char *done;
	const char *why_not;
};
typedef size_t render_fn(const struct printing *p, char *buf, size_t size);

static size_t render_rule(const struct printing *p, char *buf, size_t size)
{
	return report_rule(p->run, &p->measurement->style, buf, size);
}

static size_t render_table(const struct printing *p, char *buf, size_t size)
{
	return report_table(p->run, &p->measurement->style, buf, size);
}

static size_t render_details(const struct printing *p, char *buf, size_t size)
{
	return report_details(p->run, &p->measurement->style, buf, size);
}

static size_t render_verdict(const struct printing *p, char *buf, size_t size)
{
	return report_verdict(p->run, p->plan, &p->measurement->style, buf, size);
}

static size_t render_csv(const struct printing *p, char *buf, size_t size)
{
	return report_csv(p->run, p->plan, buf, size);
}

static size_t render_ntpdate(const struct printing *p, char *buf, size_t size)
{
	return report_ntpdate(p->run, p->plan, (int)getpid(), p->has_log_line, buf, size);
}

static size_t render_line(const struct printing *p, char *buf, size_t size)
{
	return report_line(p->run, p->done, p->why_not, buf, size);
}

static size_t render_fleet(const struct printing *p, char *buf, size_t size)
{
	return fleet_table(p->fleet, p->only, &p->measurement->style, buf, size);
}

static size_t render_fleet_csv(const struct printing *p, char *buf, size_t size)
{
	return fleet_csv(p->fleet, p->only, p->run->at, buf, size);
}

/* Renders twice: for the length, then the text. */
static int print(const struct printing *p, render_fn *render, FILE *to)
{
	size_t size = render(p, NULL, 0) + 1;
	char *text = malloc(size);

	if (!text) {
		return command_complain_memory();
	}
	render(p, text, size);
	fputs(text, to);
	free(text);
	return 0;
}

int measure_cli_print_verdict(const struct measure_cli *measurement, const struct run *run,
                              const struct plan *plan, FILE *to)
{
	const struct printing p = { .measurement = measurement, .run = run, .plan = plan };

	return print(&p, render_verdict, to);
}

int measure_cli_print_lines(const struct measure_cli *measurement, const struct run *run,
                            const struct plan *plan, bool has_log_line, FILE *to)
{
	const struct printing p = { .measurement = measurement,
		                    .run = run,
		                    .plan = plan,
		                    .has_log_line = has_log_line };

	return print(&p,
	             measurement->format == MEASURE_CLI_CSV ? render_csv : render_ntpdate,
	             to);
}

int measure_cli_print_line(const struct run *run, const char *done, const char *why_not,
                           FILE *to)
{
	const struct printing p = { .run = run, .done = done, .why_not = why_not };

	return print(&p, render_line, to);
}

int measure_cli_print(const struct measure_cli *measurement, const struct run *run,
                      const struct plan *plan, FILE *to)
{
	const struct printing p = { .measurement = measurement, .run = run, .plan = plan };
	int status = measurement->is_repeated ? print(&p, render_rule, to) : 0;

	if (status == 0) {
		status = print(&p, render_table, to);
	}
	if (status == 0 && measurement->verbosity > 0) {
		status = print(&p, render_details, to);
	}
	return status ? status : print(&p, render_verdict, to);
}

int measure_cli_print_fleet(const struct measure_cli *measurement, const struct run *run,
                            const struct fleet *fleet, enum fleet_only only, FILE *to)
{
	const struct printing p = {
		.measurement = measurement, .run = run, .fleet = fleet, .only = only
	};
	int status;

	if (measurement->format == MEASURE_CLI_CSV) {
		return print(&p, render_fleet_csv, to);
	}
	status = measurement->is_repeated ? print(&p, render_rule, to) : 0;
	if (status == 0) {
		status = print(&p, render_fleet, to);
	}
	return status || measurement->verbosity == 0 ? status
	                                             : print(&p, render_details, to);
}
