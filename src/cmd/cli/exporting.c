/* SPDX-License-Identifier: MIT */
#include "cmd/cli/exporting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/history/exporter.h"
#include "cmd/cli/command.h"
#include "io/sys/kernel_clock.h"

static struct {
	const char *path; /* NULL: nothing is exported */
	enum record_verb verb;
	int64_t began_mono_ns;
	struct exporter exporter;
} exporting;

static void complain(int error)
{
	char quoted[COMMAND_QUOTE_ROOM];

	command_complain("warning: --metrics %s: %s", command_quote(exporting.path, quoted),
	                 error == -EINVAL      ? "not a regular file"
	                 : error == -ETIMEDOUT ? "not written in time"
	                 : error == -EPIPE     ? "the process that writes it has failed"
	                                       : strerror(-error));
}

const char *exporting_default(void)
{
	/* A program with capabilities of its own must not write where its user says. */
	const char *path = secure_getenv("REQTIME_METRICS");

	return path && *path ? path : NULL;
}

static void warn_of_ignored(void)
{
	const char *ignored = getenv("REQTIME_METRICS");

	if (ignored && *ignored && !secure_getenv("REQTIME_METRICS")) {
		command_complain(
			"warning: REQTIME_METRICS is ignored: this program has file "
			"capabilities (setcap) or is setuid; use --metrics FILE, or "
			"metrics = FILE in the configuration file");
	}
}

void exporting_open(const struct measuring_settings *settings, enum record_verb verb)
{
	const char *path = settings->metrics ? settings->metrics : exporting_default();
	struct reading now;
	int r;

	if (!path) {
		warn_of_ignored();
		return;
	}
	if (kernel_clock_now(&now) < 0) {
		return;
	}
	exporting.path = path;
	exporting.verb = verb;
	exporting.began_mono_ns = now.mono_ns;
	r = exporter_start(exporting.path, &exporting.exporter);
	if (r < 0) {
		complain(r);
		exporting.path = NULL;
	}
}

void exporting_run(const struct run *run, const struct run_record *record,
                   const struct health *health, const struct learnt *learnt)
{
	struct metrics metrics;

	if (!exporting.path) {
		return;
	}
	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = (uint32_t)exporting.verb;
	metrics_note_run(&metrics, run, record);
	metrics.has_health = health != NULL;
	metrics_note_learnt(&metrics, learnt);
	metrics.health_state = health ? (uint32_t)health->state : 0;
	exporter_note(&exporting.exporter, &metrics);
}

void exporting_skip(void)
{
	if (exporting.path) {
		exporter_skip(&exporting.exporter);
	}
}

void exporting_end(int status)
{
	struct reading now;
	struct metrics metrics;
	int r;

	if (!exporting.path || kernel_clock_now(&now) < 0) {
		return;
	}
	if (status > 128) {
		exporting_skip();
	}
	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = (uint32_t)exporting.verb;
	metrics.exit_status = (uint32_t)status;
	metrics.ended = now.wall;
	metrics.duration_ns = ns_add(now.mono_ns, -exporting.began_mono_ns);
	r = exporter_end(&exporting.exporter, &metrics);
	if (r < 0) {
		complain(r);
	}
	exporting.path = NULL;
}
